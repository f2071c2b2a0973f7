//! The bodies of messages on the peer port.

use prost::Message as _;
use understudy_proto::replication::v1::{
    InquireResponse, ReplicateRequest, ReplicateResponse, refused, replicate_response,
};
use understudy_protocol::{Message, Settings};
use understudy_replica::{
    decode_from_follower, decode_from_primary, decode_inquired, encode_inquired, encode_message,
};

/// Any body gives a message or a reason of one line; a message that was understood says the same
/// again after the way over the wire, and nothing of the body was lost on the way in.
pub fn peer_messages(data: &[u8]) {
    message(data);
    message(&crate::body::body(data));
}

fn message(data: &[u8]) {
    if let Some(sent) = understood(decode_from_follower, data) {
        assert_eq!(ReplicateRequest::decode(&sent[..]), ReplicateRequest::decode(data));
    }
    if let Some(sent) = understood(decode_from_primary, data) {
        let read = ReplicateResponse::decode(data);
        if !read.as_ref().is_ok_and(has_unknown_reason) {
            assert_eq!(ReplicateResponse::decode(&sent[..]), read);
        }
    }
    match decode_inquired(data) {
        Ok(state) => {
            let sent = encode_inquired(state.clone());
            assert_eq!(decode_inquired(&sent), Ok(state));
            assert_eq!(InquireResponse::decode(&sent[..]), InquireResponse::decode(data));
        }
        Err(why) => in_words(&why),
    }
    if let Some(settings) = Settings::decode(data) {
        assert_eq!(settings.encode(), data);
    }
}

/// How a message of this body is sent.
fn understood(decode: fn(&[u8]) -> Result<Message, String>, data: &[u8]) -> Option<Vec<u8>> {
    match decode(data) {
        Ok(message) => {
            let sent = encode_message(message.clone());
            assert_eq!(decode(&sent).as_ref(), Ok(&message), "it survives the wire");
            Some(sent)
        }
        Err(why) => {
            in_words(&why);
            None
        }
    }
}

/// A later version's reason becomes a sentence.
fn has_unknown_reason(response: &ReplicateResponse) -> bool {
    let unknown: Option<refused::Refusal> = None;
    matches!(&response.message, Some(replicate_response::Message::Refused(refused))
        if refused.refusal == unknown)
}

fn in_words(why: &str) {
    assert!(!why.is_empty() && !why.contains('\n'), "{why:?}");
}
