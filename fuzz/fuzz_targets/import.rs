//! A `.scap` file as a capture: importing it ends, whatever it holds; its blocks can be read, evaluated and encoded.
//! The first byte says whether trailers are made right first.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use sysreel::capture::import;
use sysreel::replay::compile::Program;
use sysreel::replay::eval::{ReplayOptions, replay};
use sysreel::replay::output::{JsonPrinter, OutputFormat};
use sysreel_fuzz::scap;

/// Fields of every sort: of the event, its parameters, threads and their ancestors, descriptors, containers, users.
const FIELDS: &str = "evt.num,evt.time,evt.args,evt.res,evt.buffer,evt.abspath,proc.name,proc.aname,proc.acmdline,\
    proc.sname,proc.pgid.name,proc.vpgid.exe,proc.ppid,proc.cwd,proc.env,proc.duration,proc.ppid.duration,\
    proc.fdopencount,proc.fdusage,proc.nthreads,proc.nchilds,proc.vmsize,proc.stdin.name,thread.tid,thread.cgroups,\
    user.name,user.loginname,group.name,fd.name,fd.types,fd.cip,fd.sport,fd.nameraw,fdlist.names,fdlist.sips,\
    fs.path.name,fs.path.source,container.id,container.name,container.mounts,container.labels,k8s.pod.name";

fuzz_target!(|bytes: &[u8]| {
    let Some((&mode, file)) = bytes.split_first() else { return };
    let mut file = file.to_vec();
    if mode & 1 == 0 {
        scap::heal(&mut file);
    }
    let open = || import::open("fuzz.scap", Box::new(Cursor::new(file.clone()))).ok();
    let Some(mut reader) = open() else { return };
    let mut last = 0;
    while let Some(block) = reader.next_block(&mut |_| true) {
        let Ok(block) = block.and_then(|block| block.decode()) else { continue };
        let numbers = block.num().expect("a block that was just made");
        assert!(numbers.values().iter().all(|&num| std::mem::replace(&mut last, num) < num), "numbers do not rise");
    }
    let program = Program::of_events(None);
    let printer = JsonPrinter { format: Some(OutputFormat::parse(FIELDS).expect("these are fields")) };
    let printed = |threads| {
        let mut out = Vec::new();
        let reader = open().expect("it was opened before");
        let options = ReplayOptions { threads, ..ReplayOptions::default() };
        replay(vec![reader], &program, &options, &printer, &mut out).expect("memory takes every write");
        out
    };
    assert!(printed(1) == printed(1), "the same file says something else the second time");
});
