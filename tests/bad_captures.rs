//! Captures that are damaged, cut off, of another sort or not there: what and where is said, the rest is evaluated.

use crate::binary::run;
use crate::story::{on_disk, story};

#[test]
fn files_that_are_no_captures_are_named_and_nothing_is_printed() {
    let file = on_disk(story());
    let empty = file.beside("empty.reel", "");
    let text = file.beside("text.reel", "this is a text about captures and no capture at all\n".repeat(20));
    let zeros = file.beside("zeros.reel", [0; 4096]);
    let elf = file.beside("elf.reel", std::fs::read(env!("CARGO_BIN_EXE_sysreel")).unwrap().get(..10_000).unwrap());
    let missing = format!("{}.missing", file.path());
    let folder = std::path::Path::new(file.path()).parent().unwrap().to_str().unwrap().to_owned();
    for (path, told) in [
        (&empty, "the file is empty"),
        (&text, "not a sysreel capture"),
        (&zeros, "not a sysreel capture"),
        (&elf, "not a sysreel capture"),
        (&missing, "No such file"),
        (&folder, "this is a folder; name the captures in it"),
    ] {
        for command in ["replay", "events", "info"] {
            let run = run(&[command, path]);
            assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""), "{command} {path}: {}", run.stderr);
            assert!(run.stderr.contains(told) && run.stderr.contains(path), "{command} {path}: {}", run.stderr);
        }
    }
}

#[test]
fn a_newer_version_is_refused_with_its_number() {
    let file = on_disk(story());
    // magic and version, and then nothing that this version could know
    let newer = [&file.bytes()[..8], &99_u32.to_le_bytes(), &[0x5a; 500]].concat();
    let run = run(&["info", &file.beside("newer.reel", newer)]);
    assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
    assert!(run.stderr.contains("format version 99") && run.stderr.contains("newer sysreel"), "{}", run.stderr);
}

#[test]
fn a_capture_cut_off_anywhere_gives_what_is_whole_and_status_2() {
    let file = on_disk(story());
    let bytes = file.bytes();
    let whole = run(&["replay", file.path()]).stdout;
    let mut lines_seen = std::collections::BTreeSet::new();
    for length in (1..bytes.len()).step_by(37).chain([bytes.len() - 1]) {
        let run = run(&["replay", &file.beside("cut.reel", &bytes[..length])]);
        assert_eq!(run.status, Some(2), "{length} of {} bytes: {}", bytes.len(), run.stderr);
        assert!(!run.stderr.is_empty(), "{length}");
        assert!(whole.starts_with(&run.stdout), "{length}: {}", run.stdout);
        lines_seen.insert(run.stdout.lines().count());
    }
    assert_eq!(lines_seen.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[test]
fn a_flipped_bit_costs_at_most_its_own_block() {
    let file = on_disk(story());
    let bytes = file.bytes();
    let whole = run(&["replay", file.path()]).stdout;
    let mut complete = 0;
    for at in (24..bytes.len()).step_by(61) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        let run = run(&["replay", &file.beside("flipped.reel", &flipped)]);
        assert_eq!(run.status, Some(2), "byte {at}: {}", run.stderr);
        assert!(run.stderr.contains("byte"), "byte {at}: {}", run.stderr);
        assert!(run.stdout.lines().count() >= 2, "byte {at}: {}{}", run.stdout, run.stderr);
        assert!(run.stdout.lines().all(|line| whole.contains(line)), "byte {at}: {}", run.stdout);
        complete += usize::from(run.stdout == whole);
    }
    assert!(complete > 0, "damage in header and index costs no alert");
}

#[test]
fn one_bad_capture_does_not_keep_the_good_one_from_being_evaluated() {
    let file = on_disk(story());
    let empty = file.beside("empty.reel", "");
    let run = run(&["replay", &empty, file.path(), "--format", "rule"]);
    assert_eq!(run.stdout.lines().count(), 3);
    assert_eq!(run.status, Some(2));
    assert!(run.stderr.contains(&empty), "{}", run.stderr);
}

#[test]
fn damage_outweighs_what_fail_on_found() {
    let file = on_disk(story());
    let bytes = file.bytes();
    let cut = file.beside("cut.reel", &bytes[..bytes.len() - 1]);
    assert_eq!(run(&["replay", &cut, "--fail-on", "debug"]).status, Some(2));
}

#[test]
fn info_and_verify_tell_damage_from_a_missing_end() {
    let file = on_disk(story());
    let bytes = file.bytes();
    let cut = file.beside("cut.reel", &bytes[..bytes.len() - 30]);
    let run_cut = run(&["info", "--verify", &cut]);
    assert_eq!(run_cut.status, Some(2));
    assert!(run_cut.stdout.contains("verify     truncated"), "{}", run_cut.stdout);
    let unfinished = file.beside("unfinished.reel", story().abandon());
    let run_unfinished = run(&["info", "--verify", &unfinished]);
    assert_eq!(run_unfinished.status, Some(2));
    assert!(run_unfinished.stdout.contains("verify     unfinished"), "{}", run_unfinished.stdout);
    assert!(run_unfinished.stderr.contains("was killed or still runs"), "{}", run_unfinished.stderr);
}

#[test]
fn standard_input_is_read_once_and_never_verified() {
    assert_eq!(run(&["replay", "-", "-"]).status, Some(2));
    assert_eq!(run(&["info", "-", "--verify"]).status, Some(2));
}
