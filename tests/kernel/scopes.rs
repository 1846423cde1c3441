//! `--pid` and `--cgroup` record these processes, their descendants, and nothing else.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{Bench, kernel_test, text};
use crate::binary::Run;
use crate::recording::Recording;

/// A shell that does what is written to its standard input.
fn shell() -> Child {
    Command::new("sh").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
}

/// Records with these options while `act` runs.
fn record_while(bench: &Bench, options: &[&str], act: impl FnOnce()) -> Run {
    let recording = Recording::start(&bench.path("a.reel"), options);
    act();
    std::thread::sleep(Duration::from_millis(200));
    recording.interrupt()
}

/// The programs that were started, sorted.
fn started_programs(bench: &Bench) -> Vec<String> {
    let mut names: Vec<String> = bench
        .events("evt.type = execve and evt.rawres = 0", &["proc.cmdline"])
        .iter()
        .map(|row| text(&row[0]))
        .collect();
    names.sort();
    names
}

#[test]
fn a_process_is_recorded_with_its_descendants() {
    kernel_test!();
    let bench = Bench::new();
    let (mut inside, mut outside) = (shell(), shell());
    let run = record_while(&bench, &["--pid", &inside.id().to_string()], || {
        writeln!(inside.stdin.as_mut().unwrap(), "cat /dev/null; sh -c 'cat /etc/hostname; true'").unwrap();
        writeln!(outside.stdin.as_mut().unwrap(), "head /dev/null").unwrap();
    });
    for mut shell in [inside, outside] {
        drop(shell.stdin.take());
        shell.wait().unwrap();
    }
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert_eq!(started_programs(&bench), ["cat /dev/null", "cat /etc/hostname", "sh -c cat /etc/hostname; true"]);
}

/// A control group of the test's own, in the first hierarchy where one can be made.
struct Cgroup {
    folder: std::path::PathBuf,
}

impl Cgroup {
    fn make() -> Cgroup {
        static MADE: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = MADE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("sysreel-test-{}-{number}", std::process::id());
        let roots = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/cpu", "/sys/fs/cgroup"];
        let mut refused = Vec::new();
        for root in roots {
            let folder = std::path::Path::new(root).join(&name);
            // A tmpfs that only holds the hierarchies has no such file.
            match std::fs::metadata(std::path::Path::new(root).join("cgroup.procs")) {
                Ok(_) => match std::fs::create_dir(&folder) {
                    Ok(()) => return Cgroup { folder },
                    Err(error) => refused.push(format!("{}: {error}", folder.display())),
                },
                Err(error) => refused.push(format!("{root}: {error}")),
            }
        }
        panic!("no control group can be made: {}", refused.join("; "));
    }

    fn take_in(&self, pid: u32) {
        std::fs::write(self.folder.join("cgroup.procs"), pid.to_string()).unwrap();
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.folder);
    }
}

#[test]
fn a_control_group_is_recorded_and_its_neighbours_are_not() {
    kernel_test!();
    let bench = Bench::new();
    let cgroup = Cgroup::make();
    let (mut inside, mut outside) = (shell(), shell());
    cgroup.take_in(inside.id());
    let run = record_while(&bench, &["--cgroup", cgroup.folder.to_str().unwrap()], || {
        writeln!(inside.stdin.as_mut().unwrap(), "cat /dev/null; sh -c 'cat /etc/hostname; true'").unwrap();
        writeln!(outside.stdin.as_mut().unwrap(), "head /dev/null").unwrap();
    });
    for mut shell in [inside, outside] {
        drop(shell.stdin.take());
        shell.wait().unwrap();
    }
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert_eq!(started_programs(&bench), ["cat /dev/null", "cat /etc/hostname", "sh -c cat /etc/hostname; true"]);
}
