//! What was read of containers when their runtime wrote it, before their events came.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::details::RuntimeContainer;

/// How many containers are kept: those of some minutes, with a few kilobytes each. Events come within a second.
const LIMIT: usize = 1024;

/// Containers by full id, those of the last minutes.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    by_id: FxHashMap<String, Early>,
    /// In the order in which they came.
    order: VecDeque<String>,
}

#[derive(Debug)]
struct Early {
    container: RuntimeContainer,
    has_accounts: bool,
}

impl Ahead {
    /// Takes over what was read. Of a container that ran when it was read before, what is read once it has ended says
    /// less: it is kept as it was, until it is started again.
    pub(super) fn keep(&mut self, full_id: &str, container: RuntimeContainer, has_accounts: bool) {
        if let Some(early) = self.by_id.get_mut(full_id) {
            early.has_accounts |= has_accounts;
            if container.is_running || !early.container.is_running {
                early.container = container;
            }
            return;
        }
        if self.order.len() >= LIMIT
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_id.remove(&oldest);
        }
        self.order.push_back(full_id.to_owned());
        self.by_id.insert(full_id.to_owned(), Early { container, has_accounts });
    }

    pub(super) fn get(&self, full_id: &str) -> Option<&RuntimeContainer> {
        self.by_id.get(full_id).map(|early| &early.container)
    }

    /// Whether the container's users have been handed over.
    pub(super) fn has_accounts(&self, full_id: &str) -> bool {
        self.by_id.get(full_id).is_some_and(|early| early.has_accounts)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::format::row::ContainerRow;

    fn container(start_ts_ns: u64, is_running: bool) -> RuntimeContainer {
        let row = ContainerRow { start_ts_ns, ..ContainerRow::default() };
        RuntimeContainer { row, pid: None, is_running, root: None }
    }

    #[test]
    fn what_was_known_of_a_running_container_is_kept_until_it_runs_again() {
        let mut ahead = Ahead::default();
        let start = |ahead: &Ahead| ahead.get("a").unwrap().row.start_ts_ns;
        ahead.keep("a", container(0, false), false);
        ahead.keep("a", container(7, true), true);
        ahead.keep("a", container(0, false), false);
        assert_eq!((start(&ahead), ahead.has_accounts("a")), (7, true));
        ahead.keep("a", container(9, true), false);
        assert_eq!((start(&ahead), ahead.has_accounts("a")), (9, true));
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut ahead = Ahead::default();
        for number in 0..2 * LIMIT {
            ahead.keep(&number.to_string(), container(1, true), false);
        }
        assert_eq!((ahead.by_id.len(), ahead.order.len()), (LIMIT, LIMIT));
        assert!(ahead.get("0").is_none() && ahead.get(&LIMIT.to_string()).is_some());
    }
}
