//! Which blocks are read, judged by their headers.

use std::sync::Arc;

use super::replay::ReplayOptions;
use crate::format::BlockHeader;
use crate::format::schema::EventKind;
use crate::replay::compile::{Program, Prospects};

/// Why a block is passed over unread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PassedOver {
    /// Nothing in it lies within the time that is asked for.
    Time,
    /// No rule asks for the kinds of its events.
    Kinds,
    /// Rules that ask for them ask for other containers than its events happened in.
    Containers,
}

impl PassedOver {
    /// Every reason.
    pub const ALL: [PassedOver; 3] = [PassedOver::Time, PassedOver::Kinds, PassedOver::Containers];
}

/// What makes the choice for the blocks of one capture.
#[derive(Debug, Default)]
pub(super) struct BlockChoice {
    /// The containers of the block before, and what rules can match there: neighbours often have the same.
    known: Option<(Vec<String>, Arc<Prospects>)>,
}

impl BlockChoice {
    /// Why a block cannot give alerts; `None` where it can.
    pub(super) fn judge(
        &mut self,
        header: &BlockHeader,
        program: &Program,
        options: &ReplayOptions,
    ) -> Option<PassedOver> {
        let from = options.from_ns.unwrap_or(0);
        let to = options.to_ns.unwrap_or(u64::MAX);
        let loss_in_time = header.losses.iter().any(|loss| (from..=to).contains(&loss.first_ts_ns));
        if loss_in_time && program.wants(EventKind::DROP) {
            return None;
        }
        if header.rows == 0 || header.first_ts_ns > to || header.last_ts_ns < from {
            return Some(PassedOver::Time);
        }
        let has_any =
            |is_asked_for: &dyn Fn(EventKind) -> bool| header.kinds.iter().any(|(kind, _)| is_asked_for(*kind));
        if !has_any(&|kind| program.wants(kind)) {
            return Some(PassedOver::Kinds);
        }
        let prospects = self.prospects_in(&header.containers, program);
        if has_any(&|kind| prospects.contains(kind)) { None } else { Some(PassedOver::Containers) }
    }

    /// What may match in a block with these containers.
    pub(super) fn prospects_in(&mut self, containers: &[String], program: &Program) -> Arc<Prospects> {
        let known = self.known.take().filter(|(ids, _)| ids == containers);
        let known = known.unwrap_or_else(|| (containers.to_vec(), Arc::new(program.prospects(containers))));
        Arc::clone(&self.known.insert(known).1)
    }
}
