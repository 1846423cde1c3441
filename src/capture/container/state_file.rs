//! Files that container runtimes keep their state in.
//!
//! They are written for the runtime itself, and by it while they are read: they are taken whole or not at all.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// Why a file of a runtime's state was of no use.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// There is no such container here, or no longer.
    #[error("{}: not there", path.display())]
    NotThere {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is no file, or larger than such a file should be.
    #[error("{}: no file of at most {limit} bytes", path.display())]
    NoSmallFile {
        /// The file.
        path: PathBuf,
        /// How large it may be, in bytes.
        limit: u64,
    },
    /// It is not what the runtime writes.
    #[error("{}: {source}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        source: serde_json::Error,
    },
}

impl StateError {
    pub(super) fn at(path: &Path, source: io::Error) -> StateError {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => StateError::NotThere { path },
            _ => StateError::Unreadable { path, source },
        }
    }
}

/// Reads a JSON file of at most `limit` bytes.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path, limit: u64) -> Result<T, StateError> {
    let metadata = fs::metadata(path).map_err(|error| StateError::at(path, error))?;
    // Opening a pipe would wait for a writer.
    if !metadata.is_file() || metadata.len() > limit {
        return Err(StateError::NoSmallFile { path: path.to_owned(), limit });
    }
    let mut text = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut text))
        .map_err(|error| StateError::at(path, error))?;
    serde_json::from_slice(&text).map_err(|source| StateError::Malformed { path: path.to_owned(), source })
}
