#![allow(clippy::unwrap_used)]

use super::*;

/// Files as Podman leaves them while it runs, made by scripts/podman-database.py: what was copied into the first file, and
/// a log with what came after.
const FILE: &[u8] = include_bytes!("../../../../tests/data/podman.sql");
const LOG: &[u8] = include_bytes!("../../../../tests/data/podman.sql-wal");

/// Writes them into a folder.
pub(in super::super) fn write_files(folder: &Path) {
    fs::write(folder.join("db.sql"), FILE).unwrap();
    fs::write(folder.join("db.sql-wal"), LOG).unwrap();
}

/// Ids in them: of the containers with these numbers, of a pod.
pub(in super::super) fn container_id(number: usize) -> String {
    format!("{number:064x}")
}

pub(in super::super) const POD: &str = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd";

fn file(log: &[u8]) -> SqliteFile {
    SqliteFile::parse(FILE.to_vec(), log.to_vec()).unwrap()
}

fn json(file: &SqliteFile, table: &str, id: &str) -> Option<serde_json::Value> {
    file.last_text_of(table, id).map(|text| serde_json::from_str(&text).unwrap())
}

#[test]
fn every_row_of_a_table_is_found() {
    let file = file(&[]);
    for number in 0..40 {
        let told = json(&file, "ContainerConfig", &container_id(number)).unwrap();
        assert_eq!(told["name"], format!("job-{number}"));
        // the longest lie on pages of their own
        assert_eq!(told["labels"]["filler"].as_str().map(str::len), Some(number * 50), "{number}");
    }
    assert_eq!(json(&file, "ContainerConfig", &container_id(40)), None);
    assert_eq!(json(&file, "NoSuchTable", &container_id(0)), None);
    assert_eq!(json(&file, "PodConfig", POD).unwrap()["name"], "shop");
}

#[test]
fn what_was_committed_last_is_in_the_log() {
    let file = file(LOG);
    assert_eq!(json(&file, "ContainerConfig", &container_id(3)).unwrap()["name"], "renamed");
    assert_eq!(json(&file, "ContainerConfig", &container_id(40)).unwrap()["name"], "new");
    assert_eq!(json(&file, "ContainerConfig", &container_id(5)), None, "it was removed");
    assert_eq!(json(&file, "ContainerConfig", &container_id(7)).unwrap()["name"], "job-7");
}

#[test]
fn a_log_counts_as_far_as_it_is_whole() {
    let frame = FRAME_HEAD_BYTES + file(&[]).page_bytes;
    let whole = (LOG.len() - LOG_HEAD_BYTES) / frame;
    assert!(whole > 1);
    let name = |log: &[u8]| json(&file(log), "ContainerConfig", &container_id(3)).unwrap()["name"].clone();
    let mut changes = 0;
    let mut before = name(&[]);
    assert_eq!(before, "job-3");
    for end in (0..=LOG.len()).step_by(64).chain([LOG.len()]) {
        let now = name(&LOG[..end]);
        changes += usize::from(now != before);
        before = now;
    }
    assert_eq!((before, changes), ("renamed".into(), 1), "with the last page of the transaction, and at no other time");
    let mut damaged = LOG.to_vec();
    damaged[LOG_HEAD_BYTES + FRAME_HEAD_BYTES + 9] ^= 1;
    assert_eq!(name(&damaged), "job-3");
}

#[test]
fn files_are_read_with_their_logs() {
    let folder = tempfile::tempdir().unwrap();
    assert!(SqliteFile::read(&folder.path().join("db.sql")).is_none());
    write_files(folder.path());
    let file = SqliteFile::read(&folder.path().join("db.sql")).unwrap();
    assert_eq!(json(&file, "ContainerConfig", &container_id(3)).unwrap()["name"], "renamed");
}

#[test]
fn damaged_files_are_read_or_refused() {
    for at in (0..FILE.len()).step_by(31) {
        for value in [0, 0xff, 5, 13] {
            let mut damaged = FILE.to_vec();
            damaged[at] = value;
            if let Some(file) = SqliteFile::parse(damaged, Vec::new()) {
                for (table, id) in [("ContainerConfig", container_id(39)), ("PodConfig", POD.to_owned())] {
                    file.last_text_of(table, &id);
                }
            }
        }
    }
    for end in (0..FILE.len()).step_by(97) {
        if let Some(file) = SqliteFile::parse(FILE[..end].to_vec(), LOG.to_vec()) {
            file.last_text_of("ContainerConfig", &container_id(39));
        }
    }
}
