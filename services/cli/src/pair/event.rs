//! What a pair tells whoever runs it.

use std::fmt;
use std::time::Duration;

/// One thing that happened to a pair.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ProcessEvent {
    /// A replica's process runs.
    Started {
        /// Its name.
        name: &'static str,
        /// Its process.
        pid: u32,
    },
    /// A replica's process is gone.
    Ended {
        /// Its name.
        name: &'static str,
        /// Its process.
        pid: u32,
        /// How it went, for people.
        how: String,
        /// When it will run again.
        again_in: Duration,
    },
    /// A replica wrote a line to its log.
    Line {
        /// Its name.
        name: &'static str,
        /// The line.
        text: String,
    },
}

/// One line; what does not come from a replica's log gets the time.
impl fmt::Display for ProcessEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = jiff::Timestamp::now();
        match self {
            ProcessEvent::Started { name, pid } => {
                write!(f, "{name} | {now:.3} runs as process {pid}")
            }
            ProcessEvent::Ended { name, pid, how, again_in } => {
                write!(
                    f,
                    "{name} | {now:.3} process {pid} is gone ({how}); starts again in {} ms",
                    again_in.as_millis()
                )
            }
            ProcessEvent::Line { name, text } => write!(f, "{name} | {text}"),
        }
    }
}
