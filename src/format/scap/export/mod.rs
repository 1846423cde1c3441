//! Captures of ours as `.scap` files that Falco replays.
//!
//! Enters: the blocks of a capture, twice. Leaves: a file as Falco 0.44 records one: the state before the first event
//! ([`Survey`]), then every event with its parameters, in exit-only form. Containers that the capture knows of without
//! an event of its own get one at the file's head, in the form that a reader takes for a
//! description of the machine and does not show; parents that ended outside what was recorded
//! get one when that shows.
//!
//! What `.scap` has no place for is left out and counted: events that were lost, when threads started that were there
//! before, what a later look at the machine told of a descriptor.

mod container_json;
mod descriptors;
mod numbering;
mod params;
mod parents;
mod rows;
mod survey;

use std::io::{self, Write};

use crate::format::dimension::ThreadColumn;
use crate::format::row::Text;
use crate::format::schema::EventKind;
use crate::format::{Block, CaptureHeader, Damage};

use super::{ScapEventHead, ScapFd, ScapGroup, ScapMachine, ScapUser, ScapWriter};
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
    parents: Parents,
    figures: ScapExportFigures,
    /// Every parameter of an event, one after the other, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
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
        let mut writer = ScapWriter::new(out)?;
        writer.write_machine(&ScapMachine {
            cpus: header.cpus,
            host_name: Text::from(header.host_name.as_bytes()),
            ..ScapMachine::default()
        })?;
        writer.write_interfaces(&survey.interfaces)?;
        let users: Vec<ScapUser> = std::mem::take(&mut survey.users).into_values().collect();
        let groups: Vec<ScapGroup> = std::mem::take(&mut survey.groups).into_values().collect();
        writer.write_accounts(&users, &groups)?;
        let threads = survey.take_threads();
        writer.write_threads(&threads)?;
        let mut figures = ScapExportFigures { threads: threads.len() as u64, ..ScapExportFigures::default() };
        for (tid, fds) in &survey.fds {
            let fds: Vec<&ScapFd> = fds.values().collect();
            figures.fds += fds.len() as u64;
            writer.write_fds(*tid, fds)?;
        }
        let mut numbering = Numbering::new(users, groups);
        let head = ScapEventHead { code: EventKind::CONTAINER.0, cpu: 0, ts_ns: survey.first_ts_ns, tid: NO_THREAD };
        for json in survey.untold_containers() {
            let json = [json.as_bytes(), b"\0"].concat();
            writer.write_event(head, &[&json])?;
            numbering.next += 1;
            figures.container_events += 1;
        }
        Ok(ScapExport { writer, numbering, parents: Parents::default(), figures, bytes: Vec::new(), ends: Vec::new() })
    }

    /// Writes the events of a block. What of it cannot be read is told and left out.
    pub fn write_block(&mut self, block: &Block) -> io::Result<Vec<Damage>> {
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
        let end = match self.parents.follow(rows, event) {
            Ok(Some(end)) => end,
            Ok(None) => return Ok(Ok(())),
            Err(damage) => return Ok(Err(damage)),
        };
        let head = ScapEventHead { code: EventKind::PROCEXIT.0, cpu: event.cpu, ts_ns: event.ts_ns, tid: end.pid };
        let (unknown, reaper) = (0i64.to_le_bytes(), end.reaper.to_le_bytes());
        self.writer.write_event(head, &[&unknown, &unknown, &[0], &[0], &reaper])?;
        self.numbering.next += 1;
        self.figures.process_ends += 1;
        Ok(Ok(()))
    }
}
