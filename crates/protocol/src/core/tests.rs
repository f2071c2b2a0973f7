use bytes::Bytes;

use super::*;
use crate::{ClusterId, Limits, Recovered, Time, Timing};

/// A copy whose log changes to `async` and back, of which it remembers that nothing is committed.
fn copy() -> Core {
    let ahead = Settings { execution: Execution::Async, ..Settings::default() };
    let payload = |settings: Settings| Bytes::from(settings.encode());
    let mut entries: Vec<Entry> = Vec::new();
    for (kind, payload) in [
        (Kind::Open, Bytes::new()),
        (Kind::Settings, payload(ahead)),
        (Kind::Command, Bytes::from_static(b"told")),
        (Kind::Settings, payload(Settings::default())),
        (Kind::Command, Bytes::from_static(b"not told")),
    ] {
        let last = entries.last().map(Entry::position).unwrap_or_default();
        entries.push(Entry::after(last, 1, Time::default(), kind, payload));
    }
    let config = Config {
        name: "a".into(),
        peer_address: "a:1".into(),
        client_address: "a:2".into(),
        peers: Vec::new(),
        fresh_cluster: ClusterId(7),
        settings: Settings::default(),
        timing: Timing::default(),
        limits: Limits::default(),
        memory: None,
    };
    let runs = vec![(1, 5)];
    let recovered = Recovered { life: 2, first: 1, runs, entries, ..Recovered::default() };
    Core::new(config, recovered, Now::default())
}

/// First and last of what was set aside.
fn aside(core: &mut Core) -> Option<(Index, Index)> {
    core.finish().into_iter().find_map(|effect| match effect {
        Effect::SetAside(entries) => Some((entries.first()?.index, entries.last()?.index)),
        _ => None,
    })
}

#[test]
fn a_tail_is_set_aside_where_async_held_anywhere_in_it() {
    let mut core = copy();
    core.cut(4);
    assert_eq!(aside(&mut core), None, "after the change back nobody was told");
    core.cut(2);
    assert_eq!(aside(&mut core), Some((3, 4)));

    // Found as seed 22160: in force is what came before async, and the last settings are what came after it.
    let mut core = copy();
    core.make_way(Position { index: 100, epoch: 2, hash: 1 });
    assert_eq!(aside(&mut core), Some((1, 5)));
    assert!(core.may_speculate());
}
