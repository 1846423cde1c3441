//! `replay --profile`: what rules cost, where the time goes, and which blocks, tables and columns are not even read.

use serde_json::Value;

use crate::binary::run;
use crate::story::{StoryFile, on_disk, story};

/// What is on standard error of a replay with one rule.
fn replay(file: &StoryFile, condition: &str, options: &[&str]) -> String {
    let rule = format!("- rule: r\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO\n");
    let rules = file.beside("rules.yaml", rule);
    let run = run(&[&["replay", file.path(), "-r", &rules, "--no-summary"], options].concat());
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    run.stderr
}

fn profile(file: &StoryFile, condition: &str, options: &[&str]) -> Value {
    replay(file, condition, &[&["--profile=json"], options].concat()).lines().last().unwrap().parse().unwrap()
}

/// How many blocks were passed over for a reason, and how many were read.
fn count(profile: &Value, reason: &str) -> (usize, usize) {
    let blocks = profile["blocks"].as_array().unwrap();
    let passed = blocks.iter().filter(|block| block["passed_over"] == reason).count();
    (passed, blocks.iter().filter(|block| block["columns"].is_u64()).count())
}

#[test]
fn blocks_are_passed_over_for_their_kinds_their_containers_and_their_time() {
    let file = on_disk(story());
    let all = profile(&file, "evt.num >= 0", &[]);
    let blocks = all["blocks"].as_array().unwrap().len();
    assert_eq!(count(&all, "kinds"), (0, blocks));
    assert!(all["bytes_read"].as_u64().unwrap() > 0 && all["bytes_passed_over"] == 0);
    let nums: Vec<u64> =
        all["blocks"].as_array().unwrap().iter().map(|block| block["first_num"].as_u64().unwrap()).collect();
    assert!(nums.is_sorted(), "{nums:?}");

    let of_kind = profile(&file, "evt.type = execve", &[]);
    let (passed, read) = count(&of_kind, "kinds");
    assert!(passed > 0 && read > 0 && passed + read == blocks, "{of_kind}");
    assert!(of_kind["bytes_passed_over"].as_u64().unwrap() > 0);

    let in_container = profile(&file, "evt.num >= 0 and container.id != host", &[]);
    let (passed, read) = count(&in_container, "containers");
    assert!(passed > 0 && read > 0 && passed + read == blocks, "{in_container}");
    let elsewhere = profile(&file, "container.id in (000000000000)", &[]);
    assert_eq!(count(&elsewhere, "containers"), (blocks, 0));

    let later = profile(&file, "evt.num >= 0", &["--from", "+1h"]);
    assert_eq!(count(&later, "time"), (blocks, 0));
}

#[test]
fn tables_and_columns_that_no_rule_asks_for_are_not_read() {
    let profile = profile(&on_disk(story()), "evt.type = execve and proc.name = nosuch", &[]);
    let block = &profile["blocks"][0];
    let number = |name: &str| block[name].as_u64().unwrap();
    assert!(0 < number("tables_read") && number("tables_read") < number("tables"), "{block}");
    assert!(0 < number("columns_read") && number("columns_read") < number("columns"), "{block}");
    assert!(0 < number("bytes_decoded") && number("bytes_decoded") < number("bytes"), "{block}");
    let rule = &profile["rules"][0];
    assert_eq!((&rule["rule"], &rule["matched"]), (&Value::from("r"), &Value::from(0)));
    assert!(rule["rows"].as_u64().unwrap() > 0);
    let stages = profile["stages"].as_object().unwrap();
    assert_eq!(stages.len(), 8, "{stages:?}");
    assert!(stages["check_ns"].as_u64().unwrap() > 0 && stages["decode_ns"].as_u64().unwrap() > 0, "{stages:?}");
}

#[test]
fn the_profile_for_people_tells_rules_stages_and_what_was_read() {
    let text = replay(&on_disk(story()), "evt.type = execve", &["--profile"]);
    let heads = ["TIME", "ROWS", "RULE", "STAGE"];
    let stages = ["inflate", "dimension atoms", "row atoms", "output"];
    for part in heads.into_iter().chain(stages).chain(["in them  ", "bytes    "]) {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
    let blocks = "blocks   1 of 3 read; passed over: 2 without a kind that rules ask for\n";
    assert!(text.contains(blocks), "{text}");
}
