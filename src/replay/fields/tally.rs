//! Figures of processes that each event has: open descriptors, threads.

use super::access::{MemoryFact, TallyFact};
use super::descriptor::word_of_type;
use super::value::FieldValue;
use super::view::EventRow;
use crate::format::Damage;
use crate::format::dimension::{Tally, ThreadColumn};
use crate::format::row::{FD_TYPE_CHARS, NO_PROCESS};
use crate::format::schema::{EventFlags, EventInfo};

fn is_about_descriptor(info: &EventInfo) -> bool {
    [EventFlags::CREATES_FD, EventFlags::DESTROYS_FD, EventFlags::USES_FD]
        .into_iter()
        .any(|flag| info.flags.contains(flag))
}

/// The value of a fact for an event.
pub(super) fn tally_value<'b>(row: &EventRow<'_, 'b>, fact: TallyFact) -> Result<FieldValue<'b>, Damage> {
    Ok(match fact {
        TallyFact::OpenFds => FieldValue::uint(row.tally(Tally::OpenFds)?),
        TallyFact::Threads => FieldValue::uint(row.tally(Tally::Threads)?),
        TallyFact::OtherThreads => FieldValue::uint(row.tally(Tally::OtherThreads)?),
        TallyFact::FdUsage => {
            let (Some(open), Some(thread)) = (row.tally(Tally::OpenFds)?, row.thread()?) else {
                return Ok(FieldValue::Missing);
            };
            match row.view().thread_int(thread, ThreadColumn::Fdlimit)? {
                Some(limit) if limit > 0 => FieldValue::Double(open as f64 * 100.0 / limit as f64),
                Some(_) | None => FieldValue::Double(0.0),
            }
        }
        TallyFact::FdTypes => match row.tally(Tally::FdTypes)? {
            None | Some(0) => FieldValue::Missing,
            // Falco looks at descriptors for events that are about one.
            Some(_) if !row.info().is_some_and(is_about_descriptor) => FieldValue::Missing,
            Some(types) => {
                let words = FD_TYPE_CHARS.iter().enumerate().filter(|(bit, _)| types >> bit & 1 == 1);
                FieldValue::List(words.map(|(_, &letter)| FieldValue::text(word_of_type(letter))).collect())
            }
        },
        TallyFact::ParentDuration => {
            let Some(thread) = row.thread()? else { return Ok(FieldValue::Missing) };
            let Some(parent) = row.view().thread_ref(thread, ThreadColumn::Parent)? else {
                return Ok(FieldValue::Missing);
            };
            match row.view().thread_int(parent, ThreadColumn::CloneTs)?.map(i64::cast_unsigned) {
                Some(start_ns) if start_ns > 0 => FieldValue::UInt(row.ts_ns()?.saturating_sub(start_ns)),
                Some(_) | None => FieldValue::uint(row.tally(Tally::OpenFds)?),
            }
        }
    })
}

/// A figure of the address space: as it was at the event where that is known, else as the thread's row has it.
pub(super) fn memory_value<'b>(row: &EventRow<'_, 'b>, fact: MemoryFact) -> Result<FieldValue<'b>, Damage> {
    let Some(thread) = row.thread()? else { return Ok(FieldValue::Missing) };
    let (view, pid) = (row.view(), row.view().thread_int(thread, ThreadColumn::Pid)?);
    if pid == Some(NO_PROCESS) {
        return Ok(FieldValue::Missing);
    }
    let (tally, column) = match fact {
        MemoryFact::VmSize | MemoryFact::ThreadVmSize => (Tally::VmSize, ThreadColumn::VmSize),
        MemoryFact::VmRss | MemoryFact::ThreadVmRss => (Tally::VmRss, ThreadColumn::VmRss),
        MemoryFact::VmSwap => (Tally::VmSwap, ThreadColumn::VmSwap),
        MemoryFact::PfMajor => (Tally::PfMajor, ThreadColumn::PfMajor),
        MemoryFact::PfMinor => (Tally::PfMinor, ThreadColumn::PfMinor),
    };
    if matches!(fact, MemoryFact::ThreadVmSize | MemoryFact::ThreadVmRss)
        && view.thread_int(thread, ThreadColumn::Tid)? != pid
    {
        return Ok(FieldValue::UInt(0));
    }
    let figure = match row.tally(tally)? {
        Some(figure) => Some(figure),
        None => view.thread_int(thread, column)?,
    };
    Ok(FieldValue::uint(figure))
}
