//! What a replica says to those that take it for the primary, and it does not act.

use super::Core;
use crate::{ConnId, Effect, Message, Proposal, Refusal, Rejection, RequestId};

impl Core {
    /// Turns away requests that only a primary serves.
    pub fn turn_away(
        &mut self,
        proposals: Vec<Proposal>,
        reads: Vec<RequestId>,
        primary: Option<String>,
    ) {
        let ids = proposals.into_iter().map(|proposal| proposal.id).chain(reads).collect();
        self.reject(ids, primary);
    }

    /// Refuses whoever would follow; no other message has a meaning before one.
    pub fn refuse_hello(&mut self, conn: ConnId, message: &Message) {
        if let Message::Hello(_) = message {
            self.refuse(conn, Refusal::NotPrimary(self.state.epoch));
        }
    }

    /// Turns requests away: I do not act.
    pub fn reject(&mut self, ids: Vec<RequestId>, primary: Option<String>) {
        let why = Rejection::NotPrimary { primary, epoch: self.state.epoch };
        self.out.push(Effect::Reject(ids, why));
    }

    /// Refuses a stream.
    pub fn refuse(&mut self, conn: ConnId, refusal: Refusal) {
        self.out.push(Effect::Send(conn, Message::Refused(refusal)));
        self.out.push(Effect::Close(conn));
    }
}
