//! YAML trees -> [`RawItem`]s. Every key is looked at, so that all problems of an item are found at once.

use rustc_hash::FxHashSet;

use super::ast::Priority;
use super::diagnostic::Code;
use super::item::{Entry, RawBody, RawException, RawItem, RuleKeys};
use super::names;
use super::problems::{Problem, Problems};
use super::text::{FileIndex, Place, Text};
use super::yaml::{Node, Value, parse_documents};

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
];

/// Reads the items of a file.
pub(super) fn read_items<'i>(text: &'i str, file: FileIndex, problems: &mut Problems<'_>) -> Vec<RawItem<'i>> {
    let (documents, error) = parse_documents(text);
    let mut reader = Reader { file, problems, items: Vec::new() };
    for document in documents {
        reader.read_document(document);
    }
    if let Some(error) = error {
        let help = error.open_bracket.map(|at| {
            let line = text.get(..at).unwrap_or("").lines().count().max(1);
            format!("the bracket that is open here stands in line {line}")
        });
        reader.report(Code::YamlError, &error.span, format!("this is not YAML: {}", error.message), help);
    }
    reader.items
}

pub(super) struct Reader<'p, 'f, 'i> {
    file: FileIndex,
    problems: &'p mut Problems<'f>,
    items: Vec<RawItem<'i>>,
}

/// An item's mapping. `word` is what sort of item it is and `span` its key, for messages.
pub(super) struct Keys<'k, 'i> {
    pub(super) word: &'static str,
    pub(super) span: std::ops::Range<usize>,
    pub(super) pairs: &'k [(Node<'i>, Node<'i>)],
}

impl<'k, 'i> Keys<'k, 'i> {
    pub(super) fn get(&self, key: &str) -> Option<&'k Node<'i>> {
        self.pairs.iter().find(|(name, _)| name.as_scalar().is_some_and(|name| name.text == key)).map(|(_, node)| node)
    }

    fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }
}

impl<'i> Reader<'_, '_, 'i> {
    fn place(&self, span: &std::ops::Range<usize>) -> Place {
        Place { file: self.file, span: span.clone() }
    }

    pub(super) fn report(
        &mut self,
        code: Code,
        span: &std::ops::Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let place = self.place(span);
        self.problems.push(Problem { place, code, message: message.into(), help });
    }

    fn read_document(&mut self, document: Node<'i>) {
        if document.is_null() {
            return;
        }
        let span = match document.value {
            Value::Sequence(nodes) => return nodes.iter().for_each(|node| self.read_item(node)),
            Value::Mapping(pairs) => pairs.first().map_or(document.span, |(key, _)| key.span.clone()),
            Value::Scalar(_) => document.span,
        };
        let help = "start each rule, macro or list with `- `".to_owned();
        self.report(Code::NotAList, &span, "a rule file is a list of items", Some(help));
    }

    fn read_item(&mut self, node: &Node<'i>) {
        if node.is_null() {
            return;
        }
        let Value::Mapping(pairs) = &node.value else {
            let message = "an item is a mapping of keys to values, such as `rule: NAME`";
            self.report(Code::NotAnItem, &node.span, message, None);
            return;
        };
        self.report_duplicate_keys(pairs);
        let keys = Keys { word: "item", span: node.span.clone(), pairs };
        // The order in which the engine looks for them.
        if let Some(version) = keys.get("required_engine_version") {
            self.check_engine_version(version);
        } else if let Some(versions) = keys.get("required_plugin_versions") {
            self.check_plugin_versions(versions);
        } else if keys.has("list") {
            self.read_list(&Keys { word: "list", ..keys });
        } else if keys.has("macro") {
            self.read_macro(&Keys { word: "macro", ..keys });
        } else if keys.has("rule") {
            self.read_rule(&Keys { word: "rule", ..keys });
        } else {
            let kinds = ["rule", "macro", "list", "required_engine_version", "required_plugin_versions"];
            let near = pairs.iter().find_map(|(key, _)| names::nearest(&key.as_scalar()?.text, kinds.into_iter()));
            let help = near.map_or_else(
                || "an item is a `rule`, a `macro` or a `list`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            let span = pairs.first().map_or(&node.span, |(key, _)| &key.span);
            self.report(Code::UnknownItem, span, "this is no item that a rule file can have", Some(help));
        }
    }

    fn report_duplicate_keys(&mut self, pairs: &[(Node<'i>, Node<'i>)]) {
        let mut seen = FxHashSet::default();
        for (key, _) in pairs {
            let Some(name) = key.as_scalar() else { continue };
            if !seen.insert(&*name.text) {
                let message = format!("the key `{}` is there twice; the first one counts", name.text);
                self.report(Code::DuplicateKey, &key.span, message, None);
            }
        }
    }

    fn report_unknown_keys(&mut self, keys: &Keys<'_, 'i>, known: &[&'static str]) {
        for (key, _) in keys.pairs {
            let Some(name) = key.as_scalar() else {
                self.report(Code::UnknownKey, &key.span, "a key is a word", None);
                continue;
            };
            if !known.contains(&&*name.text) {
                let near = names::nearest(&name.text, known.iter().copied());
                let help = near.map(|near| format!("did you mean `{near}`?"));
                self.report(Code::UnknownKey, &key.span, format!("a {} has no key `{}`", keys.word, name.text), help);
            }
        }
    }

    /// A scalar that is there and not empty; the problem is reported.
    pub(super) fn text(&mut self, keys: &Keys<'_, 'i>, key: &str) -> Option<Text<'i>> {
        let Some(node) = keys.get(key) else {
            let message = format!("this {} has no `{key}`", keys.word);
            self.report(Code::MissingKey, &keys.span, message, None);
            return None;
        };
        self.scalar_text(node, key)
    }

    pub(super) fn scalar_text(&mut self, node: &Node<'i>, key: &str) -> Option<Text<'i>> {
        let Some(scalar) = node.as_scalar() else {
            self.report(Code::InvalidValue, &node.span, format!("`{key}` is a text, not a collection"), None);
            return None;
        };
        if node.is_null() || scalar.text.is_empty() {
            let span = if node.span.is_empty() { self.visible_span(node) } else { node.span.clone() };
            self.report(Code::EmptyValue, &span, format!("`{key}` has no value"), None);
            return None;
        }
        Some(Text::new(scalar.clone(), self.place(&node.span)))
    }

    /// An empty node's place; there is nothing to point at but the place itself.
    fn visible_span(&self, node: &Node<'i>) -> std::ops::Range<usize> {
        node.span.start.saturating_sub(1)..node.span.start
    }

    fn optional<T>(
        &mut self,
        keys: &Keys<'_, 'i>,
        key: &str,
        read: impl FnOnce(&mut Self, &Node<'i>) -> Option<T>,
    ) -> Option<T> {
        let node = keys.get(key)?;
        read(self, node)
    }

    fn boolean(&mut self, keys: &Keys<'_, 'i>, key: &str) -> Option<bool> {
        self.optional(keys, key, |reader, node| {
            let text = reader.scalar_text(node, key)?;
            match text.value().to_ascii_lowercase().as_str() {
                "true" | "yes" | "y" | "on" => Some(true),
                "false" | "no" | "n" | "off" => Some(false),
                _ => {
                    let message = format!("`{key}` is `true` or `false`, not `{}`", text.value());
                    reader.report(Code::InvalidValue, &node.span, message, None);
                    None
                }
            }
        })
    }

    fn string(&mut self, keys: &Keys<'_, 'i>, key: &str) -> Option<String> {
        self.optional(keys, key, |reader, node| reader.scalar_text(node, key).map(|text| text.value().to_owned()))
    }

    /// The texts of a sequence of scalars.
    fn texts(&mut self, node: &Node<'i>, key: &str) -> Option<Vec<Text<'i>>> {
        let Value::Sequence(nodes) = &node.value else {
            let span = if node.span.is_empty() { self.visible_span(node) } else { node.span.clone() };
            let help = format!("write `{key}: [a, b]`");
            self.report(Code::InvalidValue, &span, format!("`{key}` is a list"), Some(help));
            return None;
        };
        let mut texts = Vec::with_capacity(nodes.len());
        for node in nodes {
            match node.as_scalar() {
                Some(scalar) => texts.push(Text::new(scalar.clone(), self.place(&node.span))),
                None => {
                    self.report(Code::InvalidValue, &node.span, format!("a value of `{key}` is a text"), None);
                }
            }
        }
        Some(texts)
    }

    /// `append: true`, with the hint at what replaced it.
    fn append_flag(&mut self, keys: &Keys<'_, 'i>, overridden: &'static str) -> bool {
        let append = self.boolean(keys, "append").unwrap_or(false);
        if append && let Some(node) = keys.get("append") {
            let help = format!("write `override: {{{overridden}: append}}`");
            self.report(Code::Deprecated, &node.span, "`append` is deprecated", Some(help));
        }
        append
    }

    /// The keys below `override`: those to append, and those to replace.
    fn overrides(
        &mut self,
        keys: &Keys<'_, 'i>,
        appendable: &[&'static str],
        replaceable: &[&'static str],
    ) -> Option<(Vec<String>, Vec<String>)> {
        let node = keys.get("override")?;
        let Value::Mapping(pairs) = &node.value else {
            let help = "write `override: {condition: append}`".to_owned();
            self.report(Code::InvalidOverride, &node.span, "`override` is a mapping of keys", Some(help));
            return None;
        };
        let (mut append, mut replace) = (Vec::new(), Vec::new());
        for (key, operation) in pairs {
            let (Some(name), Some(word)) = (key.as_scalar(), operation.as_scalar()) else {
                self.report(Code::InvalidOverride, &key.span, "`override` maps a key to a word", None);
                continue;
            };
            let can_append = appendable.contains(&&*name.text);
            let can_replace = replaceable.contains(&&*name.text);
            match &*word.text {
                "append" | "replace" if !can_append && !can_replace => {
                    let near = names::nearest(&name.text, replaceable.iter().copied());
                    let help = near.map(|near| format!("did you mean `{near}`?"));
                    let message = format!("the key `{}` of a {} cannot be overridden", name.text, keys.word);
                    self.report(Code::InvalidOverride, &key.span, message, help);
                }
                "append" if !can_append => {
                    let message = format!("`{}` cannot be appended to", name.text);
                    let help = Some("write `replace`".to_owned());
                    self.report(Code::InvalidOverride, &operation.span, message, help);
                }
                "append" => append.push(name.text.to_string()),
                "replace" => replace.push(name.text.to_string()),
                other => {
                    let message = format!("`{other}` is no way to override a key");
                    let help = Some("write `append` or `replace`".to_owned());
                    self.report(Code::InvalidOverride, &operation.span, message, help);
                    continue;
                }
            }
            if !keys.has(&name.text) {
                let message = format!("`{}` is overridden, but this {} does not give it", name.text, keys.word);
                self.report(Code::InvalidOverride, &key.span, message, None);
            }
        }
        Some((append, replace))
    }

    /// `append` or `override` of a list or macro, whose only content is `key`.
    fn appends(&mut self, keys: &Keys<'_, 'i>, key: &'static str) -> bool {
        let flag = self.append_flag(keys, key);
        let Some((append, _)) = self.overrides(keys, &[key], &[key]) else { return flag };
        if flag && let Some(node) = keys.get("override") {
            self.report(Code::InvalidOverride, &node.span, "`append` and `override` exclude each other", None);
        }
        flag || !append.is_empty()
    }

    fn name(&mut self, keys: &Keys<'_, 'i>) -> Option<(String, Place)> {
        let text = self.text(keys, keys.word)?;
        Some((text.value().to_owned(), text.place()))
    }

    fn read_list(&mut self, keys: &Keys<'_, 'i>) {
        self.report_unknown_keys(keys, &["list", "items", "append", "override"]);
        let named = self.name(keys);
        let keys = Keys { span: named.as_ref().map_or(keys.span.clone(), |(_, place)| place.span.clone()), ..*keys };
        if let Some((name, place)) = &named
            && !name.chars().all(super::syntax::is_bare_letter)
        {
            let help = "leave out blanks, quotes, commas, `=` and parentheses".to_owned();
            let message = format!("no condition could refer to a list named `{name}`");
            self.report(Code::InvalidName, &place.span, message, Some(help));
        }
        let items = match keys.get("items") {
            Some(node) => self.texts(node, "items"),
            None => {
                self.report(Code::MissingKey, &keys.span, "this list has no `items`", None);
                None
            }
        };
        let append = self.appends(&keys, "items");
        if let (Some((name, place)), Some(items)) = (named, items) {
            self.items.push(RawItem { name, place, body: RawBody::List { items, append } });
        }
    }

    fn read_macro(&mut self, keys: &Keys<'_, 'i>) {
        self.report_unknown_keys(keys, &["macro", "condition", "append", "override"]);
        let named = self.name(keys);
        let keys = Keys { span: named.as_ref().map_or(keys.span.clone(), |(_, place)| place.span.clone()), ..*keys };
        if let Some((name, place)) = &named {
            let starts_well = name.starts_with(|letter: char| letter.is_ascii_alphabetic());
            if !starts_well || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
                let help = "a macro's name is a letter, then letters, digits and `_`".to_owned();
                let message = format!("no condition could refer to a macro named `{name}`");
                self.report(Code::InvalidName, &place.span, message, Some(help));
            }
        }
        let condition = self.text(&keys, "condition");
        let append = self.appends(&keys, "condition");
        if let (Some((name, place)), Some(condition)) = (named, condition) {
            self.items.push(RawItem { name, place, body: RawBody::Macro { condition, append } });
        }
    }

    fn read_rule(&mut self, keys: &Keys<'_, 'i>) {
        self.report_unknown_keys(keys, RULE_KEYS);
        let named = self.name(keys);
        let keys = Keys { span: named.as_ref().map_or(keys.span.clone(), |(_, place)| place.span.clone()), ..*keys };
        let append = self.append_flag(&keys, "condition");
        let overrides = self.overrides(&keys, APPENDABLE_KEYS, REPLACEABLE_KEYS);
        if append
            && overrides.is_some()
            && let Some(node) = keys.get("override")
        {
            self.report(Code::InvalidOverride, &node.span, "`append` and `override` exclude each other", None);
        }
        let body = if let Some((append, replace)) = overrides {
            self.report_keys_beside_override(&keys, &append, &replace);
            let append = self.rule_keys(&keys, true, |key| append.iter().any(|wanted| wanted == key));
            let replace = self.rule_keys(&keys, true, |key| replace.iter().any(|wanted| wanted == key));
            Some(RawBody::RuleUpdate { append: Box::new(append), replace: Box::new(replace) })
        } else if append {
            let append = self.rule_keys(&keys, true, |key| matches!(key, "condition" | "exceptions"));
            Some(RawBody::RuleUpdate { append: Box::new(append), replace: Box::default() })
        } else if !["condition", "output", "desc", "priority"].iter().any(|key| keys.has(key)) {
            self.read_enabled_only(&keys)
        } else {
            for key in ["condition", "output", "desc", "priority"] {
                if !keys.has(key) {
                    self.report(Code::MissingKey, &keys.span, format!("this rule has no `{key}`"), None);
                }
            }
            Some(RawBody::Rule(Box::new(self.rule_keys(&keys, false, |_| true))))
        };
        if let (Some((name, place)), Some(body)) = (named, body) {
            self.items.push(RawItem { name, place, body });
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
        for (key, _) in keys.pairs {
            let Some(name) = key.as_scalar() else { continue };
            let overridden = append.iter().chain(replace).any(|wanted| *wanted == *name.text);
            if REPLACEABLE_KEYS.contains(&&*name.text) && !overridden {
                let message = format!("`override` does not say what to do with `{}`", name.text);
                let help = format!("add `{}: replace` below `override`", name.text);
                self.report(Code::InvalidOverride, &key.span, message, Some(help));
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
            self.report(Code::InvalidValue, &node.span, message, Some(help));
        }
        priority
    }

    fn exceptions(&mut self, node: &Node<'i>, is_update: bool) -> Option<Vec<RawException<'i>>> {
        if node.is_null() {
            return Some(Vec::new());
        }
        let Value::Sequence(nodes) = &node.value else {
            self.report(Code::InvalidValue, &node.span, "`exceptions` is a list", None);
            return None;
        };
        let mut exceptions: Vec<RawException<'i>> = Vec::new();
        let mut names = FxHashSet::default();
        for node in nodes {
            let Value::Mapping(pairs) = &node.value else {
                self.report(Code::InvalidValue, &node.span, "an exception is a mapping with a `name`", None);
                continue;
            };
            self.report_duplicate_keys(pairs);
            let keys = Keys { word: "exception", span: node.span.clone(), pairs };
            self.report_unknown_keys(&keys, &["name", "fields", "comps", "values"]);
            let first_key = pairs.first().map_or(node.span.clone(), |(key, _)| key.span.clone());
            let keys = Keys { span: first_key, ..keys };
            let Some(name) = self.text(&keys, "name") else { continue };
            let place = name.place();
            if !names.insert(name.value().to_owned()) {
                let message = format!("this rule has an exception `{}` already", name.value());
                self.report(Code::ExceptionInvalid, &place.span, message, None);
                continue;
            }
            let fields = self.optional(&keys, "fields", |reader, node| reader.entry(node, "fields"));
            let comps = self.optional(&keys, "comps", |reader, node| reader.entry(node, "comps"));
            let mut values = Vec::new();
            match keys.get("values") {
                Some(Node { value: Value::Sequence(nodes), .. }) => {
                    values.extend(nodes.iter().filter_map(|node| self.entry(node, "values")));
                }
                Some(node) if node.is_null() => {}
                Some(node) => self.report(Code::InvalidValue, &node.span, "`values` is a list", None),
                None if is_update => {
                    let message = format!("exception `{}` is appended without values", name.value());
                    self.report(Code::AppendNoValues, &place.span, message, None);
                }
                None => {}
            }
            exceptions.push(RawException { name: name.value().to_owned(), place, fields, comps, values });
        }
        Some(exceptions)
    }

    fn entry(&mut self, node: &Node<'i>, key: &str) -> Option<Entry<'i>> {
        match &node.value {
            Value::Scalar(_) => self.scalar_text(node, key).map(Entry::One),
            Value::Sequence(nodes) => {
                let entries = nodes.iter().filter_map(|node| self.entry(node, key)).collect();
                Some(Entry::Many(entries, self.place(&node.span)))
            }
            Value::Mapping(_) => {
                self.report(Code::InvalidValue, &node.span, format!("`{key}` holds texts and lists of them"), None);
                None
            }
        }
    }
}
