//! The wrong versions: what is wrong, against which rule, and which property it breaks.
//!
//! Each is something that somebody who builds such a thing might well have written. The line that
//! it breaks says so with [`crate::correct!`]; each one added there must be added here.

use crate::index_of;

/// One wrong version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mutant {
    /// Its name, unique, for the command line.
    pub name: &'static str,
    /// The rule of docs/protocol.md that it breaks, 1 to 12; 0 for the data directory, the machine
    /// and what else the rules build on.
    pub rule: u8,
    /// What it does.
    pub wrong: &'static str,
    /// The properties that it breaks; whichever is noticed first.
    pub breaks: &'static [&'static str],
}

const ACTOR: &str = "one-actor-per-epoch";
const MEMBERS: &str = "named-members-hold-all";
const PREFIX: &str = "committed-prefix";
const DIGESTS: &str = "equal-digests";
const HISTORY: &str = "history-holds";
const OLD: &str = "old-reads-hold";
const WATCHES: &str = "watches-miss-nothing";
const QUIET: &str = "quiet-watches-go-on";
const DRAWS: &str = "draws-happen-once";
const LEASES: &str = "leases-keep-their-time";
const SHARES: &str = "a-share-is-its-owners";
const RANGES: &str = "ranges-hold-what-is-between";
const FORCE: &str = "in-force-when-answered";
const ANSWERS: &str = "answers-keep-their-bound";
const TIME: &str = "time-never-goes-back";
const EPOCHS: &str = "epochs-never-go-back";
const POINTERS: &str = "pointers";
const DISK: &str = "disk-keeps-its-word";
const ORDER: &str = "writes-keep-their-order";
const ASSERT: &str = "assertions";
const HALT: &str = "no-halt";
const YIELDS: &str = "yields-to-others";
const MEMORY: &str = "bounded-memory";
const PROGRESS: &str = "progress";
const LINEAR: &str = "linearizable";
const LOST: &str = "nothing-lost";
const ONCE: &str = "exactly-once";
const FAILED: &str = "failed-means-not-executed";
const AHEAD: &str = "ahead-within-bounds";
const SAID: &str = "nothing-cut-in-silence";
const ASIDE: &str = "lost-is-set-aside";
const FULL: &str = "full-disks-stop-nobody-else";

/// All of them, by rule.
pub const MUTANTS: &[Mutant] = &[
    // Rule 1: test-and-set.
    Mutant {
        name: "unknown-is-lost",
        rule: 1,
        wrong: "takes an attempt without an answer for lost, though it may have landed or land yet",
        breaks: &[MEMBERS, PREFIX, LINEAR, LOST, PROGRESS, HALT, YIELDS],
    },
    Mutant {
        name: "unknown-is-won",
        rule: 1,
        wrong: "takes an attempt without an answer for won",
        breaks: &[ACTOR, MEMBERS, PREFIX, EPOCHS, HALT, LINEAR, LOST],
    },
    Mutant {
        name: "conflict-is-lost",
        rule: 1,
        wrong: "takes a conflict for lost, though the conflict may be with its own earlier try",
        breaks: &[MEMBERS, PREFIX, LINEAR, LOST, PROGRESS, HALT, YIELDS],
    },
    Mutant {
        name: "conflict-is-won",
        rule: 1,
        wrong: "takes a conflict for its own earlier try",
        breaks: &[ACTOR, MEMBERS, PREFIX, EPOCHS, HALT, LINEAR, LOST],
    },
    Mutant {
        name: "unlanded-is-lost",
        rule: 1,
        wrong: "takes a write that is not seen yet for lost, though it may land later",
        breaks: &[MEMBERS, PREFIX, LINEAR, LOST, PROGRESS, HALT, YIELDS],
    },
    Mutant {
        name: "any-nonce-is-mine",
        rule: 1,
        wrong: "takes a newer epoch for its own attempt without looking at the nonce",
        breaks: &[ACTOR, MEMBERS, PREFIX, EPOCHS, HALT, LINEAR, LOST],
    },
    Mutant {
        name: "unconditional-write",
        rule: 1,
        wrong: "the register is written without comparing its version",
        breaks: &[ACTOR, MEMBERS, PREFIX, EPOCHS, HALT, LINEAR, LOST],
    },
    Mutant {
        name: "register-read-from-a-cache",
        rule: 1,
        wrong: "reads of the register are answered from a cache that may be one write behind",
        breaks: &[ACTOR, MEMBERS, PREFIX, EPOCHS, HALT, LINEAR, LOST, PROGRESS],
    },
    Mutant {
        name: "newest-record-collected",
        rule: 1,
        wrong: "the register's store removes the highest record together with the old ones",
        breaks: &[ACTOR, MEMBERS, PREFIX, EPOCHS, HALT, LINEAR, LOST, PROGRESS, YIELDS],
    },
    // Rule 2: the ack rule.
    Mutant {
        name: "ack-before-backup",
        rule: 2,
        wrong: "commits what the primary alone has on disk",
        breaks: &[MEMBERS, PREFIX, LINEAR, LOST, POINTERS],
    },
    Mutant {
        name: "ack-before-own-disk",
        rule: 2,
        wrong: "commits what the backups have, before the primary's own disk has it",
        breaks: &[MEMBERS, PREFIX, LINEAR, LOST, POINTERS],
    },
    Mutant {
        name: "ack-before-fsync",
        rule: 2,
        wrong: "a backup acknowledges what it has received, before its disk has it",
        breaks: &[MEMBERS, PREFIX, LINEAR, LOST, POINTERS],
    },
    Mutant {
        name: "undecided-not-obliged",
        rule: 2,
        wrong: "lets go of a learner that is away while a write that names it is undecided",
        breaks: &[MEMBERS, PREFIX, LINEAR, LOST, POINTERS],
    },
    Mutant {
        name: "tail-unbounded",
        rule: 2,
        wrong: "answers ahead of the commit for any number of bytes in async mode",
        breaks: &[AHEAD],
    },
    Mutant {
        name: "firm-entries-ahead",
        rule: 2,
        wrong: "executes ahead of its commit, in async mode, what must not be lost: settings, new sessions and leases",
        breaks: &[AHEAD, POINTERS],
    },
    Mutant {
        name: "ahead-without-evidence",
        rule: 2,
        wrong: "answers ahead of the commit, in async mode, however long ago a backup has heard of it",
        breaks: &["nothing-ahead-of-a-successor"],
    },
    Mutant {
        name: "cut-without-a-trace",
        rule: 9,
        wrong: "cuts, in async mode, what clients were told is done, without setting it aside",
        breaks: &[ASIDE],
    },
    Mutant {
        name: "snapshot-of-the-tail",
        rule: 9,
        wrong: "takes on a snapshot, in async mode, that holds entries that are not committed",
        breaks: &[POINTERS],
    },
    Mutant {
        name: "received-own-disk",
        rule: 2,
        wrong: "in received mode, commits what the backups have received before the own disk has it",
        breaks: &[MEMBERS, PREFIX, LINEAR, LOST, POINTERS],
    },
    Mutant {
        name: "received-passes-settings",
        rule: 2,
        wrong: "counts entries that follow the end of received mode as if it had not ended",
        breaks: &[MEMBERS, PREFIX, LINEAR, LOST, POINTERS],
    },
    Mutant {
        name: "received-by-a-learner",
        rule: 2,
        wrong: "in received mode, counts the memory of a learner that the register does not name yet",
        breaks: &[MEMBERS, PREFIX, LINEAR, LOST, POINTERS],
    },
    Mutant {
        name: "received-cut-by-a-full-disk",
        rule: 2,
        wrong: "a backup whose disk is full cuts what it has received, though that counts",
        breaks: &[MEMBERS, PREFIX, LINEAR, LOST, POINTERS],
    },
    // Rule 3: drop first.
    Mutant {
        name: "release-before-drop",
        rule: 3,
        wrong: "stops to wait for a backup that is suspected, before the drop is won",
        breaks: &[MEMBERS, PREFIX, LINEAR, LOST, POINTERS],
    },
    Mutant {
        name: "drop-unwritten",
        rule: 3,
        wrong: "drops a backup in memory and writes the register afterwards",
        breaks: &[MEMBERS, PREFIX, LINEAR, LOST, POINTERS, EPOCHS, HALT],
    },
    // Rule 4: join.
    Mutant {
        name: "join-before-caught-up",
        rule: 4,
        wrong: "names a learner that does not hold what is committed",
        breaks: &[MEMBERS, PREFIX, POINTERS],
    },
    Mutant {
        name: "join-without-a-barrier",
        rule: 4,
        wrong: "names a learner that is almost caught up at once, without waiting for what was committed meanwhile",
        breaks: &[MEMBERS, PREFIX, POINTERS],
    },
    Mutant {
        name: "oblige-after-write",
        rule: 4,
        wrong: "obliges a learner only when the write that names it is known to be won",
        breaks: &[MEMBERS, PREFIX, POINTERS, LINEAR, LOST],
    },
    Mutant {
        name: "acks-of-an-old-copy",
        rule: 4,
        wrong: "keeps a follower's acknowledgements by its name, over the loss of its data",
        breaks: &[MEMBERS, PREFIX, POINTERS, HALT],
    },
    // Rule 5: promotion.
    Mutant {
        name: "promote-unnamed",
        rule: 5,
        wrong: "a replica that the register does not name tries to become primary",
        breaks: &[MEMBERS, PREFIX, HALT, LINEAR, LOST, ONCE],
    },
    Mutant {
        name: "ack-while-acting",
        rule: 5,
        wrong: "goes on acknowledging to the old primary after it acts itself",
        breaks: &[MEMBERS, PREFIX, LINEAR, LOST, POINTERS, ACTOR],
    },
    Mutant {
        name: "act-before-epoch-on-disk",
        rule: 5,
        wrong: "acts in an epoch that is not on its disk",
        breaks: &[EPOCHS, ACTOR, PREFIX, MEMBERS],
    },
    Mutant {
        name: "follow-before-epoch-on-disk",
        rule: 5,
        wrong: "acknowledges to a newer epoch that is not on its disk",
        breaks: &[EPOCHS, ACTOR, PREFIX, MEMBERS],
    },
    Mutant {
        name: "follow-older-epoch",
        rule: 5,
        wrong: "follows an older epoch than it knows where a cache of the register says so",
        breaks: &[EPOCHS, ACTOR, PREFIX, MEMBERS, HALT, LINEAR, LOST, YIELDS],
    },
    // Rule 6: the loser terminates itself.
    Mutant {
        name: "loser-stays",
        rule: 6,
        wrong: "a primary that reads that it is deposed goes on as if it were not",
        breaks: &[PROGRESS, LINEAR, LOST, MEMBERS, PREFIX, ACTOR, FULL],
    },
    Mutant {
        name: "answer-from-another-epoch",
        rule: 6,
        wrong: "a deposed primary follows in the same life and keeps its waiting clients: they hear what other entries did",
        breaks: &[LINEAR, LOST, ONCE, FAILED, PREFIX, POINTERS],
    },
    Mutant {
        name: "full-primary-stays",
        rule: 6,
        wrong: "a primary whose disk is full keeps the lead, though its backup's disk has room",
        breaks: &[FULL],
    },
    // Rule 7: one life, one epoch.
    Mutant {
        name: "act-after-restart",
        rule: 7,
        wrong: "a primary that is still named acts again after a restart without winning",
        breaks: &[ACTOR, MEMBERS, PREFIX, LINEAR],
    },
    Mutant {
        name: "reuse-an-epoch",
        rule: 7,
        wrong: "an attempt bears the epoch of the record that it replaces",
        breaks: &[EPOCHS, ACTOR],
    },
    // Rule 8: the opening entry.
    Mutant {
        name: "skip-opening-entry",
        rule: 8,
        wrong: "a new primary serves at once, without an entry that opens its epoch",
        breaks: &[LINEAR, LOST, MEMBERS, PREFIX, POINTERS, MEMORY],
    },
    Mutant {
        name: "read-before-opening",
        rule: 8,
        wrong: "a new primary answers reads from what it has executed until its opening entry is",
        breaks: &[LINEAR, LOST],
    },
    Mutant {
        name: "deferred-answers-before-replay",
        rule: 8,
        wrong: "a new primary answers reads once its opening entry is committed, though what it deferred as \
                a backup is not executed yet",
        breaks: &[LINEAR, LOST],
    },
    // Rule 9: log matching.
    Mutant {
        name: "match-by-length",
        rule: 9,
        wrong: "two logs match as far as the shorter one goes, whatever their epochs",
        breaks: &[PREFIX, MEMBERS, DIGESTS, PROGRESS, DISK, HALT, ASSERT],
    },
    Mutant {
        name: "ack-unverified",
        rule: 9,
        wrong: "takes its whole log for verified when it is welcomed, and acknowledges it",
        breaks: &[PREFIX, MEMBERS, LINEAR, LOST],
    },
    Mutant {
        name: "commit-unverified",
        rule: 9,
        wrong: "commits up to what the primary says, be that verified against it or not",
        breaks: &[PREFIX, MEMBERS, HALT, DIGESTS],
    },
    Mutant {
        name: "old-stream-counts",
        rule: 9,
        wrong: "what was verified on an earlier stream, perhaps against another primary, counts on a new one",
        breaks: &[PREFIX, MEMBERS, LINEAR, LOST, HALT],
    },
    Mutant {
        name: "deferred-snapshot-ahead",
        rule: 9,
        wrong: "a backup takes on a snapshot that is sent in the background without looking whether that is its own \
                log, and committed here",
        breaks: &[POINTERS, DISK, PREFIX],
    },
    // Rule 10: reads.
    Mutant {
        name: "read-without-round",
        rule: 10,
        wrong: "answers reads without asking whether anybody still follows",
        breaks: &[LINEAR, LOST, "nothing-ahead-of-a-successor"],
    },
    Mutant {
        name: "round-of-the-past",
        rule: 10,
        wrong: "a read takes part in a round that began before it arrived",
        breaks: &[LINEAR, LOST],
    },
    Mutant {
        name: "read-alone-while-joining",
        rule: 10,
        wrong: "answers reads alone while a learner is obliged or a join undecided",
        breaks: &[LINEAR, LOST, SAID],
    },
    // Rule 11: birth and amnesia.
    Mutant {
        name: "wiped-copy-keeps-its-name",
        rule: 11,
        wrong: "a copy whose data is gone comes back under the incarnation that it had",
        breaks: &[MEMBERS, PREFIX, LOST, LINEAR, DISK, HALT],
    },
    Mutant {
        name: "found-without-asking",
        rule: 11,
        wrong: "a blank replica founds a cluster on a blank register without asking the others",
        breaks: &[PREFIX, LOST, LINEAR, EPOCHS, ACTOR],
    },
    Mutant {
        name: "received-keeps-its-incarnation",
        rule: 11,
        wrong: "a copy that crashed in received mode goes on as if it had all that it received",
        breaks: &[MEMBERS, PREFIX, LINEAR, LOST, POINTERS, HALT],
    },
    // Rule 12: epochs never go back.
    Mutant {
        name: "old-register-obeyed",
        rule: 12,
        wrong: "acts on a register that says an older epoch than is known",
        breaks: &[ACTOR, EPOCHS, PREFIX, HALT],
    },
    Mutant {
        name: "another-object-obeyed",
        rule: 12,
        wrong: "acts on a register that is another object than before",
        breaks: &[ACTOR, EPOCHS, PREFIX, LINEAR, LOST],
    },
    Mutant {
        name: "overtaken-read-halts",
        rule: 12,
        wrong: "takes a read that was overtaken by a newer epoch for a restored register",
        breaks: &[HALT],
    },
    Mutant {
        name: "nonce-forgotten",
        rule: 12,
        wrong: "does not notice another record of an epoch that it knows, in the register or at a peer",
        breaks: &[SAID],
    },
    Mutant {
        name: "records-kept-to-oneself",
        rule: 12,
        wrong: "a primary does not tell its followers which records it knows: their successors take a copy of the other history for their own",
        breaks: &[SAID],
    },
    Mutant {
        name: "contradiction-goes-on",
        rule: 9,
        wrong: "two copies that contradict each other hang up and try again, for ever, instead of stopping",
        breaks: &[SAID],
    },
    Mutant {
        name: "commit-forgotten",
        rule: 9,
        wrong: "a restarted copy knows of its commit index only what the hard state says",
        breaks: &[SAID],
    },
    // Liveness.
    Mutant {
        name: "evict-before-drop",
        rule: 3,
        wrong: "has a backup evicted that is suspected, before the drop is won",
        breaks: &["evictions-spare-members"],
    },
    // The data directory.
    Mutant {
        name: "log-without-fsync",
        rule: 0,
        wrong: "calls the log durable without a sync of its file",
        breaks: &[DISK, MEMBERS],
    },
    Mutant {
        name: "state-without-fsync",
        rule: 0,
        wrong: "calls the hard state durable without a sync of its file",
        breaks: &[DISK, EPOCHS, MEMBERS],
    },
    Mutant {
        name: "directory-without-fsync",
        rule: 0,
        wrong: "puts files in place without a sync of the directory",
        breaks: &[DISK, MEMBERS],
    },
    Mutant {
        name: "torn-record-accepted",
        rule: 0,
        wrong: "takes a record for whole without looking at its checksum",
        breaks: &[DISK, PREFIX, DIGESTS],
    },
    Mutant {
        name: "any-slot-is-the-newest",
        rule: 0,
        wrong: "takes the first whole slot of the hard state for the newest",
        breaks: &[DISK, EPOCHS, MEMBERS],
    },
    Mutant {
        name: "tail-not-renewed",
        rule: 0,
        wrong: "takes what it reads back after a failed sync for durable",
        breaks: &[DISK, MEMBERS],
    },
    Mutant {
        name: "cut-without-a-note",
        rule: 0,
        wrong: "cuts the log without noting first that the entries after the cut count for nothing",
        breaks: &[DISK],
    },
    Mutant {
        name: "log-released-too-far",
        rule: 0,
        wrong: "lets go of log that no snapshot holds",
        breaks: &[DISK, ASSERT],
    },
    // The machine.
    Mutant {
        name: "retry-executed-again",
        rule: 0,
        wrong: "executes a retry without asking the table of answers",
        breaks: &[ONCE, LINEAR, DIGESTS, LOST],
    },
    Mutant {
        name: "trimmed-executed-again",
        rule: 0,
        wrong: "executes a late duplicate of what its client has already forgotten",
        breaks: &[DISK, ONCE, LINEAR],
    },
    Mutant {
        name: "condition-ignored",
        rule: 0,
        wrong: "writes a key without comparing its revision",
        breaks: &[LINEAR],
    },
    Mutant {
        name: "durable-before-the-sync",
        rule: 2,
        wrong: "says that entries are durable once they are written, before they are synced",
        breaks: &[DISK, MEMBERS, PREFIX, LINEAR, LOST],
    },
    Mutant {
        name: "state-saved-before-the-log",
        rule: 9,
        wrong: "saves the hard state before the entries are synced that it rests on",
        breaks: &[ORDER],
    },
    Mutant {
        name: "backlog-is-dropped",
        rule: 0,
        wrong: "forgets the entries that found no room once there is room again",
        breaks: &[ASSERT, FULL],
    },
    Mutant {
        name: "local-clock-expires",
        rule: 0,
        wrong: "expires sessions by the replica's own clock instead of the logged one",
        breaks: &[DIGESTS],
    },
    Mutant {
        name: "newest-old-version",
        rule: 0,
        wrong: "tells of an old revision what a key was before its newest change, not before the first one since",
        breaks: &[HISTORY],
    },
    Mutant {
        name: "deletes-not-kept",
        rule: 0,
        wrong: "keeps no old version of a key that is deleted",
        breaks: &[HISTORY, OLD],
    },
    Mutant {
        name: "own-change-taken-back",
        rule: 0,
        wrong: "takes back an old revision's own changes, too",
        breaks: &[HISTORY, OLD],
    },
    Mutant {
        name: "told-before-it-was",
        rule: 0,
        wrong: "tells of an old revision a key that was not there yet, as it is now",
        breaks: &[OLD],
    },
    Mutant {
        name: "snapshot-without-old-values",
        rule: 0,
        wrong: "writes snapshots that hold the changes of old revisions and not what was before them",
        breaks: &[HISTORY, DISK],
    },
    Mutant {
        name: "time-of-the-snapshot",
        rule: 0,
        wrong: "lets a new term's clocks begin where the last snapshot ended, if the last entry is on disk only",
        breaks: &[TIME],
    },
    Mutant {
        name: "wall-clock-stands-still",
        rule: 0,
        wrong: "lets the log's wall clock wait, where it is ahead, until the true time has caught up",
        breaks: &["time-goes-on"],
    },
    Mutant {
        name: "pauses-count",
        rule: 0,
        wrong: "lets logged time go on by the clock, also while the primary's process does not run",
        breaks: &["pauses-do-not-count"],
    },
    Mutant {
        name: "leases-not-renewed",
        rule: 0,
        wrong: "gives no lease its full time again when an epoch opens",
        breaks: &[LEASES],
    },
    Mutant {
        name: "lease-kept-in-vain",
        rule: 0,
        wrong: "answers whoever keeps a lease alive, and lets its time go on",
        breaks: &[LEASES],
    },
    Mutant {
        name: "lease-keeps-freed-key",
        rule: 0,
        wrong: "lets a key hang on its lease although a write has freed it",
        breaks: &[LEASES, DISK],
    },
    Mutant {
        name: "leases-restored-anew",
        rule: 0,
        wrong: "writes snapshots whose leases were all kept alive just then",
        breaks: &[LEASES, DIGESTS],
    },
    Mutant {
        name: "deferred-settings-unread",
        rule: 0,
        wrong: "a backup that executes nothing takes no note of settings, either: not that it shall execute \
                again",
        breaks: &[PROGRESS],
    },
    Mutant {
        name: "deferred-without-bound",
        rule: 0,
        wrong: "a backup that executes nothing keeps in memory whatever comes",
        breaks: &[MEMORY],
    },
    Mutant {
        name: "draw-not-kept",
        rule: 0,
        wrong: "draws from a copy of a generator, which stays where it was",
        breaks: &[DRAWS],
    },
    Mutant {
        name: "generator-restored-anew",
        rule: 0,
        wrong: "writes snapshots that hold the words of a generator and not how many have been used",
        breaks: &[DRAWS, DIGESTS, DISK],
    },
    Mutant {
        name: "watch-begins-late",
        rule: 0,
        wrong: "begins a watch one revision after the one that it asks for",
        breaks: &[WATCHES],
    },
    Mutant {
        name: "deletions-untold",
        rule: 0,
        wrong: "tells whoever watches of writes and not of deletions",
        breaks: &[WATCHES],
    },
    Mutant {
        name: "judged-by-a-view",
        rule: 0,
        wrong: "judges a value by the bound that was published a moment ago, not by the one in force",
        breaks: &[FORCE],
    },
    Mutant {
        name: "response-without-its-frame",
        rule: 0,
        wrong: "bounds an answer without counting the header and the frame that a client's message has",
        breaks: &[ANSWERS],
    },
    Mutant {
        name: "zero-byte-is-no-end",
        rule: 0,
        wrong: "takes a range that ends at the key of one zero byte for one without an end",
        breaks: &[RANGES],
    },
    Mutant {
        name: "forgotten-changes-skipped",
        rule: 0,
        wrong: "goes on with the oldest change that is kept where a watch wants an older one",
        breaks: &[WATCHES],
    },
    Mutant {
        name: "rest-of-a-revision-lost",
        rule: 0,
        wrong: "takes a revision that is told in parts for complete after the first of them",
        breaks: &[WATCHES],
    },
    Mutant {
        name: "quiet-watch-passed",
        rule: 0,
        wrong: "ends a watch whose next revisions are forgotten, also where none of them touched what it watches",
        breaks: &[QUIET],
    },
    Mutant {
        name: "no-ballast",
        rule: 0,
        wrong: "keeps nothing free for what was accepted before the disk was full",
        breaks: &[FULL],
    },
    Mutant {
        name: "reserve-for-all",
        rule: 0,
        wrong: "on a full disk, takes whatever still fits into what is kept for upkeep",
        breaks: &[FULL],
    },
    Mutant {
        name: "deletions-not-remembered",
        rule: 0,
        wrong: "takes a key that is not there for one that was not changed, though its deletion is forgotten",
        breaks: &[WATCHES, DIGESTS],
    },
    Mutant {
        name: "snapshot-without-deletions",
        rule: 0,
        wrong: "writes snapshots without the deletions that history has forgotten",
        breaks: &[WATCHES, DISK, DIGESTS],
    },
    Mutant {
        name: "share-not-given-back",
        rule: 0,
        wrong: "counts a session for its owner's share also after its end",
        breaks: &[SHARES, DIGESTS],
    },
    Mutant {
        name: "share-of-all",
        rule: 0,
        wrong: "judges an owner's share by what all have together",
        breaks: &[SHARES],
    },
    Mutant {
        name: "snapshot-without-owners",
        rule: 0,
        wrong: "writes snapshots that do not say whose sessions, leases and generators are",
        breaks: &[DISK, DIGESTS, SHARES],
    },
];

const NAMES: [&str; MUTANTS.len()] = {
    let mut names = [""; MUTANTS.len()];
    let mut at = 0;
    while at < MUTANTS.len() {
        names[at] = MUTANTS[at].name;
        at += 1;
    }
    names
};

/// Where a wrong version stands in [`MUTANTS`].
///
/// # Panics
/// When there is none of that name; in a constant, as [`crate::correct!`] uses it, that is a compile
/// error.
pub const fn mutant(name: &str) -> usize {
    index_of(name, &NAMES)
}

/// The wrong version of that name.
pub fn named(name: &str) -> Option<&'static Mutant> {
    MUTANTS.iter().find(|wrong| wrong.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_has_a_wrong_version_and_no_name_is_used_twice() {
        let names: BTreeSet<_> = MUTANTS.iter().map(|wrong| wrong.name).collect();
        assert_eq!(names.len(), MUTANTS.len());
        let rules: BTreeSet<_> = MUTANTS.iter().map(|wrong| wrong.rule).collect();
        assert!((0..=12).all(|rule| rules.contains(&rule)));
    }
}
