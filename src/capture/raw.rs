//! A raw event: what happened, in the event table's terms, before anyone knows who the process was.
//!
//! `capture::live` makes these from the kernel's records, an import makes them from a foreign file; `capture::state`
//! takes them. Parameters are those of `format::schema` in order, with Falco's flag words and encodings.

use crate::format::row::Value;
use crate::format::schema::EventKind;

/// One raw event.
#[derive(Clone, Copy, Debug)]
pub struct RawEvent<'a> {
    /// What happened.
    pub kind: EventKind,
    /// Nanoseconds since the epoch, from the kernel's clock.
    pub ts_ns: u64,
    /// Processor.
    pub cpu: u16,
    /// Thread id in the host's namespace.
    pub tid: i64,
    /// Process id (tgid) in the host's namespace; 0 when the source does not say.
    pub pid: i64,
    /// As many as the kind has parameters.
    pub params: &'a [Value<'a>],
}
