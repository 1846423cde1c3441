//! Comparisons, prepared: whether a value stands to the right-hand side as the operator says.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use memchr::memmem::Finder;
use rustc_hash::FxBuildHasher;

use super::path_prefixes::PathPrefixes;
use super::text_patterns::Pattern;
use crate::replay::fields::{Access, End, FdFact, FieldValue, Whose, glob, posix_regex};
use crate::replay::rules::{FieldExpr, Literal, Modifier, Op, Test};

/// A prepared comparison. A missing value matches nothing, whatever the operator.
#[derive(Debug)]
pub struct Matcher {
    right: Right,
    /// How many of several values must match: both ends of a connection differ, every value of a list is among the
    /// choices, an ancestor has the name.
    quantity: Quantity,
}

/// How many of several values must match.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Quantity {
    One,
    /// And there must be one.
    Every,
    /// None at all will do.
    EveryIfAny,
}

/// The right-hand side, in the form in which it is fastest to compare with.
#[derive(Debug)]
enum Right {
    Exists,
    /// One of these, as text or number or address.
    OneOf(Choices),
    /// None of these (`!=`).
    NoneOf(Choices),
    /// Before, after, up to, from.
    Ordered(Op, Literal),
    Contains(Finder<'static>),
    ContainsFolding(Finder<'static>),
    StartsWith(Vec<u8>),
    EndsWith(Vec<u8>),
    Glob(Vec<u8>, bool),
    /// The value is one of these paths or below one.
    PathPrefix(PathPrefixes),
    Regex(regex::bytes::Regex),
    /// As many of these as the modifier says.
    Several(Modifier, Vec<Matcher>),
    /// The value of another field; see [`Matcher::right_field`].
    Field(Op, Box<FieldExpr>),
    /// A right-hand side that nothing can match.
    Nothing,
}

#[derive(Debug, Default)]
struct Choices {
    texts: HashSet<Vec<u8>, FxBuildHasher>,
    numbers: HashSet<i64, FxBuildHasher>,
    doubles: Vec<f64>,
    truths: Vec<bool>,
    networks: Vec<(IpAddr, u8)>,
}

impl Matcher {
    /// Prepares a test's comparison.
    pub fn new(test: &Test) -> Matcher {
        let access = test.field.single_field().map(|field| field.field.access);
        let is_either_end = matches!(
            access,
            Some(Access::Fd(
                FdFact::Ip(End::Either)
                    | FdFact::Net(End::Either)
                    | FdFact::Port(End::Either)
                    | FdFact::Proto(End::Either)
            ))
        );
        let quantity = match test.op {
            Op::Ne if is_either_end => Quantity::Every,
            Op::In | Op::Exists if test.field.is_list() => Quantity::EveryIfAny,
            _ => Quantity::One,
        };
        let right = match test.modifier {
            None => Right::new(test.op, &test.values),
            Some(_) if test.values.is_empty() => Right::Nothing,
            Some(Modifier::AnyOf) if test.op == Op::Eq => Right::new(Op::In, &test.values),
            // Of an ancestor each value may be another one's, so they are asked one by one.
            Some(Modifier::AllOf)
                if test.op == Op::Ne && !matches!(access, Some(Access::Thread(Whose::Ancestor, _))) =>
            {
                Right::new(Op::Ne, &test.values)
            }
            Some(modifier) => {
                let one = |value| Matcher { right: Right::new(test.op, std::slice::from_ref(value)), quantity };
                Right::Several(modifier, test.values.iter().map(one).collect())
            }
        };
        Matcher { right, quantity }
    }

    /// The field on the right-hand side, if there is one: then [`Matcher::holds_with`] is to be asked.
    pub fn right_field(&self) -> Option<&FieldExpr> {
        match &self.right {
            Right::Field(_, field) => Some(field),
            _ => None,
        }
    }

    /// What is asked of texts, where that can be asked together with other comparisons: one of these must fit.
    pub(super) fn patterns(&self) -> Option<Vec<Pattern<'_>>> {
        match &self.right {
            Right::OneOf(choices) => Some(choices.texts.iter().map(|text| Pattern::Whole(text)).collect()),
            Right::StartsWith(start) => Some(vec![Pattern::Start(start)]),
            Right::EndsWith(end) => Some(vec![Pattern::End(end)]),
            Right::Contains(part) => Some(vec![Pattern::Part(part.needle())]),
            Right::PathPrefix(paths) => Some(paths.plain_paths()?.map(Pattern::Path).collect()),
            Right::Several(Modifier::AnyOf, matchers) => {
                let patterns: Option<Vec<Vec<Pattern<'_>>>> = matchers.iter().map(Matcher::patterns).collect();
                Some(patterns?.concat())
            }
            Right::Exists
            | Right::NoneOf(_)
            | Right::Ordered(..)
            | Right::ContainsFolding(_)
            | Right::Glob(..)
            | Right::Regex(_)
            | Right::Several(..)
            | Right::Field(..)
            | Right::Nothing => None,
        }
    }

    /// Whether the comparison holds for every unsigned number from `least` to `most`, or for none of them; `None` if
    /// that is not certain.
    pub fn holds_between(&self, least: u64, most: u64) -> Option<bool> {
        let is_between = |choice: &i64| (least..=most).contains(&choice.cast_unsigned());
        match &self.right {
            Right::OneOf(choices) => (!choices.numbers.iter().any(is_between)).then_some(false),
            Right::NoneOf(choices) => (!choices.numbers.iter().any(is_between)).then_some(true),
            Right::Ordered(..) => {
                let holds = |number| self.right.holds(&FieldValue::UInt(number));
                (holds(least) == holds(most)).then_some(holds(least))
            }
            Right::Exists => Some(true),
            Right::Contains(_)
            | Right::ContainsFolding(_)
            | Right::StartsWith(_)
            | Right::EndsWith(_)
            | Right::Glob(..)
            | Right::PathPrefix(_)
            | Right::Regex(_)
            | Right::Several(..)
            | Right::Field(..)
            | Right::Nothing => None,
        }
    }

    /// The signed numbers for which the comparison holds, if these are all numbers between two.
    pub fn bounds(&self) -> Option<RangeInclusive<i64>> {
        let Right::Ordered(op, Literal::Int(limit)) = &self.right else { return None };
        match op {
            Op::Lt => Some(i64::MIN..=limit.checked_sub(1)?),
            Op::Le => Some(i64::MIN..=*limit),
            Op::Gt => Some(limit.checked_add(1)?..=i64::MAX),
            Op::Ge => Some(*limit..=i64::MAX),
            _ => None,
        }
    }

    /// Whether the comparison holds for a value.
    pub fn holds(&self, value: &FieldValue<'_>) -> bool {
        if let Right::Several(modifier, matchers) = &self.right {
            return holds_for_several(*modifier, matchers, |matcher| matcher.holds(value));
        }
        match value {
            FieldValue::Missing => false,
            FieldValue::List(values) => match self.quantity {
                Quantity::One => values.iter().any(|value| self.right.holds(value)),
                Quantity::Every => !values.is_empty() && values.iter().all(|value| self.right.holds(value)),
                Quantity::EveryIfAny => values.iter().all(|value| self.right.holds(value)),
            },
            value => self.right.holds(value),
        }
    }

    /// Whether the comparison holds for a text. The same as [`Matcher::holds`], without a value around it.
    pub fn holds_for_text(&self, text: &[u8]) -> bool {
        self.right.holds_for_text(text)
    }

    /// Whether the comparison holds with the value of the right-hand field.
    pub fn holds_with(&self, value: &FieldValue<'_>, right: &FieldValue<'_>) -> bool {
        let Right::Field(op, _) = &self.right else { return self.holds(value) };
        if let (FieldValue::Text(left), FieldValue::Text(right)) = (value, right)
            && let Some(holds) = compare_texts(*op, left, right)
        {
            return holds;
        }
        if value.is_missing() || right.is_missing() {
            return false;
        }
        Matcher { right: Right::new(*op, &literals_of(right)), quantity: self.quantity }.holds(value)
    }
}

/// Whether as many matchers hold as a modifier says. There is one at least.
fn holds_for_several(modifier: Modifier, matchers: &[Matcher], holds: impl Fn(&Matcher) -> bool) -> bool {
    match modifier {
        Modifier::OneOf => matchers.iter().filter(|matcher| holds(matcher)).take(2).count() == 1,
        Modifier::AnyOf => matchers.iter().any(holds),
        Modifier::AllOf => matchers.iter().all(holds),
    }
}

/// A text compared with another one; `None` for operators that need more preparation.
fn compare_texts(op: Op, left: &[u8], right: &[u8]) -> Option<bool> {
    Some(match op {
        Op::Eq | Op::In | Op::Intersects => left == right,
        Op::Ne => left != right,
        Op::Lt => left < right,
        Op::Le => left <= right,
        Op::Gt => left > right,
        Op::Ge => left >= right,
        Op::Contains | Op::BContains => memchr::memmem::find(left, right).is_some(),
        Op::IContains => memchr::memmem::find(&left.to_ascii_lowercase(), &right.to_ascii_lowercase()).is_some(),
        Op::StartsWith | Op::BStartsWith => left.starts_with(right),
        Op::EndsWith => left.ends_with(right),
        Op::Glob => glob::matches_folding(right, left, false),
        Op::IGlob => glob::matches_folding(right, left, true),
        Op::Exists => true,
        Op::Pmatch | Op::Regex => return None,
    })
}

/// A value as the right-hand side of a comparison.
fn literals_of(value: &FieldValue<'_>) -> Vec<Literal> {
    match value {
        FieldValue::Missing => Vec::new(),
        FieldValue::Int(number) => vec![Literal::Int(*number)],
        FieldValue::UInt(number) | FieldValue::Hex(number) | FieldValue::Octal(number) => {
            vec![Literal::Int(number.cast_signed())]
        }
        // Fields with printed times are texts to conditions.
        FieldValue::Time(..) => vec![Literal::Text(value.to_text().into_bytes())],
        FieldValue::Double(number) => vec![Literal::Double(*number)],
        FieldValue::Bool(truth) => vec![Literal::Bool(*truth)],
        FieldValue::Text(text) => vec![Literal::Text(text.to_vec())],
        FieldValue::Ip(address) | FieldValue::Net(address) => vec![Literal::Ip(*address)],
        FieldValue::List(values) => values.iter().flat_map(literals_of).collect(),
    }
}

impl Right {
    fn new(op: Op, values: &[Literal]) -> Right {
        if let [Literal::Field(field)] = values {
            return Right::Field(op, field.clone());
        }
        let text = || values.first().and_then(literal_text);
        match op {
            Op::Exists => Right::Exists,
            Op::Eq | Op::In | Op::Intersects => Right::OneOf(Choices::new(values)),
            Op::Ne => Right::NoneOf(Choices::new(values)),
            Op::Lt | Op::Le | Op::Gt | Op::Ge => match values.first() {
                Some(literal) => Right::Ordered(op, literal.clone()),
                None => Right::Nothing,
            },
            Op::Contains | Op::BContains => {
                text().map_or(Right::Nothing, |text| Right::Contains(Finder::new(&text).into_owned()))
            }
            Op::IContains => text().map_or(Right::Nothing, |text| {
                Right::ContainsFolding(Finder::new(&text.to_ascii_lowercase()).into_owned())
            }),
            Op::StartsWith | Op::BStartsWith => text().map_or(Right::Nothing, Right::StartsWith),
            Op::EndsWith => text().map_or(Right::Nothing, Right::EndsWith),
            Op::Glob => text().map_or(Right::Nothing, |pattern| Right::Glob(pattern, false)),
            Op::IGlob => text().map_or(Right::Nothing, |pattern| Right::Glob(pattern, true)),
            Op::Pmatch => {
                let paths: Vec<Vec<u8>> = values.iter().filter_map(literal_text).collect();
                Right::PathPrefix(PathPrefixes::new(paths.iter().map(Vec::as_slice)))
            }
            // One that the engine does not take matches nothing; a warning told so.
            Op::Regex => text()
                .and_then(|pattern| String::from_utf8(pattern).ok())
                .and_then(|pattern| posix_regex::compile(&pattern).ok())
                .map_or(Right::Nothing, Right::Regex),
        }
    }

    fn holds(&self, value: &FieldValue<'_>) -> bool {
        match (self, value) {
            (Right::Exists, _) => true,
            (Right::OneOf(choices), value) => choices.have(value),
            (Right::NoneOf(choices), value) => !choices.have(value),
            (Right::Ordered(op, literal), value) => {
                let ordering = order(value, literal);
                match op {
                    Op::Lt => ordering == Some(Ordering::Less),
                    Op::Le => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
                    Op::Gt => ordering == Some(Ordering::Greater),
                    _ => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
                }
            }
            (Right::Field(..) | Right::Nothing, _) => false,
            (Right::Several(modifier, matchers), value) => {
                holds_for_several(*modifier, matchers, |matcher| matcher.holds(value))
            }
            (right, FieldValue::Text(text)) => right.holds_for_text(text),
            (right, value) => {
                let mut text = Vec::new();
                value.write_text(&mut text);
                right.holds_for_text(&text)
            }
        }
    }

    fn holds_for_text(&self, text: &[u8]) -> bool {
        match self {
            Right::Exists => true,
            Right::OneOf(choices) => choices.texts.contains(text),
            Right::NoneOf(choices) => !choices.texts.contains(text),
            Right::Contains(finder) => finder.find(text).is_some(),
            Right::ContainsFolding(finder) => finder.find(&text.to_ascii_lowercase()).is_some(),
            Right::StartsWith(start) => text.starts_with(start),
            Right::EndsWith(end) => text.ends_with(end),
            Right::Glob(pattern, fold) => glob::matches_folding(pattern, text, *fold),
            Right::PathPrefix(prefixes) => prefixes.hold(text),
            // The engine puts U+FFFD in the place of what is no UTF-8.
            Right::Regex(regex) => regex.is_match(String::from_utf8_lossy(text).as_bytes()),
            Right::Several(modifier, matchers) => {
                holds_for_several(*modifier, matchers, |matcher| matcher.holds_for_text(text))
            }
            Right::Ordered(..) => self.holds(&FieldValue::text(text)),
            Right::Field(..) | Right::Nothing => false,
        }
    }
}

impl Choices {
    fn new(values: &[Literal]) -> Choices {
        let mut choices = Choices::default();
        for value in values {
            if let Some(text) = literal_text(value) {
                choices.texts.insert(text);
            }
            match value {
                Literal::Text(text) => choices.numbers.extend(number_in(text)),
                Literal::Int(number) => {
                    choices.numbers.insert(*number);
                }
                Literal::Double(number) => choices.doubles.push(*number),
                Literal::Bool(truth) => choices.truths.push(*truth),
                Literal::Ip(address) => {
                    choices.networks.push((*address, if address.is_ipv4() { 32 } else { 128 }));
                }
                Literal::Net(base, prefix) => choices.networks.push((*base, *prefix)),
                Literal::Field(_) => {}
            }
        }
        choices
    }

    fn have(&self, value: &FieldValue<'_>) -> bool {
        match value {
            FieldValue::Missing => false,
            FieldValue::Text(text) => self.texts.contains(text.as_ref()),
            FieldValue::Int(number) => self.numbers.contains(number),
            FieldValue::UInt(number) | FieldValue::Hex(number) | FieldValue::Octal(number) => {
                self.numbers.contains(&number.cast_signed())
            }
            FieldValue::Double(number) => {
                self.doubles.contains(number) || self.numbers.iter().any(|choice| *choice as f64 == *number)
            }
            FieldValue::Bool(truth) => self.truths.contains(truth),
            FieldValue::Ip(address) | FieldValue::Net(address) => {
                self.networks.iter().any(|(base, prefix)| in_network(*address, *base, *prefix))
            }
            FieldValue::Time(..) => self.texts.contains(value.to_text().as_bytes()),
            FieldValue::List(values) => values.iter().any(|value| self.have(value)),
        }
    }
}

/// A literal as the text that a text field is compared with.
fn literal_text(literal: &Literal) -> Option<Vec<u8>> {
    match literal {
        Literal::Text(text) => Some(text.clone()),
        Literal::Int(number) => Some(number.to_string().into_bytes()),
        Literal::Double(number) => Some(number.to_string().into_bytes()),
        Literal::Bool(truth) => Some(truth.to_string().into_bytes()),
        Literal::Ip(address) => Some(address.to_string().into_bytes()),
        Literal::Net(base, prefix) => Some(format!("{base}/{prefix}").into_bytes()),
        Literal::Field(_) => None,
    }
}

/// A number written as text: what stands on the right of a field whose type only the event tells (`evt.rawarg`).
fn number_in(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok().map(u64::cast_signed),
        None => text.parse::<i64>().ok().or_else(|| text.parse::<u64>().ok().map(u64::cast_signed)),
    }
}

fn order(value: &FieldValue<'_>, literal: &Literal) -> Option<Ordering> {
    let number = || match literal {
        Literal::Int(number) => Some(*number),
        Literal::Text(text) => number_in(text),
        Literal::Double(_) | Literal::Bool(_) | Literal::Ip(_) | Literal::Net(..) | Literal::Field(_) => None,
    };
    match value {
        FieldValue::Int(left) => Some(left.cmp(&number()?)),
        FieldValue::UInt(left) | FieldValue::Hex(left) | FieldValue::Octal(left) => {
            Some(left.cmp(&number()?.cast_unsigned()))
        }
        FieldValue::Double(left) => match literal {
            Literal::Double(right) => left.partial_cmp(right),
            _ => left.partial_cmp(&(number()? as f64)),
        },
        FieldValue::Text(left) => Some(left.as_ref().cmp(literal_text(literal)?.as_slice())),
        FieldValue::Time(_, ns) => match literal {
            Literal::Int(right) => Some(ns.cmp(&right.cast_unsigned())),
            _ => Some(value.to_text().as_bytes().cmp(literal_text(literal)?.as_slice())),
        },
        FieldValue::Missing | FieldValue::Bool(_) | FieldValue::Ip(_) | FieldValue::Net(_) | FieldValue::List(_) => {
            None
        }
    }
}

fn in_network(address: IpAddr, base: IpAddr, prefix: u8) -> bool {
    let (address, base, bits) = match (address, base) {
        (IpAddr::V4(address), IpAddr::V4(base)) => (u128::from(u32::from(address)), u128::from(u32::from(base)), 32),
        (IpAddr::V6(address), IpAddr::V6(base)) => (u128::from(address), u128::from(base), 128),
        (IpAddr::V6(address), IpAddr::V4(base)) => match address.to_ipv4_mapped() {
            Some(address) => (u128::from(u32::from(address)), u128::from(u32::from(base)), 32),
            None => return false,
        },
        (IpAddr::V4(_), IpAddr::V6(_)) => return false,
    };
    let dropped = u32::saturating_sub(bits, u32::from(prefix));
    dropped >= bits || address >> dropped == base >> dropped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::fields::lookup;
    use crate::replay::rules::{FieldArg, FieldExpr};

    fn matcher(field: &str, op: Op, values: &[Literal]) -> Matcher {
        let field = lookup(field).expect("the field exists");
        let field = FieldExpr::of(field, FieldArg::None);
        Matcher::new(&Test { field, op, modifier: None, values: values.to_vec() })
    }

    fn text(text: &str) -> Literal {
        Literal::Text(text.as_bytes().to_vec())
    }

    #[test]
    fn a_missing_value_matches_nothing() {
        for op in [Op::Eq, Op::Ne, Op::In, Op::Contains, Op::Exists, Op::Lt, Op::Pmatch, Op::Glob] {
            assert!(!matcher("proc.name", op, &[text("x")]).holds(&FieldValue::Missing), "{op:?}");
        }
    }

    #[test]
    fn either_end_of_a_connection_may_equal_and_both_must_differ() {
        let ends = FieldValue::List(vec![
            FieldValue::Ip("10.0.0.1".parse().expect("an address")),
            FieldValue::Ip("192.168.1.1".parse().expect("an address")),
        ]);
        let network = [Literal::Net("10.0.0.0".parse().expect("an address"), 8)];
        assert!(matcher("fd.ip", Op::Eq, &network).holds(&ends));
        assert!(!matcher("fd.ip", Op::Ne, &network).holds(&ends));
        let other = [Literal::Ip("1.1.1.1".parse().expect("an address"))];
        assert!(!matcher("fd.ip", Op::In, &other).holds(&ends));
        assert!(matcher("fd.ip", Op::Ne, &other).holds(&ends));
    }

    #[test]
    fn a_list_is_in_another_when_all_of_it_is_and_intersects_it_when_some_is() {
        let list = |values: &[&'static str]| {
            FieldValue::List(values.iter().map(|value| FieldValue::text(value.as_bytes())).collect())
        };
        for (values, is_in, intersects) in [
            (&["file", "ipv4"][..], true, true),
            (&["file", "pipe"], false, true),
            (&["pipe"], false, false),
            (&[], true, false),
        ] {
            let choices = [text("file"), text("ipv4")];
            let values = list(values);
            assert_eq!(matcher("fd.types", Op::In, &choices).holds(&values), is_in, "{values:?}");
            assert_eq!(matcher("fd.types", Op::Intersects, &choices).holds(&values), intersects, "{values:?}");
            assert!(matcher("fd.types", Op::Exists, &[]).holds(&values), "{values:?}");
            assert!(!matcher("fd.types", Op::In, &[]).holds(&list(&["file"])));
        }
        // Of the ancestors one will do.
        assert!(matcher("proc.aname", Op::In, &[text("init")]).holds(&list(&["sh", "init"])));
        assert!(!matcher("fd.types", Op::In, &[text("file")]).holds(&FieldValue::Missing));
    }

    #[test]
    fn numbers_compare_by_their_sign() {
        assert!(matcher("evt.rawres", Op::Lt, &[Literal::Int(0)]).holds(&FieldValue::Int(-2)));
        assert!(matcher("evt.rawtime", Op::Gt, &[Literal::Int(5)]).holds(&FieldValue::UInt(u64::MAX)));
        assert!(matcher("evt.rawarg", Op::Ge, &[text("3")]).holds(&FieldValue::Int(3)));
    }

    #[test]
    fn bounds_are_the_numbers_for_which_a_comparison_holds() {
        for limit in [i64::MIN, -1, 0, 7, i64::MAX] {
            for op in [Op::Lt, Op::Le, Op::Gt, Op::Ge] {
                let matcher = matcher("evt.rawres", op, &[Literal::Int(limit)]);
                let Some(bounds) = matcher.bounds() else { continue };
                for number in [i64::MIN, limit.saturating_sub(1), limit, limit.saturating_add(1), i64::MAX] {
                    assert_eq!(
                        bounds.contains(&number),
                        matcher.holds(&FieldValue::Int(number)),
                        "{number} {op:?} {limit}"
                    );
                }
            }
        }
        assert_eq!(matcher("evt.rawres", Op::Eq, &[Literal::Int(1)]).bounds(), None);
    }

    #[test]
    fn texts_match_by_part_and_pattern() {
        let value = FieldValue::text(b"/tmp/Evil.SO");
        for (op, right, expected) in [
            (Op::Contains, "Evil", true),
            (Op::Contains, "evil", false),
            (Op::IContains, "eVIL", true),
            (Op::StartsWith, "/tmp", true),
            (Op::EndsWith, ".SO", true),
            (Op::EndsWith, ".so", false),
            (Op::Glob, "/tmp/*", true),
            (Op::IGlob, "/TMP/e*.so", true),
            (Op::Regex, "/tmp/[A-Z].*", true),
            (Op::Regex, "tmp", false),
            (Op::Ne, "x", true),
            (Op::Lt, "/usr", true),
        ] {
            assert_eq!(matcher("fd.name", op, &[text(right)]).holds(&value), expected, "{op:?} {right}");
        }
    }
}
