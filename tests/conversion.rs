//! `sysreel convert`: what goes into a file of the other form comes back.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::binary::{Run, run, run_with_input};
use crate::falco_data;

/// Captures with more events are compared by fewer fields.
const MANY_EVENTS: usize = 20_000;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-captures").join(name)
}

/// The samples but the one that lost events, for which .scap has no place.
fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-captures");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut samples: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "reel")).collect();
    samples.retain(|path| !path.ends_with("lost-events.reel"));
    assert!(samples.len() >= 3);
    samples
}

fn converted(from: &Path, to: PathBuf) -> PathBuf {
    let run = run(&["convert", text(from), text(&to)]);
    assert_eq!((run.status, run.stdout.as_str(), run.stderr.as_str()), (Some(0), "", ""), "{}", from.display());
    to
}

fn refused(run: &Run, why: &str) {
    assert_eq!(run.status, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains(why), "{}", run.stderr);
}

/// Every field that may be asked for without an argument.
pub(crate) fn fields() -> Vec<String> {
    let listed: Value = serde_json::from_str(&run(&["fields", "-o", "json"]).stdout).unwrap();
    let fields = listed.as_array().unwrap().iter().filter(|field| field["argument"] != "required");
    let names: Vec<String> = fields.map(|field| field["name"].as_str().unwrap().to_owned()).collect();
    assert!(names.len() > 150);
    names
}

/// The events of a capture with all these fields, a line each.
fn events(capture: &Path, fields: &[String]) -> Vec<String> {
    let run = run(&["events", text(capture), "-o", "json", "--format", &fields.join(",")]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{}", capture.display());
    run.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn captures_of_falco_come_back_the_same() {
    let folder = TempDir::new().unwrap();
    let all = fields();
    for (name, capture) in falco_data::captures() {
        let there = converted(&capture, folder.path().join("there.reel"));
        // both forms of .scap get their turn
        let back = folder.path().join(if name.len() % 2 == 0 { "back.scap" } else { "back.scap.gz" });
        let again = converted(&converted(&there, back.clone()), folder.path().join("again.reel"));
        let few =
            || ["evt.num", "evt.args", "thread.tid", "proc.pname", "proc.cwd", "fd.name"].map(str::to_owned).to_vec();
        let count = events(&there, &["evt.num".to_owned()]).len();
        assert!(count > 100, "{name}");
        let fields: Vec<String> = if count > MANY_EVENTS { few() } else { all.clone() };
        let (expected, found) = (events(&there, &fields), events(&again, &fields));
        assert_eq!(expected.len(), found.len(), "{name}");
        for (expected, found) in expected.iter().zip(&found) {
            assert_eq!(expected, found, "{name}");
        }
        for file in [there, back, again] {
            std::fs::remove_file(file).unwrap();
        }
    }
}

#[test]
fn a_file_of_several_sections_comes_back_the_same() {
    let folder = TempDir::new().unwrap();
    let mut sections = Vec::new();
    for capture in samples() {
        let scap = converted(&capture, folder.path().join("section.scap"));
        sections.extend(std::fs::read(&scap).unwrap());
        std::fs::remove_file(scap).unwrap();
    }
    let scap = folder.path().join("all.scap");
    std::fs::write(&scap, sections).unwrap();
    let there = converted(&scap, folder.path().join("there.reel"));
    let back = converted(&there, folder.path().join("back.scap"));
    let directly = converted(&scap, folder.path().join("directly.scap"));
    let fields = fields();
    let expected = events(&scap, &fields);
    assert!(expected.len() > 500);
    assert_eq!(events(&back, &fields), expected);
    assert_eq!(events(&directly, &fields), expected);
}

#[test]
fn recordings_give_the_same_alerts_as_their_conversions() {
    let folder = TempDir::new().unwrap();
    let mut with_alerts = 0;
    for capture in samples() {
        let name = capture.file_name().unwrap().to_str().unwrap();
        let scap = converted(&capture, folder.path().join(name).with_extension("scap.gz"));
        let reel = converted(&scap, folder.path().join(name));
        let alerts = run(&["replay", text(&capture)]).stdout;
        with_alerts += usize::from(!alerts.is_empty());
        assert_eq!(run(&["replay", text(&scap)]).stdout, alerts, "{name}");
        assert_eq!(run(&["replay", text(&reel)]).stdout, alerts, "{name}");
    }
    assert!(with_alerts >= 3);
}

#[test]
fn events_of_a_recording_keep_their_parameters() {
    let folder = TempDir::new().unwrap();
    // what an event itself holds; what descriptors are called is the state's
    let fields = ["evt.rawtime", "evt.cpu", "evt.type", "thread.tid", "evt.rawres", "evt.arg.name", "evt.arg.flags"];
    let fields: Vec<String> = fields.map(str::to_owned).to_vec();
    for capture in samples() {
        let scap = converted(&capture, folder.path().join("a.scap"));
        let found = events(&scap, &fields);
        let mut rest = found.iter();
        for event in events(&capture, &fields) {
            assert!(rest.any(|other| *other == event), "{}: {event}", capture.display());
        }
        std::fs::remove_file(scap).unwrap();
    }
}

#[test]
fn a_conversion_says_what_it_did_and_what_is_not_in_the_file() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("a.scap");
    let run = run(&["convert", text(&sample("shell-in-nginx.reel")), text(&out), "--summary"]);
    assert_eq!(run.status, Some(0));
    assert!(run.stderr.contains("a.scap: 257 events, "), "{}", run.stderr);
    assert!(run.stderr.contains("not in the file: the numbers of 257 events"), "{}", run.stderr);
}

#[test]
fn files_are_kept_unless_forced_and_never_read_while_written() {
    let folder = TempDir::new().unwrap();
    let capture = folder.path().join("a.reel");
    std::fs::copy(sample("shell-in-nginx.reel"), &capture).unwrap();
    let out = folder.path().join("a.scap");
    std::fs::write(&out, "precious").unwrap();
    refused(&run(&["convert", text(&capture), text(&out)]), "--force");
    assert_eq!(std::fs::read(&out).unwrap(), b"precious");
    assert_eq!(run(&["convert", text(&capture), text(&out), "--force"]).status, Some(0));
    assert!(std::fs::read(&out).unwrap().starts_with(b"\x0a\x0d\x0d\x0a"));
    refused(&run(&["convert", text(&out), text(&out), "--force"]), "onto itself");
    refused(&run(&["convert", text(&capture), text(&folder.path().join("b.reel"))]), ".reel file already");
    refused(&run(&["convert", text(&capture), text(&folder.path().join("b.pcap"))]), "give --to");
    refused(
        &run(&["convert", text(&folder.path().join("none.reel")), text(&folder.path().join("b.scap"))]),
        "none.reel",
    );
}

#[test]
fn streams_are_converted_as_far_as_that_can_be() {
    let folder = TempDir::new().unwrap();
    let scap = converted(&sample("shell-in-nginx.reel"), folder.path().join("a.scap"));
    let bytes = std::fs::read(&scap).unwrap();
    let reel = folder.path().join("a.reel");
    assert_eq!(run_with_input(&["convert", "-", text(&reel)], &bytes).status, Some(0));
    let count = |path: &Path| run(&["events", text(path), "--format", "%evt.num"]).stdout.lines().count();
    assert_eq!(count(&reel), count(&scap));
    refused(&run_with_input(&["convert", "-", "--to", "scap", "-"], &bytes), "give a file");
}

#[test]
fn a_damaged_file_is_converted_as_far_as_it_can_be_read() {
    let folder = TempDir::new().unwrap();
    let scap = converted(&sample("shell-in-nginx.reel"), folder.path().join("a.scap"));
    let bytes = std::fs::read(&scap).unwrap();
    let cut = folder.path().join("cut.scap");
    std::fs::write(&cut, &bytes[..bytes.len() - 5]).unwrap();
    let reel = folder.path().join("cut.reel");
    refused(&run(&["convert", text(&cut), text(&reel)]), "is cut off");
    let count = |path: &Path| run(&["events", text(path), "--format", "%evt.num"]).stdout.lines().count();
    assert_eq!(count(&reel) + 1, count(&scap));
}
