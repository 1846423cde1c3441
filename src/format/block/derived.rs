//! Derived columns: those that can be computed from another column of the block.
//!
//! Events repeat what their dimension rows say (an `openat`'s path is its descriptor's name, an `execve`'s arguments
//! are its thread's), and parameters repeat each other (a relative name is the end of the resolved path). Such a
//! column costs a few bytes.
//!
//! ```text
//! derived = 0 source                     COPY: the source's value
//!         | 1 source nulls column        COPY_EXCEPT: likewise, but where the null map has a bit: there the rows of
//!                                        `column`, one after the other
//!         | 2 table number count codes ints ints ints stream
//!                                        SUFFIX: `count` distinct byte strings, ends of another column's. For each 0,
//!                                        or 1 + the code in that column of the string which it is the end of; for
//!                                        the latter how many bytes to leave out; lengths of the others; those, joined
//!         | 3 tag number nulls bytes     AFTER: a column of its own, whose strings are compressed as if they came after
//!                                        those of that column of the table with that tag
//!         | 4 steps                    STEPS: times, see `steps`
//! codes   = 0 nulls ints                 codes of the rows that are not null
//!         | 1                            the codes (and nulls) of that column, which is one of the same table
//! source  = 0 number                     a column of the same table with a smaller number
//!         | via number                   a column of the dimension table that column `via` of this table refers to
//! table   = 0 or a dimension's number    0 is the same table; then the column has a smaller number
//! ```
//!
//! Every chain of derivations ends: it goes to a smaller number, from an event table to a dimension table, or (AFTER) to
//! a column that is not AFTER another; STEPS are found only in the sequence, out of a column that is not derived.

use crate::format::column::{NULL_CODE, Nulls, Pack, TextColumn, encode_bytes_column, encode_int_column};
use crate::format::column::{encode_codes, encode_ints, encode_null_codes, encode_texts};
use crate::format::cursor::put_size;
use crate::format::dimension::{Dimension, FdColumn};
use crate::format::schema::ParamType;

use super::gather::{ColumnData, Dimensions, IntData, TableData, Values};
use super::layout::{Reference, TableTag, event, reference_of};
use super::pack::{Packer, PackerAfter};

pub(super) const COPY: u8 = 0;
pub(super) const COPY_EXCEPT: u8 = 1;
pub(super) const SUFFIX: u8 = 2;
pub(super) const AFTER: u8 = 3;
pub(super) const STEPS: u8 = 4;
pub(super) const OWN_CODES: u8 = 0;
pub(super) const SAME_CODES: u8 = 1;

/// Rows looked at before a source is compared in full.
const SAMPLE: usize = 16;

/// Where a column's values may come from.
struct Source<'a, 'v> {
    /// The referring column, 0 for the same table.
    via: u16,
    refs: Option<&'a IntData<'v>>,
    column: &'a ColumnData<'v>,
}

impl Source<'_, '_> {
    fn row(&self, row: usize) -> Option<usize> {
        match self.refs {
            None => Some(row),
            Some(refs) => refs.get(row).and_then(|row| usize::try_from(row).ok()),
        }
    }

    /// Whether a row of `values` is what this source says.
    fn agrees(&self, values: &Values<'_>, row: usize) -> bool {
        let from = self.row(row);
        match (values, &self.column.values) {
            (Values::Ints(own), Values::Ints(other)) => own.get(row) == from.and_then(|from| other.get(from)),
            (Values::Texts(own), Values::Texts(other)) => own.get(row) == from.and_then(|from| other.get(from)),
            (Values::Ints(_) | Values::Sparse(_) | Values::Texts(_), _) => false,
        }
    }

    /// The rows of `values` that are not what this source says, but no more than `limit`.
    fn exceptions(&self, values: &Values<'_>, rows: usize, limit: usize) -> Vec<usize> {
        match (values, &self.column.values) {
            (Values::Ints(own), Values::Ints(other)) => {
                if self.refs.is_none() && own.nulls.count() + other.nulls.count() == 0 {
                    let pairs = own.values.iter().zip(other.values.iter()).enumerate();
                    return pairs.filter(|(_, (own, other))| own != other).map(|(row, _)| row).take(limit).collect();
                }
                (0..rows).filter(|&row| !self.agrees(values, row)).take(limit).collect()
            }
            (Values::Texts(own), Values::Texts(other)) => {
                // For each string of ours the one of theirs that it was found to be.
                let mut found = vec![NULL_CODE; own.texts.len()];
                let mut is_same = |row: &usize| {
                    let code_at = |column: &TextColumn<'_>, row: usize| column.codes.get(row).copied();
                    let ours = code_at(own, *row).unwrap_or(NULL_CODE);
                    let theirs = self.row(*row).and_then(|from| code_at(other, from)).unwrap_or(NULL_CODE);
                    let Some(found) = found.get_mut(ours as usize) else { return theirs == NULL_CODE };
                    if *found != theirs && own.texts.get(ours as usize) == other.texts.get(theirs as usize) {
                        *found = theirs;
                    }
                    theirs != NULL_CODE && *found == theirs
                };
                (0..rows).filter(|row| !is_same(row)).take(limit).collect()
            }
            (Values::Ints(_) | Values::Sparse(_) | Values::Texts(_), _) => (0..rows.min(limit)).collect(),
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_size(out, usize::from(self.via));
        put_size(out, usize::from(self.column.number));
    }
}

/// All columns that column `at` of the table may be derived from, the cheapest to follow first.
fn sources<'a, 'v>(table: &'a TableData<'v>, at: usize, dimensions: &'a Dimensions<'v>) -> Vec<Source<'a, 'v>> {
    let mut sources = Vec::new();
    let is_reference =
        |table: &TableData<'_>, column: &ColumnData<'_>| reference_of(table.tag, column.number) != Reference::None;
    for column in table.columns.iter().take(at).filter(|column| !column.is_all_null()) {
        if !is_reference(table, column) {
            sources.push(Source { via: 0, refs: None, column });
        }
    }
    if !matches!(table.tag, TableTag::Event(_)) {
        return sources;
    }
    for via in [event::FD, event::THREAD] {
        let Reference::Row { dimension, .. } = reference_of(table.tag, via) else { continue };
        let Some(Values::Ints(refs)) = table.column(via).map(|column| &column.values) else { continue };
        let Some(target) = dimensions.table(dimension) else { continue };
        for column in target.columns.iter().filter(|column| !column.is_all_null()) {
            if !is_reference(target, column) {
                sources.push(Source { via, refs: Some(refs), column });
            }
        }
    }
    sources
}

/// A few rows spread over the table.
fn sample(rows: usize) -> impl Iterator<Item = usize> {
    (0..rows.min(SAMPLE)).map(move |at| at * rows / rows.min(SAMPLE))
}

/// The source that agrees best, with the rows where it does not; at most one row in eight.
fn best_source<'a, 'v>(
    values: &Values<'_>,
    rows: usize,
    sources: Vec<Source<'a, 'v>>,
) -> Option<(Source<'a, 'v>, Vec<usize>)> {
    let mut best: Option<(Source<'a, 'v>, Vec<usize>)> = None;
    for source in sources {
        if sample(rows).filter(|&row| !source.agrees(values, row)).nth(SAMPLE / 8).is_some() {
            continue;
        }
        let limit = best.as_ref().map_or(rows / 8 + 1, |(_, exceptions)| exceptions.len());
        let exceptions = source.exceptions(values, rows, limit);
        if exceptions.len() < limit {
            let exact = exceptions.is_empty();
            best = Some((source, exceptions));
            if exact {
                break;
            }
        }
    }
    best
}

/// How a column may be derived from others.
#[derive(Default)]
pub(super) struct Derivation<'a, 'v> {
    copy: Option<(Source<'a, 'v>, Vec<usize>)>,
    suffixes: Option<Suffixes>,
}

impl<'a, 'v> Derivation<'a, 'v> {
    /// Looks for columns of which column `at` may be a copy or the ends.
    pub(super) fn find(table: &'a TableData<'v>, at: usize, dimensions: &'a Dimensions<'v>) -> Derivation<'a, 'v> {
        let Some(column) = table.columns.get(at) else { return Derivation::default() };
        let copy = best_source(&column.values, table.rows, sources(table, at, dimensions));
        let is_copy = copy.as_ref().is_some_and(|(_, exceptions)| exceptions.is_empty());
        let suffixes = match &column.values {
            Values::Texts(texts) if !is_copy => find_suffixes(texts, table, at, dimensions),
            Values::Texts(_) | Values::Ints(_) | Values::Sparse(_) => None,
        };
        Derivation { copy, suffixes }
    }

    /// The column's bytes, if it is a copy in every row.
    pub(super) fn exact_copy(&self) -> Option<Vec<u8>> {
        let (source, _) = self.copy.as_ref().filter(|(_, exceptions)| exceptions.is_empty())?;
        let mut out = vec![COPY];
        source.put(&mut out);
        Some(out)
    }

    /// The column's bytes in each other way that it may be derived.
    pub(super) fn candidates(&self, values: &Values<'_>, rows: usize, pack: &mut dyn Pack) -> Vec<Vec<u8>> {
        let mut candidates = Vec::new();
        if let Some((source, exceptions)) = &self.copy {
            let mut candidate = vec![COPY_EXCEPT];
            source.put(&mut candidate);
            put_exceptions(values, rows, exceptions, pack, &mut candidate);
            candidates.push(candidate);
        }
        if let (Values::Texts(texts), Some(suffixes)) = (values, &self.suffixes) {
            candidates.push(put_suffixes(texts, suffixes, pack));
        }
        candidates
    }
}

/// Columns after which others are compressed: the first of each sort that has enough strings.
#[derive(Default)]
pub(super) struct Anchors(Vec<Anchor>);

struct Anchor {
    sort: TextSort,
    tag: TableTag,
    number: u16,
    joined: Vec<u8>,
}

/// Columns of one sort have much in common.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TextSort {
    /// Data of calls: programs write what they read before.
    Data,
    /// Names of files: what is opened is looked at, linked and removed as well.
    Path,
}

/// Strings of fewer bytes help nobody, and are not worth the trial.
const ANCHOR_LEN: usize = 4096;

impl Anchors {
    fn of(&self, sort: TextSort) -> Option<&Anchor> {
        self.0.iter().find(|anchor| anchor.sort == sort)
    }

    /// Takes the column as the anchor of its sort, if there is none yet and it fits.
    pub(super) fn offer(&mut self, table: &TableData<'_>, at: usize) {
        let Some((sort, texts)) = anchored(table, at) else { return };
        if self.of(sort).is_none() && texts.texts.iter().map(|text| text.len()).sum::<usize>() >= ANCHOR_LEN {
            let number = table.columns.get(at).map_or(0, |column| column.number);
            self.0.push(Anchor { sort, tag: table.tag, number, joined: texts.texts.concat() });
        }
    }
}

/// The column's strings, if they are of a sort that has anchors.
fn anchored<'a, 'v>(table: &'a TableData<'v>, at: usize) -> Option<(TextSort, &'a TextColumn<'v>)> {
    let column = table.columns.get(at)?;
    let Values::Texts(texts) = &column.values else { return None };
    const FD_NAME: u16 = FdColumn::Name as u16;
    let sort = match (table.tag, column.number) {
        (TableTag::Dimension(Dimension::Fd), FD_NAME) => TextSort::Path,
        (TableTag::Event(_), event::PATH | event::SOURCE_PATH) => TextSort::Path,
        (TableTag::Event(kind), number) => {
            match kind.info()?.params.get(usize::from(number.checked_sub(event::FIRST_PARAM)?))?.ty {
                ParamType::ByteBuf => TextSort::Data,
                ParamType::FsPath | ParamType::FsRelPath => TextSort::Path,
                _ => return None,
            }
        }
        (TableTag::Dimension(_) | TableTag::Sequence, _) => return None,
    };
    Some((sort, texts))
}

/// The column compressed after the anchor of its sort, if there is one in another table.
pub(super) fn after(table: &TableData<'_>, at: usize, anchors: &Anchors, packer: &mut Packer) -> Option<Vec<u8>> {
    let (sort, texts) = anchored(table, at)?;
    let anchor = anchors.of(sort).filter(|anchor| anchor.tag != table.tag)?;
    let mut out = vec![AFTER];
    put_size(&mut out, anchor.tag.number() as usize);
    put_size(&mut out, usize::from(anchor.number));
    encode_bytes_column(texts, &mut PackerAfter { packer, prefix: &anchor.joined }, &mut out);
    Some(out)
}

fn put_exceptions(values: &Values<'_>, rows: usize, exceptions: &[usize], pack: &mut dyn Pack, out: &mut Vec<u8>) {
    let mut mask = Nulls::default();
    exceptions.iter().for_each(|&row| mask.set(row));
    mask.encode(rows, pack, out);
    let rows = exceptions.iter().copied();
    match values {
        Values::Ints(ints) => {
            let own = ints.subset(rows);
            encode_int_column(&own.values, &own.nulls, pack, out);
        }
        Values::Sparse(_) => {}
        Values::Texts(texts) => encode_bytes_column(&texts.subset(rows), pack, out),
    }
}

/// What the strings of a column are the ends of.
struct Suffixes {
    table: u64,
    number: u16,
    /// For each distinct string the base's code and how many of its bytes to leave out.
    found: Vec<Option<(u32, usize)>>,
    same_codes: bool,
}

/// The column as ends of another's strings, if there is a fitting other.
fn find_suffixes(
    column: &TextColumn<'_>,
    table: &TableData<'_>,
    at: usize,
    dimensions: &Dimensions<'_>,
) -> Option<Suffixes> {
    let mut best: Option<(usize, Suffixes)> = None;
    let mut consider = |suffixes: Suffixes| {
        let found = suffixes.found.iter().flatten().count();
        if found * 2 >= column.texts.len() && best.as_ref().is_none_or(|(most, _)| found > *most) {
            best = Some((found, suffixes));
        }
    };
    for base in table.columns.iter().take(at) {
        let Values::Texts(texts) = &base.values else { continue };
        let is_end = |row: usize| match (column.get(row), texts.get(row)) {
            (Some(text), Some(base)) => base.ends_with(text),
            (None, _) => true,
            (Some(_), None) => false,
        };
        if sample(table.rows).filter(|&row| is_end(row)).count() * 2 >= table.rows.min(SAMPLE) {
            consider(aligned_suffixes(column, texts, base.number));
        }
    }
    if let (TableTag::Event(_), Some(finder)) = (table.tag, &dimensions.fd_names) {
        let known = |&code: &usize| column.texts.get(code).is_some_and(|text| finder.find(text).is_some());
        if sample(column.texts.len()).filter(known).count() * 4 >= column.texts.len().min(SAMPLE) {
            let found = column.texts.iter().map(|text| finder.find(text).map(|code| (code, 0))).collect();
            let table = TableTag::Dimension(Dimension::Fd).number();
            consider(Suffixes { table, number: FdColumn::Name as u16, found, same_codes: false });
        }
    }
    best.map(|(_, suffixes)| suffixes)
}

/// The ends of strings in the same row of an earlier column.
fn aligned_suffixes(column: &TextColumn<'_>, base: &TextColumn<'_>, number: u16) -> Suffixes {
    let mut found = Vec::with_capacity(column.texts.len());
    for (row, &code) in column.codes.iter().enumerate() {
        // Codes are numbered by first occurrence, so this is the string's first row.
        if code as usize != found.len() {
            continue;
        }
        let text = column.get(row).unwrap_or(&[]);
        let whole = base.get(row).filter(|base| base.ends_with(text));
        let code = base.codes.get(row).copied();
        found.push(whole.zip(code).map(|(whole, code)| (code, whole.len() - text.len())));
    }
    Suffixes { table: 0, number, found, same_codes: column.codes == base.codes }
}

fn put_suffixes(column: &TextColumn<'_>, suffixes: &Suffixes, pack: &mut dyn Pack) -> Vec<u8> {
    let mut out = vec![SUFFIX];
    put_size(&mut out, suffixes.table as usize);
    put_size(&mut out, usize::from(suffixes.number));
    put_size(&mut out, column.texts.len());
    if suffixes.same_codes {
        out.push(SAME_CODES);
    } else {
        out.push(OWN_CODES);
        encode_null_codes(&column.codes, pack, &mut out);
        encode_codes(&column.codes, pack, &mut out);
    }
    let bases: Vec<i64> = suffixes.found.iter().map(|found| found.map_or(0, |(code, _)| i64::from(code) + 1)).collect();
    encode_ints(&bases, pack, &mut out);
    let left_out: Vec<i64> = suffixes.found.iter().flatten().map(|&(_, left_out)| left_out as i64).collect();
    encode_ints(&left_out, pack, &mut out);
    let own = column.texts.iter().zip(&suffixes.found).filter(|(_, found)| found.is_none()).map(|(text, _)| *text);
    encode_texts(own, pack, &mut out);
    out
}
