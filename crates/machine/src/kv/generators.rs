//! Named random generators.

use imbl::OrdMap;
use understudy_evidence::mutant;

use super::key::Key;
use super::quota::Quota;
use super::twister::Twister;
use crate::{Draw, Drawn, Failure, FailureCode, Limit, Random};

/// Bytes of a name, at most.
const MAX_NAME: usize = 256;
/// What one draw may ask for: floats, bits, bytes.
const MOST: [u64; 3] = [10_000, 524_288, 65_536];

/// The generators, by name.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Generators {
    map: OrdMap<Key, Twister>,
}

impl Generators {
    pub fn len(&self) -> u64 {
        self.map.len() as u64
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Twister)> {
        self.map.iter()
    }

    pub fn get(&self, name: &str) -> Option<&Twister> {
        self.map.get(name.as_bytes())
    }

    /// Makes a generator, or replaces it.
    pub fn set(&mut self, name: &str, twister: Twister, quota: &Quota) -> Result<(), Failure> {
        check_name(name)?;
        let (after, limit) = (self.len() + 1, quota.max_generators);
        if self.get(name).is_none() && after > limit {
            let code = FailureCode::QuotaExceeded;
            return Err(Failure::beyond(code, Limit::Generators, limit, after));
        }
        self.insert(Key::new(name.to_owned().into()), twister);
        Ok(())
    }

    pub fn insert(&mut self, name: Key, twister: Twister) {
        self.map.insert(name, twister);
    }

    /// What a draw gives, and the generator behind it. It has not happened until that is
    /// [kept](Generators::keep).
    pub fn draw(&self, draw: &Draw) -> Result<(Twister, Drawn), Failure> {
        let bad = || Failure::new(FailureCode::BadCommand);
        let mut twister =
            self.get(&draw.name).ok_or(Failure::new(FailureCode::GeneratorUnknown))?.clone();
        let count = |most: u64| match draw.count <= most {
            true => usize::try_from(draw.count).map_err(|_| bad()),
            false => Err(bad()),
        };
        let mut drawn = Drawn::default();
        match draw.what() {
            Random::Unspecified => return Err(bad()),
            Random::Floats => {
                drawn.floats = (0..count(MOST[0])?).map(|_| twister.float()).collect();
            }
            Random::Bits => drawn.bytes = twister.bits(count(MOST[1])?).into(),
            Random::Bytes => drawn.bytes = twister.bytes(count(MOST[2])?).into(),
        }
        Ok((twister, drawn))
    }

    /// The draw has happened.
    pub fn keep(&mut self, name: &str, twister: Twister) {
        if !mutant!("draw-not-kept") {
            self.insert(Key::new(name.to_owned().into()), twister);
        }
    }
}

fn check_name(name: &str) -> Result<(), Failure> {
    match (1..=MAX_NAME).contains(&name.len()) {
        true => Ok(()),
        false => Err(Failure::new(FailureCode::BadCommand)),
    }
}
