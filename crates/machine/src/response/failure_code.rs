//! Why an operation was not executed.

/// Why an operation was not executed. In every case it changed no key and made no revision.
///
/// "Remembered" failures are outcomes of an execution: a stamped retry answers the same for as
/// long as its stamp is within the window. The others concern the stamp itself: a later command with
/// a better stamp may be executed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum FailureCode {
    /// Never sent.
    Unspecified = 0,
    /// The command does not decode, lacks something or contradicts itself. Remembered only when
    /// the stamp could be read and is a good one.
    BadCommand = 1,
    /// A put's condition failed; `actual` is the key's mod revision, 0 when it is missing.
    /// Remembered.
    ConditionFailed = 2,
    /// A key is empty. Remembered.
    KeyEmpty = 3,
    /// A key has `actual` bytes, above `limit`. Remembered.
    KeyTooLong = 4,
    /// A value has `actual` bytes, above `limit`. Remembered.
    ValueTooLong = 5,
    /// A list of a transaction has `actual` elements, above `limit`. Remembered.
    TooManyOperations = 6,
    /// A list of a transaction writes a key twice; `operation` is the first that writes what one
    /// before it does. Remembered.
    DuplicateKeyInTxn = 7,
    /// The operation's ranges without a limit of their own hold more than `limit` keys.
    /// Remembered.
    TooManyKeys = 8,
    /// The response would have more than `limit` bytes. Remembered.
    ResponseTooLarge = 9,
    /// The quota on `what` is `limit`, and `actual` is what the operation would have made of it.
    /// Remembered.
    QuotaExceeded = 10,
    /// No lease that can be used has the id `actual`. Remembered.
    LeaseUnknown = 11,
    /// A new quota, or a session's lifetime, lies outside what is allowed: `what` is the field,
    /// `limit` the bound that it crosses, `actual` the value given. Remembered.
    OutOfBounds = 12,
    /// No such session was ever issued: `actual` is the id.
    SessionUnknown = 13,
    /// The session with the id `actual` is gone: expired or closed. What was pending in it has
    /// an unknown outcome.
    SessionExpired = 14,
    /// The sequence `actual` is at or below the session's trim mark `limit`: its answer was received,
    /// or given up, and it is never executed any more.
    SequenceTrimmed = 15,
    /// The sequence `actual` is above `limit`, the highest within the session's window: receive
    /// answers and say so in `received_below`.
    SequenceOutsideWindow = 16,
    /// The sequence `actual` was used for a different operation: nothing was executed by this
    /// command. A client's mistake.
    SequenceReused = 17,
    /// The revision `actual` is forgotten: `limit` is the oldest that is kept. Remembered.
    Compacted = 18,
    /// The revision `actual` does not exist yet: `limit` is the newest. Remembered.
    FutureRevision = 19,
    /// No generator has the name that was given. Remembered.
    GeneratorUnknown = 20,
    /// A lease with the id `actual` exists, or its keys are still to be deleted. Remembered.
    LeaseExists = 21,
    /// The command's owner may have `limit` of `what`, and `actual` is what the operation would have made of
    /// it. Remembered.
    ShareExceeded = 22,
}
