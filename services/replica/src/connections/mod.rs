//! The ports: who may connect, what connections may have at once, and how all of them are closed.
//!
//! A Service that changes its selector does not cut connections: a primary that is no more closes
//! its clients' connections itself, so that they look for the new one.

mod account;
mod budget;
mod call;
#[cfg(test)]
mod chunks;
mod connection;
mod frames;
mod incoming;
mod outgoing;
mod owner;
mod send_queue;
mod streamed;
mod table;
mod throttled_count;
mod turns;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::Routes;
use tonic::transport::Server;

pub(crate) use account::{Account, Held, PERMITS};
pub(crate) use budget::Budget;
pub(crate) use call::{ActiveCall, Counting};
pub(crate) use connection::{Caller, Connection, PATIENCE};
pub(crate) use streamed::streamed;
pub(crate) use table::{ConnectionLimits, ConnectionTable, Registration};

use crate::driver::View;

/// Connections accepted and not yet taken by the server.
const ACCEPTED: usize = 64;
/// Pause after a failed accept (no file descriptors left, most often).
const PAUSE: Duration = Duration::from_millis(20);

/// What is served at a port.
pub(crate) struct PortService {
    pub server: Server,
    pub routes: Routes,
    pub table: ConnectionTable,
    /// Bytes of a message from a client, at most.
    pub longest: usize,
}

/// Serves on a listener. Whenever `term` changes, all connections are closed, in order: requests
/// under way are still answered. Ends when `term`'s sender is gone.
pub(crate) async fn serve(
    listener: TcpListener,
    port: PortService,
    mut term: watch::Receiver<u64>,
) {
    let PortService { server, routes, table, longest } = port;
    loop {
        let (accepted, incoming) = mpsc::channel::<std::io::Result<Connection>>(ACCEPTED);
        let mut closing = term.clone();
        closing.mark_unchanged();
        let close = async move {
            let _ = closing.changed().await;
        };
        let mut server = server.clone().layer(Counting { longest });
        let serving = server.add_routes(routes.clone());
        let serving = serving.serve_with_incoming_shutdown(ReceiverStream::new(incoming), close);
        let serving = tokio::spawn(serving);
        let over = tokio::select! {
            biased;
            changed = term.changed() => changed.is_err(),
            () = take_in(&listener, &table, &accepted) => true,
        };
        drop(accepted);
        if over {
            let _ = serving.await;
            return;
        }
    }
}

/// Lets connections in.
async fn take_in(
    listener: &TcpListener,
    table: &ConnectionTable,
    accepted: &mpsc::Sender<std::io::Result<Connection>>,
) {
    loop {
        let (stream, address) = accept(listener).await;
        if accepted.send(Ok(Connection::new(stream, table.register(address)))).await.is_err() {
            return;
        }
    }
}

/// The next connection, and whose it is.
pub(crate) async fn accept(listener: &TcpListener) -> (TcpStream, IpAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                let _ = stream.set_nodelay(true);
                return (stream, address.ip().to_canonical());
            }
            Err(error) => {
                tracing::debug!("cannot accept a connection: {error}");
                tokio::time::sleep(PAUSE).await;
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
