//! Tables on standard output and standard error: as wide as the terminal, or as wide as they like.

use std::io::IsTerminal;

use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table, presets};

/// Columns below which a width is not believed.
const NARROWEST: u16 = 20;

/// Columns of a terminal that does not say how many it has.
const USUAL_WIDTH: u16 = 80;

/// Where a table goes, which decides how wide it may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How a table looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Look {
    /// Columns of short values, one line each.
    Plain,
    /// Long values: where they are wrapped, lines between the rows keep them apart.
    Ruled,
}

/// An empty table with these column heads.
///
/// On a terminal it is as wide as that at most and long values are wrapped; elsewhere COLUMNS decides if it is set, and
/// without it every row is one line.
pub(crate) fn new_table(heads: &[String], look: Look, target: Target, color: bool) -> Table {
    let mut table = Table::new();
    table.set_header(heads.iter().map(|head| {
        let cell = Cell::new(head);
        if color { cell.add_attribute(Attribute::Bold) } else { cell }
    }));
    let on_terminal = match target {
        Target::Stdout => std::io::stdout().is_terminal(),
        Target::Stderr => std::io::stderr().is_terminal(),
    };
    if color {
        table.enforce_styling();
    }
    table.style_text_only();
    if target == Target::Stderr {
        table.use_stderr();
    }
    let width = if !on_terminal {
        fixed_width(std::env::var("COLUMNS").ok().as_deref())
    } else if table.width().is_none_or(|width| width < NARROWEST) {
        // a serial line says that it has no columns at all
        Some(USUAL_WIDTH)
    } else {
        None
    };
    if let Some(width) = width {
        table.set_width(width);
    }
    let wraps = on_terminal || width.is_some();
    if wraps {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    match look {
        Look::Ruled if wraps => table.load_style(presets::UTF8_HORIZONTAL_ONLY),
        Look::Ruled | Look::Plain => table.load_style(presets::NOTHING),
    };
    table
}

/// A right-aligned cell, for numbers.
pub(crate) fn number(text: impl ToString) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// Text as it may stand in a cell: captures come from hostile machines, and their control characters must not reach the
/// terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '.' } else { c }).collect()
}

fn fixed_width(columns: Option<&str>) -> Option<u16> {
    columns?.trim().parse().ok().filter(|width| *width >= NARROWEST)
}

/// A number with a comma between every three digits.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A number of things: `1 block`, `2,000 blocks`.
pub(crate) fn count(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", thousands(number))
}

/// A number of bytes with a unit of 1024: `512 B`, `12.3 KiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut tenths = u128::from(bytes) * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_have_commas() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_000), "1,000");
        assert_eq!(thousands(12_345_678), "12,345,678");
        assert_eq!((count(1, "block"), count(1_000, "block")), ("1 block".to_owned(), "1,000 blocks".to_owned()));
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(printable("a\x1b[31mb\nc\u{9b}d"), "a.[31mb.c.d");
    }

    #[test]
    fn sizes_have_a_fitting_unit() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(5 << 30), "5.0 GiB");
        assert_eq!(bytes(u64::MAX), "16383.9 PiB");
    }

    #[test]
    fn a_width_comes_from_columns_if_it_is_sensible() {
        assert_eq!(fixed_width(Some("100")), Some(100));
        assert_eq!(fixed_width(Some("3")), None);
        assert_eq!(fixed_width(Some("wide")), None);
        assert_eq!(fixed_width(None), None);
    }
}
