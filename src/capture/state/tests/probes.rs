//! Health checks and probes among a container's processes.

use std::sync::Arc;

use super::*;
use crate::capture::container::Meeting;
use crate::capture::state::Semantics;
use crate::format::row::{ContainerProbe, ContainerRow};

const CGROUPS: &str = "cpu=/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\0";

/// A runtime that knows every container's probes at once.
struct Probes;

fn details() -> ContainerRow {
    ContainerRow {
        healthcheck: Text::from(*b"/bin/sh\0-c\0curl -f x || exit 1\0"),
        readiness_probe: Text::from(*b"cat\0/ready\0"),
        ..ContainerRow::default()
    }
}

impl ContainerLookup for Probes {
    fn request(&mut self, container: &Arc<Container>, _: Meeting) {
        container.details.set(details()).unwrap();
    }
}

/// A container's first process (60, 1 inside), and a runtime's process outside of it (70).
fn story(semantics: Semantics) -> Story {
    let mut first = known_thread(60, 60, 1, "nginx");
    (first.row.vpid, first.row.cgroups) = (1, Text::from(CGROUPS.as_bytes()));
    let snapshot = Snapshot {
        threads: vec![first, known_thread(70, 70, 1, "runc"), known_thread(1, 1, 0, "init")],
        ..Snapshot::default()
    };
    Story { state: State::following(semantics, snapshot, Box::new(Probes)), ts_ns: 1_000 }
}

/// `parent` makes a process that executes a program inside the container; what it is a probe of.
fn start(story: &mut Story, parent: i64, child: i64, exe: &str, args: &str) -> Option<ContainerProbe> {
    let ids = [("tid", child), ("pid", child), ("ptid", parent), ("vtid", 9), ("vpid", 9), ("res", 0)];
    let clone: Vec<(&str, Value<'_>)> = ids.map(|(name, id)| (name, Value::Int(id))).into();
    story.event(child, EventKind::CLONE, &clone);
    execute(story, parent, child, exe, args)
}

fn execute(story: &mut Story, parent: i64, tid: i64, exe: &str, args: &str) -> Option<ContainerProbe> {
    let given = [
        ("res", Value::Int(0)),
        ("exe", word(exe)),
        ("args", word(args)),
        ("tid", Value::Int(tid)),
        ("pid", Value::Int(tid)),
        ("ptid", Value::Int(parent)),
        ("comm", word("sh")),
        ("cgroups", word(CGROUPS)),
    ];
    story.event(tid, EventKind::EXECVE, &given).thread.probe
}

#[test]
fn a_probe_is_its_command_from_outside_and_all_that_comes_of_it() {
    for semantics in [Semantics::Kernel, Semantics::Falco] {
        let mut story = story(semantics);
        let check = "-c\0curl -f x || exit 1\0";
        assert_eq!(start(&mut story, 70, 71, "/bin/sh", check), Some(ContainerProbe::Healthcheck), "{semantics:?}");
        assert_eq!(start(&mut story, 71, 72, "curl", "-f\0x\0"), Some(ContainerProbe::Healthcheck));
        assert_eq!(execute(&mut story, 70, 71, "true", ""), Some(ContainerProbe::Healthcheck));
        // an empty argument does not count
        assert_eq!(start(&mut story, 70, 73, "cat", "/ready\0\0"), Some(ContainerProbe::Readiness));
        // another command, the same words cut elsewhere, and the same command of the container's own
        assert_eq!(start(&mut story, 70, 74, "cat", "/etc/passwd\0"), None);
        assert_eq!(start(&mut story, 70, 75, "/bin/sh", "-c\0curl\0-f x || exit 1\0"), None);
        assert_eq!(start(&mut story, 60, 76, "cat", "/ready\0"), None);
    }
}
