//! What a rule asks of events, read off its program: for people who want to know what it costs.

use std::collections::BTreeSet;

use super::atom::AtomId;
use super::graph::{Domain, Node, NodeId};
use super::program::Program;
use super::selection::Selection;
use crate::format::schema::EVENTS;
use crate::replay::rules::TypedRule;

/// What a rule asks of events.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RuleWork {
    /// Names of the event kinds that can match; events of other kinds are not even read.
    pub kinds: BTreeSet<&'static str>,
    /// How many event kinds there are.
    pub known_kinds: usize,
    /// Comparisons that the event's kind decides, so that they are never made.
    pub decided_by_kind: usize,
    /// Comparisons made once for each version of a thread.
    pub thread: TableWork,
    /// Comparisons made once for each version of a descriptor.
    pub descriptor: TableWork,
    /// Comparisons made for each event that is left.
    pub event: TableWork,
}

/// What is asked of the rows of one table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TableWork {
    /// How many comparisons.
    pub comparisons: usize,
    /// The fields that they read.
    pub fields: BTreeSet<String>,
}

/// What a rule asks of events, also if it is switched off.
pub fn work_of(rule: &TypedRule) -> RuleWork {
    let rule = TypedRule { enabled: true, ..rule.clone() };
    let program = Program::compile(std::slice::from_ref(&rule), &Selection::default());
    let mut work = RuleWork { known_kinds: EVENTS.len(), ..RuleWork::default() };
    let mut waiting: Vec<NodeId> = Vec::new();
    for info in EVENTS {
        if let Some(plan) = program.plan(info.kind) {
            work.kinds.insert(info.name);
            waiting.extend(plan.rules.iter().map(|plan| plan.condition));
        }
    }
    let mut seen: BTreeSet<NodeId> = BTreeSet::new();
    let mut atoms: BTreeSet<AtomId> = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        match program.graph().node(id) {
            Node::True | Node::False => {}
            Node::Not(inner) => waiting.push(*inner),
            Node::And(parts) | Node::Or(parts) => waiting.extend(parts.iter().copied()),
            Node::Atom(atom) => {
                if !atoms.insert(*atom) {
                    continue;
                }
                let table = match program.graph().domain(id) {
                    Domain::Thread => &mut work.thread,
                    Domain::Fd => &mut work.descriptor,
                    Domain::Event => &mut work.event,
                };
                table.comparisons += 1;
                if let Some(atom) = program.atom(*atom) {
                    table.fields.insert(atom.field.to_string());
                    table.fields.extend(atom.matcher.right_field().map(ToString::to_string));
                }
            }
        }
    }
    work.decided_by_kind = program.atom_count().saturating_sub(atoms.len());
    work
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::replay::rules::{Compiler, RuleFile};

    fn work(condition: &str) -> RuleWork {
        let text = format!(
            "- rule: r\n  desc: d\n  priority: INFO\n  output: o\n  enabled: false\n  condition: {condition}\n"
        );
        let mut compiler = Compiler::new();
        compiler.add_file(RuleFile::new("f", text));
        work_of(&compiler.build().0[0])
    }

    #[test]
    fn comparisons_are_counted_by_the_table_they_are_asked_of() {
        let work = work(
            "evt.type in (open, openat) and proc.name = sh and proc.pname != x and fd.name contains y and evt.rawres < 0",
        );
        assert_eq!(work.kinds.iter().copied().collect::<Vec<_>>(), ["open", "openat"]);
        assert_eq!(work.decided_by_kind, 1);
        assert_eq!((work.thread.comparisons, work.descriptor.comparisons, work.event.comparisons), (2, 1, 1));
        assert_eq!(work.thread.fields.iter().map(String::as_str).collect::<Vec<_>>(), ["proc.name", "proc.pname"]);
    }

    #[test]
    fn a_rule_that_no_event_can_match_asks_nothing() {
        let work = work("'evt.dir = > and proc.name = sh'");
        assert_eq!((work.kinds.len(), work.thread.comparisons), (0, 0));
    }
}
