//! Parameters of a request's query, by the rules of Go's `net/url`, which Falco's plugin reads them with.

/// The first value of a parameter in a URI's query; `None` where there is none, or where the URI or any part of the query
/// is malformed.
pub(super) fn query_parameter(uri: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    if uri.iter().any(|byte| *byte < 0x20 || *byte == 0x7F) {
        return None;
    }
    let before_fragment = uri.split(|byte| *byte == b'#').next().unwrap_or_default();
    let at = before_fragment.iter().position(|byte| *byte == b'?')?;
    let (path, query) = before_fragment.split_at(at);
    // A plus sign in a path is one.
    unescape(path)?;
    let mut found = None;
    for part in query.get(1..).unwrap_or_default().split(|byte| *byte == b'&').filter(|part| !part.is_empty()) {
        if part.contains(&b';') {
            return None;
        }
        let (key, value) = match part.iter().position(|byte| *byte == b'=') {
            Some(at) => (part.get(..at).unwrap_or_default(), part.get(at + 1..).unwrap_or_default()),
            None => (part, b"".as_slice()),
        };
        let (key, value) = (unescape(key)?, unescape(value)?);
        if found.is_none() && key == name {
            found = Some(value);
        }
    }
    found
}

/// Text with `%xx` and `+` resolved; `None` where a percent sign has no two digits behind it.
fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let mut digit = || char::from(*bytes.next()?).to_digit(16);
                u8::try_from(digit()? << 4 | digit()?).ok()?
            }
            b'+' => b' ',
            byte => *byte,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(uri: &str, name: &str) -> Option<String> {
        query_parameter(uri.as_bytes(), name.as_bytes()).map(|value| String::from_utf8(value).expect("UTF-8"))
    }

    #[test]
    fn the_first_value_of_a_parameter_is_given_without_escapes() {
        let uri = "/api/v1/pods/x/exec?command=ls&command=-la&container=a%2Fb+c&stdin=&tty#top";
        assert_eq!(parameter(uri, "command").as_deref(), Some("ls"));
        assert_eq!(parameter(uri, "container").as_deref(), Some("a/b c"));
        assert_eq!(parameter(uri, "stdin").as_deref(), Some(""));
        assert_eq!(parameter(uri, "tty").as_deref(), Some(""));
        assert_eq!(parameter(uri, "top"), None);
        assert_eq!(parameter("/healthz", "command"), None);
    }

    #[test]
    fn a_malformed_query_has_no_parameters() {
        for uri in ["/x?a=1&b=%2", "/x?a=1&b=%zz", "/x?a=1;b=2", "/%zz?a=1", "/x?a=1\n", "/x?a=1&%=2"] {
            assert_eq!(parameter(uri, "a"), None, "{uri}");
        }
    }
}
