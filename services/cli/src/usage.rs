//! Reading the command line.

use std::ffi::OsString;
use std::io::{self, Write as _};

use clap::Parser;
use clap::error::ErrorKind;

use crate::failure::Failure;
use crate::print;

/// Reads the command line; prints help and version and ends the process if those are asked for.
///
/// # Errors
/// A [`Failure::Usage`] on one line that says what to do; that of help that cannot be written.
pub fn parse<C: Parser>() -> Result<C, Failure> {
    C::try_parse().map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            match error.print().and_then(|()| io::stdout().flush()) {
                Err(unwritten) if !error.use_stderr() => print::unwritten(&unwritten),
                _ => std::process::exit(error.exit_code()),
            }
        }
        _ => Failure::usage(summary(&error.to_string())),
    })
}

/// Whether these arguments ask for JSON: also those that make no sense otherwise.
pub fn asks_for_json(arguments: impl IntoIterator<Item = OsString>) -> bool {
    let own = arguments.into_iter().take_while(|argument| argument != "--");
    let own: Vec<OsString> = own.collect();
    own.iter().any(|argument| argument == "--output=json")
        || own.windows(2).any(|pair| pair[0] == "--output" && pair[1] == "json")
}

/// All that an error says before it explains the usage at length.
fn summary(error: &str) -> String {
    let (said, usage) = error.split_once("\n\nUsage: ").unwrap_or((error, ""));
    let said = said.split_once("\n\nFor more information").map_or(said, |(said, _)| said);
    let said = said.strip_prefix("error: ").unwrap_or(said).trim_end();
    // The usage line begins with the command's words.
    let words = usage.split_whitespace().take_while(|word| word.starts_with(char::is_lowercase));
    let command = words.collect::<Vec<_>>().join(" ");
    if command.is_empty() { said.to_owned() } else { format!("{said} (see `{command} --help`)") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_asked_for_before_the_command_of_a_lock() {
        let asks = |line: &str| asks_for_json(line.split(' ').map(OsString::from));
        assert!(asks("understudy get --output json k") && asks("understudy --output=json"));
        assert!(!asks("understudy get --output text json"));
        assert!(!asks("understudy lock job -- jq --output json"));
    }

    #[test]
    fn the_summary_keeps_tips_and_names_the_help() {
        let error = "error: unexpected argument '--ouput' found\n\n  tip: a similar argument exists\n\nUsage: understudy get --output <OUTPUT> <KEY>\n\nFor more information, try '--help'.\n";
        let expected = "unexpected argument '--ouput' found\n\n  tip: a similar argument exists (see `understudy get --help`)";
        assert_eq!(summary(error), expected);
        let error =
            "error: invalid value 'x' for '--gets'\n\nFor more information, try '--help'.\n";
        assert_eq!(summary(error), "invalid value 'x' for '--gets'");
    }
}
