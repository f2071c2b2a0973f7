//! A small abstract model of the rules in docs/protocol.md, explored completely within bounds; and
//! the wrong rules that look right, each with its counterexample. See docs/model.md.

pub mod action;
pub mod bounds;
pub mod cases;
pub mod check;
pub mod configurations;
pub mod document;
pub mod log;
pub mod model;
pub mod names;
pub mod properties;
pub mod protocol;
pub mod register;
pub mod report;
pub mod rules;
pub mod state;
pub mod stream;
pub mod trace;
pub mod walk;
pub mod wrong;
