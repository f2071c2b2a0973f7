//! Knows which replica of a pair acts as the primary: the one that last said that it serves keys.

use std::time::Duration;

use tokio::sync::watch;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// The service whose health is the primary's.
const SERVICE: &str = "understudy.kv.v1.KeyValueService";
/// Pause between two tries to reach a replica.
const AGAIN: Duration = Duration::from_millis(20);
const CONNECT: Duration = Duration::from_secs(1);

/// The number of the acting replica, `None` while there is none.
pub type Acting = watch::Receiver<Option<usize>>;

/// Watches the replicas with these client addresses until every receiver is gone.
pub fn watch(addresses: &[String]) -> Acting {
    let (acting, receiver) = watch::channel(None);
    for (number, address) in addresses.iter().enumerate() {
        tokio::spawn(watch_one(number, format!("http://{address}"), acting.clone()));
    }
    receiver
}

async fn watch_one(number: usize, address: String, acting: watch::Sender<Option<usize>>) {
    let Ok(endpoint) = Endpoint::from_shared(address) else { return };
    let endpoint = endpoint.connect_timeout(CONNECT);
    while !acting.is_closed() {
        // However it ended: the replica does not serve as far as anyone knows.
        let _ = follow(&endpoint, number, &acting).await;
        serves(&acting, number, false);
        tokio::time::sleep(AGAIN).await;
    }
}

async fn follow(
    endpoint: &Endpoint,
    number: usize,
    acting: &watch::Sender<Option<usize>>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut client = HealthClient::new(endpoint.connect().await?);
    let request = HealthCheckRequest { service: SERVICE.into() };
    let mut answers = client.watch(request).await?.into_inner();
    while let Some(answer) = answers.message().await? {
        serves(acting, number, answer.status() == ServingStatus::Serving);
    }
    Ok(())
}

/// The last one to say so acts: a paused primary cannot say that it does not any more.
fn serves(acting: &watch::Sender<Option<usize>>, number: usize, serving: bool) {
    acting.send_if_modified(|acting| {
        let next = match serving {
            true => Some(number),
            false if *acting == Some(number) => None,
            false => return false,
        };
        std::mem::replace(acting, next) != next
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_to_serve_acts_and_others_do_not_unseat_it() {
        let (sender, acting) = watch::channel(None);
        serves(&sender, 0, true);
        assert_eq!(*acting.borrow(), Some(0));
        serves(&sender, 1, true);
        assert_eq!(*acting.borrow(), Some(1));
        serves(&sender, 0, false);
        assert_eq!(*acting.borrow(), Some(1));
        serves(&sender, 1, false);
        assert_eq!(*acting.borrow(), None);
    }
}
