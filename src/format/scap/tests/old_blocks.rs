//! Blocks as older recorders wrote them, put together by hand.

use super::*;

/// A block, with its lengths.
fn block(number: u32, body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    let length = (body.len() as u32 + 12).to_le_bytes();
    [&number.to_le_bytes(), &length, body.as_slice(), &length].concat()
}

fn file(blocks: &[Vec<u8>]) -> Vec<u8> {
    let section = [&0x1a2b_3c4du32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    [block(0x0a0d_0d0a, &section), blocks.concat()].concat()
}

fn read_whole(blocks: &[Vec<u8>]) -> Content {
    let (content, damages) = read(&file(blocks));
    assert_eq!(damages, []);
    content
}

fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(&(text.len() as u16).to_le_bytes());
    out.extend_from_slice(text);
}

/// An entry of a thread list of a version below 9.
fn thread_entry(thread: &ScapThread, version: u8) -> Vec<u8> {
    let mut out = Vec::new();
    for number in [thread.tid, thread.pid, thread.ptid] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    if version >= 6 {
        out.extend_from_slice(&thread.sid.to_le_bytes());
    }
    if version >= 8 {
        out.extend_from_slice(&thread.vpgid.to_le_bytes());
    }
    put_text(&mut out, &thread.comm);
    put_text(&mut out, &thread.exe);
    if version >= 7 {
        put_text(&mut out, &thread.exepath);
    }
    put_text(&mut out, &thread.args);
    put_text(&mut out, &thread.cwd);
    out.extend_from_slice(&thread.fdlimit.to_le_bytes());
    for number in [thread.flags, thread.uid, thread.gid] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    if version >= 2 {
        for number in [thread.vm_size_kb, thread.vm_rss_kb, thread.vm_swap_kb] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&thread.pf_major.to_le_bytes());
        out.extend_from_slice(&thread.pf_minor.to_le_bytes());
    }
    if version >= 3 {
        put_text(&mut out, &thread.env);
    }
    if version >= 4 {
        out.extend_from_slice(&thread.vtid.to_le_bytes());
        out.extend_from_slice(&thread.vpid.to_le_bytes());
        put_text(&mut out, &thread.cgroups);
    }
    if version >= 5 {
        put_text(&mut out, &thread.root);
    }
    out
}

/// What a list of a version can say of a thread.
fn known_to(thread: &ScapThread, version: u8) -> ScapThread {
    let unknown = ScapThread::default();
    let mut known = ScapThread {
        pidns_init_start_ns: 0,
        tty: 0,
        loginuid: u32::MAX,
        exe_writable: false,
        cap_inheritable: 0,
        cap_permitted: 0,
        cap_effective: 0,
        exe_upper_layer: false,
        exe_ino: 0,
        exe_ino_ctime_ns: 0,
        exe_ino_mtime_ns: 0,
        exe_from_memfd: false,
        exe_lower_layer: false,
        pgid: -1,
        ..thread.clone()
    };
    if version < 8 {
        known.vpgid = unknown.vpgid;
    }
    if version < 7 {
        known.exepath = unknown.exepath;
    }
    if version < 6 {
        known.sid = unknown.sid;
    }
    if version < 5 {
        known.root = unknown.root;
    }
    if version < 4 {
        (known.vtid, known.vpid, known.cgroups) = (-1, -1, unknown.cgroups);
    }
    if version < 3 {
        known.env = unknown.env;
    }
    if version < 2 {
        (known.vm_size_kb, known.vm_rss_kb, known.vm_swap_kb, known.pf_major, known.pf_minor) = (0, 0, 0, 0, 0);
    }
    known
}

#[test]
fn thread_lists_of_every_version_are_read() {
    let numbers = [0x202u32, 0x207, 0x209, 0x210, 0x211, 0x212, 0x213, 0x214];
    let before_publication = [(1u8, 0x8000_abcdu32), (2, 0x8013_abcd), (3, 0x8014_abcd)];
    for (version, number) in (1u8..).zip(numbers).chain(before_publication) {
        let threads = [full_thread(1), full_thread(50)];
        let body: Vec<u8> = threads.iter().flat_map(|thread| thread_entry(thread, version)).collect();
        let expected = threads.each_ref().map(|thread| known_to(thread, version));
        assert_eq!(read_whole(&[block(number, &body)]).threads, expected, "version {version}");
    }
}

/// An entry of version 9 whose fields after the texts are `tail`.
fn sized_entry(thread: &ScapThread, tail: &[u8]) -> Vec<u8> {
    let body = [thread_entry(thread, 8), tail.to_vec()].concat();
    [&(body.len() as u32 + 4).to_le_bytes()[..], &body].concat()
}

#[test]
fn an_entry_with_a_length_may_end_anywhere_or_have_more() {
    let written = write(&Content { threads: vec![full_thread(7)], ..Content::default() });
    // after the section header and two empty lists: the block's head, the entry's length, the entry
    let at = 28 + 12 + 12 + 8 + 4;
    let entry = &written[at..at + thread_entry(&full_thread(7), 8).len() + 8 + 4 + 29 + 1 + 24 + 2 + 8];
    let tail = &entry[thread_entry(&full_thread(7), 8).len()..];
    let full = sized_entry(&full_thread(7), tail);
    assert_eq!(read_whole(&[block(0x215, &full)]).threads, [full_thread(7)]);
    let longer = sized_entry(&full_thread(7), &[tail, b"fields of another year"].concat());
    assert_eq!(read_whole(&[block(0x215, &[longer, full].concat())]).threads, [full_thread(7), full_thread(7)]);
    let without_pgid = ScapThread { pgid: -1, ..full_thread(7) };
    assert_eq!(read_whole(&[block(0x215, &sized_entry(&full_thread(7), &tail[..68]))]).threads, [without_pgid]);
    assert_eq!(read_whole(&[block(0x215, &sized_entry(&full_thread(7), &[]))]).threads, [known_to(&full_thread(7), 8)]);
}

#[test]
fn an_entry_of_before_namespaces_and_terminals_is_recognised_by_its_length() {
    let tail =
        [&17u32.to_le_bytes()[..], &[1], &18u64.to_le_bytes(), &19u64.to_le_bytes(), &20u64.to_le_bytes()].concat();
    let expected = ScapThread {
        loginuid: 17,
        exe_writable: true,
        cap_inheritable: 18,
        cap_permitted: 19,
        cap_effective: 20,
        ..known_to(&full_thread(7), 8)
    };
    assert_eq!(read_whole(&[block(0x215, &sized_entry(&full_thread(7), &tail))]).threads, [expected]);
}

#[test]
fn old_lists_of_descriptors_users_and_interfaces_are_read() {
    let mut fds = 9i64.to_le_bytes().to_vec();
    for (fd, name) in [(3i64, "/a"), (4, "/b")] {
        fds.extend_from_slice(&fd.to_le_bytes());
        fds.extend_from_slice(&77u64.to_le_bytes());
        fds.push(1);
        put_text(&mut fds, name.as_bytes());
    }
    let mut accounts = vec![0];
    accounts.extend_from_slice(&[1, 0, 0, 0, 2, 0, 0, 0]);
    for name in ["me", "/home/me", "/bin/sh"] {
        put_text(&mut accounts, name.as_bytes());
    }
    accounts.extend_from_slice(&[1, 2, 0, 0, 0]);
    put_text(&mut accounts, b"us");
    let interface = [&[3u8, 0, 2, 0][..], &[10, 0, 0, 1], &[255, 0, 0, 0], &[10, 255, 255, 255], b"lo"].concat();
    let content = read_whole(&[block(0x205, &interface), block(0x206, &accounts), block(0x203, &fds)]);
    let named = |fd, name| ScapFd { fd, ino: 77, ty: ScapFdType::File, info: ScapFdInfo::Name(text(name)) };
    assert_eq!(content.fds, [(9, vec![named(3, "/a"), named(4, "/b")])]);
    assert_eq!((content.users[0].uid, &*content.users[0].shell), (1, &b"/bin/sh"[..]));
    assert_eq!(content.groups, [ScapGroup { gid: 2, name: text("us") }]);
    assert_eq!((&*content.interfaces[0].name, content.interfaces[0].link_speed), (&b"lo"[..], 0));
}

/// An event's block without flags; `with_count` is version 2.
fn event_block(number: u32, code: u16, with_count: bool, length_off_by: u32, params: &[&[u8]]) -> Vec<u8> {
    let mut lengths = Vec::new();
    for param in params {
        lengths.extend_from_slice(&(param.len() as u16).to_le_bytes());
    }
    let header = if with_count { 26 } else { 22 };
    let length = (header + lengths.len() + params.concat().len()) as u32 + length_off_by;
    let mut body = 2u16.to_le_bytes().to_vec();
    if matches!(number, 0x208 | 0x217) {
        body.extend_from_slice(&0x55u32.to_le_bytes());
    }
    body.extend_from_slice(&9u64.to_le_bytes());
    body.extend_from_slice(&100u64.to_le_bytes());
    body.extend_from_slice(&length.to_le_bytes());
    body.extend_from_slice(&code.to_le_bytes());
    if with_count {
        body.extend_from_slice(&(params.len() as u32).to_le_bytes());
    }
    body.extend_from_slice(&lengths);
    body.extend_from_slice(&params.concat());
    block(number, &body)
}

#[test]
fn events_of_every_version_are_read() {
    let params: [&[u8]; 2] = [&[1; 8], &[2; 8]];
    for (number, with_count, flags) in
        [(0x204, false, 0), (0x208, false, 0x55), (0x216, true, 0), (0x217, true, 0x55), (0x8010_abcd, false, 0)]
    {
        let content = read_whole(&[event_block(number, EventKind::CLOSE.0, with_count, 0, &params)]);
        let expected = OwnedEvent {
            head: ScapEventHead { code: EventKind::CLOSE.0, cpu: 2, ts_ns: 9, tid: 100 },
            flags,
            params: params.map(<[u8]>::to_vec).to_vec(),
        };
        assert_eq!(content.events, [expected], "{number:x}");
    }
}

#[test]
fn an_event_without_a_count_has_as_many_parameters_as_fill_it() {
    let all: [&[u8]; 6] = [&[0; 8], b"/etc/passwd\0", &[0; 4], &[0; 4], &[0; 4], &[0; 8]];
    for count in 0..=all.len() {
        let content = read_whole(&[event_block(0x204, EventKind::OPEN.0, false, 0, &all[..count])]);
        assert_eq!(content.events[0].params, all[..count]);
    }
    let (content, damages) = read(&file(&[event_block(0x204, EventKind::CLOSE.0, false, 0, &[&[0u8; 8][..]; 5])]));
    assert_eq!((content.events.len(), damages.len()), (0, 1));
}

#[test]
fn old_notifications_have_a_length_that_is_three_too_large() {
    let content = read_whole(&[event_block(0x204, EventKind::NOTIFICATION.0, false, 3, &[b"id\0", b"text\0"])]);
    assert_eq!(content.events[0].params, [&b"id\0"[..], b"text\0"]);
}
