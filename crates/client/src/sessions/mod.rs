//! The session in use: what makes mutations exactly-once.

mod keep_alive;
mod mutation;
mod sequences;
mod session;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use tokio::sync::Mutex;
use tokio::time::timeout_at;
use understudy_proto::kv::v1::{CloseSessionRequest, OpenSessionRequest};

use crate::outcome::{End, Outcome};
use crate::transport::Transport;
use crate::transport::retry::Delivery;
use session::Session;
pub(crate) use session::Ticket;

/// The session in use: opened when the first mutation needs it, and anew when the server has said
/// that it is gone.
#[derive(Debug)]
pub(crate) struct Sessions {
    transport: Arc<Transport>,
    /// Each is kept alive by a task for as long as it is here, or a ticket of it is in use.
    current: RwLock<Option<Arc<Session>>>,
    /// Held by who opens a session: one at a time.
    opening: Mutex<()>,
}

impl Sessions {
    pub fn new(transport: Arc<Transport>) -> Self {
        Self { transport, current: RwLock::default(), opening: Mutex::default() }
    }

    /// A stamp of the session in use.
    pub async fn ticket(&self, deadline: Instant) -> Result<Ticket, Outcome> {
        let began = Instant::now();
        let session = self.session(deadline).await?;
        let ticket = timeout_at(deadline.into(), session.ticket()).await;
        ticket.map_err(|_| Outcome {
            end: End::TimeUp(Some("too many operations are under way in this client".to_owned())),
            in_doubt: false,
            waited: began.elapsed(),
        })
    }

    /// Closes the session in use, as far as that is possible until `deadline`.
    pub async fn close(&self, deadline: Instant) {
        let Some(session) = self.current() else { return };
        session.end();
        self.replace(None);
        let request = CloseSessionRequest { session_id: session.id };
        // A session that cannot be closed expires.
        let _ = self.transport.call(&request, deadline, Delivery::AtLeastOnce).await;
    }

    /// The session in use, opened if there is none. Its failures change nothing: a session that
    /// nobody knows of expires by itself.
    async fn session(&self, deadline: Instant) -> Result<Arc<Session>, Outcome> {
        if let Some(session) = self.current() {
            return Ok(session);
        }
        let began = Instant::now();
        let late = |_| Outcome {
            end: End::TimeUp(Some("no session could be opened".to_owned())),
            in_doubt: false,
            waited: began.elapsed(),
        };
        let _one_at_a_time =
            timeout_at(deadline.into(), self.opening.lock()).await.map_err(late)?;
        if let Some(session) = self.current() {
            return Ok(session);
        }
        let ttl = self.transport.options().session_ttl;
        // 0 would ask for what the store gives by default.
        let ttl_ms = ttl.as_millis().max(1).try_into().unwrap_or(i64::MAX);
        let request = OpenSessionRequest { ttl_ms };
        let opened = self.transport.call(&request, deadline, Delivery::AtLeastOnce).await;
        let opened = opened.map_err(|outcome| Outcome { in_doubt: false, ..outcome })?;
        let session = Arc::new(Session::new(opened.session_id, opened.window));
        self.replace(Some(session.clone()));
        keep_alive::spawn(&self.transport, &session, ttl / 3);
        Ok(session)
    }

    fn current(&self) -> Option<Arc<Session>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().filter(|session| !session.has_ended()).cloned()
    }

    fn replace(&self, session: Option<Arc<Session>>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = session;
    }
}
