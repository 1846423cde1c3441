//! Wrong rule files: all problems of a run at once, with their places, and no alert.

use crate::binary::run;
use crate::story::{on_disk, story};

const UNKNOWN_NAMES: &str = "\
- macro: opens
  condition: evt.type in (open, openat)

- rule: Wrong names
  desc: a field and a macro that do not exist
  condition: open and proc.nme = cat and fd.name in (secret_files)
  output: \"%proc.name read %fd.nam\"
  priority: WARNING
";

const NO_YAML: &str = "- rule: Broken\n  desc: \"never closed\n  condition: evt.type = open\n";

#[test]
fn all_problems_of_all_files_are_shown_with_line_caret_and_near_name() {
    let file = on_disk(story());
    let names = file.beside("names.yaml", UNKNOWN_NAMES);
    let broken = file.beside("broken.yaml", NO_YAML);
    let run = run(&["replay", file.path(), "-r", &names, "-r", &broken]);
    assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
    for told in ["proc.nme", "proc.name", "secret_files", "fd.nam", &format!("{names}:6:"), &broken, "^^^"] {
        assert!(run.stderr.contains(told), "{told} is missing from:\n{}", run.stderr);
    }
    assert!(run.stderr.contains("problems; nothing was evaluated"), "{}", run.stderr);
}

#[test]
fn every_rule_file_that_cannot_be_read_is_named() {
    let file = on_disk(story());
    let binary = file.beside("binary.yaml", b"- rule: \xff\xfe");
    let run = run(&["replay", file.path(), "-r", "/no/such/a.yaml", "-r", "/no/such/b.yaml", "-r", &binary]);
    assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
    for told in ["/no/such/a.yaml", "/no/such/b.yaml", "byte 8 is no UTF-8"] {
        assert!(run.stderr.contains(told), "{told} is missing from:\n{}", run.stderr);
    }
}

#[test]
fn rules_and_format_are_both_checked_before_anything_is_read() {
    let file = on_disk(story());
    let names = file.beside("names.yaml", UNKNOWN_NAMES);
    let run = run(&["replay", "/no/such/capture", "-r", &names, "--format", "tme"]);
    assert_eq!(run.status, Some(2));
    assert!(run.stderr.contains("proc.nme") && run.stderr.contains("did you mean `time`"), "{}", run.stderr);
}

#[test]
fn a_wrong_condition_of_events_has_its_place_shown() {
    let file = on_disk(story());
    let run = run(&["events", file.path(), "evt.type = openat and proc.nam = x"]);
    assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
    assert!(run.stderr.contains("CONDITION:1:23"), "{}", run.stderr);
    assert!(run.stderr.contains("proc.name"), "{}", run.stderr);
}

#[test]
fn a_rule_file_of_the_users_takes_the_place_of_the_built_in_rules() {
    let file = on_disk(story());
    let rules = "- rule: Directory made\n  desc: any\n  condition: evt.type = mkdir\n  output: made %fs.path.name\n  priority: INFO\n";
    let run = run(&["replay", file.path(), "-r", &file.beside("own.yaml", rules)]);
    assert_eq!(run.stdout, "03:04:06.500000000: Informational made /root/falco\n");
}
