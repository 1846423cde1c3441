//! Where a `.scap` file goes: as it is, or compressed on the way.

use std::io::{self, BufWriter, Write};

use crate::format::envelope::GzipWriter;

/// Bytes collected before they are written or compressed.
const BUFFER: usize = 256 << 10;

/// The compression around a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScapWrapping {
    /// None.
    Plain,
    /// gzip, as Falco writes it.
    Gzip,
}

/// Takes a file's bytes, and compresses them where that is wanted.
pub struct ScapOutput<W: Write> {
    form: Form<W>,
}

enum Form<W: Write> {
    Plain(BufWriter<W>),
    Gzip(Box<BufWriter<GzipWriter<W>>>),
}

impl<W: Write> ScapOutput<W> {
    /// Bytes on their way to `out`.
    pub fn new(out: W, wrapping: ScapWrapping) -> ScapOutput<W> {
        let form = match wrapping {
            ScapWrapping::Plain => Form::Plain(BufWriter::with_capacity(BUFFER, out)),
            ScapWrapping::Gzip => Form::Gzip(Box::new(BufWriter::with_capacity(BUFFER, GzipWriter::new(out)))),
        };
        ScapOutput { form }
    }

    /// Writes what is left, and the end of the compression.
    pub fn finish(self) -> io::Result<W> {
        match self.form {
            Form::Plain(out) => out.into_inner().map_err(io::IntoInnerError::into_error),
            Form::Gzip(out) => out.into_inner().map_err(io::IntoInnerError::into_error)?.finish(),
        }
    }
}

impl<W: Write> Write for ScapOutput<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.form {
            Form::Plain(out) => out.write(bytes),
            Form::Gzip(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.form {
            Form::Plain(out) => out.flush(),
            // flushing in the middle of a compressed file costs compression; its end does it
            Form::Gzip(_) => Ok(()),
        }
    }
}
