//! What there is to know of rules without running them, in the shape in which Falco describes its rules.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde::Serialize;

use super::ast::{Op, TemplatePart};
use super::collection::{Collection, ListDef, MacroDef, RuleDef};
use super::file::RuleFile;
use super::item::{Entry, RawException};
use super::lists::Lists;
use super::location::ItemMark;
use super::problems::Problems;
use super::requirements::RequiredPlugin;
use super::resolved::{Facts, Resolved, Resolver, event_names};
use super::scope::Scope;
use super::syntax::takes_list;
use super::template::read_template;
use crate::format::schema::{EVENTS, syscalls::SYSCALL_CODES};
use crate::replay::fields::Source;

/// All items of rule files.
#[derive(Debug, Default, Serialize)]
pub struct Description {
    /// The newest engine version that a file requires.
    pub required_engine_version: String,
    /// Plugins that the files require.
    pub required_plugin_versions: Vec<PluginRequirement>,
    /// In load order.
    pub rules: Vec<RuleDescription>,
    /// In load order.
    pub macros: Vec<MacroDescription>,
    /// In load order.
    pub lists: Vec<ListDescription>,
}

/// A plugin that rules need, or one of the alternatives.
#[derive(Debug, Serialize)]
pub struct PluginRequirement {
    /// Name.
    pub name: String,
    /// The oldest version that will do.
    pub version: String,
    /// What will do as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alternatives: Option<Vec<PluginRequirement>>,
}

/// A rule.
#[derive(Debug, Serialize)]
pub struct RuleDescription {
    /// As it was written.
    pub info: RuleInfo,
    /// What follows from that.
    pub details: RuleDetails,
    /// The condition with everything in place; `None` where it cannot be parsed.
    #[serde(skip)]
    pub condition: Option<Resolved>,
    /// File and line of the last definition.
    #[serde(skip)]
    pub defined_in: String,
}

/// A rule as it was written, after redefinition, `append` and `override`.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the keys of a rule")]
pub struct RuleInfo {
    pub name: String,
    pub condition: String,
    pub description: String,
    pub output: String,
    pub priority: String,
    pub source: String,
    pub enabled: bool,
    pub tags: BTreeSet<String>,
}

/// What follows from a rule.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleDetails {
    /// Macros that the condition names.
    pub macros: BTreeSet<String>,
    /// Lists that the condition names.
    pub lists: BTreeSet<String>,
    /// Operators of the condition with everything in place.
    pub condition_operators: BTreeSet<String>,
    /// Fields of the condition with everything in place.
    pub condition_fields: BTreeSet<String>,
    /// The condition with macros, lists and exceptions in place.
    pub condition_compiled: String,
    /// Fields of the output.
    pub output_fields: BTreeSet<String>,
    /// The output without what stands for nothing.
    pub output_compiled: String,
    /// Names of the exceptions.
    pub exception_names: BTreeSet<String>,
    /// Fields of the exceptions that have values.
    pub exception_fields: BTreeSet<String>,
    /// Operators of the exceptions.
    pub exception_operators: BTreeSet<String>,
    /// Names of events that can match.
    pub events: BTreeSet<String>,
    /// Plugins of Falco whose events or fields it needs.
    pub plugins: BTreeSet<String>,
}

/// A macro.
#[derive(Debug, Serialize)]
pub struct MacroDescription {
    /// As it was written.
    pub info: MacroInfo,
    /// What follows from that.
    pub details: MacroDetails,
}

/// A macro as it was written.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the keys of a macro")]
pub struct MacroInfo {
    pub name: String,
    pub condition: String,
}

/// What follows from a macro; the members are those of a rule.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "those of a rule")]
pub struct MacroDetails {
    pub used: bool,
    pub macros: BTreeSet<String>,
    pub lists: BTreeSet<String>,
    pub condition_operators: BTreeSet<String>,
    pub condition_fields: BTreeSet<String>,
    pub condition_compiled: String,
    pub events: BTreeSet<String>,
    pub plugins: BTreeSet<String>,
}

/// A list.
#[derive(Debug, Serialize)]
pub struct ListDescription {
    /// As it was written, without the lists in it.
    pub info: ListInfo,
    /// What follows from that.
    pub details: ListDetails,
}

/// A list as it was written.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the keys of a list")]
pub struct ListInfo {
    pub name: String,
    pub items: Vec<String>,
}

/// What follows from a list.
#[derive(Debug, Serialize)]
pub struct ListDetails {
    /// Whether anything uses it.
    pub used: bool,
    /// Lists that it names.
    pub lists: BTreeSet<String>,
    /// Its items with those lists in place.
    pub items_compiled: Vec<String>,
    /// Always empty, as in Falco.
    pub plugins: BTreeSet<String>,
}

/// Describes everything that was read.
pub(super) fn describe(
    collection: &Collection<'_>,
    scope: &Scope<'_, '_, '_>,
    problems: &RefCell<Problems<'_>>,
    files: &[RuleFile],
) -> Description {
    let lists = Lists::new(collection);
    let resolver = Resolver::new(collection, &lists, problems);
    let unused_macros: BTreeSet<&str> = scope.unused_macros().map(|unused| unused.name.as_str()).collect();
    let unused_lists: BTreeSet<&str> = scope.lists.unused().map(|unused| unused.name.as_str()).collect();
    let requirements = &collection.requirements;
    Description {
        required_engine_version: requirements.engine.to_string(),
        required_plugin_versions: requirements.plugins.iter().filter_map(|plugin| plugin_requirement(plugin)).collect(),
        rules: collection.rules.iter().map(|rule| describe_rule(rule, &resolver, files)).collect(),
        macros: collection
            .macros
            .iter()
            .map(|def| describe_macro(def, &resolver, !unused_macros.contains(def.name.as_str())))
            .collect(),
        lists: collection
            .lists
            .iter()
            .enumerate()
            .map(|(at, list)| describe_list(at, list, &lists, !unused_lists.contains(list.name.as_str())))
            .collect(),
    }
}

fn plugin_requirement(plugins: &[RequiredPlugin]) -> Option<PluginRequirement> {
    let (first, rest) = plugins.split_first()?;
    let requirement = |plugin: &RequiredPlugin, alternatives| PluginRequirement {
        name: plugin.name.clone(),
        version: plugin.version.clone(),
        alternatives,
    };
    Some(requirement(first, Some(rest.iter().map(|plugin| requirement(plugin, None)).collect())))
}

fn describe_rule(rule: &RuleDef<'_>, resolver: &Resolver<'_, '_, '_>, files: &[RuleFile]) -> RuleDescription {
    let condition = rule.condition.as_ref().map_or("", |text| text.value());
    let output = rule.output.as_ref().map_or("", |text| text.value()).trim();
    let named = resolver.resolve(condition, usize::MAX).map(|(_, facts)| facts).unwrap_or_default();
    let compiled = resolver.resolve(&with_exceptions(condition, &rule.exceptions), usize::MAX);
    let (resolved, facts) = match compiled {
        Some((resolved, facts)) => (Some(resolved), facts),
        None => (None, Facts::default()),
    };
    let (template, _) = read_template(output, Source::by_name(&rule.source));
    let output_fields: BTreeSet<String> = template
        .parts
        .iter()
        .flat_map(|part| match part {
            TemplatePart::Field { expr, source, .. } if expr.plain_field().is_some() => vec![source.clone()],
            TemplatePart::Field { expr, source, .. } => {
                expr.fields().into_iter().map(ToString::to_string).chain([source.clone()]).collect()
            }
            TemplatePart::Text(_) => Vec::new(),
        })
        .collect();
    let with_values = || rule.exceptions.iter().filter(|exception| !exception.values.is_empty());
    let plugins = plugins_of(&rule.source, facts.fields.iter().chain(&output_fields));
    let details = RuleDetails {
        macros: named.macros,
        lists: named.lists,
        condition_operators: facts.operators,
        condition_fields: facts.fields,
        condition_compiled: resolved.as_ref().map_or_else(String::new, ToString::to_string),
        output_compiled: output.replace("%container.info", ""),
        output_fields,
        exception_names: rule.exceptions.iter().map(|exception| exception.name.clone()).collect(),
        exception_fields: with_values().flat_map(|exception| texts_of(exception.fields.as_ref())).collect(),
        exception_operators: rule.exceptions.iter().flat_map(operators_of).collect(),
        events: events_of(&rule.source, resolved.as_ref()),
        plugins,
    };
    let info = RuleInfo {
        name: rule.name.clone(),
        condition: condition.to_owned(),
        description: rule.desc.clone(),
        output: output.to_owned(),
        priority: rule.priority.name().to_owned(),
        source: rule.source.clone(),
        enabled: rule.enabled,
        tags: rule.tags.clone(),
    };
    RuleDescription { info, details, condition: resolved, defined_in: place_of(&rule.mark, files) }
}

fn describe_macro(def: &MacroDef<'_>, resolver: &Resolver<'_, '_, '_>, used: bool) -> MacroDescription {
    let condition = def.condition.value();
    let (resolved, facts) = match resolver.resolve(condition, def.age.last) {
        Some((resolved, facts)) => (Some(resolved), facts),
        None => (None, Facts::default()),
    };
    MacroDescription {
        info: MacroInfo { name: def.name.clone(), condition: condition.to_owned() },
        details: MacroDetails {
            used,
            macros: facts.macros,
            lists: facts.lists,
            condition_operators: facts.operators,
            condition_fields: facts.fields,
            condition_compiled: resolved.as_ref().map_or_else(String::new, ToString::to_string),
            events: events_of(Source::Syscall.name(), resolved.as_ref()),
            // Which plugin's field it is follows from the rule's source.
            plugins: BTreeSet::new(),
        },
    }
}

fn describe_list(at: usize, list: &ListDef<'_>, lists: &Lists<'_>, used: bool) -> ListDescription {
    let items_compiled: Vec<String> = lists.items(at).map(|item| item.value().to_owned()).collect();
    let known: BTreeSet<&str> = items_compiled.iter().map(String::as_str).collect();
    // What is not among the items any more was a list.
    let (items, named): (Vec<&str>, Vec<&str>) =
        list.items.iter().map(|item| item.value()).partition(|item| known.contains(item));
    ListDescription {
        info: ListInfo { name: list.name.clone(), items: items.into_iter().map(str::to_owned).collect() },
        details: ListDetails {
            used,
            lists: named.into_iter().map(str::to_owned).collect(),
            items_compiled,
            plugins: BTreeSet::new(),
        },
    }
}

fn place_of(mark: &ItemMark, files: &[RuleFile]) -> String {
    let place = &mark.mark.place;
    let Some(file) = files.get(place.file) else { return String::new() };
    let line = file.text.get(..place.span.start).unwrap_or("").matches('\n').count() + 1;
    format!("{}:{line}", file.name)
}

/// A condition with the exceptions that have values, as one text: each is `and not`.
fn with_exceptions(condition: &str, exceptions: &[RawException<'_>]) -> String {
    if exceptions.is_empty() {
        return condition.to_owned();
    }
    let mut text = format!("({condition})");
    for exception in exceptions {
        let excepted = match &exception.fields {
            Some(Entry::One(field)) => {
                let op = texts_of(exception.comps.as_ref()).into_iter().next().unwrap_or_else(|| "in".to_owned());
                let values: Vec<String> = exception.values.iter().flat_map(|value| texts_of(Some(value))).collect();
                let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
                (!values.is_empty()).then(|| format!("{} {op} ({})", field.value(), values.join(", ")))
            }
            Some(Entry::Many(fields, _)) => {
                let tuples: Vec<String> =
                    exception.values.iter().map(|value| tuple_text(exception, fields, value)).collect();
                (!tuples.is_empty()).then(|| tuples.join(" or "))
            }
            None => None,
        };
        if let Some(excepted) = excepted {
            // Writing to a String cannot fail.
            let _ = write!(text, " and not ({excepted})");
        }
    }
    text
}

/// One value of an exception of several fields.
fn tuple_text(exception: &RawException<'_>, fields: &[Entry<'_>], value: &Entry<'_>) -> String {
    let ops = texts_of(exception.comps.as_ref());
    let parts = match value {
        Entry::Many(parts, _) => parts.as_slice(),
        Entry::One(_) => std::slice::from_ref(value),
    };
    let comparisons: Vec<String> = fields
        .iter()
        .zip(parts)
        .enumerate()
        .map(|(at, (field, part))| {
            let op = ops.get(at).map_or("=", String::as_str);
            let field = texts_of(Some(field)).concat();
            let takes_list = super::parser::parse_comparison_name(op)
                .is_some_and(|(op, modifier)| takes_list(op) || modifier.is_some());
            let right = match part {
                Entry::Many(..) => {
                    let values: Vec<String> = texts_of(Some(part)).iter().map(|value| quoted(value)).collect();
                    format!("({})", values.join(", "))
                }
                Entry::One(text) if takes_list && !text.value().starts_with('(') => format!("({})", text.value()),
                Entry::One(text) if takes_list => text.value().to_owned(),
                Entry::One(text) => quoted(text.value()),
            };
            format!("{field} {op} {right}")
        })
        .collect();
    format!("({})", comparisons.join(" and "))
}

/// A value with blanks in it is one value.
fn quoted(value: &str) -> String {
    if value.contains(' ') && !value.starts_with(['"', '\'']) { format!("\"{value}\"") } else { value.to_owned() }
}

/// The texts of an entry, from left to right.
fn texts_of(entry: Option<&Entry<'_>>) -> Vec<String> {
    match entry {
        None => Vec::new(),
        Some(Entry::One(text)) => vec![text.value().to_owned()],
        Some(Entry::Many(entries, _)) => entries.iter().flat_map(|entry| texts_of(Some(entry))).collect(),
    }
}

fn operators_of(exception: &RawException<'_>) -> Vec<String> {
    match (&exception.comps, &exception.fields) {
        (Some(comps), _) => texts_of(Some(comps)),
        (None, Some(Entry::Many(..))) => vec!["=".to_owned()],
        (None, Some(Entry::One(_))) => vec!["in".to_owned()],
        (None, None) => Vec::new(),
    }
}

/// The plugins of Falco that provide the source or a field.
fn plugins_of<'t>(source: &str, fields: impl Iterator<Item = &'t String>) -> BTreeSet<String> {
    let mut plugins = BTreeSet::new();
    if source == Source::K8sAudit.name() {
        plugins.insert("k8saudit".to_owned());
    }
    for field in fields {
        if field.starts_with("ka.") {
            plugins.insert("k8saudit".to_owned());
        } else if field.starts_with("json.") || field.starts_with("jevt.") {
            plugins.insert("json".to_owned());
        }
    }
    plugins
}

/// The names of all events of system calls, each with its position.
static NAMES: LazyLock<(Vec<&'static str>, FxHashMap<&'static str, usize>)> = LazyLock::new(|| {
    let calls = SYSCALL_CODES.iter().map(|(name, _)| *name);
    let names: BTreeSet<&'static str> = EVENTS.iter().map(|event| event.name).chain(calls).collect();
    let names: Vec<&'static str> = names.into_iter().collect();
    let index = names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
    (names, index)
});

/// Names of events that a condition can be true for, as far as its comparisons of `evt.type` say.
fn events_of(source: &str, condition: Option<&Resolved>) -> BTreeSet<String> {
    if source != Source::Syscall.name() {
        return ["asyncevent", "pluginevent"].map(str::to_owned).into();
    }
    let Some(condition) = condition else { return BTreeSet::new() };
    let set = name_set(condition, false);
    let is_in = |at: usize| set.as_ref().is_none_or(|set| set.get(at).copied().unwrap_or(false));
    let names = NAMES.0.iter().enumerate().filter(|(at, _)| is_in(*at)).map(|(_, name)| (*name).to_owned());
    names.chain(["asyncevent".to_owned()]).collect()
}

/// The names that are in, by their positions; `None` for all of them.
fn name_set(condition: &Resolved, negated: bool) -> Option<Vec<bool>> {
    let (parts, is_and) = match condition {
        Resolved::And(parts) => (parts, !negated),
        Resolved::Or(parts) => (parts, negated),
        Resolved::Not(part) => return name_set(part, !negated),
        Resolved::Name(_) => return None,
        Resolved::Test(test) => {
            let (op, values) = event_names(test)?;
            let keeps = (op == Op::In) != negated;
            let mut set = vec![!keeps; NAMES.0.len()];
            for at in values.iter().filter_map(|name| NAMES.1.get(name)) {
                if let Some(slot) = set.get_mut(*at) {
                    *slot = keeps;
                }
            }
            return Some(set);
        }
    };
    let mut sets = parts.iter().map(|part| name_set(part, negated));
    if is_and {
        sets.flatten().reduce(|all, set| all.iter().zip(set).map(|(is_in, other)| *is_in && other).collect())
    } else {
        sets.try_fold(vec![false; NAMES.0.len()], |all, set| {
            Some(all.iter().zip(set?).map(|(is_in, other)| *is_in || other).collect())
        })
    }
}

impl Description {
    /// The rule of this name.
    ///
    /// # Errors
    /// The nearest name, if one is near.
    pub fn rule(&self, name: &str) -> Result<&RuleDescription, Option<&str>> {
        let found = self.rules.iter().find(|rule| rule.info.name == name);
        found.ok_or_else(|| super::names::nearest(name, self.rules.iter().map(|rule| rule.info.name.as_str())))
    }
}
