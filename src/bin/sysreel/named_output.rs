//! Outputs whose errors say which output it was.

use std::io::{self, StdoutLock, Write};

/// Something to write to, and what messages call it.
pub(crate) struct NamedOutput<W> {
    name: String,
    out: W,
}

impl<W: Write> NamedOutput<W> {
    pub(crate) fn new(name: impl Into<String>, out: W) -> NamedOutput<W> {
        NamedOutput { name: name.into(), out }
    }
}

/// Standard output.
pub(crate) fn standard_output() -> NamedOutput<StdoutLock<'static>> {
    NamedOutput::new("standard output", io::stdout().lock())
}

/// The error with the output's name, of the same kind.
fn name_output(name: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{name}: {error}"))
}

impl<W: Write> Write for NamedOutput<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes).map_err(|error| name_output(&self.name, &error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush().map_err(|error| name_output(&self.name, &error))
    }
}
