//! Entries of the lists at the head of a section: threads, descriptors, interfaces, users and groups.
//!
//! The newest version of each list puts its length before every entry, so that fields can be appended; older versions
//! have a fixed sequence of fields.

use crate::format::cursor::Malformed;
use crate::format::row::Text;

use super::item::{
    ScapAddr, ScapFd, ScapFdInfo, ScapFdType, ScapGroup, ScapInterface, ScapMachine, ScapThread, ScapUser,
};
use super::packed::Packed;

/// No entry is longer: eight texts of 65,535 bytes and some numbers, with room for fields to come.
pub(super) const LONGEST_ENTRY: usize = 1 << 20;

/// A user or a group: one list holds both.
#[derive(Debug)]
pub(super) enum Account {
    User(ScapUser),
    Group(ScapGroup),
}

/// What a thread entry ends with that was written before two fields were put in front of it: login user, writability and
/// three sets of capabilities. Such an entry has no more than these bytes after its texts.
const TAIL_WITHOUT_NAMESPACE_AND_TTY: usize = 29;

/// The body of an entry that says its own length, counted from that length's first byte (`counts_itself`) or from the
/// byte after it.
pub(super) fn sized<'a>(list: &mut Packed<'a>, counts_itself: bool) -> Result<Packed<'a>, Malformed> {
    let length = list.u32()? as usize;
    let length = if counts_itself { length.checked_sub(4) } else { Some(length) };
    let length = length.ok_or_else(|| Malformed::new("an entry is shorter than its own length"))?;
    if length > LONGEST_ENTRY {
        return Err(Malformed::new(format!("an entry of {length} bytes, no entry has more than {LONGEST_ENTRY}")));
    }
    list.take(length).map(Packed::new)
}

/// The machine block's body.
pub(super) fn read_machine(mut body: Packed<'_>) -> Result<ScapMachine, Malformed> {
    let cpus = body.u32()?;
    let memory_bytes = body.u64()?;
    let max_pid = body.u64()?;
    let host_name = body.take(128)?;
    let end = host_name.iter().position(|&byte| byte == 0).unwrap_or(host_name.len());
    let (host_name, _) = host_name.split_at(end);
    Ok(ScapMachine {
        cpus,
        memory_bytes,
        max_pid,
        host_name: Text::from(host_name),
        boot_ts_ns: body.optional_u64().unwrap_or(0),
        flags: body.optional_u64().unwrap_or(0),
    })
}

/// A thread of a list of `version`, whose own length (version 9) was taken off.
pub(super) fn read_thread(entry: &mut Packed<'_>, version: u8) -> Result<ScapThread, Malformed> {
    let mut thread = ScapThread { tid: entry.i64()?, pid: entry.i64()?, ptid: entry.i64()?, ..ScapThread::default() };
    if version >= 6 {
        thread.sid = entry.i64()?;
    }
    if version >= 8 {
        thread.vpgid = entry.i64()?;
    }
    thread.comm = entry.text()?;
    thread.exe = entry.text()?;
    if version >= 7 {
        thread.exepath = entry.text()?;
    }
    thread.args = entry.text()?;
    thread.cwd = entry.text()?;
    thread.fdlimit = entry.i64()?;
    thread.flags = entry.u32()?;
    thread.uid = entry.u32()?;
    thread.gid = entry.u32()?;
    if version >= 2 {
        thread.vm_size_kb = entry.u32()?;
        thread.vm_rss_kb = entry.u32()?;
        thread.vm_swap_kb = entry.u32()?;
        thread.pf_major = entry.u64()?;
        thread.pf_minor = entry.u64()?;
    }
    if version >= 3 {
        thread.env = entry.text()?;
    }
    if version >= 4 {
        thread.vtid = entry.i64()?;
        thread.vpid = entry.i64()?;
        thread.cgroups = entry.text()?;
    }
    if version >= 5 {
        thread.root = entry.text()?;
    }
    if version >= 9 {
        read_thread_tail(entry, &mut thread);
    }
    Ok(thread)
}

/// The fields that were appended to entries with a length: an entry ends wherever its writer's version ended.
fn read_thread_tail(entry: &mut Packed<'_>, thread: &mut ScapThread) {
    if entry.remaining() > TAIL_WITHOUT_NAMESPACE_AND_TTY {
        thread.pidns_init_start_ns = entry.optional_u64().unwrap_or(0);
        thread.tty = entry.optional_u32().unwrap_or(0);
    }
    thread.loginuid = entry.optional_u32().unwrap_or(u32::MAX);
    thread.exe_writable = entry.optional_u8().is_some_and(|byte| byte != 0);
    thread.cap_inheritable = entry.optional_u64().unwrap_or(0);
    thread.cap_permitted = entry.optional_u64().unwrap_or(0);
    thread.cap_effective = entry.optional_u64().unwrap_or(0);
    thread.exe_upper_layer = entry.optional_u8().is_some_and(|byte| byte != 0);
    thread.exe_ino = entry.optional_u64().unwrap_or(0);
    thread.exe_ino_ctime_ns = entry.optional_u64().unwrap_or(0);
    thread.exe_ino_mtime_ns = entry.optional_u64().unwrap_or(0);
    thread.exe_from_memfd = entry.optional_u8().is_some_and(|byte| byte != 0);
    thread.exe_lower_layer = entry.optional_u8().is_some_and(|byte| byte != 0);
    thread.pgid = entry.optional_u64().map_or(-1, u64::cast_signed);
}

/// A descriptor, whose own length (version 2) was taken off. `is_sized` says that there was one.
pub(super) fn read_fd(entry: &mut Packed<'_>, is_sized: bool) -> Result<ScapFd, Malformed> {
    let fd = entry.i64()?;
    let ino = entry.u64()?;
    let ty = ScapFdType::from_number(entry.u8()?);
    let info = match ty {
        ScapFdType::Unknown | ScapFdType::Other(_) => ScapFdInfo::Nothing,
        ScapFdType::Ipv4Socket => ScapFdInfo::Ipv4 {
            source: entry.bytes()?,
            destination: entry.bytes()?,
            source_port: entry.u16()?,
            destination_port: entry.u16()?,
            l4proto: entry.u8()?,
        },
        ScapFdType::Ipv6Socket => ScapFdInfo::Ipv6 {
            source: entry.bytes()?,
            destination: entry.bytes()?,
            source_port: entry.u16()?,
            destination_port: entry.u16()?,
            l4proto: entry.u8()?,
        },
        ScapFdType::Ipv4Server => {
            ScapFdInfo::Ipv4Server { ip: entry.bytes()?, port: entry.u16()?, l4proto: entry.u8()? }
        }
        ScapFdType::Ipv6Server => {
            ScapFdInfo::Ipv6Server { ip: entry.bytes()?, port: entry.u16()?, l4proto: entry.u8()? }
        }
        ScapFdType::UnixSocket => {
            ScapFdInfo::Unix { source: entry.u64()?, destination: entry.u64()?, name: entry.text()? }
        }
        ScapFdType::FileV2 => {
            let (open_flags, name) = (entry.u32()?, entry.text()?);
            // in a list without lengths these four bytes would be the next entry's
            let dev = if is_sized { entry.optional_u32().unwrap_or(0) } else { 0 };
            ScapFdInfo::File { open_flags, name, dev }
        }
        ScapFdType::File
        | ScapFdType::Directory
        | ScapFdType::Fifo
        | ScapFdType::Event
        | ScapFdType::Unsupported
        | ScapFdType::Signalfd
        | ScapFdType::Eventpoll
        | ScapFdType::Inotify
        | ScapFdType::Timerfd
        | ScapFdType::Netlink
        | ScapFdType::Bpf
        | ScapFdType::Userfaultfd
        | ScapFdType::IoUring
        | ScapFdType::Memfd
        | ScapFdType::Pidfd => ScapFdInfo::Name(entry.text()?),
    };
    if !is_sized && matches!(ty, ScapFdType::Other(_)) {
        return Err(Malformed::new(format!("a descriptor of the unknown type {}", ty.number())));
    }
    Ok(ScapFd { fd, ino, ty, info })
}

/// An interface, whose own length (version 2) was taken off.
pub(super) fn read_interface(entry: &mut Packed<'_>) -> Result<ScapInterface, Malformed> {
    const IPV4: u16 = 1;
    const IPV6: u16 = 2;
    const IPV4_WITHOUT_SPEED: u16 = 3;
    const IPV6_WITHOUT_SPEED: u16 = 4;
    let sort = entry.u16()?;
    let name_length = usize::from(entry.u16()?);
    let mut address = || match sort {
        IPV4 | IPV4_WITHOUT_SPEED => entry.bytes().map(ScapAddr::V4),
        IPV6 | IPV6_WITHOUT_SPEED => entry.bytes().map(ScapAddr::V6),
        _ => Err(Malformed::new(format!("an interface of the unknown sort {sort}"))),
    };
    let (addr, netmask, broadcast) = (address()?, address()?, address()?);
    let link_speed = if matches!(sort, IPV4 | IPV6) { entry.u64()? } else { 0 };
    let name = Text::from(entry.take(name_length)?);
    Ok(ScapInterface { name, addr, netmask, broadcast, link_speed })
}

/// A user or a group, whose own length (version 2) was taken off.
pub(super) fn read_account(entry: &mut Packed<'_>) -> Result<Account, Malformed> {
    const USER: u8 = 0;
    if entry.u8()? == USER {
        Ok(Account::User(ScapUser {
            uid: entry.u32()?,
            gid: entry.u32()?,
            name: entry.text()?,
            home: entry.text()?,
            shell: entry.text()?,
        }))
    } else {
        Ok(Account::Group(ScapGroup { gid: entry.u32()?, name: entry.text()? }))
    }
}
