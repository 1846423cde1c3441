//! What is said of options that choose rules.

use sysreel::replay::compile::{RuleChoice, Selection, UselessStep};
use sysreel::replay::rules::TypedRule;

use crate::terminal::Terminal;

/// Names on standard error the options that chose no rule. They are no reason to stop: a rule may be gone from a newer
/// rule file while everybody's command line still switches it off.
pub(crate) fn warn_of_useless_steps(selection: &Selection, rules: &[TypedRule], terminal: &Terminal) {
    for useless in selection.useless_steps(rules) {
        terminal.note(&format!("sysreel: {}", describe_useless_step(&useless)));
    }
    if !rules.iter().any(|rule| selection.takes(rule)) {
        terminal.note("sysreel: no rule is left to be evaluated");
    }
}

/// The same of rules before and after a change: what chooses a rule of either is no mistake.
pub(crate) fn warn_of_steps_useless_in_both(
    selection: &Selection,
    old: &[TypedRule],
    new: &[TypedRule],
    terminal: &Terminal,
) {
    let in_old = selection.useless_steps(old);
    for useless in selection.useless_steps(new) {
        if in_old.iter().any(|other| other.step == useless.step) {
            terminal.note(&format!("sysreel: {}", describe_useless_step(&useless)));
        }
    }
}

/// `--tag netwrok: no rule has this tag; did you mean `network`?`
pub(crate) fn describe_useless_step(useless: &UselessStep<'_>) -> String {
    let (option, text, what) = match (&useless.step.rules, useless.step.enables) {
        (RuleChoice::All, _) => ("the rules", "", "there are none"),
        (RuleChoice::Name(name), true) => ("--enable", name.as_str(), "no rule has this name"),
        (RuleChoice::Name(name), false) => ("--disable", name.as_str(), "no rule has this name"),
        (RuleChoice::NamePart(part), _) => ("-D", part.as_str(), "no rule has this in its name"),
        (RuleChoice::Tag(tag), true) => ("--tag", tag.as_str(), "no rule has this tag"),
        (RuleChoice::Tag(tag), false) => ("--no-tag", tag.as_str(), "no rule has this tag"),
    };
    let near = useless.near.as_ref().map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    format!("{option} `{text}`: {what}{near}")
}
