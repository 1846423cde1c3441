//! Files that are cut, altered, spliced, or something else altogether.

use proptest::prelude::*;

use super::super::builder::CaptureBuilder;
use super::super::error::FormatError;
use super::super::frame::{FrameHead, FrameSort, HEAD_LEN, PREAMBLE_LEN, hash_of, link_of};
use super::super::reader::{Ending, Reader};
use super::super::verify::{Verdict, verify};
use super::super::writer::Writer;
use super::{dump, small_capture};
use crate::format::{Block, CaptureHeader, Damage};

/// Everything that can be read: the blocks' numbers and contents, and the damages met.
fn read_all(reader: Reader) -> (Vec<(u64, String)>, Vec<Damage>, Reader) {
    read_blocks(reader, dump)
}

/// Likewise, without contents.
fn read_numbers(reader: Reader) -> (Vec<(u64, String)>, Vec<Damage>, Reader) {
    read_blocks(reader, |_| Ok(String::new()))
}

fn read_blocks(
    mut reader: Reader,
    dump: fn(&Block) -> Result<String, Damage>,
) -> (Vec<(u64, String)>, Vec<Damage>, Reader) {
    let (mut blocks, mut damages) = (Vec::new(), Vec::new());
    while let Some(block) = reader.next_block(&mut |_| true) {
        match block.and_then(|block| block.decode()) {
            Ok(block) => match dump(&block) {
                Ok(dumped) => blocks.push((block.number(), dumped)),
                Err(damage) => damages.push(damage),
            },
            Err(damage) => damages.push(damage),
        }
        assert!(damages.len() < 1000, "reading goes on for ever");
    }
    (blocks, damages, reader)
}

fn open(bytes: &[u8]) -> Result<Reader, FormatError> {
    Reader::from_bytes("small.reel", bytes.to_vec())
}

fn stream(bytes: &[u8]) -> Result<Reader, FormatError> {
    Reader::from_stream(Box::new(std::io::Cursor::new(bytes.to_vec())))
}

/// Where the blocks' frames begin, and where the index's does.
fn frame_starts(bytes: &[u8]) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = PREAMBLE_LEN;
    while let Some(head) = bytes.get(at..).and_then(<[u8]>::first_chunk::<HEAD_LEN>) {
        let Ok(head) = FrameHead::parse(head) else { break };
        starts.push(at);
        at += head.frame_len() as usize;
    }
    starts[1..].to_vec()
}

#[test]
fn a_file_cut_at_any_byte_gives_every_whole_block() {
    let bytes = small_capture().finish();
    let whole = read_all(open(&bytes).unwrap()).0;
    assert_eq!(whole.len(), 3);
    let starts = frame_starts(&bytes);
    for end in 0..bytes.len() {
        let complete = starts[1..].iter().filter(|&&next| next <= end).count();
        for opened in [open(&bytes[..end]), stream(&bytes[..end])] {
            let reader = match opened {
                Ok(reader) => reader,
                Err(FormatError::Empty { .. }) if end == 0 => continue,
                Err(FormatError::Damaged(_)) if end < starts[0] => continue,
                Err(other) => panic!("cut at {end}: {other}"),
            };
            let (blocks, damages, reader) = read_all(reader);
            assert_eq!(blocks, whole[..complete], "cut at {end}");
            assert_eq!(damages, [], "cut at {end}");
            match reader.ending() {
                Some(Ending::NoFooter) => assert!(starts.contains(&end), "cut at {end}"),
                Some(Ending::Truncated(damage)) => assert!(damage.offset <= end as u64, "cut at {end}"),
                other => panic!("cut at {end}: {other:?}"),
            }
        }
        if let Ok(reader) = open(&bytes[..end]) {
            let verdict = verify(reader).verdict;
            assert!(matches!(verdict, Verdict::Truncated | Verdict::Unfinished), "cut at {end}: {verdict:?}");
        }
    }
}

#[test]
fn every_flipped_bit_is_noticed_and_the_other_blocks_are_read() {
    let bytes = small_capture().finish();
    let whole = read_all(open(&bytes).unwrap()).0;
    let starts = frame_starts(&bytes);
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let hit = starts.iter().take(3).filter(|&&start| start <= bit / 8).count().checked_sub(1);
        let hit = hit.filter(|_| bit / 8 < starts[3]);
        // Every byte once with all that the blocks hold; the other bits with the blocks' numbers only.
        let read = if bit % 8 == bit / 8 % 8 { read_all } else { read_numbers };
        let reader = open(&flipped).unwrap_or_else(|error| panic!("bit {bit}: {error}"));
        let (blocks, damages, reader) = read(reader);
        let expected: Vec<_> = whole.iter().filter(|(number, _)| Some(*number as usize) != hit).cloned().collect();
        assert!(blocks.iter().map(|(number, _)| number).eq(expected.iter().map(|(number, _)| number)), "bit {bit}");
        assert!(bit % 8 != bit / 8 % 8 || blocks == expected, "bit {bit}");
        let complete = matches!(reader.ending(), Some(Ending::Complete(_)));
        assert!(!damages.is_empty(), "bit {bit} goes unnoticed");
        assert!(complete || bit / 8 >= starts[3], "bit {bit}");
        let verdict = verify(open(&flipped).unwrap()).verdict;
        assert_eq!(verdict, Verdict::Altered, "bit {bit}");
    }
}

#[test]
fn a_whole_file_is_intact_and_one_without_index_is_unfinished() {
    let mut reader = small_capture().reader();
    let index = reader.index().unwrap().unwrap();
    let verification = verify(reader);
    assert_eq!((verification.verdict, verification.blocks, verification.events), (Verdict::Intact, 3, 39));
    assert_eq!(verification.chain_end, Some(index.chain_end));
    assert_eq!(verify(open(&small_capture().abandon()).unwrap()).verdict, Verdict::Unfinished);
    assert_eq!(verify(open(&CaptureBuilder::new().finish()).unwrap()).verdict, Verdict::Intact);
}

#[test]
fn blocks_taken_out_moved_or_put_in_are_a_splice() {
    let bytes = small_capture().finish();
    let starts = frame_starts(&bytes);
    let [a, b, c, end] = starts[..] else { panic!("three blocks and an index") };
    let without_second = [&bytes[..b], &bytes[c..]].concat();
    let swapped = [&bytes[..a], &bytes[b..c], &bytes[a..b], &bytes[c..]].concat();
    let doubled = [&bytes[..b], &bytes[a..]].concat();
    let mut other = CaptureBuilder::with(CaptureHeader { host_name: "elsewhere".to_owned(), ..Default::default() });
    for _ in 0..3 {
        other.loss(crate::format::Loss { cpu: 0, kind: None, count: 1, first_ts_ns: 0, last_ts_ns: 0 });
        other.end_block();
    }
    let other = other.finish();
    let others = frame_starts(&other);
    let replaced = [&bytes[..b], &other[others[1]..others[2]], &bytes[c..]].concat();
    let without_last = [&bytes[..c], &bytes[end..]].concat();
    for (name, spliced) in [
        ("without second", &without_second),
        ("swapped", &swapped),
        ("doubled", &doubled),
        ("replaced", &replaced),
        ("without last", &without_last),
    ] {
        let verification = verify(open(spliced).unwrap());
        assert_eq!(verification.verdict, Verdict::Spliced, "{name}: {:?}", verification.findings);
    }
    // Whoever only reads is told as well, and gets every block.
    let (blocks, damages, _) = read_all(open(&without_second).unwrap());
    assert_eq!(blocks.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 2]);
    assert!(damages[0].to_string().contains("1 blocks before this one are missing"), "{}", damages[0]);
}

#[test]
fn bytes_missing_inside_a_block_cost_that_block_only() {
    let bytes = small_capture().finish();
    let starts = frame_starts(&bytes);
    for cut in [1, 17, 200] {
        let gap = starts[1] + HEAD_LEN + 150;
        let short = [&bytes[..gap], &bytes[gap + cut..]].concat();
        for reader in [open(&short).unwrap(), stream(&short).unwrap()] {
            let (blocks, damages, _) = read_all(reader);
            assert_eq!(blocks.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 2], "{cut}");
            assert!(!damages.is_empty());
        }
    }
}

#[test]
fn bytes_put_in_between_blocks_are_passed_over() {
    let bytes = small_capture().finish();
    let starts = frame_starts(&bytes);
    for garbage in [vec![0; 1], vec![0xf7; 300], vec![1; 2_000_000]] {
        let longer = [&bytes[..starts[1]], &garbage[..], &bytes[starts[1]..]].concat();
        for reader in [open(&longer).unwrap(), stream(&longer).unwrap()] {
            let (blocks, damages, reader) = read_all(reader);
            assert_eq!(blocks.len(), 3);
            // The place itself, and the index that is not where its trailer says.
            assert_eq!(damages.len(), 2, "{damages:?}");
            assert_eq!(damages[0].offset, starts[1] as u64);
            assert!(matches!(reader.ending(), Some(Ending::Complete(_))));
        }
    }
}

#[test]
fn frames_of_a_sort_that_is_not_known_are_passed_over() {
    let bytes = small_capture().abandon();
    let last = *frame_starts(&bytes).last().unwrap();
    let head = FrameHead::parse(bytes[last..].first_chunk().unwrap()).unwrap();
    let note = FrameHead {
        sort: FrameSort::Other(b'N'),
        number: head.number + 1,
        record_len: 4,
        body_len: 5,
        record_hash: hash_of(b"note"),
        body_hash: hash_of(b"hello"),
        previous: link_of(&head.to_bytes()),
        ..head
    };
    let longer = [&bytes[..], &note.to_bytes(), b"note", b"hello"].concat();
    let (blocks, damages, reader) = read_all(open(&longer).unwrap());
    assert_eq!((blocks.len(), damages.len(), reader.ending()), (3, 0, Some(&Ending::NoFooter)));
    assert_eq!(verify(open(&longer).unwrap()).verdict, Verdict::Unfinished);
}

#[test]
fn what_follows_the_end_is_reported() {
    let bytes = small_capture().finish();
    let twice = [&bytes[..], &bytes[..]].concat();
    let (blocks, damages, reader) = read_all(open(&twice).unwrap());
    assert_eq!((blocks.len(), damages.len()), (3, 1));
    assert!(matches!(reader.ending(), Some(Ending::Complete(_))));
    assert_eq!(verify(open(&twice).unwrap()).verdict, Verdict::Altered);
}

#[test]
fn a_newer_version_is_named() {
    let mut bytes = small_capture().finish();
    bytes[8] = 7;
    // The first frame's head says 1 under its checksum: that is believed.
    assert!(open(&bytes).is_ok());
    let head: &[u8; HEAD_LEN] = bytes[PREAMBLE_LEN..].first_chunk().unwrap();
    let newer = FrameHead { version: 7, ..FrameHead::parse(head).unwrap() };
    bytes[PREAMBLE_LEN..PREAMBLE_LEN + HEAD_LEN].copy_from_slice(&newer.to_bytes());
    let message = open(&bytes).unwrap_err().to_string();
    assert!(message.contains("version 7") && message.contains("versions up to 1"), "{message}");
    // A version whose frames look different.
    bytes[PREAMBLE_LEN..PREAMBLE_LEN + 8].copy_from_slice(b"whatever");
    assert!(matches!(open(&bytes), Err(FormatError::NewerVersion { found: 7, .. })));
}

#[test]
fn what_is_not_a_capture_is_said_to_be_something_else() {
    let message = |bytes: &[u8]| open(bytes).unwrap_err().to_string();
    assert!(message(b"").contains("empty"));
    assert!(message(b"\x1f\x8b\x08\0\0\0").contains("gzip"));
    assert!(message(b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a").contains(".scap"));
    assert!(message(b"\x7fELF\x02\x01\x01").contains("ELF"));
    assert!(message(b"- rule: something\n").contains("text"));
    assert!(message(&[0xab; 500]).contains("not a sysreel capture"));
    let error = Reader::open(std::path::Path::new("/no/such/file.reel")).unwrap_err().to_string();
    assert!(error.starts_with("/no/such/file.reel: cannot read"), "{error}");
    assert!(Reader::open(std::path::Path::new("/")).is_err());
}

#[test]
fn a_failed_write_ends_the_capture() {
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            if taken == 0 { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    assert!(Writer::new(Full(10), &CaptureHeader::default()).is_err());
    let block = || crate::format::BlockBuilder::new(Default::default()).finish().encode().unwrap();
    let mut writer = Writer::new(Full(400), &CaptureHeader::default()).unwrap();
    assert!(matches!((0..9).find_map(|_| writer.write_block(block()).err()), Some(FormatError::Write(_))));
    assert!(matches!(writer.write_block(block()), Err(FormatError::GivenUp)));
    assert!(matches!(writer.finish(), Err(FormatError::GivenUp)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_after_a_header_are_read_to_their_end(tail in proptest::collection::vec(any::<u8>(), 0..3000)) {
        let mut bytes = CaptureBuilder::new().abandon();
        bytes.extend_from_slice(&tail);
        let (blocks, _, _) = read_all(open(&bytes).unwrap());
        prop_assert_eq!(blocks.len(), 0);
        read_all(stream(&bytes).unwrap());
    }

    #[test]
    fn any_parts_of_a_capture_in_any_order_are_read_to_their_end(
        parts in proptest::collection::vec((0usize..3000, 1usize..900), 0..8)
    ) {
        let bytes = small_capture().finish();
        let mut mixed = bytes[..frame_starts(&bytes)[0]].to_vec();
        for (start, length) in parts {
            let start = start % bytes.len();
            mixed.extend_from_slice(&bytes[start..(start + length).min(bytes.len())]);
        }
        let (from_bytes, _, _) = read_all(open(&mixed).unwrap());
        let (from_stream, _, _) = read_all(stream(&mixed).unwrap());
        prop_assert_eq!(from_bytes, from_stream);
        verify(open(&mixed).unwrap());
    }
}
