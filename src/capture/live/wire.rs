//! Safe views over the records that cross from kernel to user space.
//!
//! Enters: the bytes of one ring record. Leaves: [`Record`] and the facts in its blobs. Nothing in here trusts a length
//! or panics. The structs mirror `bpf/wire.h`.

mod layout;

use std::fmt;

pub use layout::{
    BlobHeader, FileFacts, LAYOUT, MessageHeader, RecordHeader, SockFacts, SrDesc, StructLayout, Task, VmFacts,
};

/// There was more than fits.
pub const BLOB_TRUNCATED: u16 = 1;
/// Memory could not be read; what is there is what could be.
pub const BLOB_FAULT: u16 = 2;

/// What a blob holds; 0 to 5 hold what the argument of that number pointed to.
#[allow(missing_docs, reason = "the words are those of bpf/wire.h, which says what each is")]
pub mod blob_id {
    pub const TASK: u16 = 16;
    pub const ARGV: u16 = 17;
    pub const ENVP: u16 = 18;
    pub const CGROUPS: u16 = 19;
    pub const EXEPATH: u16 = 20;
    pub const CWD: u16 = 21;
    pub const FILE: u16 = 22;
    pub const SOCK: u16 = 23;
    pub const SOCK_PATH: u16 = 24;
    pub const FILENAME: u16 = 25;
    pub const CHILD: u16 = 26;
    pub const VM: u16 = 28;
    pub const FILE_PATH: u16 = 29;
}

/// How to fetch what an argument points to.
#[allow(missing_docs, reason = "the words are those of bpf/wire.h, which says what each is")]
pub mod fetch {
    pub const NONE: u8 = 0;
    pub const STR: u8 = 1;
    pub const BUF: u8 = 2;
    pub const BUF_RET: u8 = 3;
    pub const SOCKADDR: u8 = 4;
    pub const SOCKADDR_OUT: u8 = 5;
    pub const IOVEC: u8 = 6;
    pub const IOVEC_RET: u8 = 7;
    pub const MSGHDR: u8 = 8;
    pub const MSGHDR_RET: u8 = 9;
    pub const FIXED: u8 = 10;
    pub const FD_PAIR: u8 = 11;
    pub const ITEMS8: u8 = 12;
    pub const MMSGHDR: u8 = 13;
    pub const BUF_LEN_AT: u8 = 14;
    pub const FSCONFIG: u8 = 15;
}

/// Bits of [`SrDesc::flags`].
#[allow(missing_docs, reason = "the words are those of bpf/wire.h, which says what each is")]
pub mod desc_flag {
    pub const WANTED: u16 = 1;
    pub const TASK: u16 = 2;
    pub const FILE_RET: u16 = 4;
    pub const FILE_ARG0: u16 = 8;
    pub const SOCK_RET: u16 = 16;
    pub const SOCK_ARG0: u16 = 32;
    pub const ENTER: u16 = 64;
    pub const SECURITY: u16 = 128;
    pub const CLONE: u16 = 256;
    pub const EXEC: u16 = 512;
    pub const PROT_EXEC: u16 = 1024;
    pub const VM: u16 = 4096;
    pub const PATH_RET: u16 = 8192;
}

/// What a record tells of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordType {
    /// A system call that returned.
    Syscall,
    /// A thread that ended.
    ProcExit,
    /// A successful execve or execveat.
    Exec,
}

/// Why bytes are not a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WireError {
    /// Fewer bytes than a record's header.
    #[error("a record of {0} bytes is shorter than its header")]
    ShortHeader(usize),
    /// The header's length is less than a header or more than there is.
    #[error("a record says it has {said} bytes, there are {present}")]
    Length {
        /// What the header says.
        said: u32,
        /// What there is.
        present: usize,
    },
    /// A type this version does not know.
    #[error("unknown record type {0}")]
    Type(u16),
    /// A blob does not fit into its record.
    #[error("blob {number} does not fit into its record")]
    Blob {
        /// Which one, from 0.
        number: u16,
    },
}

/// One record: a checked view over ring memory.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    header: RecordHeader,
    record_type: RecordType,
    blobs: &'a [u8],
}

/// What one blob holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Blob<'a> {
    /// The bytes that were read.
    pub bytes: &'a [u8],
    /// There was more than fits.
    pub truncated: bool,
    /// Memory could not be read.
    pub fault: bool,
}

impl<'a> Record<'a> {
    /// Checks header and blobs. Bytes after the record are ignored.
    pub fn parse(bytes: &'a [u8]) -> Result<Record<'a>, WireError> {
        let header = RecordHeader::from_bytes(bytes).ok_or(WireError::ShortHeader(bytes.len()))?;
        let record_type = match header.record_type {
            1 => RecordType::Syscall,
            2 => RecordType::ProcExit,
            3 => RecordType::Exec,
            other => return Err(WireError::Type(other)),
        };
        let blobs = usize::try_from(header.len)
            .ok()
            .and_then(|len| bytes.get(size_of::<RecordHeader>()..len))
            .ok_or(WireError::Length { said: header.len, present: bytes.len() })?;
        let mut rest = blobs;
        for number in 0..header.nblobs {
            (_, _, rest) = split_blob(rest).ok_or(WireError::Blob { number })?;
        }
        let used = blobs.len() - rest.len();
        let blobs = blobs.get(..used).unwrap_or_default();
        Ok(Record { header, record_type, blobs })
    }

    /// What the record begins with.
    pub fn header(&self) -> &RecordHeader {
        &self.header
    }

    /// What the record tells of.
    pub fn record_type(&self) -> RecordType {
        self.record_type
    }

    /// The first blob with this id.
    pub fn blob(&self, id: u16) -> Option<Blob<'a>> {
        self.blobs_with(id).next()
    }

    /// All blobs with this id, in order.
    pub fn blobs_with(&self, id: u16) -> impl Iterator<Item = Blob<'a>> {
        let mut rest = self.blobs;
        std::iter::from_fn(move || {
            while let Some((header, bytes, after)) = split_blob(rest) {
                rest = after;
                if header.id == id {
                    let truncated = header.flags & BLOB_TRUNCATED != 0;
                    return Some(Blob { bytes, truncated, fault: header.flags & BLOB_FAULT != 0 });
                }
            }
            None
        })
    }

    /// Facts of the current task.
    pub fn task(&self) -> Option<Task> {
        Task::from_bytes(self.blob(blob_id::TASK)?.bytes)
    }

    /// Facts of the child that a clone made.
    pub fn child(&self) -> Option<Task> {
        Task::from_bytes(self.blob(blob_id::CHILD)?.bytes)
    }

    /// Facts of the file that the call opened or worked on.
    pub fn file(&self) -> Option<FileFacts> {
        FileFacts::from_bytes(self.blob(blob_id::FILE)?.bytes)
    }

    /// Facts of the socket that the call made or worked on.
    pub fn sock(&self) -> Option<SockFacts> {
        SockFacts::from_bytes(self.blob(blob_id::SOCK)?.bytes)
    }

    /// Memory of the process after the call.
    pub fn vm(&self) -> Option<VmFacts> {
        VmFacts::from_bytes(self.blob(blob_id::VM)?.bytes)
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("header", &self.header).finish_non_exhaustive()
    }
}

/// The blob at the start of `bytes` and what follows it.
fn split_blob(bytes: &[u8]) -> Option<(BlobHeader, &[u8], &[u8])> {
    let header = BlobHeader::from_bytes(bytes)?;
    let rest = bytes.get(size_of::<BlobHeader>()..)?;
    let len = usize::try_from(header.len).ok()?;
    let content = rest.get(..len)?;
    // The last blob's padding may be cut off by a producer that rounds only between blobs.
    let padded = len.checked_next_multiple_of(8)?.min(rest.len());
    Some((header, content, rest.get(padded..)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn record(blobs: &[(u16, u16, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (id, flags, bytes) in blobs {
            let len = u32::try_from(bytes.len()).unwrap();
            body.extend_from_slice(BlobHeader { id: *id, flags: *flags, len }.as_bytes());
            body.extend_from_slice(bytes);
            body.resize(body.len().next_multiple_of(8), 0);
        }
        let header = RecordHeader {
            ts_ns: 7,
            len: u32::try_from(body.len() + 88).unwrap(),
            record_type: 1,
            nblobs: u16::try_from(blobs.len()).unwrap(),
            tid: 11,
            pid: 10,
            cpu: 3,
            nr: 257,
            seq: 1,
            ret: -2,
            args: [1, 2, 3, 4, 5, 6],
        };
        let mut bytes = header.as_bytes().to_vec();
        bytes.append(&mut body);
        bytes
    }

    #[test]
    fn blobs_are_found_by_id_with_their_marks() {
        let bytes = record(&[(1, 0, b"/etc/passwd\0"), (17, BLOB_TRUNCATED | BLOB_FAULT, b"sh")]);
        let record = Record::parse(&bytes).unwrap();
        assert_eq!(record.blob(1), Some(Blob { bytes: b"/etc/passwd\0", truncated: false, fault: false }));
        assert_eq!(record.blob(17), Some(Blob { bytes: b"sh", truncated: true, fault: true }));
        assert_eq!(record.blob(2), None);
        assert_eq!(record.header().args[5], 6);
    }

    #[test]
    fn every_truncation_is_an_error_and_never_a_panic() {
        let bytes = record(&[(0, 0, b"abc"), (16, 0, &[9; 192])]);
        assert_eq!(Record::parse(&bytes).unwrap().task().unwrap().tid, 0x0909_0909);
        for len in 0..bytes.len() {
            assert!(Record::parse(&bytes[..len]).is_err(), "{len}");
        }
    }

    #[test]
    fn a_blob_that_is_longer_than_its_record_is_named() {
        let mut bytes = record(&[(0, 0, b"abc"), (1, 0, b"def")]);
        bytes[88 + 16 + 4] = 200;
        assert_eq!(Record::parse(&bytes).unwrap_err(), WireError::Blob { number: 1 });
    }

    #[test]
    fn a_task_blob_that_is_too_short_gives_no_task() {
        let bytes = record(&[(16, 0, &[1; 191])]);
        assert_eq!(Record::parse(&bytes).unwrap().task(), None);
    }
}
