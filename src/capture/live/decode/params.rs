//! The parameters of one event while they are put together.

use std::ops::Range;

use crate::format::row::Value;

/// No kind has more parameters (execve has 31).
pub(super) const MAX_PARAMS: usize = 34;

/// A parameter: a value, or a place in the bytes made for this event.
#[derive(Clone, Copy)]
enum Slot<'r> {
    Null,
    Int(i64),
    Borrowed(&'r [u8]),
    Made { start: usize, end: usize },
}

/// Takes an event's parameters in their order. Bytes that are not in the record as they are needed are made in a
/// buffer that all events share.
pub(super) struct Params<'r, 'm> {
    slots: [Slot<'r>; MAX_PARAMS],
    len: usize,
    made: &'m mut Vec<u8>,
}

impl<'r, 'm> Params<'r, 'm> {
    pub(super) fn new(made: &'m mut Vec<u8>) -> Params<'r, 'm> {
        made.clear();
        Params { slots: [Slot::Null; MAX_PARAMS], len: 0, made }
    }

    fn push(&mut self, slot: Slot<'r>) {
        if let Some(place) = self.slots.get_mut(self.len) {
            *place = slot;
            self.len += 1;
        }
    }

    /// An unknown value.
    pub(super) fn null(&mut self) {
        self.push(Slot::Null);
    }

    /// `count` unknown values.
    pub(super) fn nulls(&mut self, count: usize) {
        (0..count).for_each(|_| self.null());
    }

    /// A signed number.
    pub(super) fn int(&mut self, value: i64) {
        self.push(Slot::Int(value));
    }

    /// An unsigned number of at most 32 bits.
    pub(super) fn u32(&mut self, value: u32) {
        self.int(i64::from(value));
    }

    /// An unsigned number, stored by its bits.
    pub(super) fn u64(&mut self, value: u64) {
        self.int(value.cast_signed());
    }

    /// An unsigned number that may be unknown.
    pub(super) fn opt_u64(&mut self, value: Option<u64>) {
        match value {
            Some(value) => self.u64(value),
            None => self.null(),
        }
    }

    /// Text; `None` if it could not be read.
    pub(super) fn text(&mut self, text: Option<&'r [u8]>) {
        self.push(text.map_or(Slot::Null, Slot::Borrowed));
    }

    /// Data: none at all is the same as unknown, as it is in Falco's parameters.
    pub(super) fn data(&mut self, data: Option<&'r [u8]>) {
        self.text(data.filter(|data| !data.is_empty()));
    }

    /// Bytes that `make` appends to the buffer; none at all is the same as unknown.
    pub(super) fn made(&mut self, make: impl FnOnce(&mut Vec<u8>)) {
        let start = self.made.len();
        make(self.made);
        let end = self.made.len();
        self.push(if end > start { Slot::Made { start, end } } else { Slot::Null });
    }

    /// Hands the values to `use_values`.
    pub(super) fn finish<R>(&self, use_values: impl FnOnce(&[Value<'_>]) -> R) -> R {
        let mut values = [Value::Null; MAX_PARAMS];
        for (value, slot) in values.iter_mut().zip(&self.slots) {
            *value = match *slot {
                Slot::Null => Value::Null,
                Slot::Int(number) => Value::Int(number),
                Slot::Borrowed(bytes) => Value::Bytes(bytes),
                Slot::Made { start, end } => self.made.get(Range { start, end }).map_or(Value::Null, Value::Bytes),
            };
        }
        use_values(values.get(..self.len).unwrap_or_default())
    }
}
