//! Where in a rule file a problem belongs: the items around it, outermost first, as the engine names them.

use super::text::Place;

/// What sort of part of a rule file an item is; the names are the engine's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum ItemType {
    /// The file as a whole.
    RulesContent,
    /// An entry of the file that is no known sort of item.
    RulesContentItem,
    /// `required_engine_version`.
    RequiredEngineVersion,
    /// `required_plugin_versions`.
    RequiredPluginVersions,
    /// A plugin below `required_plugin_versions`.
    RequiredPluginVersionsEntry,
    /// A plugin that would do as well.
    RequiredPluginVersionsAlternative,
    /// A list.
    List,
    /// An entry of a sequence.
    ListItem,
    /// A macro.
    Macro,
    /// A macro's condition.
    MacroCondition,
    /// A rule.
    Rule,
    /// A rule's condition.
    RuleCondition,
    /// A place in a condition.
    ConditionExpression,
    /// A rule's output.
    RuleOutput,
    /// A rule's priority.
    RulePriority,
    /// The exceptions of a rule.
    Exceptions,
    /// An exception.
    Exception,
    /// The values of an exception.
    ExceptionValues,
    /// A value of an exception.
    ExceptionValue,
    /// What `override` says, or one key of it.
    Overrides,
    /// The value of a key; the item's name is the key.
    ValueFor,
}

impl ItemType {
    /// The engine's name: `rules content`.
    pub const fn name(self) -> &'static str {
        match self {
            ItemType::RulesContent => "rules content",
            ItemType::RulesContentItem => "rules content item",
            ItemType::RequiredEngineVersion => "required_engine_version",
            ItemType::RequiredPluginVersions => "required plugin versions",
            ItemType::RequiredPluginVersionsEntry => "required plugin versions entry",
            ItemType::RequiredPluginVersionsAlternative => "required plugin versions alternative",
            ItemType::List => "list",
            ItemType::ListItem => "list item",
            ItemType::Macro => "macro",
            ItemType::MacroCondition => "macro condition",
            ItemType::Rule => "rule",
            ItemType::RuleCondition => "rule condition",
            ItemType::ConditionExpression => "condition expression",
            ItemType::RuleOutput => "rule output",
            ItemType::RulePriority => "rule priority",
            ItemType::Exceptions => "exceptions",
            ItemType::Exception => "exception",
            ItemType::ExceptionValues => "exception values",
            ItemType::ExceptionValue => "exception value",
            ItemType::Overrides => "overrides",
            ItemType::ValueFor => "value for",
        }
    }
}

/// An item that a problem stands in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Location {
    /// What it is.
    pub item_type: ItemType,
    /// Its name; empty where it has none.
    pub item_name: String,
    /// Name of the [`RuleFile`](super::RuleFile).
    pub file: String,
    /// The byte of the file at which it starts.
    pub offset: usize,
}

/// An item while files are read: its file is known by its position.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) item_type: ItemType,
    pub(super) name: String,
    pub(super) place: Place,
}

impl Mark {
    pub(super) fn new(item_type: ItemType, name: impl Into<String>, place: Place) -> Mark {
        Mark { item_type, name: name.into(), place }
    }
}

/// A list, macro or rule, with the places that problems of it belong to.
#[derive(Clone, Debug)]
pub(super) struct ItemMark {
    pub(super) mark: Mark,
    pub(super) condition: Option<Place>,
    pub(super) output: Option<Place>,
}

/// The part of an item that a problem is in.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// The item as such.
    Whole,
    Condition,
    Output,
    /// An exception of a rule.
    Exception(Mark),
}
