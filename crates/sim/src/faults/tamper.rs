//! Somebody tampers with the register: puts an older state of it back, or another object in its
//! place. No protocol stays alive then; what it owes is to notice and to stop (rules 11 and 12).

use fastrand::Rng;
use understudy_protocol::{Epoch, Observed};

use crate::checks::gone_back::load;
use crate::faults::mix::Mix;
use crate::faults::wipe::wipe;
use crate::swarm::Swarm;
use crate::world::World;
use crate::world::clock::SECOND;

/// What is done to the register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tamper {
    /// An older state of the same object comes back.
    Restore,
    /// The object is deleted, and a blank one made under its name; a replica loses its disk, too.
    Blank,
    /// The object is deleted, and one with an older state made under its name.
    Replace,
    /// An older state comes back while everybody is down, and who cannot know goes on from there.
    RegisterBack,
    /// The same of a disk.
    DiskBack,
}

impl Tamper {
    /// Few seeds draw one: what follows it is no life.
    pub(crate) fn draw(rng: &mut Rng) -> Option<Self> {
        match rng.u32(0..36) {
            0 => Some(Tamper::Restore),
            1 => Some(Tamper::Blank),
            2 => Some(Tamper::Replace),
            3 | 4 => Some(Tamper::RegisterBack),
            5 | 6 => Some(Tamper::DiskBack),
            _ => None,
        }
    }

    /// Makes a mix of it.
    pub(crate) fn dress(self, mix: &mut Mix, rng: &mut Rng) {
        // With three, one may go on who has not seen where the histories part, and whose log does not reach there.
        if self == Tamper::RegisterBack && rng.u32(0..3) > 0 {
            mix.options.hosts = 3;
            mix.options.snapshot_bytes = 2_000;
            (mix.options.limits.retain, mix.options.limits.retain_bytes) = (0, 0);
        }
    }

    /// Its name in the counts.
    pub fn name(self) -> &'static str {
        match self {
            Tamper::Restore => "tampering: register restored",
            Tamper::Blank => "tampering: register replaced by a blank one",
            Tamper::Replace => "tampering: register replaced by an older one",
            Tamper::RegisterBack => "tampering: register restored while all are down",
            Tamper::DiskBack => "tampering: disk restored in place",
        }
    }
}

impl Swarm {
    /// Tampers with the register and lets chaos go on. Gives whether something was done: from
    /// there on, nobody owes progress.
    pub(crate) fn tamper(&mut self, world: &mut World) -> bool {
        let Some(tamper) = self.mix.tamper.filter(|_| world.violation.is_none()) else {
            return false;
        };
        if matches!(tamper, Tamper::RegisterBack | Tamper::DiskBack) {
            return self.go_back(world, tamper);
        }
        let past = &world.register.past;
        if past.len() < 2 {
            return false;
        }
        let older = past[world.rng.usize(0..past.len() - 1)].clone();
        // Another object that says all that a backup knows, who was away when the register went on, misleads that one.
        let older = match tamper == Tamper::Replace && world.rng.u32(0..4) > 0 {
            true => self.while_a_backup_is_away(world).unwrap_or(older),
            false => older,
        };
        let now = world.register.observed();
        let newest = now.record.as_ref().map_or(0, |record| record.epoch);
        if !all_know(world, &older, 1) || !all_know(world, &now, 1) {
            return false;
        }
        match tamper {
            Tamper::Restore if !all_know(world, &older, newest) => return false,
            Tamper::Restore => world.register.restore(&older),
            Tamper::Blank => {
                let host = world.rng.usize(0..world.hosts.len());
                wipe(&mut self.faults, world, host);
                world.register.replace(world.rng.u128(..));
            }
            Tamper::Replace => {
                world.register.replace(world.rng.u128(..));
                world.register.restore(&Observed { uid: world.register.observed().uid, ..older });
            }
            Tamper::RegisterBack | Tamper::DiskBack => return false,
        }
        world.may_halt = true;
        world.counts.add(tamper.name());
        world.say(|| tamper.name().into());
        world.register_changed();
        self.mix.chaos = (8 * SECOND, 8 * SECOND);
        self.chaos(world);
        true
    }

    /// A backup is killed, and the primary goes on without it. Gives what the register said before.
    fn while_a_backup_is_away(&mut self, world: &mut World) -> Option<Observed> {
        let loads = self.calm(world)?;
        load(world, &loads);
        let before = world.register.observed();
        let record = before.record.as_ref()?;
        let is_backup = |copy| record.names(copy) && record.primary != copy;
        let away = world.hosts.iter().position(|host| host.incarnation.is_some_and(is_backup))?;
        let named = record.members.len();
        world.kill(away);
        world.run_while_not(world.time + 3 * SECOND, |world| {
            world.register.record().is_some_and(|record| record.members.len() < named)
        });
        self.faults.start_later(world, (1, 1000), away);
        Some(before)
    }
}

/// Whether all copies that a record names have seen at least this epoch. Whoever has not cannot
/// know that the register is not what it was (rule 12); nobody is blamed for that.
fn all_know(world: &World, observed: &Observed, epoch: Epoch) -> bool {
    let Some(record) = &observed.record else { return false };
    let mut named = world.hosts.iter().filter(|h| h.incarnation.is_some_and(|i| record.names(i)));
    named.all(|host| host.epoch >= epoch)
}
