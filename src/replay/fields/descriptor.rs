//! Facts of descriptors.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Purpose;
use super::access::{End, FdFact};
use super::value::FieldValue;
use super::view::BlockView;
use crate::format::Damage;
use crate::format::dimension::FdColumn;
use crate::format::row::fd_flags;

/// The letter of a descriptor of which no type is known.
/// Stands for a userfaultfd, which is printed as a unix socket is.
const USERFAULTFD: u8 = b'U';

const UNKNOWN_TYPE: u8 = b'o';

/// Words for the letters of `fd.typechar`.
const TYPE_WORDS: &[(u8, &str)] = &[
    (b'f', "file"),
    (b'd', "directory"),
    (b'4', "ipv4"),
    (b'6', "ipv6"),
    (b'u', "unix"),
    (USERFAULTFD, "userfaultfd"),
    (b'p', "pipe"),
    (b'e', "event"),
    (b's', "signalfd"),
    (b'l', "eventpoll"),
    (b'i', "inotify"),
    (b't', "timerfd"),
    (b'n', "netlink"),
    (b'b', "bpf"),
    (b'r', "io_uring"),
    (b'm', "memfd"),
    (b'P', "pidfd"),
];

/// The word for a letter.
pub(super) fn word_of_type(letter: u8) -> &'static [u8] {
    TYPE_WORDS.iter().find(|(known, _)| *known == letter).map_or(b"<NA>", |(_, word)| word.as_bytes())
}

/// The letter that says what a descriptor is, `None` when it is not known.
pub(super) fn type_char(view: &BlockView<'_>, row: usize) -> Result<Option<u8>, Damage> {
    let letter = view.fd_int(row, FdColumn::TypeChar)?.and_then(|letter| u8::try_from(letter).ok());
    Ok(letter.filter(|letter| *letter != 0))
}

/// The letter that stands for a descriptor in lists.
pub(super) fn type_letter(view: &BlockView<'_>, row: usize) -> Result<u8, Damage> {
    Ok(if is_known(view, row)? { printed_type_char(view, row)? } else { b'?' })
}

/// `fd.typechar`: two types share a letter.
fn printed_type_char(view: &BlockView<'_>, row: usize) -> Result<u8, Damage> {
    Ok(match type_char(view, row)? {
        Some(USERFAULTFD) => b'u',
        Some(letter) => letter,
        None => UNKNOWN_TYPE,
    })
}

/// Whether the descriptor in `row` has the flag.
pub(super) fn is_name_changed(view: &BlockView<'_>, row: usize) -> Result<bool, Damage> {
    has_flag(view, row, fd_flags::NAME_CHANGED)
}

/// Whether the row tells of an open descriptor, and not only of a number or of a path that could not be opened.
pub(super) fn is_known(view: &BlockView<'_>, row: usize) -> Result<bool, Damage> {
    let number = view.fd_int(row, FdColumn::Num)?.unwrap_or(-1);
    Ok(number >= 0 && type_char(view, row)?.is_some())
}

/// `fd.type`.
pub(super) fn type_word<'b>(view: &BlockView<'b>, row: usize) -> Result<FieldValue<'b>, Damage> {
    if !is_known(view, row)? {
        return Ok(FieldValue::Missing);
    }
    let letter = type_char(view, row)?;
    let word = TYPE_WORDS.iter().find(|(known, _)| Some(*known) == letter).map_or("<NA>", |(_, word)| word);
    Ok(FieldValue::text(word.as_bytes()))
}

/// `fd.name`.
pub(super) fn name<'b>(view: &BlockView<'b>, row: usize) -> Result<FieldValue<'b>, Damage> {
    Ok(FieldValue::text(view.fd_text(row, FdColumn::Name)?))
}

/// What stands in parentheses behind a descriptor number: `<f>/etc/passwd`, `<4t>127.0.0.1:1->127.0.0.1:2`.
pub(super) fn write_tagged(view: &BlockView<'_>, row: usize, out: &mut Vec<u8>) -> Result<(), Damage> {
    out.push(b'<');
    let letter = printed_type_char(view, row)?;
    out.push(letter);
    if matches!(letter, b'4' | b'6') {
        match view.fd_int(row, FdColumn::L4Proto)?.unwrap_or_default() {
            1 => out.push(b't'),
            2 => out.push(b'u'),
            3 => out.push(b'i'),
            4 => out.push(b'r'),
            _ => {}
        }
    }
    out.push(b'>');
    out.extend_from_slice(view.fd_text(row, FdColumn::Name)?);
    Ok(())
}

/// The value of a fact for the descriptor in `row`. The facts that need the thread too are not had here.
pub(super) fn fd_value<'b>(
    view: &BlockView<'b>,
    row: usize,
    fact: FdFact,
    purpose: Purpose,
) -> Result<FieldValue<'b>, Damage> {
    let always = matches!(
        fact,
        FdFact::Num | FdFact::TypeChar | FdFact::Name | FdFact::NameRaw | FdFact::Directory | FdFact::FileName
    );
    if !always && !is_known(view, row)? {
        return Ok(FieldValue::Missing);
    }
    let int = |column| view.fd_int(row, column);
    Ok(match fact {
        FdFact::Num => FieldValue::int(int(FdColumn::Num)?),
        FdFact::Type => type_word(view, row)?,
        FdFact::TypeChar => FieldValue::made(vec![printed_type_char(view, row)?]),
        FdFact::Name => name(view, row)?,
        FdFact::NameRaw => FieldValue::text(view.fd_text(row, FdColumn::NameRaw)?),
        FdFact::Directory | FdFact::FileName => {
            let sort = NameSort::of(int(FdColumn::TypeChar)?, int(FdColumn::Num)?);
            let name = view.fd_text(row, FdColumn::Name)?;
            let (directory, file_name) = sort.parts(name);
            (if fact == FdFact::Directory { directory } else { file_name })
                .map_or(FieldValue::Missing, FieldValue::text)
        }
        FdFact::Ip(end) => addresses(view, row, end, purpose)?.map_or(FieldValue::Missing, |ends| {
            one_or_either(ends.into_iter().map(|(address, _)| FieldValue::Ip(address)).collect())
        }),
        FdFact::Net(end) => addresses(view, row, end, purpose)?.map_or(FieldValue::Missing, |ends| {
            one_or_either(ends.into_iter().map(|(address, _)| FieldValue::Net(address)).collect())
        }),
        FdFact::Port(end) => addresses(view, row, end, purpose)?.map_or(FieldValue::Missing, |ends| {
            one_or_either(ends.into_iter().map(|(_, port)| FieldValue::Int(port)).collect())
        }),
        // Of a socket without a peer there is no service to name.
        FdFact::Proto(End::Client | End::Server) if addresses(view, row, End::Local, purpose)?.is_none() => {
            match addresses(view, row, End::Server, purpose)? {
                Some(_) => FieldValue::text(b""),
                None if end_is_client(fact) && is_connected_unix(view, row)? => FieldValue::text(b""),
                None => FieldValue::Missing,
            }
        }
        FdFact::Proto(end) => addresses(view, row, end, purpose)?.map_or(FieldValue::Missing, |ends| {
            one_or_either(ends.into_iter().map(|(_, port)| FieldValue::made(port.to_string().into_bytes())).collect())
        }),
        FdFact::L4Proto => FieldValue::text(match int(FdColumn::L4Proto)?.unwrap_or_default() {
            1 => b"tcp",
            2 => b"udp",
            3 => b"icmp",
            4 => b"raw",
            _ => b"<NA>",
        }),
        FdFact::SockFamily => match type_char(view, row)? {
            Some(b'4' | b'6') => FieldValue::text(b"ip"),
            Some(b'u') => FieldValue::text(b"unix"),
            _ => FieldValue::Missing,
        },
        FdFact::IsServer => FieldValue::Bool(
            int(FdColumn::Role)?.unwrap_or_default() & 2 != 0
                || has_flag(view, row, fd_flags::SERVER_SOCKET)?
                || is_fresh_inet6(view, row)?,
        ),
        FdFact::Connected => FieldValue::Bool(has_flag(view, row, fd_flags::CONNECTED)?),
        FdFact::UpperLayer => FieldValue::Bool(has_flag(view, row, fd_flags::UPPER_LAYER)?),
        FdFact::LowerLayer => FieldValue::Bool(has_flag(view, row, fd_flags::LOWER_LAYER)?),
        FdFact::Dev => FieldValue::Hex(device(view, row)?),
        FdFact::DevMajor => FieldValue::UInt((device(view, row)? >> 8) & 0xFFF),
        FdFact::DevMinor => {
            let device = device(view, row)?;
            FieldValue::UInt((device & 0xFF) | ((device >> 12) & 0xFFF00))
        }
        FdFact::Ino => FieldValue::UInt(int(FdColumn::Ino)?.unwrap_or_default().cast_unsigned()),
        // These need the event or its thread; see `event::fd_of_event`.
        FdFact::NameChanged | FdFact::Uid | FdFact::ContainerName | FdFact::ContainerDirectory => FieldValue::Missing,
    })
}

fn end_is_client(fact: FdFact) -> bool {
    fact == FdFact::Proto(End::Client)
}

/// Falco names the service of a unix socket's client, and the name is empty, where it takes the socket for one end of a
/// connection: from connect or accept on, or because it was there before the recording.
fn is_connected_unix(view: &BlockView<'_>, row: usize) -> Result<bool, Damage> {
    let has_role = view.fd_int(row, FdColumn::Role)?.unwrap_or_default() != 0;
    Ok(type_char(view, row)? == Some(b'u') && (has_role || has_flag(view, row, fd_flags::CONNECTED)?))
}

/// To Falco a socket of IPv6 is a server's until it is bound or connected; one of IPv4 is not.
fn is_fresh_inet6(view: &BlockView<'_>, row: usize) -> Result<bool, Damage> {
    Ok(type_char(view, row)? == Some(b'6') && view.fd_text(row, FdColumn::Name)?.is_empty())
}

fn has_flag(view: &BlockView<'_>, row: usize, flag: u32) -> Result<bool, Damage> {
    Ok(view.fd_int(row, FdColumn::Flags)?.unwrap_or_default() & i64::from(flag) != 0)
}

fn device(view: &BlockView<'_>, row: usize) -> Result<u64, Damage> {
    Ok(view.fd_int(row, FdColumn::Dev)?.unwrap_or_default().cast_unsigned() & u64::from(u32::MAX))
}

/// The parts of a path before and behind its last slash; where one would be empty, a slash stands for it.
fn split_path(path: &[u8]) -> (&[u8], &[u8]) {
    let slash = memchr::memrchr(b'/', path);
    let directory = slash.filter(|at| *at > 0).and_then(|at| path.get(..at)).unwrap_or(b"/");
    let file_name = slash.map_or(path, |at| path.get(at + 1..).unwrap_or_default());
    (directory, if file_name.is_empty() { b"/" } else { file_name })
}

/// Which parts a descriptor's name has: `fd.directory` and `fd.filename`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameSort {
    /// A file's: a directory and a file name.
    File,
    /// A directory's: it is the directory.
    Directory,
    /// Of a descriptor of which nothing is known: a directory.
    Unknown,
    /// Of anything else: neither.
    Other,
}

impl NameSort {
    /// How many sorts there are.
    pub const COUNT: usize = 4;

    /// The sort of a descriptor's name, by its letter and its number.
    #[inline]
    pub fn of(letter: Option<i64>, number: Option<i64>) -> NameSort {
        let is_open = number.is_some_and(|number| number >= 0);
        match letter.filter(|_| is_open).map(u8::try_from) {
            Some(Ok(b'f')) => NameSort::File,
            Some(Ok(b'd')) => NameSort::Directory,
            None | Some(Ok(0) | Err(_)) => NameSort::Unknown,
            Some(Ok(_)) => NameSort::Other,
        }
    }

    /// The directory and the file name in a name.
    pub fn parts(self, name: &[u8]) -> (Option<&[u8]>, Option<&[u8]>) {
        match self {
            NameSort::File => {
                let (directory, file_name) = split_path(name);
                (Some(directory), Some(file_name))
            }
            NameSort::Directory => (Some(name), None),
            NameSort::Unknown => (Some(split_path(name).0), None),
            NameSort::Other => (None, None),
        }
    }
}

fn one_or_either(mut values: Vec<FieldValue<'_>>) -> FieldValue<'_> {
    match values.len() {
        0 => FieldValue::Missing,
        1 => values.pop().unwrap_or(FieldValue::Missing),
        _ => FieldValue::List(values),
    }
}

/// Addresses and ports of the end or ends that are asked for. `Either` exists for tests only.
fn addresses(
    view: &BlockView<'_>,
    row: usize,
    end: End,
    purpose: Purpose,
) -> Result<Option<Vec<(IpAddr, i64)>>, Damage> {
    if !matches!(type_char(view, row)?, Some(b'4' | b'6')) {
        return Ok(None);
    }
    let client = end_of(view, row, FdColumn::ClientIp, FdColumn::ClientPort)?;
    let server = end_of(view, row, FdColumn::ServerIp, FdColumn::ServerPort)?;
    // Falco looks at the client's address only: if it is not of this machine, the server's must be.
    let is_server = view.fd_int(row, FdColumn::Role)?.unwrap_or_default() & 1 == 0;
    let both = client.is_some() && server.is_some();
    let ends = match end {
        End::Client => client.into_iter().collect(),
        End::Server => server.into_iter().collect(),
        End::Local if both => (if is_server { server } else { client }).into_iter().collect(),
        End::Remote if both => (if is_server { client } else { server }).into_iter().collect(),
        End::Local | End::Remote => Vec::new(),
        End::Either if purpose == Purpose::Print => Vec::new(),
        End::Either => client.into_iter().chain(server).collect(),
    };
    Ok(Some(ends).filter(|ends: &Vec<_>| !ends.is_empty()))
}

fn end_of(view: &BlockView<'_>, row: usize, ip: FdColumn, port: FdColumn) -> Result<Option<(IpAddr, i64)>, Damage> {
    let Some(address) = ip_address(view.fd_text(row, ip)?) else { return Ok(None) };
    Ok(Some((address, view.fd_int(row, port)?.unwrap_or_default())))
}

/// An address of 4 or 16 bytes.
pub(super) fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::V4(Ipv4Addr::from(octets)));
    }
    <[u8; 16]>::try_from(bytes).ok().map(|octets| IpAddr::V6(Ipv6Addr::from(octets)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_parts_that_its_sort_says() {
        let sort = |letter: u8, number: i64| NameSort::of(Some(i64::from(letter)), Some(number));
        let parts = |sort: NameSort, name: &'static str| {
            let (directory, file_name) = sort.parts(name.as_bytes());
            let text = |part: Option<&'static [u8]>| part.map(|part| std::str::from_utf8(part).unwrap_or("?"));
            (text(directory), text(file_name))
        };
        assert_eq!(parts(sort(b'f', 3), "/etc/passwd"), (Some("/etc"), Some("passwd")));
        assert_eq!(parts(sort(b'f', 3), "/passwd"), (Some("/"), Some("passwd")));
        assert_eq!(parts(sort(b'f', 3), "passwd"), (Some("/"), Some("passwd")));
        assert_eq!(parts(sort(b'f', 3), "/etc/"), (Some("/etc"), Some("/")));
        assert_eq!(parts(sort(b'd', 3), "/etc/ssh"), (Some("/etc/ssh"), None));
        assert_eq!(parts(sort(b'p', 3), "/etc/ssh"), (None, None));
        // Of one that could not be opened, and of one of which nothing is known.
        assert_eq!(parts(sort(b'f', -2), "/etc/ssh"), (Some("/etc"), None));
        assert_eq!(parts(NameSort::of(None, Some(3)), "/etc/ssh"), (Some("/etc"), None));
    }
}
