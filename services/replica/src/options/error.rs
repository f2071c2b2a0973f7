//! What can be wrong with options.

use std::io;

/// What can be wrong with options; one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// The file could not be read.
    #[error("cannot read the options file {path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// What the file system answered.
        source: io::Error,
    },
    /// The file is not TOML, or has an option that does not exist.
    #[error("the options file {path} is wrong: {why}")]
    Content {
        /// Which file.
        path: String,
        /// What is wrong, on one line.
        why: String,
    },
    /// An option that must be given is not.
    #[error("option {0} is missing: give --{0}, or set it in the environment or the options file")]
    Missing(&'static str),
    /// An option has a value that cannot be.
    #[error("option {option} cannot be {value:?}: {why}")]
    Wrong {
        /// Which option.
        option: &'static str,
        /// Its value.
        value: String,
        /// Why it cannot be.
        why: String,
    },
}
