//! Zones: what the containers of a block, which its header names, say of conditions before the block is read.

use super::atom::Atom;
use super::bound_field::value_given;
use super::graph::{Node, NodeId};
use super::plan::KindPlan;
use super::program::Program;
use crate::format::schema::{EventKind, KIND_LIMIT};
use crate::replay::fields::container_values;

/// What may match in a block, and what cannot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prospects {
    by_kind: Box<[bool]>,
    by_node: Box<[bool]>,
}

impl Prospects {
    /// Whether a rule may match events of this kind.
    pub fn contains(&self, kind: EventKind) -> bool {
        self.by_kind.get(usize::from(kind.0)).is_some_and(|is_possible| *is_possible)
    }

    /// Whether a part of a condition may hold for any event.
    pub fn may_hold(&self, node: NodeId) -> bool {
        self.by_node.get(node.0 as usize).is_none_or(|may_hold| *may_hold)
    }
}

/// Which answers a part of a condition may give for the events of a block.
#[derive(Clone, Copy, Debug)]
struct Outlook {
    may_hold: bool,
    may_fail: bool,
}

const OPEN: Outlook = Outlook { may_hold: true, may_fail: true };

impl Program {
    /// What may match in a block whose events' threads are in these containers or in none.
    pub fn prospects(&self, container_ids: &[String]) -> Prospects {
        let mut zone = Zone { program: self, container_ids, known: vec![None; self.graph().len()] };
        let mut by_kind = vec![false; KIND_LIMIT];
        for plan in self.plans() {
            if let Some(slot) = by_kind.get_mut(usize::from(plan.kind.0)) {
                *slot = zone.is_possible(plan);
            }
        }
        let may_hold = |known: &Option<Outlook>| known.is_none_or(|outlook| outlook.may_hold);
        Prospects { by_kind: by_kind.into_boxed_slice(), by_node: zone.known.iter().map(may_hold).collect() }
    }
}

struct Zone<'p, 'h> {
    program: &'p Program,
    container_ids: &'h [String],
    /// By the numbers of nodes: rules share them.
    known: Vec<Option<Outlook>>,
}

impl Zone<'_, '_> {
    fn is_possible(&mut self, plan: &KindPlan) -> bool {
        plan.rules.iter().fold(false, |is_possible, rule| self.outlook(rule.condition).may_hold | is_possible)
    }

    fn outlook(&mut self, id: NodeId) -> Outlook {
        let at = id.0 as usize;
        if let Some(Some(known)) = self.known.get(at) {
            return *known;
        }
        let program = self.program;
        let outlook = match program.graph().node(id) {
            Node::True => Outlook { may_hold: true, may_fail: false },
            Node::False => Outlook { may_hold: false, may_fail: true },
            Node::Not(inner) => {
                let inner = self.outlook(*inner);
                Outlook { may_hold: inner.may_fail, may_fail: inner.may_hold }
            }
            Node::And(parts) => {
                let parts = parts.iter().map(|part| self.outlook(*part));
                parts.fold(Outlook { may_hold: true, may_fail: false }, |all, part| Outlook {
                    may_hold: all.may_hold && part.may_hold,
                    may_fail: all.may_fail || part.may_fail,
                })
            }
            Node::Or(parts) => {
                let parts = parts.iter().map(|part| self.outlook(*part));
                parts.fold(Outlook { may_hold: false, may_fail: true }, |all, part| Outlook {
                    may_hold: all.may_hold || part.may_hold,
                    may_fail: all.may_fail && part.may_fail,
                })
            }
            Node::Atom(atom) => program.atom(*atom).map_or(OPEN, |atom| self.outlook_of(atom)),
        };
        if let Some(slot) = self.known.get_mut(at) {
            *slot = Some(outlook);
        }
        outlook
    }

    fn outlook_of(&self, atom: &Atom) -> Outlook {
        let field = if atom.matcher.right_field().is_some() { None } else { atom.field.single_field() };
        let Some(values) = field.and_then(|field| container_values(field.field, self.container_ids)) else {
            return OPEN;
        };
        // What is not known of a thread is missing, and then every comparison fails.
        let may_hold = values.iter().any(|value| atom.matcher.holds(&value_given(&atom.field, value)));
        Outlook { may_hold, may_fail: true }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::replay::rules::parse_condition;

    /// Whether an `openat` in a block with these containers may fulfil a condition.
    fn is_possible(condition: &str, containers: &[&str]) -> bool {
        let program = Program::of_events(Some(&parse_condition(condition).unwrap()));
        let ids: Vec<String> = containers.iter().map(|id| (*id).to_owned()).collect();
        program.prospects(&ids).contains(EventKind::OPENAT)
    }

    #[test]
    fn a_block_without_containers_fulfils_nothing_that_asks_for_one() {
        let in_container = ["container.id != host", "container.id = aaaaaaaaaaaa", "container.privileged = true"];
        for condition in in_container.into_iter().chain(["container.image startswith nginx", "k8s.pod.name = web"]) {
            assert!(!is_possible(condition, &[]), "{condition}");
            assert!(!is_possible(&format!("evt.type = openat and proc.name = sh and {condition}"), &[]), "{condition}");
            assert!(is_possible(condition, &["aaaaaaaaaaaa"]), "{condition}");
            assert!(is_possible(&format!("proc.name = sh or {condition}"), &[]), "{condition}");
            // there may be threads of which nothing is known
            assert!(is_possible(&format!("not {condition}"), &[]), "{condition}");
        }
        assert!(is_possible("container.id = host", &[]));
        assert!(is_possible("container.name = host and container.privileged = false", &[]));
    }

    #[test]
    fn a_block_with_other_containers_fulfils_nothing_that_asks_for_this_one() {
        let ids = ["aaaaaaaaaaaa", "bbbbbbbbbbbb"];
        assert!(is_possible("container.id = bbbbbbbbbbbb", &ids));
        assert!(is_possible("toupper(container.id) = BBBBBBBBBBBB", &ids));
        assert!(is_possible("container.id in (cccccccccccc, aaaaaaaaaaaa)", &ids));
        assert!(!is_possible("container.id in (cccccccccccc, dddddddddddd)", &ids));
        assert!(!is_possible("container.id startswith cc and fd.name = /etc/shadow", &ids));
        // besides, there may be threads in none
        assert!(is_possible("container.id = host", &ids));
        // ids that a header cannot show as they are
        assert!(is_possible("container.id = cccccccccccc", &["\u{fffd}aaaaaaaaaaa"]));
        assert!(is_possible("container.id = cccccccccccc", &[""]));
    }

    #[test]
    fn the_parts_of_a_condition_that_cannot_hold_are_known() {
        let condition = "evt.type = openat and (proc.name = sh or (fd.name contains x and container.id != host))";
        let program = Program::of_events(Some(&parse_condition(condition).unwrap()));
        let impossible = |ids: &[String]| {
            let prospects = program.prospects(ids);
            (0..program.graph().len() as u32).filter(|node| !prospects.may_hold(NodeId(*node))).count()
        };
        // the comparison of containers, and the conjunction that it is in
        assert_eq!((impossible(&[]), impossible(&["aaaaaaaaaaaa".to_owned()])), (2, 0));
    }

    #[test]
    fn what_is_not_asked_of_containers_rules_nothing_out() {
        for containers in [&[][..], &["aaaaaaaaaaaa"]] {
            assert!(is_possible("proc.name = sh", containers));
            assert!(is_possible("container.start_ts > 0", containers));
            assert!(is_possible("container.id = val(proc.name)", containers));
            assert!(!is_possible("evt.type = close", containers));
        }
    }
}
