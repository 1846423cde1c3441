//! Reads a `.scap` file block by block, however it is compressed and whatever is wrong with it.
//!
//! Of the file only a window is in memory: as much as the largest event, or one stretch of a list. A block's length
//! stands at its beginning and at its end; where the two differ, or make no sense, the reader reports it and looks for
//! the next place where a block of a known type has the same length at both ends.

use std::fmt;
use std::io::Read;
use std::ops::Range;

use crate::format::envelope::{ChunkSource, unwrap, unwrap_start};
use crate::format::{Damage, FormatError};

use super::batch::{Batch, ListKind};
use super::block_type::{BlockType, EventBlock, SECTION, SECTION_MAGIC};
use super::entries::{self, LONGEST_ENTRY};
use super::event::{EventLayout, ScapEvent};
use super::item::{ScapGroup, ScapItem};
use super::packed::Packed;

/// Type and length before a block's body, and the length again after it.
const HEAD: usize = 8;
const TRAILER: usize = 4;

/// No section header, machine block or event of an ordinary kind is longer.
const LONGEST_SMALL: usize = 1 << 20;

/// No event of a kind with large payloads is longer.
const LONGEST_LARGE: usize = 64 << 20;

/// How much of a list is kept in memory at a time; at least two entries.
const LIST_WINDOW: usize = 4 * LONGEST_ENTRY;

/// A buffer that grew beyond this for one event is given back afterwards.
const USUAL_BUFFER: usize = 8 << 20;

/// A `.scap` file that is being read.
pub struct ScapReader {
    name: String,
    source: ChunkSource,
    /// Why the source gave no more, until it was reported.
    broken: Option<String>,
    buffer: Vec<u8>,
    /// Where in `buffer` reading goes on.
    at: usize,
    /// Where in the (inflated) file `buffer` begins.
    base: u64,
    state: State,
    /// Groups of the list entries whose users were handed out last.
    groups: Vec<ScapGroup>,
    /// Damage that was found behind entries that had to be handed out first.
    pending: Option<Damage>,
    unknown_blocks: u64,
    unknown_events: u64,
}

/// What comes next.
#[derive(Clone, Copy, Debug)]
enum State {
    /// A block.
    Block,
    /// More entries of a list.
    List(List),
    /// The rest of a block that nobody wants; its trailer must be `length`.
    Skip { left: u64, length: u32 },
    /// Bytes that belong to no block.
    Search,
    /// Nothing.
    End,
}

/// A list in the middle of which reading is.
#[derive(Clone, Copy, Debug)]
struct List {
    kind: ListKind,
    /// Bytes of the block's body that were not read.
    left: u64,
    /// The block's length.
    length: u32,
    /// Whether the block's trailer has the same length.
    is_verified: bool,
}

/// What was found, with places instead of borrowed bytes.
enum Step {
    Item(ScapItem<'static>),
    Event(EventLayout, Range<usize>),
}

impl fmt::Debug for ScapReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScapReader")
            .field("name", &self.name)
            .field("offset", &self.offset())
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl ScapReader {
    /// Whether a file that begins with these bytes is a `.scap` file, compressed or not. Some thousand bytes decide
    /// about a compressed one; fewer may not.
    pub fn looks_like_scap(start: &[u8]) -> bool {
        section_version(&unwrap_start(start)).is_some()
    }

    /// Begins to read. `name` is what damage is reported under.
    pub fn open(name: impl Into<String>, stream: Box<dyn Read + Send>) -> Result<ScapReader, FormatError> {
        let name = name.into();
        let unreadable = |source| FormatError::Read { file: name.clone(), source };
        let inside = unwrap(stream).map_err(unreadable)?;
        if inside.start.is_empty() {
            return Err(FormatError::Empty { file: name });
        }
        match section_version(&inside.start) {
            None => {
                return Err(FormatError::NotACapture {
                    file: name,
                    looks_like: "does not begin with a .scap section header",
                });
            }
            Some((major, _)) if major > 1 => {
                return Err(FormatError::NewerVersion { file: name, found: u32::from(major), supported: 1 });
            }
            Some(_) => {}
        }
        let source = if inside.was_wrapped {
            ChunkSource::ahead(inside.stream).map_err(unreadable)?
        } else {
            ChunkSource::direct(inside.stream)
        };
        Ok(ScapReader {
            name,
            source,
            broken: None,
            buffer: Vec::new(),
            at: 0,
            base: 0,
            state: State::Block,
            groups: Vec::new(),
            pending: None,
            unknown_blocks: 0,
            unknown_events: 0,
        })
    }

    /// The next thing in the file, `None` at its end. After damage reading goes on where that is possible.
    #[allow(clippy::should_implement_trait, reason = "what is returned borrows from the reader")]
    pub fn next(&mut self) -> Result<Option<ScapItem<'_>>, Damage> {
        Ok(match self.advance()? {
            None => None,
            Some(Step::Item(item)) => Some(item),
            Some(Step::Event(layout, body)) => {
                Some(ScapItem::Event(layout.event(self.buffer.get(body).unwrap_or_default())))
            }
        })
    }

    /// The next thing, if it is an event that is in memory already and has nothing special about it. Nearly everything
    /// is; [`ScapReader::next`] gives whatever it may be, at ten times the cost.
    #[inline]
    pub fn next_plain_event(&mut self) -> Option<ScapEvent<'_>> {
        if !matches!(self.state, State::Block) || self.pending.is_some() || !self.groups.is_empty() {
            return None;
        }
        let (event, size) = ScapEvent::read_plain(self.buffer.get(self.at..)?, LONGEST_SMALL)?;
        self.at += size;
        Some(event)
    }

    /// How far reading is: a position in the inflated file.
    pub fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Blocks that were passed over because their type is not known.
    pub fn unknown_blocks(&self) -> u64 {
        self.unknown_blocks
    }

    /// Events that were passed over because their code is not known: the file is of a newer recorder.
    pub fn unknown_events(&self) -> u64 {
        self.unknown_events
    }

    fn advance(&mut self) -> Result<Option<Step>, Damage> {
        loop {
            if let Some(damage) = self.pending.take() {
                return Err(damage);
            }
            if !self.groups.is_empty() {
                return Ok(Some(Step::Item(ScapItem::Groups(std::mem::take(&mut self.groups)))));
            }
            match self.state {
                State::End => return Ok(None),
                State::Search => self.search(),
                State::Skip { left, length } => self.skip(left, length)?,
                State::List(list) => {
                    if let Some(item) = self.read_list(list) {
                        return Ok(Some(Step::Item(item)));
                    }
                }
                State::Block => {
                    if let Some(step) = self.read_block()? {
                        return Ok(Some(step));
                    }
                }
            }
        }
    }

    /// Reads one block, or begins a list. `None` when there is nothing to hand out yet.
    fn read_block(&mut self) -> Result<Option<Step>, Damage> {
        if !self.ensure(HEAD) {
            return self.end_of_file().map(|()| None);
        }
        let (number, length) = (self.u32_at(0), self.u32_at(4));
        let size = length as usize;
        if size < HEAD + TRAILER {
            return Err(self.too_short(length));
        }
        let Some(block) = BlockType::from_number(number) else {
            // bytes that are no block at all look like this too, so both lengths are wanted before it is believed
            self.whole_block(length, LIST_WINDOW)?;
            self.unknown_blocks += 1;
            self.at += size;
            return Ok(None);
        };
        match block {
            BlockType::Event(event) => {
                Ok(self.read_event(event, length)?.map(|(layout, body)| Step::Event(layout, body)))
            }
            BlockType::Section => {
                self.whole_block(length, LONGEST_SMALL)?;
                let version = section_version(self.buffer.get(self.at..).unwrap_or_default());
                let damage = match version {
                    Some((major @ ..=1, minor)) => {
                        self.at += size;
                        return Ok(Some(Step::Item(ScapItem::Section { major, minor })));
                    }
                    Some((major, _)) => format!("a section of format version {major}, this program knows version 1"),
                    None => "a section header without its magic number".to_owned(),
                };
                let damage = self.damage(damage);
                self.at += size;
                Err(damage)
            }
            BlockType::Machine => {
                let body = self.whole_block(length, LONGEST_SMALL)?;
                let machine = entries::read_machine(Packed::new(self.buffer.get(body).unwrap_or_default()));
                let machine = machine.map_err(|error| self.damage(format!("the machine block: {error}")));
                self.at += size;
                machine.map(|machine| Some(Step::Item(ScapItem::Machine(machine))))
            }
            BlockType::Threads(version) => self.begin_list(ListKind::Threads { version }, length, 0),
            BlockType::Interfaces(version) => {
                self.begin_list(ListKind::Interfaces { is_sized: version > 1 }, length, 0)
            }
            BlockType::Accounts(version) => self.begin_list(ListKind::Accounts { is_sized: version > 1 }, length, 0),
            BlockType::Fds(version) => {
                if !self.ensure(HEAD + 8) || size < HEAD + 8 + TRAILER {
                    return Err(self.lost("a descriptor list is too short to say whose it is"));
                }
                let tid = self.u64_at(HEAD).cast_signed();
                self.begin_list(ListKind::Fds { tid, is_sized: version > 1 }, length, 8)
            }
        }
    }

    fn read_event(&mut self, block: EventBlock, length: u32) -> Result<Option<(EventLayout, Range<usize>)>, Damage> {
        if (length as usize) < HEAD + TRAILER {
            return Err(self.too_short(length));
        }
        let body = self.whole_block(length, if block.is_large { LONGEST_LARGE } else { LONGEST_SMALL })?;
        let layout = EventLayout::read(self.buffer.get(body.clone()).unwrap_or_default(), block);
        let layout = layout.map_err(|error| self.damage(error.0));
        self.at += length as usize;
        let layout = layout?;
        self.unknown_events += u64::from(layout.is_none());
        Ok(layout.map(|layout| (layout, body)))
    }

    fn too_short(&mut self, length: u32) -> Damage {
        self.lost(format!("a block's length is {length}, no block is so short"))
    }

    /// Has a whole block in memory whose length is not above `limit`, and whose trailer fits. The place of its body.
    fn whole_block(&mut self, length: u32, limit: usize) -> Result<Range<usize>, Damage> {
        let size = length as usize;
        if size > limit {
            return Err(self.lost(format!("a block of its type has at most {limit} bytes, this one says {length}")));
        }
        if !self.ensure(size) {
            return Err(self.lost(format!("a block of {length} bytes is cut off")));
        }
        let trailer = self.u32_at(size - TRAILER);
        if trailer != length {
            return Err(self.lost(format!("a block's length is {length} before and {trailer} after it")));
        }
        Ok(self.at + HEAD..self.at + size - TRAILER)
    }

    fn begin_list(&mut self, kind: ListKind, length: u32, owner: usize) -> Result<Option<Step>, Damage> {
        let size = length as usize;
        // the trailer of a list that fits the window is compared before its entries are believed
        let mut is_verified = false;
        if size <= LIST_WINDOW && self.ensure(size) {
            let trailer = self.u32_at(size - TRAILER);
            if trailer != length {
                return Err(self.lost(format!("a list's length is {length} before and {trailer} after it")));
            }
            is_verified = true;
        }
        self.at += HEAD + owner;
        let left = (size - HEAD - owner - TRAILER) as u64;
        self.state = State::List(List { kind, left, length, is_verified });
        Ok(None)
    }

    /// Reads the next entries of a list. `None` when there are no more; damage is left in `pending`.
    fn read_list(&mut self, list: List) -> Option<ScapItem<'static>> {
        let window = usize::try_from(list.left).unwrap_or(usize::MAX).min(LIST_WINDOW);
        let is_whole = self.ensure(window);
        let there = window.min(self.buffer.len() - self.at);
        let is_last = list.left == there as u64 || !is_whole;
        let mut batch = Batch::new(list.kind);
        let mut used = 0;
        let outcome = loop {
            // fewer than four bytes are what aligns the block's end
            if there - used < 4 || batch.is_full() || (!is_last && there - used < LONGEST_ENTRY) {
                break Ok(());
            }
            let mut packed = Packed::new(self.buffer.get(self.at + used..self.at + there).unwrap_or_default());
            let before = packed.remaining();
            let outcome = batch.read(&mut packed);
            // an entry with a length is passed over where it is wrong; without one nobody knows where the next begins
            let passed = before - packed.remaining();
            match outcome {
                Ok(()) => used += passed,
                Err(error) => {
                    let can_go_on = batch.is_sized() && passed > 4 && is_whole;
                    let damage = self.damage_at(used, format!("an entry of a list: {error}"));
                    used += if can_go_on { passed } else { 0 };
                    break Err((damage, can_go_on));
                }
            }
        };
        self.at += used;
        let left = list.left - used as u64;
        self.state = State::List(List { left, ..list });
        match outcome {
            Ok(()) if left < 4 => self.state = State::Skip { left, length: list.length },
            Ok(()) if !is_whole && !batch.is_full() => {
                self.pending = Some(self.damage("a list is cut off".to_owned()));
                self.state = State::Search;
            }
            Ok(()) => {}
            Err((damage, can_go_on)) => {
                self.pending = Some(damage);
                if !can_go_on {
                    self.state =
                        if list.is_verified { State::Skip { left, length: list.length } } else { State::Search };
                }
            }
        }
        let (item, groups) = batch.into_item();
        self.groups = groups;
        item
    }

    /// Passes over the rest of a block, as far as it is in memory.
    fn skip(&mut self, left: u64, length: u32) -> Result<(), Damage> {
        if left > 0 {
            if !self.ensure(1) {
                return Err(self.lost("a block is cut off"));
            }
            let there = self.buffer.len() - self.at;
            let step = usize::try_from(left).unwrap_or(usize::MAX).min(there);
            self.at += step;
            self.state = State::Skip { left: left - step as u64, length };
            return Ok(());
        }
        if !self.ensure(TRAILER) {
            return Err(self.lost("a block is cut off"));
        }
        let trailer = self.u32_at(0);
        if trailer != length {
            return Err(self.lost(format!("a block's length is {length} before and {trailer} after it")));
        }
        self.at += TRAILER;
        self.state = State::Block;
        Ok(())
    }

    /// Goes on to the next place that looks like a block. Blocks lie at multiples of four.
    fn search(&mut self) {
        let unaligned = usize::try_from((4 - self.offset() % 4) % 4).unwrap_or(0);
        if self.ensure(unaligned) {
            self.at += unaligned;
        }
        loop {
            if !self.ensure(HEAD + TRAILER) {
                self.at = self.buffer.len();
                self.state = State::End;
                return;
            }
            if self.is_plausible_block() {
                self.state = State::Block;
                return;
            }
            self.at += 4;
        }
    }

    fn is_plausible_block(&mut self) -> bool {
        let Some(block) = BlockType::from_number(self.u32_at(0)) else { return false };
        let size = self.u32_at(4) as usize;
        let limit = match block {
            BlockType::Event(event) if event.is_large => LONGEST_LARGE,
            BlockType::Event(_) | BlockType::Section | BlockType::Machine => LONGEST_SMALL,
            BlockType::Threads(_) | BlockType::Fds(_) | BlockType::Interfaces(_) | BlockType::Accounts(_) => {
                LIST_WINDOW
            }
        };
        (HEAD + TRAILER..=limit).contains(&size) && self.ensure(size) && self.u32_at(size - TRAILER) == self.u32_at(4)
    }

    /// The file's end, where a block should begin. An error when something is wrong with that.
    fn end_of_file(&mut self) -> Result<(), Damage> {
        let left = self.buffer.len() - self.at;
        if left == 0 && self.broken.is_none() {
            self.state = State::End;
            return Ok(());
        }
        let damage = self.damage(format!("the file ends inside a block's head, of which {left} bytes are there"));
        self.at = self.buffer.len();
        self.state = State::End;
        Err(damage)
    }

    /// Has `count` bytes in memory from where reading is; false when the file has fewer.
    #[inline]
    fn ensure(&mut self, count: usize) -> bool {
        self.buffer.len() - self.at >= count || self.fill(count)
    }

    fn fill(&mut self, count: usize) -> bool {
        while self.buffer.len() - self.at < count {
            // moving the rest to the front costs less than what was read since
            if self.at >= self.buffer.len() / 2 {
                self.buffer.drain(..self.at);
                self.base += self.at as u64;
                self.at = 0;
                if self.buffer.capacity() > USUAL_BUFFER && count < USUAL_BUFFER / 2 {
                    self.buffer.shrink_to(USUAL_BUFFER / 2);
                }
            }
            match self.source.append_next(&mut self.buffer) {
                Ok(true) => {}
                Ok(false) => return false,
                Err(error) => {
                    self.broken = Some(error.to_string());
                    return self.buffer.len() - self.at >= count;
                }
            }
        }
        true
    }

    #[inline]
    fn u32_at(&self, offset: usize) -> u32 {
        let bytes = self.buffer.get(self.at + offset..).and_then(<[u8]>::first_chunk);
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    fn u64_at(&self, offset: usize) -> u64 {
        let bytes = self.buffer.get(self.at + offset..).and_then(<[u8]>::first_chunk);
        bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    /// Damage here, after which nobody knows where the next block begins.
    fn lost(&mut self, what: impl Into<String>) -> Damage {
        let damage = self.damage(what);
        // what was wrong is not looked at again
        self.at = (self.at + 4).min(self.buffer.len());
        self.state = State::Search;
        damage
    }

    fn damage(&mut self, what: impl Into<String>) -> Damage {
        self.damage_at(0, what)
    }

    fn damage_at(&mut self, offset: usize, what: impl Into<String>) -> Damage {
        let mut what = what.into();
        if let Some(reason) = self.broken.take() {
            what.push_str(&format!(" (no more could be read: {reason})"));
        }
        Damage { file: self.name.clone(), offset: self.offset() + offset as u64, block: None, what }
    }
}

/// The version in a section header, if that is what `bytes` begin with.
fn section_version(bytes: &[u8]) -> Option<(u16, u16)> {
    let mut packed = Packed::new(bytes);
    let head = (packed.u32().ok()?, packed.u32().ok()?, packed.u32().ok()?);
    let version = (packed.u16().ok()?, packed.u16().ok()?);
    (head.0 == SECTION && head.2 == SECTION_MAGIC).then_some(version)
}
