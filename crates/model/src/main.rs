//! `understudy-model`: explores the rules within bounds, and shows what wrong rules lead to.

use std::fmt::Display;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use comfy_table::{ContentArrangement, Table, presets::UTF8_HORIZONTAL_ONLY};
use understudy_model::cases::{self, Case};
use understudy_model::configurations::{self, Size};
use understudy_model::document;
use understudy_model::report::{
    EXPLORED, REFUTED, Row, explored, markdown, refuted, story, walked,
};
use understudy_model::wrong::Wrong;

/// Explores the protocol's rules completely within bounds, then looks for what wrong rules lead to.
///
/// Exits with 1 if a property is violated or never reached with the right rules, or if a wrong rule
/// leads to anything else than what docs/model.md says.
#[derive(Parser)]
struct Arguments {
    /// Larger bounds: minutes, and gigabytes of memory.
    #[arg(long)]
    deep: bool,
    /// Only the configurations and wrong rules whose name contains this.
    #[arg(long, conflicts_with = "markdown")]
    only: Option<String>,
    /// Print the counterexamples of this wrong rule, and explore nothing else.
    #[arg(long, value_name = "NAME", value_parser = wrong)]
    wrong: Option<Wrong>,
    /// List the configurations and the wrong rules.
    #[arg(long)]
    list: bool,
    /// Write the tables into this file, between its marks.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "docs/model.md")]
    markdown: Option<PathBuf>,
    /// Walk at random through everything at once for this many steps, instead of exploring.
    #[arg(long, value_name = "STEPS")]
    walk: Option<usize>,
    /// The walk's seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

fn wrong(name: &str) -> Result<Wrong, String> {
    Wrong::named(name).ok_or_else(|| format!("there is no wrong rule {name}; see --list"))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let size = if arguments.deep { Size::Deep } else { Size::Usual };
    if arguments.list {
        list(size);
        return ExitCode::SUCCESS;
    }
    if let Some(wrong) = arguments.wrong {
        return tell(wrong);
    }
    if let Some(steps) = arguments.walk {
        return walk(steps, arguments.seed);
    }
    let wanted = |name: &str| arguments.only.as_ref().is_none_or(|only| name.contains(only));
    let mut explorations = Vec::new();
    for configuration in configurations::all(size).iter().filter(|c| wanted(c.name)) {
        let row = explored(configuration, arguments.threads);
        say(row.cells.join(" | "));
        explorations.push(row);
    }
    let mut cases = cases::all();
    cases.retain(|case| wanted(&case.name()));
    let searches = cases.chunks(arguments.threads.max(1));
    let refutations: Vec<Row> = searches.flat_map(side_by_side).collect();
    print(&EXPLORED, &explorations);
    print(&REFUTED, &refutations);
    if let Some(path) = arguments.markdown
        && let Err(why) = write(&path, size, &explorations, &refutations)
    {
        eprintln!("cannot write the tables into {}: {why}", path.display());
        return ExitCode::FAILURE;
    }
    let as_expected = explorations.iter().chain(&refutations).all(|row| row.as_expected);
    if as_expected { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The search for the shortest way uses one thread each.
fn side_by_side(cases: &[Case]) -> Vec<Row> {
    std::thread::scope(|scope| {
        let searches: Vec<_> = cases.iter().map(|case| scope.spawn(|| refuted(case))).collect();
        searches.into_iter().map(|search| search.join().expect("a search does not panic")).collect()
    })
}

/// A line for any reader that is left: a closed pipe does not change what was found.
fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn list(size: Size) {
    for configuration in configurations::all(size) {
        say(format!("{}: {}", configuration.name, configuration.bounds));
    }
    say("");
    for wrong in Wrong::ALL {
        say(format!("{} (rule {}): {}", wrong.name(), wrong.rule(), wrong.says()));
    }
}

fn tell(wrong: Wrong) -> ExitCode {
    for case in cases::all().iter().filter(|case| case.wrongs.contains(&wrong)) {
        say(story(case));
    }
    ExitCode::SUCCESS
}

fn walk(steps: usize, seed: u64) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for (replicas, named) in [(2, 2), (2, 1), (3, 3), (3, 2)] {
        let bounds = configurations::walked(replicas, named);
        let row = walked(bounds, seed, steps);
        say(row.cells.join(" | "));
        if !row.as_expected {
            code = ExitCode::FAILURE;
        }
    }
    code
}

fn print(head: &[&str], rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(head.to_vec());
    for row in rows {
        table.add_row(row.cells.clone());
    }
    say(table);
}

fn write(
    path: &PathBuf,
    size: Size,
    explorations: &[Row],
    refutations: &[Row],
) -> Result<(), String> {
    let mut text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let section = if size == Size::Deep { "deep" } else { "explored" };
    text = document::replace(&text, section, &markdown(&EXPLORED, explorations))?;
    text = document::replace(&text, "wrong rules", &markdown(&REFUTED, refutations))?;
    std::fs::write(path, text).map_err(|error| error.to_string())
}
