//! Named random generators.

use bytes::Bytes;
use imbl::OrdMap;
use understudy_evidence::correct;

use super::key::Key;
use super::mt19937::Mt19937;
use super::quota::Quota;
use super::shares::Shares;
use crate::{Draw, Drawn, Failure, FailureCode, Limit, Random};

/// Bytes of a name, at most.
const MAX_NAME: usize = 256;
/// What one draw may ask for: floats, bits, bytes.
const MOST: [u64; 3] = [10_000, 524_288, 65_536];

/// A generator.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Generator {
    pub twister: Mt19937,
    /// Whose share it counts for: its maker's.
    pub owner: Bytes,
}

/// The generators, by name.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Generators {
    map: OrdMap<Key, Generator>,
    /// What each owner has of them.
    shares: Shares,
}

impl Generators {
    pub fn len(&self) -> u64 {
        self.map.len() as u64
    }

    pub fn shares(&self) -> &Shares {
        &self.shares
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Generator)> {
        self.map.iter()
    }

    pub fn get(&self, name: &str) -> Option<&Mt19937> {
        self.map.get(name.as_bytes()).map(|generator| &generator.twister)
    }

    /// Makes a generator, or replaces one, which keeps its owner.
    pub fn set(
        &mut self,
        name: &str,
        twister: Mt19937,
        owner: &Bytes,
        quota: &Quota,
    ) -> Result<(), Failure> {
        check_name(name)?;
        if self.get(name).is_some() {
            self.replace(name, twister);
            return Ok(());
        }
        let kind = (Limit::Generators, quota.max_generators);
        self.shares.check(kind, (self.len(), 1), owner, quota)?;
        self.insert(Key::new(name.to_owned().into()), Generator { twister, owner: owner.clone() });
        Ok(())
    }

    /// Adds one as it is.
    pub fn insert(&mut self, name: Key, mut generator: Generator) {
        generator.owner = self.shares.add(&generator.owner);
        self.map.insert(name, generator);
    }

    fn replace(&mut self, name: &str, twister: Mt19937) {
        if let Some(generator) = self.map.get_mut(name.as_bytes()) {
            generator.twister = twister;
        }
    }

    /// What a draw gives, and the generator after it. It has not happened until that is
    /// [kept](Generators::keep).
    pub fn draw(&self, draw: &Draw) -> Result<(Mt19937, Drawn), Failure> {
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
    pub fn keep(&mut self, name: &str, twister: Mt19937) {
        correct!(self.replace(name, twister), "draw-not-kept" => {});
    }
}

fn check_name(name: &str) -> Result<(), Failure> {
    match (1..=MAX_NAME).contains(&name.len()) {
        true => Ok(()),
        false => Err(Failure::new(FailureCode::BadCommand)),
    }
}
