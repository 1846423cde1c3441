//! What goes in comes out: whole blocks of random rows.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::block::{Block, BlockBuilder, BlockOptions};
use super::super::builder::{CaptureBuilder, text};
use super::super::dimension::{Dimension, FdColumn, ThreadColumn};
use super::super::header::CaptureHeader;
use super::super::reader::{Ending, Reader};
use super::super::row::{Event, FdRow, ThreadRow, Value};
use super::super::schema::{EVENTS, EventKind, Physical};
use super::super::writer::Writer;
use super::{dump, small_capture};

/// An event as the tests make them up.
#[derive(Clone, Debug)]
struct Made {
    kind: usize,
    ts_ns: u64,
    cpu: u16,
    thread: usize,
    fd: Option<usize>,
    path: Option<Vec<u8>>,
    source_path: Option<Vec<u8>>,
    seed: u64,
}

fn some_text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        Just(b"/etc/passwd".to_vec()),
        Just(b"/usr/lib/libc.so.6".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..40),
    ]
}

fn made() -> impl Strategy<Value = Made> {
    let paths = (proptest::option::of(some_text()), proptest::option::of(some_text()));
    (0usize..12, any::<u64>(), any::<u16>(), 0usize..6, proptest::option::of(0usize..6), paths, 0u64..200).prop_map(
        |(kind, ts_ns, cpu, thread, fd, (path, source_path), seed)| Made {
            kind,
            ts_ns,
            cpu,
            thread,
            fd,
            path,
            source_path,
            seed,
        },
    )
}

/// A parameter's value: mostly from a few, sometimes null, sometimes extreme, sometimes what a row says.
fn made_value(seed: u64, physical: Physical, texts: &[Vec<u8>]) -> Value<'_> {
    let pick = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    match (pick % 7, physical) {
        (0, _) => Value::Null,
        (1, Physical::Int) => Value::Int(i64::MIN + pick as i64),
        (2, Physical::Int) => Value::Int(i64::MAX - pick as i64),
        (3, Physical::Int) => Value::Int(100 + (pick % 6) as i64),
        (_, Physical::Int) => Value::Int((pick % 100) as i64 - 50),
        (_, Physical::Bytes) => texts.get(pick as usize % texts.len()).map_or(Value::Null, |text| Value::Bytes(text)),
    }
}

fn threads() -> Vec<Arc<ThreadRow>> {
    let mut rows: Vec<Arc<ThreadRow>> = Vec::new();
    for at in 0..6i64 {
        rows.push(Arc::new(ThreadRow {
            tid: 100 + at,
            pid: 100 + at / 2,
            parent: rows.get(at as usize / 2).cloned(),
            session_leader: rows.first().cloned(),
            comm: text(format!("comm{}", at % 3)),
            env: text("A=1\0B=2\0"),
            ..ThreadRow::default()
        }));
    }
    rows
}

fn fds() -> Vec<Arc<FdRow>> {
    // The last two are equal: one row.
    let row =
        |at: i64| FdRow { num: 100 + at, name: text(format!("/etc/passwd{at}")), ino: at as u64, ..FdRow::default() };
    [0, 1, 2, 3, 4, 4].into_iter().map(|at| Arc::new(row(at))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_block_of_random_rows_comes_back(events in proptest::collection::vec(made(), 0..120)) {
        let (threads, fds) = (threads(), fds());
        let texts: Vec<Vec<u8>> =
            vec![b"".to_vec(), b"/etc/passwd3".to_vec(), b"wd3".to_vec(), b"comm1".to_vec(), vec![7; 300]];
        let mut builder = BlockBuilder::new(BlockOptions::default());
        let kind_of = |made: &Made| EVENTS[made.kind * 7].kind;
        let params_of = |made: &Made| -> Vec<Value<'_>> {
            let params = kind_of(made).info().unwrap().params.iter().enumerate();
            params.map(|(at, param)| made_value(made.seed + at as u64, param.ty.physical(), &texts)).collect()
        };
        for (num, made) in (1u64..).zip(&events) {
            builder.push(&Event {
                num,
                ts_ns: made.ts_ns,
                cpu: made.cpu,
                fd: made.fd.map(|fd| &fds[fd]),
                path: made.path.as_deref(),
                source_path: made.source_path.as_deref(),
                ..Event::bare(kind_of(made), &threads[made.thread], &params_of(made))
            });
        }
        let block = through_a_file(builder);
        prop_assert_eq!(block.rows(), events.len());
        if events.is_empty() {
            return Ok(());
        }
        let times: Vec<i64> = events.iter().map(|made| made.ts_ns as i64).collect();
        prop_assert_eq!(block.ts_ns().unwrap().values(), times);
        let cpus: Vec<i64> = events.iter().map(|made| i64::from(made.cpu)).collect();
        prop_assert_eq!(block.cpu().unwrap().values(), cpus);
        let tids = block.dimension(Dimension::Thread).int(ThreadColumn::Tid as u16).unwrap();
        let names = block.dimension(Dimension::Fd).bytes(FdColumn::Name as u16).unwrap();
        prop_assert!(block.dimension(Dimension::Fd).rows() <= 5);
        for &(kind, rows) in block.kinds() {
            let table = block.table(kind).unwrap();
            let of_kind: Vec<(usize, &Made)> =
                events.iter().enumerate().filter(|(_, made)| kind_of(made) == kind).collect();
            prop_assert_eq!(of_kind.len(), rows as usize);
            for (row, (seq, made)) in of_kind.into_iter().enumerate() {
                prop_assert_eq!(table.seq().unwrap().get(row), Some(seq as i64));
                let thread = table.thread().unwrap().get(row).unwrap() as usize;
                prop_assert_eq!(tids.get(thread), Some(threads[made.thread].tid));
                let name = table.fd().unwrap().get(row).map(|fd| names.get(fd as usize).unwrap());
                prop_assert_eq!(name, made.fd.map(|fd| &fds[fd].name[..]));
                prop_assert_eq!(table.path().unwrap().get(row), made.path.as_deref());
                prop_assert_eq!(table.source_path().unwrap().get(row), made.source_path.as_deref());
                for (at, (value, param)) in params_of(made).into_iter().zip(kind.info().unwrap().params).enumerate() {
                    let read = match param.ty.physical() {
                        Physical::Int => table.param_int(at).unwrap().get(row).map_or(Value::Null, Value::Int),
                        Physical::Bytes => table.param_bytes(at).unwrap().get(row).map_or(Value::Null, Value::Bytes),
                    };
                    prop_assert_eq!(read, value);
                }
            }
        }
    }
}

fn through_a_file(builder: BlockBuilder) -> Block {
    let mut writer = Writer::new(Vec::new(), &CaptureHeader::default()).unwrap();
    writer.write_block(builder.finish().encode().unwrap()).unwrap();
    let (_, bytes) = writer.finish_into().unwrap();
    let mut reader = Reader::from_bytes("made", bytes).unwrap();
    reader.next_block(&mut |_| true).unwrap().unwrap().decode().unwrap()
}

#[test]
fn a_long_chain_of_ancestors_is_kept() {
    let mut row = Arc::new(ThreadRow { tid: 1, ..ThreadRow::default() });
    for tid in 2..3000 {
        row = Arc::new(ThreadRow { tid, parent: Some(row), ..ThreadRow::default() });
    }
    let mut capture = CaptureBuilder::new();
    capture.event(EventKind::GETEGID, &row).happens();
    let block = capture.blocks().remove(0);
    let threads = block.dimension(Dimension::Thread);
    assert_eq!(threads.rows(), 2999);
    let parents = threads.int(ThreadColumn::Parent as u16).unwrap();
    let mut at = block.table(EventKind::GETEGID).unwrap().thread().unwrap().get(0).unwrap();
    let mut steps = 0;
    while let Some(parent) = parents.get(at as usize) {
        assert!(parent < at);
        at = parent;
        steps += 1;
    }
    assert_eq!(steps, 2998);
}

#[test]
fn a_stream_gives_what_a_file_gives() {
    let bytes = small_capture().finish();
    let mut from_bytes = Reader::from_bytes("small", bytes.clone()).unwrap();
    let mut from_stream = Reader::from_stream(Box::new(std::io::Cursor::new(bytes))).unwrap();
    assert_eq!(from_bytes.header(), from_stream.header());
    loop {
        let (one, other) = (from_bytes.next_block(&mut |_| true), from_stream.next_block(&mut |_| true));
        let (Some(one), Some(other)) = (one, other) else { break };
        let (one, other) = (one.unwrap().decode().unwrap(), other.unwrap().decode().unwrap());
        assert_eq!(one.header(), other.header());
        assert_eq!(dump(&one), dump(&other));
    }
    assert_eq!(from_bytes.ending(), from_stream.ending());
    assert!(matches!(from_stream.ending(), Some(Ending::Complete(index)) if index.blocks.len() == 3));
}

#[test]
fn unwanted_blocks_are_skipped_and_counted() {
    let bytes = small_capture().finish();
    let streams: [Reader; 2] = [
        Reader::from_bytes("small", bytes.clone()).unwrap(),
        Reader::from_stream(Box::new(std::io::Cursor::new(bytes))).unwrap(),
    ];
    for mut reader in streams {
        let mut seen = 0;
        let mut second = |header: &crate::format::BlockHeader| {
            assert_eq!((header.rows, header.lost()), (13, 2));
            assert_eq!(header.containers, ["0123456789ab"]);
            seen += 1;
            seen == 2
        };
        let block = reader.next_block(&mut second).unwrap().unwrap();
        assert_eq!(block.number(), 1);
        assert!(reader.next_block(&mut second).is_none());
        assert_eq!(reader.skipped(), 2);
        assert!(matches!(reader.ending(), Some(Ending::Complete(_))));
    }
}

#[test]
fn a_block_is_found_through_the_index() {
    let mut reader = small_capture().reader();
    let index = reader.index().unwrap().unwrap();
    assert_eq!((index.events, index.lost, index.blocks.len()), (39, 6, 3));
    let last = reader.block_at(&index.blocks[2]).unwrap().decode().unwrap();
    assert_eq!(last.num().unwrap().values().last(), Some(&39));
    let first = reader.next_block(&mut |_| true).unwrap().unwrap();
    assert_eq!(first.number(), 0);
}

#[test]
fn a_file_that_still_grows_is_read_as_far_as_it_is_written() {
    let bytes = small_capture().finish();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing.reel");
    let mut reader: Option<Reader> = None;
    let mut blocks = 0;
    for end in (0..bytes.len()).step_by(97).chain([bytes.len()]) {
        std::fs::write(&path, &bytes[..end]).unwrap();
        if reader.is_none() {
            reader = Reader::open(&path).ok();
        }
        let Some(reader) = &mut reader else { continue };
        while let Some(block) = reader.next_block(&mut |_| true) {
            assert_eq!(block.unwrap().decode().unwrap().number(), blocks);
            blocks += 1;
        }
    }
    assert_eq!(blocks, 3);
    assert!(matches!(reader.unwrap().ending(), Some(Ending::Complete(_))));
}

#[test]
fn a_block_without_events_says_what_was_lost() {
    let mut capture = CaptureBuilder::new();
    capture.loss(crate::format::Loss { cpu: 3, kind: None, count: 9, first_ts_ns: 1, last_ts_ns: 2 });
    let blocks = capture.blocks();
    assert_eq!(blocks.len(), 1);
    assert_eq!(blocks[0].header().lost(), 9);
    assert_eq!(blocks[0].rows(), 0);
    assert!(dump(&blocks[0]).is_ok());
}

/// Data without any pattern: nothing but an equal makes it shorter.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..len).map(step).collect()
}

#[test]
fn data_that_is_written_after_it_was_read_is_stored_once() {
    let thread = Arc::new(ThreadRow { tid: 7, ..ThreadRow::default() });
    let calls = |kinds: &[EventKind]| {
        let mut capture = CaptureBuilder::new();
        for (kind, seed) in kinds.iter().flat_map(|kind| (0..200).map(move |seed| (*kind, seed))) {
            capture.event(kind, &thread).param("data", noise(seed, 80).as_slice()).happens();
        }
        capture
    };
    let read = calls(&[EventKind::READ]).finish().len();
    let both = calls(&[EventKind::READ, EventKind::WRITE]).finish().len();
    assert!(read > 16_000 && both < read + 4_000, "{read} {both}");

    let block = calls(&[EventKind::READ, EventKind::WRITE]).blocks().remove(0);
    let table = block.table(EventKind::WRITE).unwrap();
    let data = EventKind::WRITE.info().unwrap().param("data").unwrap();
    for (row, seed) in (0..200).enumerate() {
        assert_eq!(table.param_bytes(data).unwrap().get(row), Some(noise(seed, 80).as_slice()));
    }
}

#[test]
fn paths_are_stored_after_the_names_of_files() {
    let thread = Arc::new(ThreadRow { tid: 7, ..ThreadRow::default() });
    let name =
        |seed: u64| format!("/srv/{}", noise(seed, 30).iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let calls = |removes: bool| {
        let mut capture = CaptureBuilder::new();
        for seed in 0..200 {
            let fd = Arc::new(FdRow { num: 3, name: text(name(seed)), ..FdRow::default() });
            capture.event(EventKind::OPENAT, &thread).fd(&fd).happens();
        }
        for seed in (0..600).filter(|_| removes) {
            // A third of them was opened: too few for a list of which they are the ends.
            capture.event(EventKind::UNLINKAT, &thread).path(name(seed)).happens();
        }
        capture
    };
    let (opened, both) = (calls(false).finish().len(), calls(true).finish().len());
    assert!(both < opened + 400 * 34 + 2_000, "{opened} {both}");
    let block = calls(true).blocks().remove(0);
    let paths = block.table(EventKind::UNLINKAT).unwrap().path().unwrap();
    assert!((0..600).all(|seed| paths.get(seed) == Some(name(seed as u64).as_bytes())));
}
