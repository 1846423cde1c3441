//! Which parts of a JSON document are audit events.

use std::fmt;

use super::timestamp::parse_time;
use crate::format::json::{JsonError, JsonKind, JsonValue};

/// The most bytes of an event. The API server takes objects of about 1.5 MB, and an event can hold two of them; Falco
/// reads 256 KiB unless told otherwise.
pub(super) const EVENT_LIMIT: usize = 4 << 20;

/// Why something is no event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    NotJson(JsonError),
    NotAnEvent,
    NoTime,
    /// So many bytes.
    TooLong(usize),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NotJson(error) => error.fmt(f),
            Refusal::NotAnEvent => f.write_str("data not recognized as a k8s audit event"),
            Refusal::NoTime => f.write_str("an audit event without a valid stageTimestamp"),
            Refusal::TooLong(length) => {
                write!(f, "an audit event of {length} bytes; the longest that is read has {EVENT_LIMIT}")
            }
        }
    }
}

/// What a document holds: events with their times, and what is none.
pub(super) trait Finds<'t> {
    fn event(&mut self, text: &'t [u8], ts_ns: u64);
    /// `text` is what is refused.
    fn refuse(&mut self, text: &'t [u8], why: Refusal);
}

/// Finds the events of a document: an event, a list of events as the API server sends them to a webhook, or an array of
/// these.
///
/// # Errors
/// The document is not JSON; nothing was found in it.
pub(super) fn find_events<'t>(document: &'t [u8], finds: &mut dyn Finds<'t>) -> Result<(), JsonError> {
    let document = document.trim_ascii();
    match document.first() {
        Some(b'{') => find_in_object(JsonValue::checked(document), finds),
        _ => find_in(JsonValue::parse(document)?, finds),
    }
}

/// Arrays in arrays are as deep as JSON is read at most.
fn find_in<'t>(value: JsonValue<'t>, finds: &mut dyn Finds<'t>) -> Result<(), JsonError> {
    match value.kind() {
        JsonKind::Object => find_in_object(value, finds),
        JsonKind::Array => value.items().try_for_each(|item| find_in(item, finds)),
        JsonKind::String | JsonKind::Number | JsonKind::Bool | JsonKind::Null => {
            finds.refuse(value.text(), Refusal::NotAnEvent);
            Ok(())
        }
    }
}

/// The members that decide what an object is; of those with the same name the first.
#[derive(Default)]
struct Head<'t> {
    kind: Option<JsonValue<'t>>,
    time: Option<JsonValue<'t>>,
    items: Option<JsonValue<'t>>,
}

fn find_in_object<'t>(object: JsonValue<'t>, finds: &mut dyn Finds<'t>) -> Result<(), JsonError> {
    let mut head = Head::default();
    let mut members = object.members();
    for (name, value) in members.by_ref() {
        let slot = match name {
            b"kind" => &mut head.kind,
            b"stageTimestamp" => &mut head.time,
            b"items" => &mut head.items,
            _ => continue,
        };
        slot.get_or_insert(value);
    }
    if !members.is_at_end() {
        return Err(JsonValue::parse(object.text()).err().unwrap_or(JsonError::Unfinished));
    }
    let kind = head.kind.and_then(JsonValue::string).unwrap_or_default();
    match (&*kind, head.items) {
        (b"Event", _) => take_event(object, head.time, finds),
        (b"EventList", Some(items)) if items.kind() == JsonKind::Array => {
            items.items().for_each(|item| take_event(item, item.get("stageTimestamp"), finds));
        }
        _ => finds.refuse(object.text(), Refusal::NotAnEvent),
    }
    Ok(())
}

/// Takes what should be an event: an object with a time.
pub(super) fn take_event<'t>(event: JsonValue<'t>, time: Option<JsonValue<'t>>, finds: &mut dyn Finds<'t>) {
    if event.kind() != JsonKind::Object {
        return finds.refuse(event.text(), Refusal::NotAnEvent);
    }
    let Some(ts_ns) = time.and_then(JsonValue::string).and_then(|time| parse_time(&time)) else {
        return finds.refuse(event.text(), Refusal::NoTime);
    };
    match event.text().len() {
        length if length > EVENT_LIMIT => finds.refuse(event.text(), Refusal::TooLong(length)),
        _ => finds.event(event.text(), ts_ns),
    }
}
