//! The protocol that is explored.

use crate::bounds::Bounds;
use crate::rules::Rules;
use crate::wrong::Wrongs;

/// The protocol within bounds, correct or with wrong rules.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// What is in force.
    pub rules: Rules,
    /// Names of what must be reached, see [`crate::properties`].
    pub reached: Vec<&'static str>,
}

impl Protocol {
    /// The right rules.
    pub fn right(bounds: Bounds) -> Protocol {
        Protocol { rules: Rules { bounds, wrongs: Wrongs::default() }, reached: Vec::new() }
    }
}
