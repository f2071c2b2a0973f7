//! A picture of the requests that were answered around a kill.

use std::fmt::Write as _;

/// One column is this long, nanoseconds.
pub const BIN: u64 = 10_000_000;
/// Columns before the kill.
const BEFORE: usize = 16;
/// Columns of a row.
const COLUMNS: usize = 76;
/// Rows at most: a pause longer than what they show needs no picture.
const ROWS: usize = 4;
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Requests answered per [`BIN`] around a kill.
pub struct Picture {
    /// The first `BEFORE` of them lie before the kill.
    pub bins: Vec<u64>,
}

impl Picture {
    /// Counts. `ends` are the moments of all answers, ascending; the picture goes on for a while
    /// after `resumed`.
    pub fn new(ends: &[u64], killed: u64, resumed: u64) -> Self {
        let begin = killed.saturating_sub(BEFORE as u64 * BIN);
        let wanted = ((resumed.saturating_sub(begin) / BIN) as usize + BEFORE).div_ceil(COLUMNS);
        let columns = wanted.clamp(1, ROWS) * COLUMNS;
        let mut bins = vec![0; columns];
        let first = ends.partition_point(|end| *end < begin);
        for end in &ends[first..] {
            match bins.get_mut(((end - begin) / BIN) as usize) {
                Some(bin) => *bin += 1,
                None => break,
            }
        }
        Picture { bins }
    }

    /// The picture, at most 80 columns wide.
    pub fn text(&self) -> String {
        let highest = self.bins.iter().copied().max().unwrap_or(0).max(1);
        let mut text = String::new();
        for (row, bins) in self.bins.chunks(COLUMNS).enumerate() {
            let bars: String = bins.iter().map(|n| bar(*n, highest)).collect();
            // The scale of a String cannot fail to be written.
            let _ = writeln!(text, "  {bars}");
            let _ = writeln!(text, "  {}", scale(row));
        }
        text
    }
}

/// Anything at all is at least the lowest bar.
fn bar(count: u64, highest: u64) -> char {
    BARS[(count * 8).div_ceil(highest) as usize]
}

/// Marks the kill, and every 100 ms from it.
fn scale(row: usize) -> String {
    let mut line = vec![' '; COLUMNS];
    for column in 0..COLUMNS {
        let from_kill = (row * COLUMNS + column) as i64 - BEFORE as i64;
        if from_kill % 10 != 0 {
            continue;
        }
        let label = match from_kill {
            0 => "^kill".to_owned(),
            n => format!("|{}", n * 10),
        };
        if column + label.len() <= COLUMNS {
            for (at, letter) in label.chars().enumerate() {
                line[column + at] = letter;
            }
        }
    }
    line.into_iter().collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_a_hole_and_fits_80_columns() {
        let killed = 1_000 * BIN;
        let steady = |from: u64, to: u64| (from * 10..to * 10).map(|n| n * BIN / 10);
        let ends: Vec<u64> = steady(900, 1_000).chain(steady(1_012, 1_200)).collect();
        let picture = Picture::new(&ends, killed, 1_012 * BIN);
        assert_eq!(picture.bins.len(), COLUMNS);
        assert_eq!(picture.bins[BEFORE - 1], 10);
        assert_eq!(picture.bins[BEFORE..BEFORE + 12], [0; 12]);
        assert_eq!(picture.bins[BEFORE + 12], 10);
        let text = picture.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0].chars().filter(|c| *c == ' ').count(), 2 + 12);
        assert_eq!(lines[0].chars().count(), 78);
        assert!(lines[1].starts_with("        |-100     ^kill     |100      |200"), "{}", lines[1]);
    }

    #[test]
    fn a_long_pause_takes_more_rows() {
        let picture = Picture::new(&[1_000 * BIN], 1_000 * BIN, 1_110 * BIN);
        assert_eq!(picture.bins.len(), 2 * COLUMNS);
        assert!(picture.text().lines().all(|line| line.chars().count() <= 80));
    }
}
