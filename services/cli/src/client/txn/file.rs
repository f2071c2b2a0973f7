//! A Txn as a JSON file.

use std::io;
use std::path::Path;

use serde::Deserialize;

use crate::failure::Failure;

/// A Txn as a JSON file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// All must hold.
    #[serde(rename = "if", default)]
    pub conditions: Vec<Words>,
    /// Executed if they do.
    #[serde(default)]
    pub then: Vec<Words>,
    /// Executed if not.
    #[serde(rename = "else", default)]
    pub otherwise: Vec<Words>,
}

/// One condition or operation.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a text, or a list of words")]
pub enum Words {
    /// As it would be typed.
    Line(String),
    /// Word for word, so that nothing needs quotes.
    List(Vec<String>),
}

impl File {
    /// Reads the file at `path`; `-` is standard input.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = match path.to_str() {
            Some("-") => io::read_to_string(io::stdin()),
            _ => std::fs::read_to_string(path),
        };
        let name = path.display();
        let text = text.map_err(|error| Failure::new(format!("cannot read {name}: {error}")))?;
        serde_json::from_str(&text)
            .map_err(|error| Failure::usage(format!("{name} is not a txn as JSON: {error}")))
    }

    /// What the arguments say.
    pub fn of_arguments(conditions: &[String], then: &[String], otherwise: &[String]) -> Self {
        let words = |lines: &[String]| lines.iter().cloned().map(Words::Line).collect();
        Self { conditions: words(conditions), then: words(then), otherwise: words(otherwise) }
    }
}
