//! Which rules take part, and how many of them an event sets off: the options that several commands share.

use clap::{ArgAction, ArgMatches, Args, Command, FromArgMatches, ValueEnum};
use sysreel::replay::compile::{RuleChoice, Selection, SelectionStep};
use sysreel::replay::rules::Priority;

use super::parse_priority;

/// The options as they are declared; their values are read with [`SelectionArgs`], which keeps the order among them.
#[derive(Debug, Args)]
#[command(next_help_heading = "Selection of rules")]
struct Declared {
    /// Switch on the rules of this name, also those that their file switches off; `*` stands for any letters
    ///
    /// --enable, --disable, -D, --tag and --no-tag apply one after the other as typed, over what the rule files say.
    #[arg(long, value_name = "NAME", action = ArgAction::Append)]
    enable: Vec<String>,
    /// Switch off the rules of this name; `*` stands for any letters
    #[arg(long, value_name = "NAME", action = ArgAction::Append)]
    disable: Vec<String>,
    /// Switch off the rules that have TEXT in their name
    #[arg(short = 'D', long, value_name = "TEXT", action = ArgAction::Append)]
    disable_containing: Vec<String>,
    /// Only the rules with this tag; after one of the other options: switch them on as well
    #[arg(short = 't', long, value_name = "TAG", action = ArgAction::Append)]
    tag: Vec<String>,
    /// Switch off the rules with this tag
    #[arg(short = 'T', long, value_name = "TAG", action = ArgAction::Append)]
    no_tag: Vec<String>,
    /// Only rules of this priority or a worse one
    ///
    /// From bad to harmless: emergency, alert, critical, error, warning, notice, informational, debug.
    #[arg(long, value_name = "P", value_parser = parse_priority)]
    min_priority: Option<Priority>,
}

/// Which rules take part.
#[derive(Debug, Clone, Default)]
pub(crate) struct SelectionArgs {
    /// What the options say, in the order in which they were typed.
    pub(crate) selection: Selection,
}

impl Args for SelectionArgs {
    fn augment_args(command: Command) -> Command {
        Declared::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Declared::augment_args_for_update(command)
    }
}

impl FromArgMatches for SelectionArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<SelectionArgs, clap::Error> {
        let mut steps: Vec<(usize, SelectionStep)> = Vec::new();
        let mut read = |id: &str, enables: bool, choose: fn(String) -> RuleChoice| {
            let (Some(indices), Some(values)) = (matches.indices_of(id), matches.get_many::<String>(id)) else {
                return;
            };
            let typed = indices.zip(values);
            steps.extend(typed.map(|(at, text)| (at, SelectionStep { enables, rules: choose(text.clone()) })));
        };
        read("enable", true, RuleChoice::Name);
        read("disable", false, RuleChoice::Name);
        read("disable_containing", false, RuleChoice::NamePart);
        read("tag", true, RuleChoice::Tag);
        read("no_tag", false, RuleChoice::Tag);
        steps.sort_by_key(|(at, _)| *at);
        let selection = Selection::new(steps.into_iter().map(|(_, step)| step));
        let priority = matches.get_one::<Priority>("min_priority").copied();
        Ok(SelectionArgs { selection: selection.at_least(priority) })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = SelectionArgs::from_arg_matches(matches)?;
        Ok(())
    }
}

/// How many rules an event sets off.
#[derive(Debug, Args)]
#[command(next_help_heading = "Selection of rules")]
pub(crate) struct MatchingArgs {
    /// Whether an event that several rules match gives one alert, of the first of them, or an alert of each
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = RuleMatching::First)]
    pub(crate) rule_matching: RuleMatching,
    /// Taken for Falco's sake, and always so: rules see every event that a capture has, of whatever kind
    #[arg(short = 'A', long)]
    pub(crate) all_events: bool,
}

/// Which of the rules that match an event give an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RuleMatching {
    /// The first: in load order, those that an option switches on after those that were on
    First,
    /// All of them
    All,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        selection: SelectionArgs,
    }

    fn typed(line: &str) -> Selection {
        Line::try_parse_from(std::iter::once("x").chain(line.split_whitespace())).unwrap().selection.selection
    }

    fn step(enables: bool, rules: RuleChoice) -> SelectionStep {
        SelectionStep { enables, rules }
    }

    #[test]
    fn steps_stand_in_the_order_in_which_they_were_typed() {
        let selection =
            typed("--disable * --tag network --enable k8s_* -D noisy -T slow --enable=k9s --min-priority error");
        let expected = Selection::new([
            step(false, RuleChoice::Name("*".to_owned())),
            step(true, RuleChoice::Tag("network".to_owned())),
            step(true, RuleChoice::Name("k8s_*".to_owned())),
            step(false, RuleChoice::NamePart("noisy".to_owned())),
            step(false, RuleChoice::Tag("slow".to_owned())),
            step(true, RuleChoice::Name("k9s".to_owned())),
        ]);
        assert_eq!(selection, expected.at_least(Some(Priority::Error)));
    }

    #[test]
    fn a_tag_alone_leaves_nothing_else_on() {
        assert_eq!(typed("-t a -t b").steps().first(), Some(&step(false, RuleChoice::All)));
        assert_eq!(typed(""), Selection::default());
    }
}
