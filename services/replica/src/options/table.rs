//! The table of all options, for the documentation.

use std::fmt::Write;

use clap::Args;

use super::ServeArgs;
use super::args::DEFAULTS;

/// All options as a Markdown table, one line each, in the order of `--help`.
pub fn options_table() -> String {
    let defaults: toml::Table = toml::from_str(DEFAULTS).unwrap_or_default();
    let command = ServeArgs::augment_args(clap::Command::new("serve"));
    let mut table = String::from("| flag | environment | default | meaning |\n");
    table.push_str("| --- | --- | --- | --- |\n");
    for argument in command.get_arguments() {
        let Some(name) = argument.get_long() else { continue };
        let value = argument.get_value_names().and_then(|names| names.first());
        let value = value.map(|value| value.to_string()).unwrap_or_default();
        let variable = argument.get_env().map(|name| name.to_string_lossy()).unwrap_or_default();
        let default = defaults.get(name).map(|default| format!("`{default}`")).unwrap_or_default();
        let meaning = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(table, "| `--{name} {value}` | `{variable}` | {default} | {meaning} |");
    }
    table
}
