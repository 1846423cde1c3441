//! A block under construction: events are appended to growing typed vectors, one set for each event kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::format::column::Nulls;
use crate::format::cursor::put_varint;
use crate::format::dimension::Tally;
use crate::format::header::{Loss, Shortfall};
use crate::format::inventory::Inventory;
use crate::format::row::{Event, GroupRow, Tallies, ThreadRow, UserRow, Value};
use crate::format::schema::{EventKind, KIND_LIMIT, KindSet, Physical};

use super::interning::Interned;
use super::sizes::Sizes;
use super::tally_rows::TallyRows;

/// The most events a block may have.
pub const ROWS_LIMIT: usize = 1 << 20;

/// The most bytes a block may ask for: what it takes a reader to decode stays well within the reader's own limit.
const BYTES_LIMIT: usize = 64 << 20;

/// Marks "no descriptor" in a table's references.
pub(super) const NO_ROW: u32 = u32::MAX;

/// Marks a kind of which there was no event.
const NO_TABLE: u16 = u16::MAX;

/// What an outline takes in memory.
const OUTLINE_BYTES: usize = 32;

/// How blocks are built.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BlockOptions {
    /// Events after which a block is full; at most [`ROWS_LIMIT`]. 65,536 unless told: columns compress well and a
    /// block still decodes in a millisecond.
    pub rows: usize,
    /// Bytes of event and dimension data, uncompressed, after which a block is full; at most 64 MiB.
    pub bytes: usize,
    /// zstd's level.
    pub level: i32,
}

impl Default for BlockOptions {
    fn default() -> BlockOptions {
        BlockOptions { rows: 65_536, bytes: 48 << 20, level: 3 }
    }
}

/// What is kept of every event.
#[derive(Clone, Copy, Debug)]
pub struct EventOutline<'a> {
    /// As in [`Event`].
    pub kind: EventKind,
    /// Likewise.
    pub num: u64,
    /// Likewise.
    pub ts_ns: u64,
    /// Likewise.
    pub cpu: u16,
    /// Likewise.
    pub thread: &'a Arc<ThreadRow>,
}

/// Collects events into a block. [`BlockBuilder::push`] copies values and allocates only as its vectors grow.
#[derive(Debug)]
pub struct BlockBuilder {
    pub(super) options: BlockOptions,
    pub(super) ts_ns: Vec<i64>,
    pub(super) num: Vec<i64>,
    pub(super) cpu: Vec<i64>,
    /// For each event the place of its kind in `tables`.
    pub(super) table_of: Vec<u16>,
    pub(super) tables: Vec<TableBuilder>,
    /// The place of each kind in `tables`, or [`NO_TABLE`].
    places: Box<[u16; KIND_LIMIT]>,
    /// The kinds whose events are kept whole; `None` is all.
    kept: Option<Arc<KindSet>>,
    pub(super) interned: Interned,
    pub(super) tally_rows: TallyRows,
    list_rows: Vec<u8>,
    /// One for each processor and kind.
    losses: BTreeMap<(u16, Option<EventKind>), Loss>,
    pub(super) shortfalls: BTreeMap<Shortfall, u64>,
    data_bytes: usize,
    /// How large it may become.
    expected: Sizes,
}

/// The events of one kind.
#[derive(Debug)]
pub(super) struct TableBuilder {
    pub(super) kind: EventKind,
    /// Of each event only time, number, processor and thread are kept: the other columns stay empty.
    pub(super) is_outline: bool,
    pub(super) threads: Vec<u32>,
    pub(super) fds: Vec<u32>,
    /// Rows of `tally_rows`, or [`NO_ROW`].
    pub(super) tallies: Vec<u32>,
    pub(super) path: BytesBuilder,
    pub(super) source_path: BytesBuilder,
    pub(super) fd_list: BytesBuilder,
    pub(super) params: Vec<ParamBuilder>,
}

/// The values of one parameter.
#[derive(Debug)]
pub(super) enum ParamBuilder {
    Int(IntBuilder),
    Bytes(BytesBuilder),
}

/// Numbers; 0 where null.
#[derive(Debug, Default)]
pub(super) struct IntBuilder {
    pub(super) values: Vec<i64>,
    pub(super) nulls: Nulls,
}

impl IntBuilder {
    pub(super) fn push(&mut self, value: Option<i64>) {
        if value.is_none() {
            self.nulls.set(self.values.len());
        }
        self.values.push(value.unwrap_or(0));
    }
}

/// Byte strings, one after the other; a null row adds nothing. Rows behind the last one that was put are null.
#[derive(Debug, Default)]
pub(super) struct BytesBuilder {
    ends: Vec<u32>,
    data: Vec<u8>,
    nulls: Nulls,
}

impl BytesBuilder {
    /// Appends a value; one that would make the column's data longer than 4 GiB becomes null (a block is full long
    /// before that).
    fn push(&mut self, value: Option<&[u8]>) {
        let value = value.filter(|value| u32::try_from(self.data.len() + value.len()).is_ok());
        match value {
            Some(value) => self.data.extend_from_slice(value),
            None => self.nulls.set(self.ends.len()),
        }
        self.ends.push(self.data.len() as u32);
    }

    pub(super) fn reserve(&mut self, rows: usize, bytes: usize) {
        self.ends.reserve(rows);
        self.data.reserve(bytes);
    }

    /// How many bytes all values have.
    pub(super) fn data_len(&self) -> usize {
        self.data.len()
    }

    /// Puts a value into a row behind the last one; rows between are null.
    fn put(&mut self, row: usize, value: &[u8]) {
        while self.ends.len() < row {
            self.push(None);
        }
        self.push(Some(value));
    }

    /// Whether every row is null.
    pub(super) fn is_all_null(&self) -> bool {
        self.nulls.count() == self.ends.len()
    }

    fn get(&self, row: usize) -> Option<&[u8]> {
        let end = *self.ends.get(row)?;
        let start = row.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        if self.nulls.is_null(row) { None } else { self.data.get(start as usize..end as usize) }
    }

    /// As many rows.
    pub(super) fn values(&self, rows: usize) -> impl Iterator<Item = Option<&[u8]>> {
        (0..rows).map(|row| self.get(row))
    }
}

impl TableBuilder {
    fn new(kind: EventKind, is_outline: bool) -> TableBuilder {
        let params = kind.info().map_or(&[][..], |info| info.params);
        let column = |physical| match physical {
            Physical::Int => ParamBuilder::Int(IntBuilder::default()),
            Physical::Bytes => ParamBuilder::Bytes(BytesBuilder::default()),
        };
        TableBuilder {
            kind,
            is_outline,
            threads: Vec::new(),
            fds: Vec::new(),
            tallies: Vec::new(),
            path: BytesBuilder::default(),
            source_path: BytesBuilder::default(),
            fd_list: BytesBuilder::default(),
            params: params.iter().map(|param| column(param.ty.physical())).collect(),
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.threads.len()
    }
}

impl BlockBuilder {
    /// An empty block.
    pub fn new(options: BlockOptions) -> BlockBuilder {
        let (rows, bytes) = (options.rows.clamp(1, ROWS_LIMIT), options.bytes.min(BYTES_LIMIT));
        let options = BlockOptions { rows, bytes, ..options };
        BlockBuilder {
            options,
            ts_ns: Vec::with_capacity(options.rows.min(1 << 16)),
            num: Vec::with_capacity(options.rows.min(1 << 16)),
            cpu: Vec::with_capacity(options.rows.min(1 << 16)),
            table_of: Vec::with_capacity(options.rows.min(1 << 16)),
            tables: Vec::new(),
            places: Box::new([NO_TABLE; KIND_LIMIT]),
            kept: None,
            interned: Interned::default(),
            tally_rows: TallyRows::default(),
            list_rows: Vec::new(),
            losses: BTreeMap::new(),
            shortfalls: BTreeMap::new(),
            data_bytes: 0,
            expected: Sizes::default(),
        }
    }

    /// An empty block that goes on where this one ends: of the same options and kinds, with room for as much.
    #[must_use]
    pub fn successor(&self) -> BlockBuilder {
        BlockBuilder {
            kept: self.kept.clone(),
            interned: self.interned.successor(),
            expected: Sizes::of(self),
            ..BlockBuilder::new(self.options)
        }
    }

    /// From here on only outlines are kept of the events of other kinds than these: time, number, processor and thread.
    /// (Kinds of which there are events already stay as they are.) A block with outlines can be read, but not written
    /// ([`RawBlock::into_unencoded`](super::RawBlock::into_unencoded)).
    pub fn keep_only(&mut self, kinds: Arc<KindSet>) {
        self.kept = Some(kinds);
    }

    /// Whether only an outline is kept of an event of this kind.
    pub fn outlines(&self, kind: EventKind) -> bool {
        let Some(kept) = &self.kept else { return false };
        let place = self.places.get(usize::from(kind.0)).copied().unwrap_or(NO_TABLE);
        self.tables.get(usize::from(place)).map_or_else(|| !kept.contains(kind), |table| table.is_outline)
    }

    /// Whether there are events of which it has only outlines.
    pub(super) fn has_outlines(&self) -> bool {
        self.tables.iter().any(|table| table.is_outline)
    }

    /// For each event in sequence order the place of its table, and its row there.
    pub(super) fn event_rows(&self) -> impl Iterator<Item = (u16, usize)> {
        let mut next = vec![0usize; self.tables.len()];
        self.table_of.iter().map(move |&at| {
            let next = &mut next[usize::from(at)];
            *next += 1;
            (at, *next - 1)
        })
    }

    /// The figures of all events in sequence order; `None` where they are not known.
    pub(super) fn tallies(&self) -> Vec<Option<&Tallies>> {
        let of_event = |(at, row): (u16, usize)| {
            let number = self.tables[usize::from(at)].tallies.get(row)?;
            self.tally_rows.get(*number)
        };
        self.event_rows().map(of_event).collect()
    }

    /// Whether a figure is known of any event.
    pub(super) fn has_tally(&self, tally: Tally) -> bool {
        self.tally_rows.rows().iter().any(|tallies| tallies.get(tally).is_some())
    }

    /// Appends an event.
    ///
    /// Values beyond the kind's parameters are left out, missing ones are null, and a value of the other physical type
    /// than its parameter's is null. An event of a kind that the event table does not have keeps everything but its
    /// parameters. A kind's number must be below [`KIND_LIMIT`]; an event of another is left out, and so is one that a
    /// full block has no room for ([`ROWS_LIMIT`]).
    pub fn push(&mut self, event: &Event<'_>) {
        let outline =
            EventOutline { kind: event.kind, num: event.num, ts_ns: event.ts_ns, cpu: event.cpu, thread: event.thread };
        let Some(place) = self.begin_row(&outline) else { return };
        self.interned.accounts(event.users, event.groups);
        let Some(table) = self.tables.get_mut(place).filter(|table| !table.is_outline) else { return };
        table.fds.push(event.fd.map_or(NO_ROW, |fd| self.interned.fd(fd)));
        let row = table.threads.len() - 1;
        table.tallies.push(self.tally_rows.number(table.threads[row], event.tallies.as_ref()));
        for (column, path) in [(&mut table.path, event.path), (&mut table.source_path, event.source_path)] {
            if let Some(path) = path {
                column.put(row, path);
            }
        }
        if !event.fd_list.is_empty() {
            self.list_rows.clear();
            for fd in event.fd_list {
                let row = fd.as_ref().map_or(0, |fd| u64::from(self.interned.fd(fd)) + 1);
                put_varint(&mut self.list_rows, row);
            }
            table.fd_list.put(row, &self.list_rows);
        }
        let mut bytes = 64 - OUTLINE_BYTES + 8 * table.params.len();
        bytes += event.path.map_or(0, <[u8]>::len) + event.source_path.map_or(0, <[u8]>::len);
        for (at, param) in table.params.iter_mut().enumerate() {
            let value = event.params.get(at).copied().unwrap_or(Value::Null);
            match (param, value) {
                (ParamBuilder::Int(ints), Value::Int(value)) => ints.push(Some(value)),
                (ParamBuilder::Int(ints), Value::Null | Value::Bytes(_)) => ints.push(None),
                (ParamBuilder::Bytes(texts), Value::Bytes(value)) => {
                    bytes += value.len();
                    texts.push(Some(value));
                }
                (ParamBuilder::Bytes(texts), Value::Null | Value::Int(_)) => texts.push(None),
            }
        }
        self.data_bytes += bytes;
    }

    /// Appends an event of a kind of which only outlines are kept ([`BlockBuilder::outlines`]), and the users and groups
    /// that it names.
    pub fn push_outline(&mut self, outline: &EventOutline<'_>, users: &[Arc<UserRow>], groups: &[Arc<GroupRow>]) {
        if let Some(place) = self.begin_row(outline) {
            debug_assert!(self.tables[place].is_outline, "of this kind whole events are kept");
            self.interned.accounts(users, groups);
        }
    }

    /// Appends what every event has. The place of its table; `None` when there is no room for it.
    #[inline(always)]
    fn begin_row(&mut self, event: &EventOutline<'_>) -> Option<usize> {
        if self.ts_ns.len() >= ROWS_LIMIT {
            return None;
        }
        let place = match self.places.get(usize::from(event.kind.0)) {
            Some(&NO_TABLE) => self.add_table(event.kind),
            Some(&place) => place,
            None => return None,
        };
        let thread = self.interned.thread(event.thread);
        let table = self.tables.get_mut(usize::from(place))?;
        self.ts_ns.push(event.ts_ns as i64);
        self.num.push(event.num as i64);
        self.cpu.push(i64::from(event.cpu));
        self.table_of.push(place);
        table.threads.push(thread);
        self.data_bytes += OUTLINE_BYTES;
        Some(usize::from(place))
    }

    #[cold]
    fn add_table(&mut self, kind: EventKind) -> u16 {
        let place = self.tables.len() as u16;
        let mut table = TableBuilder::new(kind, self.outlines(kind));
        self.expected.make_room(kind, &mut table);
        self.tables.push(table);
        self.places[usize::from(kind.0)] = place;
        place
    }

    /// Notes that events were lost while this block was built. What one processor lost of one kind is one loss, from
    /// the first time to the last, so that a block that loses for long does not grow by it.
    pub fn note_loss(&mut self, loss: Loss) {
        self.losses
            .entry((loss.cpu, loss.kind))
            .and_modify(|noted| {
                noted.count = noted.count.saturating_add(loss.count);
                noted.first_ts_ns = noted.first_ts_ns.min(loss.first_ts_ns);
                noted.last_ts_ns = noted.last_ts_ns.max(loss.last_ts_ns);
            })
            .or_insert(loss);
    }

    /// What was lost while this block was built, by processor and kind.
    pub fn losses(&self) -> impl Iterator<Item = &Loss> {
        self.losses.values()
    }

    /// Notes that something could not be seen, `count` times.
    pub fn note_shortfall(&mut self, shortfall: Shortfall, count: u64) {
        let noted = self.shortfalls.entry(shortfall).or_default();
        *noted = noted.saturating_add(count);
    }

    /// Whether the block should be finished: it has as many events or bytes as its options say.
    pub fn is_full(&self) -> bool {
        self.rows() >= self.options.rows || self.approx_bytes() >= self.options.bytes
    }

    /// Whether there is nothing in it: neither an event nor a loss.
    pub fn is_empty(&self) -> bool {
        self.ts_ns.is_empty() && self.losses.is_empty()
    }

    /// Number of events.
    pub fn rows(&self) -> usize {
        self.ts_ns.len()
    }

    /// About how many bytes of memory its data takes.
    pub fn approx_bytes(&self) -> usize {
        self.data_bytes + self.interned.approx_bytes
    }

    /// Closes the block. Cheap: what costs time is [`UnencodedBlock::encode`].
    pub fn finish(self) -> UnencodedBlock {
        UnencodedBlock { builder: self, inventory: None }
    }
}

/// A closed block on its way to the thread that encodes it.
#[derive(Debug)]
pub struct UnencodedBlock {
    pub(super) builder: BlockBuilder,
    inventory: Option<Arc<Inventory>>,
}

impl UnencodedBlock {
    /// The block, with what was there before it.
    #[must_use]
    pub fn with_inventory(mut self, inventory: Option<Arc<Inventory>>) -> UnencodedBlock {
        self.inventory = inventory;
        self
    }

    pub(crate) fn take_inventory(&mut self) -> Option<Arc<Inventory>> {
        self.inventory.take()
    }
}
