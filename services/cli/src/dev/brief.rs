//! What a user needs of all that happens to a pair: who runs, who has which role and why, and what is wrong.

use serde_json::{Map, Value};

use crate::pair::{Plan, ProcessEvent};

/// Where the replicas' log is asked for otherwise: it is shown as it is then.
const VARIABLES: [&str; 2] = ["UNDERSTUDY_LOG", "UNDERSTUDY_LOG_FORMAT"];

/// Whether the user has said how the replicas shall log.
pub fn is_log_wanted(serve: &[String]) -> bool {
    let flags = serve.iter().any(|word| word.starts_with("--log"));
    flags || VARIABLES.iter().any(|name| std::env::var_os(name).is_some())
}

/// Has the replicas log as [`line`] reads it.
pub fn prepare(plan: &mut Plan) {
    for replica in &mut plan.replicas {
        replica.environment.push((VARIABLES[1].to_owned(), "json".to_owned()));
    }
}

/// One short line; none for what only whoever looks for something needs.
pub fn line(event: &ProcessEvent) -> Option<String> {
    let at = |name: &str, what: String| {
        let now = jiff::Timestamp::now().strftime("%H:%M:%S%.3f");
        Some(format!("{now}Z  {name}  {what}"))
    };
    match event {
        ProcessEvent::Started { name, pid } => at(name, format!("runs as process {pid}")),
        ProcessEvent::Ended { name, pid, how, again_in } => {
            let ms = again_in.as_millis();
            at(name, format!("process {pid} is gone ({how}), back in {ms} ms"))
        }
        ProcessEvent::Line { name, text } => match serde_json::from_str(text) {
            Ok(Value::Object(record)) => {
                logged(&record).map(|(time, what)| format!("{time}Z  {name}  {what}"))
            }
            // No line of the log: whatever it is, it is not usual.
            _ => Some(format!("{name} | {text}")),
        },
    }
}

/// The time and what is said of a line of the log.
fn logged(record: &Map<String, Value>) -> Option<(&str, String)> {
    let text = |field: &str| record.get(field).and_then(Value::as_str).unwrap_or_default();
    let time = text("timestamp").get(11..23).unwrap_or_default();
    let what = match (text("level"), text("message")) {
        ("INFO", "transition") => {
            let epoch = record.get("epoch").and_then(Value::as_u64).unwrap_or_default();
            format!("{} (epoch {epoch}): {}", text("to"), text("why"))
        }
        (level @ ("WARN" | "ERROR"), message) => {
            let known = ["timestamp", "level", "message", "replica"];
            let others = record.iter().filter(|(field, _)| !known.contains(&field.as_str()));
            let others: String = others.map(|(field, value)| format!(" {field}={value}")).collect();
            format!("{level} {message}{others}")
        }
        _ => return None,
    };
    Some((time, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        line(&ProcessEvent::Line { name: "a", text: text.to_owned() })
    }

    #[test]
    fn roles_and_what_is_wrong_are_shown_and_the_rest_is_not() {
        let transition = r#"{"timestamp":"2026-12-01T08:10:51.926036Z","level":"INFO","message":"transition","replica":"a","from":"backup","to":"opening","epoch":2,"why":"the primary's process is gone","lasted":"4.0s"}"#;
        let shown = "08:10:51.926Z  a  opening (epoch 2): the primary's process is gone";
        assert_eq!(of(transition).as_deref(), Some(shown));
        let wrong = r#"{"timestamp":"2026-12-01T08:10:51.926036Z","level":"WARN","message":"the disk is full","replica":"a","bytes":7}"#;
        assert_eq!(of(wrong).as_deref(), Some("08:10:51.926Z  a  WARN the disk is full bytes=7"));
        let life = r#"{"timestamp":"2026-12-01T08:10:51.926036Z","level":"INFO","message":"a life begins","replica":"a"}"#;
        assert_eq!(of(life), None);
        let panic = "thread 'main' panicked at src/main.rs:1:2:";
        assert_eq!(of(panic), Some(format!("a | {panic}")));
    }
}
