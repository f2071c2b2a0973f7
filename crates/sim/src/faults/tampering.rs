//! How the register is tampered with.

use understudy_protocol::{Epoch, Observed};

use crate::checks::gone_back::check::load;
use crate::faults::tamper::Tamper;
use crate::faults::wipe::wipe;
use crate::swarm::Swarm;
use crate::world::World;
use crate::world::clock::SECOND;

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
