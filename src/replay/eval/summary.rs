//! What a replay found, and what it did not see.

use std::time::Duration;

use super::block::RuleCost;
use super::profile::ReplayProfile;
use crate::format::{BlockHeader, Damage, Ending};
use crate::replay::compile::{Program, RuleHead};
use crate::replay::rules::Priority;

/// What a replay found and what it did not see.
#[derive(Clone, Debug, Default)]
pub struct ReplaySummary {
    /// Events in the blocks that were evaluated.
    pub events: u64,
    /// Events in blocks that were passed over unread, because no rule asks for them or they are out of time.
    pub events_skipped: u64,
    /// Blocks that were evaluated.
    pub blocks: u64,
    /// Blocks that were passed over.
    pub blocks_skipped: u64,
    /// Damaged places: blocks that could not be evaluated, and what lay between frames.
    pub damaged: u64,
    /// The first of them, at most [`ReplaySummary::MAX_DAMAGES`].
    pub damages: Vec<Damage>,
    /// Alerts.
    pub alerts: u64,
    /// Alerts by rule, for all rules that take part, in load order.
    pub by_rule: Vec<RuleCount>,
    /// Events that the recordings lost.
    pub lost_events: u64,
    /// Time of the first event that was seen or passed over, ns since the epoch; 0 without events.
    pub first_ts_ns: u64,
    /// Time of the last.
    pub last_ts_ns: u64,
    /// How each capture ended; `None` when its end was not reached.
    pub endings: Vec<(String, Option<Ending>)>,
    /// How long it took.
    pub elapsed: Duration,
    /// What was done with each block, and where the time went; `None` unless measured.
    pub profile: Option<ReplayProfile>,
}

/// What came of a rule.
#[derive(Clone, Debug)]
pub struct RuleCount {
    /// The rule's name.
    pub name: String,
    /// Its priority.
    pub priority: Priority,
    /// How many alerts.
    pub alerts: u64,
    /// What it cost; all zero unless measured.
    pub cost: RuleCost,
}

impl ReplaySummary {
    /// How many damages are kept; all are counted.
    pub const MAX_DAMAGES: usize = 1000;

    /// How many alerts have a priority.
    pub fn alerts_of(&self, priority: Priority) -> u64 {
        self.by_rule.iter().filter(|rule| rule.priority == priority).map(|rule| rule.alerts).sum()
    }

    /// The worst priority of any alert.
    pub fn worst(&self) -> Option<Priority> {
        self.by_rule.iter().filter(|rule| rule.alerts > 0).map(|rule| rule.priority).min()
    }

    /// Whether everything was read: no damage, and every capture to its end.
    pub fn is_complete(&self) -> bool {
        self.damaged == 0 && self.endings.iter().all(|(_, ending)| !matches!(ending, None | Some(Ending::Truncated(_))))
    }

    /// A summary of nothing yet, for a program's rules.
    pub(super) fn of(program: &Program, measures: bool) -> ReplaySummary {
        let count = |rule: &RuleHead| RuleCount {
            name: rule.name.clone(),
            priority: rule.priority,
            alerts: 0,
            cost: RuleCost::default(),
        };
        ReplaySummary {
            by_rule: program.rules().iter().map(count).collect(),
            profile: measures.then(ReplayProfile::default),
            ..ReplaySummary::default()
        }
    }

    pub(super) fn note_damage(&mut self, damage: Damage) {
        self.damaged += 1;
        if self.damages.len() < Self::MAX_DAMAGES {
            self.damages.push(damage);
        }
    }

    /// Adds what was seen of a capture's blocks.
    pub(super) fn note_seen(&mut self, seen: &Seen) {
        self.blocks_skipped += seen.blocks_skipped;
        self.events_skipped += seen.events_skipped;
        self.lost_events = self.lost_events.saturating_add(seen.lost_events);
        if let Some((first_ts_ns, last_ts_ns)) = seen.times_ns {
            if self.first_ts_ns == 0 || first_ts_ns < self.first_ts_ns {
                self.first_ts_ns = first_ts_ns;
            }
            self.last_ts_ns = self.last_ts_ns.max(last_ts_ns);
        }
    }
}

/// What the headers of a capture's blocks say, of those that are read and those that are not.
#[derive(Debug, Default)]
pub(super) struct Seen {
    blocks_skipped: u64,
    events_skipped: u64,
    lost_events: u64,
    /// The first and the last time of any event.
    pub(super) times_ns: Option<(u64, u64)>,
}

impl Seen {
    pub(super) fn note(&mut self, header: &BlockHeader, is_wanted: bool) {
        if !is_wanted {
            self.blocks_skipped += 1;
            self.events_skipped += u64::from(header.rows);
        }
        self.lost_events = self.lost_events.saturating_add(header.lost());
        if header.rows > 0 {
            let (first, last) = self.times_ns.unwrap_or((u64::MAX, 0));
            self.times_ns = Some((header.first_ts_ns.min(first), header.last_ts_ns.max(last)));
        }
    }
}
