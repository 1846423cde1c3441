//! Whole captures: blocks are read, evaluated and printed on all processors, and come out in order.
//!
//! ```text
//! this thread: asks for blocks ----> pool: read one (a capture at a time), decode, evaluate, print into memory
//!              writes, in order <---- alerts of the block with their times
//! ```
//!
//! A capture has a few blocks under way at a time; of several captures the one whose next alert is the oldest goes
//! first. So memory is bounded, and what is written does not depend on the number of threads.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::block::{BlockOptions, Match, RuleCost, evaluate_view};
use crate::format::schema::EventKind;
use crate::format::{Block, BlockHeader, Damage, Ending, Loss, RawBlock, Reader};
use crate::replay::compile::{Program, RuleHead, RuleId};
use crate::replay::fields::{BlockView, CaptureFacts, EventRow};
use crate::replay::rules::Priority;

/// How to replay.
#[derive(Clone, Debug, Default)]
pub struct ReplayOptions {
    /// How many threads evaluate; 0 is one for each processor.
    pub threads: usize,
    /// Nothing before this, ns since the epoch.
    pub from_ns: Option<u64>,
    /// Nothing after this.
    pub to_ns: Option<u64>,
    /// Every rule that matches an event gives an alert, and not the first only.
    pub all_matches: bool,
    /// Whether to measure what each rule costs.
    pub measures: bool,
    /// Counts events that are done, for whoever shows progress.
    pub progress: Option<Arc<AtomicU64>>,
}

/// An event that a rule matched, as printers see it.
#[derive(Clone, Copy)]
pub struct Alert<'v, 'b> {
    /// The rule.
    pub rule: &'v RuleHead,
    /// The event.
    pub event: EventRow<'v, 'b>,
    /// How many events the recording lost while the alert's block was made: what led to it may be among them.
    pub lost_events: u64,
}

/// Writes alerts as text.
pub trait AlertPrinter {
    /// What stands before the first alert: a heading, or nothing.
    fn print_heading(&self, out: &mut Vec<u8>) {
        let _ = out;
    }

    /// Appends an alert, with its line end.
    ///
    /// # Errors
    /// A column that is printed cannot be read.
    fn print(&self, alert: &Alert<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage>;
}

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

    fn note_damage(&mut self, damage: Damage) {
        self.damaged += 1;
        if self.damages.len() < Self::MAX_DAMAGES {
            self.damages.push(damage);
        }
    }

    fn note_header(&mut self, header: &BlockHeader) {
        self.lost_events = self.lost_events.saturating_add(header.lost());
        if header.rows > 0 {
            if self.first_ts_ns == 0 || header.first_ts_ns < self.first_ts_ns {
                self.first_ts_ns = header.first_ts_ns;
            }
            self.last_ts_ns = self.last_ts_ns.max(header.last_ts_ns);
        }
    }
}

/// Why a replay ended early.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Writing alerts failed; a closed pipe is an [`io::ErrorKind::BrokenPipe`].
    #[error("cannot write alerts: {0}")]
    Output(#[source] io::Error),
    /// The system gives no threads.
    #[error("cannot start threads: {0}")]
    Threads(String),
}

/// Evaluates captures and writes what the printer makes of the alerts, in the order of their times.
///
/// Damage is not an error: it is counted in the summary, and the rest is evaluated.
///
/// # Errors
/// Writing fails, or no threads can be had.
pub fn replay(
    readers: Vec<Reader>,
    program: &Program,
    options: &ReplayOptions,
    printer: &(dyn AlertPrinter + Sync),
    out: &mut dyn Write,
) -> Result<ReplaySummary, ReplayError> {
    let mut heading = Vec::new();
    printer.print_heading(&mut heading);
    out.write_all(&heading).map_err(ReplayError::Output)?;
    let make = |alert: &Alert<'_, '_>, text: &mut Vec<u8>| printer.print(alert, text);
    let summary = run(readers, program, options, &make, &mut |(), text| out.write_all(text))?;
    out.flush().map_err(ReplayError::Output)?;
    Ok(summary)
}

/// Evaluates captures, makes something of each alert (on any thread), and hands it over in the order of time.
///
/// # Errors
/// As [`replay`].
pub fn replay_each<T: Send>(
    readers: Vec<Reader>,
    program: &Program,
    options: &ReplayOptions,
    make: &(dyn Fn(&Alert<'_, '_>) -> Result<T, Damage> + Sync),
    take: &mut dyn FnMut(T) -> io::Result<()>,
) -> Result<ReplaySummary, ReplayError> {
    run(readers, program, options, &|alert, _| make(alert), &mut |made, _| take(made))
}

/// Makes something of an alert, and may append text that belongs to it.
type Make<'r, T> = &'r (dyn Fn(&Alert<'_, '_>, &mut Vec<u8>) -> Result<T, Damage> + Sync);
/// Takes what was made of an alert, and its text.
type Take<'r, T> = &'r mut dyn FnMut(T, &[u8]) -> io::Result<()>;

fn run<T: Send>(
    readers: Vec<Reader>,
    program: &Program,
    options: &ReplayOptions,
    make: Make<'_, T>,
    take: Take<'_, T>,
) -> Result<ReplaySummary, ReplayError> {
    let started = Instant::now();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads)
        .thread_name(|at| format!("replay-{at}"))
        .build()
        .map_err(|error| ReplayError::Threads(error.to_string()))?;
    let threads = pool.current_num_threads();
    let captures: Vec<Capture> = readers.into_iter().map(Capture::new).collect();
    let stop = AtomicBool::new(false);
    let job = Job { program, options, captures: &captures, make, stop: &stop };
    let mut merge = Merge {
        lanes: captures.iter().map(|_| Lane::default()).collect(),
        ahead: 2 + 2 * threads / captures.len().max(1),
        summary: ReplaySummary {
            by_rule: program
                .rules()
                .iter()
                .map(|rule| RuleCount {
                    name: rule.name.clone(),
                    priority: rule.priority,
                    alerts: 0,
                    cost: RuleCost::default(),
                })
                .collect(),
            ..ReplaySummary::default()
        },
    };
    let outcome = pool.in_place_scope(|scope| {
        let (sender, receiver) = channel();
        let ask = |capture: usize| {
            let report = Report { sender: sender.clone(), sent: false };
            let job = &job;
            scope.spawn(move |_| job.run(capture, report));
        };
        let outcome = merge.run(&receiver, &ask, options, take);
        stop.store(true, Ordering::Relaxed);
        outcome
    });
    outcome.map_err(ReplayError::Output)?;
    let mut summary = merge.summary;
    for capture in captures {
        let reading = capture.reading.into_inner().unwrap_or_else(PoisonError::into_inner);
        summary.blocks_skipped += reading.blocks_skipped;
        summary.events_skipped += reading.events_skipped;
        summary.note_headers_of(&reading);
        summary.endings.push((reading.reader.file().to_owned(), reading.reader.ending().cloned()));
    }
    summary.elapsed = started.elapsed();
    Ok(summary)
}

impl ReplaySummary {
    fn note_headers_of(&mut self, reading: &Reading) {
        self.note_header(&BlockHeader {
            rows: u32::from(reading.last_ts_ns > 0),
            first_ts_ns: reading.first_ts_ns,
            last_ts_ns: reading.last_ts_ns,
            losses: vec![Loss { cpu: 0, kind: None, count: reading.lost_events, first_ts_ns: 0, last_ts_ns: 0 }],
            ..BlockHeader::default()
        });
    }
}

/// A capture that is being read.
struct Capture {
    reading: Mutex<Reading>,
}

struct Reading {
    reader: Reader,
    facts: Arc<CaptureFacts>,
    /// The number of the next thing that is read: a block or a damaged place.
    next: u64,
    blocks_skipped: u64,
    events_skipped: u64,
    lost_events: u64,
    first_ts_ns: u64,
    last_ts_ns: u64,
}

impl Capture {
    fn new(reader: Reader) -> Capture {
        let facts = CaptureFacts { host_name: reader.header().host_name.clone(), first_ts_ns: 0 };
        Capture {
            reading: Mutex::new(Reading {
                reader,
                facts: Arc::new(facts),
                next: 0,
                blocks_skipped: 0,
                events_skipped: 0,
                lost_events: 0,
                first_ts_ns: 0,
                last_ts_ns: 0,
            }),
        }
    }
}

impl Reading {
    /// The next block that the program wants.
    fn next_wanted(&mut self, program: &Program, options: &ReplayOptions) -> Option<Result<RawBlock, Damage>> {
        let Reading { reader, facts, blocks_skipped, events_skipped, lost_events, first_ts_ns, last_ts_ns, .. } = self;
        reader.next_block(&mut |header| {
            if facts.first_ts_ns == 0 && header.rows > 0 {
                *facts = Arc::new(CaptureFacts { first_ts_ns: header.first_ts_ns, host_name: facts.host_name.clone() });
            }
            *lost_events = lost_events.saturating_add(header.lost());
            if header.rows > 0 {
                if *first_ts_ns == 0 || header.first_ts_ns < *first_ts_ns {
                    *first_ts_ns = header.first_ts_ns;
                }
                *last_ts_ns = header.last_ts_ns.max(*last_ts_ns);
            }
            let wanted = is_wanted(header, program, options);
            if !wanted {
                *blocks_skipped += 1;
                *events_skipped += u64::from(header.rows);
            }
            wanted
        })
    }
}

/// Whether a block can give alerts.
fn is_wanted(header: &BlockHeader, program: &Program, options: &ReplayOptions) -> bool {
    let from = options.from_ns.unwrap_or(0);
    let to = options.to_ns.unwrap_or(u64::MAX);
    let in_time = header.rows > 0 && header.first_ts_ns <= to && header.last_ts_ns >= from;
    let loss_in_time = header.losses.iter().any(|loss| (from..=to).contains(&loss.first_ts_ns));
    in_time && header.kinds.iter().any(|(kind, _)| program.wants(*kind))
        || loss_in_time && program.wants(EventKind::DROP)
}

/// What every job needs.
struct Job<'r, T> {
    program: &'r Program,
    options: &'r ReplayOptions,
    captures: &'r [Capture],
    make: Make<'r, T>,
    stop: &'r AtomicBool,
}

/// What came of one block.
struct Done<T> {
    events: u64,
    alerts: Vec<Made<T>>,
    /// The texts of all alerts, one after the other.
    text: Vec<u8>,
    costs: Vec<RuleCost>,
    damage: Option<Damage>,
}

impl<T> Done<T> {
    fn damaged(damage: Damage) -> Done<T> {
        Done { events: 0, alerts: Vec::new(), text: Vec::new(), costs: Vec::new(), damage: Some(damage) }
    }
}

/// What was made of one alert.
struct Made<T> {
    ts_ns: u64,
    rule: RuleId,
    /// Where its text ends; it begins where that of the alert before ends.
    text_end: usize,
    made: T,
}

enum Message<T> {
    /// A block (or damaged place) of a capture, by its number.
    Done(usize, u64, Done<T>),
    /// The capture has no more.
    End(usize),
    /// A job died; the panic goes on when the pool is left.
    Died,
}

/// Sends exactly one message, also when its job dies.
struct Report<T> {
    sender: Sender<Message<T>>,
    sent: bool,
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

impl<T> Job<'_, T> {
    /// Reads the capture's next block and evaluates it.
    fn run(&self, capture: usize, report: Report<T>) {
        let Some(reading) = self.captures.get(capture) else { return report.send(Message::End(capture)) };
        if self.stop.load(Ordering::Relaxed) {
            return report.send(Message::End(capture));
        }
        let (number, block, facts) = {
            let mut reading = reading.reading.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(block) = reading.next_wanted(self.program, self.options) else {
                return report.send(Message::End(capture));
            };
            let number = reading.next;
            reading.next += 1;
            (number, block, Arc::clone(&reading.facts))
        };
        let done = self.evaluate(block, &facts).unwrap_or_else(Done::damaged);
        report.send(Message::Done(capture, number, done));
    }

    fn evaluate(&self, block: Result<RawBlock, Damage>, facts: &CaptureFacts) -> Result<Done<T>, Damage> {
        let block = block?.decode()?;
        let view = BlockView::new(&block, facts);
        let options = BlockOptions {
            from_ns: self.options.from_ns,
            to_ns: self.options.to_ns,
            all_matches: self.options.all_matches,
            measures: self.options.measures,
        };
        let mut costs = Vec::new();
        let matches = evaluate_view(self.program, &view, &options, &mut costs)?;
        let (alerts, text) = self.make_alerts(&block, &view, &matches)?;
        Ok(Done { events: u64::from(block.header().rows), alerts, text, costs, damage: None })
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
            let made = (self.make)(&Alert { rule, event, lost_events }, &mut text)?;
            alerts.push(Made { ts_ns: event.ts_ns()?, rule: found.rule, text_end: text.len(), made });
        }
        Ok((alerts, text))
    }
}

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

struct Merge<T> {
    lanes: Vec<Lane<T>>,
    /// How many blocks of a capture may be under way.
    ahead: usize,
    summary: ReplaySummary,
}

impl<T> Merge<T> {
    fn run(
        &mut self,
        receiver: &Receiver<Message<T>>,
        ask: &dyn Fn(usize),
        options: &ReplayOptions,
        take: Take<'_, T>,
    ) -> io::Result<()> {
        loop {
            self.write_ready(take)?;
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
        for (rule, cost) in self.summary.by_rule.iter_mut().zip(std::mem::take(&mut done.costs)) {
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
