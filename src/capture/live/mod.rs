//! Live recording: from the kernel to raw events.
//!
//! Enters: what the eBPF programs (`bpf/`) hand over, laid out as `bpf/wire.h` says. Leaves:
//! [`RawEvent`](super::raw::RawEvent)s in the event table's terms. [`Live`] probes the host, loads, attaches and reads
//! the rings in order of time; [`decode::Decoder`] translates. Guarantees: only what is in the [`Scope`] is recorded,
//! never the recorder itself; what is lost is counted. Not in here: who a process is and what a descriptor means.

mod attach;
pub mod clock;
mod command;
mod compat;
pub mod decode;
pub mod descriptors;
pub mod event_set;
mod host;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod kernel_tests;
mod losses;
pub mod numbers;
mod object;
mod plan;
mod rings;
mod scope;
mod session;
pub mod wire;

pub use attach::{LiveError, Unrecorded};
pub use command::{CommandError, HeldCommand};
pub use host::{HostError, HostFacts, Missing};
pub use scope::{CgroupError, CgroupTarget, Scope};
pub use session::{Live, LiveEnd, LiveOptions, SNAPLEN_MAX};
