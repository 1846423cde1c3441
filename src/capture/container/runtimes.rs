//! The runtimes of a machine: where each keeps its state, and what they say of a container together.

use std::path::{Path, PathBuf};

use super::api;
use super::arrivals::ArrivalFolders;
use super::containerd::ContainerdFolders;
use super::details::RuntimeContainer;
use super::docker;
use super::processes::find_process;
use super::state_file::StateError;
use super::storage;

/// Where the runtimes keep their state.
#[derive(Clone, Debug, Default)]
pub struct RuntimeFolders {
    /// Docker's data folders.
    pub docker: Vec<PathBuf>,
    /// containerd's folders.
    pub containerd: ContainerdFolders,
    /// Storage folders of Podman and CRI-O.
    pub storage: Vec<PathBuf>,
    /// Sockets of Docker's daemon and Podman's service, to be asked for what no folder has.
    pub sockets: Vec<PathBuf>,
}

/// What the runtimes say of one container.
pub(super) enum Found {
    Container(Box<RuntimeContainer>),
    /// None knows it (yet, or any more).
    Unknown,
    /// No folder holds any state.
    NoRuntime,
}

/// A container that a runtime has.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) name: String,
    /// Whether it is only what holds a pod together.
    pub(super) is_sandbox: bool,
}

impl RuntimeFolders {
    /// The usual folders. Without any runtime's state these are Docker's, so that what is missing can be named.
    pub fn usual() -> RuntimeFolders {
        let mut folders = RuntimeFolders {
            docker: docker::default_roots(),
            containerd: ContainerdFolders::usual(),
            storage: storage::usual_roots(),
            sockets: api::usual_sockets(),
        };
        if folders.has_others() {
            folders.docker.retain(|root| root.is_dir());
        }
        folders
    }

    /// What is there, for people: each runtime that has state, and where.
    pub fn found(&self) -> Vec<String> {
        let mut found = Vec::new();
        for root in &self.docker {
            let folders = docker::state_folders(root).unwrap_or_default();
            let count: usize =
                folders.iter().filter_map(|folder| docker::container_ids(folder).ok()).map(|ids| ids.len()).sum();
            if !folders.is_empty() {
                found.push(format!("Docker in {} ({})", root.display(), containers(count)));
            }
        }
        if self.containerd.has_state() {
            let places: Vec<_> = self.containerd.states.iter().chain(&self.containerd.roots).collect();
            let places: Vec<_> = places.into_iter().map(|path| path.display().to_string()).collect();
            let count = self.containerd.container_ids().len();
            found.push(format!("containerd in {} ({})", places.join(", "), containers(count)));
        }
        for root in self.storages() {
            let count = storage::container_ids(root).len();
            found.push(format!("Podman or CRI-O in {} ({})", root.display(), containers(count)));
        }
        found
    }

    /// The sockets that are there, for people.
    pub fn found_sockets(&self) -> Vec<String> {
        let there = self.sockets.iter().filter(|socket| api::is_socket(socket));
        there.map(|socket| socket.display().to_string()).collect()
    }

    /// Folders in which something is written when a container is about to start.
    pub(super) fn arrival_folders(&self) -> ArrivalFolders {
        let docker = self.docker.iter().filter_map(|root| docker::state_folders(root).ok()).flatten();
        let containers = docker.map(|folder| folder.join("containers"));
        let containers = containers.chain(self.storages().flat_map(|root| storage::container_folders(root))).collect();
        ArrivalFolders { containers, namespaces: self.containerd.bundle_folders() }
    }

    /// Why folders and sockets are of no use, for people.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<_> = self.docker.iter().filter_map(|root| note_of(root)).collect();
        let useless = self.storage.iter().filter(|root| !storage::has_state(root));
        notes.extend(useless.map(|root| format!("{} holds no state of Podman's or CRI-O's", root.display())));
        let missing = self.sockets.iter().filter(|socket| !api::is_socket(socket));
        notes.extend(missing.map(|socket| format!("{} is no socket: nobody is asked there", socket.display())));
        notes
    }

    /// Looks once. `runtime` is what a cgroup's path tells of the runtime, or empty.
    pub(super) fn find(&self, full_id: &str, runtime: &str) -> Found {
        let mut any_state = false;
        if matches!(runtime, "docker" | "") {
            for folder in self.docker.iter().filter_map(|root| docker::state_folders(root).ok()).flatten() {
                any_state = true;
                if let Ok(container) = docker::read_container(&folder, full_id) {
                    // The bundle has what Docker does not say: where the container's root folder is.
                    let root = self.containerd.root_of(full_id);
                    return Found::Container(Box::new(RuntimeContainer { root, ..container }));
                }
            }
        }
        // Docker has its containers started by a containerd.
        if matches!(runtime, "docker" | "containerd" | "") && self.containerd.has_state() {
            any_state = true;
            if let Ok(container) = self.containerd.read_container(full_id) {
                return Found::Container(Box::new(container));
            }
        }
        if matches!(runtime, "podman" | "cri-o" | "") {
            for root in self.storages() {
                any_state = true;
                if let Ok(container) = storage::read_container(root, full_id) {
                    return Found::Container(Box::new(container));
                }
            }
        }
        if any_state { Found::Unknown } else { Found::NoRuntime }
    }

    /// Everything about one container, or why it cannot be read.
    pub(super) fn read_container(&self, full_id: &str) -> Result<RuntimeContainer, StateError> {
        let mut failed = None;
        for folder in self.docker.iter().filter_map(|root| docker::state_folders(root).ok()).flatten() {
            match docker::read_container(&folder, full_id) {
                Ok(container) => return Ok(container),
                Err(StateError::NotThere { .. }) => {}
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        for root in self.storages() {
            match storage::read_container(root, full_id) {
                Ok(container) => return Ok(RuntimeContainer { pid: find_process(full_id), ..container }),
                Err(StateError::NotThere { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.containerd.read_container(full_id)
    }

    /// All containers, those of Docker first and sandboxes of pods last: a sandbox has its pod's name, which is often that
    /// of a container in it as well. With no state anywhere, the reasons.
    pub(super) fn list(&self) -> Result<Vec<Listed>, Vec<String>> {
        let mut all: Vec<Listed> = Vec::new();
        let mut reasons = Vec::new();
        let mut any_state = false;
        for root in &self.docker {
            let folders = match docker::state_folders(root) {
                Ok(folders) if folders.is_empty() => {
                    reasons.push(format!("{} holds none", root.display()));
                    continue;
                }
                Ok(folders) => folders,
                Err(error) => {
                    reasons.push(error.to_string());
                    continue;
                }
            };
            for folder in folders {
                match docker::container_ids(&folder) {
                    Ok(ids) => {
                        any_state = true;
                        all.extend(ids.into_iter().map(|id| {
                            // A damaged container has no name, and can still be meant by its id.
                            let name = docker::container_name(&folder, &id).unwrap_or_default();
                            Listed { id, name, is_sandbox: false }
                        }));
                    }
                    Err(error) => reasons.push(error.to_string()),
                }
            }
        }
        let mut add = |id: String, container: Result<RuntimeContainer, StateError>| {
            if !all.iter().any(|listed| listed.id == id) {
                let row = container.map(|container| container.row).unwrap_or_default();
                let is_sandbox = &*row.pod_sandbox_id == id.as_bytes();
                all.push(Listed { id, name: String::from_utf8_lossy(&row.name).into_owned(), is_sandbox });
            }
        };
        if self.containerd.has_state() {
            any_state = true;
            for id in self.containerd.container_ids() {
                let container = self.containerd.read_container(&id);
                add(id, container);
            }
        }
        for root in self.storages() {
            any_state = true;
            for id in storage::container_ids(root) {
                let container = storage::read_container(root, &id);
                add(id, container);
            }
        }
        all.sort_by_key(|listed| listed.is_sandbox);
        if any_state { Ok(all) } else { Err(reasons) }
    }

    fn has_others(&self) -> bool {
        self.containerd.has_state() || self.storages().next().is_some()
    }

    /// Storage folders that hold state.
    fn storages(&self) -> impl Iterator<Item = &PathBuf> {
        self.storage.iter().filter(|root| storage::has_state(root))
    }
}

fn containers(count: usize) -> String {
    if count == 1 { "1 container".to_owned() } else { format!("{count} containers") }
}

/// Why a Docker root is of no use, if it is not.
fn note_of(root: &Path) -> Option<String> {
    let shown = root.display();
    let said = |reason: String| Some(format!("{reason}: containers have ids, but no names and images from there"));
    match docker::state_folders(root) {
        Ok(folders) if folders.is_empty() => said(format!("{shown} holds no Docker state")),
        Ok(folders) => match folders.iter().find_map(|folder| docker::container_ids(folder).err()) {
            Some(error) => said(format!("Docker's state cannot be read: {error}")),
            None => None,
        },
        Err(StateError::NotThere { .. }) => said(format!("{shown} is not there")),
        Err(error) => said(format!("Docker's state cannot be read: {error}")),
    }
}
