//! The session in use.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use tokio::sync::Mutex;
use tokio::time::timeout_at;
use understudy_proto::kv::v1::{CloseSessionRequest, OpenSessionRequest};

use crate::conclusion::{Conclusion, End};
use crate::keeper;
use crate::repeat::Repeat;
use crate::session::Session;
use crate::shared::Shared;

/// The session in use: opened when the first mutation needs it, and anew when the server has said
/// that it is gone.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    current: RwLock<Option<Arc<Session>>>,
    opening: Mutex<()>,
}

impl Sessions {
    fn current(&self) -> Option<Arc<Session>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().filter(|session| !session.has_ended()).cloned()
    }

    fn replace(&self, session: Option<Arc<Session>>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = session;
    }
}

impl Shared {
    /// The session in use, opened if there is none. Its failures change nothing: a session that
    /// nobody knows of expires by itself.
    pub async fn session(self: &Arc<Self>, deadline: Instant) -> Result<Arc<Session>, Conclusion> {
        if let Some(session) = self.sessions.current() {
            return Ok(session);
        }
        let began = Instant::now();
        let late = |_| Conclusion {
            end: End::TimeUp(Some("no session could be opened".to_owned())),
            in_doubt: false,
            waited: began.elapsed(),
        };
        let _one_at_a_time =
            timeout_at(deadline.into(), self.sessions.opening.lock()).await.map_err(late)?;
        if let Some(session) = self.sessions.current() {
            return Ok(session);
        }
        // 0 would ask for what the store gives by default.
        let ttl_ms = self.options.session_ttl.as_millis().max(1);
        let ttl_ms = ttl_ms.try_into().unwrap_or(i64::MAX);
        let opened = self.repeat(&OpenSessionRequest { ttl_ms }, deadline, Repeat::Freely).await;
        let opened = opened.map_err(|conclusion| Conclusion { in_doubt: false, ..conclusion })?;
        let session = Arc::new(Session::new(opened.session_id, opened.window));
        self.sessions.replace(Some(session.clone()));
        keeper::keep(self, &session, self.options.session_ttl / 3);
        Ok(session)
    }

    /// Closes the session in use, as far as that is possible until `deadline`.
    pub async fn close_session(&self, deadline: Instant) {
        let Some(session) = self.sessions.current() else { return };
        session.end();
        self.sessions.replace(None);
        let request = CloseSessionRequest { session_id: session.id };
        // A session that cannot be closed expires.
        let _ = self.repeat(&request, deadline, Repeat::Freely).await;
    }
}
