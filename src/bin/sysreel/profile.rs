//! What each rule cost.

use std::time::Duration;

use comfy_table::Cell;
use sysreel::replay::eval::{RuleCost, RuleCount};

use crate::table::{Look, Target, new_table, number, thousands};
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
            number(format!("{} %", (cost.ns * 100 + total_ns / 2).checked_div(total_ns).unwrap_or(0))),
            number(thousands(cost.rows)),
            number(thousands(cost.matched)),
            Cell::new(name),
        ]);
    }
    let mut text = String::from("\n");
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let idle = costs.rules.len() - rules.len();
    if idle > 0 {
        let plural = if idle == 1 { "rule" } else { "rules" };
        text.push_str(&format!("{} {plural} looked at nothing\n", thousands(idle as u64)));
    }
    text
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
