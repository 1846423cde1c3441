//! Programs: all rules, ready to be run over blocks.

use super::atom::{Atom, AtomId, Atoms, TextGroup};
use super::graph::{Graph, Node};
use super::plan::{Condition, Folder, KindPlan, RuleId, RulePlan};
use super::selection::Selection;
use crate::format::schema::{EVENTS, EventKind, KIND_LIMIT};
use crate::replay::fields::Source;
use crate::replay::rules::{Expr, Priority, Template, TypedRule};

/// What an alert says of its rule.
#[derive(Clone, Debug)]
pub struct RuleHead {
    /// Name.
    pub name: String,
    /// Priority.
    pub priority: Priority,
    /// Output text.
    pub output: Template,
    /// Tags, as Falco prints them.
    pub tags: Vec<String>,
    /// Event source.
    pub source: String,
}

/// Rules, compiled. Immutable; one serves all threads.
#[derive(Debug)]
pub struct Program {
    rules: Vec<RuleHead>,
    atoms: Vec<Atom>,
    groups: Vec<TextGroup>,
    graph: Graph,
    plans: Vec<KindPlan>,
    /// Positions in `plans`, by kind.
    by_kind: Vec<Option<u16>>,
    /// Whether a rule sees the events of its own source only.
    keeps_to_sources: bool,
}

/// How to build a program.
#[derive(Clone, Copy)]
struct Build<'o> {
    /// The rules in the order in which they are tried, by their numbers; `None`: in load order.
    order: Option<&'o [RuleId]>,
    /// Whether what an event's kind decides is folded.
    folds: bool,
    /// Whether a rule sees the events of its own source only.
    keeps_to_sources: bool,
}

impl Program {
    /// Compiles rules.
    pub fn compile(rules: &[TypedRule], selection: &Selection) -> Program {
        let taken: Vec<&TypedRule> = rules.iter().filter(|rule| selection.takes(rule)).collect();
        let heads = taken
            .iter()
            .map(|rule| RuleHead {
                name: rule.name.clone(),
                priority: rule.priority,
                output: rule.output.clone(),
                tags: rule.tags.clone(),
                source: rule.source.clone(),
            })
            .collect();
        let conditions: Vec<&Expr> = taken.iter().map(|rule| &rule.condition).collect();
        let mut order: Vec<RuleId> = (0..).map(RuleId).take(taken.len()).collect();
        order.sort_by_key(|id| taken.get(id.0 as usize).map(|rule| selection.turn(rule)));
        Program::build(heads, &conditions, Build { order: Some(&order), folds: true, keeps_to_sources: true })
    }

    /// A program that finds the events for which a condition holds, or all events: `sysreel events`.
    pub fn of_events(condition: Option<&Expr>) -> Program {
        let head = RuleHead {
            name: String::new(),
            priority: Priority::Debug,
            output: Template { parts: Vec::new() },
            tags: Vec::new(),
            source: "syscall".to_owned(),
        };
        let everything = Expr::And(Vec::new());
        let build = Build { order: None, folds: true, keeps_to_sources: false };
        Program::build(vec![head], &[condition.unwrap_or(&everything)], build)
    }

    /// Compiles without folding what an event's kind decides. Slower to run, and it must find the same events: what
    /// tests and fuzz targets compare with. All enabled rules take part.
    pub fn compile_unfolded(rules: &[TypedRule]) -> Program {
        let heads = Program::compile(rules, &Selection::default()).rules;
        let conditions: Vec<&Expr> = rules.iter().filter(|rule| rule.enabled).map(|rule| &rule.condition).collect();
        Program::build(heads, &conditions, Build { order: None, folds: false, keeps_to_sources: true })
    }

    fn build(rules: Vec<RuleHead>, conditions: &[&Expr], how: Build<'_>) -> Program {
        let sources: Vec<Option<Source>> = rules.iter().map(|rule| Source::by_name(&rule.source)).collect();
        let sees = |rule: RuleId, info| {
            let source = sources.get(rule.0 as usize).copied().flatten();
            !how.keeps_to_sources || source == Some(Source::of_kind(info))
        };
        let mut atoms = Atoms::default();
        let conditions: Vec<Condition> = conditions.iter().map(|expr| Condition::new(expr, &mut atoms)).collect();
        atoms.group();
        let in_load_order: Vec<RuleId> = (0..).map(RuleId).take(conditions.len()).collect();
        let order = how.order.unwrap_or(&in_load_order);
        let ordered = || order.iter().filter_map(|rule| Some((*rule, conditions.get(rule.0 as usize)?)));
        let mut graph = Graph::default();
        let never = graph.constant(false);
        let mut plans = Vec::new();
        let mut by_kind = vec![None; KIND_LIMIT];
        for info in EVENTS {
            let mut folder = Folder::new(&atoms, &mut graph, how.folds, info);
            let mut rules = Vec::new();
            for (rule, condition) in ordered().filter(|(rule, _)| sees(*rule, info)) {
                let condition = folder.fold(condition);
                if condition != never {
                    rules.push(RulePlan { rule, condition });
                }
            }
            if !rules.is_empty() {
                if let Some(slot) = by_kind.get_mut(usize::from(info.kind.0)) {
                    *slot = u16::try_from(plans.len()).ok();
                }
                plans.push(KindPlan { kind: info.kind, rules });
            }
        }
        let (atoms, groups) = atoms.finish();
        Program { rules, atoms, groups, graph, plans, by_kind, keeps_to_sources: how.keeps_to_sources }
    }

    /// Whether a rule sees the events of its own source only. (`sysreel events` looks at all.)
    pub fn keeps_to_sources(&self) -> bool {
        self.keeps_to_sources
    }

    /// All rules that take part, in load order.
    pub fn rules(&self) -> &[RuleHead] {
        &self.rules
    }

    /// A rule by its number.
    pub fn rule(&self, id: RuleId) -> Option<&RuleHead> {
        self.rules.get(id.0 as usize)
    }

    /// The rules that may match events of a kind; `None` when no rule can, so that such events need not be read.
    pub fn plan(&self, kind: EventKind) -> Option<&KindPlan> {
        let at = self.by_kind.get(usize::from(kind.0)).copied().flatten()?;
        self.plans.get(usize::from(at))
    }

    /// The plans of all kinds that rules can match.
    pub(super) fn plans(&self) -> &[KindPlan] {
        &self.plans
    }

    /// Whether any rule can match events of a kind.
    pub fn wants(&self, kind: EventKind) -> bool {
        self.plan(kind).is_some()
    }

    /// The conditions' nodes.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// An atom by its number.
    pub fn atom(&self, id: AtomId) -> Option<&Atom> {
        self.atoms.get(id.0 as usize)
    }

    /// Atoms that are asked together.
    pub fn groups(&self) -> &[TextGroup] {
        &self.groups
    }

    /// How many comparisons the conditions have, each counted once.
    pub fn atom_count(&self) -> usize {
        self.atoms.len()
    }

    /// Whether a rule matches every event of a kind.
    pub fn matches_all(&self, kind: EventKind) -> bool {
        self.plan(kind).is_some_and(|plan| plan.rules.iter().any(|rule| *self.graph.node(rule.condition) == Node::True))
    }
}
