//! Records on their way into the file: read, translated, recorded, and stopped when the file is full.

use std::time::{Duration, Instant};

use sysreel::capture::live::Unrecorded;
use sysreel::capture::live::decode::Decoder;
use sysreel::capture::live::wire::Record;
use sysreel::capture::recorder::{RecordError, Recorder};
use sysreel::format::{Loss, Summary};

use crate::progress::Figures;
use crate::pump::Chunk;
use crate::size_limit::{SizeLimit, Verdict};
use crate::table::thousands;
use crate::terminal::Terminal;

/// So many records are taken before the size is looked at again.
const LIMITS_EVERY: usize = 256;

/// How long the writer may take to write the block in hand when its size has to be known.
const MEASURE_TIMEOUT: Duration = Duration::from_secs(2);

/// Records on their way into the file.
pub(crate) struct Recording {
    recorder: Recorder,
    decoder: Decoder,
    /// Records that could not be read.
    malformed: u64,
    limit: Option<SizeLimit>,
    is_full: bool,
    failure: Option<RecordError>,
}

impl Recording {
    /// A recording that goes to `recorder`, up to a limit.
    pub(crate) fn new(recorder: Recorder, decoder: Decoder, limit: Option<SizeLimit>) -> Recording {
        Recording { recorder, decoder, malformed: 0, limit, is_full: false, failure: None }
    }

    /// Whether the file is as large as it may become.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Whether it cannot be written any more.
    pub(crate) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Notes what was lost before it came here.
    pub(crate) fn note_losses(&mut self, losses: Vec<Loss>) {
        losses.into_iter().for_each(|loss| self.recorder.note_loss(loss));
    }

    /// Takes records, in order of time.
    pub(crate) fn take_records(&mut self, chunk: &Chunk) {
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
        self.decoder.decode(&record, &mut |raw, shortfalls| {
            if failure.is_none() {
                shortfalls.iter().for_each(|shortfall| recorder.note_shortfall(shortfall));
                *failure = recorder.record(raw).err();
            }
        });
    }

    /// To be called now and then: writes what has waited long enough.
    pub(crate) fn tick(&mut self) {
        if self.failure.is_none() {
            self.failure = self.recorder.tick().err();
        }
    }

    /// How far it is.
    pub(crate) fn figures(&self) -> Figures {
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
        } || self.recorder.is_full();
        if self.is_full {
            self.wait_until_written();
            self.recorder.discard_events();
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

    /// Writes what is left and says what could not be recorded.
    pub(crate) fn finish(self, unrecorded: Unrecorded, terminal: &Terminal) -> anyhow::Result<Summary> {
        if let Some(failure) = self.failure {
            return Err(failure.into());
        }
        let complaints = [
            (self.malformed, "records could not be understood; this is a mistake in sysreel"),
            (unrecorded.compat_calls, "calls of 32-bit programs were not recorded"),
            (unrecorded.untracked_processes, "processes started too quickly to be followed and were not recorded"),
        ];
        for (count, what) in complaints.into_iter().filter(|(count, _)| *count > 0) {
            terminal.note(&format!("sysreel: {} {what}", thousands(count)));
        }
        Ok(self.recorder.finish()?)
    }
}
