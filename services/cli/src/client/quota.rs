//! `understudy quota`.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Map, json};
use understudy_proto::admin::v1 as admin;

use super::connection::Connection;
use super::{duration, grid, owners, print, record, size};
use crate::failure::Failure;

/// Shows what the store takes and what is used of it, and changes it on all replicas at once, through the
/// log.
///
/// A bound that is lowered below what is there deletes nothing: only growth is refused. The last line, memory-bytes, is
/// what the replica with the least memory has for the store, and what all of it takes: it takes precedence. Without a
/// subcommand it shows the bounds, or changes those that are given.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  understudy quota show
  understudy quota set --max-bytes 6GiB --max-keys 20000000
  understudy quota set --max-history-revisions 100000 --max-history-bytes 256MiB
  understudy quota owners"
)]
pub struct Quota {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Shows all bounds, and what is used of them.
    Show,
    /// Changes the bounds that are given.
    Set {
        #[command(flatten)]
        change: Box<Change>,
    },
    /// Shows who has how many sessions, leases and generators.
    Owners,
}

/// What is to change.
#[derive(Debug, Default, Args)]
struct Change {
    /// Bytes of all keys and values together.
    #[arg(long, value_name = "BYTES", value_parser = size::parse)]
    max_bytes: Option<u64>,
    /// Keys.
    #[arg(long, value_name = "COUNT")]
    max_keys: Option<u64>,
    /// Bytes of one key, 1 to 4096.
    #[arg(long, value_name = "BYTES", value_parser = size::parse)]
    max_key_bytes: Option<u64>,
    /// Bytes of one value.
    #[arg(long, value_name = "BYTES", value_parser = size::parse)]
    max_value_bytes: Option<u64>,
    /// Elements in each list of a txn, 1 to 128.
    #[arg(long, value_name = "COUNT")]
    max_txn_operations: Option<u64>,
    /// Keys that the ranges of one operation may touch together.
    #[arg(long, value_name = "COUNT")]
    max_range_keys: Option<u64>,
    /// Bytes of one response.
    #[arg(long, value_name = "BYTES", value_parser = size::parse)]
    max_response_bytes: Option<u64>,
    /// Open sessions.
    #[arg(long, value_name = "COUNT")]
    max_sessions: Option<u64>,
    /// The shortest time to live that a session may ask for.
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    min_session_ttl: Option<Duration>,
    /// The longest time to live that a session may ask for.
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    max_session_ttl: Option<Duration>,
    /// Bytes of answers held for retries in one session.
    #[arg(long, value_name = "BYTES", value_parser = size::parse)]
    max_session_held_bytes: Option<u64>,
    /// Bytes of answers held for retries in all sessions.
    #[arg(long, value_name = "BYTES", value_parser = size::parse)]
    max_held_bytes: Option<u64>,
    /// Leases.
    #[arg(long, value_name = "COUNT")]
    max_leases: Option<u64>,
    /// Generators.
    #[arg(long, value_name = "COUNT")]
    max_generators: Option<u64>,
    /// Revisions of history; beyond it those older than --min-history are forgotten.
    #[arg(long, value_name = "COUNT")]
    max_history_revisions: Option<u64>,
    /// Bytes of history; beyond it the oldest revisions are forgotten.
    #[arg(long, value_name = "BYTES", value_parser = size::parse)]
    max_history_bytes: Option<u64>,
    /// How old revisions are at least when they are forgotten for their number alone.
    #[arg(long, value_name = "TIME", value_parser = duration::parse_or_zero)]
    min_history: Option<Duration>,
    /// What one owner may have of the sessions, leases and generators: percent of what the others leave, 1 to 100.
    #[arg(long, value_name = "PERCENT")]
    max_owner_percent: Option<u64>,
}

impl Quota {
    pub async fn run(self) -> Result<(), Failure> {
        let connection = self.connection;
        let change = match self.what {
            None => self.change.asked(),
            Some(What::Show) => admin::Quota::default(),
            Some(What::Set { change }) => match change.asked() {
                asked if asked == admin::Quota::default() => {
                    return Err(Failure::usage("nothing is to change: give a bound, see --help"));
                }
                asked => asked,
            },
            Some(What::Owners) => return owners::show(&connection).await,
        };
        let client = connection.client();
        let changes = change != admin::Quota::default();
        let (quota, usage) = match changes {
            true => {
                let answer = client.update_quota(change).await?;
                (answer.quota, answer.usage)
            }
            false => {
                let answer = client.quota().await?;
                (answer.quota, answer.usage)
            }
        };
        let bounds = bounds(&quota.unwrap_or_default(), &usage.unwrap_or_default());
        match connection.json() {
            true => print::json(&record::answer(&client, object(&bounds).into())),
            false => print::line(table(&bounds)),
        }
        // A change is done, printed or not.
        if changes { Ok(()) } else { print::written() }
    }
}

impl Change {
    /// As it is asked for: the rest is left out.
    fn asked(&self) -> admin::Quota {
        let ms = |time: Option<Duration>| {
            time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
        };
        admin::Quota {
            max_key_bytes: self.max_key_bytes,
            max_value_bytes: self.max_value_bytes,
            max_txn_operations: self.max_txn_operations,
            max_range_keys: self.max_range_keys,
            max_response_bytes: self.max_response_bytes,
            max_keys: self.max_keys,
            max_bytes: self.max_bytes,
            max_sessions: self.max_sessions,
            min_session_ttl_ms: ms(self.min_session_ttl),
            max_session_ttl_ms: ms(self.max_session_ttl),
            max_session_held_bytes: self.max_session_held_bytes,
            max_held_bytes: self.max_held_bytes,
            max_leases: self.max_leases,
            max_generators: self.max_generators,
            max_history_revisions: self.max_history_revisions,
            max_history_bytes: self.max_history_bytes,
            min_history_ms: ms(self.min_history),
            max_owner_percent: self.max_owner_percent,
        }
    }
}

/// One bound.
struct Bound {
    name: &'static str,
    value: u64,
    /// Where it is known.
    used: Option<u64>,
    unit: Unit,
}

enum Unit {
    Bytes,
    Count,
    Milliseconds,
    Percent,
}

fn bounds(quota: &admin::Quota, usage: &admin::Usage) -> Vec<Bound> {
    use Unit::{Bytes, Count, Milliseconds, Percent};
    let bound = |name, value: Option<u64>, unit, used| {
        let value = value.unwrap_or_default();
        Bound { name, value, used, unit }
    };
    let mut bounds = vec![
        bound("max_bytes", quota.max_bytes, Bytes, Some(usage.bytes)),
        bound("max_keys", quota.max_keys, Count, Some(usage.keys)),
        bound("max_key_bytes", quota.max_key_bytes, Bytes, None),
        bound("max_value_bytes", quota.max_value_bytes, Bytes, None),
        bound("max_txn_operations", quota.max_txn_operations, Count, None),
        bound("max_range_keys", quota.max_range_keys, Count, None),
        bound("max_response_bytes", quota.max_response_bytes, Bytes, None),
        bound("max_sessions", quota.max_sessions, Count, Some(usage.sessions)),
        bound("min_session_ttl_ms", quota.min_session_ttl_ms, Milliseconds, None),
        bound("max_session_ttl_ms", quota.max_session_ttl_ms, Milliseconds, None),
        bound("max_session_held_bytes", quota.max_session_held_bytes, Bytes, None),
        bound("max_held_bytes", quota.max_held_bytes, Bytes, Some(usage.held_bytes)),
        bound("max_leases", quota.max_leases, Count, Some(usage.leases)),
        bound("max_generators", quota.max_generators, Count, Some(usage.generators)),
        bound("max_history_revisions", quota.max_history_revisions, Count, None),
        bound("max_history_bytes", quota.max_history_bytes, Bytes, Some(usage.history_bytes)),
        bound("min_history_ms", quota.min_history_ms, Milliseconds, None),
        bound("max_owner_percent", quota.max_owner_percent, Percent, None),
    ];
    // No bound that can be set: it comes from what the replicas have.
    let memory = Some(usage.max_memory_bytes).filter(|bytes| *bytes > 0);
    if memory.is_some() {
        bounds.push(bound("memory_bytes", memory, Bytes, Some(usage.memory_bytes)));
    }
    bounds
}

/// The bounds by name, and under `used` what is used of those of which it is known.
fn object(bounds: &[Bound]) -> Map<String, serde_json::Value> {
    let mut object: Map<_, _> =
        bounds.iter().map(|bound| (bound.name.to_owned(), bound.value.into())).collect();
    let used: Map<_, _> = bounds
        .iter()
        .filter_map(|bound| {
            Some((bound.name.trim_start_matches("max_").to_owned(), bound.used?.into()))
        })
        .collect();
    object.insert("used".to_owned(), json!(used));
    object
}

fn table(bounds: &[Bound]) -> String {
    let row = |bound: &Bound| {
        let text = |value| match bound.unit {
            Unit::Bytes => size::text(value),
            Unit::Count => print::grouped(value),
            Unit::Milliseconds => format!("{} ms", print::grouped(value)),
            Unit::Percent => format!("{value} %"),
        };
        let used = bound.used.map_or_else(|| "-".to_owned(), text);
        vec![bound.name.trim_end_matches("_ms").replace('_', "-"), text(bound.value), used]
    };
    grid::text(&["BOUND", "VALUE", "USED"], bounds.iter().map(row).collect(), &[1, 2])
}
