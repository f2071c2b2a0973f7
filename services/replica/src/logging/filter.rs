//! Which lines are written: what a text such as `info,h2=debug` means.

use tracing_subscriber::EnvFilter;

/// The filter that a text means: levels, each for the whole program or for one `TARGET=LEVEL`. What
/// is left out is written from `info` on.
///
/// The library takes any other word for a target and mutes all else; here it is refused.
pub(crate) fn filter(text: &str) -> Result<EnvFilter, String> {
    let why = |part: &str| {
        format!(
            "{part:?} is neither a level (off, error, warn, info, debug, trace) nor TARGET=LEVEL"
        )
    };
    let mut directives = Vec::new();
    let mut general = false;
    for part in text.split(',').map(str::trim) {
        let (target, level) = part.split_once('=').map_or(("", part), |(t, level)| (t, level));
        if !LEVELS.contains(&level.to_ascii_lowercase().as_str()) || !is_target(target, part) {
            return Err(why(part));
        }
        general |= target.is_empty();
        directives.push(part);
    }
    if !general {
        directives.push("info");
    }
    EnvFilter::try_new(directives.join(",")).map_err(|error| format!("{text:?}: {error}"))
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Whether `part` names no target, or one that a module can have.
fn is_target(target: &str, part: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-:.".contains(c);
    !part.starts_with('=') && target.chars().all(fits)
}
