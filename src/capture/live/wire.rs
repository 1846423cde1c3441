//! Safe views over the records that cross from kernel to user space.
//!
//! Enters: the bytes of one ring record. Leaves: [`Record`] and the facts in its blobs. Nothing in here trusts a length
//! or panics. The structs mirror `bpf/wire.h`; [`LAYOUT`] says what they look like, for the comparison with the
//! object's BTF.

use std::fmt;
use std::mem::{offset_of, size_of};

/// Types whose every bit pattern is a value, without padding.
///
/// # Safety
/// Implementors are `repr(C)`, hold integers and arrays of integers only, and have no padding.
unsafe trait Plain: Copy {}

/// A struct as user space believes it to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StructLayout {
    /// Its name in `bpf/wire.h`.
    pub name: &'static str,
    /// Size in bytes.
    pub size: usize,
    /// Name, offset and size in bytes of each member, in order.
    pub members: &'static [(&'static str, usize, usize)],
}

/// Declares the mirror of a wire struct, asserts its size, its offsets and that it has no padding.
macro_rules! wire_struct {
    ($(#[$doc:meta])* $name:ident mirrors $c_name:literal, $size:literal bytes {
        $($(#[$member_doc:meta])* $offset:literal $c_member:literal => $member:ident: $ty:ty,)*
    }) => {
        $(#[$doc])*
        #[repr(C)]
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct $name { $($(#[$member_doc])* pub $member: $ty,)* }

        const _: () = {
            assert!(size_of::<$name>() == $size);
            assert!(0 $(+ size_of::<$ty>())* == $size, "no padding");
            $(assert!(offset_of!($name, $member) == $offset);)*
        };

        // SAFETY: repr(C), integers and arrays of them only (see the declarations), no padding (asserted above).
        unsafe impl Plain for $name {}

        impl $name {
            /// How the struct lies in memory.
            pub const LAYOUT: StructLayout = StructLayout {
                name: $c_name,
                size: $size,
                members: &[$(($c_member, $offset, size_of::<$ty>()),)*],
            };

            /// The struct at the start of `bytes`; `None` if there are too few.
            pub fn from_bytes(bytes: &[u8]) -> Option<$name> {
                read_plain(bytes)
            }

            /// The struct's bytes, in the machine's order.
            pub fn as_bytes(&self) -> &[u8] {
                // SAFETY: `Plain` has no padding, so all of its bytes are initialised; the lifetime is `self`'s.
                unsafe { std::slice::from_raw_parts(std::ptr::from_ref(self).cast::<u8>(), $size) }
            }
        }
    };
}

fn read_plain<T: Plain>(bytes: &[u8]) -> Option<T> {
    let bytes = bytes.get(..size_of::<T>())?;
    // SAFETY: `bytes` has exactly the size of `T`, any bit pattern is a `T`, and the read needs no alignment.
    Some(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}

wire_struct! {
    /// What a blob begins with.
    BlobHeader mirrors "sr_blob", 8 bytes {
        /// One of [`blob_id`].
        0 "id" => id: u16,
        /// [`BLOB_TRUNCATED`], [`BLOB_FAULT`].
        2 "flags" => flags: u16,
        /// Bytes that follow, without padding.
        4 "len" => len: u32,
    }
}

wire_struct! {
    /// What a record begins with.
    RecordHeader mirrors "sr_record", 88 bytes {
        /// `CLOCK_BOOTTIME`.
        0 "ts_ns" => ts_ns: u64,
        /// Of the whole record with its blobs and padding.
        8 "len" => len: u32,
        /// 1 system call, 2 exit of a thread, 3 successful exec.
        12 "type" => record_type: u16,
        /// How many blobs follow.
        14 "nblobs" => nblobs: u16,
        /// Thread id, host's namespace.
        16 "tid" => tid: u32,
        /// Process id, host's namespace.
        20 "pid" => pid: u32,
        /// Processor.
        24 "cpu" => cpu: u16,
        /// Native system call number.
        26 "nr" => nr: u16,
        /// Counts the records of this processor and ring.
        28 "seq" => seq: u32,
        /// Result.
        32 "ret" => ret: i64,
        /// Arguments.
        40 "args" => args: [u64; 6],
    }
}

wire_struct! {
    /// Facts of a task, in the host's terms unless said otherwise.
    Task mirrors "sr_task", 192 bytes {
        /// Thread id.
        0 "tid" => tid: u32,
        /// Process id.
        4 "pid" => pid: u32,
        /// Parent process id.
        8 "ppid" => ppid: u32,
        /// Thread id in its innermost pid namespace.
        12 "vtid" => vtid: u32,
        /// Process id in its innermost pid namespace.
        16 "vpid" => vpid: u32,
        /// Process group.
        20 "pgid" => pgid: u32,
        /// Process group in its innermost pid namespace.
        24 "vpgid" => vpgid: u32,
        /// Session.
        28 "sid" => sid: u32,
        /// Session in its innermost pid namespace.
        32 "vsid" => vsid: u32,
        /// Terminal's device number, 0 none.
        36 "tty" => tty: u32,
        /// Login user id, 2^32-1 none.
        40 "loginuid" => loginuid: u32,
        /// Effective user id.
        44 "uid" => uid: u32,
        /// Effective group id.
        48 "gid" => gid: u32,
        /// Bits of `execve_flags`.
        52 "exe_flags" => exe_flags: u32,
        /// Inheritable capabilities.
        56 "cap_inheritable" => cap_inheritable: u64,
        /// Permitted capabilities.
        64 "cap_permitted" => cap_permitted: u64,
        /// Effective capabilities.
        72 "cap_effective" => cap_effective: u64,
        /// Inode of the executable.
        80 "exe_ino" => exe_ino: u64,
        /// Its change time, ns since the epoch.
        88 "exe_ino_ctime_ns" => exe_ino_ctime_ns: u64,
        /// Its modification time, ns since the epoch.
        96 "exe_ino_mtime_ns" => exe_ino_mtime_ns: u64,
        /// When the task started, `CLOCK_BOOTTIME`.
        104 "start_boottime_ns" => start_boottime_ns: u64,
        /// When its pid namespace's first task started, `CLOCK_BOOTTIME`.
        112 "pidns_init_start_ns" => pidns_init_start_ns: u64,
        /// Virtual size.
        120 "vm_size_kb" => vm_size_kb: u64,
        /// Resident size.
        128 "vm_rss_kb" => vm_rss_kb: u64,
        /// Swapped size.
        136 "vm_swap_kb" => vm_swap_kb: u64,
        /// Major page faults.
        144 "pf_major" => pf_major: u64,
        /// Minor page faults.
        152 "pf_minor" => pf_minor: u64,
        /// Limit of open descriptors.
        160 "fdlimit" => fdlimit: u64,
        /// Cgroup in the hierarchy that containers are told apart by.
        168 "cgroup_id" => cgroup_id: u64,
        /// Name, up to the first NUL.
        176 "comm" => comm: [u8; 16],
    }
}

wire_struct! {
    /// Facts of an open file.
    FileFacts mirrors "sr_file", 32 bytes {
        /// Inode.
        0 "ino" => ino: u64,
        /// Device number as `stat` gives it.
        8 "dev" => dev: u32,
        /// Type and permission bits.
        12 "mode" => mode: u32,
        /// The kernel's open flags.
        16 "f_flags" => f_flags: u32,
        /// The kernel's `FMODE_` bits.
        20 "f_mode" => f_mode: u32,
        /// 1 overlay upper layer, 2 lower layer, 0 neither.
        24 "layer" => layer: u32,
        /// Zero.
        28 "reserved" => reserved: u32,
    }
}

wire_struct! {
    /// Facts of a socket; addresses and ports in network byte order.
    SockFacts mirrors "sr_sock", 72 bytes {
        /// Address family.
        0 "family" => family: u16,
        /// Socket type.
        2 "type" => sock_type: u16,
        /// Protocol.
        4 "protocol" => protocol: u16,
        /// The kernel's state number.
        6 "state" => state: u16,
        /// The first 4 bytes for IPv4.
        8 "local_ip" => local_ip: [u8; 16],
        /// The first 4 bytes for IPv4.
        24 "remote_ip" => remote_ip: [u8; 16],
        /// Network byte order.
        40 "local_port" => local_port: u16,
        /// Network byte order.
        42 "remote_port" => remote_port: u16,
        /// Connections waiting in the listening socket.
        44 "backlog_len" => backlog_len: u32,
        /// How many may wait.
        48 "backlog_max" => backlog_max: u32,
        /// Zero.
        52 "reserved" => reserved: u32,
        /// Kernel address, unix sockets.
        56 "self" => own: u64,
        /// Kernel address of the peer, unix sockets.
        64 "peer" => peer: u64,
    }
}

wire_struct! {
    /// Memory of a process.
    VmFacts mirrors "sr_vm", 16 bytes {
        /// Virtual size.
        0 "size_kb" => size_kb: u32,
        /// Resident size.
        4 "rss_kb" => rss_kb: u32,
        /// Swapped size.
        8 "swap_kb" => swap_kb: u32,
        /// Zero.
        12 "reserved" => reserved: u32,
    }
}

wire_struct! {
    /// What the blob of a message header begins with; name, control data (both padded to 8) and data follow.
    MessageHeader mirrors "sr_msg", 16 bytes {
        /// Sum of the lengths in the message's iovec.
        0 "total" => total: u64,
        /// Bytes of the first message of several.
        8 "sent" => sent: u32,
        /// Bytes of name.
        12 "name_len" => name_len: u16,
        /// Bytes of control data.
        14 "control_len" => control_len: u16,
    }
}

wire_struct! {
    /// How the kernel fetches a system call's arguments.
    SrDesc mirrors "sr_desc", 16 bytes {
        /// Bits of [`desc_flag`].
        0 "flags" => flags: u16,
        /// How many arguments the call has.
        2 "nargs" => nargs: u8,
        /// Zero.
        3 "reserved" => reserved: u8,
        /// What each argument points to, see [`fetch`].
        4 "fetch" => fetch: [u8; 6],
        /// The argument that holds the length, or the length itself, by the kind of fetch.
        10 "len_arg" => len_arg: [u8; 6],
    }
}

/// All mirrored structs.
pub const LAYOUT: &[StructLayout] = &[
    BlobHeader::LAYOUT,
    RecordHeader::LAYOUT,
    Task::LAYOUT,
    FileFacts::LAYOUT,
    SockFacts::LAYOUT,
    VmFacts::LAYOUT,
    MessageHeader::LAYOUT,
    SrDesc::LAYOUT,
];

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
        let mut rest = self.blobs;
        while let Some((header, bytes, after)) = split_blob(rest) {
            if header.id == id {
                let truncated = header.flags & BLOB_TRUNCATED != 0;
                return Some(Blob { bytes, truncated, fault: header.flags & BLOB_FAULT != 0 });
            }
            rest = after;
        }
        None
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
