//! Text of a test file -> [`TestFile`]. Every key is looked at, so that all problems are found at once.

use super::count::Count;
use super::file::{
    AlertPattern, CountOfRule, Expectations, FieldPattern, Input, Placed, RuleSource, Settings, TestCase, TestFile,
};
use super::golden::GoldenForm;
use super::pattern::TextPattern;
use crate::replay::compile::{RuleChoice, SelectionStep};
use crate::replay::rules::yaml::{Node, Value, parse_documents};
use crate::replay::rules::{
    Code, Diagnostic, Priority, RuleFile, Severity, Span, TemplatePart, nearest, parse_template,
};

const FILE_KEYS: &[&str] = &["rules", "select", "min-priority", "rule-matching", "tests"];
const TEST_KEYS: &[&str] =
    &["test", "desc", "rules", "capture", "baseline", "select", "min-priority", "rule-matching", "expect"];
const EXPECT_KEYS: &[&str] = &["total", "counts", "others", "alerts", "no-alerts", "golden"];
const ALERT_KEYS: &[&str] = &["rule", "priority", "output", "fields", "count"];
const STEP_KEYS: &[&str] = &["enable", "disable", "disable-containing", "tag", "no-tag"];
const PATTERN_KEYS: &[&str] = &["exact", "glob", "regex", "not"];

/// The word in `rules` that stands for the program's own.
const BUILT_IN: &str = "built-in";

/// A regular expression of a test file may take so much memory compiled.
const REGEX_BYTES: usize = 1 << 20;

/// Reads a test file. With any problem the tests are incomplete and must not be run.
pub fn read_test_file(file: &RuleFile) -> (TestFile, Vec<Diagnostic>) {
    let mut reader = Reader { file, problems: Vec::new() };
    let (documents, error) = parse_documents(&file.text);
    let tests = match documents.iter().filter(|node| !node.is_null()).collect::<Vec<_>>().as_slice() {
        [] if error.is_some() => TestFile::default(),
        [] => {
            reader.report(Code::MissingKey, &(0..0), "this file has no `tests`", None);
            TestFile::default()
        }
        [node, rest @ ..] => {
            if let Some(second) = rest.first() {
                reader.report(Code::InvalidValue, &second.span, "a test file is one document", None);
            }
            reader.read_file(node)
        }
    };
    if let Some(error) = error {
        // what follows from the text that is not there says nothing
        reader.problems.retain(|problem| problem.code != Code::MissingKey);
        let help = error.open_bracket.map(|at| {
            let line = file.text.get(..at).unwrap_or("").lines().count().max(1);
            format!("the bracket that is open here stands in line {line}")
        });
        reader.report(Code::YamlError, &error.span, format!("this is not YAML: {}", error.message), help);
    }
    reader.problems.sort_by_key(|problem| problem.span.start);
    (tests, reader.problems)
}

struct Reader<'f> {
    file: &'f RuleFile,
    problems: Vec<Diagnostic>,
}

/// A mapping of which all keys are known.
struct Keys<'n, 'i> {
    span: Span,
    pairs: &'n [(Node<'i>, Node<'i>)],
}

impl<'n, 'i> Keys<'n, 'i> {
    fn get(&self, key: &str) -> Option<&'n Node<'i>> {
        self.pair(key).map(|(_, node)| node)
    }

    fn pair(&self, key: &str) -> Option<&'n (Node<'i>, Node<'i>)> {
        self.pairs.iter().find(|(name, _)| name.as_scalar().is_some_and(|name| name.text == key))
    }
}

impl Reader<'_> {
    fn report(&mut self, code: Code, span: &Span, message: impl Into<String>, help: Option<String>) {
        let problem = Diagnostic::new(code, self.file.name.clone(), span.clone(), message.into(), help);
        // a key that means nothing may be an expectation that nobody checks
        self.problems.push(Diagnostic { severity: Severity::Error, ..problem });
    }

    fn read_file(&mut self, node: &Node<'_>) -> TestFile {
        let Some(keys) = self.mapping(node, "a test file", FILE_KEYS) else { return TestFile::default() };
        let defaults = self.settings(&keys, &Settings::default());
        let Some((key, tests)) = keys.pair("tests") else {
            self.report(Code::MissingKey, &keys.span, "this file has no `tests`", None);
            return TestFile::default();
        };
        let Value::Sequence(nodes) = &tests.value else {
            let help = "start each test with `- test: NAME`".to_owned();
            self.report(Code::NotAList, &key.span, "`tests` is a list", Some(help));
            return TestFile::default();
        };
        if nodes.is_empty() {
            self.report(Code::EmptyValue, &key.span, "`tests` has no test", None);
        }
        let mut tests: Vec<TestCase> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let Some(test) = self.test(node, &defaults) else { continue };
            if tests.iter().any(|other| other.name.value == test.name.value) {
                let message = format!("there are two tests named `{}`", test.name.value);
                self.report(Code::DuplicateKey, &test.name.span, message, None);
            }
            tests.push(test);
        }
        TestFile { tests }
    }

    fn test(&mut self, node: &Node<'_>, defaults: &Settings) -> Option<TestCase> {
        let keys = self.mapping(node, "a test", TEST_KEYS)?;
        let name = match keys.get("test") {
            Some(name) => self.text(name, "test"),
            None => {
                self.report(Code::MissingKey, &keys.span, "this test has no name: `test: NAME`", None);
                None
            }
        };
        let settings = self.settings(&keys, defaults);
        let input = match (keys.pair("capture"), keys.pair("baseline")) {
            (Some((_, captures)), None) => {
                let captures = self.texts(captures, "capture");
                let expect = match keys.get("expect") {
                    Some(expect) => self.expectations(expect),
                    None => {
                        let help = "write `expect: {total: 0}` if there must be no alert".to_owned();
                        self.report(Code::MissingKey, &keys.span, "this test has no `expect`", Some(help));
                        None
                    }
                };
                Input::Captures(captures, Box::new(expect?))
            }
            (None, Some((_, captures))) => {
                if let Some((key, _)) = keys.pair("expect") {
                    let help = Some("captures of a baseline set off no alert, and nothing else".to_owned());
                    self.report(Code::UnknownKey, &key.span, "a test with a `baseline` has no `expect`", help);
                }
                Input::Baseline(self.texts(captures, "baseline"))
            }
            (Some(_), Some((key, _))) => {
                let message = "a test has either a `capture` or a `baseline`";
                self.report(Code::UnknownKey, &key.span, message, None);
                return None;
            }
            (None, None) => {
                self.report(Code::MissingKey, &keys.span, "this test has no `capture` and no `baseline`", None);
                return None;
            }
        };
        Some(TestCase { name: name?, settings, input })
    }

    fn settings(&mut self, keys: &Keys<'_, '_>, defaults: &Settings) -> Settings {
        let mut settings = defaults.clone();
        if let Some(node) = keys.get("rules") {
            let source = |text: String| if text == BUILT_IN { RuleSource::BuiltIn } else { RuleSource::Path(text) };
            let texts = self.texts(node, "rules");
            settings.rules =
                texts.into_iter().map(|text| Placed { value: source(text.value), span: text.span }).collect();
        }
        if let Some(node) = keys.get("select") {
            settings.steps.extend(self.steps(node));
        }
        if let Some(node) = keys.get("min-priority") {
            settings.min_priority = self.priority(node, "min-priority").or(settings.min_priority);
        }
        if let Some(node) = keys.get("rule-matching")
            && let Some(text) = self.text(node, "rule-matching")
        {
            match text.value.as_str() {
                "first" => settings.all_matches = false,
                "all" => settings.all_matches = true,
                other => {
                    let message = format!("`rule-matching` is `first` or `all`, not `{other}`");
                    self.report(Code::InvalidValue, &node.span, message, None);
                }
            }
        }
        settings
    }

    fn steps(&mut self, node: &Node<'_>) -> Vec<Placed<SelectionStep>> {
        let Value::Sequence(nodes) = &node.value else {
            let help = "write `select: [{disable: \"*\"}, {enable: NAME}]`".to_owned();
            self.report(Code::InvalidValue, &node.span, "`select` is a list of steps", Some(help));
            return Vec::new();
        };
        let mut steps = Vec::with_capacity(nodes.len());
        for node in nodes {
            let Some(keys) = self.mapping(node, "a step", STEP_KEYS) else { continue };
            let [(key, value)] = keys.pairs else {
                self.report(Code::InvalidValue, &node.span, "a step has one key", None);
                continue;
            };
            let name = key.as_scalar().map(|scalar| &*scalar.text);
            let Some(text) = self.text(value, name.unwrap_or("select")).map(|text| text.value) else { continue };
            let (enables, rules) = match name {
                Some("enable") => (true, RuleChoice::Name(text)),
                Some("disable") => (false, RuleChoice::Name(text)),
                Some("disable-containing") => (false, RuleChoice::NamePart(text)),
                Some("tag") => (true, RuleChoice::Tag(text)),
                Some("no-tag") => (false, RuleChoice::Tag(text)),
                // reported as an unknown key already
                Some(_) | None => continue,
            };
            steps.push(Placed { value: SelectionStep { enables, rules }, span: value.span.clone() });
        }
        steps
    }

    fn expectations(&mut self, node: &Node<'_>) -> Option<Expectations> {
        let keys = self.mapping(node, "`expect`", EXPECT_KEYS)?;
        if keys.pairs.is_empty() {
            self.report(Code::EmptyValue, &keys.span, "`expect` expects nothing", None);
        }
        let mut expect = Expectations {
            total: keys.get("total").and_then(|node| self.count(node, "total")),
            others: keys.get("others").and_then(|node| self.count(node, "others")),
            ..Expectations::default()
        };
        if let Some(node) = keys.get("counts")
            && let Some(pairs) = self.pairs(node, "counts", "write `counts: {RULE: 1}`")
        {
            for (key, value) in pairs {
                let (Some(rule), Some(count)) = (self.text(key, "counts"), self.count(value, "counts")) else {
                    continue;
                };
                expect.counts.push(CountOfRule { rule, count });
            }
        }
        expect.alerts = keys.get("alerts").map(|node| self.alerts(node, "alerts")).unwrap_or_default();
        expect.no_alerts = keys.get("no-alerts").map(|node| self.alerts(node, "no-alerts")).unwrap_or_default();
        if let Some(node) = keys.get("golden") {
            expect.golden = self.text(node, "golden").map(|path| {
                let form = GoldenForm::of_file(&path.value);
                Placed { value: (path.value, form), span: path.span }
            });
        }
        Some(expect)
    }

    fn alerts(&mut self, node: &Node<'_>, key: &'static str) -> Vec<AlertPattern> {
        let Value::Sequence(nodes) = &node.value else {
            let help = format!("write `{key}: [{{rule: NAME}}]`");
            self.report(Code::InvalidValue, &node.span, format!("`{key}` is a list of alerts"), Some(help));
            return Vec::new();
        };
        nodes.iter().filter_map(|node| self.alert(node, key)).collect()
    }

    fn alert(&mut self, node: &Node<'_>, of: &'static str) -> Option<AlertPattern> {
        let keys = self.mapping(node, "an alert", ALERT_KEYS)?;
        if keys.pairs.is_empty() {
            self.report(Code::EmptyValue, &keys.span, "an alert of which nothing is said fits every alert", None);
        }
        let mut fields = Vec::new();
        if let Some(node) = keys.get("fields")
            && let Some(pairs) = self.pairs(node, "fields", "write `fields: {proc.name: sh}`")
        {
            for (key, value) in pairs {
                fields.extend(self.field(key, value));
            }
        }
        let count = match keys.pair("count") {
            Some((key, _)) if of == "no-alerts" => {
                self.report(Code::UnknownKey, &key.span, "an alert that must not be there has no `count`", None);
                Count::NONE
            }
            Some((_, node)) => self.count(node, "count")?.value,
            None if of == "no-alerts" => Count::NONE,
            None => Count::SOME,
        };
        Some(AlertPattern {
            span: keys.pairs.first().map_or(&keys.span, |(key, _)| &key.span).clone(),
            rule: keys.get("rule").and_then(|node| self.text(node, "rule")),
            priority: keys.get("priority").and_then(|node| self.priority(node, "priority")),
            output: keys.get("output").and_then(|node| self.pattern(node, "output")),
            fields,
            count,
        })
    }

    fn field(&mut self, key: &Node<'_>, value: &Node<'_>) -> Option<FieldPattern> {
        let name = self.text(key, "fields")?;
        let pattern = self.pattern(value, &name.value);
        let field = match parse_template(&format!("%{}", name.value)) {
            Ok(template) => match template.parts.as_slice() {
                [TemplatePart::Field { expr, .. }] => Some(expr.clone()),
                _ => {
                    self.report(Code::UnknownField, &key.span, format!("`{}` is no field", name.value), None);
                    None
                }
            },
            Err(problems) => {
                for problem in problems {
                    // as an output text has it; here a field stands alone
                    let help = problem.help.map(|help| help.replace("`%", "`"));
                    self.report(problem.code, &key.span, problem.message, help);
                }
                None
            }
        };
        Some(FieldPattern { name: name.value, field: field?, pattern: pattern? })
    }

    fn pattern(&mut self, node: &Node<'_>, of: &str) -> Option<TextPattern> {
        if let Some(scalar) = node.as_scalar() {
            return Some(if node.is_null() {
                TextPattern::Exact("<NA>".to_owned())
            } else {
                TextPattern::plain(&scalar.text)
            });
        }
        let help = || Some("write a text, or one of `{exact: T}`, `{glob: T}`, `{regex: T}`, `{not: T}`".to_owned());
        if let Value::Sequence(_) = &node.value {
            self.report(Code::InvalidValue, &node.span, format!("what `{of}` must be is no list"), help());
            return None;
        }
        let keys = self.mapping(node, "a pattern", PATTERN_KEYS)?;
        let [(key, value)] = keys.pairs else {
            self.report(Code::InvalidValue, &node.span, format!("what `{of}` must be has one key"), help());
            return None;
        };
        let sort = key.as_scalar().map(|scalar| scalar.text.to_string())?;
        if sort == "not" {
            return self.pattern(value, of).map(|inner| TextPattern::Not(Box::new(inner)));
        }
        let text = value.as_scalar().map(|scalar| scalar.text.to_string());
        let Some(text) = text else {
            self.report(Code::InvalidValue, &value.span, format!("`{sort}` is a text"), None);
            return None;
        };
        match sort.as_str() {
            "exact" => Some(TextPattern::Exact(text)),
            "glob" => Some(TextPattern::Glob(text)),
            "regex" => match regex::RegexBuilder::new(&text).size_limit(REGEX_BYTES).build() {
                Ok(regex) => Some(TextPattern::Regex(regex)),
                Err(error) => {
                    let message = format!("this is no regular expression: {}", last_line(&error));
                    self.report(Code::InvalidValue, &value.span, message, None);
                    None
                }
            },
            // reported as an unknown key already
            _ => None,
        }
    }

    fn count(&mut self, node: &Node<'_>, key: &str) -> Option<Placed<Count>> {
        let text = self.text(node, key)?;
        match Count::parse(&text.value) {
            Some(value) => Some(Placed { value, span: text.span }),
            None => {
                let help = Some(format!("write {}", Count::FORMS));
                self.report(Code::InvalidValue, &text.span, format!("`{}` is no count", text.value), help);
                None
            }
        }
    }

    fn priority(&mut self, node: &Node<'_>, key: &str) -> Option<Priority> {
        let text = self.text(node, key)?;
        let priority = Priority::parse(&text.value);
        if priority.is_none() {
            let names = || Priority::ALL.iter().map(|priority| priority.name());
            let help = match nearest(&text.value, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
            };
            self.report(Code::InvalidValue, &node.span, format!("there is no priority `{}`", text.value), Some(help));
        }
        priority
    }

    /// A mapping whose keys are known; unknown ones and such as are there twice are reported.
    fn mapping<'n, 'i>(
        &mut self,
        node: &'n Node<'i>,
        what: &'static str,
        known: &[&'static str],
    ) -> Option<Keys<'n, 'i>> {
        let Value::Mapping(pairs) = &node.value else {
            let keys = known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            let help = Some(format!("its keys are {keys}"));
            self.report(Code::NotAnItem, &visible(&node.span), format!("{what} is a mapping"), help);
            return None;
        };
        self.report_duplicates(pairs);
        for (key, _) in pairs {
            match key.as_scalar() {
                Some(name) if known.contains(&&*name.text) => {}
                Some(name) => {
                    let near = nearest(&name.text, known.iter().copied());
                    let help = near.map(|near| format!("did you mean `{near}`?"));
                    let message = format!("{what} has no key `{}`", name.text);
                    self.report(Code::UnknownKey, &key.span, message, help);
                }
                None => self.report(Code::UnknownKey, &key.span, "a key is a word", None),
            }
        }
        let span = pairs.first().map_or_else(|| visible(&node.span), |(key, _)| key.span.clone());
        Some(Keys { span, pairs })
    }

    /// A mapping whose keys are the user's own.
    fn pairs<'n, 'i>(&mut self, node: &'n Node<'i>, key: &str, help: &str) -> Option<&'n [(Node<'i>, Node<'i>)]> {
        let Value::Mapping(pairs) = &node.value else {
            let message = format!("`{key}` is a mapping");
            self.report(Code::InvalidValue, &visible(&node.span), message, Some(help.to_owned()));
            return None;
        };
        self.report_duplicates(pairs);
        Some(pairs)
    }

    fn report_duplicates(&mut self, pairs: &[(Node<'_>, Node<'_>)]) {
        let mut seen = rustc_hash::FxHashSet::default();
        for (key, _) in pairs {
            if let Some(name) = key.as_scalar()
                && !seen.insert(&*name.text)
            {
                self.report(Code::DuplicateKey, &key.span, format!("the key `{}` is there twice", name.text), None);
            }
        }
    }

    /// A scalar that is not empty.
    fn text(&mut self, node: &Node<'_>, key: &str) -> Option<Placed<String>> {
        match node.as_scalar() {
            None => {
                self.report(Code::InvalidValue, &node.span, format!("`{key}` is a text, not a collection"), None);
                None
            }
            Some(scalar) if node.is_null() || scalar.text.is_empty() => {
                self.report(Code::EmptyValue, &visible(&node.span), format!("`{key}` has no value"), None);
                None
            }
            Some(scalar) => Some(Placed { value: scalar.text.to_string(), span: node.span.clone() }),
        }
    }

    /// A scalar, or a list of scalars; not empty.
    fn texts(&mut self, node: &Node<'_>, key: &str) -> Vec<Placed<String>> {
        match &node.value {
            Value::Sequence(nodes) if nodes.is_empty() => {
                self.report(Code::EmptyValue, &node.span, format!("`{key}` has no value"), None);
                Vec::new()
            }
            Value::Sequence(nodes) => nodes.iter().filter_map(|node| self.text(node, key)).collect(),
            Value::Scalar(_) | Value::Mapping(_) => self.text(node, key).into_iter().collect(),
        }
    }
}

/// The place before, of a node that nothing was written for.
fn visible(span: &Span) -> Span {
    if span.is_empty() { span.start.saturating_sub(1)..span.start } else { span.clone() }
}

/// What a regular expression's error says in the end; before it are several lines with the expression.
fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}
