//! What a pair said.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::ProcessEvent;
use crate::failure::Failure;

/// This many lines are kept to explain a failure.
const KEPT: usize = 10;

/// Takes down what happens to a pair: the last lines for people, everything in a file if one is
/// named.
pub struct Logbook {
    task: JoinHandle<Vec<String>>,
}

impl Logbook {
    /// Starts it. Every event is shown to `observe`, too.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn start(
        mut events: mpsc::Receiver<ProcessEvent>,
        path: Option<&Path>,
        mut observe: impl FnMut(&ProcessEvent) + Send + 'static,
    ) -> Result<Self, Failure> {
        let mut file = path.map(create).transpose()?;
        let task = tokio::spawn(async move {
            let mut lines = Vec::new();
            while let Some(event) = events.recv().await {
                observe(&event);
                if lines.len() == KEPT {
                    lines.remove(0);
                }
                if let Some(file) = &mut file {
                    // What happens is not worth a failure of the command.
                    let _ = writeln!(file, "{event}");
                }
                lines.push(event.to_string());
            }
            lines
        });
        Ok(Logbook { task })
    }

    /// The last lines, once the pair is gone.
    pub async fn close(self) -> Vec<String> {
        self.task.await.unwrap_or_default()
    }
}

/// Makes a file for output, its owner's alone: a history holds keys and values.
///
/// # Errors
/// When it cannot be made.
pub fn create(path: &Path) -> Result<File, Failure> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path).map_err(|error| unwritable(path, &error))
}

/// The failure of a file that cannot be written.
pub fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot write {}: {error}", path.display()))
}
