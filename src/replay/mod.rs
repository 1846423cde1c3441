//! Rules over captures: fields, rule language, compilation, evaluation, output. No Linux in here.
//!
//! Arrows: `suite -> output -> eval -> compile -> rules -> fields`, and everything may look at `format`.

pub mod compile;
pub mod eval;
pub mod fields;
pub mod output;
pub mod rules;
pub mod suite;
