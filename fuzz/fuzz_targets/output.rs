//! An output text, and what `--format` takes: parsed, then printed for events of every kind.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sysreel::replay::output::{CsvPrinter, FORMAT_FILE, JsonPrinter, OutputFormat, TextPrinter};
use sysreel::replay::rules::{RuleFile, parse_template};
use sysreel_fuzz::{check_diagnostics, print_all};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match parse_template(text) {
        Ok(template) => {
            print_all(&TextPrinter::default(), &template);
            // the object is well formed whatever stands in the capture
            for line in print_all(&JsonPrinter::default(), &template).split(|byte| *byte == b'\n') {
                assert!(line.is_empty() || is_object(line), "{}", String::from_utf8_lossy(line));
            }
        }
        Err(found) => {
            assert!(!found.is_empty(), "refused without a reason");
            check_diagnostics(&found, &[RuleFile::new(RuleFile::TEMPLATE, text)]);
        }
    }
    match OutputFormat::parse(text) {
        Ok(format) => {
            let none = Default::default();
            print_all(&TextPrinter { format: Some(format.clone()) }, &none);
            if let OutputFormat::Columns(columns) = &format {
                print_all(&CsvPrinter { columns: columns.clone() }, &none);
            }
            print_all(&JsonPrinter { format: Some(format) }, &none);
        }
        Err(found) => {
            assert!(!found.is_empty(), "refused without a reason");
            check_diagnostics(&found, &[RuleFile::new(FORMAT_FILE, text)]);
        }
    }
});

fn is_object(line: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line).is_ok()
}
