//! Integration tests: the rooms against each other, and the binary as people use it.

#![allow(clippy::unwrap_used, missing_docs)]

mod arrows;
mod builtin_rules;
