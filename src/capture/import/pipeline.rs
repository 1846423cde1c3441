//! The import itself: items of a file in, finished blocks out, on a thread of its own.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::container_json::{ToldContainer, read_container, runtime_name};
use super::convert::{Conversion, Plan, plan_of, tells_of_machine};
use super::enter_events::{EnterEvent, EnterEvents};
use super::machine::{interfaces_of, snapshot_of};
use crate::capture::container::{ContainerLookup, Meeting};
use crate::capture::raw::RawEvent;
use crate::capture::state::{MemoryFigures, Outlined, Semantics, State, changes_nothing};
use crate::format::row::{Container, ContainerRow, Text, Value};
use crate::format::scap::{ScapEvent, ScapItem, ScapReader};
use crate::format::schema::{EventKind, EventSource, KindSet};
use crate::format::{
    AskedKinds, BlockBuilder, BlockOptions, CaptureHeader, Damage, EventOutline, FormatError, Inventory, Reader,
    UnencodedBlock,
};

/// Finished blocks that wait for whoever evaluates them. Each is some 20 MB.
const BLOCKS_WAITING: usize = 2;

/// The first event that is no metadata is looked for among so many: it says when the recording began.
const EARLY_EVENTS: u64 = 50_000;

/// As many parameters as no kind has, and as most kinds have at most: what is on the stack is written first.
const PARAM_LIMIT: usize = 48;
const FEW_PARAMS: usize = 12;

/// A finished block, or a place that could not be read.
type Made = Result<UnencodedBlock, Damage>;

/// Starts the import of a file whose reader was opened, into blocks of this size.
pub(super) fn start(name: &str, reader: ScapReader, blocks: BlockOptions) -> Result<Reader, FormatError> {
    let mut import = Import::new(reader, blocks);
    let mut early = Vec::new();
    // The header says when the recording began and on which machine: that takes the first events.
    while !import.is_over && import.work.first_ts_ns == 0 && import.num < EARLY_EVENTS {
        import.step(&mut |made| {
            early.push(made);
            true
        });
    }
    let header = import.header();
    let asked = AskedKinds::default();
    let waiting = Waiting { import, early, asked: Arc::clone(&asked), name: name.to_owned() };
    let blocks = Blocks { waiting: Some(waiting), running: None };
    Ok(Reader::from_blocks(name, header, blocks).asking(asked))
}

/// Reading a block waits for the import, which begins with the first one and ends when this is dropped.
struct Blocks {
    waiting: Option<Waiting>,
    running: Option<Receiver<Made>>,
}

/// An import that has not begun.
struct Waiting {
    import: Import,
    early: Vec<Made>,
    asked: AskedKinds,
    name: String,
}

impl Waiting {
    fn begin(self) -> Result<Receiver<Made>, Damage> {
        let Waiting { mut import, early, asked, name } = self;
        if let Some(kinds) = asked.get() {
            import.work.keep_only(kinds);
        }
        let (made, blocks) = sync_channel(BLOCKS_WAITING);
        let thread = std::thread::Builder::new().name("import".to_owned()).spawn(move || import.run(early, &made));
        thread.map(|_| blocks).map_err(|error| {
            let what = format!("no thread can be started to read it: {error}");
            Damage { file: name, offset: 0, block: None, what }
        })
    }
}

impl Iterator for Blocks {
    type Item = Made;

    fn next(&mut self) -> Option<Made> {
        if let Some(waiting) = self.waiting.take() {
            match waiting.begin() {
                Ok(blocks) => self.running = Some(blocks),
                Err(damage) => return Some(Err(damage)),
            }
        }
        self.running.as_ref()?.recv().ok()
    }
}

/// Details of containers come in the file's own events.
struct NoLookup;

impl ContainerLookup for NoLookup {
    fn request(&mut self, _: &Arc<Container>, _: Meeting) {}
}

struct Import {
    reader: ScapReader,
    /// The head of a section whose events have not begun.
    head: Option<Inventory>,
    version: (u16, u16),
    work: Work,
    /// Events counted so far, as the reference counts them.
    num: u64,
    is_over: bool,
}

/// What an event passes through: kept apart from the reader, whose buffer the event lies in.
struct Work {
    state: State,
    enters: EnterEvents,
    builder: BlockBuilder,
    /// What was there before the block in hand, where a section begins with it.
    inventory: Option<Arc<Inventory>>,
    host_name: Text,
    cpus: u32,
    first_ts_ns: u64,
    /// No event but such as tell of users and containers has come yet. Falco takes those at the head of a file for
    /// part of the machine's description.
    in_head: bool,
}

impl Import {
    fn new(reader: ScapReader, blocks: BlockOptions) -> Import {
        Import {
            reader,
            head: Some(Inventory::default()),
            version: (1, 0),
            work: Work {
                state: new_state(&Inventory::default()),
                enters: EnterEvents::default(),
                builder: BlockBuilder::new(blocks),
                inventory: None,
                host_name: Text::default(),
                cpus: 0,
                first_ts_ns: 0,
                in_head: true,
            },
            num: 0,
            is_over: false,
        }
    }

    fn header(&self) -> CaptureHeader {
        CaptureHeader {
            host_name: String::from_utf8_lossy(&self.work.host_name).into_owned(),
            cpus: self.work.cpus,
            started_ns: self.work.first_ts_ns,
            recorder: format!("Falco or sysdig (.scap {}.{})", self.version.0, self.version.1),
            ..CaptureHeader::default()
        }
    }

    fn run(mut self, early: Vec<Made>, made: &SyncSender<Made>) {
        let mut send = |block: Made| made.send(block).is_ok();
        for block in early {
            if !send(block) {
                return;
            }
        }
        while !self.is_over {
            let goes_on =
                if self.take_plain_events() { send(Ok(self.work.take_block())) } else { self.step(&mut send) };
            if !goes_on {
                return;
            }
        }
        if !self.work.builder.is_empty() {
            send(Ok(self.work.take_block()));
        }
    }

    /// Takes events until the block is full, or until something comes that a [`Import::step`] must look at; whether the
    /// block is full. Nearly everything is events, which come after events.
    fn take_plain_events(&mut self) -> bool {
        if self.head.is_some() {
            return false;
        }
        while let Some(event) = self.reader.next_plain_event() {
            if self.work.take_event(&event, &mut self.num) {
                return true;
            }
        }
        false
    }

    /// Takes the next item. `false` when nobody wants blocks any more.
    fn step(&mut self, send: &mut dyn FnMut(Made) -> bool) -> bool {
        match self.reader.next() {
            Ok(Some(ScapItem::Event(event))) => {
                if let Some(head) = self.head.take() {
                    // an inventory is for whole blocks
                    if !self.work.builder.is_empty() && !send(Ok(self.work.take_block())) {
                        return false;
                    }
                    self.work.begin_section(head);
                }
                return !self.work.take_event(&event, &mut self.num) || send(Ok(self.work.take_block()));
            }
            Ok(Some(ScapItem::Section { major, minor })) => {
                self.version = (major, minor);
                self.head = Some(Inventory::default());
            }
            Ok(Some(item)) => {
                // Facts that come late are of no section's head: what they say is known from events by then.
                if let Some(head) = &mut self.head {
                    head.take(item);
                }
            }
            Ok(None) => self.is_over = true,
            Err(damage) => return send(Err(damage)),
        }
        true
    }
}

fn new_state(inventory: &Inventory) -> State {
    State::following(Semantics::Falco, snapshot_of(inventory), Box::new(NoLookup))
        .with_memory_figures(MemoryFigures::AtOnce)
        .with_interfaces(interfaces_of(inventory))
}

impl Work {
    fn begin_section(&mut self, inventory: Inventory) {
        if self.host_name.is_empty() {
            self.host_name = Text::clone(&inventory.machine.host_name);
            self.cpus = inventory.machine.cpus;
        }
        self.enters = EnterEvents::default();
        self.state = new_state(&inventory);
        self.inventory = Some(Arc::new(inventory));
    }

    /// Outlines the events of other kinds from here on.
    fn keep_only(&mut self, kinds: &Arc<KindSet>) {
        self.builder.keep_only(Arc::clone(kinds));
    }

    fn take_block(&mut self) -> UnencodedBlock {
        let next = self.builder.successor();
        std::mem::replace(&mut self.builder, next).finish().with_inventory(self.inventory.take())
    }

    /// Takes an event; says whether the block is full.
    fn take_event(&mut self, event: &ScapEvent<'_>, num: &mut u64) -> bool {
        let conversion = match plan_of(event.code) {
            Some(Plan::Convert(conversion)) => conversion,
            Some(Plan::Keep { counts }) => {
                *num += u64::from(*counts);
                if *counts && self.first_ts_ns == 0 {
                    self.first_ts_ns = event.ts_ns;
                }
                self.enters.keep(event);
                return false;
            }
            Some(Plan::Leave) | None => return false,
        };
        *num += 1;
        if self.first_ts_ns == 0 && conversion.kind.info().is_none_or(|info| info.source != EventSource::Meta) {
            self.first_ts_ns = event.ts_ns;
        }
        self.in_head = self.in_head && tells_of_machine(conversion.kind);
        let enter = if self.enters.is_empty() { None } else { conversion.enter };
        let is_outline = self.builder.outlines(conversion.kind);
        if is_outline && enter.is_none() && changes_nothing(conversion.kind) {
            follow_outline(&mut self.state, &mut self.builder, &raw_event(event, conversion, &[]), *num);
        } else {
            self.take_values(event, conversion, enter, is_outline, *num);
        }
        self.builder.is_full()
    }

    /// Takes an event whose parameters are looked at.
    #[inline(never)]
    fn take_values(
        &mut self,
        event: &ScapEvent<'_>,
        conversion: &Conversion,
        enter: Option<u16>,
        is_outline: bool,
        num: u64,
    ) {
        let (mut few, mut many);
        let count = conversion.params.len().min(PARAM_LIMIT);
        let values = if count <= FEW_PARAMS {
            few = [Value::Null; FEW_PARAMS];
            &mut few[..count]
        } else {
            many = [Value::Null; PARAM_LIMIT];
            &mut many[..count]
        };
        let kept = enter.and_then(|code| self.enters.of(event.tid, code));
        read_params(event, kept, conversion, values);
        let raw = raw_event(event, conversion, values);
        if conversion.is_announcement {
            let builder = (!self.in_head).then_some(&mut self.builder);
            follow_announcement(&mut self.state, builder, event, &raw, num);
        } else if is_outline {
            follow_outline(&mut self.state, &mut self.builder, &raw, num);
        } else {
            let mut whole = self.state.apply(&raw);
            whole.num = num;
            self.builder.push(&whole);
        }
        if enter.is_some() {
            self.enters.use_up(event.tid);
        }
        if conversion.kind == EventKind::PROCEXIT {
            self.enters.forget(event.tid);
        }
    }
}

/// Lets the state follow an event of which the block keeps only an outline.
#[inline]
fn follow_outline(state: &mut State, builder: &mut BlockBuilder, raw: &RawEvent<'_>, num: u64) {
    let Outlined { thread, users, groups } = state.apply_outline(raw);
    let outline = EventOutline { kind: raw.kind, num, ts_ns: raw.ts_ns, cpu: raw.cpu, thread };
    builder.push_outline(&outline, users, groups);
}

/// Lets the state follow an event that tells of users or containers, and puts it into the block if there is one.
#[cold]
fn follow_announcement(
    state: &mut State,
    builder: Option<&mut BlockBuilder>,
    event: &ScapEvent<'_>,
    raw: &RawEvent<'_>,
    num: u64,
) {
    let told = match raw.kind {
        EventKind::USERADDED | EventKind::USERDELETED | EventKind::GROUPADDED | EventKind::GROUPDELETED => {
            state.follow_accounts(raw);
            None
        }
        EventKind::CONTAINER => match raw.params.first() {
            Some(Value::Bytes(json)) => read_container(json),
            Some(Value::Null | Value::Int(_)) | None => read_old_container(event),
        }
        .map(|told| tell_of(state, told)),
        _ => match (raw.params.get(1), raw.params.get(2)) {
            (Some(Value::Bytes(b"container")), Some(Value::Bytes(json))) => {
                read_container(json).map(|told| tell_of(state, told))
            }
            // of a container that is gone the event itself says all
            (Some(Value::Bytes(b"container_removed")), Some(Value::Bytes(json))) => read_container(json).map(|told| {
                let ToldContainer { id, full_id, details } = told;
                Arc::new(Container { id, full_id, details: details.into(), ..Container::default() })
            }),
            _ => None,
        },
    };
    let mut whole = state.apply_without_thread(raw, told);
    whole.num = num;
    if let Some(builder) = builder {
        builder.push(&whole);
    }
}

/// An event with these values.
fn raw_event<'a>(event: &ScapEvent<'_>, conversion: &Conversion, params: &'a [Value<'a>]) -> RawEvent<'a> {
    RawEvent { kind: conversion.kind, ts_ns: event.ts_ns, cpu: event.cpu, tid: event.tid, pid: 0, params }
}

/// Fills `values` with the parameters that an event has as one of today's, as many as there is room for.
fn read_params<'a>(
    event: &ScapEvent<'a>,
    kept: Option<&'a EnterEvent>,
    conversion: &Conversion,
    values: &mut [Value<'a>],
) {
    if conversion.is_today && event.param_count() >= conversion.params.len() {
        let mut todo = values.iter_mut().zip(&conversion.params);
        event.each_param(|param| todo.next().map(|(value, origin)| *value = origin.form.value(param)).is_some());
        return;
    }
    for (value, origin) in values.iter_mut().zip(&conversion.params) {
        let own = origin.own.and_then(|at| event.param(usize::from(at)));
        let kept = || kept.and_then(|kept| kept.param(usize::from(origin.enter?)));
        match own.or_else(kept) {
            Some(bytes) => *value = origin.form.value(bytes),
            None if origin.is_zero_else => *value = Value::Int(0),
            None => {}
        }
    }
}

fn tell_of(state: &mut State, told: ToldContainer) -> Arc<Container> {
    let ToldContainer { id, full_id, details } = told;
    state.set_container(&id, &full_id, details)
}

/// The first generation of container events: id, type, name and image as parameters.
fn read_old_container(event: &ScapEvent<'_>) -> Option<ToldContainer> {
    let text = |at: usize| {
        let bytes = event.param(at).unwrap_or_default();
        Text::from(bytes.strip_suffix(b"\0").unwrap_or(bytes))
    };
    let id = text(0);
    if id.is_empty() {
        return None;
    }
    let number = event.param(1).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    let runtime = Text::from(runtime_name(number.map_or(-1, i64::from)).as_bytes());
    let details = ContainerRow { name: text(2), image: text(3), runtime, ..ContainerRow::default() };
    Some(ToldContainer { id, full_id: Text::default(), details })
}
