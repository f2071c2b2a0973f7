//! Histories of stores that had been used before, or that others use.
#![allow(clippy::unwrap_used)]

mod common;

use common::{absent, found, ok, put, was_put};
use understudy_history::*;

fn op(id: u64, action: Action, outcome: Outcome) -> Operation {
    Operation { client: 1, id, action, begin: 10 * id, end: 10 * id + 5, outcome }
}

fn get(key: &str) -> Action {
    Action::Get { key: key.into() }
}

/// Begins at revision 41.
fn history() -> Vec<Operation> {
    vec![
        op(0, get("a"), absent(41)),
        op(1, put("a", "1"), was_put(42, 1)),
        op(2, put("a", "2"), Outcome::Unknown),
        op(3, put("b", "3"), was_put(44, 1)),
        op(4, get("a"), found(44, "1", 42, 1)),
    ]
}

fn broken(history: &[Operation], beginning: Beginning) -> Vec<Property> {
    check_from(history, beginning).violations.iter().map(|violation| violation.property).collect()
}

const AT_41: Beginning = Beginning { revision: 41, others: false };

#[test]
fn revisions_from_the_beginning_on_need_an_operation() {
    // The unknown put may have been executed at 43, but then the last read is wrong.
    let mut seen = history();
    seen[4] = op(4, get("a"), found(44, "2", 43, 2));
    assert_eq!(broken(&seen, AT_41), []);
    assert_eq!(broken(&seen, Beginning::default()), [Property::Revisions], "as before");
    assert_eq!(broken(&seen, Beginning { revision: 40, others: false }), [Property::Revisions]);
    // A revision that nobody explains, unless others are there.
    let mut gap = history();
    gap.remove(2);
    assert_eq!(broken(&gap, AT_41), [Property::Revisions]);
    assert_eq!(broken(&gap, Beginning { others: true, ..AT_41 }), []);
}

#[test]
fn nothing_stands_before_the_beginning() {
    let mut read = history();
    read.push(op(9, get("c"), absent(40)));
    assert!(broken(&read, AT_41).contains(&Property::Linearizable));
    let first = [op(1, put("a", "1"), was_put(41, 1))];
    assert_eq!(broken(&first, AT_41), [Property::Linearizable]);
    let others = Beginning { others: true, ..AT_41 };
    assert_eq!(broken(&first, others), [Property::Linearizable]);
    // The oldest revision that is kept is no place.
    let old = Action::GetAt { key: "a".into(), revision: 1 };
    assert_eq!(broken(&[op(1, old, ok(2, Reply::Compacted))], AT_41), []);
}

#[test]
fn a_file_says_where_it_begins_on_any_line_and_old_ones_do_not() {
    let operations = history();
    let mut file = Vec::new();
    write_line(&mut file, &operations[1]).unwrap();
    assert_eq!(read_history(&file[..]).unwrap().0, Beginning::default());
    write_beginning(&mut file, &operations[0], AT_41).unwrap();
    let read = read_history(&file[..]).unwrap();
    assert_eq!(read, (AT_41, vec![operations[1].clone(), operations[0].clone()]));
    // Others were noticed later.
    write_beginning(&mut file, &operations[3], Beginning { others: true, ..AT_41 }).unwrap();
    assert_eq!(read_history(&file[..]).unwrap().0, Beginning { revision: 41, others: true });
    // The line is an operation to those who do not know the field.
    let lines = String::from_utf8(file).unwrap();
    let line = lines.lines().nth(1).unwrap();
    assert!(line.ends_with(r#","store":{"revision":41,"others":false}}"#), "{line}");
    assert_eq!(serde_json::from_str::<Operation>(line).unwrap(), operations[0]);
    // A key of that name is none.
    let named = op(1, put("store", "\"store\""), was_put(1, 1));
    let mut file = Vec::new();
    write_line(&mut file, &named).unwrap();
    assert_eq!(read_history(&file[..]).unwrap(), (Beginning::default(), vec![named]));
}
