//! `understudy log`: prints the entries of a data directory.

mod describe;

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use understudy_protocol::{Entry, Index};
use understudy_wal::{Cut, OpenError, RealDisk, cuts, entries};

use crate::failure::Failure;
use crate::output::Output;
use crate::print;

/// Prints the log of a data directory: one entry per line, oldest first. Reads only.
#[derive(Debug, Args)]
pub struct Log {
    /// The data directory.
    dir: PathBuf,
    /// First index to print.
    #[arg(long, default_value_t = 0, value_name = "INDEX")]
    from: Index,
    /// How many entries to print at most.
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Print instead what was cut from the log in async mode and set aside, file by file.
    #[arg(long)]
    cut: bool,
    /// How to print; JSON is one object per line.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Output,
}

impl Log {
    pub fn run(self) -> Result<(), Failure> {
        let disk = RealDisk::new(&self.dir);
        if self.cut {
            return self.print_cuts(cuts(&disk).map_err(Failure::new)?);
        }
        for entry in self.wanted(entries(&disk).map_err(Failure::new)?) {
            let entry = entry.map_err(Failure::new)?;
            match self.output {
                Output::Text => print::line(text(&entry)),
                Output::Json => print::json(&to_json(&entry)),
            }
            print::written()?;
        }
        Ok(())
    }

    fn wanted<E>(
        &self,
        entries: impl Iterator<Item = Result<Entry, E>>,
    ) -> impl Iterator<Item = Result<Entry, E>> {
        let from = self.from;
        entries
            .filter(move |entry| entry.as_ref().map_or(true, |entry| entry.index >= from))
            .take(self.limit.unwrap_or(usize::MAX))
    }

    /// Every entry with the file that it is in; JSON has all of its payload. What a client sent again has
    /// one stamp and was to be executed once: it is printed once, and counted.
    fn print_cuts(&self, cuts: Vec<Result<Cut, OpenError>>) -> Result<(), Failure> {
        let (whole, damaged): (Vec<_>, Vec<_>) = cuts.into_iter().partition(Result::is_ok);
        let whole: Vec<Cut> = whole.into_iter().flatten().collect();
        let mut repeats = Repeats::of(&whole);
        for Cut { file, entries } in &whole {
            if self.output == Output::Text {
                print::line(format_args!("{file}, {} entries", entries.len()));
            }
            let first = entries.iter().filter_map(|entry| Some((entry, repeats.take(entry)?)));
            let wanted = first.filter(|(entry, _)| entry.index >= self.from);
            for (entry, again) in wanted.take(self.limit.unwrap_or(usize::MAX)) {
                match self.output {
                    Output::Text if again > 0 => {
                        print::line(format_args!("{}  (logged {again} more times)", text(entry)));
                    }
                    Output::Text => print::line(text(entry)),
                    Output::Json => {
                        let mut object = to_json(entry);
                        object["file"] = file.as_str().into();
                        object["repeats"] = again.into();
                        object["writes"] = describe::writes(entry);
                        print::json(&object);
                    }
                }
                print::written()?;
            }
        }
        // What can be read is printed first.
        match damaged.into_iter().find_map(Result::err) {
            Some(error) => Err(Failure::new(error)),
            None => Ok(()),
        }
    }
}

/// How often each stamp stands in what was cut.
struct Repeats(HashMap<(u64, u64), u64>);

impl Repeats {
    fn of(cuts: &[Cut]) -> Self {
        let mut counts = HashMap::new();
        for stamp in cuts.iter().flat_map(|cut| &cut.entries).filter_map(describe::stamp) {
            *counts.entry(stamp).or_default() += 1;
        }
        Repeats(counts)
    }

    /// How often an entry comes again, at its first place; `None` at the others.
    fn take(&mut self, entry: &Entry) -> Option<u64> {
        match describe::stamp(entry) {
            None => Some(0),
            Some(stamp) => self.0.remove(&stamp).map(|count| count - 1),
        }
    }
}

fn text(entry: &Entry) -> String {
    format!(
        "{:>8}  epoch {:<4} {}  {:<8} {}",
        entry.index,
        entry.epoch,
        describe::time(entry.time.wall),
        describe::kind(entry.kind),
        describe::payload(entry),
    )
}

fn to_json(entry: &Entry) -> serde_json::Value {
    json!({
        "index": entry.index,
        "epoch": entry.epoch,
        "wall_ns": entry.time.wall,
        "elapsed_ns": entry.time.elapsed,
        "kind": describe::kind(entry.kind),
        "hash": format!("{:016x}", entry.hash),
        "bytes": entry.payload.len(),
        "text": describe::payload(entry),
    })
}
