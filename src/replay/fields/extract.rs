//! From a field to its value: the one place that knows all kinds of access.

use super::access::{Access, FdFact, ThreadFact, Whose};
use super::value::FieldValue;
use super::view::{BlockView, EventRow};
use super::{Argument, Field, Purpose, audit, container, descriptor, event, thread};
use crate::format::Damage;
use crate::format::dimension::ThreadColumn;
use crate::format::row::NO_PROCESS;
use crate::format::schema::{EventInfo, EventKind};

/// The value of a field for an event.
pub fn field_value<'b>(
    field: &Field,
    arg: Argument<'_>,
    row: &EventRow<'_, 'b>,
    purpose: Purpose,
) -> Result<FieldValue<'b>, Damage> {
    match field.access {
        Access::Event(fact) => event::event_value(row, fact, arg, purpose),
        Access::Fd(fact @ (FdFact::NameChanged | FdFact::Uid | FdFact::ContainerName | FdFact::ContainerDirectory)) => {
            event::fd_of_event(row, fact)
        }
        Access::Fd(fact) => match row.fd()? {
            Some(fd) => descriptor::fd_value(row.view(), fd, fact, purpose),
            None => Ok(FieldValue::Missing),
        },
        Access::Thread(..)
        | Access::Stdio(..)
        | Access::User(_)
        | Access::LoginUser(_)
        | Access::Group(_)
        | Access::Container(_) => match row.thread()? {
            Some(thread) => of_thread(row.view(), thread, field.access, arg, row.ts_ns()?, purpose),
            None => Ok(FieldValue::Missing),
        },
        Access::Audit(fact) => audit::audit_value(row, fact, field.is_list, arg),
        Access::Absent(_) => Ok(FieldValue::Missing),
    }
}

/// The value of a field for every event of a kind, if it is the same for all of them.
pub fn field_value_of_kind(field: &Field, arg: Argument<'_>, info: &'static EventInfo) -> Option<FieldValue<'static>> {
    match field.access {
        // No thread of the recorded machine made it.
        Access::Thread(..)
        | Access::Stdio(..)
        | Access::User(_)
        | Access::LoginUser(_)
        | Access::Group(_)
        | Access::Container(_)
        | Access::Fd(_)
            if info.kind == EventKind::PLUGINEVENT =>
        {
            Some(FieldValue::Missing)
        }
        Access::Event(fact) => event::kind_value(info, fact, arg),
        Access::Audit(_) if info.kind == EventKind::PLUGINEVENT => None,
        Access::Audit(_) | Access::Absent(_) => Some(FieldValue::Missing),
        Access::Thread(..)
        | Access::Stdio(..)
        | Access::User(_)
        | Access::LoginUser(_)
        | Access::Group(_)
        | Access::Container(_)
        | Access::Fd(_) => None,
    }
}

/// The value of a field that depends on the thread alone ([`super::Reads::Thread`]), for a row of the thread table.
pub fn field_value_of_thread<'b>(
    field: &Field,
    arg: Argument<'_>,
    view: &BlockView<'b>,
    thread: usize,
    purpose: Purpose,
) -> Result<FieldValue<'b>, Damage> {
    of_thread(view, thread, field.access, arg, 0, purpose)
}

/// The value of a field that depends on the descriptor alone ([`super::Reads::Fd`]), for a row of the descriptor table.
pub fn field_value_of_fd<'b>(
    field: &Field,
    view: &BlockView<'b>,
    fd: usize,
    purpose: Purpose,
) -> Result<FieldValue<'b>, Damage> {
    match field.access {
        Access::Fd(fact) => descriptor::fd_value(view, fd, fact, purpose),
        _ => Ok(FieldValue::Missing),
    }
}

/// What is known of an event that no known thread did: the thread's number, and the container that it is about.
fn without_thread<'b>(
    view: &BlockView<'b>,
    row: usize,
    access: Access,
    arg: Argument<'_>,
    ts_ns: u64,
) -> Result<FieldValue<'b>, Damage> {
    match access {
        Access::Thread(Whose::Own, ThreadFact::Tid) => Ok(FieldValue::int(view.thread_int(row, ThreadColumn::Tid)?)),
        Access::Container(fact) if view.thread_ref(row, ThreadColumn::Container)?.is_some() => {
            container::container_value(view, row, fact, arg, ts_ns)
        }
        _ => Ok(FieldValue::Missing),
    }
}

fn of_thread<'b>(
    view: &BlockView<'b>,
    row: usize,
    access: Access,
    arg: Argument<'_>,
    ts_ns: u64,
    purpose: Purpose,
) -> Result<FieldValue<'b>, Damage> {
    if view.thread_int(row, ThreadColumn::Pid)? == Some(NO_PROCESS) {
        return without_thread(view, row, access, arg, ts_ns);
    }
    match access {
        Access::Thread(whose, fact) => thread::thread_value(view, row, whose, fact, arg, ts_ns, purpose),
        Access::Stdio(stream, fact) => thread::stdio_value(view, row, stream, fact),
        Access::User(fact) => thread::user_value(view, row, fact),
        Access::LoginUser(fact) => thread::login_user_value(view, row, fact),
        Access::Group(fact) => thread::group_value(view, row, fact),
        Access::Container(fact) => container::container_value(view, row, fact, arg, ts_ns),
        Access::Event(_) | Access::Fd(_) | Access::Audit(_) | Access::Absent(_) => Ok(FieldValue::Missing),
    }
}
