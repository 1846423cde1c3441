//! SIGINT, SIGTERM, `--duration` and `--max-size` all end with a complete file.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Bench, info_of, kernel_test};
use crate::binary::{Run, command};
use crate::recording::patience;

/// A process that makes calls until it is ended.
fn busy() -> Child {
    Command::new("sh").args(["-c", "while :; do cat /dev/null; done"]).stdin(Stdio::null()).spawn().unwrap()
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn start(arguments: &[&str]) -> Child {
    command().arg("record").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until a file has more than a header.
fn wait_for_events(file: &str) {
    let started = Instant::now();
    while std::fs::metadata(file).map_or(0, |metadata| metadata.len()) < 2_000 {
        assert!(started.elapsed() < patience(), "nothing was written to {file}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn signals_end_with_a_complete_file() {
    kernel_test!();
    let bench = Bench::new();
    for signal in ["INT", "TERM"] {
        let file = bench.path(&format!("{signal}.reel"));
        let busy = busy();
        let recording = start(&["-o", &file, "--pid", &busy.id().to_string()]);
        wait_for_events(&file);
        let sent = Command::new("kill").args(["-s", signal, &recording.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let run: Run = recording.wait_with_output().unwrap().into();
        end(busy);
        assert_eq!(run.status, Some(0), "{signal}: {}", run.stderr);
        let info = info_of(Path::new(&file));
        assert_eq!((&info["complete"], &info["verify"]), (&true.into(), &"intact".into()), "{signal}: {info}");
    }
}

#[test]
fn a_signal_is_passed_on_to_the_command() {
    kernel_test!();
    let bench = Bench::new();
    let file = bench.path("a.reel");
    let recording = start(&["-o", &file, "--", "sh", "-c", "while :; do cat /dev/null; done"]);
    wait_for_events(&file);
    assert!(Command::new("kill").arg(recording.id().to_string()).status().unwrap().success());
    let run: Run = recording.wait_with_output().unwrap().into();
    assert_eq!(run.status, Some(128 + 15), "{}", run.stderr);
    assert_eq!(info_of(Path::new(&file))["verify"], "intact");
}

#[test]
fn a_duration_ends_the_recording() {
    kernel_test!();
    let bench = Bench::new();
    let file = bench.path("a.reel");
    let busy = busy();
    let started = Instant::now();
    let recording = start(&["-o", &file, "--duration", "700ms", "--pid", &busy.id().to_string()]);
    let run: Run = recording.wait_with_output().unwrap().into();
    end(busy);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert!(started.elapsed() > Duration::from_millis(700));
    let info = info_of(Path::new(&file));
    assert_eq!(info["verify"], "intact");
    let length_ns = info["last_ns"].as_u64().unwrap() - info["first_ns"].as_u64().unwrap();
    assert!(length_ns > 300_000_000 && u128::from(length_ns) < patience().as_nanos(), "{length_ns}");
}

#[test]
fn a_size_limit_is_kept_to() {
    kernel_test!();
    let bench = Bench::new();
    for limit in [60_000_u64, 300_000] {
        let file = bench.path(&format!("{limit}.reel"));
        let busy = busy();
        let (size, pid) = (limit.to_string(), busy.id().to_string());
        let recording = start(&["-o", &file, "--events", "all", "--max-size", &size, "--pid", &pid]);
        let run: Run = recording.wait_with_output().unwrap().into();
        end(busy);
        assert_eq!(run.status, Some(0), "{}", run.stderr);
        let written = std::fs::metadata(&file).unwrap().len();
        assert!(written <= limit && written > limit / 2, "{written} bytes of {limit}: {}", run.stderr);
        assert_eq!(info_of(Path::new(&file))["verify"], "intact");
    }
}
