//! `sysreel convert`: captures from one form into another.

use std::fs;
use std::io::Write;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use sysreel::format::scap::{ScapExport, ScapExportFigures, ScapOutput, ScapWrapping, Survey};
use sysreel::format::{
    Block, CaptureHeader, Damage, EncodedBlocks, Encoders, FormatError, Inventory, Reader, Summary, Writer,
};

use crate::cli::{CaptureForm, ConvertArgs};
use crate::destination::Destination;
use crate::exit::Exit;
use crate::progress::{Figures, Progress};
use crate::source::is_standard;
use crate::source::open_capture;
use crate::summary::describe_ending;
use crate::table::{bytes, count, thousands};
use crate::terminal::Terminal;
use crate::time::show_duration;

/// So many damaged places are named; the rest is counted.
const DAMAGES_SHOWN: u64 = 20;

/// Runs the command.
pub(crate) fn run(args: &ConvertArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let form = args.to.or_else(|| CaptureForm::of_name(&args.output.to_string_lossy())).with_context(|| {
        format!(
            "{}: the name does not say which form is wanted: end it in .reel, .scap or .scap.gz, or give --to",
            args.output.display()
        )
    })?;
    if is_same_file(&args.input, &args.output) {
        return Err(anyhow!("{}: a capture cannot be converted onto itself", args.input.display()));
    }
    let started = Instant::now();
    let mut conversion = Conversion {
        progress: Progress::start(terminal.stderr_is_terminal),
        figures: Figures::default(),
        problems: Problems { terminal, damaged: 0 },
    };
    let destination = Destination::check(&args.output, args.force)?;
    let outcome = match form {
        CaptureForm::Reel => conversion.write_reel(args, &destination),
        CaptureForm::Scap => conversion.write_scap(args, &destination, ScapWrapping::Plain),
        CaptureForm::ScapGz => conversion.write_scap(args, &destination, ScapWrapping::Gzip),
    };
    let Conversion { progress, figures, problems } = conversion;
    progress.finish();
    let left_out = outcome?;
    let is_whole = problems.finish();
    if terminal.wants_summary(&args.summary) {
        terminal.note(&summary(&destination.name(), figures, &left_out, started.elapsed()));
    }
    Ok(if is_whole { Exit::Done } else { Exit::Incomplete })
}

struct Conversion<'t> {
    progress: Progress,
    figures: Figures,
    problems: Problems<'t>,
}

impl Conversion<'_> {
    /// Writes a capture of ours. What the form has no place for, a sentence each.
    fn write_reel(&mut self, args: &ConvertArgs, destination: &Destination) -> anyhow::Result<Vec<String>> {
        let mut reader = open_capture(&args.input)?.keep_inventories();
        if reader.has_chain() {
            return Err(anyhow!("{}: this is a .reel file already", reader.file()));
        }
        let writer = Writer::new(destination.open()?, reader.header())?;
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let (encoders, encoded) = Encoders::start(threads, None).context("cannot start a thread")?;
        let written = &AtomicU64::new(writer.bytes());
        let (before, inventories) = channel();
        let (summary, left_out) = std::thread::scope(|scope| {
            let writing = scope.spawn(move || write_blocks(writer, encoded, &inventories, written));
            let outcome = self.encode_blocks(&mut reader, &encoders, &before, written);
            let all_encoded = encoders.finish();
            let written = writing.join().map_err(|_| anyhow!("the writing thread died"))??;
            outcome?;
            if all_encoded { Ok(written) } else { Err(anyhow!("an encoding thread died")) }
        })?;
        self.problems.note_ending(&reader);
        self.figures.bytes = summary.bytes;
        Ok(left_out)
    }

    /// Hands all blocks to the encoders, unless writing fails before; and for each block what stands before it.
    fn encode_blocks(
        &mut self,
        reader: &mut Reader,
        encoders: &Encoders,
        before: &Sender<Option<Arc<Inventory>>>,
        written: &AtomicU64,
    ) -> anyhow::Result<()> {
        while let Some(next) = reader.next_block(&mut |_| true) {
            let raw = match next {
                Ok(raw) => raw,
                Err(damage) => {
                    self.problems.note(&damage);
                    continue;
                }
            };
            self.figures.events += u64::from(raw.header().rows);
            self.figures.lost += raw.header().lost();
            let inventory = reader.take_inventory();
            let block = raw.into_unencoded().map_err(|raw| {
                anyhow!("{}: block {} cannot be encoded; this is a mistake in sysreel", reader.file(), raw.number())
            })?;
            if before.send(inventory).is_err() || !encoders.encode(block) {
                break;
            }
            self.figures.bytes = written.load(Ordering::Relaxed);
            self.progress.update(self.figures);
        }
        Ok(())
    }

    /// Writes a capture of Falco's. What the form has no place for, a sentence each.
    fn write_scap(
        &mut self,
        args: &ConvertArgs,
        destination: &Destination,
        wrapping: ScapWrapping,
    ) -> anyhow::Result<Vec<String>> {
        if is_standard(&args.input) {
            return Err(anyhow!("standard input can be read only once, and .scap wants it twice: give a file"));
        }
        let mut survey = Survey::new();
        let header = self.read(&args.input, Pass::First, &mut |inventory, block, problems| {
            if let Some(inventory) = inventory {
                survey.take_inventory(inventory);
            }
            survey.take_block(block).iter().for_each(|damage| problems.note(damage));
            Ok(Figures { events: survey.events(), ..Figures::default() })
        })?;
        let out = ScapOutput::new(destination.open()?, wrapping);
        let mut export = ScapExport::new(out, &header, survey)?;
        self.read(&args.input, Pass::Second, &mut |inventory, block, _| {
            if let Some(inventory) = inventory {
                export.begin_section(&inventory)?;
            }
            // damage was told when the state was read
            export.write_block(block)?;
            let figures = export.figures();
            Ok(Figures { events: figures.events, bytes: figures.bytes, lost: figures.lost_events })
        })?;
        let (figures, out) = export.finish()?;
        out.finish()?;
        self.figures = Figures { events: figures.events, bytes: figures.bytes, lost: 0 };
        Ok(left_out(&figures))
    }

    /// Reads a capture from its start to its end; what its header says.
    fn read(&mut self, input: &Path, pass: Pass, take: &mut TakeBlock<'_>) -> anyhow::Result<CaptureHeader> {
        let mut reader = open_capture(input)?.keep_inventories();
        while let Some(next) = reader.next_block(&mut |_| true) {
            match next.and_then(|raw| raw.decode()) {
                Ok(block) => {
                    let figures = take(reader.take_inventory(), &block, &mut self.problems)?;
                    self.progress.update(figures);
                }
                Err(damage) if pass == Pass::First => self.problems.note(&damage),
                Err(_) => {}
            }
        }
        if pass == Pass::First {
            self.problems.note_ending(&reader);
        }
        Ok(reader.header().clone())
    }
}

/// Takes a block, and the inventory before it.
type TakeBlock<'t> = dyn FnMut(Option<Arc<Inventory>>, &Block, &mut Problems<'_>) -> anyhow::Result<Figures> + 't;

/// Writes blocks as they come out of the encoders, each behind what stands before it, and the index. What the form has
/// no place for, a sentence each.
fn write_blocks<W: Write>(
    mut writer: Writer<W>,
    encoded: EncodedBlocks,
    inventories: &Receiver<Option<Arc<Inventory>>>,
    written: &AtomicU64,
) -> Result<(Summary, Vec<String>), FormatError> {
    let mut left_out = Vec::new();
    for block in encoded {
        let block = block?;
        if let Ok(Some(inventory)) = inventories.recv()
            && !writer.write_inventory(&inventory, u64::MAX)?
        {
            left_out.push("threads and descriptors that no event is about: they are too many".to_owned());
        }
        written.store(writer.write_block(block)?, Ordering::Relaxed);
    }
    Ok((writer.finish()?, left_out))
}

/// A conversion to .scap reads its capture for the state before it, then for its events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Pass {
    First,
    Second,
}

/// What could not be read.
struct Problems<'t> {
    terminal: &'t Terminal,
    damaged: u64,
}

impl Problems<'_> {
    fn note(&mut self, damage: &Damage) {
        if self.damaged < DAMAGES_SHOWN {
            self.terminal.note(&format!("sysreel: {damage}"));
        }
        self.damaged += 1;
    }

    fn note_ending(&mut self, reader: &Reader) {
        if let Some(problem) = describe_ending(reader.ending()) {
            self.terminal.note(&format!("sysreel: {}: {problem}", reader.file()));
            self.damaged += 1;
        }
    }

    /// Whether there were none.
    fn finish(self) -> bool {
        let more = self.damaged.saturating_sub(DAMAGES_SHOWN);
        if more > 0 {
            self.terminal.note(&format!("sysreel: and {} more damaged places", thousands(more)));
        }
        self.damaged == 0
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    !is_standard(one) && matches!((real(one), real(other)), (Some(one), Some(other)) if one == other)
}

/// What a .scap file has no place for.
fn left_out(figures: &ScapExportFigures) -> Vec<String> {
    let mut sentences = Vec::new();
    if figures.lost_events > 0 {
        sentences.push(format!("that {} were lost while recording", count(figures.lost_events, "event")));
    }
    if figures.left_out > 0 {
        sentences.push(format!("{} of unknown kinds or that cannot be read", count(figures.left_out, "event")));
    }
    if figures.shortened > 0 {
        sentences.push(format!("the ends of {}, longer than Falco reads", count(figures.shortened, "text")));
    }
    if figures.renumbered > 0 {
        sentences.push(format!("the numbers of {}", count(figures.renumbered, "event")));
    }
    sentences
}

fn summary(name: &str, figures: Figures, left_out: &[String], elapsed: Duration) -> String {
    let rate = u128::from(figures.events) * 1_000_000_000 / elapsed.as_nanos().max(1);
    let rate = thousands(u64::try_from(rate).unwrap_or(u64::MAX));
    let mut text = format!(
        "{name}: {}, {}, in {} ({rate} events/s)\n",
        count(figures.events, "event"),
        bytes(figures.bytes),
        show_duration(elapsed)
    );
    for sentence in left_out {
        text.push_str(&format!("not in the file: {sentence}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_said() {
        assert!(left_out(&ScapExportFigures { events: 7, threads: 2, ..ScapExportFigures::default() }).is_empty());
        let figures = ScapExportFigures { lost_events: 3, shortened: 1, ..ScapExportFigures::default() };
        let text = summary(
            "a.scap",
            Figures { events: 10, bytes: 2048, lost: 0 },
            &left_out(&figures),
            Duration::from_secs(1),
        );
        assert_eq!(
            text,
            "a.scap: 10 events, 2.0 KiB, in 1.0 s (10 events/s)\n\
             not in the file: that 3 events were lost while recording\n\
             not in the file: the ends of 1 text, longer than Falco reads\n"
        );
    }

    #[test]
    fn the_form_is_told_by_the_name() {
        assert_eq!(CaptureForm::of_name("a.REEL"), Some(CaptureForm::Reel));
        assert_eq!(CaptureForm::of_name("b.scap"), Some(CaptureForm::Scap));
        assert_eq!(CaptureForm::of_name("b.scap.gz"), Some(CaptureForm::ScapGz));
        assert_eq!(CaptureForm::of_name("-"), None);
    }
}
