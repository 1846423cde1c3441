//! YAML trees -> [`RawItem`]s. Every key is looked at, so that all problems of an item are found at once.

use rustc_hash::FxHashSet;

use super::diagnostic::Code;
use super::item::{RawBody, RawItem};
use super::location::{ItemMark, ItemType, Mark};
use super::names;
use super::problems::{Problem, Problems};
use super::requirements::Requirements;
use super::text::{FileIndex, Place, Text};
use super::yaml::{Node, Value, parse_documents};

/// What a file says.
pub(super) struct FileContent<'i> {
    pub(super) items: Vec<RawItem<'i>>,
    pub(super) requirements: Requirements,
}

/// Reads a file.
pub(super) fn read_file<'i>(text: &'i str, file: FileIndex, problems: &mut Problems<'_>) -> FileContent<'i> {
    let (documents, error) = parse_documents(text);
    let mut reader = Reader { file, problems, items: Vec::new(), requirements: Requirements::default() };
    for document in documents {
        reader.read_document(document);
    }
    if let Some(error) = error {
        let help = error.open_bracket.map(|at| {
            let line = text.get(..at).unwrap_or("").lines().count().max(1);
            format!("the bracket that is open here stands in line {line}")
        });
        reader.inside(ItemType::ValueFor, "", &error.span, |reader| {
            reader.report(Code::YamlError, &error.span, format!("this is not YAML: {}", error.message), help);
        });
    }
    FileContent { items: reader.items, requirements: reader.requirements }
}

pub(super) struct Reader<'p, 'f, 'i> {
    file: FileIndex,
    pub(super) problems: &'p mut Problems<'f>,
    items: Vec<RawItem<'i>>,
    pub(super) requirements: Requirements,
}

/// An item's mapping. `word` is what sort of item it is, `span` its name, for messages, and `whole` all of it.
pub(super) struct Keys<'k, 'i> {
    pub(super) word: &'static str,
    pub(super) span: std::ops::Range<usize>,
    pub(super) whole: std::ops::Range<usize>,
    pub(super) pairs: &'k [(Node<'i>, Node<'i>)],
}

impl<'k, 'i> Keys<'k, 'i> {
    pub(super) fn get(&self, key: &str) -> Option<&'k Node<'i>> {
        self.pairs.iter().find(|(name, _)| name.as_scalar().is_some_and(|name| name.text == key)).map(|(_, node)| node)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }
}

impl<'i> Reader<'_, '_, 'i> {
    pub(super) fn place(&self, span: &std::ops::Range<usize>) -> Place {
        Place { file: self.file, span: span.clone() }
    }

    /// Reads something whose problems stand in this item too.
    pub(super) fn inside<T>(
        &mut self,
        item_type: ItemType,
        name: &str,
        span: &std::ops::Range<usize>,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let mark = Mark::new(item_type, name, self.place(span));
        self.problems.enter(mark);
        let result = read(self);
        self.problems.leave();
        result
    }

    /// Reports a value that a key cannot take.
    pub(super) fn report_value(
        &mut self,
        key: &str,
        node: &Node<'i>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let span = self.visible_span(node);
        self.inside(ItemType::ValueFor, key, &node.span, |reader| {
            reader.report(Code::InvalidValue, &span, message, help);
        });
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
            self.inside(ItemType::RulesContentItem, "", &node.span, |reader| {
                reader.report(Code::NotAnItem, &node.span, message, None);
            });
            return;
        };
        let keys = Keys { word: "item", span: node.span.clone(), whole: node.span.clone(), pairs };
        // The order in which the engine looks for them.
        if let Some(version) = keys.get("required_engine_version") {
            self.inside(ItemType::RequiredEngineVersion, "", &node.span, |reader| {
                reader.report_unknown_keys(&keys, &["required_engine_version"]);
                reader.check_engine_version(version);
            });
        } else if let Some(versions) = keys.get("required_plugin_versions") {
            self.inside(ItemType::RequiredPluginVersions, "", &versions.span, |reader| {
                reader.report_unknown_keys(&keys, &["required_plugin_versions"]);
                reader.check_plugin_versions(versions);
            });
        } else if keys.has("list") {
            self.read_named(Keys { word: "list", ..keys }, ItemType::List, Self::read_list);
        } else if keys.has("macro") {
            self.read_named(Keys { word: "macro", ..keys }, ItemType::Macro, Self::read_macro);
        } else if keys.has("rule") {
            self.read_named(Keys { word: "rule", ..keys }, ItemType::Rule, Self::read_rule);
        } else {
            let kinds = ["rule", "macro", "list", "required_engine_version", "required_plugin_versions"];
            let near = pairs.iter().find_map(|(key, _)| names::nearest(&key.as_scalar()?.text, kinds.into_iter()));
            let help = near.map_or_else(
                || "an item is a `rule`, a `macro` or a `list`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            let span = pairs.first().map_or(&node.span, |(key, _)| &key.span);
            self.inside(ItemType::RulesContentItem, "", &node.span, |reader| {
                reader.report(Code::UnknownItem, span, "this is no item that a rule file can have", Some(help));
            });
        }
    }

    /// Reads an item that has a name. What follows the name is checked also where the name is wrong.
    fn read_named<'k>(
        &mut self,
        keys: Keys<'k, 'i>,
        item_type: ItemType,
        read: fn(&mut Self, &Keys<'k, 'i>, &str) -> Option<RawBody<'i>>,
    ) {
        let whole = keys.whole.clone();
        let named = self.inside(item_type, "", &whole, |reader| reader.text(&keys, keys.word));
        let (name, place) = match &named {
            Some(text) => (text.value().to_owned(), text.place()),
            None => (String::new(), self.place(&keys.span)),
        };
        let keys = Keys { span: place.span.clone(), ..keys };
        let body = self.inside(item_type, &name, &whole, |reader| read(reader, &keys, &name));
        let place_of = |key: &str| keys.get(key).map(|node| self.place(&node.span));
        let mark = ItemMark {
            mark: Mark::new(item_type, name.clone(), self.place(&whole)),
            condition: place_of("condition"),
            output: place_of("output"),
        };
        if let (Some(_), Some(body)) = (named, body) {
            self.items.push(RawItem { name, place, mark, body });
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

    /// Reports keys that are there twice, and those that mean nothing here.
    pub(super) fn report_unknown_keys(&mut self, keys: &Keys<'_, 'i>, known: &[&'static str]) {
        self.report_duplicate_keys(keys.pairs);
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
            self.report_value(key, node, format!("`{key}` is a text, not a collection"), None);
            return None;
        };
        let message = || format!("`{key}` has no value");
        let span = self.visible_span(node);
        if node.is_null() {
            self.report(Code::EmptyValue, &span, message(), None);
            return None;
        }
        if scalar.text.is_empty() {
            self.inside(ItemType::ValueFor, key, &node.span, |reader| {
                reader.report(Code::EmptyValue, &span, message(), None);
            });
            return None;
        }
        Some(Text::new(scalar.clone(), self.place(&node.span)))
    }

    /// A node's place; where nothing is written there is nothing to point at but the place itself.
    pub(super) fn visible_span(&self, node: &Node<'i>) -> std::ops::Range<usize> {
        let span = &node.span;
        if span.is_empty() { span.start.saturating_sub(1)..span.start } else { span.clone() }
    }

    pub(super) fn optional<T>(
        &mut self,
        keys: &Keys<'_, 'i>,
        key: &str,
        read: impl FnOnce(&mut Self, &Node<'i>) -> Option<T>,
    ) -> Option<T> {
        let node = keys.get(key)?;
        read(self, node)
    }

    pub(super) fn boolean(&mut self, keys: &Keys<'_, 'i>, key: &str) -> Option<bool> {
        self.optional(keys, key, |reader, node| {
            let text = reader.scalar_text(node, key)?;
            let value = read_boolean(text.value());
            if value.is_none() {
                let message = format!("`{key}` is `true` or `false`, not `{}`", text.value());
                reader.report_value(key, node, message, None);
            }
            value
        })
    }

    /// A number that is not negative and at most `most`.
    pub(super) fn number(&mut self, keys: &Keys<'_, 'i>, key: &str, most: u64) -> Option<u64> {
        self.optional(keys, key, |reader, node| {
            let text = reader.scalar_text(node, key)?;
            let value = read_number(text.value()).filter(|value| *value <= most);
            if value.is_none() {
                let message = format!("`{key}` is a whole number up to {most}, not `{}`", text.value());
                reader.report_value(key, node, message, None);
            }
            value
        })
    }

    pub(super) fn string(&mut self, keys: &Keys<'_, 'i>, key: &str) -> Option<String> {
        self.optional(keys, key, |reader, node| reader.scalar_text(node, key).map(|text| text.value().to_owned()))
    }

    /// The texts of a sequence of scalars.
    pub(super) fn texts(&mut self, node: &Node<'i>, key: &str) -> Option<Vec<Text<'i>>> {
        let Value::Sequence(nodes) = &node.value else {
            let help = format!("write `{key}: [a, b]`");
            self.report_value(key, node, format!("`{key}` is a list"), Some(help));
            return None;
        };
        self.inside(ItemType::ValueFor, key, &node.span, |reader| {
            let mut texts = Vec::with_capacity(nodes.len());
            for node in nodes {
                match node.as_scalar() {
                    Some(scalar) => texts.push(Text::new(scalar.clone(), reader.place(&node.span))),
                    None => reader.inside(ItemType::ListItem, "", &node.span, |reader| {
                        let message = format!("a value of `{key}` is a text");
                        reader.report(Code::InvalidValue, &node.span, message, None);
                    }),
                }
            }
            Some(texts)
        })
    }

    /// `append: true`, with the hint at what replaced it.
    pub(super) fn append_flag(&mut self, keys: &Keys<'_, 'i>, overridden: &'static str) -> bool {
        let append = self.boolean(keys, "append").unwrap_or(false);
        if append && let Some(node) = keys.get("append") {
            let help = format!("write `override: {{{overridden}: append}}`");
            self.report(Code::Deprecated, &node.span, "`append` is deprecated", Some(help));
        }
        append
    }

    /// The keys below `override`: those to append, and those to replace. `None` if it names none.
    pub(super) fn overrides(
        &mut self,
        keys: &Keys<'_, 'i>,
        appendable: &[&'static str],
        replaceable: &[&'static str],
    ) -> Option<(Vec<String>, Vec<String>)> {
        let node = keys.get("override")?;
        self.inside(ItemType::Overrides, "", &keys.whole, |reader| {
            let Value::Mapping(pairs) = &node.value else {
                let help = "write `override: {condition: append}`".to_owned();
                let span = reader.visible_span(node);
                reader.report(Code::InvalidOverride, &span, "`override` is a mapping of keys", Some(help));
                return None;
            };
            let (mut append, mut replace) = (Vec::new(), Vec::new());
            for (key, operation) in pairs {
                let name = key.as_scalar().map_or("", |name| &name.text);
                reader.inside(ItemType::Overrides, name, &key.span, |reader| {
                    let can = (appendable.contains(&name), replaceable.contains(&name));
                    let Some(is_append) = reader.override_operation(keys, key, operation, can, replaceable) else {
                        return;
                    };
                    if is_append {
                        append.push(name.to_owned())
                    } else {
                        replace.push(name.to_owned())
                    }
                    if !keys.has(name) {
                        let message = format!("`{name}` is overridden, but this {} does not give it", keys.word);
                        reader.report(Code::InvalidOverride, &key.span, message, None);
                    }
                });
            }
            (!append.is_empty() || !replace.is_empty()).then_some((append, replace))
        })
    }

    /// Whether a key is appended to, or replaced. What is wrong is reported.
    fn override_operation(
        &mut self,
        keys: &Keys<'_, 'i>,
        key: &Node<'i>,
        operation: &Node<'i>,
        (can_append, can_replace): (bool, bool),
        replaceable: &[&'static str],
    ) -> Option<bool> {
        let (Some(name), Some(word)) = (key.as_scalar(), operation.as_scalar()) else {
            self.report(Code::InvalidOverride, &key.span, "`override` maps a key to a word", None);
            return None;
        };
        match &*word.text {
            "append" | "replace" if !can_append && !can_replace => {
                let near = names::nearest(&name.text, replaceable.iter().copied());
                let help = near.map(|near| format!("did you mean `{near}`?"));
                let message = format!("the key `{}` of a {} cannot be overridden", name.text, keys.word);
                self.report(Code::InvalidOverride, &key.span, message, help);
                None
            }
            "append" if !can_append => {
                let message = format!("`{}` cannot be appended to", name.text);
                self.report(Code::InvalidOverride, &operation.span, message, Some("write `replace`".to_owned()));
                None
            }
            "append" => Some(true),
            "replace" => Some(false),
            other => {
                let message = format!("`{other}` is no way to override a key");
                let help = Some("write `append` or `replace`".to_owned());
                self.report(Code::InvalidOverride, &self.visible_span(operation), message, help);
                None
            }
        }
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

    fn read_list(&mut self, keys: &Keys<'_, 'i>, name: &str) -> Option<RawBody<'i>> {
        self.report_unknown_keys(keys, &["list", "items", "append", "override"]);
        if !name.chars().all(super::syntax::is_bare_letter) {
            let help = "leave out blanks, quotes, commas, `=` and parentheses".to_owned();
            let message = format!("no condition can refer to a list named `{name}`");
            self.report(Code::InvalidName, &keys.span, message, Some(help));
        }
        let items = match keys.get("items") {
            Some(node) => self.texts(node, "items"),
            None => {
                self.report(Code::MissingKey, &keys.span, "this list has no `items`", None);
                None
            }
        };
        let append = self.appends(keys, "items");
        items.map(|items| RawBody::List { items, append })
    }

    fn read_macro(&mut self, keys: &Keys<'_, 'i>, name: &str) -> Option<RawBody<'i>> {
        self.report_unknown_keys(keys, &["macro", "condition", "append", "override"]);
        let starts_well = name.is_empty() || name.starts_with(|letter: char| letter.is_ascii_alphabetic());
        if !starts_well || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
            let help = "a macro's name is a letter, then letters, digits and `_`".to_owned();
            let message = format!("no condition can refer to a macro named `{name}`");
            self.report(Code::InvalidName, &keys.span, message, Some(help));
        }
        let condition = self.text(keys, "condition");
        let append = self.appends(keys, "condition");
        condition.map(|condition| RawBody::Macro { condition, append })
    }
}

/// YAML's words for true and false: in small letters, in capitals, or with a capital first letter.
fn read_boolean(text: &str) -> Option<bool> {
    let mut letters = text.chars();
    let first_is_upper = letters.next().is_some_and(char::is_uppercase);
    let rest = letters.as_str();
    let is_regular = rest.chars().all(char::is_lowercase) || (first_is_upper && rest.chars().all(char::is_uppercase));
    match text.to_ascii_lowercase().as_str() {
        _ if !is_regular => None,
        "true" | "yes" | "y" | "on" => Some(true),
        "false" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}

/// A number in decimal, after `0x` in hexadecimal, or after `0` in octal.
pub(super) fn read_number(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let (digits, radix) = if let Some(digits) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        (digits, 16)
    } else if digits.len() > 1 && digits.starts_with('0') {
        (digits, 8)
    } else {
        (digits, 10)
    };
    if digits.starts_with(['+', '-']) { None } else { u64::from_str_radix(digits, radix).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_written_as_yaml_has_them() {
        assert_eq!(["true", "Yes", "ON", "y"].map(read_boolean), [Some(true); 4]);
        assert_eq!(["false", "No", "OFF", "N"].map(read_boolean), [Some(false); 4]);
        assert_eq!(["", "tRue", "TRUe", "1", "truth"].map(read_boolean), [None; 5]);
    }

    #[test]
    fn numbers_are_decimal_octal_or_hexadecimal() {
        assert_eq!(["0", "17", "+5", "010", "0x1F"].map(read_number), [Some(0), Some(17), Some(5), Some(8), Some(31)]);
        assert_eq!(["", "-1", "+-1", "1s", "08", "1.5", "99999999999999999999"].map(read_number), [None; 7]);
    }
}
