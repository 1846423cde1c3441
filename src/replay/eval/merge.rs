//! Merging: alerts come block by block from any thread, and go out in the order of time.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

use super::job::{Done, Made, Message};
use super::profile::Lap;
use super::replay::ReplayOptions;
use super::summary::ReplaySummary;
use crate::replay::compile::RuleId;

/// Takes what was made of an alert, and its text.
pub(super) type Take<'r, T> = &'r mut dyn FnMut(T, &[u8]) -> io::Result<()>;

/// What is known of one capture's alerts.
struct Lane<T> {
    /// Blocks that came before their turn.
    early: BTreeMap<u64, Done<T>>,
    /// The number of the block whose turn it is.
    next: u64,
    /// Blocks with alerts that are not yet written, in order.
    blocks: VecDeque<Waiting<T>>,
    /// Jobs under way.
    asked: usize,
    ended: bool,
}

/// The alerts of a block that are not yet written.
struct Waiting<T> {
    alerts: std::iter::Peekable<std::vec::IntoIter<Made<T>>>,
    text: Vec<u8>,
    /// Where the text of the next alert begins.
    text_at: usize,
}

impl<T> Default for Lane<T> {
    fn default() -> Lane<T> {
        Lane { early: BTreeMap::new(), next: 0, blocks: VecDeque::new(), asked: 0, ended: false }
    }
}

impl<T> Lane<T> {
    /// Blocks under way or not yet written out.
    fn ahead(&self) -> usize {
        self.asked + self.early.len() + self.blocks.len()
    }

    fn is_over(&self) -> bool {
        self.ended && self.asked == 0 && self.early.is_empty()
    }

    /// The time of the next alert.
    fn next_ts_ns(&mut self) -> Option<u64> {
        Some(self.blocks.front_mut()?.alerts.peek()?.ts_ns)
    }

    /// Hands over the next alert.
    fn take_next(&mut self, take: Take<'_, T>) -> io::Result<Option<RuleId>> {
        let Some(block) = self.blocks.front_mut() else { return Ok(None) };
        let Some(alert) = block.alerts.next() else { return Ok(None) };
        take(alert.made, block.text.get(block.text_at..alert.text_end).unwrap_or_default())?;
        block.text_at = alert.text_end;
        if block.alerts.peek().is_none() {
            self.blocks.pop_front();
        }
        Ok(Some(alert.rule))
    }
}

/// Brings what jobs made into the order of time.
pub(super) struct Merge<T> {
    lanes: Vec<Lane<T>>,
    /// How many blocks of a capture may be under way.
    ahead: usize,
    summary: ReplaySummary,
}

impl<T> Merge<T> {
    /// For so many captures, each of which may have `ahead` blocks under way or waiting to be written.
    pub(super) fn new(captures: usize, ahead: usize, summary: ReplaySummary) -> Merge<T> {
        Merge { lanes: (0..captures).map(|_| Lane::default()).collect(), ahead, summary }
    }

    pub(super) fn into_summary(self) -> ReplaySummary {
        self.summary
    }

    /// Asks for blocks and hands over alerts until all captures are at their ends.
    pub(super) fn run(
        &mut self,
        receiver: &Receiver<Message<T>>,
        ask: &dyn Fn(usize),
        options: &ReplayOptions,
        take: Take<'_, T>,
    ) -> io::Result<()> {
        loop {
            let mut lap = Lap::start(self.summary.profile.is_some());
            self.write_ready(take)?;
            if let Some(profile) = &mut self.summary.profile {
                profile.stages.write_ns += lap.ns();
            }
            for (at, lane) in self.lanes.iter_mut().enumerate() {
                while !lane.ended && lane.ahead() < self.ahead {
                    lane.asked += 1;
                    ask(at);
                }
            }
            if self.lanes.iter().all(|lane| lane.asked == 0) {
                return Ok(());
            }
            match receiver.recv() {
                Ok(Message::Done(at, number, done)) => self.arrived(at, number, done, options),
                Ok(Message::End(at)) => {
                    if let Some(lane) = self.lanes.get_mut(at) {
                        lane.asked -= 1;
                        lane.ended = true;
                    }
                }
                Ok(Message::Died) | Err(_) => return Ok(()),
            }
        }
    }

    fn arrived(&mut self, at: usize, number: u64, mut done: Done<T>, options: &ReplayOptions) {
        if done.damage.is_none() {
            self.summary.blocks += 1;
            self.summary.events += done.events;
        }
        if let Some(progress) = &options.progress {
            progress.fetch_add(done.events, Ordering::Relaxed);
        }
        if let (Some(profile), Some(read)) = (&mut self.summary.profile, done.profile.take()) {
            profile.add_read(at, &read.0, read.1);
        }
        for (rule, cost) in self.summary.by_rule.iter_mut().zip(std::mem::take(&mut done.cost.rules)) {
            rule.cost.rows += cost.rows;
            rule.cost.matched += cost.matched;
            rule.cost.ns += cost.ns;
        }
        let Some(lane) = self.lanes.get_mut(at) else { return };
        lane.asked -= 1;
        lane.early.insert(number, done);
        while let Some(done) = lane.early.remove(&lane.next) {
            lane.next += 1;
            if let Some(damage) = done.damage {
                self.summary.note_damage(damage);
            }
            if !done.alerts.is_empty() {
                let alerts = done.alerts.into_iter().peekable();
                lane.blocks.push_back(Waiting { alerts, text: done.text, text_at: 0 });
            }
        }
    }

    /// Hands over alerts as long as it is certain which is the next.
    fn write_ready(&mut self, take: Take<'_, T>) -> io::Result<()> {
        loop {
            let mut next: Option<(u64, usize)> = None;
            for (at, lane) in self.lanes.iter_mut().enumerate() {
                match lane.next_ts_ns() {
                    Some(ts_ns) if next.is_none_or(|(oldest, _)| ts_ns < oldest) => next = Some((ts_ns, at)),
                    Some(_) => {}
                    None if lane.is_over() => {}
                    None => return Ok(()),
                }
            }
            let Some(lane) = next.and_then(|(_, at)| self.lanes.get_mut(at)) else { return Ok(()) };
            let Some(rule) = lane.take_next(take)? else { return Ok(()) };
            self.summary.alerts += 1;
            if let Some(count) = self.summary.by_rule.get_mut(rule.0 as usize) {
                count.alerts += 1;
            }
        }
    }
}
