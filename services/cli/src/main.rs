//! The `understudy` command: one binary that is server, client and tool of a replicated key-value service.
//!
//! Exit codes: 0 done; 1 failed, or no such key, or a condition was not met; 2 the command line is
//! wrong; 3 the outcome is unknown: it may have happened; 4 no replica could do it in time, definitely
//! nothing has happened. `lock` and `elect` exit as the command that they run: 126 and 127 if it cannot be
//! run, 128 + N after signal N, such as 130 after Ctrl-C.

// Both panic where nobody reads: everything goes through `print`.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod abuse;
mod check;
mod client;
mod completions;
mod demo;
mod dev;
mod failure;
mod hold;
mod log;
mod output;
mod pair;
mod print;
mod recover;
mod register;
mod runtime;
mod serve;
mod supervisor;
mod torture;
mod usage;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

/// Measured: serves a fifth more requests than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Two replicas that behave like one key-value server that does not fail.
#[derive(Debug, Parser)]
#[command(
    name = "understudy",
    version,
    propagate_version = true,
    max_term_width = 80,
    after_help = failure::EXIT_CODES
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Every subcommand: one module each.
#[derive(Debug, Subcommand)]
enum Command {
    Serve(Box<serve::Serve>),
    Dev(dev::Dev),
    Demo(demo::Demo),
    Torture(Box<torture::Torture>),
    Abuse(abuse::Abuse),
    Check(check::Check),
    #[command(visible_alias = "set")]
    Put(client::put::Put),
    Get(client::get::Get),
    #[command(visible_alias = "delete")]
    Del(client::del::Del),
    #[command(visible_alias = "ls")]
    List(client::list::List),
    Watch(client::watch::Watch),
    Txn(client::txn::Txn),
    Lease(client::lease::Lease),
    Session(client::session::Session),
    Lock(client::lock::Lock),
    Elect(client::elect::Elect),
    Compact(client::compact::Compact),
    Random(client::random::Random),
    Now(client::now::Now),
    Status(client::status::Status),
    Mode(client::mode::Mode),
    Quota(Box<client::quota::Quota>),
    #[command(name = "handover")]
    HandOver(client::hand_over::HandOver),
    Bench(client::bench::Bench),
    Verify(verify::Verify),
    Log(log::Log),
    Recover(recover::Recover),
    Register(register::Register),
    Hold(hold::Hold),
    Completions(completions::Completions),
}

impl Command {
    fn run(self) -> Result<(), Failure> {
        match self {
            Self::Serve(command) => command.run(),
            Self::Dev(command) => runtime::block_on(command.run()),
            Self::Demo(command) => runtime::block_on(command.run()),
            Self::Torture(command) => runtime::block_on(command.run()),
            Self::Abuse(command) => runtime::block_on(command.run()),
            Self::Check(command) => command.run(),
            Self::Put(command) => runtime::block_on(command.run()),
            Self::Get(command) => runtime::block_on(command.run()),
            Self::Del(command) => runtime::block_on(command.run()),
            Self::List(command) => runtime::block_on(command.run()),
            Self::Watch(command) => runtime::block_on(command.run()),
            Self::Txn(command) => runtime::block_on(command.run()),
            Self::Lease(command) => runtime::block_on(command.run()),
            Self::Session(command) => runtime::block_on(command.run()),
            Self::Lock(command) => runtime::block_on(command.run()),
            Self::Elect(command) => runtime::block_on(command.run()),
            Self::Compact(command) => runtime::block_on(command.run()),
            Self::Random(command) => runtime::block_on(command.run()),
            Self::Now(command) => runtime::block_on(command.run()),
            Self::Status(command) => runtime::block_on(command.run()),
            Self::Mode(command) => runtime::block_on(command.run()),
            Self::Quota(command) => runtime::block_on(command.run()),
            Self::HandOver(command) => runtime::block_on(command.run()),
            Self::Bench(command) => runtime::block_on(command.run()),
            Self::Verify(command) => command.run(),
            Self::Log(command) => command.run(),
            Self::Recover(command) => runtime::block_on(command.run()),
            Self::Register(command) => runtime::block_on(command.run()),
            Self::Hold(command) => runtime::block_on(command.run()),
            Self::Completions(command) => command.run(),
        }
    }
}

fn main() -> ExitCode {
    if let Some(code) = supervisor::role() {
        return code;
    }
    // Process-wide, and wanted before the first connection to an API server.
    #[cfg(feature = "kubernetes")]
    let _ = rustls::crypto::ring::default_provider().install_default();
    failure::print_as_json(usage::asks_for_json(std::env::args_os()));
    let done = usage::parse::<Cli>().and_then(|cli| cli.command.run());
    failure::conclude(done)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// What of a command's help, and of its subcommands', is wider than a terminal.
    fn too_wide(command: &clap::Command, words: &str) -> Vec<String> {
        let words = format!("{words} {}", command.get_name());
        let mut command = command.clone();
        let help = [command.render_help(), command.render_long_help()].map(|help| help.to_string());
        let lines = help.iter().flat_map(|help| help.lines());
        // Examples are not to be wrapped.
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let wide = lines.chain(after.lines()).filter(|line| line.chars().count() > 80);
        let mut wide: Vec<String> = wide.map(|line| format!("{words}: {line}")).collect();
        wide.extend(command.get_subcommands().flat_map(|command| too_wide(command, &words)));
        wide
    }

    /// Words that mean something else to most readers, in all help.
    fn odd_words(command: &clap::Command) -> Vec<String> {
        const ODD: [&str; 5] = ["behind", "surely", "hang on", "for ever", "so many"];
        let help = command.clone().render_long_help().to_string();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let odd = ODD.into_iter().filter(|odd| help.contains(odd));
        let mut odd: Vec<String> =
            odd.map(|odd| format!("{}: {odd}", command.get_name())).collect();
        odd.extend(command.get_subcommands().flat_map(odd_words));
        odd
    }

    #[test]
    fn all_help_is_in_plain_words() {
        let mut command = Cli::command();
        command.build();
        assert_eq!(odd_words(&command), Vec::<String>::new());
    }

    #[test]
    fn all_help_fits_into_80_columns() {
        let mut command = Cli::command();
        command.build();
        let wide = too_wide(&command, "");
        assert!(wide.is_empty(), "{}", wide.join("\n"));
    }
}
