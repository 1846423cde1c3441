//! The naive evaluator: what a condition says of one event, straight from the values of its fields.
//!
//! It knows nothing of columns, kinds, tables, folding, sharing or the order of cheap and dear, and compares with code
//! of its own. Every faster way of evaluating must find what this finds. The one thing taken from the library is how a
//! field's value is had.

use std::cmp::Ordering;
use std::net::IpAddr;

use sysreel::format::Block;
use sysreel::format::schema::EventKind;
use sysreel::replay::fields::{Argument, BlockView, CaptureFacts, EventRow, FieldValue, Purpose, field_value};
use sysreel::replay::rules::{
    Base, Call, CallArg, Expr, FieldArg, FieldExpr, FieldRef, Function, Literal, Modifier, Op, Test, Transformer,
    TypedRule,
};

/// What a rule matched. Losses of one position come before its event, in their order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum What {
    /// A loss, by its place among the block's.
    Loss(usize),
    /// The event.
    Event,
}

/// A match: position in the block, what is there, number of the rule.
pub(crate) type Found = (u32, What, usize);

/// Every match of a block, in the order of events; of one event, in the order in which rules were loaded.
pub(crate) fn all_matches(rules: &[TypedRule], block: &Block) -> Vec<Found> {
    let capture = CaptureFacts::default();
    let view = BlockView::new(block, &capture);
    let mut found = Vec::new();
    for (at, loss) in block.header().losses.iter().enumerate() {
        let event = EventRow::lost(&view, loss);
        let seq = seq_of_loss(block, loss.first_ts_ns);
        found.extend(rules_that_hold(rules, &event).map(|rule| (seq, What::Loss(at), rule)));
    }
    let mut events = Vec::new();
    for &(kind, _) in block.kinds() {
        let table = block.table(kind).unwrap();
        let places = table.seq().unwrap();
        for row in 0..table.rows() {
            let event = EventRow::new(&view, &table, row);
            let seq = u32::try_from(places.get(row).unwrap()).unwrap();
            events.extend(rules_that_hold(rules, &event).map(|rule| (seq, What::Event, rule)));
        }
    }
    found.extend(events);
    // stable, so that the rules of an event stay in their order
    found.sort_by_key(|&(seq, what, _)| (seq, what));
    found
}

/// The first match of each event.
pub(crate) fn first_matches(rules: &[TypedRule], block: &Block) -> Vec<Found> {
    first_of(all_matches(rules, block))
}

/// The first of all matches of each event of a block.
pub(crate) fn first_of(mut found: Vec<Found>) -> Vec<Found> {
    found.dedup_by_key(|&mut (seq, what, _)| (seq, what));
    found
}

/// The position of the first event that is not before the loss.
fn seq_of_loss(block: &Block, ts_ns: u64) -> u32 {
    let times = block.ts_ns().unwrap();
    let before = (0..times.len()).take_while(|&at| times.get(at).unwrap().cast_unsigned() < ts_ns).count();
    u32::try_from(before).unwrap()
}

fn rules_that_hold<'r>(rules: &'r [TypedRule], event: &'r EventRow<'_, '_>) -> impl Iterator<Item = usize> + 'r {
    let is_plugin = event.info().is_some_and(|info| info.kind == EventKind::PLUGINEVENT);
    let source = if is_plugin { "k8s_audit" } else { "syscall" };
    (0..rules.len()).filter(move |&at| {
        let rule = &rules[at];
        rule.enabled && rule.source == source && holds(&rule.condition, event)
    })
}

/// Whether a condition holds for an event.
pub(crate) fn holds(expr: &Expr, event: &EventRow<'_, '_>) -> bool {
    match expr {
        Expr::And(parts) => parts.iter().all(|part| holds(part, event)),
        Expr::Or(parts) => parts.iter().any(|part| holds(part, event)),
        Expr::Not(inner) => !holds(inner, event),
        Expr::Test(test) => {
            let mut values =
                |field: &FieldRef| Some(field_value(field.field, argument_of(field), event, Purpose::Test).unwrap());
            test_holds(test, &mut values).unwrap()
        }
    }
}

/// Where values of fields come from; `None` if it is not known there.
type Values<'s, 'b> = &'s mut dyn FnMut(&FieldRef) -> Option<FieldValue<'b>>;

fn test_holds<'b>(test: &Test, values: Values<'_, 'b>) -> Option<bool> {
    let left = value_of(&test.field, values)?;
    let mut choices: Vec<Vec<Literal>> = Vec::new();
    for value in &test.values {
        choices.push(match value {
            Literal::Field(field) => match value_of(field, values)? {
                FieldValue::Missing => return Some(false),
                value => literals(&value),
            },
            literal => vec![literal.clone()],
        });
    }
    if left == FieldValue::Missing {
        return Some(false);
    }
    let holds = |choices: &[Literal]| compare(test, &left, choices);
    Some(match test.modifier {
        None => holds(&choices.concat()),
        Some(_) if choices.is_empty() => false,
        Some(Modifier::OneOf) => choices.iter().filter(|choice| holds(choice)).count() == 1,
        Some(Modifier::AnyOf) => choices.iter().any(|choice| holds(choice)),
        Some(Modifier::AllOf) => choices.iter().all(|choice| holds(choice)),
    })
}

/// A value as what stands on the right.
fn literals(value: &FieldValue<'_>) -> Vec<Literal> {
    match value {
        FieldValue::Missing => Vec::new(),
        FieldValue::Int(number) => vec![Literal::Int(*number)],
        FieldValue::UInt(number) | FieldValue::Hex(number) | FieldValue::Octal(number) => {
            vec![Literal::Int(number.cast_signed())]
        }
        FieldValue::Double(number) => vec![Literal::Double(*number)],
        FieldValue::Bool(truth) => vec![Literal::Bool(*truth)],
        FieldValue::Text(text) => vec![Literal::Text(text.to_vec())],
        FieldValue::Time(..) => vec![Literal::Text(value.to_text().into_bytes())],
        FieldValue::Ip(address) | FieldValue::Net(address) => vec![Literal::Ip(*address)],
        FieldValue::List(values) => values.iter().flat_map(literals).collect(),
    }
}

/// Of either end of a connection one must be equal, and both must differ; of a list all must be `in`, and one must
/// intersect; of all ancestors any will do.
fn compare(test: &Test, left: &FieldValue<'_>, right: &[Literal]) -> bool {
    let FieldValue::List(values) = left else { return compare_one(test.op, left, right) };
    let one = |value: &FieldValue<'_>| compare_one(test.op, value, right);
    let field = test.field.single_field().map_or("", |field| field.field.name);
    if test.op == Op::Ne && ["fd.ip", "fd.net", "fd.port", "fd.proto"].contains(&field) {
        !values.is_empty() && values.iter().all(one)
    } else if test.op == Op::In && test.field.is_list() {
        values.iter().all(one)
    } else {
        values.iter().any(one)
    }
}

fn compare_one(op: Op, left: &FieldValue<'_>, right: &[Literal]) -> bool {
    let with_text = |holds: &dyn Fn(&[u8], &[u8]) -> bool| {
        right.first().is_some_and(|right| holds(&text_of_value(left), &text_of_literal(right)))
    };
    let ordered =
        |holds: &dyn Fn(Ordering) -> bool| right.first().and_then(|right| order(left, right)).is_some_and(holds);
    match op {
        Op::Exists => true,
        Op::Eq | Op::In | Op::Intersects => right.iter().any(|right| equal(left, right)),
        Op::Ne => !right.iter().any(|right| equal(left, right)),
        Op::Lt => ordered(&|order| order == Ordering::Less),
        Op::Le => ordered(&|order| order != Ordering::Greater),
        Op::Gt => ordered(&|order| order == Ordering::Greater),
        Op::Ge => ordered(&|order| order != Ordering::Less),
        Op::Contains | Op::BContains => with_text(&contains),
        Op::IContains => with_text(&|left, right| contains(&left.to_ascii_lowercase(), &right.to_ascii_lowercase())),
        Op::StartsWith | Op::BStartsWith => with_text(&|left, right| left.starts_with(right)),
        Op::EndsWith => with_text(&|left, right| left.ends_with(right)),
        Op::Glob => with_text(&|left, right| fits(right, left)),
        Op::IGlob => with_text(&|left, right| fits(&right.to_ascii_lowercase(), &left.to_ascii_lowercase())),
        Op::Regex => with_text(&|left, right| {
            let pattern = String::from_utf8(right.to_vec()).unwrap();
            regex::bytes::Regex::new(&format!("^(?:{pattern})$"))
                .unwrap()
                .is_match(String::from_utf8_lossy(left).as_bytes())
        }),
        Op::Pmatch => right.iter().any(|right| is_below(&text_of_value(left), &text_of_literal(right))),
    }
}

fn equal(left: &FieldValue<'_>, right: &Literal) -> bool {
    match (left, right) {
        (FieldValue::Ip(address) | FieldValue::Net(address), Literal::Ip(other)) => in_network(*address, *other, 128),
        (FieldValue::Ip(address) | FieldValue::Net(address), Literal::Net(base, bits)) => {
            in_network(*address, *base, *bits)
        }
        (FieldValue::Bool(left), Literal::Bool(right)) => left == right,
        (FieldValue::Ip(_) | FieldValue::Net(_) | FieldValue::Bool(_), _) => false,
        (FieldValue::Text(_) | FieldValue::Time(..), _) => text_of_value(left) == text_of_literal(right),
        _ => order(left, right) == Some(Ordering::Equal),
    }
}

fn order(left: &FieldValue<'_>, right: &Literal) -> Option<Ordering> {
    match left {
        FieldValue::Int(left) => Some(left.cmp(&number(right)?)),
        // unsigned numbers are told by their bits
        FieldValue::UInt(left) | FieldValue::Hex(left) | FieldValue::Octal(left) => {
            Some(left.cmp(&number(right)?.cast_unsigned()))
        }
        FieldValue::Double(left) => match right {
            Literal::Double(right) => left.partial_cmp(right),
            right => left.partial_cmp(&(number(right)? as f64)),
        },
        FieldValue::Text(_) | FieldValue::Time(..) => Some(text_of_value(left).cmp(&text_of_literal(right))),
        FieldValue::Missing | FieldValue::Bool(_) | FieldValue::Ip(_) | FieldValue::Net(_) | FieldValue::List(_) => {
            None
        }
    }
}

/// A number on the right. (Of `evt.rawarg` only the event tells whether it is one.)
fn number(literal: &Literal) -> Option<i64> {
    let text = match literal {
        Literal::Int(number) => return Some(*number),
        Literal::Text(text) => std::str::from_utf8(text).ok()?,
        Literal::Double(_) | Literal::Bool(_) | Literal::Ip(_) | Literal::Net(..) | Literal::Field(_) => return None,
    };
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u64::from_str_radix(digits, 16).ok().map(u64::cast_signed);
    }
    text.parse::<i64>().ok().or_else(|| text.parse::<u64>().ok().map(u64::cast_signed))
}

fn text_of_value(value: &FieldValue<'_>) -> Vec<u8> {
    match value {
        FieldValue::Text(text) => text.to_vec(),
        value => value.to_text().into_bytes(),
    }
}

fn text_of_literal(literal: &Literal) -> Vec<u8> {
    match literal {
        Literal::Text(text) => text.clone(),
        Literal::Int(number) => number.to_string().into_bytes(),
        Literal::Double(number) => number.to_string().into_bytes(),
        Literal::Bool(truth) => truth.to_string().into_bytes(),
        Literal::Ip(address) => address.to_string().into_bytes(),
        Literal::Net(base, bits) => format!("{base}/{bits}").into_bytes(),
        Literal::Field(_) => unreachable!("fields were looked up"),
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    (0..=text.len()).any(|at| text[at..].starts_with(part))
}

/// Component by component: `/usr` holds itself and `/usr/bin`, and not `/usrx`; slashes at the ends and doubled ones do
/// not count; a component of the prefix may be a shell pattern.
fn is_below(path: &[u8], prefix: &[u8]) -> bool {
    let components = |path: &[u8]| -> Vec<Vec<u8>> {
        path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).map(<[u8]>::to_vec).collect()
    };
    let (path, prefix) = (components(path), components(prefix));
    let has_pattern = prefix.iter().any(|part| part.iter().any(|byte| b"*?[".contains(byte)));
    let same =
        |part: &Vec<u8>, component: &Vec<u8>| if has_pattern { fits(part, component) } else { part == component };
    path.len() >= prefix.len() && prefix.iter().zip(&path).all(|(part, component)| same(part, component))
}

/// Shell patterns, by trying every way.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], _) => text.is_empty(),
        ([b'*', rest @ ..], _) => (0..=text.len()).any(|at| fits(rest, &text[at..])),
        (_, []) => false,
        ([b'?', rest @ ..], [_, text @ ..]) => fits(rest, text),
        ([b'\\', wanted, rest @ ..], [byte, text @ ..]) => wanted == byte && fits(rest, text),
        ([wanted, rest @ ..], [byte, text @ ..]) => wanted == byte && fits(rest, text),
    }
}

fn in_network(address: IpAddr, base: IpAddr, bits: u8) -> bool {
    let mapped = match (address, base) {
        (IpAddr::V6(address), IpAddr::V4(_)) => address.to_ipv4_mapped().map(IpAddr::V4),
        (address, _) => Some(address),
    };
    let (address, base): (Vec<u8>, Vec<u8>) = match (mapped, base) {
        (Some(IpAddr::V4(address)), IpAddr::V4(base)) => (address.octets().to_vec(), base.octets().to_vec()),
        (Some(IpAddr::V6(address)), IpAddr::V6(base)) => (address.octets().to_vec(), base.octets().to_vec()),
        (None | Some(IpAddr::V4(_) | IpAddr::V6(_)), _) => return false,
    };
    let bit = |bytes: &[u8], at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
    (0..usize::from(bits).min(address.len() * 8)).all(|at| bit(&address, at) == bit(&base, at))
}

fn argument_of(field: &FieldRef) -> Argument<'_> {
    match &field.arg {
        FieldArg::None => Argument::None,
        FieldArg::Index(at) => Argument::Index(*at),
        FieldArg::Key(name) => Argument::Key(name),
    }
}

fn value_of<'b>(expr: &FieldExpr, values: Values<'_, 'b>) -> Option<FieldValue<'b>> {
    let mut value = match &expr.base {
        Base::Field(field) => values(field)?,
        Base::Call(call) => {
            let args: Option<Vec<_>> = call.args.iter().map(|arg| value_of_argument(arg, values)).collect();
            call_value(call, &args?).unwrap_or(FieldValue::Missing)
        }
    };
    for transformer in &expr.transformers {
        value = transformed(*transformer, value);
    }
    Some(value)
}

fn value_of_argument<'b>(arg: &CallArg, values: Values<'_, 'b>) -> Option<FieldValue<'b>> {
    Some(match arg {
        CallArg::Value(expr) => value_of(expr, values)?,
        CallArg::Text(text) => FieldValue::made(text.clone().into_bytes()),
        CallArg::List(parts) => {
            let mut all = Vec::new();
            for part in parts {
                match value_of_argument(part, values)? {
                    FieldValue::List(several) => all.extend(several),
                    value => all.push(value),
                }
            }
            if all.contains(&FieldValue::Missing) { FieldValue::Missing } else { FieldValue::List(all) }
        }
    })
}

/// Every value of a list is changed; if one cannot be there is none.
fn transformed(transformer: Transformer, value: FieldValue<'_>) -> FieldValue<'_> {
    let text = match value {
        FieldValue::Missing => return FieldValue::Missing,
        FieldValue::List(values) if transformer == Transformer::Len => return FieldValue::UInt(values.len() as u64),
        FieldValue::List(values) => {
            let changed: Vec<_> = values.into_iter().map(|value| transformed(transformer, value)).collect();
            return if changed.contains(&FieldValue::Missing) {
                FieldValue::Missing
            } else {
                FieldValue::List(changed)
            };
        }
        value => text_of_value(&value),
    };
    match transformer {
        Transformer::ToLower => FieldValue::made(text.to_ascii_lowercase()),
        Transformer::ToUpper => FieldValue::made(text.to_ascii_uppercase()),
        Transformer::Len => FieldValue::UInt(text.len() as u64),
        Transformer::Basename => FieldValue::made(text.rsplit(|byte| *byte == b'/').next().unwrap().to_vec()),
        Transformer::B64 => unbase64(&text).map_or(FieldValue::Missing, FieldValue::made),
    }
}

/// Base64 bit by bit.
fn unbase64(text: &[u8]) -> Option<Vec<u8>> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let padding = text.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
    let text = &text[..text.len() - padding];
    if text.len() % 4 == 1 {
        return None;
    }
    let mut bits = Vec::new();
    for byte in text {
        let value = LETTERS.iter().position(|letter| letter == byte)?;
        bits.extend((0..6).rev().map(|bit| value >> bit & 1 == 1));
    }
    Some(bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |value, bit| value << 1 | u8::from(*bit))).collect())
}

fn texts_of(value: &FieldValue<'_>) -> Option<Vec<Vec<u8>>> {
    match value {
        FieldValue::Missing => None,
        FieldValue::List(values) => values.iter().map(|value| texts_of(value).map(|texts| texts.concat())).collect(),
        value => Some(vec![text_of_value(value)]),
    }
}

fn call_value(call: &Call, args: &[FieldValue<'_>]) -> Option<FieldValue<'static>> {
    let args: Vec<Vec<Vec<u8>>> = args.iter().map(texts_of).collect::<Option<_>>()?;
    match call.function {
        Function::Concat => Some(FieldValue::made(args.concat().concat())),
        Function::Join => Some(FieldValue::made(args[1].join(&args[0].concat()[..]))),
        Function::GetOpt => options(&args[0], &args[1].concat(), call.selector),
    }
}

/// As `getopt(3)`, with long options passed over: options with their values, or the last value of one of them.
fn options(words: &[Vec<u8>], named: &[u8], selector: Option<u8>) -> Option<FieldValue<'static>> {
    let mut found: Vec<(u8, Option<Vec<u8>>, bool)> = Vec::new();
    let mut words = words.iter().map(Vec::as_slice);
    while let Some(word) = words.next() {
        if word == b"--" || word.len() < 2 || word[0] != b'-' {
            break;
        }
        if word.starts_with(b"--") {
            continue;
        }
        let mut letters = &word[1..];
        while let [letter, rest @ ..] = letters {
            letters = rest;
            let place = named.iter().position(|name| name == letter && *letter != b':');
            match place.map(|at| named.get(at + 1) == Some(&b':')) {
                None => found.push((b'?', None, false)),
                Some(false) => found.push((*letter, None, false)),
                Some(true) => {
                    let value = if rest.is_empty() { words.next() } else { Some(rest) };
                    found.push((*letter, value.map(<[u8]>::to_vec), true));
                    letters = &[];
                }
            }
        }
    }
    if let Some(wanted) = selector {
        let last = found.into_iter().rfind(|(letter, ..)| *letter == wanted && wanted != b'?')?;
        let (letter, value, takes_value) = last;
        return Some(FieldValue::made(if takes_value { value.unwrap_or_default() } else { vec![letter] }));
    }
    let mut all = Vec::new();
    for (letter, value, takes_value) in found {
        if value.is_some() || !takes_value {
            all.push(FieldValue::made(vec![letter]));
        }
        if takes_value {
            all.push(FieldValue::made(value.unwrap_or_default()));
        }
    }
    Some(FieldValue::List(all))
}
