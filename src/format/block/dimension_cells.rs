//! The value of each column of a dimension row. What a row does not know (`None`) is null; text is kept as it is.

use crate::format::dimension::{ContainerColumn, FdColumn, GroupColumn, ThreadColumn, UserColumn};
use crate::format::row::{Container, ContainerRow, FdRow, GroupRow, ThreadRow, UserRow, Value};

use super::interning::ThreadRefs;

fn bits(value: u64) -> Value<'static> {
    Value::Int(value as i64)
}

fn row(reference: Option<u32>) -> Value<'static> {
    reference.map_or(Value::Null, |row| Value::Int(i64::from(row)))
}

pub(super) fn thread_cell<'a>(thread: &'a ThreadRow, refs: &ThreadRefs, column: ThreadColumn) -> Value<'a> {
    use ThreadColumn as Column;
    match column {
        Column::Tid => Value::Int(thread.tid),
        Column::Pid => Value::Int(thread.pid),
        Column::Ppid => Value::Int(thread.ppid),
        Column::Parent => row(refs.parent),
        Column::SessionLeader => row(refs.session_leader),
        Column::Vtid => Value::Int(thread.vtid),
        Column::Vpid => Value::Int(thread.vpid),
        Column::Pgid => Value::Int(thread.pgid),
        Column::Vpgid => Value::Int(thread.vpgid),
        Column::Sid => Value::Int(thread.sid),
        Column::Tty => bits(u64::from(thread.tty)),
        Column::Loginuid => bits(u64::from(thread.loginuid)),
        Column::Comm => Value::Bytes(&thread.comm),
        Column::Exe => Value::Bytes(&thread.exe),
        Column::Exepath => Value::Bytes(&thread.exepath),
        Column::Args => Value::Bytes(&thread.args),
        Column::Env => Value::Bytes(&thread.env),
        Column::Cwd => Value::Bytes(&thread.cwd),
        Column::Root => Value::Bytes(&thread.root),
        Column::Cgroups => Value::Bytes(&thread.cgroups),
        Column::CapInheritable => bits(thread.cap_inheritable),
        Column::CapPermitted => bits(thread.cap_permitted),
        Column::CapEffective => bits(thread.cap_effective),
        Column::ExeFlags => bits(u64::from(thread.exe_flags)),
        Column::ExeIno => bits(thread.exe_ino),
        Column::ExeInoCtime => bits(thread.exe_ino_ctime_ns),
        Column::ExeInoMtime => bits(thread.exe_ino_mtime_ns),
        Column::CloneTs => bits(thread.clone_ts_ns),
        Column::PidnsInitStart => bits(thread.pidns_init_start_ns),
        Column::Fdlimit => Value::Int(thread.fdlimit),
        Column::VmSize => bits(thread.vm_size_kb),
        Column::VmRss => bits(thread.vm_rss_kb),
        Column::VmSwap => bits(thread.vm_swap_kb),
        Column::PfMajor => bits(thread.pf_major),
        Column::PfMinor => bits(thread.pf_minor),
        Column::Stdin => row(refs.stdio[0]),
        Column::Stdout => row(refs.stdio[1]),
        Column::Stderr => row(refs.stdio[2]),
        Column::User => row(refs.user),
        Column::Group => row(refs.group),
        Column::LoginUser => row(refs.login_user),
        Column::Container => row(refs.container),
        Column::GroupLeader => row(refs.group_leader),
        Column::InnerGroupLeader => row(refs.inner_group_leader),
        Column::Probe => thread.probe.map_or(Value::Null, |probe| Value::Int(probe as i64)),
    }
}

pub(super) fn fd_cell(fd: &FdRow, column: FdColumn) -> Value<'_> {
    match column {
        FdColumn::Num => Value::Int(fd.num),
        FdColumn::TypeChar => bits(u64::from(fd.type_char)),
        FdColumn::Name => Value::Bytes(&fd.name),
        FdColumn::NameRaw => Value::Bytes(&fd.name_raw),
        FdColumn::OpenFlags => bits(u64::from(fd.open_flags)),
        FdColumn::Dev => bits(u64::from(fd.dev)),
        FdColumn::Ino => bits(fd.ino),
        FdColumn::L4Proto => bits(u64::from(fd.l4proto)),
        FdColumn::Role => bits(u64::from(fd.role)),
        FdColumn::ClientIp => Value::Bytes(&fd.client_ip),
        FdColumn::ClientPort => bits(u64::from(fd.client_port)),
        FdColumn::ServerIp => Value::Bytes(&fd.server_ip),
        FdColumn::ServerPort => bits(u64::from(fd.server_port)),
        FdColumn::Flags => bits(u64::from(fd.flags)),
    }
}

/// The runtime's details are passed apart: they may arrive while the block is encoded, and one row must not be half
/// of each.
pub(super) fn container_cell<'a>(
    container: &'a Container,
    details: Option<&'a ContainerRow>,
    column: ContainerColumn,
) -> Value<'a> {
    use ContainerColumn as Column;
    match column {
        Column::Id => return Value::Bytes(&container.id),
        Column::FullId => return Value::Bytes(&container.full_id),
        _ => {}
    }
    let Some(details) = details else { return Value::Null };
    let flag = |flag: Option<bool>| flag.map_or(Value::Null, |flag| Value::Int(i64::from(flag)));
    match column {
        Column::Id | Column::FullId => Value::Null,
        Column::Name => Value::Bytes(&details.name),
        Column::Runtime => Value::Bytes(&details.runtime),
        Column::Image => Value::Bytes(&details.image),
        Column::ImageRepository => Value::Bytes(&details.image_repository),
        Column::ImageTag => Value::Bytes(&details.image_tag),
        Column::ImageDigest => Value::Bytes(&details.image_digest),
        Column::ImageId => Value::Bytes(&details.image_id),
        Column::LabelsJson => Value::Bytes(&details.labels_json),
        Column::MountsJson => Value::Bytes(&details.mounts_json),
        Column::Privileged => flag(details.privileged),
        Column::HostPid => flag(details.host_pid),
        Column::HostNetwork => flag(details.host_network),
        Column::HostIpc => flag(details.host_ipc),
        Column::StartTs => bits(details.start_ts_ns),
        Column::Ip => Value::Bytes(&details.ip),
        Column::Healthcheck => Value::Bytes(&details.healthcheck),
        Column::LivenessProbe => Value::Bytes(&details.liveness_probe),
        Column::ReadinessProbe => Value::Bytes(&details.readiness_probe),
        Column::PodName => Value::Bytes(&details.pod_name),
        Column::PodNamespace => Value::Bytes(&details.pod_namespace),
        Column::PodUid => Value::Bytes(&details.pod_uid),
        Column::PodSandboxId => Value::Bytes(&details.pod_sandbox_id),
        Column::PodLabelsJson => Value::Bytes(&details.pod_labels_json),
        Column::PodIp => Value::Bytes(&details.pod_ip),
        Column::CniJson => Value::Bytes(&details.cni_json),
    }
}

pub(super) fn user_cell(user: &UserRow, column: UserColumn) -> Value<'_> {
    match column {
        UserColumn::Uid => bits(u64::from(user.uid)),
        UserColumn::Name => Value::Bytes(&user.name),
        UserColumn::Home => Value::Bytes(&user.home),
        UserColumn::Shell => Value::Bytes(&user.shell),
    }
}

pub(super) fn group_cell(group: &GroupRow, column: GroupColumn) -> Value<'_> {
    match column {
        GroupColumn::Gid => bits(u64::from(group.gid)),
        GroupColumn::Name => Value::Bytes(&group.name),
    }
}
