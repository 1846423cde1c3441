//! From a container's name, id or image to the container, or to all that are meant.

use crate::format::row::ContainerRow;

use super::api::Api;
use super::details::RuntimeContainer;
use super::reference::Reference;
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
         --containerd-state or --storage-root, or its socket with --docker-socket"
    )]
    NoRuntime {
        /// Each root with what is wrong.
        reasons: String,
    },
    /// No container has this name, id or image.
    #[error("no container '{wanted}', and none of an image of that name{}", known(.containers))]
    NotFound {
        /// As it was given.
        wanted: String,
        /// Containers that are there, likely ones first: each its name, with its image in parentheses.
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
    fn of(full_id: &str, name: &str, container: RuntimeContainer) -> ResolvedContainer {
        let RuntimeContainer { row, pid, .. } = container;
        ResolvedContainer { full_id: full_id.to_owned(), name: name.to_owned(), pid, running: pid.is_some(), row }
    }

    /// The process id of its first process, or that it does not run.
    pub fn running_pid(&self) -> Result<u32, ResolveError> {
        self.pid.ok_or_else(|| ResolveError::NotRunning {
            name: self.name.clone(),
            short_id: self.full_id.get(..SHORT_ID_LEN).unwrap_or(&self.full_id).to_owned(),
        })
    }
}

/// Finds the containers that are meant by a full id, a name (with or without a leading slash), the beginning of an id
/// when only one begins so, or an image, `[HOST/]REPOSITORY[:TAG]`: by the first of these that means any. Several may
/// have one name, and one image; then those that run are taken if any does. Whether it runs is not asked of a single
/// one: see [`ResolvedContainer::running_pid`].
pub fn resolve_containers(folders: &RuntimeFolders, wanted: &str) -> Result<Vec<ResolvedContainer>, ResolveError> {
    let all = match folders.list() {
        Ok(all) => all,
        Err(mut reasons) => {
            if let Some(told) = ask(folders, wanted) {
                return Ok(vec![told]);
            }
            if reasons.is_empty() {
                reasons.push("no folder was given".to_owned());
            }
            return Err(ResolveError::NoRuntime { reasons: reasons.join("; ") });
        }
    };
    let mut found =
        named(&all, wanted)?.into_iter().map(|known| read(folders, known)).collect::<Result<Vec<_>, _>>()?;
    if found.is_empty() {
        // A damaged container is no obstacle, and of no image.
        let read: Vec<_> =
            all.iter().filter(|known| !known.is_sandbox).filter_map(|known| read(folders, known).ok()).collect();
        let image = Reference::parse(wanted);
        let (of_image, others): (Vec<_>, Vec<_>) = read.into_iter().partition(|known| image.means(&known.row));
        found = of_image;
        if found.is_empty() {
            let told = ask(folders, wanted).ok_or_else(|| not_found(wanted, &others));
            return Ok(vec![told?]);
        }
    }
    if found.len() > 1 {
        let has_running = found.iter().any(|container| container.running);
        found.retain(|container| container.running || !has_running);
        found.truncate(if has_running { usize::MAX } else { 1 });
    }
    Ok(found)
}

/// The containers that an id, a name or the beginning of an id means. A sandbox is meant by a name only if nothing else
/// is.
fn named<'a>(all: &'a [Listed], wanted: &str) -> Result<Vec<&'a Listed>, ResolveError> {
    if let Some(exact) = all.iter().find(|known| known.id == wanted) {
        return Ok(vec![exact]);
    }
    let name = wanted.strip_prefix('/').unwrap_or(wanted);
    let named = |is_sandbox: bool| {
        let own = all.iter().filter(|known| known.is_sandbox == is_sandbox);
        own.filter(|known| !name.is_empty() && known.name == name).collect::<Vec<_>>()
    };
    for found in [named(false), named(true)] {
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let begins: Vec<_> = all.iter().filter(|known| !wanted.is_empty() && known.id.starts_with(wanted)).collect();
    if begins.len() > 1 {
        let short = |id: &str| id.get(..SHORT_ID_LEN).unwrap_or(id).to_owned();
        let containers = begins.iter().map(|known| format!("{} ({})", short(&known.id), known.name)).collect();
        return Err(ResolveError::Ambiguous { wanted: wanted.to_owned(), containers });
    }
    Ok(begins)
}

fn read(folders: &RuntimeFolders, known: &Listed) -> Result<ResolvedContainer, ResolveError> {
    Ok(ResolvedContainer::of(&known.id, &known.name, folders.read_container(&known.id)?))
}

/// What a daemon says of a container that no folder has.
fn ask(folders: &RuntimeFolders, wanted: &str) -> Option<ResolvedContainer> {
    let (full_id, container) = Api::new(&folders.sockets).find(wanted)?;
    let name = String::from_utf8_lossy(&container.row.name).into_owned();
    Some(ResolvedContainer::of(&full_id, &name, container))
}

/// That there is no such container, with those that there are.
fn not_found(wanted: &str, others: &[ResolvedContainer]) -> ResolveError {
    let name = wanted.strip_prefix('/').unwrap_or(wanted);
    let mut known: Vec<(&str, String)> = others
        .iter()
        .map(|other| (other.name.as_str(), String::from_utf8_lossy(&other.row.image).into_owned()))
        .filter(|(name, _)| !name.is_empty())
        .collect();
    let like = |(other, image): &(&str, String)| likeness(name, other).max(likeness(name, image));
    known.sort_by_cached_key(|other| (std::cmp::Reverse(like(other)), other.clone()));
    let shown =
        |(name, image): (&str, String)| if image.is_empty() { name.to_owned() } else { format!("{name} ({image})") };
    ResolveError::NotFound { wanted: wanted.to_owned(), containers: known.into_iter().map(shown).collect() }
}

/// How much a name looks like what was asked for: one within the other, else the letters they begin with.
fn likeness(wanted: &str, name: &str) -> usize {
    if !wanted.is_empty() && !name.is_empty() && (name.contains(wanted) || wanted.contains(name)) {
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

    /// The only container that is meant.
    fn resolve_container(folders: &RuntimeFolders, wanted: &str) -> Result<ResolvedContainer, ResolveError> {
        resolve_containers(folders, wanted).map(|found| {
            assert_eq!(found.len(), 1);
            found.into_iter().next().unwrap()
        })
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
    fn an_image_means_all_of_its_containers_that_run() {
        let tree = DockerTree::new();
        let image = |id: &str, name: &str, image: &str, running: bool| {
            tree.container(id, name, running);
            let state = serde_json::json!({ "Running": running, "Pid": if running { 7 } else { 0 } });
            let config = serde_json::json!({ "Name": name, "State": state, "Config": { "Image": image } });
            tree.file(&format!("containers/{id}/config.v2.json"), &config.to_string());
        };
        let id = |digit: &str| digit.repeat(64);
        image(&id("1"), "web-1", "registry.example:5000/team/nginx:1.21", true);
        image(&id("2"), "web-2", "nginx:1.21", true);
        image(&id("3"), "old", "nginx:1.20", true);
        image(&id("4"), "stopped", "nginx:1.21", false);
        image(&id("5"), "httpd", "httpd:2.4", false);
        let found = |wanted: &str| {
            let found = resolve_containers(&folders(vec![tree.root()]), wanted).unwrap();
            found.iter().map(|container| container.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(found("nginx:1.21"), ["web-1", "web-2"]);
        assert_eq!(found("nginx"), ["web-1", "web-2", "old"]);
        assert_eq!(found("team/nginx"), ["web-1"]);
        assert_eq!(found("httpd:2.4"), ["httpd"], "that none runs is told when it is to be recorded");
        image(&id("6"), "nginx", "other:1", true);
        assert_eq!(found("nginx"), ["nginx"], "a name goes before an image");
        let error = resolve_containers(&folders(vec![tree.root()]), "httpd:2.2").unwrap_err().to_string();
        assert!(error.contains("there are httpd (httpd:2.4), nginx (other:1), old (nginx:1.20)"), "{error}");
    }

    #[test]
    fn a_daemon_is_asked_for_a_container_that_no_folder_has() {
        use super::super::api::tests::{answer, serve};

        let tree = DockerTree::new();
        let socket = tree.root().join("socket");
        let body =
            format!(r#"{{"Id": "{ID}", "Name": "/web", "State": {{"Running": true, "Pid": 7}}, "HostConfig": {{}}}}"#);
        let answers = || vec![answer("200 OK", "OK"), answer("200 OK", &body)];
        let daemon = serve(&socket, [answers(), answers()].concat());
        for docker in [vec![tree.root()], Vec::new()] {
            let folders = RuntimeFolders { sockets: vec![socket.clone()], ..folders(docker) };
            let found = resolve_container(&folders, "web").unwrap();
            assert_eq!((found.full_id.as_str(), found.name.as_str(), found.pid), (ID, "web", Some(7)));
        }
        assert_eq!(daemon.join().unwrap()[3], "GET /containers/web/json HTTP/1.0");
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
        assert_eq!(error("wbe"), "no container 'wbe', and none of an image of that name; there are web, db");
        assert_eq!(error(""), "no container '', and none of an image of that name; there are db, web");
        assert_eq!(error("../.."), "no container '../..', and none of an image of that name; there are db, web");
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
        assert_eq!(none, "no container 'web', and none of an image of that name: there are none");
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
