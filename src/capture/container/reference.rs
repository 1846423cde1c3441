//! Names of images as people give them.

use crate::format::row::ContainerRow;

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

    /// Whether a container's image is meant by this name. Host and folders may be left out, and so may the tag.
    pub(super) fn means(&self, row: &ContainerRow) -> bool {
        let [repository, tag, digest] = [&row.image_repository, &row.image_tag, &row.image_digest]
            .map(|text| str::from_utf8(text).unwrap_or_default());
        let (wanted, repository) = (familiar(self.repository), familiar(repository));
        let is_repository = repository.strip_suffix(wanted).is_some_and(|head| head.is_empty() || head.ends_with('/'));
        !wanted.is_empty()
            && is_repository
            && self.tag.is_none_or(|wanted| wanted == tag)
            && self.digest.is_none_or(|wanted| wanted == digest)
    }
}

/// A repository's name as Docker lists it: without the host and folder of Docker's own registry.
pub(super) fn familiar(repository: &str) -> &str {
    let Some(path) = repository.strip_prefix("docker.io/").or_else(|| repository.strip_prefix("index.docker.io/"))
    else {
        return repository.strip_prefix("library/").unwrap_or(repository);
    };
    path.strip_prefix("library/").unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::row::Text;

    #[test]
    fn an_image_is_meant_by_as_much_of_its_name_as_is_given() {
        let row = |repository: &str| ContainerRow {
            image_repository: Text::from(repository.as_bytes()),
            image_tag: Text::from(*b"1.21"),
            image_digest: Text::from(*b"sha256:aa"),
            ..ContainerRow::default()
        };
        let means = |wanted: &str, repository: &str| Reference::parse(wanted).means(&row(repository));
        for wanted in ["nginx", "nginx:1.21", "library/nginx", "docker.io/library/nginx:1.21", "nginx@sha256:aa"] {
            assert!(means(wanted, "nginx") && means(wanted, "docker.io/library/nginx"), "{wanted}");
        }
        for wanted in ["nginx", "team/nginx:1.21", "registry.example:5000/team/nginx"] {
            assert!(means(wanted, "registry.example:5000/team/nginx"), "{wanted}");
        }
        for wanted in ["", "inx", "nginx:1.22", "nginx@sha256:bb", "other/nginx", ":1.21"] {
            assert!(!means(wanted, "nginx"), "{wanted}");
        }
        assert!(!means("nginx", ""));
    }
}
