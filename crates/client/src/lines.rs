//! The connections to all replicas.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::line::Line;

/// The connections to all replicas asked so far.
#[derive(Debug, Default)]
pub(crate) struct Lines(Mutex<HashMap<Arc<str>, Arc<Line>>>);

impl Lines {
    /// Those to the replica at `address`.
    pub fn to(&self, address: &Arc<str>, connections: usize) -> Arc<Line> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get(address) {
            return line.clone();
        }
        let line = Arc::new(Line::new(address.clone(), connections));
        lines.insert(address.clone(), line.clone());
        line
    }
}
