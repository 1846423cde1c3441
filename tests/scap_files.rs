//! `.scap` files as Falco and sysdig wrote them.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use serde_json::Value;
use sysreel::format::scap::{ScapItem, ScapReader};
use sysreel::format::schema::codes::{CODE_LIMIT, code_info};
use sysreel::format::schema::syscalls::SYSCALL_CODES;
use sysreel::format::schema::{EventFlags, EventSource};

use crate::binary::run;
use crate::{conversion, falco_data};

#[derive(Default, Debug, PartialEq, Eq)]
struct Content {
    sections: u32,
    machines: u32,
    interfaces: usize,
    users: usize,
    groups: usize,
    threads: usize,
    fd_lists: usize,
    fds: usize,
    events: usize,
    with_fewer_params: usize,
    params: usize,
    by_name: BTreeMap<&'static str, usize>,
}

fn content(path: &Path) -> Content {
    let mut reader = ScapReader::open(path.display().to_string(), Box::new(File::open(path).unwrap())).unwrap();
    let mut content = Content::default();
    while let Some(item) = reader.next().unwrap() {
        match item {
            ScapItem::Section { .. } => content.sections += 1,
            ScapItem::Machine(machine) => {
                assert!(machine.cpus > 0);
                content.machines += 1;
            }
            ScapItem::Interfaces(interfaces) => content.interfaces += interfaces.len(),
            ScapItem::Users(users) => content.users += users.len(),
            ScapItem::Groups(groups) => content.groups += groups.len(),
            ScapItem::Threads(threads) => content.threads += threads.len(),
            ScapItem::Fds { fds, .. } => {
                content.fd_lists += 1;
                content.fds += fds.len();
            }
            ScapItem::Event(event) => {
                let info = code_info(event.code).unwrap();
                assert_eq!(event.params().count(), event.param_count());
                content.events += 1;
                content.with_fewer_params += usize::from(event.param_count() < info.params.len());
                content.params += event.param_count();
                *content.by_name.entry(info.name).or_default() += 1;
            }
        }
    }
    assert_eq!((reader.unknown_blocks(), reader.unknown_events()), (0, 0), "{}", path.display());
    content
}

#[test]
fn captures_of_falco_are_read_without_damage() {
    let counts = falco_data::falco_data("golden/counts.json").map(|path| std::fs::read_to_string(path).unwrap());
    let counts: Value = counts.map_or_else(Default::default, |text| serde_json::from_str(&text).unwrap());
    for (name, path) in falco_data::captures() {
        let content = content(&path);
        assert_eq!((content.sections, content.machines), (1, 1), "{name}");
        assert!(content.users > 20 && content.groups > 40 && content.interfaces > 1, "{name}: {content:?}");
        assert!(content.threads >= content.fd_lists && content.fds >= 7 * content.fd_lists / 2, "{name}: {content:?}");
        // of a recording of today every event has a number
        let last = &counts[name.trim_end_matches(".scap.gz")]["last_evt_num"];
        if !name.starts_with("old-")
            && let Some(last) = last.as_u64()
        {
            assert_eq!(content.events as u64, last, "{name}");
            assert_eq!(content.with_fewer_params, 0, "{name}");
        }
    }
}

#[test]
fn a_capture_of_2016_is_read_as_it_was_recorded() {
    let Some(path) = falco_data::falco_data("suite/captures/cat_write.scap") else { return };
    let content = content(&path);
    let counted = |name| content.by_name.get(name).copied();
    assert_eq!((content.threads, content.fd_lists, content.fds), (73, 40, 384));
    assert_eq!((content.events, content.with_fewer_params, content.params), (345, 46, 739));
    assert_eq!((counted("open"), counted("procinfo"), counted("execve")), (Some(8), Some(260), Some(1)));
}

#[test]
fn the_first_bytes_tell_a_scap_file() {
    for (name, path) in falco_data::captures() {
        let bytes = std::fs::read(path).unwrap();
        assert!(ScapReader::looks_like_scap(&bytes[..bytes.len().min(4096)]), "{name}");
        assert!(!ScapReader::looks_like_scap(&bytes[1..]), "{name}");
    }
    assert!(!ScapReader::looks_like_scap(b""));
    assert!(!ScapReader::looks_like_scap(include_bytes!("../sample-captures/shell-in-nginx.reel")));
}

#[test]
fn every_event_code_is_as_falco_s_schema_has_it() {
    let Some(path) = falco_data::falco_data("schema/events.json") else { return };
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let events = schema["events"].as_array().unwrap();
    assert_eq!(events.len(), usize::from(CODE_LIMIT));
    for event in events {
        let code = event["id"].as_u64().unwrap() as u16;
        let info = code_info(code).unwrap();
        let what = format!("{code} {}", event["code"]);
        assert_eq!(info.code, code);
        assert_eq!(info.name, event["name"], "{what}");
        assert_eq!(if info.is_enter() { ">" } else { "<" }, event["dir"], "{what}");
        assert_eq!(in_snake_case(&format!("{:?}", info.category)), event["category"], "{what}");
        let class: Vec<&str> = event["class"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        let source = info.source.map(|source| match source {
            EventSource::Syscall => "syscall",
            EventSource::Tracepoint => "tracepoint",
            EventSource::Meta => "metaevent",
            EventSource::Iterator => "iter",
            EventSource::Internal => "internal",
            EventSource::Plugin => "plugin",
        });
        assert_eq!(class.is_empty(), source.is_none(), "{what}");
        assert!(source.is_none_or(|source| class.contains(&source)), "{what}: {class:?}");
        let flags: Vec<&str> = event["flags"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        for (word, flag) in FLAGS {
            assert_eq!(info.flags.contains(*flag), flags.contains(word), "{what}: {word}");
        }
        assert!(flags.iter().all(|word| FLAGS.iter().any(|(known, _)| known == word)), "{what}: {flags:?}");
        let params = event["params"].as_array().unwrap();
        assert_eq!(info.params.len(), params.len(), "{what}");
        for (param, expected) in info.params.iter().zip(params) {
            let what = format!("{what}.{}", param.name);
            assert_eq!(param.name, expected["name"], "{what}");
            let ty = expected["type"].as_str().unwrap().replace('_', "");
            assert_eq!(format!("{:?}", param.ty).to_lowercase(), ty, "{what}");
            assert_eq!(format!("{:?}", param.format).to_lowercase(), expected["fmt"].as_str().unwrap(), "{what}");
            assert_eq!(param.values.map(|table| table.name), expected["values"].as_str(), "{what}");
            assert_eq!(param.dirfd.map(u64::from), expected["dirfd_param"].as_u64(), "{what}");
            if let Some(table) = param.values {
                let words = schema["flag_tables"][table.name].as_array().unwrap();
                let expected = words.iter().map(|pair| (pair[0].as_str().unwrap(), pair[1].as_u64().unwrap()));
                assert!(table.words.iter().map(|&(word, value)| (word, u64::from(value))).eq(expected), "{what}");
            }
        }
    }
    let codes = schema["syscall_codes"].as_object().unwrap();
    assert_eq!(codes.len(), SYSCALL_CODES.len());
    for (name, code) in SYSCALL_CODES {
        assert_eq!(codes[*name].as_u64(), Some(u64::from(*code)), "{name}");
    }
}

const FLAGS: &[(&str, EventFlags)] = &[
    ("creates_fd", EventFlags::CREATES_FD),
    ("destroys_fd", EventFlags::DESTROYS_FD),
    ("uses_fd", EventFlags::USES_FD),
    ("reads_from_fd", EventFlags::READS_FROM_FD),
    ("writes_to_fd", EventFlags::WRITES_TO_FD),
    ("modifies_state", EventFlags::MODIFIES_STATE),
    ("waits", EventFlags::WAITS),
    ("large_payload", EventFlags::LARGE_PAYLOAD),
    ("old_version", EventFlags::OLD_VERSION),
    ("unused", EventFlags::UNUSED),
    ("converter_managed", EventFlags::CONVERTER_MANAGED),
];

/// `IoRead` -> `io_read`.
fn in_snake_case(name: &str) -> String {
    let mut out = String::new();
    for (at, letter) in name.char_indices() {
        if letter.is_uppercase() && at > 0 {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// A condition that is about few kinds makes the import outline the others; one that could hold for any kind does not.
#[test]
fn what_an_event_says_does_not_depend_on_which_others_are_looked_into() {
    let fields = conversion::fields().join(",");
    let few = "evt.type in (execve, openat, connect, dup2, close, clone, procexit, unlinkat, mmap)";
    let any = format!("{few} or evt.num = 0");
    for (name, path) in falco_data::captures() {
        let file = path.to_str().unwrap();
        let shown = |condition: &str| run(&["events", file, condition, "-o", "json", "--format", &fields]);
        let (of_few, of_any) = (shown(few), shown(&any));
        assert_eq!((of_few.status, of_few.stderr.as_str()), (Some(0), ""), "{name}");
        for (few, any) in of_few.stdout.lines().zip(of_any.stdout.lines()) {
            assert_eq!(few, any, "{name}");
        }
        assert_eq!(of_few.stdout.lines().count(), of_any.stdout.lines().count(), "{name}");
    }
}
