//! `required_engine_version` and `required_plugin_versions`.

use std::fmt::{self, Display, Formatter};

use super::diagnostic::Code;
use super::engine_code::Stage;
use super::location::ItemType;
use super::reader::{Keys, Reader, read_number};
use super::yaml::{Node, Value};

/// A version: major, minor, patch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Version(u64, u64, u64);

impl Display for Version {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// The engine whose rules are understood, as Falco 0.44 has it.
const ENGINE_VERSION: Version = Version(0, 62, 0);

/// A plugin that rules need.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct RequiredPlugin {
    pub(super) name: String,
    pub(super) version: String,
}

/// What a file, or all files, require.
#[derive(Debug, Default)]
pub(super) struct Requirements {
    /// The newest engine version asked for.
    pub(super) engine: Version,
    /// Plugins; of each, the alternatives after it.
    pub(super) plugins: Vec<Vec<RequiredPlugin>>,
}

impl Requirements {
    /// Adds what a further file requires.
    pub(super) fn add(&mut self, other: Requirements) {
        self.engine = self.engine.max(other.engine);
        self.plugins.extend(other.plugins);
    }
}

impl<'i> Reader<'_, '_, 'i> {
    pub(super) fn check_engine_version(&mut self, node: &Node<'i>) {
        let Some(text) = self.scalar_text(node, "required_engine_version") else { return };
        // The older notation: a plain number is the minor version.
        let minor = read_number(text.value()).filter(|minor| u32::try_from(*minor).is_ok());
        let version = minor.map(|minor| Version(0, minor, 0)).or_else(|| parse_version(text.value()));
        match version {
            None => {
                let message = format!("`{}` is no version", text.value());
                let help = Some("write it as `0.50.0`, or as a number".to_owned());
                self.report(Code::InvalidValue, &node.span, message, help);
            }
            // The same major version, and not newer.
            Some(version) if version.0 != ENGINE_VERSION.0 || version > ENGINE_VERSION => {
                let message = format!("these rules require engine version {}", text.value());
                let help = Some(format!("this engine is at version {ENGINE_VERSION}"));
                self.report(Code::EngineVersion, &node.span, message, help);
            }
            Some(version) => self.requirements.engine = self.requirements.engine.max(version),
        }
    }

    pub(super) fn check_plugin_versions(&mut self, node: &Node<'i>) {
        let Value::Sequence(plugins) = &node.value else {
            let span = self.visible_span(node);
            self.report(Code::InvalidValue, &span, "`required_plugin_versions` is a list", None);
            return;
        };
        for plugin in plugins {
            let Value::Mapping(pairs) = &plugin.value else {
                self.inside(ItemType::RequiredPluginVersionsEntry, "", &plugin.span, |reader| {
                    let message = "a plugin is a mapping with `name` and `version`";
                    reader.report(Code::InvalidValue, &plugin.span, message, None);
                });
                continue;
            };
            let keys = Keys { word: "plugin", span: plugin.span.clone(), whole: plugin.span.clone(), pairs };
            let name = keys.get("name").and_then(Node::as_scalar).map_or("", |name| &name.text);
            let item = ItemType::RequiredPluginVersionsEntry;
            let required = self.inside(item, name, &plugin.span, |reader| {
                reader.report_unknown_keys(&keys, &["name", "version", "alternatives"]);
                let mut required = Vec::new();
                required.extend(reader.check_plugin(&keys));
                let alternatives = keys.get("alternatives");
                if let Some(alternatives) = alternatives {
                    reader.check_alternatives(alternatives, &mut required);
                }
                required
            });
            self.requirements.plugins.push(required);
        }
    }

    fn check_alternatives(&mut self, alternatives: &Node<'i>, required: &mut Vec<RequiredPlugin>) {
        let Value::Sequence(nodes) = &alternatives.value else {
            let span = self.visible_span(alternatives);
            self.report(Code::InvalidValue, &span, "`alternatives` is a list", None);
            return;
        };
        for node in nodes {
            let item = ItemType::RequiredPluginVersionsAlternative;
            let Value::Mapping(pairs) = &node.value else {
                self.inside(item, "", &node.span, |reader| {
                    let message = "an alternative is a mapping with `name` and `version`";
                    reader.report(Code::InvalidValue, &node.span, message, None);
                });
                continue;
            };
            let keys = Keys { word: "plugin", span: node.span.clone(), whole: node.span.clone(), pairs };
            let name = keys.get("name").and_then(Node::as_scalar).map_or("", |name| &name.text);
            let plugin = self.inside(item, name, &node.span, |reader| {
                reader.report_unknown_keys(&keys, &["name", "version"]);
                reader.check_plugin(&keys)
            });
            let Some(plugin) = plugin else { continue };
            if required.iter().any(|earlier| earlier.name == plugin.name) {
                let message = format!("plugin `{}` is named twice", plugin.name);
                self.report_version(node, message, None);
            }
            required.push(plugin);
        }
    }

    fn check_plugin(&mut self, keys: &Keys<'_, 'i>) -> Option<RequiredPlugin> {
        let name = self.text(keys, "name");
        let version = self.text(keys, "version");
        if let (Some(node), Some(version)) = (keys.get("version"), &version)
            && parse_version(version.value()).is_none()
        {
            let message = format!("`{}` is no version", version.value());
            self.report_version(node, message, Some("write it as `0.7.0`".to_owned()));
        }
        Some(RequiredPlugin { name: name?.value().to_owned(), version: version?.value().to_owned() })
    }

    /// Reports versions that do not fit together; the engine finds those only when it merges items.
    fn report_version(&mut self, node: &Node<'i>, message: String, help: Option<String>) {
        self.problems.begin(Stage::Merge);
        self.report(Code::InvalidValue, &node.span, message, help);
        self.problems.begin(Stage::Read);
    }
}

/// `1.2.3`, with what may follow a `-` or `+`.
fn parse_version(text: &str) -> Option<Version> {
    let numbers = text.split(['-', '+']).next()?;
    let mut parts = numbers.split('.').map(|part| part.parse::<u64>().ok());
    let version = Version(parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(version)
}
