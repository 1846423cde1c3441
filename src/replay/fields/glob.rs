//! Shell patterns, as `fnmatch(3)` without flags takes them: `*` any bytes (slashes too), `?` one byte, `[a-z]`, `[!a-z]`
//! and `[[:alpha:]]` sets, `\` takes the next byte as it is.

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
        if *pattern.get(at)? == b']' && at > start {
            return Some((holds != negated, at + 1));
        }
        if let Some((is_in, length)) = class_holds(pattern.get(at..)?, byte, fold) {
            holds |= is_in;
            at += length;
            continue;
        }
        let (low, length) = set_byte(pattern, at)?;
        at += length;
        let mut high = low;
        if pattern.get(at) == Some(&b'-') && pattern.get(at + 1).is_some_and(|next| *next != b']') {
            let (end, length) = set_byte(pattern, at + 1)?;
            high = end;
            at += 1 + length;
        }
        let within = |byte: u8| (low..=high).contains(&byte);
        holds |= within(byte) || fold && (within(byte.to_ascii_lowercase()) || within(byte.to_ascii_uppercase()));
    }
}

/// A byte of a set, and how many it takes: a backslash makes two.
fn set_byte(pattern: &[u8], at: usize) -> Option<(u8, usize)> {
    match (*pattern.get(at)?, pattern.get(at + 1)) {
        (b'\\', Some(next)) => Some((*next, 2)),
        (byte, _) => Some((byte, 1)),
    }
}

/// Whether the class (`[:alpha:]`) that a part of a set starts with holds the byte, and how long it is.
fn class_holds(part: &[u8], byte: u8, fold: bool) -> Option<(bool, usize)> {
    let inner = part.strip_prefix(b"[:")?;
    let end = inner.windows(2).position(|pair| pair == b":]")?;
    let is_in: fn(&u8) -> bool = match inner.get(..end)? {
        b"alnum" => u8::is_ascii_alphanumeric,
        b"alpha" => u8::is_ascii_alphabetic,
        b"blank" => |byte| matches!(byte, b' ' | b'\t'),
        b"cntrl" => u8::is_ascii_control,
        b"digit" => u8::is_ascii_digit,
        b"graph" => u8::is_ascii_graphic,
        b"lower" => u8::is_ascii_lowercase,
        b"print" => |byte| matches!(byte, b' '..=b'~'),
        b"punct" => u8::is_ascii_punctuation,
        b"space" => |byte| matches!(byte, b' ' | b'\t'..=b'\r'),
        b"upper" => u8::is_ascii_uppercase,
        b"xdigit" => u8::is_ascii_hexdigit,
        _ => return None,
    };
    let folds = fold && (is_in(&byte.to_ascii_lowercase()) || is_in(&byte.to_ascii_uppercase()));
    Some((is_in(&byte) || folds, end + 4))
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
            ("[[:digit:]_]*", "7up", true),
            ("[[:digit:]_]*", "up", false),
            ("[![:space:]]", "\t", false),
            ("[\\]x]", "]", true),
            ("[a\\-z]", "-", true),
            ("[a\\-z]", "b", false),
            ("[[:nonsense:]", "[", true),
            ("[[:", "[[:", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), *expected, "{pattern} {text}");
        }
        assert!(matches_folding(b"/TMP/[a-z]*", b"/tmp/Abc", true));
        assert!(matches_folding(b"[[:lower:]]", b"A", true) && !matches_folding(b"[[:lower:]]", b"A", false));
    }
}
