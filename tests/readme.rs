//! The examples of the README, and of that of the sample captures, are what the program prints.

use std::path::Path;
use std::process::Command;

/// The capture that the example is about, by the name it has there.
const EXAMPLE: (&str, &str) = ("nginx.reel", "sample-captures/shell-in-nginx.reel");

/// Runs the commands of a text's examples, those for which `arguments` gives what stands behind the program's name, and
/// holds what they print to the text; how many there were.
fn check_examples(text: &str, folder: &Path, arguments: impl Fn(&str) -> Option<String>) -> usize {
    let mut checked = 0;
    for block in text.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for example in block.split("$ ").skip(1) {
            let (line, printed) = example.split_once('\n').unwrap();
            let Some(arguments) = line.strip_prefix("sysreel ").and_then(&arguments) else { continue };
            let output = Command::new("sh")
                .args(["-c", &format!("\"$0\" {arguments}"), env!("CARGO_BIN_EXE_sysreel")])
                .current_dir(folder)
                .env("TZ", "UTC")
                .env_remove("COLUMNS")
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end(), printed.trim_end(), "{line}");
            checked += 1;
        }
    }
    checked
}

#[test]
fn commands_over_the_sample_print_what_the_readme_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let checked = check_examples(&readme, root, |arguments| {
        arguments.contains(EXAMPLE.0).then(|| arguments.replace(EXAMPLE.0, EXAMPLE.1))
    });
    assert!(checked >= 3, "{checked} commands of the README were run");
}

#[test]
fn every_sample_has_a_command_that_prints_what_its_readme_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-captures");
    let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
    for section in readme.split("\n## ").skip(1) {
        let title = section.lines().next().unwrap();
        let checked = check_examples(section, &folder, |arguments| Some(arguments.to_owned()));
        assert!(checked >= 1, "{title} has no example");
    }
}
