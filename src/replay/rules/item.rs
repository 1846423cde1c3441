//! Items of rule files as they were written, each checked by itself.

use super::ast::Priority;
use super::location::{ItemMark, Mark};
use super::text::{Place, Text};

/// An item of a rule file.
#[derive(Debug)]
pub(super) struct RawItem<'i> {
    pub(super) name: String,
    /// The name.
    pub(super) place: Place,
    pub(super) mark: ItemMark,
    pub(super) body: RawBody<'i>,
}

/// What an item is and does.
#[derive(Debug)]
pub(super) enum RawBody<'i> {
    List {
        items: Vec<Text<'i>>,
        append: bool,
    },
    Macro {
        condition: Text<'i>,
        append: bool,
    },
    /// A whole rule.
    Rule(Box<RuleKeys<'i>>),
    /// Additions to an earlier rule, by `append: true`.
    RuleAppend(Box<RuleKeys<'i>>),
    /// Additions to an earlier rule, and keys that replace its own.
    RuleUpdate {
        append: Box<RuleKeys<'i>>,
        replace: Box<RuleKeys<'i>>,
    },
    /// `rule` and `enabled` alone.
    RuleEnabled(bool),
}

/// The keys of a rule that were given.
#[derive(Debug, Default)]
pub(super) struct RuleKeys<'i> {
    pub(super) condition: Option<Text<'i>>,
    pub(super) output: Option<Text<'i>>,
    pub(super) desc: Option<String>,
    pub(super) priority: Option<Priority>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) source: Option<String>,
    pub(super) enabled: Option<bool>,
    pub(super) warn_evttypes: Option<bool>,
    pub(super) skip_if_unknown_filter: Option<bool>,
    pub(super) exceptions: Option<Vec<RawException<'i>>>,
}

impl RuleKeys<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.condition.is_none()
            && self.output.is_none()
            && self.desc.is_none()
            && self.priority.is_none()
            && self.tags.is_none()
            && self.source.is_none()
            && self.enabled.is_none()
            && self.warn_evttypes.is_none()
            && self.skip_if_unknown_filter.is_none()
            && self.exceptions.is_none()
    }
}

/// An exception of a rule: `fields`, how they are compared, and the values that are excepted.
#[derive(Clone, Debug)]
pub(super) struct RawException<'i> {
    pub(super) name: String,
    /// The name.
    pub(super) place: Place,
    /// All of it.
    pub(super) mark: Mark,
    pub(super) fields: Option<Entry<'i>>,
    pub(super) comps: Option<Entry<'i>>,
    pub(super) values: Vec<Entry<'i>>,
}

/// A scalar, or a list of such.
#[derive(Clone, Debug)]
pub(super) enum Entry<'i> {
    One(Text<'i>),
    Many(Vec<Entry<'i>>, Place),
}

impl Entry<'_> {
    pub(super) fn place(&self) -> Place {
        match self {
            Entry::One(text) => text.place(),
            Entry::Many(_, place) => place.clone(),
        }
    }
}
