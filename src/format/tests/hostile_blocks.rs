//! Blocks whose hash is right and whose bytes are not: whoever writes a file can also write its hashes.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::block::{RawBlock, unpack_alone};
use super::super::builder::{CaptureBuilder, STORY_START_NS};
use super::super::cursor::{Cursor, put_size};
use super::super::frame::hash_of;
use super::super::header::BlockHeader;
use super::super::row::ThreadRow;
use super::super::schema::EventKind;
use super::{dump, small_capture};
use crate::format::Damage;

/// A block whose directory and page lie uncompressed, so that a changed byte reaches the decoders behind zstd.
fn small_block() -> RawBlock {
    let mut block = small_capture().reader().next_block(&mut |_| true).unwrap().unwrap();
    let mut cursor = Cursor::new(&block.body);
    let mut body = Vec::new();
    for _ in 0..2 {
        let length = cursor.size(usize::MAX, "length").unwrap();
        let stream = unpack_alone(cursor.take(length).unwrap(), 1 << 20).unwrap();
        let mut plain = Vec::new();
        put_size(&mut plain, stream.len() * 2);
        plain.extend_from_slice(&stream);
        put_size(&mut body, plain.len());
        body.extend_from_slice(&plain);
    }
    body.extend_from_slice(cursor.take(cursor.remaining()).unwrap());
    block.body = body;
    block.body_hash = hash_of(&block.body);
    block
}

#[test]
fn a_block_without_compression_reads_the_same() {
    let compressed = small_capture().reader().next_block(&mut |_| true).unwrap().unwrap();
    assert_eq!(read(small_block()), read(compressed));
}

/// Decodes and reads everything, under a hash that fits.
fn read(mut block: RawBlock) -> Result<String, Damage> {
    block.body_hash = hash_of(&block.body);
    dump(&block.decode()?)
}

#[test]
fn a_body_changed_in_any_byte_is_read_or_refused() {
    let block = small_block();
    for at in 0..block.body.len() {
        for value in [0u8, 1, 2, 3, 0x7f, 0x80, 0xff, block.body[at] ^ 1, block.body[at].wrapping_add(1)] {
            let mut changed = block.clone();
            changed.body[at] = value;
            let _ = read(changed);
        }
    }
}

#[test]
fn a_body_cut_anywhere_is_refused() {
    let block = small_block();
    for end in 0..block.body.len() {
        let mut cut = block.clone();
        cut.body.truncate(end);
        assert!(read(cut).is_err(), "cut at {end}");
    }
}

#[test]
fn tables_that_the_header_does_not_promise_are_refused() {
    let block = small_block();
    let refused = |change: &dyn Fn(&mut BlockHeader)| {
        let mut changed = block.clone();
        change(&mut changed.header);
        changed.decode().unwrap_err()
    };
    refused(&|header| header.rows += 1);
    refused(&|header| header.kinds[0].1 += 1);
    refused(&|header| header.kinds.push((EventKind(500), 0)));
    refused(&|header| header.kinds.clear());
    refused(&|header| {
        header.rows = u32::MAX;
        header.kinds = vec![(EventKind::CLOSE, u32::MAX)];
    });
}

#[test]
fn a_damage_says_where() {
    let mut block = small_block();
    block.body[5] ^= 1;
    let offset = block.offset();
    let damage = block.decode().unwrap_err();
    assert_eq!((damage.file.as_str(), damage.offset, damage.block), ("story.reel", offset, Some(0)));
}

#[test]
fn a_block_that_would_fill_the_memory_is_refused() {
    // A million rows of 40 parameters of a few bytes each: every column alone is well-formed.
    let rows = 1usize << 20;
    let mut directory = Vec::new();
    let mut columns = Vec::new();
    let mut table = |tag: usize, numbers: &[usize], column: &[u8]| {
        [tag, rows, numbers.len()].into_iter().for_each(|size| put_size(&mut directory, size));
        for number in numbers {
            put_size(&mut directory, number * 8);
            put_size(&mut directory, column.len());
            columns.extend_from_slice(column);
        }
    };
    let progression = [0, 1, 0, 2];
    table(0, &[1, 2, 3, 4], &[0, 0, 0]);
    table(16 + usize::from(EventKind::CLOSE.0), &(16..56).collect::<Vec<_>>(), &progression);
    let mut plain = Vec::new();
    put_size(&mut plain, (directory.len() + 1) * 2);
    plain.push(2);
    plain.extend_from_slice(&directory);
    let mut block = small_block();
    block.body.clear();
    put_size(&mut block.body, plain.len());
    block.body.extend_from_slice(&plain);
    block.body.extend_from_slice(&[1, 0]);
    block.body.extend_from_slice(&columns);
    block.body_hash = hash_of(&block.body);
    block.header.rows = rows as u32;
    block.header.kinds = vec![(EventKind::CLOSE, rows as u32)];
    let block = block.decode_within(64 << 20).unwrap();
    let table = block.table(EventKind::CLOSE).unwrap();
    let refused = (0..40).filter_map(|param| table.param_int(param).err()).collect::<Vec<_>>();
    assert_eq!(refused.len(), 40 - 64 / 8);
    assert!(refused[0].what.contains("inflates to more than the format allows"), "{}", refused[0]);
}

#[test]
fn columns_that_are_each_stored_after_the_other_are_refused() {
    let (read, write) = (16 + usize::from(EventKind::READ.0), 16 + usize::from(EventKind::WRITE.0));
    let data = 16 + EventKind::READ.info().unwrap().param("data").unwrap();
    let mut directory = Vec::new();
    let mut columns = Vec::new();
    let mut table = |tag: usize, rows: usize, entries: &[(usize, Vec<u8>)]| {
        [tag, rows, entries.len()].into_iter().for_each(|size| put_size(&mut directory, size));
        for (number, column) in entries {
            put_size(&mut directory, *number);
            put_size(&mut directory, column.len());
            columns.extend_from_slice(column);
        }
    };
    let after = |tag: usize| {
        let mut column = vec![3];
        [tag, data].into_iter().for_each(|size| put_size(&mut column, size));
        column.extend_from_slice(&[0, 0, 1, 0, 0, 0, 8, 2, b'x']);
        column
    };
    table(0, 2, &[(4 * 8, vec![0, 1, 0, 2])]);
    table(read, 1, &[(data * 8 + 3, after(write))]);
    table(write, 1, &[(data * 8 + 3, after(read))]);
    let mut plain = Vec::new();
    put_size(&mut plain, (directory.len() + 1) * 2);
    plain.push(3);
    plain.extend_from_slice(&directory);
    let mut block = small_block();
    block.body.clear();
    put_size(&mut block.body, plain.len());
    block.body.extend_from_slice(&plain);
    block.body.extend_from_slice(&[1, 0]);
    block.body.extend_from_slice(&columns);
    block.body_hash = hash_of(&block.body);
    block.header.rows = 2;
    block.header.kinds = vec![(EventKind::READ, 1), (EventKind::WRITE, 1)];
    let block = block.decode().unwrap();
    let refused = block.table(EventKind::READ).unwrap().param_bytes(data - 16).unwrap_err();
    assert!(refused.what.contains("derived over too many columns"), "{refused}");
}

/// A block with so many events that their times lie in groups, and the times.
fn block_of_many_times() -> (RawBlock, Vec<i64>) {
    let thread = Arc::new(ThreadRow { tid: 7, ..ThreadRow::default() });
    let mut capture = CaptureBuilder::new();
    let mut times = Vec::new();
    let mut state = 1u64;
    for at in 0..6000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let (kind, usual) = [(EventKind::CLOSE, 20), (EventKind::READ, 900)][at % 2];
        let after = 10 * (usual + (state >> 58)) + u64::from(at % 700 == 3);
        times.push(times.last().map_or(STORY_START_NS as i64, |last| *last) + after as i64);
        capture.event(kind, &thread).after_ns(after).happens();
    }
    (capture.reader().next_block(&mut |_| true).unwrap().unwrap(), times)
}

#[test]
fn times_in_groups_come_back_and_cost_little_more_than_their_noise() {
    let (block, times) = block_of_many_times();
    // six bits of noise each
    assert!(block.body.len() < 6000 * 7 / 8, "{}", block.body.len());
    assert_eq!(block.decode().unwrap().ts_ns().unwrap().values(), times);
}

#[test]
fn times_in_groups_changed_in_any_byte_are_read_or_refused() {
    let (block, _) = block_of_many_times();
    for at in (0..block.body.len()).step_by(7) {
        for value in [0, 0xff, block.body[at] ^ 1] {
            let mut changed = block.clone();
            changed.body[at] = value;
            changed.body_hash = hash_of(&changed.body);
            if let Ok(block) = changed.decode() {
                let _ = block.ts_ns();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..400), rows in 0u32..20) {
        let mut block = small_block();
        block.body = body;
        block.header.rows = rows;
        let _ = read(block);
    }

    #[test]
    fn a_body_changed_in_many_places_is_read_or_refused(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6)
    ) {
        let mut block = small_block();
        for (at, value) in changes {
            let at = at.index(block.body.len());
            block.body[at] = value;
        }
        let _ = read(block);
    }
}
