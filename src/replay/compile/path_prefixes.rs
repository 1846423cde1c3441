//! What `pmatch` compares with: paths, and all that lies below them.

use std::borrow::Cow;
use std::collections::HashSet;

use rustc_hash::FxBuildHasher;

use crate::replay::fields::glob;

/// Paths, by their components: `/usr` holds `/usr/bin` and not `/usrx`. As in the engine, slashes at the ends and
/// doubled ones mean nothing, so `/` holds everything; a component with `*`, `?` or `[` is a pattern for one component.
#[derive(Debug, Default)]
pub(super) struct PathPrefixes {
    /// Without patterns, components with one slash between them.
    plain: HashSet<Vec<u8>, FxBuildHasher>,
    /// With patterns, by component.
    patterns: Vec<Vec<Vec<u8>>>,
    /// Whether a path without components is among them.
    holds_all: bool,
}

impl PathPrefixes {
    pub(super) fn new<'p>(paths: impl Iterator<Item = &'p [u8]>) -> PathPrefixes {
        let mut prefixes = PathPrefixes::default();
        for path in paths {
            let path = tidy(path);
            if path.is_empty() {
                prefixes.holds_all = true;
            } else if path.iter().any(|byte| matches!(byte, b'*' | b'?' | b'[')) {
                let components = path.split(|byte| *byte == b'/').map(<[u8]>::to_vec).collect();
                prefixes.patterns.push(components);
            } else {
                prefixes.plain.insert(path.into_owned());
            }
        }
        prefixes
    }

    /// All paths as components with one slash between them, if that is all there is: no patterns, none without components.
    pub(super) fn plain_paths(&self) -> Option<impl Iterator<Item = &[u8]>> {
        let is_plain = self.patterns.is_empty() && !self.holds_all;
        is_plain.then(|| self.plain.iter().map(Vec::as_slice))
    }

    /// Whether a path is one of these or lies below one.
    pub(super) fn hold(&self, path: &[u8]) -> bool {
        if self.holds_all {
            return true;
        }
        let path = tidy(path);
        // A path without components lies below no path that has some, whatever its patterns.
        if path.is_empty() {
            return false;
        }
        if !self.plain.is_empty() {
            let at_slash = |at: usize| path.get(..at).is_some_and(|prefix| self.plain.contains(prefix));
            if self.plain.contains(path.as_ref()) || memchr::memchr_iter(b'/', &path).any(at_slash) {
                return true;
            }
        }
        self.patterns.iter().any(|pattern| {
            let mut components = path.split(|byte| *byte == b'/');
            pattern.iter().all(|part| components.next().is_some_and(|component| glob::matches(part, component)))
        })
    }
}

/// A path without slashes at its ends and with one between its components.
fn tidy(path: &[u8]) -> Cow<'_, [u8]> {
    let start = path.iter().take_while(|byte| **byte == b'/').count();
    let end = path.len() - path.iter().rev().take_while(|byte| **byte == b'/').count();
    let path = path.get(start..end).unwrap_or_default();
    if memchr::memmem::find(path, b"//").is_none() {
        return Cow::Borrowed(path);
    }
    let mut components = path.split(|byte| *byte == b'/').filter(|component| !component.is_empty());
    let mut tidied = components.next().unwrap_or_default().to_vec();
    for component in components {
        tidied.push(b'/');
        tidied.extend_from_slice(component);
    }
    Cow::Owned(tidied)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(prefixes: &[&str], path: &str) -> bool {
        PathPrefixes::new(prefixes.iter().map(|prefix| prefix.as_bytes())).hold(path.as_bytes())
    }

    #[test]
    fn prefixes_match_whole_components() {
        for (path, expected) in [
            ("/usr", true),
            ("/usr/", true),
            ("/usr/bin/ls", true),
            ("//usr//bin", true),
            ("usr/bin", true),
            ("/usrx", false),
            ("/etc/ssh/sshd_config", true),
            ("/etc//ssh", true),
            ("/etc/sshd", false),
            ("/etc", false),
            ("", false),
            ("/", false),
        ] {
            assert_eq!(holds(&["/usr/", "/etc/ssh"], path), expected, "{path}");
        }
        assert!(holds(&["/"], "/x") && holds(&["/"], "") && holds(&[""], "x"));
        assert!(!holds(&[], "/x"));
    }

    #[test]
    fn patterns_are_about_one_component_each() {
        for (path, expected) in [
            ("/var/run/a.txt", true),
            ("/var/run/a.txt/b", true),
            ("/var/run/x/a.txt", false),
            ("/var/a.txt", false),
            ("/home/me/.ssh/id", true),
            ("/home/.ssh", false),
            ("/tmp/a1/x", true),
            ("/tmp/ab/x", false),
        ] {
            assert_eq!(holds(&["/var/*/*.txt", "/home/*/.ssh", "/tmp/a[0-9]"], path), expected, "{path}");
        }
        assert!(holds(&["*"], "/x") && !holds(&["*"], "") && !holds(&["/*"], "/"));
    }
}
