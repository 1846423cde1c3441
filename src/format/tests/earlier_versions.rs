//! Files that earlier programs wrote are read as they were meant. The files are never made anew: what changes is the
//! code that reads them, not they.

use std::sync::Arc;

use super::super::builder::{CaptureBuilder, text};
use super::super::header::{CaptureHeader, Loss, Shortfall};
use super::super::reader::{Ending, Reader};
use super::super::row::{Container, ContainerRow, FdRow, GroupRow, ThreadRow, UserRow};
use super::super::schema::EventKind;
use super::super::verify::{Verdict, verify};
use super::dump;

/// The story that `tests/data/v1.reel` holds: two blocks with columns of every codec and every derivation.
fn version_1_story() -> CaptureBuilder {
    let mut capture = CaptureBuilder::with(CaptureHeader {
        host_name: "first".to_owned(),
        kernel_release: "6.1.0-test".to_owned(),
        arch: "x86_64".to_owned(),
        boot_id: "0a1b2c3d-0000-4000-8000-000000000001".to_owned(),
        cpus: 4,
        started_ns: 1_767_323_045_000_000_000,
        clock_base_ns: -17,
        recorder: "sysreel 0.1.0".to_owned(),
        options: vec![("events".to_owned(), "security".to_owned())],
        notes: vec!["a note".to_owned()],
        ..CaptureHeader::default()
    });
    let user = Arc::new(UserRow { uid: 1000, name: text("ada"), home: text("/home/ada"), shell: text("/bin/bash") });
    let group = Arc::new(GroupRow { gid: 1000, name: text("ada") });
    let container = Arc::new(Container {
        id: text("0123456789ab"),
        full_id: text("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
        ..Container::default()
    });
    let details = ContainerRow {
        name: text("web"),
        runtime: text("docker"),
        image: text("nginx:1.21"),
        image_repository: text("nginx"),
        image_tag: text("1.21"),
        labels_json: text("{\"tier\":\"front\"}"),
        privileged: Some(true),
        host_pid: Some(false),
        start_ts_ns: 1_767_000_000_000_000_000,
        pod_name: text("web-0"),
        ..ContainerRow::default()
    };
    container.details.set(details).expect("set once");
    let stdin = Arc::new(FdRow { num: 0, type_char: b'c', name: text("/dev/pts/0"), ..FdRow::default() });
    let thread = |tid: i64, comm: &str, parent: Option<&Arc<ThreadRow>>, leader: Option<&Arc<ThreadRow>>| {
        Arc::new(ThreadRow {
            tid,
            pid: tid,
            ppid: parent.map_or(0, |parent| parent.pid),
            parent: parent.cloned(),
            session_leader: leader.cloned(),
            vtid: tid - 99,
            vpid: tid - 99,
            tty: 34816,
            loginuid: u32::MAX,
            comm: text(comm),
            exe: text(comm),
            exepath: text(format!("/usr/bin/{comm}")),
            args: text("-l\0--all\0"),
            env: text("HOME=/home/ada\0TERM=xterm\0"),
            cwd: text("/home/ada"),
            root: text("/"),
            cgroups: text("cpu=/docker/0123456789ab\0"),
            cap_permitted: u64::MAX,
            exe_ino: 4_000_000 + tid as u64,
            clone_ts_ns: 1_767_323_040_000_000_000 + tid as u64,
            fdlimit: -1,
            stdio: [Some(Arc::clone(&stdin)), None, Some(Arc::clone(&stdin))],
            user: Some(Arc::clone(&user)),
            group: Some(Arc::clone(&group)),
            login_user: None,
            container: Some(Arc::clone(&container)),
            ..ThreadRow::default()
        })
    };
    let init = thread(100, "init", None, None);
    let shell = thread(120, "bash", Some(&init), Some(&init));
    let threads =
        [Arc::clone(&shell), thread(121, "ls", Some(&shell), Some(&shell)), thread(122, "cat", Some(&shell), None)];
    // A plain congruential generator, written down here because the story must never change.
    let mut state = 1u64;
    let mut dice = |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    for at in 0..400u64 {
        if at == 250 {
            capture.loss(Loss { cpu: 3, kind: Some(EventKind::READ), count: 7, first_ts_ns: 11, last_ts_ns: 13 });
            capture.shortfall(Shortfall::TruncatedArgument);
            capture.end_block();
        }
        let thread = &threads[dice(3) as usize];
        let path = format!("/home/ada/notes/file-{}.txt", dice(40));
        let fd = Arc::new(FdRow {
            num: 3 + dice(3) as i64,
            type_char: b'f',
            name: text(&path),
            name_raw: text(&path[10..]),
            open_flags: 1,
            dev: 2049,
            ino: 900 + dice(40),
            ..FdRow::default()
        });
        let number = fd.num;
        let pause = 300 + dice(5000);
        match dice(5) {
            0 if at % 9 == 0 => {
                let missing = capture.event(EventKind::OPENAT, thread).after_ns(pause).cpu(1).path("/nowhere");
                missing.param("fd", -2).param("name", "/nowhere").happens();
            }
            0 | 1 => {
                let open = capture.event(EventKind::OPENAT, thread).after_ns(pause).fd(&fd).path(&path);
                let open = open.param("fd", number).param("dirfd", -100).param("name", &path[10..]);
                open.param("flags", 1).param("ino", fd.ino as i64).happens();
            }
            2 => {
                let data: Vec<u8> = (0..dice(60)).map(|_| dice(256) as u8).collect();
                let read = capture.event(EventKind::READ, thread).after_ns(pause).cpu(2).fd(&fd);
                read.param("res", data.len() as i64).param("data", &data[..]).param("size", 4096).happens();
            }
            3 => {
                let address = 0x7f00_0000_0000 + (dice(1 << 20) as i64) * 4096;
                let map = capture.event(EventKind::MMAP, thread).after_ns(pause);
                map.param("res", address).param("length", dice(9) as i64 * 4096).param("prot", 5).happens();
            }
            _ => capture.event(EventKind::CLOSE, thread).after_ns(pause).fd(&fd).param("res", 0).happens(),
        }
    }
    let rename = capture.event(EventKind::RENAME, &init).path("/b").source_path("/a");
    rename.param("res", 0).param("oldpath", "/a").param("newpath", "/b").happens();
    capture
}

#[test]
fn a_file_of_version_1_is_read() {
    let bytes = include_bytes!("../../../tests/data/v1.reel").to_vec();
    let mut reader = Reader::from_bytes("v1.reel", bytes.clone()).unwrap();
    assert_eq!(reader.header().host_name, "first");
    assert_eq!(reader.header().version, 1);
    let mut today = version_1_story().reader();
    assert_eq!(reader.header(), today.header());
    for number in 0..2 {
        let block = reader.next_block(&mut |_| true).unwrap().unwrap().decode().unwrap();
        let told = today.next_block(&mut |_| true).unwrap().unwrap().decode().unwrap();
        assert_eq!(block.number(), number);
        assert_eq!(block.header(), told.header());
        assert_eq!(dump(&block), dump(&told));
    }
    assert!(reader.next_block(&mut |_| true).is_none());
    let index = reader.index().unwrap().unwrap();
    assert_eq!(index.blocks[0].header.shortfall(Shortfall::TruncatedArgument), 1);
    assert_eq!(index.blocks[1].header.shortfall(Shortfall::TruncatedArgument), 0);
    assert!(matches!(reader.ending(), Some(Ending::Complete(index)) if index.events == 401 && index.lost == 7));
    assert_eq!(verify(Reader::from_bytes("v1.reel", bytes).unwrap()).verdict, Verdict::Intact);
}

#[test]
#[ignore = "writes the file of a new version, once"]
fn the_file_of_a_new_version_is_written_once() {
    use std::io::Write;
    // Refuses to write over what is there.
    let mut file = std::fs::File::create_new("tests/data/v1.reel").unwrap();
    file.write_all(&version_1_story().finish()).unwrap();
}
