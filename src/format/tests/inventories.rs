//! Inventories stand between blocks, and nobody has to read them.

use std::sync::Arc;

use super::super::frame::{FrameHead, FrameSort, HEAD_LEN, PREAMBLE_LEN};
use super::super::verify::{Verdict, verify};
use super::super::writer::Writer;
use super::small_capture;
use crate::format::row::Text;
use crate::format::scap::{ScapFd, ScapFdInfo, ScapFdType, ScapThread};
use crate::format::{BlockBuilder, BlockOptions, CaptureHeader, EncodedBlock, Inventory, Reader, UnencodedBlock};

fn inventory(tid: i64) -> Inventory {
    let pipe = ScapFd { fd: 3, ino: 9, ty: ScapFdType::Fifo, info: ScapFdInfo::Name(Text::from(*b"pipe:[9]")) };
    Inventory {
        threads: vec![ScapThread { tid, pid: tid, comm: Text::from(*b"sh"), ..ScapThread::default() }],
        fds: vec![(tid, vec![pipe])],
        ..Inventory::default()
    }
}

fn block() -> UnencodedBlock {
    BlockBuilder::new(BlockOptions::default()).finish()
}

fn encoded() -> EncodedBlock {
    block().encode().unwrap()
}

/// A capture of three blocks, with an inventory before the first and one before the last.
fn capture() -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &CaptureHeader::default()).unwrap();
    assert!(writer.write_inventory(&inventory(1), u64::MAX).unwrap());
    writer.write_block(encoded()).unwrap();
    writer.write_block(encoded()).unwrap();
    assert!(writer.write_inventory(&inventory(2), u64::MAX).unwrap());
    assert!(!writer.write_inventory(&inventory(3), 100).unwrap());
    writer.write_block(encoded()).unwrap();
    writer.finish_into().unwrap().1
}

/// The threads of the inventory that stands before each block, and how many places are damaged.
fn read(mut reader: Reader) -> (Vec<Option<i64>>, usize) {
    let (mut found, mut damaged) = (Vec::new(), 0);
    while let Some(next) = reader.next_block(&mut |_| true) {
        match next {
            Ok(_) => found.push(reader.take_inventory().map(|inventory| inventory.threads[0].tid)),
            Err(_) => damaged += 1,
        }
    }
    (found, damaged)
}

fn open(bytes: &[u8]) -> Reader {
    Reader::from_bytes("a.reel", bytes.to_vec()).unwrap()
}

#[test]
fn an_inventory_comes_with_the_block_that_it_stands_before() {
    let bytes = capture();
    assert_eq!(read(open(&bytes).keep_inventories()), (vec![Some(1), None, Some(2)], 0));
    let stream = Reader::from_stream(Box::new(std::io::Cursor::new(bytes.clone()))).unwrap();
    assert_eq!(read(stream.keep_inventories()), (vec![Some(1), None, Some(2)], 0));
    // whoever does not ask passes over them
    assert_eq!(read(open(&bytes)), (vec![None; 3], 0));
    let verification = verify(open(&bytes));
    assert_eq!((verification.verdict, verification.blocks), (Verdict::Intact, 3));
}

#[test]
fn blocks_that_were_never_bytes_come_with_theirs() {
    let made = [Some(7), None, Some(8)];
    let blocks: Vec<_> =
        made.iter().map(|tid| Ok(block().with_inventory(tid.map(|tid| Arc::new(inventory(tid)))))).collect();
    let reader = Reader::from_blocks("a.scap", CaptureHeader::default(), blocks.into_iter());
    assert_eq!(read(reader.keep_inventories()), (made.to_vec(), 0));
}

#[test]
fn an_inventory_is_for_the_first_block_after_it_that_is_wanted() {
    let mut reader = open(&capture()).keep_inventories();
    let mut passed = 0;
    let block = reader.next_block(&mut |_| {
        passed += 1;
        passed > 1
    });
    assert!(block.unwrap().is_ok());
    assert_eq!(reader.take_inventory().map(|inventory| inventory.threads[0].tid), Some(1));
    assert!(reader.take_inventory().is_none());
}

#[test]
fn a_changed_byte_of_an_inventory_costs_that_inventory_only() {
    let bytes = capture();
    let mut at = PREAMBLE_LEN;
    let start = loop {
        let head = FrameHead::parse(bytes[at..].first_chunk().unwrap()).unwrap();
        if head.sort == FrameSort::Inventory {
            break at..at + head.frame_len() as usize;
        }
        at += head.frame_len() as usize;
    };
    for at in start.start + HEAD_LEN..start.end {
        let mut changed = bytes.clone();
        changed[at] ^= 0x20;
        assert_eq!(read(open(&changed).keep_inventories()), (vec![None, None, Some(2)], 1), "{at}");
        assert_eq!(verify(open(&changed)).verdict, Verdict::Altered, "{at}");
    }
}

#[test]
fn captures_without_inventories_are_what_they_were() {
    let bytes = small_capture().finish();
    assert_eq!(read(open(&bytes).keep_inventories()), (vec![None; 3], 0));
}
