//! `bank ENDPOINTS`: tellers move money between accounts; at the end the books are audited.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Parser;
use tokio::task::JoinSet;
use understudy_bank::Bank;
use understudy_client::{Client, Endpoints, Options};

/// Tellers move money between random accounts; at the end, also by Ctrl-C, the books are audited.
/// Exits 1 if money was lost or made, or a transfer was lost or done twice.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where replicas are, or the address that follows the primary: host:port, separated by commas.
    #[arg(default_value = "127.0.0.1:7440")]
    endpoints: Endpoints,
    /// How many accounts there are; each is opened with 1,000.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    accounts: u32,
    /// How many transfers are under way at once.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    tellers: u32,
    /// How long to run.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bank: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<bool> {
    let client = Client::new(&arguments.endpoints, Options::default());
    let bank = Arc::new(Bank::open(client.clone(), arguments.accounts).await?);
    let mut tellers = JoinSet::new();
    for number in 0..arguments.tellers {
        let bank = bank.clone();
        tellers.spawn(async move { bank.teller(number).await });
    }
    let watched = tokio::select! {
        watched = watch(&bank, Duration::from_secs(arguments.seconds)) => watched,
        // They end before the bank is closed only if something is wrong.
        Some(ended) = tellers.join_next() => ended?,
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    };
    bank.close();
    while let Some(ended) = tellers.join_next().await {
        ended??;
    }
    watched?;
    client.close().await;
    report(&bank).await
}

/// Tells each second how it goes. The total is read while money moves.
async fn watch(bank: &Bank, length: Duration) -> Result<()> {
    let began = Instant::now();
    while began.elapsed() < length {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let total = bank.total().await?;
        let (transfers, elapsed) = (bank.books().acknowledged.len(), began.elapsed().as_secs());
        println!("{elapsed:4} s  {transfers:7} transfers acknowledged, the accounts hold {total}");
    }
    Ok(())
}

async fn report(bank: &Bank) -> Result<bool> {
    let audit = bank.audit().await?;
    let books = bank.books();
    println!(
        "{} transfers acknowledged, longest pause {} ms; {} failed, {} of unknown outcome, {} of these done",
        books.acknowledged.len(),
        books.longest_pause.as_millis(),
        books.failed,
        books.unknown.len(),
        audit.unknown_done,
    );
    for line in audit.wrong.iter().take(10) {
        println!("WRONG: {line}");
    }
    let (accounts, total, receipts) = (audit.accounts, audit.total, audit.receipts);
    match audit.wrong.len() {
        0 => println!(
            "audit passed: {accounts} accounts hold {total}, as paid in; {receipts} receipts account for every balance"
        ),
        wrong => println!(
            "audit FAILED, {wrong} things are wrong: {accounts} accounts hold {total}, there are {receipts} receipts"
        ),
    }
    if !audit.lost.is_empty() {
        let (lost, money): (_, u64) =
            (audit.lost.len(), audit.lost.values().map(|t| t.amount).sum());
        println!(
            "{lost} acknowledged transfers are not in the books, {money} of money that customers were told had moved"
        );
    }
    Ok(audit.wrong.is_empty())
}
