//! Damage: what is wrong with a capture, and where. Counted and shown, never fatal to the rest of the file.

use std::fmt;

/// A part of a capture that cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Damage {
    /// The file's name as it was given.
    pub file: String,
    /// Where in the file, in bytes from its start.
    pub offset: u64,
    /// The number of the block, counted from 0, where one is known.
    pub block: Option<u64>,
    /// What is wrong there.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: at byte {}", self.file, self.offset)?;
        if let Some(block) = self.block {
            write!(f, ", block {block}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for Damage {}
