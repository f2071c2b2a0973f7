//! A proxy in front of a port of a replica: what goes through can be held up, delayed and cut.

use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// Pause before a port that is taken is tried again.
const AGAIN: Duration = Duration::from_millis(20);
/// Bytes that are read at once.
const PIECE: usize = 16 << 10;
/// Pieces on their way: what lies in between when nothing gets through.
const PIECES: usize = 64;

/// How one direction is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flow {
    /// How many faults let nothing through now.
    pub cuts: u32,
    /// How much later everything comes, milliseconds.
    pub delay_ms: u32,
}

/// A proxy's port in front of a replica's.
pub struct Proxy {
    /// Where the proxy listens, `host:port`.
    pub at: String,
    /// Where the replica does.
    pub to: String,
    /// The replica's process: while there is none, nobody listens here either.
    pub process: watch::Receiver<Option<u32>>,
    /// From whoever connects to the replica.
    pub inward: watch::Receiver<Flow>,
    /// Back.
    pub outward: watch::Receiver<Flow>,
    /// All connections are reset when it changes.
    pub resets: watch::Receiver<u64>,
}

impl Proxy {
    /// Serves until the replica's process is not kept running any more.
    pub async fn serve(mut self) {
        while self.process.wait_for(Option::is_some).await.is_ok() {
            let Ok(listener) = TcpListener::bind(&self.at).await else {
                tokio::time::sleep(AGAIN).await;
                continue;
            };
            let mut process = self.process.clone();
            // Whatever it is, the reference must not live across an await.
            let mut gone = pin!(async { drop(process.wait_for(Option::is_none).await) });
            loop {
                tokio::select! {
                    () = &mut gone => break,
                    accepted = listener.accept() => match accepted {
                        Ok((stream, _)) => self.forward(stream),
                        Err(_) => tokio::time::sleep(AGAIN).await,
                    }
                }
            }
        }
    }

    fn forward(&self, mut dialer: TcpStream) {
        let (to, mut resets) = (self.to.clone(), self.resets.clone());
        let (inward, outward) = (self.inward.clone(), self.outward.clone());
        resets.mark_unchanged();
        tokio::spawn(async move {
            let Ok(mut replica) = TcpStream::connect(&to).await else {
                let _ = dialer.set_zero_linger();
                return;
            };
            // Without it small messages wait; a failure costs latency only.
            let _ = (dialer.set_nodelay(true), replica.set_nodelay(true));
            let (from_dialer, to_dialer) = dialer.split();
            let (from_replica, to_replica) = replica.split();
            let reset = {
                let both = async {
                    tokio::try_join!(
                        pump(from_dialer, to_replica, inward),
                        pump(from_replica, to_dialer, outward)
                    )
                };
                tokio::select! {
                    ended = both => ended.is_err(),
                    changed = resets.changed() => changed.is_ok(),
                }
            };
            if reset {
                let _ = (dialer.set_zero_linger(), replica.set_zero_linger());
            }
        });
    }
}

/// Something was held up by a cut, and who sent it is gone: it will not be sent again.
struct Lost;

/// Carries one direction to its end.
async fn pump(
    from: ReadHalf<'_>,
    to: WriteHalf<'_>,
    flow: watch::Receiver<Flow>,
) -> Result<(), Lost> {
    let (pieces, queue) = mpsc::channel(PIECES);
    let ((), given) = tokio::join!(take(from, pieces, flow.clone()), give(to, queue, flow));
    given
}

async fn take(
    mut from: ReadHalf<'_>,
    pieces: mpsc::Sender<(Instant, Vec<u8>)>,
    flow: watch::Receiver<Flow>,
) {
    let mut buffer = vec![0; PIECE];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            () = pieces.closed() => return,
        };
        match read {
            Ok(0) | Err(_) => return,
            Ok(bytes) => {
                let delay = Duration::from_millis(flow.borrow().delay_ms.into());
                let piece = (Instant::now() + delay, buffer[..bytes].to_vec());
                if pieces.send(piece).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn give(
    mut to: WriteHalf<'_>,
    mut queue: mpsc::Receiver<(Instant, Vec<u8>)>,
    mut flow: watch::Receiver<Flow>,
) -> Result<(), Lost> {
    while let Some((due, bytes)) = queue.recv().await {
        tokio::time::sleep_until(due.into()).await;
        let cut = flow.borrow().cuts > 0;
        let open = flow.wait_for(|flow| flow.cuts == 0).await.is_ok();
        if cut && queue.is_closed() {
            return Err(Lost);
        }
        if !open || to.write_all(&bytes).await.is_err() {
            return Ok(());
        }
    }
    // The end of a connection does not get through either.
    let _ = flow.wait_for(|flow| flow.cuts == 0).await;
    let _ = to.shutdown().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    struct TestProxy {
        at: String,
        process: watch::Sender<Option<u32>>,
        inward: watch::Sender<Flow>,
        outward: watch::Sender<Flow>,
        resets: watch::Sender<u64>,
    }

    /// A proxy in front of a server that sends back what it is sent.
    async fn echo() -> TestProxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        start(to).await
    }

    /// A proxy in front of this address.
    async fn start(to: String) -> TestProxy {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = free.local_addr().unwrap().to_string();
        drop(free);
        let proxy = TestProxy {
            at: at.clone(),
            process: watch::channel(Some(1)).0,
            inward: watch::channel(Flow::default()).0,
            outward: watch::channel(Flow::default()).0,
            resets: watch::channel(0).0,
        };
        let served = Proxy {
            at,
            to,
            process: proxy.process.subscribe(),
            inward: proxy.inward.subscribe(),
            outward: proxy.outward.subscribe(),
            resets: proxy.resets.subscribe(),
        };
        tokio::spawn(served.serve());
        proxy
    }

    impl TestProxy {
        async fn connect(&self) -> TcpStream {
            loop {
                match TcpStream::connect(&self.at).await {
                    Ok(stream) => return stream,
                    Err(_) => tokio::time::sleep(AGAIN).await,
                }
            }
        }
    }

    async fn there_and_back(stream: &mut TcpStream) -> Duration {
        let begin = Instant::now();
        stream.write_all(b"x").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'x');
        begin.elapsed()
    }

    #[tokio::test]
    async fn nothing_gets_through_a_cut_and_everything_when_it_is_healed() {
        let proxy = echo().await;
        let mut stream = proxy.connect().await;
        there_and_back(&mut stream).await;
        for direction in [&proxy.inward, &proxy.outward] {
            direction.send_modify(|flow| flow.cuts += 1);
            stream.write_all(b"x").await.unwrap();
            let early = tokio::time::timeout(Duration::from_millis(100), stream.read_u8()).await;
            assert!(early.is_err(), "it got through");
            direction.send_modify(|flow| flow.cuts -= 1);
            assert_eq!(stream.read_u8().await.unwrap(), b'x');
        }
    }

    #[tokio::test]
    async fn what_is_held_up_is_lost_with_its_sender() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = start(listener.local_addr().unwrap().to_string()).await;
        let mut stream = proxy.connect().await;
        let (mut replica, _) = listener.accept().await.unwrap();
        stream.write_all(b"a").await.unwrap();
        assert_eq!(replica.read_u8().await.unwrap(), b'a');
        proxy.inward.send_modify(|flow| flow.cuts += 1);
        stream.write_all(b"b").await.unwrap();
        drop(stream);
        let early = tokio::time::timeout(Duration::from_millis(100), replica.read_u8()).await;
        assert!(early.is_err(), "it got through");
        proxy.inward.send_modify(|flow| flow.cuts -= 1);
        assert!(replica.read_u8().await.is_err(), "the connection ends without it");
    }

    #[tokio::test]
    async fn a_delay_is_that_of_each_direction() {
        let proxy = echo().await;
        let mut stream = proxy.connect().await;
        proxy.inward.send_modify(|flow| flow.delay_ms = 50);
        proxy.outward.send_modify(|flow| flow.delay_ms = 70);
        assert!(there_and_back(&mut stream).await >= Duration::from_millis(120));
    }

    #[tokio::test]
    async fn a_reset_breaks_connections_and_the_next_one_works() {
        let proxy = echo().await;
        let mut stream = proxy.connect().await;
        there_and_back(&mut stream).await;
        proxy.resets.send_modify(|resets| *resets += 1);
        let error = stream.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        there_and_back(&mut proxy.connect().await).await;
    }

    #[tokio::test]
    async fn nobody_listens_while_there_is_no_process() {
        let proxy = echo().await;
        there_and_back(&mut proxy.connect().await).await;
        proxy.process.send_replace(None);
        let begin = Instant::now();
        while TcpStream::connect(&proxy.at).await.is_ok() {
            assert!(begin.elapsed() < Duration::from_secs(10), "it listens for ever");
            tokio::time::sleep(AGAIN).await;
        }
        proxy.process.send_replace(Some(2));
        there_and_back(&mut proxy.connect().await).await;
    }
}
