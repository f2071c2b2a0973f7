//! Writes the history while it happens, and counts.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::mpsc;
use understudy_history::{
    Action, Beginning, Condition, Operation, Outcome, write_beginning, write_line,
};

use super::locks::is_of_witness;
use crate::failure::Failure;
use crate::pair::logbook::{create, unwritable};
use understudy_load::pauses::longest;

/// Operations on their way to the file.
const QUEUE: usize = 16_384;
/// Bytes that are written at once when there are more operations than the file takes.
const BATCH: usize = 64 * 1024;

/// Writes operations to a file, on a thread of its own: clients do not wait for it.
pub struct Journal {
    operations: mpsc::Sender<Operation>,
    counts: Arc<Mutex<Counts>>,
    /// Goes with the next operation.
    beginning: Arc<Mutex<Option<Beginning>>>,
    writer: JoinHandle<io::Result<()>>,
}

/// What has been counted so far.
#[derive(Clone, Default, Debug)]
pub struct Counts {
    /// Operations by what was asked.
    pub asked: BTreeMap<&'static str, u64>,
    /// When each change was acknowledged, nanoseconds on the history's clock; nearly ascending.
    acknowledged: Vec<u64>,
}

impl Journal {
    /// Begins the file.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn start(path: &Path) -> Result<Self, Failure> {
        let mut file = create(path)?;
        let (operations, mut queue) = mpsc::channel::<Operation>(QUEUE);
        let counts = Arc::<Mutex<Counts>>::default();
        let beginning = Arc::<Mutex<Option<Beginning>>>::default();
        let (counted, begins) = (counts.clone(), beginning.clone());
        let writer = std::thread::spawn(move || {
            // The file has whole lines only, whenever the process ends.
            let mut lines = Vec::new();
            while let Some(operation) = queue.blocking_recv() {
                lock(&counted).count(&operation);
                match lock(&begins).take() {
                    Some(beginning) => write_beginning(&mut lines, &operation, beginning)?,
                    None => write_line(&mut lines, &operation)?,
                }
                if queue.is_empty() || lines.len() >= BATCH {
                    file.write_all(&lines)?;
                    lines.clear();
                }
            }
            Ok(())
        });
        Ok(Journal { operations, counts, beginning, writer })
    }

    /// Says with the next operation where the history begins, or that it is otherwise than was said.
    pub fn begins(&self, beginning: Beginning) {
        *lock(&self.beginning) = Some(beginning);
    }

    /// Where operations go.
    pub fn sender(&self) -> mpsc::Sender<Operation> {
        self.operations.clone()
    }

    /// How many operations there are.
    pub fn operations(&self) -> u64 {
        lock(&self.counts).asked.values().sum()
    }

    /// The longest time without an acknowledged change between two moments, nanoseconds.
    pub fn pause(&self, begin: u64, end: u64) -> u64 {
        let mut counts = lock(&self.counts);
        // Nearly sorted, which is cheap to sort.
        counts.acknowledged.sort();
        let (begin, end) = longest(&counts.acknowledged, begin, end);
        end - begin
    }

    /// Whether a change was acknowledged after this moment.
    pub fn acknowledged_since(&self, moment: u64) -> bool {
        let counts = lock(&self.counts);
        counts.acknowledged.iter().rev().take(1_000).any(|at| *at > moment)
    }

    /// Ends the file, once nobody sends any more.
    ///
    /// # Errors
    /// When something could not be written.
    pub async fn close(self, path: &Path) -> Result<Counts, Failure> {
        drop(self.operations);
        let writer = self.writer;
        let ended = tokio::task::spawn_blocking(move || writer.join()).await;
        match ended {
            Ok(Ok(written)) => written.map_err(|error| unwritable(path, &error))?,
            _ => return Err(Failure::new("the history's writer has panicked")),
        }
        let counts = lock(&self.counts).clone();
        Ok(counts)
    }
}

impl Counts {
    fn count(&mut self, operation: &Operation) {
        // Nobody waited for it, so it ends no pause.
        if is_of_witness(operation) {
            *self.asked.entry("changes_of_locks").or_default() += 1;
            return;
        }
        let asked = match &operation.action {
            Action::Put { condition: Condition::Always, .. } => "puts",
            Action::Put { .. } => "compare_and_sets",
            Action::Get { .. } => "gets",
            Action::GetAt { .. } => "old_gets",
            Action::Delete { .. } => "deletes",
            Action::Txn { .. } => "transactions",
        };
        *self.asked.entry(asked).or_default() += 1;
        if let Outcome::Ok(answer) = &operation.outcome
            && answer.reply.changed()
        {
            self.acknowledged.push(operation.end);
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
