//! Files that the writer wrote, whole and damaged, and old versions of blocks by hand.

#![allow(clippy::unwrap_used)]

mod damaged_files;
mod exported_captures;
mod old_blocks;
mod written_files;

use std::io::Cursor;

use super::{
    ScapAddr, ScapEvent, ScapEventHead, ScapFd, ScapFdInfo, ScapFdType, ScapGroup, ScapInterface, ScapItem,
    ScapMachine, ScapReader, ScapThread, ScapUser, ScapWriter,
};
use crate::format::Damage;
use crate::format::row::Text;
use crate::format::schema::EventKind;

fn text(text: &str) -> Text {
    Text::from(text.as_bytes())
}

/// An event without borrowed parts.
#[derive(Clone, PartialEq, Eq, Debug)]
struct OwnedEvent {
    head: ScapEventHead,
    flags: u32,
    params: Vec<Vec<u8>>,
}

/// All that a file says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Content {
    sections: Vec<(u16, u16)>,
    machines: Vec<ScapMachine>,
    interfaces: Vec<ScapInterface>,
    users: Vec<ScapUser>,
    groups: Vec<ScapGroup>,
    threads: Vec<ScapThread>,
    fds: Vec<(i64, Vec<ScapFd>)>,
    events: Vec<OwnedEvent>,
}

/// Reads a file to its end: what it says, and what was wrong. Plain events taken on their own or not, it is the same.
fn read(bytes: &[u8]) -> (Content, Vec<Damage>) {
    let all = read_with(bytes, false);
    assert_eq!(read_with(bytes, true), all);
    all
}

fn read_with(bytes: &[u8], plain_events: bool) -> (Content, Vec<Damage>) {
    let mut reader = ScapReader::open("a.scap", Box::new(Cursor::new(bytes.to_vec()))).unwrap();
    let (mut content, mut damages) = (Content::default(), Vec::new());
    loop {
        while plain_events && let Some(event) = reader.next_plain_event() {
            content.events.push(owned(&event));
        }
        match reader.next() {
            Ok(None) => return (content, damages),
            Ok(Some(item)) => match item {
                ScapItem::Section { major, minor } => content.sections.push((major, minor)),
                ScapItem::Machine(machine) => content.machines.push(machine),
                ScapItem::Interfaces(mut interfaces) => content.interfaces.append(&mut interfaces),
                ScapItem::Users(mut users) => content.users.append(&mut users),
                ScapItem::Groups(mut groups) => content.groups.append(&mut groups),
                ScapItem::Threads(mut threads) => content.threads.append(&mut threads),
                ScapItem::Fds { tid, fds } => content.fds.push((tid, fds)),
                ScapItem::Event(event) => content.events.push(owned(&event)),
            },
            Err(damage) => damages.push(damage),
        }
        assert!(damages.len() < 10_000, "reading does not end");
    }
}

fn owned(event: &ScapEvent<'_>) -> OwnedEvent {
    let mut params = Vec::new();
    event.each_param(|param| {
        params.push(param.to_vec());
        true
    });
    assert!(event.params().eq(params.iter().map(Vec::as_slice)));
    OwnedEvent {
        head: ScapEventHead { code: event.code, cpu: event.cpu, ts_ns: event.ts_ns, tid: event.tid },
        flags: event.flags,
        params: event.params().map(<[u8]>::to_vec).collect(),
    }
}

/// A thread in which every field has a value of its own.
fn full_thread(tid: i64) -> ScapThread {
    ScapThread {
        tid,
        pid: tid + 1,
        ptid: tid + 2,
        sid: 4,
        vpgid: 5,
        comm: text("comm"),
        exe: text("exe"),
        exepath: text("/bin/exe"),
        args: text("a\0b\0"),
        cwd: text("/home"),
        fdlimit: 1024,
        flags: 0x10,
        uid: 6,
        gid: 7,
        vm_size_kb: 8,
        vm_rss_kb: 9,
        vm_swap_kb: 10,
        pf_major: 11,
        pf_minor: 12,
        env: text("A=b\0"),
        vtid: 13,
        vpid: 14,
        cgroups: text("cpu=/x\0"),
        root: text("/"),
        pidns_init_start_ns: 15,
        tty: 16,
        loginuid: 17,
        exe_writable: true,
        cap_inheritable: 18,
        cap_permitted: 19,
        cap_effective: 20,
        exe_upper_layer: true,
        exe_ino: 21,
        exe_ino_ctime_ns: 22,
        exe_ino_mtime_ns: 23,
        exe_from_memfd: true,
        exe_lower_layer: true,
        pgid: 24,
    }
}

/// A descriptor of every type.
fn fds_of_every_type() -> Vec<ScapFd> {
    let infos = |ty: ScapFdType| match ty {
        ScapFdType::Unknown | ScapFdType::Other(_) => ScapFdInfo::Nothing,
        ScapFdType::Ipv4Socket => ScapFdInfo::Ipv4 {
            source: [10, 0, 0, 1],
            destination: [10, 0, 0, 2],
            source_port: 4000,
            destination_port: 80,
            l4proto: 1,
        },
        ScapFdType::Ipv6Socket => ScapFdInfo::Ipv6 {
            source: [1; 16],
            destination: [2; 16],
            source_port: 4000,
            destination_port: 443,
            l4proto: 2,
        },
        ScapFdType::Ipv4Server => ScapFdInfo::Ipv4Server { ip: [0; 4], port: 22, l4proto: 1 },
        ScapFdType::Ipv6Server => ScapFdInfo::Ipv6Server { ip: [0; 16], port: 22, l4proto: 1 },
        ScapFdType::UnixSocket => ScapFdInfo::Unix { source: 1, destination: 2, name: text("/run/socket") },
        ScapFdType::FileV2 => ScapFdInfo::File { open_flags: 3, name: text("/etc/passwd"), dev: 0x0010_0002 },
        _ => ScapFdInfo::Name(text("a name")),
    };
    (0..22u8)
        .map(ScapFdType::from_number)
        .map(|ty| ScapFd { fd: i64::from(ty.number()), ino: 1000, ty, info: infos(ty) })
        .collect()
}

/// A file with something of everything.
fn full_content() -> Content {
    let event = |kind: EventKind, ts_ns, params: &[&[u8]]| OwnedEvent {
        head: ScapEventHead { code: kind.0, cpu: 3, ts_ns, tid: 100 },
        flags: 0,
        params: params.iter().map(|param| param.to_vec()).collect(),
    };
    Content {
        sections: vec![(1, 2)],
        machines: vec![ScapMachine {
            cpus: 4,
            memory_bytes: 1 << 30,
            max_pid: 4_194_304,
            host_name: text("node"),
            boot_ts_ns: 7,
            flags: 1,
        }],
        interfaces: vec![
            ScapInterface {
                name: text("lo"),
                addr: ScapAddr::V4([127, 0, 0, 1]),
                netmask: ScapAddr::V4([255, 0, 0, 0]),
                broadcast: ScapAddr::V4([127, 0, 0, 1]),
                link_speed: 9,
            },
            ScapInterface {
                name: text("lo"),
                addr: ScapAddr::V6([1; 16]),
                netmask: ScapAddr::V6([255; 16]),
                broadcast: ScapAddr::V6([0; 16]),
                link_speed: 0,
            },
        ],
        users: vec![ScapUser { uid: 0, gid: 0, name: text("root"), home: text("/root"), shell: text("/bin/sh") }],
        groups: vec![ScapGroup { gid: 0, name: text("root") }, ScapGroup { gid: 5, name: text("tty") }],
        threads: vec![full_thread(100), full_thread(200)],
        fds: vec![(100, fds_of_every_type()), (200, Vec::new())],
        events: vec![
            event(EventKind::CLOSE, 1, &[&0i64.to_le_bytes(), &3i64.to_le_bytes()]),
            event(EventKind::CONTAINER, 2, &[&vec![b'x'; 70_000]]),
            event(EventKind::OPENAT, 3, &[&5i64.to_le_bytes(), b"", b"/tmp/x\0", b"", b"", b"", b""]),
            event(EventKind::PROCEXIT, 4, &[]),
        ],
    }
}

fn write(content: &Content) -> Vec<u8> {
    let mut writer = ScapWriter::new(Vec::new()).unwrap();
    for machine in &content.machines {
        writer.write_machine(machine).unwrap();
    }
    writer.write_interfaces(&content.interfaces).unwrap();
    writer.write_accounts(&content.users, &content.groups).unwrap();
    writer.write_threads(&content.threads).unwrap();
    for (tid, fds) in &content.fds {
        writer.write_fds(*tid, fds).unwrap();
    }
    for event in &content.events {
        let params: Vec<&[u8]> = event.params.iter().map(Vec::as_slice).collect();
        writer.write_event(event.head, &params).unwrap();
    }
    assert_eq!(writer.shortened(), 0);
    writer.finish().unwrap()
}

/// A small file: nothing in it is longer than need be.
fn small_file() -> Vec<u8> {
    let mut content = full_content();
    content.events[1].params = vec![b"{}\0".to_vec()];
    content.threads.truncate(1);
    write(&content)
}
