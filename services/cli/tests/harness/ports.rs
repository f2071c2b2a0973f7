//! Free ports.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Mutex;

/// Given out in this process already: a replica that is down has not lost its ports.
static TAKEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// An address on this machine that nobody listens on. Below the range for outgoing connections: see
/// `src/pair/ports.rs`.
pub fn free() -> String {
    let mut taken = TAKEN.lock().unwrap();
    loop {
        let port = fastrand::u16(10_000..32_000);
        if !taken.contains(&port) && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            taken.insert(port);
            return format!("127.0.0.1:{port}");
        }
    }
}
