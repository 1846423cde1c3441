//! What the fuzz targets share: a small capture to evaluate over, printing of all of it, and captures whose hashes and
//! lengths are made right again.

pub mod reel;
pub mod scap;
mod story;

use std::sync::LazyLock;

use sysreel::format::{Block, Damage};
use sysreel::replay::compile::{Program, RuleHead, Selection};
use sysreel::replay::eval::{Alert, AlertPrinter};
use sysreel::replay::fields::{BlockView, CaptureFacts, EventRow};
use sysreel::replay::output::EventLinePrinter;
use sysreel::replay::rules::{Compiler, Diagnostic, Priority, RuleFile, Template, builtin_rules, diagnostic};

/// The built-in rules, compiled.
pub static BUILTIN_RULES: LazyLock<Program> = LazyLock::new(|| {
    let mut compiler = Compiler::new();
    compiler.add_file(builtin_rules());
    Program::compile(&compiler.build().0, &Selection::default())
});

thread_local! {
    static BLOCKS: Vec<Block> = story::story().blocks();
}

/// A capture with a large block.
pub fn long_capture() -> Vec<u8> {
    story::long_story().finish()
}

/// Does something with the blocks of the small capture.
pub fn with_blocks<T>(act: impl FnOnce(&[Block]) -> T) -> T {
    BLOCKS.with(|blocks| act(blocks))
}

/// What must hold of all problems, whatever the text: each lies inside its text, and they can be shown.
pub fn check_diagnostics(found: &[Diagnostic], files: &[RuleFile]) {
    for diagnostic in found {
        if let Some(file) = files.iter().find(|file| file.name == diagnostic.file) {
            let span = &diagnostic.span;
            assert!(span.start <= span.end && span.end <= file.text.len(), "{diagnostic:?}");
        }
    }
    assert_eq!(diagnostic::render(found, files, false).is_empty(), found.is_empty());
}

/// Every event of the small capture as an alert with this output.
pub fn print_all(printer: &dyn AlertPrinter, output: &Template) -> Vec<u8> {
    let mut out = Vec::new();
    with_blocks(|blocks| {
        for block in blocks {
            print_events(block, printer, output, &mut out).expect("the block is whole");
        }
    });
    out
}

/// Every event of a block as a line.
///
/// # Errors
/// A column cannot be read.
pub fn print_block(block: &Block) -> Result<Vec<u8>, Damage> {
    let mut out = Vec::new();
    print_events(block, &EventLinePrinter, &Template::default(), &mut out)?;
    Ok(out)
}

fn print_events(block: &Block, printer: &dyn AlertPrinter, output: &Template, out: &mut Vec<u8>) -> Result<(), Damage> {
    let rule = RuleHead {
        name: "a \"rule\"".to_owned(),
        priority: Priority::Notice,
        output: output.clone(),
        tags: vec!["tag".to_owned()],
        source: "syscall".to_owned(),
    };
    let facts = CaptureFacts::default();
    let view = BlockView::new(block, &facts);
    let mut printer = printer.for_block();
    for &(kind, _) in block.kinds() {
        let Some(table) = block.table(kind) else { continue };
        for row in 0..table.rows() {
            let alert = Alert { rule: &rule, event: EventRow::new(&view, &table, row), lost_events: 0 };
            printer.print(&alert, out)?;
        }
    }
    Ok(())
}
