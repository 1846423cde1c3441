//! Integration tests: the rooms against each other, and the binary as people use it.

#![allow(clippy::unwrap_used, missing_docs)]

mod arrows;
mod audit_log;
mod bad_captures;
mod bad_rules;
mod binary;
mod builtin_rules;
#[cfg(feature = "record")]
mod containers;
mod conversion;
mod evaluation;
mod falco_data;
mod falco_replay;
mod falco_suite;
mod golden;
#[cfg(feature = "record")]
mod kernel;
mod listings;
mod naive;
mod outputs;
mod pipes;
mod printed;
mod profile;
mod random_captures;
mod readme;
#[cfg(feature = "record")]
mod recording;
mod rule_test_docs;
mod rule_tests;
mod rules_command;
mod samples;
mod scap_containers;
mod scap_files;
mod selection;
mod stories;
mod story;
mod usage;
mod watch;
