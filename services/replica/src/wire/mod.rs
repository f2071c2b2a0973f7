//! The only place that knows how the protocol's messages look on the peer port.
//!
//! What arrives there may be anything: [`decode`] turns it away with a reason and never panics. The
//! log's own hashes, checked by the protocol, say whether entries are what was sent.

mod bodies;
mod decode;
mod encode;

pub use bodies::{
    decode_from_follower, decode_from_primary, decode_inquired, encode_inquired, encode_message,
};
pub(crate) use decode::{
    Undecodable, from_follower, from_primary, peer_state_from_wire as decode_peer_state,
};
pub(crate) use encode::{peer_state as encode_peer_state, to_follower, to_primary};

#[cfg(test)]
mod tests;
