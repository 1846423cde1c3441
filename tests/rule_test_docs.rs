//! docs/rule-tests.md: its example is run, and its lists of keys are those that the program knows.

use std::path::Path;

use sysreel::replay::rules::RuleFile;
use sysreel::replay::suite::read_test_file;

use crate::binary::command;

fn docs() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rule-tests.md")).unwrap()
}

/// The blocks of a language, in order.
fn blocks<'d>(docs: &'d str, language: &str) -> Vec<&'d str> {
    let fence = format!("```{language}\n");
    docs.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// What is printed, without how long it took.
fn timeless(printed: &str) -> &str {
    printed.rsplit_once(" in ").unwrap().0
}

#[test]
fn the_example_of_the_documentation_passes_as_it_says() {
    let docs = docs();
    let folder = tempfile::tempdir().unwrap();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-captures");
    for entry in std::fs::read_dir(samples).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "reel") {
            std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    let yaml = blocks(&docs, "yaml");
    assert_eq!(yaml.len(), 2);
    for text in yaml {
        let name = text.lines().next().unwrap().strip_prefix("# ").unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let test = |options: &[&str], status: i32| {
        let output = command().arg("test").args(options).current_dir(folder.path()).output().unwrap();
        let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!((output.status.code(), stderr.as_str()), (Some(status), ""), "{options:?}: {stdout}");
        stdout
    };
    assert!(test(&[".", "--bless"], 0).contains("written: ./users.alerts.txt (1 alert)"));
    let golden = std::fs::read_to_string(folder.path().join("users.alerts.txt")).unwrap();
    assert_eq!(blocks(&docs, "text"), [golden.as_str()]);
    let console = blocks(&docs, "console")[0].strip_prefix("$ sysreel test shells.test.yaml\n").unwrap();
    assert_eq!(timeless(&test(&["shells.test.yaml"], 0)), timeless(console));
    // a rule file, a test file and golden files side by side: the folder is all that has to be named
    test(&[".", "--require-coverage"], 0);

    let path = folder.path().join("shells.test.yaml");
    let tests = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, tests.replace("sh in nginx by *", "sh in httpd by *")).unwrap();
    let failed = test(&["shells.test.yaml", "--filter", "nginx"], 1);
    // what is left out there stands here
    for part in blocks(&docs, "console")[1].lines().skip(1).flat_map(|line| line.split("...")) {
        assert!(failed.contains(part), "{part} is missing from:\n{failed}");
    }
}

/// The keys in the first columns of the tables, and in the sentences about steps and patterns.
#[test]
fn every_key_that_a_test_file_may_have_is_documented() {
    let docs = docs();
    for (text, of) in [
        ("- x", "file"),
        ("tests: [x]", "test"),
        ("select: [x]\ntests: [{test: a, baseline: b}]", "step"),
        ("tests: [{test: a, capture: b, expect: x}]", "expect"),
        ("tests: [{test: a, capture: b, expect: {alerts: [x]}}]", "alert"),
        ("tests: [{test: a, capture: b, expect: {alerts: [{output: []}]}}]", "pattern"),
    ] {
        let (_, problems) = read_test_file(&RuleFile::new("t", text));
        let help = problems.iter().find_map(|problem| problem.help.as_deref()).unwrap();
        // what stands in the help as `key` or `{key: T}`
        let keys: Vec<&str> = help.split('`').skip(1).step_by(2).collect();
        assert!(keys.len() > 1, "{of}: {help}");
        for key in keys {
            let name = key.trim_start_matches('{').split(':').next().unwrap();
            let is_told = [format!("| `{name}` |"), format!("`{name}: "), format!("`{name}:`")];
            assert!(is_told.iter().any(|told| docs.contains(told)), "{of}: {name}");
        }
    }
}
