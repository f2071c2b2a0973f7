//! A recorded history read with nothing but a JSON parser.

use std::path::Path;

use serde_json::Value;

/// What was counted in a history.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub operations: u64,
    pub acknowledged: u64,
    pub failed: u64,
    pub unknown: u64,
}

/// Counts, and checks what docs/history.md promises of each line.
pub fn count(path: &Path) -> Counted {
    let mut counted = Counted::default();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let operation: Value = serde_json::from_str(line).unwrap();
        let number = |name: &str| operation[name].as_u64().unwrap_or_else(|| panic!("{line}"));
        assert!(number("begin") <= number("end"), "{line}");
        assert!(operation["action"].as_object().is_some_and(|action| action.len() == 1), "{line}");
        counted.operations += 1;
        match &operation["outcome"] {
            Value::String(outcome) if outcome == "failed" => counted.failed += 1,
            Value::String(outcome) if outcome == "unknown" => counted.unknown += 1,
            Value::Object(outcome) => {
                assert!(outcome["ok"]["revision"].is_u64(), "{line}");
                counted.acknowledged += 1;
            }
            _ => panic!("{line}"),
        }
    }
    counted
}

/// The same figures as a report has them.
pub fn reported(report: &Value) -> Counted {
    let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{report}"));
    Counted {
        operations: report["operations"].as_object().unwrap().values().map(number).sum(),
        acknowledged: number(&report["verdict"]["acknowledged"]),
        failed: number(&report["verdict"]["failed"]),
        unknown: number(&report["verdict"]["unknown"]),
    }
}
