//! A block by rows: its events in their order, and what the dimension rows say.

use crate::format::dimension::{ContainerColumn, Dimension, FdColumn, GroupColumn, ThreadColumn, UserColumn};
use crate::format::row::{FdRow, NO_PROCESS, Text, ThreadRow, Value};
use crate::format::scap::{ScapAddr, ScapGroup, ScapThread, ScapUser};
use crate::format::schema::{EventInfo, EventKind, Physical};
use crate::format::{Block, BytesColumn, Damage, DimensionTable, EventTable, IntColumn};

/// A block whose columns are at hand.
pub(super) struct Rows<'b> {
    tables: Vec<KindRows<'b>>,
    /// Table and row of every event, in sequence.
    order: Vec<(u32, u32)>,
    num: &'b IntColumn,
    ts_ns: &'b IntColumn,
    cpu: &'b IntColumn,
    pub(super) threads: DimensionTable<'b>,
    fds: DimensionTable<'b>,
    containers: DimensionTable<'b>,
    users: DimensionTable<'b>,
    groups: DimensionTable<'b>,
}

/// The events of a kind.
struct KindRows<'b> {
    info: &'static EventInfo,
    table: EventTable<'b>,
    thread: &'b IntColumn,
    fd: &'b IntColumn,
    params: Vec<ParamColumn<'b>>,
}

#[derive(Clone, Copy)]
enum ParamColumn<'b> {
    Ints(&'b IntColumn),
    Bytes(&'b BytesColumn),
}

/// One event of a block.
#[derive(Clone, Copy)]
pub(super) struct EventAt<'r, 'b> {
    kind: &'r KindRows<'b>,
    row: usize,
    pub(super) num: u64,
    pub(super) ts_ns: u64,
    pub(super) cpu: u16,
    /// Row of the thread table.
    pub(super) thread: usize,
}

impl<'b> Rows<'b> {
    /// Looks into a block. Kinds that cannot be read are left out and reported in `damages`.
    pub(super) fn new(block: &'b Block, damages: &mut Vec<Damage>) -> Result<Rows<'b>, Damage> {
        let mut order = vec![(u32::MAX, 0); block.rows()];
        let mut tables = Vec::new();
        for &(kind, _) in block.kinds() {
            let (Some(table), Some(info)) = (block.table(kind), kind.info()) else { continue };
            match KindRows::new(info, table) {
                Ok((rows, places)) => {
                    for (row, &place) in places.values().iter().enumerate() {
                        if let Some(slot) = usize::try_from(place).ok().and_then(|place| order.get_mut(place)) {
                            *slot = (tables.len() as u32, row as u32);
                        }
                    }
                    tables.push(rows);
                }
                Err(damage) => damages.push(damage),
            }
        }
        Ok(Rows {
            tables,
            order,
            num: block.num()?,
            ts_ns: block.ts_ns()?,
            cpu: block.cpu()?,
            threads: block.dimension(Dimension::Thread),
            fds: block.dimension(Dimension::Fd),
            containers: block.dimension(Dimension::Container),
            users: block.dimension(Dimension::User),
            groups: block.dimension(Dimension::Group),
        })
    }

    /// The events, in sequence.
    pub(super) fn events<'r>(&'r self) -> impl Iterator<Item = EventAt<'r, 'b>> {
        self.order.iter().enumerate().filter_map(|(seq, &(table, row))| {
            let kind = self.tables.get(table as usize)?;
            let row = row as usize;
            Some(EventAt {
                kind,
                row,
                num: self.num.get(seq)?.cast_unsigned(),
                ts_ns: self.ts_ns.get(seq)?.cast_unsigned(),
                cpu: u16::try_from(self.cpu.get(seq)?).unwrap_or_default(),
                thread: usize::try_from(kind.thread.get(row)?).ok()?,
            })
        })
    }

    pub(super) fn thread_int(&self, row: usize, column: ThreadColumn) -> Result<Option<i64>, Damage> {
        Ok(self.threads.int(column as u16)?.get(row))
    }

    /// Whether more than a thread's number is known. Of one that is not known readers make one when they meet it, with
    /// `<NA>` for its name.
    pub(super) fn is_known_thread(&self, row: usize) -> Result<bool, Damage> {
        let has = |column: ThreadColumn| {
            let text = self.threads.bytes(column as u16)?.get(row);
            Ok::<bool, Damage>(text.is_some_and(|text| !text.is_empty() && text != b"<NA>"))
        };
        Ok(has(ThreadColumn::Comm)? || has(ThreadColumn::Exe)?)
    }

    /// The containers that threads are in: their ids and rows. (An event may tell of another one.)
    pub(super) fn containers(&self) -> Result<Vec<(&'b [u8], usize)>, Damage> {
        let mut is_in_use = vec![false; self.containers.rows()];
        for thread in 0..self.threads.rows() {
            if self.thread_int(thread, ThreadColumn::Pid)? != Some(NO_PROCESS)
                && let Some(row) = self.thread_ref(thread, ThreadColumn::Container)?
                && let Some(is_in_use) = is_in_use.get_mut(row)
            {
                *is_in_use = true;
            }
        }
        let ids = self.containers.bytes(ContainerColumn::Id as u16)?;
        let in_use = is_in_use.iter().enumerate().filter(|(_, is_in_use)| **is_in_use);
        Ok(in_use.filter_map(|(row, _)| Some((ids.get(row)?, row))).collect())
    }

    /// The row that a thread refers to.
    pub(super) fn thread_ref(&self, row: usize, column: ThreadColumn) -> Result<Option<usize>, Damage> {
        Ok(self.thread_int(row, column)?.and_then(|target| usize::try_from(target).ok()))
    }

    fn thread_text(&self, row: usize, column: ThreadColumn) -> Result<Text, Damage> {
        Ok(Text::from(self.threads.bytes(column as u16)?.get(row).unwrap_or_default()))
    }

    /// A thread as a list of threads has it.
    pub(super) fn scap_thread(&self, row: usize) -> Result<ScapThread, Damage> {
        use ThreadColumn as Column;
        let int = |column| Ok::<i64, Damage>(self.thread_int(row, column)?.unwrap_or_default());
        let size = |column| Ok::<u64, Damage>(int(column)?.cast_unsigned());
        let text = |column| self.thread_text(row, column);
        let user = self.thread_ref(row, Column::User)?;
        let group = self.thread_ref(row, Column::Group)?;
        let uid = user.map(|row| self.user_id(row)).transpose()?.flatten().unwrap_or(u32::MAX);
        let gid = group.map(|row| self.group_id(row)).transpose()?.flatten().unwrap_or(u32::MAX);
        let thread = ThreadRow {
            tid: int(Column::Tid)?,
            pid: int(Column::Pid)?,
            ppid: int(Column::Ppid)?,
            sid: int(Column::Sid)?,
            vpgid: int(Column::Vpgid)?,
            comm: text(Column::Comm)?,
            exe: text(Column::Exe)?,
            exepath: text(Column::Exepath)?,
            args: text(Column::Args)?,
            cwd: text(Column::Cwd)?,
            fdlimit: int(Column::Fdlimit)?,
            vm_size_kb: size(Column::VmSize)?,
            vm_rss_kb: size(Column::VmRss)?,
            vm_swap_kb: size(Column::VmSwap)?,
            pf_major: size(Column::PfMajor)?,
            pf_minor: size(Column::PfMinor)?,
            env: text(Column::Env)?,
            vtid: int(Column::Vtid)?,
            vpid: int(Column::Vpid)?,
            cgroups: text(Column::Cgroups)?,
            root: text(Column::Root)?,
            pidns_init_start_ns: size(Column::PidnsInitStart)?,
            tty: int(Column::Tty)? as u32,
            loginuid: int(Column::Loginuid)? as u32,
            exe_flags: int(Column::ExeFlags)? as u32,
            cap_inheritable: size(Column::CapInheritable)?,
            cap_permitted: size(Column::CapPermitted)?,
            cap_effective: size(Column::CapEffective)?,
            exe_ino: size(Column::ExeIno)?,
            exe_ino_ctime_ns: size(Column::ExeInoCtime)?,
            exe_ino_mtime_ns: size(Column::ExeInoMtime)?,
            pgid: int(Column::Pgid)?,
            ..ThreadRow::default()
        };
        Ok(ScapThread::of_row(&thread, uid, gid))
    }

    /// A descriptor's row.
    pub(super) fn fd_row(&self, row: usize) -> Result<FdRow, Damage> {
        let int = |column: FdColumn| Ok::<i64, Damage>(self.fds.int(column as u16)?.get(row).unwrap_or_default());
        let text = |column: FdColumn| {
            Ok::<Text, Damage>(Text::from(self.fds.bytes(column as u16)?.get(row).unwrap_or_default()))
        };
        Ok(FdRow {
            num: int(FdColumn::Num)?,
            type_char: int(FdColumn::TypeChar)? as u8,
            name: text(FdColumn::Name)?,
            name_raw: text(FdColumn::NameRaw)?,
            open_flags: int(FdColumn::OpenFlags)? as u32,
            dev: int(FdColumn::Dev)? as u32,
            ino: int(FdColumn::Ino)?.cast_unsigned(),
            l4proto: int(FdColumn::L4Proto)? as u8,
            role: int(FdColumn::Role)? as u8,
            client_ip: text(FdColumn::ClientIp)?,
            client_port: int(FdColumn::ClientPort)? as u16,
            server_ip: text(FdColumn::ServerIp)?,
            server_port: int(FdColumn::ServerPort)? as u16,
            flags: int(FdColumn::Flags)? as u32,
        })
    }

    /// Addresses that connections say are this machine's.
    pub(super) fn local_addresses(&self) -> Result<Vec<ScapAddr>, Damage> {
        const CLIENT_HERE: i64 = 1;
        const SERVER_HERE: i64 = 2;
        let roles = self.fds.int(FdColumn::Role as u16)?;
        let ends = [
            (CLIENT_HERE, self.fds.bytes(FdColumn::ClientIp as u16)?),
            (SERVER_HERE, self.fds.bytes(FdColumn::ServerIp as u16)?),
        ];
        let mut addresses = Vec::new();
        for row in 0..self.fds.rows() {
            let role = roles.get(row).unwrap_or_default();
            for (bit, ips) in ends {
                let ip = ips.get(row).filter(|_| role & bit != 0).unwrap_or_default();
                let v4 = || ip.try_into().ok().map(ScapAddr::V4);
                addresses.extend(v4().or_else(|| ip.try_into().ok().map(ScapAddr::V6)));
            }
        }
        Ok(addresses)
    }

    /// A descriptor's number.
    pub(super) fn fd_number(&self, row: usize) -> Result<Option<i64>, Damage> {
        Ok(self.fds.int(FdColumn::Num as u16)?.get(row))
    }

    fn user_id(&self, row: usize) -> Result<Option<u32>, Damage> {
        Ok(self.users.int(UserColumn::Uid as u16)?.get(row).map(|uid| uid as u32))
    }

    fn group_id(&self, row: usize) -> Result<Option<u32>, Damage> {
        Ok(self.groups.int(GroupColumn::Gid as u16)?.get(row).map(|gid| gid as u32))
    }

    /// The users that the block names.
    pub(super) fn named_users(&self) -> Result<Vec<ScapUser>, Damage> {
        let text = |row: usize, column: UserColumn| {
            Ok::<Text, Damage>(Text::from(self.users.bytes(column as u16)?.get(row).unwrap_or_default()))
        };
        let mut users = Vec::new();
        for row in 0..self.users.rows() {
            let name = text(row, UserColumn::Name)?;
            if let Some(uid) = self.user_id(row)?.filter(|_| !name.is_empty()) {
                let (home, shell) = (text(row, UserColumn::Home)?, text(row, UserColumn::Shell)?);
                users.push(ScapUser { uid, gid: uid, name, home, shell });
            }
        }
        Ok(users)
    }

    /// The groups that the block names.
    pub(super) fn named_groups(&self) -> Result<Vec<ScapGroup>, Damage> {
        let mut groups = Vec::new();
        for row in 0..self.groups.rows() {
            let name = self.groups.bytes(GroupColumn::Name as u16)?.get(row).unwrap_or_default();
            if let Some(gid) = self.group_id(row)?.filter(|_| !name.is_empty()) {
                groups.push(ScapGroup { gid, name: Text::from(name) });
            }
        }
        Ok(groups)
    }

    pub(super) fn container_text(&self, row: usize, column: ContainerColumn) -> Result<&'b [u8], Damage> {
        Ok(self.containers.bytes(column as u16)?.get(row).unwrap_or_default())
    }

    pub(super) fn container_int(&self, row: usize, column: ContainerColumn) -> Result<Option<i64>, Damage> {
        Ok(self.containers.int(column as u16)?.get(row))
    }
}

impl<'b> KindRows<'b> {
    /// The kind's columns, and the places of its events in the block.
    fn new(info: &'static EventInfo, table: EventTable<'b>) -> Result<(KindRows<'b>, &'b IntColumn), Damage> {
        let mut params = Vec::with_capacity(info.params.len());
        for (at, param) in info.params.iter().enumerate() {
            params.push(match param.ty.physical() {
                Physical::Int => ParamColumn::Ints(table.param_int(at)?),
                Physical::Bytes => ParamColumn::Bytes(table.param_bytes(at)?),
            });
        }
        Ok((KindRows { info, table, thread: table.thread()?, fd: table.fd()?, params }, table.seq()?))
    }
}

impl<'b> EventAt<'_, 'b> {
    pub(super) fn kind(&self) -> EventKind {
        self.kind.info.kind
    }

    pub(super) fn info(&self) -> &'static EventInfo {
        self.kind.info
    }

    /// Row of the descriptor table.
    pub(super) fn fd(&self) -> Option<usize> {
        self.kind.fd.get(self.row).and_then(|row| usize::try_from(row).ok())
    }

    /// The resolved paths: of the event, and of what it renames or links.
    pub(super) fn paths(&self) -> Result<[Option<&'b [u8]>; 2], Damage> {
        Ok([self.kind.table.path()?.get(self.row), self.kind.table.source_path()?.get(self.row)])
    }

    pub(super) fn param(&self, at: usize) -> Value<'b> {
        match self.kind.params.get(at) {
            Some(ParamColumn::Ints(column)) => column.get(self.row).map_or(Value::Null, Value::Int),
            Some(ParamColumn::Bytes(column)) => column.get(self.row).map_or(Value::Null, Value::Bytes),
            None => Value::Null,
        }
    }

    /// A number by its parameter's name.
    pub(super) fn int(&self, name: &str) -> Option<i64> {
        match self.param(self.kind.info.param(name)?) {
            Value::Int(number) => Some(number),
            Value::Null | Value::Bytes(_) => None,
        }
    }

    /// A text by its parameter's name.
    pub(super) fn text(&self, name: &str) -> Option<&'b [u8]> {
        match self.param(self.kind.info.param(name)?) {
            Value::Bytes(text) => Some(text),
            Value::Null | Value::Int(_) => None,
        }
    }
}
