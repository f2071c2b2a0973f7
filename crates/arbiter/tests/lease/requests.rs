//! What goes over the wire: the parameters that make a read linearizable cannot be seen in its answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use kube::Config;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::timeout;
use understudy_arbiter::kubernetes::ApiServer;
use understudy_arbiter::{Arbiter, LeaseRegister};
use understudy_protocol::WriteAnswer;

use crate::common::next;

/// A register over plain HTTP, and who listens there.
async fn alone() -> (LeaseRegister, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let api = ApiServer::new(Config::new(address.parse().unwrap())).unwrap();
    (LeaseRegister::at(Arc::new(api), "ns", "pair").unwrap(), listener)
}

fn blank() -> Value {
    let uid = "6f1e2d3c-0000-4000-8000-00000000000a";
    json!({"metadata": {"uid": uid, "resourceVersion": "7"}})
}

/// Answers each request with this object, and gives what was asked for.
async fn answering(listener: TcpListener, object: String) -> Vec<String> {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut asked = Vec::new();
    let mut bytes = vec![0; 1 << 16];
    loop {
        let count = stream.read(&mut bytes).await.unwrap();
        if count == 0 {
            return asked;
        }
        let text = String::from_utf8_lossy(&bytes[..count]);
        asked.push(text.lines().next().unwrap().to_owned());
        assert!(text.to_lowercase().contains("user-agent: understudy/"), "{text}");
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length";
        let answer = format!("{head}: {}\r\n\r\n{object}", object.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn a_read_names_no_version_and_a_write_its_author() {
    let (register, listener) = alone().await;
    let answering = tokio::spawn(answering(listener, blank().to_string()));
    let base = register.read().await.unwrap();
    // It is answered, but not with what was written.
    let answer = register.write(&base, &next(&base, 1)).await;
    assert!(matches!(answer, WriteAnswer::NoAnswer(_)), "{answer:?}");
    drop(register);
    let lease = "/apis/coordination.k8s.io/v1/namespaces/ns/leases/pair";
    let wanted =
        [format!("GET {lease} HTTP/1.1"), format!("PUT {lease}?&fieldManager=understudy HTTP/1.1")];
    assert_eq!(answering.await.unwrap(), wanted);
}

/// The token of an account that was recreated is taken from its file, not a minute later.
#[tokio::test]
async fn a_token_that_is_refused_is_read_anew() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let file = std::env::temp_dir().join(format!("understudy-token-{}", std::process::id()));
    std::fs::write(&file, "old").unwrap();
    let mut config = Config::new(address.parse().unwrap());
    config.auth_info.token_file = Some(file.to_str().unwrap().to_owned());
    let api = ApiServer::new(config).unwrap();
    let register = LeaseRegister::at(Arc::new(api), "ns", "pair").unwrap();
    let serving = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 1 << 16];
            let count = stream.read(&mut bytes).await.unwrap();
            let asked = String::from_utf8_lossy(&bytes[..count]).to_lowercase();
            let (code, body) = match asked.contains("authorization: bearer new") {
                true => ("200 OK", blank()),
                false => {
                    let status = json!({"kind": "Status", "status": "Failure", "code": 401,
                        "reason": "Unauthorized", "message": "Unauthorized"});
                    ("401 Unauthorized", status)
                }
            };
            let head =
                format!("HTTP/1.1 {code}\r\nContent-Type: application/json\r\nConnection: close");
            stream.write_all(format!("{head}\r\n\r\n{body}\n").as_bytes()).await.unwrap();
        }
    });
    assert!(register.read().await.is_err());
    std::fs::write(&file, "new").unwrap();
    // Not at once again: a refused token is not read at every request.
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let refused = register.read().await;
    assert!(refused.is_err(), "{refused:?}");
    assert!(register.read().await.is_ok());
    std::fs::remove_file(&file).unwrap();
    serving.abort();
}

/// Something on the way may end every watch at once; it is not asked again and again.
#[tokio::test]
async fn watches_that_end_at_once_are_opened_with_pauses() {
    let (register, listener) = alone().await;
    let opened = AtomicU32::new(0);
    let serving = async {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 1 << 16];
            let count = stream.read(&mut bytes).await.unwrap();
            let body = if String::from_utf8_lossy(&bytes[..count]).contains("watch=true") {
                opened.fetch_add(1, Ordering::Relaxed);
                json!({"type": "ADDED", "object": blank()})
            } else {
                blank()
            };
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
            stream.write_all(format!("{head}\r\n\r\n{body}\n").as_bytes()).await.unwrap();
        }
    };
    let watching = async {
        register.read().await.unwrap();
        timeout(Duration::from_millis(2500), register.changed()).await
    };
    tokio::select! {
        () = serving => unreachable!("it never ends"),
        changed = watching => assert!(changed.is_err(), "nothing has changed"),
    }
    let opened = opened.load(Ordering::Relaxed);
    assert!((2..=3).contains(&opened), "{opened} watches in 2.5 s");
}
