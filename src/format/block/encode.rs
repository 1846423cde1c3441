//! From a closed block to a frame: columns are encoded, compressed and laid one after the other.

use std::collections::BTreeSet;

use crate::format::column::{Nulls, encode_bytes_column, encode_int_column};
use crate::format::cursor::put_size;
use crate::format::dimension::{ContainerColumn, Dimension, FdColumn, GroupColumn, ThreadColumn, UserColumn};
use crate::format::error::FormatError;
use crate::format::frame::{BODY_LEN_LIMIT, HEAD_LEN, RECORD_LEN_LIMIT, hash_of};
use crate::format::header::BlockHeader;
use crate::format::records::encode_record;
use crate::format::row::{ContainerRow, Value};
use crate::format::schema::Physical;

use super::builder::{BlockBuilder, BytesBuilder, IntBuilder, NO_ROW, ParamBuilder, UnencodedBlock};
use super::dimension_cells::{container_cell, fd_cell, group_cell, thread_cell, user_cell};
use super::layout::{TableTag, event, sequence};
use super::pack::{Packer, pack_alone};

/// A block's frame, complete but for its place in the hash chain.
#[derive(Debug)]
pub struct EncodedBlock {
    pub(crate) header: BlockHeader,
    /// Room for the frame's head, then record and body.
    pub(crate) frame: Vec<u8>,
    pub(crate) record_len: usize,
    pub(crate) record_hash: [u8; 32],
    pub(crate) body_hash: [u8; 32],
}

impl EncodedBlock {
    /// What the block says of itself.
    pub fn header(&self) -> &BlockHeader {
        &self.header
    }

    /// Length of the frame in the file, bytes.
    pub fn frame_len(&self) -> usize {
        self.frame.len()
    }
}

impl UnencodedBlock {
    /// Encodes and compresses the block. Details of containers are read here, as late as possible.
    ///
    /// Fails when the block is larger than the format allows, or when zstd fails.
    pub fn encode(self) -> Result<EncodedBlock, FormatError> {
        let builder = self.builder;
        let header = block_header(&builder);
        let mut body = BodyWriter::new(builder.options.level)?;
        write_sequence(&builder, &mut body);
        write_dimensions(&builder, &mut body);
        write_event_tables(&builder, &mut body);
        drop(builder);
        body.finish(header)
    }
}

/// The event tables' places in the builder, in rising order of their kinds.
fn tables_by_kind(builder: &BlockBuilder) -> Vec<usize> {
    let mut order: Vec<usize> = (0..builder.tables.len()).collect();
    order.sort_by_key(|&place| builder.tables[place].kind);
    order
}

fn block_header(builder: &BlockBuilder) -> BlockHeader {
    let containers: BTreeSet<String> = builder
        .interned
        .containers
        .rows()
        .iter()
        .map(|container| String::from_utf8_lossy(&container.id).into_owned())
        .collect();
    let unsigned = |value: Option<&i64>| value.map_or(0, |&value| value as u64);
    let times = || builder.ts_ns.iter().map(|&ts| ts as u64);
    BlockHeader {
        rows: builder.rows() as u32,
        first_num: unsigned(builder.num.first()),
        last_num: unsigned(builder.num.last()),
        first_ts_ns: times().min().unwrap_or(0),
        last_ts_ns: times().max().unwrap_or(0),
        kinds: tables_by_kind(builder)
            .into_iter()
            .map(|place| (builder.tables[place].kind, builder.tables[place].rows() as u32))
            .collect(),
        containers: containers.into_iter().collect(),
        losses: builder.losses.clone(),
    }
}

/// Collects columns and the directory that says where they are.
struct BodyWriter {
    packer: Packer,
    level: i32,
    directory: Vec<u8>,
    tables: usize,
    data: Vec<u8>,
    /// Entries of the table in hand.
    columns: Vec<u8>,
    column_count: usize,
}

impl BodyWriter {
    fn new(level: i32) -> Result<BodyWriter, FormatError> {
        Ok(BodyWriter {
            packer: Packer::new(level).map_err(FormatError::Compress)?,
            level,
            directory: Vec::new(),
            tables: 0,
            data: Vec::new(),
            columns: Vec::new(),
            column_count: 0,
        })
    }

    fn entry(&mut self, column: u16, physical: Physical, start: usize) {
        put_size(&mut self.columns, usize::from(column) * 2 + usize::from(physical == Physical::Bytes));
        put_size(&mut self.columns, self.data.len() - start);
        self.column_count += 1;
    }

    /// A column of numbers; one of nulls only is left out.
    fn ints(&mut self, column: u16, values: &[i64], nulls: &Nulls) {
        if nulls.count() == values.len() {
            return;
        }
        let start = self.data.len();
        encode_int_column(values, nulls, &mut self.packer, &mut self.data);
        self.entry(column, Physical::Int, start);
    }

    /// A column of byte strings; one of nulls only is left out.
    fn texts<'v>(&mut self, column: u16, rows: usize, nulls: &Nulls, values: impl Iterator<Item = &'v [u8]>) {
        if nulls.count() == rows {
            return;
        }
        let start = self.data.len();
        encode_bytes_column(values, rows, nulls, &mut self.packer, &mut self.data);
        self.entry(column, Physical::Bytes, start);
    }

    /// A column whose values are asked for one by one.
    fn cells<'v>(&mut self, column: u16, physical: Physical, cells: impl Iterator<Item = Value<'v>>) {
        let mut ints = IntBuilder::default();
        let mut texts: Vec<&[u8]> = Vec::new();
        let mut nulls = Nulls::default();
        let mut rows = 0;
        for (row, cell) in cells.enumerate() {
            rows = row + 1;
            match cell {
                Value::Int(value) => ints.values.push(value),
                Value::Bytes(text) => texts.push(text),
                Value::Null => {
                    nulls.set(row);
                    if physical == Physical::Int {
                        ints.values.push(0);
                    }
                }
            }
        }
        match physical {
            Physical::Int => self.ints(column, &ints.values, &nulls),
            Physical::Bytes => self.texts(column, rows, &nulls, texts.into_iter()),
        }
    }

    fn bytes_builder(&mut self, column: u16, values: &BytesBuilder) {
        self.texts(column, values.rows(), &values.nulls, values.values());
    }

    fn end_table(&mut self, tag: TableTag, rows: usize) {
        if rows > 0 {
            put_size(&mut self.directory, tag.number() as usize);
            put_size(&mut self.directory, rows);
            put_size(&mut self.directory, self.column_count);
            self.directory.append(&mut self.columns);
            self.tables += 1;
        }
        self.columns.clear();
        self.column_count = 0;
    }

    fn finish(self, header: BlockHeader) -> Result<EncodedBlock, FormatError> {
        self.packer.finish().map_err(FormatError::Compress)?;
        let mut directory = Vec::new();
        put_size(&mut directory, self.tables);
        directory.extend_from_slice(&self.directory);
        let directory = pack_alone(&directory, self.level).map_err(FormatError::Compress)?;
        let record = encode_record("block header", &header)?;
        let mut frame = vec![0; HEAD_LEN];
        frame.extend_from_slice(&record);
        let body_start = frame.len();
        put_size(&mut frame, directory.len());
        frame.extend_from_slice(&directory);
        frame.extend_from_slice(&self.data);
        let limits = [("record", record.len(), RECORD_LEN_LIMIT), ("body", frame.len() - body_start, BODY_LEN_LIMIT)];
        for (what, size, limit) in limits {
            if size > limit {
                return Err(FormatError::TooLarge { what, size, limit });
            }
        }
        Ok(EncodedBlock {
            header,
            record_len: record.len(),
            record_hash: hash_of(&record),
            body_hash: hash_of(&frame[body_start..]),
            frame,
        })
    }
}

fn write_sequence(builder: &BlockBuilder, body: &mut BodyWriter) {
    let none = Nulls::default();
    let mut places = vec![0i64; builder.tables.len()];
    for (place, at) in (0i64..).zip(tables_by_kind(builder)) {
        places[at] = place;
    }
    let table: Vec<i64> = builder.table_of.iter().map(|&at| places[usize::from(at)]).collect();
    body.ints(sequence::TS_NS, &builder.ts_ns, &none);
    body.ints(sequence::NUM, &builder.num, &none);
    body.ints(sequence::CPU, &builder.cpu, &none);
    body.ints(sequence::TABLE, &table, &none);
    body.end_table(TableTag::Sequence, builder.rows());
}

fn write_dimensions(builder: &BlockBuilder, body: &mut BodyWriter) {
    let interned = &builder.interned;
    let threads = interned.threads.rows();
    for &column in ThreadColumn::ALL {
        let cells = threads.iter().zip(&interned.thread_refs);
        body.cells(column as u16, column.physical(), cells.map(|(row, refs)| thread_cell(row, refs, column)));
    }
    body.end_table(TableTag::Dimension(Dimension::Thread), threads.len());

    let fds = interned.fds.rows();
    for &column in FdColumn::ALL {
        body.cells(column as u16, column.physical(), fds.iter().map(|row| fd_cell(row, column)));
    }
    body.end_table(TableTag::Dimension(Dimension::Fd), fds.len());

    let containers = interned.containers.rows();
    let details: Vec<Option<&ContainerRow>> = containers.iter().map(|container| container.details.get()).collect();
    for &column in ContainerColumn::ALL {
        let cells = containers.iter().zip(&details);
        body.cells(column as u16, column.physical(), cells.map(|(row, details)| container_cell(row, *details, column)));
    }
    body.end_table(TableTag::Dimension(Dimension::Container), containers.len());

    let users = interned.users.rows();
    for &column in UserColumn::ALL {
        body.cells(column as u16, column.physical(), users.iter().map(|row| user_cell(row, column)));
    }
    body.end_table(TableTag::Dimension(Dimension::User), users.len());

    let groups = interned.groups.rows();
    for &column in GroupColumn::ALL {
        body.cells(column as u16, column.physical(), groups.iter().map(|row| group_cell(row, column)));
    }
    body.end_table(TableTag::Dimension(Dimension::Group), groups.len());
}

fn write_event_tables(builder: &BlockBuilder, body: &mut BodyWriter) {
    for place in tables_by_kind(builder) {
        let table = &builder.tables[place];
        let threads: Vec<i64> = table.threads.iter().map(|&row| i64::from(row)).collect();
        body.ints(event::THREAD, &threads, &Nulls::default());
        let mut fds = IntBuilder::default();
        for (row, &fd) in table.fds.iter().enumerate() {
            if fd == NO_ROW {
                fds.nulls.set(row);
            }
            fds.values.push(i64::from(fd));
        }
        body.ints(event::FD, &fds.values, &fds.nulls);
        body.bytes_builder(event::PATH, &table.path);
        body.bytes_builder(event::SOURCE_PATH, &table.source_path);
        for (param, column) in table.params.iter().zip(event::FIRST_PARAM..) {
            match param {
                ParamBuilder::Int(ints) => body.ints(column, &ints.values, &ints.nulls),
                ParamBuilder::Bytes(texts) => body.bytes_builder(column, texts),
            }
        }
        body.end_table(TableTag::Event(table.kind), table.rows());
    }
}
