//! Typed rules -> a program: what is left to ask of each event kind, and of which table.
//!
//! ```text
//! condition (rules::Expr) -> atoms, each once -> for each kind: folded, grouped by table, cheap parts first
//!                                  \-> those with a field in common, merged: `text_patterns`
//! ```
//!
//! A [`Program`] is immutable and shared by all threads; `replay::eval` runs it over blocks.

mod atom;
mod bound_field;
mod graph;
mod matcher;
mod path_prefixes;
mod plan;
mod prefix_tree;
mod program;
mod selection;
mod text_patterns;
mod transform;
mod work;
mod zone;

pub use atom::{Atom, AtomId, GroupSlot, Subject, TextGroup};
pub use bound_field::{argument_of, value_of};
pub(in crate::replay) use bound_field::{reads_of, value_of_fd, value_of_kind, value_of_thread};
pub use graph::{Domain, Graph, Node, NodeId};
pub use matcher::Matcher;
pub use plan::{KindPlan, RuleId, RulePlan};
pub use program::{Program, RuleHead};
pub(in crate::replay) use selection::matches_wildcard;
pub use selection::{RuleChoice, Selection, SelectionStep, UselessStep};
pub use text_patterns::TextPatterns;
pub use work::{RuleWork, TableWork, work_of};
pub use zone::Prospects;
