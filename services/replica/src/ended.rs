//! How a life came to its end.

/// How a life came to its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    /// It was asked to go and owes nobody anything: the process should exit.
    Left,
    /// It must start over, for this reason: the process should execute itself again.
    LifeEnded(String),
    /// The same, and its data directory is set aside: it comes back as another copy.
    Renewed(String),
}
