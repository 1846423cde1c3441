//! The rules that are used when the user gives none.

use super::file::RuleFile;

/// The built-in rules.
pub fn builtin_rules() -> RuleFile {
    RuleFile::new("builtin.yaml", include_str!("builtin.yaml"))
}
