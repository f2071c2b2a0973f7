//! Blows that fall while a write of the register is under way: the moment at which replicated
//! stores lose data.

use crate::clock::MILLISECOND;
use crate::happening::{Happening, HostId};
use crate::world::World;

/// What befalls a replica.
#[derive(Clone, Copy, Debug)]
pub enum Blow {
    /// kill -9; it is started again later.
    Kill,
    /// All its streams break.
    Break,
    /// SIGSTOP for a while.
    Pause,
    /// The end of the pause.
    Resume,
}

impl World {
    /// Perhaps aims at a replica while the write that was just asked for is under way.
    pub(crate) fn aim(&mut self) {
        if !self.chance(self.strike) {
            return;
        }
        let host = self.rng.usize(0..self.hosts.len());
        let blow = [Blow::Kill, Blow::Break, Blow::Pause][self.rng.usize(0..3)];
        let delay = self.span((0, self.options.register_timeout));
        self.after(delay, Happening::Strike(host, blow));
    }

    /// The blow falls.
    pub(crate) fn strike(&mut self, host: HostId, blow: Blow) {
        let later = self.span((MILLISECOND, 4000 * MILLISECOND));
        if let Blow::Resume = blow {
            return self.resume(host);
        }
        let Some(run) = self.hosts[host].process.as_ref().map(|process| process.run) else {
            return;
        };
        self.counts.add("fault: blow while the register is written");
        match blow {
            Blow::Kill => {
                self.kill(host);
                self.after(later, Happening::Start(host));
            }
            Blow::Break => {
                let streams = self.net.of(run);
                streams.into_iter().for_each(|(stream, _)| self.break_stream(stream));
            }
            Blow::Pause => {
                self.pause(host);
                self.after(later, Happening::Strike(host, Blow::Resume));
            }
            Blow::Resume => {}
        }
    }
}
