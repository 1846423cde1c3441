//! `.scap` files as bytes: a small one with every sort of block, and trailers made right again after a change.

use std::ops::Range;

use sysreel::format::scap::{
    ScapAddr, ScapEventHead, ScapFd, ScapFdInfo, ScapFdType, ScapGroup, ScapInterface, ScapMachine, ScapThread,
    ScapUser, ScapWriter,
};
use sysreel::format::schema::codes::code_info;

/// Makes the length after every block that of its head, from the file's start on, so that a changed block is looked at.
pub fn heal(file: &mut [u8]) {
    let mut at = 0;
    while let Some(length) = file.get(at + 4..at + 8).and_then(<[u8]>::first_chunk::<4>) {
        let length = *length;
        let end = at.saturating_add(u32::from_le_bytes(length) as usize);
        if end < at + 12 {
            return;
        }
        let Some(trailer) = file.get_mut(end - 4..end) else { return };
        trailer.copy_from_slice(&length);
        at = end;
    }
}

/// A file with an event of each of these codes, whose parameters are all as long as numbers are.
///
/// # Panics
/// Never: a vector can be written to.
pub fn small_file(codes: Range<u16>) -> Vec<u8> {
    let thread =
        ScapThread { tid: 7, pid: 7, ptid: 1, comm: (*b"sh").into(), cwd: (*b"/").into(), ..ScapThread::default() };
    let fds: Vec<ScapFd> = (0..23u8).map(ScapFdType::from_number).map(fd_of).collect();
    let addr = ScapAddr::V4([127, 0, 0, 1]);
    let interface = ScapInterface { name: (*b"lo").into(), addr, netmask: addr, broadcast: addr, link_speed: 0 };
    let mut file = ScapWriter::new(Vec::new()).expect("a vector can be written to");
    let write = || -> std::io::Result<()> {
        file.write_machine(&ScapMachine { cpus: 2, ..ScapMachine::default() })?;
        file.write_interfaces(&[interface])?;
        file.write_accounts(&[ScapUser::default()], &[ScapGroup::default()])?;
        file.write_threads([&thread])?;
        file.write_fds(7, &fds)?;
        for code in codes {
            let params = vec![&[1u8, 0, 0, 0, 0, 0, 0, 0][..]; code_info(code).map_or(0, |info| info.params.len())];
            file.write_event(ScapEventHead { code, cpu: 0, ts_ns: u64::from(code), tid: 7 }, &params)?;
        }
        Ok(())
    };
    write().expect("a vector can be written to");
    file.finish().expect("a vector can be written to")
}

fn fd_of(ty: ScapFdType) -> ScapFd {
    let info = match ty {
        ScapFdType::Unknown | ScapFdType::Other(_) => ScapFdInfo::Nothing,
        ScapFdType::Ipv4Socket => ScapFdInfo::Ipv4 {
            source: [10, 0, 0, 1],
            destination: [10, 0, 0, 2],
            source_port: 4000,
            destination_port: 80,
            l4proto: 1,
        },
        ScapFdType::Ipv6Socket => ScapFdInfo::Ipv6 {
            source: [1; 16],
            destination: [2; 16],
            source_port: 4000,
            destination_port: 443,
            l4proto: 2,
        },
        ScapFdType::Ipv4Server => ScapFdInfo::Ipv4Server { ip: [0; 4], port: 22, l4proto: 1 },
        ScapFdType::Ipv6Server => ScapFdInfo::Ipv6Server { ip: [0; 16], port: 22, l4proto: 1 },
        ScapFdType::UnixSocket => ScapFdInfo::Unix { source: 1, destination: 2, name: (*b"/s").into() },
        ScapFdType::FileV2 => ScapFdInfo::File { open_flags: 3, name: (*b"/f").into(), dev: 2 },
        _ => ScapFdInfo::Name((*b"n").into()),
    };
    ScapFd { fd: i64::from(ty.number()), ino: 9, ty, info }
}
