//! The structs of `bpf/wire.h` as user space sees them; [`LAYOUT`] says what they look like, for the comparison with the
//! object's BTF.

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
        /// One of [`blob_id`](super::blob_id).
        0 "id" => id: u16,
        /// [`BLOB_TRUNCATED`](super::BLOB_TRUNCATED), [`BLOB_FAULT`](super::BLOB_FAULT).
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
        /// Bits of [`desc_flag`](super::desc_flag).
        0 "flags" => flags: u16,
        /// How many arguments the call has.
        2 "nargs" => nargs: u8,
        /// A bit per argument that something is fetched of; set by the plan.
        3 "fetched" => fetched: u8,
        /// What each argument points to, see [`fetch`](super::fetch).
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
