//! Why a capture cannot be opened or written at all.

use std::io;

use super::Damage;

/// Why a capture cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// Opening or reading failed.
    #[error("{file}: cannot read: {source}")]
    Read {
        /// The file's name.
        file: String,
        /// The system's reason.
        source: io::Error,
    },
    /// Writing failed (full disk, closed pipe, ...). The file holds every block written before.
    #[error("cannot write the capture: {0}")]
    Write(#[source] io::Error),
    /// There is nothing in the file.
    #[error("{file}: the file is empty; a capture has at least a header")]
    Empty {
        /// The file's name.
        file: String,
    },
    /// The file is something else.
    #[error("{file}: not a sysreel capture: it {looks_like}")]
    NotACapture {
        /// The file's name.
        file: String,
        /// Completes "it ...": what the first bytes look like.
        looks_like: &'static str,
    },
    /// The file was written by a newer program.
    #[error(
        "{file}: the capture has format version {found}, and this program reads versions up to {supported}; \
         read it with a newer sysreel"
    )]
    NewerVersion {
        /// The file's name.
        file: String,
        /// The file's version.
        found: u32,
        /// The newest version this program reads.
        supported: u32,
    },
    /// The header is cut off or damaged beyond use.
    #[error("{0}")]
    Damaged(#[from] Damage),
    /// A block is larger than the format allows.
    #[error("a block of {what} is larger than the format allows ({size} bytes, at most {limit})")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Compression failed.
    #[error("cannot compress a block: {0}")]
    Compress(#[source] io::Error),
    /// A header or index cannot be encoded.
    #[error("cannot encode the {what}: {reason}")]
    Encode {
        /// What.
        what: &'static str,
        /// The encoder's reason.
        reason: String,
    },
    /// An earlier write failed, so the file's end is not known.
    #[error("the capture was given up after an earlier failed write")]
    GivenUp,
}
