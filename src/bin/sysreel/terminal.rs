//! Where output goes and how it may look there.

use std::io::{IsTerminal, Write};

use crate::cli::{ColorChoice, SummaryArgs};

/// What is known of standard output and standard error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    /// Whether standard output may be coloured.
    pub(crate) color_stdout: bool,
    /// Whether standard error may be coloured.
    pub(crate) color_stderr: bool,
    /// Whether a person reads standard output.
    pub(crate) stdout_is_terminal: bool,
    /// Whether a person reads standard error.
    pub(crate) stderr_is_terminal: bool,
}

impl Terminal {
    /// Looks at the streams and at NO_COLOR.
    pub(crate) fn probe(choice: ColorChoice) -> Terminal {
        let stdout_is_terminal = std::io::stdout().is_terminal();
        let stderr_is_terminal = std::io::stderr().is_terminal();
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let may_color = |is_terminal: bool| match choice {
            ColorChoice::Auto => is_terminal && !no_color,
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        };
        Terminal {
            color_stdout: may_color(stdout_is_terminal),
            color_stderr: may_color(stderr_is_terminal),
            stdout_is_terminal,
            stderr_is_terminal,
        }
    }

    /// Whether a summary is printed: if it is asked for, or if a person reads along and has not said no.
    pub(crate) fn wants_summary(&self, args: &SummaryArgs) -> bool {
        args.summary || (self.stderr_is_terminal && !args.no_summary)
    }

    /// Empties the terminal of standard output, what was scrolled away included.
    pub(crate) fn clear_screen(&self) -> std::io::Result<()> {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(b"\x1b[H\x1b[2J\x1b[3J")?;
        stdout.flush()
    }

    /// Prints on standard error, with a line break at the end. Nothing can be done if that fails.
    pub(crate) fn note(&self, text: &str) {
        let mut stderr = std::io::stderr().lock();
        let _ = stderr.write_all(text.as_bytes());
        if !text.ends_with('\n') {
            let _ = stderr.write_all(b"\n");
        }
    }
}
