//! What may be typed and what is said of the rest.

use crate::binary::run;

#[test]
fn every_command_has_help_with_examples() {
    for command in ["record", "replay", "events", "info", "fields"] {
        let run = run(&[command, "--help"]);
        assert_eq!(run.status, Some(0));
        assert!(run.stdout.contains("Examples:"), "{}", run.stdout);
        assert!(run.stdout.lines().all(|line| line.chars().count() <= 110), "{}", run.stdout);
    }
    let run = run(&["--help"]);
    assert!(run.stdout.contains("Exit status:"), "{}", run.stdout);
}

#[test]
fn wrong_usage_is_status_2_with_a_reason() {
    for (arguments, told) in [
        (&["rewind"][..], "unrecognized subcommand"),
        (&["replay"], "<CAPTURE>"),
        (&["replay", "x", "-o", "xml"], "[possible values: text, table, json, csv]"),
        (&["replay", "x", "-j", "0"], "a number from 1 to 1024"),
        (&["replay", "x", "--min-priority", "loud"], "emergency, alert, critical"),
        (&["replay", "x", "--from", "yesterday"], "+10s"),
        (&["record", "-o", "x", "--duration", "soon"], "30s"),
        (&["record", "-o", "x", "--max-size", "big"], "200M"),
        (&["record", "-o", "x", "--pid", "0"], "0 is not in"),
        (&["record"], "--output <FILE>"),
    ] {
        let run = run(arguments);
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(run.stderr.contains(told), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn the_version_is_that_of_the_crate() {
    assert_eq!(run(&["--version"]).stdout, concat!("sysreel ", env!("CARGO_PKG_VERSION"), "\n"));
}
