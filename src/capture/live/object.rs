//! The eBPF object that is embedded in the binary; `build.rs` says where it comes from.

/// The object for this architecture, as an ELF file.
pub(super) static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/sysreel.bpf.o"));
