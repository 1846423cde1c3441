//! A field as written (argument, transformers) and its value.

use std::borrow::Cow;

use crate::format::Damage;
use crate::format::schema::EventInfo;
use crate::replay::fields::{
    Argument, BlockView, EventRow, FieldValue, Purpose, Reads, field_value, field_value_of_fd, field_value_of_kind,
    field_value_of_thread,
};
use crate::replay::rules::{FieldArg, FieldExpr, Transformer};

/// The argument as extractions take it.
pub fn argument_of(expr: &FieldExpr) -> Argument<'_> {
    match &expr.arg {
        FieldArg::None => Argument::None,
        FieldArg::Index(at) => Argument::Index(*at),
        FieldArg::Key(name) => Argument::Key(name),
    }
}

/// The value of a field as written, for an event.
pub fn value_of<'b>(expr: &FieldExpr, row: &EventRow<'_, 'b>, purpose: Purpose) -> Result<FieldValue<'b>, Damage> {
    Ok(transform(expr, field_value(expr.field, argument_of(expr), row, purpose)?))
}

/// The value for a row of the thread table; for fields that depend on the thread alone.
pub(in crate::replay) fn value_of_thread<'b>(
    expr: &FieldExpr,
    view: &BlockView<'b>,
    thread: usize,
) -> Result<FieldValue<'b>, Damage> {
    let value = field_value_of_thread(expr.field, argument_of(expr), view, thread, Purpose::Test)?;
    Ok(transform(expr, value))
}

/// The value for a row of the descriptor table; for fields that depend on the descriptor alone.
pub(in crate::replay) fn value_of_fd<'b>(
    expr: &FieldExpr,
    view: &BlockView<'b>,
    fd: usize,
) -> Result<FieldValue<'b>, Damage> {
    Ok(transform(expr, field_value_of_fd(expr.field, view, fd, Purpose::Test)?))
}

/// The value for all events of a kind, where it is the same for all of them.
pub(in crate::replay) fn value_of_kind(expr: &FieldExpr, info: &'static EventInfo) -> Option<FieldValue<'static>> {
    field_value_of_kind(expr.field, argument_of(expr), info).map(|value| transform(expr, value))
}

/// What the value depends on at most.
pub(super) fn reads_of(expr: &FieldExpr) -> Reads {
    expr.field.access.reads()
}

fn transform<'b>(expr: &FieldExpr, value: FieldValue<'b>) -> FieldValue<'b> {
    expr.transformers.iter().fold(value, |value, transformer| transform_one(*transformer, value))
}

fn transform_one(transformer: Transformer, value: FieldValue<'_>) -> FieldValue<'_> {
    if let FieldValue::List(values) = value {
        return FieldValue::List(values.into_iter().map(|value| transform_one(transformer, value)).collect());
    }
    match (transformer, value) {
        (Transformer::Storage, value) => value,
        (Transformer::ToLower, FieldValue::Text(text)) => FieldValue::made(text.to_ascii_lowercase()),
        (Transformer::ToUpper, FieldValue::Text(text)) => FieldValue::made(text.to_ascii_uppercase()),
        (Transformer::Len, FieldValue::Text(text)) => FieldValue::UInt(text.len() as u64),
        (Transformer::Basename, FieldValue::Text(text)) => FieldValue::Text(basename(text)),
        (Transformer::B64, FieldValue::Text(text)) => {
            decode_base64(&text).map_or(FieldValue::Missing, FieldValue::made)
        }
        // Numbers, addresses and what is missing have no text to change.
        (
            Transformer::ToLower | Transformer::ToUpper | Transformer::Len | Transformer::Basename | Transformer::B64,
            value,
        ) => value,
    }
}

/// What stands behind the last slash.
fn basename(path: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let start = path.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
    match path {
        Cow::Borrowed(path) => Cow::Borrowed(path.get(start..).unwrap_or_default()),
        Cow::Owned(mut path) => Cow::Owned(path.split_off(start)),
    }
}

/// Bytes that standard base64 stands for; padding may be left out.
fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.strip_suffix(b"=").unwrap_or(text);
    let text = text.strip_suffix(b"=").unwrap_or(text);
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for group in text.chunks(4) {
        let mut bits = 0u32;
        for byte in group {
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        let [_, a, b, c] = (bits << (6 * (4 - group.len()))).to_be_bytes();
        match group.len() {
            4 => bytes.extend([a, b, c]),
            3 => bytes.extend([a, b]),
            2 => bytes.push(a),
            _ => return None,
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_decoded_with_and_without_padding() {
        assert_eq!(decode_base64(b"aGVsbG8="), Some(b"hello".to_vec()));
        assert_eq!(decode_base64(b"aGVsbG8"), Some(b"hello".to_vec()));
        assert_eq!(decode_base64(b"aGVsbA=="), Some(b"hell".to_vec()));
        assert_eq!(decode_base64(b""), Some(Vec::new()));
        assert_eq!(decode_base64(b"a"), None);
        assert_eq!(decode_base64(b"a*bc"), None);
    }

    #[test]
    fn a_basename_is_what_follows_the_last_slash() {
        assert_eq!(basename(Cow::Borrowed(b"/usr/bin/sh")).as_ref(), b"sh");
        assert_eq!(basename(Cow::Owned(b"sh".to_vec())).as_ref(), b"sh");
        assert_eq!(basename(Cow::Borrowed(b"/usr/bin/")).as_ref(), b"");
    }
}
