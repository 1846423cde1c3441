//! The keys of rules and of their exceptions.

use super::ast::Priority;
use super::diagnostic::Code;
use super::item::{Entry, RawBody, RawException, RuleKeys};
use super::location::{ItemType, Mark};
use super::names;
use super::reader::{Keys, Reader};
use super::text::Text;
use super::yaml::{Node, Value};

const RULE_KEYS: &[&str] = &[
    "rule",
    "condition",
    "output",
    "desc",
    "priority",
    "tags",
    "source",
    "enabled",
    "warn_evttypes",
    "skip-if-unknown-filter",
    "exceptions",
    "append",
    "override",
    "capture",
    "capture_duration",
    "capture_events",
    "capture_filesize",
];
const APPENDABLE_KEYS: &[&str] = &["condition", "output", "desc", "tags", "exceptions"];
const REPLACEABLE_KEYS: &[&str] = &[
    "condition",
    "output",
    "desc",
    "priority",
    "tags",
    "exceptions",
    "enabled",
    "warn_evttypes",
    "skip-if-unknown-filter",
    "capture",
    "capture_duration",
    "capture_events",
    "capture_filesize",
];
/// Keys that limit what Falco records beside an alert (in milliseconds, events and kilobytes), and the most they can say.
const CAPTURE_LIMITS: &[(&str, u64)] =
    &[("capture_duration", 0xffff_ffff), ("capture_events", u64::MAX), ("capture_filesize", u64::MAX)];

impl<'i> Reader<'_, '_, 'i> {
    pub(super) fn read_rule(&mut self, keys: &Keys<'_, 'i>, _: &str) -> Option<RawBody<'i>> {
        self.report_unknown_keys(keys, RULE_KEYS);
        let append = self.append_flag(keys, "condition");
        let overrides = self.overrides(keys, APPENDABLE_KEYS, REPLACEABLE_KEYS);
        if append
            && overrides.is_some()
            && let Some(node) = keys.get("override")
        {
            self.report(Code::InvalidOverride, &node.span, "`append` and `override` exclude each other", None);
        }
        if let Some((append, replace)) = overrides {
            self.report_keys_beside_override(keys, &append, &replace);
            let append = self.rule_keys(keys, true, |key| append.iter().any(|wanted| wanted == key));
            let replace = self.rule_keys(keys, false, |key| replace.iter().any(|wanted| wanted == key));
            Some(RawBody::RuleUpdate { append: Box::new(append), replace: Box::new(replace) })
        } else if append {
            let append = self.rule_keys(keys, true, |key| matches!(key, "condition" | "exceptions"));
            Some(RawBody::RuleAppend(Box::new(append)))
        } else if !["condition", "output", "desc", "priority"].iter().any(|key| keys.has(key)) {
            self.read_enabled_only(keys)
        } else {
            for key in ["condition", "output", "desc", "priority"] {
                if !keys.has(key) {
                    self.report(Code::MissingKey, &keys.span, format!("this rule has no `{key}`"), None);
                }
            }
            Some(RawBody::Rule(Box::new(self.rule_keys(keys, false, |_| true))))
        }
    }

    fn read_enabled_only(&mut self, keys: &Keys<'_, 'i>) -> Option<RawBody<'i>> {
        let Some(node) = keys.get("enabled") else {
            let message = "this rule has no `condition`, `output`, `desc` and `priority`";
            let help = "to switch an earlier rule off or on, give `enabled`".to_owned();
            self.report(Code::MissingKey, &keys.span, message, Some(help));
            return None;
        };
        let help = "write `override: {enabled: replace}` too".to_owned();
        self.report(Code::Deprecated, &node.span, "`enabled` without `override` is deprecated", Some(help));
        self.boolean(keys, "enabled").map(RawBody::RuleEnabled)
    }

    fn report_keys_beside_override(&mut self, keys: &Keys<'_, 'i>, append: &[String], replace: &[String]) {
        for (key, value) in keys.pairs {
            let Some(name) = key.as_scalar() else { continue };
            let overridden = append.iter().chain(replace).any(|wanted| *wanted == *name.text);
            if REPLACEABLE_KEYS.contains(&&*name.text) && !overridden {
                let message = format!("`override` does not say what to do with `{}`", name.text);
                let help = format!("add `{}: replace` below `override`", name.text);
                self.inside(ItemType::Overrides, &name.text, &value.span, |reader| {
                    reader.report(Code::InvalidOverride, &key.span, message, Some(help));
                });
            }
        }
    }

    fn rule_keys(&mut self, keys: &Keys<'_, 'i>, is_update: bool, wanted: impl Fn(&str) -> bool) -> RuleKeys<'i> {
        let mut rule = RuleKeys::default();
        if wanted("condition") && keys.has("condition") {
            rule.condition = self.text(keys, "condition");
        }
        if wanted("output") && keys.has("output") {
            rule.output = self.text(keys, "output");
        }
        if wanted("desc") {
            rule.desc = self.string(keys, "desc");
        }
        if wanted("priority") {
            rule.priority = self.optional(keys, "priority", |reader, node| reader.priority(node));
        }
        if wanted("tags") {
            rule.tags = self.optional(keys, "tags", |reader, node| {
                let texts = reader.texts(node, "tags")?;
                Some(texts.iter().map(|text| text.value().to_owned()).collect())
            });
        }
        if wanted("source") {
            rule.source = self.string(keys, "source");
        }
        if wanted("enabled") {
            rule.enabled = self.boolean(keys, "enabled");
        }
        if wanted("warn_evttypes") {
            rule.warn_evttypes = self.boolean(keys, "warn_evttypes");
        }
        if wanted("skip-if-unknown-filter") {
            rule.skip_if_unknown_filter = self.boolean(keys, "skip-if-unknown-filter");
        }
        // What Falco records beside an alert: nothing is recorded during a replay, so these are only checked.
        if wanted("capture") {
            self.boolean(keys, "capture");
        }
        for (key, most) in CAPTURE_LIMITS {
            if wanted(key) {
                self.number(keys, key, *most);
            }
        }
        if wanted("exceptions") {
            rule.exceptions = self.optional(keys, "exceptions", |reader, node| reader.exceptions(node, is_update));
        }
        rule
    }

    fn priority(&mut self, node: &Node<'i>) -> Option<Priority> {
        let text = self.scalar_text(node, "priority")?;
        let priority = Priority::parse(text.value());
        if priority.is_none() {
            let near = names::nearest(text.value(), Priority::ALL.iter().map(|priority| priority.name()));
            let help = near.map_or_else(
                || format!("one of {}", Priority::ALL.map(Priority::name).join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("there is no priority `{}`", text.value());
            self.inside(ItemType::RulePriority, "", &node.span, |reader| {
                reader.report(Code::InvalidValue, &node.span, message, Some(help));
            });
        }
        priority
    }

    fn exceptions(&mut self, node: &Node<'i>, is_append: bool) -> Option<Vec<RawException<'i>>> {
        if node.is_null() {
            return Some(Vec::new());
        }
        let Value::Sequence(nodes) = &node.value else {
            self.inside(ItemType::Exceptions, "", &node.span, |reader| {
                reader.report(Code::InvalidValue, &node.span, "`exceptions` is a list", None);
            });
            return None;
        };
        let mut exceptions: Vec<RawException<'i>> = Vec::new();
        for entry in nodes {
            let read = self.inside(ItemType::Exceptions, "", &node.span, |reader| {
                reader.inside(ItemType::Exception, "", &entry.span, |reader| reader.exception_name(entry))
            });
            let Some((keys, name)) = read else { continue };
            let is_known = exceptions.iter().any(|earlier| earlier.name == name.value());
            let exception = self.inside(ItemType::Exception, name.value(), &entry.span, |reader| {
                reader.report_unknown_keys(&keys, &["name", "fields", "comps", "values"]);
                if is_known {
                    let message = format!("this rule has an exception `{}` already", name.value());
                    reader.report(Code::ExceptionNameNotUnique, &name.place().span, message, None);
                }
                reader.exception(&keys, &name, is_append)
            });
            exceptions.push(exception);
        }
        Some(exceptions)
    }

    fn exception_name<'k>(&mut self, entry: &'k Node<'i>) -> Option<(Keys<'k, 'i>, Text<'i>)> {
        let Value::Mapping(pairs) = &entry.value else {
            self.report(Code::InvalidValue, &entry.span, "an exception is a mapping with a `name`", None);
            return None;
        };
        let first_key = pairs.first().map_or(entry.span.clone(), |(key, _)| key.span.clone());
        let keys = Keys { word: "exception", span: first_key, whole: entry.span.clone(), pairs };
        let name = self.text(&keys, "name")?;
        Some((keys, name))
    }

    fn exception(&mut self, keys: &Keys<'_, 'i>, name: &Text<'i>, is_append: bool) -> RawException<'i> {
        let place = name.place();
        let fields = self.optional(keys, "fields", |reader, node| reader.entry(node, "fields"));
        let comps = self.optional(keys, "comps", |reader, node| reader.entry(node, "comps"));
        let mut values = Vec::new();
        match keys.get("values") {
            Some(Node { value: Value::Sequence(nodes), span }) => {
                self.inside(ItemType::ExceptionValues, "", span, |reader| {
                    for node in nodes {
                        let value = reader
                            .inside(ItemType::ExceptionValue, "", &node.span, |reader| reader.entry(node, "values"));
                        values.extend(value);
                    }
                });
            }
            Some(node) => self.inside(ItemType::ExceptionValues, "", &node.span, |reader| {
                let help = Some("leave the key out where there are none".to_owned());
                reader.report(Code::InvalidValue, &reader.visible_span(node), "`values` is a list", help);
            }),
            None if is_append => {
                let message = format!("exception `{}` is appended without values", name.value());
                self.report(Code::AppendNoValues, &place.span, message, None);
            }
            None => {}
        }
        let mark = Mark::new(ItemType::Exception, name.value(), self.place(&keys.whole));
        RawException { name: name.value().to_owned(), place, mark, fields, comps, values }
    }

    fn entry(&mut self, node: &Node<'i>, key: &str) -> Option<Entry<'i>> {
        match &node.value {
            Value::Scalar(_) => self.scalar_text(node, key).map(Entry::One),
            Value::Sequence(nodes) => {
                let entries = nodes.iter().filter_map(|node| self.entry(node, key)).collect();
                Some(Entry::Many(entries, self.place(&node.span)))
            }
            Value::Mapping(_) => {
                self.report_value(key, node, format!("`{key}` holds texts and lists of them"), None);
                None
            }
        }
    }
}
