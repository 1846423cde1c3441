//! The recorder: raw events -> state -> block in hand -> encoding threads -> writing thread.
//!
//! Enters: [`RawEvent`]s in time order, and losses. Leaves: a capture, block by block, in order. The queues between the
//! threads are bounded: when the disk or the encoders cannot keep up, [`Recorder::record`] waits, and whoever feeds it
//! counts what it loses meanwhile. Not here: where events come from, and how a block is laid out.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::format::{
    BlockBuilder, BlockOptions, CaptureHeader, EncodedBlocks, Encoders, FormatError, Inventory, Loss, Shortfall,
    Summary, Writer,
};

use super::raw::RawEvent;
use super::state::State;

/// Knows of facts that are still on their way into rows which blocks refer to: details of containers.
pub trait Settle: Send + Sync {
    /// Waits for them, for a bounded time. Called on an encoding thread before it encodes a block, so that events are
    /// never held up.
    fn settle(&self);
}

/// How a recorder works.
#[derive(Clone)]
pub struct RecorderOptions {
    /// Size of blocks and how hard they are compressed.
    pub block: BlockOptions,
    /// Threads that encode blocks, at least one.
    pub encoders: usize,
    /// A block is written at the latest this long after its first event came in, as far as [`Recorder::tick`] is
    /// called; a recorder that is killed loses at most what came in since.
    pub flush_after: Duration,
    /// The most bytes that the file may have. The recording ends before the first block that has no room.
    pub max_bytes: Option<u64>,
    /// What is waited for before a block is encoded.
    pub settle: Option<Arc<dyn Settle>>,
    /// What was there before the first event, for conversions. It is left out where it would take more than half of
    /// `max_bytes`, or more than the format allows.
    pub inventory: Option<Arc<Inventory>>,
}

impl std::fmt::Debug for RecorderOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecorderOptions")
            .field("block", &self.block)
            .field("encoders", &self.encoders)
            .field("flush_after", &self.flush_after)
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}

impl Default for RecorderOptions {
    fn default() -> RecorderOptions {
        let flush_after = Duration::from_secs(1);
        RecorderOptions {
            block: BlockOptions::default(),
            encoders: 1,
            flush_after,
            max_bytes: None,
            settle: None,
            inventory: None,
        }
    }
}

/// Why a recording could not go on. What was written before is a readable capture.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Encoding or writing failed.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A thread could not be started.
    #[error("cannot start a thread of the recorder: {0}")]
    Thread(#[source] std::io::Error),
    /// A thread of the recorder ended before its time; an earlier error has been reported.
    #[error("the recorder has stopped writing")]
    Stopped,
}

/// How far a recording is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RecorderStats {
    /// Events taken in.
    pub events: u64,
    /// Bytes written.
    pub bytes_written: u64,
    /// The most bytes that the file can have if nothing but the index is written any more.
    pub finished_bytes: u64,
    /// Blocks written.
    pub blocks: u64,
    /// Events in them.
    pub events_written: u64,
    /// Events that were lost before they came here.
    pub lost: u64,
}

#[derive(Debug, Default)]
struct Progress {
    bytes: AtomicU64,
    finished_bytes: AtomicU64,
    blocks: AtomicU64,
    events: AtomicU64,
    full: AtomicBool,
    failed: AtomicBool,
}

impl Progress {
    fn note_size<W: Write>(&self, writer: &Writer<W>) {
        self.bytes.store(writer.bytes(), Ordering::Relaxed);
        self.finished_bytes.store(writer.finished_size(), Ordering::Relaxed);
    }
}

/// Turns raw events into a capture.
pub struct Recorder {
    state: State,
    builder: BlockBuilder,
    options: RecorderOptions,
    block_since: Option<Instant>,
    events: u64,
    lost: u64,
    encoders: Option<Encoders>,
    writer: Option<JoinHandle<Result<Summary, FormatError>>>,
    progress: Arc<Progress>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl Recorder {
    /// Writes the capture's header to `out` and starts the recorder's threads.
    pub fn start(
        out: Box<dyn Write + Send>,
        header: &CaptureHeader,
        state: State,
        options: RecorderOptions,
    ) -> Result<Recorder, RecordError> {
        let mut writer = Writer::new(out, header)?;
        if let Some(inventory) = &options.inventory {
            // a file of limited size is for events
            let most_bytes = options.max_bytes.map_or(u64::MAX, |max_bytes| max_bytes / 2);
            writer.write_inventory(inventory, most_bytes)?;
        }
        let progress = Arc::new(Progress::default());
        progress.note_size(&writer);

        let settle = options.settle.clone();
        let settle = settle.map(|settle| -> Arc<dyn Fn() + Send + Sync> { Arc::new(move || settle.settle()) });
        let (encoders, encoded) = Encoders::start(options.encoders, settle).map_err(RecordError::Thread)?;
        let seen = Arc::clone(&progress);
        let max_bytes = options.max_bytes.unwrap_or(u64::MAX);
        let writer = std::thread::Builder::new()
            .name("write".to_owned())
            .spawn(move || write_blocks(writer, encoded, max_bytes, &seen))
            .map_err(RecordError::Thread)?;
        Ok(Recorder {
            state,
            builder: BlockBuilder::new(options.block),
            options,
            block_since: None,
            events: 0,
            lost: 0,
            encoders: Some(encoders),
            writer: Some(writer),
            progress,
        })
    }

    /// Takes one event. Waits when the threads behind cannot keep up.
    pub fn record(&mut self, raw: &RawEvent<'_>) -> Result<(), RecordError> {
        let num = self.events + 1;
        self.record_numbered(num, raw)
    }

    /// Takes one event whose number is given: numbers must rise.
    pub fn record_numbered(&mut self, num: u64, raw: &RawEvent<'_>) -> Result<(), RecordError> {
        let mut event = self.state.apply(raw);
        event.num = num;
        self.builder.push(&event);
        self.events += 1;
        if self.block_since.is_none() {
            self.block_since = Some(Instant::now());
        }
        if self.builder.is_full() { self.flush() } else { Ok(()) }
    }

    /// Notes events that were lost; the block in hand says so.
    pub fn note_loss(&mut self, loss: Loss) {
        self.lost += loss.count;
        self.builder.note_loss(loss);
        if self.block_since.is_none() {
            self.block_since = Some(Instant::now());
        }
    }

    /// Notes what the event that comes next lacks; the block that it goes to says so.
    pub fn note_shortfall(&mut self, shortfall: Shortfall) {
        self.builder.note_shortfall(shortfall, 1);
    }

    /// To be called now and then: writes the block in hand when it is old enough, and reports a failure of the threads
    /// behind.
    pub fn tick(&mut self) -> Result<(), RecordError> {
        self.check()?;
        match self.block_since {
            Some(since) if since.elapsed() >= self.options.flush_after => self.flush(),
            _ => Ok(()),
        }
    }

    /// Reports a failure of the threads behind.
    pub fn check(&mut self) -> Result<(), RecordError> {
        if self.progress.failed.load(Ordering::Relaxed) { Err(self.failure()) } else { Ok(()) }
    }

    /// Hands the block in hand to the encoders, if there is anything in it.
    pub fn flush(&mut self) -> Result<(), RecordError> {
        if self.block_since.take().is_none() {
            return Ok(());
        }
        let next = self.builder.successor();
        let full = std::mem::replace(&mut self.builder, next);
        let sent = self.encoders.as_ref().is_some_and(|encoders| encoders.encode(full.finish()));
        if sent { Ok(()) } else { Err(self.failure()) }
    }

    /// Events of the block in hand.
    pub fn events_in_hand(&self) -> u64 {
        self.builder.rows() as u64
    }

    /// Drops the events in hand: a recording that must not become larger ends before them. What was lost stays noted,
    /// since part of it may have been lost among the events that were written.
    pub fn discard_events(&mut self) {
        let discarded = std::mem::replace(&mut self.builder, BlockBuilder::new(self.options.block));
        discarded.losses().for_each(|loss| self.builder.note_loss(*loss));
        if self.builder.is_empty() {
            self.block_since = None;
        }
    }

    /// Whether a block had no room in the file: no event that comes now is written.
    pub fn is_full(&self) -> bool {
        self.progress.full.load(Ordering::Relaxed)
    }

    /// How far the recording is. Bytes and blocks lag behind the events by the block in hand and those in the queues.
    pub fn stats(&self) -> RecorderStats {
        RecorderStats {
            events: self.events,
            bytes_written: self.progress.bytes.load(Ordering::Relaxed),
            finished_bytes: self.progress.finished_bytes.load(Ordering::Relaxed),
            blocks: self.progress.blocks.load(Ordering::Relaxed),
            events_written: self.progress.events.load(Ordering::Relaxed),
            lost: self.lost,
        }
    }

    /// Writes what is left and the index.
    pub fn finish(mut self) -> Result<Summary, RecordError> {
        self.flush()?;
        self.join()
    }

    /// The reason why the threads behind stopped.
    fn failure(&mut self) -> RecordError {
        match self.join() {
            Err(error) => error,
            Ok(_) => RecordError::Stopped,
        }
    }

    fn join(&mut self) -> Result<Summary, RecordError> {
        if self.encoders.take().is_some_and(|encoders| !encoders.finish()) {
            return Err(RecordError::Stopped);
        }
        match self.writer.take().map(JoinHandle::join) {
            Some(Ok(result)) => Ok(result?),
            Some(Err(_)) | None => Err(RecordError::Stopped),
        }
    }
}

fn write_blocks(
    mut writer: Writer<Box<dyn Write + Send>>,
    encoded: EncodedBlocks,
    max_bytes: u64,
    progress: &Progress,
) -> Result<Summary, FormatError> {
    let written = (|| {
        for block in encoded {
            let block = block?;
            let rows = u64::from(block.header().rows);
            let is_full = progress.full.load(Ordering::Relaxed);
            // after a gap there are only losses
            if (is_full && rows > 0) || writer.size_with(&block) > max_bytes {
                progress.full.store(true, Ordering::Relaxed);
                continue;
            }
            writer.write_block(block)?;
            progress.note_size(&writer);
            progress.blocks.fetch_add(1, Ordering::Relaxed);
            progress.events.fetch_add(rows, Ordering::Relaxed);
        }
        Ok(())
    })();
    if let Err(error) = written {
        progress.failed.store(true, Ordering::Relaxed);
        return Err(error);
    }
    let summary = writer.finish();
    if summary.is_err() {
        progress.failed.store(true, Ordering::Relaxed);
    }
    summary
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use super::*;
    use crate::capture::container::{ContainerLookup, Meeting};
    use crate::capture::state::Snapshot;
    use crate::format::Reader;
    use crate::format::dimension::{ContainerColumn, Dimension};
    use crate::format::row::{Container, ContainerRow, Text, Value};
    use crate::format::schema::EventKind;

    struct NoContainers;

    impl ContainerLookup for NoContainers {
        fn request(&mut self, _: &Arc<Container>, _: Meeting) {}
    }

    /// A file in memory that takes so many bytes and is full then.
    #[derive(Clone)]
    struct Disk {
        bytes: Arc<Mutex<Vec<u8>>>,
        room: usize,
    }

    impl Disk {
        fn new(room: usize) -> Disk {
            Disk { bytes: Arc::default(), room }
        }

        fn read(&self) -> Reader {
            Reader::from_bytes("disk", self.bytes.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut taken = self.bytes.lock().unwrap();
            if taken.len() + bytes.len() > self.room {
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            taken.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn recorder(disk: &Disk, encoders: usize, block_rows: usize) -> Recorder {
        let options = RecorderOptions {
            block: BlockOptions { rows: block_rows, ..BlockOptions::default() },
            encoders,
            ..RecorderOptions::default()
        };
        let state = State::new(Snapshot::default(), Box::new(NoContainers));
        Recorder::start(Box::new(disk.clone()), &CaptureHeader::default(), state, options).unwrap()
    }

    fn close(recorder: &mut Recorder, ts_ns: u64) -> Result<(), RecordError> {
        let params = [Value::Int(0), Value::Int(3)];
        recorder.record(&RawEvent { kind: EventKind::CLOSE, ts_ns, cpu: 0, tid: 7, pid: 7, params: &params })
    }

    fn event_numbers(mut reader: Reader) -> Vec<i64> {
        let mut numbers = Vec::new();
        while let Some(block) = reader.next_block(&mut |_| true) {
            numbers.extend_from_slice(block.unwrap().decode().unwrap().num().unwrap().values());
        }
        numbers
    }

    #[test]
    fn blocks_are_written_in_order_whatever_the_number_of_encoders() {
        for encoders in [1, 2, 5] {
            let disk = Disk::new(usize::MAX);
            let mut recorder = recorder(&disk, encoders, 100);
            for ts_ns in 0..2_550 {
                close(&mut recorder, ts_ns).unwrap();
            }
            let summary = recorder.finish().unwrap();
            assert_eq!((summary.blocks, summary.events), (26, 2_550));
            assert_eq!(event_numbers(disk.read()), (1..=2_550).collect::<Vec<i64>>());
        }
    }

    #[test]
    fn a_full_disk_ends_the_recording_with_the_blocks_that_had_room() {
        let disk = Disk::new(6_000);
        let mut recorder = recorder(&disk, 2, 100);
        let mut taken = 0;
        let error = loop {
            if let Err(error) = close(&mut recorder, taken).and_then(|()| recorder.tick()) {
                break error;
            }
            taken += 1;
            assert!(taken < 10_000_000, "the disk never filled up");
        };
        assert!(error.to_string().contains("cannot write the capture"), "{error}");
        let kept = event_numbers(disk.read());
        assert!(!kept.is_empty() && kept.len().is_multiple_of(100), "{}", kept.len());
    }

    #[test]
    fn an_old_block_in_hand_is_written_at_the_next_tick() {
        let disk = Disk::new(usize::MAX);
        let mut recorder = recorder(&disk, 1, 1_000);
        recorder.options.flush_after = Duration::ZERO;
        close(&mut recorder, 1).unwrap();
        recorder.tick().unwrap();
        while recorder.stats().blocks == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(event_numbers(disk.read()), [1]);
        recorder.finish().unwrap();
    }

    #[test]
    fn a_block_is_encoded_with_what_arrived_after_its_events() {
        struct Later(Mutex<Option<Arc<Container>>>);
        impl ContainerLookup for Arc<Later> {
            fn request(&mut self, container: &Arc<Container>, _: Meeting) {
                *self.0.lock().unwrap() = Some(Arc::clone(container));
            }
        }
        impl Settle for Later {
            fn settle(&self) {
                let asked = self.0.lock().unwrap().take().expect("the block's container was asked for before");
                let row = ContainerRow { name: Text::from(*b"web"), ..ContainerRow::default() };
                asked.details.set(row).unwrap();
            }
        }
        let disk = Disk::new(usize::MAX);
        let later = Arc::new(Later(Mutex::new(None)));
        let state = State::new(Snapshot::default(), Box::new(Arc::clone(&later)));
        let options = RecorderOptions { settle: Some(later), ..RecorderOptions::default() };
        let mut recorder = Recorder::start(Box::new(disk.clone()), &CaptureHeader::default(), state, options).unwrap();
        let cgroups = format!("cpu=/docker/{}\0", "0123456789abcdef".repeat(4));
        let mut params = vec![Value::Null; EventKind::EXECVE.info().unwrap().params.len()];
        params[0] = Value::Int(0);
        params[EventKind::EXECVE.info().unwrap().param("cgroups").unwrap()] = Value::Bytes(cgroups.as_bytes());
        let raw = RawEvent { kind: EventKind::EXECVE, ts_ns: 1, cpu: 0, tid: 7, pid: 7, params: &params };
        recorder.record(&raw).unwrap();
        recorder.finish().unwrap();
        let block = disk.read().next_block(&mut |_| true).unwrap().unwrap().decode().unwrap();
        let names = block.dimension(Dimension::Container).bytes(ContainerColumn::Name as u16).unwrap();
        assert_eq!(names.get(0), Some(&b"web"[..]));
    }

    #[test]
    fn a_file_ends_before_the_first_block_that_has_no_room() {
        for max_bytes in (1_000..40_000).step_by(777) {
            let disk = Disk::new(usize::MAX);
            let state = State::new(Snapshot::default(), Box::new(NoContainers));
            let block = BlockOptions { rows: 100, ..BlockOptions::default() };
            let options = RecorderOptions { block, max_bytes: Some(max_bytes), ..RecorderOptions::default() };
            let header = CaptureHeader::default();
            let mut recorder = Recorder::start(Box::new(disk.clone()), &header, state, options).unwrap();
            let mut ts_ns = 0;
            while !recorder.is_full() {
                close(&mut recorder, ts_ns).unwrap();
                ts_ns += ts_ns % 7 + 1;
                let cpu = (ts_ns % 5) as u16;
                recorder.note_loss(Loss { cpu, kind: None, count: 1, first_ts_ns: ts_ns, last_ts_ns: ts_ns });
            }
            recorder.discard_events();
            let summary = recorder.finish().unwrap();
            assert_eq!(summary.bytes, disk.bytes.lock().unwrap().len() as u64);
            assert!(summary.bytes <= max_bytes, "{} of {max_bytes}", summary.bytes);
            assert!(max_bytes < 4_000 || summary.bytes > max_bytes / 2, "{} of {max_bytes}", summary.bytes);
            assert_eq!(event_numbers(disk.read()), (1..=summary.events as i64).collect::<Vec<i64>>());
        }
    }

    #[test]
    fn losses_of_a_processor_and_kind_are_one_in_a_block() {
        let mut builder = BlockBuilder::new(BlockOptions::default());
        for (cpu, from, to) in [(1, 50, 60), (0, 10, 20), (1, 30, 40)] {
            builder.note_loss(Loss { cpu, kind: None, count: 5, first_ts_ns: from, last_ts_ns: to });
        }
        let noted: Vec<_> =
            builder.losses().map(|loss| (loss.cpu, loss.count, loss.first_ts_ns, loss.last_ts_ns)).collect();
        assert_eq!(noted, [(0, 5, 10, 20), (1, 10, 30, 60)]);
    }

    #[test]
    fn a_loss_without_an_event_is_written_down() {
        let disk = Disk::new(usize::MAX);
        let mut recorder = recorder(&disk, 1, 1_000);
        recorder.note_loss(Loss { cpu: 1, kind: None, count: 5, first_ts_ns: 1, last_ts_ns: 2 });
        let summary = recorder.finish().unwrap();
        assert_eq!((summary.blocks, summary.events, summary.lost), (1, 0, 5));
    }
}
