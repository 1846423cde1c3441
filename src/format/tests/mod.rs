//! Tests of the capture file as a whole; the codecs have theirs beside them.
#![allow(clippy::unwrap_used)]

mod damaged_files;
mod earlier_versions;
mod hostile_blocks;
mod inventories;
mod round_trips;

use std::sync::Arc;

use super::block::Block;
use super::builder::{CaptureBuilder, text};
use super::damage::Damage;
use super::dimension::{ContainerColumn, Dimension, FdColumn, GroupColumn, ThreadColumn, UserColumn};
use super::header::Loss;
use super::row::{Container, ContainerRow, FdRow, GroupRow, ThreadRow, UserRow};
use super::schema::{EventKind, Physical};

/// A small capture: three blocks of a shell in a container that reads and writes, and a lost event.
fn small_capture() -> CaptureBuilder {
    let user = Arc::new(UserRow { uid: 0, name: text("root"), home: text("/root"), shell: text("/bin/sh") });
    let group = Arc::new(GroupRow { gid: 0, name: text("root") });
    let container =
        Arc::new(Container { id: text("0123456789ab"), full_id: text("0123456789abcdef"), ..Default::default() });
    container.details.set(ContainerRow { name: text("web"), image: text("nginx:1.21"), ..Default::default() }).unwrap();
    let row = |tid: i64, comm: &str, parent: Option<Arc<ThreadRow>>| {
        Arc::new(ThreadRow {
            tid,
            pid: tid,
            parent,
            comm: text(comm),
            args: text("-c\0ls\0"),
            user: Some(Arc::clone(&user)),
            group: Some(Arc::clone(&group)),
            container: Some(Arc::clone(&container)),
            ..ThreadRow::default()
        })
    };
    let init = row(1, "init", None);
    let shell = row(20, "sh", Some(Arc::clone(&init)));
    let mut capture = CaptureBuilder::new();
    for block in 0..3 {
        for at in 0..4i64 {
            let name = format!("/tmp/file-{block}-{at}");
            let fd = Arc::new(FdRow { num: 3 + at, name: text(&name), type_char: b'f', ..FdRow::default() });
            capture.event(EventKind::OPENAT, &shell).fd(&fd).path(&name).param("name", &name[5..]).happens();
            capture.event(EventKind::WRITE, &shell).fd(&fd).cpu(1).param("res", at).param("data", "hello").happens();
            capture.event(EventKind::CLOSE, &shell).fd(&fd).param("res", 0).happens();
        }
        capture.event(EventKind::CLOSE, &init).param("res", -9).happens();
        capture.loss(Loss { cpu: 1, kind: Some(EventKind::READ), count: 2, first_ts_ns: 5, last_ts_ns: 9 });
        capture.end_block();
    }
    capture
}

/// Reads everything of a block and gives what it reads as text; whatever the bytes were, this must not panic.
fn dump(block: &Block) -> Result<String, Damage> {
    use std::fmt::Write;
    let mut out = String::new();
    let mut put = |name: &str, value: &dyn std::fmt::Debug| writeln!(out, "{name} {value:?}").unwrap();
    put("ts", &block.ts_ns()?.values());
    put("num", &block.num()?.values());
    put("cpu", &block.cpu()?.values());
    for &(kind, rows) in block.kinds() {
        let table = block.table(kind).unwrap();
        assert_eq!(table.rows(), rows as usize);
        put(kind.name(), &table.seq()?.values());
        let (thread, fd) = (table.thread()?, table.fd()?);
        assert!(thread.values().iter().all(|&row| (row as usize) < block.dimension(Dimension::Thread).rows()));
        put("thread", &thread.values());
        put("fd", &(0..table.rows()).map(|row| fd.get(row)).collect::<Vec<_>>());
        for column in [table.path()?, table.source_path()?] {
            put("path", &(0..table.rows()).map(|row| column.get(row).map(<[u8]>::to_vec)).collect::<Vec<_>>());
        }
        for (at, param) in kind.info().map_or(&[][..], |info| info.params).iter().enumerate() {
            match param.ty.physical() {
                Physical::Int => {
                    let column = table.param_int(at)?;
                    assert_eq!(column.values().len(), table.rows());
                    put(param.name, &(0..table.rows()).map(|row| column.get(row)).collect::<Vec<_>>());
                }
                Physical::Bytes => {
                    let column = table.param_bytes(at)?;
                    assert_eq!(column.codes().len(), table.rows());
                    put(param.name, &(0..table.rows()).map(|row| column.get(row)).collect::<Vec<_>>());
                }
            }
        }
    }
    let columns = |dimension| -> Vec<(u16, Physical)> {
        match dimension {
            Dimension::Thread => ThreadColumn::ALL.iter().map(|&c| (c as u16, c.physical())).collect(),
            Dimension::Fd => FdColumn::ALL.iter().map(|&c| (c as u16, c.physical())).collect(),
            Dimension::Container => ContainerColumn::ALL.iter().map(|&c| (c as u16, c.physical())).collect(),
            Dimension::User => UserColumn::ALL.iter().map(|&c| (c as u16, c.physical())).collect(),
            Dimension::Group => GroupColumn::ALL.iter().map(|&c| (c as u16, c.physical())).collect(),
        }
    };
    for dimension in [Dimension::Thread, Dimension::Fd, Dimension::Container, Dimension::User, Dimension::Group] {
        let table = block.dimension(dimension);
        for (number, physical) in columns(dimension) {
            match physical {
                Physical::Int => {
                    let column = table.int(number)?;
                    let values: Vec<_> = (0..table.rows()).map(|row| column.get(row)).collect();
                    put("int", &(dimension, number, values));
                }
                Physical::Bytes => {
                    let column = table.bytes(number)?;
                    let values: Vec<_> = (0..table.rows()).map(|row| column.get(row)).collect();
                    put("bytes", &(dimension, number, values));
                }
            }
        }
    }
    Ok(out)
}
