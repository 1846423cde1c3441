//! Damage: reported with its place, passed over, never a panic.

use super::*;

/// What is in `part` is in `whole`, in the same order.
fn is_part(part: &[OwnedEvent], whole: &[OwnedEvent]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|event| rest.any(|other| other == event))
}

#[test]
fn a_file_cut_anywhere_gives_all_before_the_cut() {
    let bytes = small_file();
    let (whole, _) = read(&bytes);
    let mut before = 0;
    // before that there is no section header
    for length in 24..bytes.len() {
        let (content, damages) = read(&bytes[..length]);
        assert!(whole.events.starts_with(&content.events), "cut at {length}");
        assert!(whole.threads.starts_with(&content.threads) && whole.users.starts_with(&content.users));
        assert!(content.events.len() >= before, "cut at {length}");
        assert!(damages.len() <= 1, "cut at {length}: {damages:?}");
        // a cut between two blocks cannot be told from a file that ends there
        assert!(damages.len() == 1 || length % 4 == 0, "cut at {length}");
        assert!(damages.iter().all(|damage| damage.offset <= length as u64));
        before = content.events.len();
    }
    assert_eq!(before, whole.events.len() - 1);
    for length in 0..24 {
        let opened = ScapReader::open("a.scap", Box::new(Cursor::new(bytes[..length].to_vec())));
        if let Ok(mut reader) = opened {
            assert!(reader.next().is_err());
        }
    }
}

#[test]
fn a_compressed_file_cut_anywhere_gives_what_can_be_inflated() {
    let bytes = small_file();
    let (whole, _) = read(&bytes);
    let gzip = crate::format::envelope::gzip(&bytes);
    for length in 0..gzip.len() {
        if let Ok(mut reader) = ScapReader::open("a.scap.gz", Box::new(Cursor::new(gzip[..length].to_vec()))) {
            let mut damaged = false;
            let mut events = 0;
            loop {
                match reader.next() {
                    Ok(None) => break,
                    Ok(Some(ScapItem::Event(_))) => events += 1,
                    Ok(Some(_)) => {}
                    Err(_) => damaged = true,
                }
            }
            assert!(damaged, "cut at {length}");
            assert!(events <= whole.events.len());
        }
    }
}

#[test]
fn a_flipped_bit_costs_at_most_what_it_hits() {
    let bytes = small_file();
    let (whole, _) = read(&bytes);
    for at in 24 * 8..bytes.len() * 8 {
        let mut altered = bytes.clone();
        altered[at / 8] ^= 1 << (at % 8);
        let (content, _) = read(&altered);
        // one event may be altered, none of the others is
        let unaltered: Vec<_> = content.events.iter().filter(|event| whole.events.contains(event)).cloned().collect();
        assert!(unaltered.len() + 1 >= whole.events.len(), "bit {at}: {content:?}");
        assert!(is_part(&unaltered, &whole.events), "bit {at}");
        assert!(content.events.len() <= whole.events.len(), "bit {at}");
    }
}

#[test]
fn an_altered_length_is_reported_with_its_place_and_the_rest_is_read() {
    let bytes = small_file();
    let (whole, _) = read(&bytes);
    let mut places = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        places.push(at);
        at += u32::from_le_bytes(*bytes[at + 4..].first_chunk().unwrap()) as usize;
    }
    for &place in places.iter().skip(1) {
        for length in [0u32, 4, 11, 12, 16, 4096, 1 << 20, u32::MAX, u32::MAX - 3, 0x7fff_fffc] {
            let mut altered = bytes.clone();
            altered[place + 4..place + 8].copy_from_slice(&length.to_le_bytes());
            let (content, damages) = read(&altered);
            assert!(!damages.is_empty(), "block at {place}, length {length}");
            assert!(damages[0].offset >= place as u64, "block at {place}: {damages:?}");
            assert!(content.events.len() + 1 >= whole.events.len(), "block at {place}, length {length}: {damages:?}");
        }
    }
}

#[test]
fn bytes_between_blocks_are_passed_over() {
    let bytes = small_file();
    let (whole, _) = read(&bytes);
    let section = 28;
    for junk in [vec![0xff; 4], vec![0; 1000], b"junk ".repeat(40)] {
        let altered = [&bytes[..section], &junk, &bytes[section..]].concat();
        let (content, damages) = read(&altered);
        assert_eq!(content, whole);
        assert_eq!(damages.len(), 1);
        assert_eq!(damages[0].offset, section as u64);
    }
}

#[test]
fn unknown_blocks_and_codes_are_counted_and_passed_over() {
    let mut bytes = small_file();
    let (whole, _) = read(&bytes);
    for number in [0x777u32, 0x223, 0xffff_ffff] {
        bytes.extend_from_slice(&number.to_le_bytes());
        bytes.extend_from_slice(&16u32.to_le_bytes());
        bytes.extend_from_slice(b"what");
        bytes.extend_from_slice(&16u32.to_le_bytes());
    }
    let mut writer = ScapWriter::new(Vec::new()).unwrap();
    writer.write_event(ScapEventHead { code: 454, cpu: 0, ts_ns: 1, tid: 1 }, &[b"new"]).unwrap();
    bytes.extend_from_slice(&writer.finish().unwrap());
    let mut reader = ScapReader::open("a.scap", Box::new(Cursor::new(bytes))).unwrap();
    let mut events = 0;
    while let Some(item) = reader.next().unwrap() {
        events += usize::from(matches!(item, ScapItem::Event(_)));
    }
    assert_eq!((events, reader.unknown_blocks(), reader.unknown_events()), (whole.events.len(), 3, 1));
}

#[test]
fn other_files_are_refused_by_name() {
    let open =
        |bytes: &[u8]| ScapReader::open("a.scap", Box::new(Cursor::new(bytes.to_vec()))).unwrap_err().to_string();
    assert!(open(b"").contains("empty"));
    assert!(open(b"hello, world, this is no capture").contains("a.scap: not a sysreel capture"));
    let mut newer = small_file();
    newer[12] = 2;
    assert!(open(&newer).contains("version 2"));
}
