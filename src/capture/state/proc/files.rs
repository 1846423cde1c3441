//! Files of the process file system, read into one buffer that is kept.

use std::ffi::{CString, OsStr, OsString};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::mem::MaybeUninit;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

/// How much of a file is read at most; nothing that is read in one piece is as long.
const FILE_LIMIT: usize = 16 << 20;

/// The first piece that is asked for. Most files of a process fit.
const FIRST_PIECE: usize = 16 << 10;

/// Whose file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owner {
    Process(i64),
    Thread { pid: i64, tid: i64 },
}

/// The process file system.
pub(super) struct ProcFiles {
    root: OsString,
    path: OsString,
    bytes: Vec<u8>,
}

/// What a file's inode says.
#[derive(Clone, Copy, Debug)]
pub(super) struct InodeFacts {
    pub(super) mode: u32,
    /// As stat(2) gives it, in 32 bits.
    pub(super) dev: u32,
    pub(super) ino: u64,
    pub(super) links: u32,
    pub(super) ctime_ns: u64,
    pub(super) mtime_ns: u64,
}

impl ProcFiles {
    pub(super) fn new(root: &Path) -> ProcFiles {
        ProcFiles { root: root.as_os_str().to_owned(), path: OsString::new(), bytes: vec![0; FIRST_PIECE] }
    }

    /// The text of a file that belongs to nobody (`cgroups`, `self/net/fib_trie`).
    pub(super) fn read_global(&mut self, name: &str) -> io::Result<&[u8]> {
        self.path.clear();
        self.path.push(&self.root);
        self.path.push("/");
        self.path.push(name);
        self.read_path(FILE_LIMIT)
    }

    /// The text of an owner's file.
    pub(super) fn read(&mut self, owner: Owner, name: &str) -> io::Result<&[u8]> {
        self.read_up_to(owner, name, FILE_LIMIT)
    }

    /// At most `limit` bytes of an owner's file.
    pub(super) fn read_up_to(&mut self, owner: Owner, name: &str, limit: usize) -> io::Result<&[u8]> {
        self.set_path(owner, name);
        self.read_path(limit)
    }

    /// The description of a descriptor, `fdinfo/NUM`.
    pub(super) fn read_fdinfo(&mut self, pid: i64, num: i64) -> io::Result<&[u8]> {
        self.set_path(Owner::Process(pid), "fdinfo/");
        write!(self.path, "{num}").expect("writing to a string does not fail");
        self.read_path(FILE_LIMIT)
    }

    /// Where an owner's link leads.
    pub(super) fn link(&mut self, owner: Owner, name: &str) -> io::Result<Vec<u8>> {
        self.set_path(owner, name);
        Ok(fs::read_link(&self.path)?.into_os_string().into_vec())
    }

    /// Where a descriptor leads. Its path stays set for [`Self::inode_here`].
    pub(super) fn fd_link(&mut self, pid: i64, num: i64) -> io::Result<Vec<u8>> {
        self.set_path(Owner::Process(pid), "fd/");
        write!(self.path, "{num}").expect("writing to a string does not fail");
        Ok(fs::read_link(&self.path)?.into_os_string().into_vec())
    }

    /// The inode that an owner's link leads to.
    pub(super) fn inode(&mut self, owner: Owner, name: &str) -> io::Result<InodeFacts> {
        self.set_path(owner, name);
        inode_of(&self.path)
    }

    /// The inode at the path that was used last.
    pub(super) fn inode_here(&self) -> io::Result<InodeFacts> {
        inode_of(&self.path)
    }

    /// The protocol's name of a socket: `TCP`, `UDPv6`, `UNIX`, ...
    pub(super) fn socket_protocol(&mut self, pid: i64, num: i64) -> Option<Vec<u8>> {
        self.set_path(Owner::Process(pid), "fd/");
        write!(self.path, "{num}").expect("writing to a string does not fail");
        let path = CString::new(self.path.as_bytes()).ok()?;
        let mut name = [0u8; 32];
        // SAFETY: both strings end in NUL, and the buffer is as long as is said.
        let len = unsafe {
            libc::getxattr(path.as_ptr(), c"system.sockprotoname".as_ptr(), name.as_mut_ptr().cast(), name.len())
        };
        let name = name.get(..usize::try_from(len).ok()?)?;
        Some(name.split(|&byte| byte == 0).next()?.to_vec())
    }

    /// The numbers that a folder has entries for: processes, threads, descriptors.
    pub(super) fn numbers(&mut self, owner: Option<Owner>, name: &str) -> io::Result<Vec<i64>> {
        match owner {
            Some(owner) => self.set_path(owner, name),
            None => self.path.clone_from(&self.root),
        }
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            if let Some(number) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) {
                numbers.push(number);
            }
        }
        Ok(numbers)
    }

    /// Opens an owner's file that is read line by line.
    pub(super) fn open(&mut self, owner: Owner, name: &str) -> io::Result<File> {
        self.set_path(owner, name);
        File::open(&self.path)
    }

    fn set_path(&mut self, owner: Owner, name: &str) {
        self.path.clear();
        self.path.push(&self.root);
        match owner {
            Owner::Process(pid) => write!(self.path, "/{pid}/{name}"),
            Owner::Thread { pid, tid } => write!(self.path, "/{pid}/task/{tid}/{name}"),
        }
        .expect("writing to a string does not fail");
    }

    fn read_path(&mut self, limit: usize) -> io::Result<&[u8]> {
        let mut file = File::open(&self.path)?;
        let mut len = 0;
        while len < limit {
            if len == self.bytes.len() {
                self.bytes.resize(self.bytes.len() * 2, 0);
            }
            let end = self.bytes.len().min(limit);
            match file.read(self.bytes.get_mut(len..end).unwrap_or_default()) {
                Ok(0) => break,
                Ok(more) => len += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.bytes.get(..len).unwrap_or_default())
    }
}

/// Asks for an inode without asking a remote server, which may be down.
fn inode_of(path: &OsStr) -> io::Result<InodeFacts> {
    let path = CString::new(path.as_bytes())?;
    let mut found = MaybeUninit::<libc::statx>::zeroed();
    // SAFETY: the path ends in NUL, and `found` has room for the struct that is written.
    let status = unsafe {
        let mask = libc::STATX_BASIC_STATS;
        libc::statx(libc::AT_FDCWD, path.as_ptr(), libc::AT_STATX_DONT_SYNC, mask, found.as_mut_ptr())
    };
    if status != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: all of it was zeroed, and every bit pattern of its numbers is valid.
    let found = unsafe { found.assume_init() };
    let time_ns = |time: libc::statx_timestamp| {
        let whole = u64::try_from(time.tv_sec).unwrap_or(0).saturating_mul(1_000_000_000);
        whole.saturating_add(u64::from(time.tv_nsec))
    };
    let (major, minor) = (found.stx_dev_major, found.stx_dev_minor);
    Ok(InodeFacts {
        mode: u32::from(found.stx_mode),
        dev: (minor & 0xff) | (major & 0xfff) << 8 | (minor & 0xf_ff00) << 12,
        ino: found.stx_ino,
        links: found.stx_nlink,
        ctime_ns: time_ns(found.stx_ctime),
        mtime_ns: time_ns(found.stx_mtime),
    })
}

/// Whether a process that was there a moment ago ended.
pub(super) fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH)
}
