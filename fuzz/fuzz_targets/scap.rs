//! A `.scap` file: reading it ends, says the same however its bytes arrive and whether plain events are read in one look,
//! and gives events whose parameters lie in them. The first byte says whether trailers are made right first, and in which pieces the file comes.
#![no_main]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Cursor, Read};

use libfuzzer_sys::fuzz_target;
use sysreel::format::scap::{ScapEvent, ScapItem, ScapReader};
use sysreel::format::schema::codes::code_info;
use sysreel_fuzz::scap;

fuzz_target!(|bytes: &[u8]| {
    let Some((&mode, file)) = bytes.split_first() else { return };
    let mut file = file.to_vec();
    if mode & 1 == 0 {
        scap::heal(&mut file);
    }
    let piece = usize::from(mode >> 1).max(1);
    let whole = told(Box::new(Cursor::new(file.clone())), file.len(), false);
    let in_pieces = told(Box::new(Pieces { file: Cursor::new(file.clone()), piece }), file.len(), false);
    assert_eq!(whole, in_pieces);
    let in_one_look = told(Box::new(Cursor::new(file.clone())), file.len(), true);
    assert_eq!(whole, in_one_look);
});

/// What reading tells, as a number: printing it all would take most of the time.
fn told(stream: Box<dyn Read + Send>, length: usize, takes_plain_events: bool) -> Option<u64> {
    let mut reader = ScapReader::open("fuzz.scap", stream).ok()?;
    let mut told = DefaultHasher::new();
    let mut steps = 0;
    let mut last = 0;
    loop {
        let before = reader.offset();
        assert!(before >= last, "reading goes back");
        last = before;
        if takes_plain_events && let Some(event) = reader.next_plain_event() {
            tell(&event, &mut told);
            continue;
        }
        match reader.next() {
            Ok(None) => break,
            Ok(Some(ScapItem::Event(event))) => tell(&event, &mut told),
            Ok(Some(item)) => format!("{item:?}").hash(&mut told),
            Err(damage) => damage.to_string().hash(&mut told),
        }
        // every step takes some bytes; what is compressed may be up to a thousand times longer than the file
        steps += 1;
        assert!(steps <= length * 1100 + 64, "reading does not end");
    }
    Some(told.finish())
}

fn tell(event: &ScapEvent<'_>, told: &mut DefaultHasher) {
    assert!(code_info(event.code).is_some());
    let params: Vec<&[u8]> = event.params().collect();
    assert_eq!(params.len(), event.param_count());
    assert!(params.iter().map(|param| param.len()).sum::<usize>() <= 64 << 20);
    (event.code, event.cpu, event.flags, event.ts_ns, event.tid, params).hash(told);
}

/// A file that comes in pieces.
struct Pieces {
    file: Cursor<Vec<u8>>,
    piece: usize,
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let room = out.len().min(self.piece);
        self.file.read(&mut out[..room])
    }
}
