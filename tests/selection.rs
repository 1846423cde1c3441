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

/// The names in a list of rules.
fn listed(options: &[&str]) -> Vec<String> {
    let file = on_disk(story());
    let rules = file.beside("rules.yaml", RULES);
    let run = run(&[&["rules", "list", "-r", rules.as_str(), "-o", "json"], options].concat());
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{options:?}");
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let rules = document["rules"].as_array().unwrap().iter();
    rules.map(|rule| format!("{} {}", rule["info"]["name"].as_str().unwrap(), rule["info"]["enabled"])).collect()
}

#[test]
fn the_list_of_rules_is_that_of_the_rules_that_would_take_part() {
    assert_eq!(listed(&[]), ["Shadow opened true", "Anything in etc true", "Anything of root false"]);
    assert_eq!(listed(&["-t", "file"]), ["Shadow opened true", "Anything in etc true"]);
    assert_eq!(listed(&["--enable", "*root"]).last().unwrap(), "Anything of root true");
    assert_eq!(listed(&["--min-priority", "error"]), ["Anything in etc true"]);
    let near = run(&["rules", "list", "-t", "contaner"]);
    assert_eq!(near.status, Some(0));
    assert!(near.stderr.contains("did you mean `container`?"), "{}", near.stderr);
    let twice = run(&["rules", "list", "a.yaml", "-r", "b.yaml"]);
    assert_eq!(twice.status, Some(2));
    assert!(twice.stderr.contains("cannot be used with"), "{}", twice.stderr);
}

#[test]
fn alerts_before_and_after_a_change_are_those_of_the_selected_rules() {
    let file = on_disk(story());
    let old = file.beside("old.yaml", RULES);
    let new = file.beside("new.yaml", RULES.replace("output: shadow", "output: SHADOW"));
    let diff = |options: &[&str]| run(&[&["rules", "diff", old.as_str(), new.as_str()], options].concat());
    let count = |options: &[&str]| {
        let run = diff(&[&["--capture", file.path()], options].concat());
        assert_eq!(run.stderr, "", "{options:?}");
        run.stdout.lines().find(|line| line.contains(" before, ")).unwrap().to_owned()
    };
    assert_eq!(count(&[]), "2 alerts before, 2 now: 0 gone, 0 new, 1 worded differently");
    assert_eq!(count(&["-T", "secret"]), "2 alerts before, 2 now: 0 gone, 0 new, 0 worded differently");
    assert_eq!(count(&["-t", "secret"]), "1 alert before, 1 now: 0 gone, 0 new, 1 worded differently");
    assert_eq!(count(&["--rule-matching", "all"]), "3 alerts before, 3 now: 0 gone, 0 new, 1 worded differently");
    let useless = diff(&["--capture", file.path(), "--disable", "Shadow opend"]);
    assert_eq!(useless.stderr.matches("did you mean `Shadow opened`?").count(), 1, "{}", useless.stderr);
    let alone = diff(&["-t", "secret"]);
    assert_eq!((alone.status, alone.stdout.as_str()), (Some(2), ""));
    assert!(alone.stderr.contains("they need --capture"), "{}", alone.stderr);
}
