//! Paths and addresses in parameters: which parameter is which path, and encoded addresses as text.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::access::PathRole;
use crate::format::schema::EventKind;

/// Which path of the event a parameter is.
pub(in crate::replay) fn role_of_param(kind: EventKind, at: usize) -> Option<PathRole> {
    if let Some((source, target)) = two_paths(kind) {
        return match at {
            at if at == source => Some(PathRole::Source),
            at if at == target => Some(PathRole::Target),
            _ => None,
        };
    }
    (one_path(kind) == Some(at)).then_some(PathRole::Name)
}

/// The parameter that is a path of the event as the program gave it.
pub(super) fn param_of_role(kind: EventKind, role: PathRole) -> Option<usize> {
    match role {
        PathRole::Name => one_path(kind),
        PathRole::Source => two_paths(kind).map(|(source, _)| source),
        PathRole::Target => two_paths(kind).map(|(_, target)| target),
    }
}

/// Whether the event has a source and a target.
pub(super) fn has_two_paths(kind: EventKind) -> bool {
    two_paths(kind).is_some()
}

/// The positions of source and target. Of links the new name is the source and what it leads to the target, as in
/// Falco.
fn two_paths(kind: EventKind) -> Option<(usize, usize)> {
    let (source, target) = match kind {
        EventKind::RENAME | EventKind::RENAMEAT | EventKind::RENAMEAT2 => ("oldpath", "newpath"),
        EventKind::LINK | EventKind::LINKAT => ("newpath", "oldpath"),
        EventKind::SYMLINK | EventKind::SYMLINKAT => ("linkpath", "target"),
        EventKind::MOUNT => ("dev", "dir"),
        _ => return None,
    };
    let info = kind.info()?;
    Some((info.param(source)?, info.param(target)?))
}

fn one_path(kind: EventKind) -> Option<usize> {
    use crate::format::schema::ParamType::{FsPath, FsRelPath};
    if two_paths(kind).is_some() || matches!(kind, EventKind::EXECVE | EventKind::EXECVEAT) {
        return None;
    }
    kind.info()?.params.iter().position(|param| matches!(param.ty, FsPath | FsRelPath))
}

/// A relative path below a directory, with `.` and `..` taken out.
pub(super) fn join(directory: &[u8], relative: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in directory.split(|byte| *byte == b'/').chain(relative.split(|byte| *byte == b'/')) {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let mut path = Vec::with_capacity(directory.len() + relative.len() + 1);
    for part in parts {
        path.push(b'/');
        path.extend_from_slice(part);
    }
    if path.is_empty() {
        path.push(b'/');
    }
    path
}

/// Socket families in encoded addresses.
const UNIX: u8 = 1;
const INET: u8 = 2;
const INET6: u8 = 10;

/// An encoded socket address as text: `127.0.0.1:80`, `::1:80`, a path.
pub(super) fn socket_address(bytes: &[u8]) -> Option<Vec<u8>> {
    let (&family, rest) = bytes.split_first()?;
    let mut text = Vec::new();
    match family {
        UNIX => text.extend_from_slice(rest.strip_suffix(b"\0").unwrap_or(rest)),
        INET | INET6 => {
            let (address, port, _) = split_end(family, rest)?;
            write(&mut text, format_args!("{address}:{port}"));
        }
        _ => return None,
    }
    Some(text)
}

/// An encoded pair of socket addresses as text: `10.0.0.1:4000->10.0.0.2:80`.
pub(super) fn socket_tuple(bytes: &[u8]) -> Option<Vec<u8>> {
    let (&family, rest) = bytes.split_first()?;
    let mut text = Vec::new();
    match family {
        UNIX => {
            let (first, rest) = rest.split_first_chunk::<8>()?;
            let (second, path) = rest.split_first_chunk::<8>()?;
            let (first, second) = (u64::from_le_bytes(*first), u64::from_le_bytes(*second));
            write(&mut text, format_args!("{first:x}->{second:x} "));
            text.extend_from_slice(path.strip_suffix(b"\0").unwrap_or(path));
        }
        INET | INET6 => {
            let (source, source_port, rest) = split_end(family, rest)?;
            let (target, target_port, _) = split_end(family, rest)?;
            let (source, target) = match (source.to_canonical(), target.to_canonical()) {
                // IPv4 in a socket of IPv6
                (IpAddr::V4(source), IpAddr::V4(target)) => (IpAddr::V4(source), IpAddr::V4(target)),
                _ => (source, target),
            };
            write(&mut text, format_args!("{source}:{source_port}->{target}:{target_port}"));
        }
        _ => return None,
    }
    Some(text)
}

fn split_end(family: u8, bytes: &[u8]) -> Option<(IpAddr, u16, &[u8])> {
    let (address, rest) = if family == INET {
        let (octets, rest) = bytes.split_first_chunk::<4>()?;
        (IpAddr::V4(Ipv4Addr::from(*octets)), rest)
    } else {
        let (octets, rest) = bytes.split_first_chunk::<16>()?;
        (IpAddr::V6(Ipv6Addr::from(*octets)), rest)
    };
    let (port, rest) = rest.split_first_chunk::<2>()?;
    Some((address, u16::from_le_bytes(*port), rest))
}

/// The entries of an encoded descriptor list: number and events.
pub(super) fn fd_list(bytes: &[u8]) -> impl Iterator<Item = (i64, i16)> {
    let (count, rest) = bytes.split_first_chunk::<2>().unwrap_or((&[0, 0], &[]));
    let count = usize::from(u16::from_le_bytes(*count));
    rest.chunks_exact(10).take(count).filter_map(|entry| {
        let (number, events) = entry.split_first_chunk::<8>()?;
        Some((i64::from_le_bytes(*number), i16::from_le_bytes(*events.first_chunk::<2>()?)))
    })
}

fn write(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a Vec cannot fail");
}
