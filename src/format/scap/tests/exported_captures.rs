//! A capture's rows become a state before the first event, and its events.

use std::sync::Arc;

use super::*;
use crate::format::row::{Container, ContainerRow, Event, FdRow, ThreadRow, UserRow, Value};
use crate::format::scap::{ScapExport, ScapExportFigures, Survey};
use crate::format::schema::EventInfo;
use crate::format::{Block, BlockBuilder, BlockOptions, CaptureHeader, Reader};

/// Events that are put into one block.
struct Story {
    builder: BlockBuilder,
    num: u64,
}

impl Story {
    fn new() -> Story {
        Story { builder: BlockBuilder::new(BlockOptions::default()), num: 0 }
    }

    /// An event; what `params` does not name is not known.
    fn event(
        &mut self,
        kind: EventKind,
        thread: &Arc<ThreadRow>,
        fd: Option<&Arc<FdRow>>,
        path: Option<&str>,
        params: &[(&str, Value<'_>)],
    ) {
        let info: &EventInfo = kind.info().unwrap();
        let mut values = vec![Value::Null; info.params.len()];
        for (name, value) in params {
            values[info.param(name).unwrap()] = *value;
        }
        self.num += 1;
        self.builder.push(&Event {
            num: self.num,
            ts_ns: 1000 + self.num,
            cpu: 1,
            fd,
            path: path.map(str::as_bytes),
            ..Event::bare(kind, thread, &values)
        });
    }

    fn exported(self) -> (Content, ScapExportFigures) {
        let blocks = std::iter::once(Ok(self.builder.finish()));
        let mut reader = Reader::from_blocks("story.reel", CaptureHeader::default(), blocks);
        let block: Block = reader.next_block(&mut |_| true).unwrap().unwrap().decode().unwrap();
        let mut survey = Survey::new();
        assert_eq!(survey.take_block(&block), []);
        let mut export = ScapExport::new(Vec::new(), &CaptureHeader::default(), survey).unwrap();
        assert_eq!(export.write_block(&block).unwrap(), []);
        let (figures, bytes) = export.finish().unwrap();
        let (content, damages) = read(&bytes);
        assert_eq!(damages, []);
        (content, figures)
    }
}

fn thread(tid: i64, pid: i64, ppid: i64) -> ThreadRow {
    ThreadRow { tid, pid, ppid, vtid: tid, vpid: pid, comm: text("sh"), cwd: text("/srv"), ..ThreadRow::default() }
}

fn fd(num: i64, type_char: u8, name: &str) -> Arc<FdRow> {
    Arc::new(FdRow { num, type_char, name: text(name), ..FdRow::default() })
}

fn numbers(content: &Content, tid: i64) -> Vec<i64> {
    let of_thread = content.fds.iter().filter(|(owner, _)| *owner == tid);
    of_thread.flat_map(|(_, fds)| fds.iter().map(|fd| fd.fd)).collect()
}

#[test]
fn what_was_open_before_is_in_the_list_and_what_is_opened_is_not() {
    let sh = Arc::new(thread(10, 10, 1));
    let mut story = Story::new();
    story.event(EventKind::READ, &sh, Some(&fd(3, b'f', "/a")), None, &[("fd", Value::Int(3))]);
    story.event(EventKind::OPEN, &sh, Some(&fd(4, b'f', "/b")), Some("/b"), &[("fd", Value::Int(4))]);
    story.event(EventKind::READ, &sh, Some(&fd(4, b'f', "/b")), None, &[("fd", Value::Int(4))]);
    story.event(EventKind::PIPE, &sh, Some(&fd(6, b'p', "")), None, &[("fd1", Value::Int(5)), ("fd2", Value::Int(6))]);
    story.event(EventKind::READ, &sh, Some(&fd(5, b'p', "")), None, &[("fd", Value::Int(5))]);
    let (content, figures) = story.exported();
    assert_eq!(numbers(&content, 10), [3]);
    assert_eq!((content.threads.len(), content.events.len()), (1, 5));
    assert_eq!((figures.events, figures.fds, figures.left_out, figures.renumbered), (5, 1, 0, 0));
    assert_eq!(content.events[0].head, ScapEventHead { code: EventKind::READ.0, cpu: 1, ts_ns: 1001, tid: 10 });
    assert_eq!(&*content.threads[0].cwd, b"/srv/");
}

#[test]
fn an_inherited_descriptor_is_its_first_owner_s() {
    let sh = Arc::new(thread(10, 10, 1));
    let child = Arc::new(thread(11, 11, 10));
    let mut story = Story::new();
    story.event(EventKind::CLONE, &sh, None, None, &[("res", Value::Int(11))]);
    story.event(EventKind::CLONE, &child, None, None, &[("res", Value::Int(0))]);
    story.event(EventKind::WRITE, &child, Some(&fd(7, b'p', "pipe:[1]")), None, &[("fd", Value::Int(7))]);
    let (content, _) = story.exported();
    assert_eq!(content.threads.iter().map(|thread| thread.tid).collect::<Vec<_>>(), [10]);
    assert_eq!((numbers(&content, 10), numbers(&content, 11)), (vec![7], vec![]));
}

#[test]
fn the_directory_of_a_relative_path_and_what_is_copied_are_there() {
    let sh = Arc::new(thread(10, 10, 1));
    let mut story = Story::new();
    let params = [("fd", Value::Int(4)), ("dirfd", Value::Int(3)), ("name", Value::Bytes(b"log/x"))];
    story.event(EventKind::OPENAT, &sh, Some(&fd(4, b'f', "/var/log/x")), Some("/var/log/x"), &params);
    let params = [("res", Value::Int(9)), ("oldfd", Value::Int(8)), ("newfd", Value::Int(9))];
    story.event(EventKind::DUP2, &sh, Some(&fd(9, b'f', "/tty")), None, &params);
    let (content, _) = story.exported();
    let found: Vec<_> = content.fds[0].1.iter().map(|fd| (fd.fd, fd.ty, fd.info.clone())).collect();
    assert_eq!(found[0], (3, ScapFdType::Directory, ScapFdInfo::Name(text("/var"))));
    assert_eq!((found[1].0, found[1].1), (8, ScapFdType::FileV2));
    assert_eq!(found.len(), 2);
}

#[test]
fn ancestors_and_first_threads_are_there_as_far_as_they_are_known() {
    let init = Arc::new(thread(1, 1, 0));
    let shim = Arc::new(ThreadRow { parent: Some(init), ..thread(5, 5, 1) });
    let worker = Arc::new(ThreadRow { parent: Some(shim), ..thread(21, 20, 5) });
    let unknown = Arc::new(ThreadRow { tid: 99, pid: 99, ..ThreadRow::default() });
    let mut story = Story::new();
    story.event(EventKind::CLOSE, &worker, Some(&fd(3, b'f', "/a")), None, &[("fd", Value::Int(3))]);
    story.event(EventKind::CLOSE, &unknown, None, None, &[("fd", Value::Int(3))]);
    let (content, _) = story.exported();
    let mut tids: Vec<(i64, i64)> = content.threads.iter().map(|thread| (thread.tid, thread.ptid)).collect();
    tids.sort_unstable();
    assert_eq!(tids, [(1, 0), (5, 1), (20, 5), (21, 5)]);
    assert_eq!(numbers(&content, 20), [3]);
}

#[test]
fn a_container_is_told_of_once_and_at_the_head() {
    let details =
        ContainerRow { name: text("web"), image: text("nginx:1"), runtime: text("docker"), ..Default::default() };
    let container = Container { id: text("cc69c35866a2"), ..Container::default() };
    container.details.set(details).unwrap();
    let root = Arc::new(UserRow { uid: 0, name: text("root"), home: text("/root"), shell: text("/bin/sh") });
    let host = Arc::new(ThreadRow { user: Some(root), ..thread(10, 10, 1) });
    let inside = Arc::new(ThreadRow { container: Some(Arc::new(container)), ..thread(30, 30, 1) });
    let mut story = Story::new();
    for thread in [&host, &inside, &inside] {
        story.event(EventKind::CLOSE, thread, None, None, &[("fd", Value::Int(3))]);
    }
    let (content, figures) = story.exported();
    let codes: Vec<u16> = content.events.iter().map(|event| event.head.code).collect();
    let (close, told) = (EventKind::CLOSE.0, EventKind::CONTAINER.0);
    assert_eq!(codes, [told, close, close, close]);
    let json: serde_json::Value =
        serde_json::from_slice(content.events[0].params[0].strip_suffix(b"\0").unwrap()).unwrap();
    assert_eq!((&json["container"]["name"], &json["container"]["type"]), (&"web".into(), &0.into()));
    assert_eq!((figures.container_events, figures.renumbered), (1, 3));
    assert_eq!(&*content.users[0].shell, b"/bin/sh");
}

#[test]
fn a_parent_that_ended_unseen_is_told_of() {
    let mut story = Story::new();
    for parent in [5, 5, 1, 1] {
        story.event(EventKind::CLOSE, &Arc::new(thread(10, 10, parent)), None, None, &[("fd", Value::Int(3))]);
    }
    let (content, figures) = story.exported();
    let found: Vec<(u16, i64)> = content.events.iter().map(|event| (event.head.code, event.head.tid)).collect();
    let close = EventKind::CLOSE.0;
    assert_eq!(found, [(close, 10), (close, 10), (EventKind::PROCEXIT.0, 5), (close, 10), (close, 10)]);
    assert_eq!(content.events[2].params[4], 1i64.to_le_bytes());
    assert_eq!(figures.process_ends, 1);
}
