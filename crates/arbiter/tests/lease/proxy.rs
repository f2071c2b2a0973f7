//! A connection to the API server that loses what one wants it to lose.

use std::net::SocketAddr;
use std::sync::Arc;

use kube::Config;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What happens to bytes on the way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// They arrive.
    Open,
    /// Those to the API server arrive, its answers are lost.
    LosesAnswers,
    /// None arrive, in either direction, and no new connection is answered.
    LosesAll,
}

/// A proxy in front of the API server; it ends with the test's runtime.
pub struct Proxy {
    at: SocketAddr,
    way: Arc<watch::Sender<Way>>,
}

impl Proxy {
    pub async fn start(config: &Config) -> Self {
        let authority = config.cluster_url.authority().unwrap().to_string();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let way = Arc::new(watch::Sender::new(Way::Open));
        let sender = way.clone();
        tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                let Ok(far) = TcpStream::connect(&authority).await else { continue };
                let ((near_in, near_out), (far_in, far_out)) =
                    (near.into_split(), far.into_split());
                let loses = |way| way == Way::LosesAll;
                tokio::spawn(pump(near_in, far_out, sender.subscribe(), loses));
                let loses = |way| way != Way::Open;
                tokio::spawn(pump(far_in, near_out, sender.subscribe(), loses));
            }
        });
        Proxy { at, way }
    }

    /// The same cluster, through this proxy.
    pub fn config(&self, config: &Config) -> Config {
        let mut config = config.clone();
        config.cluster_url = format!("https://{}", self.at).parse().unwrap();
        config
    }

    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

/// Carries bytes from one end to the other; a connection that has lost some ends when the way opens.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut way: watch::Receiver<Way>,
    loses: fn(Way) -> bool,
) {
    let mut bytes = vec![0; 1 << 16];
    let mut lost = false;
    loop {
        tokio::select! {
            biased;
            changed = way.changed(), if lost => {
                if changed.is_err() || !loses(*way.borrow()) {
                    return;
                }
            }
            read = from.read(&mut bytes) => {
                let Ok(count @ 1..) = read else { return };
                if loses(*way.borrow()) {
                    lost = true;
                } else if to.write_all(&bytes[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}
