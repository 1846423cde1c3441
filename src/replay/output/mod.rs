//! Alerts as people and programs read them: text, JSON, CSV, rows of a table.
//!
//! A printer is used by all threads of a replay; what it makes for a block takes the block's alerts one at a time. Not here: drawing tables and anything
//! about terminals (`src/bin`).

mod columns;
mod csv;
mod json;
mod message;
mod sheet;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod text;

pub use self::csv::CsvPrinter;
pub use columns::Columns;
pub use json::JsonPrinter;
pub(in crate::replay) use message::message_of;
pub use text::{EventLinePrinter, TextPrinter};

use crate::replay::rules::{Diagnostic, Template, parse_template};

/// The name that diagnostics of formats have for a file: [`crate::replay::rules::RuleFile`]s to render them with need
/// the same name.
pub const FORMAT_FILE: &str = "--format";

/// What `--format` says.
#[derive(Clone, Debug, PartialEq)]
pub enum OutputFormat {
    /// A text with fields in it: `%evt.time %container.name`.
    Template(Template),
    /// A list of columns: `time,container-id,USER:user.name`.
    Columns(Columns),
}

impl OutputFormat {
    /// Reads a format: a Falco format if there is a percent sign in it, else a list of columns.
    ///
    /// # Errors
    /// All unknown names and other mistakes. Their file is [`FORMAT_FILE`].
    pub fn parse(text: &str) -> Result<OutputFormat, Vec<Diagnostic>> {
        if !text.contains('%') {
            return Columns::parse(text).map(OutputFormat::Columns);
        }
        parse_template(text).map(OutputFormat::Template).map_err(|mut diagnostics| {
            for diagnostic in &mut diagnostics {
                FORMAT_FILE.clone_into(&mut diagnostic.file);
            }
            diagnostics
        })
    }
}
