//! Mutations: exactly once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::timeout_at;

use crate::Error;
use crate::call::Mutation;
use crate::conclusion::{Conclusion, End};
use crate::repeat::Repeat;
use crate::session::Ticket;
use crate::shared::Shared;

impl Shared {
    /// Has `request` executed exactly once.
    pub async fn mutate<M: Mutation>(
        self: &Arc<Self>,
        mut request: M,
        limit: Duration,
    ) -> Result<M::Response, Error> {
        let began = Instant::now();
        let deadline = began + limit;
        loop {
            let ticket = self.ticket(deadline).await.map_err(|end| end.of_mutation(M::NAME))?;
            request.set_stamp(ticket.stamp());
            match self.repeat(&request, deadline, Repeat::Freely).await {
                Ok(response) => return Ok(response),
                Err(conclusion) => {
                    let gone = matches!(conclusion.end, End::SessionGone(_));
                    if gone {
                        ticket.end_session();
                    }
                    // Definitely not executed: another session may try. Else its answer went with
                    // the session.
                    if !gone || conclusion.in_doubt || Instant::now() >= deadline {
                        return Err(conclusion.of_mutation(M::NAME));
                    }
                }
            }
        }
    }

    /// A stamp of the session in use.
    pub async fn ticket(self: &Arc<Self>, deadline: Instant) -> Result<Ticket, Conclusion> {
        let began = Instant::now();
        let session = self.session(deadline).await?;
        let ticket = timeout_at(deadline.into(), session.ticket()).await;
        ticket.map_err(|_| Conclusion {
            end: End::TimeUp(Some("too many operations are under way in this client".to_owned())),
            in_doubt: false,
            waited: began.elapsed(),
        })
    }
}
