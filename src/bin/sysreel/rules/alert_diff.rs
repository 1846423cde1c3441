//! The alerts that go and come when rules change.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;

use serde_json::{Value, json};
use sysreel::replay::compile::Program;
use sysreel::replay::eval::{ReplayOptions, replay_each};
use sysreel::replay::output::Columns;
use sysreel::replay::rules::TypedRule;

use crate::alerts::open_captures;
use crate::cli::{DiffArgs, RuleMatching};
use crate::summary::report_problems;
use crate::table::{count, printable};
use crate::terminal::Terminal;

/// More alerts than this are not compared one by one; who has so many wants other rules first.
const ALERT_LIMIT: usize = 1_000_000;

/// What is asked of each alert: what tells it apart, then what is shown.
const COLUMNS: &str = "evt.rawtime,evt.num,rule,time,message";

/// The alerts of two sets of rules over the same captures.
#[derive(Debug)]
pub(super) struct AlertDiff {
    before: usize,
    now: usize,
    gone: Vec<AlertLine>,
    come: Vec<AlertLine>,
    reworded: usize,
    /// Whether all captures could be read to their end.
    pub(super) is_complete: bool,
}

/// An alert as it is shown.
#[derive(Debug)]
struct AlertLine {
    time: String,
    rule: String,
    message: String,
}

/// One alert: the event and the rule tell it apart.
type Alerts = Vec<([String; 3], AlertLine)>;

/// Runs both sets of rules over the captures; `None` if none could be opened, which was said then.
pub(super) fn compare_alerts(
    args: &DiffArgs,
    old: &[TypedRule],
    new: &[TypedRule],
    terminal: &Terminal,
) -> anyhow::Result<Option<AlertDiff>> {
    let (Some(old), Some(new)) = (collect(args, old, terminal)?, collect(args, new, terminal)?) else {
        return Ok(None);
    };
    let is_complete = old.1 && new.1;
    let (old, new) = (old.0, new.0);
    let (before, now) = (old.len(), new.len());
    let mut waiting: HashMap<[String; 3], Vec<AlertLine>> = HashMap::new();
    let order: Vec<[String; 3]> = old.iter().map(|(key, _)| key.clone()).collect();
    for (key, line) in old {
        waiting.entry(key).or_default().push(line);
    }
    let (mut come, mut reworded) = (Vec::new(), 0);
    for (key, line) in new {
        match waiting.get_mut(&key).and_then(Vec::pop) {
            Some(earlier) => reworded += usize::from(earlier.message != line.message),
            None => come.push(line),
        }
    }
    let gone = order.iter().filter_map(|key| waiting.get_mut(key)?.pop()).collect();
    Ok(Some(AlertDiff { before, now, gone, come, reworded, is_complete }))
}

/// The alerts of rules over the captures, in order, and whether the captures were read to their ends.
fn collect(args: &DiffArgs, rules: &[TypedRule], terminal: &Terminal) -> anyhow::Result<Option<(Alerts, bool)>> {
    let captures = open_captures(&args.capture, terminal)?;
    if captures.readers.is_empty() {
        return Ok(None);
    }
    let columns = Columns::parse(COLUMNS).expect("these are columns and fields");
    let program = Program::compile(rules, &args.selection.selection);
    let options = ReplayOptions {
        threads: args.threads.threads.unwrap_or(0),
        all_matches: args.matching.rule_matching == RuleMatching::All,
        ..ReplayOptions::default()
    };
    let mut alerts: Alerts = Vec::new();
    let summary = replay_each(captures.readers, &program, &options, &|alert| columns.row(alert), &mut |row| {
        if alerts.len() >= ALERT_LIMIT {
            return Err(io::Error::other(format!("more than {ALERT_LIMIT}, too many to compare")));
        }
        if let Ok([ts, number, rule, time, message]) = <[String; 5]>::try_from(row) {
            alerts.push(([ts, number, rule.clone()], AlertLine { time, rule, message }));
        }
        Ok(())
    })?;
    let complete = report_problems(&summary, terminal) && captures.unopened == 0;
    Ok(Some((alerts, complete)))
}

impl AlertDiff {
    /// Whether an alert went, came, or says something else.
    pub(super) fn is_different(&self) -> bool {
        !self.gone.is_empty() || !self.come.is_empty() || self.reworded > 0
    }

    pub(super) fn write_text(&self, text: &mut String) {
        // Writing to a String cannot fail.
        for (sign, alert) in
            self.gone.iter().map(|alert| ('-', alert)).chain(self.come.iter().map(|alert| ('+', alert)))
        {
            let line = format!("{sign} {} {}: {}", alert.time, alert.rule, alert.message);
            let _ = writeln!(text, "{}", printable(&line));
        }
        let _ = writeln!(
            text,
            "{} before, {} now: {} gone, {} new, {} worded differently",
            count(self.before as u64, "alert"),
            self.now,
            self.gone.len(),
            self.come.len(),
            self.reworded
        );
    }

    pub(super) fn json(&self) -> Value {
        let list = |alerts: &[AlertLine]| -> Vec<Value> {
            alerts
                .iter()
                .map(|alert| json!({"time": alert.time, "rule": alert.rule, "output": alert.message}))
                .collect()
        };
        json!({
            "old": self.before,
            "new": self.now,
            "gone": list(&self.gone),
            "come": list(&self.come),
            "worded_differently": self.reworded,
        })
    }
}
