//! The machine's own snapshot format.

use bytes::Bytes;
use twox_hash::XxHash3_64;
use understudy_machine::{
    Command, Delete, Input, KeyRange, KvMachine, Machine, Moment, OpenSession, Put,
};

use crate::machine_commands::frozen;

/// Mark and format number.
const HEAD: usize = 12;

/// Any bytes give a machine or a reason, also with the checksum that belongs to them, and also as
/// frames whose lengths are true; a machine
/// that was restored is frozen and restored again as the same, and goes on.
pub fn machine_snapshot(data: &[u8]) {
    try_to_restore(data);
    if let Some(sealed) = sealed(data) {
        try_to_restore(&sealed);
    }
    if let Some(sealed) = sealed(&built(data)) {
        try_to_restore(&sealed);
    }
}

/// Frames of one body each, after the true mark: a byte for how much of the data it is made of.
fn built(data: &[u8]) -> Vec<u8> {
    let mut out = frozen(KvMachine::new().freeze());
    out.truncate(HEAD);
    let mut rest = data;
    while let Some((&length, after)) = rest.split_first() {
        let (piece, after) = after.split_at(after.len().min(length.into()));
        let body = crate::body::body(piece);
        out.extend_from_slice(&(body.len() as u32).to_le_bytes());
        out.extend_from_slice(&body);
        rest = after;
    }
    out
}

fn try_to_restore(bytes: &[u8]) {
    let Ok(machine) = KvMachine::restore(&mut &bytes[..]) else { return };
    let written = frozen(machine.freeze());
    let mut again = KvMachine::restore(&mut &written[..]).expect("what was frozen is restored");
    assert_eq!(again.state_hash(), machine.state_hash());
    assert_eq!(again.digest(), machine.digest());
    assert_eq!(frozen(again.freeze()), written);
    go_on(&mut again);
}

fn go_on(machine: &mut KvMachine) {
    // No log reaches this index, and the contract ends with it.
    let Some(first) = machine.index().checked_add(1).filter(|first| *first < u64::MAX / 2) else {
        return;
    };
    let all = Delete::new(KeyRange::all());
    let commands: [Command; 3] = [
        Command::new(Put::new("a", "value")),
        Command::new(OpenSession { ttl: 60_000_000_000 }),
        Command::new(all),
    ];
    let payloads = commands.map(|command| command.to_payload());
    let commands = payloads.iter().map(Input::Command);
    for (index, input) in (first..).zip([Input::Open, Input::Tick].into_iter().chain(commands)) {
        machine.apply(Moment { index, wall: 0, elapsed: index }, input);
    }
    let Some(index) = first.checked_add(100) else { return };
    machine.apply(Moment { index, wall: 0, elapsed: u64::MAX }, Input::Tick);
    frozen(machine.freeze());
}

/// The same frames as far as they are whole, with their true checksum after them: else the
/// checksum would hide everything after it from a fuzzer.
fn sealed(data: &[u8]) -> Option<Bytes> {
    let mut hash = XxHash3_64::oneshot(data.get(..HEAD)?);
    let mut end = HEAD;
    while let Some(length) = data.get(end..end + 4) {
        let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
        let Some(frame) = data.get(end..end + 4 + length) else { break };
        hash = XxHash3_64::oneshot_with_seed(hash, frame);
        end += frame.len();
    }
    let mut sealed = data[..end].to_vec();
    sealed.extend_from_slice(&hash.to_le_bytes());
    Some(sealed.into())
}
