//! The history format: one JSON object per line, fields as in [`crate::Operation`].
//!
//! ```text
//! {"client":1,"id":7,"action":{"put":{"key":"a","value":"v1"}},"begin":10,"end":20,"outcome":{"ok":{"revision":3,"reply":{"put":{"version":1}}}}}
//! {"client":2,"id":1,"action":{"get":{"key":"a"}},"begin":12,"end":31,"outcome":{"ok":{"revision":3,"reply":{"get":{"found":{"value":"v1","revision":3,"version":1}}}}}}
//! {"client":1,"id":8,"action":{"delete":{"key":"a"}},"begin":21,"end":99,"outcome":"unknown"}
//! ```
//!
//! Lines are in any order; blank lines are skipped. One operation, or several, may have the field `store`,
//! which says where the history begins ([`Beginning`]):
//!
//! ```text
//! {"client":9,"id":0,"action":{"get":{"key":"a"}},"begin":1,"end":4,"outcome":{"ok":{"revision":41,"reply":{"get":{"found":null}}}},"store":{"revision":41,"others":true}}
//! ```

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use crate::{Beginning, Operation};

/// Why a history could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The file could not be read.
    #[error("cannot read the history: {0}; check the file")]
    Io(#[from] io::Error),
    /// A line is no operation.
    #[error("line {line} of the history is no operation: {why}; is the file complete?")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What the parser says.
        why: serde_json::Error,
    },
}

/// Writes one operation as one line.
///
/// # Errors
/// Those of the writer.
pub fn write_line(out: &mut impl Write, operation: &Operation) -> io::Result<()> {
    serde_json::to_writer(&mut *out, operation)?;
    out.write_all(b"\n")
}

/// Writes one operation as one line that says where the history begins, too.
///
/// # Errors
/// Those of the writer.
pub fn write_beginning(
    out: &mut impl Write,
    operation: &Operation,
    store: Beginning,
) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &First { operation, store })?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct First<'a> {
    #[serde(flatten)]
    operation: &'a Operation,
    store: Beginning,
}

/// Only that field.
#[derive(Deserialize)]
struct Begins {
    #[serde(default)]
    store: Beginning,
}

/// Reads the operations of a history.
///
/// # Errors
/// [`FormatError`], with the first line that is no operation.
pub fn read_lines(input: impl BufRead) -> Result<Vec<Operation>, FormatError> {
    read_history(input).map(|(_, operations)| operations)
}

/// Reads a whole history, and where it begins.
///
/// # Errors
/// As for [`read_lines`].
pub fn read_history(input: impl BufRead) -> Result<(Beginning, Vec<Operation>), FormatError> {
    let mut beginning = Beginning::default();
    let mut history = Vec::new();
    for (number, line) in input.lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let wrong = |why| FormatError::Line { line: number + 1, why };
        history.push(serde_json::from_str(&line).map_err(wrong)?);
        // Few lines have it: the others are not read twice.
        if line.contains("\"store\"") {
            let Begins { store } = serde_json::from_str(&line).map_err(wrong)?;
            beginning = beginning.and(store);
        }
    }
    Ok((beginning, history))
}
