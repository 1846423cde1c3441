//! Standard output that goes away or takes no more.

use std::fs::OpenOptions;
use std::io::Read;
use std::process::Stdio;

use sysreel::format::builder::CaptureBuilder;
use sysreel::format::row::ThreadRow;
use sysreel::format::schema::EventKind;

use crate::binary::{Run, command};
use crate::story::{StoryFile, on_disk, story};

/// More events than any pipe holds.
fn long_capture() -> StoryFile {
    let mut capture = CaptureBuilder::new().block_rows(4096);
    let thread = std::sync::Arc::new(ThreadRow { tid: 9, pid: 9, ..ThreadRow::default() });
    for fd in 0..40_000 {
        capture.event(EventKind::CLOSE, &thread).param("res", 0).param("fd", fd % 100).happens();
    }
    on_disk(capture)
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let file = long_capture();
    for form in ["text", "json", "csv", "table"] {
        let mut child = command()
            .args(["events", file.path(), "-o", form])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 100];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let run: Run = child.wait_with_output().unwrap().into();
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{form}");
    }
}

#[test]
fn a_full_disk_is_said_and_gives_status_2() {
    let file = on_disk(story());
    let tests = concat!(env!("CARGO_MANIFEST_DIR"), "/sample-captures/tests.yaml");
    for arguments in [
        &["replay", file.path()][..],
        &["events", file.path(), "-o", "table"],
        &["events", "--list"],
        &["info", file.path()],
        &["fields"],
        &["rules", "list"],
        &["rules", "check", file.path()],
        &["test", tests],
    ] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let run: Run = command().args(arguments).stdout(full).output().unwrap().into();
        assert_eq!(run.status, Some(2), "{arguments:?}");
        assert!(run.stderr.contains("standard output: No space left"), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn a_full_disk_is_said_of_the_file_that_is_written() {
    let sample = |name: &str| format!("{}/sample-captures/{name}", env!("CARGO_MANIFEST_DIR"));
    for (input, form) in [
        ("shell-in-nginx.reel", "scap"),
        ("shell-in-nginx.reel", "scap.gz"),
        ("configmap-with-credential.json", "reel"),
    ] {
        let run = crate::binary::run(&["convert", "--to", form, &sample(input), "/dev/full"]);
        assert_eq!(run.status, Some(2), "{form}");
        assert!(run.stderr.contains("/dev/full: No space left"), "{form}: {}", run.stderr);
    }
}
