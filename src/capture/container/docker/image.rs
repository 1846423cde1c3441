//! Names of images.

use super::super::reference::{Reference, familiar};
use super::files::RepositoriesFile;

/// How many digits an image id has.
const IMAGE_ID_LEN: usize = 64;

/// What a container's image is called.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ImageNames {
    pub(super) repository: String,
    pub(super) tag: String,
    pub(super) digest: String,
    /// Without `sha256:`.
    pub(super) id: String,
}

impl ImageNames {
    /// Joins the name that the container was made with (`named`), the id of its image (`sha256:ID`), and what Docker
    /// lists of that image. A container made from an id gets its names from the list. `has_manifest` says that the id
    /// is a digest itself, as it is with containerd's image store.
    pub(super) fn find(named: &str, id: &str, has_manifest: bool, lists: &[RepositoriesFile]) -> ImageNames {
        let listed: Vec<Reference<'_>> = lists
            .iter()
            .filter_map(|list| list.repositories.as_ref())
            .flat_map(|repositories| repositories.values().flatten())
            .flatten()
            .filter(|(_, image)| !id.is_empty() && image.as_str() == id)
            .map(|(name, _)| Reference::parse(name))
            .collect();
        let bare_id = id.strip_prefix("sha256:").unwrap_or(id);
        let mut names = ImageNames { id: bare_id.to_owned(), ..ImageNames::default() };

        let is_id = is_id_of(named, bare_id);
        if !is_id && !named.is_empty() {
            let given = Reference::parse(named);
            names.repository = familiar(given.repository).to_owned();
            names.digest = given.digest.unwrap_or_default().to_owned();
            names.tag = given.meant_tag().to_owned();
        }
        if names.repository.is_empty() {
            let repository = listed.iter().find(|name| name.tag.is_some()).or(listed.first());
            names.repository = repository.map(|name| name.repository.to_owned()).unwrap_or_default();
        }
        let own = |name: &&Reference<'_>| name.repository == names.repository;
        if names.tag.is_empty() {
            let tag = listed.iter().filter(own).find_map(|name| name.tag);
            names.tag = tag.unwrap_or_default().to_owned();
        }
        if names.digest.is_empty() {
            let own_digest = listed.iter().filter(own).find_map(|name| name.digest);
            let digest = own_digest.or_else(|| listed.iter().find_map(|name| name.digest));
            let id_as_digest = Some(id).filter(|id| has_manifest && id.starts_with("sha256:"));
            names.digest = digest.or(id_as_digest).unwrap_or_default().to_owned();
        }
        names
    }
}

/// Whether a container was made from an image id, or the beginning of one, instead of a name.
fn is_id_of(named: &str, id: &str) -> bool {
    let digits = named.strip_prefix("sha256:");
    match digits {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => {
            !named.is_empty()
                && named.len() <= IMAGE_ID_LEN
                && named.bytes().all(|byte| byte.is_ascii_hexdigit())
                && id.starts_with(named)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ID: &str = "sha256:1dfa3357c10138610f5d5690f44ef41b3f7822d8ae15d8b42535c1ec52946a7c";

    fn list(names: &[(&str, &str)]) -> Vec<RepositoriesFile> {
        let entries: Vec<_> = names.iter().map(|(repository, name)| (*repository, [(*name, ID)])).collect();
        let mut repositories = serde_json::Map::new();
        for (repository, [(name, id)]) in entries {
            let of_one = repositories.entry(repository).or_insert_with(|| serde_json::json!({}));
            of_one.as_object_mut().unwrap().insert(name.to_owned(), id.into());
        }
        vec![serde_json::from_value(serde_json::json!({ "Repositories": repositories })).unwrap()]
    }

    fn find(named: &str, lists: &[RepositoriesFile]) -> (String, String, String) {
        let names = ImageNames::find(named, ID, false, lists);
        assert_eq!(names.id.len(), 64);
        (names.repository, names.tag, names.digest)
    }

    fn is(found: (String, String, String), expected: (&str, &str, &str)) {
        assert_eq!((found.0.as_str(), found.1.as_str(), found.2.as_str()), expected);
    }

    #[test]
    fn a_name_is_parted_into_repository_tag_and_digest() {
        is(find("nginx:1.21", &[]), ("nginx", "1.21", ""));
        is(find("nginx", &[]), ("nginx", "latest", ""));
        is(find("registry.example:5000/team/app", &[]), ("registry.example:5000/team/app", "latest", ""));
        is(find("registry.example:5000/team/app:v2", &[]), ("registry.example:5000/team/app", "v2", ""));
        is(find("docker.io/library/nginx:1.21", &[]), ("nginx", "1.21", ""));
        is(find("nginx:1.21@sha256:beef", &[]), ("nginx", "1.21", "sha256:beef"));
        is(find("nginx@sha256:beef", &[]), ("nginx", "", "sha256:beef"));
        is(find("", &[]), ("", "", ""));
    }

    #[test]
    fn the_list_of_images_gives_digests_and_missing_tags() {
        let lists = list(&[
            ("nginx", "nginx:1.21"),
            ("nginx", "nginx@sha256:beef"),
            ("mirror/nginx", "mirror/nginx@sha256:cafe"),
        ]);
        is(find("nginx:1.21", &lists), ("nginx", "1.21", "sha256:beef"));
        is(find("mirror/nginx:x", &lists), ("mirror/nginx", "x", "sha256:cafe"));
        is(find("nginx@sha256:beef", &lists), ("nginx", "1.21", "sha256:beef"));
        is(find("other", &lists[..0]), ("other", "latest", ""));
    }

    #[test]
    fn a_container_made_from_an_id_gets_its_names_from_the_list() {
        let lists = list(&[("nginx", "nginx:1.21"), ("nginx", "nginx@sha256:beef")]);
        is(find(ID, &lists), ("nginx", "1.21", "sha256:beef"));
        is(find("1dfa3357c101", &lists), ("nginx", "1.21", "sha256:beef"));
        is(find(ID, &[]), ("", "", ""));
        // A repository may look like hexadecimal digits.
        is(find("cafe", &lists), ("cafe", "latest", "sha256:beef"));
    }

    #[test]
    fn with_containerds_image_store_the_id_is_the_digest() {
        let names = ImageNames::find("nginx", ID, true, &[]);
        assert_eq!(names.digest, ID);
    }
}
