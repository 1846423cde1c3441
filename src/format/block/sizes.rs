//! How large a block became, as a guess for the one that follows: what has room from the start need not be moved as it
//! grows.

use rustc_hash::FxHashMap;

use crate::format::schema::EventKind;

use super::builder::{BlockBuilder, BytesBuilder, IntBuilder, ParamBuilder, TableBuilder};

/// How large the tables of a block became.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    by_kind: FxHashMap<u16, TableSizes>,
}

#[derive(Debug)]
struct TableSizes {
    rows: usize,
    /// Bytes of data of each column of byte strings: path, source path, and parameters in their order.
    texts: Vec<usize>,
}

/// Room for somewhat more than there was.
pub(super) fn room_for(size: usize) -> usize {
    size + size / 8
}

impl Sizes {
    pub(super) fn of(block: &BlockBuilder) -> Sizes {
        let sizes = block.tables.iter().map(|table| (table.kind.0, TableSizes::of(table)));
        Sizes { by_kind: sizes.collect() }
    }

    /// Gives an empty table as much room as it seems to need.
    pub(super) fn make_room(&self, kind: EventKind, table: &mut TableBuilder) {
        let Some(sizes) = self.by_kind.get(&kind.0) else { return };
        let rows = room_for(sizes.rows);
        table.threads.reserve(rows);
        if table.is_outline {
            return;
        }
        table.fds.reserve(rows);
        table.tallies.reserve(rows);
        let mut sizes = sizes.texts.iter().map(|&size| room_for(size));
        for texts in [&mut table.path, &mut table.source_path] {
            reserve_texts(texts, rows, sizes.next().unwrap_or(0));
        }
        for param in &mut table.params {
            match param {
                ParamBuilder::Int(IntBuilder { values, .. }) => values.reserve(rows),
                ParamBuilder::Bytes(texts) => reserve_texts(texts, rows, sizes.next().unwrap_or(0)),
            }
        }
    }
}

fn reserve_texts(texts: &mut BytesBuilder, rows: usize, bytes: usize) {
    if bytes > 0 {
        texts.reserve(rows, bytes);
    }
}

impl TableSizes {
    fn of(table: &TableBuilder) -> TableSizes {
        let params = table.params.iter().filter_map(|param| match param {
            ParamBuilder::Int(_) => None,
            ParamBuilder::Bytes(texts) => Some(texts),
        });
        let texts = [&table.path, &table.source_path].into_iter().chain(params);
        TableSizes { rows: table.rows(), texts: texts.map(BytesBuilder::data_len).collect() }
    }
}
