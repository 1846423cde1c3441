//! The JSON text of audit events, with the members of each event found once for all that ask.

use crate::format::json::{JsonKind, JsonValue};

/// The most members of an event that are noted; the events of an API server have about twenty. Those of others are
/// looked for anew each time, so that hostile events cost time and not memory.
const NOTED_MEMBERS: usize = 64;

/// Where the members of a block's events lie, in the order of the events' rows.
#[derive(Debug, Default)]
pub(super) struct AuditMembers {
    members: Vec<Member>,
    events: Vec<Event>,
}

/// Places are counted from where the event's text starts.
#[derive(Clone, Copy, Debug)]
struct Member {
    name: u32,
    name_len: u32,
    value: u32,
    value_len: u32,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    /// These members.
    Noted { from: u32, to: u32 },
    /// Has too many members.
    Large,
    /// Is not an object.
    Broken,
}

/// One event.
#[derive(Clone, Copy, Debug)]
pub(super) struct AuditText<'v, 'b> {
    text: &'b [u8],
    /// `None` where there are too many.
    members: Option<&'v [Member]>,
}

impl AuditMembers {
    /// Notes the next row's event.
    pub(super) fn push(&mut self, text: &[u8]) {
        let before = self.members.len();
        let event = self.note(text).unwrap_or(Event::Broken);
        if !matches!(event, Event::Noted { .. }) {
            self.members.truncate(before);
        }
        self.events.push(event);
    }

    fn note(&mut self, text: &[u8]) -> Option<Event> {
        let place = |part: &[u8]| {
            let start = part.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
            Some((u32::try_from(start).ok()?, u32::try_from(part.len()).ok()?))
        };
        let from = u32::try_from(self.members.len()).ok()?;
        let mut members = JsonValue::checked(text.trim_ascii()).members();
        for (name, value) in members.by_ref().take(NOTED_MEMBERS) {
            let ((name, name_len), (value, value_len)) = (place(name)?, place(value.text())?);
            self.members.push(Member { name, name_len, value, value_len });
        }
        if members.is_at_end() {
            return Some(Event::Noted { from, to: u32::try_from(self.members.len()).ok()? });
        }
        members.by_ref().for_each(drop);
        members.is_at_end().then_some(Event::Large)
    }

    /// The event of a row, whose text this is; `None` where the text is not an object.
    pub(super) fn get<'v, 'b>(&'v self, row: usize, text: &'b [u8]) -> Option<AuditText<'v, 'b>> {
        let members = match *self.events.get(row)? {
            Event::Noted { from, to } => Some(self.members.get(from as usize..to as usize)?),
            Event::Large => None,
            Event::Broken => return None,
        };
        Some(AuditText { text, members })
    }
}

impl<'b> AuditText<'_, 'b> {
    /// The event as it stands.
    pub(super) fn whole(self) -> JsonValue<'b> {
        JsonValue::checked(self.text.trim_ascii())
    }

    fn part(self, start: u32, length: u32) -> &'b [u8] {
        self.text.get(start as usize..).and_then(|rest| rest.get(..length as usize)).unwrap_or_default()
    }

    /// A member of the event.
    pub(super) fn get(self, key: &str) -> Option<JsonValue<'b>> {
        let Some(members) = self.members else { return self.whole().get(key) };
        let name_of = |member: &Member| self.part(member.name, member.name_len);
        if let Some(found) = members.iter().find(|member| name_of(member) == key.as_bytes()) {
            return Some(JsonValue::checked(self.part(found.value, found.value_len)));
        }
        // A name can also be written with escapes; nobody of good will does.
        let is_escaped = members.iter().any(|member| name_of(member).contains(&b'\\'));
        if is_escaped { self.whole().get(key) } else { None }
    }

    /// The value at a path; a number as name picks an array's item.
    pub(super) fn at(self, keys: &[&str]) -> Option<JsonValue<'b>> {
        let (first, rest) = keys.split_first()?;
        rest.iter().try_fold(self.get(first)?, |value, key| value.get(key))
    }

    /// The values at a path, through arrays: with an index through that item of each, else through all items, with
    /// `None` for each item where the path ends early. `None` where it ends before any array.
    pub(super) fn follow(self, keys: &[&str], index: Option<usize>) -> Option<Vec<Option<JsonValue<'b>>>> {
        let (first, rest) = keys.split_first()?;
        follow(self.get(first)?, rest, index)
    }
}

/// The recursion is as deep as the path is long.
fn follow<'b>(mut value: JsonValue<'b>, keys: &[&str], index: Option<usize>) -> Option<Vec<Option<JsonValue<'b>>>> {
    for (at, key) in keys.iter().enumerate() {
        if value.kind() == JsonKind::Array {
            match index {
                Some(index) => value = value.items().nth(index)?,
                None => {
                    let rest = keys.get(at..).unwrap_or_default();
                    let through = |item| follow(item, rest, None).unwrap_or_else(|| vec![None]);
                    return Some(value.items().flat_map(through).collect());
                }
            }
        }
        value = value.get(key)?;
    }
    Some(vec![Some(value)])
}
