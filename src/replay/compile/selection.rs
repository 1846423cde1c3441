//! Selections: which of the loaded rules take part.
//!
//! Falco's `rules:` setting as data: steps that switch rules on or off by name or tag, one after the other, over what
//! the rule files say; and a least priority, below which a rule never takes part.

use crate::replay::rules::{Priority, TypedRule, nearest};

/// Which rules take part. By default those that their files do not switch off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only rules at least as bad as this; no step brings back another.
    pub min_priority: Option<Priority>,
    steps: Vec<SelectionStep>,
}

/// One step of a selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectionStep {
    /// Whether it switches rules on; else off.
    pub enables: bool,
    /// Which rules.
    pub rules: RuleChoice,
}

/// Some of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleChoice {
    /// All of them.
    All,
    /// Those whose whole name fits; `*` stands for any letters.
    Name(String),
    /// Those whose name has this in it, letter for letter.
    NamePart(String),
    /// Those with this tag.
    Tag(String),
}

/// A step that chose no rule: probably a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UselessStep<'s> {
    /// The step.
    pub step: &'s SelectionStep,
    /// A name or tag that may have been meant.
    pub near: Option<String>,
}

impl RuleChoice {
    /// Whether a rule is among them.
    pub fn holds(&self, rule: &TypedRule) -> bool {
        match self {
            RuleChoice::All => true,
            RuleChoice::Name(pattern) => matches_wildcard(pattern, &rule.name),
            RuleChoice::NamePart(part) => rule.name.contains(part.as_str()),
            RuleChoice::Tag(tag) => rule.tags.contains(tag),
        }
    }

    /// The name or tag of some rule that may have been meant.
    fn near(&self, rules: &[TypedRule]) -> Option<String> {
        let names = || rules.iter().map(|rule| rule.name.as_str());
        let near = match self {
            RuleChoice::All => None,
            RuleChoice::Name(text) | RuleChoice::NamePart(text) => {
                let text = text.to_lowercase();
                let bare = text.trim_matches('*');
                let whole = matches_case_aside(&text, names()).or_else(|| nearest(bare, names()));
                whole.or_else(|| names().find(|name| !bare.is_empty() && name.to_lowercase().contains(bare)))
            }
            RuleChoice::Tag(tag) => {
                let tags = || rules.iter().flat_map(|rule| &rule.tags).map(String::as_str);
                tags().find(|known| known.eq_ignore_ascii_case(tag)).or_else(|| nearest(tag, tags()))
            }
        };
        near.map(str::to_owned)
    }
}

/// Whether all of a text fits a pattern in which `*` stands for any letters, and everything else for itself.
pub(in crate::replay) fn matches_wildcard(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn matches_case_aside<'n>(pattern: &str, mut names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    names.find(|name| matches_wildcard(pattern, &name.to_lowercase()))
}

impl Selection {
    /// A selection of these steps, in this order.
    ///
    /// Whoever begins with a tag to switch on wants the rules with that tag and no others (Falco's `-t`): then
    /// everything is switched off before.
    pub fn new(steps: impl IntoIterator<Item = SelectionStep>) -> Selection {
        let mut steps: Vec<SelectionStep> = steps.into_iter().collect();
        if let Some(SelectionStep { enables: true, rules: RuleChoice::Tag(_) }) = steps.first() {
            steps.insert(0, SelectionStep { enables: false, rules: RuleChoice::All });
        }
        Selection { min_priority: None, steps }
    }

    /// The same with a least priority, if one is given.
    #[must_use]
    pub fn at_least(self, priority: Option<Priority>) -> Selection {
        Selection { min_priority: priority.or(self.min_priority), ..self }
    }

    /// The same with the steps of another after its own, and the other's least priority if it has one.
    #[must_use]
    pub fn then(mut self, other: &Selection) -> Selection {
        self.steps.extend(other.steps.iter().cloned());
        self.at_least(other.min_priority)
    }

    /// The steps, in order.
    pub fn steps(&self) -> &[SelectionStep] {
        &self.steps
    }

    /// Whether a rule takes part.
    pub fn takes(&self, rule: &TypedRule) -> bool {
        let last = self.steps.iter().rev().find(|step| step.rules.holds(rule));
        let enabled = last.map_or(rule.enabled, |step| step.enables);
        enabled && self.min_priority.is_none_or(|least| rule.priority <= least)
    }

    /// The place of a rule in the order in which rules are tried; among those of the same place load order decides.
    ///
    /// As in Falco: what the files switch on comes first, and a step that switches a rule on puts it behind those that
    /// are on by then. (Of several rules that one step switches on, Falco's order is that of their addresses in
    /// memory.) A step that finds a rule switched on already leaves it where it is.
    pub fn turn(&self, rule: &TypedRule) -> usize {
        let (mut enabled, mut turn) = (rule.enabled, 0);
        for (at, step) in (1..).zip(&self.steps).filter(|(_, step)| step.rules.holds(rule)) {
            if step.enables && !enabled {
                turn = at;
            }
            enabled = step.enables;
        }
        turn
    }

    /// The steps that choose none of the rules.
    pub fn useless_steps<'s>(&'s self, rules: &[TypedRule]) -> Vec<UselessStep<'s>> {
        let useless =
            |step: &&SelectionStep| step.rules != RuleChoice::All && !rules.iter().any(|rule| step.rules.holds(rule));
        self.steps.iter().filter(useless).map(|step| UselessStep { step, near: step.rules.near(rules) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::rules::{Compiler, RuleFile};

    const RULES: &str = "
- {rule: Shell in container, desc: d, condition: evt.type = open, output: o, priority: NOTICE, tags: [container, shell]}
- {rule: Write below etc, desc: d, condition: evt.type = open, output: o, priority: ERROR, tags: [filesystem]}
- {rule: Noisy shell, desc: d, condition: evt.type = open, output: o, priority: DEBUG, tags: [shell], enabled: false}
";

    fn rules() -> Vec<TypedRule> {
        let mut compiler = Compiler::new();
        compiler.add_file(RuleFile::new("rules.yaml", RULES));
        let (rules, diagnostics) = compiler.build();
        assert_eq!((rules.len(), diagnostics.as_slice()), (3, &[][..]));
        rules
    }

    fn on(rules: RuleChoice) -> SelectionStep {
        SelectionStep { enables: true, rules }
    }

    fn off(rules: RuleChoice) -> SelectionStep {
        SelectionStep { enables: false, rules }
    }

    fn name(pattern: &str) -> RuleChoice {
        RuleChoice::Name(pattern.to_owned())
    }

    fn tag(tag: &str) -> RuleChoice {
        RuleChoice::Tag(tag.to_owned())
    }

    /// The numbers of the rules that take part.
    fn taken(selection: &Selection) -> Vec<usize> {
        rules().iter().enumerate().filter(|(_, rule)| selection.takes(rule)).map(|(at, _)| at).collect()
    }

    #[test]
    fn without_steps_the_files_decide() {
        assert_eq!(taken(&Selection::default()), [0, 1]);
    }

    #[test]
    fn the_last_step_that_holds_for_a_rule_decides() {
        assert_eq!(taken(&Selection::new([on(name("*"))])), [0, 1, 2]);
        assert_eq!(taken(&Selection::new([off(name("*")), on(name("*shell*"))])), [2]);
        assert_eq!(taken(&Selection::new([off(name("*")), on(tag("shell")), off(name("Noisy*"))])), [0]);
        assert_eq!(taken(&Selection::new([on(name("*")), off(name("*"))])), [0; 0]);
        assert_eq!(taken(&Selection::new([off(RuleChoice::NamePart("below".to_owned()))])), [0]);
    }

    #[test]
    fn a_rule_that_is_switched_on_is_tried_after_those_that_were_on() {
        let turns = |steps: &[SelectionStep]| {
            let selection = Selection::new(steps.iter().cloned());
            rules().iter().map(|rule| selection.turn(rule)).collect::<Vec<_>>()
        };
        assert_eq!(turns(&[]), [0, 0, 0]);
        assert_eq!(turns(&[on(name("*"))]), [0, 0, 1], "the third is off in its file");
        assert_eq!(turns(&[off(name("Shell*")), on(RuleChoice::All)]), [2, 0, 2]);
        assert_eq!(turns(&[off(name("*")), on(tag("filesystem")), on(tag("shell"))]), [3, 2, 3]);
        assert_eq!(turns(&[on(name("Write*")), on(name("*"))]), [0, 0, 2], "on before, so it stays");
    }

    #[test]
    fn a_tag_switched_on_first_leaves_only_its_rules() {
        assert_eq!(taken(&Selection::new([on(tag("shell"))])), [0, 2]);
        assert_eq!(taken(&Selection::new([on(tag("container")), on(tag("filesystem"))])), [0, 1]);
        assert_eq!(taken(&Selection::new([off(tag("filesystem")), on(tag("shell"))])), [0, 2]);
        assert_eq!(taken(&Selection::new([off(tag("none")), on(tag("shell"))])), [0, 1, 2]);
    }

    #[test]
    fn no_step_brings_back_a_rule_of_too_little_priority() {
        let all = Selection::new([on(RuleChoice::All)]);
        assert_eq!(taken(&all.clone().at_least(Some(Priority::Notice))), [0, 1]);
        assert_eq!(taken(&all.then(&Selection::default().at_least(Some(Priority::Error)))), [1]);
    }

    #[test]
    fn a_star_stands_for_any_letters() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("", "a", false),
            ("a*", "a", true),
            ("*a*b", "xaxbxb", true),
            ("*cat", "cat a cat", true),
            ("a*a", "a", false),
            ("a**b", "ab", true),
            ("a?", "ab", false),
        ] {
            assert_eq!(matches_wildcard(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn names_fit_as_a_whole_and_letter_for_letter() {
        assert_eq!(taken(&Selection::new([off(name("Shell"))])), [0, 1]);
        assert_eq!(taken(&Selection::new([off(name("shell in container"))])), [0, 1]);
        assert_eq!(taken(&Selection::new([off(name("S*c*r"))])), [1]);
    }

    #[test]
    fn a_step_that_chooses_nothing_is_told_with_a_near_name() {
        let near = |rules_chosen: RuleChoice| {
            let selection = Selection::new([off(rules_chosen)]);
            let loaded = rules();
            let useless = selection.useless_steps(&loaded);
            useless.first().map(|step| step.near.clone())
        };
        let some = |text: &str| Some(Some(text.to_owned()));
        assert_eq!(near(name("Shell in contaner")), some("Shell in container"));
        assert_eq!(near(name("write below*")), some("Write below etc"));
        assert_eq!(near(name("below")), some("Write below etc"));
        assert_eq!(near(name("*xyzzy*")), Some(None));
        assert_eq!(near(tag("filesytem")), some("filesystem"));
        assert_eq!(near(tag("shell")), None);
        assert_eq!(near(RuleChoice::All), None);
    }
}
