//! Tests side by side; what came of them is handed over in order.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use sysreel::format::Reader;
use sysreel::replay::compile::Selection;
use sysreel::replay::eval::{ReplayOptions, ReplaySummary};
use sysreel::replay::suite::{
    Count, Expectations, Finding, Input, Placed, RuleSource, TestCase, check_against_rules, run_test,
};

use super::LoadedFile;
use super::discovery::{find_captures, read_text};
use super::outcome::{Outcome, Place, Problem};
use super::rule_sets::{RuleSet, RuleSets};
use crate::source::open_capture;
use crate::summary::describe_ending;
use crate::table::count;

/// How tests run.
pub(super) struct Options<'o> {
    /// What was typed, applied after each test's own selection.
    pub(super) selection: &'o Selection,
    pub(super) bless: bool,
    pub(super) measures: bool,
    /// How many tests run at a time; 0 is one for each processor.
    pub(super) threads: usize,
}

/// A test to run: its file, and its place there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    file: usize,
    test: usize,
}

/// All tests with a wanted name, in the order of files.
pub(super) fn plan(files: &[LoadedFile], is_wanted: impl Fn(&str) -> bool) -> Vec<Job> {
    let mut jobs = Vec::new();
    for (at, file) in files.iter().enumerate() {
        for (test, case) in file.tests.tests.iter().enumerate() {
            if is_wanted(&case.name.value) {
                jobs.push(Job { file: at, test });
            }
        }
    }
    jobs
}

/// Runs tests on several threads and hands over what came of each, in order.
pub(super) fn run_all(
    files: &[LoadedFile],
    jobs: &[Job],
    options: &Options<'_>,
    mut sets: RuleSets<'_>,
    take: &mut dyn FnMut(Outcome) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let tests: Vec<Test<'_>> = jobs.iter().filter_map(|job| Test::new(files, *job, &mut sets)).collect();
    let golden = shared_golden_files(&tests);
    let workers = match options.threads {
        0 => thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..workers.min(tests.len()) {
            let (sender, next, tests, golden) = (sender.clone(), &next, &tests, &golden);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(test) = tests.get(at) else { return };
                    // nobody listens any more once the report cannot be written
                    if sender.send((at, test.run(options, golden))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut turn = 0;
        let mut outcome = Ok(());
        for (at, done) in receiver {
            early.insert(at, done);
            while let Some(done) = early.remove(&turn) {
                turn += 1;
                outcome = take(done);
                if outcome.is_err() {
                    next.store(tests.len(), Ordering::Relaxed);
                    return outcome;
                }
            }
        }
        outcome
    })
}

/// A golden file that two tests have would be written by one and be wrong for the other.
fn shared_golden_files(tests: &[Test<'_>]) -> BTreeMap<PathBuf, usize> {
    let mut users = BTreeMap::new();
    for path in tests.iter().filter_map(Test::golden_path) {
        *users.entry(path).or_default() += 1;
    }
    users
}

/// A test with its rules.
struct Test<'f> {
    file: &'f LoadedFile,
    case: &'f TestCase,
    folder: &'f Path,
    rules: Arc<RuleSet>,
}

impl<'f> Test<'f> {
    fn new(files: &'f [LoadedFile], job: Job, sets: &mut RuleSets<'_>) -> Option<Test<'f>> {
        let file = files.get(job.file)?;
        let case = file.tests.tests.get(job.test)?;
        let folder = Path::new(&file.source.name).parent().unwrap_or_else(|| Path::new(""));
        Some(Test { file, case, folder, rules: sets.load(&case.settings, folder) })
    }

    fn golden_path(&self) -> Option<PathBuf> {
        match &self.case.input {
            Input::Captures(_, expect) => expect.golden.as_ref().map(|golden| self.folder.join(&golden.value.0)),
            Input::Baseline(_) => None,
        }
    }

    fn run(&self, options: &Options<'_>, golden_users: &BTreeMap<PathBuf, usize>) -> Outcome {
        let started = Instant::now();
        let source = &self.file.source;
        let line = Place::of(&self.case.name.span, source).line;
        let mut outcome = Outcome::new(&source.name, &self.case.name.value, line);
        self.evaluate(options, golden_users, &mut outcome);
        outcome.took = started.elapsed();
        outcome
    }

    fn evaluate(&self, options: &Options<'_>, golden_users: &BTreeMap<PathBuf, usize>, outcome: &mut Outcome) {
        let source = &self.file.source;
        let rules = match &*self.rules {
            Ok(rules) => rules,
            Err(problems) => {
                for problem in problems {
                    outcome.cannot_run(problem.clone());
                }
                return;
            }
        };
        for diagnostic in check_against_rules(self.case, rules, &source.name) {
            outcome.cannot_run(Problem::of_diagnostic(&diagnostic, source));
        }
        if !outcome.problems.is_empty() {
            return;
        }
        let selection = self.case.settings.selection().then(options.selection);
        let is_on = |rule: &&sysreel::replay::rules::TypedRule| rule.enabled || selection.takes(rule);
        outcome.loaded = rules.iter().filter(is_on).map(|rule| rule.name.clone()).collect();
        let replay_options = ReplayOptions {
            // tests run side by side
            threads: 1,
            all_matches: self.case.settings.all_matches,
            measures: options.measures,
            ..ReplayOptions::default()
        };
        match &self.case.input {
            Input::Captures(captures, expect) => {
                let Some(readers) = self.open_all(captures, outcome) else { return };
                let golden = match self.read_golden(golden_users) {
                    Ok(golden) => golden,
                    Err(problem) => return outcome.cannot_run(problem),
                };
                match run_test(expect, readers, rules, &selection, &replay_options, golden.as_deref()) {
                    Ok(finding) => self.judge(finding, options.bless, golden.as_deref(), outcome),
                    Err(error) => outcome.cannot_run(Problem::at(&self.case.name.span, source, error.to_string())),
                }
            }
            Input::Baseline(places) => {
                for place in places {
                    let captures =
                        match find_captures(&self.folder.join(&place.value).components().collect::<PathBuf>()) {
                            Ok(captures) => captures,
                            Err(error) => {
                                outcome.cannot_run(Problem::at(&place.span, source, format!("{error:#}")));
                                continue;
                            }
                        };
                    for capture in captures {
                        self.run_silent(&capture, place, &selection, &replay_options, outcome);
                    }
                }
            }
        }
    }

    /// A capture that must set off nothing.
    fn run_silent(
        &self,
        capture: &Path,
        place: &Placed<String>,
        selection: &Selection,
        options: &ReplayOptions,
        outcome: &mut Outcome,
    ) {
        let (source, shown) = (&self.file.source, capture.display());
        let Ok(rules) = &*self.rules else { return };
        let reader = match open_capture(capture) {
            Ok(reader) => reader,
            Err(error) => return outcome.cannot_run(Problem::at(&place.span, source, error.to_string())),
        };
        let silence = Placed { value: Count::NONE, span: place.span.clone() };
        let expect = Expectations { total: Some(silence), ..Expectations::default() };
        match run_test(&expect, vec![reader], rules, selection, options, None) {
            Ok(mut finding) => {
                for failure in &mut finding.failures {
                    failure.message = format!("{shown}: {}", failure.message);
                }
                self.judge(finding, false, None, outcome);
            }
            Err(error) => outcome.cannot_run(Problem::at(&place.span, source, format!("{shown}: {error}"))),
        }
    }

    fn open_all(&self, captures: &[Placed<String>], outcome: &mut Outcome) -> Option<Vec<Reader>> {
        let mut readers = Vec::with_capacity(captures.len());
        for capture in captures {
            match open_capture(&self.folder.join(&capture.value)) {
                Ok(reader) => readers.push(reader),
                Err(error) => {
                    outcome.cannot_run(Problem::at(&capture.span, &self.file.source, error.to_string()));
                }
            }
        }
        outcome.problems.is_empty().then_some(readers)
    }

    fn read_golden(&self, users: &BTreeMap<PathBuf, usize>) -> Result<Option<String>, Problem> {
        let Input::Captures(_, expect) = &self.case.input else { return Ok(None) };
        let (Some(golden), Some(path)) = (&expect.golden, self.golden_path()) else { return Ok(None) };
        let problem = |message: String| Problem::at(&golden.span, &self.file.source, message);
        if users.get(&path).is_some_and(|users| *users > 1) {
            return Err(problem(format!("{}: two tests have this golden file", path.display())));
        }
        if let Some(other) = self.reads_file(&path) {
            return Err(problem(format!("{}: a golden file cannot also be {other}", path.display())));
        }
        if !path.exists() {
            return Ok(None);
        }
        read_text(&path, "golden file").map(Some).map_err(|error| problem(format!("{error:#}")))
    }

    /// What the test reads from this file, if anything.
    fn reads_file(&self, path: &Path) -> Option<&'static str> {
        let identity = path.canonicalize().ok()?;
        let is_same = |other: &Path| other.canonicalize().is_ok_and(|other| other == identity);
        if is_same(Path::new(&self.file.source.name)) {
            return Some("the test file");
        }
        let is_rule_file = |source: &Placed<RuleSource>| match &source.value {
            RuleSource::BuiltIn => false,
            RuleSource::Path(path) => is_same(&self.folder.join(path)),
        };
        if self.case.settings.rules.iter().any(is_rule_file) {
            return Some("a rule file");
        }
        let Input::Captures(captures, _) = &self.case.input else { return None };
        captures.iter().any(|capture| is_same(&self.folder.join(&capture.value))).then_some("a capture")
    }

    fn judge(&self, finding: Finding, bless: bool, golden: Option<&str>, outcome: &mut Outcome) {
        let source = &self.file.source;
        for problem in unread(&finding.summary) {
            outcome.cannot_run(Problem::at(&self.case.name.span, source, problem));
        }
        let is_whole = outcome.problems.is_empty();
        let golden_span = match &self.case.input {
            Input::Captures(_, expect) => expect.golden.as_ref().map(|golden| golden.span.clone()),
            Input::Baseline(_) => None,
        };
        for failure in &finding.failures {
            let is_golden = golden_span.as_ref() == Some(&failure.span);
            if bless && is_golden && is_whole {
                match self.bless(finding.golden.as_deref(), golden, failure.details.clone()) {
                    Ok(notes) => outcome.notes.extend(notes),
                    Err(message) => outcome.cannot_run(Problem::at(&failure.span, source, message)),
                }
            } else {
                outcome.fail(Problem::of_failure(failure, source));
            }
        }
        outcome.demanded.extend(finding.demanded);
        for rule in finding.summary.by_rule {
            match outcome.by_rule.iter_mut().find(|other| other.name == rule.name) {
                Some(other) => {
                    other.alerts += rule.alerts;
                    other.cost.rows += rule.cost.rows;
                    other.cost.matched += rule.cost.matched;
                    other.cost.ns += rule.cost.ns;
                }
                None => outcome.by_rule.push(rule),
            }
        }
    }

    /// Writes the golden file; what is to be said of it, or why it cannot be written.
    fn bless(&self, found: Option<&str>, before: Option<&str>, changes: Vec<String>) -> Result<Vec<String>, String> {
        let (Some(path), Some(found)) = (self.golden_path(), found) else { return Ok(Vec::new()) };
        fs::write(&path, found)
            .map_err(|error| format!("{}: cannot write the golden file: {error}", path.display()))?;
        let what = if before.is_some() { "rewritten" } else { "written" };
        let mut notes = vec![format!("{what}: {} ({})", path.display(), count(found.lines().count() as u64, "alert"))];
        notes.extend(changes);
        Ok(notes)
    }
}

/// What could not be read.
fn unread(summary: &ReplaySummary) -> Vec<String> {
    let mut problems: Vec<String> = summary.damages.iter().take(3).map(ToString::to_string).collect();
    let more = summary.damaged.saturating_sub(problems.len() as u64);
    if more > 0 {
        problems.push(format!("and {more} more damaged places"));
    }
    for (file, ending) in &summary.endings {
        problems.extend(describe_ending(ending.as_ref()).map(|problem| format!("{file}: {problem}")));
    }
    problems
}
