//! The sample captures: each replays to the alerts in the file beside it, in every form, and its README lists it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::binary::run;

/// A sample is small enough to be kept with the sources.
const MAX_BYTES: u64 = 200_000;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-captures")
}

/// Every capture in the folder.
fn samples() -> Vec<PathBuf> {
    let mut samples: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "reel" || extension == "json"))
        .collect();
    samples.sort();
    assert!(samples.len() >= 4, "{samples:?}");
    samples
}

/// The capture of which a part was lost, on purpose.
const LOSSY: &str = "lost-events.reel";

/// The arguments that replay a sample: with the rules beside it, where there are some, else with the built-in ones.
fn replay(sample: &Path) -> Vec<String> {
    let mut arguments = vec!["replay".to_owned(), argument(sample).to_owned()];
    let rules = sample.with_extension("rules.yaml");
    if rules.exists() {
        arguments.extend(["-r".to_owned(), argument(&rules).to_owned()]);
    }
    arguments
}

fn argument(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn every_sample_replays_to_the_alerts_beside_it() {
    for sample in samples() {
        let expected = std::fs::read_to_string(sample.with_extension("alerts.txt")).unwrap();
        let run = run(&replay(&sample));
        assert_eq!(run.stdout, expected, "{}", sample.display());
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{}", sample.display());
        assert!(!expected.is_empty(), "{}", sample.display());
    }
}

#[test]
fn every_form_has_the_same_alerts() {
    for sample in samples() {
        let lines = |arguments: &[&str]| {
            let arguments = arguments.iter().map(|argument| (*argument).to_owned());
            let run = run(&[replay(&sample), arguments.collect()].concat());
            assert_eq!(run.status, Some(0), "{}: {}", sample.display(), run.stderr);
            run.stdout.lines().count()
        };
        let alerts = lines(&[]);
        assert_eq!(lines(&["-o", "json"]), alerts);
        assert_eq!(lines(&["--format", "time,container-id,container-name,user"]), alerts);
        // and a heading
        assert_eq!(lines(&["-o", "csv"]), alerts + 1);
        assert_eq!(lines(&["-o", "table"]), alerts + 1);
    }
}

#[test]
fn every_sample_is_small_whole_and_lost_nothing_but_one() {
    for sample in samples() {
        assert!(std::fs::metadata(&sample).unwrap().len() <= MAX_BYTES, "{}", sample.display());
        if sample.extension().is_some_and(|extension| extension == "json") {
            // An audit log has no chain to follow, and no containers.
            let run = run(&["info", argument(&sample), "-o", "json"]);
            assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{}", sample.display());
            continue;
        }
        let run = run(&["info", argument(&sample), "-o", "json", "--verify"]);
        let info: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(info["verify"], "intact", "{}", sample.display());
        assert_eq!(info["lost"] == 0, !sample.ends_with(LOSSY), "{}: {}", sample.display(), info["lost"]);
        assert!(info["containers"][0]["name"].is_string(), "{}: {}", sample.display(), info["containers"]);
    }
}

#[test]
fn the_readme_names_every_sample_and_the_rules_it_sets_off() {
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    for sample in samples() {
        let name = sample.file_name().unwrap().to_str().unwrap();
        let about = readme
            .split("\n## ")
            .find(|section| section.lines().next().is_some_and(|title| title.contains(name)))
            .unwrap_or_else(|| panic!("sample-captures/README.md has no section about {name}"));
        let rules = run(&[replay(&sample), vec!["--format".to_owned(), "rule".to_owned()]].concat()).stdout;
        let found: BTreeSet<&str> = rules.lines().collect();
        // the section's table: number of alerts, rule
        let told: Vec<(usize, &str)> = about
            .lines()
            .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "))
            .filter_map(|(alerts, rule)| Some((alerts.parse().ok()?, rule)))
            .collect();
        let found: Vec<(usize, &str)> =
            found.into_iter().map(|rule| (rules.lines().filter(|line| *line == rule).count(), rule)).collect();
        assert_eq!(told, found, "{name}");
    }
}
