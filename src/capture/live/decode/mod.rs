//! Translation: a kernel record becomes a raw event with the parameters of the event table.
//!
//! Names, order, types, flag words and byte layouts of the parameters are Falco's (driver schema 4.3); values are what
//! its modern probe gives for the same call, failed calls included. What Falco leaves empty is null here, but for
//! arguments and environment, which are empty where the process has none.
//!
//! One file per family of events; each has a `translation` that maps its kinds to functions. Not in here: what a
//! descriptor means or who the thread is (`capture::state`).

mod address;
mod call;
mod credentials;
mod file;
mod flags;
mod io;
mod ipc;
mod kernel;
mod memory;
mod net;
mod params;
mod process;
mod shortfalls;
mod signal;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::sync::LazyLock;

use self::call::Call;
pub(in crate::capture) use self::flags::open_flags;
use self::params::{FEW_PARAMS, MAX_PARAMS, Params};
pub use self::shortfalls::Shortfalls;
use super::clock::ClockBase;
use super::descriptors::{DescriptorTable, descriptors};
use super::numbers::Arch;
use super::wire::{Record, RecordType};
use crate::capture::raw::RawEvent;
use crate::format::row::Value;
use crate::format::schema::{EVENTS, EventKind, KIND_LIMIT};

/// The argument of `sendmmsg` and `recvmmsg` that points to the messages.
const MESSAGES_ARG: u16 = 1;

/// Writes an event's parameters.
type Translation = for<'r> fn(&Call<'r>, &mut Params<'r, '_>);

/// Translations by kind.
static TRANSLATIONS: LazyLock<[Option<Translation>; KIND_LIMIT]> = LazyLock::new(|| {
    let mut table = [None; KIND_LIMIT];
    for event in EVENTS {
        if let Some(entry) = table.get_mut(usize::from(event.kind.0)) {
            *entry = translation(event.kind);
        }
    }
    table
});

fn translation(kind: EventKind) -> Option<Translation> {
    process::translation(kind)
        .or_else(|| credentials::translation(kind))
        .or_else(|| file::translation(kind))
        .or_else(|| io::translation(kind))
        .or_else(|| net::translation(kind))
        .or_else(|| memory::translation(kind))
        .or_else(|| ipc::translation(kind))
        .or_else(|| signal::translation(kind))
        .or_else(|| kernel::translation(kind))
}

/// Turns records into raw events. Keeps its buffer from event to event.
pub struct Decoder {
    arch: Arch,
    clock: ClockBase,
    table: &'static DescriptorTable,
    translations: &'static [Option<Translation>; KIND_LIMIT],
    snaplen: usize,
    made: Vec<u8>,
}

impl Decoder {
    /// A decoder of this machine's records. `clock` is the base of their stamps; of data read and written an event
    /// keeps at most `snaplen` bytes.
    pub fn new(clock: ClockBase, snaplen: u32) -> Decoder {
        Decoder::for_arch(Arch::NATIVE, clock, snaplen)
    }

    /// A decoder of records of a given architecture.
    pub fn for_arch(arch: Arch, clock: ClockBase, snaplen: u32) -> Decoder {
        let snaplen = usize::try_from(snaplen).unwrap_or(usize::MAX);
        Decoder { arch, clock, table: descriptors(arch), translations: &TRANSLATIONS, snaplen, made: Vec::new() }
    }

    /// Gives the events that a record tells of to `emit`, each with what it lacks: one, or as many as there are
    /// messages of a call that handles several. A system call of a number that this version does not know becomes a
    /// generic event with code 0.
    pub fn decode(&mut self, record: &Record<'_>, emit: &mut dyn FnMut(&RawEvent<'_>, Shortfalls)) {
        let header = record.header();
        let descriptor = self.table.get(usize::from(header.nr)).and_then(Option::as_ref);
        let kind = match record.record_type() {
            RecordType::ProcExit => EventKind::PROCEXIT,
            // Falco reports an execveat that worked as an execve.
            RecordType::Exec => EventKind::EXECVE,
            RecordType::Syscall => descriptor.map_or(EventKind::SYSCALL, |descriptor| descriptor.kind),
        };
        let mut call = Call {
            record: *record,
            kind,
            code: descriptor.map_or(0, |descriptor| descriptor.code),
            arch: self.arch,
            clock: self.clock,
            snaplen: self.snaplen,
            one_of_many: None,
            shortfalls: Cell::default(),
        };
        let handles_many = matches!(kind, EventKind::SENDMMSG | EventKind::RECVMMSG) && header.ret > 0;
        if !handles_many {
            self.translate(&call, emit);
            return;
        }
        let mut messages = record.blobs_with(MESSAGES_ARG);
        call.one_of_many = messages.next();
        for handled in 1..=header.ret {
            let next = messages.next();
            if next.is_none() && handled < header.ret {
                call.note_truncated();
            }
            self.translate(&call, emit);
            if next.is_none() {
                return;
            }
            call.one_of_many = next;
            call.shortfalls = Cell::default();
        }
    }

    fn translate(&mut self, call: &Call<'_>, emit: &mut dyn FnMut(&RawEvent<'_>, Shortfalls)) {
        let translate = match self.translations.get(usize::from(call.kind.0)).copied().flatten() {
            Some(translate) => translate,
            None if call.kind == EventKind::PROCEXIT => process::procexit,
            None => generic,
        };
        if has_many_params(call.kind) {
            self.emit::<MAX_PARAMS>(call, translate, emit);
        } else {
            self.emit::<FEW_PARAMS>(call, translate, emit);
        }
    }

    /// Translates a call to an event of at most `LIMIT` parameters.
    fn emit<const LIMIT: usize>(
        &mut self,
        call: &Call<'_>,
        translate: Translation,
        emit: &mut dyn FnMut(&RawEvent<'_>, Shortfalls),
    ) {
        let mut values = [Value::Null; LIMIT];
        let mut params = Params::new(&mut values, &mut self.made);
        translate(call, &mut params);
        let (len, places) = params.finish();
        let mut values: [Value<'_>; LIMIT] = values;
        places.fill(&self.made, &mut values);
        let header = call.record.header();
        let event = RawEvent {
            kind: call.kind,
            ts_ns: self.clock.wall_ns(header.ts_ns),
            cpu: header.cpu,
            tid: i64::from(header.tid),
            pid: i64::from(header.pid),
            params: values.get(..len).unwrap_or_default(),
        };
        emit(&event, call.shortfalls.get());
    }
}

/// Whether events of this kind have more than [`FEW_PARAMS`] parameters.
fn has_many_params(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::CLONE
            | EventKind::CLONE3
            | EventKind::FORK
            | EventKind::VFORK
            | EventKind::EXECVE
            | EventKind::EXECVEAT
            | EventKind::QUOTACTL
    )
}

/// A call without an event of its own: its code and its native number.
fn generic<'r>(call: &Call<'r>, out: &mut Params<'r, '_>) {
    out.u32(u32::from(call.code));
    out.u32(u32::from(call.record.header().nr));
}
