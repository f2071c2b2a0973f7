//! The example of `examples/bank`, which users copy.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use tokio::task::JoinSet;
use understudy_bank::{Bank, OPENING};
use understudy_client::proto::admin::v1::Role;

use crate::SOME;
use crate::harness::cluster::Cluster;
use crate::harness::command::succeed;
use crate::harness::wait;

const ACCOUNTS: u32 = 5;
/// So many that two tellers hardly ever meet. Behind a cut a revision is given anew: who has read the old one must not
/// find the new one on the same account.
const MANY: u32 = 100;

#[tokio::test]
async fn the_bank_keeps_its_books_though_the_primary_is_killed() {
    let (mut cluster, primary, _) = Cluster::pair().await;
    let (bank, tellers) = open(&cluster, ACCOUNTS).await;
    busy(&bank).await;
    cluster.kill(primary);
    busy(&bank).await;
    assert_eq!(bank.total().await.unwrap(), OPENING * u64::from(ACCOUNTS));
    close(&bank, tellers).await;
    let audit = bank.audit().await.unwrap();
    assert!(audit.wrong.is_empty(), "{audit:?}");
    let (acknowledged, unknown) = (bank.books().acknowledged.len(), audit.unknown_done);
    assert_eq!(audit.receipts, acknowledged + unknown);
}

#[tokio::test]
async fn on_async_the_books_lack_exactly_the_transfers_that_were_cut() {
    let (mut cluster, primary, backup) = ahead().await;
    let (bank, tellers) = open(&cluster, MANY).await;
    wait::until("a teller is told of what only the primary has", || async {
        busy(&bank).await;
        cluster.signal(backup, Signal::STOP);
        still(&bank).await;
        // What is not acknowledged may be on the backup's disk all the same.
        let only = &transfers(&cluster, primary, &[]) - &transfers(&cluster, backup, &[]);
        if bank.books().acknowledged.keys().any(|id| only.contains(id)) {
            return Some(());
        }
        // Each happened to read, for which the backup is asked in this mode, too.
        cluster.signal(backup, Signal::CONT);
        None
    })
    .await;
    // What the backup's sockets hold is gone with it; what is on its disk is all that it has.
    cluster.kill(primary);
    cluster.kill(backup);
    let told: BTreeSet<String> = bank.books().acknowledged.keys().cloned().collect();
    cluster.start(backup);
    cluster.until(backup, "takes over", |status| status.role() == Role::Primary).await;
    busy(&bank).await;
    close(&bank, tellers).await;
    let audit = bank.audit().await.unwrap();
    let lost: BTreeSet<String> = audit.lost.into_keys().collect();
    assert_eq!(audit.wrong.len(), lost.len(), "nothing else is wrong: {:?}", audit.wrong);
    assert_eq!(audit.total, OPENING * u64::from(MANY), "money that is not there did not move");
    cluster.start(primary);
    assert_eq!(cluster.complete().await, backup);
    let mut cut = transfers(&cluster, primary, &["--cut"]);
    // Another teller was quicker than the rest of these: they were begun anew.
    cut.retain(|id| told.contains(id));
    assert_eq!(lost, cut);
    assert!(!lost.is_empty());
}

/// A pair in `async` mode, in which nobody is dropped while the backup is stopped.
async fn ahead() -> (Cluster, usize, usize) {
    let mut cluster = Cluster::new(2).await;
    cluster.extra = ["--execution", "async", "--max-tail-ms", "60000", "--first-chance-ms", "0"]
        .iter()
        .chain(&["--drop-ms", "3000", "--promote-ms", "3500", "--stall-ms", "4000"])
        .map(ToString::to_string)
        .collect();
    cluster.start_all();
    let primary = cluster.complete().await;
    (cluster, primary, 1 - primary)
}

/// The transfers in a replica's log, or in what it set aside.
fn transfers(cluster: &Cluster, number: usize, which: &[&str]) -> BTreeSet<String> {
    let data = cluster.replicas[number].data.display().to_string();
    let shown = succeed(&[&["log", &data], which].concat());
    let receipts = shown.split("put \"bank/receipt/").skip(1);
    receipts.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
}

/// A bank with four tellers at work.
async fn open(cluster: &Cluster, accounts: u32) -> (Arc<Bank>, JoinSet<()>) {
    let bank = Arc::new(Bank::open(cluster.client(), accounts).await.unwrap());
    let mut tellers = JoinSet::new();
    for number in 0..4 {
        let bank = bank.clone();
        tellers.spawn(async move { bank.teller(number).await.unwrap() });
    }
    (bank, tellers)
}

async fn close(bank: &Bank, mut tellers: JoinSet<()>) {
    bank.close();
    while let Some(ended) = tellers.join_next().await {
        ended.unwrap();
    }
}

/// Waits until each teller waits for something.
async fn still(bank: &Bank) {
    wait::until("the tellers stand still", || async {
        let before = bank.books().acknowledged.len();
        tokio::time::sleep(Duration::from_millis(100)).await;
        (bank.books().acknowledged.len() == before).then_some(())
    })
    .await;
}

/// Waits until more transfers are acknowledged.
async fn busy(bank: &Bank) {
    let more = bank.books().acknowledged.len() + SOME as usize;
    let done = || async { (bank.books().acknowledged.len() >= more).then_some(()) };
    wait::until("the tellers move money", done).await;
}
