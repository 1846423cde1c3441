//! `sysreel test` as people use it: what passes, what fails and how that is told, and what cannot run.

use std::path::Path;

use crate::binary::{Run, run};
use crate::story::{StoryFile, on_disk, story};

const RULES: &str = "\
- rule: Shadow opened
  desc: d
  condition: evt.type = openat and fd.name = /etc/shadow
  output: shadow opened by %proc.name
  priority: WARNING

- rule: Users changed
  desc: d
  condition: evt.type = openat and fd.name = /etc/passwd
  output: users changed by %proc.name
  priority: ERROR
";

/// The story with rules and a test file beside it.
fn suite(tests: &str) -> (StoryFile, String) {
    let file = on_disk(story());
    file.beside("rules.yaml", RULES);
    let tests = file.beside("story.test.yaml", tests);
    (file, tests)
}

fn test_with(tests: &str, options: &[&str]) -> Run {
    let (_file, path) = suite(tests);
    run(&[&["test", path.as_str()], options].concat())
}

/// A test file with one test that expects this, which is YAML in braces.
fn expecting(expect: &str) -> String {
    format!("rules: rules.yaml\ntests:\n  - test: One\n    capture: story.reel\n    expect: {expect}\n")
}

#[test]
fn the_samples_are_what_their_tests_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-captures");
    let run = run(&["test", folder.to_str().unwrap()]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("17 passed"), "{}", run.stdout);
}

#[test]
fn what_holds_passes() {
    for expect in [
        "{total: 2}",
        "{counts: {Shadow opened: 1, Users changed: 1}, others: 0}",
        "{counts: {Shadow opened: 1..3}, others: '>= 1'}",
        "{alerts: [{rule: Shadow opened, priority: warning, output: '*by cat', fields: {fd.name: /etc/*}}]}",
        "{alerts: [{fields: {proc.name: {regex: '^s+h$'}}, count: 1}], no-alerts: [{fields: {proc.name: dog}}]}",
    ] {
        let run = test_with(&expecting(expect), &[]);
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{expect}: {}", run.stdout);
    }
}

#[test]
fn what_does_not_hold_is_told_with_place_numbers_and_the_nearest_alert() {
    for (expect, told) in [
        ("{total: 3}", &[":5:21: alerts: expected 3, found 2"][..]),
        (
            "{counts: {Shadow opened: 0}}",
            &["alerts of `Shadow opened`: expected none, found 1", "shadow opened by cat"],
        ),
        ("{counts: {Shadow opened: 1}, others: 0}", &["expected none, found 1", "1 of `Users changed`"]),
        (
            "{alerts: [{rule: Shadow opened, fields: {proc.name: dog}}]}",
            &[
                "alerts of `Shadow opened` with proc.name `dog`: expected at least 1, found none",
                "nearest: 03:04:07",
                "proc.name: expected `dog`, found `cat`",
            ],
        ),
        ("{no-alerts: [{rule: Users changed}]}", &["alerts of `Users changed`: expected none, found 1"]),
        ("{golden: no-such.txt}", &["`no-such.txt` does not exist; `--bless` writes it"]),
    ] {
        let run = test_with(&expecting(expect), &[]);
        assert_eq!(run.status, Some(1), "{expect}: {}{}", run.stdout, run.stderr);
        for told in told {
            assert!(run.stdout.contains(told), "{told} is missing from:\n{}", run.stdout);
        }
        assert!(run.stdout.contains("0 passed, 1 failed"), "{}", run.stdout);
    }
}

#[test]
fn golden_files_are_written_when_blessed_and_compared_otherwise() {
    let (file, path) = suite(&expecting("{golden: story.alerts.txt}"));
    let golden = Path::new(file.path()).with_file_name("story.alerts.txt");
    let blessed = run(&["test", path.as_str(), "--bless"]);
    assert_eq!(blessed.status, Some(0), "{}", blessed.stdout);
    let text = std::fs::read_to_string(&golden).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert_eq!(run(&["test", path.as_str()]).status, Some(0));
    file.beside("story.alerts.txt", text.replace("cat", "dog"));
    let changed = run(&["test", path.as_str()]);
    assert_eq!(changed.status, Some(1));
    assert!(changed.stdout.contains("1 gone, 1 new") && changed.stdout.contains("by dog"), "{}", changed.stdout);
    assert_eq!(run(&["test", path.as_str(), "--bless"]).status, Some(0));
    assert_eq!(std::fs::read_to_string(&golden).unwrap(), text);
}

#[test]
fn a_golden_file_never_takes_the_place_of_what_the_test_reads() {
    for golden in ["story.reel", "rules.yaml", "story.test.yaml"] {
        let tests = expecting(&format!("{{golden: {golden}}}"));
        let (file, path) = suite(&tests);
        let run = run(&["test", path.as_str(), "--bless"]);
        assert_eq!(run.status, Some(2), "{}", run.stdout);
        assert!(run.stdout.contains("a golden file cannot also be"), "{}", run.stdout);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), tests);
        assert!(file.bytes().len() > 100);
    }
}

#[test]
fn rules_without_a_test_are_listed_and_fail_if_asked() {
    let tests = expecting("{counts: {Shadow opened: 1}}");
    let listed = test_with(&tests, &[]);
    assert_eq!(listed.status, Some(0));
    assert!(listed.stdout.contains("1 of 2 rules have no test:\n  Users changed\n"), "{}", listed.stdout);
    let required = test_with(&tests, &["--require-coverage"]);
    assert_eq!(required.status, Some(1), "{}", required.stdout);
}

#[test]
fn a_baseline_must_stay_silent_capture_by_capture() {
    let tests = "rules: rules.yaml\ntests:\n  - test: Quiet\n    baseline: .\n";
    let loud = test_with(tests, &[]);
    assert_eq!(loud.status, Some(1), "{}", loud.stdout);
    assert!(loud.stdout.contains("story.reel: alerts: expected none, found 2"), "{}", loud.stdout);
    let quiet = format!("{tests}    select: [{{disable: \"*\"}}]\n");
    assert_eq!(test_with(&quiet, &[]).status, Some(0));
}

#[test]
fn mistakes_in_a_test_file_are_shown_with_carets_and_near_names() {
    let tests = "rules: rules.yaml\ntests:\n  - test: One\n    capture: story.reel\n    expct: {total: 1}\n    expect:\n      totl: 2\n      counts: {Shadow opened: many}\n      alerts: [{fields: {proc.nme: x}}]\n";
    let run = test_with(tests, &[]);
    assert_eq!(run.status, Some(2), "{}", run.stdout);
    for told in [
        "a test has no key `expct`",
        "did you mean `expect`?",
        "did you mean `total`?",
        "`many` is no count",
        "did you mean `proc.name`?",
        "^^^^",
    ] {
        assert!(run.stderr.contains(told), "{told} is missing from:\n{}", run.stderr);
    }
    assert!(run.stdout.contains("1 could not run"), "{}", run.stdout);
}

#[test]
fn what_cannot_run_is_status_2_with_the_reason() {
    let missing = "rules: rules.yaml\ntests: [{test: One, capture: gone.reel, expect: {total: 0}}]\n";
    let unknown = expecting("{counts: {Shadow opend: 1}}");
    let select = format!("select: [{{no-tag: nothing}}]\n{}", expecting("{total: 2}"));
    for (tests, told) in [
        (missing, "gone.reel"),
        (unknown.as_str(), "there is no rule `Shadow opend`; did you mean `Shadow opened`?"),
        (select.as_str(), "no rule has the tag `nothing`"),
        (
            "rules: story.test.yaml\ntests: [{test: One, capture: story.reel, expect: {total: 0}}]\n",
            "story.test.yaml:1:",
        ),
        ("rules: story.reel\ntests: [{test: One, capture: story.reel, expect: {total: 0}}]\n", "no UTF-8"),
        ("tests: [", "this is not YAML"),
        ("- a list\n", "a test file is a mapping"),
        ("", "this file has no `tests`"),
    ] {
        let run = test_with(tests, &[]);
        assert_eq!(run.status, Some(2), "{tests}: {}", run.stdout);
        assert!(run.stdout.contains(told), "{told} is missing from:\n{}", run.stdout);
    }
    assert_eq!(run(&["test", "/no/such/file.test.yaml"]).status, Some(2));
    let none = test_with(&expecting("{total: 2}"), &["--filter", "Two"]);
    assert_eq!(none.status, Some(2));
    assert!(none.stderr.contains("no test has this in its name"), "{}", none.stderr);
}

#[test]
fn a_damaged_capture_is_no_passed_test() {
    let (file, path) = suite(&expecting("{total: ..9}"));
    let bytes = file.bytes();
    file.beside("story.reel", &bytes[..bytes.len() * 2 / 3]);
    let run = run(&["test", path.as_str()]);
    assert_eq!(run.status, Some(2), "{}", run.stdout);
    assert!(run.stdout.contains("ERROR"), "{}", run.stdout);
}

#[test]
fn results_go_to_junit_and_to_the_margin_of_a_change() {
    let (file, path) = suite(&expecting("{total: 3}"));
    let junit = file.beside("report.xml", "");
    let run = run(&["test", path.as_str(), "--junit", junit.as_str(), "--annotations", "github"]);
    assert_eq!(run.status, Some(1));
    let line = format!("::error file={path},line=5,col=21,title=One::alerts: expected 3, found 2%0A");
    assert!(run.stdout.contains(&line), "{line} is missing from:\n{}", run.stdout);
    let report = std::fs::read_to_string(&junit).unwrap();
    assert!(report.contains("tests=\"1\" failures=\"1\" errors=\"0\""), "{report}");
    assert!(report.contains("<failure message=\"alerts: expected 3, found 2\">"), "{report}");
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_the_tests_run() {
    let (file, path) = suite(&expecting("{total: 2}"));
    let junit = file.beside("old.xml", "a longer text than the report's first lines");
    let nowhere = format!("{junit}.d/report.xml");
    let refused = run(&["test", path.as_str(), "--junit", nowhere.as_str()]);
    assert_eq!((refused.status, refused.stdout.as_str()), (Some(2), ""));
    assert!(refused.stderr.contains(&format!("{nowhere}: cannot write")), "{}", refused.stderr);
    let test = run(&["test", path.as_str(), "--junit", junit.as_str()]);
    assert_eq!(test.status, Some(0), "{}", test.stdout);
    let report = std::fs::read_to_string(&junit).unwrap();
    assert!(report.starts_with("<?xml") && report.ends_with("</testsuites>\n"), "{report}");
}

#[test]
fn the_number_of_threads_does_not_show() {
    let mut tests = "rules: rules.yaml\ntests:\n".to_owned();
    for number in 0..12 {
        tests += &format!("  - {{test: Test {number}, capture: story.reel, expect: {{total: {}}}}}\n", number % 3);
    }
    let (_file, path) = suite(&tests);
    let told = |threads: &str| {
        let stdout = run(&["test", path.as_str(), "-j", threads]).stdout;
        stdout.rsplit_once(" in ").unwrap().0.to_owned()
    };
    assert_eq!(told("1"), told("8"));
    assert!(told("2").contains("4 passed, 8 failed"));
}

#[test]
fn a_profile_names_rows_and_matches_of_each_rule() {
    let run = test_with(&expecting("{total: 2}"), &["--profile"]);
    assert!(run.stdout.contains("MATCHED") && run.stdout.contains("Shadow opened"), "{}", run.stdout);
}

#[test]
fn a_golden_file_that_cannot_be_written_is_status_2() {
    let run = test_with(&expecting("{golden: no-such-folder/story.alerts.txt}"), &["--bless"]);
    assert_eq!(run.status, Some(2), "{}", run.stdout);
    assert!(run.stdout.contains("no-such-folder/story.alerts.txt: cannot write the golden file: "), "{}", run.stdout);
    assert!(run.stdout.contains("1 could not run"), "{}", run.stdout);
}

#[test]
fn warnings_of_rule_files_are_told_once_and_can_be_silenced() {
    let tests = "tests:\n  - {test: One, rules: rules.yaml, capture: story.reel, expect: {total: 2}}\n  - {test: Two, rules: [rules.yaml, more.yaml], capture: story.reel, expect: {total: 2}}\n";
    let (file, path) = suite(tests);
    file.beside("rules.yaml", format!("{RULES}\n- macro: unused\n  condition: evt.type = open\n"));
    file.beside("more.yaml", "- list: idle\n  items: [a]\n");
    let loud = run(&["test", path.as_str()]);
    assert_eq!(loud.status, Some(0), "{}", loud.stdout);
    assert_eq!(loud.stderr.matches("warning[unused-macro]").count(), 1, "{}", loud.stderr);
    assert_eq!(loud.stderr.matches("warning[unused-list]").count(), 1, "{}", loud.stderr);
    let quiet = run(&["test", path.as_str(), "--silence", "unused-macro,LOAD_UNUSED_LIST"]);
    assert_eq!((quiet.status, quiet.stderr.as_str()), (Some(0), ""));
}

#[test]
fn tests_may_stand_in_the_folder_of_their_rules() {
    let tests = "rules: .\ntests: [{test: One, capture: story.reel, expect: {total: 2}}]\n";
    let (file, path) = suite(tests);
    let run_of_folder = run(&["test", Path::new(&path).parent().unwrap().to_str().unwrap()]);
    assert_eq!((run_of_folder.status, run_of_folder.stderr.as_str()), (Some(0), ""), "{}", run_of_folder.stdout);
    let folder = Path::new(file.path()).parent().unwrap();
    let checked = run(&["rules", "check", folder.to_str().unwrap()]);
    assert_eq!((checked.status, checked.stdout.as_str()), (Some(0), "no problem in 1 file with 2 rules\n"));
    std::fs::remove_file(folder.join("rules.yaml")).unwrap();
    let none = run(&["rules", "check", folder.to_str().unwrap()]);
    assert_eq!(none.status, Some(2));
    assert!(none.stdout.contains("no .yaml or .yml file in this folder besides rule tests"), "{}", none.stdout);
}
