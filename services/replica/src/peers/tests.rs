//! A stream between two ends that are real but for the loop behind them.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use understudy_protocol::{ClusterId, ConnId, Event, Message, ProbeResult};

use super::{Peers, Streams, dial};
use crate::inbox::Input;
use crate::serving::peer_door;

const PATIENCE: Duration = Duration::from_secs(20);

/// Tasks that post into an inbox that nobody drains but the test.
fn peers() -> (Peers, mpsc::Receiver<Input>) {
    let (outlet, inbox) = mpsc::channel(256);
    (Peers::new(outlet, PATIENCE), inbox)
}

async fn next(inbox: &mut mpsc::Receiver<Input>) -> Input {
    tokio::time::timeout(PATIENCE, inbox.recv()).await.unwrap().unwrap()
}

/// A served port: its address, the inbox behind it, and what keeps it open.
async fn served() -> (String, mpsc::Receiver<Input>, watch::Sender<u64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (peers, inbox) = peers();
    let (term, terms) = watch::channel(0);
    tokio::spawn(peer_door(listener, peers, "clients:1".into(), terms, 64 << 20));
    (address, inbox, term)
}

/// A stream that is open at both ends.
struct Pair {
    server: Streams,
    at_server: (ConnId, mpsc::Receiver<Input>),
    client: Streams,
    at_client: (ConnId, mpsc::Receiver<Input>),
    _term: watch::Sender<u64>,
}

async fn pair() -> Pair {
    let (address, mut accepted, term) = served().await;
    let (peers, mut dialed) = peers();
    tokio::spawn(dial(peers, address));
    let (mut server, mut client) = (Streams::default(), Streams::default());
    let Input::Opened(there, outbox) = next(&mut accepted).await else { panic!("not opened") };
    server.insert(there, outbox);
    let Input::Dialed(here, outbox) = next(&mut dialed).await else { panic!("not dialed") };
    client.insert(here, outbox);
    Pair { server, at_server: (there, accepted), client, at_client: (here, dialed), _term: term }
}

fn numbered(epoch: u64) -> Message {
    Message::Welcome { epoch, cluster: ClusterId(1), ordered: 0, records: Vec::new() }
}

#[tokio::test]
async fn many_small_messages_to_one_that_does_not_read_are_all_there_when_it_does() {
    let mut pair = pair().await;
    let (there, here) = (pair.at_server.0, pair.at_client.0);
    let count = 20_000;
    for n in 0..count {
        assert!(pair.server.send(there, numbered(n)), "the stream takes message {n}");
        if n % 64 == 0 {
            // Lets the sockets' tasks work; the reader stops when its inbox is full.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    for n in 0..count {
        match next(&mut pair.at_client.1).await {
            Input::Event(event) => assert_eq!(event, Event::Received(here, numbered(n))),
            _ => panic!("message {n} is missing"),
        }
    }
}

#[tokio::test]
async fn a_stream_is_closed_behind_what_was_sent_on_it() {
    let mut pair = pair().await;
    let (there, here) = (pair.at_server.0, pair.at_client.0);
    assert!(pair.client.send(here, Message::TakeOverRefused("no".into())));
    pair.client.close(here);
    let inbox = &mut pair.at_server.1;
    let Input::Event(event) = next(inbox).await else { panic!("no event") };
    assert_eq!(event, Event::Received(there, Message::TakeOverRefused("no".into())));
    let Input::Event(event) = next(inbox).await else { panic!("no event") };
    assert_eq!(event, Event::Closed(there));
}

#[tokio::test]
async fn a_peer_that_takes_nothing_loses_its_stream_and_not_our_memory() {
    let mut pair = pair().await;
    let there = pair.at_server.0;
    // Nothing here awaits, so nothing leaves.
    let taken = (0..10_000).take_while(|n| pair.server.send(there, numbered(*n))).count();
    assert!((1000..5000).contains(&taken), "{taken}");
    assert!(!pair.server.is_open(there));
}

#[tokio::test]
async fn a_dial_tells_apart_who_is_gone_and_who_is_no_replica() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (peers, mut inbox) = peers();
    tokio::spawn(async move {
        // Says something that is no HTTP/2, then goes.
        use tokio::io::AsyncWriteExt;
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"220 this is a mail server\r\n").await.unwrap();
        stream
    });
    tokio::spawn(dial(peers.clone(), address.clone()));
    let Input::Event(event) = next(&mut inbox).await else { panic!("no event") };
    assert_eq!(event, Event::DialFailed(ProbeResult::Answered));
    tokio::spawn(dial(peers, address));
    let Input::Event(event) = next(&mut inbox).await else { panic!("no event") };
    assert_eq!(event, Event::DialFailed(ProbeResult::Refused));
}
