//! Wrong files and what is said of them, side by side in a folder: `NAME.yaml` and `NAME.txt`.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

/// Compares what `explain` says of each file of a folder below the project's with the text beside it.
/// `SYSREEL_BLESS=1` writes the texts anew.
pub(in crate::replay) fn check_explanations(folder: &str, at_least: usize, mut explain: impl FnMut(&Path) -> String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    assert!(paths.len() >= at_least, "{} files", paths.len());
    let mut wrong = Vec::new();
    for path in &paths {
        let text = explain(path);
        let golden = path.with_extension("txt");
        if std::env::var_os("SYSREEL_BLESS").is_some() {
            std::fs::write(&golden, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        if text != expected {
            wrong.push(format!("{}\n--- expected\n{expected}--- found\n{text}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
