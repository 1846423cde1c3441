//! `sysreel events --list`: every kind of event with its parameters.

use serde_json::{Value, json};
use sysreel::format::schema::syscalls::SYSCALL_CODES;
use sysreel::format::schema::{EVENTS, EventInfo, EventKind, ParamInfo, ParamType};

use crate::cli::ListForm;
use crate::listing::{Listing, check_patterns, is_wanted, print};
use crate::terminal::Terminal;

/// Prints the kinds whose name the patterns ask for.
pub(crate) fn run(patterns: &[String], form: ListForm, terminal: &Terminal) -> anyhow::Result<()> {
    check_patterns("event", patterns, EVENTS.iter().map(|info| info.name))?;
    let kinds: Vec<&EventInfo> = EVENTS.iter().filter(|info| is_wanted(info.name, patterns)).collect();
    let text = match form {
        ListForm::Table => listing(&kinds, |name| name.to_owned()).table(terminal),
        ListForm::Markdown => listing(&kinds, |name| format!("`{name}`")).markdown(),
        ListForm::Json => {
            let kinds: Vec<Value> = kinds.iter().map(|info| json_kind(info)).collect();
            format!("{}\n", serde_json::to_string_pretty(&kinds)?)
        }
    };
    print(&text)
}

/// A row for each parameter; number, name and category stand in a kind's first row.
fn listing(kinds: &[&EventInfo], show_name: impl Fn(&str) -> String) -> Listing<'static> {
    let mut rows = Vec::new();
    for info in kinds {
        let mut head = vec![info.kind.0.to_string(), show_name(info.name), info.category.name().to_owned()];
        if info.params.is_empty() {
            head.resize(6, String::new());
            rows.push(head);
            continue;
        }
        for param in info.params {
            let mut row = std::mem::replace(&mut head, vec![String::new(); 3]);
            let words: Vec<&str> = words(param).into_iter().map(|(word, _)| word).collect();
            row.extend([show_name(param.name), param.ty.name().to_owned(), words.join(" ")]);
            rows.push(row);
        }
    }
    Listing { heads: &["Number", "Event", "Category", "Parameter", "Type", "Words"], rows }
}

/// The words that a parameter's value may be made of, with their numbers.
fn words(param: &ParamInfo) -> Vec<(&'static str, u32)> {
    if param.ty == ParamType::SyscallId {
        return generic_calls();
    }
    param.values.map_or(Vec::new(), |table| table.words.to_vec())
}

/// The system calls that have no kind of their own: `evt.type` gives their name, and the event is the generic one.
fn generic_calls() -> Vec<(&'static str, u32)> {
    let without_kind = SYSCALL_CODES.iter().filter(|(name, _)| EventKind::by_name(name).is_none());
    without_kind.map(|&(name, code)| (name, u32::from(code))).collect()
}

fn json_kind(info: &EventInfo) -> Value {
    let param = |param: &ParamInfo| {
        let words: Vec<Value> =
            words(param).into_iter().map(|(word, value)| json!({"name": word, "value": value})).collect();
        json!({
            "name": param.name,
            "type": param.ty.name(),
            "format": param.format.name(),
            "words": words,
        })
    };
    json!({
        "number": info.kind.0,
        "name": info.name,
        "category": info.category.name(),
        "parameters": info.params.iter().map(param).collect::<Vec<_>>(),
    })
}
