//! The keys: the one place that changes them.

use imbl::OrdMap;

use super::change::Change;
use super::key::Key;
use super::memory;
use super::record::Record;
use crate::{KeyRange, KeyValue};

/// The newest version of every key, ordered, in a persistent map: a clone is O(1) and stands
/// still.
///
/// Keys change by [`Keyspace::put`] and [`Keyspace::remove`] alone, each of which returns the
/// [`Change`]: older versions can be kept beside the map without touching it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keyspace {
    map: OrdMap<Key, Record>,
    bytes: u64,
    memory: u64,
}

impl Keyspace {
    pub fn len(&self) -> u64 {
        self.map.len() as u64
    }

    /// Bytes of all keys and values.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes of memory that they take, about.
    pub fn memory(&self) -> u64 {
        self.memory
    }

    pub fn record(&self, key: &[u8]) -> Option<&Record> {
        self.map.get(key)
    }

    pub fn get(&self, key: &[u8]) -> Option<KeyValue> {
        self.map.get_key_value(key).map(|(key, record)| record.with_key(key))
    }

    /// The keys of a range, in order.
    pub fn range<'a>(
        &'a self,
        range: &'a KeyRange,
    ) -> impl Iterator<Item = (&'a Key, &'a Record)> + 'a {
        range.bounds().into_iter().flat_map(|bounds| self.map.range::<_, [u8]>(bounds))
    }

    /// The keys of a range, in order or in the opposite one.
    pub fn walk<'a>(
        &'a self,
        range: &KeyRange,
        back: bool,
    ) -> Box<dyn Iterator<Item = (&'a Key, &'a Record)> + 'a> {
        match range.bounds().map(|bounds| self.map.range::<_, [u8]>(bounds)) {
            None => Box::new(std::iter::empty()),
            Some(keys) if back => Box::new(keys.rev()),
            Some(keys) => Box::new(keys),
        }
    }

    /// Every key, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Record)> {
        self.map.iter()
    }

    /// Writes a key.
    pub fn put(&mut self, key: Key, record: Record) -> Change {
        let before = self.set(key.clone(), record.clone());
        Change { key, before, after: Some(record) }
    }

    /// Removes a key; `None` when there is none.
    pub fn remove(&mut self, key: &[u8]) -> Option<Change> {
        let (key, before) = self.map.remove_with_key(key)?;
        self.bytes -= weight(&key, &before);
        self.memory -= memory::of_key(&key) + memory::of_record(&before);
        Some(Change { key, before: Some(before), after: None })
    }

    /// Takes back the newest change.
    pub fn undo(&mut self, change: Change) {
        match change.before {
            Some(before) => drop(self.set(change.key, before)),
            None => drop(self.remove(change.key.as_slice())),
        }
    }

    /// Sets a key to a record as it is.
    pub fn set(&mut self, key: Key, record: Record) -> Option<Record> {
        self.bytes += weight(&key, &record);
        let (key_bytes, key_memory) = (key.len(), memory::of_key(&key));
        self.memory += key_memory + memory::of_record(&record);
        let before = self.map.insert(key, record)?;
        self.bytes -= key_bytes + before.value.len() as u64;
        self.memory -= key_memory + memory::of_record(&before);
        Some(before)
    }
}

fn weight(key: &Key, record: &Record) -> u64 {
    key.len() + record.value.len() as u64
}
