//! The bank: accounts, tellers, and what they were told.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Result, ensure};
use understudy_client::proto::kv::v1::list_request::Target;
use understudy_client::proto::kv::v1::{KeyValue, ListRequest};
use understudy_client::{Client, Error};

use crate::ledger::{ACCOUNTS, OPENING, account};
use crate::{Audit, Books, Transfer, audit, transfer};

/// The most that one transfer moves.
const MOST: u64 = 100;

/// The bank. Several may work on the same books at once, whatever language they are written in.
#[derive(Debug)]
pub struct Bank {
    client: Client,
    /// Distinguishes the transfers of this bank from those of others.
    run: String,
    accounts: u32,
    books: Mutex<Books>,
    closed: AtomicBool,
}

impl Bank {
    /// Opens the accounts that are not there yet.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn open(client: Client, accounts: u32) -> Result<Self> {
        for number in 0..accounts {
            client.put(account(number), OPENING.to_string()).if_absent().await?;
        }
        let (run, books) = (format!("rust-{:08x}", fastrand::u32(..)), Mutex::default());
        Ok(Self { client, run, accounts, books, closed: AtomicBool::new(false) })
    }

    /// Moves money between random accounts until the bank is closed.
    ///
    /// # Errors
    /// [`Error::Rejected`] and whatever else no repetition can fix.
    pub async fn teller(&self, number: u32) -> Result<()> {
        for count in 0_u64.. {
            if self.closed.load(Ordering::Relaxed) {
                break;
            }
            let from = fastrand::u32(..self.accounts);
            let to = (from + fastrand::u32(1..self.accounts)) % self.accounts;
            let order = Transfer { from, to, amount: fastrand::u64(1..=MOST) };
            let id = format!("{}/{number}-{count}", self.run);
            match transfer(&self.client, &id, order).await {
                Ok(true) => self.books().acknowledge(id, order),
                // There is not enough in the account.
                Ok(false) => {}
                // There are three ends and no fourth: done, definitely not done, unknown.
                Err(error) => match error.downcast_ref() {
                    Some(Error::Unavailable { .. }) => self.books().failed += 1,
                    Some(Error::OutcomeUnknown { .. }) => {
                        self.books().unknown.insert(id, order);
                    }
                    _ => return Err(error),
                },
            }
        }
        Ok(())
    }

    /// Lets each teller finish what is at hand, and no more.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// What the tellers were told so far.
    pub fn books(&self) -> MutexGuard<'_, Books> {
        // Each change is whole before it can panic.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The money in all accounts, as it stands at one revision while the tellers go on.
    ///
    /// # Errors
    /// [`Error`], and a total that is not what was paid in.
    pub async fn total(&self) -> Result<u64> {
        let accounts = self.list(ACCOUNTS).await?;
        let balance = |kv: &KeyValue| str::from_utf8(&kv.value).ok()?.parse::<u64>().ok();
        let total: u64 = accounts.iter().filter_map(balance).sum();
        let paid_in = OPENING * accounts.len() as u64;
        ensure!(total == paid_in, "the accounts hold {total}, and {paid_in} was paid in");
        Ok(total)
    }

    /// Compares what is in the store, at one revision, with what the tellers were told.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn audit(&self) -> Result<Audit> {
        let stored = self.list("bank/").await?;
        Ok(audit(&stored, self.accounts, &self.run, &self.books()))
    }

    /// All keys that begin with `prefix`; all pages show one revision.
    async fn list(&self, prefix: &'static str) -> Result<Vec<KeyValue>> {
        let target = Some(Target::Prefix(prefix.into()));
        let mut request = ListRequest { target, ..ListRequest::default() };
        let mut found = Vec::new();
        loop {
            let page = self.client.list(request.clone()).await?;
            found.extend(page.kvs);
            if page.next_page_token.is_empty() {
                return Ok(found);
            }
            request.page_token = page.next_page_token;
        }
    }
}
