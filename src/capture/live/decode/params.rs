//! The parameters of one event while they are put together.

use crate::format::row::Value;

/// No kind has more parameters (execve has 31).
pub(super) const MAX_PARAMS: usize = 34;

/// Most kinds have no more parameters: those that do are clone, execve and quotactl, and take longer anyway.
pub(super) const FEW_PARAMS: usize = 10;

/// No kind has more parameters whose bytes are made (execve has 6).
const MAX_MADE: usize = 8;

/// A parameter whose bytes lie in the buffer, and where.
#[derive(Clone, Copy, Default)]
struct Place {
    param: usize,
    start: usize,
    end: usize,
}

/// Where the bytes lie that were made for an event.
pub(super) struct Places {
    places: [Place; MAX_MADE],
    len: usize,
}

impl Places {
    /// Puts the bytes made into their parameters' places.
    pub(super) fn fill<'m>(&self, made: &'m [u8], values: &mut [Value<'m>]) {
        for place in self.places.iter().take(self.len) {
            if let (Some(value), Some(bytes)) = (values.get_mut(place.param), made.get(place.start..place.end)) {
                *value = Value::Bytes(bytes);
            }
        }
    }
}

/// Takes an event's parameters in their order. Bytes that are not in the record as they are needed are made in a
/// buffer that all events share.
pub(super) struct Params<'r, 'm> {
    values: &'m mut [Value<'r>],
    len: usize,
    made: &'m mut Vec<u8>,
    places: Places,
}

impl<'r, 'm> Params<'r, 'm> {
    /// Parameters that go to `values`, which must be null; bytes are made in `made`.
    pub(super) fn new(values: &'m mut [Value<'r>], made: &'m mut Vec<u8>) -> Params<'r, 'm> {
        made.clear();
        let places = Places { places: [Place::default(); MAX_MADE], len: 0 };
        Params { values, len: 0, made, places }
    }

    /// How many parameters there are, and which of them are still to be filled with the bytes made.
    pub(super) fn finish(self) -> (usize, Places) {
        (self.len, self.places)
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
        let end = self.made.len();
        if end > start
            && let Some(place) = self.places.places.get_mut(self.places.len)
        {
            *place = Place { param: self.len, start, end };
            self.places.len += 1;
        }
        self.null();
    }
}
