//! JSON texts: against `serde_json`, and what only this reader does.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::Value;

use super::{JsonError, JsonKind, JsonValue, MAX_DEPTH};

fn parse(text: &str) -> Result<JsonValue<'_>, JsonError> {
    JsonValue::parse(text.as_bytes())
}

/// The tree of a value, made by walking it.
fn tree(value: JsonValue<'_>) -> Value {
    match value.kind() {
        JsonKind::Object => {
            let member = |(name, value): (&[u8], JsonValue<'_>)| {
                let name = [b"\"", name, b"\""].concat();
                (serde_json::from_slice(&name).unwrap(), tree(value))
            };
            Value::Object(value.members().map(member).collect())
        }
        JsonKind::Array => Value::Array(value.items().map(tree).collect()),
        JsonKind::String => Value::String(String::from_utf8(value.string().unwrap().into_owned()).unwrap()),
        JsonKind::Number | JsonKind::Bool | JsonKind::Null => serde_json::from_slice(value.text()).unwrap(),
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (any::<i32>(), 0..4).prop_map(|(whole, quarters)| Value::from(f64::from(whole) + f64::from(quarters) / 4.0)),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(".{0,12}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_value_that_was_written_is_read_the_same(value in any_value(), is_pretty in any::<bool>()) {
        let text = if is_pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let read = parse(&text).unwrap();
        prop_assert_eq!(tree(read), value.clone());
        let mut compact = Vec::new();
        read.write_compact(&mut compact);
        prop_assert_eq!(String::from_utf8(compact).unwrap(), serde_json::to_string(&value).unwrap());
        let mut indented = Vec::new();
        read.write_indented(&mut indented);
        prop_assert_eq!(String::from_utf8(indented).unwrap(), serde_json::to_string_pretty(&value).unwrap());
    }

    #[test]
    fn every_start_of_a_container_is_unfinished(value in prop::collection::vec(any_value(), 1..4)) {
        let text = serde_json::to_string(&value).unwrap();
        for end in 0..text.len() {
            prop_assert_eq!(JsonValue::parse(&text.as_bytes()[..end]), Err(JsonError::Unfinished));
        }
    }

    #[test]
    fn what_is_json_is_agreed_on(text in r#"[ \[\]{}",:0-9eE.+\\untrufalsb\x01-]{0,24}"#) {
        prop_assert_eq!(parse(&text).is_ok(), serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(), "{}", text);
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..200), key in ".{0,3}") {
        let value = JsonValue::checked(&bytes);
        let _ = (JsonValue::parse(&bytes), value.get(&key), value.string(), value.items().count());
        let _ = value.members().count();
        value.write_compact(&mut Vec::new());
        value.write_indented(&mut Vec::new());
    }
}

#[test]
fn nesting_has_a_limit_and_no_recursion() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    // The innermost pair is empty and takes no level.
    assert!(parse(&nested(MAX_DEPTH + 1)).is_ok());
    assert_eq!(parse(&nested(MAX_DEPTH + 2)), Err(JsonError::TooDeep));
    assert_eq!(parse(&"[".repeat(10_000_000)), Err(JsonError::TooDeep));
    assert_eq!(parse(&r#"{"a":"#.repeat(1_000_000)), Err(JsonError::TooDeep));
}

#[test]
fn of_members_with_the_same_name_the_first_counts() {
    let value = parse(r#"{"k\u0069nd": 0, "kind": 1, "kind": 2}"#).unwrap();
    assert_eq!(value.get("kind").unwrap().text(), b"1");
    let value = parse(r#"{"k\u0069nd": 0, "other": 1}"#).unwrap();
    assert_eq!(value.get("kind").unwrap().text(), b"0");
}

#[test]
fn items_are_found_by_position() {
    let value = parse(r#"[10, [20, 21] , {"a": 30}]"#).unwrap();
    assert_eq!(value.get("1").unwrap().get("1").unwrap().text(), b"21");
    assert_eq!(value.get("2").unwrap().get("a").unwrap().text(), b"30");
    assert!(value.get("3").is_none() && value.get("-1").is_none() && value.get("x").is_none());
    assert!(value.get("0").unwrap().get("0").is_none());
}

#[test]
fn escapes_stand_for_characters_and_half_pairs_for_themselves() {
    let value = parse(r#""a\n\t\"\\\/ \u00e9 \ud83d\ude00 \ud83d x""#).unwrap();
    assert_eq!(value.string().unwrap(), "a\n\t\"\\/ \u{e9} \u{1f600} \\ud83d x".as_bytes());
}

#[test]
fn bytes_that_are_not_utf_8_are_kept() {
    let value = JsonValue::parse(b"{\"a\":\"\xff\xfe\"}").unwrap();
    assert_eq!(value.get("a").unwrap().string().unwrap().as_ref(), b"\xff\xfe");
}

#[test]
fn the_end_of_an_object_is_known() {
    let text = br#"{"a": 1, "b": {"c": 2} }"#;
    let mut members = JsonValue::checked(text).members();
    assert!(!members.is_at_end());
    assert_eq!(members.by_ref().count(), 2);
    assert!(members.is_at_end());
    let mut members = JsonValue::checked(&text[..12]).members();
    assert_eq!(members.by_ref().count(), 1);
    assert!(!members.is_at_end());
}

#[test]
fn a_stream_of_values_is_read_one_by_one() {
    let text = b" {\"a\":1}\n[2] 3";
    let (first, end) = JsonValue::read(text, 0).unwrap();
    let (second, end) = JsonValue::read(text, end).unwrap();
    let (third, end) = JsonValue::read(text, end).unwrap();
    assert_eq!([first.text(), second.text(), third.text()], [b"{\"a\":1}".as_slice(), b"[2]", b"3"]);
    assert_eq!(JsonValue::read(text, end), Err(JsonError::Unfinished));
}

#[test]
fn members_of_a_text_that_was_not_checked_are_at_their_end_only_where_it_is_json() {
    for text in ["{}", "{ }", r#"{"a":1}"#, r#"{ "a" : 1 , "b":[] }"#] {
        let mut members = JsonValue::checked(text.as_bytes()).members();
        members.by_ref().for_each(drop);
        assert!(members.is_at_end() && parse(text).is_ok(), "{text}");
    }
    for text in [r#"{"a":1 "b":2}"#, r#"{,"a":1}"#, r#"{"a":1,}"#, r#"{"a":1,,"b":2}"#, "{,}", r#"{"a":1}}"#, "{"] {
        let mut members = JsonValue::checked(text.as_bytes()).members();
        members.by_ref().for_each(drop);
        assert!(!members.is_at_end() && parse(text).is_err(), "{text}");
    }
}
