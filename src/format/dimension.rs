//! The columns of dimension tables: what replay can ask of a thread, descriptor, container, user or group row.
//!
//! Column numbers are part of the file format: append, never renumber. A column that a file lacks reads as null; one
//! that this version does not know is skipped.

use super::schema::Physical;

/// Which dimension table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Dimension {
    /// Threads and their processes.
    Thread = 1,
    /// Descriptors.
    Fd = 2,
    /// Containers.
    Container = 3,
    /// Users.
    User = 4,
    /// Groups.
    Group = 5,
}

macro_rules! columns {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $number:literal $physical:ident,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[allow(missing_docs, reason = "each column is the field of its name in format::row")]
        #[repr(u16)]
        pub enum $name { $($variant = $number,)+ }

        impl $name {
            /// Every column, in file order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// How the column's values are stored.
            pub const fn physical(self) -> Physical {
                match self { $($name::$variant => Physical::$physical,)+ }
            }
        }
    };
}

columns! {
    /// Columns of the thread table. References (`Parent`, `User`, ...) hold a row number of this block; null is none.
    ThreadColumn {
        Tid = 1 Int, Pid = 2 Int, Ppid = 3 Int, Parent = 4 Int, SessionLeader = 5 Int, Vtid = 6 Int, Vpid = 7 Int,
        Pgid = 8 Int, Vpgid = 9 Int, Sid = 10 Int, Tty = 11 Int, Loginuid = 12 Int, Comm = 13 Bytes, Exe = 14 Bytes,
        Exepath = 15 Bytes, Args = 16 Bytes, Env = 17 Bytes, Cwd = 18 Bytes, Root = 19 Bytes, Cgroups = 20 Bytes,
        CapInheritable = 21 Int, CapPermitted = 22 Int, CapEffective = 23 Int, ExeFlags = 24 Int, ExeIno = 25 Int,
        ExeInoCtime = 26 Int, ExeInoMtime = 27 Int, CloneTs = 28 Int, PidnsInitStart = 29 Int, Fdlimit = 30 Int,
        VmSize = 31 Int, VmRss = 32 Int, VmSwap = 33 Int, PfMajor = 34 Int, PfMinor = 35 Int, Stdin = 36 Int,
        Stdout = 37 Int, Stderr = 38 Int, User = 39 Int, Group = 40 Int, LoginUser = 41 Int, Container = 42 Int,
        GroupLeader = 43 Int, InnerGroupLeader = 44 Int, Probe = 45 Int,
    }
}

/// Figures that every event has ([`super::row::Tallies`]). The numbers are those of their columns in the sequence table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u16)]
pub enum Tally {
    /// Open descriptors of the process.
    OpenFds = 5,
    /// Their types.
    FdTypes = 6,
    /// Living threads of the process.
    Threads = 7,
    /// Those that are not the first one.
    OtherThreads = 8,
    /// Virtual size, KiB.
    VmSize = 9,
    /// Resident size, KiB.
    VmRss = 10,
    /// Swapped size, KiB.
    VmSwap = 11,
    /// Major page faults of the thread.
    PfMajor = 12,
    /// Minor page faults of the thread.
    PfMinor = 13,
}

impl Tally {
    /// Every figure, in file order.
    pub const ALL: &'static [Tally] = &[
        Tally::OpenFds,
        Tally::FdTypes,
        Tally::Threads,
        Tally::OtherThreads,
        Tally::VmSize,
        Tally::VmRss,
        Tally::VmSwap,
        Tally::PfMajor,
        Tally::PfMinor,
    ];

    /// Whether the figure tends to change with events of certain kinds, each time by as much.
    pub(super) const fn follows_kinds(self) -> bool {
        match self {
            Tally::OpenFds | Tally::FdTypes | Tally::Threads | Tally::OtherThreads => true,
            Tally::VmSize | Tally::VmRss | Tally::VmSwap | Tally::PfMajor | Tally::PfMinor => false,
        }
    }

    /// The figure of a column of the sequence table.
    pub(super) fn of_number(number: u16) -> Option<Tally> {
        Tally::ALL.iter().copied().find(|&tally| tally as u16 == number)
    }
}

columns! {
    /// Columns of the descriptor table.
    FdColumn {
        Num = 1 Int, TypeChar = 2 Int, Name = 3 Bytes, NameRaw = 4 Bytes, OpenFlags = 5 Int, Dev = 6 Int, Ino = 7 Int,
        L4Proto = 8 Int, Role = 9 Int, ClientIp = 10 Bytes, ClientPort = 11 Int, ServerIp = 12 Bytes,
        ServerPort = 13 Int, Flags = 14 Int,
    }
}

columns! {
    /// Columns of the container table.
    ContainerColumn {
        Id = 1 Bytes, FullId = 2 Bytes, Name = 3 Bytes, Runtime = 4 Bytes, Image = 5 Bytes, ImageRepository = 6 Bytes,
        ImageTag = 7 Bytes, ImageDigest = 8 Bytes, ImageId = 9 Bytes, LabelsJson = 10 Bytes, MountsJson = 11 Bytes,
        Privileged = 12 Int, HostPid = 13 Int, HostNetwork = 14 Int, HostIpc = 15 Int, StartTs = 16 Int, Ip = 17 Bytes,
        Healthcheck = 18 Bytes, LivenessProbe = 19 Bytes, ReadinessProbe = 20 Bytes, PodName = 21 Bytes,
        PodNamespace = 22 Bytes, PodUid = 23 Bytes, PodSandboxId = 24 Bytes, PodLabelsJson = 25 Bytes, PodIp = 26 Bytes,
        CniJson = 27 Bytes,
    }
}

columns! {
    /// Columns of the user table.
    UserColumn { Uid = 1 Int, Name = 2 Bytes, Home = 3 Bytes, Shell = 4 Bytes, }
}

columns! {
    /// Columns of the group table.
    GroupColumn { Gid = 1 Int, Name = 2 Bytes, }
}
