//! Tables without lines or colours.

use super::print;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};

/// The rows under their headings; the columns in `numbers` are aligned to the right.
pub fn text(headings: &[&str], rows: Vec<Vec<String>>, numbers: &[usize]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let escaped = |row: Vec<String>| row.into_iter().map(|cell| print::text(cell.as_bytes()));
    table.set_header(headings.iter().copied()).add_rows(rows.into_iter().map(escaped));
    for (place, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if numbers.contains(&place) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}
