//! Columns: which values a line, a table row or a JSON object of an alert has.

use crate::format::{Damage, nearest};
use crate::replay::compile::value_of;
use crate::replay::eval::Alert;
use crate::replay::fields::{FIELDS, FieldValue, Purpose, write_json_text};
use crate::replay::rules::{Code, Diagnostic, FieldExpr, TemplatePart, parse_template};

use super::message::message_of;
use super::sheet::{FieldSheet, quote_cell, write_value};

/// A list of columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Columns {
    columns: Vec<Column>,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
struct Column {
    /// The heading, and the key in JSON.
    heading: String,
    source: Source,
}

/// Where a column's values come from.
#[derive(Clone, Debug, PartialEq)]
enum Source {
    Field(FieldExpr),
    /// A field as text also where JSON would have a number: the time of day.
    Text(FieldExpr),
    /// The first of these that has a value.
    First(Vec<FieldExpr>),
    Rule,
    Priority,
    Message,
}

/// What a column name that is not a field's stands for.
enum Alias {
    Fields(&'static [&'static str]),
    TimeOfDay,
    Rule,
    Priority,
    Message,
}

/// The short names, and what each means.
const ALIASES: &[(&str, Alias)] = &[
    ("time", Alias::TimeOfDay),
    ("container-id", Alias::Fields(&["container.id"])),
    ("container-name", Alias::Fields(&["container.name"])),
    ("image", Alias::Fields(&["container.image", "ka.req.container.image"])),
    ("user", Alias::Fields(&["user.name", "ka.user.name"])),
    ("rule", Alias::Rule),
    ("priority", Alias::Priority),
    ("process", Alias::Fields(&["proc.name"])),
    ("pid", Alias::Fields(&["proc.pid"])),
    ("command", Alias::Fields(&["proc.cmdline"])),
    ("file", Alias::Fields(&["fd.name", "fs.path.name", "fs.path.target"])),
    ("pod", Alias::Fields(&["k8s.pod.name"])),
    ("namespace", Alias::Fields(&["k8s.ns.name", "ka.target.namespace"])),
    ("host", Alias::Fields(&["evt.hostname"])),
    ("message", Alias::Message),
];

impl Columns {
    /// The columns of tables of alerts, when none are asked for.
    pub const ALERT_TABLE: &str = "TIME:time,PRIORITY:priority,RULE:rule,CONTAINER:container-name,IMAGE:image,\
        USER:user,COMMAND:command,FILE:file";
    /// The columns of CSV lines of alerts, when none are asked for.
    pub const ALERT_CSV: &str = "evt.time.iso8601,priority,rule,container-id,container-name,user,process,pid,message";
    /// The columns of tables, CSV lines and JSON objects of events, when none are asked for.
    pub const EVENTS: &str = "evt.num,time,evt.cpu,proc.name,thread.tid,evt.type,evt.info";

    /// Reads a list: names, fields, or `HEADING:name`, with commas between.
    ///
    /// # Errors
    /// All names that are neither; spans are positions in `text`.
    pub fn parse(text: &str) -> Result<Columns, Vec<Diagnostic>> {
        let mut columns = Vec::new();
        let mut diagnostics = Vec::new();
        let mut start = 0;
        for part in split_outside_brackets(text) {
            let trimmed = part.trim();
            let at = start + (part.len() - part.trim_start().len());
            start += part.len() + 1;
            let (heading, name, name_at) = match split_heading(trimmed) {
                Some((heading, name)) => (heading, name.trim(), at + heading.len() + 1),
                None => (trimmed, trimmed, at),
            };
            match source_of(name) {
                Ok(source) => columns.push(Column { heading: heading.to_owned(), source }),
                Err(help) => {
                    let span = name_at..name_at + name.len();
                    let message = match name {
                        "" => "a name of a column or field is missing here".to_owned(),
                        name => format!("`{name}` is neither a column nor a field"),
                    };
                    diagnostics.push(Diagnostic::new(Code::UnknownField, super::FORMAT_FILE, span, message, help));
                }
            }
        }
        if diagnostics.is_empty() { Ok(Columns { columns }) } else { Err(diagnostics) }
    }

    /// The headings.
    pub fn headings(&self) -> Vec<&str> {
        self.columns.iter().map(|column| column.heading.as_str()).collect()
    }

    /// The values of an alert, as text, `<NA>` where missing.
    ///
    /// # Errors
    /// A column of the block cannot be read.
    pub fn row(&self, alert: &Alert<'_, '_>) -> Result<Vec<String>, Damage> {
        self.columns.iter().map(|column| Ok(value(column, alert)?.to_text())).collect()
    }

    /// Appends the headings as a line.
    pub(super) fn write_headings(&self, out: &mut Vec<u8>) {
        for (at, column) in self.columns.iter().enumerate() {
            out.extend_from_slice(if at > 0 { b"," } else { b"" });
            let start = out.len();
            out.extend_from_slice(column.heading.as_bytes());
            quote_cell(out, start);
        }
        self.end_line(out);
    }

    /// What writes the values of one block's alerts.
    pub(super) fn sheet(&self, style: CellStyle) -> ColumnsSheet<'_> {
        let cells = self.columns.iter().map(|column| match &column.source {
            Source::Field(field) => Cell::Field(FieldSheet::new(field, style)),
            Source::Text(_) | Source::First(_) | Source::Rule | Source::Priority | Source::Message => {
                Cell::Asked(column)
            }
        });
        let keys = self.columns.iter().map(|column| {
            let mut key = Vec::new();
            write_json_text(column.heading.as_bytes(), &mut key);
            key.push(b':');
            key
        });
        ColumnsSheet { columns: self, style, cells: cells.collect(), keys: keys.collect() }
    }

    /// Ends a line; a lone empty value is quoted, since an empty line is no record.
    fn end_line(&self, out: &mut Vec<u8>) {
        if self.columns.len() == 1 && out.last().is_none_or(|byte| *byte == b'\n') {
            out.extend_from_slice(b"\"\"");
        }
        out.push(b'\n');
    }
}

/// What the values of a column are written for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CellStyle {
    /// To be read in a text.
    Text,
    /// Between commas.
    Csv,
    /// As JSON.
    Json,
}

/// Columns at work on the alerts of one block.
#[derive(Debug)]
pub(super) struct ColumnsSheet<'c> {
    columns: &'c Columns,
    style: CellStyle,
    cells: Vec<Cell<'c>>,
    /// The headings as keys of a JSON object.
    keys: Vec<Vec<u8>>,
}

#[derive(Debug)]
enum Cell<'c> {
    Field(FieldSheet<'c>),
    /// Made anew for each alert.
    Asked(&'c Column),
}

impl Cell<'_> {
    fn write(&mut self, alert: &Alert<'_, '_>, style: CellStyle, out: &mut Vec<u8>) -> Result<(), Damage> {
        match self {
            Cell::Field(sheet) => sheet.write(&alert.event, out),
            Cell::Asked(column) => {
                write_value(&value(column, alert)?, style, out);
                Ok(())
            }
        }
    }
}

impl ColumnsSheet<'_> {
    /// Appends the values of an alert as a line: commas between, quotes where needed.
    pub(super) fn write_line(&mut self, alert: &Alert<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage> {
        for (at, cell) in self.cells.iter_mut().enumerate() {
            out.extend_from_slice(if at > 0 { b"," } else { b"" });
            cell.write(alert, self.style, out)?;
        }
        self.columns.end_line(out);
        Ok(())
    }

    /// Appends the values of an alert as a JSON object.
    pub(super) fn write_json(&mut self, alert: &Alert<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage> {
        out.push(b'{');
        for (at, (cell, key)) in self.cells.iter_mut().zip(&self.keys).enumerate() {
            out.extend_from_slice(if at > 0 { b"," } else { b"" });
            out.extend_from_slice(key);
            cell.write(alert, self.style, out)?;
        }
        if alert.lost_events > 0 {
            out.extend_from_slice(if self.cells.is_empty() { b"" } else { b"," });
            out.extend_from_slice(format!("\"lost_events\":{}", alert.lost_events).as_bytes());
        }
        out.push(b'}');
        Ok(())
    }
}

fn value<'b>(column: &Column, alert: &Alert<'_, 'b>) -> Result<FieldValue<'b>, Damage> {
    Ok(match &column.source {
        Source::Field(field) => value_of(field, &alert.event, Purpose::Print)?,
        Source::Text(field) => {
            let mut text = Vec::new();
            value_of(field, &alert.event, Purpose::Print)?.write_text(&mut text);
            FieldValue::made(text)
        }
        Source::First(fields) => {
            for field in fields {
                let value = value_of(field, &alert.event, Purpose::Print)?;
                if !value.is_missing() && value != FieldValue::text(b"") {
                    return Ok(value);
                }
            }
            FieldValue::Missing
        }
        Source::Rule if alert.rule.name.is_empty() => FieldValue::Missing,
        Source::Rule => FieldValue::made(alert.rule.name.clone().into_bytes()),
        Source::Priority if alert.rule.name.is_empty() => FieldValue::Missing,
        Source::Priority => FieldValue::text(alert.rule.priority.name().as_bytes()),
        Source::Message => FieldValue::made(message_of(alert)?),
    })
}

/// The parts between commas, but for commas in brackets, parentheses and quotes.
fn split_outside_brackets(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0u32;
    let mut quote = None;
    text.split(move |character| {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
        character == ',' && depth == 0 && quote.is_none()
    })
}

/// A part's heading and the rest; a colon inside a field's argument is no heading's.
fn split_heading(part: &str) -> Option<(&str, &str)> {
    let (heading, rest) = part.split_once(':')?;
    (!heading.contains(['[', '(', '"', '\''])).then_some((heading, rest))
}

/// What a name means; else the name it may be meant to be, as help.
fn source_of(name: &str) -> Result<Source, Option<String>> {
    let field = |name: &str| field_of(name).ok_or(None);
    let Some((_, alias)) = ALIASES.iter().find(|(alias, _)| *alias == name) else {
        return match field_of(name) {
            Some(field) => Ok(Source::Field(field)),
            None => Err(near_name(name).map(|near| format!("did you mean `{near}`?"))),
        };
    };
    Ok(match alias {
        Alias::TimeOfDay => Source::Text(field("evt.time")?),
        Alias::Fields([name]) => Source::Field(field(name)?),
        Alias::Fields(names) => Source::First(names.iter().map(|name| field(name)).collect::<Result<_, _>>()?),
        Alias::Rule => Source::Rule,
        Alias::Priority => Source::Priority,
        Alias::Message => Source::Message,
    })
}

/// A field as rule files write it, with its argument.
fn field_of(name: &str) -> Option<FieldExpr> {
    let template = parse_template(&format!("%{name}")).ok()?;
    match template.parts.as_slice() {
        [TemplatePart::Field { expr, .. }] => Some(expr.clone()),
        _ => None,
    }
}

/// The known name that is nearest, if one is near.
fn near_name(name: &str) -> Option<&'static str> {
    let aliases = ALIASES.iter().map(|(alias, _)| *alias);
    nearest(name, aliases.chain(FIELDS.iter().map(|field| field.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_is_near_the_right_one() {
        assert_eq!(near_name("contaner-name"), Some("container-name"));
        assert_eq!(near_name("proc.nmae"), Some("proc.name"));
        assert_eq!(near_name("xyzzyxyzzy"), None);
    }

    #[test]
    fn values_with_commas_are_quoted() {
        let quoted = |cell: &str| {
            let mut out = b"before,".to_vec();
            out.extend_from_slice(cell.as_bytes());
            quote_cell(&mut out, 7);
            String::from_utf8_lossy(&out).into_owned()
        };
        assert_eq!(quoted("a b"), "before,a b");
        assert_eq!(quoted("b,c"), "before,\"b,c\"");
        assert_eq!(quoted("say \"hi\""), "before,\"say \"\"hi\"\"\"");
        assert_eq!(quoted(""), "before,");
    }
}
