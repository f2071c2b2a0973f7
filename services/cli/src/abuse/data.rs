//! What the abuse needs in the store.

use understudy_client::Client;
use understudy_proto::kv::v1::{TxnOperation, TxnPut, TxnRequest, txn_operation};

use crate::failure::Failure;

/// A key with a value of 1 MiB.
pub const LARGE: &str = "large/";
/// Large keys.
pub const LARGE_KEYS: usize = 8;
/// Small keys begin with this.
pub const SMALL: &str = "small/";
/// Small keys.
pub const SMALL_KEYS: usize = 300_000;
/// Puts of one transaction.
const TXN: usize = 128;
/// Transactions under way.
const AT_ONCE: usize = 16;

/// Writes it.
pub async fn write(client: &Client) -> Result<(), Failure> {
    for n in 0..LARGE_KEYS {
        client.put(format!("{LARGE}{n}"), vec![b'x'; 1 << 20]).await?;
    }
    let numbers: Vec<usize> = (0..SMALL_KEYS).collect();
    for batch in numbers.chunks(TXN * AT_ONCE) {
        let txns = batch.chunks(TXN).map(|chunk| {
            let request = TxnRequest {
                then_operations: chunk.iter().map(|n| put(*n)).collect(),
                ..TxnRequest::default()
            };
            let client = client.clone();
            tokio::spawn(async move { client.send_txn(request).await })
        });
        for txn in txns.collect::<Vec<_>>() {
            txn.await.map_err(Failure::new)??;
        }
    }
    Ok(())
}

fn put(n: usize) -> TxnOperation {
    let put = TxnPut {
        key: format!("{SMALL}{n:06}").into(),
        value: format!("value {n}").into(),
        ..TxnPut::default()
    };
    TxnOperation { operation: Some(txn_operation::Operation::Put(put)) }
}
