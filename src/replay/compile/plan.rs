//! Plans: what is left of every rule for one event kind.

use super::atom::{Atom, AtomId, Atoms};
use super::bound_field::value_of_kind;
use super::graph::{Domain, Graph, NodeId};
use crate::format::schema::{EventInfo, EventKind};
use crate::replay::fields::Reads;
use crate::replay::rules::Expr;

/// The number of a rule in a program, in load order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct RuleId(pub u32);

/// The rules that may match events of one kind, in the order in which they are tried.
#[derive(Debug)]
pub struct KindPlan {
    /// The kind.
    pub kind: EventKind,
    /// The rules.
    pub rules: Vec<RulePlan>,
}

/// A rule's condition for one kind.
#[derive(Clone, Copy, Debug)]
pub struct RulePlan {
    /// The rule.
    pub rule: RuleId,
    /// What is left of its condition; never the constant false.
    pub condition: NodeId,
}

/// A condition with its comparisons taken out.
#[derive(Debug)]
pub(super) enum Condition {
    Atom(AtomId),
    Not(Box<Condition>),
    And(Vec<Condition>),
    Or(Vec<Condition>),
}

impl Condition {
    /// A condition over atoms.
    pub(super) fn new(expr: &Expr, atoms: &mut Atoms) -> Condition {
        match expr {
            Expr::Test(test) => Condition::Atom(atoms.intern(test)),
            Expr::Not(inner) => Condition::Not(Box::new(Condition::new(inner, atoms))),
            Expr::And(parts) => Condition::And(parts.iter().map(|part| Condition::new(part, atoms)).collect()),
            Expr::Or(parts) => Condition::Or(parts.iter().map(|part| Condition::new(part, atoms)).collect()),
        }
    }
}

/// The answer of an atom for all events of a kind, if there is one.
fn kind_answer(atom: &Atom, info: &'static EventInfo) -> Option<bool> {
    let value = value_of_kind(&atom.field, info)?;
    match atom.matcher.right_field() {
        Some(right) => value_of_kind(right, info).map(|right| atom.matcher.holds_with(&value, &right)),
        None => Some(atom.matcher.holds(&value)),
    }
}

/// Folds conditions for one kind.
pub(super) struct Folder<'p> {
    pub(super) atoms: &'p Atoms,
    pub(super) graph: &'p mut Graph,
    /// Whether what the kind decides is folded. (Without it the graph asks everything of every event.)
    pub(super) folds: bool,
    /// Nodes of atoms for the kind at hand.
    nodes: Vec<Option<NodeId>>,
    info: &'static EventInfo,
}

impl<'p> Folder<'p> {
    pub(super) fn new(atoms: &'p Atoms, graph: &'p mut Graph, folds: bool, info: &'static EventInfo) -> Folder<'p> {
        Folder { atoms, graph, folds, nodes: Vec::new(), info }
    }

    /// What is left of a condition.
    pub(super) fn fold(&mut self, condition: &Condition) -> NodeId {
        match condition {
            Condition::Atom(id) => self.atom(*id),
            Condition::Not(inner) => {
                let inner = self.fold(inner);
                self.graph.not(inner)
            }
            Condition::And(parts) => {
                let never = self.graph.constant(false);
                let mut nodes = Vec::with_capacity(parts.len());
                for part in parts {
                    let node = self.fold(part);
                    if node == never {
                        return never;
                    }
                    nodes.push(node);
                }
                self.graph.and(nodes)
            }
            Condition::Or(parts) => {
                let always = self.graph.constant(true);
                let mut nodes = Vec::with_capacity(parts.len());
                for part in parts {
                    let node = self.fold(part);
                    if node == always {
                        return always;
                    }
                    nodes.push(node);
                }
                self.graph.or(nodes)
            }
        }
    }

    fn atom(&mut self, id: AtomId) -> NodeId {
        let at = id.0 as usize;
        if let Some(Some(node)) = self.nodes.get(at) {
            return *node;
        }
        let Some(atom) = self.atoms.get(id) else { return self.graph.constant(false) };
        let answer = if self.folds { kind_answer(atom, self.info) } else { None };
        let node = match answer {
            Some(answer) => self.graph.constant(answer),
            None => {
                let domain = match atom.reads {
                    Reads::Thread => Domain::Thread,
                    Reads::Fd => Domain::Fd,
                    Reads::Kind | Reads::Row => Domain::Event,
                };
                self.graph.atom(id, domain, atom.cost, atom.in_group.map(|place| place.group))
            }
        };
        if self.nodes.len() <= at {
            self.nodes.resize(at + 1, None);
        }
        if let Some(slot) = self.nodes.get_mut(at) {
            *slot = Some(node);
        }
        node
    }
}
