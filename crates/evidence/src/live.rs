//! What was chosen and counted on this thread; nothing at all outside a test build.

#[cfg(feature = "live")]
pub use on::{Choice, choose, count, is_chosen, take_counts};

/// Whether that wrong version was chosen: never.
#[cfg(not(feature = "live"))]
#[inline(always)]
pub const fn is_chosen(_at: usize) -> bool {
    false
}

/// Counts nothing.
#[cfg(not(feature = "live"))]
#[inline(always)]
pub const fn count(_at: usize) {}

#[cfg(feature = "live")]
mod on {
    use std::cell::{Cell, RefCell};
    use std::marker::PhantomData;

    use crate::{MARKS, Mutant, mutant};

    /// No wrong version.
    const NONE: usize = usize::MAX;

    thread_local! {
        static CHOSEN: Cell<usize> = const { Cell::new(NONE) };
        static COUNTS: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
    }

    /// A wrong version is chosen on this thread for as long as this lives.
    pub struct Choice(PhantomData<*const ()>);

    impl Drop for Choice {
        fn drop(&mut self) {
            CHOSEN.set(NONE);
        }
    }

    /// Chooses a wrong version on this thread.
    #[must_use = "the choice ends when it is dropped"]
    pub fn choose(wrong: &Mutant) -> Choice {
        CHOSEN.set(mutant(wrong.name));
        Choice(PhantomData)
    }

    /// Whether that wrong version was chosen on this thread.
    #[inline]
    pub fn is_chosen(at: usize) -> bool {
        CHOSEN.get() == at
    }

    /// One more on this thread.
    #[inline]
    pub fn count(at: usize) {
        COUNTS.with_borrow_mut(|counts| {
            if counts.is_empty() {
                counts.resize(MARKS.len(), 0);
            }
            counts[at] += 1;
        });
    }

    /// What was counted on this thread since the last call, in the order of [`MARKS`].
    pub fn take_counts() -> Vec<u64> {
        let counts = COUNTS.with_borrow_mut(std::mem::take);
        if counts.is_empty() { vec![0; MARKS.len()] } else { counts }
    }
}

#[cfg(all(test, feature = "live"))]
mod tests {
    use super::{choose, take_counts};
    use crate::{MARKS, MUTANTS, mark, mutant, reached};

    #[test]
    fn only_what_was_chosen_is_wrong_and_only_while_it_is() {
        let choice = choose(&MUTANTS[mutant("ack-before-backup")]);
        assert!(mutant!("ack-before-backup"));
        assert!(!mutant!("read-without-round"));
        assert!(!std::thread::spawn(|| mutant!("ack-before-backup")).join().unwrap_or(true));
        drop(choice);
        assert!(!mutant!("ack-before-backup"));
    }

    #[test]
    fn marks_are_counted_until_they_are_taken() {
        take_counts();
        reached!("drop won");
        reached!("drop won");
        let counts = take_counts();
        assert_eq!(counts[mark("drop won")], 2);
        assert_eq!(counts.iter().sum::<u64>(), 2);
        assert_eq!(take_counts(), vec![0; MARKS.len()]);
    }
}
