//! A program of known calls: the file holds them call by call, argument by argument, and nothing in between.

use super::{Bench, kernel_test, text};

/// Whether text is what is expected; `*` stands for anything.
fn fits(text: &str, expected: &str) -> bool {
    let mut parts = expected.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn a_star_stands_for_anything() {
    assert!(fits("dev=FE00 ino=7", "dev=* ino=*"));
    assert!(fits("a b c", "a*c"));
    assert!(fits("same", "same"));
    assert!(!fits("same", "sam"));
    assert!(!fits("dev=1 inode=7", "dev=* ino=*"));
    assert!(!fits("ab", "ab*b"));
}

#[test]
fn every_call_is_in_the_file_with_its_arguments() {
    kernel_test!();
    let bench = Bench::new();
    let program = bench.program("known_calls");
    let folder = bench.path("files");
    std::fs::create_dir(&folder).unwrap();
    let recorded = bench.record(&["--events", "all"], &[&program, &folder]);
    assert_eq!(recorded.status, Some(0), "{}", recorded.stderr);
    let expected: Vec<Vec<&str>> = recorded.stdout.lines().map(|line| line.split('\t').collect::<Vec<_>>()).collect();
    assert!(expected.len() > 80, "{}", recorded.stdout);
    let told = recorded.stderr.lines().find_map(|line| line.strip_prefix("child ")).unwrap();
    let child: i64 = told.split(' ').next().unwrap().parse().unwrap();

    let condition = format!("proc.name in (known_calls, renamed) and thread.tid != {child}");
    let events = bench.events(&condition, &["evt.type", "evt.rawres", "evt.args", "evt.num"]);
    let first = events.iter().position(|event| event[0] == "chdir").expect("the program's first call is a chdir");
    let last = events.iter().position(|event| event[0] == "close" && text(&event[2]).ends_with("fd=777")).unwrap();
    let found: Vec<[String; 3]> =
        events[first..=last].iter().map(|event| [text(&event[0]), text(&event[1]), text(&event[2])]).collect();

    let mut wrong = Vec::new();
    for (found, expected) in found.iter().zip(&expected) {
        let [kind, result, arguments] = found;
        let right =
            kind == expected[0] && (expected[1] == "-" || result == expected[1]) && fits(arguments, expected[2]);
        if !right {
            wrong.push(format!("  found {kind} {result} {arguments}\nexpected {}", expected.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "{} of {} calls differ:\n{}", wrong.len(), expected.len(), wrong.join("\n"));
    assert_eq!(found.len(), expected.len(), "calls in the file and calls made");
    let numbers: Vec<i64> = events.iter().map(|event| event[3].as_i64().unwrap()).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "event numbers rise");
}

#[test]
fn a_child_is_followed_from_its_fork_to_its_end() {
    kernel_test!();
    let bench = Bench::new();
    let program = bench.program("known_calls");
    let folder = bench.path("files");
    std::fs::create_dir(&folder).unwrap();
    let recorded = bench.record(&[], &[&program, &folder]);
    assert_eq!(recorded.status, Some(0), "{}", recorded.stderr);
    let told = recorded.stderr.lines().find_map(|line| line.strip_prefix("child ")).unwrap();
    let child: i64 = told.split(' ').next().unwrap().parse().unwrap();
    assert!(told.ends_with(" 1792"), "the child ended with 7: {told}");

    let of_child = format!("proc.pid = {child}");
    let types: Vec<String> = bench.events(&of_child, &["evt.type"]).iter().map(|event| text(&event[0])).collect();
    let types: Vec<&str> = types.iter().map(String::as_str).collect();
    assert!(matches!(types.first(), Some(&("fork" | "clone"))), "{types:?}");
    assert_eq!(types.get(1..3), Some(["setsid", "execve"].as_slice()), "{types:?}");
    assert_eq!(types.last(), Some(&"procexit"), "{types:?}");

    let fields = [
        "evt.rawres",
        "proc.name",
        "proc.exe",
        "proc.exepath",
        "proc.args",
        "proc.env",
        "proc.cwd",
        "proc.pname",
        "proc.aname[2]",
        "user.uid",
        "proc.sid",
    ];
    let execs = bench.events(&format!("{of_child} and evt.type = execve"), &fields);
    let [exec] = execs.as_slice() else { panic!("one execve, not {execs:?}") };
    let exec: Vec<String> = exec.iter().map(text).collect();
    let cwd = format!("{folder}/");
    let session = child.to_string();
    let expected = [
        "0",
        "exe",
        "/proc/self/exe",
        &program,
        "--child two words",
        "SYSREEL=known EMPTY=",
        &cwd,
        "known_calls",
        "sysreel",
        "0",
        &session,
    ];
    assert_eq!(exec, expected);

    let ends = bench.events(&format!("{of_child} and evt.type = procexit"), &["evt.arg.ret", "evt.arg.sig"]);
    assert_eq!(ends.iter().map(|end| (text(&end[0]), text(&end[1]))).collect::<Vec<_>>(), [("7".into(), "0".into())]);
}
