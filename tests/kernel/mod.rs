//! Recordings of programs of our own on the running kernel. They need root and eBPF: with SYSREEL_KERNEL_TESTS=1 they
//! run and must pass, without it they say that they are skipped.

// the program makes every call of x86-64, those that arm64 does not have included
#[cfg(target_arch = "x86_64")]
mod calls;
mod commands;
mod killed;
mod known_calls;
mod limits;
mod losses;
mod scopes;
mod ten_kinds;

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::binary::{Run, command, run};

/// Whether kernel tests are to run. If not, says so where the test harness does not swallow it.
pub(crate) fn enabled(variable: &str, needs: &str) -> bool {
    let enabled = std::env::var(variable).is_ok_and(|value| value == "1");
    if !enabled {
        let name = std::thread::current().name().unwrap_or("a test").to_owned();
        let _ = writeln!(std::io::stderr(), "skipped: {name} needs {needs} ({variable}=1)");
    }
    enabled
}

/// Skips the test, visibly, unless kernel tests are to run.
macro_rules! kernel_test {
    () => {
        if !crate::kernel::enabled("SYSREEL_KERNEL_TESTS", "root and eBPF") {
            return;
        }
    };
}
use kernel_test;

/// A folder of a test's own, with the programs it needs.
pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        Bench { folder: TempDir::new().unwrap() }
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Compiles one of `tests/programs`: a file or a folder of files. Where SYSREEL_TEST_PROGRAMS names a folder, it is
    /// taken from there: machines that only run the tests need no compiler.
    pub(crate) fn program(&self, name: &str) -> String {
        if let Ok(folder) = std::env::var("SYSREEL_TEST_PROGRAMS") {
            let target = self.path(name);
            std::fs::copy(Path::new(&folder).join(name), &target).unwrap();
            return target;
        }
        let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs");
        let folder = programs.join(name);
        let sources: Vec<PathBuf> = match std::fs::read_dir(&folder) {
            Ok(entries) => entries
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
                .collect(),
            Err(_) => vec![folder.with_extension("c")],
        };
        let target = self.path(name);
        let compiled = Command::new("cc").args(["-O1", "-o", &target]).args(&sources).status().unwrap();
        assert!(compiled.success(), "{} does not compile", folder.display());
        target
    }

    /// Records a command into `a.reel`.
    pub(crate) fn record<S: AsRef<OsStr>>(&self, options: &[&str], argv: &[S]) -> Run {
        let output = command()
            .args(["record", "--force", "-o", &self.path("a.reel")])
            .args(options)
            .arg("--")
            .args(argv)
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        output.into()
    }

    /// The events of `a.reel` for which a condition holds: the values of some fields.
    pub(crate) fn events(&self, condition: &str, fields: &[&str]) -> Vec<Vec<Value>> {
        let run = run(&["events", &self.path("a.reel"), condition, "-o", "json", "--format", &fields.join(",")]);
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{condition}");
        run.stdout
            .lines()
            .map(|line| {
                let event: Value = serde_json::from_str(line).unwrap();
                fields.iter().map(|field| event[*field].clone()).collect()
            })
            .collect()
    }

    /// What `info` says of `a.reel`.
    pub(crate) fn info(&self) -> Value {
        info_of(&PathBuf::from(self.path("a.reel")))
    }
}

/// What `info --verify` says of a capture.
pub(crate) fn info_of(capture: &Path) -> Value {
    let run = run(&["info", capture.to_str().unwrap(), "-o", "json", "--verify"]);
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", run.stdout, run.stderr))
}

/// A field's value as text.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "<NA>".to_owned(),
        other => other.to_string(),
    }
}
