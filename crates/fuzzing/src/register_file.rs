//! Files of the shared directory that is the register.

use understudy_arbiter::content::{Damage, decode, encode};

/// Any file gives a register or says what is wrong with it, also with the checksum that belongs to
/// it; what was read had its true checksum, and says the same when written again.
pub fn register_file(data: &[u8]) {
    let Some((epoch, bytes)) = data.split_first_chunk() else { return };
    let epoch = u64::from_le_bytes(*epoch);
    let was_understood = understood(epoch, bytes);
    if let Ok(body) = std::str::from_utf8(bytes) {
        let body = body.split_once('\n').map_or(body, |(_, body)| body);
        let sum = crc32c::crc32c(body.as_bytes());
        let sealed = format!("understudy-register 1 {sum:08x}\n{body}");
        understood(epoch, sealed.as_bytes());
        assert!(!was_understood || bytes == sealed.as_bytes(), "its checksum is another");
    }
}

fn understood(epoch: u64, bytes: &[u8]) -> bool {
    let observed = match decode(epoch, bytes) {
        Ok(observed) => observed,
        // Under the name that its own epoch gives it.
        Err(Damage::Epoch(said)) => decode(said, bytes).expect("only the name was wrong"),
        Err(damage) => {
            let message = damage.to_string();
            assert!(!message.contains('\n'), "{message:?} is one line");
            return false;
        }
    };
    let epoch = observed.record.as_ref().map_or(0, |record| record.epoch);
    let written = encode(observed.uid, observed.record.as_ref());
    assert_eq!(decode(epoch, &written).as_ref(), Ok(&observed));
    true
}
