//! Values as written -> [`Literal`]s of the field's type.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::ast::{Literal, Op};
use super::diagnostic::Code;
use super::field_ref::{FieldProblem, TypedField, ValueClass};
use super::names;

/// Services that rules name most often, for the hint at their numbers.
const SERVICES: &[(&str, u16)] = &[
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("domain", 53),
    ("http", 80),
    ("ntp", 123),
    ("https", 443),
    ("mysql", 3306),
    ("postgresql", 5432),
];

/// Reads a value that `field` is compared with.
pub(super) fn read_operand(field: &TypedField, op: Op, text: &str) -> Result<Literal, FieldProblem> {
    let is_type = field.expr.plain_field().is_some_and(|field| field.field.name == "evt.type");
    if is_type && !names::is_event_name(text) {
        let near = names::nearest_event_name(text).map(|near| format!("did you mean `{near}`?"));
        let message = format!("there is no event `{text}`");
        return Err(FieldProblem { code: Code::UnknownEventType, message, help: near });
    }
    let literal = match field.class {
        ValueClass::Bytes if matches!(op, Op::BContains | Op::BStartsWith) => {
            let Some(bytes) = read_hex(text) else {
                let message = format!("`{text}` is not bytes in hexadecimal digits");
                let help = Some("write two digits for each byte: `48656c6c6f`".to_owned());
                return Err(FieldProblem { code: Code::InvalidOperand, message, help });
            };
            Some(Literal::Text(bytes))
        }
        ValueClass::Text | ValueClass::Bytes => Some(Literal::Text(text.as_bytes().to_vec())),
        ValueClass::Bool => match text {
            "true" => Some(Literal::Bool(true)),
            "false" => Some(Literal::Bool(false)),
            _ => None,
        },
        ValueClass::Int(least, most) => {
            let value = read_integer(text).map(|value| wrap_negative(value, least.into(), most.into()));
            value.filter(|value| (i128::from(least)..=i128::from(most)).contains(value)).and_then(int)
        }
        ValueClass::Unsigned => {
            match read_integer(text).map(|value| u64::try_from(wrap_negative(value, 0, u64::MAX.into()))) {
                // By its bits.
                Some(Ok(value)) => Some(Literal::Int(value.cast_signed())),
                Some(Err(_)) | None => None,
            }
        }
        ValueClass::Double => text.parse::<f64>().ok().filter(|value| value.is_finite()).map(Literal::Double),
        ValueClass::Ip => read_address(text).map(Literal::Ip),
        ValueClass::Net => read_network(text).map(|(address, length)| Literal::Net(address, length)),
        // The engine takes an empty text for port 0.
        ValueClass::Port if text.is_empty() => int(0),
        ValueClass::Port => read_integer(text).filter(|value| (0..=0xffff).contains(value)).and_then(int),
    };
    literal.ok_or_else(|| wrong_operand(&field.expr.to_string(), field.class, text))
}

/// The engine takes -1 for the largest number of a type without a sign, as C does.
fn wrap_negative(value: i128, least: i128, most: i128) -> i128 {
    if least == 0 && (-most - 1..0).contains(&value) { most + 1 + value } else { value }
}

fn int(value: i128) -> Option<Literal> {
    i64::try_from(value).ok().map(Literal::Int)
}

fn wrong_operand(name: &str, class: ValueClass, text: &str) -> FieldProblem {
    let message = match class {
        ValueClass::Int(least, most) if read_integer(text).is_some() => {
            format!("{text} is out of the range of `{name}`, {least} to {most}")
        }
        _ => format!("`{name}` is compared with {}, not `{text}`", class.describe()),
    };
    let help = match class {
        ValueClass::Port => {
            let service = SERVICES.iter().find(|(service, _)| *service == text);
            service.map(|(service, port)| format!("write {port} for {service}"))
        }
        ValueClass::Net if read_address(text).is_some() => Some(format!("write `{text}/32` for this address alone")),
        ValueClass::Net => Some("write it as `10.0.0.0/8`".to_owned()),
        ValueClass::Ip if read_network(text).is_some() => Some(
            "the fields `fd.net`, `fd.snet`, `fd.cnet`, `fd.lnet`, `fd.rnet` are compared with networks".to_owned(),
        ),
        ValueClass::Bool if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") => {
            Some(format!("write `{}`", text.to_ascii_lowercase()))
        }
        ValueClass::Text
        | ValueClass::Bytes
        | ValueClass::Bool
        | ValueClass::Int(..)
        | ValueClass::Unsigned
        | ValueClass::Double
        | ValueClass::Ip => None,
    };
    FieldProblem { code: Code::InvalidOperand, message, help }
}

/// Decimal, with a sign or not, or hexadecimal after `0x`.
fn read_integer(text: &str) -> Option<i128> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let is_hex = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        return if is_hex { i128::from_str_radix(digits, 16).ok() } else { None };
    }
    text.parse::<i128>().ok()
}

/// With a dot it is of version 4, else of version 6.
fn read_address(text: &str) -> Option<IpAddr> {
    if text.contains('.') && !text.contains(':') {
        text.parse::<Ipv4Addr>().ok().map(IpAddr::V4)
    } else {
        text.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
    }
}

fn read_network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = text.split_once('/')?;
    let address = read_address(address)?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let length =
        if length.bytes().all(|digit| digit.is_ascii_digit()) { length.parse::<u8>().ok()? } else { return None };
    (length <= most).then_some((address, length))
}

fn read_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits?;
    if digits.is_empty() || digits.len() % 2 != 0 {
        return None;
    }
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(high * 16 + low).ok(),
            _ => None,
        })
        .collect()
}
