//! What all runtimes' states have in common.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::format::row::{ContainerRow, Text};

/// How many hexadecimal digits a container id has.
const FULL_ID_LEN: usize = 64;

/// The longest label value that is kept, in bytes: whole pod definitions are put into labels, names are short.
const LABEL_LIMIT: usize = 4096;

/// What a runtime says of one container.
#[derive(Clone, Debug)]
pub(super) struct RuntimeContainer {
    pub(super) row: ContainerRow,
    /// Process id of the container's first process while it runs.
    pub(super) pid: Option<u32>,
    /// Whether it runs, and everything about its start is in the row.
    pub(super) is_running: bool,
    /// Where its root folder is for the host, if its runtime says so.
    pub(super) root: Option<PathBuf>,
}

/// Whether a text is a container's full id, so that it is safe as a folder's name.
pub(super) fn is_full_id(id: &str) -> bool {
    id.len() == FULL_ID_LEN && id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// A JSON object of labels; empty text when there is none.
pub(super) fn labels_json<'a>(labels: impl Iterator<Item = (&'a str, &'a str)>) -> Text {
    let kept: BTreeMap<_, _> = labels.filter(|(_, value)| value.len() <= LABEL_LIMIT).collect();
    if kept.is_empty() { Text::default() } else { text(&serde_json::json!(kept).to_string()) }
}

/// An RFC 3339 time in ns since the epoch; 0 for none, and for a runtime's "never", the year 1.
pub(super) fn nanoseconds(time: &str) -> u64 {
    let parsed: Option<jiff::Timestamp> = time.parse().ok();
    parsed.and_then(|time| u64::try_from(time.as_nanosecond()).ok()).unwrap_or(0)
}

pub(super) fn text(text: &str) -> Text {
    Text::from(text.as_bytes())
}
