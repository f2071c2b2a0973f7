//! Recorded histories as files of JSON lines.

use std::collections::BTreeSet;

use understudy_history::{Operation, check, read_lines, write_line};

/// Operations of the longest history that is judged: the search may take long on longer ones.
const JUDGED: usize = 12;

/// Any file gives a history or says which line is none; what was read is written and read again as
/// the same; judging it gives a verdict, whatever it says. A history that holds does so in any order
/// of its lines, and when less is known of when its operations took place; that is asked of those
/// that clients can record.
pub fn history(data: &[u8]) {
    let Ok(mut read) = read_lines(data) else { return };
    let mut written = Vec::new();
    for operation in &read {
        write_line(&mut written, operation).expect("a vector takes everything");
    }
    let again: Vec<Operation> = read_lines(&written[..]).expect("what was written can be read");
    assert_eq!(again, read);
    if read.len() > JUDGED || !check(&read).is_ok() || !can_be_recorded(&read) {
        return;
    }
    read.reverse();
    let verdict = check(&read);
    assert!(verdict.is_ok(), "from its end: {verdict:?}");
    for operation in &mut read {
        (operation.begin, operation.end) = (0, u64::MAX);
    }
    let verdict = check(&read);
    assert!(verdict.is_ok(), "all at once: {verdict:?}");
}

/// Each value is written once, each operation has a name of its own, and time goes forward.
fn can_be_recorded(history: &[Operation]) -> bool {
    let (mut values, mut names) = (BTreeSet::new(), BTreeSet::new());
    history.iter().all(|operation| {
        operation.begin < operation.end
            && names.insert((operation.client, operation.id))
            && operation.action.puts().iter().all(|(_, value)| values.insert(*value))
    })
}
