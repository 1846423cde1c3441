//! A test file, read: data with places.

use super::count::Count;
use super::golden::GoldenForm;
use super::pattern::TextPattern;
use crate::replay::compile::SelectionStep;
use crate::replay::rules::{FieldExpr, Priority, Span};

/// Something with its place in the test file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<T> {
    /// What.
    pub value: T,
    /// Bytes of the test file.
    pub span: Span,
}

/// The tests of a file.
#[derive(Clone, Debug, Default)]
pub struct TestFile {
    /// In the order of the file.
    pub tests: Vec<TestCase>,
}

/// One test.
#[derive(Clone, Debug)]
pub struct TestCase {
    /// Its name; no two tests of a file share one.
    pub name: Placed<String>,
    /// What is evaluated, and how: the file's settings with the test's own.
    pub settings: Settings,
    /// What is evaluated.
    pub input: Input,
}

/// Rules and how they are evaluated.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Rule files in load order.
    pub rules: Vec<Placed<RuleSource>>,
    /// Steps that select rules, in order.
    pub steps: Vec<Placed<SelectionStep>>,
    /// The least priority of rules that take part.
    pub min_priority: Option<Priority>,
    /// Whether all rules that match an event give an alert, and not the first only.
    pub all_matches: bool,
}

/// Where rules come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleSource {
    /// The program's own rules.
    BuiltIn,
    /// A file or a folder; relative paths begin at the test file's folder.
    Path(String),
}

/// Captures, and what is expected of them.
#[derive(Clone, Debug)]
pub enum Input {
    /// Captures that are read as one, in the order of time.
    Captures(Vec<Placed<String>>, Box<Expectations>),
    /// Captures, and folders of captures, each of which must stay silent on its own.
    Baseline(Vec<Placed<String>>),
}

/// What alerts a test expects. Everything that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    /// How many alerts there are.
    pub total: Option<Placed<Count>>,
    /// How many alerts of a rule there are.
    pub counts: Vec<CountOfRule>,
    /// How many alerts there are of rules that `counts` does not name.
    pub others: Option<Placed<Count>>,
    /// Alerts that there must be.
    pub alerts: Vec<AlertPattern>,
    /// Alerts that there must not be.
    pub no_alerts: Vec<AlertPattern>,
    /// The file that holds exactly the alerts that there must be.
    pub golden: Option<Placed<(String, GoldenForm)>>,
}

/// How many alerts of a rule there are.
#[derive(Clone, Debug)]
pub struct CountOfRule {
    /// The rule's name.
    pub rule: Placed<String>,
    /// How many.
    pub count: Placed<Count>,
}

/// What an alert looks like. What is not given may be anything.
#[derive(Clone, Debug)]
pub struct AlertPattern {
    /// Where it stands.
    pub span: Span,
    /// The rule's name.
    pub rule: Option<Placed<String>>,
    /// The priority.
    pub priority: Option<Priority>,
    /// The message.
    pub output: Option<TextPattern>,
    /// Values of fields, whether they are in the message or not.
    pub fields: Vec<FieldPattern>,
    /// How many such alerts there are.
    pub count: Count,
}

/// What the value of a field is.
#[derive(Clone, Debug)]
pub struct FieldPattern {
    /// The field as the test file has it.
    pub name: String,
    /// The field.
    pub field: FieldExpr,
    /// Its value as text; a missing one is `<NA>`.
    pub pattern: TextPattern,
}

impl TestCase {
    /// All rules that the expectations name.
    pub fn named_rules(&self) -> Vec<&Placed<String>> {
        let Input::Captures(_, expect) = &self.input else { return Vec::new() };
        let counted = expect.counts.iter().map(|count| &count.rule);
        let patterns = expect.alerts.iter().chain(&expect.no_alerts);
        counted.chain(patterns.filter_map(|pattern| pattern.rule.as_ref())).collect()
    }
}
