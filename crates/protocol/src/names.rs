//! What a replica's name and address may be. Messages, logs and lists of peers repeat both as they are, and
//! others' come from outside: from peers, and from a register that anybody may have edited.

/// Bytes of the longest name.
const LONGEST_NAME: usize = 128;
/// Bytes of the longest address: a host's name has 253 at most.
const LONGEST_ADDRESS: usize = 300;

/// Whether a replica can have this name: 1 to 128 bytes without commas, equals signs, white space, control
/// characters and others that are not seen.
pub fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && !name.contains(|c: char| [',', '='].contains(&c) || !is_seen(c))
}

/// Whether this may be the address of a replica, `host:port`: up to 300 bytes without white space, control
/// characters and others that are not seen. An empty one is none yet.
pub fn is_address(address: &str) -> bool {
    address.len() <= LONGEST_ADDRESS && address.chars().all(is_seen)
}

/// Neither space nor control character, nor one that turns the direction of text around or has no width.
fn is_seen(c: char) -> bool {
    !c.is_control()
        && !c.is_whitespace()
        && !matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_seen_as_they_are() {
        for name in ["a", "understudy-0", "Zürich/1", "日本", &"x".repeat(128)] {
            assert!(is_name(name), "{name:?}");
        }
        for name in [
            "",
            "a b",
            "a,b",
            "a=b",
            "a\nb",
            "\u{1b}[2J",
            "a\u{9b}",
            "\u{202e}a",
            "a\u{200b}",
            &"x".repeat(129),
        ] {
            assert!(!is_name(name), "{name:?}");
        }
    }

    #[test]
    fn addresses_too() {
        for address in ["", "a:1", "[::1]:7440", "understudy-0.understudy:7441"] {
            assert!(is_address(address), "{address:?}");
        }
        for address in ["a :1", "a:1\n", "\u{1b}[0m:1", &"x".repeat(301)] {
            assert!(!is_address(address), "{address:?}");
        }
    }
}
