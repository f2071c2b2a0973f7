//! How a command fails: one line on stderr, as JSON with `--output json`, and an exit code that scripts can
//! rely on.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::print;

/// The exit codes as `--help` tells them.
pub const EXIT_CODES: &str = "Exit codes:
  0  done
  1  failed, or no such key, or a condition was not met
  2  the command line is wrong
  3  the outcome is unknown: it may have happened, or may yet happen
  4  no replica could do it in time: definitely nothing has happened
`lock` and `elect` exit as the command that they run does, and with
  126  the command cannot be run
  127  the command is not found
  130  ended by Ctrl-C (128 + N: by signal N)";

/// Whether failures are printed as JSON.
static JSON: AtomicBool = AtomicBool::new(false);

/// Prints failures as JSON from now on, or as text.
pub fn print_as_json(json: bool) {
    JSON.store(json, Ordering::Relaxed);
}

/// Whether failures are printed as JSON.
pub fn is_json() -> bool {
    JSON.load(Ordering::Relaxed)
}

/// Says on one line of stderr what is no failure, or not yet.
pub fn note(code: &str, message: impl Display) {
    let message = one_line(&message.to_string());
    match is_json() {
        true => print::note_json(&json!({ "code": code, "message": message })),
        false => print::note(format_args!("understudy: {message}")),
    }
}

/// A command's end other than success.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It did not work; the message says what to do. Exit code 1.
    #[error("{message}")]
    Failed {
        /// What happened, for programs: the store's reason, or one of this command.
        code: &'static str,
        /// What happened, to what, and what to do.
        message: String,
    },
    /// The arguments make no sense together. Exit code 2.
    #[error("{0}")]
    Usage(String),
    /// It may have happened, or may yet happen. Exit code 3.
    #[error("{0}")]
    OutcomeUnknown(String),
    /// Nobody could do it in time; definitely nothing has happened. Exit code 4.
    #[error("{0}")]
    Unavailable(String),
    /// The command that was run has failed, and has said why. Its own exit code.
    #[error("the command exited with {0}")]
    Command(u8),
    /// It ended as a shell's command would; the exit code is the shell's for that.
    #[error("{message}")]
    Shell {
        /// What happened.
        message: String,
        /// 126 or 127 for a command that cannot be run, 128 + N for signal N.
        code: u8,
    },
    /// Whoever reads standard output has gone and has read what it wanted. Exit code 0, silently.
    #[error("standard output is closed")]
    Closed,
}

impl Failure {
    /// A failure with exit code 1.
    pub fn new(message: impl Display) -> Self {
        Self::coded("FAILED", message)
    }

    /// The same with a code of its own, such as `KEY_NOT_FOUND`.
    pub fn coded(code: &'static str, message: impl Display) -> Self {
        Self::Failed { code, message: message.to_string() }
    }

    /// A mistake in the command line, exit code 2.
    pub fn usage(message: impl Display) -> Self {
        Self::Usage(message.to_string())
    }

    /// A program that cannot be run: 127 if there is none, else 126.
    pub fn not_run(program: &OsStr, error: &io::Error) -> Self {
        let program = program.display();
        let (code, what_to_do) = match error.kind() {
            io::ErrorKind::NotFound => (127, "check its name and PATH"),
            _ => (126, "it must be a program or a script that may be executed"),
        };
        Self::Shell { message: format!("cannot run {program}: {error}; {what_to_do}"), code }
    }

    /// The same after a part that was done, which is told first: that nothing has happened is not true then.
    pub fn after(self, done: impl Display) -> Self {
        let message = format!("{done}, then: {self}");
        match self {
            Self::OutcomeUnknown(_) => Self::OutcomeUnknown(message),
            Self::Failed { code, .. } => Self::Failed { code, message },
            _ => Self::new(message),
        }
    }

    /// What happened, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Failed { code, .. } => code,
            Self::Usage(_) => "USAGE",
            Self::OutcomeUnknown(_) => "OUTCOME_UNKNOWN",
            Self::Unavailable(_) => "UNAVAILABLE",
            Self::Shell { code: 126, .. } => "COMMAND_NOT_EXECUTABLE",
            Self::Shell { code: 127, .. } => "COMMAND_NOT_FOUND",
            Self::Shell { .. } => "INTERRUPTED",
            Self::Command(_) => "COMMAND_FAILED",
            Self::Closed => "OUTPUT_CLOSED",
        }
    }

    /// Prints the failure on one line and gives the exit code.
    pub fn report(&self) -> ExitCode {
        let code = match self {
            Self::Closed => return ExitCode::SUCCESS,
            Self::Command(code) => return ExitCode::from(*code),
            Self::Failed { .. } => 1,
            Self::Usage(_) => 2,
            Self::OutcomeUnknown(_) => 3,
            Self::Unavailable(_) => 4,
            Self::Shell { code, .. } => *code,
        };
        let message = one_line(&self.to_string());
        match is_json() {
            true => print::note_json(&json!({
                "code": self.code(), "message": message, "exit_code": code,
            })),
            false => print::note(format_args!("understudy: {message}")),
        }
        ExitCode::from(code)
    }
}

/// The exit code of a command: that of its verdict, whatever printing did.
pub fn conclude(done: Result<(), Failure>) -> ExitCode {
    if let Err(failure) = done {
        return failure.report();
    }
    if let Err(failure @ Failure::Failed { .. }) = print::written() {
        note(failure.code(), format_args!("done, but {failure}"));
    }
    ExitCode::SUCCESS
}

/// The message without line breaks.
fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl From<understudy_client::Error> for Failure {
    fn from(error: understudy_client::Error) -> Self {
        use understudy_client::Error;
        let message = error.to_string();
        match error {
            Error::OutcomeUnknown { .. } => Self::OutcomeUnknown(message),
            Error::Unavailable { .. } => Self::Unavailable(message),
            Error::Rejected(rejection) => {
                let reason = rejection.reason.map_or("REJECTED", |reason| reason.as_str_name());
                Self::coded(reason.trim_start_matches("ERROR_REASON_"), message)
            }
            Error::NotAcquired { .. } => Self::coded("LOCK_NOT_ACQUIRED", message),
            Error::LockLost { .. } => Self::coded("LOCK_LOST", message),
            _ => Self::new(message),
        }
    }
}
