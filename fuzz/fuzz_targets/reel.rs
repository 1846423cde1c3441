//! A capture file: every block and inventory decoded, every event printed and asked the built-in rules; damage is told, nothing
//! more. The first byte says whether hashes are made right first, so that what is behind them is reached.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sysreel::format::{Block, Reader, verify};
use sysreel::replay::eval::evaluate_block;
use sysreel_fuzz::{BUILTIN_RULES, print_block, reel};

fuzz_target!(|bytes: &[u8]| {
    let Some((&mode, file)) = bytes.split_first() else { return };
    let mut file = file.to_vec();
    if mode & 1 == 0 {
        reel::heal(&mut file);
    }
    if mode & 2 == 2
        && let Ok(reader) = Reader::from_bytes("fuzz.reel", file.clone())
    {
        let _ = verify(reader);
    }
    let Ok(reader) = Reader::from_bytes("fuzz.reel", file) else { return };
    let mut reader = reader.keep_inventories();
    while let Some(next) = reader.next_block(&mut |_| true) {
        if let Ok(block) = next.and_then(|raw| raw.decode()) {
            read_all(&block);
        }
    }
    assert!(reader.ending().is_some(), "read to its end");
});

/// Reads everything; a column that cannot be read is damage.
fn read_all(block: &Block) {
    let _ = evaluate_block(&BUILTIN_RULES, block);
    let _ = print_block(block);
}
