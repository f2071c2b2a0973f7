//! Durations on the command line.

use std::time::Duration;

use understudy_machine::LEASE_TTL;

/// Reads `500ms`, `2.5s`, `10` (seconds) or `1m`.
///
/// # Errors
/// A sentence for the user.
pub fn parse(text: &str) -> Result<Duration, String> {
    // Beyond a year the addition to an instant might overflow.
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    let duration = read(text)?;
    let sensible = Duration::from_millis(1)..=YEAR;
    if sensible.contains(&duration) { Ok(duration) } else { Err(wrong()) }
}

/// Reads how long a lease lives: what the store takes.
///
/// # Errors
/// A sentence for the user.
pub fn parse_ttl(text: &str) -> Result<Duration, String> {
    let (least, most) = (*LEASE_TTL.start(), *LEASE_TTL.end());
    let duration = read(text)?;
    match (u128::from(least)..=u128::from(most)).contains(&duration.as_nanos()) {
        true => Ok(duration),
        false => Err("a lease lives for 1ms to ten years (87600h)".to_owned()),
    }
}

fn wrong() -> String {
    "write a duration such as 500ms, 10s or 2m".to_owned()
}

fn read(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let number: f64 = digits.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * factor).map_err(|_| wrong())
}

/// The same, or `0`.
///
/// # Errors
/// A sentence for the user.
pub fn parse_or_zero(text: &str) -> Result<Duration, String> {
    match text {
        "0" | "0s" | "0ms" => Ok(Duration::ZERO),
        _ => parse(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_and_without_unit() {
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("2.5s"), Ok(Duration::from_millis(2_500)));
        assert_eq!(parse("10"), Ok(Duration::from_secs(10)));
        assert_eq!(parse("2m"), Ok(Duration::from_secs(120)));
    }

    #[test]
    fn a_lease_lives_as_long_as_the_store_lets_it() {
        assert_eq!(parse_ttl("1ms"), Ok(Duration::from_millis(1)));
        assert_eq!(parse_ttl("87600h"), Ok(Duration::from_millis(315_360_000_000)));
        for bad in ["0", "0.9ms", "87600.1h", "1e30", "-1s", "nan"] {
            assert!(parse_ttl(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_is_a_duration_where_it_is_allowed() {
        assert_eq!(parse_or_zero("0s"), Ok(Duration::ZERO));
        assert_eq!(parse_or_zero("10ms"), parse("10ms"));
        assert!(parse("0s").is_err());
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for bad in ["", "s", "10x", "-1s", "0", "1e30", "nan", "inf"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
