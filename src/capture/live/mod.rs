//! Live recording: from the kernel to raw events.
//!
//! Enters: records of the eBPF programs (`bpf/wire.h`). Leaves: [`RawEvent`](super::raw::RawEvent)s in the event
//! table's terms.

pub mod clock;
pub mod decode;
pub mod descriptors;
pub mod event_set;
pub mod numbers;
pub mod wire;
