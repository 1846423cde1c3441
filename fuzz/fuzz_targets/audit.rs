//! A Kubernetes audit log: read as lines and as documents, every event printed and asked the built-in rules; what is no
//! event is told, nothing more.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use sysreel::capture::audit;
use sysreel::replay::eval::evaluate_block;
use sysreel_fuzz::{BUILTIN_RULES, print_block};

fuzz_target!(|bytes: &[u8]| {
    // What is compressed is another target's matter.
    if !matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return;
    }
    assert!(audit::looks_like_audit_log(bytes));
    let mut reader = audit::open("fuzz.log", Box::new(Cursor::new(bytes.to_vec()))).expect("memory is always read");
    let mut events = 0;
    while let Some(next) = reader.next_block(&mut |_| true) {
        let Ok(raw) = next else { continue };
        let block = raw.decode().expect("a block that was never bytes is whole");
        events += block.header().rows;
        evaluate_block(&BUILTIN_RULES, &block).expect("the block is whole");
        print_block(&block).expect("the block is whole");
    }
    // The shortest event has a kind and a time.
    assert!(events as usize <= bytes.len() / 40, "{events} events of {} bytes", bytes.len());
    assert!(reader.ending().is_some(), "read to its end");
});
