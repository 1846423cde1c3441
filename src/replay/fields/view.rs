//! A block as fields see it: its tables by row, and one event of it.

use std::cell::OnceCell;
use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::audit_text::{AuditMembers, AuditText};
use crate::format::dimension::{ContainerColumn, Dimension, FdColumn, GroupColumn, Tally, ThreadColumn, UserColumn};
use crate::format::schema::flags::CLONE_FLAGS;
use crate::format::schema::{EventInfo, EventKind};
use crate::format::{Block, BytesColumn, Damage, DimensionTable, EventTable, IntColumn, Loss};

/// What fields need to know of the capture a block came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureFacts {
    /// Name of the recorded machine.
    pub host_name: String,
    /// Time of the capture's first event, ns since the epoch; 0 when not known.
    pub first_ts_ns: u64,
}

/// A block with its dimension tables at hand.
pub struct BlockView<'b> {
    block: &'b Block,
    capture: &'b CaptureFacts,
    threads: DimensionTable<'b>,
    fds: DimensionTable<'b>,
    containers: DimensionTable<'b>,
    users: DimensionTable<'b>,
    groups: DimensionTable<'b>,
    rows_by_tid: OnceCell<HashMap<i64, Vec<usize>, FxBuildHasher>>,
    first_events: OnceCell<Vec<i64>>,
    exits: OnceCell<HashMap<i64, Vec<i64>, FxBuildHasher>>,
    audit_members: OnceCell<AuditMembers>,
}

impl<'b> BlockView<'b> {
    /// A view of a block.
    pub fn new(block: &'b Block, capture: &'b CaptureFacts) -> BlockView<'b> {
        BlockView {
            block,
            capture,
            threads: block.dimension(Dimension::Thread),
            fds: block.dimension(Dimension::Fd),
            containers: block.dimension(Dimension::Container),
            users: block.dimension(Dimension::User),
            groups: block.dimension(Dimension::Group),
            rows_by_tid: OnceCell::new(),
            first_events: OnceCell::new(),
            exits: OnceCell::new(),
            audit_members: OnceCell::new(),
        }
    }

    /// The block.
    pub fn block(&self) -> &'b Block {
        self.block
    }

    /// The capture's facts.
    pub fn capture(&self) -> &'b CaptureFacts {
        self.capture
    }

    /// How many rows the thread table has.
    pub fn thread_rows(&self) -> usize {
        self.threads.rows()
    }

    /// How many rows the descriptor table has.
    pub fn fd_rows(&self) -> usize {
        self.fds.rows()
    }

    /// A number column of the thread table.
    pub fn thread_ints(&self, column: ThreadColumn) -> Result<&'b IntColumn, Damage> {
        self.threads.int(column as u16)
    }

    /// A text column of the thread table.
    pub fn thread_texts(&self, column: ThreadColumn) -> Result<&'b BytesColumn, Damage> {
        self.threads.bytes(column as u16)
    }

    /// A number column of the descriptor table.
    pub fn fd_ints(&self, column: FdColumn) -> Result<&'b IntColumn, Damage> {
        self.fds.int(column as u16)
    }

    /// A text column of the descriptor table.
    pub fn fd_texts(&self, column: FdColumn) -> Result<&'b BytesColumn, Damage> {
        self.fds.bytes(column as u16)
    }

    /// A number of a thread.
    pub fn thread_int(&self, row: usize, column: ThreadColumn) -> Result<Option<i64>, Damage> {
        Ok(self.threads.int(column as u16)?.get(row))
    }

    /// A text of a thread; empty when not known.
    pub fn thread_text(&self, row: usize, column: ThreadColumn) -> Result<&'b [u8], Damage> {
        Ok(self.threads.bytes(column as u16)?.get(row).unwrap_or_default())
    }

    /// A row that a thread refers to, in another table or its own.
    pub fn thread_ref(&self, row: usize, column: ThreadColumn) -> Result<Option<usize>, Damage> {
        Ok(self.thread_int(row, column)?.and_then(|target| usize::try_from(target).ok()))
    }

    /// A number of a descriptor.
    pub fn fd_int(&self, row: usize, column: FdColumn) -> Result<Option<i64>, Damage> {
        Ok(self.fds.int(column as u16)?.get(row))
    }

    /// A text of a descriptor; empty when not known.
    pub fn fd_text(&self, row: usize, column: FdColumn) -> Result<&'b [u8], Damage> {
        Ok(self.fds.bytes(column as u16)?.get(row).unwrap_or_default())
    }

    /// A number of a container.
    pub fn container_int(&self, row: usize, column: ContainerColumn) -> Result<Option<i64>, Damage> {
        Ok(self.containers.int(column as u16)?.get(row))
    }

    /// A text of a container; empty when not known.
    pub fn container_text(&self, row: usize, column: ContainerColumn) -> Result<&'b [u8], Damage> {
        Ok(self.containers.bytes(column as u16)?.get(row).unwrap_or_default())
    }

    /// Whether a runtime told anything of a container but its id.
    pub fn is_container_told(&self, row: usize) -> Result<bool, Damage> {
        Ok(self.containers.bytes(ContainerColumn::Runtime as u16)?.get(row).is_some())
    }

    /// A user's id.
    pub fn user_id(&self, row: usize) -> Result<Option<i64>, Damage> {
        Ok(self.users.int(UserColumn::Uid as u16)?.get(row))
    }

    /// A text of a user; empty when not known.
    pub fn user_text(&self, row: usize, column: UserColumn) -> Result<&'b [u8], Damage> {
        Ok(self.users.bytes(column as u16)?.get(row).unwrap_or_default())
    }

    /// A group's id.
    pub fn group_id(&self, row: usize) -> Result<Option<i64>, Damage> {
        Ok(self.groups.int(GroupColumn::Gid as u16)?.get(row))
    }

    /// A group's name; empty when not known.
    pub fn group_name(&self, row: usize) -> Result<&'b [u8], Damage> {
        Ok(self.groups.bytes(GroupColumn::Name as u16)?.get(row).unwrap_or_default())
    }

    /// The name of the user with an id, as far as the block knows one.
    pub fn user_name_of(&self, uid: i64) -> Result<Option<&'b [u8]>, Damage> {
        for row in 0..self.users.rows() {
            if self.user_id(row)? == Some(uid) {
                let name = self.user_text(row, UserColumn::Name)?;
                if !name.is_empty() {
                    return Ok(Some(name));
                }
            }
        }
        Ok(None)
    }

    /// The name of the group with an id, as far as the block knows one.
    pub fn group_name_of(&self, gid: i64) -> Result<Option<&'b [u8]>, Damage> {
        for row in 0..self.groups.rows() {
            if self.group_id(row)? == Some(gid) {
                let name = self.group_name(row)?;
                if !name.is_empty() {
                    return Ok(Some(name));
                }
            }
        }
        Ok(None)
    }

    /// The rows of the thread with an id, in the order in which events came to refer to them.
    fn thread_rows_of(&self, tid: i64) -> Result<&[usize], Damage> {
        if self.rows_by_tid.get().is_none() {
            let tids = self.thread_ints(ThreadColumn::Tid)?;
            let mut rows: HashMap<i64, Vec<usize>, FxBuildHasher> = HashMap::default();
            for row in 0..self.thread_rows() {
                if let Some(tid) = tids.get(row) {
                    rows.entry(tid).or_default().push(row);
                }
            }
            let _ = self.rows_by_tid.set(rows);
        }
        Ok(self.rows_by_tid.get().and_then(|rows| rows.get(&tid)).map_or(&[], Vec::as_slice))
    }

    /// Any row of the thread with an id: the last. Where a reference to the right row exists (parent, session leader),
    /// follow that one instead.
    pub fn thread_row_of(&self, tid: i64) -> Result<Option<usize>, Damage> {
        Ok(self.thread_rows_of(tid)?.last().copied())
    }

    /// The positions of the events that say that the thread with an id has ended.
    fn exits_of(&self, tid: i64) -> Result<&[i64], Damage> {
        if self.exits.get().is_none() {
            let mut exits: HashMap<i64, Vec<i64>, FxBuildHasher> = HashMap::default();
            if let Some(table) = self.block.table(EventKind::PROCEXIT) {
                let (threads, seqs, tids) = (table.thread()?, table.seq()?, self.thread_ints(ThreadColumn::Tid)?);
                for row in 0..table.rows() {
                    let tid = reference(threads, row).and_then(|thread| tids.get(thread));
                    if let (Some(tid), Some(seq)) = (tid, seqs.get(row)) {
                        exits.entry(tid).or_default().push(seq);
                    }
                }
            }
            let _ = self.exits.set(exits);
        }
        Ok(self.exits.get().and_then(|exits| exits.get(&tid)).map_or(&[], Vec::as_slice))
    }

    /// The position of the first event of each row of the thread table; the largest number for rows without one.
    fn first_events(&self) -> Result<&[i64], Damage> {
        if self.first_events.get().is_none() {
            let mut firsts = vec![i64::MAX; self.thread_rows()];
            for &(kind, _) in self.block.kinds() {
                let Some(table) = self.block.table(kind) else { continue };
                let (threads, seqs) = (table.thread()?, table.seq()?);
                for row in 0..table.rows() {
                    if let (Some(thread), Some(seq)) = (reference(threads, row), seqs.get(row))
                        && let Some(first) = firsts.get_mut(thread)
                    {
                        *first = seq.min(*first);
                    }
                }
            }
            let _ = self.first_events.set(firsts);
        }
        Ok(self.first_events.get().map_or(&[], Vec::as_slice))
    }
}

/// An event: a row of a kind's table, or a loss that stands for the events that are not there.
#[derive(Clone, Copy)]
pub struct EventRow<'v, 'b> {
    view: &'v BlockView<'b>,
    source: RowSource<'v, 'b>,
}

#[derive(Clone, Copy)]
enum RowSource<'v, 'b> {
    Table { table: &'v EventTable<'b>, row: usize },
    Lost(&'b Loss),
}

impl<'v, 'b> EventRow<'v, 'b> {
    /// A row of a table.
    pub fn new(view: &'v BlockView<'b>, table: &'v EventTable<'b>, row: usize) -> EventRow<'v, 'b> {
        EventRow { view, source: RowSource::Table { table, row } }
    }

    /// The event that stands for a loss: of the kind `drop`, at the time of its first lost event, without a thread.
    pub fn lost(view: &'v BlockView<'b>, loss: &'b Loss) -> EventRow<'v, 'b> {
        EventRow { view, source: RowSource::Lost(loss) }
    }

    /// The block it is in.
    pub fn view(&self) -> &'v BlockView<'b> {
        self.view
    }

    /// The loss it stands for.
    pub fn loss(&self) -> Option<&'b Loss> {
        match self.source {
            RowSource::Table { .. } => None,
            RowSource::Lost(loss) => Some(loss),
        }
    }

    /// Its kind.
    pub fn kind(&self) -> EventKind {
        match self.source {
            RowSource::Table { table, .. } => table.kind(),
            RowSource::Lost(_) => EventKind::DROP,
        }
    }

    /// What is known of its kind.
    pub fn info(&self) -> Option<&'static EventInfo> {
        self.kind().info()
    }

    fn sequence(&self) -> Result<Option<usize>, Damage> {
        match self.source {
            RowSource::Table { table, row } => Ok(table.seq()?.get(row).and_then(|seq| usize::try_from(seq).ok())),
            RowSource::Lost(_) => Ok(None),
        }
    }

    /// Its time, ns since the epoch.
    pub fn ts_ns(&self) -> Result<u64, Damage> {
        if let RowSource::Lost(loss) = self.source {
            return Ok(loss.first_ts_ns);
        }
        let Some(seq) = self.sequence()? else { return Ok(0) };
        Ok(self.view.block.ts_ns()?.get(seq).unwrap_or_default().cast_unsigned())
    }

    /// Its number in the capture.
    pub fn num(&self) -> Result<Option<i64>, Damage> {
        match self.sequence()? {
            Some(seq) => Ok(self.view.block.num()?.get(seq)),
            None => Ok(None),
        }
    }

    /// The processor it happened on.
    pub fn cpu(&self) -> Result<Option<i64>, Damage> {
        match (self.source, self.sequence()?) {
            (RowSource::Lost(loss), _) => Ok(Some(i64::from(loss.cpu))),
            (RowSource::Table { .. }, Some(seq)) => Ok(self.view.block.cpu()?.get(seq)),
            (RowSource::Table { .. }, None) => Ok(None),
        }
    }

    /// The row of its thread; `None` for an event that a plugin made.
    pub fn thread(&self) -> Result<Option<usize>, Damage> {
        match self.source {
            RowSource::Table { table, .. } if table.kind() == EventKind::PLUGINEVENT => Ok(None),
            RowSource::Table { table, row } => Ok(reference(table.thread()?, row)),
            RowSource::Lost(_) => Ok(None),
        }
    }

    /// A figure of its process; `None` where it is not known.
    pub fn tally(&self, tally: Tally) -> Result<Option<i64>, Damage> {
        match self.sequence()? {
            Some(seq) => Ok(self.view.block.tally(tally)?.get(seq)),
            None => Ok(None),
        }
    }

    /// The row of its descriptor.
    pub fn fd(&self) -> Result<Option<usize>, Damage> {
        match self.source {
            RowSource::Table { table, row } => Ok(reference(table.fd()?, row)),
            RowSource::Lost(_) => Ok(None),
        }
    }

    /// The row of another thread by its id, as it was at the time of this event: the last one that an event up to this
    /// one refers to, else the next one. (A thread that this event made has no event before.) `None` when the thread
    /// had ended before, and none with its id had begun since.
    pub fn thread_row_of(&self, tid: i64) -> Result<Option<usize>, Damage> {
        let rows = self.view.thread_rows_of(tid)?;
        let exits = self.view.exits_of(tid)?;
        let Some(seq) = self.sequence()?.and_then(|seq| i64::try_from(seq).ok()) else {
            return Ok(rows.last().copied());
        };
        let ended = exits.iter().copied().filter(|exit| *exit < seq).max();
        let firsts = self.view.first_events()?;
        let first_of = |row: usize| firsts.get(row).copied().unwrap_or(i64::MAX);
        let alive = rows.iter().filter(|row| ended.is_none_or(|ended| first_of(**row) > ended));
        let before = alive.clone().filter(|row| first_of(**row) <= seq).max_by_key(|row| first_of(**row));
        if before.is_some() || ended.is_some() {
            // After an end the next one is another thread with the same id, which this event cannot mean.
            return Ok(before.copied());
        }
        let Some(after) = alive.min_by_key(|row| first_of(**row)).copied() else { return Ok(None) };
        // To Falco a child in another pid namespace, or one of the same parent, is there when it says so itself.
        let is_sibling = self.makes_sibling()?;
        let is_inside = self.view.thread_int(after, ThreadColumn::Vtid)? != Some(tid);
        Ok(Some(after).filter(|_| !is_inside && !is_sibling))
    }

    /// Whether the block tells of a thread with an id, at whatever time.
    pub(super) fn has_thread(&self, tid: i64) -> Result<bool, Damage> {
        Ok(!self.view.thread_rows_of(tid)?.is_empty())
    }

    /// Whether it is a clone whose child has the parent of the one who made it.
    fn makes_sibling(&self) -> Result<bool, Damage> {
        if !matches!(self.kind(), EventKind::CLONE | EventKind::CLONE3) {
            return Ok(false);
        }
        let flag = CLONE_FLAGS.value_of("CLONE_PARENT").unwrap_or_default();
        let flags = match self.info().and_then(|info| info.param("flags")) {
            Some(at) => self.param_int(at)?,
            None => None,
        };
        Ok(flags.unwrap_or_default() & i64::from(flag) != 0)
    }

    /// What the descriptors of a list mean that it waits for, or else those that its parameters name where its own does
    /// not tell: rows of the descriptor table.
    pub fn fd_list(&self) -> Result<Vec<Option<usize>>, Damage> {
        match self.source {
            RowSource::Table { table, row } => table.fd_list(row),
            RowSource::Lost(_) => Ok(Vec::new()),
        }
    }

    /// Its resolved path.
    pub fn path(&self) -> Result<Option<&'b [u8]>, Damage> {
        match self.source {
            RowSource::Table { table, row } => Ok(table.path()?.get(row)),
            RowSource::Lost(_) => Ok(None),
        }
    }

    /// Its resolved source path.
    pub fn source_path(&self) -> Result<Option<&'b [u8]>, Damage> {
        match self.source {
            RowSource::Table { table, row } => Ok(table.source_path()?.get(row)),
            RowSource::Lost(_) => Ok(None),
        }
    }

    /// A parameter that is a number.
    pub fn param_int(&self, at: usize) -> Result<Option<i64>, Damage> {
        match self.source {
            RowSource::Table { table, row } => Ok(table.param_int(at)?.get(row)),
            RowSource::Lost(_) => Ok(None),
        }
    }

    /// The JSON text of an audit event; `None` for other events, and where the text is not an object.
    pub(super) fn audit_text(&self) -> Result<Option<AuditText<'v, 'b>>, Damage> {
        let RowSource::Table { table, row } = self.source else { return Ok(None) };
        if table.kind() != EventKind::PLUGINEVENT {
            return Ok(None);
        }
        let column = table.param_bytes(PLUGIN_DATA)?;
        let members = self.view.audit_members.get_or_init(|| {
            let mut members = AuditMembers::default();
            (0..table.rows()).for_each(|row| members.push(column.get(row).unwrap_or_default()));
            members
        });
        Ok(column.get(row).and_then(|text| members.get(row, text)))
    }

    /// The plugin that made it; `None` for events that no plugin made.
    pub(super) fn plugin(&self) -> Result<Option<i64>, Damage> {
        if self.kind() == EventKind::PLUGINEVENT { self.param_int(PLUGIN_ID) } else { Ok(None) }
    }

    /// What the plugin gave as the event.
    pub(super) fn plugin_data(&self) -> Result<Option<&'b [u8]>, Damage> {
        if self.kind() == EventKind::PLUGINEVENT { self.param_bytes(PLUGIN_DATA) } else { Ok(None) }
    }

    /// A parameter that is a byte string.
    pub fn param_bytes(&self, at: usize) -> Result<Option<&'b [u8]>, Damage> {
        match self.source {
            RowSource::Table { table, row } => Ok(table.param_bytes(at)?.get(row)),
            RowSource::Lost(_) => Ok(None),
        }
    }
}

/// The parameters of a plugin's event.
const PLUGIN_ID: usize = 0;
const PLUGIN_DATA: usize = 1;

fn reference(column: &IntColumn, row: usize) -> Option<usize> {
    column.get(row).and_then(|target| usize::try_from(target).ok())
}
