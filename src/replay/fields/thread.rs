//! Facts of threads: whose, and what.

use super::access::{GroupFact, StdioFact, ThreadFact, UserFact, Whose};
use super::descriptor;
use super::names::capability_words;
use super::value::FieldValue;
use super::view::BlockView;
use super::{Argument, Purpose};
use crate::format::Damage;
use crate::format::dimension::{ContainerColumn, ThreadColumn, UserColumn};
use crate::format::row::{ContainerProbe, probe_words};
use crate::format::schema::flags::EXECVE_FLAGS;

/// More ancestors than this a process does not have; a damaged file may claim a circle of them.
const MAX_ANCESTORS: usize = 512;

/// The process of a thread whose beginning Falco has not seen. Such a thread has neither ancestors nor what Falco asks
/// the first thread of a process for.
const UNKNOWN_PROCESS: i64 = -1;

/// The value of a fact for the thread in `row`. `ts_ns` is the event's time, where the fact needs it.
pub(super) fn thread_value<'b>(
    view: &BlockView<'b>,
    row: usize,
    whose: Whose,
    fact: ThreadFact,
    arg: Argument<'_>,
    ts_ns: u64,
    purpose: Purpose,
) -> Result<FieldValue<'b>, Damage> {
    let (row, arg) = match whose {
        Whose::Own => (Some(row), arg),
        Whose::Parent => (parent_of(view, row)?, arg),
        Whose::Ancestor
            if purpose == Purpose::Print && view.thread_int(row, ThreadColumn::Pid)? == Some(UNKNOWN_PROCESS) =>
        {
            return Ok(if fact == ThreadFact::Env { FieldValue::text(b"") } else { FieldValue::Missing });
        }
        Whose::Ancestor => match arg {
            Argument::Index(steps) => (ancestor(view, row, steps)?, Argument::None),
            Argument::Key(_) => return first_ancestor_with(view, row, fact, arg, ts_ns),
            Argument::None => return all_ancestors(view, row, fact, ts_ns, purpose),
        },
        Whose::SessionLeader => (Some(session_leader(view, row)?), arg),
        Whose::GroupLeader | Whose::InnerGroupLeader => match group_leader(view, row, whose)? {
            Some(leader) => (Some(leader), arg),
            None => return Ok(FieldValue::text(b"")),
        },
    };
    match row {
        Some(row) => match own_value(view, row, fact, arg, ts_ns)? {
            // The start of a parent that is known and whose start is not is 0 for Falco.
            FieldValue::Missing if whose == Whose::Parent && fact == ThreadFact::StartTime => Ok(FieldValue::UInt(0)),
            value => Ok(value),
        },
        None => Ok(FieldValue::Missing),
    }
}

fn parent_of(view: &BlockView<'_>, row: usize) -> Result<Option<usize>, Damage> {
    view.thread_ref(row, ThreadColumn::Parent)
}

fn ancestor(view: &BlockView<'_>, row: usize, steps: u32) -> Result<Option<usize>, Damage> {
    let mut row = row;
    let steps = usize::try_from(steps).unwrap_or(usize::MAX);
    if steps > MAX_ANCESTORS {
        return Ok(None);
    }
    for _ in 0..steps {
        match parent_of(view, row)? {
            Some(parent) => row = parent,
            None => return Ok(None),
        }
    }
    Ok(Some(row))
}

/// The rows of all ancestors, the parent first.
fn ancestors(view: &BlockView<'_>, row: usize) -> Result<Vec<usize>, Damage> {
    let mut rows = Vec::new();
    let mut next = parent_of(view, row)?;
    while let Some(row) = next
        && rows.len() < MAX_ANCESTORS
    {
        rows.push(row);
        next = parent_of(view, row)?;
    }
    Ok(rows)
}

/// Without an argument, a test holds when it holds for any ancestor; printed are all of them with spaces between, but
/// of process id and environment the thread's own, as Falco does it.
fn all_ancestors<'b>(
    view: &BlockView<'b>,
    row: usize,
    fact: ThreadFact,
    ts_ns: u64,
    purpose: Purpose,
) -> Result<FieldValue<'b>, Damage> {
    if purpose == Purpose::Print && matches!(fact, ThreadFact::Pid | ThreadFact::Env) {
        return own_value(view, row, fact, Argument::None, ts_ns);
    }
    let mut values = Vec::new();
    for row in ancestors(view, row)? {
        values.push(own_value(view, row, fact, Argument::None, ts_ns)?);
    }
    match purpose {
        Purpose::Test => Ok(FieldValue::List(values)),
        Purpose::Print => {
            let mut text = Vec::new();
            for value in &values {
                if let FieldValue::Text(part) = value {
                    if !text.is_empty() {
                        text.push(b' ');
                    }
                    text.extend_from_slice(part);
                }
            }
            Ok(if text.is_empty() { FieldValue::Missing } else { FieldValue::made(text) })
        }
    }
}

/// A keyed fact (an environment variable) of the nearest ancestor that has it.
fn first_ancestor_with<'b>(
    view: &BlockView<'b>,
    row: usize,
    fact: ThreadFact,
    arg: Argument<'_>,
    ts_ns: u64,
) -> Result<FieldValue<'b>, Damage> {
    for row in ancestors(view, row)? {
        let value = own_value(view, row, fact, arg, ts_ns)?;
        if !matches!(&value, FieldValue::Missing) && value != FieldValue::text(b"") {
            return Ok(value);
        }
    }
    Ok(FieldValue::text(b""))
}

/// The leader of the session as recorded; else the thread itself or its furthest ancestor in the same session.
fn session_leader(view: &BlockView<'_>, row: usize) -> Result<usize, Damage> {
    if let Some(leader) = view.thread_ref(row, ThreadColumn::SessionLeader)? {
        return Ok(leader);
    }
    furthest_with_same(view, row, ThreadColumn::Sid)
}

fn furthest_with_same(view: &BlockView<'_>, row: usize, column: ThreadColumn) -> Result<usize, Damage> {
    let wanted = view.thread_int(row, column)?;
    let mut furthest = row;
    for ancestor in ancestors(view, row)? {
        if view.thread_int(ancestor, column)? != wanted {
            break;
        }
        furthest = ancestor;
    }
    Ok(furthest)
}

/// The leader of the process group as recorded; else among the thread and its ancestors, else anywhere in the block, else the furthest
/// ancestor in the same group. None when the group is not known.
fn group_leader(view: &BlockView<'_>, row: usize, whose: Whose) -> Result<Option<usize>, Damage> {
    let (group, own_id, leader) = match whose {
        Whose::InnerGroupLeader => (ThreadColumn::Vpgid, ThreadColumn::Vpid, ThreadColumn::InnerGroupLeader),
        _ => (ThreadColumn::Pgid, ThreadColumn::Pid, ThreadColumn::GroupLeader),
    };
    if let Some(leader) = view.thread_ref(row, leader)? {
        return Ok(Some(leader));
    }
    let Some(wanted) = view.thread_int(row, group)?.filter(|id| *id >= 0) else { return Ok(None) };
    if view.thread_int(row, own_id)? == Some(wanted) {
        return Ok(Some(row));
    }
    for ancestor in ancestors(view, row)? {
        if view.thread_int(ancestor, own_id)? == Some(wanted) {
            return Ok(Some(ancestor));
        }
    }
    if let Some(leader) = view.thread_row_of(wanted)?
        && view.thread_int(leader, group)? == Some(wanted)
    {
        return Ok(Some(leader));
    }
    furthest_with_same(view, row, group).map(Some)
}

fn own_value<'b>(
    view: &BlockView<'b>,
    row: usize,
    fact: ThreadFact,
    arg: Argument<'_>,
    ts_ns: u64,
) -> Result<FieldValue<'b>, Damage> {
    let int = |column| view.thread_int(row, column);
    let text = |column| view.thread_text(row, column);
    let has_process = || -> Result<bool, Damage> { Ok(int(ThreadColumn::Pid)? != Some(UNKNOWN_PROCESS)) };
    Ok(match fact {
        ThreadFact::Name => FieldValue::text(text(ThreadColumn::Comm)?),
        ThreadFact::Exe => FieldValue::text(text(ThreadColumn::Exe)?),
        ThreadFact::ExePath => FieldValue::text(text(ThreadColumn::Exepath)?),
        ThreadFact::Args => match arg {
            Argument::Index(at) => {
                let at = usize::try_from(at).unwrap_or(usize::MAX);
                FieldValue::text(strings(text(ThreadColumn::Args)?).nth(at).unwrap_or_default())
            }
            Argument::None | Argument::Key(_) => FieldValue::made(joined(text(ThreadColumn::Args)?)),
        },
        ThreadFact::CmdLine => {
            let mut line = text(ThreadColumn::Comm)?.to_vec();
            let args = joined(text(ThreadColumn::Args)?);
            if !args.is_empty() {
                line.push(b' ');
                line.extend_from_slice(&args);
            }
            FieldValue::made(line)
        }
        ThreadFact::ExeLine => {
            let mut line = text(ThreadColumn::Exe)?.to_vec();
            line.push(b' ');
            line.extend_from_slice(&joined(text(ThreadColumn::Args)?));
            FieldValue::made(line)
        }
        ThreadFact::CmdArgCount => FieldValue::UInt(strings(text(ThreadColumn::Args)?).count() as u64),
        ThreadFact::CmdArgLen => FieldValue::UInt(strings(text(ThreadColumn::Args)?).map(|arg| arg.len() as u64).sum()),
        ThreadFact::Env => match arg {
            Argument::Key(name) => {
                let value = strings(text(ThreadColumn::Env)?).find_map(|pair| {
                    let rest = pair.strip_prefix(name.as_bytes())?;
                    rest.strip_prefix(b"=")
                });
                FieldValue::text(value.unwrap_or_default())
            }
            Argument::Index(at) => {
                let at = usize::try_from(at).unwrap_or(usize::MAX);
                FieldValue::text(strings(text(ThreadColumn::Env)?).nth(at).unwrap_or_default())
            }
            Argument::None => FieldValue::made(joined(text(ThreadColumn::Env)?)),
        },
        ThreadFact::Cwd => {
            let cwd = text(ThreadColumn::Cwd)?;
            if cwd.is_empty() && !has_process()? {
                FieldValue::text(b"./")
            } else if cwd.is_empty() || cwd.ends_with(b"/") {
                FieldValue::text(cwd)
            } else {
                FieldValue::made([cwd, b"/"].concat())
            }
        }
        ThreadFact::LoginShellId => {
            let mut shell = None;
            for row in std::iter::once(row).chain(ancestors(view, row)?) {
                if view.thread_text(row, ThreadColumn::Comm)?.ends_with(b"sh") {
                    shell = view.thread_int(row, ThreadColumn::Pid)?;
                }
            }
            FieldValue::int(shell)
        }
        ThreadFact::Tty => FieldValue::uint(int(ThreadColumn::Tty)?),
        ThreadFact::Pid => FieldValue::int(int(ThreadColumn::Pid)?),
        ThreadFact::ParentPid => match parent_of(view, row)? {
            Some(parent) => FieldValue::int(view.thread_int(parent, ThreadColumn::Pid)?),
            None => FieldValue::Missing,
        },
        ThreadFact::Vpid | ThreadFact::Vtid | ThreadFact::Cgroups if !has_process()? => FieldValue::Missing,
        ThreadFact::Vpid => FieldValue::int(int(ThreadColumn::Vpid)?),
        ThreadFact::Sid => FieldValue::int(int(ThreadColumn::Sid)?),
        ThreadFact::Vpgid => FieldValue::int(int(ThreadColumn::Vpgid)?),
        ThreadFact::Pgid => FieldValue::int(int(ThreadColumn::Pgid)?),
        ThreadFact::Duration => match int(ThreadColumn::CloneTs)?.map(i64::cast_unsigned) {
            Some(start) if start > 0 => FieldValue::UInt(ts_ns.saturating_sub(start)),
            _ => FieldValue::Missing,
        },
        ThreadFact::StartTime => nonzero(int(ThreadColumn::CloneTs)?),
        ThreadFact::ExeWritable => exe_flag(int(ThreadColumn::ExeFlags)?, "EXE_WRITABLE"),
        ThreadFact::ExeUpperLayer => exe_flag(int(ThreadColumn::ExeFlags)?, "EXE_UPPER_LAYER"),
        ThreadFact::ExeLowerLayer => exe_flag(int(ThreadColumn::ExeFlags)?, "EXE_LOWER_LAYER"),
        ThreadFact::ExeFromMemfd => exe_flag(int(ThreadColumn::ExeFlags)?, "EXE_FROM_MEMFD"),
        ThreadFact::IsSessionLeader => FieldValue::Bool(int(ThreadColumn::Sid)? == int(ThreadColumn::Vpid)?),
        ThreadFact::IsGroupLeader => FieldValue::Bool(int(ThreadColumn::Pgid)? == int(ThreadColumn::Pid)?),
        ThreadFact::IsInnerGroupLeader => FieldValue::Bool(int(ThreadColumn::Vpgid)? == int(ThreadColumn::Vpid)?),
        ThreadFact::ExeIno => nonzero(int(ThreadColumn::ExeIno)?),
        ThreadFact::ExeInoCtime => nonzero(int(ThreadColumn::ExeInoCtime)?),
        ThreadFact::ExeInoMtime => nonzero(int(ThreadColumn::ExeInoMtime)?),
        ThreadFact::CtimeToStart => difference(int(ThreadColumn::CloneTs)?, int(ThreadColumn::ExeInoCtime)?),
        ThreadFact::CtimeToNamespaceStart => {
            difference(int(ThreadColumn::ExeInoCtime)?, int(ThreadColumn::PidnsInitStart)?)
        }
        ThreadFact::NamespaceStart => nonzero(int(ThreadColumn::PidnsInitStart)?),
        ThreadFact::CapPermitted => capabilities(int(ThreadColumn::CapPermitted)?),
        ThreadFact::CapInheritable => capabilities(int(ThreadColumn::CapInheritable)?),
        ThreadFact::CapEffective => capabilities(int(ThreadColumn::CapEffective)?),
        ThreadFact::FdLimit => FieldValue::int(int(ThreadColumn::Fdlimit)?.filter(|limit| *limit >= 0)),
        ThreadFact::Tid => FieldValue::int(int(ThreadColumn::Tid)?),
        ThreadFact::IsMain => FieldValue::Bool(int(ThreadColumn::Tid)? == int(ThreadColumn::Pid)?),
        ThreadFact::Vtid => FieldValue::int(int(ThreadColumn::Vtid)?),
        ThreadFact::IsProbe(probe) => is_probe(view, row, probe)?,
        ThreadFact::ExecTime => FieldValue::UInt(0),
        ThreadFact::Cgroups => FieldValue::made(joined(text(ThreadColumn::Cgroups)?)),
        ThreadFact::Cgroup => match arg {
            Argument::Key(subsystem) => strings(text(ThreadColumn::Cgroups)?)
                .find_map(|entry| entry.strip_prefix(subsystem.as_bytes())?.strip_prefix(b"="))
                .map_or(FieldValue::Missing, FieldValue::text),
            Argument::None | Argument::Index(_) => FieldValue::Missing,
        },
    })
}

/// Whether a process is this probe of its container; nothing where the container has none, or there is no container.
fn is_probe<'b>(view: &BlockView<'b>, row: usize, probe: ContainerProbe) -> Result<FieldValue<'b>, Damage> {
    let Some(container) = view.thread_ref(row, ThreadColumn::Container)? else { return Ok(FieldValue::Missing) };
    let command = match probe {
        ContainerProbe::Healthcheck => ContainerColumn::Healthcheck,
        ContainerProbe::Liveness => ContainerColumn::LivenessProbe,
        ContainerProbe::Readiness => ContainerColumn::ReadinessProbe,
    };
    if probe_words(view.container_text(container, command)?).is_none() {
        return Ok(FieldValue::Missing);
    }
    Ok(FieldValue::Bool(view.thread_int(row, ThreadColumn::Probe)? == Some(probe as i64)))
}

/// Strings that each end in NUL.
pub(super) fn strings(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    let block = block.strip_suffix(b"\0").unwrap_or(block);
    block.split(|byte| *byte == 0).filter(move |_| !block.is_empty())
}

/// Strings that each end in NUL, with spaces between instead.
fn joined(block: &[u8]) -> Vec<u8> {
    let mut text = block.strip_suffix(b"\0").unwrap_or(block).to_vec();
    for byte in &mut text {
        if *byte == 0 {
            *byte = b' ';
        }
    }
    text
}

fn nonzero<'b>(value: Option<i64>) -> FieldValue<'b> {
    FieldValue::uint(value.filter(|value| *value != 0))
}

/// How much later the first is than the second, when both are known. As in Falco it is a huge number when it is not.
fn difference<'b>(later: Option<i64>, earlier: Option<i64>) -> FieldValue<'b> {
    match (later.map(i64::cast_unsigned), earlier.map(i64::cast_unsigned)) {
        (Some(later), Some(earlier)) if earlier > 0 && later > 0 => FieldValue::UInt(later.wrapping_sub(earlier)),
        _ => FieldValue::Missing,
    }
}

fn exe_flag<'b>(flags: Option<i64>, word: &str) -> FieldValue<'b> {
    let bit = i64::from(EXECVE_FLAGS.value_of(word).unwrap_or_default());
    FieldValue::Bool(flags.unwrap_or_default() & bit != 0)
}

fn capabilities<'b>(set: Option<i64>) -> FieldValue<'b> {
    FieldValue::made(capability_words(set.unwrap_or_default().cast_unsigned()))
}

/// The value of a fact of standard input, output or error.
pub(super) fn stdio_value<'b>(
    view: &BlockView<'b>,
    row: usize,
    stream: u8,
    fact: StdioFact,
) -> Result<FieldValue<'b>, Damage> {
    let column = match stream {
        0 => ThreadColumn::Stdin,
        1 => ThreadColumn::Stdout,
        _ => ThreadColumn::Stderr,
    };
    let Some(fd) = view.thread_ref(row, column)? else { return Ok(FieldValue::Missing) };
    match fact {
        StdioFact::Type => descriptor::type_word(view, fd),
        StdioFact::Name => descriptor::name(view, fd),
    }
}

/// What is printed for a name that is not known. It is a text like any other: conditions may compare with it.
const NO_NAME: &[u8] = b"<NA>";

/// The value of a fact of the effective user.
pub(super) fn user_value<'b>(view: &BlockView<'b>, row: usize, fact: UserFact) -> Result<FieldValue<'b>, Damage> {
    let Some(user) = view.thread_ref(row, ThreadColumn::User)? else { return Ok(FieldValue::Missing) };
    user_fact(view, user, fact)
}

/// The value of a fact of the login user; its id is -1 when nobody logged in.
pub(super) fn login_user_value<'b>(view: &BlockView<'b>, row: usize, fact: UserFact) -> Result<FieldValue<'b>, Damage> {
    if fact == UserFact::Id {
        let uid = view.thread_int(row, ThreadColumn::Loginuid)?;
        return Ok(FieldValue::int(uid.map(|uid| if uid == i64::from(u32::MAX) { -1 } else { uid })));
    }
    match view.thread_ref(row, ThreadColumn::LoginUser)? {
        Some(user) => user_fact(view, user, fact),
        None => Ok(FieldValue::text(NO_NAME)),
    }
}

fn user_fact<'b>(view: &BlockView<'b>, user: usize, fact: UserFact) -> Result<FieldValue<'b>, Damage> {
    let column = match fact {
        UserFact::Id => return Ok(FieldValue::uint(view.user_id(user)?)),
        UserFact::Name => UserColumn::Name,
        UserFact::Home => UserColumn::Home,
        UserFact::Shell => UserColumn::Shell,
    };
    let text = view.user_text(user, column)?;
    Ok(FieldValue::text(if text.is_empty() { NO_NAME } else { text }))
}

/// The value of a fact of the effective group.
pub(super) fn group_value<'b>(view: &BlockView<'b>, row: usize, fact: GroupFact) -> Result<FieldValue<'b>, Damage> {
    let Some(group) = view.thread_ref(row, ThreadColumn::Group)? else { return Ok(FieldValue::Missing) };
    match fact {
        GroupFact::Id => Ok(FieldValue::uint(view.group_id(group)?)),
        GroupFact::Name => {
            let name = view.group_name(group)?;
            Ok(FieldValue::text(if name.is_empty() { NO_NAME } else { name }))
        }
    }
}
