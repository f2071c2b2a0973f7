//! The bodies of the peer port's messages, without a socket.

use prost::Message as _;
use understudy_proto::replication::v1 as wire;
use understudy_protocol::{Message, PeerState};

use super::{decode_peer_state, encode_peer_state, from_follower, from_primary};
use super::{to_follower, to_primary};

/// What a primary makes of the body of a message on a replication stream.
///
/// # Errors
/// Why it is not one.
pub fn decode_from_follower(body: &[u8]) -> Result<Message, String> {
    let request = wire::ReplicateRequest::decode(body).map_err(|error| error.to_string())?;
    from_follower(request).map_err(|why| why.to_string())
}

/// What a follower makes of the body of a message on a replication stream.
///
/// # Errors
/// Why it is not one.
pub fn decode_from_primary(body: &[u8]) -> Result<Message, String> {
    let response = wire::ReplicateResponse::decode(body).map_err(|error| error.to_string())?;
    from_primary(response).map_err(|why| why.to_string())
}

/// What a founder makes of the body of a peer's answer that it is blank.
///
/// # Errors
/// Why it is not one.
pub fn decode_inquired(body: &[u8]) -> Result<PeerState, String> {
    let response = wire::InquireResponse::decode(body).map_err(|error| error.to_string())?;
    let state = response.state.ok_or("an answer without a state")?;
    decode_peer_state(state).map_err(|why| why.to_string())
}

/// The body of a message: a follower's or a primary's.
pub fn encode_message(message: Message) -> Vec<u8> {
    match to_primary(message.clone()) {
        Some(request) => request.encode_to_vec(),
        None => to_follower(message).map(|response| response.encode_to_vec()).unwrap_or_default(),
    }
}

/// The body of a peer's answer that it is blank.
pub fn encode_inquired(state: PeerState) -> Vec<u8> {
    wire::InquireResponse { state: Some(encode_peer_state(state)) }.encode_to_vec()
}
