//! `required_engine_version` and `required_plugin_versions`.

use rustc_hash::FxHashSet;

use super::diagnostic::Code;
use super::reader::{Keys, Reader};
use super::yaml::{Node, Value};

/// The engine whose rules are understood: major, minor, patch. As Falco 0.44 has it.
const ENGINE_VERSION: (u64, u64, u64) = (0, 62, 0);

impl<'i> Reader<'_, '_, 'i> {
    pub(super) fn check_engine_version(&mut self, node: &Node<'i>) {
        let Some(text) = self.scalar_text(node, "required_engine_version") else { return };
        let version = match text.value().parse::<u32>() {
            // The older notation: a plain number is the minor version.
            Ok(minor) => Some((0, u64::from(minor), 0)),
            Err(_) => parse_version(text.value()),
        };
        match version {
            None => {
                let message = format!("`{}` is no version", text.value());
                let help = Some("write it as `0.50.0`, or as a number".to_owned());
                self.report(Code::InvalidValue, &node.span, message, help);
            }
            // The same major version, and not newer.
            Some(version) if version.0 != ENGINE_VERSION.0 || version > ENGINE_VERSION => {
                let (major, minor, patch) = ENGINE_VERSION;
                let message = format!("these rules require engine version {}", text.value());
                let help = Some(format!("this engine is at version {major}.{minor}.{patch}"));
                self.report(Code::EngineVersion, &node.span, message, help);
            }
            Some(_) => {}
        }
    }

    pub(super) fn check_plugin_versions(&mut self, node: &Node<'i>) {
        let Value::Sequence(plugins) = &node.value else {
            self.report(Code::InvalidValue, &node.span, "`required_plugin_versions` is a list", None);
            return;
        };
        for plugin in plugins {
            let Value::Mapping(pairs) = &plugin.value else {
                self.report(Code::InvalidValue, &plugin.span, "a plugin is a mapping with `name` and `version`", None);
                continue;
            };
            let keys = Keys { word: "plugin", span: plugin.span.clone(), pairs };
            let mut seen: FxHashSet<String> = self.check_plugin(&keys).into_iter().collect();
            let Some(alternatives) = keys.get("alternatives") else { continue };
            let Value::Sequence(nodes) = &alternatives.value else {
                self.report(Code::InvalidValue, &alternatives.span, "`alternatives` is a list", None);
                continue;
            };
            for node in nodes {
                let Value::Mapping(pairs) = &node.value else {
                    let message = "an alternative is a mapping with `name` and `version`";
                    self.report(Code::InvalidValue, &node.span, message, None);
                    continue;
                };
                let keys = Keys { word: "plugin", span: node.span.clone(), pairs };
                let Some(name) = self.check_plugin(&keys) else { continue };
                let message = format!("plugin `{name}` is named twice");
                if !seen.insert(name) {
                    self.report(Code::InvalidValue, &node.span, message, None);
                }
            }
        }
    }

    fn check_plugin(&mut self, keys: &Keys<'_, 'i>) -> Option<String> {
        let name = self.text(keys, "name");
        if let Some(version) = self.text(keys, "version")
            && parse_version(version.value()).is_none()
        {
            let message = format!("`{}` is no version", version.value());
            self.report(Code::InvalidValue, &version.place().span, message, Some("write it as `0.7.0`".to_owned()));
        }
        name.map(|name| name.value().to_owned())
    }
}

/// `1.2.3`, with what may follow a `-` or `+`.
fn parse_version(text: &str) -> Option<(u64, u64, u64)> {
    let numbers = text.split(['-', '+']).next()?;
    let mut parts = numbers.split('.').map(|part| part.parse::<u64>().ok());
    let version = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(version)
}
