//! Container ids in cgroup paths.
//!
//! Container runtimes name a container's cgroup after its id, 64 hexadecimal digits: `/docker/ID`,
//! `/system.slice/docker-ID.scope`, `/kubepods/burstable/podUID/ID`, `.../cri-containerd-ID.scope`, `.../crio-ID.scope`,
//! `/machine.slice/libpod-ID.scope`, and with containerd's systemd driver `SLICE:PREFIX:ID`. Others name it as their
//! user does: LXC and LXD `/lxc.payload.NAME` and `/lxc/NAME`, libvirt `machine-lxc\x2dNAME.scope`, Cloud Foundry's BPM
//! `bpm-NAME.scope`, containerd's `ctr` `/default/NAME`. A container inside a container has both ids in its path: the
//! innermost one counts. What a container's own init makes below (`/docker/ID/init.scope`) still belongs to it.
//!
//! That is so for recordings of our own. What Falco takes for a container is in [`super::falco_cgroup`].

/// How long the id of most runtimes is, in hexadecimal digits.
pub(super) const FULL_ID_LEN: usize = 64;

/// How many digits a short id has.
pub(super) const SHORT_ID_LEN: usize = 12;

/// Namespaces of containerd below which `ctr` makes containers of any name.
const CONTAINERD_NAMESPACES: [&[u8]; 2] = [b"default", b"k8s.io"];

/// A container's id as found in a cgroup path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContainerId<'a> {
    /// 64 hexadecimal digits, or a name.
    pub full: &'a [u8],
    /// What `container.id` says: the first 12 digits, or the name.
    pub short: &'a [u8],
    /// The runtime, as far as the path tells it, in the words of `container.type`; empty when it does not.
    pub runtime: &'static str,
    /// Nobody knows more of the container than its path says.
    pub is_all: bool,
}

impl<'a> ContainerId<'a> {
    /// An id of which a runtime says more.
    pub(super) fn of_runtime(full: &'a [u8], runtime: &'static str) -> ContainerId<'a> {
        ContainerId { full, short: full.get(..SHORT_ID_LEN).unwrap_or(full), runtime, is_all: false }
    }

    /// The name of a container of which its path says all there is.
    pub(super) fn named(name: &'a [u8], runtime: &'static str) -> ContainerId<'a> {
        ContainerId { full: name, short: name, runtime, is_all: true }
    }
}

/// The container that a thread belongs to, from its `SUBSYSTEM=PATH` strings (each ending in NUL).
pub fn container_id(cgroups: &[u8]) -> Option<ContainerId<'_>> {
    paths(cgroups).find_map(id_in_path)
}

/// The paths of `SUBSYSTEM=PATH` strings.
pub(super) fn paths(cgroups: &[u8]) -> impl Iterator<Item = &[u8]> {
    cgroups.split(|&byte| byte == 0).filter_map(|entry| {
        let at = entry.iter().position(|&byte| byte == b'=')?;
        entry.get(at + 1..)
    })
}

/// The innermost container id in one cgroup path.
fn id_in_path(path: &[u8]) -> Option<ContainerId<'_>> {
    // most host processes are done after this look: the shortest path of a container
    if path.len() < b"/lxc/a".len() {
        return None;
    }
    let mut above: [&[u8]; 2] = [b"", b""];
    let mut found = None;
    for component in path.split(|&byte| byte == b'/').filter(|component| !component.is_empty()) {
        if let Some(id) = id_in_component(component, above[0]).or_else(|| name_in_component(component, above)) {
            found = Some(id);
        }
        above = [component, above[0]];
    }
    found
}

fn without_unit(component: &[u8]) -> &[u8] {
    component.strip_suffix(b".scope").or_else(|| component.strip_suffix(b".service")).unwrap_or(component)
}

fn id_in_component<'a>(component: &'a [u8], parent: &[u8]) -> Option<ContainerId<'a>> {
    let name = without_unit(component);
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
    Some(ContainerId::of_runtime(id, runtime))
}

/// The name of a container whose runtime takes any name. `above` are the component's parent and the one above that.
fn name_in_component<'a>(component: &'a [u8], above: [&[u8]; 2]) -> Option<ContainerId<'a>> {
    let is_name = |name: &&[u8]| !name.is_empty();
    let named = |name: &'a [u8], runtime| Some(name).filter(is_name).map(|name| ContainerId::named(name, runtime));
    if let Some(name) = component.strip_suffix(b".libvirt-lxc") {
        return named(name, "libvirt-lxc");
    }
    if let Some(name) = component.strip_prefix(br"machine-lxc\x2d").and_then(|name| name.strip_suffix(b".scope")) {
        return named(name, "libvirt-lxc");
    }
    if let Some(name) = component.strip_prefix(b"lxc.payload.") {
        return named(name, "lxc");
    }
    if let Some(name) = bpm_name(component) {
        return named(name, "bpm");
    }
    match above {
        [b"lxc", b"libvirt"] => named(component, "libvirt-lxc"),
        [b"lxc" | b"lxc.payload", _] => named(component, "lxc"),
        [parent, b""] if CONTAINERD_NAMESPACES.contains(&parent) && !is_unit(component) => {
            Some(ContainerId::of_runtime(component, "containerd"))
        }
        _ => None,
    }
}

/// A job of BPM: `bpm-NAME`, by itself or as what runc makes a scope of.
fn bpm_name(component: &[u8]) -> Option<&[u8]> {
    let name = component.strip_prefix(b"runc-").unwrap_or(component).strip_prefix(b"bpm-")?;
    let name = name.strip_suffix(b".scope").unwrap_or(name);
    name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte)).then_some(name)
}

/// Whether systemd made the cgroup for something of its own.
pub(super) fn is_unit(name: &[u8]) -> bool {
    [&b".service"[..], b".slice", b".scope"].iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4f1c9e0b7d2a8356c1e94b70a5d83f2e6c07b9d41a8e5f30279c6b1d84ea03f7";
    const OTHER: &str = "aaaaaaaaaaaabbbbbbbbbbbbccccccccccccddddddddddddeeeeeeeeeeeeffff";

    fn runtime_of(path: &str) -> Option<&'static str> {
        let cgroups = format!("cpuset=/\0cpu={path}\0memory=/user.slice\0");
        let id = container_id(cgroups.as_bytes())?;
        assert_eq!((id.full, id.short, id.is_all), (ID.as_bytes(), &b"4f1c9e0b7d2a"[..], false));
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
    fn containers_with_names_have_their_names_for_ids() {
        let forms = [
            ("/lxc/web", "web", "lxc"),
            ("/lxc/web/system.slice/nginx.service", "web", "lxc"),
            ("/lxc.payload/web/init.scope", "web", "lxc"),
            ("/lxc.payload.web", "web", "lxc"),
            ("/lxc.payload.web-1/user.slice/user-0.slice", "web-1", "lxc"),
            ("/machine/db.libvirt-lxc", "db", "libvirt-lxc"),
            (
                r"/machine.slice/machine-lxc\x2d2293906\x2dlibvirt\x2dcontainer.scope/libvirt",
                r"2293906\x2dlibvirt\x2dcontainer",
                "libvirt-lxc",
            ),
            ("/libvirt/lxc/db", "db", "libvirt-lxc"),
            ("/system.slice/runc-bpm-nats.scope", "nats", "bpm"),
            ("/bpm-cloud_controller-worker", "cloud_controller-worker", "bpm"),
            ("/default/redis-1", "redis-1", "containerd"),
        ];
        for (path, name, runtime) in forms {
            let cgroups = format!("cpuset=/\0memory={path}\0");
            let id = container_id(cgroups.as_bytes()).unwrap_or_else(|| panic!("{path}"));
            assert_eq!((id.full, id.runtime), (name.as_bytes(), runtime), "{path}");
            assert_eq!(id.is_all, runtime != "containerd", "{path}");
            assert_eq!(id.short, &id.full[..id.short.len()], "{path}");
        }
        assert_eq!(runtime_of(&format!("/lxc.payload.node/kubepods/podX/{ID}")), Some(""));
    }

    #[test]
    fn host_paths_and_monitors_are_no_containers() {
        let paths = [
            "/",
            "/user.slice/user-1000.slice/session-100.scope",
            "/system.slice/docker.service",
            "/lxc.monitor.web",
            "/lxc.monitor/web",
            "/lxc",
            "/system.slice/lxc.service",
            "/default",
            "/default/ssh.service",
            "/a/default/x",
            // systemd-nspawn: no container for Falco
            r"/machine.slice/systemd-nspawn@deb\x2d12.service/payload",
        ];
        for path in paths {
            assert_eq!(runtime_of(path), None, "{path}");
        }
        assert_eq!(runtime_of(&format!("/machine.slice/libpod-conmon-{ID}.scope")), None);
        assert_eq!(runtime_of(&format!("/x/prefix{ID}")), None);
        assert_eq!(runtime_of(&format!("/x/{}", ID.to_uppercase())), None);
        assert_eq!(container_id(b"no equals sign"), None);
    }
}
