//! What must happen again and again in the simulation, by name, for the table.

/// Sections with their names.
pub const WANTED: &[(&str, &[&str])] = &[];

/// Sudden ends of a running process.
pub const CRASHES: &[&str] = &[];
