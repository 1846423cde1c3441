//! Looking into a decoded block: its sequence, its event tables, its dimension tables.

use crate::format::Damage;
use crate::format::column::{BytesColumn, IntColumn};
use crate::format::cursor::{Cursor, Malformed};
use crate::format::dimension::{Dimension, Tally};
use crate::format::schema::EventKind;

use super::decode::{Block, TableSlot};
use super::layout::{TableTag, event, sequence};

impl Block {
    /// Times of all events in sequence order, ns since the epoch; never null.
    pub fn ts_ns(&self) -> Result<&IntColumn, Damage> {
        self.sequence(sequence::TS_NS)
    }

    /// Numbers of all events in sequence order; never null.
    pub fn num(&self) -> Result<&IntColumn, Damage> {
        self.sequence(sequence::NUM)
    }

    /// Processors of all events in sequence order; never null.
    pub fn cpu(&self) -> Result<&IntColumn, Damage> {
        self.sequence(sequence::CPU)
    }

    /// A figure of all events in sequence order; null where it is not known.
    pub fn tally(&self, tally: Tally) -> Result<&IntColumn, Damage> {
        self.tally_column(tally)
    }

    fn sequence(&self, number: u16) -> Result<&IntColumn, Damage> {
        let slot = self.slot(TableTag::Sequence);
        let column = self.ints(slot, number)?;
        if column.has_nulls() && !column.is_empty() {
            return Err(self.damage(&Malformed::new("it has nulls"), TableTag::Sequence, number));
        }
        Ok(column)
    }

    /// The events of a kind; `None` when the block has none.
    pub fn table(&self, kind: EventKind) -> Option<EventTable<'_>> {
        let tag = TableTag::Event(kind);
        let slot = self.tables.iter().find(|slot| slot.tag == tag)?;
        Some(EventTable { block: self, slot, kind })
    }

    /// What each column takes in the file, in file order.
    pub fn column_sizes(&self) -> Vec<ColumnSize> {
        let of_table = |slot: &TableSlot| -> Vec<ColumnSize> {
            let (tag, rows) = (slot.tag, slot.rows);
            slot.stored_columns().map(move |(number, stored)| ColumnSize::new(tag, rows, number, stored)).collect()
        };
        self.tables.iter().flat_map(of_table).collect()
    }

    /// A dimension's rows; none when the block has no such table.
    pub fn dimension(&self, dimension: Dimension) -> DimensionTable<'_> {
        DimensionTable { block: self, slot: self.slot(TableTag::Dimension(dimension)) }
    }
}

/// The events of one kind in a block, in sequence order.
#[derive(Clone, Copy, Debug)]
pub struct EventTable<'b> {
    block: &'b Block,
    slot: &'b TableSlot,
    kind: EventKind,
}

impl<'b> EventTable<'b> {
    /// Which kind.
    pub fn kind(&self) -> EventKind {
        self.kind
    }

    /// How many events.
    pub fn rows(&self) -> usize {
        self.slot.rows
    }

    /// The position of each event in the block: rising, below the block's rows, never null.
    pub fn seq(&self) -> Result<&'b IntColumn, Damage> {
        self.block.positions(self.slot)
    }

    /// Rows of the thread table; never null, always in range.
    pub fn thread(&self) -> Result<&'b IntColumn, Damage> {
        self.block.ints(self.slot, event::THREAD)
    }

    /// Rows of the descriptor table, always in range; null for none.
    pub fn fd(&self) -> Result<&'b IntColumn, Damage> {
        self.block.ints(self.slot, event::FD)
    }

    /// Resolved paths.
    pub fn path(&self) -> Result<&'b BytesColumn, Damage> {
        self.block.bytes(self.slot, event::PATH)
    }

    /// Resolved source paths of renames and links.
    pub fn source_path(&self) -> Result<&'b BytesColumn, Damage> {
        self.block.bytes(self.slot, event::SOURCE_PATH)
    }

    /// What the descriptors of an event's list mean, in the list's order: rows of the descriptor table, `None` for one
    /// that is not known. Nothing for an event without a list.
    pub fn fd_list(&self, row: usize) -> Result<Vec<Option<usize>>, Damage> {
        let Some(bytes) = self.block.bytes(self.slot, event::FD_LIST)?.get(row) else { return Ok(Vec::new()) };
        let limit = self.block.dimension_rows(Dimension::Fd);
        let mut cursor = Cursor::new(bytes);
        let mut rows = Vec::new();
        while cursor.remaining() > 0 {
            let number =
                cursor.varint().map_err(|malformed| self.block.damage(&malformed, self.slot.tag, event::FD_LIST))?;
            let fd = number.checked_sub(1).and_then(|row| usize::try_from(row).ok());
            rows.push(fd.filter(|&row| row < limit));
        }
        Ok(rows)
    }

    /// A parameter that is stored as numbers, by its place in the kind's parameters.
    pub fn param_int(&self, param: usize) -> Result<&'b IntColumn, Damage> {
        self.block.ints(self.slot, param_column(param))
    }

    /// A parameter that is stored as byte strings, by its place in the kind's parameters.
    pub fn param_bytes(&self, param: usize) -> Result<&'b BytesColumn, Damage> {
        self.block.bytes(self.slot, param_column(param))
    }
}

/// A column that no table has stands for a parameter that no kind has.
fn param_column(param: usize) -> u16 {
    u16::try_from(param).ok().and_then(|param| param.checked_add(event::FIRST_PARAM)).unwrap_or(0)
}

/// The rows of one dimension in a block.
#[derive(Clone, Copy, Debug)]
pub struct DimensionTable<'b> {
    block: &'b Block,
    slot: &'b TableSlot,
}

impl<'b> DimensionTable<'b> {
    /// How many rows.
    pub fn rows(&self) -> usize {
        self.slot.rows
    }

    /// A column of numbers, by its number in `format::dimension`. References are in range; `Parent` and
    /// `SessionLeader` always refer to an earlier row, so following them ends.
    pub fn int(&self, column: u16) -> Result<&'b IntColumn, Damage> {
        self.block.ints(self.slot, column)
    }

    /// A column of byte strings, by its number in `format::dimension`.
    pub fn bytes(&self, column: u16) -> Result<&'b BytesColumn, Damage> {
        self.block.bytes(self.slot, column)
    }
}

/// What a column takes in the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ColumnSize {
    /// The table: a kind's name, a dimension's, or `sequence`.
    pub table: String,
    /// The column: a parameter's name, or a column's of the dimension.
    pub column: String,
    /// Rows of the table.
    pub rows: usize,
    /// Bytes of the column, compressed.
    pub stored: usize,
}

impl ColumnSize {
    fn new(tag: TableTag, rows: usize, number: u16, stored: usize) -> ColumnSize {
        let (table, column) = match tag {
            TableTag::Sequence => ("sequence".to_owned(), sequence::name(number)),
            TableTag::Dimension(dimension) => (format!("{dimension:?}").to_lowercase(), format!("column {number}")),
            TableTag::Event(kind) => (kind.name().to_owned(), event::name(kind, number)),
        };
        ColumnSize { table, column, rows, stored }
    }
}
