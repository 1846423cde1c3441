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
            TemplatePart::Field { expr, width, .. } => {
                let start = out.len();
                value_of(expr, event, Purpose::Print)?.write_text(out);
                fit(out, start, *width);
            }
        }
    }
    Ok(())
}

/// Cuts or fills what stands behind `start` to a width in bytes, at most as far as a character allows.
pub(super) fn fit(out: &mut Vec<u8>, start: usize, width: Option<usize>) {
    let Some(width) = width else { return };
    let mut end = start + width;
    if out.len() > end {
        // Not into the middle of a character: what is printed stays UTF-8.
        while end > start && out.get(end).is_some_and(|byte| byte & 0xC0 == 0x80) {
            end -= 1;
        }
        out.truncate(end);
    }
    out.resize(start + width, b' ');
}

/// The output text of the alert's rule.
pub(in crate::replay) fn message_of(alert: &Alert<'_, '_>) -> Result<Vec<u8>, Damage> {
    let mut message = Vec::new();
    write_template(&alert.rule.output, &alert.event, &mut message)?;
    Ok(message)
}
