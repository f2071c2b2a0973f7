//! One address that follows the primary, as a Kubernetes Service does: new connections go to the
//! replica that acts, and those to one that acts no more are cut after a moment.

use std::pin::pin;
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use super::watcher::Acting;

/// How long a new connection waits for a primary.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection to a replica that acts no more is left open.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves `listener` until the task is dropped. `addresses` are those of the replicas, by number.
pub async fn follow(listener: TcpListener, addresses: Vec<String>, acting: Acting) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                tokio::spawn(carry(client, addresses.clone(), acting.clone()));
            }
            // Out of file descriptors, or a connection that was gone at once.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn carry(mut client: TcpStream, addresses: Vec<String>, mut acting: Acting) {
    let found = tokio::time::timeout(PATIENCE, acting.wait_for(Option::is_some)).await;
    let Ok(Ok(number)) = found.map(|found| found.map(|number| *number)) else { return };
    let Some(address) = number.and_then(|number| addresses.get(number)) else { return };
    let Ok(mut replica) = TcpStream::connect(address).await else { return };
    // Without it small messages wait; a failure costs latency only.
    let _ = (client.set_nodelay(true), replica.set_nodelay(true));
    let mut carrying = pin!(copy_bidirectional(&mut client, &mut replica));
    tokio::select! {
        _ = &mut carrying => return,
        _ = acting.wait_for(|now| *now != number) => {}
    }
    // Whoever acts no more says its last words and closes; one that hangs cannot.
    let _ = tokio::time::timeout(FAREWELL, carrying).await;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::watch;

    /// A replica that answers every connection with its name.
    async fn replica(name: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    stream.write_all(name.as_bytes()).await.unwrap();
                    let _ = stream.read(&mut [0]).await;
                });
            }
        });
        address
    }

    #[tokio::test]
    async fn connections_go_to_the_acting_replica_and_are_cut_when_it_changes() {
        let addresses = vec![replica("a").await, replica("b").await];
        let (sender, acting) = watch::channel(None);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(follow(listener, addresses, acting));

        let mut early = TcpStream::connect(address).await.unwrap();
        let mut name = [0];
        tokio::select! {
            _ = early.read_exact(&mut name) => panic!("nobody acts"),
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
        sender.send_replace(Some(0));
        early.read_exact(&mut name).await.unwrap();
        assert_eq!(&name, b"a");

        sender.send_replace(Some(1));
        assert_eq!(early.read(&mut name).await.unwrap_or(0), 0, "cut");
        let mut late = TcpStream::connect(address).await.unwrap();
        late.read_exact(&mut name).await.unwrap();
        assert_eq!(&name, b"b");
    }
}
