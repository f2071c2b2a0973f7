//! Recorded histories as files of JSON lines.

use understudy_history::{Operation, check, read_lines, write_line};

/// Operations of the longest history that is judged: the search may take long on longer ones.
const JUDGED: usize = 12;

/// Any file gives a history or says which line is none; what was read is written and read again as
/// the same; judging it gives a verdict, whatever it says.
pub fn history(data: &[u8]) {
    let Ok(read) = read_lines(data) else { return };
    let mut written = Vec::new();
    for operation in &read {
        write_line(&mut written, operation).expect("a vector takes everything");
    }
    let again: Vec<Operation> = read_lines(&written[..]).expect("what was written can be read");
    assert_eq!(again, read);
    if read.len() <= JUDGED {
        let _ = check(&read);
    }
}
