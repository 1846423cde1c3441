//! What Falco takes for a container's id in a cgroup path, for captures whose fields are to be Falco's.
//!
//! Falco's container plugin (0.44 ships one of 2026) asks its engines in a fixed order; the first whose form fits a path
//! decides. Mesos and rkt are no longer among them. What the forms take in besides containers comes along: below
//! `/NAME/`, whatever is no unit of systemd's is a container of containerd's, `/lxc/web` included, which its own engine is
//! asked about later.

use super::cgroup::{ContainerId, FULL_ID_LEN, is_unit, paths};

/// What stands before and after a container's id. The last one of each in a path counts.
struct Form {
    before: &'static [u8],
    after: &'static [u8],
}

const fn form(before: &'static [u8], after: &'static [u8]) -> Form {
    Form { before, after }
}

/// The forms of Podman, Docker and the runtimes of Kubernetes, in the order in which they are tried.
const FORMS: [Form; 9] = [
    form(b"/libpod-", b".scope"),
    form(b"/libpod-", b".scope/container"),
    form(b"/libpod-", b""),
    form(b"/", b""),
    form(b"/docker-", b".scope"),
    form(b"/crio-", b""),
    form(b"/cri-containerd-", b".scope"),
    form(b"/crio-", b".scope"),
    form(b":cri-containerd:", b""),
];

/// What stands before the name of a container of LXC, up to the next slash.
const LXC_FORMS: [&[u8]; 3] = [b"/lxc/", b"/lxc.payload/", b"/lxc.payload."];

/// The container that Falco takes a thread to belong to, from its `SUBSYSTEM=PATH` strings.
pub(super) fn falco_container_id(cgroups: &[u8]) -> Option<ContainerId<'_>> {
    // an id may be empty, which stands for none
    paths(cgroups).find_map(|path| id_in_path(path).filter(|id| !id.full.is_empty()))
}

fn id_in_path(path: &[u8]) -> Option<ContainerId<'_>> {
    FORMS
        .iter()
        .find_map(|form| id_of_form(path, form))
        .or_else(|| id_below_namespace(path))
        .or_else(|| lxc_name(path))
        .or_else(|| libvirt_name(path))
        .or_else(|| bpm_name(path))
}

fn id_of_form<'a>(path: &'a [u8], form: &Form) -> Option<ContainerId<'a>> {
    let start = memchr::memmem::rfind(path, form.before)? + form.before.len();
    let end = memchr::memmem::rfind(path, form.after)?;
    let id = path.get(start..end)?;
    let is_id = id.len() == FULL_ID_LEN && id.iter().all(u8::is_ascii_hexdigit);
    is_id.then(|| ContainerId::of_runtime(id, ""))
}

/// `ctr` has containers of any name in the cgroup of a namespace, which may have any name too.
fn id_below_namespace(path: &[u8]) -> Option<ContainerId<'_>> {
    let slashes = memchr::memchr_iter(b'/', path);
    let mut namespaces = slashes.clone().zip(slashes.skip(1)).filter_map(|(from, to)| path.get(from..=to));
    let namespace = namespaces.find(|namespace| is_namespace(namespace))?;
    let start = memchr::memmem::rfind(path, namespace)? + namespace.len();
    let id = path.get(start..)?;
    let is_id = (1..=FULL_ID_LEN).contains(&id.len()) && !is_unit(path);
    is_id.then(|| ContainerId::of_runtime(id, ""))
}

/// `/NAME/`: letters and digits, with single dots, dashes and underscores between them.
fn is_namespace(name: &[u8]) -> bool {
    let name = name.get(1..name.len().saturating_sub(1)).unwrap_or_default();
    let mut parts = name.split(|byte| b"._-".contains(byte));
    parts.all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_alphanumeric))
}

fn lxc_name(path: &[u8]) -> Option<ContainerId<'_>> {
    let rest = LXC_FORMS.iter().find_map(|form| after(path, form))?;
    let end = memchr::memchr(b'/', rest).unwrap_or(rest.len());
    Some(ContainerId::named(rest.get(..end)?, "lxc"))
}

fn libvirt_name(path: &[u8]) -> Option<ContainerId<'_>> {
    let named = |name| ContainerId::named(name, "libvirt-lxc");
    if let Some(whole) = path.strip_suffix(b".libvirt-lxc")
        && let Some(slash) = memchr::memrchr(b'/', whole)
    {
        return whole.get(slash + 1..).map(named);
    }
    if let Some(rest) = after(path, br"-lxc\x2d") {
        let ending: &[u8] = if after(path, b".scope/libvirt").is_some() { b".scope/libvirt" } else { b".scope" };
        // only where the first one is the last
        if memchr::memmem::find(path, ending).is_some_and(|at| at + ending.len() == path.len())
            && let Some(name) = rest.strip_suffix(ending)
        {
            return Some(named(name));
        }
    }
    after(path, b"/libvirt/lxc/").map(named)
}

fn bpm_name(path: &[u8]) -> Option<ContainerId<'_>> {
    let rest = after(path, b"bpm-")?;
    let name = memchr::memmem::find(rest, b".scope").and_then(|end| rest.get(..end)).unwrap_or(rest);
    let is_name = name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte));
    is_name.then(|| ContainerId::named(name, "bpm"))
}

/// What comes after the first `part` of a path.
fn after<'a>(path: &'a [u8], part: &[u8]) -> Option<&'a [u8]> {
    path.get(memchr::memmem::find(path, part)? + part.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4f1c9e0b7d2a8356c1e94b70a5d83f2e6c07b9d41a8e5f30279c6b1d84ea03f7";

    /// `container.id` and, where the path tells it, `container.type`.
    fn told(path: &str) -> Option<(String, &'static str)> {
        let cgroups = format!("cpuset=/\0memory={}\0", path.replace("ID", ID));
        let id = falco_container_id(cgroups.as_bytes())?;
        assert_eq!(id.is_all, !id.runtime.is_empty());
        Some((String::from_utf8_lossy(id.short).into_owned(), id.runtime))
    }

    #[test]
    fn the_runtimes_of_docker_podman_and_kubernetes() {
        let forms = [
            "/docker/ID",
            "/system.slice/docker-ID.scope",
            "/kubepods/burstable/pod1b2c/ID",
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b2c.slice/cri-containerd-ID.scope",
            "/kubepods.slice/kubepods-pod1b2c.slice/crio-ID.scope",
            "/kubepods/burstable/pod1b2c/crio-ID",
            "/kubepods-besteffort-pod1b2c.slice:cri-containerd:ID",
            "/machine.slice/libpod-ID.scope",
            "/machine.slice/libpod-ID.scope/container",
            "/libpod_parent/libpod-ID",
            "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope",
            "/actions_job/ID",
        ];
        for path in forms {
            assert_eq!(told(path), Some(("4f1c9e0b7d2a".to_owned(), "")), "{path}");
        }
    }

    #[test]
    fn containers_with_names() {
        let forms = [
            ("/lxc.payload.web", "web", "lxc"),
            ("/lxc.payload.web/init.scope", "web", "lxc"),
            ("/lxc/web/init.scope", "web", "lxc"),
            ("/db.libvirt-lxc", "db", "libvirt-lxc"),
            (r"/machine.slice/machine-lxc\x2d22\x2ddb.scope", r"22\x2ddb", "libvirt-lxc"),
            ("/system.slice/runc-bpm-nats.scope", "nats", "bpm"),
            ("/bpm-nats", "nats", "bpm"),
            // what the engine of containerd takes for its own
            ("/default/redis", "redis", ""),
            ("/default/a-name-of-many-letters", "a-name-of-ma", ""),
            ("/lxc/web", "web", ""),
            ("/machine/db.libvirt-lxc", "db.libvirt-l", ""),
            ("/libvirt/lxc/db", "lxc/db", ""),
            ("/system.slice/foo.service/worker", "foo.service/", ""),
        ];
        for (path, id, runtime) in forms {
            assert_eq!(told(path), Some((id.to_owned(), runtime)), "{path}");
        }
    }

    #[test]
    fn host_paths_and_monitors_are_no_containers() {
        let paths = [
            "/",
            "/init.scope",
            "/user.slice/user-1000.slice/session-100.scope",
            "/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service",
            "/system.slice/docker.service",
            "/machine.slice/libpod-conmon-ID.scope",
            "/machine.slice/crio-conmon-ID.scope",
            "/lxc.monitor.web",
            "/docker/ID/init.scope",
            "/x/prefixID",
            "",
        ];
        for path in paths {
            assert_eq!(told(path), None, "{path}");
        }
        assert_eq!(falco_container_id(b"no equals sign"), None);
    }
}
