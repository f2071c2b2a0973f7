//! `understudy completions`: shell completions on standard output.

use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use crate::failure::Failure;
use crate::print;

/// Prints completions for a shell, to be sourced or put where the shell looks for them.
#[derive(Debug, Args)]
#[command(after_help = "Example: understudy completions bash > /etc/bash_completion.d/understudy")]
pub struct Completions {
    /// Which shell.
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> Result<(), Failure> {
        let mut script = Vec::new();
        generate(self.shell, &mut crate::Cli::command(), "understudy", &mut script);
        print::bytes(&script);
        print::written()
    }
}
