//! The bodies of calls on the client port.

use prost::Message as _;
use understudy_machine::{Command, Input, KvMachine, Machine, Moment};
use understudy_protocol::Settings;
use understudy_replica::{Accepted, Call, updated_settings};

/// Bytes of the longest value, so small that inputs reach it.
const MAX_VALUE: u64 = 64;

/// The body of any call gives a command that the machine executes and whose response becomes an
/// answer, or a refusal that clients understand: one line, with a code that says it is their doing.
pub fn client_requests(data: &[u8]) {
    let mut machine = KvMachine::new();
    let mut settings = Settings::default();
    let (mut rest, mut index) = (data, 0);
    while let Some((kind, body, behind)) = next(rest) {
        rest = behind;
        index += 1;
        let call = match kind % 5 {
            0 => Call::Put,
            1 => Call::Delete,
            2 => Call::Txn,
            3 => Call::UpdateQuota,
            _ => {
                settings = update(settings, body);
                continue;
            }
        };
        handle(&mut machine, index, call, body);
    }
}

/// One byte for the kind, two for the length, the body.
fn next(data: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[kind, low, high], rest) = data.split_first_chunk()?;
    let length = usize::from(u16::from_le_bytes([low, high])).min(rest.len());
    let (body, behind) = rest.split_at(length);
    Some((kind, body, behind))
}

fn update(settings: Settings, body: &[u8]) -> Settings {
    let Ok(updated) = updated_settings(settings, body) else { return settings };
    assert!((1..=8).contains(&updated.sync_backups), "{updated:?}");
    assert!((1..=2).contains(&updated.min_copies), "{updated:?}");
    assert_eq!(Settings::decode(&updated.encode()), Some(updated));
    updated
}

fn handle(machine: &mut KvMachine, index: u64, call: Call, body: &[u8]) {
    let accepted = match Accepted::new(call, body, MAX_VALUE) {
        Ok(accepted) => accepted,
        Err(refused) => {
            assert!(!refused.message().is_empty() && !refused.message().contains('\n'));
            return;
        }
    };
    let payload = accepted.command().to_payload();
    assert_eq!(Command::decode(&payload[..]).as_ref(), Ok(accepted.command()));
    let moment = Moment { index, wall: index, elapsed: index };
    let response = machine.apply(moment, Input::Command(&payload));
    if let Err(refused) = accepted.answer(response) {
        assert!(!refused.message().is_empty() && !refused.message().contains('\n'));
        let bug = refused.message().contains("please report");
        assert!(!bug, "the machine's response is of another kind: {refused}");
    }
}
