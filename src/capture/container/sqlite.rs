//! Reading of SQLite files, in which Podman keeps what it knows since version 4.8, while it writes them.
//!
//! Rows of tables, found by reading the table: no index, no SQL. Of a library that does all of it nothing else would be
//! used. The format is that of <https://www.sqlite.org/fileformat2.html>. What was committed last may be in a second
//! file, the write-ahead log: its pages go before those of the first. Both are read whole, and again if one changes
//! meanwhile. Every number in them is checked: what is damaged is not there.

use std::borrow::Cow;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustc_hash::FxHashMap;

/// The largest file that is read, in bytes. A thousand containers take some megabytes.
const FILE_LIMIT: u64 = 64 << 20;

/// How often files are read that change meanwhile.
const TRIES: usize = 5;

/// How deep a tree may be.
const DEPTH_LIMIT: usize = 32;

/// The longest row that is read, in bytes.
const ROW_LIMIT: usize = 16 << 20;

const MAGIC: &[u8] = b"SQLite format 3\0";

/// The head of the file lies on its first page.
const HEAD_BYTES: usize = 100;

const LEAF_PAGE: u8 = 13;
const INTERIOR_PAGE: u8 = 5;

/// Heads of the log and of each page in it, in bytes.
const LOG_HEAD_BYTES: usize = 32;
const FRAME_HEAD_BYTES: usize = 24;

/// How a log begins; with the lowest bit its checksums are over big-endian words.
const LOG_MAGIC: u32 = 0x377F_0682;

/// The root of the table of all tables, and the columns of it that have their names and roots.
const SCHEMA_ROOT: u32 = 1;
const SCHEMA_NAME: usize = 1;
const SCHEMA_ROOT_PAGE: usize = 3;

/// One state of a file.
#[derive(Debug)]
pub(super) struct SqliteFile {
    bytes: Vec<u8>,
    log: Vec<u8>,
    /// Where the log has a page's newest contents, by the page's number.
    in_log: FxHashMap<u32, usize>,
    page_bytes: usize,
    /// Bytes of a page that hold anything.
    used_bytes: usize,
}

/// A value in a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Value<'a> {
    Int(i64),
    Text(&'a [u8]),
    /// Nothing that is asked for here.
    Other,
}

impl SqliteFile {
    /// Reads a file, and its log if there is one; `None` if it cannot be read or is of another kind.
    pub(super) fn read(path: &Path) -> Option<SqliteFile> {
        let mut log_path = path.as_os_str().to_owned();
        log_path.push("-wal");
        let log_path = PathBuf::from(log_path);
        for _ in 0..TRIES {
            let before = (stamp(path), stamp(&log_path));
            let bytes = read_file(path)?;
            let log = read_file(&log_path).unwrap_or_default();
            if (stamp(path), stamp(&log_path)) == before {
                return SqliteFile::parse(bytes, log);
            }
        }
        None
    }

    fn parse(bytes: Vec<u8>, log: Vec<u8>) -> Option<SqliteFile> {
        if !bytes.starts_with(MAGIC) {
            return None;
        }
        let page_bytes = match be_u16(&bytes, 16)? {
            1 => 65_536,
            size => size,
        };
        let used_bytes = page_bytes.checked_sub(usize::from(*bytes.get(20)?))?;
        // Less than this the format does not allow, and cells would not fit.
        if !page_bytes.is_power_of_two() || used_bytes < 480 {
            return None;
        }
        let in_log = pages_in_log(&log, page_bytes).unwrap_or_default();
        Some(SqliteFile { bytes, log, in_log, page_bytes, used_bytes })
    }

    /// The text in the last column of the row of a table whose first column is this text.
    pub(super) fn last_text_of(&self, table: &str, first: &str) -> Option<String> {
        let mut root = None;
        self.find_row(SCHEMA_ROOT, &mut |row| {
            let is_it = row.get(SCHEMA_NAME) == Some(&Value::Text(table.as_bytes()));
            if is_it && let Some(Value::Int(page)) = row.get(SCHEMA_ROOT_PAGE) {
                root = u32::try_from(*page).ok();
            }
            is_it
        });
        let mut found = None;
        self.find_row(root?, &mut |row| {
            let is_it = row.first() == Some(&Value::Text(first.as_bytes()));
            if is_it && let Some(Value::Text(text)) = row.last() {
                found = String::from_utf8(text.to_vec()).ok();
            }
            is_it
        });
        found
    }

    /// Gives the rows of a table to `is_it` until it says so.
    fn find_row(&self, root: u32, is_it: &mut dyn FnMut(&[Value<'_>]) -> bool) {
        // A tree has no more pages than the file; a circle would.
        let mut pages_left = self.bytes.len() / self.page_bytes + self.in_log.len();
        self.find_in_page(root, 0, &mut pages_left, is_it);
    }

    /// Likewise below one page; `None` when what follows cannot be read.
    fn find_in_page(
        &self,
        number: u32,
        depth: usize,
        pages_left: &mut usize,
        is_it: &mut dyn FnMut(&[Value<'_>]) -> bool,
    ) -> Option<bool> {
        *pages_left = pages_left.checked_sub(1)?;
        if depth > DEPTH_LIMIT {
            return None;
        }
        let page = self.page(number)?;
        let head = if number == 1 { HEAD_BYTES } else { 0 };
        let cells = be_u16(page, head + 3)?;
        match *page.get(head)? {
            LEAF_PAGE => {
                for at in 0..cells {
                    let cell = be_u16(page, head + 8 + 2 * at)?;
                    let row = self.row(page.get(cell..)?)?;
                    if is_it(&values(&row)?) {
                        return Some(true);
                    }
                }
            }
            INTERIOR_PAGE => {
                for at in 0..=cells {
                    let place = if at == cells { head + 8 } else { be_u16(page, head + 12 + 2 * at)? };
                    if self.find_in_page(be_u32(page, place)?, depth + 1, pages_left, is_it)? {
                        return Some(true);
                    }
                }
            }
            _ => return None,
        }
        Some(false)
    }

    fn page(&self, number: u32) -> Option<&[u8]> {
        if let Some(at) = self.in_log.get(&number) {
            return self.log.get(*at..)?.get(..self.used_bytes);
        }
        let at = usize::try_from(number.checked_sub(1)?).ok()?.checked_mul(self.page_bytes)?;
        self.bytes.get(at..)?.get(..self.used_bytes)
    }

    /// A row's bytes: what of them lies in its cell, then what overflows into pages of its own.
    fn row<'p>(&self, cell: &'p [u8]) -> Option<Cow<'p, [u8]>> {
        let (length, cell) = varint(cell)?;
        let (_row_number, cell) = varint(cell)?;
        let length = usize::try_from(length).ok().filter(|length| *length <= ROW_LIMIT)?;
        let used = self.used_bytes;
        if length <= used - 35 {
            return cell.get(..length).map(Cow::Borrowed);
        }
        let least = (used - 12) * 32 / 255 - 23;
        let fitting = least + (length - least) % (used - 4);
        let inside = if fitting <= used - 35 { fitting } else { least };
        let mut row = cell.get(..inside)?.to_vec();
        let mut next = be_u32(cell, inside)?;
        while row.len() < length {
            let page = self.page(next)?;
            next = be_u32(page, 0)?;
            row.extend_from_slice(page.get(4..)?.get(..(length - row.len()).min(used - 4))?);
        }
        Some(Cow::Owned(row))
    }
}

/// The values of a row.
fn values(row: &[u8]) -> Option<Vec<Value<'_>>> {
    let (head_bytes, types) = varint(row)?;
    let head_bytes = usize::try_from(head_bytes).ok()?;
    let mut types = types.get(..head_bytes.checked_sub(row.len() - types.len())?)?;
    let mut rest = row.get(head_bytes..)?;
    let mut values = Vec::new();
    while !types.is_empty() {
        let (kind, after) = varint(types)?;
        types = after;
        let bytes = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            12.. => (kind - 12) / 2,
        };
        let (bytes, after) = rest.split_at_checked(usize::try_from(bytes).ok()?)?;
        rest = after;
        values.push(match kind {
            1..=6 => {
                let sign = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { -1 } else { 0 };
                Value::Int(bytes.iter().fold(sign, |number, byte| number << 8 | i64::from(*byte)))
            }
            8 => Value::Int(0),
            9 => Value::Int(1),
            13.. if kind % 2 == 1 => Value::Text(bytes),
            _ => Value::Other,
        });
    }
    Some(values)
}

/// Where a log has the contents of pages, as of its last whole transaction.
fn pages_in_log(log: &[u8], page_bytes: usize) -> Option<FxHashMap<u32, usize>> {
    let magic = be_u32(log, 0)?;
    if magic & !1 != LOG_MAGIC || usize::try_from(be_u32(log, 8)?).ok()? != page_bytes {
        return None;
    }
    let is_big_endian = magic & 1 == 1;
    let salts = log.get(16..24)?;
    let mut sums = add_checksum((0, 0), log.get(..24)?, is_big_endian);
    let mut pages = FxHashMap::default();
    let mut of_transaction = Vec::new();
    let mut at = LOG_HEAD_BYTES;
    while let Some(frame) = log.get(at..).and_then(|rest| rest.get(..FRAME_HEAD_BYTES + page_bytes)) {
        let (head, page) = frame.split_at(FRAME_HEAD_BYTES);
        sums = add_checksum(sums, head.get(..8)?, is_big_endian);
        sums = add_checksum(sums, page, is_big_endian);
        // What follows is left over from before the log was begun anew, or is being written.
        if head.get(8..16)? != salts || (be_u32(head, 16)?, be_u32(head, 20)?) != sums {
            break;
        }
        of_transaction.push((be_u32(head, 0)?, at + FRAME_HEAD_BYTES));
        if be_u32(head, 4)? != 0 {
            pages.extend(of_transaction.drain(..));
        }
        at += frame.len();
    }
    Some(pages)
}

/// The checksum of what came before, and of these bytes.
fn add_checksum((mut first, mut second): (u32, u32), bytes: &[u8], is_big_endian: bool) -> (u32, u32) {
    let word = if is_big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
    let (pairs, _) = bytes.as_chunks::<8>();
    for &[a, b, c, d, e, f, g, h] in pairs {
        first = first.wrapping_add(word([a, b, c, d])).wrapping_add(second);
        second = second.wrapping_add(word([e, f, g, h])).wrapping_add(first);
    }
    (first, second)
}

/// A number of one to nine bytes, seven bits in each but the ninth, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (at, byte) in bytes.iter().take(9).enumerate() {
        if at == 8 {
            return Some((number << 8 | u64::from(*byte), bytes.get(9..)?));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(at + 1..)?));
        }
    }
    None
}

fn be_u16(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..at.checked_add(2)?)?.try_into().ok().map(u16::from_be_bytes).map(usize::from)
}

fn be_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_be_bytes)
}

/// What is different after a file was written.
fn stamp(path: &Path) -> Option<(u64, Option<SystemTime>)> {
    fs::metadata(path).ok().map(|metadata| (metadata.len(), metadata.modified().ok()))
}

fn read_file(path: &Path) -> Option<Vec<u8>> {
    let metadata = fs::metadata(path).ok()?;
    // Opening a pipe would wait for a writer.
    if !metadata.is_file() || metadata.len() > FILE_LIMIT {
        return None;
    }
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(FILE_LIMIT).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
pub(super) mod tests;
