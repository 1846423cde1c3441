//! `sysreel record`: from the kernel into a capture file.
//!
//! ```text
//! probe -> scope -> held command -> programs attached -> snapshot -> file opened -> command released -> events
//! ```
//!
//! Whatever can be wrong is found before the file is opened.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use signal_hook::consts::{SIGINT, SIGTERM};
use sysreel::capture::container::default_roots;
use sysreel::capture::live::decode::Decoder;
use sysreel::capture::live::event_set::EventSet;
use sysreel::capture::live::wire::Record;
use sysreel::capture::live::{HeldCommand, HostFacts, Live, LiveEnd, LiveOptions};
use sysreel::capture::recorder::{RecordError, Recorder, RecorderOptions};
use sysreel::format::{CaptureHeader, Summary};

use crate::cli::RecordArgs;
use crate::destination::Destination;
use crate::exit::Exit;
use crate::known_state::look_around;
use crate::progress::{Figures, Progress};
use crate::pump::{Chunk, Delivery, Pump};
use crate::scope::choose_scope;
use crate::size_limit::{SizeLimit, Verdict};
use crate::table::{bytes, thousands};
use crate::terminal::Terminal;
use crate::time::show_duration;

/// How long to wait for events before looking at signals, limits and the command.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// So many records are taken before the size is looked at again.
const LIMITS_EVERY: usize = 256;

/// How long the writer may take to write the block in hand when its size has to be known.
const MEASURE_TIMEOUT: Duration = Duration::from_secs(2);

/// Runs the command.
pub(crate) fn run(args: &RecordArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let destination = Destination::check(&args.output, args.force)?;
    let events = EventSet::parse(&args.events)?;
    let host = Live::probe()?;
    let docker_roots = if args.docker_root.is_empty() { default_roots() } else { args.docker_root.clone() };
    let scope = choose_scope(args, &docker_roots)?;
    let signals = Signals::watch()?;

    let mut command = if args.command.is_empty() {
        None
    } else {
        destination.divert_command_output()?;
        match HeldCommand::spawn(&args.command) {
            Ok(command) => Some(command),
            Err(error) => {
                terminal.note(&format!("sysreel: {error}"));
                return Ok(Exit::Command(error.exit_code()));
            }
        }
    };

    let options = LiveOptions {
        events,
        scope,
        snaplen: args.snaplen,
        main_ring_bytes: args.ring_size,
        lifecycle_ring_bytes: args.ring_size / 4,
    };
    let mut live = Live::start(&host, &options)?;
    if let Some(command) = &command {
        live.track_pid(command.pid())?;
    }
    let clock = live.clock();
    // the rings fill from here on, so nothing falls between the snapshot and the first event
    let processes = options.scope.processes().map(|mut pids| {
        pids.extend(command.as_ref().map(HeldCommand::pid));
        pids
    });
    let known = look_around(processes.as_deref(), clock, docker_roots);
    let mut header = capture_header(args, &host, clock.offset_ns, clock.sampled_ns);
    header.notes = known.notes;

    let options = RecorderOptions { settle: Some(Arc::new(known.containers)), ..RecorderOptions::default() };
    let recorder =
        Recorder::start(destination.open()?, &header, known.state, options).with_context(|| destination.name())?;
    let mut recording = Recording {
        recorder,
        decoder: Decoder::new(clock, args.snaplen),
        malformed: 0,
        limit: args.max_size.map(SizeLimit::new),
        is_full: false,
        failure: None,
    };
    let pump = Pump::start(live).context("cannot start the thread that reads the rings")?;

    let started = Instant::now();
    let deadline = args.duration.and_then(|duration| started.checked_add(duration));
    let not_run = command.as_mut().and_then(|command| command.release().err());
    let mut progress = Progress::start(terminal.stderr_is_terminal);
    let mut status = None;
    let end = loop {
        match pump.next(LOOK_EVERY) {
            Some(Delivery::Records(chunk)) => {
                recording.take_records(&chunk);
                pump.give_back(chunk);
            }
            Some(Delivery::Losses(losses)) => losses.into_iter().for_each(|loss| recording.recorder.note_loss(loss)),
            None => {}
        }
        recording.tick();
        progress.update(recording.figures());
        if recording.failure.is_some() {
            break End::Failed;
        }
        if recording.is_full {
            break End::Full;
        }
        if let Some(command) = &mut command {
            status = if not_run.is_none() { command.try_wait()? } else { None };
            if status.is_some() || not_run.is_some() {
                break End::Asked;
            }
        }
        if signals.arrived().is_some() || deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            break End::Asked;
        }
        if pump.has_ended() {
            break End::Asked;
        }
    };
    progress.finish();

    // a signal is for the command too; it may have had it from the terminal, and a second one does no harm
    if let (Some(command), Some(signal)) = (&command, signals.arrived()) {
        command.signal(signal);
    }
    let live_end = pump.finish(&mut |delivery| match (end, delivery) {
        (End::Asked, Delivery::Records(chunk)) => recording.take_records(&chunk),
        (End::Asked | End::Full, Delivery::Losses(losses)) => {
            losses.into_iter().for_each(|loss| recording.recorder.note_loss(loss));
        }
        // a full file takes no more
        (End::Full | End::Failed, Delivery::Records(_)) | (End::Failed, Delivery::Losses(_)) => {}
    })?;
    let summary = recording.finish(&live_end, terminal).with_context(|| destination.name());
    if let Ok(summary) = &summary {
        terminal.note(&describe(summary, end, started.elapsed(), &destination));
    }
    if let Some(error) = not_run {
        terminal.note(&format!("sysreel: {error}"));
        return Ok(Exit::Command(error.exit_code()));
    }
    if let (Some(command), None) = (&mut command, status) {
        status = wait_for(command, &signals)?;
    }
    summary?;
    Ok(status.map_or(Exit::Done, |status| Exit::Command(status_of(status))))
}

/// Why a recording ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// By a signal, after the time, or with the command.
    Asked,
    /// The file is as large as it may become.
    Full,
    /// It cannot be written.
    Failed,
}

/// Records on their way into the file.
struct Recording {
    recorder: Recorder,
    decoder: Decoder,
    /// Records that could not be read.
    malformed: u64,
    limit: Option<SizeLimit>,
    is_full: bool,
    failure: Option<RecordError>,
}

impl Recording {
    fn take_records(&mut self, chunk: &Chunk) {
        for (at, bytes) in chunk.records().enumerate() {
            self.take_record(bytes);
            if at % LIMITS_EVERY == 0 {
                self.look_at_size();
            }
            if self.failure.is_some() || self.is_full {
                return;
            }
        }
    }

    fn take_record(&mut self, bytes: &[u8]) {
        let Ok(record) = Record::parse(bytes) else {
            self.malformed += 1;
            return;
        };
        let (recorder, failure) = (&mut self.recorder, &mut self.failure);
        self.decoder.decode(&record, &mut |raw| {
            if failure.is_none() {
                *failure = recorder.record(raw).err();
            }
        });
    }

    fn tick(&mut self) {
        if self.failure.is_none() {
            self.failure = self.recorder.tick().err();
        }
    }

    fn figures(&self) -> Figures {
        let stats = self.recorder.stats();
        Figures { events: stats.events, bytes: stats.bytes_written, lost: stats.lost }
    }

    /// Finds out whether the file is as large as it may become. When that is not sure, what is in hand is written
    /// first.
    fn look_at_size(&mut self) {
        let Some(limit) = self.limit else { return };
        self.is_full = match limit.judge(&self.recorder.stats()) {
            Verdict::GoOn => false,
            Verdict::Full => true,
            Verdict::Measure => {
                self.failure = self.recorder.flush().err();
                self.wait_until_written();
                limit.judge(&self.recorder.stats()) == Verdict::Full
            }
        };
        if self.is_full {
            self.wait_until_written();
            self.recorder.discard_block();
        }
    }

    /// Waits until the blocks on their way are in the file.
    fn wait_until_written(&mut self) {
        let asked = Instant::now();
        loop {
            let stats = self.recorder.stats();
            let settled = stats.events_written + self.recorder.events_in_hand();
            let on_their_way = stats.events.saturating_sub(settled);
            if on_their_way == 0 || self.failure.is_some() || asked.elapsed() > MEASURE_TIMEOUT {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
            self.failure = self.recorder.check().err();
        }
    }

    fn finish(self, end: &LiveEnd, terminal: &Terminal) -> anyhow::Result<Summary> {
        if let Some(failure) = self.failure {
            return Err(failure.into());
        }
        let complaints = [
            (self.malformed, "records could not be understood; this is a mistake in sysreel"),
            (end.unrecorded.compat_calls, "calls of 32-bit programs were not recorded"),
            (end.unrecorded.untracked_processes, "processes started too quickly to be followed and were not recorded"),
        ];
        for (count, what) in complaints.into_iter().filter(|(count, _)| *count > 0) {
            terminal.note(&format!("sysreel: {} {what}", thousands(count)));
        }
        Ok(self.recorder.finish()?)
    }
}

fn capture_header(args: &RecordArgs, host: &HostFacts, clock_base_ns: i64, started_ns: u64) -> CaptureHeader {
    let line_of = |path: &str| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let mut options = vec![("events", args.events.clone()), ("snaplen", args.snaplen.to_string())];
    options.extend(args.container.iter().map(|container| ("container", container.clone())));
    options.extend(args.cgroup.iter().map(|cgroup| ("cgroup", cgroup.clone())));
    options.extend(args.pid.iter().map(|pid| ("pid", pid.to_string())));
    if !args.command.is_empty() {
        let words: Vec<_> = args.command.iter().map(|word| word.to_string_lossy()).collect();
        options.push(("command", words.join(" ")));
    }
    CaptureHeader {
        host_name: line_of("/proc/sys/kernel/hostname"),
        kernel_release: host.release.clone(),
        arch: std::env::consts::ARCH.to_owned(),
        boot_id: line_of("/proc/sys/kernel/random/boot_id"),
        cpus: host.cpus,
        started_ns,
        clock_base_ns,
        recorder: concat!("sysreel ", env!("CARGO_PKG_VERSION")).to_owned(),
        options: options.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        ..CaptureHeader::default()
    }
}

fn describe(summary: &Summary, end: End, elapsed: Duration, destination: &Destination) -> String {
    let lost = match summary.lost {
        0 => "no drops".to_owned(),
        lost => format!("{} DROPPED", thousands(lost)),
    };
    let limit = if end == End::Full { "; stopped by --max-size" } else { "" };
    format!(
        "sysreel: {} events in {}, {}, {lost} -> {}{limit}",
        thousands(summary.events),
        show_duration(elapsed),
        bytes(summary.bytes),
        destination.name(),
    )
}

/// Waits for a command that outlives its recording. A further signal ends the waiting.
fn wait_for(command: &mut HeldCommand, signals: &Signals) -> anyhow::Result<Option<ExitStatus>> {
    let before = signals.count();
    loop {
        if let Some(status) = command.try_wait()? {
            return Ok(Some(status));
        }
        if signals.count() > before {
            let signal = signals.arrived().unwrap_or(SIGTERM);
            command.signal(signal);
            return Ok(Some(ExitStatus::from_raw(signal)));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// The status that a shell would give: 128 + signal if a signal ended the command.
fn status_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(2);
    u8::try_from(code).unwrap_or(2)
}

/// SIGINT and SIGTERM as they arrive.
struct Signals {
    last: Arc<AtomicI32>,
    count: Arc<AtomicUsize>,
}

impl Signals {
    fn watch() -> anyhow::Result<Signals> {
        let signals = Signals { last: Arc::default(), count: Arc::default() };
        for signal in [SIGINT, SIGTERM] {
            let (last, count) = (Arc::clone(&signals.last), Arc::clone(&signals.count));
            // SAFETY: storing and adding to atomics is all that happens, and that is safe in a signal handler.
            unsafe {
                signal_hook::low_level::register(signal, move || {
                    last.store(signal, Ordering::Relaxed);
                    count.fetch_add(1, Ordering::Relaxed);
                })
            }
            .map_err(|error| anyhow!("cannot watch for signal {signal}: {error}"))?;
        }
        Ok(signals)
    }

    /// The last signal.
    fn arrived(&self) -> Option<i32> {
        Some(self.last.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
    }

    /// How many have come.
    fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_ended_by_a_signal_gives_128_and_its_number() {
        assert_eq!(status_of(ExitStatus::from_raw(7 << 8)), 7);
        assert_eq!(status_of(ExitStatus::from_raw(9)), 137);
        assert_eq!(status_of(ExitStatus::from_raw(0)), 0);
    }
}
