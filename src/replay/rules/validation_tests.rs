//! Files that are loaded one after the other: as if everything were compiled anew with each, and without doing so.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::compiler::build_files;
use super::engine_code::Stage;
use super::file::RuleFile;
use super::validation::load_all;

/// What is wrong after each file, everything compiled anew, and the rules of all files.
fn compiled_anew(files: &[RuleFile]) -> (Vec<String>, String) {
    let mut results = Vec::new();
    let mut all_rules = Vec::new();
    for (at, file) in files.iter().enumerate() {
        let (rules, mut diagnostics, _) = build_files(&files[..=at], false);
        diagnostics.retain(|found| found.stage == Stage::Compile || found.file == file.name);
        results.push(format!("{diagnostics:#?}"));
        all_rules = rules;
    }
    (results, format!("{all_rules:#?}"))
}

fn check(texts: &[String]) -> Result<(), TestCaseError> {
    let files: Vec<RuleFile> =
        texts.iter().enumerate().map(|(at, text)| RuleFile::new(format!("{at}.yaml"), text.as_str())).collect();
    let (validation, work) = load_all(&files);
    let (results, rules) = compiled_anew(&files);
    for (found, expected) in validation.results.iter().zip(&results) {
        prop_assert_eq!(&format!("{:#?}", found.diagnostics), expected, "of {} of {:#?}", found.name, texts);
    }
    prop_assert_eq!(format!("{:#?}", validation.rules), rules);
    prop_assert_eq!(work.files, files.len());
    Ok(())
}

/// A name of few, so that items meet: some are of lists, macros and words alike.
fn any_name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "c", "d", "sh", "cat"])
}

fn any_condition() -> impl Strategy<Value = String> {
    let part = (any_name(), any_name(), 0..9).prop_map(|(one, other, form)| match form {
        0 => one.to_owned(),
        1 => format!("not {one}"),
        2 => format!("proc.name in ({one}, {other})"),
        3 => format!("proc.name in ({one}, \"{other}\")"),
        4 => format!("proc.name = {one}"),
        5 => format!("proc.name in {one}"),
        6 => "evt.type=open".to_owned(),
        7 => format!("({one} or proc.nmae={other})"),
        _ => format!("fd.name startswith /{one}"),
    });
    prop::collection::vec(part, 1..4).prop_map(|parts| parts.join(" and "))
}

fn any_item() -> impl Strategy<Value = String> {
    (any_name(), any_name(), any_name(), any_condition(), 0..16).prop_map(|(name, one, other, condition, form)| {
        match form {
            0..4 => format!("- list: {name}\n  items: [{one}, {other}]\n"),
            4 => format!("- list: {name}\n  items: [\"{one}, {other}\", /x]\n"),
            5 => format!("- list: {name}\n  items: [{one}]\n  append: true\n"),
            6..9 => format!("- macro: {name}\n  condition: {condition}\n"),
            9 => format!("- macro: {name}\n  condition: or {condition}\n  override: {{condition: append}}\n"),
            10 => format!("- rule: {name}\n  condition: and {condition}\n  override: {{condition: append}}\n"),
            11 => format!("- rule: {name}\n  enabled: false\n  override: {{enabled: replace}}\n"),
            12 => format!(
                "- rule: {name}\n  desc: d\n  condition: evt.type=open and {condition}\n  output: o %evt.dir\n  \
                 priority: INFO\n  exceptions:\n    - name: e\n      fields: [proc.name, fd.name]\n      \
                 comps: [in, =]\n      values:\n        - [[{one}], x]\n        - [{other}, y]\n"
            ),
            13 => "- rule: [\n".to_owned(),
            _ => format!(
                "- rule: {name}\n  desc: d\n  condition: evt.type=open and {condition}\n  output: o\n  priority: INFO\n"
            ),
        }
    })
}

proptest! {
    #[test]
    fn files_that_are_loaded_one_by_one_are_as_if_compiled_anew_each_time(
        texts in prop::collection::vec(prop::collection::vec(any_item(), 1..5).prop_map(|items| items.concat()), 1..7),
    ) {
        check(&texts)?;
    }

    /// As files are that people write: no item is changed, few names are missing.
    #[test]
    fn files_that_add_items_only_are_as_if_compiled_anew_each_time(
        files in prop::collection::vec((any_name(), any_name(), any_condition(), 0..4usize), 1..8),
    ) {
        let mut texts = vec![
            "- macro: c\n  condition: proc.name=c\n- list: d\n  items: [x, sh]\n- macro: unused\n  condition: proc.name in (d)\n"
                .to_owned(),
        ];
        for (at, (one, other, condition, form)) in files.iter().enumerate() {
            let condition = condition.replace("not a", "c").replace("not b", "c");
            texts.push(match form {
                0 => format!("- list: l{at}\n  items: [{one}, l{}, {other}]\n", at + 1),
                1 => format!("- macro: m{at}\n  condition: {condition} and proc.name in (l{}, {one})\n", at + 1),
                _ => format!("- rule: r{at}\n  desc: d\n  condition: evt.type=open and c and proc.name in (d, l{at}, l{}) and {condition}\n  output: o\n  priority: INFO\n", at + 2),
            });
        }
        check(&texts)?;
    }
}

/// Files with a list, a macro that names it, and rules of which some name the first file's macro.
fn two_hundred_files() -> Vec<RuleFile> {
    let text = |at: usize| {
        let mut text =
            format!("- list: l{at}\n  items: [a{at}, b{at}]\n- macro: m{at}\n  condition: (proc.name in (l{at}))\n");
        for rule in 0..5 {
            text.push_str(&format!(
                "- rule: R {at} {rule}\n  desc: d\n  condition: evt.type=open and m{at} and not m0\n  output: o %evt.dir\n  priority: INFO\n"
            ));
        }
        text
    };
    (0..200).map(|at| RuleFile::new(format!("{at}.yaml"), text(at))).collect()
}

#[test]
fn each_of_many_files_is_read_once_and_its_rules_are_checked_once() {
    let mut files = two_hundred_files();
    let (validation, work) = load_all(&files);
    assert_eq!(validation.rules.len(), 1000);
    // every rule has a field in its output that is deprecated
    assert_eq!(validation.diagnostics.len(), 1000);
    assert_eq!(validation.results[9].diagnostics.len(), 50);
    assert_eq!((work.files, work.rules), (200, 1000));
    assert!(work.macros <= 400, "{}", work.macros);

    // A file that changes what the first one has costs as much as all before it, once.
    let more = "- list: l0\n  items: [c]\n  override: {items: append}\n- rule: last\n  desc: d\n  condition: evt.type=open and m0\n  output: o\n  priority: INFO\n";
    files.push(RuleFile::new("last.yaml", more));
    let (validation, work) = load_all(&files);
    assert_eq!(validation.rules.len(), 1001);
    assert_eq!((work.files, work.rules), (201, 1000 + 1001));

    // A list that has the name of a word in other items has them checked again, and no others.
    files.pop();
    files.push(RuleFile::new("last.yaml", "- list: a7\n  items: [c]\n"));
    let (_, work) = load_all(&files);
    assert_eq!((work.files, work.rules), (201, 1000 + 5));
}
