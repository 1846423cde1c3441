//! Containers in `.scap` files: every generation of events that tell of them, names in control groups, probes and pods;
//! what is read is still there after a conversion.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sysreel::format::row::Text;
use sysreel::format::scap::{ScapEventHead, ScapThread, ScapWriter};
use sysreel::format::schema::EventKind;
use tempfile::TempDir;

use crate::binary::run;

fn id_of(digit: char) -> String {
    digit.to_string().repeat(64)
}

/// A thread that was there; its control group may be a container's.
fn thread(tid: i64, ptid: i64, vpid: i64, path: &str) -> ScapThread {
    let text = |text: &str| Text::from(text.as_bytes());
    ScapThread {
        tid,
        pid: tid,
        ptid,
        vtid: vpid,
        vpid,
        comm: text("main"),
        exe: text("/main"),
        cwd: text("/"),
        root: text("/"),
        cgroups: text(&format!("cpu={path}\0")),
        ..ScapThread::default()
    }
}

struct File {
    writer: ScapWriter<Vec<u8>>,
    ts_ns: u64,
}

impl File {
    fn new(threads: &[ScapThread]) -> File {
        let mut writer = ScapWriter::new(Vec::new()).unwrap();
        writer.write_threads(threads).unwrap();
        File { writer, ts_ns: 1_700_000_000_000_000_000 }
    }

    fn event(&mut self, kind: EventKind, tid: i64, given: &[(&str, &[u8])]) {
        let info = kind.info().unwrap();
        let mut params: Vec<&[u8]> = vec![b""; info.params.len()];
        for (name, value) in given {
            params[info.param(name).unwrap()] = value;
        }
        self.ts_ns += 1_000;
        self.writer.write_event(ScapEventHead { code: kind.0, cpu: 0, ts_ns: self.ts_ns, tid }, &params).unwrap();
    }

    fn container(&mut self, container: &Value) {
        let json = format!("{}\0", json!({ "container": container }));
        self.event(EventKind::CONTAINER, -1, &[("json", json.as_bytes())]);
    }

    /// What the container plugin writes.
    fn async_container(&mut self, name: &str, container: &Value) {
        let json = format!("{}\0", json!({ "container": container }));
        let name = format!("{name}\0");
        let given: [(&str, &[u8]); 3] = [("plugin_id", &[0; 4]), ("name", name.as_bytes()), ("data", json.as_bytes())];
        self.event(EventKind::ASYNCEVENT, 1, &given);
    }

    fn look(&mut self, tid: i64) {
        let closed = 0i64.to_le_bytes();
        self.event(EventKind::CLOSE, tid, &[("res", &closed), ("fd", &9i64.to_le_bytes())]);
    }

    /// A process is made by `parent` and executes a program.
    fn start(&mut self, parent: i64, child: i64, path: &str, exe: &str, args: &str) {
        let [zero, parent, id, inside] = [0, parent, child, 9].map(i64::to_le_bytes);
        let ids: [(&str, &[u8]); 6] =
            [("res", &zero), ("tid", &id), ("pid", &id), ("ptid", &parent), ("vtid", &inside), ("vpid", &inside)];
        self.event(EventKind::CLONE, child, &ids);
        let (cgroups, exe, args) = (format!("cpu={path}\0"), format!("{exe}\0"), args.replace(' ', "\0"));
        let words: [(&str, &[u8]); 3] =
            [("exe", exe.as_bytes()), ("args", args.as_bytes()), ("cgroups", cgroups.as_bytes())];
        self.event(EventKind::EXECVE, child, &[&ids[..4], &words].concat());
    }

    fn save(self, folder: &TempDir) -> PathBuf {
        let path = folder.path().join("a.scap");
        std::fs::write(&path, self.writer.finish().unwrap()).unwrap();
        path
    }
}

const FIELDS: [&str; 16] = [
    "thread.tid",
    "evt.type",
    "container.id",
    "container.full_id",
    "container.type",
    "container.name",
    "container.image",
    "container.labels",
    "container.mounts",
    "container.healthcheck",
    "proc.is_container_healthcheck",
    "proc.is_container_liveness_probe",
    "k8s.pod.name",
    "k8s.pod.ip",
    "k8s.pod.labels",
    "evt.num",
];

fn events(capture: &Path) -> Vec<Value> {
    let run = run(&["events", capture.to_str().unwrap(), "-o", "json", "--format", &FIELDS.join(",")]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn converted(from: &Path, to: &str) -> PathBuf {
    let to = from.with_file_name(to);
    let run = run(&["convert", from.to_str().unwrap(), to.to_str().unwrap()]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    to
}

/// What is known of each event is the same after a conversion to .reel, to .scap, and to .reel again.
fn events_of_all_forms(scap: &Path) -> Vec<Value> {
    let expected = events(scap);
    let reel = converted(scap, "there.reel");
    let back = converted(&reel, "back.scap");
    for capture in [&reel, &back, &converted(&back, "again.reel")] {
        assert_eq!(events(capture), expected, "{}", capture.display());
    }
    expected
}

/// The last event of a thread.
fn of_thread(events: &[Value], tid: i64) -> &Value {
    events.iter().rfind(|event| event["thread.tid"] == tid).unwrap()
}

#[test]
fn probes_are_told_from_other_processes_of_their_container() {
    let folder = TempDir::new().unwrap();
    let path = format!("/docker/{}", id_of('a'));
    let mut file = File::new(&[thread(1, 0, 1, "/"), thread(60, 1, 1, &path), thread(70, 1, 70, "/")]);
    file.container(&json!({
        "id": "aaaaaaaaaaaa", "full_id": id_of('a'), "type": 0, "name": "web", "image": "nginx:1.21",
        "labels": { "tier": "front" },
        "Mounts": [{ "Source": "/srv", "Destination": "/data", "Mode": "rw", "RW": true, "Propagation": "rprivate" }],
        "Healthcheck": { "exe": "wget", "args": ["-q", "x"] },
    }));
    file.start(70, 71, &path, "wget", "-q x ");
    file.start(71, 72, &path, "true", "");
    file.start(60, 61, &path, "wget", "-q x ");
    file.look(70);
    let events = events_of_all_forms(&file.save(&folder));
    let checks = [71, 72, 61].map(|tid| of_thread(&events, tid)["proc.is_container_healthcheck"].clone());
    assert_eq!(checks, [true, true, false]);
    // the container has no such probe, and the host has none at all
    assert_eq!(of_thread(&events, 71)["proc.is_container_liveness_probe"], Value::Null);
    assert_eq!(of_thread(&events, 70)["proc.is_container_healthcheck"], Value::Null);
    let web = of_thread(&events, 61);
    let told = ["container.name", "container.type", "container.healthcheck", "container.labels", "container.mounts"];
    assert_eq!(
        told.map(|field| &web[field]),
        ["web", "docker", "wget -q x", "tier:front", "/srv:/data:rw:true:rprivate"]
    );
}

#[test]
fn events_of_the_container_plugin_tell_of_containers() {
    let folder = TempDir::new().unwrap();
    let (one, other) = (format!("/docker/{}", id_of('b')), format!("/docker/{}", id_of('c')));
    let mut file = File::new(&[thread(1, 0, 1, "/"), thread(60, 1, 1, &one), thread(61, 1, 1, &other)]);
    file.look(60);
    file.async_container(
        "container",
        &json!({ "id": "bbbbbbbbbbbb", "full_id": id_of('b'), "type": 11, "name": "late" }),
    );
    file.look(60);
    file.async_container("container_removed", &json!({ "id": "cccccccccccc", "type": 11, "name": "gone" }));
    file.look(61);
    let events = events_of_all_forms(&file.save(&folder));
    let names: Vec<&Value> = events.iter().map(|event| &event["container.name"]).collect();
    assert_eq!(names, [&Value::Null, &json!("late"), &json!("late"), &json!("gone"), &Value::Null]);
    assert_eq!(events[2]["container.type"], "podman");
}

#[test]
fn containers_of_which_only_the_control_group_tells_have_a_type() {
    let folder = TempDir::new().unwrap();
    let mut file = File::new(&[
        thread(1, 0, 1, "/"),
        thread(60, 1, 1, "/lxc.payload.web"),
        thread(61, 1, 1, r"/machine.slice/machine-lxc\x2d22\x2ddb.scope"),
        thread(62, 1, 1, "/system.slice/runc-bpm-nats.scope"),
        thread(63, 1, 1, "/default/redis"),
    ]);
    (60..64).for_each(|tid| file.look(tid));
    let events = events_of_all_forms(&file.save(&folder));
    let told: Vec<_> =
        events.iter().map(|event| (event["container.id"].clone(), event["container.type"].clone())).collect();
    let named = |id: &str, ty: &str| (json!(id), json!(ty));
    assert_eq!(
        told,
        [named("web", "lxc"), named(r"22\x2ddb", "libvirt-lxc"), named("nats", "bpm"), (json!("redis"), Value::Null)]
    );
}

#[test]
fn a_pod_has_the_address_of_its_sandbox() {
    let folder = TempDir::new().unwrap();
    let path = format!("/kubepods/podX/{}", id_of('d'));
    let mut file = File::new(&[thread(1, 0, 1, "/"), thread(60, 1, 1, &path)]);
    file.container(&json!({
        "id": "eeeeeeeeeeee", "type": 7, "ip": "10.1.2.3", "is_pod_sandbox": true,
        "pod_sandbox_labels": { "app": "shop" },
    }));
    file.container(&json!({
        "id": "dddddddddddd", "type": 7, "name": "shop", "image": "shop:1", "pod_sandbox_id": id_of('e'),
        "labels": { "io.kubernetes.pod.name": "shop-1" },
    }));
    file.look(60);
    let events = events_of_all_forms(&file.save(&folder));
    let told = ["k8s.pod.name", "k8s.pod.ip", "k8s.pod.labels", "container.type"].map(|field| &events[0][field]);
    assert_eq!(told, ["shop-1", "10.1.2.3", "app:shop", "containerd"]);
}
