//! The connections to one replica.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};

use crate::Options;
use crate::failure::{Failure, root_cause};

/// Bytes that the server may send ahead on a connection: ample, so that many small answers under
/// way do not stall it.
const CONNECTION_WINDOW: u32 = 64 << 20;
/// Bytes that the server may send ahead of one answer.
const STREAM_WINDOW: u32 = 8 << 20;

/// The connections to one replica, each made when it is first needed. All who need one while it
/// is being made wait for the same try, and share its failure.
#[derive(Debug)]
pub(crate) struct Line {
    address: Arc<str>,
    slots: Vec<Mutex<Arc<Slot>>>,
    turn: AtomicUsize,
}

type Slot = OnceCell<Result<Channel, Failure>>;

/// A connection, and how to give it back as broken.
#[derive(Debug)]
pub(crate) struct Connection {
    pub channel: Channel,
    slot: Arc<Slot>,
    place: usize,
}

impl Line {
    pub fn new(address: Arc<str>, connections: usize) -> Self {
        let slots = (0..connections.max(1)).map(|_| Mutex::default()).collect();
        Self { address, slots, turn: AtomicUsize::new(0) }
    }

    /// A connection, made if there is none.
    pub async fn connection(&self, options: &Options) -> Result<Connection, Failure> {
        let place = self.turn.fetch_add(1, Ordering::Relaxed) % self.slots.len();
        let slot = lock(&self.slots[place]).clone();
        match slot.get_or_init(|| connect(&self.address, options)).await.clone() {
            Ok(channel) => Ok(Connection { channel, slot, place }),
            Err(failure) => {
                self.clear(place, &slot);
                Err(failure)
            }
        }
    }

    /// Forgets a broken connection, so that the next one who needs it makes another.
    pub fn discard(&self, connection: &Connection) {
        self.clear(connection.place, &connection.slot);
    }

    fn clear(&self, place: usize, slot: &Arc<Slot>) {
        let mut current = lock(&self.slots[place]);
        if Arc::ptr_eq(&current, slot) {
            *current = Arc::default();
        }
    }
}

fn lock(slot: &Mutex<Arc<Slot>>) -> MutexGuard<'_, Arc<Slot>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn connect(address: &str, options: &Options) -> Result<Channel, Failure> {
    let failed = |detail: String, silent| Failure::NotConnected { detail, silent };
    let endpoint = Endpoint::from_shared(format!("http://{address}"))
        .map_err(|error| failed(error.to_string(), false))?
        .tcp_nodelay(true)
        .http2_keep_alive_interval(options.keep_alive_interval)
        .keep_alive_timeout(options.keep_alive_timeout)
        .keep_alive_while_idle(true)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_stream_window_size(STREAM_WINDOW);
    let limit = options.connect_timeout;
    match timeout(limit, endpoint.connect()).await {
        Ok(Ok(channel)) => Ok(channel),
        Ok(Err(error)) => Err(failed(root_cause(&error), false)),
        Err(_) => Err(failed(format!("no connection within {limit:.1?}"), true)),
    }
}
