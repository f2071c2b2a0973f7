//! Evidence in the code itself, seen by a test build alone.
//!
//! Two macros stand where the code is that they speak of:
//!
//! - [`correct!`] is the right expression, or a wrong version of it that was chosen at run time, on this
//!   thread. A test that does not catch every one of [`MUTANTS`] is not worth its time.
//! - [`reached!`] counts that a rule was exercised. A simulation that never reaches one of
//!   [`MARKS`] says nothing about it.
//!
//! Names are checked when the code is compiled. Without the feature `live`, which the simulation turns
//! on and the `understudy` command does not, the macros are `false` and nothing.
//!
//! What is chosen and counted belongs to a thread: a step function that is otherwise pure stays
//! so for everybody who chooses nothing.

mod live;
mod marks;
mod mutants;

#[cfg(feature = "live")]
pub use live::{Choice, choose, take_counts};
pub use live::{count, is_chosen};
pub use marks::{MARKS, Mark, mark};
pub use mutants::{MUTANTS, Mutant, mutant, named};

/// The right expression, and after it the wrong versions of it, each with its name: the chosen one is
/// evaluated, and nothing else. Outside a test build that is always the right one.
///
/// ```
/// use understudy_evidence::correct;
///
/// let (durable, last) = (7, 9);
/// assert_eq!(correct!(durable, "ack-before-own-disk" => last), 7);
/// ```
#[macro_export]
macro_rules! correct {
    ($right:expr, $($name:literal => $wrong:expr),+ $(,)?) => {
        $(if $crate::mutant!($name) { $wrong } else)+ { $right }
    };
}

/// Whether the wrong version with that name was chosen. Always `false` outside a test build.
#[doc(hidden)]
#[macro_export]
macro_rules! mutant {
    ($name:literal) => {{
        const AT: usize = $crate::mutant($name);
        $crate::is_chosen(AT)
    }};
}

/// Counts that the situation with that name has come up.
#[macro_export]
macro_rules! reached {
    ($name:literal) => {{
        const AT: usize = $crate::mark($name);
        $crate::count(AT)
    }};
}

/// Where a name stands in a table; a compile error where it does not.
const fn index_of(name: &str, names: &[&str]) -> usize {
    let mut at = 0;
    while at < names.len() {
        if equal(name.as_bytes(), names[at].as_bytes()) {
            return at;
        }
        at += 1;
    }
    panic!("the table has no such name");
}

const fn equal(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}
