//! Blocks that were never bytes: an import's, which are evaluated in the program that makes them.
//!
//! A [`BlockBuilder`]'s vectors are columns already, but for the dictionaries of byte strings and for the dimension
//! rows, which lie row by row. A column takes its final form when it is first asked for; what nobody asks for costs
//! nothing.

use std::sync::Arc;

use crate::format::column::{BytesColumn, Codes, IntColumn, NULL_CODE, Nulls, TextColumn, Texts};
use crate::format::dimension::{ContainerColumn, Dimension, FdColumn, GroupColumn, Tally, ThreadColumn, UserColumn};
use crate::format::frame::Hash;
use crate::format::row::Value;
use crate::format::schema::Physical;

use super::builder::{BlockBuilder, IntBuilder, NO_ROW, ParamBuilder, TableBuilder, UnencodedBlock};
use super::decode::{RawBlock, TableSlot};
use super::dimension_cells::{container_cell, fd_cell, group_cell, thread_cell, user_cell};
use super::encode::{block_header, tables_by_kind};
use super::layout::{DIMENSIONS, TableTag, event, sequence};
use super::tallies::tally_column;

impl UnencodedBlock {
    /// The block as a reader hands it out, without its ever being encoded. `file` and `number` are for messages.
    pub(crate) fn into_raw(self, file: &Arc<str>, number: u64) -> RawBlock {
        RawBlock {
            file: Arc::clone(file),
            offset: 0,
            number,
            header: block_header(&self.builder),
            body: Vec::new(),
            body_hash: Hash::default(),
            built: Some(Arc::new(self.builder)),
        }
    }
}

impl RawBlock {
    /// The block on its way into a file, where it was never encoded and holds all of its events; else the block as it
    /// was.
    pub fn into_unencoded(mut self) -> Result<UnencodedBlock, Box<RawBlock>> {
        if self.built.as_ref().is_some_and(|builder| builder.has_outlines()) {
            return Err(Box::new(self));
        }
        match self.built.take().map(Arc::try_unwrap) {
            Some(Ok(builder)) => Ok(builder.finish()),
            // somebody else reads it
            Some(Err(shared)) => Err(Box::new(RawBlock { built: Some(shared), ..self })),
            None => Err(Box::new(self)),
        }
    }
}

/// The tables that an encoded block would have. Columns in which every row is null are left out as far as that is
/// known without looking at each row.
pub(super) fn table_slots(builder: &BlockBuilder) -> Vec<TableSlot> {
    let mut slots = Vec::with_capacity(1 + DIMENSIONS.len() + builder.tables.len());
    let sequence = [sequence::TS_NS, sequence::NUM, sequence::CPU, sequence::TABLE];
    let tallies = Tally::ALL.iter().filter(|tally| builder.has_tally(**tally)).map(|&tally| tally as u16);
    slots.push(TableSlot::of_built(
        TableTag::Sequence,
        builder.rows(),
        sequence.into_iter().chain(tallies).map(|number| (number, Physical::Int)),
    ));
    for dimension in DIMENSIONS {
        slots.push(dimension_slot(builder, dimension));
    }
    for at in tables_by_kind(builder) {
        slots.push(event_slot(&builder.tables[at]));
    }
    slots
}

fn dimension_slot(builder: &BlockBuilder, dimension: Dimension) -> TableSlot {
    let tag = TableTag::Dimension(dimension);
    let interned = &builder.interned;
    macro_rules! slot {
        ($columns:ident, $rows:expr) => {{
            let columns = $columns::ALL.iter().map(|&column| (column as u16, column.physical()));
            TableSlot::of_built(tag, $rows.rows().len(), columns)
        }};
    }
    match dimension {
        Dimension::Thread => slot!(ThreadColumn, interned.threads),
        Dimension::Fd => slot!(FdColumn, interned.fds),
        Dimension::Container => slot!(ContainerColumn, interned.containers),
        Dimension::User => slot!(UserColumn, interned.users),
        Dimension::Group => slot!(GroupColumn, interned.groups),
    }
}

fn event_slot(table: &TableBuilder) -> TableSlot {
    let rows = table.rows();
    let tag = TableTag::Event(table.kind);
    if table.is_outline {
        return TableSlot::of_built(tag, rows, [(event::THREAD, Physical::Int)].into_iter()).outlined();
    }
    let mut columns = vec![(event::THREAD, Physical::Int), (event::FD, Physical::Int)];
    let texts =
        [(event::PATH, &table.path), (event::SOURCE_PATH, &table.source_path), (event::FD_LIST, &table.fd_list)];
    columns
        .extend(texts.iter().filter(|(_, texts)| !texts.is_all_null()).map(|&(number, _)| (number, Physical::Bytes)));
    for (param, number) in table.params.iter().zip(event::FIRST_PARAM..) {
        match param {
            ParamBuilder::Int(ints) if ints.nulls.count() < rows => columns.push((number, Physical::Int)),
            ParamBuilder::Bytes(texts) if !texts.is_all_null() => columns.push((number, Physical::Bytes)),
            ParamBuilder::Int(_) | ParamBuilder::Bytes(_) => {}
        }
    }
    TableSlot::of_built(tag, rows, columns.into_iter())
}

/// A column of numbers; `None` when the builder has none of this number.
pub(super) fn int_column(builder: &BlockBuilder, tag: TableTag, number: u16) -> Option<IntColumn> {
    match tag {
        TableTag::Sequence => sequence_column(builder, number),
        TableTag::Dimension(dimension) => dimension_ints(builder, dimension, number),
        TableTag::Event(kind) => {
            let table = builder.tables.iter().find(|table| table.kind == kind)?;
            match number {
                event::THREAD => Some(IntColumn::each(table.threads.iter().map(|&row| i64::from(row)).collect(), None)),
                event::FD => {
                    let mut fds = IntBuilder::default();
                    table.fds.iter().for_each(|&fd| fds.push((fd != NO_ROW).then_some(i64::from(fd))));
                    Some(of_builder(fds))
                }
                number => match param(table, number)? {
                    ParamBuilder::Int(ints) => Some(IntColumn::each(ints.values.clone(), some_nulls(&ints.nulls))),
                    ParamBuilder::Bytes(_) => None,
                },
            }
        }
    }
}

/// A column of byte strings; `None` when the builder has none of this number.
pub(super) fn bytes_column(builder: &BlockBuilder, tag: TableTag, number: u16) -> Option<BytesColumn> {
    match tag {
        TableTag::Sequence => None,
        TableTag::Dimension(dimension) => dimension_texts(builder, dimension, number),
        TableTag::Event(kind) => {
            let table = builder.tables.iter().find(|table| table.kind == kind)?;
            let texts = match number {
                event::PATH => &table.path,
                event::SOURCE_PATH => &table.source_path,
                event::FD_LIST => &table.fd_list,
                number => match param(table, number)? {
                    ParamBuilder::Bytes(texts) => texts,
                    ParamBuilder::Int(_) => return None,
                },
            };
            Some(collect_texts(texts.values(table.rows())))
        }
    }
}

fn param(table: &TableBuilder, number: u16) -> Option<&ParamBuilder> {
    table.params.get(usize::from(number.checked_sub(event::FIRST_PARAM)?))
}

fn sequence_column(builder: &BlockBuilder, number: u16) -> Option<IntColumn> {
    let values = match number {
        sequence::TS_NS => builder.ts_ns.clone(),
        sequence::NUM => builder.num.clone(),
        sequence::CPU => builder.cpu.clone(),
        sequence::TABLE => {
            let mut places = vec![0i64; builder.tables.len()];
            for (place, at) in (0i64..).zip(tables_by_kind(builder)) {
                places[at] = place;
            }
            builder.table_of.iter().map(|&at| places[usize::from(at)]).collect()
        }
        other => return Some(of_builder(tally_column(&builder.tallies(), Tally::of_number(other)?))),
    };
    Some(IntColumn::each(values, None))
}

fn dimension_ints(builder: &BlockBuilder, dimension: Dimension, number: u16) -> Option<IntColumn> {
    with_cells(builder, dimension, number, |cells| {
        let mut ints = IntBuilder::default();
        for cell in cells {
            ints.push(match cell {
                Value::Int(value) => Some(value),
                Value::Null | Value::Bytes(_) => None,
            });
        }
        of_builder(ints)
    })
}

fn dimension_texts(builder: &BlockBuilder, dimension: Dimension, number: u16) -> Option<BytesColumn> {
    with_cells(builder, dimension, number, |cells| {
        collect_texts(cells.map(|cell| match cell {
            Value::Bytes(text) => Some(text),
            Value::Null | Value::Int(_) => None,
        }))
    })
}

/// Hands the cells of a dimension's column to `collect`, row after row.
fn with_cells<'v, T>(
    builder: &'v BlockBuilder,
    dimension: Dimension,
    number: u16,
    collect: impl FnOnce(&mut dyn Iterator<Item = Value<'v>>) -> T,
) -> Option<T> {
    let interned = &builder.interned;
    Some(match dimension {
        Dimension::Thread => {
            let column = *ThreadColumn::ALL.iter().find(|column| **column as u16 == number)?;
            let rows = interned.threads.rows().iter().zip(&interned.thread_refs);
            collect(&mut rows.map(|(row, refs)| thread_cell(row, refs, column)))
        }
        Dimension::Fd => {
            let column = *FdColumn::ALL.iter().find(|column| **column as u16 == number)?;
            collect(&mut interned.fds.rows().iter().map(|row| fd_cell(row, column)))
        }
        Dimension::Container => {
            let column = *ContainerColumn::ALL.iter().find(|column| **column as u16 == number)?;
            collect(&mut interned.containers.rows().iter().map(|row| container_cell(row, row.known(), column)))
        }
        Dimension::User => {
            let column = *UserColumn::ALL.iter().find(|column| **column as u16 == number)?;
            collect(&mut interned.users.rows().iter().map(|row| user_cell(row, column)))
        }
        Dimension::Group => {
            let column = *GroupColumn::ALL.iter().find(|column| **column as u16 == number)?;
            collect(&mut interned.groups.rows().iter().map(|row| group_cell(row, column)))
        }
    })
}

fn of_builder(ints: IntBuilder) -> IntColumn {
    let nulls = (ints.nulls.count() > 0).then_some(ints.nulls);
    IntColumn::each(ints.values, nulls)
}

fn some_nulls(nulls: &Nulls) -> Option<Nulls> {
    (nulls.count() > 0).then(|| nulls.clone())
}

fn collect_texts<'v>(values: impl Iterator<Item = Option<&'v [u8]>>) -> BytesColumn {
    let column = TextColumn::collect(values);
    let mut texts = Texts::default();
    for text in &column.texts {
        // A builder is full long before its strings make 4 GiB, and those of one column are all in one builder.
        texts.push(text);
    }
    let has_nulls = column.codes.contains(&NULL_CODE);
    BytesColumn::new(column.codes.len(), Codes::Each(column.codes), texts, has_nulls)
}
