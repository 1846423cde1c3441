//! Container ids in cgroup paths.
//!
//! Container runtimes name a container's cgroup after its id, 64 hexadecimal digits: `/docker/ID`,
//! `/system.slice/docker-ID.scope`, `/kubepods/burstable/podUID/ID`, `.../cri-containerd-ID.scope`, `.../crio-ID.scope`,
//! `/machine.slice/libpod-ID.scope`, and with containerd's systemd driver `SLICE:PREFIX:ID`. A container inside a
//! container has both ids in its path: the innermost one counts. What a container's own init makes below
//! (`/docker/ID/init.scope`) still belongs to it.

/// How long a container id is, in hexadecimal digits.
const FULL_ID_LEN: usize = 64;

/// How many digits a short id has.
pub(super) const SHORT_ID_LEN: usize = 12;

/// A container's id as found in a cgroup path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContainerId<'a> {
    /// 64 hexadecimal digits.
    pub full: &'a [u8],
    /// The runtime, as far as the path tells it: docker, containerd, cri-o, podman; empty when it does not.
    pub runtime: &'static str,
}

impl<'a> ContainerId<'a> {
    /// The first 12 digits.
    pub fn short(&self) -> &'a [u8] {
        self.full.get(..SHORT_ID_LEN).unwrap_or(self.full)
    }
}

/// The container that a thread belongs to, from its `SUBSYSTEM=PATH` strings (each ending in NUL).
pub fn container_id(cgroups: &[u8]) -> Option<ContainerId<'_>> {
    // Without an id there is no run of 64 digits: most host processes are done after this scan.
    cgroups.split(|&byte| byte == 0).find_map(|entry| {
        let at = entry.iter().position(|&byte| byte == b'=')?;
        id_in_path(entry.get(at + 1..)?)
    })
}

/// The innermost container id in one cgroup path.
fn id_in_path(path: &[u8]) -> Option<ContainerId<'_>> {
    if path.len() < FULL_ID_LEN {
        return None;
    }
    let mut parent: &[u8] = b"";
    let mut found = None;
    for component in path.split(|&byte| byte == b'/') {
        if let Some(id) = id_in_component(component, parent) {
            found = Some(id);
        }
        parent = component;
    }
    found
}

fn id_in_component<'a>(component: &'a [u8], parent: &[u8]) -> Option<ContainerId<'a>> {
    let name = component.strip_suffix(b".scope").or_else(|| component.strip_suffix(b".service")).unwrap_or(component);
    let start = name.len().checked_sub(FULL_ID_LEN)?;
    let (prefix, id) = name.split_at(start);
    if !id.iter().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte)) {
        return None;
    }
    let runtime = match prefix {
        b"" => match parent {
            b"docker" => "docker",
            b"libpod_parent" => "podman",
            _ => "",
        },
        b"docker-" => "docker",
        b"cri-containerd-" | b"nerdctl-" => "containerd",
        b"crio-" => "cri-o",
        b"libpod-" => "podman",
        // The runtime's own monitor process, outside the container.
        b"crio-conmon-" | b"libpod-conmon-" => return None,
        other => match other.last() {
            // containerd with the systemd driver but without the systemd cgroup: `SLICE:cri-containerd:ID`.
            Some(b':') if other.ends_with(b":cri-containerd:") => "containerd",
            Some(b':') if other.ends_with(b":docker:") => "docker",
            Some(b':') if other.ends_with(b":crio:") => "cri-o",
            Some(b':' | b'-') => "",
            _ => return None,
        },
    };
    Some(ContainerId { full: id, runtime })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4f1c9e0b7d2a8356c1e94b70a5d83f2e6c07b9d41a8e5f30279c6b1d84ea03f7";
    const OTHER: &str = "aaaaaaaaaaaabbbbbbbbbbbbccccccccccccddddddddddddeeeeeeeeeeeeffff";

    fn runtime_of(path: &str) -> Option<&'static str> {
        let cgroups = format!("cpuset=/\0cpu={path}\0memory=/user.slice\0");
        let id = container_id(cgroups.as_bytes())?;
        assert_eq!(id.full, ID.as_bytes());
        assert_eq!(id.short(), b"4f1c9e0b7d2a");
        Some(id.runtime)
    }

    #[test]
    fn every_runtime_names_its_cgroups_its_own_way() {
        let forms = [
            ("/docker/ID", "docker"),
            ("/system.slice/docker-ID.scope", "docker"),
            ("/kubepods/burstable/pod1b2c/ID", ""),
            (
                "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b2c.slice/cri-containerd-ID.scope",
                "containerd",
            ),
            ("/kubepods.slice/kubepods-pod1b2c.slice/crio-ID.scope", "cri-o"),
            ("/kubepods.slice/kubepods-pod1b2c.slice/crio-ID.scope/container", "cri-o"),
            ("/kubepods-besteffort-pod1b2c.slice:cri-containerd:ID", "containerd"),
            ("/machine.slice/libpod-ID.scope", "podman"),
            ("/machine.slice/libpod-ID.scope/container", "podman"),
            ("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope", "podman"),
            ("/default/ID", ""),
            ("/system.slice/nerdctl-ID.scope", "containerd"),
            ("/../../docker/ID", "docker"),
        ];
        for (path, runtime) in forms {
            assert_eq!(runtime_of(&path.replace("ID", ID)), Some(runtime), "{path}");
        }
    }

    #[test]
    fn the_innermost_container_counts() {
        assert_eq!(runtime_of(&format!("/docker/{OTHER}/docker/{ID}")), Some("docker"));
        assert_eq!(runtime_of(&format!("/docker/{ID}/init.scope")), Some("docker"));
        assert_eq!(runtime_of(&format!("/docker/{ID}/system.slice/nginx.service")), Some("docker"));
    }

    #[test]
    fn host_paths_and_monitors_are_no_containers() {
        for path in ["/", "/user.slice/user-1000.slice/session-100.scope", "/system.slice/docker.service"] {
            assert_eq!(runtime_of(path), None, "{path}");
        }
        assert_eq!(runtime_of(&format!("/machine.slice/libpod-conmon-{ID}.scope")), None);
        assert_eq!(runtime_of(&format!("/x/prefix{ID}")), None);
        assert_eq!(runtime_of(&format!("/x/{}", ID.to_uppercase())), None);
        assert_eq!(container_id(b"no equals sign"), None);
    }
}
