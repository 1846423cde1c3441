//! Which files are test files, and which are captures of a baseline.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use crate::ruleset::{describe_encoding, is_test_file};

/// A test file or golden file has at most so many bytes.
const TEXT_BYTES: u64 = 64 << 20;

/// Folders are looked through so deep.
const DEPTH_LIMIT: usize = 32;

/// Names of captures end so.
const CAPTURE_ENDINGS: &[&str] =
    &[".reel", ".scap", ".scap.gz", ".scap.zst", ".json", ".json.gz", ".json.zst", ".jsonl", ".log"];

/// The test files among what was typed, each once, in the order typed; those of a folder by name.
pub(super) fn find_test_files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        let metadata = fs::metadata(path).with_context(|| format!("{}: cannot be read", path.display()))?;
        let files = if metadata.is_dir() { test_files_in(path)? } else { vec![path.clone()] };
        for file in files {
            let identity = file.canonicalize().unwrap_or_else(|_| file.clone());
            if seen.insert(identity) {
                found.push(file);
            }
        }
    }
    Ok(found)
}

/// The test files of a folder and those below, by name.
pub(super) fn test_files_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let files = files_below(folder, &is_test_file)?;
    if files.is_empty() {
        let wanted = "named tests.yaml or *.test.yaml";
        return Err(anyhow!("{}: there is no test file in this folder: none is {wanted}", folder.display()));
    }
    Ok(files)
}

/// A capture, or all captures of a folder, by name.
pub(super) fn find_captures(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let metadata = fs::metadata(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    if !metadata.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let captures = files_below(path, &is_capture)?;
    if captures.is_empty() {
        return Err(anyhow!("{}: there is no capture in this folder", path.display()));
    }
    Ok(captures)
}

/// The text of a file of the user's.
pub(super) fn read_text(path: &Path, what: &str) -> anyhow::Result<String> {
    let shown = path.display();
    let cannot = || format!("{shown}: cannot read the {what}");
    let file = fs::File::open(path).with_context(cannot)?;
    if !file.metadata().with_context(cannot)?.is_file() {
        return Err(anyhow!("{shown}: not a {what}: it is no ordinary file"));
    }
    let mut bytes = Vec::new();
    file.take(TEXT_BYTES + 1).read_to_end(&mut bytes).with_context(cannot)?;
    if bytes.len() as u64 > TEXT_BYTES {
        return Err(anyhow!("{shown}: too large for a {what}: more than {} MiB", TEXT_BYTES >> 20));
    }
    String::from_utf8(bytes).map_err(|error| anyhow!("{shown}: not a {what}: {}", describe_encoding(&error)))
}

fn is_capture(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    CAPTURE_ENDINGS.iter().any(|ending| lower.ends_with(ending))
}

/// Files below a folder whose names are wanted, sorted by path. Links to folders are not followed: they may lead back.
fn files_below(folder: &Path, is_wanted: &dyn Fn(&str) -> bool) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let cannot = || format!("{}: cannot look into the folder", folder.display());
        for entry in fs::read_dir(&folder).with_context(cannot)? {
            let entry = entry.with_context(cannot)?;
            let name = entry.file_name();
            let sort = entry.file_type().with_context(cannot)?;
            if sort.is_dir() {
                let is_hidden = name.as_encoded_bytes().starts_with(b".");
                if depth < DEPTH_LIMIT && !is_hidden {
                    folders.push((entry.path(), depth + 1));
                }
            } else if name.to_str().is_some_and(is_wanted)
                && fs::metadata(entry.path()).is_ok_and(|file| file.is_file())
            {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}
