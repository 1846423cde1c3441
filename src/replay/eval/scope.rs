//! The table whose rows are under question.

use crate::format::EventTable;
use crate::format::schema::EventInfo;

/// A table of a block.
#[derive(Clone, Copy)]
pub(super) enum Scope<'t, 'b> {
    Threads,
    Fds,
    Events { info: &'static EventInfo, table: &'t EventTable<'b> },
}
