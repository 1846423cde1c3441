//! From a closed block to a frame: columns are encoded, compressed and laid one after the other.

use std::collections::BTreeSet;

use crate::format::column::{Pack, encode_bytes_column, encode_int_column, encode_sparse_column};
use crate::format::cursor::put_size;
use crate::format::error::FormatError;
use crate::format::frame::{BODY_LEN_LIMIT, HEAD_LEN, RECORD_LEN_LIMIT, hash_of};
use crate::format::header::BlockHeader;
use crate::format::records::encode_record;

use super::builder::{BlockBuilder, UnencodedBlock};
use super::derived::{Anchors, Derivation, STEPS, after};
use super::gather::{ColumnData, Dimensions, TableData, Values, event_table, sequence_table};
use super::layout::{Reference, TableTag, reference_of};
use super::pack::{Packer, pack_alone};
use super::steps::{has_steps, put_steps};

/// A column goes into the page when it takes at most this much by itself: then zstd's overhead is a good part of it...
const PAGED_STORED: usize = 400;
/// ... and at most this much uncompressed, so that the page is inflated in no time.
const PAGED_PLAIN: usize = 2048;

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
        let order = tables_by_kind(&builder);
        let mut places = vec![0i64; builder.tables.len()];
        for (place, &at) in (0i64..).zip(&order) {
            places[at] = place;
        }
        let dimensions = Dimensions::of(&builder);
        body.table(&sequence_table(&builder, &places), &dimensions);
        for table in &dimensions.tables {
            body.table(table, &dimensions);
        }
        for at in order {
            body.table(&event_table(&builder.tables[at]), &dimensions);
        }
        body.finish(header)
    }
}

/// The event tables' places in the builder, in rising order of their kinds.
pub(super) fn tables_by_kind(builder: &BlockBuilder) -> Vec<usize> {
    let mut order: Vec<usize> = (0..builder.tables.len()).collect();
    order.sort_by_key(|&place| builder.tables[place].kind);
    order
}

pub(super) fn block_header(builder: &BlockBuilder) -> BlockHeader {
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
        losses: builder.losses().copied().collect(),
        shortfalls: builder.shortfalls.iter().map(|(&shortfall, &count)| (shortfall as u16, count)).collect(),
    }
}

/// Collects columns and the directory that says where they are.
struct BodyWriter {
    packer: Packer,
    level: i32,
    directory: Vec<u8>,
    tables: usize,
    data: Vec<u8>,
    /// Small columns, uncompressed: they are compressed together.
    page: Vec<u8>,
    /// What strings of later tables are compressed after.
    anchors: Anchors,
}

impl BodyWriter {
    fn new(level: i32) -> Result<BodyWriter, FormatError> {
        Ok(BodyWriter {
            packer: Packer::new(level).map_err(FormatError::Compress)?,
            level,
            directory: Vec::new(),
            tables: 0,
            data: Vec::new(),
            page: Vec::new(),
            anchors: Anchors::default(),
        })
    }

    /// Appends a table's columns; those of nulls only are left out.
    fn table(&mut self, table: &TableData<'_>, dimensions: &Dimensions<'_>) {
        if table.rows == 0 {
            return;
        }
        let mut entries = Vec::new();
        let mut columns = 0;
        for (at, column) in table.columns.iter().enumerate().filter(|(_, column)| !column.is_all_null()) {
            let (bytes, is_derived, is_paged) = self.place(table, at, dimensions);
            let is_bytes = matches!(column.values, Values::Texts(_));
            let flags = usize::from(is_paged) * 4 + usize::from(is_derived) * 2 + usize::from(is_bytes);
            put_size(&mut entries, usize::from(column.number) * 8 + flags);
            put_size(&mut entries, bytes.len());
            if is_paged { &mut self.page } else { &mut self.data }.extend_from_slice(&bytes);
            columns += 1;
        }
        put_size(&mut self.directory, table.tag.number() as usize);
        put_size(&mut self.directory, table.rows);
        put_size(&mut self.directory, columns);
        self.directory.append(&mut entries);
        self.tables += 1;
    }

    /// A column's bytes, whether it is derived from another, and whether it goes into the page of small columns.
    fn place(&mut self, table: &TableData<'_>, at: usize, dimensions: &Dimensions<'_>) -> (Vec<u8>, bool, bool) {
        let Some(column) = table.columns.get(at) else { return (Vec::new(), false, false) };
        let derivation =
            if may_be_derived(table, column) { Derivation::find(table, at, dimensions) } else { Derivation::default() };
        if let Some(copy) = derivation.exact_copy() {
            return (copy, true, true);
        }
        // Of a column of so few values it is likely that it is small.
        let small = (table.rows <= PAGED_PLAIN).then(|| self.uncompressed(table, column, &derivation));
        if let Some((bytes, is_derived)) = small.as_ref().filter(|(bytes, _)| bytes.len() <= PAGED_STORED) {
            return (bytes.clone(), *is_derived, true);
        }
        let (bytes, is_derived) = self.column(table, at, &derivation);
        if bytes.len() > PAGED_STORED {
            return (bytes, is_derived, false);
        }
        let (plain, is_plain_derived) = small.unwrap_or_else(|| self.uncompressed(table, column, &derivation));
        if plain.len() > PAGED_PLAIN { (bytes, is_derived, false) } else { (plain, is_plain_derived, true) }
    }

    /// A column's bytes without compression, and whether it is derived from another.
    fn uncompressed(
        &mut self,
        table: &TableData<'_>,
        column: &ColumnData<'_>,
        derivation: &Derivation<'_, '_>,
    ) -> (Vec<u8>, bool) {
        self.packer.compress_streams(false);
        let plain = smallest(
            plain_column(&column.values, table.rows, &mut self.packer),
            derivation.candidates(&column.values, table.rows, &mut self.packer),
        );
        self.packer.compress_streams(true);
        plain
    }

    /// A column's bytes, compressed, and whether it is derived from another.
    fn column(&mut self, table: &TableData<'_>, at: usize, derivation: &Derivation<'_, '_>) -> (Vec<u8>, bool) {
        let Some(column) = table.columns.get(at) else { return (Vec::new(), false) };
        if let Values::Ints(ints) = &column.values
            && has_steps(table, column.number)
        {
            let mut out = vec![STEPS];
            if put_steps(table, &ints.values, &mut self.packer, &mut out) {
                return (out, true);
            }
        }
        let candidates = derivation.candidates(&column.values, table.rows, &mut self.packer);
        // What comes after others is hardly ever longer than it would be without them.
        if let Some(after) = after(table, at, &self.anchors, &mut self.packer) {
            return (smallest(after, candidates).0, true);
        }
        let (bytes, is_derived) = smallest(plain_column(&column.values, table.rows, &mut self.packer), candidates);
        if !is_derived && bytes.len() > PAGED_STORED {
            self.anchors.offer(table, at);
        }
        (bytes, is_derived)
    }

    fn finish(self, header: BlockHeader) -> Result<EncodedBlock, FormatError> {
        self.packer.finish().map_err(FormatError::Compress)?;
        let mut directory = Vec::new();
        put_size(&mut directory, self.tables);
        directory.extend_from_slice(&self.directory);
        let directory = pack_alone(&directory, self.level).map_err(FormatError::Compress)?;
        let page = pack_alone(&self.page, self.level).map_err(FormatError::Compress)?;
        let record = encode_record("block header", &header)?;
        let mut frame = vec![0; HEAD_LEN];
        frame.extend_from_slice(&record);
        let body_start = frame.len();
        put_size(&mut frame, directory.len());
        frame.extend_from_slice(&directory);
        put_size(&mut frame, page.len());
        frame.extend_from_slice(&page);
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

/// The column's bytes, not derived.
fn plain_column(values: &Values<'_>, rows: usize, pack: &mut dyn Pack) -> Vec<u8> {
    let mut out = Vec::new();
    match values {
        Values::Ints(ints) => encode_int_column(&ints.values, &ints.nulls, pack, &mut out),
        Values::Sparse(others) => encode_sparse_column(rows, others, pack, &mut out),
        Values::Texts(texts) => encode_bytes_column(texts, pack, &mut out),
    }
    out
}

/// The shortest of a column's forms, and whether it is a derived one.
fn smallest(plain: Vec<u8>, derived: Vec<Vec<u8>>) -> (Vec<u8>, bool) {
    match derived.into_iter().min_by_key(Vec::len) {
        Some(derived) if derived.len() < plain.len() => (derived, true),
        Some(_) | None => (plain, false),
    }
}

/// Whether it is worth looking for columns that this one may be derived from.
fn may_be_derived(table: &TableData<'_>, column: &ColumnData<'_>) -> bool {
    let is_plain = match &column.values {
        Values::Ints(ints) => table.rows < 2 || is_progression(&ints.values),
        Values::Sparse(_) | Values::Texts(_) => false,
    };
    !is_plain && table.tag != TableTag::Sequence && reference_of(table.tag, column.number) == Reference::None
}

/// Whether the values are `a, a + b, a + 2b, ...`: nothing is shorter than that.
fn is_progression(values: &[i64]) -> bool {
    let mut steps = values.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
    let first = steps.next();
    steps.all(|step| Some(step) == first)
}
