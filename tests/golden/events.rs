//! Events against their dump: a line of JSON each, with every field that has a value.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Map, Value as Json};
use sysreel::format::Block;
use sysreel::format::schema::EventInfo;
use sysreel::replay::compile::value_of;
use sysreel::replay::fields::{BlockView, CaptureFacts, EventRow, FieldValue, Purpose, Reads};
use sysreel::replay::rules::{Base, FieldExpr, TemplatePart, parse_template};

/// Where values differ: a field, for events of a type.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Class {
    pub(super) field: String,
    pub(super) event: String,
}

/// A value that is not Falco's.
pub(super) struct Difference {
    /// `evt.num`.
    pub(super) num: i64,
    /// What both say.
    pub(super) example: String,
}

/// So many are kept of each class: more say nothing new, and everything may be different.
const DIFFERENCE_LIMIT: usize = 10_000;

/// What comparing a capture gave.
#[derive(Default)]
pub(super) struct Report {
    pub(super) values: u64,
    pub(super) classes: BTreeMap<Class, Vec<Difference>>,
}

/// The fields that the dump was asked for.
pub(super) struct Fields {
    /// Those that every event may have.
    common: Vec<Asked>,
    /// `evt.arg.NAME` and `evt.rawarg.NAME`, by the parameter's name.
    by_param: HashMap<String, Vec<Asked>>,
    /// `evt.arg[N]`.
    by_place: Vec<Asked>,
}

struct Asked {
    name: String,
    expr: FieldExpr,
    /// Whether events of one thread share the value.
    is_of_thread: bool,
}

/// Reads the list of fields.
pub(super) fn fields(golden: &Path) -> Fields {
    let list = std::fs::read_to_string(golden.join("fields.txt")).unwrap();
    let mut fields = Fields { common: Vec::new(), by_param: HashMap::new(), by_place: Vec::new() };
    for name in list.split_whitespace() {
        let param = name.strip_prefix("evt.arg.").or_else(|| name.strip_prefix("evt.rawarg."));
        let template = match parse_template(&format!("%{name}")) {
            Ok(template) => template,
            // Parameters that only events of former times had: a value in the dump is a difference.
            Err(_) if param.is_some() => continue,
            Err(found) => panic!("{name}: {found:?}"),
        };
        let [TemplatePart::Field { expr, .. }] = &template.parts[..] else {
            assert!(param.is_some(), "{name} is not a field");
            continue;
        };
        let Base::Field(of) = &expr.base else { panic!("{name} is not a field") };
        let is_of_thread = of.field.access.reads() == Reads::Thread;
        let asked = Asked { name: name.to_owned(), expr: expr.clone(), is_of_thread };
        match param {
            Some(param) => fields.by_param.entry(param.to_owned()).or_default().push(asked),
            None if name.starts_with("evt.arg[") => fields.by_place.push(asked),
            None => fields.common.push(asked),
        }
    }
    fields
}

/// Compares all events of a capture with their dump.
pub(super) fn compare(golden: &Path, capture: &str, fields: &Fields) -> Report {
    let mut report = Report::default();
    let Ok(dump) = std::fs::File::open(golden.join("events").join(format!("{capture}.jsonl.zst"))) else {
        return report;
    };
    let mut lines = BufReader::with_capacity(1 << 20, zstd::stream::read::Decoder::new(dump).unwrap()).lines();
    let mut wanted = lines.next().map(|line| parse(&line.unwrap()));
    let mut reader = super::open(golden, capture);
    let facts = CaptureFacts { host_name: reader.header().host_name.clone(), first_ts_ns: reader.first_event_ns() };
    while let Some(block) = reader.next_block(&mut |_| true) {
        let block = block.unwrap().decode().unwrap();
        let mut comparison = Comparison { report: &mut report, threads: HashMap::new() };
        for_each_event(&block, &facts, |row| {
            let num = row.num().unwrap().unwrap_or(0);
            while let Some(event) = wanted.take_if(|event| number(event) < num) {
                comparison.note("(missing event)", &event_type(&event), number(&event), "", "");
                wanted = lines.next().map(|line| parse(&line.unwrap()));
            }
            match wanted.take_if(|event| number(event) == num) {
                Some(mut event) => {
                    comparison.event(row, &mut event, fields);
                    wanted = lines.next().map(|line| parse(&line.unwrap()));
                }
                None => comparison.note("(extra event)", row.kind().name(), num, "", ""),
            }
        });
    }
    let mut comparison = Comparison { report: &mut report, threads: HashMap::new() };
    while let Some(event) = wanted {
        comparison.note("(missing event)", &event_type(&event), number(&event), "", "");
        wanted = lines.next().map(|line| parse(&line.unwrap()));
    }
    report
}

fn parse(line: &str) -> Map<String, Json> {
    match line.parse::<Json>().unwrap() {
        Json::Object(object) => object,
        other => panic!("not an object: {other}"),
    }
}

fn number(event: &Map<String, Json>) -> i64 {
    event["evt.num"].as_i64().unwrap()
}

fn event_type(event: &Map<String, Json>) -> String {
    event.get("evt.type").and_then(Json::as_str).unwrap_or("-").to_owned()
}

/// Shows the events of a block in their order.
fn for_each_event(block: &Block, facts: &CaptureFacts, mut show: impl FnMut(&EventRow<'_, '_>)) {
    let view = BlockView::new(block, facts);
    let tables: Vec<_> = block.kinds().iter().filter_map(|&(kind, _)| block.table(kind)).collect();
    let mut order = vec![None; block.rows()];
    for (at, table) in tables.iter().enumerate() {
        for (row, &place) in table.seq().unwrap().values().iter().enumerate() {
            order[usize::try_from(place).unwrap()] = Some((at, row));
        }
    }
    for (at, row) in order.into_iter().flatten() {
        show(&EventRow::new(&view, &tables[at], row));
    }
}

struct Comparison<'r> {
    report: &'r mut Report,
    /// Values that all events of a thread's row share, by that row.
    threads: HashMap<usize, Vec<Json>>,
}

impl Comparison<'_> {
    fn note(&mut self, field: &str, event: &str, num: i64, falco: &str, ours: &str) {
        let class = Class { field: field.to_owned(), event: event.to_owned() };
        let example = format!("event {num}: Falco {}, we {}", shortened(falco), shortened(ours));
        let differences = self.report.classes.entry(class).or_default();
        if differences.len() < DIFFERENCE_LIMIT {
            differences.push(Difference { num, example });
        }
    }

    fn event(&mut self, row: &EventRow<'_, '_>, falco: &mut Map<String, Json>, fields: &Fields) {
        let event = event_type(falco);
        let num = number(falco);
        let names = |falco: &mut Map<String, Json>, key: &str| -> Vec<String> {
            match falco.remove(key) {
                Some(Json::Array(names)) => names.iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect(),
                _ => Vec::new(),
            }
        };
        let unstable = names(falco, "_unstable");
        names(falco, "_order_dependent");
        let printed_otherwise = names(falco, "_release_differs");
        let thread = row.thread().unwrap();
        let shared = thread.map(|thread| {
            self.threads.entry(thread).or_insert_with(|| {
                fields
                    .common
                    .iter()
                    .map(|asked| if asked.is_of_thread { value(asked, row) } else { Json::Null })
                    .collect()
            })
        });
        let shared = shared.cloned();
        let info: Option<&'static EventInfo> = row.info();
        let params = info.map_or(&[][..], |info| info.params);
        let of_params = params.iter().filter_map(|param| fields.by_param.get(param.name)).flatten();
        let of_places = fields.by_place.iter().take(params.len());
        let asked = fields.common.iter().enumerate().map(|(at, asked)| (Some(at), asked));
        for (at, asked) in asked.chain(of_params.chain(of_places).map(|asked| (None, asked))) {
            let told = falco.remove(&asked.name);
            if unstable.contains(&asked.name) {
                continue;
            }
            self.report.values += 1;
            let own = match (at, &shared) {
                (Some(at), Some(shared)) if asked.is_of_thread => shared[at].clone(),
                _ => value(asked, row),
            };
            let told = told.unwrap_or(Json::Null);
            // A list that Falco makes of a hash table has no order of its own.
            let same_words = asked.name == "fd.types" && sorted(&own) == sorted(&told);
            // Of an event without data Falco prints NULL and behind it what its buffer held before, in the length of
            // what it printed last.
            let is_empty = asked.name == "evt.buffer" && own.as_str().is_none_or(str::is_empty);
            let is_left_over = |told: &str| told.starts_with("NULL") || "NULL".starts_with(told);
            let left_over = is_empty && told.as_str().is_some_and(is_left_over);
            if own == told
                || same_words
                || left_over
                || printed_otherwise.contains(&asked.name) && own == printable(&told)
            {
                continue;
            }
            self.note(&asked.name, &event, num, &told.to_string(), &own.to_string());
        }
        for (field, told) in std::mem::take(falco) {
            self.report.values += 1;
            self.note(&field, &event, num, &told.to_string(), "(not asked)");
        }
    }
}

fn sorted(value: &Json) -> Option<Vec<&str>> {
    let mut words: Vec<&str> = value.as_array()?.iter().filter_map(Json::as_str).collect();
    words.sort_unstable();
    Some(words)
}

fn shortened(text: &str) -> String {
    let limit = std::env::var("SYSREEL_GOLDEN_WIDTH").ok().and_then(|width| width.parse().ok()).unwrap_or(120);
    text.chars().take(limit).collect()
}

fn value(asked: &Asked, row: &EventRow<'_, '_>) -> Json {
    json(&value_of(&asked.expr, row, Purpose::Print).unwrap())
}

/// A value as the dump has it.
fn json(value: &FieldValue<'_>) -> Json {
    match value {
        FieldValue::Missing => Json::Null,
        FieldValue::Int(number) => Json::from(*number),
        FieldValue::UInt(number) => Json::from(*number),
        FieldValue::Double(number) => Json::from(*number),
        FieldValue::Bool(value) => Json::Bool(*value),
        FieldValue::Time(_, ts_ns) => Json::from(*ts_ns),
        FieldValue::Text(bytes) => Json::String(String::from_utf8_lossy(bytes).into_owned()),
        FieldValue::Hex(_) | FieldValue::Octal(_) | FieldValue::Ip(_) | FieldValue::Net(_) => {
            Json::String(value.to_text())
        }
        FieldValue::List(values) => Json::Array(values.iter().map(json).collect()),
    }
}

/// Text as the release prints it that the alerts were made with: U+FFFD for control characters.
fn printable(value: &Json) -> Json {
    match value {
        Json::String(text) => Json::String(
            text.chars().map(|char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char }).collect(),
        ),
        other => other.clone(),
    }
}
