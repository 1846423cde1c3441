//! Decodes derived columns by following them to their sources. The bytes are described in `derived`.

use crate::format::column::{
    BytesColumn, Codes, IntColumn, NULL_CODE, Nulls, Texts, Unpack, decode_bytes_column, decode_codes,
    decode_int_column, decode_ints, decode_texts,
};
use crate::format::cursor::{Cursor, Malformed};
use crate::format::dimension::Dimension;

use super::decode::{Block, TableSlot};
use super::derived::{AFTER, COPY, COPY_EXCEPT, OWN_CODES, SAME_CODES, STEPS, SUFFIX};
use super::layout::{Reference, TableTag, reference_of};
use super::pack::UnpackerAfter;

/// The longest chain of derivations. The writer makes chains of some four; the limit bounds the stack.
pub(super) const DEPTH_LIMIT: usize = 16;

/// A source as read: the rows to look at, and where.
struct Source<'b> {
    refs: Option<&'b IntColumn>,
    slot: &'b TableSlot,
    number: u16,
}

impl Block {
    /// Reads a source of column `number`; it is earlier in the same table, or in a dimension table.
    fn source<'b>(
        &'b self,
        slot: &'b TableSlot,
        number: u16,
        cursor: &mut Cursor<'_>,
    ) -> Result<Source<'b>, Malformed> {
        let via = cursor.size(usize::from(u16::MAX), "a column's number")? as u16;
        let from = cursor.size(usize::from(u16::MAX), "a column's number")? as u16;
        if via == 0 {
            return self.earlier(slot, number, from);
        }
        match (slot.tag, reference_of(slot.tag, via)) {
            (TableTag::Event(_), Reference::Row { dimension, .. }) => Ok(Source {
                refs: Some(self.ints_of(slot, via)?),
                slot: self.slot(TableTag::Dimension(dimension)),
                number: from,
            }),
            _ => Err(Malformed::new("it is derived through a column that refers to nothing")),
        }
    }

    fn earlier<'b>(&'b self, slot: &'b TableSlot, number: u16, from: u16) -> Result<Source<'b>, Malformed> {
        if from >= number {
            return Err(Malformed::new("it is derived from a later column"));
        }
        Ok(Source { refs: None, slot, number: from })
    }

    /// Decodes a derived column of numbers.
    pub(super) fn follow_ints(
        &self,
        slot: &TableSlot,
        number: u16,
        cursor: &mut Cursor<'_>,
        unpack: &dyn Unpack,
    ) -> Result<IntColumn, Malformed> {
        let form = cursor.byte()?;
        if form == STEPS {
            return self.follow_steps(slot, cursor, unpack);
        }
        if !matches!(form, COPY | COPY_EXCEPT) {
            return Err(Malformed::unknown_form("derivation", form));
        }
        let source = self.source(slot, number, cursor)?;
        let from = self.ints_of(source.slot, source.number)?;
        unpack.charge(slot.rows.saturating_mul(9))?;
        let mut nulls = Nulls::default();
        let mut values = Vec::with_capacity(slot.rows);
        let exceptions = self.exceptions(form, slot.rows, cursor, unpack)?;
        let own = match &exceptions {
            Some(mask) => Some(decode_int_column(cursor, mask.count(), unpack)?),
            None => None,
        };
        if exceptions.is_none() && source.refs.is_none_or(|refs| !refs.has_nulls()) && !from.has_nulls() {
            match source.refs {
                None => values.extend_from_slice(from.values()),
                Some(refs) => {
                    let from = from.values();
                    // References are in range: they were checked when they were decoded.
                    values.extend(refs.values().iter().map(|&row| from.get(row as usize).copied().unwrap_or(0)));
                }
            }
            return Ok(IntColumn::each(values, None));
        }
        let mut next_own = 0;
        for row in 0..slot.rows {
            let value = if exceptions.as_ref().is_some_and(|mask| mask.is_null(row)) {
                next_own += 1;
                own.as_ref().and_then(|own| own.get(next_own - 1))
            } else {
                let row = source.refs.map_or(Some(row), |refs| refs.get(row).map(|row| row as usize));
                row.and_then(|row| from.get(row))
            };
            if value.is_none() {
                nulls.set(row);
            }
            values.push(value.unwrap_or(0));
        }
        Ok(IntColumn::each(values, (nulls.count() > 0).then_some(nulls)))
    }

    /// Decodes a derived column of byte strings.
    pub(super) fn follow_bytes(
        &self,
        slot: &TableSlot,
        number: u16,
        cursor: &mut Cursor<'_>,
        unpack: &dyn Unpack,
    ) -> Result<BytesColumn, Malformed> {
        match cursor.byte()? {
            form @ (COPY | COPY_EXCEPT) => self.copy_bytes(form, slot, number, cursor, unpack),
            SUFFIX => self.suffixes(slot, number, cursor, unpack),
            AFTER => self.after(slot, cursor),
            form => Err(Malformed::unknown_form("derivation", form)),
        }
    }

    /// Decodes a column that was compressed after another.
    fn after(&self, slot: &TableSlot, cursor: &mut Cursor<'_>) -> Result<BytesColumn, Malformed> {
        let tag = TableTag::of_number(cursor.varint()?);
        let number = cursor.size(usize::from(u16::MAX), "a column's number")? as u16;
        let tag = tag.ok_or_else(|| Malformed::new("it was compressed after a table that is not known here"))?;
        let anchor = self.slot(tag);
        let prefix = self.bytes_of(anchor, number)?.joined();
        decode_bytes_column(cursor, slot.rows, &UnpackerAfter { unpacker: &self.unpacker, prefix })
    }

    fn exceptions(
        &self,
        form: u8,
        rows: usize,
        cursor: &mut Cursor<'_>,
        unpack: &dyn Unpack,
    ) -> Result<Option<Nulls>, Malformed> {
        if form == COPY { Ok(None) } else { Nulls::decode(cursor, rows, unpack) }
    }

    fn copy_bytes(
        &self,
        form: u8,
        slot: &TableSlot,
        number: u16,
        cursor: &mut Cursor<'_>,
        unpack: &dyn Unpack,
    ) -> Result<BytesColumn, Malformed> {
        let source = self.source(slot, number, cursor)?;
        let from = self.bytes_of(source.slot, source.number)?;
        let exceptions = self.exceptions(form, slot.rows, cursor, unpack)?;
        let own = match &exceptions {
            Some(mask) => Some(decode_bytes_column(cursor, mask.count(), unpack)?),
            None => None,
        };
        let own_distinct = own.as_ref().map_or(0, BytesColumn::distinct_count);
        unpack.charge((slot.rows + from.distinct_count() + own_distinct).saturating_mul(8))?;
        let mut codes = Numbering::new(from.distinct_count(), own_distinct);
        let mut next_own = 0;
        for row in 0..slot.rows {
            if exceptions.as_ref().is_some_and(|mask| mask.is_null(row)) {
                codes.push_own(own.as_ref().and_then(|own| own.code(next_own)));
                next_own += 1;
            } else {
                let row = source.refs.map_or(Some(row), |refs| refs.get(row).map(|row| row as usize));
                codes.push_base(row.and_then(|row| from.code(row)));
            }
        }
        let mut texts = Texts::default();
        for origin in &codes.origins {
            let text = match *origin {
                Origin::Base(code) => from.distinct(code),
                Origin::Own(code) => own.as_ref().map_or(&[][..], |own| own.distinct(code)),
            };
            push_text(&mut texts, text, unpack)?;
        }
        Ok(BytesColumn::new(slot.rows, Codes::Each(codes.codes), texts, codes.has_nulls))
    }

    fn suffixes(
        &self,
        slot: &TableSlot,
        number: u16,
        cursor: &mut Cursor<'_>,
        unpack: &dyn Unpack,
    ) -> Result<BytesColumn, Malformed> {
        let table = cursor.varint()?;
        let from = cursor.size(usize::from(u16::MAX), "a column's number")? as u16;
        let source = match (table, TableTag::of_number(table)) {
            (0, _) => self.earlier(slot, number, from)?,
            (_, Some(tag @ TableTag::Dimension(Dimension::Fd))) if matches!(slot.tag, TableTag::Event(_)) => {
                Source { refs: None, slot: self.slot(tag), number: from }
            }
            _ => return Err(Malformed::new("it is derived from a table that it cannot be derived from")),
        };
        let base = self.bytes_of(source.slot, source.number)?;
        let count = cursor.size(slot.rows, "the number of distinct strings")?;
        let (codes, has_nulls) = match cursor.byte()? {
            OWN_CODES => {
                let nulls = Nulls::decode(cursor, slot.rows, unpack)?;
                (decode_codes(cursor, slot.rows, count, nulls.as_ref(), unpack)?, nulls.is_some())
            }
            SAME_CODES if base.len() == slot.rows && base.distinct_count() == count => {
                unpack.charge(slot.rows.saturating_mul(8))?;
                (Codes::Each(base.codes().to_vec()), base.has_nulls())
            }
            _ => return Err(Malformed::new("its codes are not those of the column it is derived from")),
        };
        unpack.charge(count.saturating_mul(24))?;
        let bases = decode_ints(cursor, count, unpack)?.into_values(count);
        let from_base = bases.iter().filter(|&&base| base != 0).count();
        let left_out = decode_ints(cursor, from_base, unpack)?.into_values(from_base);
        let own = decode_texts(cursor, count - from_base, unpack)?;
        let mut left_out = left_out.into_iter();
        let mut next_own = 0;
        let mut texts = Texts::default();
        for code in bases {
            if code == 0 {
                push_text(&mut texts, own.get(next_own), unpack)?;
                next_own += 1;
                continue;
            }
            let code = u32::try_from(code - 1).ok().filter(|&code| code != NULL_CODE);
            let code = code.filter(|&code| (code as usize) < base.distinct_count());
            let start = left_out.next().and_then(|start| usize::try_from(start).ok());
            let text = code.zip(start).and_then(|(code, start)| base.distinct(code).get(start..));
            push_text(
                &mut texts,
                text.ok_or_else(|| Malformed::new("it is derived from a string that is not there"))?,
                unpack,
            )?;
        }
        Ok(BytesColumn::new(slot.rows, codes, texts, has_nulls))
    }
}

fn push_text(texts: &mut Texts, text: &[u8], unpack: &dyn Unpack) -> Result<(), Malformed> {
    unpack.charge(text.len())?;
    if texts.push(text) { Ok(()) } else { Err(Malformed::new("its strings are longer than 4 GiB")) }
}

/// Where a distinct string of a copied column comes from.
#[derive(Clone, Copy)]
enum Origin {
    Base(u32),
    Own(u32),
}

/// Numbers the strings that a copied column really has by their first occurrence.
struct Numbering {
    codes: Vec<u32>,
    origins: Vec<Origin>,
    of_base: Vec<u32>,
    of_own: Vec<u32>,
    has_nulls: bool,
}

impl Numbering {
    fn new(base: usize, own: usize) -> Numbering {
        Numbering {
            codes: Vec::new(),
            origins: Vec::new(),
            of_base: vec![NULL_CODE; base],
            of_own: vec![NULL_CODE; own],
            has_nulls: false,
        }
    }

    fn push_base(&mut self, code: Option<u32>) {
        let known = code.and_then(|code| self.of_base.get_mut(code as usize));
        let new = Self::number(known, code.map(Origin::Base), &mut self.origins);
        self.has_nulls |= new == NULL_CODE;
        self.codes.push(new);
    }

    fn push_own(&mut self, code: Option<u32>) {
        let known = code.and_then(|code| self.of_own.get_mut(code as usize));
        let new = Self::number(known, code.map(Origin::Own), &mut self.origins);
        self.has_nulls |= new == NULL_CODE;
        self.codes.push(new);
    }

    fn number(known: Option<&mut u32>, origin: Option<Origin>, origins: &mut Vec<Origin>) -> u32 {
        let (Some(known), Some(origin)) = (known, origin) else { return NULL_CODE };
        if *known == NULL_CODE {
            *known = origins.len() as u32;
            origins.push(origin);
        }
        *known
    }
}
