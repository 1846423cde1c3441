//! `replay --watch` and `test --watch`: rules and tests that change while somebody writes them.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::binary::{command, run};
use crate::story::{StoryFile, on_disk, story};

/// Far more than anything here takes: machines that run tests are busy.
const PATIENCE: Duration = Duration::from_secs(60);

const WAITS: &str = "waiting for a change";

/// A rule about the opening of this file.
fn rule(name: &str, file: &str) -> String {
    format!(
        "- rule: {name}\n  desc: d\n  condition: evt.type = openat and fd.name = {file}\n  output: by %proc.name\n  priority: WARNING\n"
    )
}

/// A command that goes on, and what it says line by line.
struct Watcher {
    child: Child,
    lines: Receiver<String>,
}

impl Watcher {
    fn start_replay(arguments: &[&str]) -> Watcher {
        Watcher::start(&[&["replay", "--watch", "--format", "rule,process"][..], arguments].concat())
    }

    fn start(arguments: &[&str]) -> Watcher {
        let mut child = command()
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        hand_over("out", child.stdout.take().unwrap(), sender.clone());
        hand_over("err", child.stderr.take().unwrap(), sender);
        Watcher { child, lines }
    }

    /// All that is said until a line has each of these in it; the last of them ends a run.
    fn until(&self, wanted: &[&str]) -> String {
        let started = Instant::now();
        let mut said = String::new();
        while !wanted.iter().all(|wanted| said.contains(wanted)) {
            let left = PATIENCE.saturating_sub(started.elapsed());
            match self.lines.recv_timeout(left) {
                Ok(line) => said = said + &line + "\n",
                Err(_) => panic!("{wanted:?} did not come; said was:\n{said}"),
            }
        }
        said
    }

    /// Ends it with a signal of this name; the exit status, if it had one.
    fn end(mut self, signal: &str) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // a test that failed leaves nothing behind; one that ended it has nothing to end
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn hand_over(stream: &'static str, from: impl Read + Send + 'static, to: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            if to.send(format!("{stream}: {}", line.unwrap())).is_err() {
                return;
            }
        }
    });
}

/// Puts another file in the place of one, as editors do.
fn replace(file: &StoryFile, name: &str, text: &str) {
    let written = file.beside(".new", text);
    std::fs::rename(&written, Path::new(&written).with_file_name(name)).unwrap();
}

#[test]
fn rules_are_run_again_when_they_change_and_waited_for_while_they_are_wrong() {
    let file = on_disk(story());
    let rules = file.beside("rules.yaml", rule("Shadow", "/etc/shadow"));
    let watcher = Watcher::start_replay(&[file.path(), "-r", &rules]);
    let said = watcher.until(&["out: Shadow,cat", WAITS]);
    assert!(!said.contains("---"), "{said}");

    replace(&file, "rules.yaml", &rule("Users", "/etc/passwd"));
    let said = watcher.until(&["changed: ", "out: Users,sh", WAITS]);
    assert!(said.contains("rules.yaml ---") && !said.contains("Shadow"), "{said}");

    replace(&file, "rules.yaml", &rule("Users", "/etc/passwd").replace("fd.name", "fd.nmae"));
    let said = watcher.until(&["changed: ", "did you mean `fd.name`?", "nothing was evaluated", WAITS]);
    assert!(!said.contains("out: "), "{said}");

    std::fs::remove_file(&rules).unwrap();
    watcher.until(&["changed: ", "cannot read the rule file", WAITS]);

    std::fs::write(&rules, rule("Shadow again", "/etc/shadow")).unwrap();
    watcher.until(&["changed: ", "out: Shadow again,cat", WAITS]);
    let status = watcher.end("TERM");
    assert_eq!(status, cfg!(feature = "record").then_some(0));
}

#[test]
fn files_that_come_into_a_folder_are_run_and_tests_among_them_are_not() {
    let file = on_disk(story());
    let folder = Path::new(file.path()).with_file_name("rules.d");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("a.yaml"), rule("Shadow", "/etc/shadow")).unwrap();
    let watcher = Watcher::start_replay(&[file.path(), "-r", folder.to_str().unwrap()]);
    watcher.until(&["out: Shadow,cat", WAITS]);
    std::fs::write(folder.join("a.test.yaml"), "tests: []\n").unwrap();
    std::fs::write(folder.join("b.yaml"), rule("Users", "/etc/passwd")).unwrap();
    let said = watcher.until(&["changed: ", "out: Shadow,cat", "out: Users,sh", WAITS]);
    assert!(said.contains("b.yaml ---") && !said.contains("a.test.yaml"), "{said}");
    std::fs::remove_file(folder.join("a.yaml")).unwrap();
    let said = watcher.until(&["changed: ", "out: Users,sh", WAITS]);
    assert!(said.contains("a.yaml ---") && !said.contains("Shadow"), "{said}");
    assert_eq!(watcher.end("INT"), cfg!(feature = "record").then_some(0));
}

#[test]
fn what_cannot_be_read_again_is_not_watched() {
    let file = on_disk(story());
    let rules = file.beside("rules.yaml", rule("Shadow", "/etc/shadow"));
    for (arguments, told) in [
        (&["-", "-r", &rules][..], "standard input can be read only once"),
        (&[file.path()], "there is no rule file to watch; name one with -r"),
        (&["/no/such.reel", "-r", &rules], "/no/such.reel: cannot be read"),
        (&["/dev/null", "-r", &rules], "/dev/null: --watch reads the captures after every change"),
        (&[file.path(), "-r", "/dev/null"], "/dev/null: --watch reads the rules after every change"),
        (&[file.path(), "-r", &rules, "--format", "tme"], "did you mean `time`?"),
        (&[file.path(), "-r", &rules, "--fail-on", "error"], "cannot be used with"),
    ] {
        let run = run(&[&["replay", "--watch"][..], arguments].concat());
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(run.stderr.contains(told), "{told} is missing from:\n{}", run.stderr);
    }
}

/// A test that asks for this number of alerts in this capture.
fn test_file(name: &str, capture: &str, alerts: usize) -> String {
    format!("rules: rules.yaml\ntests:\n  - test: {name}\n    capture: {capture}\n    expect: {{total: {alerts}}}\n")
}

#[test]
fn tests_are_run_again_when_they_or_their_rules_or_captures_change() {
    let file = on_disk(story());
    let folder = Path::new(file.path()).parent().unwrap();
    let capture = Path::new(file.path()).file_name().unwrap().to_str().unwrap();
    file.beside("rules.yaml", rule("Shadow", "/etc/shadow"));
    let tests = file.beside("shadow.test.yaml", test_file("Shadow is seen", capture, 1));
    let watcher = Watcher::start(&["test", "--watch", folder.to_str().unwrap()]);
    let said = watcher.until(&["ok      Shadow is seen", "1 passed", WAITS]);
    assert!(!said.contains("---"), "{said}");

    replace(&file, "rules.yaml", &rule("Nothing", "/no/such/file"));
    let said = watcher.until(&["changed: ", "FAILED  Shadow is seen", "1 failed", WAITS]);
    assert!(said.contains("rules.yaml ---"), "{said}");

    std::fs::write(&tests, test_file("Nothing is seen", "later.reel", 0)).unwrap();
    let said = watcher.until(&["changed: ", "ERROR   Nothing is seen", "later.reel: cannot read", WAITS]);
    assert!(said.contains("shadow.test.yaml ---"), "{said}");

    std::fs::copy(file.path(), folder.join(".later")).unwrap();
    std::fs::rename(folder.join(".later"), folder.join("later.reel")).unwrap();
    let said = watcher.until(&["changed: ", "ok      Nothing is seen", WAITS]);
    assert!(said.contains("later.reel ---"), "{said}");

    file.beside("second.test.yaml", test_file("Two files", capture, 0));
    watcher.until(&["second.test.yaml ---", "ok      Nothing is seen", "ok      Two files", "2 passed", WAITS]);

    std::fs::remove_file(&tests).unwrap();
    std::fs::remove_file(folder.join("second.test.yaml")).unwrap();
    watcher.until(&["changed: ", "there is no test file in this folder", WAITS]);
    assert_eq!(watcher.end("TERM"), cfg!(feature = "record").then_some(0));
}

#[test]
fn tests_that_cannot_be_read_again_are_not_watched() {
    for (path, told) in [
        ("/no/such.test.yaml", "/no/such.test.yaml: cannot be read"),
        ("/dev/null", "/dev/null: --watch reads the tests after every change"),
    ] {
        let run = run(&["test", "--watch", path]);
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""), "{path}");
        assert!(run.stderr.contains(told), "{}", run.stderr);
    }
}
