//! `record -- COMMAND`: its status is passed on, what cannot be recorded is refused before anything is written.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use super::{Bench, info_of, kernel_test};
use crate::binary::{Run, command, run, run_with_input};

#[test]
fn the_status_of_the_command_is_passed_on() {
    kernel_test!();
    let bench = Bench::new();
    assert_eq!(bench.record(&[], &["true"]).status, Some(0));
    assert_eq!(bench.record(&[], &["sh", "-c", "exit 77"]).status, Some(77));
    assert_eq!(bench.record(&[], &["sh", "-c", "kill -9 $$"]).status, Some(137));
    assert_eq!(bench.info()["complete"], true);
}

#[test]
fn a_command_that_cannot_run_is_named_with_the_status_that_shells_give() {
    kernel_test!();
    let bench = Bench::new();
    let missing = bench.record(&[], &["no-such-program-anywhere"]);
    assert_eq!(missing.status, Some(127), "{}", missing.stderr);
    assert!(missing.stderr.contains("no-such-program-anywhere"), "{}", missing.stderr);
    assert!(!Path::new(&bench.path("a.reel")).exists());
    let folder = bench.record(&[], &["/etc"]);
    assert_eq!(folder.status, Some(126), "{}", folder.stderr);
}

#[test]
fn the_output_of_the_command_is_its_own() {
    kernel_test!();
    let bench = Bench::new();
    let recorded = bench.record(&[], &["sh", "-c", "echo out; echo err >&2; cat"]);
    assert_eq!(recorded.stdout, "out\n");
    assert!(recorded.stderr.starts_with("err\n"), "{}", recorded.stderr);
}

#[test]
fn an_existing_file_is_kept_unless_forced() {
    kernel_test!();
    let bench = Bench::new();
    let file = bench.path("kept.reel");
    std::fs::write(&file, "precious").unwrap();
    let ran = bench.path("ran");
    let refused = run(&["record", "-o", &file, "--", "touch", &ran]);
    assert_eq!(refused.status, Some(2));
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
    assert!(!Path::new(&ran).exists(), "the command does not run when it cannot be recorded");
    assert_eq!(run(&["record", "-o", &file, "--force", "--", "touch", &ran]).status, Some(0));
    assert_eq!(info_of(Path::new(&file))["verify"], "intact");
}

#[test]
fn what_cannot_be_recorded_is_said_before_anything_is_written() {
    kernel_test!();
    let bench = Bench::new();
    let file = bench.path("none.reel");
    for (arguments, told) in [
        (&["-o", "/no/such/folder/a.reel"][..], "there is no folder /no/such/folder"),
        (&["-o", "/proc"], "this is a folder"),
        (&["-o", &file, "--events", "opnat"], "openat"),
        (&["-o", &file, "--cgroup", "/no/such/group"], "/no/such/group"),
        (&["-o", &file, "--container", "web", "--docker-root", &bench.path("docker")], "no container runtime's state"),
        (&["-o", &file, "--pid", "4194303"], "no such process"),
    ] {
        let run = run(&[&["record"], arguments].concat());
        assert_eq!(run.status, Some(2), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(told), "{arguments:?}: {}", run.stderr);
        assert!(!Path::new(&file).exists(), "{arguments:?}");
    }
}

#[test]
fn a_full_disk_is_said_and_gives_status_2() {
    kernel_test!();
    let run = run(&["record", "-o", "/dev/full", "--", "true"]);
    assert_eq!(run.status, Some(2), "{}", run.stderr);
    assert_eq!(run.stderr.matches("/dev/full").count(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("/dev/full: No space left"), "{}", run.stderr);
}

#[test]
fn a_recording_can_be_piped_into_a_replay() {
    kernel_test!();
    let recorded = command()
        .args(["record", "-o", "-", "--", "cat", "/etc/passwd"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = recorded.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // what the command prints must not get into the capture
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("root:"), "{:?}", output.stderr);
    let arguments = ["events", "-", "evt.type = execve", "--format", "proc.name"];
    let replayed = run_with_input(&arguments, &output.stdout);
    assert_eq!((replayed.stdout.as_str(), replayed.stderr.as_str()), ("cat\n", ""));
}

#[test]
fn a_reader_of_the_recording_that_goes_away_ends_it_quietly() {
    kernel_test!();
    let mut recording = command()
        .args([
            "record",
            "-o",
            "-",
            "--events",
            "all",
            "--",
            "sh",
            "-c",
            "i=0; while [ $i -lt 300 ]; do true & wait; i=$((i+1)); done",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 8];
    recording.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let run: Run = recording.wait_with_output().unwrap().into();
    assert_eq!(run.status, Some(0), "{}", run.stderr);
}
