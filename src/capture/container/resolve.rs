//! From a container's name, id or beginning of an id to the container.

use crate::format::row::ContainerRow;

use super::runtimes::{Listed, RuntimeFolders};
use super::state_file::StateError;

/// How many other containers an error names.
const NAMES_SHOWN: usize = 8;

/// How much of an id an error shows.
const SHORT_ID_LEN: usize = 12;

/// A container that the user meant.
#[derive(Clone, Debug)]
pub struct ResolvedContainer {
    /// 64 hexadecimal digits.
    pub full_id: String,
    /// Without slash.
    pub name: String,
    /// Process id of its first process while it runs, as the daemon sees it.
    pub pid: Option<u32>,
    /// Whether its runtime holds it for running.
    pub running: bool,
    /// Everything its runtime says of it.
    pub row: ContainerRow,
}

/// Why no container was found.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// No folder has any state of a runtime's.
    #[error(
        "no container runtime's state: {reasons}; name the runtime's folder with --docker-root (see `docker info`), \
         --containerd-state or --storage-root"
    )]
    NoRuntime {
        /// Each root with what is wrong.
        reasons: String,
    },
    /// No container has this name or id.
    #[error("no container '{wanted}'{}", known(.containers))]
    NotFound {
        /// As it was given.
        wanted: String,
        /// Names of containers that are there, likely ones first.
        containers: Vec<String>,
    },
    /// Several ids begin like this.
    #[error(
        "container id '{wanted}' is the beginning of several: {}; give more digits or a name",
        .containers.join(", ")
    )]
    Ambiguous {
        /// As it was given.
        wanted: String,
        /// Short id and name of each.
        containers: Vec<String>,
    },
    /// The container is there and does not run.
    #[error("container '{name}' ({short_id}) is not running: start it first")]
    NotRunning {
        /// Its name.
        name: String,
        /// The first 12 digits of its id.
        short_id: String,
    },
    /// The container is there and cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
}

fn known(names: &[String]) -> String {
    if names.is_empty() {
        return ": there are none".to_owned();
    }
    let shown: Vec<_> = names.iter().take(NAMES_SHOWN).map(String::as_str).collect();
    let more = names.len().saturating_sub(shown.len());
    let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("; there are {}{rest}", shown.join(", "))
}

impl ResolvedContainer {
    /// The process id of its first process, or that it does not run.
    pub fn running_pid(&self) -> Result<u32, ResolveError> {
        self.pid.ok_or_else(|| ResolveError::NotRunning {
            name: self.name.clone(),
            short_id: self.full_id.get(..SHORT_ID_LEN).unwrap_or(&self.full_id).to_owned(),
        })
    }
}

/// Finds a container by full id, by name (with or without a leading slash), or by the beginning of its id when only
/// one begins so. Whether it runs is not asked here: see [`ResolvedContainer::running_pid`].
pub fn resolve_container(folders: &RuntimeFolders, wanted: &str) -> Result<ResolvedContainer, ResolveError> {
    let all = folders.list().map_err(|mut reasons| {
        if reasons.is_empty() {
            reasons.push("no folder was given".to_owned());
        }
        ResolveError::NoRuntime { reasons: reasons.join("; ") }
    })?;

    let name = wanted.strip_prefix('/').unwrap_or(wanted);
    let exact: Option<&Listed> = all.iter().find(|known| known.id == wanted);
    let exact = exact.or_else(|| all.iter().find(|known| !name.is_empty() && known.name == name));
    let found = match exact {
        Some(found) => found,
        None => {
            let begins: Vec<_> =
                all.iter().filter(|known| !wanted.is_empty() && known.id.starts_with(wanted)).collect();
            match begins.as_slice() {
                [only] => *only,
                [] => {
                    let mut names: Vec<_> =
                        all.iter().map(|known| known.name.clone()).filter(|name| !name.is_empty()).collect();
                    names.sort_by_cached_key(|other| (std::cmp::Reverse(likeness(name, other)), other.clone()));
                    return Err(ResolveError::NotFound { wanted: wanted.to_owned(), containers: names });
                }
                several => {
                    let short = |id: &str| id.get(..SHORT_ID_LEN).unwrap_or(id).to_owned();
                    let containers =
                        several.iter().map(|known| format!("{} ({})", short(&known.id), known.name)).collect();
                    return Err(ResolveError::Ambiguous { wanted: wanted.to_owned(), containers });
                }
            }
        }
    };
    let container = folders.read_container(&found.id)?;
    Ok(ResolvedContainer {
        full_id: found.id.clone(),
        name: found.name.clone(),
        pid: container.pid,
        running: container.pid.is_some(),
        row: container.row,
    })
}

/// How much a name looks like what was asked for: one within the other, else the letters they begin with.
fn likeness(wanted: &str, name: &str) -> usize {
    if !wanted.is_empty() && (name.contains(wanted) || wanted.contains(name)) {
        return usize::MAX;
    }
    wanted.chars().zip(name.chars()).take_while(|(left, right)| left.eq_ignore_ascii_case(right)).count()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::docker::tests::{DockerTree, ID, OTHER};
    use super::*;

    fn folders(docker: Vec<std::path::PathBuf>) -> RuntimeFolders {
        RuntimeFolders { docker, ..RuntimeFolders::default() }
    }

    fn tree() -> DockerTree {
        let tree = DockerTree::new();
        tree.container(ID, "web", true);
        tree.container(OTHER, "db", false);
        tree
    }

    #[test]
    fn a_container_is_found_by_name_id_and_beginning_of_an_id() {
        let tree = tree();
        for wanted in ["web", "/web", ID, &ID[..12], &ID[..2]] {
            let found = resolve_container(&folders(vec![tree.root()]), wanted).unwrap();
            assert_eq!((found.full_id.as_str(), found.name.as_str()), (ID, "web"), "{wanted}");
            assert_eq!(found.running_pid().unwrap(), 3211);
            assert!(found.running);
        }
    }

    #[test]
    fn a_name_goes_before_the_beginning_of_an_id() {
        let tree = tree();
        tree.container(&"b".repeat(64), &ID[..4], true);
        assert_eq!(resolve_container(&folders(vec![tree.root()]), &ID[..4]).unwrap().full_id, "b".repeat(64));
    }

    #[test]
    fn a_container_that_does_not_run_has_no_process() {
        let tree = tree();
        let found = resolve_container(&folders(vec![tree.root()]), "db").unwrap();
        assert!(!found.running);
        let error = found.running_pid().unwrap_err().to_string();
        assert!(error.contains("'db' (aaaaaaaaaaaa) is not running"), "{error}");
    }

    #[test]
    fn errors_name_what_is_there() {
        let tree = tree();
        let error = |wanted: &str| resolve_container(&folders(vec![tree.root()]), wanted).unwrap_err().to_string();
        assert_eq!(error("wbe"), "no container 'wbe'; there are web, db");
        assert_eq!(error(""), "no container ''; there are db, web");
        assert_eq!(error("../.."), "no container '../..'; there are db, web");
        tree.container(&format!("{}{}", &ID[..60], "0000"), "twin", true);
        let ambiguous = error(&ID[..8]);
        assert!(
            ambiguous.contains("is the beginning of several: 4f1c9e0b7d2a (twin), 4f1c9e0b7d2a (web)"),
            "{ambiguous}"
        );
    }

    #[test]
    fn without_state_the_remedy_is_named() {
        let tree = DockerTree::new();
        let error = resolve_container(&folders(vec![tree.root().join("nowhere")]), "web").unwrap_err().to_string();
        assert!(error.contains("nowhere: not there; name the runtime's folder with --docker-root"), "{error}");
        assert!(resolve_container(&folders(vec![]), "web").unwrap_err().to_string().contains("no folder was given"));
        let none = resolve_container(&folders(vec![tree.root()]), "web").unwrap_err().to_string();
        assert_eq!(none, "no container 'web': there are none");
    }

    #[test]
    fn a_damaged_neighbour_is_no_obstacle() {
        let tree = tree();
        tree.file(&format!("containers/{OTHER}/config.v2.json"), "{\"Name\": 7");
        assert_eq!(resolve_container(&folders(vec![tree.root()]), "web").unwrap().name, "web");
        assert!(matches!(
            resolve_container(&folders(vec![tree.root()]), OTHER),
            Err(ResolveError::State(StateError::Malformed { .. }))
        ));
    }
}
