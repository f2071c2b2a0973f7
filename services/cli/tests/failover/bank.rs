//! The example of `examples/bank`, which users copy.

use std::sync::Arc;

use tokio::task::JoinSet;
use understudy_bank::{Bank, OPENING};

use crate::SOME;
use crate::harness::cluster::Cluster;
use crate::harness::wait;

const ACCOUNTS: u32 = 5;

#[tokio::test]
async fn the_bank_keeps_its_books_though_the_primary_is_killed() {
    let (mut cluster, primary, _) = Cluster::pair().await;
    let bank = Arc::new(Bank::open(cluster.client(), ACCOUNTS).await.unwrap());
    let mut tellers = JoinSet::new();
    for number in 0..4 {
        let bank = bank.clone();
        tellers.spawn(async move { bank.teller(number).await });
    }
    busy(&bank).await;
    cluster.kill(primary);
    busy(&bank).await;
    assert_eq!(bank.total().await.unwrap(), OPENING * u64::from(ACCOUNTS));
    bank.close();
    while let Some(ended) = tellers.join_next().await {
        ended.unwrap().unwrap();
    }
    let audit = bank.audit().await.unwrap();
    assert!(audit.wrong.is_empty(), "{audit:?}");
    let (acknowledged, unknown) = (bank.books().acknowledged.len(), audit.unknown_done);
    assert_eq!(audit.receipts, acknowledged + unknown);
}

/// Waits until more transfers are acknowledged.
async fn busy(bank: &Bank) {
    let more = bank.books().acknowledged.len() + SOME as usize;
    let done = || async { (bank.books().acknowledged.len() >= more).then_some(()) };
    wait::until("the tellers move money", done).await;
}
