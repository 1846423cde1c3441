//! Writes the made-up build that the benchmarks measure as a capture: the same bytes for the same number of events.
//!
//!     cargo run --example made_up_build -- EVENTS build.reel

#![allow(dead_code, clippy::print_stderr, reason = "an example says how it is used")]

#[path = "../benches/workload/mod.rs"]
mod workload;

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::process::ExitCode;

use sysreel::format::{BlockBuilder, BlockOptions, CaptureHeader, UnencodedBlock, Writer};
use workload::Workload;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(events), Some(path)) = (arguments.next().and_then(|text| text.parse().ok()), arguments.next()) else {
        eprintln!("usage: made_up_build EVENTS CAPTURE.reel");
        return Ok(ExitCode::from(2));
    };
    let header = CaptureHeader { host_name: "made-up".to_owned(), cpus: 2, ..CaptureHeader::default() };
    let mut writer = Writer::new(BufWriter::new(File::create(path)?), &header)?;
    for block in blocks(events) {
        writer.write_block(block.encode()?)?;
    }
    writer.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn blocks(events: usize) -> Vec<UnencodedBlock> {
    let mut blocks = Vec::new();
    let mut filling = BlockBuilder::new(BlockOptions::default());
    Workload::build(events).each(|event| {
        filling.push(event);
        if filling.is_full() {
            let full = std::mem::replace(&mut filling, BlockBuilder::new(BlockOptions::default()));
            blocks.push(full.finish());
        }
    });
    blocks.push(filling.finish());
    blocks
}
