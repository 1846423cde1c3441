//! The programs on this machine's kernel. Every process that is recorded is one that the test starts.
//!
//! They need root and eBPF: with SYSREEL_KERNEL_TESTS=1 they run, else each says that it was skipped.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use aya::Btf;

use super::attach::{Attached, Form, LiveError, Settings, TRACKED_HELD};
use super::descriptors::descriptors;
use super::event_set::EventSet;
use super::numbers::Arch;
use super::plan::Plan;
use super::rings::Rings;
use super::wire::{Record, RecordType, blob_id};
use super::{CgroupTarget, HeldCommand, Live, LiveEnd, LiveOptions, Scope};

/// Whether these tests are to run; says so where they are not.
fn is_enabled() -> bool {
    let is_enabled = std::env::var("SYSREEL_KERNEL_TESTS").is_ok_and(|value| value == "1");
    if !is_enabled {
        let name = std::thread::current().name().unwrap_or("a test").to_owned();
        // The harness swallows what print macros write.
        let _ = writeln!(std::io::stderr(), "skipped: {name} needs root and eBPF (SYSREEL_KERNEL_TESTS=1)");
    }
    is_enabled
}

/// What a recording gave.
struct Recording {
    records: Vec<Vec<u8>>,
    end: LiveEnd,
    pid: u32,
}

impl Recording {
    fn views(&self) -> Vec<Record<'_>> {
        self.records.iter().map(|record| Record::parse(record).unwrap()).collect()
    }

    /// Records of a call, in order.
    fn calls(&self, name: &str) -> Vec<Record<'_>> {
        self.views().into_iter().filter(|record| is_call(record, name)).collect()
    }
}

fn is_call(record: &Record<'_>, name: &str) -> bool {
    let descriptor = descriptors(Arch::NATIVE).get(usize::from(record.header().nr)).and_then(Option::as_ref);
    record.record_type() != RecordType::ProcExit && descriptor.is_some_and(|descriptor| descriptor.name == name)
}

fn options(events: &str) -> LiveOptions {
    LiveOptions { events: EventSet::parse(events).unwrap(), scope: Scope::Command, ..LiveOptions::default() }
}

/// Records a command from its first instruction to its end.
fn record(options: &LiveOptions, argv: &[&str]) -> Recording {
    let mut live = Live::start(&Live::probe().unwrap(), options).unwrap();
    let mut command = HeldCommand::spawn(argv).unwrap();
    live.track_pid(command.pid()).unwrap();
    command.release().unwrap();
    let mut records = Vec::new();
    let mut sink = |record: &[u8]| records.push(record.to_vec());
    while command.try_wait().unwrap().is_none() {
        live.poll(Duration::from_millis(5), &mut sink).unwrap();
    }
    let end = live.stop(&mut sink).unwrap();
    Recording { records, end, pid: command.pid() }
}

fn text(record: &Record<'_>, id: u16) -> String {
    String::from_utf8(record.blob(id).unwrap().bytes.to_vec()).unwrap()
}

#[test]
fn a_commands_first_record_is_its_execve_and_its_last_its_exit() {
    if !is_enabled() {
        return;
    }
    let recording = record(&options("all"), &["sh", "-c", "exit 3"]);
    let views = recording.views();
    let (first, last) = (views.first().unwrap(), views.last().unwrap());
    assert_eq!((first.record_type(), last.record_type()), (RecordType::Exec, RecordType::ProcExit));
    assert_eq!(text(first, blob_id::ARGV), "sh\0-c\0exit 3\0");
    assert!(text(first, blob_id::FILENAME).ends_with("/sh\0"));
    assert_eq!(last.header().ret, 3 << 8);
    assert!(views.iter().all(|record| record.header().pid == recording.pid));
    assert!(recording.end.losses.is_empty());
}

#[test]
fn a_new_image_is_told_with_its_whole_process() {
    if !is_enabled() {
        return;
    }
    let recording = record(&options("execve"), &["env", "-i", "LETTER=a", "/bin/sleep", "0"]);
    let execs = recording.calls("execve");
    let exec = execs.last().unwrap();
    assert_eq!(text(exec, blob_id::ARGV), "/bin/sleep\x000\0");
    assert_eq!(text(exec, blob_id::ENVP), "LETTER=a\0");
    assert_eq!(text(exec, blob_id::FILENAME), "/bin/sleep\0");
    assert!(text(exec, blob_id::EXEPATH).starts_with("sleep\0"));
    let cwd = std::env::current_dir().unwrap();
    let leaf_first: String = cwd
        .to_str()
        .unwrap()
        .trim_start_matches("/")
        .split("/")
        .collect::<Vec<_>>()
        .into_iter()
        .map(|part| format!("{part}\0"))
        .rev()
        .collect();
    assert_eq!(text(exec, blob_id::CWD), leaf_first);
    let task = exec.task().unwrap();
    assert_eq!((task.pid, task.tid, task.ppid), (recording.pid, recording.pid, std::process::id()));
    assert_eq!(&task.comm[..6], b"sleep\0");
    let of_file = fs::metadata("/bin/sleep").unwrap();
    assert_eq!(task.exe_ino, std::os::unix::fs::MetadataExt::ino(&of_file));
}

#[test]
fn cgroups_are_those_that_proc_shows() {
    if !is_enabled() {
        return;
    }
    let own = fs::read_to_string("/proc/self/cgroup").unwrap();
    let recording = record(&options("execve"), &["true"]);
    let told = text(recording.views().first().unwrap(), blob_id::CGROUPS);
    let path_of = |controller: &str| {
        own.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            parts.next()?.split(',').any(|name| name == controller).then(|| parts.next().unwrap().to_owned())
        })
    };
    let unified = own.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/").to_owned();
    assert!(told.contains("memory="));
    for entry in told.split_terminator('\0') {
        let (controller, path) = entry.split_once('=').unwrap();
        let name = if controller == "io" { "blkio" } else { controller };
        assert_eq!(path, path_of(name).unwrap_or_else(|| unified.clone()), "{controller}");
    }
}

#[test]
fn descendants_are_recorded_and_bystanders_are_not() {
    if !is_enabled() {
        return;
    }
    let mut bystander = Command::new("sh").args(["-c", "while :; do echo x >/dev/null; done"]).spawn().unwrap();
    let recording = record(&options("security"), &["sh", "-c", "(sleep 0.02; true) & sh -c 'cat /dev/null'; wait"]);
    bystander.kill().unwrap();
    bystander.wait().unwrap();
    let mut known = BTreeSet::from([recording.pid]);
    for record in recording.views() {
        known.extend(record.child().map(|child| child.pid));
        known.extend(record.task().map(|task| task.pid).filter(|_| record.header().ret == 0));
    }
    let seen: BTreeSet<_> = recording.views().iter().map(|record| record.header().pid).collect();
    assert_eq!(seen, known);
    assert!(seen.len() >= 4 && !seen.contains(&bystander.id()));
    let exits = recording.views().iter().filter(|record| record.record_type() == RecordType::ProcExit).count();
    assert_eq!(exits, seen.len());
}

#[test]
fn records_come_in_the_order_of_their_times() {
    if !is_enabled() {
        return;
    }
    let script = "i=0; while [ $i -lt 200 ]; do (: </dev/null) & i=$((i+1)); done; wait";
    let recording = record(&options("all"), &["sh", "-c", script]);
    let times: Vec<_> = recording.views().iter().map(|record| record.header().ts_ns).collect();
    assert!(times.len() > 2000 && times.is_sorted());
}

#[test]
fn what_finds_no_room_is_counted() {
    if !is_enabled() {
        return;
    }
    let count = 20_000;
    let small = LiveOptions { main_ring_bytes: 4096, ..options("write") };
    let mut live = Live::start(&Live::probe().unwrap(), &small).unwrap();
    let script = format!("dd if=/dev/zero of=/dev/null bs=1 count={count} status=none");
    let mut command = HeldCommand::spawn(&["sh", "-c", &script]).unwrap();
    live.track_pid(command.pid()).unwrap();
    command.release().unwrap();
    command.wait().unwrap();
    let mut written = 0_u64;
    let end = live.stop(&mut |record| written += u64::from(is_call(&Record::parse(record).unwrap(), "write"))).unwrap();
    let lost: u64 = end.losses.iter().map(|loss| loss.count).sum();
    assert_eq!(written + lost, count);
    assert!(lost > count / 2);
    assert!(end.losses.iter().all(|loss| loss.first_ts_ns <= loss.last_ts_ns));
}

#[test]
fn a_process_that_ran_before_is_recorded_with_its_children() {
    if !is_enabled() {
        return;
    }
    let mut parent = Command::new("sh");
    parent.args(["-c", "read line; cat /dev/null; sh -c true"]).stdin(Stdio::piped());
    let mut parent = parent.spawn().unwrap();
    let options = LiveOptions { scope: Scope::Pids(vec![parent.id()]), ..options("security") };
    let mut live = Live::start(&Live::probe().unwrap(), &options).unwrap();
    parent.stdin.take().unwrap().write_all(b"go\n").unwrap();
    let mut records = Vec::new();
    let mut sink = |record: &[u8]| records.push(record.to_vec());
    while parent.try_wait().unwrap().is_none() {
        live.poll(Duration::from_millis(5), &mut sink).unwrap();
    }
    let end = live.stop(&mut sink).unwrap();
    let recording = Recording { records, end, pid: parent.id() };
    let opened: Vec<_> = recording.calls("openat").iter().map(|open| text(open, 1)).collect();
    assert!(opened.contains(&"/dev/null\0".to_owned()), "{opened:?}");
    assert!(recording.calls("execve").len() >= 2);
}

/// A cgroup of the test's own, removed when dropped.
struct OwnCgroup(PathBuf);

impl OwnCgroup {
    fn new() -> OwnCgroup {
        let mounts = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"];
        let mount = mounts.iter().find(|mount| fs::exists(format!("{mount}/cgroup.procs")).unwrap()).unwrap();
        let folder = PathBuf::from(mount).join(format!("sysreel-test-{}", std::process::id()));
        fs::create_dir_all(folder.join("below")).unwrap();
        OwnCgroup(folder)
    }
}

impl Drop for OwnCgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(self.0.join("below"));
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn a_cgroups_members_are_recorded_once_they_have_joined() {
    if !is_enabled() {
        return;
    }
    let cgroup = OwnCgroup::new();
    let targets = CgroupTarget::find(cgroup.0.to_str().unwrap()).unwrap();
    let options = LiveOptions { scope: Scope::Cgroups(targets), ..options("file,process") };
    let mut live = Live::start(&Live::probe().unwrap(), &options).unwrap();
    let join = cgroup.0.join("below/cgroup.procs");
    let script = format!("test -s /dev/zero; head -c 0 /dev/zero; echo $$ >{}; cat /dev/null", join.display());
    let mut process = Command::new("sh").args(["-c", &script]).spawn().unwrap();
    let mut opened = Vec::new();
    let mut sink = |bytes: &[u8]| {
        let record = Record::parse(bytes).unwrap();
        if is_call(&record, "openat") {
            opened.push(text(&record, 1));
        }
    };
    while process.try_wait().unwrap().is_none() {
        live.poll(Duration::from_millis(5), &mut sink).unwrap();
    }
    live.stop(&mut sink).unwrap();
    assert!(opened.contains(&"/dev/null\0".to_owned()), "{opened:?}");
    assert!(!opened.contains(&"/dev/zero\0".to_owned()), "{opened:?}");
}

/// Records in one form of the programs.
fn record_as(form: Form, argv: &[&str]) -> Result<Vec<Vec<u8>>, LiveError> {
    let host = Live::probe().unwrap();
    let plan = Plan::new(&EventSet::parse("all").unwrap(), &Scope::Command);
    let settings = Settings { snaplen: 80, recorder_pid: 0, main_ring_bytes: 16 << 20, lifecycle_ring_bytes: 4 << 20 };
    let btf = Btf::from_sys_fs()?;
    let (mut attached, maps) = Attached::start_as(form, &host, &plan, &settings, &[], &btf)?;
    let mut rings = Rings::new(maps.main, maps.lifecycle)?;
    let mut command = HeldCommand::spawn(argv).unwrap();
    attached.track(command.pid(), TRACKED_HELD)?;
    command.release().unwrap();
    command.wait().unwrap();
    attached.detach();
    attached.flush()?;
    let mut records = Vec::new();
    rings.finish(&mut |record| records.push(record.to_vec()));
    Ok(records)
}

#[test]
fn both_forms_of_the_programs_tell_the_same() {
    if !is_enabled() {
        return;
    }
    let argv = ["sh", "-c", "cat /etc/hostname >/dev/null; (true); exit 1"];
    let told = |form| {
        let records = record_as(form, &argv).unwrap();
        let views = records.iter().map(|record| Record::parse(record).unwrap());
        views
            .map(|record| {
                let header = record.header();
                let blobs: Vec<_> = (0..40).filter(|&id| record.blob(id).is_some()).collect();
                (header.record_type, header.nr, header.ret < 0, blobs)
            })
            .collect::<Vec<_>>()
    };
    let typed = told(Form::Typed);
    assert!(typed.len() > 50);
    // Children run side by side: which record comes first is not the same twice.
    let sorted = |mut told: Vec<_>| {
        told.sort();
        told
    };
    assert_eq!(sorted(typed), sorted(told(Form::Plain)));
}
