//! Listening ports whose connections can all be closed at once, while the port stays open.
//!
//! A Service that changes its selector does not cut connections: a primary that is no more closes
//! its clients' connections itself, so that they look for the new one. Some of them are led back here
//! before the Service's change has reached their node, and would stay: while this replica is not the
//! primary, its clients' connections are closed whenever it has turned somebody away, too.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::Routes;
use tonic::transport::Server;

use crate::driver::View;

/// Connections accepted and not yet taken by the server.
const ACCEPTED: usize = 64;
/// Connections are not closed more often than this because somebody was turned away.
const CLOSE_AGAIN: Duration = Duration::from_millis(250);
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
        let (accepted, incoming) = mpsc::channel::<std::io::Result<TcpStream>>(ACCEPTED);
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
    accepted: &mpsc::Sender<std::io::Result<TcpStream>>,
    term: &mut watch::Receiver<u64>,
) -> bool {
    loop {
        tokio::select! {
            biased;
            changed = term.changed() => return changed.is_err(),
            connection = listener.accept() => match connection {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    let _ = accepted.send(Ok(stream)).await;
                }
                Err(error) => {
                    tracing::debug!("cannot accept a connection: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Counts the terms that are over: a new one whenever this replica stops acting, and when somebody was
/// turned away while it did not act.
pub(crate) async fn count_terms(
    mut view: watch::Receiver<Arc<View>>,
    misled: Arc<Notify>,
    term: watch::Sender<u64>,
) {
    let mut acted = false;
    let mut closed = Instant::now();
    loop {
        let acts = view.borrow_and_update().acting;
        if std::mem::replace(&mut acted, acts) && !acts {
            closed = Instant::now();
            term.send_modify(|term| *term += 1);
        }
        let turned_away = async {
            misled.notified().await;
            tokio::time::sleep_until(closed + CLOSE_AGAIN).await;
        };
        tokio::select! {
            biased;
            changed = until_acting_changes(&mut view, acts) => {
                if changed.is_err() {
                    return;
                }
            }
            () = turned_away, if !acts => {
                closed = Instant::now();
                term.send_modify(|term| *term += 1);
            }
        }
    }
}

async fn until_acting_changes(
    view: &mut watch::Receiver<Arc<View>>,
    acts: bool,
) -> Result<(), watch::error::RecvError> {
    view.wait_for(|view| view.acting != acts).await.map(drop)
}
