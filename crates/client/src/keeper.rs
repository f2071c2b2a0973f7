//! Keeps a session alive in the background.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::time::sleep;
use understudy_proto::kv::v1::KeepSessionAliveRequest;

use crate::conclusion::{Conclusion, End};
use crate::repeat::Repeat;
use crate::session::Session;
use crate::shared::Shared;

/// Renews `session` every `interval` until it ends or the last clone of the client is gone.
pub(crate) fn keep(shared: &Arc<Shared>, session: &Arc<Session>, interval: Duration) {
    tokio::spawn(run(Arc::downgrade(shared), Arc::downgrade(session), interval));
}

async fn run(shared: Weak<Shared>, session: Weak<Session>, interval: Duration) {
    loop {
        sleep(interval).await;
        let (Some(shared), Some(session)) = (shared.upgrade(), session.upgrade()) else { return };
        if session.has_ended() {
            return;
        }
        let request = KeepSessionAliveRequest { session_id: session.id };
        let answer = shared.repeat(&request, Instant::now() + interval, Repeat::Freely).await;
        // Nothing but the server's word ends a session: its time runs only while a primary acts.
        if let Err(Conclusion { end: End::SessionGone(_), .. }) = answer {
            session.end();
            return;
        }
    }
}
