//! What finds no room in the kernel's ring is counted, call by call: nothing is lost in silence.

use super::{Bench, kernel_test};

const KINDS: &str = "openat,pwrite,lseek,pread,fcntl,dup2,fchmod,chdir,kill,close";

#[test]
fn recorded_and_lost_events_add_up_to_what_was_done() {
    kernel_test!();
    let bench = Bench::new();
    let program = bench.program("ten_kinds");
    // with room for everything it is known how many calls there are, those of the program's start included
    let recorded = bench.record(&["--events", KINDS, "--ring-size", "256M"], &[&program, "30000"]);
    assert_eq!(recorded.status, Some(0), "{}", recorded.stderr);
    let whole = bench.info();
    assert_eq!(whole["lost"], 0);
    let done = whole["events"].as_u64().unwrap();
    assert!(done >= 300_000, "{done}");

    let recorded = bench.record(&["--events", KINDS, "--ring-size", "64K"], &[&program, "30000"]);
    assert_eq!(recorded.status, Some(0), "{}", recorded.stderr);
    assert!(recorded.stderr.contains("DROPPED"), "{}", recorded.stderr);
    let info = bench.info();
    let (events, lost) = (info["events"].as_u64().unwrap(), info["lost"].as_u64().unwrap());
    assert!(lost > 0, "a ring of 64 KiB holds less than a thousand of these calls");
    assert_eq!(events + lost, done);

    let by_kind = |info: &serde_json::Value, kind: &str| {
        let losses = info["losses"].as_array().unwrap();
        let lost: u64 =
            losses.iter().filter(|loss| loss["kind"] == kind).map(|loss| loss["count"].as_u64().unwrap()).sum();
        info["kinds"][kind].as_u64().unwrap_or(0) + lost
    };
    for kind in KINDS.split(',') {
        assert_eq!(by_kind(&info, kind), by_kind(&whole, kind), "{kind}");
    }
}
