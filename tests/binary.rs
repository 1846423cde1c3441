//! The built binary, run as people run it: in UTC, without colours, no terminal.

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Run {
    /// Exit status; `None` if a signal ended it.
    pub(crate) status: Option<i32>,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

/// A command that runs the binary: the one of this build, or that which SYSREEL_TEST_BINARY names, on machines that
/// only run the tests.
pub(crate) fn command() -> Command {
    let binary = std::env::var_os("SYSREEL_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_sysreel").into());
    let mut command = Command::new(binary);
    command.env("TZ", "UTC").env_remove("COLUMNS").env_remove("NO_COLOR").env_remove("RUST_BACKTRACE");
    command
}

/// Runs the binary with these arguments.
pub(crate) fn run<S: AsRef<OsStr>>(arguments: &[S]) -> Run {
    command().args(arguments).stdin(Stdio::null()).output().unwrap().into()
}

/// Runs the binary with these arguments and this standard input.
pub(crate) fn run_with_input<S: AsRef<OsStr>>(arguments: &[S], input: &[u8]) -> Run {
    let mut child =
        command().args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // a child that ends early closes the pipe; what it says is what counts
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap().into()
}

impl From<Output> for Run {
    fn from(output: Output) -> Run {
        let run = Run {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
        run
    }
}
