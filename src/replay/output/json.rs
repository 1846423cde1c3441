//! Alerts as JSON, one object for each line, with the keys that readers of Falco's output know.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::OutputFormat;
use super::columns::{CellStyle, ColumnsSheet};
use super::message::write_template;
use super::text::write_prefix;
use crate::format::Damage;
use crate::replay::compile::{argument_of, value_of};
use crate::replay::eval::{Alert, AlertPrinter, BlockPrinter};
use crate::replay::fields::{FieldValue, Purpose, TimeStyle, clock, field_value, write_json_text};
use crate::replay::rules::{Template, TemplatePart};

/// Alerts as JSON objects. With a format of columns the object has just those; with a template the template takes the
/// place of the rule's output.
///
/// `lost_events` is there only when the recording lost events around the alert.
#[derive(Clone, Debug, Default)]
pub struct JsonPrinter {
    /// The user's format.
    pub format: Option<OutputFormat>,
}

impl AlertPrinter for JsonPrinter {
    fn for_block(&self) -> Box<dyn BlockPrinter + '_> {
        match &self.format {
            Some(OutputFormat::Columns(columns)) => Box::new(Objects(columns.sheet(CellStyle::Json))),
            Some(OutputFormat::Template(template)) => Box::new(Alerts { template: Some(template) }),
            None => Box::new(Alerts { template: None }),
        }
    }
}

/// Objects of columns.
struct Objects<'c>(ColumnsSheet<'c>);

impl BlockPrinter for Objects<'_> {
    fn print(&mut self, alert: &Alert<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage> {
        self.0.write_json(alert, out)?;
        out.push(b'\n');
        Ok(())
    }
}

/// Alerts with all of Falco's keys.
struct Alerts<'t> {
    /// In place of the rule's output.
    template: Option<&'t Template>,
}

impl BlockPrinter for Alerts<'_> {
    fn print(&mut self, alert: &Alert<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage> {
        match self.template {
            Some(template) => write_alert(alert, template, false, out)?,
            None => write_alert(alert, &alert.rule.output, true, out)?,
        }
        out.push(b'\n');
        Ok(())
    }
}

fn write_alert(alert: &Alert<'_, '_>, template: &Template, has_prefix: bool, out: &mut Vec<u8>) -> Result<(), Damage> {
    let mut message = Vec::new();
    write_template(template, &alert.event, &mut message)?;
    let mut output = Vec::new();
    if has_prefix {
        write_prefix(alert, &mut output)?;
    }
    output.extend_from_slice(&message);
    let ts_ns = alert.event.ts_ns()?;

    out.extend_from_slice(b"{\"hostname\":");
    write_json_text(alert.event.view().capture().host_name.as_bytes(), out);
    if alert.lost_events > 0 {
        out.extend_from_slice(format!(",\"lost_events\":{}", alert.lost_events).as_bytes());
    }
    out.extend_from_slice(b",\"message\":");
    write_json_text(&message, out);
    out.extend_from_slice(b",\"output\":");
    write_json_text(&output, out);
    out.extend_from_slice(b",\"output_fields\":{");
    let mut fields = BTreeMap::new();
    if has_prefix {
        fields.insert(Cow::Borrowed("evt.time"), FieldValue::Time(TimeStyle::Clock, ts_ns));
    }
    for part in &template.parts {
        if let TemplatePart::Field { expr, source, .. } = part {
            if expr.plain_field().is_some() {
                fields.insert(Cow::Borrowed(source.as_str()), value_of(expr, &alert.event, Purpose::Print)?);
                continue;
            }
            // Of what is made of fields, the fields are told and not the result, as in the engine.
            for field in expr.fields() {
                let value = field_value(field.field, argument_of(field), &alert.event, Purpose::Print)?;
                fields.insert(Cow::Owned(field.to_string()), value);
            }
        }
    }
    for (at, (name, value)) in fields.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_json_text(name.as_bytes(), out);
        out.push(b':');
        value.write_json(out);
    }
    out.extend_from_slice(b"},\"priority\":");
    write_json_text(alert.rule.priority.name().as_bytes(), out);
    out.extend_from_slice(b",\"rule\":");
    write_json_text(alert.rule.name.as_bytes(), out);
    out.extend_from_slice(b",\"source\":");
    write_json_text(alert.rule.source.as_bytes(), out);
    out.extend_from_slice(b",\"tags\":[");
    for (at, tag) in alert.rule.tags.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_json_text(tag.as_bytes(), out);
    }
    out.extend_from_slice(b"],\"time\":\"");
    clock::write_utc(ts_ns, out);
    out.extend_from_slice(b"\"}");
    Ok(())
}
