//! Which old revisions can be read: those that the store has got to, until it forgets them.
//!
//! What was found there is [`crate::replay`]'s part, and when the store had got where [`crate::order`]'s.
//! How much the store is to keep no history tells, so one that forgets too early is not noticed.

use crate::{Action, Operation, Property, Reply, Verdict};

/// Reports answers about old revisions that contradict themselves, or an earlier one.
pub(crate) fn judge(history: &[Operation], verdict: &mut Verdict) {
    let mut reads: Vec<Read<'_>> = history.iter().filter_map(Read::of).collect();
    for read in reads.iter().filter(|read| !read.makes_sense()) {
        read.contradicts("itself", verdict);
    }
    let mut forgets: Vec<Read<'_>> =
        reads.iter().filter(|read| read.forgotten()).copied().collect();
    forgets.sort_by_key(|read| read.operation.end);
    reads.sort_by_key(|read| read.operation.begin);
    let mut forgets = forgets.into_iter().peekable();
    // The newest beginning of the kept history that had been told so far.
    let mut oldest: Option<Read<'_>> = None;
    for read in reads {
        while let Some(told) = forgets.next_if(|told| told.operation.end < read.operation.begin) {
            if oldest.is_none_or(|oldest| oldest.at < told.at) {
                oldest = Some(told);
            }
        }
        if let (Reply::Get { .. }, Some(told)) = (read.reply, oldest)
            && read.revision < told.at
        {
            read.contradicts(&told.operation.describe(), verdict);
        }
    }
}

/// An answered read at an old revision.
#[derive(Clone, Copy)]
struct Read<'a> {
    operation: &'a Operation,
    revision: u64,
    reply: &'a Reply,
    /// What the answer calls the store's revision, or the oldest that is kept.
    at: u64,
}

impl<'a> Read<'a> {
    fn of(operation: &'a Operation) -> Option<Self> {
        let Action::GetAt { revision, .. } = operation.action else { return None };
        let answer = operation.answer()?;
        Some(Read { operation, revision, reply: &answer.reply, at: answer.revision })
    }

    fn forgotten(&self) -> bool {
        *self.reply == Reply::Compacted
    }

    /// Found: the store had got there. Refused: it had not. Compacted: others are the oldest kept.
    fn makes_sense(&self) -> bool {
        match self.reply {
            Reply::Get { .. } => self.revision <= self.at,
            Reply::Refused => self.revision > self.at,
            Reply::Compacted => self.revision < self.at,
            _ => false,
        }
    }

    fn contradicts(&self, what: &str, verdict: &mut Verdict) {
        let explanation = format!("{} contradicts {what}", self.operation.describe());
        verdict.add(Property::OldRevisions, explanation);
    }
}
