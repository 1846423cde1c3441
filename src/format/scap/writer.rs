//! Writes a `.scap` file as Falco 0.44 does: the newest version of every block.

use std::io::{self, Write};

use crate::format::schema::codes::{CodeInfo, code_info};

use super::block_type::{
    ACCOUNTS_V2, EVENT_V2, EVENT_V2_LARGE, FDS_V2, INTERFACES_V2, MACHINE, SECTION, SECTION_MAGIC, THREADS_V9,
};
use super::item::{ScapAddr, ScapFd, ScapFdInfo, ScapGroup, ScapInterface, ScapMachine, ScapThread, ScapUser};

/// The version that is written.
const VERSION: (u16, u16) = (1, 2);

/// Falco refuses a file with a longer text of each sort: paths and names, argument blocks, control groups and
/// environments, names of users.
const LONGEST_PATH: usize = 1023;
const LONGEST_BLOCK_OF_TEXTS: usize = 4096;
const LONGEST_CREDENTIAL: usize = 255;

/// Falco refuses an event of an ordinary kind whose block is longer.
const LONGEST_EVENT: usize = 65_536;

/// A parameter of an ordinary kind has its length in 16 bits.
const LONGEST_PARAM: usize = 65_535;

/// A thread list is split into blocks of about this size, so that a reader may take one at a time.
const LIST_BLOCK: usize = 4 << 20;

/// Bytes before an event's lengths: processor, header.
const EVENT_HEAD: usize = 2 + EVENT_HEADER;
const EVENT_HEADER: usize = 26;

/// Falco's table has events of up to 32 parameters.
const MOST_PARAMS: usize = 64;

/// Writes a `.scap` file. Blocks come in the order of the calls; Falco wants machine, interfaces, users, threads and
/// descriptors before the first event.
#[derive(Debug)]
pub struct ScapWriter<W: Write> {
    out: W,
    /// The block that is put together: its head, then its body.
    block: Vec<u8>,
    bytes: u64,
    shortened: u64,
}

/// What an event is, apart from its parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScapEventHead {
    /// The code.
    pub code: u16,
    /// The processor it happened on.
    pub cpu: u16,
    /// Nanoseconds since the epoch.
    pub ts_ns: u64,
    /// The thread that did it; -1 for none.
    pub tid: i64,
}

impl<W: Write> ScapWriter<W> {
    /// Writes the header of a section.
    pub fn new(out: W) -> io::Result<ScapWriter<W>> {
        let mut writer = ScapWriter { out, block: Vec::new(), bytes: 0, shortened: 0 };
        writer.begin_section()?;
        Ok(writer)
    }

    /// Writes the header of a further section.
    pub fn begin_section(&mut self) -> io::Result<()> {
        self.begin();
        self.put(&SECTION_MAGIC.to_le_bytes());
        self.put(&VERSION.0.to_le_bytes());
        self.put(&VERSION.1.to_le_bytes());
        // a length that is not known when the section begins
        self.put(&u64::MAX.to_le_bytes());
        self.end(SECTION)
    }

    /// Bytes written so far, before any compression around the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Texts and parameters that were longer than Falco reads, and were cut.
    pub fn shortened(&self) -> u64 {
        self.shortened
    }

    /// Flushes, and gives back what was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    /// Writes the machine block.
    pub fn write_machine(&mut self, machine: &ScapMachine) -> io::Result<()> {
        self.begin();
        self.put(&machine.cpus.to_le_bytes());
        self.put(&machine.memory_bytes.to_le_bytes());
        self.put(&machine.max_pid.to_le_bytes());
        // NUL-terminated in 128 bytes
        let mut name = [0; 128];
        let length = machine.host_name.len().min(name.len() - 1);
        if let (Some(room), Some(text)) = (name.get_mut(..length), machine.host_name.get(..length)) {
            room.copy_from_slice(text);
        }
        self.put(&name);
        self.put(&machine.boot_ts_ns.to_le_bytes());
        self.put(&machine.flags.to_le_bytes());
        self.put(&[0; 16]);
        self.end(MACHINE)
    }

    /// Writes the interface list.
    pub fn write_interfaces(&mut self, interfaces: &[ScapInterface]) -> io::Result<()> {
        self.begin();
        for interface in interfaces {
            let entry = self.begin_entry();
            let sort: u16 = match interface.addr {
                ScapAddr::V4(_) => 1,
                ScapAddr::V6(_) => 2,
            };
            self.put(&sort.to_le_bytes());
            let name = shorten(&interface.name, LONGEST_PATH, &mut self.shortened);
            self.put(&(name.len() as u16).to_le_bytes());
            for address in [&interface.addr, &interface.netmask, &interface.broadcast] {
                match (address, sort) {
                    (ScapAddr::V4(octets), 1) => self.put(octets),
                    (ScapAddr::V6(octets), 2) => self.put(octets),
                    // a mask of the other family says nothing
                    (ScapAddr::V6(_), 1) => self.put(&[0; 4]),
                    (ScapAddr::V4(_) | ScapAddr::V6(_), _) => self.put(&[0; 16]),
                }
            }
            self.put(&interface.link_speed.to_le_bytes());
            self.put(name);
            // this list's lengths do not count themselves
            self.end_entry(entry, 4);
        }
        self.end(INTERFACES_V2)
    }

    /// Writes the list of users and groups.
    pub fn write_accounts(&mut self, users: &[ScapUser], groups: &[ScapGroup]) -> io::Result<()> {
        self.begin();
        for user in users {
            let entry = self.begin_entry();
            self.put(&[0]);
            self.put(&user.uid.to_le_bytes());
            self.put(&user.gid.to_le_bytes());
            for text in [&user.name, &user.home, &user.shell] {
                self.put_text(text, LONGEST_CREDENTIAL);
            }
            self.end_entry(entry, 0);
        }
        for group in groups {
            let entry = self.begin_entry();
            self.put(&[1]);
            self.put(&group.gid.to_le_bytes());
            self.put_text(&group.name, LONGEST_CREDENTIAL);
            self.end_entry(entry, 0);
        }
        self.end(ACCOUNTS_V2)
    }

    /// Writes threads, in as many blocks as they need.
    pub fn write_threads<'a>(&mut self, threads: impl IntoIterator<Item = &'a ScapThread>) -> io::Result<()> {
        self.begin();
        let mut is_empty = true;
        for thread in threads {
            if self.block.len() > LIST_BLOCK {
                self.end(THREADS_V9)?;
                self.begin();
            }
            self.put_thread(thread);
            is_empty = false;
        }
        if is_empty { Ok(()) } else { self.end(THREADS_V9) }
    }

    fn put_thread(&mut self, thread: &ScapThread) {
        let entry = self.begin_entry();
        for number in [thread.tid, thread.pid, thread.ptid, thread.sid, thread.vpgid] {
            self.put(&number.to_le_bytes());
        }
        self.put_text(&thread.comm, LONGEST_PATH);
        self.put_text(&thread.exe, LONGEST_PATH);
        self.put_text(&thread.exepath, LONGEST_PATH);
        self.put_text(&thread.args, LONGEST_BLOCK_OF_TEXTS);
        self.put_text(&thread.cwd, LONGEST_PATH);
        self.put(&thread.fdlimit.to_le_bytes());
        for number in [thread.flags, thread.uid, thread.gid, thread.vm_size_kb, thread.vm_rss_kb, thread.vm_swap_kb] {
            self.put(&number.to_le_bytes());
        }
        self.put(&thread.pf_major.to_le_bytes());
        self.put(&thread.pf_minor.to_le_bytes());
        self.put_text(&thread.env, LONGEST_BLOCK_OF_TEXTS);
        self.put(&thread.vtid.to_le_bytes());
        self.put(&thread.vpid.to_le_bytes());
        self.put_text(&thread.cgroups, LONGEST_BLOCK_OF_TEXTS);
        self.put_text(&thread.root, LONGEST_PATH);
        self.put(&thread.pidns_init_start_ns.to_le_bytes());
        self.put(&thread.tty.to_le_bytes());
        self.put(&thread.loginuid.to_le_bytes());
        self.put(&[u8::from(thread.exe_writable)]);
        for set in [thread.cap_inheritable, thread.cap_permitted, thread.cap_effective] {
            self.put(&set.to_le_bytes());
        }
        self.put(&[u8::from(thread.exe_upper_layer)]);
        for number in [thread.exe_ino, thread.exe_ino_ctime_ns, thread.exe_ino_mtime_ns] {
            self.put(&number.to_le_bytes());
        }
        self.put(&[u8::from(thread.exe_from_memfd), u8::from(thread.exe_lower_layer)]);
        self.put(&thread.pgid.to_le_bytes());
        self.end_entry(entry, 0);
    }

    /// Writes the descriptors of one thread group.
    pub fn write_fds<'a>(&mut self, tid: i64, fds: impl IntoIterator<Item = &'a ScapFd>) -> io::Result<()> {
        self.begin();
        self.put(&tid.to_le_bytes());
        for fd in fds {
            let entry = self.begin_entry();
            self.put(&fd.fd.to_le_bytes());
            self.put(&fd.ino.to_le_bytes());
            self.put(&[fd.ty.number()]);
            self.put_fd_info(&fd.info);
            self.end_entry(entry, 0);
        }
        self.end(FDS_V2)
    }

    fn put_fd_info(&mut self, info: &ScapFdInfo) {
        match info {
            ScapFdInfo::Nothing => {}
            ScapFdInfo::Name(name) => self.put_text(name, LONGEST_PATH),
            ScapFdInfo::File { open_flags, name, dev } => {
                self.put(&open_flags.to_le_bytes());
                self.put_text(name, LONGEST_PATH);
                self.put(&dev.to_le_bytes());
            }
            ScapFdInfo::Ipv4 { source, destination, source_port, destination_port, l4proto } => {
                self.put(source);
                self.put(destination);
                self.put_ports(&[*source_port, *destination_port], *l4proto);
            }
            ScapFdInfo::Ipv6 { source, destination, source_port, destination_port, l4proto } => {
                self.put(source);
                self.put(destination);
                self.put_ports(&[*source_port, *destination_port], *l4proto);
            }
            ScapFdInfo::Ipv4Server { ip, port, l4proto } => {
                self.put(ip);
                self.put_ports(&[*port], *l4proto);
            }
            ScapFdInfo::Ipv6Server { ip, port, l4proto } => {
                self.put(ip);
                self.put_ports(&[*port], *l4proto);
            }
            ScapFdInfo::Unix { source, destination, name } => {
                self.put(&source.to_le_bytes());
                self.put(&destination.to_le_bytes());
                self.put_text(name, LONGEST_PATH);
            }
        }
    }

    fn put_ports(&mut self, ports: &[u16], l4proto: u8) {
        for port in ports {
            self.put(&port.to_le_bytes());
        }
        self.put(&[l4proto]);
    }

    /// Writes an event. The parameters of a kind without large payloads must fit what Falco reads: the longest one is cut
    /// where they do not.
    pub fn write_event(&mut self, head: ScapEventHead, params: &[&[u8]]) -> io::Result<()> {
        let is_large = code_info(head.code).is_some_and(CodeInfo::has_large_payload);
        let mut lengths = [0; MOST_PARAMS];
        for (length, param) in lengths.iter_mut().zip(params) {
            *length = param.len();
        }
        // no event has more parameters
        let count = params.len().min(MOST_PARAMS);
        let (lengths, _) = lengths.split_at_mut(count);
        if !is_large {
            self.fit(lengths);
        }
        self.begin();
        let width = if is_large { 4 } else { 2 };
        let size = EVENT_HEADER + lengths.iter().map(|length| length + width).sum::<usize>();
        self.put(&head.cpu.to_le_bytes());
        self.put(&head.ts_ns.to_le_bytes());
        self.put(&head.tid.to_le_bytes());
        self.put(&(size as u32).to_le_bytes());
        self.put(&head.code.to_le_bytes());
        self.put(&(count as u32).to_le_bytes());
        for &length in &*lengths {
            if is_large {
                self.put(&(length as u32).to_le_bytes());
            } else {
                self.put(&(length as u16).to_le_bytes());
            }
        }
        for (&length, param) in lengths.iter().zip(params) {
            self.put(param.get(..length).unwrap_or(param));
        }
        self.end(if is_large { EVENT_V2_LARGE } else { EVENT_V2 })
    }

    /// Cuts the longest parameters until the event fits.
    fn fit(&mut self, lengths: &mut [usize]) {
        for length in &mut *lengths {
            if *length > LONGEST_PARAM {
                *length = LONGEST_PARAM;
                self.shortened += 1;
            }
        }
        // a block's trailer and padding count for Falco's limit too
        let fixed = EVENT_HEAD + lengths.len() * 2 + 4 + 3;
        let sum: usize = lengths.iter().sum();
        let excess = (fixed + sum).saturating_sub(LONGEST_EVENT);
        if excess > 0
            && let Some(longest) = lengths.iter_mut().max()
        {
            *longest = longest.saturating_sub(excess);
            self.shortened += 1;
        }
    }

    /// Begins a block: leaves room for its head.
    fn begin(&mut self) {
        self.block.clear();
        self.block.extend_from_slice(&[0; 8]);
    }

    /// Ends a block and writes it, head and trailer included.
    fn end(&mut self, number: u32) -> io::Result<()> {
        self.block.resize(self.block.len().next_multiple_of(4), 0);
        let length = u32::try_from(self.block.len() + 4)
            .map_err(|_| io::Error::new(io::ErrorKind::FileTooLarge, "a block of more than 4 GiB"))?;
        self.put(&length.to_le_bytes());
        let head = [number.to_le_bytes(), length.to_le_bytes()];
        if let Some(room) = self.block.get_mut(..8) {
            room.copy_from_slice(head.as_flattened());
        }
        self.out.write_all(&self.block)?;
        self.bytes += self.block.len() as u64;
        Ok(())
    }

    /// Begins an entry with a length: where the length goes.
    fn begin_entry(&mut self) -> usize {
        let at = self.block.len();
        self.put(&[0; 4]);
        at
    }

    /// Ends an entry. `uncounted` bytes of it do not count for its length.
    fn end_entry(&mut self, at: usize, uncounted: usize) {
        let length = (self.block.len() - at - uncounted) as u32;
        if let Some(room) = self.block.get_mut(at..at + 4) {
            room.copy_from_slice(&length.to_le_bytes());
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.block.extend_from_slice(bytes);
    }

    fn put_text(&mut self, text: &[u8], longest: usize) {
        let text = shorten(text, longest, &mut self.shortened);
        self.put(&(text.len() as u16).to_le_bytes());
        self.put(text);
    }
}

fn shorten<'a>(text: &'a [u8], longest: usize, shortened: &mut u64) -> &'a [u8] {
    match text.get(..longest) {
        Some(start) if start.len() < text.len() => {
            *shortened += 1;
            start
        }
        Some(_) | None => text,
    }
}
