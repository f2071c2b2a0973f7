//! Bytes that flip at rest, and the operator who finds them (docs/operations.md): a replica that
//! cannot prove that it has its log is set aside and joins anew, as the service does by itself.

use understudy_wal::verify;

use crate::checks::violation::Property;
use crate::world::World;
use crate::world::host::Rot;
use crate::world::id::HostId;

impl World {
    /// Whether another named copy is whole, so that this one may go.
    pub(crate) fn is_spared(&self, host: HostId) -> bool {
        self.register.record().is_some_and(|record| {
            self.hosts.iter().enumerate().any(|(other, copy)| {
                other != host
                    && copy.rot.is_none()
                    && copy.incarnation.is_some_and(|copy| record.names(copy))
            })
        })
    }

    /// A byte of the data directory flips: in the hard state, the identity, the snapshot, or a part
    /// of the log that is known to be durable. (In the very last records rot cannot be told from a
    /// torn write, see ADR 9.)
    pub fn rot(&mut self, host: HostId) {
        let place = &self.hosts[host];
        if place.rot.is_some() || !self.is_spared(host) {
            return;
        }
        let contents = place.disk.contents();
        let Ok(report) = verify(&place.disk) else { return };
        if !report.problems.is_empty() {
            return;
        }
        let full = report.segments.len().saturating_sub(1);
        let segments = report.segments[..full].iter().map(|segment| segment.file.as_str());
        let others = contents.keys().map(String::as_str).filter(|name| {
            let adopted = name.starts_with("snapshot-") && !name.ends_with(".tmp");
            adopted || ["state", "identity"].contains(name)
        });
        let files: Vec<&str> = segments.chain(others).collect();
        if files.is_empty() {
            return;
        }
        let file = files[self.rng.usize(0..files.len())].to_owned();
        let bytes = &contents[&file];
        if bytes.is_empty() {
            return;
        }
        let offset = self.rng.usize(0..bytes.len());
        let place = &mut self.hosts[host];
        place.disk.corrupt(&file, offset as u64);
        let name = place.name().to_owned();
        self.counts.add("byte that flipped at rest");
        self.say(|| format!("{name}: byte {offset} of {file} flips"));
        let rot = Rot { file, offset: offset as u64, byte: bytes[offset] ^ 1 };
        self.hosts[host].rot = Some(rot);
    }

    /// The operator has the directory verified, and restarts a replica whose directory is damaged.
    pub(crate) fn verify(&mut self, host: HostId) {
        if self.hosts[host].rot.is_none() {
            return;
        }
        let damaged =
            verify(&self.hosts[host].disk).is_ok_and(|report| !report.problems.is_empty());
        if !damaged {
            self.hosts[host].rot = None;
            return self.counts.add("rot that did no harm");
        }
        self.counts.add("rot found by verification");
        if self.hosts[host].process.is_some() {
            self.kill(host);
            self.start(host);
        }
    }

    /// A directory does not open. It is set aside, unless no other copy is left: then the storage
    /// below brings the byte back.
    pub(crate) fn on_damage(&mut self, host: HostId, why: &str) {
        let name = self.name(host);
        self.hosts[host].disk.kill();
        let Some(rot) = self.hosts[host].rot.take() else {
            let explanation = format!("{name} does not start: {why}");
            return self.fail(Property::DiskKeepsItsWord, explanation);
        };
        if self.is_spared(host) {
            self.counts.add("rot found at start");
            self.narrate(|| format!("{name}: damaged, set aside: {why}"));
            self.blank(host);
        } else {
            let disk = &self.hosts[host].disk;
            let byte = disk.content(&rot.file).and_then(|c| c.get(rot.offset as usize).copied());
            if byte == Some(rot.byte) {
                disk.corrupt(&rot.file, rot.offset);
            }
            self.counts.add("rot repaired by the storage");
        }
        self.start(host);
    }
}
