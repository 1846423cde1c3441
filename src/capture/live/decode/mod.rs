//! Translation: a kernel record becomes a raw event with the parameters of the event table.
//!
//! Names, order, types, flag words and byte layouts of the parameters are Falco's (driver schema 4.3); values are what
//! its modern probe gives for the same call, failed calls included. What Falco leaves empty is null here.
//!
//! One file per family of events; each has a `translation` that maps its kinds to functions. Not in here: what a
//! descriptor means or who the thread is (`capture::state`).

mod call;
mod params;

use self::call::Call;
use self::params::Params;
use super::clock::ClockBase;
use super::descriptors::{DescriptorTable, descriptors};
use super::numbers::Arch;
use super::wire::Record;
use crate::capture::raw::RawEvent;
use crate::format::schema::EventKind;

/// Writes an event's parameters.
type Translation = for<'r> fn(&Call<'r>, &mut Params<'r, '_>);

/// Turns records into raw events. Keeps its buffers from event to event.
pub struct Decoder {
    arch: Arch,
    clock: ClockBase,
    table: &'static DescriptorTable,
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
        Decoder { arch, clock, table: descriptors(arch), snaplen, made: Vec::new() }
    }

    /// Gives the event that a record tells of to `emit`; nothing for a record that is no event.
    pub fn decode(&mut self, record: &Record<'_>, emit: &mut dyn FnMut(&RawEvent<'_>)) {
        let header = record.header();
        let Some(descriptor) = self.table.get(usize::from(header.nr)).and_then(Option::as_ref) else { return };
        let call = Call { record: *record, arch: self.arch };
        let mut params = Params::new(&mut self.made);
        params.int(i64::from(descriptor.code));
        params.int(i64::from(call.record.header().nr));
        let (kind, ts_ns) = (EventKind::SYSCALL, self.clock.wall_ns(header.ts_ns));
        let (cpu, tid, pid) = (header.cpu, i64::from(header.tid), i64::from(header.pid));
        params.finish(|params| emit(&RawEvent { kind, ts_ns, cpu, tid, pid, params }));
    }
}
