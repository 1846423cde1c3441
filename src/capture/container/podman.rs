//! Podman's own notes of containers and pods: in a bbolt file, or in an SQLite file since version 4.8 unless the machine
//! had the other already.

use std::path::Path;

use super::bolt::BoltFile;
use super::sqlite::SqliteFile;

/// The files, below a storage folder.
pub(super) const BOLT_FILE: &str = "libpod/bolt_state.db";
const SQLITE_FILE: &str = "db.sql";

/// What is noted, as JSON that is the same in both files.
#[derive(Clone, Copy, Debug)]
pub(super) enum Note {
    /// How a container was configured.
    Container,
    /// How a pod was configured.
    Pod,
    /// What a pod is made of now.
    PodState,
}

/// Reads a note of this sort of the container or pod with this id.
pub(super) fn read_note(root: &Path, note: Note, id: &str) -> Option<String> {
    let (bucket, key, table) = match note {
        Note::Container => ("ctr", "config", "ContainerConfig"),
        Note::Pod => ("pod", "config", "PodConfig"),
        Note::PodState => ("pod", "state", "PodState"),
    };
    let in_bolt = || {
        let file = BoltFile::open(&root.join(BOLT_FILE)).ok()?;
        let value = file.read(|now| match now.bucket(&[bucket, id])? {
            Some(found) => now.value(&found, key),
            None => Ok(None),
        });
        String::from_utf8(value.ok()??).ok()
    };
    in_bolt().or_else(|| SqliteFile::read(&root.join(SQLITE_FILE))?.last_text_of(table, id))
}
