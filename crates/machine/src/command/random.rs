//! Time and randomness: what is not deterministic comes with the log.

use bytes::Bytes;

/// Makes a generator, or restarts it.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct SeedGenerator {
    /// Which, 1 to 256 bytes.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The seed's absolute value, big-endian.
    #[prost(bytes = "bytes", tag = "2")]
    pub seed: Bytes,
    /// It was drawn when the command was made: a retry may carry another one, and is the same
    /// operation all the same.
    #[prost(bool, tag = "3")]
    pub drawn: bool,
}

/// Makes a generator, or replaces it, by its state.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct SetGenerator {
    /// Which, 1 to 256 bytes.
    #[prost(string, tag = "1")]
    pub name: String,
    /// 624 words, not all zero but for the highest bit of the first.
    #[prost(fixed32, repeated, tag = "2")]
    pub words: Vec<u32>,
    /// How many of them have been used, at most 624.
    #[prost(uint64, tag = "3")]
    pub position: u64,
}

/// What can be drawn.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Random {
    /// A bad command.
    Unspecified = 0,
    /// Numbers from 0 up to, and without, 1: at most 10,000.
    Floats = 1,
    /// The bits of one integer: at most 524,288.
    Bits = 2,
    /// Bytes: at most 65,536.
    Bytes = 3,
}

/// Draws from a generator.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct Draw {
    /// Which.
    #[prost(string, tag = "1")]
    pub name: String,
    /// What.
    #[prost(enumeration = "Random", tag = "2")]
    pub what: i32,
    /// How much of it.
    #[prost(uint64, tag = "3")]
    pub count: u64,
}

/// Reads the clock of the log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct Now {}
