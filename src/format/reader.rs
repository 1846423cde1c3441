//! Reads a capture, whole or not: frame by frame, over damage, from files and streams.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use memchr::memmem;

use super::block::{RawBlock, UnencodedBlock, unpack_alone};
use super::block_stream::{AskedKinds, BlockStream};
use super::cursor::Malformed;
use super::damage::Damage;
use super::error::FormatError;
use super::frame::{
    FrameHead, FrameSort, HEAD_LEN, Hash, MAGIC, MARKER, PREAMBLE_LEN, TRAILER_LEN, array, hash_of, link_of,
    parse_trailer,
};
use super::header::{BlockHeader, CaptureHeader, VERSION};
use super::index::Index;
use super::inventory::Inventory;
use super::kinship::looks_like;
use super::records::{RECORD_LIMIT, decode_record};
use super::schema::KindSet;
use super::source::Source;

/// Bytes searched at a time for the next frame after damage.
const SEARCH_STEP: usize = 1 << 20;

/// How a capture ends, after its last block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ending {
    /// With its index: nothing is missing.
    Complete(Box<Index>),
    /// After a whole frame, without an index: the recorder was killed, or still runs.
    NoFooter,
    /// Inside a frame.
    Truncated(Damage),
}

/// What sort of damage [`Reader::next_block`] met.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// Bytes are not what was written.
    Altered,
    /// Whole frames are not where they were written.
    Spliced,
    /// The system cannot read the file.
    Unreadable,
}

/// Reads one capture from its start to its end.
#[derive(Debug)]
pub struct Reader {
    pub(super) file: Arc<str>,
    pub(super) source: Source,
    header: CaptureHeader,
    /// Offset of the next frame.
    at: u64,
    /// Where to search for a frame when there is none at `at`: inside the last frame's body, in case bytes of it are
    /// missing. Never before a place that was searched already, so that hostile bytes are searched once.
    search_from: u64,
    /// Number and link that the next frame should have; `None` after damage.
    expected: Option<(u32, Hash)>,
    next_number: u32,
    pending: Option<(Fault, Damage)>,
    skipped: u64,
    bytes_skipped: u64,
    ending: Option<Ending>,
    fault: Option<Fault>,
    unreadable: bool,
    /// Where blocks come from that are in no file.
    blocks: Option<BlockStream>,
    keeps_inventories: bool,
    /// The inventory before the last block that was given, until it is taken.
    inventory: Option<Arc<Inventory>>,
}

/// One step through the file.
enum Step {
    Frame { head: FrameHead, record: Vec<u8>, offset: u64 },
    Fault(Fault, Damage),
    End,
}

impl Reader {
    /// Opens a file.
    ///
    /// Fails when it cannot be read, is empty, is not a capture, is of a newer version, or ends inside its header. Of
    /// a damaged header only what it says of the machine is lost: then the first answer of [`Reader::next_block`] is
    /// that damage.
    pub fn open(path: &Path) -> Result<Reader, FormatError> {
        let name = path.display().to_string();
        let unreadable = |source| FormatError::Read { file: name.clone(), source };
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            let what = "this is a folder; name the captures in it";
            return Err(unreadable(io::Error::new(io::ErrorKind::IsADirectory, what)));
        }
        let source = if metadata.is_file() { Source::File(file) } else { Source::stream(Box::new(file)) };
        Reader::start(&name, source)
    }

    /// Reads from a stream, called `standard input` in messages.
    pub fn from_stream(stream: Box<dyn Read + Send>) -> Result<Reader, FormatError> {
        Reader::start("standard input", Source::stream(stream))
    }

    /// Reads from a stream, called `name` in messages.
    pub fn from_named_stream(name: &str, stream: Box<dyn Read + Send>) -> Result<Reader, FormatError> {
        Reader::start(name, Source::stream(stream))
    }

    /// Reads bytes in memory, called `name` in messages.
    pub fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Reader, FormatError> {
        Reader::start(name, Source::Memory(bytes))
    }

    /// Reads blocks that somebody makes as they are asked for, out of a foreign file say. `name` stands in messages for
    /// the file. Reading waits for the iterator; it is not asked again after its end.
    pub fn from_blocks(
        name: &str,
        header: CaptureHeader,
        blocks: impl Iterator<Item = Result<UnencodedBlock, Damage>> + Send + 'static,
    ) -> Reader {
        let header = CaptureHeader { version: VERSION, ..header };
        let blocks = Some(BlockStream::new(Box::new(blocks)));
        Reader { blocks, ..Reader::at(0, Arc::from(name), Source::Memory(Vec::new()), header) }
    }

    /// For blocks whose maker reports single places that cannot be read: one at the end does not mean that the end is
    /// missing.
    pub(crate) fn with_damage_apart(mut self) -> Reader {
        if let Some(blocks) = &mut self.blocks {
            blocks.keep_damage_apart();
        }
        self
    }

    /// Has inventories read, checked and kept, which otherwise are passed over.
    #[must_use]
    pub fn keep_inventories(mut self) -> Reader {
        self.keeps_inventories = true;
        self
    }

    /// The inventory that stands before the last block that was given, if one does, and inventories are kept. Without a
    /// further block, one that nothing follows.
    pub fn take_inventory(&mut self) -> Option<Arc<Inventory>> {
        self.inventory.take()
    }

    /// For blocks whose maker leaves out what nobody looks into, as told by [`Reader::ask_for`].
    pub(crate) fn asking(mut self, asked: AskedKinds) -> Reader {
        if let Some(blocks) = &mut self.blocks {
            blocks.set_asked(asked);
        }
        self
    }

    /// Says, before the first block is read and once, that only events of these kinds will be looked into. Of others a
    /// block that is made while it is read then has time, number, processor and thread only, and asking for more is
    /// damage. Blocks that lie in a file are whole in any case.
    pub fn ask_for(&self, kinds: KindSet) {
        if let Some(blocks) = &self.blocks {
            blocks.ask_for(kinds);
        }
    }

    /// A reader that has read nothing yet and goes on at this offset.
    fn at(offset: u64, file: Arc<str>, source: Source, header: CaptureHeader) -> Reader {
        Reader {
            file,
            source,
            header,
            at: offset,
            search_from: offset,
            expected: None,
            next_number: 0,
            pending: None,
            skipped: 0,
            bytes_skipped: 0,
            ending: None,
            fault: None,
            unreadable: false,
            blocks: None,
            keeps_inventories: false,
            inventory: None,
        }
    }

    fn start(name: &str, mut source: Source) -> Result<Reader, FormatError> {
        let file: Arc<str> = Arc::from(name);
        let unreadable = |source| FormatError::Read { file: name.to_owned(), source };
        let start = source.read_at(0, PREAMBLE_LEN + HEAD_LEN).map_err(unreadable)?;
        if start.is_empty() {
            return Err(FormatError::Empty { file: name.to_owned() });
        }
        let is_ours = start.starts_with(&MAGIC);
        let version = u32::from_le_bytes(array(&start, 8));
        let head = start.get(PREAMBLE_LEN..).and_then(<[u8]>::first_chunk).map(FrameHead::parse);
        let head = head.and_then(Result::ok).filter(|head| head.sort == FrameSort::Header);
        // The first frame's head carries its own checksum; where it is whole it is believed above the first 16 bytes.
        let version = head.as_ref().map_or(version, |head| u32::from(head.version));
        if head.is_none() && !is_ours {
            if MAGIC.starts_with(&start) {
                return Err(truncated_header(&file, start.len()).into());
            }
            return Err(FormatError::NotACapture { file: name.to_owned(), looks_like: looks_like(&start) });
        }
        if version > VERSION {
            let (found, supported) = (version, VERSION);
            return Err(FormatError::NewerVersion { file: name.to_owned(), found, supported });
        }
        if start.len() < PREAMBLE_LEN + HEAD_LEN {
            return Err(truncated_header(&file, start.len()).into());
        }
        let mut reader = Reader::at(PREAMBLE_LEN as u64, file, source, CaptureHeader::default());
        let preamble_link = hash_of(&start[..PREAMBLE_LEN]);
        let step = reader.next_frame().map_err(unreadable)?;
        match step {
            Step::Frame { head, record, .. } if head.sort == FrameSort::Header => {
                match decode_record("capture header", &record) {
                    Ok(header) => reader.header = header,
                    Err(malformed) => {
                        reader.pending = Some((Fault::Altered, reader.damage(PREAMBLE_LEN as u64, None, &malformed)));
                    }
                }
                if head.previous != preamble_link || !is_ours {
                    let what = Malformed::new("the first 16 bytes are not those that were written");
                    reader.pending = Some((Fault::Altered, reader.damage(0, None, &what)));
                }
            }
            Step::Frame { offset, .. } => {
                let what = Malformed::new("the capture's header is missing");
                reader.pending = Some((Fault::Altered, reader.damage(offset, None, &what)));
                reader.at = offset;
            }
            Step::Fault(fault, damage) => reader.pending = Some((fault, damage)),
            Step::End => return Err(truncated_header(&reader.file, start.len()).into()),
        }
        Ok(reader)
    }

    /// What the capture says of itself.
    pub fn header(&self) -> &CaptureHeader {
        &self.header
    }

    /// The time from which `evt.reltime` counts, where whoever makes the blocks knows it: 0 is never.
    pub fn first_event_ns(&self) -> u64 {
        if self.blocks.is_some() { self.header.started_ns } else { 0 }
    }

    /// Whether the blocks lie in a file of this format, with the hash chain that [`super::verify()`] follows.
    pub fn has_chain(&self) -> bool {
        self.blocks.is_none()
    }

    /// The file's name as it was given.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// How many blocks were passed over because they were not wanted.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// How many bytes of the file were read, and how many were passed over with the blocks that were not wanted. Both are
    /// 0 for blocks that are in no file of this format.
    pub fn bytes(&self) -> (u64, u64) {
        (self.at.saturating_sub(self.bytes_skipped), self.bytes_skipped)
    }

    /// How the capture ends; `None` until [`Reader::next_block`] has given its last block.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// What sort of damage the last `Err` of [`Reader::next_block`] was.
    pub(crate) fn last_fault(&self) -> Option<Fault> {
        self.fault
    }

    /// The link of the last frame that was read.
    pub(crate) fn chain_link(&self) -> Option<Hash> {
        self.expected.map(|(_, link)| link)
    }

    /// The next block that `want` says yes to. The bodies of others are not read (of a stream: read and dropped).
    ///
    /// A damaged place gives one `Err`; the call after it goes on at the next frame that is whole. `None` is the end,
    /// and [`Reader::ending`] says of which sort; of a file that still grows, a later call may find more.
    pub fn next_block(&mut self, want: &mut dyn FnMut(&BlockHeader) -> bool) -> Option<Result<RawBlock, Damage>> {
        loop {
            if let Some((fault, damage)) = self.pending.take() {
                self.fault = Some(fault);
                return Some(Err(damage));
            }
            if let Some(blocks) = &mut self.blocks {
                let (block, skipped) = blocks.next_block(&self.file, want);
                let inventory = blocks.take_inventory().filter(|_| self.keeps_inventories);
                self.inventory = inventory.or(self.inventory.take());
                self.skipped += skipped;
                if block.is_none() {
                    self.ending = Some(blocks.ending());
                }
                return block;
            }
            if self.unreadable || matches!(self.ending, Some(Ending::Complete(_))) {
                return None;
            }
            self.ending = None;
            let (at, number) = (self.at, u64::from(self.next_number).checked_sub(1));
            let result = self.next_frame().and_then(|step| self.take_step(step, want));
            match result {
                Ok(Some(block)) => return Some(Ok(block)),
                Ok(None) if self.ending.is_some() && self.pending.is_none() => return None,
                Ok(None) => {}
                Err(error) => {
                    let damage = self.damage(at, number, &Malformed::new(format!("cannot read: {error}")));
                    self.unreadable = true;
                    self.ending = Some(Ending::Truncated(damage.clone()));
                    self.pending = Some((Fault::Unreadable, damage));
                }
            }
        }
    }

    fn take_step(&mut self, step: Step, want: &mut dyn FnMut(&BlockHeader) -> bool) -> io::Result<Option<RawBlock>> {
        match step {
            Step::Frame { head, record, offset } => match head.sort {
                FrameSort::Block => self.take_block(&head, &record, offset, want),
                FrameSort::Inventory if self.keeps_inventories => {
                    self.read_inventory(&head, &record, offset).map(|()| None)
                }
                FrameSort::Index => self.take_index(&head, offset).map(|()| None),
                FrameSort::Inventory | FrameSort::Other(_) => Ok(None),
                FrameSort::Header => {
                    let what = Malformed::new("another capture's header begins here");
                    self.pending = Some((Fault::Spliced, self.damage(offset, None, &what)));
                    Ok(None)
                }
            },
            Step::Fault(fault, damage) => {
                self.pending = Some((fault, damage));
                Ok(None)
            }
            Step::End => Ok(None),
        }
    }

    fn take_block(
        &mut self,
        head: &FrameHead,
        record: &[u8],
        offset: u64,
        want: &mut dyn FnMut(&BlockHeader) -> bool,
    ) -> io::Result<Option<RawBlock>> {
        let header: BlockHeader = match decode_record("block header", record) {
            Ok(header) => header,
            Err(malformed) => {
                self.pending = Some((Fault::Altered, self.damage(offset, head.block_number(), &malformed)));
                return Ok(None);
            }
        };
        if !want(&header) {
            self.skipped += 1;
            self.bytes_skipped += u64::from(head.body_len);
            return Ok(None);
        }
        let body_at = offset + (HEAD_LEN + record.len()) as u64;
        let body = self.source.read_at(body_at, head.body_len as usize)?;
        Ok(Some(RawBlock {
            file: Arc::clone(&self.file),
            offset,
            number: head.block_number().unwrap_or(0),
            header,
            body,
            body_hash: head.body_hash,
            built: None,
        }))
    }

    fn read_inventory(&mut self, head: &FrameHead, record: &[u8], offset: u64) -> io::Result<()> {
        let body = self.source.read_at(offset + (HEAD_LEN + record.len()) as u64, head.body_len as usize)?;
        let inventory = if hash_of(&body) == head.body_hash {
            Inventory::decode(record, &body)
        } else {
            Err(Malformed::new("the inventory does not fit its hash"))
        };
        match inventory {
            Ok(inventory) => self.inventory = inventory.map(Arc::new),
            Err(malformed) => self.pending = Some((Fault::Altered, self.damage(offset, None, &malformed))),
        }
        Ok(())
    }

    /// The index ends the capture; what follows its trailer is reported and not read.
    fn take_index(&mut self, head: &FrameHead, offset: u64) -> io::Result<()> {
        let body =
            self.source.read_at(offset + HEAD_LEN as u64 + u64::from(head.record_len), head.body_len as usize)?;
        let index = match decode_index(head, &body) {
            Ok(index) => index,
            Err(malformed) => {
                self.pending = Some((Fault::Altered, self.damage(offset, None, &malformed)));
                return Ok(());
            }
        };
        let trailer = self.source.read_at(self.at, TRAILER_LEN + 1)?;
        if trailer.len() < TRAILER_LEN {
            let what = Malformed::new("the file ends inside its last 24 bytes");
            self.ending = Some(Ending::Truncated(self.damage(self.at, None, &what)));
            // So that a later call, when the rest may be there, comes back to the index.
            self.rewind(offset, head);
            return Ok(());
        }
        let end = self.at + TRAILER_LEN as u64;
        let fault = match trailer.first_chunk().and_then(parse_trailer) {
            None => Some((Fault::Altered, self.at, "the last 24 bytes are damaged")),
            Some(elsewhere) if elsewhere != offset => {
                Some((Fault::Spliced, self.at, "bytes before the index were put in or taken out"))
            }
            Some(_) if trailer.len() > TRAILER_LEN => {
                Some((Fault::Altered, end, "bytes follow the end of the capture"))
            }
            Some(_) => None,
        };
        self.pending = fault.map(|(fault, at, what)| (fault, self.damage(at, None, &Malformed::new(what))));
        self.ending = Some(Ending::Complete(Box::new(index)));
        Ok(())
    }

    fn rewind(&mut self, offset: u64, head: &FrameHead) {
        self.at = offset;
        self.next_number = head.number;
        self.expected = Some((head.number, head.previous));
    }

    /// Reads head and record of the frame at `self.at` and moves behind it, over damage if need be.
    fn next_frame(&mut self) -> io::Result<Step> {
        let offset = self.at;
        let bytes = self.source.read_at(offset, HEAD_LEN)?;
        if bytes.is_empty() {
            self.ending = Some(Ending::NoFooter);
            return Ok(Step::End);
        }
        let Some(head_bytes) = bytes.first_chunk::<HEAD_LEN>() else {
            let is_start = bytes.iter().zip(&MARKER).all(|(byte, marker)| byte == marker);
            if is_start {
                return Ok(self.truncated(offset, None));
            }
            return self.resynchronise(offset, None, &Malformed::new("a frame should begin here, and there is none"));
        };
        let head = match FrameHead::parse(head_bytes) {
            Ok(head) => head,
            Err(malformed) => {
                let number = u64::from(self.next_number).checked_sub(1);
                return self.resynchronise(offset, number, &malformed);
            }
        };
        self.take_head(head, link_of(head_bytes), offset)
    }

    fn take_head(&mut self, head: FrameHead, link: Hash, offset: u64) -> io::Result<Step> {
        let number = head.block_number();
        let record_at = offset + HEAD_LEN as u64;
        let body_at = record_at + u64::from(head.record_len);
        let end = body_at + u64::from(head.body_len);
        if !self.reaches(end)? {
            // Bytes may be missing in the middle of the file: then later frames lie where this one's body should.
            if let Some(found) = self.search(record_at)? {
                let what = format!("the frame is cut short; reading goes on at byte {found}");
                self.go_on_at(found);
                return Ok(Step::Fault(Fault::Altered, self.damage(offset, number, &Malformed::new(what))));
            }
            return Ok(self.truncated(offset, number));
        }
        if u32::from(head.version) > VERSION {
            let what = format!("a frame of format version {}, which this program does not read", head.version);
            self.pass(&head, link, offset);
            return Ok(Step::Fault(Fault::Altered, self.damage(offset, number, &Malformed::new(what))));
        }
        if let Some((expected, previous)) = self.expected
            && (expected != head.number || previous != head.previous)
        {
            // Reported once; the frame itself is read by the next call.
            self.expected = Some((head.number, head.previous));
            let what = match head.number.checked_sub(expected) {
                Some(0) => "the frame before this one is not the one it was written after".to_owned(),
                Some(missing) => format!("{missing} blocks before this one are missing"),
                None => format!("block {} comes again or out of its order", u64::from(head.number).saturating_sub(1)),
            };
            return Ok(Step::Fault(Fault::Spliced, self.damage(offset, number, &Malformed::new(what))));
        }
        let record = self.source.read_at(record_at, head.record_len as usize)?;
        self.pass(&head, link, offset);
        if hash_of(&record) != head.record_hash {
            let what = Malformed::new("the frame's record does not fit its hash");
            return Ok(Step::Fault(Fault::Altered, self.damage(offset, number, &what)));
        }
        Ok(Step::Frame { head, record, offset })
    }

    /// Moves behind a frame.
    fn pass(&mut self, head: &FrameHead, link: Hash, offset: u64) {
        self.source.forget_before(offset);
        self.at = offset + head.frame_len();
        self.search_from = self.search_from.max(offset + HEAD_LEN as u64 + u64::from(head.record_len));
        self.next_number = head.number.saturating_add(1);
        self.expected = Some((self.next_number, link));
    }

    /// Whether the file has this many bytes.
    fn reaches(&mut self, end: u64) -> io::Result<bool> {
        match self.source.size()? {
            Some(size) => Ok(end <= size),
            None => match end.checked_sub(1) {
                Some(last) => Ok(!self.source.read_at(last, 1)?.is_empty()),
                None => Ok(true),
            },
        }
    }

    fn truncated(&mut self, offset: u64, number: Option<u64>) -> Step {
        let number = number.or(u64::from(self.next_number).checked_sub(1));
        let damage = self.damage(offset, number, &Malformed::new("the file ends inside this frame"));
        self.ending = Some(Ending::Truncated(damage));
        Step::End
    }

    /// There is no frame at `offset`: finds the next one.
    fn resynchronise(&mut self, offset: u64, number: Option<u64>, why: &Malformed) -> io::Result<Step> {
        let what = match self.search(self.search_from)? {
            Some(found) => {
                self.go_on_at(found);
                format!("{why}; reading goes on at byte {found}")
            }
            None => {
                // Nothing to find later either, unless the file grows.
                self.at = self.search_from.max(offset);
                self.expected = None;
                format!("{why}; no frame follows")
            }
        };
        Ok(Step::Fault(Fault::Altered, self.damage(offset, number, &Malformed::new(what))))
    }

    fn go_on_at(&mut self, found: u64) {
        self.at = found;
        self.search_from = found;
        self.expected = None;
    }

    /// The next place from `from` on where a whole frame head lies. Moves `search_from` to where the search ended.
    fn search(&mut self, from: u64) -> io::Result<Option<u64>> {
        let finder = memmem::Finder::new(&MARKER);
        let mut from = from.max(self.search_from);
        loop {
            let bytes = self.source.read_at(from, SEARCH_STEP)?;
            let mut found = None;
            for at in finder.find_iter(&bytes) {
                let head = match bytes.get(at..).and_then(<[u8]>::first_chunk::<HEAD_LEN>) {
                    Some(head) => FrameHead::parse(head),
                    None => match self.source.read_at(from + at as u64, HEAD_LEN)?.first_chunk::<HEAD_LEN>() {
                        Some(head) => FrameHead::parse(head),
                        None => break,
                    },
                };
                if head.is_ok() {
                    found = Some(from + at as u64);
                    break;
                }
            }
            if let Some(found) = found {
                return Ok(Some(found));
            }
            if bytes.len() < SEARCH_STEP {
                self.search_from = from + bytes.len() as u64;
                return Ok(None);
            }
            from += (SEARCH_STEP - (MARKER.len() - 1)) as u64;
            self.source.forget_before(from);
            self.search_from = from;
        }
    }

    pub(super) fn damage(&self, offset: u64, block: Option<u64>, what: &Malformed) -> Damage {
        Damage { file: self.file.to_string(), offset, block, what: what.to_string() }
    }
}

pub(super) fn decode_index(head: &FrameHead, body: &[u8]) -> Result<Index, Malformed> {
    if hash_of(body) != head.body_hash {
        return Err(Malformed::new("the index does not fit its hash"));
    }
    let index: Index = decode_record("index", &unpack_alone(body, RECORD_LIMIT)?)?;
    if index.chain_end != head.previous {
        return Err(Malformed::new("the hash chain does not end where the index says"));
    }
    Ok(index)
}

fn truncated_header(file: &str, length: usize) -> Damage {
    let what = "the file ends inside its header".to_owned();
    Damage { file: file.to_owned(), offset: length as u64, block: None, what }
}
