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
use std::time::{Duration, Instant};

use anyhow::Context;
use signal_hook::consts::{SIGINT, SIGTERM};
use sysreel::capture::container::RuntimeFolders;
use sysreel::capture::live::decode::Decoder;
use sysreel::capture::live::event_set::EventSet;
use sysreel::capture::live::{HeldCommand, HostFacts, Live, LiveOptions};
use sysreel::capture::recorder::{Recorder, RecorderOptions, Settle};
use sysreel::format::scap::ScapMachine;
use sysreel::format::{CaptureHeader, Summary};

use crate::cli::RecordArgs;
use crate::destination::Destination;
use crate::exit::Exit;
use crate::known_state::{look_around, runtime_folders};
use crate::progress::Progress;
use crate::pump::{Delivery, Pump};
use crate::recording::Recording;
use crate::scope::choose_scope;
use crate::signals::Signals;
use crate::size_limit::SizeLimit;
use crate::table::{bytes, count, thousands};
use crate::terminal::Terminal;
use crate::time::show_duration;

/// How long to wait for events before looking at signals, limits and the command.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Runs the command.
pub(crate) fn run(args: &RecordArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let destination = Destination::check(&args.output, args.force)?;
    let events = EventSet::parse(&args.events)?;
    let host = Live::probe()?;
    let folders = runtime_folders(args);
    let scope = choose_scope(args, &folders, terminal)?;
    // a command of the user's is left alone with the terminal
    if args.command.is_empty() {
        tell_sources(&folders, terminal);
    }
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
    let mut header = capture_header(args, &host, clock.offset_ns, clock.sampled_ns);
    let host_name = header.host_name.as_bytes().into();
    let machine = ScapMachine { cpus: header.cpus, host_name, ..ScapMachine::default() };
    let known = look_around(processes.as_deref(), machine, clock, folders);
    header.notes = known.notes;

    let containers = known.containers;
    let settle: Option<Arc<dyn Settle>> = Some(Arc::new(containers.clone()));
    let options = RecorderOptions {
        settle,
        max_bytes: args.max_size,
        inventory: Some(Arc::new(known.inventory)),
        ..RecorderOptions::default()
    };
    let recorder = Recorder::start(destination.open()?, &header, known.state, options)?;
    let decoder = Decoder::new(clock, args.snaplen);
    let mut recording = Recording::new(recorder, decoder, args.max_size.map(SizeLimit::new));
    let pump = Pump::start(live).context("cannot start the thread that reads the rings")?;

    let started = Instant::now();
    let deadline = args.duration.and_then(|duration| started.checked_add(duration));
    let not_run = command.as_mut().and_then(|command| command.release().err());
    let mut progress = Progress::start(terminal.stderr_is_terminal);
    let end = if not_run.is_none() {
        take_events(&mut recording, &pump, command.as_mut(), deadline, &signals, &mut progress)?
    } else {
        End::Asked
    };
    progress.finish();

    if let (Some(command), Some(signal)) = (&command, signals.arrived()) {
        // a terminal sends SIGINT to the command too
        if signal != SIGINT || !terminal.stderr_is_terminal {
            command.signal(signal);
        }
    }
    let live_end = pump.finish(&mut |delivery| match (end, delivery) {
        (End::Asked | End::Exited(_), Delivery::Records(chunk)) => recording.take_records(&chunk),
        (End::Asked | End::Exited(_) | End::Full, Delivery::Losses(losses)) => recording.note_losses(losses),
        // a full file takes no more
        (End::Full | End::Failed, Delivery::Records(_)) | (End::Failed, Delivery::Losses(_)) => {}
    });
    // when reading the rings failed, what came before is still worth a complete file
    let unrecorded = live_end.as_ref().map(|end| end.unrecorded).unwrap_or_default();
    let summary = recording.finish(unrecorded, terminal);
    if let Ok(summary) = &summary {
        if let Some(figures) = containers.describe().filter(|_| args.command.is_empty()) {
            terminal.note(&format!("sysreel: {figures}"));
        }
        terminal.note(&describe(summary, end, started.elapsed(), &destination));
    }
    if let Some(error) = not_run {
        terminal.note(&format!("sysreel: {error}"));
        return Ok(Exit::Command(error.exit_code()));
    }
    let status = match (end, &mut command) {
        (End::Exited(status), _) => Some(status),
        (End::Asked | End::Full | End::Failed, Some(command)) => wait_for(command, &signals)?,
        (End::Asked | End::Full | End::Failed, None) => None,
    };
    summary?;
    live_end?;
    Ok(status.map_or(Exit::Done, |status| Exit::Command(status_of(status))))
}

/// Says where containers are looked up.
fn tell_sources(folders: &RuntimeFolders, terminal: &Terminal) {
    let (found, sockets) = (folders.found(), folders.found_sockets());
    let asked = format!("{} is asked for what is nowhere else", sockets.join(", "));
    match (found.is_empty(), sockets.is_empty()) {
        (true, true) => {}
        (false, true) => terminal.note(&format!("containers: {}", found.join("; "))),
        (true, false) => terminal.note(&format!("containers: no runtime's folder; {asked}")),
        (false, false) => terminal.note(&format!("containers: {}; {asked}", found.join("; "))),
    }
}

/// Records until something ends it.
fn take_events(
    recording: &mut Recording,
    pump: &Pump,
    mut command: Option<&mut HeldCommand>,
    deadline: Option<Instant>,
    signals: &Signals,
    progress: &mut Progress,
) -> anyhow::Result<End> {
    loop {
        match pump.next(LOOK_EVERY) {
            Some(Delivery::Records(chunk)) => {
                recording.take_records(&chunk);
                pump.give_back(chunk);
            }
            Some(Delivery::Losses(losses)) => recording.note_losses(losses),
            None => {}
        }
        recording.tick();
        progress.update(recording.figures());
        if recording.has_failed() {
            return Ok(End::Failed);
        }
        if recording.is_full() {
            return Ok(End::Full);
        }
        if let Some(command) = &mut command
            && let Some(status) = command.try_wait()?
        {
            return Ok(End::Exited(status));
        }
        let is_over = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if is_over || signals.arrived().is_some() || pump.has_ended() {
            return Ok(End::Asked);
        }
    }
}

/// Why a recording ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// By a signal, or after the time.
    Asked,
    /// With the command.
    Exited(ExitStatus),
    /// The file is as large as it may become.
    Full,
    /// It cannot be written.
    Failed,
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
        "sysreel: {} in {}, {}, {lost} -> {}{limit}",
        count(summary.events, "event"),
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
