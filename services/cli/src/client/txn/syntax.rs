//! The small language of `understudy txn`.

use bytes::Bytes;
use understudy_proto::kv::v1::compare::Operand;
use understudy_proto::kv::v1::txn_operation::Operation;
use understudy_proto::kv::v1::{
    Compare, CompareOperator, KeyRange, TxnDelete, TxnGet, TxnList, TxnOperation, TxnPut,
    txn_delete,
};

use super::file::Words;
use crate::failure::Failure;

/// Reads each of `lines` with `read`.
pub fn all<T>(lines: &[Words], read: fn(&[&str]) -> Result<T, String>) -> Result<Vec<T>, Failure> {
    lines.iter().map(|line| one(line, read)).collect()
}

fn one<T>(line: &Words, read: fn(&[&str]) -> Result<T, String>) -> Result<T, Failure> {
    let (shown, words) = match line {
        Words::Line(line) => (line.clone(), shlex::split(line)),
        Words::List(words) => (words.join(" "), Some(words.clone())),
    };
    let wrong = |what| Failure::usage(format!("{shown:?}: {what} (see `understudy txn --help`)"));
    let words = words.ok_or_else(|| wrong("a quotation mark is not closed".to_owned()))?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    read(&words).map_err(wrong)
}

/// Reads one condition.
pub fn condition(words: &[&str]) -> Result<Compare, String> {
    let compare = |key: &str, operator: CompareOperator, operand| Compare {
        key: bytes(key),
        operator: operator.into(),
        operand: Some(operand),
    };
    match *words {
        ["absent", key] => Ok(compare(key, CompareOperator::Equal, Operand::Version(0))),
        ["exists", key] => Ok(compare(key, CompareOperator::NotEqual, Operand::Version(0))),
        [attribute, key, operator, operand] => {
            Ok(compare(key, relation(operator)?, value(attribute, operand)?))
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

fn value(attribute: &str, word: &str) -> Result<Operand, String> {
    match attribute {
        "value" => Ok(Operand::Value(bytes(word))),
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
pub fn operation(words: &[&str]) -> Result<TxnOperation, String> {
    let operation = match *words {
        ["put", key, value] => {
            Operation::Put(TxnPut { key: bytes(key), value: bytes(value), ..TxnPut::default() })
        }
        ["get", key] => Operation::Get(TxnGet { key: bytes(key) }),
        ["del", key] => delete(txn_delete::Target::Key(bytes(key))),
        ["del-range", start, end] => delete(txn_delete::Target::Range(range(start, end))),
        ["list", start, end] => list(start, end, 0),
        ["list", start, end, limit] => list(start, end, number(limit)?),
        _ => return Err("write an operation such as 'put KEY VALUE' or 'get KEY'".to_owned()),
    };
    Ok(TxnOperation { operation: Some(operation) })
}

fn delete(target: txn_delete::Target) -> Operation {
    Operation::Delete(TxnDelete { target: Some(target), ..TxnDelete::default() })
}

fn list(start: &str, end: &str, limit: i64) -> Operation {
    Operation::List(TxnList { range: Some(range(start, end)), limit })
}

fn range(start: &str, end: &str) -> KeyRange {
    KeyRange { start: bytes(start), end: bytes(end) }
}

fn bytes(word: &str) -> Bytes {
    Bytes::copy_from_slice(word.as_bytes())
}

fn number(word: &str) -> Result<i64, String> {
    word.parse().map_err(|_| format!("{word:?} is not a whole number"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn line<T>(text: &str, read: fn(&[&str]) -> Result<T, String>) -> Result<T, Failure> {
        one(&Words::Line(text.to_owned()), read)
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
        let words = Words::List(vec!["get".to_owned(), "it's".to_owned()]);
        let get = one(&words, operation).unwrap().operation.unwrap();
        assert_eq!(get, Operation::Get(TxnGet { key: "it's".into() }));
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
