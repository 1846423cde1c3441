//! A capture's events with their parameters as the file has them.

use std::collections::BTreeMap;
use std::path::Path;

use sysreel::format::Reader;
use sysreel::format::dimension::{Dimension, ThreadColumn};
use sysreel::format::schema::{EventKind, Physical};

/// A parameter's value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Value {
    Null,
    Int(i64),
    Bytes(Vec<u8>),
}

/// An event.
#[derive(Debug)]
pub(super) struct Recorded {
    num: i64,
    pub(super) kind: EventKind,
    pub(super) params: Vec<Value>,
}

impl Recorded {
    pub(super) fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// A parameter that is a number.
    pub(super) fn int(&self, param: usize) -> Option<i64> {
        match self.params.get(param) {
            Some(Value::Int(number)) => Some(*number),
            _ => None,
        }
    }
}

/// The events of each thread, in order.
pub(super) fn read_capture(file: &str) -> BTreeMap<i64, Vec<Recorded>> {
    let mut reader = Reader::open(Path::new(file)).unwrap();
    let mut threads: BTreeMap<i64, Vec<Recorded>> = BTreeMap::new();
    while let Some(block) = reader.next_block(&mut |_| true) {
        let block = block.unwrap().decode().unwrap();
        let tids = block.dimension(Dimension::Thread);
        let tids = tids.int(ThreadColumn::Tid as u16).unwrap();
        let numbers = block.num().unwrap();
        let place = |value: Option<i64>| usize::try_from(value.unwrap()).unwrap();
        for &(kind, _) in block.kinds() {
            let table = block.table(kind).unwrap();
            let info = kind.info().unwrap();
            for row in 0..table.rows() {
                let params = info.params.iter().enumerate().map(|(at, param)| match param.ty.physical() {
                    Physical::Int => table.param_int(at).unwrap().get(row).map_or(Value::Null, Value::Int),
                    Physical::Bytes => {
                        let bytes = table.param_bytes(at).unwrap();
                        bytes.get(row).map_or(Value::Null, |bytes| Value::Bytes(bytes.to_vec()))
                    }
                });
                let num = numbers.get(place(table.seq().unwrap().get(row))).unwrap();
                let tid = tids.get(place(table.thread().unwrap().get(row))).unwrap();
                threads.entry(tid).or_default().push(Recorded { num, kind, params: params.collect() });
            }
        }
    }
    for events in threads.values_mut() {
        events.sort_by_key(|event| event.num);
    }
    threads
}
