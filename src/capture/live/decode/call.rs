//! One system call that returned, as the translations of `decode` see it.

use std::cell::Cell;

use super::super::clock::ClockBase;
use super::super::numbers::Arch;
use super::super::wire::{Blob, MessageHeader, Record};
use super::Shortfalls;
use crate::format::schema::EventKind;

/// Data of several buffers, as one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Vector<'r> {
    /// Sum of the buffers' lengths.
    pub(super) total: u64,
    pub(super) data: &'r [u8],
}

/// A message: its data, and what came with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Message<'r> {
    /// Sum of the buffers' lengths.
    pub(super) total: u64,
    /// Bytes that went through, of one message of several.
    pub(super) sent: u32,
    /// Socket address.
    pub(super) name: &'r [u8],
    pub(super) control: &'r [u8],
    pub(super) data: &'r [u8],
}

/// A record together with what its numbers mean.
pub(super) struct Call<'r> {
    pub(super) record: Record<'r>,
    pub(super) kind: EventKind,
    /// The call's architecture-independent code.
    pub(super) code: u16,
    pub(super) arch: Arch,
    pub(super) clock: ClockBase,
    /// How much of read and written data is kept.
    pub(super) snaplen: usize,
    /// The message that the event tells of, where the call handled several.
    pub(super) one_of_many: Option<Blob<'r>>,
    /// What the blobs that were used so far lack.
    pub(super) shortfalls: Cell<Shortfalls>,
}

impl<'r> Call<'r> {
    /// The result; negative is `-errno`.
    pub(super) fn ret(&self) -> i64 {
        self.record.header().ret
    }

    pub(super) fn failed(&self) -> bool {
        self.ret() < 0
    }

    /// Argument `number` as the register holds it.
    pub(super) fn arg(&self, number: usize) -> u64 {
        self.record.header().args.get(number).copied().unwrap_or(0)
    }

    /// Argument `number`, an `int`.
    pub(super) fn int(&self, number: usize) -> i64 {
        i64::from(self.arg_i32(number))
    }

    /// Argument `number`, an `unsigned int`.
    pub(super) fn arg_u32(&self, number: usize) -> u32 {
        // The kernel reads the register's lower half, whatever the upper one holds.
        (self.arg(number) & 0xffff_ffff) as u32
    }

    /// Argument `number`, an `int`.
    pub(super) fn arg_i32(&self, number: usize) -> i32 {
        self.arg_u32(number).cast_signed()
    }

    /// The blob with this id; what it lacks is noted.
    pub(super) fn blob(&self, id: u16) -> Option<Blob<'r>> {
        let blob = self.record.blob(id)?;
        self.shortfalls.set(self.shortfalls.get().with(&blob));
        Some(blob)
    }

    /// Notes that there was more than is told.
    pub(super) fn note_truncated(&self) {
        self.shortfalls.set(Shortfalls { truncated: true, ..self.shortfalls.get() });
    }

    /// What argument `number` pointed to.
    pub(super) fn bytes(&self, number: usize) -> Option<&'r [u8]> {
        Some(self.blob(u16::try_from(number).ok()?)?.bytes)
    }

    /// What argument `number` pointed to, as much of it as was asked for: that it is cut there is no shortfall.
    pub(super) fn buffer(&self, number: usize) -> Option<&'r [u8]> {
        let blob = self.record.blob(u16::try_from(number).ok()?)?;
        self.shortfalls.set(self.shortfalls.get().with(&Blob { truncated: false, ..blob }));
        Some(blob.bytes)
    }

    /// The data in the buffer argument `number` pointed to.
    pub(super) fn data(&self, number: usize) -> Option<&'r [u8]> {
        self.buffer(number).map(|bytes| self.snap(bytes))
    }

    /// The data that a call took in, from the buffer argument `number` pointed to: no more than it says it took.
    pub(super) fn data_taken(&self, number: usize) -> Option<&'r [u8]> {
        self.data(number).map(|data| self.taken(data))
    }

    /// As much of the data offered as the call took, or all of it if it took none.
    pub(super) fn taken<'b>(&self, data: &'b [u8]) -> &'b [u8] {
        match usize::try_from(self.ret()) {
            Ok(taken @ 1..) => data.get(..taken).unwrap_or(data),
            Ok(0) | Err(_) => data,
        }
    }

    /// The data in the buffers that argument `number`, an iovec, pointed to.
    pub(super) fn vector(&self, number: usize) -> Option<Vector<'r>> {
        let (total, data) = self.bytes(number)?.split_first_chunk()?;
        Some(Vector { total: u64::from_ne_bytes(*total), data: self.snap(data) })
    }

    /// The message that argument `number`, a `struct msghdr`, described.
    pub(super) fn message(&self, number: usize) -> Option<Message<'r>> {
        self.message_in(self.blob(u16::try_from(number).ok()?)?)
    }

    /// The message that the event tells of, where the call handled several.
    pub(super) fn message_of_many(&self) -> Option<Message<'r>> {
        let blob = self.one_of_many?;
        self.shortfalls.set(self.shortfalls.get().with(&blob));
        self.message_in(blob)
    }

    fn message_in(&self, blob: Blob<'r>) -> Option<Message<'r>> {
        let bytes = blob.bytes;
        let header = MessageHeader::from_bytes(bytes)?;
        let rest = bytes.get(size_of::<MessageHeader>()..)?;
        let (name, rest) = split_padded(rest, usize::from(header.name_len));
        let (control, rest) = split_padded(rest, usize::from(header.control_len));
        Some(Message { total: header.total, sent: header.sent, name, control, data: self.snap(rest) })
    }

    fn snap<'b>(&self, data: &'b [u8]) -> &'b [u8] {
        data.get(..self.snaplen).unwrap_or(data)
    }

    /// The string argument `number` pointed to, without NUL; `None` if there was none or it could not be read.
    pub(super) fn text(&self, number: usize) -> Option<&'r [u8]> {
        let blob = self.blob(u16::try_from(number).ok()?)?;
        if blob.fault && blob.bytes.is_empty() { None } else { Some(until_nul(blob.bytes)) }
    }

    /// The 4-byte number at `offset` of what argument `number` pointed to.
    pub(super) fn u32_at(&self, number: usize, offset: usize) -> Option<u32> {
        let bytes = self.bytes(number)?.get(offset..)?.first_chunk()?;
        Some(u32::from_ne_bytes(*bytes))
    }

    /// The 8-byte number at `offset` of what argument `number` pointed to.
    pub(super) fn u64_at(&self, number: usize, offset: usize) -> Option<u64> {
        let bytes = self.bytes(number)?.get(offset..)?.first_chunk()?;
        Some(u64::from_ne_bytes(*bytes))
    }

    /// The two descriptors that argument `number` points to; -1 each if there are none.
    pub(super) fn descriptor_pair(&self, number: usize) -> [i64; 2] {
        let fd = |offset| self.u32_at(number, offset).filter(|_| !self.failed());
        [0, 4].map(|offset| fd(offset).map_or(-1, |fd| i64::from(fd.cast_signed())))
    }

    /// The `struct timespec` that argument `number` pointed to, as nanoseconds.
    pub(super) fn timespec_ns(&self, number: usize) -> Option<u64> {
        let (seconds, nanoseconds) = (self.u64_at(number, 0)?, self.u64_at(number, 8)?);
        Some(seconds.wrapping_mul(1_000_000_000).wrapping_add(nanoseconds))
    }
}

/// The first `len` bytes, or as many as there are, and what follows them and their padding to 8.
fn split_padded(bytes: &[u8], len: usize) -> (&[u8], &[u8]) {
    let padded = len.next_multiple_of(8);
    (bytes.get(..len).unwrap_or(bytes), bytes.get(padded..).unwrap_or_default())
}

/// The bytes before the first NUL.
pub(super) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}
