//! The connections to the replicas.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
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
/// is being made wait for the same try, and share its failure; a try goes on when they stop waiting.
#[derive(Debug)]
pub(crate) struct Pool {
    address: Arc<str>,
    /// Each holds one connection at most: one that is made, or being made.
    slots: Vec<Mutex<Option<Making>>>,
    /// Requests take the slots in turn.
    turn: AtomicUsize,
}

/// A try at a connection; none until it has ended.
type Making = watch::Receiver<Option<Result<Channel, Failure>>>;

/// A connection, and how to give it back as broken.
#[derive(Debug)]
pub(crate) struct Connection {
    pub channel: Channel,
    made: Making,
    place: usize,
}

/// The connections to all replicas that a request went to so far.
#[derive(Debug, Default)]
pub(crate) struct Pools(Mutex<HashMap<Arc<str>, Arc<Pool>>>);

impl Pools {
    /// Those to the replica at `address`.
    pub fn to(&self, address: &Arc<str>, connections: usize) -> Arc<Pool> {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(address) {
            return pool.clone();
        }
        let pool = Arc::new(Pool::new(address.clone(), connections));
        pools.insert(address.clone(), pool.clone());
        pool
    }
}

impl Pool {
    fn new(address: Arc<str>, connections: usize) -> Self {
        let slots = (0..connections.max(1)).map(|_| Mutex::default()).collect();
        Self { address, slots, turn: AtomicUsize::new(0) }
    }

    /// A connection, made if there is none.
    pub async fn connection(&self, options: &Options) -> Result<Connection, Failure> {
        let place = self.turn.fetch_add(1, Ordering::Relaxed) % self.slots.len();
        let mut made = lock(&self.slots[place]).get_or_insert_with(|| self.make(options)).clone();
        let result = match made.wait_for(Option::is_some).await {
            Ok(result) => result.clone(),
            Err(_) => None,
        };
        match result {
            Some(Ok(channel)) => Ok(Connection { channel, made, place }),
            failed => {
                self.clear(place, &made);
                let ended = || Failure::not_connected("the runtime that made it ended", false);
                Err(failed.and_then(Result::err).unwrap_or_else(ended))
            }
        }
    }

    /// Forgets a broken connection, so that the next one who needs it makes another.
    pub fn discard(&self, connection: &Connection) {
        self.clear(connection.place, &connection.made);
    }

    fn make(&self, options: &Options) -> Making {
        let (sender, made) = watch::channel(None);
        let (address, options) = (self.address.clone(), options.clone());
        tokio::spawn(async move { sender.send(Some(connect(&address, &options).await)) });
        made
    }

    fn clear(&self, place: usize, made: &Making) {
        let mut current = lock(&self.slots[place]);
        if current.as_ref().is_some_and(|current| current.same_channel(made)) {
            *current = None;
        }
    }
}

fn lock(slot: &Mutex<Option<Making>>) -> MutexGuard<'_, Option<Making>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn connect(address: &str, options: &Options) -> Result<Channel, Failure> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))
        .map_err(|error| Failure::not_connected(error, false))?
        .local_address(options.local_address)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(options.keep_alive_interval)
        .keep_alive_timeout(options.keep_alive_timeout)
        .keep_alive_while_idle(true)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_stream_window_size(STREAM_WINDOW);
    let limit = options.connect_timeout;
    match timeout(limit, endpoint.connect()).await {
        Ok(Ok(channel)) => Ok(channel),
        Ok(Err(error)) => Err(Failure::not_connected(root_cause(&error), false)),
        Err(_) => Err(Failure::not_connected(format!("no connection within {limit:.1?}"), true)),
    }
}
