//! Typed access to a raw event's parameters; a missing or mistyped one is `None`.

use crate::format::row::Value;

/// The parameters of one event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Params<'a>(pub(super) &'a [Value<'a>]);

impl<'a> Params<'a> {
    pub(super) fn int(self, at: usize) -> Option<i64> {
        match self.0.get(at) {
            Some(Value::Int(number)) => Some(*number),
            Some(Value::Null | Value::Bytes(_)) | None => None,
        }
    }

    pub(super) fn bytes(self, at: usize) -> Option<&'a [u8]> {
        match self.0.get(at) {
            Some(Value::Bytes(bytes)) => Some(bytes),
            Some(Value::Null | Value::Int(_)) | None => None,
        }
    }

    /// A number, 0 where there is none.
    pub(super) fn int_or_zero(self, at: usize) -> i64 {
        self.int(at).unwrap_or(0)
    }

    /// The lower 32 bits of a number, as flag words and ids have it.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the lower 32 bits are what is meant")]
    pub(super) fn word(self, at: usize) -> Option<u32> {
        self.int(at).map(|number| number as u32)
    }

    /// A number's bits.
    pub(super) fn bits(self, at: usize) -> Option<u64> {
        self.int(at).map(i64::cast_unsigned)
    }

    /// Whether the call returned an error (`at` is its result).
    pub(super) fn failed(self, at: usize) -> bool {
        self.int(at).is_none_or(|result| result < 0)
    }
}
