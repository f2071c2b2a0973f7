//! Recorded operations of a key-value store and the checkers that judge them.
//!
//! A history is a list of [`Operation`]s, in memory or as JSON lines ([`write_line`],
//! [`read_lines`]), so that other checkers can be run on the same file. [`check`] gives the
//! [`Verdict`]:
//!
//! * **order** ([`mod@order`]): the revisions in the answers put everything that was answered into
//!   one total order; that order must not contradict real time;
//! * **replay** ([`mod@replay`]): along that order a plain model must give every recorded answer,
//!   where operations of unknown outcome may be placed or left out (Wing and Gong's search with
//!   Lowe's memory of dead ends);
//! * **account** ([`mod@account`]): nothing acknowledged is lost, nothing is executed twice, nothing
//!   that failed is seen;
//! * **kept** ([`mod@kept`]): which old revisions can be read at which time.
//!
//! Demands on the recording: written values are unique, keys are absent when it begins, and
//! all writers of its keys are in it. For [`check`] the store is new and nobody else writes to it;
//! [`check_among_others`] does without that, and [`check_from`] begins where the history says
//! ([`Beginning`]).

pub mod account;
mod beginning;
mod check;
mod evidence;
mod format;
pub mod kept;
mod model;
mod operation;
pub mod order;
pub mod replay;
mod verdict;

pub use beginning::Beginning;
pub use check::{check, check_among_others, check_from};
pub use format::{FormatError, read_history, read_lines, write_beginning, write_line};
pub use model::{Cell, Store};
pub use operation::{
    Action, Answer, Compare, Condition, Found, Operation, Outcome, Relation, Reply, Step, Target,
};
pub use verdict::{Property, Verdict, Violation};
