//! What a peer can say, true or not.

use arbitrary::Arbitrary;
use understudy_protocol::{
    Ack, Append, ClusterId, Contradiction, Hello, Message, PROTOCOL_VERSION, Refusal, Settings,
    Snapshot, SnapshotPart, Time,
};

use super::numbers::{Number, Place, Run};
use super::who::Who;
use super::world::World;

/// A message before its numbers are known.
#[derive(Arbitrary, Debug)]
pub enum Said {
    Hello {
        who: Who,
        cluster: Option<bool>,
        life: u8,
        epoch: Number,
        first: Number,
        runs: Vec<(Number, Number)>,
        full: bool,
    },
    /// The hello of a peer whose log is the same.
    Twin {
        who: Who,
        life: u8,
    },
    Welcome {
        epoch: Number,
        ours: bool,
    },
    Refused(u8, Number),
    Append {
        epoch: Number,
        previous: Place,
        run: Run,
        commit: Number,
        round: u8,
        digest: Digest,
    },
    Ack {
        epoch: Number,
        verified: Number,
        durable: Number,
        round: Number,
        newer: Option<Number>,
        full: bool,
    },
    Part {
        epoch: Number,
        end: Place,
        offset: Number,
        bytes: u8,
        last: bool,
        time: Number,
        background: bool,
    },
    SnapshotAck {
        end: Place,
        offset: Number,
    },
    TakeOver {
        epoch: Number,
        last: Place,
        leaving: bool,
    },
    TakeOverRefused,
    Contradiction(u8, Number),
    Leave,
    Dropped,
    Body(Vec<u8>),
}

/// The digest that goes with an append.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Digest {
    None,
    True(Number),
    Any(Number, u64),
}

impl Said {
    /// `Err`: the body of whatever it is.
    pub fn message(self, world: &World) -> Result<Message, Vec<u8>> {
        let number = |n: Number| n.of(world);
        let cluster = |ours: bool| if ours { world.cluster() } else { ClusterId(0xbad) };
        Ok(match self {
            Said::Hello { who, cluster: said, life, epoch, first, runs, full } => {
                Message::Hello(Box::new(Hello {
                    version: PROTOCOL_VERSION,
                    cluster: said.map(cluster),
                    member: who.member(),
                    life: life.into(),
                    epoch: number(epoch),
                    nonce: None,
                    commit: Default::default(),
                    first: number(first),
                    runs: runs.into_iter().map(|(e, last)| (number(e), number(last))).collect(),
                    full,
                    memory: None,
                }))
            }
            Said::Twin { who, life } => {
                let (first, runs) = world.disk.runs();
                Message::Hello(Box::new(Hello {
                    version: PROTOCOL_VERSION,
                    cluster: Some(world.cluster()),
                    member: who.member(),
                    life: life.into(),
                    epoch: world.status().epoch,
                    nonce: None,
                    commit: Default::default(),
                    first,
                    runs,
                    full: false,
                    memory: None,
                }))
            }
            Said::Welcome { epoch, ours } => Message::Welcome {
                epoch: number(epoch),
                cluster: cluster(ours),
                ordered: 0,
                records: Vec::new(),
            },
            Said::Refused(kind, n) => Message::Refused(match kind % 6 {
                0 => Refusal::NotPrimary(number(n)),
                1 => Refusal::WrongCluster(cluster(false)),
                2 => Refusal::WrongVersion(9),
                3 => Refusal::OldLife(number(n)),
                4 => Refusal::Contradiction(contradiction(kind, number(n))),
                _ => Refusal::Other("look".into()),
            }),
            Said::Append { epoch, previous, run, commit, round, digest } => {
                let previous = previous.of(world);
                Message::Append(Append {
                    epoch: number(epoch),
                    previous,
                    entries: run.after(previous, world),
                    commit: number(commit),
                    round: round.into(),
                    digest: match digest {
                        Digest::None => (0, 0),
                        Digest::True(index) => {
                            let position = world.disk.position(number(index));
                            (position.index, position.hash)
                        }
                        Digest::Any(index, value) => (number(index), value),
                    },
                })
            }
            Said::Ack { epoch, verified, durable, round, newer, full } => Message::Ack(Ack {
                epoch: number(epoch),
                verified: number(verified),
                durable: number(durable),
                round: number(round),
                newer: newer.map(number),
                full,
            }),
            Said::Part { epoch, end, offset, bytes, last, time, background } => {
                Message::SnapshotPart(SnapshotPart {
                    epoch: number(epoch),
                    snapshot: Snapshot {
                        position: end.of(world),
                        time: Time { wall: number(time), elapsed: number(time) },
                        settings: Settings::default(),
                    },
                    offset: number(offset),
                    data: vec![bytes; bytes.into()].into(),
                    last,
                    background,
                })
            }
            Said::SnapshotAck { end, offset } => {
                Message::SnapshotAck { position: end.of(world), offset: number(offset) }
            }
            Said::TakeOver { epoch, last, leaving } => {
                Message::TakeOver { epoch: number(epoch), last: last.of(world), leaving }
            }
            Said::TakeOverRefused => Message::TakeOverRefused("no".into()),
            Said::Contradiction(kind, n) => Message::Contradiction(contradiction(kind, number(n))),
            Said::Leave => Message::Leave,
            Said::Dropped => Message::Dropped,
            Said::Body(bytes) => return Err(bytes),
        })
    }
}

fn contradiction(kind: u8, n: u64) -> Contradiction {
    match kind / 8 % 4 {
        0 => Contradiction::Record(n),
        1 => Contradiction::Entry(n, n),
        2 => Contradiction::Committed(n, n),
        _ => Contradiction::Vanished(n),
    }
}
