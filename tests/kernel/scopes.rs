//! `--pid` and `--cgroup` record these processes, their descendants, and nothing else.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::{Bench, kernel_test, text};
use crate::binary::Run;
use crate::recording::Recording;

/// What a shell says when it has done what it was told.
const DONE: &str = "all of it is done";

/// A shell that does what it is told when it is told.
struct Shell {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Shell {
    fn start() -> Shell {
        let mut child = Command::new("sh").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Shell { child, stdin, stdout }
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Runs commands and returns when they have ended.
    fn run(&mut self, commands: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{commands}; echo '{DONE}'").unwrap();
        let mut said = String::new();
        while !said.ends_with(&format!("{DONE}\n")) {
            assert!(self.stdout.read_line(&mut said).unwrap() > 0, "the shell ended after: {said}");
        }
    }

    fn end(mut self) {
        drop(self.stdin.take());
        self.child.wait().unwrap();
    }
}

/// Records with these options while `act` runs.
fn record_while(bench: &Bench, options: &[&str], act: impl FnOnce()) -> Run {
    let recording = Recording::start(&bench.path("a.reel"), options);
    act();
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
    let (mut inside, mut outside) = (Shell::start(), Shell::start());
    let run = record_while(&bench, &["--pid", &inside.pid().to_string()], || {
        inside.run("cat /dev/null; sh -c 'cat /etc/hostname; true'");
        outside.run("head /dev/null");
    });
    [inside, outside].into_iter().for_each(Shell::end);
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
    let (mut inside, mut outside) = (Shell::start(), Shell::start());
    cgroup.take_in(inside.pid());
    let run = record_while(&bench, &["--cgroup", cgroup.folder.to_str().unwrap()], || {
        inside.run("cat /dev/null; sh -c 'cat /etc/hostname; true'");
        outside.run("head /dev/null");
    });
    [inside, outside].into_iter().for_each(Shell::end);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert_eq!(started_programs(&bench), ["cat /dev/null", "cat /etc/hostname", "sh -c cat /etc/hostname; true"]);
}

#[test]
fn a_conversion_has_the_threads_and_descriptors_that_no_event_is_about() {
    kernel_test!();
    let bench = Bench::new();
    let mut inside = Shell::start();
    // a child that does nothing, and descriptors that nobody uses
    inside.run("exec 5</dev/null 6</dev/null 7</etc; { sleep 60 >/dev/null & }");
    let run = record_while(&bench, &["--pid", &inside.pid().to_string(), "--events", "all"], || {
        inside.run("cat /dev/null");
    });
    inside.run("kill $!");
    inside.end();
    assert_eq!(run.status, Some(0), "{}", run.stderr);

    let run = crate::binary::run(&["convert", &bench.path("a.reel"), &bench.path("a.scap")]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    let figures = |file: &str| {
        let format = "%proc.name %proc.fdopencount %proc.nthreads %proc.nchilds %fd.types %fd.name";
        crate::binary::run(&["events", &bench.path(file), "evt.type = read", "--format", format]).stdout
    };
    let (reel, scap) = (figures("a.reel"), figures("a.scap"));
    assert!(reel.lines().any(|line| line.starts_with("sh ")), "{reel}");
    assert_eq!(reel, scap);

    let out = crate::binary::run(&["info", "--verify", &bench.path("a.reel")]);
    assert_eq!(out.status, Some(0), "{}{}", out.stdout, out.stderr);
}
