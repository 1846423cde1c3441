//! Facts of the descriptors that an event waits for (`poll`).

use super::access::FdListFact;
use super::descriptor;
use super::value::FieldValue;
use super::view::{BlockView, EventRow};
use crate::format::Damage;
use crate::format::dimension::FdColumn;
use crate::format::row::fd_flags;

/// The value of a fact for an event: one entry for each descriptor that has it, with commas between. Of names every
/// descriptor has one, if only `<NA>`.
pub(super) fn fd_list_value<'b>(row: &EventRow<'_, 'b>, fact: FdListFact) -> Result<FieldValue<'b>, Damage> {
    let view = row.view();
    let mut entries: Vec<Vec<u8>> = Vec::new();
    for fd in row.fd_list()? {
        let entry = match (fact, fd) {
            (FdListFact::Numbers, Some(fd)) => view.fd_int(fd, FdColumn::Num)?.map(|num| num.to_string().into_bytes()),
            (FdListFact::Numbers, None) => None,
            (FdListFact::Names, fd) => Some(name_of(view, fd)?),
            (FdListFact::ClientIps, Some(fd)) => address(view, fd, FdColumn::ClientIp)?,
            (FdListFact::ServerIps, Some(fd)) => address(view, fd, FdColumn::ServerIp)?,
            (FdListFact::ClientPorts, Some(fd)) => port(view, fd, FdColumn::ClientIp, FdColumn::ClientPort)?,
            (FdListFact::ServerPorts, Some(fd)) => port(view, fd, FdColumn::ServerIp, FdColumn::ServerPort)?,
            (
                FdListFact::ClientIps | FdListFact::ServerIps | FdListFact::ClientPorts | FdListFact::ServerPorts,
                None,
            ) => None,
        };
        entries.extend(entry);
    }
    Ok(if entries.is_empty() { FieldValue::Missing } else { FieldValue::made(entries.join(&b","[..])) })
}

fn name_of(view: &BlockView<'_>, fd: Option<usize>) -> Result<Vec<u8>, Damage> {
    let name = match fd {
        Some(fd) => view.fd_text(fd, FdColumn::Name)?,
        None => b"",
    };
    Ok(if name.is_empty() { b"<NA>".to_vec() } else { name.to_vec() })
}

fn address(view: &BlockView<'_>, fd: usize, column: FdColumn) -> Result<Option<Vec<u8>>, Damage> {
    Ok(descriptor::ip_address(view.fd_text(fd, column)?).map(|address| address.to_string().into_bytes()))
}

/// A port of a connection; Falco does not tell those of sockets that listen.
fn port(view: &BlockView<'_>, fd: usize, ip: FdColumn, port: FdColumn) -> Result<Option<Vec<u8>>, Damage> {
    let flags = view.fd_int(fd, FdColumn::Flags)?.unwrap_or(0);
    if view.fd_text(fd, ip)?.is_empty() || flags & i64::from(fd_flags::SERVER_SOCKET) != 0 {
        return Ok(None);
    }
    Ok(view.fd_int(fd, port)?.map(|port| port.to_string().into_bytes()))
}
