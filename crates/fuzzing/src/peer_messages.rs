//! The bodies of messages on the peer port.

use understudy_protocol::Settings;
use understudy_replica::{
    decode_from_follower, decode_from_primary, decode_inquired, encode_inquired, encode_message,
};

/// Any body gives a message or a reason of one line; a message that was understood says the same
/// again after the way over the wire.
pub fn peer_messages(data: &[u8]) {
    for decode in [decode_from_follower, decode_from_primary] {
        match decode(data) {
            Ok(message) => {
                let sent = encode_message(message.clone());
                assert_eq!(decode(&sent).as_ref(), Ok(&message), "it survives the wire");
            }
            Err(why) => assert!(!why.is_empty() && !why.contains('\n'), "{why:?}"),
        }
    }
    match decode_inquired(data) {
        Ok(state) => assert_eq!(decode_inquired(&encode_inquired(state.clone())), Ok(state)),
        Err(why) => assert!(!why.is_empty() && !why.contains('\n'), "{why:?}"),
    }
    if let Some(settings) = Settings::decode(data) {
        assert_eq!(settings.encode(), data);
    }
}
