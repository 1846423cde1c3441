//! Jobs: read a capture's next block, evaluate it, make something of its alerts. Jobs run on any thread.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use super::alert::Alert;
use super::block::{BlockCost, BlockOptions, Match, evaluate_view};
use super::profile::{BlockProfile, Lap, StageTimes};
use super::replay::ReplayOptions;
use super::summary::Seen;
use super::wanted::BlockChoice;
use crate::format::schema::KindSet;
use crate::format::{Block, Damage, Ending, RawBlock, Reader};
use crate::replay::compile::{Program, Prospects, RuleId};
use crate::replay::fields::{BlockView, CaptureFacts, EventRow};

/// Makes something of an alert, and may append text that belongs to it.
pub(super) type MakeOne<'m, T> = Box<dyn FnMut(&Alert<'_, '_>, &mut Vec<u8>) -> Result<T, Damage> + 'm>;

/// Gives what makes something of the alerts of one block.
pub(super) type Make<'m, T> = &'m (dyn Fn() -> MakeOne<'m, T> + Sync);

/// A capture that is being read.
pub(super) struct Capture {
    reading: Mutex<Reading>,
}

/// A capture after its last block.
pub(super) struct Finished {
    pub(super) file: String,
    pub(super) ending: Option<Ending>,
    pub(super) seen: Seen,
    /// Bytes that were read, and that were passed over.
    pub(super) bytes: (u64, u64),
    /// Blocks that were passed over, if measured.
    pub(super) passed_over: Vec<BlockProfile>,
}

struct Reading {
    reader: Reader,
    facts: Arc<CaptureFacts>,
    /// The number of the next thing that is read: a block or a damaged place.
    next: u64,
    seen: Seen,
    choice: BlockChoice,
    /// Blocks that were passed over, if measured.
    passed_over: Vec<BlockProfile>,
}

impl Capture {
    /// A capture that this program is to be run over.
    pub(super) fn new(reader: Reader, program: &Program) -> Capture {
        reader.ask_for(KindSet::of(|kind| program.wants(kind)));
        let (host_name, first_ts_ns) = (reader.header().host_name.clone(), reader.first_event_ns());
        let facts = CaptureFacts { host_name, first_ts_ns };
        let reading = Reading {
            reader,
            facts: Arc::new(facts),
            next: 0,
            seen: Seen::default(),
            choice: BlockChoice::default(),
            passed_over: Vec::new(),
        };
        Capture { reading: Mutex::new(reading) }
    }

    /// What is left of it when all is read.
    pub(super) fn finish(self) -> Finished {
        let reading = self.reading.into_inner().unwrap_or_else(PoisonError::into_inner);
        Finished {
            file: reading.reader.file().to_owned(),
            ending: reading.reader.ending().cloned(),
            bytes: reading.reader.bytes(),
            seen: reading.seen,
            passed_over: reading.passed_over,
        }
    }
}

impl Reading {
    /// The next block that the program wants, and what may match in it.
    fn next_wanted(&mut self, program: &Program, options: &ReplayOptions) -> Option<Result<Wanted, Damage>> {
        let Reading { reader, facts, seen, choice, passed_over, .. } = self;
        let reads_file = reader.has_chain();
        let block = reader.next_block(&mut |header| {
            if facts.first_ts_ns == 0 && header.rows > 0 && reads_file {
                *facts = Arc::new(CaptureFacts { first_ts_ns: header.first_ts_ns, host_name: facts.host_name.clone() });
            }
            let reason = choice.judge(header, program, options);
            seen.note(header, reason.is_none());
            if let Some(reason) = reason
                && options.measures
            {
                passed_over.push(BlockProfile::new(header, Err(reason)));
            }
            reason.is_none()
        })?;
        Some(block.map(|block| Wanted { prospects: choice.prospects_in(&block.header().containers, program), block }))
    }
}

/// A block that has been read.
struct Wanted {
    block: RawBlock,
    prospects: Arc<Prospects>,
}

/// What every job needs.
pub(super) struct Job<'r, 'm, T> {
    pub(super) program: &'r Program,
    pub(super) options: &'r ReplayOptions,
    pub(super) captures: &'r [Capture],
    pub(super) make: Make<'m, T>,
    pub(super) stop: &'r AtomicBool,
}

/// What came of one block.
pub(super) struct Done<T> {
    pub(super) events: u64,
    pub(super) alerts: Vec<Made<T>>,
    /// The texts of all alerts, one after the other.
    pub(super) text: Vec<u8>,
    pub(super) cost: BlockCost,
    /// What was done with the block and how long that took, if measured.
    pub(super) profile: Option<Box<(StageTimes, BlockProfile)>>,
    pub(super) damage: Option<Damage>,
}

impl<T> Done<T> {
    fn damaged(damage: Damage) -> Done<T> {
        Done {
            events: 0,
            alerts: Vec::new(),
            text: Vec::new(),
            cost: BlockCost::default(),
            profile: None,
            damage: Some(damage),
        }
    }
}

/// What was made of one alert.
pub(super) struct Made<T> {
    pub(super) ts_ns: u64,
    pub(super) rule: RuleId,
    /// Where its text ends; it begins where that of the alert before ends.
    pub(super) text_end: usize,
    pub(super) made: T,
}

pub(super) enum Message<T> {
    /// A block (or damaged place) of a capture, by its number.
    Done(usize, u64, Done<T>),
    /// The capture has no more.
    End(usize),
    /// A job died; the panic goes on when the pool is left.
    Died,
}

/// Sends exactly one message, also when its job dies.
pub(super) struct Report<T> {
    pub(super) sender: Sender<Message<T>>,
    pub(super) sent: bool,
}

impl<T> Report<T> {
    fn send(mut self, message: Message<T>) {
        self.sent = true;
        // Nobody listens any more once writing has failed.
        let _ = self.sender.send(message);
    }
}

impl<T> Drop for Report<T> {
    fn drop(&mut self) {
        if !self.sent {
            let _ = self.sender.send(Message::Died);
        }
    }
}

impl<T> Job<'_, '_, T> {
    /// Reads the capture's next block and evaluates it.
    pub(super) fn run(&self, capture: usize, report: Report<T>) {
        let Some(reading) = self.captures.get(capture) else { return report.send(Message::End(capture)) };
        if self.stop.load(Ordering::Relaxed) {
            return report.send(Message::End(capture));
        }
        let (number, block, facts, read_ns) = {
            let mut reading = reading.reading.lock().unwrap_or_else(PoisonError::into_inner);
            let mut lap = Lap::start(self.options.measures);
            let Some(block) = reading.next_wanted(self.program, self.options) else {
                return report.send(Message::End(capture));
            };
            let number = reading.next;
            reading.next += 1;
            (number, block, Arc::clone(&reading.facts), lap.ns())
        };
        let done = self.evaluate(block, &facts, read_ns).unwrap_or_else(Done::damaged);
        report.send(Message::Done(capture, number, done));
    }

    fn evaluate(&self, wanted: Result<Wanted, Damage>, facts: &CaptureFacts, read_ns: u64) -> Result<Done<T>, Damage> {
        let measures = self.options.measures;
        let mut lap = Lap::start(measures);
        let Wanted { block, prospects } = wanted?;
        let block = block.decode()?;
        let check_ns = lap.ns();
        if measures {
            block.measure();
        }
        let view = BlockView::new(&block, facts);
        let options = BlockOptions {
            from_ns: self.options.from_ns,
            to_ns: self.options.to_ns,
            all_matches: self.options.all_matches,
            measures,
        };
        let mut cost = BlockCost::default();
        let matches = evaluate_view(self.program, &prospects, &view, &options, &mut cost)?;
        let (evaluation_ns, asked_columns_ns) = (lap.ns(), block.columns_ns());
        let (alerts, text) = self.make_alerts(&block, &view, &matches)?;
        let (making_ns, columns_ns) = (lap.ns(), block.columns_ns());
        let profile = measures.then(|| {
            let usage = block.usage();
            let stages = StageTimes {
                read_ns,
                check_ns,
                inflate_ns: usage.inflate_ns,
                decode_ns: usage.decode_ns,
                dimension_ns: cost.dimension_ns,
                row_ns: evaluation_ns.saturating_sub(asked_columns_ns + cost.dimension_ns),
                output_ns: making_ns.saturating_sub(columns_ns - asked_columns_ns),
                write_ns: 0,
            };
            Box::new((stages, BlockProfile::new(block.header(), Ok(usage))))
        });
        Ok(Done { events: u64::from(block.header().rows), alerts, text, cost, profile, damage: None })
    }

    fn make_alerts(
        &self,
        block: &Block,
        view: &BlockView<'_>,
        matches: &[Match],
    ) -> Result<(Vec<Made<T>>, Vec<u8>), Damage> {
        let lost_events = block.header().lost();
        let mut alerts = Vec::with_capacity(matches.len());
        let mut text = Vec::new();
        let mut make = (self.make)();
        let mut tables = BTreeMap::new();
        for found in matches.iter().filter(|found| found.is_event) {
            if let std::collections::btree_map::Entry::Vacant(slot) = tables.entry(found.kind)
                && let Some(table) = block.table(found.kind)
            {
                slot.insert(table);
            }
        }
        for found in matches {
            let row = usize::try_from(found.row).unwrap_or(usize::MAX);
            let event = match (found.is_event, tables.get(&found.kind), block.header().losses.get(row)) {
                (true, Some(table), _) => EventRow::new(view, table, row),
                (false, _, Some(loss)) => EventRow::lost(view, loss),
                (true, None, _) | (false, _, None) => continue,
            };
            let Some(rule) = self.program.rule(found.rule) else { continue };
            let made = make(&Alert { rule, event, lost_events }, &mut text)?;
            alerts.push(Made { ts_ns: event.ts_ns()?, rule: found.rule, text_end: text.len(), made });
        }
        Ok((alerts, text))
    }
}
