//! Text scripts that read like prose and are regenerated on demand, after the example of
//! etcd-io/raft's `testdata`.
//!
//! A line that begins with a word is a command; the indented lines after it are what it led to:
//! roles, the register, processes, answers, each with the time in seconds. They are compared in
//! tests, and written anew when the environment variable `UPDATE_SCENARIOS` is set. Blank lines and
//! lines that begin with `#` are kept. [`crate::scenario::COMMANDS`] lists the commands.

mod expect;
mod player;
mod words;

use std::path::Path;

use player::Player;

/// The commands of a script.
pub const COMMANDS: &str = "\
replicas a b c                 how many there are (first line; else a b)
settings sync-backups 2 min-copies 2    (before the first start)
settings async | settings deferred      (the same)
evict after 3s                 dropped backups are replaced (before the first start)
start a b | kill a | restart a | wipe a | pause a | resume a | leave a
power off a | power on a | hand over
partition a | b      partition a -> b      (hosts, `register`, `clients`)
heal                 break a b
register down | up | slow 5s | fast | edit | save | restore | replace | delete
register writes land after 3s | register writes land at once
register answers lost | register answers arrive
disk slow a 500ms | disk fast a | disk full a | disk empty a | fsync fails a
disk save a | disk restore a
clock a jumps 1h | clock a jumps -1h
put k v [if absent | if revision N] [at a] | get k [at a] | delete k [at a]
move k1 k2 v         a transaction: k1 goes, k2 is set to v, if k1 is there
send put ...         the same without waiting for the answer
run 2s               time passes
wait primary a | wait members a b | wait role a learner | wait whole | wait answers
expect primary a | nobody acts | members a b | epoch 3 | role a backup
expect get k = v [at a] | get k absent | ended a | halted a | waiting
status               a line for each replica and the register";

/// What a script led to.
#[derive(Debug)]
pub struct Outcome {
    /// The script with its output regenerated.
    pub text: String,
    /// Expectations that were not met, violations of safety, commands that make no sense; with
    /// the number of the command's line.
    pub failures: Vec<String>,
}

/// Plays a script.
pub fn play(script: &str) -> Outcome {
    let mut player = Player::new();
    let mut outcome = Outcome { text: String::new(), failures: Vec::new() };
    for (number, line) in script.lines().enumerate() {
        if line.starts_with(char::is_whitespace) && !line.trim().is_empty() {
            continue;
        }
        outcome.text.push_str(line.trim_end());
        outcome.text.push('\n');
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let done = player.command(line);
        for told in player.news() {
            outcome.text.push_str(&format!("    {told}\n"));
        }
        if let Err(why) = done {
            outcome.text.push_str(&format!("    NOT MET: {why}\n"));
            outcome.failures.push(format!("line {}: {line}: {why}", number + 1));
        }
    }
    outcome.failures.extend(player.verdict());
    outcome
}

/// Plays every `*.txt` of a folder, in order of name. `Err` is a report for people.
///
/// # Errors
/// When an expectation is not met, safety is violated, or the output is another than recorded.
pub fn check_folder(folder: &Path) -> Result<usize, String> {
    let files =
        std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<_> = files.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    let update = std::env::var_os("UPDATE_SCENARIOS").is_some();
    let mut report = String::new();
    for path in &files {
        let script = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        let Outcome { text, failures } = play(&script);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        for failure in failures {
            report.push_str(&format!("{name}: {failure}\n"));
        }
        if text != script && update {
            std::fs::write(path, &text).map_err(|error| error.to_string())?;
        } else if text != script {
            report.push_str(&format!("{name}: {}\n", first_difference(&script, &text)));
        }
    }
    if report.is_empty() { Ok(files.len()) } else { Err(report) }
}

fn first_difference(recorded: &str, now: &str) -> String {
    let pairs = recorded.lines().chain(["(end)"]).zip(now.lines().chain(["(end)"]));
    for (number, (recorded, now)) in pairs.enumerate() {
        if recorded != now {
            return format!(
                "line {}: recorded {recorded:?}, now {now:?} (UPDATE_SCENARIOS=1 records anew)",
                number + 1
            );
        }
    }
    "the output has another length (UPDATE_SCENARIOS=1 records anew)".into()
}
