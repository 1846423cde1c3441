//! From a frame's bytes back to tables: the directory is parsed at once, a column when it is first asked for.
//!
//! ```text
//! body      = length directory length page column*
//! directory = stream of: tables table*        see `pack` for streams
//! page      = stream of: column*              small columns, compressed together
//! table     = tag rows columns entry*         tag: 0 sequence, 1 to 5 dimensions, 16 + kind an event table
//! entry     = (number * 8 + in_page * 4 + is_derived * 2 + is_bytes) length
//! ```
//!
//! The columns lie in the directory's order, those of the page there. All numbers are varints. A column is laid out as `format::column` says, a derived one as `derived` says; one in which every row is null has no entry.

use std::cell::{Cell, OnceCell};
use std::ops::Range;
use std::sync::Arc;

use crate::format::Damage;
use crate::format::column::{BytesColumn, IntColumn, decode_bytes_column, decode_int_column};
use crate::format::cursor::{Cursor, Malformed};
use crate::format::dimension::Dimension;
use crate::format::frame::{Hash, hash_of};
use crate::format::header::BlockHeader;
use crate::format::schema::{EventKind, Physical};

use super::builder::{BlockBuilder, ROWS_LIMIT};
use super::built;
use super::follow::DEPTH_LIMIT;
use super::layout::{Reference, TableTag, reference_of, sequence};
use super::pack::{Unpacker, unpack_alone};
use super::tallies::TALLY_CELLS;
use super::usage::Stopwatch;

/// What all columns of a block may take in memory, bytes. A full block of 65,536 events takes 20 to 60 MB.
const DECODED_LIMIT: usize = 512 << 20;
/// The longest directory, bytes.
const DIRECTORY_LIMIT: usize = 4 << 20;
/// The longest page, inflated, bytes: room for every column that could be in it.
const PAGE_LIMIT: usize = 16 << 20;
/// The most tables.
const TABLES_LIMIT: usize = 1024;
/// The most columns of a table.
const COLUMNS_LIMIT: usize = 512;

/// One block as it lies in the file: compressed. May be sent to another thread.
#[derive(Clone, Debug)]
pub struct RawBlock {
    pub(crate) file: Arc<str>,
    pub(crate) offset: u64,
    pub(crate) number: u64,
    pub(crate) header: BlockHeader,
    pub(crate) body: Vec<u8>,
    pub(crate) body_hash: Hash,
    /// The block itself, where it was never encoded; then there is no body.
    pub(crate) built: Option<Arc<BlockBuilder>>,
}

impl RawBlock {
    /// What the block says of itself.
    pub fn header(&self) -> &BlockHeader {
        &self.header
    }

    /// Where its frame begins in the file.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Its number, counted from 0.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether the body is what was written.
    pub(crate) fn is_whole(&self) -> bool {
        self.built.is_some() || hash_of(&self.body) == self.body_hash
    }

    pub(crate) fn damage(&self, what: impl Into<String>) -> Damage {
        Damage { file: self.file.to_string(), offset: self.offset, block: Some(self.number), what: what.into() }
    }

    /// Checks the body against its hash and parses the directory. Columns are inflated on first use.
    pub fn decode(self) -> Result<Block, Damage> {
        self.decode_within(DECODED_LIMIT)
    }

    /// Likewise, with another limit of memory for all columns together.
    pub(crate) fn decode_within(self, limit: usize) -> Result<Block, Damage> {
        if !self.is_whole() {
            return Err(self.damage("the block's bytes do not fit their hash"));
        }
        let (tables, page_range) = match &self.built {
            Some(builder) => (built::table_slots(builder), 0..0),
            None => {
                parse_directory(&self.body, &self.header).map_err(|malformed| self.damage(malformed.to_string()))?
            }
        };
        Ok(Block {
            file: self.file,
            offset: self.offset,
            number: self.number,
            header: self.header,
            body: self.body,
            built: self.built,
            page_range,
            page: OnceCell::new(),
            empty: TableSlot::new(TableTag::Sequence, 0),
            tables,
            unpacker: Unpacker::new(limit),
            reading: Stopwatch::default(),
            tallies: Default::default(),
            depth: Cell::new(0),
        })
    }
}

/// A decoded block: for one thread at a time, because its columns are inflated on first use and kept.
#[derive(Debug)]
pub struct Block {
    file: Arc<str>,
    offset: u64,
    number: u64,
    header: BlockHeader,
    body: Vec<u8>,
    built: Option<Arc<BlockBuilder>>,
    page_range: Range<usize>,
    /// The page of small columns, once one of them is asked for.
    page: OnceCell<Vec<u8>>,
    /// What a table that the block lacks reads as.
    pub(super) empty: TableSlot,
    pub(super) tables: Vec<TableSlot>,
    pub(super) unpacker: Unpacker,
    /// Times the reading of columns.
    pub(super) reading: Stopwatch,
    /// Figures of events, by their columns' numbers, once they are asked for.
    pub(super) tallies: [OnceCell<IntColumn>; TALLY_CELLS],
    /// How many columns are being decoded, each for the one before.
    depth: Cell<usize>,
}

/// A table and what has been decoded of it.
#[derive(Debug)]
pub(super) struct TableSlot {
    pub(super) tag: TableTag,
    pub(super) rows: usize,
    /// Nobody wanted to look into these events: columns that are not there are not null but missing.
    is_outline: bool,
    columns: Vec<ColumnSlot>,
    null_ints: OnceCell<IntColumn>,
    null_bytes: OnceCell<BytesColumn>,
    /// Positions of an event table's rows in the block.
    pub(super) positions: OnceCell<IntColumn>,
}

#[derive(Debug)]
struct ColumnSlot {
    number: u16,
    is_bytes: bool,
    is_derived: bool,
    is_paged: bool,
    range: Range<usize>,
    ints: OnceCell<IntColumn>,
    bytes: OnceCell<BytesColumn>,
}

impl TableSlot {
    fn new(tag: TableTag, rows: usize) -> TableSlot {
        TableSlot {
            tag,
            rows,
            is_outline: false,
            columns: Vec::new(),
            null_ints: OnceCell::new(),
            null_bytes: OnceCell::new(),
            positions: OnceCell::new(),
        }
    }

    /// A table of a block that was never encoded, with these columns.
    pub(super) fn of_built(tag: TableTag, rows: usize, columns: impl Iterator<Item = (u16, Physical)>) -> TableSlot {
        let mut slot = TableSlot::new(tag, rows);
        slot.columns.extend(columns.map(|(number, physical)| ColumnSlot {
            number,
            is_bytes: physical == Physical::Bytes,
            is_derived: false,
            is_paged: false,
            range: 0..0,
            ints: OnceCell::new(),
            bytes: OnceCell::new(),
        }));
        slot
    }

    /// The table of events of which only outlines are there.
    pub(super) fn outlined(self) -> TableSlot {
        TableSlot { is_outline: true, ..self }
    }

    /// An error where a column that is not there does not read as null.
    fn check_missing(&self, number: u16) -> Result<(), Malformed> {
        let is_required = matches!(reference_of(self.tag, number), Reference::Row { nullable: false, .. });
        match (self.is_outline, is_required && self.rows > 0) {
            (true, _) => Err(Malformed::new("nobody asked for events of this kind when the block was made")),
            (false, true) => Err(Malformed::new("it is missing")),
            (false, false) => Ok(()),
        }
    }

    /// Number and stored length of each column that is there.
    pub(super) fn stored_columns(&self) -> impl Iterator<Item = (u16, usize)> + '_ {
        self.columns.iter().map(|column| (column.number, column.range.len()))
    }

    /// Of each column that is there: whether it was decoded, and its bytes in the file, if it has bytes of its own.
    pub(super) fn columns_read(&self) -> impl Iterator<Item = (bool, usize)> + '_ {
        self.columns.iter().map(|column| {
            let is_read = column.ints.get().is_some() || column.bytes.get().is_some();
            (is_read, if column.is_paged { 0 } else { column.range.len() })
        })
    }

    fn column(&self, number: u16) -> Option<&ColumnSlot> {
        self.columns.iter().find(|column| column.number == number)
    }
}

impl Block {
    /// What the block says of itself.
    pub fn header(&self) -> &BlockHeader {
        &self.header
    }

    /// Where its frame begins in the file.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Its number, counted from 0.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Number of events.
    pub fn rows(&self) -> usize {
        self.header.rows as usize
    }

    /// Kinds in the block, rising, and how many events of each.
    pub fn kinds(&self) -> &[(EventKind, u32)] {
        &self.header.kinds
    }

    /// Whether it was never encoded.
    pub(super) fn is_built(&self) -> bool {
        self.built.is_some()
    }

    /// Bytes of its body.
    pub(super) fn body_len(&self) -> usize {
        self.body.len()
    }

    /// Bytes of the page of small columns, if one of them was read.
    pub(super) fn page_len_if_read(&self) -> usize {
        if self.page.get().is_some() { self.page_range.len() } else { 0 }
    }

    /// A damage of this block.
    pub(super) fn damage(&self, malformed: &Malformed, tag: TableTag, column: u16) -> Damage {
        let what = match tag {
            TableTag::Sequence => format!("column {column} of the block: {malformed}"),
            TableTag::Dimension(dimension) => format!("column {column} of the {dimension:?} table: {malformed}"),
            TableTag::Event(kind) => format!("column {column} of the {} table: {malformed}", kind.name()),
        };
        Damage { file: self.file.to_string(), offset: self.offset, block: Some(self.number), what }
    }

    pub(super) fn slot(&self, tag: TableTag) -> &TableSlot {
        self.tables.iter().find(|slot| slot.tag == tag).unwrap_or(&self.empty)
    }

    pub(super) fn dimension_rows(&self, dimension: Dimension) -> usize {
        self.slot(TableTag::Dimension(dimension)).rows
    }

    /// A column of numbers, decoded and checked on first use; one that is not there is all null.
    pub(super) fn ints<'b>(&'b self, slot: &'b TableSlot, number: u16) -> Result<&'b IntColumn, Damage> {
        self.ints_of(slot, number).map_err(|malformed| self.damage(&malformed, slot.tag, number))
    }

    /// A column of byte strings, decoded on first use; one that is not there is all null.
    pub(super) fn bytes<'b>(&'b self, slot: &'b TableSlot, number: u16) -> Result<&'b BytesColumn, Damage> {
        self.bytes_of(slot, number).map_err(|malformed| self.damage(&malformed, slot.tag, number))
    }

    pub(super) fn ints_of<'b>(&'b self, slot: &'b TableSlot, number: u16) -> Result<&'b IntColumn, Malformed> {
        let Some(column) = slot.column(number) else {
            slot.check_missing(number)?;
            return Ok(slot.null_ints.get_or_init(|| IntColumn::all_null(slot.rows)));
        };
        if let Some(decoded) = column.ints.get() {
            return Ok(decoded);
        }
        self.reading.time(|| self.read_ints(slot, column))
    }

    fn read_ints<'b>(&'b self, slot: &'b TableSlot, column: &'b ColumnSlot) -> Result<&'b IntColumn, Malformed> {
        let number = column.number;
        if column.is_bytes {
            return Err(Malformed::new("it holds byte strings, not numbers"));
        }
        if let Some(builder) = &self.built {
            let made = built::int_column(builder, slot.tag, number).ok_or_else(|| Malformed::new("it is missing"))?;
            return Ok(column.ints.get_or_init(|| made));
        }
        let decoded = self.decode_column(column, |cursor| {
            if column.is_derived {
                self.follow_ints(slot, number, cursor, &self.unpacker)
            } else {
                decode_int_column(cursor, slot.rows, &self.unpacker)
            }
        })?;
        self.check_references(&decoded, reference_of(slot.tag, number))?;
        Ok(column.ints.get_or_init(|| decoded))
    }

    pub(super) fn bytes_of<'b>(&'b self, slot: &'b TableSlot, number: u16) -> Result<&'b BytesColumn, Malformed> {
        let Some(column) = slot.column(number) else {
            slot.check_missing(number)?;
            return Ok(slot.null_bytes.get_or_init(|| BytesColumn::all_null(slot.rows)));
        };
        if let Some(decoded) = column.bytes.get() {
            return Ok(decoded);
        }
        self.reading.time(|| self.read_bytes(slot, column))
    }

    fn read_bytes<'b>(&'b self, slot: &'b TableSlot, column: &'b ColumnSlot) -> Result<&'b BytesColumn, Malformed> {
        let number = column.number;
        if !column.is_bytes {
            return Err(Malformed::new("it holds numbers, not byte strings"));
        }
        if let Some(builder) = &self.built {
            let made = built::bytes_column(builder, slot.tag, number).ok_or_else(|| Malformed::new("it is missing"))?;
            return Ok(column.bytes.get_or_init(|| made));
        }
        let decoded = self.decode_column(column, |cursor| {
            if column.is_derived {
                self.follow_bytes(slot, number, cursor, &self.unpacker)
            } else {
                decode_bytes_column(cursor, slot.rows, &self.unpacker)
            }
        })?;
        Ok(column.bytes.get_or_init(|| decoded))
    }

    /// Runs a decoder over all of a column's bytes, not too deep below others.
    fn decode_column<T>(
        &self,
        column: &ColumnSlot,
        decode: impl FnOnce(&mut Cursor<'_>) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        if self.depth.get() >= DEPTH_LIMIT {
            return Err(Malformed::new("it is derived over too many columns"));
        }
        let bytes = if column.is_paged { self.page()? } else { &self.body };
        let bytes = bytes.get(column.range.clone()).ok_or_else(|| Malformed::new("it lies beyond the page's end"))?;
        let mut cursor = Cursor::new(bytes);
        self.depth.set(self.depth.get() + 1);
        let decoded = decode(&mut cursor);
        self.depth.set(self.depth.get() - 1);
        let decoded = decoded?;
        cursor.finish("the column")?;
        Ok(decoded)
    }

    fn page(&self) -> Result<&Vec<u8>, Malformed> {
        if let Some(page) = self.page.get() {
            return Ok(page);
        }
        let stored = self.body.get(self.page_range.clone()).unwrap_or(&[]);
        let page = self.unpacker.inflating().time(|| unpack_alone(stored, PAGE_LIMIT))?;
        Ok(self.page.get_or_init(|| page))
    }

    fn check_references(&self, column: &IntColumn, reference: Reference) -> Result<(), Malformed> {
        let within = match reference {
            Reference::None => true,
            Reference::Row { dimension, nullable } => {
                let limit = self.dimension_rows(dimension) as u64;
                if column.has_nulls() && !nullable {
                    return Err(Malformed::new("a reference that must be there is null"));
                }
                if column.has_nulls() {
                    (0..column.len()).all(|row| column.get(row).is_none_or(|value| (value as u64) < limit))
                } else {
                    column.values().iter().all(|&value| (value as u64) < limit)
                }
            }
            Reference::EarlierRow => {
                (0..column.len()).all(|row| column.get(row).is_none_or(|value| (value as u64) < row as u64))
            }
        };
        if within { Ok(()) } else { Err(Malformed::new("a reference points to a row that is not there")) }
    }

    /// Positions of an event table's rows in the block: all tables' at once, out of the column that says for each event
    /// which table it lies in.
    pub(super) fn positions<'b>(&'b self, slot: &'b TableSlot) -> Result<&'b IntColumn, Damage> {
        if let Some(positions) = slot.positions.get() {
            return Ok(positions);
        }
        self.reading.time(|| self.read_positions(slot))
    }

    fn read_positions<'b>(&'b self, slot: &'b TableSlot) -> Result<&'b IntColumn, Damage> {
        let sequence_slot = self.slot(TableTag::Sequence);
        let wrong = |what: &'static str| self.damage(&Malformed::new(what), TableTag::Sequence, sequence::TABLE);
        let table_of = self.ints(sequence_slot, sequence::TABLE)?;
        if table_of.has_nulls() {
            return Err(wrong("an event lies in no table"));
        }
        let event_tables = || self.tables.iter().filter(|slot| matches!(slot.tag, TableTag::Event(_)));
        let mut positions: Vec<Vec<i64>> = event_tables().map(|slot| Vec::with_capacity(slot.rows)).collect();
        for (position, &place) in (0..).zip(table_of.values()) {
            let table = usize::try_from(place).ok().and_then(|place| positions.get_mut(place));
            table.ok_or_else(|| wrong("an event lies in a table that is not there"))?.push(position);
        }
        if event_tables().zip(&positions).any(|(slot, positions)| slot.rows != positions.len()) {
            return Err(wrong("the tables' rows do not add up to the sequence"));
        }
        for (slot, positions) in event_tables().zip(positions) {
            slot.positions.get_or_init(|| IntColumn::each(positions, None));
        }
        slot.positions.get().ok_or_else(|| wrong("the table has no place in the sequence"))
    }
}

/// The tables, and where the page lies.
fn parse_directory(body: &[u8], header: &BlockHeader) -> Result<(Vec<TableSlot>, Range<usize>), Malformed> {
    let mut cursor = Cursor::new(body);
    let directory_len = cursor.size(DIRECTORY_LIMIT, "the directory's length")?;
    let directory = unpack_alone(cursor.take(directory_len)?, DIRECTORY_LIMIT)?;
    let page_len = cursor.size(PAGE_LIMIT, "the page's length")?;
    let page = cursor.take(page_len)?;
    let mut in_body = body.len() - cursor.remaining();
    let page = in_body - page.len()..in_body;
    let mut in_page = 0;
    let mut directory = Cursor::new(&directory);
    let table_count = directory.size(TABLES_LIMIT, "the number of tables")?;
    let mut tables: Vec<TableSlot> = Vec::new();
    for _ in 0..table_count {
        let tag = TableTag::of_number(directory.varint()?);
        let rows = directory.size(ROWS_LIMIT, "the number of rows")?;
        let column_count = directory.size(COLUMNS_LIMIT, "the number of columns")?;
        let mut slot = TableSlot::new(tag.unwrap_or(TableTag::Sequence), rows);
        for _ in 0..column_count {
            let number = directory.size(usize::from(u16::MAX) * 8 + 7, "a column's number")?;
            let is_paged = number & 4 != 0;
            let (at, limit) = if is_paged { (&mut in_page, PAGE_LIMIT) } else { (&mut in_body, body.len()) };
            let length = directory.size(limit.saturating_sub(*at), "a column's length")?;
            slot.columns.push(ColumnSlot {
                number: (number >> 3) as u16,
                is_bytes: number & 1 != 0,
                is_derived: number & 2 != 0,
                is_paged,
                range: *at..*at + length,
                ints: OnceCell::new(),
                bytes: OnceCell::new(),
            });
            *at += length;
        }
        // A table that this version does not know is skipped.
        if tag.is_some() {
            if tables.iter().any(|other| other.tag == slot.tag) {
                return Err(Malformed::new("a table is there twice"));
            }
            tables.push(slot);
        }
    }
    directory.finish("the directory")?;
    if in_body != body.len() {
        return Err(Malformed::new("bytes are left over after the columns"));
    }
    check_against_header(&tables, header)?;
    Ok((tables, page))
}

/// Whether the tables are those that the header promised.
fn check_against_header(tables: &[TableSlot], header: &BlockHeader) -> Result<(), Malformed> {
    let mut kinds = Vec::new();
    for slot in tables {
        match slot.tag {
            TableTag::Event(kind) => kinds.push((kind, slot.rows as u32)),
            TableTag::Sequence if slot.rows != header.rows as usize => {
                return Err(Malformed::new("the sequence's length is not the header's"));
            }
            TableTag::Sequence | TableTag::Dimension(_) => {}
        }
    }
    let rows: u64 = kinds.iter().map(|&(_, rows)| u64::from(rows)).sum();
    if kinds != header.kinds || rows != u64::from(header.rows) || !kinds.is_sorted() {
        return Err(Malformed::new("the tables are not those of the block's header"));
    }
    if header.rows > 0 && !tables.iter().any(|slot| slot.tag == TableTag::Sequence) {
        return Err(Malformed::new("the sequence is missing"));
    }
    Ok(())
}
