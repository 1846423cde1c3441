//! Whole captures: blocks are read, evaluated and printed on all processors, and come out in order.
//!
//! ```text
//! this thread: asks for blocks ----> pool: read one (a capture at a time), decode, evaluate, print into memory
//!              writes, in order <---- alerts of the block with their times
//! ```
//!
//! A capture has a few blocks under way at a time; of several captures the one whose next alert is the oldest goes
//! first. So memory is bounded, and what is written does not depend on the number of threads.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::Instant;

use super::alert::{Alert, AlertPrinter};
use super::job::{Capture, Job, Make, MakeOne, Report};
use super::merge::{Merge, Take};
use super::summary::ReplaySummary;
use crate::format::{Damage, Reader};
use crate::replay::compile::Program;

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
    /// Whether to measure what each rule costs, what of the captures is read, and where the time goes.
    pub measures: bool,
    /// Counts events that are done, for whoever shows progress.
    pub progress: Option<Arc<AtomicU64>>,
}

/// Why a replay ended early.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Writing alerts failed; a closed pipe is an [`io::ErrorKind::BrokenPipe`].
    #[error("cannot write what was found: {0}")]
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
    let make = || -> MakeOne<'_, ()> {
        let mut block = printer.for_block();
        Box::new(move |alert, text| block.print(alert, text))
    };
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
    let make_one = || -> MakeOne<'_, T> { Box::new(|alert, _| make(alert)) };
    run(readers, program, options, &make_one, &mut |made, _| take(made))
}

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
    let captures: Vec<Capture> = readers.into_iter().map(|reader| Capture::new(reader, program)).collect();
    let stop = AtomicBool::new(false);
    let job = Job { program, options, captures: &captures, make, stop: &stop };
    let ahead = 2 + 2 * threads / captures.len().max(1);
    let mut merge = Merge::new(captures.len(), ahead, ReplaySummary::of(program, options.measures));
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
    let mut summary = merge.into_summary();
    for (at, capture) in captures.into_iter().enumerate() {
        let capture = capture.finish();
        summary.note_seen(&capture.seen);
        summary.endings.push((capture.file, capture.ending));
        if let Some(profile) = &mut summary.profile {
            profile.end_capture(at, capture.passed_over, capture.bytes);
        }
    }
    summary.elapsed = started.elapsed();
    Ok(summary)
}
