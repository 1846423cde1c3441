//! What a `.scap` file says, one block at a time.

use crate::format::row::Text;

use super::event::ScapEvent;

/// One thing that a `.scap` file holds.
#[derive(Clone, Debug)]
pub enum ScapItem<'a> {
    /// A section begins: what was said of machine, threads and descriptors before no longer holds.
    Section {
        /// The format's major version, 1.
        major: u16,
        /// The format's minor version.
        minor: u16,
    },
    /// The recorded machine.
    Machine(ScapMachine),
    /// The machine's addresses, all of one block.
    Interfaces(Vec<ScapInterface>),
    /// Users of the host, all of one block.
    Users(Vec<ScapUser>),
    /// Groups of the host, all of one block.
    Groups(Vec<ScapGroup>),
    /// Threads that were there when recording started, all of one block.
    Threads(Vec<ScapThread>),
    /// The descriptors that a thread group had when recording started.
    Fds {
        /// The thread whose table it is.
        tid: i64,
        /// The descriptors.
        fds: Vec<ScapFd>,
    },
    /// An event.
    Event(ScapEvent<'a>),
}

/// The recorded machine.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ScapMachine {
    /// Processors.
    pub cpus: u32,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Largest process id.
    pub max_pid: u64,
    /// Host name.
    pub host_name: Text,
    /// When the machine was started, ns since the epoch.
    pub boot_ts_ns: u64,
    /// Driver and architecture bits.
    pub flags: u64,
}

/// An address of the recorded machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScapInterface {
    /// The interface's name.
    pub name: Text,
    /// Its address.
    pub addr: ScapAddr,
    /// The network's mask.
    pub netmask: ScapAddr,
    /// The broadcast address.
    pub broadcast: ScapAddr,
    /// Speed of the link, 0 when not known.
    pub link_speed: u64,
}

/// An internet address, in network order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ScapAddr {
    /// IPv4.
    V4([u8; 4]),
    /// IPv6.
    V6([u8; 16]),
}

/// A user of the host.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ScapUser {
    /// User id.
    pub uid: u32,
    /// Main group.
    pub gid: u32,
    /// Name.
    pub name: Text,
    /// Home directory.
    pub home: Text,
    /// Shell.
    pub shell: Text,
}

/// A group of the host.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ScapGroup {
    /// Group id.
    pub gid: u32,
    /// Name.
    pub name: Text,
}

/// A thread as it was when recording started. What the block's version does not say has the value given here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScapThread {
    /// Thread id.
    pub tid: i64,
    /// Process id.
    pub pid: i64,
    /// Id of the parent's thread.
    pub ptid: i64,
    /// Session id; -1 before version 6.
    pub sid: i64,
    /// Process group id in its namespace; -1 before version 8.
    pub vpgid: i64,
    /// Name, at most 15 bytes.
    pub comm: Text,
    /// First argument.
    pub exe: Text,
    /// Path of the executable; empty before version 7.
    pub exepath: Text,
    /// Further arguments, each ending in NUL.
    pub args: Text,
    /// Working directory.
    pub cwd: Text,
    /// Limit of open descriptors.
    pub fdlimit: i64,
    /// Clone flags and the like (`PPM_CL_*`).
    pub flags: u32,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Virtual size, KiB; 0 before version 2.
    pub vm_size_kb: u32,
    /// Resident size, KiB; 0 before version 2.
    pub vm_rss_kb: u32,
    /// Swapped size, KiB; 0 before version 2.
    pub vm_swap_kb: u32,
    /// Major page faults; 0 before version 2.
    pub pf_major: u64,
    /// Minor page faults; 0 before version 2.
    pub pf_minor: u64,
    /// Environment strings, each ending in NUL; empty before version 3.
    pub env: Text,
    /// Thread id in its namespace; -1 before version 4.
    pub vtid: i64,
    /// Process id in its namespace; -1 before version 4.
    pub vpid: i64,
    /// `SUBSYSTEM=PATH` strings, each ending in NUL; empty before version 4.
    pub cgroups: Text,
    /// Root directory; empty before version 5.
    pub root: Text,
    /// When the first process of its pid namespace started, ns since the epoch; 0 when not said.
    pub pidns_init_start_ns: u64,
    /// Controlling terminal; 0 when not said.
    pub tty: u32,
    /// Login user; 2^32-1 when not said.
    pub loginuid: u32,
    /// The executable can be written by its user; false when not said.
    pub exe_writable: bool,
    /// Inheritable capabilities; 0 when not said.
    pub cap_inheritable: u64,
    /// Permitted capabilities; 0 when not said.
    pub cap_permitted: u64,
    /// Effective capabilities; 0 when not said.
    pub cap_effective: u64,
    /// The executable lies in the upper layer of an overlay; false when not said.
    pub exe_upper_layer: bool,
    /// Inode of the executable; 0 when not said.
    pub exe_ino: u64,
    /// Its status change time, ns since the epoch; 0 when not said.
    pub exe_ino_ctime_ns: u64,
    /// Its modification time, ns since the epoch; 0 when not said.
    pub exe_ino_mtime_ns: u64,
    /// The executable has no file; false when not said.
    pub exe_from_memfd: bool,
    /// The executable lies in the lower layer of an overlay; false when not said.
    pub exe_lower_layer: bool,
    /// Process group id on the host; -1 when not said.
    pub pgid: i64,
}

impl Default for ScapThread {
    fn default() -> ScapThread {
        ScapThread {
            tid: 0,
            pid: 0,
            ptid: 0,
            sid: -1,
            vpgid: -1,
            comm: Text::default(),
            exe: Text::default(),
            exepath: Text::default(),
            args: Text::default(),
            cwd: Text::default(),
            fdlimit: 0,
            flags: 0,
            uid: 0,
            gid: 0,
            vm_size_kb: 0,
            vm_rss_kb: 0,
            vm_swap_kb: 0,
            pf_major: 0,
            pf_minor: 0,
            env: Text::default(),
            vtid: -1,
            vpid: -1,
            cgroups: Text::default(),
            root: Text::default(),
            pidns_init_start_ns: 0,
            tty: 0,
            loginuid: u32::MAX,
            exe_writable: false,
            cap_inheritable: 0,
            cap_permitted: 0,
            cap_effective: 0,
            exe_upper_layer: false,
            exe_ino: 0,
            exe_ino_ctime_ns: 0,
            exe_ino_mtime_ns: 0,
            exe_from_memfd: false,
            exe_lower_layer: false,
            pgid: -1,
        }
    }
}

/// A descriptor as it was when recording started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScapFd {
    /// The number.
    pub fd: i64,
    /// Inode.
    pub ino: u64,
    /// What it is a descriptor of.
    pub ty: ScapFdType,
    /// What is said of that.
    pub info: ScapFdInfo,
}

macro_rules! fd_types {
    ($($variant:ident = $number:literal $doc:literal,)+) => {
        /// What a descriptor is of.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum ScapFdType {
            $(#[doc = $doc] $variant,)+
            /// A type of a newer version.
            Other(u8),
        }

        impl ScapFdType {
            /// The type of a number.
            pub const fn from_number(number: u8) -> ScapFdType {
                match number {
                    $($number => ScapFdType::$variant,)+
                    other => ScapFdType::Other(other),
                }
            }

            /// The number in the file.
            pub const fn number(self) -> u8 {
                match self {
                    $(ScapFdType::$variant => $number,)+
                    ScapFdType::Other(number) => number,
                }
            }
        }
    };
}

fd_types! {
    Unknown = 0 "Nothing is known.",
    File = 1 "A file, of which only the name is said.",
    Directory = 2 "A directory.",
    Ipv4Socket = 3 "An IPv4 socket with both ends.",
    Ipv6Socket = 4 "An IPv6 socket with both ends.",
    Ipv4Server = 5 "An IPv4 socket that listens.",
    Ipv6Server = 6 "An IPv6 socket that listens.",
    Fifo = 7 "A pipe.",
    UnixSocket = 8 "A unix socket.",
    Event = 9 "An eventfd.",
    Unsupported = 10 "Something that had no type of its own.",
    Signalfd = 11 "A signalfd.",
    Eventpoll = 12 "An epoll descriptor.",
    Inotify = 13 "An inotify descriptor.",
    Timerfd = 14 "A timerfd.",
    Netlink = 15 "A netlink socket.",
    FileV2 = 16 "A file with open flags and device.",
    Bpf = 17 "A bpf object.",
    Userfaultfd = 18 "A userfaultfd.",
    IoUring = 19 "An io_uring.",
    Memfd = 20 "A memfd.",
    Pidfd = 21 "A pidfd.",
}

/// What is said of a descriptor, by its type. Addresses are in network order, ports are numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ScapFdInfo {
    /// Nothing ([`ScapFdType::Unknown`] and types of a newer version).
    Nothing,
    /// The name: files of old versions, directories, pipes, and everything without a variant of its own.
    Name(Text),
    /// A file.
    File {
        /// Open flags in Falco's encoding.
        open_flags: u32,
        /// Path.
        name: Text,
        /// Device; 0 when not said.
        dev: u32,
    },
    /// An IPv4 socket.
    Ipv4 {
        /// This end's address.
        source: [u8; 4],
        /// The other end's address.
        destination: [u8; 4],
        /// This end's port.
        source_port: u16,
        /// The other end's port.
        destination_port: u16,
        /// Transport protocol, in Falco's encoding (0 unknown, 1 none, 2 tcp, 3 udp, 4 icmp, 5 raw).
        l4proto: u8,
    },
    /// An IPv6 socket.
    Ipv6 {
        /// This end's address.
        source: [u8; 16],
        /// The other end's address.
        destination: [u8; 16],
        /// This end's port.
        source_port: u16,
        /// The other end's port.
        destination_port: u16,
        /// Transport protocol, in Falco's encoding.
        l4proto: u8,
    },
    /// A listening IPv4 socket.
    Ipv4Server {
        /// Address.
        ip: [u8; 4],
        /// Port.
        port: u16,
        /// Transport protocol, in Falco's encoding.
        l4proto: u8,
    },
    /// A listening IPv6 socket.
    Ipv6Server {
        /// Address.
        ip: [u8; 16],
        /// Port.
        port: u16,
        /// Transport protocol, in Falco's encoding.
        l4proto: u8,
    },
    /// A unix socket.
    Unix {
        /// The kernel's address of this end.
        source: u64,
        /// The kernel's address of the other end.
        destination: u64,
        /// Path.
        name: Text,
    },
}
