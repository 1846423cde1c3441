//! Reference data of Falco's, which does not belong to this repository.

use std::path::PathBuf;

/// A file or folder of the reference data. Where it is absent tests say so and end, but in CI they fail.
#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) fn falco_data(part: &str) -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/falco");
    let path = std::env::var_os("SYSREEL_FALCO_DATA").map_or(beside, PathBuf::from).join(part);
    if path.exists() {
        return Some(path);
    }
    let is_needed =
        std::env::var("CI").as_deref() == Ok("true") && std::env::var_os("SYSREEL_FALCO_DATA_ABSENT").is_none();
    assert!(!is_needed, "no {} (set SYSREEL_FALCO_DATA, or SYSREEL_FALCO_DATA_ABSENT=1 to do without)", path.display());
    eprintln!("skipped: no {} (set SYSREEL_FALCO_DATA)", path.display());
    None
}

/// Every capture of the reference data: its name and its file, in the order of their names.
pub(crate) fn captures() -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for folder in ["golden/captures", "suite/captures"] {
        let Some(folder) = falco_data(folder) else { continue };
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.ends_with(".scap") || name.ends_with(".scap.gz") {
                found.push((name, path));
            }
        }
    }
    found.sort();
    found
}
