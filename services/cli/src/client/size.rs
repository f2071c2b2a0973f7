//! Numbers of bytes on the command line.

/// Reads `512MiB`, `8GiB`, `64KiB` or a plain number.
///
/// # Errors
/// A sentence for the user.
pub fn parse(text: &str) -> Result<u64, String> {
    let wrong = || "write bytes such as 65536, 64KiB, 512MiB or 8GiB".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match &text[digits.len()..] {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return Err(wrong()),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).ok_or_else(wrong)
}

/// The same the other way round: whole units where they are.
pub fn text(bytes: u64) -> String {
    let unit = [(30, "GiB"), (20, "MiB"), (10, "KiB")]
        .into_iter()
        .find(|(shift, _)| bytes > 0 && bytes.trailing_zeros() >= *shift);
    match unit {
        Some((shift, unit)) => format!("{} {unit}", bytes >> shift),
        None => bytes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_unit() {
        assert_eq!(parse("8GiB"), Ok(8 << 30));
        assert_eq!(parse("512MiB"), Ok(512 << 20));
        assert_eq!(parse("1024"), Ok(1024));
        for bad in ["", "GiB", "8GB", "1.5MiB", "-1", "18446744073709551616", "99999999999GiB"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_shown_in_whole_units() {
        assert_eq!(
            [0, 1000, 4096, 3 << 20, 5 << 30].map(text),
            ["0", "1000", "4 KiB", "3 MiB", "5 GiB"]
        );
    }
}
