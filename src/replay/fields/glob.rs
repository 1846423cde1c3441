//! Shell patterns: `*` any bytes, `?` one byte, `[a-z]` and `[!a-z]` sets, `\` takes the next byte as it is.

/// Whether all of `text` fits `pattern`.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    matches_folding(pattern, text, false)
}

/// Whether all of `text` fits `pattern`; with `fold`, ASCII letters of either case are alike.
///
/// Takes time proportional to the product of both lengths at most: after a mismatch only the last `*` is tried anew.
pub fn matches_folding(pattern: &[u8], text: &[u8], fold: bool) -> bool {
    let (mut at, mut text_at) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(text_at) {
        let step = match pattern.get(at) {
            Some(b'*') => {
                retry = Some((at + 1, text_at));
                at += 1;
                continue;
            }
            Some(b'?') => Some(1),
            Some(b'[') => match set_holds(&pattern[at..], byte, fold) {
                Some((true, length)) => Some(length),
                Some((false, _)) => None,
                None => (byte == b'[').then_some(1),
            },
            Some(b'\\') if at + 1 < pattern.len() => same(pattern[at + 1], byte, fold).then_some(2),
            Some(&wanted) => same(wanted, byte, fold).then_some(1),
            None => None,
        };
        match (step, retry) {
            (Some(length), _) => {
                at += length;
                text_at += 1;
            }
            (None, Some((after_star, from))) => {
                at = after_star;
                text_at = from + 1;
                retry = Some((after_star, from + 1));
            }
            (None, None) => return false,
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

fn same(wanted: u8, byte: u8, fold: bool) -> bool {
    wanted == byte || fold && wanted.eq_ignore_ascii_case(&byte)
}

/// Whether the set that `pattern` starts with holds the byte, and how long it is; `None` when it is not closed.
fn set_holds(pattern: &[u8], byte: u8, fold: bool) -> Option<(bool, usize)> {
    let negated = matches!(pattern.get(1), Some(b'!' | b'^'));
    let start = if negated { 2 } else { 1 };
    let mut at = start;
    let mut holds = false;
    loop {
        let low = *pattern.get(at)?;
        if low == b']' && at > start {
            return Some((holds != negated, at + 1));
        }
        let high = match (pattern.get(at + 1), pattern.get(at + 2)) {
            (Some(b'-'), Some(&high)) if high != b']' => {
                at += 2;
                high
            }
            _ => low,
        };
        let within = |byte: u8| (low..=high).contains(&byte);
        holds |= within(byte) || fold && (within(byte.to_ascii_lowercase()) || within(byte.to_ascii_uppercase()));
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        let cases: &[(&str, &str, bool)] = &[
            ("", "", true),
            ("*", "", true),
            ("/usr/*/bin", "/usr/local/bin", true),
            ("/usr/*/bin", "/usr/local/bin/x", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]]", "]", true),
            ("[", "[", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("*a*b*c", "xxaxxbxxc", true),
            ("*a*b*c", "xxaxxbxx", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), *expected, "{pattern} {text}");
        }
        assert!(matches_folding(b"/TMP/[a-z]*", b"/tmp/Abc", true));
    }
}
