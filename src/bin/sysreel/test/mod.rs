//! `sysreel test`: rule tests.
//!
//! Test files are found and read, rules are loaded once for all tests that share them, tests run side by side, and what
//! came of them is told in the order of the files.

mod annotations;
mod coverage;
mod discovery;
mod junit;
mod outcome;
mod report;
mod rule_sets;
mod runner;
mod watched;

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::anyhow;
use sysreel::replay::fields::clock;
use sysreel::replay::rules::{RuleFile, diagnostic};
use sysreel::replay::suite::{TestFile, read_test_file};

use self::coverage::Coverage;
use self::outcome::{Outcome, Status};
use self::report::Report;
use self::rule_sets::RuleSets;
use crate::cli::{Annotations, TestArgs};
use crate::exit::{Exit, is_broken_pipe};
use crate::named_output::standard_output;
use crate::note_error;
use crate::profile::{Costs, profile_table};
use crate::table::Target;
use crate::terminal::Terminal;
use crate::watch::run_again_and_again;

/// A test file that could be read.
#[derive(Debug)]
struct LoadedFile {
    source: RuleFile,
    tests: TestFile,
}

/// Runs the command.
pub(crate) fn run(args: &TestArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    // golden files and messages are the same wherever a test runs
    clock::print_in_utc();
    if !args.watch {
        return run_tests(args, terminal);
    }
    watched::check_can_watch(&args.paths)?;
    let mut run_once = || match run_tests(args, terminal) {
        // what failed was told
        Ok(_) => Ok(()),
        Err(error) if is_broken_pipe(&error) => Err(error),
        Err(error) => {
            note_error(&error, terminal);
            Ok(())
        }
    };
    let thing = "the tests, their rules or captures";
    run_again_and_again(thing, &mut || watched::watch_tests(&args.paths), &mut run_once, terminal)
}

/// Runs the tests as they are now.
fn run_tests(args: &TestArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    let started = Instant::now();
    let paths = discovery::find_test_files(&args.paths)?;
    let mut report = Report::new(standard_output(), *terminal);
    let mut outcomes = Vec::new();
    let mut files = Vec::new();
    for path in &paths {
        match load_file(path, terminal) {
            Ok(file) => files.push(file),
            Err(unusable) => outcomes.push(*unusable),
        }
    }
    for outcome in &outcomes {
        report.tell(outcome)?;
    }
    let wanted = args.filter.as_deref().map(Filter::new);
    let jobs = runner::plan(&files, |name| wanted.as_ref().is_none_or(|filter| filter.takes(name)));
    if jobs.is_empty() && outcomes.is_empty() {
        return Err(no_test(args, &files));
    }
    let junit = args.junit.as_deref().map(junit::ReportFile::open).transpose()?;
    let mut costs = Costs::default();
    let mut coverage = Coverage::default();
    let options = runner::Options {
        selection: &args.selection.selection,
        bless: args.bless,
        measures: args.profile,
        threads: args.threads.threads.unwrap_or(0),
    };
    let silenced = args.silence.codes();
    let sets = RuleSets::new(&silenced, *terminal);
    runner::run_all(&files, &jobs, &options, sets, &mut |outcome: Outcome| {
        report.tell(&outcome)?;
        costs.add(&outcome.by_rule);
        coverage.note(&outcome);
        outcomes.push(outcome);
        Ok(())
    })?;

    if args.filter.is_none() {
        let untested = coverage.untested();
        report.tell_untested(&untested, coverage.rules(), args.require_coverage)?;
        if args.require_coverage && !untested.is_empty() {
            outcomes.push(coverage.outcome(&untested));
        }
    }
    report.finish(&outcomes, started.elapsed())?;
    if args.profile {
        report.print(&profile_table(&costs, Target::Stdout, terminal))?;
    }
    let on_github = || std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    let annotated = args.annotations.unwrap_or(if on_github() { Annotations::Github } else { Annotations::None });
    if annotated == Annotations::Github {
        report.print(&annotations::github(&outcomes))?;
    }
    if let Some(file) = junit {
        file.replace(&junit::document(&outcomes, started.elapsed()))?;
    }
    let any = |status: Status| outcomes.iter().any(|outcome| outcome.status == status);
    Ok(match (any(Status::NotRun), any(Status::Failed)) {
        (true, _) => Exit::Incomplete,
        (false, true) => Exit::FailOn,
        (false, false) => Exit::Done,
    })
}

/// Which tests are wanted, by name.
struct Filter(String);

impl Filter {
    fn new(text: &str) -> Filter {
        Filter(text.to_owned())
    }

    /// Whether all parts of the filter are in the name, one after the other.
    fn takes(&self, name: &str) -> bool {
        let mut rest = name;
        self.0.split('*').all(|part| match rest.find(part) {
            Some(at) => {
                rest = rest.get(at + part.len()..).unwrap_or_default();
                true
            }
            None => false,
        })
    }
}

fn no_test(args: &TestArgs, files: &[LoadedFile]) -> anyhow::Error {
    let Some(filter) = &args.filter else { return anyhow!("there is no test to run") };
    let names: BTreeSet<&str> =
        files.iter().flat_map(|file| &file.tests.tests).map(|test| test.name.value.as_str()).collect();
    let lower = filter.to_lowercase();
    let near = names.into_iter().find(|name| name.to_lowercase().contains(lower.trim_matches('*')));
    let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    anyhow!("--filter `{filter}`: no test has this in its name{hint}")
}

/// Reads a test file. What is wrong with it is printed, and told as an outcome.
fn load_file(path: &std::path::Path, terminal: &Terminal) -> Result<LoadedFile, Box<Outcome>> {
    let shown = path.display().to_string();
    let source = discovery::read_text(path, "test file")
        .map_err(|error| Box::new(Outcome::of_file(&shown, vec![outcome::Problem::plain(format!("{error:#}"))])))?;
    let source = RuleFile::new(shown, source);
    let (tests, diagnostics) = read_test_file(&source);
    if diagnostics.is_empty() {
        return Ok(LoadedFile { source, tests });
    }
    terminal.note(&diagnostic::render(&diagnostics, std::slice::from_ref(&source), terminal.color_stderr));
    let problems = diagnostics.iter().map(|problem| outcome::Problem::of_diagnostic(problem, &source)).collect();
    Err(Box::new(Outcome::of_file(&source.name, problems)))
}

#[cfg(test)]
mod tests {
    use super::Filter;

    #[test]
    fn a_filter_is_a_part_of_the_name_with_stars_for_any_letters() {
        assert!(Filter::new("nginx").takes("A shell in nginx is seen"));
        assert!(Filter::new("shell*seen").takes("A shell in nginx is seen"));
        assert!(Filter::new("*").takes(""));
        assert!(!Filter::new("Nginx").takes("A shell in nginx is seen"));
        assert!(!Filter::new("seen*shell").takes("A shell in nginx is seen"));
    }
}
