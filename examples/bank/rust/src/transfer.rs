//! Moving money.

use anyhow::{Context as _, Result};
use understudy_client::Client;

use crate::Transfer;
use crate::ledger::{account, receipt};

/// Moves money and writes the receipt, once, whatever happens to the primary; false if the account
/// does not hold that much.
///
/// # Errors
/// [`understudy_client::Error`]; with `OutcomeUnknown` it may have been done. A balance that is no
/// number.
pub async fn transfer(client: &Client, id: &str, order: Transfer) -> Result<bool> {
    let (giver, taker) = (account(order.from), account(order.to));
    loop {
        // What the accounts hold, and the revision that says so.
        let (gives, takes) = tokio::try_join!(read(client, &giver), read(client, &taker))?;
        let Some(left) = gives.balance.checked_sub(order.amount) else { return Ok(false) };
        let txn = client
            .txn()
            // Only if nobody has touched either account since it was read: the sums are made of that.
            .if_revision(giver.clone(), gives.revision)
            .if_revision(taker.clone(), takes.revision)
            // All three or none: money leaves, arrives, and the ledger tells of it.
            .then_put(giver.clone(), left.to_string())
            .then_put(taker.clone(), (takes.balance + order.amount).to_string())
            .then_put(receipt(id), order.to_string());
        // The client repeats it over any failover under the same stamp, so that it is executed once, and
        // the answer is that of the execution: "no" means another teller, never our own first try.
        if txn.await?.succeeded {
            return Ok(true);
        }
        // Another teller was quicker: nothing was done. Read again.
    }
}

struct Account {
    balance: u64,
    revision: i64,
}

async fn read(client: &Client, key: &str) -> Result<Account> {
    let kv = client.get(key.to_owned()).await?.kv;
    let kv = kv.with_context(|| format!("{key} is gone: an account is never closed"))?;
    let balance = str::from_utf8(&kv.value).ok().and_then(|text| text.parse().ok());
    let balance = balance.with_context(|| format!("{key} holds {:?}, no balance", kv.value))?;
    Ok(Account { balance, revision: kv.mod_revision })
}
