//! One event of a `.scap` file, whose parameters lie in the reader's buffer.

use std::ops::Range;

use crate::format::cursor::Malformed;
use crate::format::schema::EventKind;
use crate::format::schema::codes::code_info;

use super::block_type::{EVENT_V2, EVENT_V2_FLAGS, EVENT_V2_FLAGS_LARGE, EVENT_V2_LARGE, EventBlock};
use super::packed::Packed;

/// An event. Its parameters are bytes as the recorder laid them down; [`crate::format::schema::codes::code_info`] says
/// what each means.
#[derive(Clone, Copy, Debug)]
pub struct ScapEvent<'a> {
    /// The event's code; always one that [`crate::format::schema::codes::code_info`] knows.
    pub code: u16,
    /// The processor it happened on.
    pub cpu: u16,
    /// Flags of the block, 0 where the block has none.
    pub flags: u32,
    /// Nanoseconds since the epoch.
    pub ts_ns: u64,
    /// The thread that did it; -1 for events without one.
    pub tid: i64,
    /// The lengths of the parameters, in two or four bytes each.
    pub(super) lengths: &'a [u8],
    /// Whether a length takes four bytes.
    pub(super) is_large: bool,
    /// The parameters, one after the other. At least as long as all lengths together.
    pub(super) data: &'a [u8],
}

/// Where the event lies in its block: behind type and length of the block, a processor, and flags if it has some.
const FLAGS_AT: usize = 10;
const FLAGS: usize = 4;

/// What an event's own head takes: time, thread, length, code and number of parameters.
const HEAD: usize = 26;

impl<'a> ScapEvent<'a> {
    /// The event that `bytes` begin with, and its block's length: if it is all there, of a version that says how many
    /// parameters it has, and nothing about it is special or wrong. Millions are; who is told `None` looks closer.
    #[inline]
    pub(super) fn read_plain(bytes: &'a [u8], longest: usize) -> Option<(ScapEvent<'a>, usize)> {
        let has_flags = match u32_at(bytes, 0)? {
            EVENT_V2 | EVENT_V2_LARGE => false,
            EVENT_V2_FLAGS | EVENT_V2_FLAGS_LARGE => true,
            _ => return None,
        };
        let length = u32_at(bytes, 4)?;
        let size = usize::try_from(length).ok().filter(|&size| size <= longest)?;
        let (body, trailer) = bytes.get(..size)?.split_last_chunk()?;
        let start = if has_flags { FLAGS_AT + FLAGS } else { FLAGS_AT };
        let (flags, head) = (body.get(FLAGS_AT..start)?, body.get(start..)?.first_chunk::<HEAD>()?);
        let end = start.checked_add(u32::from_le_bytes(part::<16, 4>(head)) as usize)?;
        let content = body.get(start + HEAD..end)?;
        let count = u32::from_le_bytes(part::<22, 4>(head)) as usize;
        let (lengths, data) = content.split_at_checked(count.checked_mul(2)?)?;
        let code = u16::from_le_bytes(part::<20, 2>(head));
        let is_sound = u32::from_le_bytes(*trailer) == length
            && code_info(code).is_some_and(|info| !info.has_large_payload())
            && total(lengths, false) <= data.len() as u64;
        let event = ScapEvent {
            code,
            cpu: u16::from_le_bytes(*body.get(8..)?.first_chunk()?),
            flags: flags.first_chunk().map_or(0, |flags| u32::from_le_bytes(*flags)),
            ts_ns: u64::from_le_bytes(part::<0, 8>(head)),
            tid: i64::from_le_bytes(part::<8, 8>(head)),
            lengths,
            is_large: false,
            data,
        };
        is_sound.then_some((event, size))
    }

    /// How many parameters the event has: what its code has today, or fewer (of an older recording) or more (of a newer
    /// one).
    #[inline]
    pub fn param_count(&self) -> usize {
        self.lengths.len() / if self.is_large { 4 } else { 2 }
    }

    /// The bytes of a parameter; `None` when the event does not have that many. An empty slice is a parameter that is
    /// there and has no value.
    pub fn param(&self, at: usize) -> Option<&'a [u8]> {
        self.params().nth(at)
    }

    /// Every parameter in order. Cheaper than asking for one after the other.
    #[inline]
    pub fn params(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        Params { lengths: self.lengths, is_large: self.is_large, data: self.data }
    }

    /// Hands every parameter in order to `take`, until it says that it wants no more. The cheapest way to all of them.
    #[inline(always)]
    pub fn each_param(&self, mut take: impl FnMut(&'a [u8]) -> bool) {
        let mut data = self.data;
        for length in self.lengths.chunks_exact(if self.is_large { 4 } else { 2 }) {
            let length = match length {
                &[a, b] => usize::from(u16::from_le_bytes([a, b])),
                length => length.first_chunk().map_or(0, |length| u32::from_le_bytes(*length)) as usize,
            };
            let Some((param, rest)) = data.split_at_checked(length) else { return };
            data = rest;
            if !take(param) {
                return;
            }
        }
    }
}

struct Params<'a> {
    lengths: &'a [u8],
    is_large: bool,
    data: &'a [u8],
}

impl<'a> Iterator for Params<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let length = if self.is_large {
            let (length, rest) = self.lengths.split_first_chunk::<4>()?;
            self.lengths = rest;
            usize::try_from(u32::from_le_bytes(*length)).ok()?
        } else {
            let (length, rest) = self.lengths.split_first_chunk::<2>()?;
            self.lengths = rest;
            usize::from(u16::from_le_bytes(*length))
        };
        let (param, rest) = self.data.split_at_checked(length)?;
        self.data = rest;
        Some(param)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.lengths.len() / if self.is_large { 4 } else { 2 };
        (left, Some(left))
    }
}

impl ExactSizeIterator for Params<'_> {}

/// Where the parts of an event lie in its block's body.
#[derive(Clone, Debug)]
pub(super) struct EventLayout {
    code: u16,
    cpu: u16,
    flags: u32,
    ts_ns: u64,
    tid: i64,
    is_large: bool,
    lengths: Range<usize>,
    data: Range<usize>,
}

/// Kinds of which old recorders wrote a length three bytes too large into the event's header.
const WRONG_LENGTH_BEFORE_V2: [u16; 2] = [EventKind::NOTIFICATION.0, EventKind::INFRA.0];

impl EventLayout {
    /// Finds the parts of an event in the body of its block. `None` for an event of a code that is not known.
    pub(super) fn read(body: &[u8], block: EventBlock) -> Result<Option<EventLayout>, Malformed> {
        let mut packed = Packed::new(body);
        let cpu = packed.u16()?;
        let flags = if block.has_flags { packed.u32()? } else { 0 };
        let start = body.len() - packed.remaining();
        let ts_ns = packed.u64()?;
        let tid = packed.i64()?;
        let mut length = packed.u32()? as usize;
        let code = packed.u16()?;
        let Some(info) = code_info(code) else { return Ok(None) };
        let is_large = info.has_large_payload();
        let count = if block.has_param_count { Some(packed.u32()? as usize) } else { None };
        if count.is_none() && WRONG_LENGTH_BEFORE_V2.contains(&code) {
            length = length.saturating_sub(3);
        }
        let at = body.len() - packed.remaining();
        let end = start.checked_add(length).filter(|&end| (at..=body.len()).contains(&end));
        let end = end.ok_or_else(|| Malformed::new(format!("an event of {length} bytes does not fit its block")))?;
        let rest = body.get(at..end).unwrap_or_default();
        let lengths = match count {
            Some(count) => {
                let lengths = count.checked_mul(if is_large { 4 } else { 2 }).filter(|&lengths| lengths <= rest.len());
                let lengths =
                    lengths.ok_or_else(|| Malformed::new(format!("an event with {count} parameters is too short")))?;
                if total(rest.get(..lengths).unwrap_or_default(), is_large) > (rest.len() - lengths) as u64 {
                    return Err(Malformed::new("an event's parameters are longer than the event"));
                }
                lengths
            }
            None => lengths_without_count(rest, info.params.len())?,
        };
        Ok(Some(EventLayout {
            code,
            cpu,
            flags,
            ts_ns,
            tid,
            is_large: is_large && count.is_some(),
            lengths: at..at + lengths,
            data: at + lengths..end,
        }))
    }

    /// The event, whose parts lie in the same body.
    #[inline]
    pub(super) fn event<'a>(&self, body: &'a [u8]) -> ScapEvent<'a> {
        ScapEvent {
            code: self.code,
            cpu: self.cpu,
            flags: self.flags,
            ts_ns: self.ts_ns,
            tid: self.tid,
            lengths: body.get(self.lengths.clone()).unwrap_or_default(),
            is_large: self.is_large,
            data: body.get(self.data.clone()).unwrap_or_default(),
        }
    }
}

/// `N` bytes of an event's head, from the one at `AT`.
#[inline(always)]
fn part<const AT: usize, const N: usize>(head: &[u8; HEAD]) -> [u8; N] {
    const { assert!(AT + N <= HEAD) };
    let mut part = [0; N];
    part.copy_from_slice(&head[AT..AT + N]);
    part
}

#[inline]
fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// The sum of the lengths.
#[inline(always)]
fn total(lengths: &[u8], is_large: bool) -> u64 {
    if is_large {
        return lengths.as_chunks::<4>().0.iter().map(|length| u64::from(u32::from_le_bytes(*length))).sum();
    }
    // four at a time: most events have no more than eight
    const LOW_HALVES: u64 = 0x0000_ffff_0000_ffff;
    let (fours, rest) = lengths.as_chunks::<8>();
    let of_fours = fours.iter().map(|four| {
        let four = u64::from_le_bytes(*four);
        let pairs = (four & LOW_HALVES) + (four >> 16 & LOW_HALVES);
        (pairs & 0xffff_ffff) + (pairs >> 32)
    });
    of_fours.sum::<u64>()
        + rest.as_chunks::<2>().0.iter().map(|length| u64::from(u16::from_le_bytes(*length))).sum::<u64>()
}

/// How many bytes of lengths an event has that does not say how many parameters it has: the largest number of
/// parameters, up to what its code has today, with which lengths and parameters fill the event.
fn lengths_without_count(rest: &[u8], most: usize) -> Result<usize, Malformed> {
    for count in (0..=most).rev() {
        let Some((lengths, data)) = rest.split_at_checked(count * 2) else { continue };
        let sum = total(lengths, false);
        if sum == data.len() as u64 {
            return Ok(lengths.len());
        }
        if sum < data.len() as u64 {
            break;
        }
    }
    Err(Malformed::new("no number of parameters fits the length of an event"))
}
