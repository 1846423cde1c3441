//! `sysreel rules`: check, list, explain and diff, as people and programs use them.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::binary::{Run, run};
use crate::story::{on_disk, story};

/// Files of a test, gone at its end.
struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// What is printed, without the place of the folder.
    fn run(&self, arguments: &[&str]) -> Run {
        let root = format!("{}/", self.path().display());
        let arguments: Vec<String> = arguments.iter().map(|argument| argument.replace("@/", &root)).collect();
        let run = run(&arguments);
        Run { stdout: run.stdout.replace(&root, ""), stderr: run.stderr.replace(&root, ""), ..run }
    }
}

const FINE: &str = "\
- list: shells
  items: [sh, bash]

- macro: shell
  condition: proc.name in (shells)

- rule: Shell
  desc: A shell was started.
  condition: evt.type in (execve, execveat) and shell and proc.tty != 0
  output: \"%proc.name by %user.name\"
  priority: NOTICE
  tags: [process, T1059]
";

const WRONG: &str = "\
- rule: Wrong
  desc: d
  condition: evt.type = open and proc.nme = cat
  output: \"%fd.nam\"
  priority: INFO
  prio: x
";

#[test]
fn files_without_problems_are_counted() {
    let folder = Folder::new(&[("a.yaml", FINE), ("empty.yaml", "")]);
    let run = folder.run(&["rules", "check", "@/a.yaml", "@/empty.yaml"]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(run.stdout, "no problem in 2 files with 1 rule\n");
}

#[test]
fn all_problems_of_all_files_are_shown_and_counted() {
    let folder = Folder::new(&[("a.yaml", WRONG), ("b.yaml", "- macro: m\n  condition: proc.name =\n")]);
    let run = folder.run(&["rules", "check", "@/a.yaml", "@/b.yaml", "@/none.yaml"]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(2), ""));
    insta::assert_snapshot!(run.stdout, @r#"
    error[file-unreadable]: none.yaml: cannot read the rule file: No such file or directory (os error 2)

    error[unknown-field]: there is no field `proc.nme`
     --> a.yaml:3:34
      |
    3 |   condition: evt.type = open and proc.nme = cat
      |                                  ^^^^^^^^
      |
      = help: did you mean `proc.name`?

    error[unknown-field]: there is no field `fd.nam`
     --> a.yaml:4:12
      |
    4 |   output: "%fd.nam"
      |            ^^^^^^^
      |
      = help: did you mean `%fd.num`?

    warning[unknown-key]: a rule has no key `prio`
     --> a.yaml:6:3
      |
    6 |   prio: x
      |   ^^^^

    warning[unused-macro]: macro `m` is not used
     --> b.yaml:1:10
      |
    1 | - macro: m
      |          ^

    error[condition-syntax]: expected a value, but the condition ends here
     --> b.yaml:2:24
      |
    2 |   condition: proc.name =
      |                        ^

    4 errors and 2 warnings in 3 files
    "#);
}

#[test]
fn a_warning_is_denied_only_if_that_is_asked_for() {
    let folder = Folder::new(&[("a.yaml", FINE), ("b.yaml", "- list: idle\n  items: [a]\n")]);
    let both = ["rules", "check", "@/a.yaml", "@/b.yaml"];
    let status = |more: &[&str]| folder.run(&[&both[..], more].concat()).status;
    assert_eq!(status(&[]), Some(0));
    assert_eq!(status(&["--deny-warnings"]), Some(1));
    assert_eq!(status(&["--deny-warnings", "--silence", "unused-list"]), Some(0));
    assert_eq!(status(&["--deny-warnings", "--silence", "unused-macro,LOAD_UNUSED_LIST"]), Some(0));
    assert_eq!(status(&["--deny-warnings", "-o", "json"]), Some(1));
}

#[test]
fn only_known_warnings_can_be_silenced() {
    let folder = Folder::new(&[("a.yaml", FINE)]);
    for (name, told) in [
        ("unused-lists", "did you mean `unused-list`?"),
        ("unknown-field", "only warnings can be silenced"),
        ("bogus", "there are invalid-name, "),
    ] {
        let run = folder.run(&["rules", "check", "@/a.yaml", "--silence", name]);
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""), "{name}");
        assert!(run.stderr.contains(told), "{name}: {}", run.stderr);
    }
}

#[test]
fn replay_silences_warnings_too() {
    let capture = on_disk(story());
    let rules = capture.beside("rules.yaml", format!("{FINE}- list: idle\n  items: [a]\n"));
    let loud = run(&["replay", capture.path(), "-r", &rules]);
    assert!(loud.stderr.contains("warning[unused-list]"), "{}", loud.stderr);
    let silent = run(&["replay", capture.path(), "-r", &rules, "--silence", "unused-list"]);
    assert_eq!((silent.status, silent.stderr.as_str()), (Some(0), ""));
    assert_eq!(silent.stdout, loud.stdout);
}

#[test]
fn a_folder_stands_for_its_yaml_files_in_the_order_of_their_names() {
    let appended = "- rule: Shell\n  condition: and proc.name != sh\n  override: {condition: append}\n";
    let folder = Folder::new(&[
        ("d/20.yml", appended),
        ("d/10.yaml", FINE),
        ("d/readme.txt", "no rules"),
        ("d/inner/30.yaml", WRONG),
        ("empty/x", ""),
    ]);
    let run = folder.run(&["rules", "check", "@/d"]);
    assert_eq!((run.status, run.stdout.as_str()), (Some(0), "no problem in 2 files with 1 rule\n"));
    let none = folder.run(&["rules", "check", "@/empty"]);
    assert_eq!(none.status, Some(2));
    assert!(none.stdout.contains("there is no .yaml or .yml file in this folder"), "{}", none.stdout);
    let capture = on_disk(story());
    let replayed = folder.run(&["replay", capture.path(), "-r", "@/d", "--format", "rule"]);
    assert_eq!((replayed.status, replayed.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_file_must_load_before_those_that_follow_are_known() {
    let uses = "- rule: Early\n  desc: d\n  condition: evt.type = open and late\n  output: o\n  priority: INFO\n";
    let folder = Folder::new(&[("a.yaml", uses), ("b.yaml", "- macro: late\n  condition: proc.name = x\n")]);
    let run = folder.run(&["rules", "check", "@/a.yaml", "@/b.yaml"]);
    assert_eq!(run.status, Some(2));
    assert!(run.stdout.contains("there is no macro `late`") && run.stdout.contains("too late"), "{}", run.stdout);
    assert_eq!(folder.run(&["rules", "check", "@/b.yaml", "@/a.yaml"]).status, Some(0));
}

#[test]
fn the_document_of_a_check_has_falco_s_keys_and_ours_beside_them() {
    let folder = Folder::new(&[("a.yaml", WRONG)]);
    let run = folder.run(&["rules", "check", "@/a.yaml", "@/none.yaml", "-o", "json"]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(2), ""));
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let results = document["falco_load_results"].as_array().unwrap();
    assert_eq!(results[0]["errors"][0]["code"], "LOAD_ERR_FILE_READ");
    let result = &results[1];
    assert_eq!((&result["name"], &result["successful"]), (&"a.yaml".into(), &false.into()));
    assert_eq!(result["warnings"][0]["code"], "LOAD_UNKNOWN_KEY");
    insta::assert_snapshot!(serde_json::to_string_pretty(&result["errors"][0]).unwrap(), @r#"
    {
      "code": "LOAD_ERR_COMPILE_CONDITION",
      "codedesc": "a condition cannot be compiled",
      "context": {
        "locations": [
          {
            "item_name": "",
            "item_type": "rules content",
            "position": {
              "column": 0,
              "line": 0,
              "name": "a.yaml",
              "offset": 0
            }
          },
          {
            "item_name": "Wrong",
            "item_type": "rule",
            "position": {
              "column": 2,
              "line": 0,
              "name": "a.yaml",
              "offset": 2
            }
          },
          {
            "item_name": "",
            "item_type": "rule condition",
            "position": {
              "column": 13,
              "line": 2,
              "name": "a.yaml",
              "offset": 37
            }
          },
          {
            "item_name": "",
            "item_type": "condition expression",
            "position": {
              "column": 33,
              "line": 2,
              "name": "a.yaml",
              "offset": 57
            }
          }
        ],
        "snippet": "  condition: evt.type = open and proc.nme = cat\n                                 ^\n"
      },
      "help": "did you mean `proc.name`?",
      "message": "there is no field `proc.nme`",
      "name": "unknown-field",
      "place": {
        "bytes": [
          57,
          65
        ],
        "column": 34,
        "file": "a.yaml",
        "line": 3
      }
    }
    "#);
}

#[test]
fn hostile_files_are_refused_with_a_place() {
    let deep = format!("- rule: r\n  desc: d\n  priority: INFO\n  output: o\n  condition: {}\n", "(".repeat(50_000));
    let folder = Folder::new(&[("deep.yaml", &deep), ("nested.yaml", &"[".repeat(50_000))]);
    std::fs::write(folder.path().join("binary.yaml"), b"- \xff\xfe\x00").unwrap();
    for (name, told) in [
        ("deep.yaml", "parentheses are nested deeper than"),
        ("nested.yaml", "this is not YAML"),
        ("binary.yaml", "byte 2 is no UTF-8"),
    ] {
        let run = folder.run(&["rules", "check", &format!("@/{name}")]);
        assert_eq!((run.status, run.stderr.as_str()), (Some(2), ""), "{name}");
        assert!(run.stdout.contains(told), "{name}: {}", run.stdout);
    }
}

#[test]
fn a_file_of_ten_megabytes_is_checked() {
    let desc = "long ".repeat(40);
    let rule = |at: usize| {
        let condition = format!("evt.type = open and proc.name in (a{at}, b)");
        format!("- rule: r{at}\n  desc: {desc}\n  condition: {condition}\n  output: o\n  priority: INFO\n")
    };
    let mut text: String = (0..36_000).map(rule).collect();
    text += "- rule: last\n  desc: d\n  condition: proc.nme = x\n  output: o\n  priority: INFO\n";
    assert!(text.len() > 10_000_000);
    let folder = Folder::new(&[("big.yaml", &text)]);
    let run = folder.run(&["rules", "check", "@/big.yaml"]);
    assert_eq!(run.status, Some(2));
    assert!(run.stdout.contains("big.yaml:180003:14") && run.stdout.ends_with("1 error in 1 file\n"), "{}", run.stdout);
}

#[test]
fn rules_are_listed_with_their_priorities_and_tags() {
    let folder = Folder::new(&[("a.yaml", FINE)]);
    let run = folder.run(&["rules", "list", "@/a.yaml"]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(run.stdout, @r"
     RULE   PRIORITY  SOURCE   ENABLED  TAGS
     Shell  Notice    syscall  yes      T1059, process
    ");
    let json = folder.run(&["rules", "list", "@/a.yaml", "-o", "json"]);
    let document: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(document["rules"][0]["details"]["condition_compiled"].as_str().unwrap(), COMPILED);
    assert_eq!(document["lists"][0]["info"]["items"], serde_json::json!(["sh", "bash"]));
}

const COMPILED: &str = "(evt.type in (execve, execveat) and proc.name in (sh, bash) and proc.tty != 0)";

#[test]
fn without_files_the_built_in_rules_are_listed() {
    let run = run(&["rules", "list"]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    assert!(run.stdout.lines().count() >= 17, "{}", run.stdout);
    assert!(run.stdout.contains("Terminal shell in a container"), "{}", run.stdout);
}

#[test]
fn a_rule_is_explained_with_everything_in_place() {
    let folder = Folder::new(&[("a.yaml", FINE)]);
    let run = folder.run(&["rules", "explain", "Shell", "-r", "@/a.yaml"]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(run.stdout, @r"
    rule        Shell
    defined in  a.yaml:7
    priority    Notice
    source      syscall
    enabled     yes
    tags        T1059, process

    description
      A shell was started.

    condition, with every macro and list in place
      evt.type in (execve, execveat)
      and proc.name in (sh, bash)
      and proc.tty != 0

    output
      %proc.name by %user.name

    macros it names
      shell

    fields of the condition
      evt.type, proc.name, proc.tty

    fields of the output
      proc.name, user.name

    events it looks at: 3 of 190 kinds
      execve, execveat, syscall

    what it costs
      2 comparisons once per thread, of
        proc.name, proc.tty
      1 comparison for each event, of
        evt.type
    ");
    let json = folder.run(&["rules", "explain", "Shell", "-r", "@/a.yaml", "-o", "json"]);
    let document: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(document["rules"][0]["details"]["condition_compiled"], COMPILED);
    assert_eq!(document["rules"][0]["cost"]["thread"]["comparisons"], 2);
}

#[test]
fn a_rule_that_is_not_there_has_a_near_name() {
    let folder = Folder::new(&[("a.yaml", FINE)]);
    let near = folder.run(&["rules", "explain", "Shel", "-r", "@/a.yaml"]);
    assert_eq!((near.status, near.stdout.as_str()), (Some(2), ""));
    assert_eq!(near.stderr, "sysreel: there is no rule `Shel`; did you mean `Shell`?\n");
    let far = folder.run(&["rules", "explain", "Something else", "-r", "@/a.yaml"]);
    assert!(far.stderr.contains("`sysreel rules list` shows"), "{}", far.stderr);
}

const CHANGED: &str = "\
- list: shells
  items: [sh, zsh]

- macro: shell
  condition: proc.name in (shells)

- rule: Shell
  desc: A shell was started.
  condition: evt.type in (execve, execveat) and shell and not proc.pname = sshd
  output: \"%proc.name by %user.name\"
  priority: WARNING
  tags: [process, T1059, shell]
  enabled: false

- rule: New
  desc: d
  condition: evt.type = openat and fd.name = /etc/shadow
  output: \"%fd.name\"
  priority: ERROR
";

#[test]
fn rules_that_differ_are_told_with_what_differs() {
    let folder = Folder::new(&[("old.yaml", FINE), ("new.yaml", CHANGED)]);
    let run = folder.run(&["rules", "diff", "@/old.yaml", "@/new.yaml"]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(1), ""));
    insta::assert_snapshot!(run.stdout, @r"
    + New (Error)
    ~ Shell
        priority
          Notice -> Warning
        enabled
          yes -> no
        tags
          + shell
        condition
          proc.name in (
            - bash
            + zsh
          )
          - proc.tty != 0
          + not proc.pname = sshd
    0 rules removed, 1 added, 1 changed
    ");
    let json = folder.run(&["rules", "diff", "@/old.yaml", "@/new.yaml", "-o", "json"]);
    let document: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(document["added"][0]["name"], "New");
    assert_eq!(document["changed"][0]["changes"]["priority"], serde_json::json!({"old": "Notice", "new": "Warning"}));
}

#[test]
fn rules_that_are_the_same_have_status_0_and_wrong_ones_2() {
    let folder = Folder::new(&[("a.yaml", FINE), ("b.yaml", FINE), ("wrong.yaml", WRONG)]);
    let same = folder.run(&["rules", "diff", "@/a.yaml", "@/b.yaml"]);
    assert_eq!((same.status, same.stdout.as_str()), (Some(0), "the rules are the same\n"));
    let wrong = folder.run(&["rules", "diff", "@/a.yaml", "@/wrong.yaml"]);
    assert_eq!((wrong.status, wrong.stdout.as_str()), (Some(2), ""));
    assert!(wrong.stderr.contains("unknown-field"), "{}", wrong.stderr);
}

#[test]
fn alerts_that_go_and_come_are_told() {
    let capture = on_disk(story());
    let rule = |name: &str, condition: &str| {
        format!("- rule: {name}\n  desc: d\n  condition: {condition}\n  output: \"%fd.name\"\n  priority: INFO\n")
    };
    let old = capture.beside("old.yaml", rule("Reads", "evt.type in (open, openat) and fd.name startswith /etc"));
    let new = capture.beside("new.yaml", rule("Shells", "evt.type = execve and proc.name = sh"));
    let run = run(&["rules", "diff", &old, &new, "--capture", capture.path()]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(1), ""));
    insta::assert_snapshot!(run.stdout, @r"
    - Reads (Informational)
    + Shells (Informational)
    - 03:04:07.500000000 Reads: /etc/shadow
    - 03:04:15.500000000 Reads: /etc/passwd
    + 03:04:05.000000000 Shells: <NA>
    2 alerts before, 1 now: 2 gone, 1 new, 0 worded differently
    1 rule removed, 1 added, 0 changed
    ");
    let missing = crate::binary::run(&["rules", "diff", &old, &new, "--capture", "/no/such.reel"]);
    assert_eq!((missing.status, missing.stdout.as_str()), (Some(2), ""));
}
