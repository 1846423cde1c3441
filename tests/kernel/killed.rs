//! A recorder that is killed leaves a readable file that lacks at most the last second.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{Bench, info_of, kernel_test};
use crate::binary::{command, run};

#[test]
fn what_a_killed_recorder_leaves_is_readable_to_its_last_whole_block() {
    kernel_test!();
    let bench = Bench::new();
    let program = bench.program("ten_kinds");
    for round in 0..6_u64 {
        let file = bench.path(&format!("{round}.reel"));
        let mut busy =
            Command::new(&program).args(["100000000", &bench.path("data")]).stdout(Stdio::null()).spawn().unwrap();
        let mut recording = command()
            .args(["record", "-o", &file, "--events", "all", "--pid", &busy.id().to_string()])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(300 + 210 * round));
        recording.kill().unwrap();
        recording.wait().unwrap();
        busy.kill().unwrap();
        busy.wait().unwrap();
        if !Path::new(&file).exists() {
            continue;
        }
        let info = info_of(Path::new(&file));
        let verdict = info["verify"].as_str().unwrap();
        assert!(["unfinished", "truncated"].contains(&verdict), "{info}");
        let listed = run(&["events", &file, "--format", "evt.num"]);
        assert_eq!(listed.status, Some(2), "the missing end is told");
        let numbers: Vec<u64> = listed.stdout.lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(Some(numbers.len() as u64), info["events"].as_u64());
        assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "blocks follow one another without a gap");
    }
}
