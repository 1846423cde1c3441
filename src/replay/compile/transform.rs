//! Transformers and functions, applied to values.

use std::borrow::Cow;

use crate::replay::fields::FieldValue;
use crate::replay::rules::{Call, Function, Transformer};

/// A value with a transformer applied. Of several values each is changed, and where one cannot be there is no value at
/// all; `len` counts them.
pub(super) fn transform(transformer: Transformer, value: FieldValue<'_>) -> FieldValue<'_> {
    let value = match (transformer, value) {
        (Transformer::Len, FieldValue::List(values)) => return FieldValue::UInt(values.len() as u64),
        (_, FieldValue::List(values)) => {
            let mut changed = Vec::with_capacity(values.len());
            for value in values {
                match transform(transformer, value) {
                    FieldValue::Missing => return FieldValue::Missing,
                    value => changed.push(value),
                }
            }
            return FieldValue::List(changed);
        }
        (_, value) => value,
    };
    let Some(text) = text_of(value) else { return FieldValue::Missing };
    match transformer {
        Transformer::ToLower => FieldValue::made(text.to_ascii_lowercase()),
        Transformer::ToUpper => FieldValue::made(text.to_ascii_uppercase()),
        Transformer::Len => FieldValue::UInt(text.len() as u64),
        Transformer::Basename => FieldValue::Text(basename(text)),
        Transformer::B64 => decode_base64(&text).map_or(FieldValue::Missing, FieldValue::made),
    }
}

/// The result of a function; what is missing in its arguments is missing in it.
pub(super) fn call<'b>(call: &Call, args: Vec<FieldValue<'b>>) -> FieldValue<'b> {
    let result = match call.function {
        Function::Join => join(args),
        Function::Concat => concat(args),
        Function::GetOpt => get_options(args, call.selector),
    };
    result.unwrap_or(FieldValue::Missing)
}

fn join<'b>(args: Vec<FieldValue<'b>>) -> Option<FieldValue<'b>> {
    let [separator, list]: [FieldValue<'b>; 2] = args.try_into().ok()?;
    let separator = text_of(separator)?;
    let mut joined = Vec::new();
    for (at, value) in values_of(list)?.into_iter().enumerate() {
        if at > 0 {
            joined.extend_from_slice(&separator);
        }
        joined.extend_from_slice(&text_of(value)?);
    }
    Some(FieldValue::made(joined))
}

fn concat<'b>(args: Vec<FieldValue<'b>>) -> Option<FieldValue<'b>> {
    let mut all = Vec::new();
    for arg in args {
        all.extend_from_slice(&text_of(arg)?);
    }
    Some(FieldValue::made(all))
}

/// What `getopt(3)` finds in a command's arguments: each option, and behind it the value of one that takes a value; `?`
/// for an option that is not named. Reading ends at `--` and at the first argument that is no option; long options are
/// passed over. With a selector: the value of that option (its name, if it takes none), the last if it is there twice.
fn get_options<'b>(args: Vec<FieldValue<'b>>, selector: Option<u8>) -> Option<FieldValue<'b>> {
    let [list, named]: [FieldValue<'b>; 2] = args.try_into().ok()?;
    let named = text_of(named)?;
    let words: Option<Vec<Cow<'b, [u8]>>> = values_of(list)?.into_iter().map(text_of).collect();
    let words = words?;
    let mut found: Vec<Vec<u8>> = Vec::new();
    let mut selected = None;
    let mut at = 0;
    while let Some(word) = words.get(at) {
        at += 1;
        match word.as_ref() {
            b"--" => break,
            long if long.starts_with(b"--") => continue,
            [b'-', _, ..] => {}
            _ => break,
        }
        for (place, option) in word.iter().enumerate().skip(1) {
            let Some(takes_value) = option_form(&named, *option) else {
                if selector.is_none() {
                    found.push(b"?".to_vec());
                }
                continue;
            };
            let is_wanted = selector.is_none_or(|wanted| wanted == *option);
            if !takes_value {
                if is_wanted {
                    found.push(vec![*option]);
                    selected = Some(vec![*option]);
                }
                continue;
            }
            let value = match word.get(place + 1..).filter(|rest| !rest.is_empty()) {
                Some(rest) => Some(rest.to_vec()),
                None => {
                    at += 1;
                    words.get(at - 1).map(|word| word.to_vec())
                }
            };
            if is_wanted {
                // An option that lacks its value counts as an empty text.
                if value.is_some() {
                    found.push(vec![*option]);
                }
                let value = value.unwrap_or_default();
                found.push(value.clone());
                selected = Some(value);
            }
            break;
        }
    }
    match selector {
        Some(_) => selected.map(FieldValue::made),
        None => Some(FieldValue::List(found.into_iter().map(FieldValue::made).collect())),
    }
}

/// Whether an option is among those named, and if so whether it takes a value.
fn option_form(named: &[u8], option: u8) -> Option<bool> {
    let at = named.iter().position(|name| *name == option).filter(|_| option != b':')?;
    Some(named.get(at + 1) == Some(&b':'))
}

fn values_of(value: FieldValue<'_>) -> Option<Vec<FieldValue<'_>>> {
    match value {
        FieldValue::Missing => None,
        FieldValue::List(values) => Some(values),
        value => Some(vec![value]),
    }
}

/// A value as text. Numbers and addresses become what is printed of them.
fn text_of(value: FieldValue<'_>) -> Option<Cow<'_, [u8]>> {
    match value {
        FieldValue::Missing => None,
        FieldValue::Text(text) => Some(text),
        value => {
            let mut text = Vec::new();
            value.write_text(&mut text);
            Some(Cow::Owned(text))
        }
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
