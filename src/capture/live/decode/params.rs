//! The parameters of one event while they are put together.

use std::ops::Range;

use crate::format::row::Value;

/// No kind has more parameters (execve has 31).
pub(super) const MAX_PARAMS: usize = 34;

/// No kind has more parameters whose bytes are made (execve has 6).
const MAX_MADE: usize = 8;

/// Takes an event's parameters in their order. Bytes that are not in the record as they are needed are made in a
/// buffer that all events share.
pub(super) struct Params<'r, 'm> {
    values: [Value<'r>; MAX_PARAMS],
    len: usize,
    made: &'m mut Vec<u8>,
    /// Parameters whose bytes lie in `made`, and where.
    places: [(usize, Range<usize>); MAX_MADE],
    places_len: usize,
}

impl<'r, 'm> Params<'r, 'm> {
    pub(super) fn new(made: &'m mut Vec<u8>) -> Params<'r, 'm> {
        made.clear();
        let places = [const { (0, 0..0) }; MAX_MADE];
        Params { values: [Value::Null; MAX_PARAMS], len: 0, made, places, places_len: 0 }
    }

    fn push(&mut self, value: Value<'r>) {
        if let Some(place) = self.values.get_mut(self.len) {
            *place = value;
            self.len += 1;
        }
    }

    /// An unknown value.
    pub(super) fn null(&mut self) {
        self.push(Value::Null);
    }

    /// `count` unknown values.
    pub(super) fn nulls(&mut self, count: usize) {
        (0..count).for_each(|_| self.null());
    }

    /// A signed number.
    pub(super) fn int(&mut self, value: i64) {
        self.push(Value::Int(value));
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
        self.push(text.map_or(Value::Null, Value::Bytes));
    }

    /// Data: none at all is the same as unknown, as it is in Falco's parameters.
    pub(super) fn data(&mut self, data: Option<&'r [u8]>) {
        self.text(data.filter(|data| !data.is_empty()));
    }

    /// Bytes that `make` appends to the buffer; none at all is the same as unknown.
    pub(super) fn made(&mut self, make: impl FnOnce(&mut Vec<u8>)) {
        let start = self.made.len();
        make(self.made);
        let bytes = start..self.made.len();
        if !bytes.is_empty()
            && let Some(place) = self.places.get_mut(self.places_len)
        {
            *place = (self.len, bytes);
            self.places_len += 1;
        }
        self.null();
    }

    /// Hands the values to `use_values`.
    pub(super) fn finish<R>(self, use_values: impl FnOnce(&[Value<'_>]) -> R) -> R {
        let Params { values, len, made, places, places_len } = self;
        let made: &[u8] = made;
        let mut values: [Value<'_>; MAX_PARAMS] = values;
        for (at, bytes) in places.into_iter().take(places_len) {
            if let (Some(value), Some(bytes)) = (values.get_mut(at), made.get(bytes)) {
                *value = Value::Bytes(bytes);
            }
        }
        use_values(values.get(..len).unwrap_or_default())
    }
}
