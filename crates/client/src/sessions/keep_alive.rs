//! Keeps a session alive in the background.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::time::sleep;
use understudy_proto::kv::v1::KeepSessionAliveRequest;

use super::session::Session;
use crate::outcome::{End, Outcome};
use crate::transport::Transport;
use crate::transport::retry::Delivery;

/// Renews `session` every `interval` until it ends or nobody uses it: the last clone of the client and the last
/// ticket are gone.
pub(super) fn spawn(transport: &Arc<Transport>, session: &Arc<Session>, interval: Duration) {
    tokio::spawn(run(Arc::downgrade(transport), Arc::downgrade(session), interval));
}

async fn run(transport: Weak<Transport>, session: Weak<Session>, interval: Duration) {
    loop {
        sleep(interval).await;
        let (Some(transport), Some(session)) = (transport.upgrade(), session.upgrade()) else {
            return;
        };
        if session.has_ended() {
            return;
        }
        let request = KeepSessionAliveRequest { session_id: session.id };
        let until = Instant::now() + interval;
        let answer = transport.call(&request, until, Delivery::AtLeastOnce).await;
        // Nothing but the server's word ends a session: its time runs only while a primary acts.
        if let Err(Outcome { end: End::SessionGone(_), .. }) = answer {
            session.end();
            return;
        }
    }
}
