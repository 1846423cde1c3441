//! Rows on their way into a block: one event, and the dimension rows it refers to.
//!
//! A dimension row is immutable and shared (`Arc`): it says what a thread, descriptor or container looked like while
//! nothing about it changed. Whoever keeps state (`capture::state`) makes a new row when something changes; the block
//! builder writes a row down the first time an event of the block refers to it, together with the rows it refers to in
//! turn. `Default` gives a row in which nothing is known.

use std::sync::{Arc, OnceLock};

use super::dimension::Tally;
use super::schema::EventKind;

/// A shared byte string. Text from the kernel is bytes: it need not be UTF-8.
pub type Text = Arc<[u8]>;

/// A parameter's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value<'a> {
    /// Not known, or not there.
    Null,
    /// A number; unsigned 64-bit values by their bits.
    Int(i64),
    /// A byte string.
    Bytes(&'a [u8]),
}

/// Figures of a process that change too often for rows of their own: each event has them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tallies {
    /// Open descriptors of the process, as far as they are known.
    pub open_fds: u32,
    /// Which types they have: a bit for each place in [`FD_TYPE_CHARS`].
    pub fd_types: u32,
    /// Living threads of the process.
    pub threads: u32,
    /// Those of them that are not its first one.
    pub other_threads: u32,
    /// The address space, where it is followed from event to event. Else the thread's row says what it was last known
    /// to be.
    pub memory: Option<Memory>,
}

/// Figures of an address space, and of what a thread had to read in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Memory {
    /// Virtual size, KiB.
    pub vm_size_kb: u64,
    /// Resident size, KiB.
    pub vm_rss_kb: u64,
    /// Swapped size, KiB.
    pub vm_swap_kb: u64,
    /// Major page faults.
    pub pf_major: u64,
    /// Minor page faults.
    pub pf_minor: u64,
}

impl Tallies {
    /// One of the figures, by its column.
    #[inline]
    pub fn get(&self, tally: Tally) -> Option<i64> {
        let of_memory = |figure: fn(&Memory) -> u64| self.memory.as_ref().map(|memory| figure(memory).cast_signed());
        match tally {
            Tally::OpenFds => Some(i64::from(self.open_fds)),
            Tally::FdTypes => Some(i64::from(self.fd_types)),
            Tally::Threads => Some(i64::from(self.threads)),
            Tally::OtherThreads => Some(i64::from(self.other_threads)),
            Tally::VmSize => of_memory(|memory| memory.vm_size_kb),
            Tally::VmRss => of_memory(|memory| memory.vm_rss_kb),
            Tally::VmSwap => of_memory(|memory| memory.vm_swap_kb),
            Tally::PfMajor => of_memory(|memory| memory.pf_major),
            Tally::PfMinor => of_memory(|memory| memory.pf_minor),
        }
    }
}

/// The types of descriptors ([`FdRow::type_char`]) in the order of the bits of [`Tallies::fd_types`]. Part of the file
/// format: append only.
pub const FD_TYPE_CHARS: &[u8] = b"fd46upeslitnobUrmP\0";

/// One event, ready to be written.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// What happened.
    pub kind: EventKind,
    /// `evt.num`: strictly rising within a capture, not necessarily by one.
    pub num: u64,
    /// Nanoseconds since the epoch, as the kernel took it.
    pub ts_ns: u64,
    /// The processor it happened on.
    pub cpu: u16,
    /// The thread that did it. An unknown thread has a row of its own with little more than its `tid`.
    pub thread: &'a Arc<ThreadRow>,
    /// The descriptor it worked on or made.
    pub fd: Option<&'a Arc<FdRow>>,
    /// `fs.path.name` or `fs.path.target`: absolute and normalised, where the event has a path parameter.
    pub path: Option<&'a [u8]>,
    /// `fs.path.source`: likewise, for renames and links.
    pub source_path: Option<&'a [u8]>,
    /// What the descriptors of a list that it waits for mean, in the list's order; of other events, what the parameters
    /// that are descriptors mean, in their order, if `fd` does not tell it all. `None` for one that is not known.
    pub fd_list: &'a [Option<Arc<FdRow>>],
    /// Users whose ids the parameters name. The block knows them afterwards; the event does not refer to them.
    pub users: &'a [Arc<UserRow>],
    /// Groups, likewise.
    pub groups: &'a [Arc<GroupRow>],
    /// Figures at this moment, where they are known.
    pub tallies: Option<Tallies>,
    /// As many values as the kind has parameters, in their order, each `Null` or of the parameter's physical type.
    pub params: &'a [Value<'a>],
}

impl<'a> Event<'a> {
    /// An event of which nothing is known but what happened and whose it was; number, time and processor are 0.
    #[inline(always)]
    pub fn bare(kind: EventKind, thread: &'a Arc<ThreadRow>, params: &'a [Value<'a>]) -> Event<'a> {
        Event {
            kind,
            num: 0,
            ts_ns: 0,
            cpu: 0,
            thread,
            fd: None,
            path: None,
            source_path: None,
            fd_list: &[],
            users: &[],
            groups: &[],
            tallies: None,
            params,
        }
    }
}

/// The `pid` of the row that an event without a thread refers to: of such a row only the thread's number and the
/// container mean something.
pub const NO_PROCESS: i64 = i64::MIN;

/// One version of a thread and its process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ThreadRow {
    /// Thread id, in the host's namespace.
    pub tid: i64,
    /// Process id (the kernel's tgid).
    pub pid: i64,
    /// Parent process id; 0 when there is none.
    pub ppid: i64,
    /// The main thread of the parent process, as it was while this row holds.
    pub parent: Option<Arc<ThreadRow>>,
    /// Leader of the session, as far as known and not this thread's own process.
    pub session_leader: Option<Arc<ThreadRow>>,
    /// Leader of the process group, by its number on the host, where whoever made the row said who that is. Of such a
    /// row only the names mean something.
    pub group_leader: Option<Arc<ThreadRow>>,
    /// Leader of the process group, by its number inside the pid namespace; likewise.
    pub inner_group_leader: Option<Arc<ThreadRow>>,
    /// Thread and process id inside the innermost pid namespace.
    pub vtid: i64,
    /// Process id inside the innermost pid namespace.
    pub vpid: i64,
    /// Process group id, in the host's namespace.
    pub pgid: i64,
    /// Process group id inside the namespace.
    pub vpgid: i64,
    /// Session id (inside the namespace, as `proc.sid`).
    pub sid: i64,
    /// Controlling terminal's device number, 0 for none.
    pub tty: u32,
    /// Login user id; 2^32-1 when not set.
    pub loginuid: u32,
    /// `proc.name`: at most 15 bytes.
    pub comm: Text,
    /// `proc.exe`: the first argument.
    pub exe: Text,
    /// `proc.exepath`: absolute path of the executable.
    pub exepath: Text,
    /// Arguments after the first, each ending in NUL.
    pub args: Text,
    /// Environment strings, each ending in NUL.
    pub env: Text,
    /// Working directory, absolute; `proc.cwd` adds a trailing slash.
    pub cwd: Text,
    /// Root directory, `/` unless changed.
    pub root: Text,
    /// `SUBSYSTEM=PATH` strings, each ending in NUL.
    pub cgroups: Text,
    /// Inheritable, permitted and effective capability sets (Falco's bit numbers are the kernel's).
    pub cap_inheritable: u64,
    /// Permitted capabilities.
    pub cap_permitted: u64,
    /// Effective capabilities.
    pub cap_effective: u64,
    /// `execve_flags`: writable, upper layer, from memfd, lower layer.
    pub exe_flags: u32,
    /// Inode of the executable.
    pub exe_ino: u64,
    /// Status change time of the executable, ns since the epoch.
    pub exe_ino_ctime_ns: u64,
    /// Modification time of the executable, ns since the epoch.
    pub exe_ino_mtime_ns: u64,
    /// When the thread was cloned, ns since the epoch; 0 when not known.
    pub clone_ts_ns: u64,
    /// When the first process of its pid namespace started, ns since the epoch; 0 when not known.
    pub pidns_init_start_ns: u64,
    /// Limit of open descriptors; -1 when not known.
    pub fdlimit: i64,
    /// Virtual size, KiB.
    pub vm_size_kb: u64,
    /// Resident size, KiB.
    pub vm_rss_kb: u64,
    /// Swapped size, KiB.
    pub vm_swap_kb: u64,
    /// Major page faults.
    pub pf_major: u64,
    /// Minor page faults.
    pub pf_minor: u64,
    /// Descriptors 0, 1 and 2, as far as known.
    pub stdio: [Option<Arc<FdRow>>; 3],
    /// Effective user.
    pub user: Option<Arc<UserRow>>,
    /// Effective group.
    pub group: Option<Arc<GroupRow>>,
    /// The user of `loginuid`.
    pub login_user: Option<Arc<UserRow>>,
    /// The container; `None` on the host.
    pub container: Option<Arc<Container>>,
    /// The probe of its container that the process is, or was started by.
    pub probe: Option<ContainerProbe>,
}

/// A command that a container's runtime runs inside it now and then. The numbers are part of the file format.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum ContainerProbe {
    /// Docker's health check.
    Healthcheck = 1,
    /// Kubernetes' liveness probe.
    Liveness = 2,
    /// Kubernetes' readiness probe.
    Readiness = 3,
}

impl ContainerProbe {
    /// Every probe, in the order in which Falco compares them.
    pub const ALL: [ContainerProbe; 3] =
        [ContainerProbe::Healthcheck, ContainerProbe::Liveness, ContainerProbe::Readiness];
}

/// The words of a probe's command as a container's row has it: each ends in NUL. A text that does not end so is what
/// earlier versions wrote, with a space between words, or says that there is no command.
pub fn probe_words(command: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    command.strip_suffix(b"\0").map(|words| words.split(|&byte| byte == 0))
}

/// What a descriptor number of a process meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FdRow {
    /// The descriptor number; -1 for the descriptor that a failed open would have made.
    pub num: i64,
    /// `fd.typechar` as a byte (`f` file, `d` directory, `4` and `6` sockets, `u` unix, `p` pipe, ...); 0 unknown.
    /// `U` is a userfaultfd, which Falco prints as `u` as well. Without a descriptor (see
    /// [`fd_flags::NO_DESCRIPTOR`]) `fd.typechar` is this byte or `o`, and `fd.type` has no value.
    pub type_char: u8,
    /// `fd.name`: resolved absolute path, or the tuple as text (`10.0.0.1:4000->10.0.0.2:80`).
    pub name: Text,
    /// `fd.nameraw`: the path as the program gave it.
    pub name_raw: Text,
    /// Open flags in Falco's encoding (`file_flags`).
    pub open_flags: u32,
    /// Device number (Falco's encoding: major << 20 | minor is the kernel's; stored as the event has it).
    pub dev: u32,
    /// Inode number.
    pub ino: u64,
    /// `fd.l4proto`: 0 unknown, 1 tcp, 2 udp, 3 icmp, 4 raw.
    pub l4proto: u8,
    /// Which ends of the connection are here: 0 unknown, 1 the client, 2 the server, 3 both are on this machine.
    /// `fd.lip` is the client's address if bit 0 is set, else the server's; `fd.is_server` is bit 1 (or a
    /// [`fd_flags::SERVER_SOCKET`]).
    pub role: u8,
    /// Client address, 4 or 16 bytes; empty when not known.
    pub client_ip: Text,
    /// Client port.
    pub client_port: u16,
    /// Server address, 4 or 16 bytes; empty when not known. Of a bound or listening socket: its own address.
    pub server_ip: Text,
    /// Server port.
    pub server_port: u16,
    /// See the constants of [`fd_flags`].
    pub flags: u32,
}

/// Bits of [`FdRow::flags`].
pub mod fd_flags {
    /// The socket is connected.
    pub const CONNECTED: u32 = 1;
    /// This event changed the descriptor's name (`fd.name_changed`). Not set for calls that make a descriptor (open
    /// family, accept, memfd_create, pidfd_open): there every name is new, and one row serves the descriptor's life.
    pub const NAME_CHANGED: u32 = 2;
    /// The file lies in an overlay's upper layer.
    pub const UPPER_LAYER: u32 = 4;
    /// The file lies in an overlay's lower layer.
    pub const LOWER_LAYER: u32 = 8;
    /// A socket that is bound or listens and has no peer.
    pub const SERVER_SOCKET: u32 = 16;
    /// There is no such descriptor, or nothing is known of it: only the number, and what the event itself says
    /// (the path that could not be opened) are there.
    pub const NO_DESCRIPTOR: u32 = 32;
}

/// A user, of the host or of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct UserRow {
    /// User id.
    pub uid: u32,
    /// Name; empty when not known.
    pub name: Text,
    /// Home directory.
    pub home: Text,
    /// Login shell.
    pub shell: Text,
}

/// A group, of the host or of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct GroupRow {
    /// Group id.
    pub gid: u32,
    /// Name; empty when not known.
    pub name: Text,
}

/// A container: its id is known at once, the rest may arrive later, but before the block is written.
#[derive(Debug, Default)]
pub struct Container {
    /// Short id (12 characters).
    pub id: Text,
    /// Full id.
    pub full_id: Text,
    /// Counts the container's starts, as far as they were seen: before details come, nothing else tells its runs apart.
    pub run: u32,
    /// What the runtime says of it.
    pub details: OnceLock<ContainerRow>,
    /// What the runtime says of it while it is not all there yet: blocks that are written before `details` have it.
    pub draft: OnceLock<ContainerRow>,
}

impl Container {
    /// The most that is known of it by now.
    pub fn known(&self) -> Option<&ContainerRow> {
        self.details.get().or_else(|| self.draft.get())
    }
}

impl PartialEq for Container {
    fn eq(&self, other: &Container) -> bool {
        let same_details = || match (self.details.get(), other.details.get()) {
            (Some(own), Some(others)) => std::ptr::eq(own, others) || own == others,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        self.id == other.id && self.full_id == other.full_id && self.run == other.run && same_details()
    }
}

impl Eq for Container {}

impl std::hash::Hash for Container {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.id.hash(state);
        self.full_id.hash(state);
        self.run.hash(state);
    }
}

/// What a container runtime says of a container. Empty text and `None` mean "not known".
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ContainerRow {
    /// `container.name`.
    pub name: Text,
    /// `container.type`: docker, containerd, cri-o, podman.
    pub runtime: Text,
    /// `container.image`: as it was named when started.
    pub image: Text,
    /// Without tag and digest.
    pub image_repository: Text,
    /// Tag.
    pub image_tag: Text,
    /// Digest.
    pub image_digest: Text,
    /// Image id.
    pub image_id: Text,
    /// JSON object of labels.
    pub labels_json: Text,
    /// JSON array of mounts: source, dest, mode, rdwr, propagation.
    pub mounts_json: Text,
    /// `container.privileged`.
    pub privileged: Option<bool>,
    /// Shares the host's pid namespace.
    pub host_pid: Option<bool>,
    /// Shares the host's network namespace.
    pub host_network: Option<bool>,
    /// Shares the host's ipc namespace.
    pub host_ipc: Option<bool>,
    /// When it was started, ns since the epoch; 0 when not known.
    pub start_ts_ns: u64,
    /// Its address as text.
    pub ip: Text,
    /// Health check command, see [`probe_words`]; `NONE` for one that is switched off.
    pub healthcheck: Text,
    /// Liveness probe, see [`probe_words`].
    pub liveness_probe: Text,
    /// Readiness probe, see [`probe_words`].
    pub readiness_probe: Text,
    /// `k8s.pod.name`.
    pub pod_name: Text,
    /// `k8s.ns.name`.
    pub pod_namespace: Text,
    /// `k8s.pod.uid`.
    pub pod_uid: Text,
    /// Full id of the pod's sandbox container.
    pub pod_sandbox_id: Text,
    /// JSON object of the pod's labels.
    pub pod_labels_json: Text,
    /// The pod's address as text.
    pub pod_ip: Text,
    /// CNI result of the sandbox.
    pub cni_json: Text,
}

impl ContainerRow {
    /// The command of a probe; empty where none is known.
    pub fn probe_command(&self, probe: ContainerProbe) -> &Text {
        match probe {
            ContainerProbe::Healthcheck => &self.healthcheck,
            ContainerProbe::Liveness => &self.liveness_probe,
            ContainerProbe::Readiness => &self.readiness_probe,
        }
    }
}
