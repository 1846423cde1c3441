//! What is printed of a capture: by a replay, and naively, one match after the other with nothing kept in between.

use sysreel::format::{Block, Reader};
use sysreel::replay::compile::{Program, RuleId};
use sysreel::replay::eval::{Alert, AlertPrinter, ReplayOptions, replay};
use sysreel::replay::fields::{BlockView, CaptureFacts, EventRow};
use sysreel::replay::rules::TypedRule;

use crate::naive::{Found, What, all_matches, first_of};

/// What a replay prints.
pub(crate) fn printed(
    readers: Vec<Reader>,
    program: &Program,
    printer: &(dyn AlertPrinter + Sync),
    threads: usize,
    all_matches: bool,
) -> String {
    let options = ReplayOptions { threads, all_matches, ..ReplayOptions::default() };
    let mut out = Vec::new();
    let summary = replay(readers, program, &options, printer, &mut out).unwrap();
    assert!(summary.is_complete(), "{summary:?}");
    String::from_utf8(out).unwrap()
}

/// What is to be printed of the rules' matches, as the naive evaluator finds them: of each event's first match, and of all.
/// `program` is made of just these rules.
pub(crate) fn printed_naively(
    mut reader: Reader,
    rules: &[TypedRule],
    program: &Program,
    printer: &dyn AlertPrinter,
) -> [String; 2] {
    assert_eq!(rules.len(), program.rules().len(), "a rule of the program has the number that it has among the rules");
    let mut facts = CaptureFacts { host_name: reader.header().host_name.clone(), first_ts_ns: reader.first_event_ns() };
    let mut heading = Vec::new();
    printer.print_heading(&mut heading);
    let mut out = [heading.clone(), heading];
    while let Some(block) = reader.next_block(&mut |_| true) {
        let block = block.unwrap().decode().unwrap();
        if facts.first_ts_ns == 0 && reader.has_chain() {
            facts.first_ts_ns = block.header().first_ts_ns;
        }
        let all = all_matches(rules, &block);
        print_matches(&first_of(all.clone()), &block, &facts, program, printer, &mut out[0]);
        print_matches(&all, &block, &facts, program, printer, &mut out[1]);
    }
    out.map(|out| String::from_utf8(out).unwrap())
}

fn print_matches(
    matches: &[Found],
    block: &Block,
    facts: &CaptureFacts,
    program: &Program,
    printer: &dyn AlertPrinter,
    out: &mut Vec<u8>,
) {
    let view = BlockView::new(block, facts);
    let tables: Vec<_> = block.kinds().iter().map(|(kind, _)| block.table(*kind).unwrap()).collect();
    let mut places = vec![(0, 0); block.rows()];
    for (at, table) in tables.iter().enumerate() {
        for (row, seq) in table.seq().unwrap().values().iter().enumerate() {
            places[usize::try_from(*seq).unwrap()] = (at, row);
        }
    }
    for &(seq, what, rule) in matches {
        let event = match what {
            What::Event => {
                let (table, row) = places[usize::try_from(seq).unwrap()];
                EventRow::new(&view, &tables[table], row)
            }
            What::Loss(at) => EventRow::lost(&view, &block.header().losses[at]),
        };
        let rule = program.rule(RuleId(u32::try_from(rule).unwrap())).unwrap();
        let alert = Alert { rule, event, lost_events: block.header().lost() };
        printer.for_block().print(&alert, out).unwrap();
    }
}
