//! One block against a program: for every kind, which rows which rule matches.
//!
//! Rows are handled in sets. A comparison over threads or descriptors is asked once for each row of their tables that
//! an event under question refers to, and remembered; so is every comparison over the rows of a kind, because rules
//! share them. A conjunction asks its next part only of the rows that are left.

use std::collections::HashMap;
use std::time::Instant;

use rustc_hash::FxBuildHasher;

use super::bits::Bits;
use super::keys::{Key, KeyedAnswers, Keys, event_keys, fd_keys, thread_keys};
use super::made::MadeValues;
use super::profile::Lap;
use super::single::{holds_for_event, holds_for_row, holds_with_values};
use crate::format::schema::{EventInfo, EventKind, audit_plugin_name};
use crate::format::{Block, Damage, EventTable, Loss};
use crate::replay::compile::{
    Atom, Domain, KindPlan, Node, NodeId, Program, RuleId, value_of, value_of_fd, value_of_thread,
};
use crate::replay::fields::{BlockView, CaptureFacts, EventRow, Purpose};
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
    evaluate_view(program, &BlockView::new(block, &capture), &BlockOptions::default(), &mut BlockCost::default())
}

/// The same for a block in view; what it costs is added up in `cost`.
///
/// # Errors
/// As [`evaluate_block`].
pub fn evaluate_view(
    program: &Program,
    view: &BlockView<'_>,
    options: &BlockOptions,
    cost: &mut BlockCost,
) -> Result<Vec<Match>, Damage> {
    if options.measures {
        cost.rules.resize(program.rules().len(), RuleCost::default());
    }
    let costs = cost.rules.as_mut_slice();
    let mut evaluation = Evaluation::new(program, view, *options);
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
    answers: KeyedAnswers,
}

impl Memo {
    fn new(rows: usize) -> Memo {
        Memo { known: Bits::none(rows), holds: Bits::none(rows), answers: KeyedAnswers::default() }
    }
}

type Memos = HashMap<NodeId, Memo, FxBuildHasher>;

/// The table whose rows are under question.
#[derive(Clone, Copy)]
enum Scope<'t, 'b> {
    Threads,
    Fds,
    Events { info: &'static EventInfo, table: &'t EventTable<'b> },
}

struct Evaluation<'p, 'v, 'b> {
    program: &'p Program,
    view: &'v BlockView<'b>,
    options: BlockOptions,
    threads: Memos,
    fds: Memos,
    events: Memos,
    /// Values of the kind's events that have no column of their own.
    made: HashMap<&'p FieldExpr, MadeValues, FxBuildHasher>,
    /// Time of comparisons over threads and descriptors, if measured.
    dimension_ns: u64,
}

impl<'p, 'v, 'b> Evaluation<'p, 'v, 'b> {
    fn new(program: &'p Program, view: &'v BlockView<'b>, options: BlockOptions) -> Evaluation<'p, 'v, 'b> {
        Evaluation {
            program,
            view,
            options,
            threads: Memos::default(),
            fds: Memos::default(),
            events: Memos::default(),
            made: HashMap::default(),
            dimension_ns: 0,
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
                let mut left = among.clone();
                for part in parts {
                    if left.is_empty() {
                        break;
                    }
                    left = self.eval(*part, &left, scope)?;
                }
                Ok(left)
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
            Node::Atom(atom) => match program.atom(*atom) {
                Some(atom) => {
                    self.remembered(id, among, scope, |this, answers, need| this.ask(atom, need, scope, answers))
                }
                None => Ok(Bits::none(among.rows())),
            },
        }
    }

    /// A node's answers, of which only those not known yet are asked for.
    fn remembered(
        &mut self,
        id: NodeId,
        among: &Bits,
        scope: Scope<'_, 'b>,
        ask: impl FnOnce(&mut Self, &mut KeyedAnswers, &Bits) -> Result<Bits, Damage>,
    ) -> Result<Bits, Damage> {
        let mut memo = self.memos(scope).remove(&id).unwrap_or_else(|| Memo::new(among.rows()));
        let need = among.and_not(&memo.known);
        if !need.is_empty() {
            let found = ask(self, &mut memo.answers, &need)?;
            memo.known.add(&need);
            memo.holds.add(&found);
        }
        let answer = among.and(&memo.holds);
        self.memos(scope).insert(id, memo);
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
            let values = references.values();
            let has_nulls = references.has_nulls();
            let row_of = |row: usize| values.get(row).and_then(|target| usize::try_from(*target).ok());
            let mut wanted = Bits::none(rows);
            for row in need.iter() {
                if !(has_nulls && references.is_null(row))
                    && let Some(target) = row_of(row)
                {
                    wanted.insert(target);
                }
            }
            let holding = this.eval_dimension(id, &wanted, target)?;
            if holding.is_empty() && !(when_missing && has_nulls) {
                return Ok(Bits::none(need.rows()));
            }
            if has_nulls {
                return Ok(need.keep(|row| match references.get(row) {
                    Some(_) => row_of(row).is_some_and(|target| holding.contains(target)),
                    None => when_missing,
                }));
            }
            Ok(need.keep(|row| row_of(row).is_some_and(|target| holding.contains(target))))
        })
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

    /// Asks a comparison of rows.
    fn ask(
        &mut self,
        atom: &'p Atom,
        need: &Bits,
        scope: Scope<'_, 'b>,
        answers: &mut KeyedAnswers,
    ) -> Result<Bits, Damage> {
        let view = self.view;
        let keys = match scope {
            Scope::Threads => thread_keys(atom, view)?,
            Scope::Fds => fd_keys(atom, view)?,
            Scope::Events { info, table } => event_keys(atom, info, table)?,
        };
        let ask_row = |row: usize| -> Result<bool, Damage> {
            match scope {
                Scope::Threads => holds_with_values(atom, |expr| value_of_thread(expr, view, row)),
                Scope::Fds => holds_with_values(atom, |expr| value_of_fd(expr, view, row)),
                Scope::Events { table, .. } => holds_for_event(atom, &EventRow::new(view, table, row)),
            }
        };
        if let (Keys::Unknown, Scope::Events { table, .. }, None) = (&keys, scope, atom.matcher.right_field()) {
            let made = self.made.entry(&atom.field).or_default();
            let mut damage = None;
            let found = need.keep(|row| {
                let make = || value_of(&atom.field, &EventRow::new(view, table, row), Purpose::Test);
                made.hold(&atom.matcher, row, make).unwrap_or_else(|error| {
                    damage.get_or_insert(error);
                    false
                })
            });
            return damage.map_or(Ok(found), Err);
        }
        let mut damage = None;
        let mut ask_or_note = |row: usize| match ask_row(row) {
            Ok(holds) => holds,
            Err(error) => {
                damage.get_or_insert(error);
                false
            }
        };
        let found = match keys {
            Keys::Text(column) => {
                answers.expect_codes(column.distinct_count());
                let is_path = matches!(scope, Scope::Events { .. });
                let null_holds = !is_path && atom.matcher.holds_for_text(b"");
                need.keep(|row| {
                    let Some(code) = column.code(row) else { return null_holds };
                    answers.of_code(code as usize, || atom.matcher.holds_for_text(column.distinct(code)))
                })
            }
            Keys::PartOfName(parts) => {
                answers.expect_codes((parts.names.distinct_count() + 1) * 2);
                need.keep(|row| {
                    let Some((code, part)) = parts.of(row) else { return false };
                    answers.of_code(code, || atom.matcher.holds_for_text(part))
                })
            }
            Keys::One(Key::Text(column)) => {
                answers.expect_codes(column.distinct_count() + 1);
                let null = column.distinct_count();
                need.keep(|row| {
                    let code = column.code(row).map_or(null, |code| code as usize);
                    answers.of_code(code, || ask_or_note(row))
                })
            }
            Keys::One(key) => {
                let mut last = None;
                need.keep(|row| {
                    let key = key.of(row);
                    if let Some((last_key, holds)) = last
                        && last_key == key
                    {
                        return holds;
                    }
                    let holds = *answers.by_number.entry(key).or_insert_with(|| ask_or_note(row));
                    last = Some((key, holds));
                    holds
                })
            }
            Keys::Several(columns) => {
                let mut parts: Vec<(bool, i64)> = Vec::with_capacity(columns.len());
                need.keep(|row| {
                    parts.clear();
                    parts.extend(columns.iter().map(|column| column.of(row)));
                    if let Some(holds) = answers.by_numbers.get(parts.as_slice()) {
                        return *holds;
                    }
                    let holds = ask_or_note(row);
                    answers.by_numbers.insert(parts.as_slice().into(), holds);
                    holds
                })
            }
            Keys::Unknown => need.keep(&mut ask_or_note),
        };
        damage.map_or(Ok(found), Err)
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
