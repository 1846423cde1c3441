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
    if !path.windows(2).any(is_second) {
        return Cow::Borrowed(path);
    }
    let rest = path.windows(2).filter(|pair| !is_second(pair)).filter_map(|pair| pair.last());
    Cow::Owned(path.first().into_iter().chain(rest).copied().collect())
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
