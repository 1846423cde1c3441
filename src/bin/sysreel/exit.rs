//! How sysreel ends.

use std::io;
use std::process::ExitCode;

/// The exit status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Done, and what `--fail-on` asked for was met.
    FailOn,
    /// Could not do all of it.
    Incomplete,
    /// The status of the recorded command.
    #[cfg(feature = "record")]
    Command(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::FailOn => 1,
            Exit::Incomplete => 2,
            #[cfg(feature = "record")]
            Exit::Command(status) => status,
        })
    }
}

/// Whether an error comes from a reader of our output that went away, which is no failure of ours.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe))
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_broken_pipe_is_found_below_its_context() {
        let broken: anyhow::Result<()> = Err(io::Error::from(io::ErrorKind::BrokenPipe)).context("writing alerts");
        assert!(broken.is_err_and(|error| is_broken_pipe(&error)));
        let full: anyhow::Result<()> = Err(io::Error::from(io::ErrorKind::StorageFull)).context("writing alerts");
        assert!(full.is_err_and(|error| !is_broken_pipe(&error)));
    }
}
