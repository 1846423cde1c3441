//! One block against a program: for every kind, which rows which rule matches.
//!
//! Rows are handled in sets, a bit for each. What is asked of threads or descriptors is asked of the rows of their
//! tables that events refer to, and remembered; so is everything that is asked of the rows of a kind, because rules
//! share it. A conjunction asks its next part only of the rows that are left. How a comparison is asked of rows is in
//! `comparisons`: once for each class of rows, and those of one field's texts together.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Instant;

use rustc_hash::FxBuildHasher;

use super::bits::Bits;
use super::classes::{ClassAnswers, Classes};
use super::comparisons::GroupMemo;
use super::made::MadeValues;
use super::profile::Lap;
use super::scope::Scope;
use super::single::holds_for_row;
use crate::format::schema::{EventInfo, EventKind, audit_plugin_name};
use crate::format::{Block, Damage, EventTable, IntColumn, Loss};
use crate::replay::compile::{Domain, GroupSlot, KindPlan, Node, NodeId, Program, Prospects, RuleId};
use crate::replay::fields::{BlockView, CaptureFacts, EventRow};
use crate::replay::rules::FieldExpr;

/// An event that a rule matches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Match {
    /// The event's position in its block. A loss has the position of the first event after it.
    pub seq: u32,
    /// Events before losses of the same position are 1, losses 0: so that sorting puts them where they belong.
    pub is_event: bool,
    /// The event's kind.
    pub kind: EventKind,
    /// The event's row in its kind's table; of a loss, its place among the block's losses.
    pub row: u32,
    /// In which place the rule was tried.
    pub order: u32,
    /// The rule.
    pub rule: RuleId,
}

/// What to find in a block.
#[derive(Clone, Copy, Debug, Default)]
pub struct BlockOptions {
    /// Nothing before this, ns since the epoch.
    pub from_ns: Option<u64>,
    /// Nothing after this.
    pub to_ns: Option<u64>,
    /// Every rule that matches an event, and not the first only.
    pub all_matches: bool,
    /// Whether to count the cost of each rule.
    pub measures: bool,
}

/// What a rule cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RuleCost {
    /// Events that the rule's condition was asked of, after its type was seen to fit.
    pub rows: u64,
    /// Events that matched.
    pub matched: u64,
    /// Time, ns. What rules share is counted for the first that asks.
    pub ns: u64,
}

/// What a block cost.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BlockCost {
    /// By rule; empty unless measured.
    pub rules: Vec<RuleCost>,
    /// Time of comparisons asked of the threads' and descriptors' tables, without reading their columns, ns.
    pub dimension_ns: u64,
}

/// The matches of a block, in the order of its events.
///
/// # Errors
/// A column that is asked for cannot be read. The block then gives no matches at all.
pub fn evaluate_block(program: &Program, block: &Block) -> Result<Vec<Match>, Damage> {
    let capture = CaptureFacts::default();
    let prospects = program.prospects(&block.header().containers);
    let view = BlockView::new(block, &capture);
    evaluate_view(program, &prospects, &view, &BlockOptions::default(), &mut BlockCost::default())
}

/// The same for a block in view, of which it is known what may match; what it costs is added up in `cost`.
///
/// # Errors
/// As [`evaluate_block`].
pub fn evaluate_view(
    program: &Program,
    prospects: &Prospects,
    view: &BlockView<'_>,
    options: &BlockOptions,
    cost: &mut BlockCost,
) -> Result<Vec<Match>, Damage> {
    if options.measures {
        cost.rules.resize(program.rules().len(), RuleCost::default());
    }
    let costs = cost.rules.as_mut_slice();
    let mut evaluation = Evaluation::new(program, prospects, view, *options);
    let mut matches = Vec::new();
    for (at, loss) in view.block().header().losses.iter().enumerate() {
        evaluation.run_loss(at, loss, costs, &mut matches)?;
    }
    for &(kind, _) in view.block().kinds() {
        if let (Some(plan), Some(info), Some(table)) = (program.plan(kind), kind.info(), view.block().table(kind)) {
            evaluation.run_kind(plan, info, &table, costs, &mut matches)?;
        }
    }
    cost.dimension_ns += evaluation.dimension_ns;
    let rows = usize::try_from(view.block().header().rows).unwrap_or(usize::MAX);
    Ok(in_order(matches, rows))
}

/// Matches in the order of the block's events. Those of one position must be in their order already.
fn in_order(mut matches: Vec<Match>, rows: usize) -> Vec<Match> {
    // Counting pays when many of the block's events match, as in a listing of all of them.
    if matches.len() < rows / 8 {
        matches.sort_unstable();
        return matches;
    }
    let mut places = vec![0usize; rows + 2];
    let position = |found: &Match| (found.seq as usize).min(rows);
    for found in &matches {
        if let Some(place) = places.get_mut(position(found) + 1) {
            *place += 1;
        }
    }
    let mut before = 0;
    for place in &mut places {
        before += *place;
        *place = before;
    }
    let mut ordered = matches.clone();
    for found in matches {
        let Some(place) = places.get_mut(position(&found)) else { continue };
        if let Some(slot) = ordered.get_mut(*place) {
            *slot = found;
        }
        *place += 1;
    }
    ordered
}

/// What is known of a node so far: answers by row, and by key for comparisons.
struct Memo {
    known: Bits,
    holds: Bits,
    answers: ClassAnswers,
}

impl Memo {
    fn new(rows: usize) -> Memo {
        Memo { known: Bits::none(rows), holds: Bits::none(rows), answers: ClassAnswers::default() }
    }
}

/// What is known of a table's rows so far.
#[derive(Default)]
struct Memos {
    nodes: HashMap<NodeId, Memo, FxBuildHasher>,
    /// By the group's number; none behind the last one that was asked.
    groups: Vec<Option<Box<GroupMemo>>>,
}

impl Memos {
    fn clear(&mut self) {
        self.nodes.clear();
        self.groups.clear();
    }
}

/// The rows of a table of so many rows that events refer to.
fn rows_referred_to(references: &IntColumn, events: impl Iterator<Item = usize>, rows: usize) -> Bits {
    let (values, has_nulls) = (references.values(), references.has_nulls());
    let mut referred = Bits::none(rows);
    events.for_each(|event| {
        if let Some(target) = values.get(event).and_then(|target| usize::try_from(*target).ok())
            && !(has_nulls && references.is_null(event))
        {
            referred.insert(target);
        }
    });
    referred
}

/// What is known of a block so far.
pub(super) struct Evaluation<'p, 'v, 'b> {
    pub(super) program: &'p Program,
    prospects: &'p Prospects,
    pub(super) view: &'v BlockView<'b>,
    options: BlockOptions,
    threads: Memos,
    fds: Memos,
    /// Of the kind at hand.
    events: Memos,
    /// Values of the kind's events that have no column of their own.
    pub(super) made: HashMap<&'p FieldExpr, MadeValues, FxBuildHasher>,
    /// The rows of threads and descriptors that the kind's events refer to.
    referred: HashMap<Domain, Rc<Bits>, FxBuildHasher>,
    /// The least and the most of the events' numbers, once somebody asks; `None` in it without events.
    pub(super) numbers: Option<Option<(i64, i64)>>,
    /// Classes of rows, by the columns that they are of.
    pub(super) classes: HashMap<Vec<usize>, Rc<Classes<'b>>, FxBuildHasher>,
    /// Time of comparisons over threads and descriptors, if measured.
    dimension_ns: u64,
}

impl<'p, 'v, 'b> Evaluation<'p, 'v, 'b> {
    fn new(
        program: &'p Program,
        prospects: &'p Prospects,
        view: &'v BlockView<'b>,
        options: BlockOptions,
    ) -> Evaluation<'p, 'v, 'b> {
        Evaluation {
            program,
            prospects,
            view,
            options,
            threads: Memos::default(),
            fds: Memos::default(),
            events: Memos::default(),
            made: HashMap::default(),
            dimension_ns: 0,
            referred: HashMap::default(),
            numbers: None,
            classes: HashMap::default(),
        }
    }

    fn run_kind(
        &mut self,
        plan: &KindPlan,
        info: &'static EventInfo,
        table: &EventTable<'b>,
        costs: &mut [RuleCost],
        matches: &mut Vec<Match>,
    ) -> Result<(), Damage> {
        self.events.clear();
        self.made.clear();
        self.referred.clear();
        let mut left = self.rows_in_time(table)?;
        if self.program.keeps_to_sources() && plan.kind == EventKind::PLUGINEVENT {
            // Plugins of other sources give events of this kind too.
            let plugins = table.param_int(0)?;
            left = left.keep(|row| plugins.get(row).is_some_and(|plugin| audit_plugin_name(plugin).is_some()));
        }
        for (order, rule) in (0u32..).zip(&plan.rules) {
            if left.is_empty() {
                break;
            }
            if !self.prospects.may_hold(rule.condition) {
                continue;
            }
            let started = self.options.measures.then(Instant::now);
            let found = self.eval(rule.condition, &left, Scope::Events { info, table })?;
            if let (Some(started), Some(cost)) = (started, costs.get_mut(rule.rule.0 as usize)) {
                cost.rows += left.count() as u64;
                cost.matched += found.count() as u64;
                cost.ns += u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
            }
            if found.is_empty() {
                continue;
            }
            let seqs = table.seq()?;
            for row in found.iter() {
                let seq = seqs.get(row).and_then(|seq| u32::try_from(seq).ok()).unwrap_or(u32::MAX);
                let row = u32::try_from(row).unwrap_or(u32::MAX);
                matches.push(Match { seq, is_event: true, kind: plan.kind, row, order, rule: rule.rule });
            }
            if !self.options.all_matches {
                left.remove(&found);
            }
        }
        Ok(())
    }

    /// The rows within the time that is asked for.
    fn rows_in_time(&self, table: &EventTable<'b>) -> Result<Bits, Damage> {
        let all = Bits::all(table.rows());
        let header = self.view.block().header();
        let from = self.options.from_ns.filter(|from| *from > header.first_ts_ns);
        let to = self.options.to_ns.filter(|to| *to < header.last_ts_ns);
        if from.is_none() && to.is_none() {
            return Ok(all);
        }
        let (from, to) = (from.unwrap_or(0), to.unwrap_or(u64::MAX));
        let times = self.view.block().ts_ns()?;
        let seqs = table.seq()?;
        Ok(all.keep(|row| {
            let seq = seqs.get(row).and_then(|seq| usize::try_from(seq).ok());
            let ts_ns = seq.and_then(|seq| times.get(seq)).map(i64::cast_unsigned);
            ts_ns.is_some_and(|ts_ns| (from..=to).contains(&ts_ns))
        }))
    }

    /// The rows of `among` for which a node holds.
    fn eval(&mut self, id: NodeId, among: &Bits, scope: Scope<'_, 'b>) -> Result<Bits, Damage> {
        if !self.prospects.may_hold(id) {
            return Ok(Bits::none(among.rows()));
        }
        if let Scope::Events { table, .. } = scope {
            let domain = self.program.graph().domain(id);
            if domain != Domain::Event {
                return self.eval_through(id, domain, among, table);
            }
        }
        let program = self.program;
        match program.graph().node(id) {
            Node::True => Ok(among.clone()),
            Node::False => Ok(Bits::none(among.rows())),
            Node::Not(inner) => Ok(among.and_not(&self.eval(*inner, among, scope)?)),
            Node::And(parts) => {
                let mut left: Option<Bits> = None;
                for part in parts {
                    let among = left.as_ref().unwrap_or(among);
                    if among.is_empty() {
                        break;
                    }
                    left = Some(self.eval(*part, among, scope)?);
                }
                Ok(left.unwrap_or_else(|| among.clone()))
            }
            Node::Or(parts) => {
                let mut left = among.clone();
                let mut found = Bits::none(among.rows());
                for part in parts {
                    if left.is_empty() {
                        break;
                    }
                    let more = self.eval(*part, &left, scope)?;
                    left.remove(&more);
                    found.add(&more);
                }
                Ok(found)
            }
            Node::Atom(atom) => {
                let Some(atom) = program.atom(*atom) else { return Ok(Bits::none(among.rows())) };
                match atom.in_group {
                    Some(place) => self.eval_in_group(place, among, scope),
                    None => {
                        self.remembered(id, among, scope, |this, answers, need| this.ask(atom, need, scope, answers))
                    }
                }
            }
        }
    }

    /// A node's answers, of which only those not known yet are asked for.
    fn remembered(
        &mut self,
        id: NodeId,
        among: &Bits,
        scope: Scope<'_, 'b>,
        ask: impl FnOnce(&mut Self, &mut ClassAnswers, &Bits) -> Result<Bits, Damage>,
    ) -> Result<Bits, Damage> {
        let mut memo = self.memos(scope).nodes.remove(&id).unwrap_or_else(|| Memo::new(among.rows()));
        let need = among.and_not(&memo.known);
        if !need.is_empty() {
            let found = ask(self, &mut memo.answers, &need)?;
            memo.known.add(&need);
            memo.holds.add(&found);
        }
        let answer = among.and(&memo.holds);
        self.memos(scope).nodes.insert(id, memo);
        Ok(answer)
    }

    /// A comparison that is asked together with the others of its group.
    fn eval_in_group(&mut self, place: GroupSlot, among: &Bits, scope: Scope<'_, 'b>) -> Result<Bits, Damage> {
        let Some(group) = self.program.groups().get(place.group) else { return Ok(Bits::none(among.rows())) };
        let groups = &mut self.memos(scope).groups;
        if groups.len() <= place.group {
            groups.resize_with(place.group + 1, || None);
        }
        let memo = groups.get_mut(place.group).and_then(Option::take);
        let mut memo = memo.unwrap_or_else(|| Box::new(GroupMemo::new(among.rows(), group)));
        let need = among.and_not(&memo.known);
        if !need.is_empty() {
            self.ask_group(group, &need, scope, &mut memo)?;
        }
        let answer = memo.holding(place.slot, among);
        if let Some(slot) = self.memos(scope).groups.get_mut(place.group) {
            *slot = Some(memo);
        }
        Ok(answer)
    }

    fn memos(&mut self, scope: Scope<'_, 'b>) -> &mut Memos {
        match scope {
            Scope::Threads => &mut self.threads,
            Scope::Fds => &mut self.fds,
            Scope::Events { .. } => &mut self.events,
        }
    }

    /// A node over threads or descriptors, for events.
    fn eval_through(
        &mut self,
        id: NodeId,
        domain: Domain,
        among: &Bits,
        table: &EventTable<'b>,
    ) -> Result<Bits, Damage> {
        let info = table.kind().info();
        let Some(info) = info else { return Ok(Bits::none(among.rows())) };
        let scope = Scope::Events { info, table };
        self.remembered(id, among, scope, |this, _, need| {
            let (rows, references, target) = match domain {
                Domain::Thread => (this.view.thread_rows(), table.thread()?, Scope::Threads),
                Domain::Fd => (this.view.fd_rows(), table.fd()?, Scope::Fds),
                Domain::Event => return Ok(Bits::none(need.rows())),
            };
            let when_missing = this.program.graph().when_missing(id);
            if let Some(reference) = references.constant() {
                let holds = match reference.and_then(|row| usize::try_from(row).ok()) {
                    Some(row) => {
                        let mut wanted = Bits::none(rows);
                        wanted.insert(row);
                        this.eval_dimension(id, &wanted, target)?.contains(row)
                    }
                    None => when_missing,
                };
                return Ok(if holds { need.clone() } else { Bits::none(need.rows()) });
            }
            let wanted = if need.count() >= need.rows() / 4 {
                this.referred_rows(domain, references, rows)
            } else {
                Rc::new(rows_referred_to(references, need.iter(), rows))
            };
            let holding = this.eval_dimension(id, &wanted, target)?;
            let has_nulls = references.has_nulls();
            // Mostly no thread or descriptor fits; often all do.
            if holding.is_empty() && !(when_missing && has_nulls) {
                return Ok(Bits::none(need.rows()));
            }
            if !has_nulls && holding == *wanted {
                return Ok(need.clone());
            }
            let values = references.values();
            let holds = |row: usize| {
                let target = values.get(row).and_then(|target| usize::try_from(*target).ok());
                target.is_some_and(|target| holding.contains(target))
            };
            if has_nulls {
                return Ok(need.keep(|row| if references.is_null(row) { when_missing } else { holds(row) }));
            }
            Ok(need.keep(holds))
        })
    }

    /// The rows of a table that any event of the kind refers to.
    fn referred_rows(&mut self, domain: Domain, references: &IntColumn, rows: usize) -> Rc<Bits> {
        let made = || Rc::new(rows_referred_to(references, 0..references.len(), rows));
        Rc::clone(self.referred.entry(domain).or_insert_with(made))
    }

    /// A node over threads or descriptors for the rows of their table that events refer to.
    fn eval_dimension(&mut self, id: NodeId, among: &Bits, scope: Scope<'_, 'b>) -> Result<Bits, Damage> {
        let mut lap = Lap::start(self.options.measures);
        let columns_ns = self.view.block().columns_ns();
        let answer = self.eval_remembered(id, among, scope);
        let columns_ns = self.view.block().columns_ns() - columns_ns;
        self.dimension_ns += lap.ns().saturating_sub(columns_ns);
        answer
    }

    /// A node over threads or descriptors for rows of their table. Whole conditions are remembered too, because other
    /// kinds ask them again.
    fn eval_remembered(&mut self, id: NodeId, among: &Bits, scope: Scope<'_, 'b>) -> Result<Bits, Damage> {
        if matches!(self.program.graph().node(id), Node::Atom(_)) {
            return self.eval(id, among, scope);
        }
        self.remembered(id, among, scope, |this, _, need| this.eval(id, need, scope))
    }

    /// The rules on lost events, asked of a loss.
    fn run_loss(
        &mut self,
        at: usize,
        loss: &'b Loss,
        costs: &mut [RuleCost],
        matches: &mut Vec<Match>,
    ) -> Result<(), Damage> {
        let ts_ns = loss.first_ts_ns;
        if ts_ns < self.options.from_ns.unwrap_or(0) || ts_ns > self.options.to_ns.unwrap_or(u64::MAX) {
            return Ok(());
        }
        let Some(plan) = self.program.plan(EventKind::DROP) else { return Ok(()) };
        let row = EventRow::lost(self.view, loss);
        let mut seq = None;
        for (order, rule) in (0u32..).zip(&plan.rules) {
            let holds = holds_for_row(self.program, rule.condition, &row)?;
            if self.options.measures
                && let Some(cost) = costs.get_mut(rule.rule.0 as usize)
            {
                cost.rows += 1;
                cost.matched += u64::from(holds);
            }
            if !holds {
                continue;
            }
            let seq = match seq {
                Some(seq) => seq,
                None => *seq.insert(self.position_of(ts_ns)?),
            };
            let row = u32::try_from(at).unwrap_or(u32::MAX);
            matches.push(Match { seq, is_event: false, kind: EventKind::DROP, row, order, rule: rule.rule });
            if !self.options.all_matches {
                break;
            }
        }
        Ok(())
    }

    /// The position of the first event that is not before a time.
    fn position_of(&self, ts_ns: u64) -> Result<u32, Damage> {
        let times = self.view.block().ts_ns()?;
        let at = times.values().iter().position(|time| time.cast_unsigned() >= ts_ns).unwrap_or(times.len());
        Ok(u32::try_from(at).unwrap_or(u32::MAX))
    }
}
