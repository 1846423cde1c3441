//! What the parameters of an event name besides what it is about: further descriptors (`dirfd` of openat, `fdin` of
//! copy_file_range), users and groups (`ruid` of setreuid).

use std::sync::{Arc, OnceLock};

use crate::format::schema::{EVENTS, EventInfo, EventKind, KIND_LIMIT, ParamType};

use super::lifecycle::NO_ID;
use super::params::Params;
use super::{Outcome, State};

/// The standard streams: a thread's row has them.
const LAST_STREAM: i64 = 2;

/// The parameters of a kind that name something.
#[derive(Clone, Debug, Default)]
struct Naming {
    /// Those that are descriptors, where there are several.
    fds: Vec<usize>,
    /// The path and the directory that it is relative to, of a kind with one path.
    relative: Option<(usize, usize)>,
    users: Vec<usize>,
    groups: Vec<usize>,
}

#[inline]
fn naming_of(kind: EventKind) -> &'static Naming {
    static NAMING: OnceLock<Vec<Naming>> = OnceLock::new();
    static NOTHING: Naming = Naming { fds: Vec::new(), relative: None, users: Vec::new(), groups: Vec::new() };
    let of_kinds = NAMING.get_or_init(|| {
        let mut of_kinds = vec![Naming::default(); KIND_LIMIT];
        for info in EVENTS {
            if let Some(slot) = of_kinds.get_mut(usize::from(info.kind.0)) {
                *slot = Naming::of(info);
            }
        }
        of_kinds
    });
    of_kinds.get(usize::from(kind.0)).unwrap_or(&NOTHING)
}

impl Naming {
    fn of(info: &EventInfo) -> Naming {
        let of_type = |types: &[ParamType]| -> Vec<usize> {
            let params = info.params.iter().enumerate().filter(|(_, param)| types.contains(&param.ty));
            params.map(|(at, _)| at).collect()
        };
        let fds = of_type(&[ParamType::Fd, ParamType::Fd32]);
        // Both ends of a pipe or a pair of sockets are of one sort, which the kind tells.
        let has_two_ends = matches!(info.kind, EventKind::PIPE | EventKind::PIPE2 | EventKind::SOCKETPAIR);
        let mut relative = info.params.iter().enumerate().filter_map(|(at, param)| Some((at, param.dirfd?.into())));
        let only_relative = relative.next().filter(|_| relative.next().is_none());
        Naming {
            relative: only_relative,
            fds: if fds.len() > 1 && !has_two_ends { fds } else { Vec::new() },
            users: of_type(&[ParamType::Uid]),
            groups: of_type(&[ParamType::Gid]),
        }
    }
}

impl State {
    /// Says what the descriptors mean that the event names, if there is one that neither the event's own descriptor
    /// nor the thread's streams nor the path that was opened in a directory tell of: one entry for each parameter that is
    /// a descriptor, empty for those that are told elsewhere, so that many events share one list.
    pub(super) fn note_mentions(&mut self, tid: i64, kind: EventKind, params: Params<'_>, outcome: &mut Outcome) {
        let naming = naming_of(kind);
        let positions = naming.fds.as_slice();
        if positions.is_empty() || outcome.has_fd_list {
            return;
        }
        let own = outcome.fd_number();
        let has_type = || outcome.known_fd(&self.threads, tid).is_some_and(|own| own.type_char != 0);
        let is_copy = kind.copies_descriptor(params.int(2)) && !params.failed(0) && has_type();
        let is_told = |num: i64| num <= LAST_STREAM || is_copy || own == Some(num);
        let untold = |at: usize| params.int(at).filter(|&num| !is_told(num));
        if positions.iter().all(|&at| untold(at).is_none()) {
            return;
        }
        let Some(table) = self.threads.table(tid) else { return };
        self.fd_list.clear();
        let directory = naming.relative.filter(|_| outcome.has_path).and_then(|(at, dirfd)| {
            let above = self.path.strip_suffix(params.bytes(at)?)?.strip_suffix(b"/")?;
            Some((dirfd, if above.is_empty() { b"/".as_slice() } else { above }))
        });
        self.fd_list.extend(positions.iter().map(|&at| {
            let row = &table.get(untold(at)?)?.row;
            let is_directory = row.type_char == b'd' && directory == Some((at, &*row.name));
            (!is_directory).then(|| Arc::clone(row))
        }));
        outcome.has_fd_list = self.fd_list.iter().any(Option::is_some);
    }

    /// Says who the users and groups are whose ids the event names, if they are others than its thread's. (In a
    /// container only the thread's own have names.)
    #[inline]
    pub(super) fn note_accounts(&mut self, tid: i64, kind: EventKind, params: Params<'_>) {
        if !self.named_users.is_empty() || !self.named_groups.is_empty() {
            self.named_users.clear();
            self.named_groups.clear();
        }
        let naming = naming_of(kind);
        if !naming.users.is_empty() || !naming.groups.is_empty() {
            self.note_named_accounts(tid, naming, params);
        }
    }

    fn note_named_accounts(&mut self, tid: i64, naming: &Naming, params: Params<'_>) {
        let Some(thread) = self.threads.get(tid).filter(|thread| thread.row.container.is_none()) else { return };
        let others = |positions: &[usize], own: Option<u32>| -> Vec<u32> {
            let ids = positions.iter().filter_map(|&at| params.word(at));
            ids.filter(|&id| id != NO_ID && Some(id) != own).collect()
        };
        let uids = others(&naming.users, thread.row.user.as_ref().map(|user| user.uid));
        let gids = others(&naming.groups, thread.row.group.as_ref().map(|group| group.gid));
        let State { users, named_users, named_groups, .. } = self;
        named_users.extend(uids.into_iter().map(|uid| users.user(uid, None)).filter(|user| !user.name.is_empty()));
        named_groups.extend(gids.into_iter().map(|gid| users.group(gid, None)).filter(|group| !group.name.is_empty()));
    }
}
