//! Every event code that a recording of Falco or sysdig may hold, with its parameters as they lie in the event.
//!
//! Codes come in pairs: the even one says that a call was entered, the odd one that it returned. What is no system call
//! (tracepoints, metadata) has the even one only. The codes of today's event kinds are the rows of [`EVENTS`]; `former`
//! holds the others.

mod former;

use super::{Category, EVENTS, EventFlags, EventSource, ParamInfo};
use former::FORMER_CODES;

/// One more than the largest code.
pub const CODE_LIMIT: u16 = 454;

/// A row of the table of codes.
#[derive(Clone, Copy, Debug)]
pub struct CodeInfo {
    /// The number.
    pub code: u16,
    /// The name, which versions of one event share; `NA` for a number that is not used.
    pub name: &'static str,
    /// The category that `evt.category` gives.
    pub category: Category,
    /// Where such events come from; `None` for a number that is not used.
    pub source: Option<EventSource>,
    /// What such an event does, and whether it is still written.
    pub flags: EventFlags,
    /// The parameters, in order. An event of an older recording may hold fewer.
    pub params: &'static [ParamInfo],
}

impl CodeInfo {
    /// Whether this is the first half of a pair: a call that begins, or what is no call at all.
    pub const fn is_enter(&self) -> bool {
        self.code.is_multiple_of(2)
    }

    /// Whether the lengths of the parameters take four bytes instead of two.
    #[inline]
    pub const fn has_large_payload(&self) -> bool {
        self.flags.contains(EventFlags::LARGE_PAYLOAD)
    }

    /// The position of a parameter.
    pub fn param(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|param| param.name == name)
    }
}

/// What a code means, `None` for a number beyond those of driver schema 4.3.
#[inline]
pub fn code_info(code: u16) -> Option<&'static CodeInfo> {
    CODES.get(usize::from(code))
}

/// Every code, by number.
pub static CODES: [CodeInfo; CODE_LIMIT as usize] = merge();

/// Puts both tables in the order of the numbers. Runs in the compiler, which thereby proves that none is missing.
const fn merge() -> [CodeInfo; CODE_LIMIT as usize] {
    let blank = CodeInfo {
        code: 0,
        name: "",
        category: Category::Unknown,
        source: None,
        flags: EventFlags::empty(),
        params: &[],
    };
    let mut codes = [blank; CODE_LIMIT as usize];
    let (mut code, mut of_today, mut former) = (0, 0, 0);
    while code < CODE_LIMIT {
        if of_today < EVENTS.len() && EVENTS[of_today].kind.0 == code {
            let event = &EVENTS[of_today];
            codes[code as usize] = CodeInfo {
                code,
                name: event.name,
                category: event.category,
                source: Some(event.source),
                flags: event.flags,
                params: event.params,
            };
            of_today += 1;
        } else {
            assert!(FORMER_CODES[former].code == code, "a code is in no table, or not in order");
            codes[code as usize] = FORMER_CODES[former];
            former += 1;
        }
        code += 1;
    }
    assert!(of_today == EVENTS.len() && former == FORMER_CODES.len(), "a code lies beyond the limit, or in two tables");
    codes
}
