//! Listening ports whose connections can all be closed at once, while the port stays open.
//!
//! A Service that changes its selector does not cut connections: a primary that is no more closes
//! its clients' connections itself, so that they look for the new one.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::Routes;
use tonic::transport::Server;

use crate::driver::View;
use crate::visit::Visit;

/// Connections accepted and not yet taken by the server.
const ACCEPTED: usize = 64;
/// Pause after a failed accept (no file descriptors left, most often).
const PAUSE: Duration = Duration::from_millis(20);

/// Serves on a listener. Whenever `term` changes, all connections are closed, in order: requests
/// under way are still answered. Ends when `term`'s sender is gone.
pub(crate) async fn serve(
    listener: TcpListener,
    server: Server,
    routes: Routes,
    mut term: watch::Receiver<u64>,
) {
    loop {
        let (accepted, incoming) = mpsc::channel::<std::io::Result<Visit>>(ACCEPTED);
        let mut closing = term.clone();
        closing.mark_unchanged();
        let close = async move {
            let _ = closing.changed().await;
        };
        let mut server = server.clone();
        let serving = server.add_routes(routes.clone());
        let serving = serving.serve_with_incoming_shutdown(ReceiverStream::new(incoming), close);
        let serving = tokio::spawn(serving);
        let over = accept(&listener, &accepted, &mut term).await;
        drop(accepted);
        if over {
            let _ = serving.await;
            return;
        }
    }
}

/// Accepts until the term changes; `true` when there will be no other.
async fn accept(
    listener: &TcpListener,
    accepted: &mpsc::Sender<std::io::Result<Visit>>,
    term: &mut watch::Receiver<u64>,
) -> bool {
    loop {
        tokio::select! {
            biased;
            changed = term.changed() => return changed.is_err(),
            connection = listener.accept() => match connection {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    let _ = accepted.send(Ok(Visit::new(stream))).await;
                }
                Err(error) => {
                    tracing::debug!("cannot accept a connection: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Counts the terms that are over: a new one whenever this replica stops acting.
pub(crate) async fn count_terms(mut view: watch::Receiver<Arc<View>>, term: watch::Sender<u64>) {
    let mut acted = false;
    loop {
        let acts = view.borrow_and_update().acting;
        if std::mem::replace(&mut acted, acts) && !acts {
            term.send_modify(|term| *term += 1);
        }
        if view.changed().await.is_err() {
            return;
        }
    }
}
