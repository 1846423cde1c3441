//! What came of a replay, on standard error: what could not be read, and the figures.

use std::time::Duration;

use comfy_table::Cell;
use jiff::tz::TimeZone;
use sysreel::format::Ending;
use sysreel::replay::eval::ReplaySummary;
use sysreel::replay::rules::Priority;

use crate::alerts::Subject;
use crate::table::{Look, Target, count, new_table, number, thousands};
use crate::terminal::Terminal;
use crate::time::{show_duration, show_time};

/// So many damaged places are named; the rest is counted.
const DAMAGES_SHOWN: usize = 20;

/// Says what is damaged or missing; whether nothing is.
pub(crate) fn report_problems(summary: &ReplaySummary, terminal: &Terminal) -> bool {
    for damage in summary.damages.iter().take(DAMAGES_SHOWN) {
        terminal.note(&format!("sysreel: {damage}"));
    }
    let more = summary.damaged.saturating_sub(DAMAGES_SHOWN as u64);
    if more > 0 {
        terminal.note(&format!("sysreel: and {} more damaged places", thousands(more)));
    }
    let mut whole = summary.damaged == 0;
    for (file, ending) in &summary.endings {
        if let Some(problem) = describe_ending(ending.as_ref()) {
            whole = false;
            terminal.note(&format!("sysreel: {file}: {problem}"));
        }
    }
    whole
}

/// What is wrong with the way a capture ends; `None` if it is complete.
pub(crate) fn describe_ending(ending: Option<&Ending>) -> Option<String> {
    match ending {
        Some(Ending::Complete(_)) => None,
        Some(Ending::NoFooter) => Some(
            "the capture has no end: its recorder was killed or still runs, or the file was cut between two blocks"
                .to_owned(),
        ),
        Some(Ending::Truncated(damage)) => Some(format!("cut off at byte {}: {}", damage.offset, damage.what)),
        None => Some("the end was not reached".to_owned()),
    }
}

/// Prints the figures.
pub(crate) fn print_summary(summary: &ReplaySummary, subject: Subject, terminal: &Terminal) {
    let mut text = String::from("\n");
    if subject == Subject::Alerts && summary.alerts > 0 {
        text.push_str(&rules_table(summary, terminal));
        text.push('\n');
    }
    for (name, value) in figures(summary, subject) {
        text.push_str(&format!("{name:<9} {value}\n"));
    }
    terminal.note(&text);
}

fn rules_table(summary: &ReplaySummary, terminal: &Terminal) -> String {
    let heads = ["ALERTS", "PRIORITY", "RULE"].map(str::to_owned);
    let mut table = new_table(&heads, Look::Plain, Target::Stderr, terminal.color_stderr);
    let mut rules: Vec<_> = summary.by_rule.iter().filter(|rule| rule.alerts > 0).collect();
    // the worst first; of the same priority the most frequent; load order decides the rest
    rules.sort_by_key(|rule| (rule.priority, std::cmp::Reverse(rule.alerts)));
    for rule in rules {
        table.add_row([number(thousands(rule.alerts)), Cell::new(rule.priority.name()), Cell::new(&rule.name)]);
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn figures(summary: &ReplaySummary, subject: Subject) -> Vec<(&'static str, String)> {
    let mut figures = vec![match subject {
        Subject::Alerts => ("alerts", alerts_by_priority(summary)),
        Subject::Events => ("matching", thousands(summary.alerts)),
    }];
    let rate = per_second(summary.events + summary.events_skipped, summary.elapsed);
    figures.push((
        "events",
        format!(
            "{} read, {} passed over; {} read, {} passed over",
            thousands(summary.events),
            thousands(summary.events_skipped),
            count(summary.blocks, "block"),
            thousands(summary.blocks_skipped),
        ),
    ));
    if summary.first_ts_ns > 0 {
        let zone = TimeZone::system();
        let length = Duration::from_nanos(summary.last_ts_ns.saturating_sub(summary.first_ts_ns));
        figures.push(("from", show_time(summary.first_ts_ns, &zone)));
        figures.push(("to", format!("{} ({})", show_time(summary.last_ts_ns, &zone), show_duration(length))));
    }
    figures.push((
        "drops",
        match summary.lost_events {
            0 => "none".to_owned(),
            lost => format!("{} events were lost while recording; alerts may be missing", thousands(lost)),
        },
    ));
    if summary.damaged > 0 {
        figures.push(("damaged", format!("{} places, not evaluated", thousands(summary.damaged))));
    }
    figures.push(("took", format!("{}, {} events/s", show_duration(summary.elapsed), thousands(rate))));
    figures
}

fn alerts_by_priority(summary: &ReplaySummary) -> String {
    let parts: Vec<String> = Priority::ALL
        .into_iter()
        .map(|priority| (priority, summary.alerts_of(priority)))
        .filter(|(_, alerts)| *alerts > 0)
        .map(|(priority, alerts)| format!("{} {}", thousands(alerts), priority.name().to_ascii_lowercase()))
        .collect();
    match parts.as_slice() {
        [] => "none".to_owned(),
        parts => format!("{} ({})", thousands(summary.alerts), parts.join(", ")),
    }
}

fn per_second(events: u64, elapsed: Duration) -> u64 {
    let rate = u128::from(events) * 1_000_000_000 / elapsed.as_nanos().max(1);
    u64::try_from(rate).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_events_by_seconds() {
        assert_eq!(per_second(1_000, Duration::from_millis(500)), 2_000);
        assert_eq!(per_second(0, Duration::ZERO), 0);
    }

    #[test]
    fn only_a_complete_capture_ends_well() {
        assert!(describe_ending(Some(&Ending::NoFooter)).is_some());
        assert!(describe_ending(None).is_some());
        assert!(describe_ending(Some(&Ending::Complete(Box::default()))).is_none());
    }
}
