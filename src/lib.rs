//! sysreel: a flight recorder for Linux system calls.
//!
//! Two pipelines: `capture` turns kernel events into blocks of columns, written by `format`; `replay` evaluates
//! Falco-compatible rules over those blocks. The binary in `src/bin/sysreel` is the only part that prints or exits.

pub mod capture;
pub mod format;
pub mod replay;
