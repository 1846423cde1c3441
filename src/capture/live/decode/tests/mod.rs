//! Hand-made records against the values that the reference gives for the same calls.

#![allow(clippy::unwrap_used)]

mod any_bytes;
mod descriptors;
mod files;
mod processes;
mod sockets;
mod system;

use std::fmt::Write;

use super::super::clock::ClockBase;
use super::super::numbers::Arch;
use super::super::wire::{
    BLOB_FAULT, BLOB_TRUNCATED, BlobHeader, FileFacts, Record, RecordHeader, SockFacts, Task, blob_id,
};
use super::{Decoder, Shortfalls};
use crate::capture::raw::RawEvent;
use crate::format::Shortfall;
use crate::format::row::Value;
use crate::format::schema::{ParamType, Physical, PrintFormat};

const CLOCK: ClockBase = ClockBase { offset_ns: 1_000_000, error_ns: 0, sampled_ns: 0 };
const SNAPLEN: u32 = 80;

/// Builds the bytes of a record, as the kernel side would.
pub(super) struct RecordBuilder {
    arch: Arch,
    header: RecordHeader,
    blobs: Vec<u8>,
}

/// A call of x86-64 that returned `ret`.
pub(super) fn call(name: &str, ret: i64, args: &[u64]) -> RecordBuilder {
    call_of(Arch::X86_64, name, ret, args)
}

pub(super) fn call_of(arch: Arch, name: &str, ret: i64, args: &[u64]) -> RecordBuilder {
    let nr = arch.calls().iter().find(|(_, known)| *known == name).unwrap().0;
    let mut all = [0; 6];
    all[..args.len()].copy_from_slice(args);
    let header = RecordHeader {
        ts_ns: 5,
        len: 0,
        record_type: 1,
        nblobs: 0,
        tid: 11,
        pid: 10,
        cpu: 2,
        nr,
        seq: 0,
        ret,
        args: all,
    };
    RecordBuilder { arch, header, blobs: Vec::new() }
}

/// A negative argument as the register holds it.
pub(super) fn minus(number: i64) -> u64 {
    (-number).cast_unsigned()
}

impl RecordBuilder {
    pub(super) fn record_type(mut self, record_type: u16) -> RecordBuilder {
        self.header.record_type = record_type;
        self
    }

    pub(super) fn blob(self, id: u16, bytes: &[u8]) -> RecordBuilder {
        self.marked_blob(id, 0, bytes)
    }

    pub(super) fn marked_blob(mut self, id: u16, flags: u16, bytes: &[u8]) -> RecordBuilder {
        let len = u32::try_from(bytes.len()).unwrap();
        self.blobs.extend_from_slice(BlobHeader { id, flags, len }.as_bytes());
        self.blobs.extend_from_slice(bytes);
        self.blobs.resize(self.blobs.len().next_multiple_of(8), 0);
        self.header.nblobs += 1;
        self
    }

    pub(super) fn text(self, arg: u16, text: &str) -> RecordBuilder {
        let bytes = [text.as_bytes(), b"\0"].concat();
        self.blob(arg, &bytes)
    }

    /// Numbers of 4 bytes that an argument points to.
    pub(super) fn words(self, arg: u16, words: &[u32]) -> RecordBuilder {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        self.blob(arg, &bytes)
    }

    /// Numbers of 8 bytes that an argument points to.
    pub(super) fn longs(self, arg: u16, longs: &[u64]) -> RecordBuilder {
        let bytes: Vec<u8> = longs.iter().flat_map(|long| long.to_ne_bytes()).collect();
        self.blob(arg, &bytes)
    }

    pub(super) fn file(self, file: &FileFacts) -> RecordBuilder {
        self.blob(blob_id::FILE, file.as_bytes())
    }

    pub(super) fn sock(self, sock: &SockFacts) -> RecordBuilder {
        self.blob(blob_id::SOCK, sock.as_bytes())
    }

    pub(super) fn task(self, task: &Task) -> RecordBuilder {
        self.blob(blob_id::TASK, task.as_bytes())
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let len = u32::try_from(size_of::<RecordHeader>() + self.blobs.len()).unwrap();
        let header = RecordHeader { len, ..self.header };
        [header.as_bytes(), &self.blobs].concat()
    }

    /// The events as text, a line each: its name, then each parameter's name and value.
    pub(super) fn shown(&self) -> String {
        let bytes = self.bytes();
        let mut decoder = Decoder::for_arch(self.arch, CLOCK, SNAPLEN);
        let mut shown = String::new();
        decoder.decode(&Record::parse(&bytes).unwrap(), &mut |event, _| show(event, &mut shown));
        shown
    }
}

/// What each event of a record lacks.
fn shortfalls(record: &RecordBuilder) -> Vec<Shortfalls> {
    let bytes = record.bytes();
    let mut found = Vec::new();
    let mut decoder = Decoder::for_arch(record.arch, CLOCK, SNAPLEN);
    decoder.decode(&Record::parse(&bytes).unwrap(), &mut |_, shortfalls| found.push(shortfalls));
    found
}

fn show(event: &RawEvent<'_>, shown: &mut String) {
    let info = event.kind.info().unwrap();
    assert_eq!(event.params.len(), info.params.len(), "{}", info.name);
    if !shown.is_empty() {
        shown.push('\n');
    }
    shown.push_str(info.name);
    for (param, value) in info.params.iter().zip(event.params) {
        write!(shown, " {}=", param.name).unwrap();
        match (value, param.ty.physical()) {
            (Value::Null, _) => shown.push('-'),
            (Value::Int(number), Physical::Int) => match param.format {
                PrintFormat::Hex => write!(shown, "{number:#x}").unwrap(),
                PrintFormat::Oct => write!(shown, "{number:#o}").unwrap(),
                PrintFormat::Dec | PrintFormat::Na => write!(shown, "{number}").unwrap(),
            },
            (Value::Bytes(bytes), Physical::Bytes) => match param.ty {
                ParamType::SockAddr | ParamType::SockTuple | ParamType::FdList | ParamType::Dyn => {
                    bytes.iter().for_each(|byte| write!(shown, "{byte:02x}").unwrap());
                }
                _ => write!(shown, "'{}'", bytes.escape_ascii()).unwrap(),
            },
            (value, physical) => panic!("{} {}: {value:?} is no {physical:?}", info.name, param.name),
        }
    }
}

#[test]
fn stamps_ids_and_processor_come_from_the_record() {
    let bytes = call("getpid", 10, &[]).bytes();
    let mut decoder = Decoder::for_arch(Arch::X86_64, CLOCK, SNAPLEN);
    let mut events = 0;
    decoder.decode(&Record::parse(&bytes).unwrap(), &mut |event, _| {
        assert_eq!((event.ts_ns, event.cpu, event.tid, event.pid), (1_000_005, 2, 11, 10));
        events += 1;
    });
    assert_eq!(events, 1);
}

#[test]
fn calls_without_an_event_of_their_own_are_generic() {
    assert_eq!(call("getpid", 10, &[]).shown(), "syscall ID=16 nativeID=39");
    assert_eq!(call("wait4", -10, &[]).shown(), "syscall ID=69 nativeID=61");
    assert_eq!(call_of(Arch::Aarch64, "getpid", 10, &[]).shown(), "syscall ID=16 nativeID=172");
    let mut unknown = call("getpid", 0, &[]);
    unknown.header.nr = 500;
    assert_eq!(unknown.shown(), "syscall ID=0 nativeID=500");
}

const TRUNCATED: Shortfalls = Shortfalls { truncated: true, unreadable: false };
const UNREADABLE: Shortfalls = Shortfalls { truncated: false, unreadable: true };

#[test]
fn an_event_says_what_its_parameters_lack() {
    let none = Shortfalls::default();
    let path = |flags, path: &[u8]| call("openat", 5, &[0, 1, 0]).marked_blob(1, flags, path);
    assert_eq!(shortfalls(&path(0, b"/etc\0")), [none]);
    assert_eq!(shortfalls(&path(BLOB_TRUNCATED, b"/etc")), [TRUNCATED]);
    assert_eq!(shortfalls(&path(BLOB_FAULT, b"")), [UNREADABLE]);
    let argv = |flags| call("execve", -2, &[1, 2, 3]).marked_blob(blob_id::ARGV, flags, b"a\0");
    assert_eq!(shortfalls(&argv(BLOB_TRUNCATED)), [TRUNCATED]);
    assert_eq!(shortfalls(&argv(BLOB_TRUNCATED | BLOB_FAULT)), [Shortfalls { truncated: true, unreadable: true }]);
    assert_eq!(shortfalls(&call("poll", 1, &[1, 20, 0]).marked_blob(0, BLOB_TRUNCATED, &[0; 128])), [TRUNCATED]);
    assert_eq!(TRUNCATED.iter().collect::<Vec<_>>(), [Shortfall::TruncatedArgument]);
    assert_eq!(UNREADABLE.iter().collect::<Vec<_>>(), [Shortfall::UnreadablePointer]);
}

#[test]
fn data_cut_at_the_snaplen_is_no_shortfall_and_data_that_could_not_be_read_is() {
    let write = |flags| call("write", 9, &[3, 1, 9]).marked_blob(1, flags, b"x");
    assert_eq!(shortfalls(&write(BLOB_TRUNCATED)), [Shortfalls::default()]);
    assert_eq!(shortfalls(&write(BLOB_TRUNCATED | BLOB_FAULT)), [UNREADABLE]);
    let option = call("setsockopt", 0, &[3, 9, 9, 1, 200]).marked_blob(3, BLOB_TRUNCATED, &[7; 80]);
    assert_eq!(shortfalls(&option), [Shortfalls::default()]);
}

#[test]
fn a_number_that_was_fetched_as_if_it_were_a_pointer_is_no_shortfall() {
    let none = [Shortfalls::default()];
    assert_eq!(shortfalls(&call("prctl", 0, &[4, 1]).marked_blob(1, BLOB_FAULT, b"")), none);
    let keyctl = call("keyctl", 0, &[3, 7, 8, 9]).marked_blob(1, BLOB_FAULT, b"").marked_blob(2, BLOB_FAULT, b"");
    assert_eq!(shortfalls(&keyctl), none);
    assert_eq!(shortfalls(&call("prctl", 0, &[15, 1]).marked_blob(1, BLOB_FAULT, b"")), [UNREADABLE]);
    assert_eq!(shortfalls(&call("quotactl", 0, &[0x8000_0100, 0, 0, 5]).marked_blob(3, BLOB_FAULT, b"")), none);
}
