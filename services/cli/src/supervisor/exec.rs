//! The command's process before it is the command.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use rustix::process::{Signal, getppid, set_parent_process_death_signal};

use crate::failure::Failure;

/// Becomes the command, which the kernel then kills if its supervisor is. The first argument is the
/// supervisor's process id.
pub fn exec(arguments: &[OsString]) -> ExitCode {
    let failed = match arguments {
        [supervisor, program, arguments @ ..] => {
            let armed = set_parent_process_death_signal(Some(Signal::KILL));
            let parent = getppid().map(|pid| pid.as_raw_nonzero().to_string());
            match armed {
                Err(error) => Failure::not_run(program, &error.into()),
                // It died before it could have been noticed.
                Ok(()) if parent.as_deref() != supervisor.to_str() => return ExitCode::FAILURE,
                Ok(()) => Failure::not_run(program, &Command::new(program).args(arguments).exec()),
            }
        }
        _ => Failure::usage("this is a part of `understudy lock`"),
    };
    failed.report()
}
