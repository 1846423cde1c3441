//! Conditions as a graph in which equal parts are one node.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::atom::AtomId;

/// The number of a node in a program's graph.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct NodeId(pub u32);

/// A part of a condition.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum Node {
    /// Holds for every event.
    True,
    /// Holds for none.
    False,
    /// A comparison.
    Atom(AtomId),
    /// The opposite.
    Not(NodeId),
    /// All of these, in the order in which they are best asked.
    And(Box<[NodeId]>),
    /// Any of these, likewise.
    Or(Box<[NodeId]>),
}

/// The table that a node is asked of: the answer is the same for all events that share a row of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Domain {
    /// Threads.
    Thread,
    /// Descriptors.
    Fd,
    /// The events of one kind.
    Event,
}

/// What is known of a node.
#[derive(Clone, Copy, Debug)]
struct Facts {
    domain: Domain,
    cost: u32,
    /// The group of comparisons that it consists of, if it is one: they are asked together, and cost what one costs.
    group: Option<usize>,
    /// The answer for an event without a row in the node's table: all of its comparisons are false then.
    when_missing: bool,
}

/// All nodes of a program.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    facts: Vec<Facts>,
    ids: HashMap<Node, NodeId, FxBuildHasher>,
}

impl Graph {
    /// A node by its number.
    pub fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(id.0 as usize).unwrap_or(&Node::False)
    }

    /// The table a node is asked of.
    pub fn domain(&self, id: NodeId) -> Domain {
        self.facts.get(id.0 as usize).map_or(Domain::Event, |facts| facts.domain)
    }

    /// The answer of a thread or descriptor node for an event that has no thread or descriptor.
    pub fn when_missing(&self, id: NodeId) -> bool {
        self.facts.get(id.0 as usize).is_some_and(|facts| facts.when_missing)
    }

    /// How many nodes there are; numbers of nodes are below.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// A comparison over a table, asked together with those of a group if it is in one.
    pub(super) fn atom(&mut self, atom: AtomId, domain: Domain, cost: u32, group: Option<usize>) -> NodeId {
        self.intern(Node::Atom(atom), Facts { domain, cost, group, when_missing: false })
    }

    /// A condition that always or never holds.
    pub(super) fn constant(&mut self, holds: bool) -> NodeId {
        let node = if holds { Node::True } else { Node::False };
        self.intern(node, Facts { domain: Domain::Event, cost: 0, group: None, when_missing: holds })
    }

    /// The opposite of a node.
    pub(super) fn not(&mut self, node: NodeId) -> NodeId {
        match self.node(node) {
            Node::True => self.constant(false),
            Node::False => self.constant(true),
            Node::Not(inner) => *inner,
            Node::Atom(_) | Node::And(_) | Node::Or(_) => {
                let facts = self.facts_of(node);
                self.intern(Node::Not(node), Facts { when_missing: !facts.when_missing, ..facts })
            }
        }
    }

    /// All of these.
    pub(super) fn and(&mut self, parts: Vec<NodeId>) -> NodeId {
        self.join(parts, true)
    }

    /// Any of these.
    pub(super) fn or(&mut self, parts: Vec<NodeId>) -> NodeId {
        self.join(parts, false)
    }

    fn facts_of(&self, id: NodeId) -> Facts {
        let unknown = Facts { domain: Domain::Event, cost: 0, group: None, when_missing: false };
        self.facts.get(id.0 as usize).copied().unwrap_or(unknown)
    }

    /// `and` and `or` are the same thing with true and false exchanged: `and` is meant where the names say nothing.
    fn join(&mut self, parts: Vec<NodeId>, is_and: bool) -> NodeId {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match (self.node(part), is_and) {
                (Node::True, true) | (Node::False, false) => {}
                (Node::False, true) | (Node::True, false) => return part,
                (Node::And(inner), true) | (Node::Or(inner), false) => {
                    // Parts of a part are flat already, but may be groups of one table.
                    for &node in inner {
                        self.push_ungrouped(node, is_and, &mut flat);
                    }
                }
                _ => flat.push(part),
            }
        }
        flat.sort_unstable();
        flat.dedup();
        if flat.iter().any(|part| matches!(self.node(*part), Node::Not(inner) if flat.binary_search(inner).is_ok())) {
            return self.constant(!is_and);
        }
        let mut groups: Vec<NodeId> = Vec::new();
        for domain in [Domain::Thread, Domain::Fd] {
            let (of_table, rest): (Vec<_>, Vec<_>) = flat.into_iter().partition(|part| self.domain(*part) == domain);
            flat = rest;
            groups.extend(self.join_flat(of_table, is_and));
        }
        groups.extend(flat);
        self.join_flat(groups, is_and).unwrap_or_else(|| self.constant(is_and))
    }

    fn push_ungrouped(&self, node: NodeId, is_and: bool, flat: &mut Vec<NodeId>) {
        match (self.node(node), is_and) {
            (Node::And(inner), true) | (Node::Or(inner), false) => {
                for &node in inner {
                    self.push_ungrouped(node, is_and, flat);
                }
            }
            _ => flat.push(node),
        }
    }

    /// A node of parts that need no more work: none for no parts, the part for one.
    fn join_flat(&mut self, mut parts: Vec<NodeId>, is_and: bool) -> Option<NodeId> {
        if parts.len() < 2 {
            return parts.pop();
        }
        parts.sort_by_key(|part| (self.rank(*part), *part));
        let first = self.facts_of(*parts.first()?);
        let same_table = parts.iter().all(|part| self.domain(*part) == first.domain);
        let facts = Facts {
            domain: if same_table { first.domain } else { Domain::Event },
            cost: self.cost_of_all(&parts),
            group: first.group.filter(|_| parts.iter().all(|part| self.facts_of(*part).group == first.group)),
            when_missing: if is_and {
                parts.iter().all(|part| self.when_missing(*part))
            } else {
                parts.iter().any(|part| self.when_missing(*part))
            },
        };
        let parts = parts.into_boxed_slice();
        Some(self.intern(if is_and { Node::And(parts) } else { Node::Or(parts) }, facts))
    }

    /// What parts cost together.
    fn cost_of_all(&self, parts: &[NodeId]) -> u32 {
        let mut groups = Vec::new();
        let mut sum = 0u32;
        for facts in parts.iter().map(|part| self.facts_of(*part)) {
            match facts.group {
                Some(group) if groups.contains(&group) => {}
                group => {
                    groups.extend(group);
                    sum = sum.saturating_add(facts.cost);
                }
            }
        }
        sum
    }

    /// What is asked first: numbers of the event's own row, then its thread, then its descriptor, then the dear parts.
    fn rank(&self, id: NodeId) -> (u32, u32) {
        let facts = self.facts_of(id);
        let table = match facts.domain {
            Domain::Event if facts.cost < 15 => 0,
            Domain::Thread => 1,
            Domain::Fd => 2,
            Domain::Event => 3,
        };
        (table, facts.cost)
    }

    fn intern(&mut self, node: Node, facts: Facts) -> NodeId {
        if let Some(id) = self.ids.get(&node) {
            return *id;
        }
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(node.clone());
        self.facts.push(facts);
        self.ids.insert(node, id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_one_table_become_one_part() {
        let mut graph = Graph::default();
        let thread = [0, 1].map(|at| graph.atom(AtomId(at), Domain::Thread, 10, None));
        let fd = graph.atom(AtomId(2), Domain::Fd, 10, None);
        let event = graph.atom(AtomId(3), Domain::Event, 5, None);
        let inner = graph.and(vec![thread[0], fd]);
        let all = graph.and(vec![inner, thread[1], event]);
        let Node::And(parts) = graph.node(all).clone() else { panic!("{:?}", graph.node(all)) };
        let domains: Vec<_> = parts.iter().map(|part| graph.domain(*part)).collect();
        assert_eq!(domains, [Domain::Event, Domain::Thread, Domain::Fd]);
        assert_eq!(graph.node(parts[1]), &Node::And(Box::new(thread)));
    }

    #[test]
    fn what_is_asked_together_costs_what_one_costs() {
        let mut graph = Graph::default();
        let names = [0, 1, 2].map(|at| graph.atom(AtomId(at), Domain::Fd, 10, Some(7)));
        let other = graph.atom(AtomId(3), Domain::Fd, 15, None);
        let any_name = graph.or(names.to_vec());
        let all = graph.and(vec![other, any_name]);
        assert_eq!(graph.node(all), &Node::And(Box::new([any_name, other])));
    }

    #[test]
    fn constants_disappear_and_opposites_meet() {
        let mut graph = Graph::default();
        let (yes, no) = (graph.constant(true), graph.constant(false));
        let atom = graph.atom(AtomId(0), Domain::Fd, 1, None);
        let opposite = graph.not(atom);
        assert_eq!(graph.and(vec![yes, atom, atom]), atom);
        assert_eq!(graph.and(vec![no, atom]), no);
        assert_eq!(graph.or(vec![no, atom]), atom);
        assert_eq!(graph.and(vec![atom, opposite]), no);
        assert_eq!(graph.or(vec![atom, opposite]), yes);
        assert_eq!(graph.not(opposite), atom);
        assert_eq!(graph.and(Vec::new()), yes);
        assert!(graph.when_missing(opposite) && !graph.when_missing(atom));
    }
}
