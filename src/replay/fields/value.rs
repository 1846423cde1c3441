//! A field's value, and how it is written as text and as JSON.

use std::borrow::Cow;
use std::io::Write as _;
use std::net::IpAddr;

use super::access::TimeStyle;
use super::clock;

/// The value of a field for one event.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue<'a> {
    /// Not there: `<NA>` in text, null in JSON. No comparison with it holds.
    Missing,
    /// A number.
    Int(i64),
    /// A number that is not negative.
    UInt(u64),
    /// A number that is printed in hexadecimal.
    Hex(u64),
    /// A number that is printed in octal.
    Octal(u64),
    /// A number with a fraction.
    Double(f64),
    /// True or false.
    Bool(bool),
    /// Text. It need not be UTF-8.
    Text(Cow<'a, [u8]>),
    /// An address.
    Ip(IpAddr),
    /// An address whose network is asked for.
    Net(IpAddr),
    /// A time in nanoseconds since the epoch, to be printed in a style.
    Time(TimeStyle, u64),
    /// Several values.
    List(Vec<FieldValue<'a>>),
}

impl<'a> FieldValue<'a> {
    /// Text that is borrowed.
    pub fn text(bytes: &'a [u8]) -> FieldValue<'a> {
        FieldValue::Text(Cow::Borrowed(bytes))
    }

    /// Text that is made.
    pub fn made(bytes: Vec<u8>) -> FieldValue<'a> {
        FieldValue::Text(Cow::Owned(bytes))
    }

    /// A number, or nothing.
    pub fn int(value: Option<i64>) -> FieldValue<'a> {
        value.map_or(FieldValue::Missing, FieldValue::Int)
    }

    /// An unsigned number kept by its bits, or nothing.
    pub fn uint(value: Option<i64>) -> FieldValue<'a> {
        value.map_or(FieldValue::Missing, |bits| FieldValue::UInt(bits.cast_unsigned()))
    }

    /// Whether there is no value.
    pub fn is_missing(&self) -> bool {
        matches!(self, FieldValue::Missing)
    }

    /// Appends the value as text: `<NA>` when missing. Bytes that are not UTF-8, and control characters, become
    /// U+FFFD each, as Falco prints them; so a value never breaks the line it stands in.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        match self {
            FieldValue::Missing => out.extend_from_slice(b"<NA>"),
            FieldValue::Int(number) => write_signed(*number, out),
            FieldValue::UInt(number) => write_unsigned(*number, out),
            FieldValue::Hex(number) => write_number(out, format_args!("{number:X}")),
            FieldValue::Octal(0) => out.push(b'0'),
            FieldValue::Octal(number) => write_number(out, format_args!("0{number:o}")),
            FieldValue::Double(number) => write_number(out, format_args!("{number}")),
            FieldValue::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            FieldValue::Text(bytes) => write_printable(bytes, out),
            FieldValue::Ip(address) => write_number(out, format_args!("{address}")),
            FieldValue::Net(_) => out.extend_from_slice(b"<IPNET>"),
            FieldValue::Time(style, ts_ns) => clock::write_time(*style, *ts_ns, out),
            FieldValue::List(values) => {
                out.push(b'(');
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    value.write_text(out);
                }
                out.push(b')');
            }
        }
    }

    /// Appends the value as JSON: numbers and truth values as such, times as nanoseconds, the rest as text.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            FieldValue::Missing => out.extend_from_slice(b"null"),
            FieldValue::Int(_) | FieldValue::UInt(_) | FieldValue::Bool(_) => self.write_text(out),
            FieldValue::Double(number) if number.is_finite() => write_number(out, format_args!("{number:?}")),
            FieldValue::Double(_) => out.extend_from_slice(b"null"),
            FieldValue::Time(_, ts_ns) => write_number(out, format_args!("{ts_ns}")),
            FieldValue::Hex(_) | FieldValue::Octal(_) | FieldValue::Ip(_) | FieldValue::Net(_) => {
                out.push(b'"');
                self.write_text(out);
                out.push(b'"');
            }
            FieldValue::Text(bytes) => write_json_text(bytes, out),
            FieldValue::List(values) => {
                out.push(b'[');
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    value.write_json(out);
                }
                out.push(b']');
            }
        }
    }

    /// The value as text, `<NA>` when missing.
    pub fn to_text(&self) -> String {
        let mut out = Vec::new();
        self.write_text(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// Appends a number in decimal digits.
pub(super) fn write_unsigned(number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut left = number;
    let mut at = digits.len();
    while let Some(before) = at.checked_sub(1) {
        at = before;
        if let Some(digit) = digits.get_mut(at) {
            *digit = b'0' + u8::try_from(left % 10).unwrap_or_default();
        }
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(at..).unwrap_or_default());
}

/// Appends a number in decimal digits, with a sign when it is negative.
pub(super) fn write_signed(number: i64, out: &mut Vec<u8>) {
    if number < 0 {
        out.push(b'-');
    }
    write_unsigned(number.unsigned_abs(), out);
}

fn write_number(out: &mut Vec<u8>, number: std::fmt::Arguments<'_>) {
    out.write_fmt(number).expect("writing to a Vec cannot fail");
}

/// The character that stands for one that cannot be shown.
const REPLACEMENT: &[u8] = "\u{FFFD}".as_bytes();

/// Appends bytes as printable UTF-8.
pub fn write_printable(bytes: &[u8], out: &mut Vec<u8>) {
    if bytes.iter().all(|byte| (0x20..0x7F).contains(byte)) {
        out.extend_from_slice(bytes);
        return;
    }
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() {
                out.extend_from_slice(REPLACEMENT);
            } else {
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        if !chunk.invalid().is_empty() {
            out.extend_from_slice(REPLACEMENT);
        }
    }
}

/// Appends bytes as a JSON string of printable text.
pub fn write_json_text(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    if bytes.iter().all(|byte| (0x20..0x7F).contains(byte) && !matches!(byte, b'"' | b'\\')) {
        out.extend_from_slice(bytes);
    } else {
        let start = out.len();
        write_printable(bytes, out);
        let text = out.split_off(start);
        for byte in text {
            if matches!(byte, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(byte);
        }
    }
    out.push(b'"');
}
