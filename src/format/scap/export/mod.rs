//! Captures of ours as `.scap` files that Falco replays.
//!
//! Enters: the blocks of a capture, twice, with its inventories. Leaves: a file as Falco 0.44 records one: the state
//! before the first event ([`Survey`]), then every event with its parameters, in exit-only form.
//!
//! A capture that was made of a `.scap` file becomes that file again, in today's form: the inventory of a section is its
//! head, and nothing is added to the events. In a recording of ours, parents that ended outside what was recorded get
//! an event when that shows.
//!
//! Containers that the capture knows of without an event of its own get one at the file's head. It is `CONTAINER_JSON_2`
//! and no asynchronous event, which Falco's container plugin writes since 0.41: the plugin reads both and makes the same
//! of them, older programs know the former alone, and that one belongs to the description of the machine and is not
//! shown to rules, while an asynchronous event is.
//!
//! What `.scap` has no place for is left out and counted: events that were lost, when threads started that were there
//! before, what a later look at the machine told of a descriptor.

mod container_json;
mod descriptors;
mod head;
mod numbering;
mod params;
mod parents;
mod rows;
mod survey;
mod threads;

use std::io::{self, Write};

use crate::format::dimension::ThreadColumn;
use crate::format::schema::EventKind;
use crate::format::{Block, CaptureHeader, Damage, Inventory, InventoryOrigin};

use super::{ScapEventHead, ScapWriter};
use numbering::Numbering;
use params::put_param;
use parents::Parents;
use rows::{EventAt, Rows};
pub use survey::Survey;

/// Events without a thread.
const NO_THREAD: i64 = -1;

/// Writes a capture as a `.scap` file.
#[derive(Debug)]
pub struct ScapExport<W: Write> {
    writer: ScapWriter<W>,
    numbering: Numbering,
    /// Not followed where the events are all that the capture's state was settled by.
    parents: Option<Parents>,
    figures: ScapExportFigures,
    /// Every parameter of an event, one after the other, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Whether a block was written.
    has_begun: bool,
}

/// What was written, and what was not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ScapExportFigures {
    /// Events of the capture.
    pub events: u64,
    /// Events that tell of containers, which the capture has no events for.
    pub container_events: u64,
    /// Events that tell of a parent's end, which the capture has no events for.
    pub process_ends: u64,
    /// Threads that were there before the first event.
    pub threads: u64,
    /// Descriptors that were open before it.
    pub fds: u64,
    /// Events that are not in the file: of kinds that this program does not know, or in blocks that cannot be read.
    pub left_out: u64,
    /// Events that were lost while recording: the file has no place to say so.
    pub lost_events: u64,
    /// Texts and parameters that are longer than Falco reads, and were cut.
    pub shortened: u64,
    /// Events whose number in the file is another one than in the capture.
    pub renumbered: u64,
    /// Bytes, before any compression around the file.
    pub bytes: u64,
}

impl<W: Write> ScapExport<W> {
    /// Writes what comes before the first event.
    pub fn new(out: W, header: &CaptureHeader, mut survey: Survey) -> io::Result<ScapExport<W>> {
        let parents = if survey.is_told() { None } else { Some(Parents::default()) };
        let mut export = ScapExport {
            writer: ScapWriter::new(out)?,
            numbering: Numbering::default(),
            parents,
            figures: ScapExportFigures::default(),
            bytes: Vec::new(),
            ends: Vec::new(),
            has_begun: false,
        };
        let ts_ns = survey.first_ts_ns;
        let head = survey.take_head(header);
        export.write_head(&head)?;
        export.numbering = Numbering::new(head.users, head.groups);
        let head = ScapEventHead { code: EventKind::CONTAINER.0, cpu: 0, ts_ns, tid: NO_THREAD };
        for json in survey.untold_containers() {
            let json = [json.as_bytes(), b"\0"].concat();
            export.writer.write_event(head, &[&json])?;
            export.numbering.next += 1;
            export.figures.container_events += 1;
        }
        Ok(export)
    }

    /// Begins another section, where the next block comes after the head of one: nothing holds from there on but what
    /// `inventory` says was there. Before the first block this is the section that has begun.
    pub fn begin_section(&mut self, inventory: &Inventory) -> io::Result<()> {
        match inventory.origin {
            InventoryOrigin::Section if self.has_begun => {}
            InventoryOrigin::Section | InventoryOrigin::Snapshot => return Ok(()),
        }
        self.parents = None;
        self.writer.begin_section()?;
        self.numbering.forget_threads();
        self.write_head(inventory)
    }

    fn write_head(&mut self, head: &Inventory) -> io::Result<()> {
        head.write_to(&mut self.writer)?;
        self.figures.threads += head.threads.len() as u64;
        self.figures.fds += head.fds.iter().map(|(_, fds)| fds.len() as u64).sum::<u64>();
        Ok(())
    }

    /// Writes the events of a block. What of it cannot be read is told and left out.
    pub fn write_block(&mut self, block: &Block) -> io::Result<Vec<Damage>> {
        self.has_begun = true;
        self.figures.lost_events += block.header().lost();
        let before = self.figures.events;
        let damages = self.write_rows(block)?;
        self.figures.left_out += block.rows() as u64 - (self.figures.events - before);
        Ok(damages)
    }

    fn write_rows(&mut self, block: &Block) -> io::Result<Vec<Damage>> {
        let mut damages = Vec::new();
        let rows = match Rows::new(block, &mut damages) {
            Ok(rows) => rows,
            Err(damage) => {
                damages.push(damage);
                return Ok(damages);
            }
        };
        for event in rows.events() {
            if let Err(damage) = self.tell_unseen_end(&rows, &event)? {
                damages.push(damage);
            }
            self.write_event(&rows, &event)?;
        }
        Ok(damages)
    }

    /// Ends the file.
    pub fn finish(mut self) -> io::Result<(ScapExportFigures, W)> {
        let figures = self.figures();
        self.figures = figures;
        Ok((figures, self.writer.finish()?))
    }

    /// What was written so far.
    pub fn figures(&self) -> ScapExportFigures {
        ScapExportFigures { bytes: self.writer.bytes(), shortened: self.writer.shortened(), ..self.figures }
    }

    fn write_event(&mut self, rows: &Rows<'_>, event: &EventAt<'_, '_>) -> io::Result<()> {
        self.bytes.clear();
        self.ends.clear();
        for (at, param) in event.info().params.iter().enumerate() {
            put_param(param.ty, event.param(at), &mut self.bytes);
            self.ends.push(self.bytes.len());
        }
        let tid = rows.thread_int(event.thread, ThreadColumn::Tid).ok().flatten().unwrap_or(NO_THREAD);
        let head = ScapEventHead { code: event.kind().0, cpu: event.cpu, ts_ns: event.ts_ns, tid };
        let mut params: Vec<&[u8]> = Vec::with_capacity(self.ends.len());
        let mut start = 0;
        for &end in &self.ends {
            params.push(self.bytes.get(start..end).unwrap_or_default());
            start = end;
        }
        self.figures.events += 1;
        let fits = self.numbering.reach(event.num, head, &mut self.writer)?;
        self.figures.renumbered += u64::from(!fits);
        self.writer.write_event(head, &params)
    }

    /// Before the first event after a parent's end that no event tells of: that end. The inner result is damage of the
    /// block.
    fn tell_unseen_end(&mut self, rows: &Rows<'_>, event: &EventAt<'_, '_>) -> io::Result<Result<(), Damage>> {
        let end = match self.parents.as_mut().map(|parents| parents.follow(rows, event)) {
            Some(Ok(Some(end))) => end,
            Some(Ok(None)) | None => return Ok(Ok(())),
            Some(Err(damage)) => return Ok(Err(damage)),
        };
        let head = ScapEventHead { code: EventKind::PROCEXIT.0, cpu: event.cpu, ts_ns: event.ts_ns, tid: end.pid };
        let (unknown, reaper) = (0i64.to_le_bytes(), end.reaper.to_le_bytes());
        self.writer.write_event(head, &[&unknown, &unknown, &[0], &[0], &reaper])?;
        self.numbering.next += 1;
        self.figures.process_ends += 1;
        Ok(Ok(()))
    }
}
