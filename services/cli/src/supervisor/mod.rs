//! The process between `understudy lock` and the command that it runs: nothing of the command outlives
//! the lock, whatever becomes of either.
//!
//! ```text
//! understudy lock          holds the lock, tells every renewal; killed: the channel ends
//!   └─ lock-supervisor     ends the command in time by itself, also while the former is stopped
//!        └─ the command    killed by the kernel (PR_SET_PDEATHSIG) when the supervisor is
//!             └─ ...       orphans are adopted by the supervisor, by `understudy lock` when it is gone
//! ```
//!
//! The command stays in the process group that `understudy lock` was started in, so the terminal treats both
//! as one job: Ctrl-C, Ctrl-Z, `fg` and `bg` reach it as if it ran alone. The supervisor has a group of its
//! own, where none of that reaches it.
//!
//! What this cannot do: end a process that runs as another user, or anything at all when both processes
//! are killed at one moment (then the kernel ends the command, but not its children) or stopped. For that
//! there is the fencing token.

mod clock;
mod exec;
mod order;
pub mod processes;
mod run;

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use crate::failure;
pub use clock::boot_time;
pub use order::{Order, Report, hand_over_stdin};

/// What the supervisor is called, in lists of processes too: not as those who hold locks, so that whoever
/// kills them by name does not kill it.
const SUPERVISOR: &str = "lock-supervisor";
/// What the command's process is called before it is the command.
const EXEC: &str = "lock-exec";
/// How each prints failures.
const JSON: &str = "json";
const TEXT: &str = "text";

/// Runs as one of these if this process was started as one.
pub fn role() -> Option<ExitCode> {
    let mut arguments = std::env::args_os();
    let role = arguments.next()?;
    let arguments: Vec<OsString> = arguments.collect();
    match role.to_str() {
        Some(SUPERVISOR) => Some(run::run(prints_as_told(&arguments))),
        Some(EXEC) => Some(exec::exec(prints_as_told(&arguments))),
        _ => None,
    }
}

/// The first argument of each says how failures are printed; gives the others.
fn prints_as_told(arguments: &[OsString]) -> &[OsString] {
    let Some((how, others)) = arguments.split_first() else { return arguments };
    failure::print_as_json(how == JSON);
    others
}

/// This program as a supervisor of the command; its standard input must be the channel.
pub fn of(command: &[OsString]) -> Command {
    let mut supervisor = itself(SUPERVISOR);
    supervisor.args(command);
    supervisor
}

/// This very program, whatever has become of its file.
fn itself(role: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0(role).arg(if failure::is_json() { JSON } else { TEXT });
    command
}
