//! Lines for terminals of 80 columns.

const COLUMNS: usize = 80;

/// `text` in lines of at most 80 columns, where its words allow it; those after the first are indented.
pub fn wrapped(text: &str, indent: usize) -> String {
    // Blanks at the beginning are kept: they are an indent, too.
    let start = text.len() - text.trim_start().len();
    let (mut out, rest) = (text[..start].to_owned(), &text[start..]);
    let (mut column, mut first) = (start, true);
    for word in rest.split(' ') {
        let width = word.chars().count();
        if !first && column + 1 + width > COLUMNS {
            out.truncate(out.trim_end().len());
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if !first {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
        first = false;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let text = format!("  name           {}", ["word"; 40].join(" "));
        let wrapped = wrapped(&text, 17);
        assert!(wrapped.lines().all(|line| line.chars().count() <= COLUMNS), "{wrapped}");
        assert!(wrapped.lines().skip(1).all(|line| line.find("word") == Some(17)), "{wrapped}");
        assert_eq!(wrapped.lines().map(str::trim).collect::<Vec<_>>().join(" "), text.trim());
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let text = format!("a  b {}", "c".repeat(75));
        assert_eq!(wrapped(&text, 4), text);
        assert_eq!(wrapped(&"d".repeat(100), 4), "d".repeat(100));
    }
}
