//! What each rule cost, where the time went, and what was not even read.

use std::time::Duration;

use comfy_table::{Cell, Table};
use serde_json::{Value, json};
use sysreel::format::BlockUse;
use sysreel::replay::eval::{BlockProfile, PassedOver, ReplayProfile, ReplaySummary, RuleCost, RuleCount, StageTimes};

use crate::table::{Look, Target, bytes, count, new_table, number, thousands};
use crate::terminal::Terminal;

/// The costs of rules, of one replay or several.
#[derive(Debug, Default)]
pub(crate) struct Costs {
    /// In the order in which the rules came.
    rules: Vec<(String, RuleCost)>,
}

impl Costs {
    /// Adds what a replay says of its rules.
    pub(crate) fn add(&mut self, by_rule: &[RuleCount]) {
        for rule in by_rule {
            match self.rules.iter_mut().find(|(name, _)| *name == rule.name) {
                Some((_, cost)) => {
                    cost.rows += rule.cost.rows;
                    cost.matched += rule.cost.matched;
                    cost.ns += rule.cost.ns;
                }
                None => self.rules.push((rule.name.clone(), rule.cost)),
            }
        }
    }
}

/// A table of the rules that looked at anything, the dearest first.
///
/// What rules share is counted for the first that asks, so the sum is right and a cheap rule may stand high.
pub(crate) fn profile_table(costs: &Costs, target: Target, terminal: &Terminal) -> String {
    let heads = ["TIME", "SHARE", "ROWS", "MATCHED", "RULE"].map(str::to_owned);
    let color = match target {
        Target::Stdout => terminal.color_stdout,
        Target::Stderr => terminal.color_stderr,
    };
    let mut table = new_table(&heads, Look::Plain, target, color);
    let total_ns: u64 = costs.rules.iter().map(|(_, cost)| cost.ns).sum();
    let mut rules: Vec<&(String, RuleCost)> = costs.rules.iter().filter(|(_, cost)| cost.rows > 0).collect();
    rules.sort_by_key(|(_, cost)| std::cmp::Reverse(cost.ns));
    for (name, cost) in &rules {
        table.add_row([
            number(show_cost(cost.ns)),
            number(share(cost.ns, total_ns)),
            number(thousands(cost.rows)),
            number(thousands(cost.matched)),
            Cell::new(name),
        ]);
    }
    let mut text = lines_of(&table);
    let idle = costs.rules.len() - rules.len();
    if idle > 0 {
        let plural = if idle == 1 { "rule" } else { "rules" };
        text.push_str(&format!("{} {plural} looked at nothing\n", thousands(idle as u64)));
    }
    text
}

/// A table of the stages, and what was read of the captures.
pub(crate) fn profile_of_stages(summary: &ReplaySummary, terminal: &Terminal) -> String {
    let Some(profile) = &summary.profile else { return String::new() };
    let heads = ["TIME", "SHARE", "STAGE"].map(str::to_owned);
    let mut table = new_table(&heads, Look::Plain, Target::Stderr, terminal.color_stderr);
    let stages = profile.stages.stages();
    let total_ns: u64 = stages.iter().map(|(_, ns)| ns).sum();
    for (name, ns) in stages {
        table.add_row([number(show_cost(ns)), number(share(ns, total_ns)), Cell::new(name)]);
    }
    let mut text = lines_of(&table);
    text.push('\n');
    for line in reading(profile) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// What was read of the captures, and what was not.
fn reading(profile: &ReplayProfile) -> Vec<String> {
    let usage = profile.usage();
    let total = profile.blocks.len() as u64;
    let passed = PassedOver::ALL.map(|reason| (profile.passed_over(reason), reason_names(reason).1));
    let over: u64 = passed.iter().map(|(blocks, _)| blocks).sum();
    let reasons: Vec<String> = passed
        .iter()
        .filter(|(blocks, _)| *blocks > 0)
        .map(|(blocks, why)| format!("{} {why}", thousands(*blocks)))
        .collect();
    let mut blocks = format!("blocks   {} of {} read", thousands(total - over), thousands(total));
    if !reasons.is_empty() {
        blocks.push_str(&format!("; passed over: {}", reasons.join(", ")));
    }
    let of = |read: u64, all: u64, thing: &str| format!("{} of {} read", thousands(read), count(all, thing));
    let mut lines = vec![
        blocks,
        format!(
            "in them  {}, {}",
            of(usage.tables_read, usage.tables, "table"),
            of(usage.columns_read, usage.columns, "column")
        ),
    ];
    if profile.bytes_read > 0 {
        lines.push(format!(
            "bytes    {} read, {} of them decoded; {} passed over",
            bytes(profile.bytes_read),
            bytes(usage.bytes_decoded),
            bytes(profile.bytes_passed_over),
        ));
    }
    lines
}

/// All of it as one object.
pub(crate) fn profile_document(summary: &ReplaySummary) -> Value {
    let rules: Vec<Value> = summary.by_rule.iter().map(rule_object).collect();
    let profile = summary.profile.as_ref();
    let blocks: Vec<Value> = profile.iter().flat_map(|profile| &profile.blocks).map(block_object).collect();
    let stages = profile.map_or(StageTimes::default(), |profile| profile.stages).stages();
    let stages: serde_json::Map<String, Value> =
        stages.into_iter().map(|(name, ns)| (format!("{}_ns", name.replace(' ', "_")), json!(ns))).collect();
    json!({
        "elapsed_ns": u64::try_from(summary.elapsed.as_nanos()).unwrap_or(u64::MAX),
        "stages": stages,
        "bytes_read": profile.map_or(0, |profile| profile.bytes_read),
        "bytes_passed_over": profile.map_or(0, |profile| profile.bytes_passed_over),
        "rules": rules,
        "blocks": blocks,
    })
}

fn rule_object(rule: &RuleCount) -> Value {
    json!({
        "rule": rule.name,
        "rows": rule.cost.rows,
        "matched": rule.cost.matched,
        "time_ns": rule.cost.ns,
    })
}

/// A reason's name in JSON, and for people.
fn reason_names(reason: PassedOver) -> (&'static str, &'static str) {
    match reason {
        PassedOver::Time => ("time", "out of time"),
        PassedOver::Kinds => ("kinds", "without a kind that rules ask for"),
        PassedOver::Containers => ("containers", "without a container that rules ask for"),
    }
}

fn block_object(block: &BlockProfile) -> Value {
    let mut object = json!({ "capture": block.capture, "first_num": block.first_num, "events": block.rows });
    let more = match block.outcome {
        Ok(usage) => use_object(&usage),
        Err(reason) => json!({ "passed_over": reason_names(reason).0 }),
    };
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

fn use_object(usage: &BlockUse) -> Value {
    json!({
        "tables": usage.tables,
        "tables_read": usage.tables_read,
        "columns": usage.columns,
        "columns_read": usage.columns_read,
        "bytes": usage.bytes,
        "bytes_decoded": usage.bytes_decoded,
    })
}

/// The table's lines after an empty one.
fn lines_of(table: &Table) -> String {
    let mut text = String::from("\n");
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn share(ns: u64, total_ns: u64) -> String {
    format!("{} %", (ns.saturating_mul(100) + total_ns / 2).checked_div(total_ns).unwrap_or(0))
}

/// `1.2 ms`, always with one digit after the point, so that a column of them can be compared.
fn show_cost(ns: u64) -> String {
    let elapsed = Duration::from_nanos(ns);
    match ns {
        0..1_000_000 => format!("{:.1} us", elapsed.as_secs_f64() * 1e6),
        1_000_000..1_000_000_000 => format!("{:.1} ms", elapsed.as_secs_f64() * 1e3),
        _ => format!("{:.1} s", elapsed.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_have_a_fitting_unit() {
        assert_eq!(show_cost(0), "0.0 us");
        assert_eq!(show_cost(1_500), "1.5 us");
        assert_eq!(show_cost(2_340_000), "2.3 ms");
        assert_eq!(show_cost(12_340_000_000), "12.3 s");
    }
}
