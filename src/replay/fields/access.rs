//! How the catalogue says a field's value is had: whose fact it is, and which.
//!
//! Pure data. The modules `event`, `thread`, `descriptor` and `container` turn a fact into a value; each matches its
//! enum exhaustively, so a fact without an extraction does not compile.

use crate::format::row::ContainerProbe;

/// Where a field reads from, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Access {
    /// The event itself: its number, time, kind, parameters.
    Event(EventFact),
    /// The thread that did it, or a relative of it.
    Thread(Whose, ThreadFact),
    /// Descriptor 0, 1 or 2 of the thread.
    Stdio(u8, StdioFact),
    /// The effective user of the thread.
    User(UserFact),
    /// The login user of the thread.
    LoginUser(UserFact),
    /// The effective group of the thread.
    Group(GroupFact),
    /// The container of the thread.
    Container(ContainerFact),
    /// The descriptor the event worked on or made.
    Fd(FdFact),
    /// The JSON text of a Kubernetes audit event.
    Audit(AuditFact),
    /// No value.
    Absent(Absence),
}

/// Why a field never has a value here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Absence {
    /// It needs the living machine: name service, plugins, an orchestrator's API.
    Offline,
    /// A recording does not hold what it is made of.
    NotRecorded,
}

impl Absence {
    /// The reason, for people.
    pub const fn reason(self) -> &'static str {
        match self {
            Absence::Offline => "needs the living machine",
            Absence::NotRecorded => "a capture does not hold it",
        }
    }
}

/// What a value depends on, and so how often it is computed: the smallest of these that suffices.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Reads {
    /// The event's kind alone.
    Kind,
    /// A row of the thread table.
    Thread,
    /// A row of the descriptor table.
    Fd,
    /// The event's own row.
    Row,
}

/// Which thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Whose {
    /// The one that did it.
    Own,
    /// The parent process.
    Parent,
    /// The ancestor that the argument counts; all of them without an argument.
    Ancestor,
    /// The leader of the session.
    SessionLeader,
    /// The leader of the process group.
    GroupLeader,
    /// The leader of the process group as numbered inside the pid namespace.
    InnerGroupLeader,
}

/// What is asked of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, reason = "the catalogue's rows say what each is")]
pub enum EventFact {
    Num,
    Time(TimeStyle),
    RawTime(TimePart),
    RelTime(TimePart),
    Zero,
    Source,
    IsAsync,
    AsyncType,
    PluginName,
    PluginInfo,
    HostName,
    Direction,
    Type,
    TypeIs,
    SyscallType,
    Category,
    Cpu,
    Args,
    Arg,
    RawArg,
    Info,
    Buffer,
    BufLen,
    Res,
    RawRes,
    Failed,
    IsIo,
    IsIoRead,
    IsIoWrite,
    IoDir,
    IsWait,
    IsSyslog,
    Count,
    CountError,
    CountErrorOf(ErrorClass),
    CountExit,
    AbsPath,
    OpenedForRead,
    OpenedForWrite,
    OpenedForExec,
    OpenedCreating,
    Path(PathRole),
    PathRaw(PathRole),
    FdList(FdListFact),
    Tally(TallyFact),
    Memory(MemoryFact),
    ExecTime,
    ProcessorUse,
}

/// How a time is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, reason = "said by the names")]
pub enum TimeStyle {
    /// `15:04:05.123456789`.
    Clock,
    /// `15:04:05`.
    ClockSeconds,
    /// `2006-01-02T15:04:05.123456789+0000`.
    Iso8601,
    /// `2006-01-02 15:04:05.123456789`.
    DateTime,
    /// `2006-01-02 15:04:05`.
    DateTimeSeconds,
}

/// A part of a time in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum TimePart {
    /// All of it.
    Whole,
    /// The seconds.
    Seconds,
    /// The nanoseconds below a second.
    Nanos,
}

/// The classes that `evt.count.error.*` tells apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, reason = "said by the names")]
pub enum ErrorClass {
    File,
    Net,
    Memory,
    Other,
}

/// Which path of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum PathRole {
    /// The only one.
    Name,
    /// Of two, the one that is read, moved or made.
    Source,
    /// Of two, the other.
    Target,
}

/// What is asked of a thread's address space.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, reason = "the catalogue's rows say what each is")]
pub enum MemoryFact {
    VmSize,
    VmRss,
    VmSwap,
    PfMajor,
    PfMinor,
    /// 0 for threads that are not their process's first one.
    ThreadVmSize,
    ThreadVmRss,
}

/// What is asked of the figures that an event has of its process.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, reason = "the catalogue's rows say what each is")]
pub enum TallyFact {
    OpenFds,
    FdUsage,
    FdTypes,
    Threads,
    OtherThreads,
    /// Since the parent started; where that is not known, Falco gives the open descriptors instead.
    ParentDuration,
}

/// What is asked of a list of descriptors (`poll`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, reason = "said by the names")]
pub enum FdListFact {
    /// Their numbers.
    Numbers,
    Names,
    ClientIps,
    ServerIps,
    ClientPorts,
    ServerPorts,
}

/// What is asked of a thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, reason = "the catalogue's rows say what each is")]
pub enum ThreadFact {
    Name,
    Exe,
    ExePath,
    Args,
    CmdLine,
    CmdArgCount,
    CmdArgLen,
    ExeLine,
    Env,
    Cwd,
    LoginShellId,
    Tty,
    Pid,
    ParentPid,
    Vpid,
    Sid,
    Vpgid,
    Pgid,
    Duration,
    StartTime,
    ExeWritable,
    ExeUpperLayer,
    ExeLowerLayer,
    ExeFromMemfd,
    IsSessionLeader,
    IsGroupLeader,
    IsInnerGroupLeader,
    ExeIno,
    ExeInoCtime,
    ExeInoMtime,
    CtimeToStart,
    CtimeToNamespaceStart,
    NamespaceStart,
    CapPermitted,
    CapInheritable,
    CapEffective,
    FdLimit,
    Tid,
    IsMain,
    Vtid,
    ExecTime,
    Cgroups,
    Cgroup,
    /// Whether the process is this probe of its container.
    IsProbe(ContainerProbe),
}

/// What is asked of a standard stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, reason = "said by the names")]
pub enum StdioFact {
    Type,
    Name,
}

/// What is asked of a user.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, reason = "said by the names")]
pub enum UserFact {
    Id,
    Name,
    Home,
    Shell,
}

/// What is asked of a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, reason = "said by the names")]
pub enum GroupFact {
    Id,
    Name,
}

/// What is asked of a container and its pod.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, reason = "the catalogue's rows say what each is")]
pub enum ContainerFact {
    Id,
    FullId,
    Name,
    Image,
    ImageId,
    Runtime,
    Privileged,
    Mounts,
    Mount(MountPart),
    ImageRepository,
    ImageTag,
    ImageDigest,
    Healthcheck,
    LivenessProbe,
    ReadinessProbe,
    StartTime,
    Duration,
    Ip,
    CniJson,
    HostPid,
    HostNetwork,
    HostIpc,
    Label,
    Labels,
    PodName,
    PodNamespace,
    PodUid,
    PodSandboxId,
    PodFullSandboxId,
    PodLabel,
    PodLabels,
    PodIp,
}

/// A part of a container's mount.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, reason = "said by the names")]
pub enum MountPart {
    Whole,
    Source,
    Dest,
    Mode,
    ReadWrite,
    Propagation,
}

/// One end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum End {
    /// Either: comparisons hold when they hold for one of them; nothing is printed.
    Either,
    /// The client's.
    Client,
    /// The server's.
    Server,
    /// This machine's.
    Local,
    /// The other machine's.
    Remote,
}

/// What is asked of a descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, reason = "the catalogue's rows say what each is")]
pub enum FdFact {
    Num,
    Type,
    TypeChar,
    Name,
    Directory,
    FileName,
    Ip(End),
    Port(End),
    Net(End),
    Proto(End),
    L4Proto,
    SockFamily,
    IsServer,
    Uid,
    ContainerName,
    ContainerDirectory,
    Connected,
    NameChanged,
    Dev,
    DevMajor,
    DevMinor,
    Ino,
    NameRaw,
    UpperLayer,
    LowerLayer,
}

/// The names that lead to a value in a JSON text.
pub type Keys = &'static [&'static str];

/// What is asked of a Kubernetes audit event. Where arrays lie on the way to a value, the field's argument picks one
/// item of each; without an argument all are followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum AuditFact {
    /// The value at a path.
    At(Keys),
    /// The items of the array at a path.
    All(Keys),
    /// The values at a path that leads through arrays, of those items that have one.
    Each(Keys),
    /// A member of the pod's containers; nothing unless all have it.
    EachOrNone(&'static str),
    /// Images of the pod's containers without tag and digest.
    Repositories,
    /// The image of the pod's first container.
    FirstImage(ImagePart),
    /// A member of the pod's containers that is an array of texts, each array as one text.
    Joined(&'static str),
    /// Ports of the host, or of the container where it asks for none.
    HostPorts,
    /// Whether any container is to be privileged.
    AnyPrivileged,
    /// A member of each container, else of the pod, else 0.
    Effective(&'static str),
    /// What a member of a role's rules lists.
    RoleRules(&'static str),
    /// Names of a role binding's subjects.
    Subjects(SubjectKind),
    /// Always true.
    AlwaysTrue,
    /// One parameter of the request's query.
    UriParam,
    /// Whether a volume is a path of the host.
    MountsHostPath,
    /// The types of a pod's volumes.
    VolumeTypes,
    /// Name of the pod, of requests about whole pods.
    TargetPod,
    /// Addresses the request came from.
    SourceIps,
    /// A value by its JSON pointer.
    Pointer,
    /// The whole text, indented.
    Document,
    /// The event's time in nanoseconds, as text.
    RawTime,
}

/// A part of an image's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum ImagePart {
    /// All of it.
    Whole,
    /// Without tag and digest.
    Repository,
}

/// Who gets a role.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum SubjectKind {
    /// A user.
    User,
    /// A group.
    Group,
    /// A service account.
    ServiceAccount,
    /// A service account, with its namespace and a colon before its name.
    ServiceAccountWithNamespace,
}

impl Access {
    /// What the value depends on at most, for an event of any kind. (Of some kinds it may depend on less.)
    pub const fn reads(self) -> Reads {
        match self {
            Access::Event(fact) => match fact {
                EventFact::Source
                | EventFact::Zero
                | EventFact::IsAsync
                | EventFact::Direction
                | EventFact::IsIo
                | EventFact::IsIoRead
                | EventFact::IsIoWrite
                | EventFact::IoDir
                | EventFact::IsWait
                | EventFact::Count
                | EventFact::CountExit
                | EventFact::AsyncType => Reads::Kind,
                _ => Reads::Row,
            },
            Access::Thread(_, ThreadFact::Duration) | Access::Container(ContainerFact::Duration) => Reads::Row,
            Access::Thread(..)
            | Access::Stdio(..)
            | Access::User(_)
            | Access::LoginUser(_)
            | Access::Group(_)
            | Access::Container(_) => Reads::Thread,
            Access::Fd(FdFact::NameChanged | FdFact::Uid | FdFact::ContainerName | FdFact::ContainerDirectory) => {
                Reads::Row
            }
            Access::Fd(_) => Reads::Fd,
            Access::Audit(_) => Reads::Row,
            Access::Absent(_) => Reads::Kind,
        }
    }

    /// Whether the value needs the living machine, so that no capture, whatever recorded it, can give it.
    pub const fn cannot_be_had_offline(self) -> bool {
        matches!(self, Access::Absent(Absence::Offline))
    }

    /// Whether values of this field are known from a recording.
    pub const fn is_recorded(self) -> bool {
        !matches!(self, Access::Absent(_))
    }

    /// Why the field never prints a value, `None` where it can have one.
    pub const fn why_silent(self) -> Option<&'static str> {
        match self {
            Access::Absent(absence) => Some(absence.reason()),
            Access::Fd(
                FdFact::Ip(End::Either)
                | FdFact::Port(End::Either)
                | FdFact::Net(End::Either)
                | FdFact::Proto(End::Either),
            ) => Some("it is compared with either end, never printed"),
            Access::Event(_)
            | Access::Thread(..)
            | Access::Stdio(..)
            | Access::User(_)
            | Access::LoginUser(_)
            | Access::Group(_)
            | Access::Container(_)
            | Access::Fd(_)
            | Access::Audit(_) => None,
        }
    }

    /// The place the value comes from, in one word: `event`, `thread`, `container`, `user`, `group`, `fd`, `audit`,
    /// `-`.
    pub const fn place(self) -> &'static str {
        match self {
            Access::Event(_) => "event",
            Access::Thread(..) | Access::Stdio(..) => "thread",
            Access::User(_) | Access::LoginUser(_) => "user",
            Access::Group(_) => "group",
            Access::Container(_) => "container",
            Access::Fd(_) => "fd",
            Access::Audit(_) => "audit",
            Access::Absent(_) => "-",
        }
    }
}
