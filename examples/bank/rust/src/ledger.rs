//! What the store holds: an account's balance under `bank/account/0007`, and for each transfer a
//! receipt such as `25 from 7 to 3` under `bank/receipt/ID`.

use std::fmt;
use std::str::FromStr;

/// The prefix of all accounts.
pub const ACCOUNTS: &str = "bank/account/";
/// The prefix of all receipts.
pub const RECEIPTS: &str = "bank/receipt/";
/// What an account is opened with.
pub const OPENING: u64 = 1_000;

/// Money to be moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transfer {
    /// The account that gives.
    pub from: u32,
    /// The account that takes, another one.
    pub to: u32,
    /// How much.
    pub amount: u64,
}

/// The key of an account.
pub fn account(number: u32) -> String {
    format!("{ACCOUNTS}{number:04}")
}

/// The key of a transfer's receipt.
pub fn receipt(id: &str) -> String {
    format!("{RECEIPTS}{id}")
}

impl fmt::Display for Transfer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} from {} to {}", self.amount, self.from, self.to)
    }
}

impl FromStr for Transfer {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        match *text.split(' ').collect::<Vec<_>>() {
            [amount, "from", from, "to", to] => {
                Ok(Self { from: from.parse()?, to: to.parse()?, amount: amount.parse()? })
            }
            _ => anyhow::bail!("{text:?} is no transfer"),
        }
    }
}
