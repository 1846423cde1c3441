//! A block's tables as the encoder sees them: every column's values in one shape, whichever builder they come from.

use std::borrow::Cow;

use crate::format::column::{Nulls, TextColumn, TextFinder, is_sparse};
use crate::format::dimension::{ContainerColumn, Dimension, FdColumn, GroupColumn, ThreadColumn, UserColumn};
use crate::format::row::{ContainerRow, Value};
use crate::format::schema::Physical;

use super::builder::{BlockBuilder, BytesBuilder, IntBuilder, NO_ROW, ParamBuilder, TableBuilder};
use super::dimension_cells::{container_cell, fd_cell, group_cell, thread_cell, user_cell};
use super::layout::{TableTag, event};
use super::tallies::{Surprises, surprises};

/// A table with all its columns.
pub(super) struct TableData<'v> {
    pub(super) tag: TableTag,
    pub(super) rows: usize,
    pub(super) columns: Vec<ColumnData<'v>>,
}

/// A column: its number and values.
pub(super) struct ColumnData<'v> {
    pub(super) number: u16,
    pub(super) values: Values<'v>,
}

/// A column's values.
pub(super) enum Values<'v> {
    Ints(IntData<'v>),
    /// Numbers that are 0 but for these rows; none is null.
    Sparse(Vec<(usize, i64)>),
    Texts(TextColumn<'v>),
}

/// Numbers; 0 where null.
pub(super) struct IntData<'v> {
    pub(super) values: Cow<'v, [i64]>,
    pub(super) nulls: Cow<'v, Nulls>,
}

impl IntData<'_> {
    #[inline]
    pub(super) fn get(&self, row: usize) -> Option<i64> {
        if self.nulls.is_null(row) { None } else { self.values.get(row).copied() }
    }

    /// The rows that `keep` names, as a column of their own.
    pub(super) fn subset(&self, keep: impl Iterator<Item = usize>) -> IntData<'static> {
        let mut ints = IntBuilder::default();
        keep.for_each(|row| ints.push(self.get(row)));
        IntData { values: Cow::Owned(ints.values), nulls: Cow::Owned(ints.nulls) }
    }
}

impl ColumnData<'_> {
    /// Whether every row is null: such a column is not written.
    pub(super) fn is_all_null(&self) -> bool {
        match &self.values {
            Values::Ints(ints) => ints.nulls.count() == ints.values.len(),
            Values::Sparse(_) => false,
            Values::Texts(texts) => texts.texts.is_empty(),
        }
    }
}

impl<'v> TableData<'v> {
    fn new(tag: TableTag, rows: usize) -> TableData<'v> {
        TableData { tag, rows, columns: Vec::new() }
    }

    pub(super) fn column(&self, number: u16) -> Option<&ColumnData<'v>> {
        self.columns.iter().find(|column| column.number == number)
    }

    fn push(&mut self, number: u16, values: Values<'v>) {
        self.columns.push(ColumnData { number, values });
    }

    /// A column of numbers without nulls.
    pub(super) fn push_ints(&mut self, number: u16, values: Cow<'v, [i64]>) {
        self.push(number, Values::Ints(IntData { values, nulls: Cow::Owned(Nulls::default()) }));
    }

    fn push_builder(&mut self, number: u16, ints: &'v IntBuilder) {
        let (values, nulls) = (Cow::Borrowed(ints.values.as_slice()), Cow::Borrowed(&ints.nulls));
        self.push(number, Values::Ints(IntData { values, nulls }));
    }

    fn push_texts(&mut self, number: u16, texts: &'v BytesBuilder) {
        self.push(number, Values::Texts(TextColumn::collect(texts.values(self.rows))));
    }

    /// A column whose values are asked for one by one.
    fn push_cells(&mut self, number: u16, physical: Physical, cells: impl Iterator<Item = Value<'v>>) {
        match physical {
            Physical::Int => {
                let mut ints = IntBuilder::default();
                cells.for_each(|cell| match cell {
                    Value::Int(value) => ints.push(Some(value)),
                    Value::Null | Value::Bytes(_) => ints.push(None),
                });
                let (values, nulls) = (Cow::Owned(ints.values), Cow::Owned(ints.nulls));
                self.push(number, Values::Ints(IntData { values, nulls }));
            }
            Physical::Bytes => {
                let texts = cells.map(|cell| match cell {
                    Value::Bytes(text) => Some(text),
                    Value::Null | Value::Int(_) => None,
                });
                self.push(number, Values::Texts(TextColumn::collect(texts)));
            }
        }
    }
}

/// A block's dimension tables, in file order.
pub(super) struct Dimensions<'v> {
    pub(super) tables: Vec<TableData<'v>>,
    /// Finds descriptors' names, by their codes in that column.
    pub(super) fd_names: Option<TextFinder<'v>>,
}

impl<'v> Dimensions<'v> {
    pub(super) fn of(builder: &'v BlockBuilder) -> Dimensions<'v> {
        let mut dimensions = Dimensions { tables: dimension_tables(builder), fd_names: None };
        let names = dimensions.table(Dimension::Fd).and_then(|fds| fds.column(FdColumn::Name as u16));
        if let Some(ColumnData { values: Values::Texts(names), .. }) = names {
            dimensions.fd_names = Some(TextFinder::of(&names.texts));
        }
        dimensions
    }

    pub(super) fn table(&self, dimension: Dimension) -> Option<&TableData<'v>> {
        self.tables.iter().find(|table| table.tag == TableTag::Dimension(dimension))
    }
}

fn dimension_tables(builder: &BlockBuilder) -> Vec<TableData<'_>> {
    let interned = &builder.interned;
    let table = |dimension, rows| TableData::new(TableTag::Dimension(dimension), rows);

    let rows = interned.threads.rows();
    let mut threads = table(Dimension::Thread, rows.len());
    for &column in ThreadColumn::ALL {
        let cells = rows.iter().zip(&interned.thread_refs).map(|(row, refs)| thread_cell(row, refs, column));
        threads.push_cells(column as u16, column.physical(), cells);
    }

    let rows = interned.fds.rows();
    let mut fds = table(Dimension::Fd, rows.len());
    for &column in FdColumn::ALL {
        fds.push_cells(column as u16, column.physical(), rows.iter().map(|row| fd_cell(row, column)));
    }

    let rows = interned.containers.rows();
    let mut containers = table(Dimension::Container, rows.len());
    let details: Vec<Option<&ContainerRow>> = rows.iter().map(|container| container.known()).collect();
    for &column in ContainerColumn::ALL {
        let cells = rows.iter().zip(&details).map(|(row, details)| container_cell(row, *details, column));
        containers.push_cells(column as u16, column.physical(), cells);
    }

    let rows = interned.users.rows();
    let mut users = table(Dimension::User, rows.len());
    for &column in UserColumn::ALL {
        users.push_cells(column as u16, column.physical(), rows.iter().map(|row| user_cell(row, column)));
    }

    let rows = interned.groups.rows();
    let mut groups = table(Dimension::Group, rows.len());
    for &column in GroupColumn::ALL {
        groups.push_cells(column as u16, column.physical(), rows.iter().map(|row| group_cell(row, column)));
    }
    vec![threads, fds, containers, users, groups]
}

/// An event table.
pub(super) fn event_table(table: &TableBuilder) -> TableData<'_> {
    let mut data = TableData::new(TableTag::Event(table.kind), table.rows());
    data.push_ints(event::THREAD, table.threads.iter().map(|&row| i64::from(row)).collect());
    let mut fds = IntBuilder::default();
    table.fds.iter().for_each(|&fd| fds.push((fd != NO_ROW).then_some(i64::from(fd))));
    let (values, nulls) = (Cow::Owned(fds.values), Cow::Owned(fds.nulls));
    data.push(event::FD, Values::Ints(IntData { values, nulls }));
    data.push_texts(event::PATH, &table.path);
    data.push_texts(event::SOURCE_PATH, &table.source_path);
    if !table.fd_list.is_all_null() {
        data.push_texts(event::FD_LIST, &table.fd_list);
    }
    for (param, number) in table.params.iter().zip(event::FIRST_PARAM..) {
        match param {
            ParamBuilder::Int(ints) => data.push_builder(number, ints),
            ParamBuilder::Bytes(texts) => data.push_texts(number, texts),
        }
    }
    data
}

/// The sequence table: `places` gives each builder table's place among the block's event tables.
pub(super) fn sequence_table<'v>(builder: &'v BlockBuilder, places: &[i64]) -> TableData<'v> {
    use super::layout::sequence;
    let table_of = builder.table_of.iter().map(|&at| places.get(usize::from(at)).copied().unwrap_or(0));
    let mut data = TableData::new(TableTag::Sequence, builder.rows());
    data.push_ints(sequence::TS_NS, Cow::Borrowed(&builder.ts_ns));
    data.push_ints(sequence::NUM, Cow::Borrowed(&builder.num));
    data.push_ints(sequence::CPU, Cow::Borrowed(&builder.cpu));
    data.push_ints(sequence::TABLE, table_of.collect());
    for Surprises { tally, values, nulls } in surprises(builder) {
        let values = if nulls.count() == 0 && is_sparse(values.len(), data.rows) {
            Values::Sparse(values)
        } else {
            let mut spread = vec![0; data.rows];
            values.into_iter().for_each(|(row, value)| spread[row] = value);
            Values::Ints(IntData { values: Cow::Owned(spread), nulls: Cow::Owned(nulls) })
        };
        data.push(tally as u16, values);
    }
    data
}
