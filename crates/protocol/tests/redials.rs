//! Whatever fails is tried again after a pause that grows: streams that break at once, a primary that
//! does not act or cannot be reached, a register that cannot be read or written.
#![allow(clippy::unwrap_used, missing_docs)]

use understudy_protocol::*;

mod common;
use common::{config, pair, state};

const EPOCH: Epoch = 4;
/// One turn of a loop that is quick.
const TURN: u64 = MS / 2;
/// The tries that may come before the pauses have grown, and one a second from then on.
const MOST: usize = 45;
const SECONDS: u64 = 20;

/// Replica b, named in epoch 4 of primary a.
struct Backup {
    replica: Replica,
    now: Now,
    conn: u64,
}

impl Backup {
    fn new() -> Self {
        let recovered = Recovered {
            incarnation: Incarnation(2),
            life: 2,
            state: state(EPOCH, 0),
            first: 1,
            ..Recovered::default()
        };
        let now = Now { mono: 1, wall: 1 };
        let replica = Replica::new(config("b", &["a"]), recovered, now);
        Backup { replica, now, conn: 0 }
    }

    fn step(&mut self, event: Event) -> Vec<Effect> {
        self.now.mono += TURN;
        self.replica.step(self.now, event)
    }

    /// Lets `answer` answer effects for a while, and counts those that `counted` names.
    fn run(
        &mut self,
        answer: impl Fn(&mut u64, &Effect) -> Vec<Event>,
        counted: impl Fn(&Effect) -> bool,
    ) -> usize {
        let mut count = 0;
        let end = self.now.mono + SECONDS * 1000 * MS;
        let mut effects = self.step(Event::Tick);
        while self.now.mono < end {
            count += effects.iter().filter(|effect| counted(effect)).count();
            let events: Vec<_> =
                effects.iter().flat_map(|effect| answer(&mut self.conn, effect)).collect();
            effects = events.into_iter().flat_map(|event| self.step(event)).collect();
            if effects.is_empty() {
                effects = self.step(Event::Tick);
            }
        }
        count
    }
}

fn dials(effect: &Effect) -> bool {
    matches!(effect, Effect::Dial { .. })
}

fn asks(effect: &Effect) -> bool {
    matches!(effect, Effect::ReadRegister | Effect::WriteRegister { .. })
}

/// A register that is there, and a primary at whose port `dialed` happens.
fn with_register(
    dialed: impl Fn(ConnId) -> Vec<Event>,
) -> impl Fn(&mut u64, &Effect) -> Vec<Event> {
    move |conn, effect| match effect {
        Effect::ReadRegister => vec![Event::RegisterRead(Ok(pair(EPOCH)))],
        Effect::WriteRegister { .. } => {
            vec![Event::RegisterWritten(WriteAnswer::NoAnswer("read only".into()))]
        }
        Effect::Dial { .. } => {
            *conn += 1;
            dialed(ConnId(*conn))
        }
        _ => Vec::new(),
    }
}

#[test]
fn a_stream_that_ends_as_soon_as_it_is_open_is_dialed_ever_later() {
    // As where this disk is full: the first entries end the stream.
    let welcome = |conn| {
        let welcome = Message::Welcome {
            epoch: EPOCH,
            cluster: ClusterId(1),
            ordered: 0,
            records: Vec::new(),
        };
        vec![Event::Connected(conn), Event::Received(conn, welcome), Event::Closed(conn)]
    };
    let count = Backup::new().run(with_register(welcome), dials);
    assert!((5..=MOST).contains(&count), "{count} dials in {SECONDS} s");
}

#[test]
fn a_peer_that_refuses_or_answers_strangely_is_dialed_ever_later() {
    let refused = |refusal: Refusal| {
        move |conn| {
            let refused = Message::Refused(refusal.clone());
            vec![Event::Connected(conn), Event::Received(conn, refused)]
        }
    };
    for refusal in [
        Refusal::NotPrimary(EPOCH),
        Refusal::WrongVersion(9),
        Refusal::WrongCluster(ClusterId(8)),
        Refusal::Other("no".into()),
    ] {
        let count = Backup::new().run(with_register(refused(refusal.clone())), dials);
        assert!((5..=MOST).contains(&count), "{refusal:?}: {count} dials in {SECONDS} s");
    }
    for probe in [ProbeResult::Refused, ProbeResult::Silent, ProbeResult::Answered] {
        let failed = move |_| vec![Event::DialFailed(probe)];
        let count = Backup::new().run(with_register(failed), dials);
        assert!((5..=MOST).contains(&count), "{probe:?}: {count} dials in {SECONDS} s");
    }
}

#[test]
fn a_register_that_fails_or_tells_nothing_new_is_asked_ever_later() {
    let away = |_: &mut u64, effect: &Effect| match effect {
        Effect::ReadRegister => {
            vec![Event::RegisterRead(Err(RegisterFailure::Unreachable("away".into())))]
        }
        _ => Vec::new(),
    };
    let count = Backup::new().run(away, asks);
    assert!((5..=MOST).contains(&count), "away: {count} questions in {SECONDS} s");

    // It hears of changes all the time, and cannot read any.
    let hinted = |_: &mut u64, effect: &Effect| match effect {
        Effect::ReadRegister => {
            let failure = RegisterFailure::Damaged("not JSON".into());
            vec![Event::RegisterRead(Err(failure)), Event::RegisterChanged]
        }
        _ => vec![Event::RegisterChanged],
    };
    let count = Backup::new().run(hinted, asks);
    assert!((5..=MOST).contains(&count), "damaged: {count} questions in {SECONDS} s");

    // Reads answer and writes do not: the primary is gone, and this copy cannot become primary.
    let gone = |_| vec![Event::DialFailed(ProbeResult::Refused)];
    let count = Backup::new().run(with_register(gone), asks);
    assert!((5..=2 * MOST).contains(&count), "read only: {count} questions in {SECONDS} s");

    // Every attempt meets a conflict, though nothing has changed.
    let conflicts = |conn: &mut u64, effect: &Effect| match effect {
        Effect::WriteRegister { .. } => vec![Event::RegisterWritten(WriteAnswer::Conflict)],
        effect => with_register(gone)(conn, effect),
    };
    let count = Backup::new().run(conflicts, asks);
    assert!((5..=2 * MOST).contains(&count), "conflicts: {count} questions in {SECONDS} s");
}

#[test]
fn a_stream_that_lasted_is_dialed_again_at_once() {
    let mut backup = Backup::new();
    backup.step(Event::Tick);
    let effects = backup.step(Event::RegisterRead(Ok(pair(EPOCH))));
    assert!(effects.iter().any(dials), "{effects:?}");
    backup.step(Event::Connected(ConnId(1)));
    let welcome =
        Message::Welcome { epoch: EPOCH, cluster: ClusterId(1), ordered: 0, records: Vec::new() };
    backup.step(Event::Received(ConnId(1), welcome));
    backup.now.mono += 200 * MS;
    let effects = backup.step(Event::Closed(ConnId(1)));
    assert!(effects.iter().any(dials), "{effects:?}");
}

#[test]
fn what_an_attempt_rests_on_is_on_disk_before_it_is_made() {
    let known = std::cell::Cell::new(false);
    let answer = |_: &mut u64, effect: &Effect| match effect {
        // Its disk knows epoch 4 alone: the register has gone on without it.
        Effect::ReadRegister => vec![Event::RegisterRead(Ok(pair(EPOCH + 1)))],
        Effect::Dial { .. } => vec![Event::DialFailed(ProbeResult::Refused)],
        Effect::WriteRegister { .. } => {
            assert!(
                known.get(),
                "the attempt may land after this life, and the next would not know"
            );
            vec![Event::RegisterWritten(WriteAnswer::NoAnswer("read only".into()))]
        }
        Effect::SaveState(state) => {
            known.set(known.get() || state.records.iter().any(|known| known.epoch == EPOCH + 1));
            Vec::new()
        }
        _ => Vec::new(),
    };
    let writes = Backup::new().run(answer, |effect| matches!(effect, Effect::WriteRegister { .. }));
    assert!(writes > 0);
}
