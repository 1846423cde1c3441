//! The README's example is what the program prints.

use std::path::Path;
use std::process::Command;

/// The capture that the example is about, by the name it has there.
const EXAMPLE: (&str, &str) = ("nginx.reel", "sample-captures/shell-in-nginx.reel");

#[test]
fn commands_over_the_sample_print_what_the_readme_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let mut checked = 0;
    for block in readme.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for example in block.split("$ ").skip(1) {
            let (line, printed) = example.split_once('\n').unwrap();
            let Some(arguments) = line.strip_prefix("sysreel ") else { continue };
            if !arguments.contains(EXAMPLE.0) {
                continue;
            }
            let arguments = arguments.replace(EXAMPLE.0, EXAMPLE.1);
            let output = Command::new("sh")
                .args(["-c", &format!("\"$0\" {arguments}"), env!("CARGO_BIN_EXE_sysreel")])
                .current_dir(root)
                .env("TZ", "UTC")
                .env_remove("COLUMNS")
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end(), printed.trim_end(), "{line}");
            checked += 1;
        }
    }
    assert!(checked >= 3, "{checked} commands of the README were run");
}
