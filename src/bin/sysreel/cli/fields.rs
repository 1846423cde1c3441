//! What may be typed after `sysreel fields`, and the forms of lists of what the schema has.

use clap::{Args, ValueEnum};

/// List the fields that conditions and outputs may use
///
/// Each with its type, whether it takes an argument (proc.aname[2], evt.arg.flags), whether it is a list, what it is,
/// and why it has no value where it never has one.
#[derive(Debug, Args)]
#[command(after_help = FIELDS_EXAMPLES)]
pub(crate) struct FieldsArgs {
    /// Only fields whose name has this in it, or which fit it from end to end if it has `*` or `?` in it
    #[arg(value_name = "PATTERN")]
    pub(crate) patterns: Vec<String>,
    /// Form of the list
    #[arg(short, long, value_enum, default_value_t = ListForm::Table, value_name = "FORM")]
    pub(crate) output: ListForm,
}

const FIELDS_EXAMPLES: &str = "\
Examples:
  sysreel fields
  sysreel fields fd. container.        fields with either in their name
  sysreel fields 'proc.a*'             fields that begin so
  sysreel fields -o markdown > fields.md";

/// The form of a list of fields or events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListForm {
    /// For people
    Table,
    /// One JSON array
    Json,
    /// A table for documents
    Markdown,
}
