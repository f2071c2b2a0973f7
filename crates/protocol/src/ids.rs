//! Names that never collide: random 128-bit ids, printed as 32 hex digits.

use std::fmt;
use std::str::FromStr;

/// A log index. The first entry has index 1; 0 means "before the first entry".
pub type Index = u64;
/// No log reaches it: a larger index, on the wire or on disk, is damage. It leaves room to count on.
pub const MAX_INDEX: Index = Index::MAX / 2;
/// Counts the writes of the register. 0 means "none yet".
pub type Epoch = u64;
/// Counts the lives of one data directory: raised, and on disk, before a process talks to anyone.
pub type Life = u64;
/// A round of read confirmations within one primary's life.
pub type Round = u64;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub u128);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:08x}", (self.0 >> 96) as u32)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                u128::from_str_radix(&text.replace('-', ""), 16).map(Self)
            }
        }
    };
}

id!(
    /// Names one cluster for ever; made at its birth.
    ClusterId
);
id!(
    /// Names one *copy of the log*: made together with the data directory, gone with it.
    Incarnation
);
id!(
    /// Names one attempt to write the register, so that its author recognises it when read back.
    Nonce
);
id!(
    /// Names the register object itself; another one under the same name has another uid.
    RegisterUid
);

/// Names one connection within one process; never reused in a life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConnId(pub u64);

/// Names one client request within one process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestId(pub u64);
