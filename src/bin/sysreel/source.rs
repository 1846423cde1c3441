//! Captures of any sort, told apart by how they begin and not by their names.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::path::Path;

use sysreel::capture::{audit, import};
use sysreel::format::scap::ScapReader;
use sysreel::format::{FormatError, Reader};

/// As many bytes tell a compressed .scap file from something else that is compressed.
const START_BYTES: u64 = 16 << 10;

/// As many bytes tell a .reel file: nobody waits for more of one that is still being written.
const REEL_START: &[u8] = b"\x89REEL";

/// What a file that is not a .reel file is.
#[derive(Clone, Copy)]
enum Foreign {
    Scap,
    AuditLog,
}

impl Foreign {
    fn of(start: &[u8]) -> Option<Foreign> {
        if ScapReader::looks_like_scap(start) {
            Some(Foreign::Scap)
        } else if audit::looks_like_audit_log(start) {
            Some(Foreign::AuditLog)
        } else {
            None
        }
    }

    fn open(self, name: &str, stream: Box<dyn Read + Send>) -> Result<Reader, FormatError> {
        match self {
            Foreign::Scap => import::open(name, stream),
            Foreign::AuditLog => audit::open(name, stream),
        }
    }
}

/// Opens a capture, `-` for standard input.
pub(crate) fn open_capture(path: &Path) -> Result<Reader, FormatError> {
    if is_standard(path) {
        return open_stream(io::stdin());
    }
    let name = path.display().to_string();
    let unreadable = |source| FormatError::Read { file: name.clone(), source };
    let file = File::open(path).map_err(unreadable)?;
    match file.metadata() {
        Ok(metadata) if metadata.is_file() => {}
        // Folders and what cannot be read have their messages there; a pipe is read once, from its start.
        Ok(metadata) if metadata.is_dir() => return Reader::open(path),
        Ok(_) => return open_named_stream(&name, file),
        Err(source) => return Err(unreadable(source)),
    }
    let mut file = file;
    let start = read_start(&mut file).map_err(unreadable)?;
    let Some(foreign) = Foreign::of(&start) else { return Reader::open(path) };
    file.rewind().map_err(unreadable)?;
    foreign.open(&name, Box::new(file))
}

fn open_stream(stream: impl Read + Send + 'static) -> Result<Reader, FormatError> {
    open_named_stream("standard input", stream)
}

fn open_named_stream(name: &str, mut stream: impl Read + Send + 'static) -> Result<Reader, FormatError> {
    let unreadable = |source| FormatError::Read { file: name.to_owned(), source };
    let start = read_start(&mut stream).map_err(unreadable)?;
    let foreign = Foreign::of(&start);
    let whole = Box::new(Cursor::new(start).chain(stream));
    match foreign {
        Some(foreign) => foreign.open(name, whole),
        None => Reader::from_named_stream(name, whole),
    }
}

/// The first bytes of a stream: those of a .reel file's mark, or enough to know a .scap file.
fn read_start(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    stream.by_ref().take(REEL_START.len() as u64).read_to_end(&mut start)?;
    if start != REEL_START {
        stream.take(START_BYTES).read_to_end(&mut start)?;
    }
    Ok(start)
}

/// Whether a path means a standard stream.
pub(crate) fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}
