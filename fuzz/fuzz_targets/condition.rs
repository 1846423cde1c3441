//! A condition: what is printed parses to the same, and folding it per kind of event changes no answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sysreel::replay::compile::{Program, Selection};
use sysreel::replay::eval::evaluate_block;
use sysreel::replay::rules::{Expr, Priority, RuleFile, Template, TypedRule, parse_condition};
use sysreel_fuzz::{check_diagnostics, with_blocks};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let condition = match parse_condition(text) {
        Ok(condition) => condition,
        Err(found) => {
            assert!(!found.is_empty(), "refused without a reason");
            return check_diagnostics(&found, &[RuleFile::new(RuleFile::CONDITION, text)]);
        }
    };
    let printed = condition.to_string();
    assert_eq!(parse_condition(&printed).as_ref(), Ok(&condition), "{printed}");
    let rules = [rule_of(condition)];
    let folded = Program::compile(&rules, &Selection::default());
    let unfolded = Program::compile_unfolded(&rules);
    with_blocks(|blocks| {
        for block in blocks {
            let found = evaluate_block(&folded, block).expect("the block is whole");
            assert_eq!(found, evaluate_block(&unfolded, block).expect("the block is whole"), "{printed}");
        }
    });
});

fn rule_of(condition: Expr) -> TypedRule {
    TypedRule {
        name: String::new(),
        desc: String::new(),
        condition,
        output: Template::default(),
        priority: Priority::Debug,
        tags: Vec::new(),
        source: "syscall".to_owned(),
        enabled: true,
    }
}
