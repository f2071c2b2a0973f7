//! One replica among peers and clients that say anything.

mod disk;
mod machine;
mod numbers;
mod said;
mod who;
mod world;

use arbitrary::{Arbitrary, Unstructured};
use understudy_host::{Input, RequestKind};
use understudy_protocol::{ConnId, Event, Message, ProbeResult, Room, Settings};
use understudy_replica::{decode_from_follower, decode_from_primary, encode_message};

use said::Said;
use who::Who;
use world::World;

#[derive(Arbitrary, Debug)]
enum FuzzEvent {
    Pass {
        ms: u8,
    },
    PassLong {
        ms: u16,
    },
    Said {
        conn: u8,
        said: Said,
    },
    /// A peer dials, and says this first.
    Dialled(Said),
    Connected,
    Welcomed,
    DialFailed(u8),
    Closed {
        conn: u8,
    },
    Probed(u8),
    Inquired {
        who: Who,
        blank: bool,
        version: bool,
    },
    Away,
    Requests {
        writes: u8,
        reads: u8,
        settings: Option<(u8, u8)>,
    },
    HandOver(Option<bool>),
    Leave,
    Elected {
        who: Who,
        keep: bool,
        floor: Option<numbers::Number>,
    },
    RegisterChanged,
    Reachable(bool),
    Prompt(bool),
    Space(u8),
    SnapshotMade,
    Pair,
}

/// Whatever arrives on the two ports, and in whatever order: no step panics, no inequality of
/// docs/protocol.md breaks, and what the disk is told keeps its contract.
///
/// Only the wire lies. The disk, the machine, the clock and the register do what
/// docs/architecture.md says they do: breaking that contract is a bug of the driver, and the core
/// answers it with a panic by design.
pub fn protocol(data: &[u8]) {
    let mut world = World::new();
    world.pass(0);
    let mut source = Unstructured::new(data);
    while let (false, Ok(event)) = (source.is_empty(), FuzzEvent::arbitrary(&mut source)) {
        apply(&mut world, event);
        // The status is asked for at any time.
        let status = world.status();
        assert!(status.applied <= status.commit && status.commit <= status.durable);
    }
}

fn apply(world: &mut World, event: FuzzEvent) {
    match event {
        FuzzEvent::Pass { ms } => world.pass(ms.into()),
        FuzzEvent::PassLong { ms } => world.pass(ms.into()),
        FuzzEvent::Said { conn, said } => {
            let conn = chosen(world, conn);
            hear(world, conn, said);
        }
        FuzzEvent::Dialled(said) => {
            let conn = world.open();
            hear(world, conn, said);
        }
        FuzzEvent::Connected => connect(world),
        FuzzEvent::Welcomed => {
            connect(world);
            let Some(conn) = world.conns.last().copied() else { return };
            let (epoch, cluster) = (world.status().epoch, world.cluster());
            let welcome = Message::Welcome { epoch, cluster, ordered: 0, records: Vec::new() };
            world.feed(Event::Received(conn, welcome));
        }
        FuzzEvent::DialFailed(how) => {
            if world.dials > 0 {
                world.dials -= 1;
                world.feed(Event::DialFailed(probe(how)));
            }
        }
        FuzzEvent::Closed { conn } => {
            let conn = chosen(world, conn);
            world.feed(Event::Closed(conn));
        }
        FuzzEvent::Probed(how) => {
            if let Some(incarnation) = world.probes.pop_front() {
                world.feed(Event::Probed(incarnation, probe(how)));
            }
        }
        FuzzEvent::Inquired { who, blank, version } => {
            if let Some(peer) = world.inquiries.pop_front() {
                world.feed(Event::Inquired { peer, answer: Ok(who.state(blank, version)) });
            }
        }
        FuzzEvent::Away => {
            if let Some(peer) = world.inquiries.pop_front() {
                world.feed(Event::Inquired { peer, answer: Err("nobody there".into()) });
            }
        }
        FuzzEvent::Requests { writes, reads, settings } => request(world, writes, reads, settings),
        FuzzEvent::HandOver(to) => {
            let to = to.map(|b| if b { "b".into() } else { "nobody".into() });
            world.ask([RequestKind::HandOver(to)]);
        }
        FuzzEvent::Leave => world.give(Input::Leave),
        FuzzEvent::Elected { who, keep, floor } => elect(world, who, keep, floor),
        FuzzEvent::RegisterChanged => world.feed(Event::RegisterChanged),
        FuzzEvent::Reachable(reachable) => world.reachable = reachable,
        FuzzEvent::Prompt(prompt) => {
            world.prompt = prompt;
            if prompt {
                world.sync();
            }
        }
        FuzzEvent::Space(room) => {
            let room =
                [Room::None, Room::Reserve, Room::Scarce, Room::Ample][usize::from(room % 4)];
            world.feed(Event::Space(room));
        }
        FuzzEvent::SnapshotMade => world.finish_works(),
        FuzzEvent::Pair => pair(world),
    }
}

/// A birth with b, so that most inputs have a cluster to work on.
fn pair(world: &mut World) {
    for _ in 0..12 {
        world.pass(100);
        while let Some(peer) = world.inquiries.pop_front() {
            world.feed(Event::Inquired { peer, answer: Ok(Who::B.state(true, true)) });
        }
    }
    let conn = world.open();
    hear(world, conn, Said::Twin { who: Who::B, life: 1 });
}

fn chosen(world: &World, conn: u8) -> ConnId {
    match world.conns.len() {
        0 => ConnId(conn.into()),
        // The newest ones first: these are open.
        n => world.conns[n - 1 - usize::from(conn) % n],
    }
}

fn connect(world: &mut World) {
    if world.dials > 0 {
        world.dials -= 1;
        let conn = world.open();
        world.feed(Event::Connected(conn));
    }
}

/// It arrives if the ports let it in.
fn hear(world: &mut World, conn: ConnId, said: Said) {
    let body = said.message(world).map_or_else(|body| body, encode_message);
    let message = decode_from_follower(&body).or_else(|_| decode_from_primary(&body));
    if let Ok(message) = message {
        world.feed(Event::Received(conn, message));
    }
}

fn request(world: &mut World, writes: u8, reads: u8, settings: Option<(u8, u8)>) {
    let writes = (0..writes % 4).map(|n| RequestKind::Command {
        payload: vec![n; usize::from(writes)].into(),
        requires_commit: false,
        upkeep: n % 2 == 1,
        answer: 0,
    });
    let settings = settings.map(|(sync_backups, min_copies)| {
        RequestKind::Settings(Settings {
            sync_backups: 1 + u32::from(sync_backups % 8),
            min_copies: 1 + u32::from(min_copies % 2),
            ..Settings::default()
        })
    });
    let reads = (0..reads % 4).map(|_| RequestKind::Read);
    world.ask(writes.chain(settings).chain(reads));
}

/// Another replica wins the register.
fn elect(world: &mut World, who: Who, keep: bool, floor: Option<numbers::Number>) {
    let floor = floor.map(|floor| floor.of(world));
    world.elect(|record| {
        record.primary = who.member().incarnation;
        record.members = vec![who.member()];
        if keep && who.member() != world::me() {
            record.members.push(world::me());
        }
        record.floor = floor.unwrap_or(record.floor);
    });
}

fn probe(how: u8) -> ProbeResult {
    [ProbeResult::Answered, ProbeResult::Refused, ProbeResult::Silent][usize::from(how) % 3]
}
