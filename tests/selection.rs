//! Which rules take part: by name, by part of a name, by tag, in the order typed; and how many an event sets off.

use crate::binary::{Run, run};
use crate::story::{StoryFile, on_disk, story};

const RULES: &str = "\
- rule: Shadow opened
  desc: d
  condition: evt.type = openat and fd.name = /etc/shadow
  output: shadow
  priority: WARNING
  tags: [file, secret]

- rule: Anything in etc
  desc: d
  condition: evt.type = openat and fd.name startswith /etc/
  output: etc
  priority: ERROR
  tags: [file]

- rule: Anything of root
  desc: d
  condition: evt.type = openat and user.name = root
  output: root
  priority: DEBUG
  tags: [noisy]
  enabled: false
";

fn replay(file: &StoryFile, options: &[&str]) -> Run {
    let rules = file.beside("rules.yaml", RULES);
    run(&[&["replay", file.path(), "-r", rules.as_str(), "--format", "rule"], options].concat())
}

fn alerts(options: &[&str]) -> String {
    let run = replay(&on_disk(story()), options);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{options:?}");
    run.stdout
}

const SHADOW: &str = "Shadow opened\n";
const ETC: &str = "Anything in etc\n";

#[test]
fn rules_are_switched_by_name_and_tag_in_the_order_typed() {
    let both = format!("{SHADOW}{ETC}");
    assert_eq!(alerts(&[]), both);
    assert_eq!(alerts(&["--disable", "Shadow*"]), ETC.repeat(2));
    assert_eq!(alerts(&["-D", "hadow op"]), ETC.repeat(2));
    assert_eq!(alerts(&["--disable", "*", "--enable", "Shadow opened"]), SHADOW);
    assert_eq!(alerts(&["--enable", "Shadow opened", "--disable", "*", "--tag", "secret"]), SHADOW);
    assert_eq!(alerts(&["-t", "secret"]), SHADOW);
    assert_eq!(alerts(&["-T", "secret"]), ETC.repeat(2));
    assert_eq!(alerts(&["-t", "file", "-T", "secret"]), ETC.repeat(2));
    assert_eq!(alerts(&["-t", "file", "--min-priority", "error"]), ETC.repeat(2));
    // switched off by its file; all other openings of files are root's too
    assert_eq!(alerts(&["-t", "noisy"]).lines().count(), 9);
}

#[test]
fn rule_matching_says_whether_one_rule_or_all_give_alerts() {
    assert_eq!(alerts(&["--rule-matching", "first"]), format!("{SHADOW}{ETC}"));
    assert_eq!(alerts(&["--rule-matching", "all"]), format!("{SHADOW}{ETC}{ETC}"));
    assert_eq!(alerts(&["-A", "--rule-matching=all"]), format!("{SHADOW}{ETC}{ETC}"));
}

#[test]
fn an_option_that_chooses_no_rule_is_told_with_a_near_name() {
    let file = on_disk(story());
    let run = replay(&file, &["--disable", "shadow opened", "-T", "secrets", "-D", "xyzzy"]);
    let told = "\
sysreel: --disable `shadow opened`: no rule has this name; did you mean `Shadow opened`?
sysreel: --no-tag `secrets`: no rule has this tag; did you mean `secret`?
sysreel: -D `xyzzy`: no rule has this in its name
";
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), told));
    let run = replay(&file, &["--disable", "*"]);
    assert_eq!(run.stderr, "sysreel: no rule is left to be evaluated\n");
    assert_eq!((run.status, run.stdout.as_str()), (Some(0), ""));
}
