//! `sysreel fields`: the field catalogue, for people and for programs.

use serde_json::json;
use sysreel::replay::fields::{ArgRule, FIELDS, Field, Source};

use crate::cli::{FieldsArgs, ListForm};
use crate::exit::Exit;
use crate::listing::{Listing, check_patterns, is_wanted, print};
use crate::terminal::Terminal;

/// Runs the command.
pub(crate) fn run(args: &FieldsArgs, terminal: &Terminal) -> anyhow::Result<Exit> {
    check_patterns("field", &args.patterns, FIELDS.iter().map(|field| field.name))?;
    let fields: Vec<&Field> = FIELDS.iter().filter(|field| is_wanted(field.name, &args.patterns)).collect();
    let text = match args.output {
        ListForm::Table => listing(&fields, |name| name.to_owned()).table(terminal),
        ListForm::Markdown => listing(&fields, |name| format!("`{name}`")).markdown(),
        ListForm::Json => json_list(&fields)?,
    };
    print(&text)?;
    Ok(Exit::Done)
}

fn listing(fields: &[&Field], show_name: impl Fn(&str) -> String) -> Listing<'static> {
    let row = |field: &&Field| {
        let argument = match field.arg {
            ArgRule::None => String::new(),
            ArgRule::Optional | ArgRule::Required => field.arg.name().to_owned(),
        };
        let mut about = field.about.to_owned();
        if let Some(reason) = field.access.why_silent() {
            about = format!("{about} (No value: {reason}.)");
        }
        let list = if field.is_list { "list" } else { "" };
        vec![show_name(field.name), field.ty.name().to_owned(), argument, list.to_owned(), about]
    };
    Listing { heads: &["Field", "Type", "Argument", "List", "What it is"], rows: fields.iter().map(row).collect() }
}

fn json_list(fields: &[&Field]) -> anyhow::Result<String> {
    let fields: Vec<_> = fields
        .iter()
        .map(|field| {
            json!({
                "name": field.name,
                "type": field.ty.name(),
                "argument": field.arg.name(),
                "list": field.is_list,
                "sources": field.sources.iter().map(Source::name).collect::<Vec<_>>(),
                "about": field.about,
                "no_value": field.access.why_silent(),
            })
        })
        .collect();
    Ok(format!("{}\n", serde_json::to_string_pretty(&fields)?))
}
