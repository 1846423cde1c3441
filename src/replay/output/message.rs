//! Output texts of rules, with an event's values in them.

use crate::format::Damage;
use crate::replay::compile::value_of;
use crate::replay::eval::Alert;
use crate::replay::fields::{EventRow, Purpose};
use crate::replay::rules::{Template, TemplatePart};

/// Appends a template with the event's values.
pub(super) fn write_template(template: &Template, event: &EventRow<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage> {
    for part in &template.parts {
        match part {
            TemplatePart::Text(text) => out.extend_from_slice(text.as_bytes()),
            TemplatePart::Field { expr, .. } => value_of(expr, event, Purpose::Print)?.write_text(out),
        }
    }
    Ok(())
}

/// The output text of the alert's rule.
pub(super) fn message_of(alert: &Alert<'_, '_>) -> Result<Vec<u8>, Damage> {
    let mut message = Vec::new();
    write_template(&alert.rule.output, &alert.event, &mut message)?;
    Ok(message)
}
