//! Does the money add up, and was each transfer done as its teller was told?

use std::collections::{BTreeMap, HashMap};

use understudy_client::proto::kv::v1::KeyValue;

use crate::ledger::{ACCOUNTS, OPENING, RECEIPTS};
use crate::{Books, Transfer};

/// What an audit found.
#[derive(Debug, Default)]
pub struct Audit {
    /// How many accounts there are.
    pub accounts: usize,
    /// What they hold together.
    pub total: u64,
    /// How many receipts there are, those of other runs included.
    pub receipts: usize,
    /// How many transfers of unknown outcome were done.
    pub unknown_done: usize,
    /// Acknowledged transfers without a receipt: customers were told about them, and the books know nothing.
    pub lost: BTreeMap<String, Transfer>,
    /// What must not be, a sentence each.
    pub wrong: Vec<String>,
}

/// Compares the whole store under `bank/` with what the tellers of `run` were told.
pub fn audit(stored: &[KeyValue], accounts: u32, run: &str, books: &Books) -> Audit {
    let mut audit = Audit::default();
    let (mut balances, mut receipts) = (BTreeMap::new(), HashMap::new());
    for kv in stored {
        let (key, value) = (String::from_utf8_lossy(&kv.key), String::from_utf8_lossy(&kv.value));
        if let Some(number) = key.strip_prefix(ACCOUNTS).and_then(|text| text.parse::<u32>().ok())
            && let Ok(balance) = value.parse::<u64>()
        {
            balances.insert(number, balance);
        } else if let Some(id) = key.strip_prefix(RECEIPTS)
            && let Ok(transfer) = value.parse::<Transfer>()
        {
            receipts.insert(id.to_owned(), transfer);
            if kv.version != 1 {
                audit.wrong.push(format!("transfer {id} was done {} times", kv.version));
            }
        } else {
            audit.wrong.push(format!("{key} holds {value:?}: no account and no receipt"));
        }
    }
    audit.accounts = balances.len();
    audit.total = balances.values().sum();
    audit.receipts = receipts.len();
    audit.unknown_done = books.unknown.keys().filter(|id| receipts.contains_key(*id)).count();
    let missing = books.acknowledged.iter().filter(|(id, _)| !receipts.contains_key(*id));
    audit.lost = missing.map(|(id, order)| (id.clone(), *order)).collect();
    let told = told(&receipts, run, books);
    let reckoned = reckoned(&balances, &receipts, accounts);
    audit.wrong.extend(told.into_iter().chain(reckoned));
    audit
}

/// An acknowledged transfer has its receipt, and none has one of which the teller was told that it
/// was not done.
fn told(receipts: &HashMap<String, Transfer>, run: &str, books: &Books) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, order) in &books.acknowledged {
        match receipts.get(id) {
            Some(done) if done == order => {}
            Some(done) => wrong.push(format!("transfer {id} was {order}, its receipt says {done}")),
            None => wrong.push(format!("transfer {id}, {order}, was acknowledged and is lost")),
        }
    }
    let ours = |id: &str| id.strip_prefix(run).is_some_and(|rest| rest.starts_with('/'));
    for (id, done) in receipts {
        let known = books.acknowledged.contains_key(id) || books.unknown.contains_key(id);
        if ours(id) && !known {
            wrong.push(format!("transfer {id}, {done}, was done though its teller was told no"));
        }
    }
    wrong
}

/// Each account holds what it was opened with and what its receipts say, so that the total is what
/// was paid in.
fn reckoned(
    balances: &BTreeMap<u32, u64>,
    receipts: &HashMap<String, Transfer>,
    accounts: u32,
) -> Vec<String> {
    let numbers = (0..accounts).chain(balances.keys().copied());
    let mut expected: BTreeMap<u32, i128> =
        numbers.map(|number| (number, OPENING.into())).collect();
    let mut moved = |number, amount| *expected.entry(number).or_insert(OPENING.into()) += amount;
    for transfer in receipts.values() {
        moved(transfer.from, -i128::from(transfer.amount));
        moved(transfer.to, transfer.amount.into());
    }
    let mut wrong = Vec::new();
    for (number, expected) in expected {
        match balances.get(&number) {
            None => wrong.push(format!("account {number} is gone")),
            Some(&balance) if i128::from(balance) == expected => {}
            Some(balance) => wrong.push(format!(
                "account {number} holds {balance}, and its receipts make {expected}"
            )),
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "rust-1";

    fn kv(key: &str, value: &str, version: i64) -> KeyValue {
        let (key, value) = (key.to_owned().into(), value.to_owned().into());
        KeyValue { key, value, version, ..KeyValue::default() }
    }

    /// Two accounts, one acknowledged transfer, one of unknown outcome that was done, and one of
    /// another run.
    fn sound() -> (Vec<KeyValue>, Books) {
        let mut books = Books::default();
        books.acknowledge("rust-1/0-0".to_owned(), Transfer { from: 0, to: 1, amount: 30 });
        let unknown = Transfer { from: 1, to: 0, amount: 5 };
        books.unknown.insert("rust-1/0-1".to_owned(), unknown);
        books.unknown.insert("rust-1/0-2".to_owned(), unknown);
        let stored = vec![
            kv("bank/account/0000", "974", 4),
            kv("bank/account/0001", "1026", 4),
            kv("bank/receipt/rust-1/0-0", "30 from 0 to 1", 1),
            kv("bank/receipt/rust-1/0-1", "5 from 1 to 0", 1),
            kv("bank/receipt/rust-12/0-0", "1 from 0 to 1", 1),
        ];
        (stored, books)
    }

    #[test]
    fn sound_books_pass() {
        let (stored, books) = sound();
        let audit = audit(&stored, 2, RUN, &books);
        assert!(audit.wrong.is_empty(), "{audit:?}");
        assert_eq!((audit.accounts, audit.total, audit.receipts), (2, 2_000, 3));
        assert_eq!(audit.unknown_done, 1);
    }

    #[test]
    fn books_of_a_moment_before_lack_the_transfer_and_nothing_else() {
        let (mut stored, books) = sound();
        stored.remove(2);
        (stored[0].value, stored[1].value) = ("1004".into(), "996".into());
        let audit = audit(&stored, 2, RUN, &books);
        let transfer = Transfer { from: 0, to: 1, amount: 30 };
        assert_eq!(audit.lost, BTreeMap::from([("rust-1/0-0".to_owned(), transfer)]));
        assert_eq!((audit.wrong.len(), audit.total), (1, 2_000), "{audit:?}");
    }

    #[test]
    fn each_way_to_lose_or_make_money_is_found() {
        let balance = |number: usize, value: &'static str| {
            move |stored: &mut Vec<KeyValue>, _: &mut Books| stored[number].value = value.into()
        };
        type Break = Box<dyn Fn(&mut Vec<KeyValue>, &mut Books)>;
        let breaks: [(&str, Break); 7] = [
            ("account 0 holds 975, and its receipts make 974", Box::new(balance(0, "975"))),
            ("no account and no receipt", Box::new(balance(1, "-1026"))),
            ("account 1 is gone", Box::new(|stored, _| drop(stored.remove(1)))),
            ("was acknowledged and is lost", Box::new(|stored, _| drop(stored.remove(2)))),
            ("was done 2 times", Box::new(|stored, _| stored[2].version = 2)),
            ("its receipt says 31 from 0 to 1", Box::new(balance(2, "31 from 0 to 1"))),
            ("though its teller was told no", Box::new(|_, books| books.unknown.clear())),
        ];
        for (says, broken) in breaks {
            let (mut stored, mut books) = sound();
            broken(&mut stored, &mut books);
            let wrong = audit(&stored, 2, RUN, &books).wrong;
            assert!(wrong.iter().any(|line| line.contains(says)), "{says:?} in {wrong:?}");
        }
    }
}
