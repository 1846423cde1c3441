//! One event kind after the other: what each means for threads, descriptors and paths.

use std::sync::Arc;

use crate::format::row::Text;
use crate::format::schema::{EventKind, KIND_LIMIT, fcntl};

use super::files::{Opened, flags_of_creat, open_flag};
use super::params::Params;
use super::sockets::Direction;
use super::{Leaving, MemoryFigures, Outcome, State, path};
use crate::capture::raw::RawEvent;

/// `FD_CLOEXEC`, the one flag of `F_SETFD`.
const CLOEXEC_FLAG: i64 = 1;

/// ioctl requests that every descriptor knows.
mod ioctl {
    pub(super) const FIONCLEX: i64 = 0x5450;
    pub(super) const FIOCLEX: i64 = 0x5451;
}

/// Falco's prctl option that sets a thread's name.
const PR_SET_NAME: i64 = 15;

/// Falco's prctl options about who takes orphans over.
const PR_SET_CHILD_SUBREAPER: i64 = 36;
const PR_GET_CHILD_SUBREAPER: i64 = 37;

/// "No limit", or a limit that could not be read.
const UNLIMITED: i64 = -1;

/// Falco's number of the resource "open descriptors".
const RLIMIT_NOFILE: i64 = 7;

/// The longest thread name.
const COMM_LEN: usize = 15;

/// bpf commands that return a new descriptor.
const BPF_FD_COMMANDS: [i64; 10] = [0, 5, 7, 13, 14, 17, 18, 19, 28, 33];

impl State {
    /// Follows an event as far as later ones depend on it: what it is about nobody asks.
    pub(super) fn follow_outline(&mut self, raw: &RawEvent<'_>, params: Params<'_>) {
        match raw.kind {
            EventKind::CLOSE if self.semantics.is_falco() && params.failed(0) => {}
            EventKind::CLOSE => self.leaving = Some(Leaving::Fd { tid: raw.tid, num: params.int_or_zero(1) }),
            EventKind::FCNTL if !matches!(params.int(2), Some(fcntl::DUPFD | fcntl::DUPFD_CLOEXEC | fcntl::SETFD)) => {}
            EventKind::MMAP | EventKind::MMAP2 => self.follow_memory(raw.tid, params),
            _ => {
                self.follow(raw, params);
            }
        }
    }

    /// Follows one event.
    #[allow(clippy::too_many_lines, reason = "one arm per event kind, each short")]
    pub(super) fn follow(&mut self, raw: &RawEvent<'_>, params: Params<'_>) -> Outcome {
        let tid = raw.tid;
        match raw.kind {
            EventKind::READ
            | EventKind::WRITE
            | EventKind::PREAD
            | EventKind::PWRITE
            | EventKind::WRITEV
            | EventKind::PWRITEV => self.follow_use(tid, params.int_or_zero(2), params),
            EventKind::READV | EventKind::PREADV => self.follow_use(tid, params.int_or_zero(3), params),

            EventKind::OPEN => self.follow_open(
                tid,
                &Opened {
                    result: params.int(0),
                    dirfd: None,
                    name: params.bytes(1),
                    flags: params.word(2).unwrap_or(0),
                    dev: params.word(4).unwrap_or(0),
                    ino: params.bits(5).unwrap_or(0),
                    type_char_if_failed: 0,
                    has_path: true,
                },
            ),
            EventKind::OPENAT | EventKind::OPENAT2 => {
                // openat2 has `resolve` before device and inode.
                let dev = if raw.kind == EventKind::OPENAT { 5 } else { 6 };
                self.follow_open(
                    tid,
                    &Opened {
                        result: params.int(0),
                        dirfd: params.int(1),
                        name: params.bytes(2),
                        flags: params.word(3).unwrap_or(0),
                        dev: params.word(dev).unwrap_or(0),
                        ino: params.bits(dev + 1).unwrap_or(0),
                        type_char_if_failed: b'f',
                        has_path: true,
                    },
                )
            }
            EventKind::CREAT => self.follow_open(
                tid,
                &Opened {
                    result: params.int(0),
                    dirfd: None,
                    name: params.bytes(1),
                    flags: flags_of_creat(params.word(5).unwrap_or(0)),
                    dev: params.word(3).unwrap_or(0),
                    ino: params.bits(4).unwrap_or(0),
                    type_char_if_failed: 0,
                    has_path: false,
                },
            ),
            // The kernel's path is absolute, whatever the mount's descriptor.
            EventKind::OPEN_BY_HANDLE_AT => self.follow_open(
                tid,
                &Opened {
                    result: params.int(0),
                    dirfd: params.int(1),
                    name: params.bytes(3),
                    flags: params.word(2).unwrap_or(0),
                    dev: params.word(4).unwrap_or(0),
                    ino: params.bits(5).unwrap_or(0),
                    type_char_if_failed: 0,
                    has_path: false,
                },
            ),
            // The kernel gives the number up even when closing fails; Falco does not.
            EventKind::CLOSE if self.semantics.is_falco() && params.failed(0) => {
                Outcome::with_used_fd(params.int_or_zero(1))
            }
            EventKind::CLOSE => self.follow_close(tid, params.int_or_zero(1)),
            EventKind::CLOSE_RANGE => {
                self.follow_close_range(tid, params);
                Outcome::default()
            }
            EventKind::DUP | EventKind::DUP2 => self.follow_dup(tid, params.int_or_zero(1), params.int(0), false),
            EventKind::DUP3 => {
                let close_on_exec = params.word(3).unwrap_or(0) & open_flag::CLOEXEC != 0;
                self.follow_dup(tid, params.int_or_zero(1), params.int(0), close_on_exec)
            }
            EventKind::FCNTL => self.follow_fcntl(tid, params),
            EventKind::IOCTL => self.follow_ioctl(tid, params),
            EventKind::PIPE | EventKind::PIPE2 => self.follow_pipe(tid, params),

            EventKind::EVENTFD => self.follow_new_fd(tid, params.int(0), b'e', b"", false),
            EventKind::EVENTFD2 => self.follow_flagged_fd(tid, params, b'e', 1, open_flag::CLOEXEC),
            EventKind::SIGNALFD => self.follow_new_fd(tid, params.int(0), b's', b"", false),
            EventKind::SIGNALFD4 => self.follow_flagged_fd(tid, params, b's', 1, open_flag::CLOEXEC),
            EventKind::TIMERFD_CREATE => self.follow_new_fd(tid, params.int(0), b't', b"", false),
            EventKind::INOTIFY_INIT => self.follow_new_fd(tid, params.int(0), b'i', b"", false),
            EventKind::INOTIFY_INIT1 => self.follow_flagged_fd(tid, params, b'i', 1, open_flag::CLOEXEC),
            EventKind::EPOLL_CREATE => self.follow_new_fd(tid, params.int(0), b'l', b"", false),
            EventKind::EPOLL_CREATE1 => self.follow_flagged_fd(tid, params, b'l', 1, 1),
            EventKind::USERFAULTFD => self.follow_flagged_fd(tid, params, b'U', 1, open_flag::CLOEXEC),
            // These are made close-on-exec by the kernel.
            EventKind::IO_URING_SETUP => self.follow_new_fd(tid, params.int(0), b'r', b"", true),
            EventKind::MEMFD_CREATE => {
                let close_on_exec = params.word(2).unwrap_or(0) & 1 != 0;
                self.follow_new_fd(tid, params.int(0), b'm', params.bytes(1).unwrap_or_default(), close_on_exec)
            }
            EventKind::PIDFD_OPEN => {
                let name = format!("/proc/{}", params.int_or_zero(1));
                self.follow_new_fd(tid, params.int(0), b'P', name.as_bytes(), true)
            }
            EventKind::PIDFD_GETFD => self.follow_pidfd_getfd(tid, params),
            EventKind::BPF => match params.int(0) {
                Some(num) if num >= 0 && !BPF_FD_COMMANDS.contains(&params.int_or_zero(1)) => {
                    Outcome::with_fd(Arc::clone(self.fd_cache.unknown(num)))
                }
                result => self.follow_new_fd(tid, result, b'b', b"", true),
            },

            EventKind::SOCKET => self.follow_socket(tid, params),
            EventKind::SOCKETPAIR => self.follow_socketpair(tid, params),
            EventKind::BIND => {
                let outcome = self.follow_bind(tid, params);
                self.drop_name_changed(tid, params.int_or_zero(2));
                outcome
            }
            EventKind::CONNECT => {
                let outcome = self.follow_connect(tid, params);
                self.drop_name_changed(tid, params.int_or_zero(2));
                outcome
            }
            EventKind::ACCEPT => self.follow_accept(tid, params, None),
            EventKind::ACCEPT4 => self.follow_accept(tid, params, Some(5)),
            EventKind::SENDTO | EventKind::SENDMSG | EventKind::SEND => {
                self.infer_socket(tid, params);
                self.follow_transfer(tid, params.int_or_zero(2), params.int(0), params.bytes(4), Direction::Sent)
            }
            EventKind::SENDMMSG => {
                self.follow_transfer(tid, params.int_or_zero(1), params.int(0), params.bytes(4), Direction::Sent)
            }
            EventKind::RECV => {
                self.follow_transfer(tid, params.int_or_zero(2), params.int(0), params.bytes(4), Direction::Received)
            }
            EventKind::RECVFROM => {
                self.follow_transfer(tid, params.int_or_zero(3), params.int(0), params.bytes(2), Direction::Received)
            }
            EventKind::RECVMSG => {
                self.follow_transfer(tid, params.int_or_zero(5), params.int(0), params.bytes(3), Direction::Received)
            }
            EventKind::RECVMMSG => {
                self.follow_transfer(tid, params.int_or_zero(1), params.int(0), params.bytes(4), Direction::Received)
            }

            EventKind::CLONE | EventKind::CLONE3 | EventKind::FORK | EventKind::VFORK => {
                if self.semantics.is_falco() {
                    self.clone_as_falco(raw, params);
                } else {
                    self.follow_clone(raw, params);
                }
                Outcome::default()
            }
            EventKind::EXECVE | EventKind::EXECVEAT => {
                if self.semantics.is_falco() {
                    self.exec_as_falco(raw, params);
                } else {
                    self.follow_exec(raw, params);
                }
                Outcome::default()
            }
            EventKind::PROCEXIT => {
                if self.semantics.is_falco() {
                    self.exit_as_falco(raw, params);
                } else {
                    self.follow_exit(raw, params);
                }
                Outcome::default()
            }

            EventKind::CHDIR => {
                if !params.failed(0)
                    && let Some(given) = params.bytes(1)
                {
                    let cwd = self.cwd(tid);
                    path::resolve(&cwd, given, &mut self.path);
                    self.take_cwd(tid);
                }
                Outcome::default()
            }
            EventKind::FCHDIR => {
                let outcome = Outcome::with_used_fd(params.int_or_zero(1));
                if !params.failed(0) {
                    self.path.clear();
                    if let Some(fd) = outcome.known_fd(&self.threads, tid) {
                        self.path.extend_from_slice(&fd.name);
                    }
                    self.take_cwd(tid);
                }
                outcome
            }
            EventKind::GETCWD => {
                if !params.failed(0)
                    && let Some(cwd) = params.bytes(1).filter(|cwd| cwd.first() == Some(&b'/'))
                {
                    self.set_cwd(tid, cwd);
                }
                Outcome::default()
            }
            EventKind::CHROOT => {
                if !params.failed(0)
                    && let Some(given) = params.bytes(1)
                {
                    self.set_root(tid, given);
                }
                Outcome::default()
            }
            EventKind::UNSHARE => {
                if !params.failed(0) {
                    let flags = params.word(1).unwrap_or(0);
                    if self.semantics.is_falco() {
                        self.enter_namespaces(tid, flags);
                        return Outcome::default();
                    }
                    self.threads.unshare(tid, flags & 1 != 0, flags & 2 != 0);
                }
                Outcome::default()
            }

            EventKind::SETNS if self.semantics.is_falco() => {
                if !params.failed(0) {
                    self.enter_namespaces(tid, params.word(2).unwrap_or(0));
                }
                self.fd_of(tid, params.int_or_zero(1))
            }
            EventKind::SETUID | EventKind::SETGID => {
                if !params.failed(0) {
                    self.set_identity(tid, raw.kind == EventKind::SETUID, params.word(1));
                }
                Outcome::default()
            }
            EventKind::SETRESUID | EventKind::SETREUID | EventKind::SETRESGID | EventKind::SETREGID => {
                if !params.failed(0) {
                    let is_user = raw.kind == EventKind::SETRESUID || raw.kind == EventKind::SETREUID;
                    self.set_identity(tid, is_user, params.word(2));
                }
                Outcome::default()
            }
            EventKind::GETRLIMIT if self.semantics.is_falco() => {
                self.follow_rlimit(tid, params);
                Outcome::default()
            }
            EventKind::SETRLIMIT => {
                self.follow_rlimit(tid, params);
                Outcome::default()
            }
            EventKind::PRLIMIT => {
                if !params.failed(0)
                    && params.int(6) == Some(RLIMIT_NOFILE)
                    && let Some(limit) = params.int(1).filter(|&limit| limit != UNLIMITED)
                    && let Some(target) = params.int(5)
                {
                    self.set_fd_limit(if target == 0 { tid } else { target }, limit);
                }
                Outcome::default()
            }
            EventKind::SETSID => {
                if let Some(sid) = params.int(0).filter(|&sid| sid > 0) {
                    if self.semantics.is_falco() {
                        self.threads.edit(tid, |row| row.sid = sid);
                    } else {
                        self.set_session(tid, sid);
                    }
                }
                Outcome::default()
            }
            EventKind::SETPGID => {
                if !params.failed(0) && !self.semantics.is_falco() {
                    self.set_process_group(tid, params.int_or_zero(1), params.int_or_zero(2));
                }
                Outcome::default()
            }
            EventKind::CAPSET => {
                if !params.failed(0) {
                    self.threads.edit(tid, |row| {
                        row.cap_inheritable = params.bits(1).unwrap_or(row.cap_inheritable);
                        row.cap_permitted = params.bits(2).unwrap_or(row.cap_permitted);
                        row.cap_effective = params.bits(3).unwrap_or(row.cap_effective);
                    });
                }
                Outcome::default()
            }
            EventKind::PRCTL if self.semantics.is_falco() => {
                if !params.failed(0)
                    && matches!(params.int(1), Some(PR_SET_CHILD_SUBREAPER | PR_GET_CHILD_SUBREAPER))
                    && let Some(pid) = self.threads.get(tid).map(|thread| thread.row.pid)
                {
                    self.threads.set_reaper(pid, params.int_or_zero(3) != 0);
                }
                Outcome::default()
            }
            EventKind::PRCTL => {
                if !params.failed(0)
                    && params.int(1) == Some(PR_SET_NAME)
                    && let Some(name) = params.bytes(2)
                {
                    let name = name.get(..COMM_LEN).unwrap_or(name);
                    if self.threads.get(tid).is_some_and(|thread| *thread.row.comm != *name) {
                        self.threads.edit(tid, |row| row.comm = Text::from(name));
                    }
                }
                Outcome::default()
            }

            EventKind::BRK | EventKind::MUNMAP => {
                self.follow_memory(tid, params);
                Outcome::default()
            }
            EventKind::POLL | EventKind::PPOLL => self.follow_poll(tid, params),
            EventKind::SWITCH => {
                self.follow_switch(tid, params);
                Outcome::default()
            }
            EventKind::MMAP | EventKind::MMAP2 => {
                self.follow_memory(tid, params);
                Outcome::with_used_fd(params.int_or_zero(8))
            }

            kind => {
                // A recording so old that it does not say which descriptor: to Falco it is number -1.
                let not_told = self.semantics.is_falco().then_some(-1);
                let fd = fd_position(kind).and_then(|at| params.int(at).or(not_told));
                self.follow_paths(tid, kind, params, fd)
            }
        }
    }

    /// A new descriptor whose close-on-exec is bit `mask` of parameter `flags_at`.
    fn follow_flagged_fd(
        &mut self,
        tid: i64,
        params: Params<'_>,
        type_char: u8,
        flags_at: usize,
        mask: u32,
    ) -> Outcome {
        let close_on_exec = params.word(flags_at).unwrap_or(0) & mask != 0;
        self.follow_new_fd(tid, params.int(0), type_char, b"", close_on_exec)
    }

    fn follow_fcntl(&mut self, tid: i64, params: Params<'_>) -> Outcome {
        let num = params.int_or_zero(1);
        match params.int(2) {
            Some(fcntl::DUPFD) => self.follow_dup(tid, num, params.int(0), false),
            Some(fcntl::DUPFD_CLOEXEC) => self.follow_dup(tid, num, params.int(0), true),
            Some(fcntl::SETFD) if !params.failed(0) => {
                self.set_close_on_exec(tid, num, params.int_or_zero(3) & CLOEXEC_FLAG != 0);
                Outcome::with_used_fd(num)
            }
            _ => Outcome::with_used_fd(num),
        }
    }

    fn follow_ioctl(&mut self, tid: i64, params: Params<'_>) -> Outcome {
        let num = params.int_or_zero(1);
        match params.int(2).filter(|_| !self.semantics.is_falco()) {
            Some(ioctl::FIOCLEX) if !params.failed(0) => self.set_close_on_exec(tid, num, true),
            Some(ioctl::FIONCLEX) if !params.failed(0) => self.set_close_on_exec(tid, num, false),
            _ => {}
        }
        Outcome::with_used_fd(num)
    }

    fn set_close_on_exec(&mut self, tid: i64, num: i64, close_on_exec: bool) {
        if let Some(descriptor) = self.threads.table_mut(tid).and_then(|table| table.get_mut(num)) {
            descriptor.close_on_exec = close_on_exec;
        }
    }

    /// brk, mmap, munmap: figures of the address space, in parameters 1 to 3.
    fn follow_memory(&mut self, tid: i64, params: Params<'_>) {
        let (MemoryFigures::AtOnce, Some(thread)) = (self.memory_figures, self.threads.get_mut(tid)) else { return };
        if let Some(vm_size_kb) = params.bits(1) {
            thread.memory.vm_size_kb = vm_size_kb;
        }
        if let (Some(vm_rss_kb), Some(vm_swap_kb)) = (params.bits(2), params.bits(3)) {
            (thread.memory.vm_rss_kb, thread.memory.vm_swap_kb) = (vm_rss_kb, vm_swap_kb);
        }
    }

    /// poll, ppoll: what the descriptors mean that are waited for.
    fn follow_poll(&mut self, tid: i64, params: Params<'_>) -> Outcome {
        let Some(list) = params.bytes(1).and_then(|list| list.get(2..)) else { return Outcome::default() };
        self.fd_list.clear();
        let table = self.threads.table(tid);
        // After the count of two bytes, entries of ten: number and events.
        self.fd_list.extend(list.chunks_exact(10).map(|entry| {
            let num = i64::from_le_bytes(*entry.first_chunk()?);
            Some(Arc::clone(&table?.get(num)?.row))
        }));
        Outcome { has_fd_list: true, ..Outcome::default() }
    }

    /// A change of what runs on a processor: page faults of the thread, figures of its process's address space.
    fn follow_switch(&mut self, tid: i64, params: Params<'_>) {
        if self.memory_figures == MemoryFigures::WithOtherChanges || params.int(5).is_none() {
            return;
        }
        let number = |at: usize| params.bits(at).unwrap_or(0);
        let Some(thread) = self.threads.get_mut(tid) else { return };
        (thread.memory.pf_major, thread.memory.pf_minor) = (number(1), number(2));
        let pid = thread.row.pid;
        if let Some(main) = self.threads.get_mut(pid) {
            (main.memory.vm_size_kb, main.memory.vm_rss_kb, main.memory.vm_swap_kb) = (number(3), number(4), number(5));
        }
    }

    /// getrlimit, setrlimit: the process's limit of open descriptors.
    fn follow_rlimit(&mut self, tid: i64, params: Params<'_>) {
        if !params.failed(0)
            && params.int(3) == Some(RLIMIT_NOFILE)
            && let Some(limit) = params.int(1).filter(|&limit| limit != UNLIMITED)
        {
            self.set_fd_limit(tid, limit);
        }
    }

    fn set_identity(&mut self, tid: i64, is_user: bool, id: Option<u32>) {
        if is_user {
            self.set_user(tid, id);
        } else {
            self.set_group(tid, id);
        }
    }

    /// The path at hand becomes the working directory; one that is not absolute makes it unknown.
    fn take_cwd(&mut self, tid: i64) {
        let path = std::mem::take(&mut self.path);
        self.set_cwd(tid, if path.first() == Some(&b'/') { &path } else { b"" });
        self.path = path;
    }
}

/// Whether events of a kind only look at what is known: following one changes nothing but when its thread was seen last.
/// Of kinds that are not named here it is not promised.
#[inline]
pub fn changes_nothing(kind: EventKind) -> bool {
    /// By kind: it is asked for every event.
    static UNCHANGING: [bool; KIND_LIMIT] = {
        let mut unchanging = [false; KIND_LIMIT];
        let mut kind = 0;
        while kind < KIND_LIMIT {
            unchanging[kind] = only_looks(EventKind(kind as u16));
            kind += 1;
        }
        unchanging
    };
    UNCHANGING.get(usize::from(kind.0)).is_some_and(|&is_unchanging| is_unchanging)
}

const fn only_looks(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::POLL
            | EventKind::PPOLL
            | EventKind::LSEEK
            | EventKind::LLSEEK
            | EventKind::GETDENTS
            | EventKind::GETDENTS64
            | EventKind::STAT
            | EventKind::LSTAT
            | EventKind::FSTAT
            | EventKind::NEWFSTATAT
            | EventKind::ACCESS
            | EventKind::FCHMOD
            | EventKind::UNLINK
            | EventKind::UNLINKAT
            | EventKind::MPROTECT
            | EventKind::FUTEX
            | EventKind::SYSCALL
    )
}

/// The parameter with the descriptor that an event of this kind is about, for kinds without an arm of their own.
fn fd_position(kind: EventKind) -> Option<usize> {
    match kind {
        EventKind::LISTEN
        | EventKind::SHUTDOWN
        | EventKind::SETSOCKOPT
        | EventKind::GETSOCKOPT
        | EventKind::FSTAT
        | EventKind::LSEEK
        | EventKind::LLSEEK
        | EventKind::GETDENTS
        | EventKind::GETDENTS64
        | EventKind::SETNS
        | EventKind::FLOCK
        | EventKind::UNLINKAT
        | EventKind::MKDIRAT
        | EventKind::FCHMODAT
        | EventKind::FCHMOD
        | EventKind::COPY_FILE_RANGE
        | EventKind::IO_URING_ENTER
        | EventKind::IO_URING_REGISTER
        | EventKind::FSCONFIG
        | EventKind::FCHOWN
        | EventKind::FCHOWNAT
        | EventKind::FINIT_MODULE
        | EventKind::MKNODAT
        | EventKind::NEWFSTATAT => Some(1),
        EventKind::SPLICE | EventKind::SENDFILE | EventKind::SYMLINKAT => Some(2),
        _ => None,
    }
}
