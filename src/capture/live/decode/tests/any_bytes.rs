//! Whatever the bytes: no panic, and an event as the event table says.

use proptest::prelude::*;

use super::super::super::descriptors::{CALL_LIMIT, descriptors};
use super::super::super::numbers::Arch;
use super::super::super::wire::{BlobHeader, Record, RecordHeader};
use super::super::params::{FEW_PARAMS, MAX_PARAMS};
use super::super::{Decoder, TRANSLATIONS, has_many_params};
use super::{CLOCK, SNAPLEN};
use crate::format::row::Value;
use crate::format::schema::{EVENTS, EventKind, EventSource, Physical};

/// Decodes bytes, if they are a record, and holds the event to the event table.
fn check(arch: Arch, bytes: &[u8]) -> usize {
    let Ok(record) = Record::parse(bytes) else { return 0 };
    let mut events = 0;
    Decoder::for_arch(arch, CLOCK, SNAPLEN).decode(&record, &mut |event, _| {
        let info = event.kind.info().unwrap();
        assert_eq!(event.params.len(), info.params.len(), "{}", info.name);
        for (param, value) in info.params.iter().zip(event.params) {
            let fits = match value {
                Value::Null => true,
                Value::Int(_) => param.ty.physical() == Physical::Int,
                Value::Bytes(_) => param.ty.physical() == Physical::Bytes,
            };
            assert!(fits, "{} {}: {value:?}", info.name, param.name);
        }
        events += 1;
    });
    events
}

fn blob() -> impl Strategy<Value = (u16, u16, Vec<u8>)> {
    let id = prop_oneof![0u16..6, 16u16..30];
    let bytes = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..256),
        proptest::collection::vec(prop_oneof![Just(0u8), Just(b'/'), Just(1), Just(2), Just(10)], 0..64),
    ];
    (id, 0u16..4, bytes)
}

fn args() -> impl Strategy<Value = [u64; 6]> {
    proptest::array::uniform6(prop_oneof![any::<u64>(), 0u64..64, Just(u64::MAX)])
}

fn build(record_type: u16, nr: u16, ret: i64, args: [u64; 6], blobs: &[(u16, u16, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (id, flags, bytes) in blobs {
        let len = u32::try_from(bytes.len()).unwrap();
        body.extend_from_slice(BlobHeader { id: *id, flags: *flags, len }.as_bytes());
        body.extend_from_slice(bytes);
        body.resize(body.len().next_multiple_of(8), 0);
    }
    let header = RecordHeader {
        ts_ns: u64::MAX,
        len: u32::try_from(size_of::<RecordHeader>() + body.len()).unwrap(),
        record_type,
        nblobs: u16::try_from(blobs.len()).unwrap(),
        tid: u32::MAX,
        pid: 0,
        cpu: 0,
        nr,
        seq: 0,
        ret,
        args,
    };
    [header.as_bytes(), &body].concat()
}

#[test]
fn every_call_with_an_event_of_its_own_has_a_translation() {
    for descriptor in Arch::X86_64.calls().iter().filter_map(|&(nr, _)| descriptors(Arch::X86_64)[usize::from(nr)]) {
        let translated = TRANSLATIONS[usize::from(descriptor.kind.0)].is_some();
        assert_eq!(translated, descriptor.kind != EventKind::SYSCALL, "{}", descriptor.name);
    }
}

#[test]
fn kinds_with_many_parameters_are_known() {
    for event in EVENTS {
        let is_many = event.params.len() > FEW_PARAMS;
        assert!(!is_many || has_many_params(event.kind) || event.source != EventSource::Syscall, "{}", event.name);
        assert!(event.params.len() <= MAX_PARAMS);
    }
}

#[test]
fn a_record_without_blobs_of_every_number_gives_its_event() {
    for arch in [Arch::X86_64, Arch::Aarch64] {
        for nr in 0..CALL_LIMIT as u16 {
            for ret in [0, 3, -1, i64::MIN, i64::MAX] {
                for args in [[0; 6], [u64::MAX; 6]] {
                    assert_eq!(check(arch, &build(1, nr, ret, args, &[])), 1, "{nr}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        check(Arch::X86_64, &bytes);
    }

    #[test]
    fn random_records_of_every_number_keep_to_the_event_table(
        ret in prop_oneof![Just(0i64), any::<i64>(), -200i64..200],
        args in args(),
        blobs in proptest::collection::vec(blob(), 0..8),
        record_type in 1u16..4,
    ) {
        // calls that handle several messages have an event for each
        let messages = blobs.iter().filter(|(id, ..)| *id == 1).count().min(usize::try_from(ret).unwrap_or(0)).max(1);
        for arch in [Arch::X86_64, Arch::Aarch64] {
            for nr in 0..CALL_LIMIT as u16 {
                let kind = descriptors(arch)[usize::from(nr)].map(|descriptor| descriptor.kind);
                let handles_many = matches!(kind, Some(EventKind::SENDMMSG | EventKind::RECVMMSG)) && record_type == 1;
                let expected = if handles_many { messages } else { 1 };
                prop_assert_eq!(check(arch, &build(record_type, nr, ret, args, &blobs)), expected);
            }
        }
    }
}
