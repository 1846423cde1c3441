//! Names of images as people give them.

/// The tag that a name without tag and digest stands for.
pub(super) const DEFAULT_TAG: &str = "latest";

/// A name as it is given: `[HOST/]PATH[:TAG][@DIGEST]`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    pub(super) repository: &'a str,
    pub(super) tag: Option<&'a str>,
    pub(super) digest: Option<&'a str>,
}

impl<'a> Reference<'a> {
    pub(super) fn parse(name: &'a str) -> Reference<'a> {
        let (name, digest) = match name.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (name, None),
        };
        // A colon before the last slash parts a port from its host.
        match name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => Reference { repository, tag: Some(tag), digest },
            _ => Reference { repository: name, tag: None, digest },
        }
    }

    /// The tag, or the one that is meant when neither tag nor digest is given.
    pub(super) fn meant_tag(&self) -> &'a str {
        match (self.tag, self.digest) {
            (Some(tag), _) => tag,
            (None, Some(_)) => "",
            (None, None) => DEFAULT_TAG,
        }
    }
}
