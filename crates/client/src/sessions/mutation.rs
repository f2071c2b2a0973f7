//! Mutations: exactly once.

use std::time::{Duration, Instant};

use super::Sessions;
use crate::Error;
use crate::call::Mutation;
use crate::outcome::End;
use crate::transport::retry::Delivery;

impl Sessions {
    /// Has `request` executed exactly once.
    pub async fn mutate<M: Mutation>(
        &self,
        mut request: M,
        limit: Duration,
    ) -> Result<M::Response, Error> {
        let began = Instant::now();
        let deadline = began + limit;
        loop {
            let ticket = self.ticket(deadline).await.map_err(|end| end.of_mutation(M::NAME))?;
            request.set_stamp(ticket.stamp());
            match self.transport.call(&request, deadline, Delivery::AtLeastOnce).await {
                Ok(response) => return Ok(response),
                Err(outcome) => {
                    let gone = matches!(outcome.end, End::SessionGone(_));
                    if gone {
                        ticket.end_session();
                    }
                    // Definitely not executed: another session may try. Else its answer went with
                    // the session.
                    if !gone || outcome.in_doubt || Instant::now() >= deadline {
                        return Err(outcome.of_mutation(M::NAME));
                    }
                }
            }
        }
    }
}
