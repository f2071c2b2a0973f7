//! The small language of `understudy txn`.

use understudy_proto::kv::v1::compare::Operand;
use understudy_proto::kv::v1::txn_operation::Operation;
use understudy_proto::kv::v1::{
    Compare, CompareOperator, KeyRange, TxnDelete, TxnGet, TxnList, TxnOperation, TxnPut,
    txn_delete,
};

use super::file::Words;
use crate::client::notation::Notation;
use crate::failure::Failure;

/// Reads the words of one line.
type Read<T> = fn(&[&str], Notation) -> Result<T, String>;

/// Reads each of `lines` with `read`.
pub fn all<T>(lines: &[Words], notation: Notation, read: Read<T>) -> Result<Vec<T>, Failure> {
    lines.iter().map(|line| one(line, notation, read)).collect()
}

fn one<T>(line: &Words, notation: Notation, read: Read<T>) -> Result<T, Failure> {
    let (shown, words) = match line {
        Words::Line(line) => (line.clone(), shlex::split(line)),
        Words::List(words) => (words.join(" "), Some(words.clone())),
    };
    let wrong = |what| Failure::usage(format!("{shown:?}: {what} (see `understudy txn --help`)"));
    let words = words.ok_or_else(|| wrong("a quotation mark is not closed".to_owned()))?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    read(&words, notation).map_err(wrong)
}

/// Reads one condition.
pub fn condition(words: &[&str], notation: Notation) -> Result<Compare, String> {
    let compare = |key: &str, operator: CompareOperator, operand| {
        let key = notation.bytes(key)?;
        Ok(Compare { key, operator: operator.into(), operand: Some(operand) })
    };
    match *words {
        ["absent", key] => compare(key, CompareOperator::Equal, Operand::Version(0)),
        ["exists", key] => compare(key, CompareOperator::NotEqual, Operand::Version(0)),
        [attribute, key, operator, operand] => {
            compare(key, relation(operator)?, value(attribute, operand, notation)?)
        }
        _ => Err("write a condition such as 'value KEY = VALUE' or 'absent KEY'".to_owned()),
    }
}

fn relation(word: &str) -> Result<CompareOperator, String> {
    match word {
        "=" | "==" => Ok(CompareOperator::Equal),
        "!=" => Ok(CompareOperator::NotEqual),
        ">" => Ok(CompareOperator::Greater),
        "<" => Ok(CompareOperator::Less),
        _ => Err(format!("{word:?} is not one of =, !=, > and <")),
    }
}

fn value(attribute: &str, word: &str, notation: Notation) -> Result<Operand, String> {
    match attribute {
        "value" => Ok(Operand::Value(notation.bytes(word)?)),
        "revision" => Ok(Operand::ModRevision(number(word)?)),
        "created" => Ok(Operand::CreateRevision(number(word)?)),
        "version" => Ok(Operand::Version(number(word)?)),
        "lease" => Ok(Operand::LeaseId(number(word)?)),
        _ => {
            Err(format!("{attribute:?} is not one of value, revision, created, version and lease"))
        }
    }
}

/// Reads one operation.
pub fn operation(words: &[&str], notation: Notation) -> Result<TxnOperation, String> {
    let bytes = |word: &str| notation.bytes(word);
    let range = |start, end| Ok::<_, String>(KeyRange { start: bytes(start)?, end: bytes(end)? });
    let operation = match *words {
        ["put", key, value] => {
            Operation::Put(TxnPut { key: bytes(key)?, value: bytes(value)?, ..TxnPut::default() })
        }
        ["get", key] => Operation::Get(TxnGet { key: bytes(key)? }),
        ["del", key] => {
            let target = Some(txn_delete::Target::Key(bytes(key)?));
            Operation::Delete(TxnDelete { target, ..TxnDelete::default() })
        }
        ["del-range", start, end] => delete_range(range(start, end)?, 0),
        ["del-range", start, end, limit] => delete_range(range(start, end)?, number(limit)?),
        ["list", start, end] => list(range(start, end)?, 0),
        ["list", start, end, limit] => list(range(start, end)?, number(limit)?),
        _ => return Err("write an operation such as 'put KEY VALUE' or 'get KEY'".to_owned()),
    };
    Ok(TxnOperation { operation: Some(operation) })
}

fn delete_range(range: KeyRange, limit: i64) -> Operation {
    let target = Some(txn_delete::Target::Range(range));
    Operation::Delete(TxnDelete { target, limit, ..TxnDelete::default() })
}

fn list(range: KeyRange, limit: i64) -> Operation {
    Operation::List(TxnList { range: Some(range), limit })
}

fn number(word: &str) -> Result<i64, String> {
    word.parse().map_err(|_| format!("{word:?} is not a whole number"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn line<T>(text: &str, read: Read<T>) -> Result<T, Failure> {
        one(&Words::Line(text.to_owned()), Notation::default(), read)
    }

    #[test]
    fn conditions_compare_what_they_name() {
        let read = line("value 'my key' != \"a b\"", condition).unwrap();
        assert_eq!(read.key, "my key");
        assert_eq!(read.operator(), CompareOperator::NotEqual);
        assert_eq!(read.operand, Some(Operand::Value("a b".into())));
        let read = line("revision k > 7", condition).unwrap();
        assert_eq!(read.operator(), CompareOperator::Greater);
        assert_eq!(read.operand, Some(Operand::ModRevision(7)));
        let read = line("absent k", condition).unwrap();
        assert_eq!(read.operator(), CompareOperator::Equal);
        assert_eq!(read.operand, Some(Operand::Version(0)));
    }

    #[test]
    fn operations_are_read_word_by_word() {
        let read = |text| line(text, operation).unwrap().operation.unwrap();
        let put = TxnPut { key: "k".into(), value: "".into(), ..TxnPut::default() };
        assert_eq!(read("put k ''"), Operation::Put(put));
        let range = KeyRange { start: "a".into(), end: "".into() };
        assert_eq!(read("list a '' 5"), Operation::List(TxnList { range: Some(range), limit: 5 }));
        let deleted = |range, limit| {
            let target = Some(txn_delete::Target::Range(range));
            Operation::Delete(TxnDelete { target, limit, ..TxnDelete::default() })
        };
        let range = KeyRange { start: "a".into(), end: "b".into() };
        assert_eq!(read("del-range a b"), deleted(range.clone(), 0));
        assert_eq!(read("del-range a b 7"), deleted(range, 7));
        let words = Words::List(vec!["get".to_owned(), "it's".to_owned()]);
        let get = one(&words, Notation::default(), operation).unwrap().operation.unwrap();
        assert_eq!(get, Operation::Get(TxnGet { key: "it's".into() }));
    }

    #[test]
    fn keys_and_values_may_be_in_hex_digits_and_numbers_are_not() {
        let hex = Notation { hex: true };
        let read = condition(&["value", "6b", "=", "00ff"], hex).unwrap();
        assert_eq!(
            (read.key, read.operand),
            ("k".into(), Some(Operand::Value(vec![0, 255].into())))
        );
        let read = condition(&["version", "6b", "=", "10"], hex).unwrap();
        assert_eq!(read.operand, Some(Operand::Version(10)));
        let list = operation(&["list", "61", "", "10"], hex).unwrap().operation.unwrap();
        let range = KeyRange { start: "a".into(), end: "".into() };
        assert_eq!(list, Operation::List(TxnList { range: Some(range), limit: 10 }));
        assert!(operation(&["get", "k"], hex).unwrap_err().contains("\"k\" is not in hex digits"));
    }

    #[test]
    fn what_cannot_be_read_is_shown_with_the_reason() {
        for (text, reason) in [
            ("value k ~ v", "is not one of =, !=, > and <"),
            ("size k = 1", "is not one of value"),
            ("version k = one", "is not a whole number"),
            ("value k", "write a condition such as"),
            ("value 'k = v", "a quotation mark is not closed"),
        ] {
            let failure = line(text, condition).unwrap_err().to_string();
            assert!(failure.contains(reason) && failure.contains("--help"), "{failure}");
        }
        assert!(line("put k", operation).is_err());
    }
}
