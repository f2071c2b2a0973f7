//! Data directories that were written in order and then harmed.

mod act;
mod harm;
mod judge;
mod reseal;

use arbitrary::{Arbitrary, Unstructured};

use act::{Act, Written};
use harm::Harm;
use judge::Extent;

/// A directory's life, and what happened to its files afterwards.
#[derive(Arbitrary, Debug)]
struct Script {
    acts: Vec<Act>,
    harm: Vec<Harm>,
    /// Give what was harmed the checksums that belong to it. Else they would hide everything
    /// after them from a fuzzer.
    reseal: bool,
    crash: u64,
}

/// Whatever is in the log's files, a data directory opens or says why not and leaves them as they
/// are. What opens holds only entries that were written, in order; the same again after a crash;
/// and goes on. `verify` names what keeps it from being opened.
pub fn log_files(data: &[u8]) {
    run(data, &["segment-", "spare-"]);
}

/// The same for the hard state and the identity: what opens has a state that was saved.
pub fn state_files(data: &[u8]) {
    run(data, &["state", "identity"]);
}

/// The same for snapshots, and for parts of them that another replica sends.
pub fn snapshot_files(data: &[u8]) {
    run(data, &["snapshot-"]);
}

fn run(data: &[u8], kinds: &[&str]) {
    let mut source = Unstructured::new(data);
    let Ok(script) = Script::arbitrary(&mut source) else { return };
    let Script { acts, harm, reseal, crash } = script;
    let written = Written::by(acts);
    // The state is kept so often that one byte takes nothing away.
    let slight = matches!(&harm[..], [harm] if harm.is_slight());
    let mut harmed = false;
    for harm in harm {
        harmed |= harm.inflict(&written.disk, kinds);
    }
    if reseal {
        // Also of what an earlier segment left in its file, which then counts.
        reseal::all(&written.disk, kinds);
    }
    let harm = match (harmed, reseal) {
        (_, true) => Extent::Forged,
        (true, false) if slight => Extent::Slight,
        (true, false) => Extent::Any,
        (false, false) => Extent::None,
    };
    judge::judge(&written, harm, crash);
}
