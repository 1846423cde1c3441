//! The text of a rule file.

/// A rule file: its text and the name that diagnostics call it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFile {
    /// Usually the path as the user gave it.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl RuleFile {
    /// The name that diagnostics of [`parse_condition`](super::parse_condition) carry.
    pub const CONDITION: &'static str = "<condition>";
    /// The name that diagnostics of [`parse_template`](super::parse_template) carry.
    pub const TEMPLATE: &'static str = "<format>";

    /// A file of this name and text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> RuleFile {
        RuleFile { name: name.into(), text: text.into() }
    }
}
