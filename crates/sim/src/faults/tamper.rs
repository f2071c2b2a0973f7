//! Somebody tampers with the register: puts an older state of it back, or another object in its
//! place. No protocol stays alive then; what it owes is to notice and to stop (rules 11 and 12).

use fastrand::Rng;

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
