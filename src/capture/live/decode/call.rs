//! One system call that returned, as the translations of `decode` see it.

use super::super::numbers::Arch;
use super::super::wire::Record;

/// A record together with what its numbers mean.
#[derive(Clone, Copy)]
pub(super) struct Call<'r> {
    pub(super) record: Record<'r>,
    pub(super) arch: Arch,
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

    /// What argument `number` pointed to.
    pub(super) fn bytes(&self, number: usize) -> Option<&'r [u8]> {
        Some(self.record.blob(u16::try_from(number).ok()?)?.bytes)
    }

    /// The string argument `number` pointed to, without NUL; `None` if there was none or it could not be read.
    pub(super) fn text(&self, number: usize) -> Option<&'r [u8]> {
        let blob = self.record.blob(u16::try_from(number).ok()?)?;
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

    /// The `struct timespec` that argument `number` pointed to, as nanoseconds.
    pub(super) fn timespec_ns(&self, number: usize) -> Option<u64> {
        let (seconds, nanoseconds) = (self.u64_at(number, 0)?, self.u64_at(number, 8)?);
        Some(seconds.wrapping_mul(1_000_000_000).wrapping_add(nanoseconds))
    }
}

/// The bytes before the first NUL.
pub(super) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}
