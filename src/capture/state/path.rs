//! Paths as text: joined to a directory and normalised without looking at the file system.
//!
//! `.` and empty components go away, `..` takes the component before it; symbolic links are not followed, as a
//! recorder cannot know what they were. A relative path below an unknown directory keeps the mark [`UNKNOWN`].

use std::borrow::Cow;

use memchr::memchr;

/// Stands for a directory that is not known.
pub(super) const UNKNOWN: &[u8] = b"<UNKNOWN>";

/// Writes `path`, seen from directory `dir`, into `out`. An empty path stays empty; an empty `dir` is an unknown one.
pub(super) fn resolve(dir: &[u8], path: &[u8], out: &mut Vec<u8>) {
    out.clear();
    if path.is_empty() {
        return;
    }
    if is_normal(path) {
        out.extend_from_slice(path);
        return;
    }
    if is_normal_below(path) && is_normal(dir) {
        out.extend_from_slice(dir);
        out.push(b'/');
        out.extend_from_slice(path);
        return;
    }
    if path.first() == Some(&b'/') {
        append(path, out);
    } else if dir.first() == Some(&b'/') {
        append(dir, out);
        append(path, out);
    } else {
        out.extend_from_slice(UNKNOWN);
        out.extend_from_slice(path);
        return;
    }
    if out.is_empty() {
        out.push(b'/');
    }
}

/// A path as it was given, but for slashes that stand beside another (`fd.nameraw` is printed so).
pub(super) fn without_double_slashes(path: &[u8]) -> Cow<'_, [u8]> {
    let is_second = |pair: &[u8]| pair == b"//";
    if !has_special_component(path) || !path.windows(2).any(is_second) {
        return Cow::Borrowed(path);
    }
    let rest = path.windows(2).filter(|pair| !is_second(pair)).filter_map(|pair| pair.last());
    Cow::Owned(path.first().into_iter().chain(rest).copied().collect())
}

/// Whether a path is absolute and what normalising it gives. (A name with a dot in front is looked at closer.)
#[inline]
fn is_normal(path: &[u8]) -> bool {
    path.split_first().is_some_and(|(&first, below)| first == b'/' && is_normal_below(below))
}

/// Likewise for a path that is relative to such a one.
#[inline]
fn is_normal_below(path: &[u8]) -> bool {
    path.first().is_some_and(|first| !matches!(first, b'/' | b'.'))
        && path.last() != Some(&b'/')
        && !has_special_component(path)
}

/// Whether a slash is followed by another one or by a dot.
#[inline]
fn has_special_component(path: &[u8]) -> bool {
    fn any<'a>(bytes: impl IntoIterator<Item = &'a u8>, behind: impl IntoIterator<Item = &'a u8>) -> bool {
        let pairs = bytes.into_iter().zip(behind);
        pairs.fold(false, |found, (&byte, &next)| found | ((byte == b'/') & ((next == b'/') | (next == b'.'))))
    }
    let Some((_, behind)) = path.split_first() else { return false };
    // sixteen pairs at a time, the last ones perhaps twice
    match (path.get(..behind.len()).and_then(<[u8]>::last_chunk::<16>), behind.last_chunk::<16>()) {
        (Some(last), Some(last_behind)) => {
            let chunks = path.as_chunks::<16>().0.iter().zip(behind.as_chunks::<16>().0);
            any(last, last_behind) || chunks.into_iter().any(|(bytes, behind)| any(bytes, behind))
        }
        _ => path.iter().zip(behind).any(|(&byte, &next)| byte == b'/' && matches!(next, b'/' | b'.')),
    }
}

/// Appends the components of `path` to the normalised `out`, each with its slash in front.
fn append(path: &[u8], out: &mut Vec<u8>) {
    let mut rest = path;
    while !rest.is_empty() {
        let (component, behind) = rest.split_at(memchr(b'/', rest).unwrap_or(rest.len()));
        rest = behind.get(1..).unwrap_or_default();
        match component {
            b"" | b"." => {}
            b".." => {
                let end = out.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
                out.truncate(end);
            }
            name => {
                out.push(b'/');
                out.extend_from_slice(name);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn resolved(dir: &str, path: &str) -> String {
        let mut out = Vec::new();
        resolve(dir.as_bytes(), path.as_bytes(), &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn slashes_beside_others_go_and_all_else_stays() {
        for (given, expected) in [
            ("/tmp/fo/../fo//a.txt", "/tmp/fo/../fo/a.txt"),
            ("a///b//", "a/b/"),
            ("//", "/"),
            ("", ""),
            ("./a", "./a"),
        ] {
            assert_eq!(without_double_slashes(given.as_bytes()), expected.as_bytes(), "{given}");
        }
    }

    #[test]
    fn relative_paths_are_joined_and_dots_resolved() {
        assert_eq!(resolved("/tmp/fo", "../fo/./plain.txt"), "/tmp/fo/plain.txt");
        assert_eq!(resolved("/tmp", "a//b/"), "/tmp/a/b");
        assert_eq!(resolved("/", "x"), "/x");
        assert_eq!(resolved("/a", ".."), "/");
        assert_eq!(resolved("/a", "../../../etc"), "/etc");
    }

    #[test]
    fn a_path_that_is_normal_already_is_taken_as_it_is() {
        let parts = ["", "a", "/", "//", "/.", "/..", ".", "..", ".git", "a.b", "/usr/include", "x/y-and-some-more"];
        for (one, two) in parts.iter().flat_map(|one| parts.iter().map(move |two| (one, two))) {
            for three in parts {
                let path = format!("{one}{two}{three}");
                for dir in ["/", "/home/somebody/work", "/a/../b", "/a/"] {
                    let mut expected = Vec::new();
                    let dir_and_path = [if path.starts_with('/') { "" } else { dir }, "/", &path].concat();
                    append(dir_and_path.as_bytes(), &mut expected);
                    let is_root = expected.is_empty();
                    let expected = if is_root { "/".to_owned() } else { String::from_utf8(expected).unwrap() };
                    let expected = if path.is_empty() { String::new() } else { expected };
                    assert_eq!(resolved(dir, &path), expected, "{dir} {path}");
                }
            }
        }
    }

    #[test]
    fn an_absolute_path_ignores_the_directory() {
        assert_eq!(resolved("/tmp", "/etc/../etc/passwd"), "/etc/passwd");
        assert_eq!(resolved("", "/"), "/");
    }

    #[test]
    fn a_relative_path_below_an_unknown_directory_says_so() {
        assert_eq!(resolved("", "nothing"), "<UNKNOWN>nothing");
        assert_eq!(resolved("socket:[1]", "x"), "<UNKNOWN>x");
        assert_eq!(resolved("/tmp", ""), "");
    }
}
