//! The engine's codes for problems of rule files: what tools that read its validation results look for.

use super::diagnostic::{Code, Diagnostic, Severity};
use super::location::ItemType;
use super::names;

/// At which step of loading a problem was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Stage {
    /// A file's items were read.
    Read,
    /// Items were merged with those before them.
    Merge,
    /// Conditions and outputs of all items so far were compiled.
    Compile,
}

/// A code of the engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, reason = "the engine's names; see description")]
pub enum EngineCode {
    ErrFileRead,
    ErrYamlParse,
    ErrYamlValidate,
    ErrCompileCondition,
    ErrCompileOutput,
    ErrValidate,
    UnknownSource,
    UnsafeNaCheck,
    NoEvttype,
    UnknownFilter,
    UnusedMacro,
    UnusedList,
    UnknownItem,
    DeprecatedItem,
    AppendNoValues,
    ExceptionNameNotUnique,
    InvalidMacroName,
    InvalidListName,
    CompileCondition,
    UnknownKey,
}

impl EngineCode {
    /// All that are raised here, errors first. (`LOAD_ERR_EXTENSION` and `LOAD_WARNING_EXTENSION` are for what embeds
    /// the engine in other programs.)
    pub const ALL: &[EngineCode] = &[
        EngineCode::ErrFileRead,
        EngineCode::ErrYamlParse,
        EngineCode::ErrYamlValidate,
        EngineCode::ErrCompileCondition,
        EngineCode::ErrCompileOutput,
        EngineCode::ErrValidate,
        EngineCode::UnknownSource,
        EngineCode::UnsafeNaCheck,
        EngineCode::NoEvttype,
        EngineCode::UnknownFilter,
        EngineCode::UnusedMacro,
        EngineCode::UnusedList,
        EngineCode::UnknownItem,
        EngineCode::DeprecatedItem,
        EngineCode::AppendNoValues,
        EngineCode::ExceptionNameNotUnique,
        EngineCode::InvalidMacroName,
        EngineCode::InvalidListName,
        EngineCode::CompileCondition,
        EngineCode::UnknownKey,
    ];

    /// The name: `LOAD_ERR_VALIDATE`.
    pub const fn name(self) -> &'static str {
        match self {
            EngineCode::ErrFileRead => "LOAD_ERR_FILE_READ",
            EngineCode::ErrYamlParse => "LOAD_ERR_YAML_PARSE",
            EngineCode::ErrYamlValidate => "LOAD_ERR_YAML_VALIDATE",
            EngineCode::ErrCompileCondition => "LOAD_ERR_COMPILE_CONDITION",
            EngineCode::ErrCompileOutput => "LOAD_ERR_COMPILE_OUTPUT",
            EngineCode::ErrValidate => "LOAD_ERR_VALIDATE",
            EngineCode::UnknownSource => "LOAD_UNKNOWN_SOURCE",
            EngineCode::UnsafeNaCheck => "LOAD_UNSAFE_NA_CHECK",
            EngineCode::NoEvttype => "LOAD_NO_EVTTYPE",
            EngineCode::UnknownFilter => "LOAD_UNKNOWN_FILTER",
            EngineCode::UnusedMacro => "LOAD_UNUSED_MACRO",
            EngineCode::UnusedList => "LOAD_UNUSED_LIST",
            EngineCode::UnknownItem => "LOAD_UNKNOWN_ITEM",
            EngineCode::DeprecatedItem => "LOAD_DEPRECATED_ITEM",
            EngineCode::AppendNoValues => "LOAD_APPEND_NO_VALUES",
            EngineCode::ExceptionNameNotUnique => "LOAD_EXCEPTION_NAME_NOT_UNIQUE",
            EngineCode::InvalidMacroName => "LOAD_INVALID_MACRO_NAME",
            EngineCode::InvalidListName => "LOAD_INVALID_LIST_NAME",
            EngineCode::CompileCondition => "LOAD_COMPILE_CONDITION",
            EngineCode::UnknownKey => "LOAD_UNKNOWN_KEY",
        }
    }

    /// What the code means, in a few words.
    pub const fn description(self) -> &'static str {
        match self {
            EngineCode::ErrFileRead => "a rule file cannot be read",
            EngineCode::ErrYamlParse => "a rule file is not YAML",
            EngineCode::ErrYamlValidate => "an item of a rule file is not built as it must be",
            EngineCode::ErrCompileCondition => "a condition cannot be compiled",
            EngineCode::ErrCompileOutput => "an output cannot be compiled",
            EngineCode::ErrValidate => "an item does not fit what is known of others, of fields or of versions",
            EngineCode::UnknownSource => "a rule is for events of an unknown source",
            EngineCode::UnsafeNaCheck => "a value is compared with <NA>, which is not what a missing value is",
            EngineCode::NoEvttype => "a rule is tried on nearly every event",
            EngineCode::UnknownFilter => "a rule that may be skipped names something unknown, and is skipped",
            EngineCode::UnusedMacro => "nothing uses a macro",
            EngineCode::UnusedList => "nothing uses a list",
            EngineCode::UnknownItem => "an entry of a rule file is no known sort of item",
            EngineCode::DeprecatedItem => "something is used that has a better way now",
            EngineCode::AppendNoValues => "an exception is appended without values",
            EngineCode::ExceptionNameNotUnique => "exceptions of one rule share a name",
            EngineCode::InvalidMacroName => "no condition can refer to a macro of this name",
            EngineCode::InvalidListName => "no condition can refer to a list of this name",
            EngineCode::CompileCondition => "a comparison is probably not what was meant",
            EngineCode::UnknownKey => "a key means nothing where it stands",
        }
    }
}

/// The engine's code for a diagnostic.
pub(super) fn engine_code(found: &Diagnostic) -> EngineCode {
    let is_inside = |item: ItemType| found.context.iter().any(|location| location.item_type == item);
    match found.code {
        Code::FileUnreadable => EngineCode::ErrFileRead,
        Code::YamlError => EngineCode::ErrYamlParse,
        Code::NotAList | Code::NotAnItem | Code::EmptyValue | Code::InvalidOverride => EngineCode::ErrYamlValidate,
        Code::MissingKey | Code::InvalidValue => match found.stage {
            Stage::Read => EngineCode::ErrYamlValidate,
            Stage::Merge | Stage::Compile => EngineCode::ErrValidate,
        },
        Code::NoSuchItem | Code::EngineVersion | Code::ExceptionInvalid | Code::UnknownMacro | Code::MacroCycle => {
            EngineCode::ErrValidate
        }
        Code::ConditionSyntax
        | Code::ConditionTooLarge
        | Code::UndefinedList
        | Code::ListNeedsParentheses
        | Code::UnknownField
        | Code::FieldArgument
        | Code::UnknownEventType
        | Code::TypeMismatch
        | Code::InvalidOperand => {
            if is_inside(ItemType::RuleOutput) {
                EngineCode::ErrCompileOutput
            } else if is_inside(ItemType::Exception) {
                EngineCode::ErrValidate
            } else {
                EngineCode::ErrCompileCondition
            }
        }
        Code::OutputSyntax => EngineCode::ErrCompileOutput,
        Code::InvalidName if is_inside(ItemType::List) => EngineCode::InvalidListName,
        Code::InvalidName => EngineCode::InvalidMacroName,
        Code::UnknownKey | Code::DuplicateKey => EngineCode::UnknownKey,
        Code::UnknownItem => EngineCode::UnknownItem,
        Code::UnknownSource => EngineCode::UnknownSource,
        Code::SkippedRule => EngineCode::UnknownFilter,
        Code::UnusedMacro => EngineCode::UnusedMacro,
        Code::UnusedList => EngineCode::UnusedList,
        Code::NoEventType => EngineCode::NoEvttype,
        Code::EnterEvents | Code::Deprecated => EngineCode::DeprecatedItem,
        Code::AppendNoValues => EngineCode::AppendNoValues,
        Code::ExceptionNameNotUnique => EngineCode::ExceptionNameNotUnique,
        Code::UnsafeNaCheck => EngineCode::UnsafeNaCheck,
        Code::NestedList | Code::FieldAsText | Code::PlainRegex | Code::InvalidRegex => EngineCode::CompileCondition,
    }
}

/// The engine's warnings and ours that they stand for.
const WARNINGS: &[(EngineCode, &[Code])] = &[
    (EngineCode::UnknownSource, &[Code::UnknownSource]),
    (EngineCode::UnsafeNaCheck, &[Code::UnsafeNaCheck]),
    (EngineCode::NoEvttype, &[Code::NoEventType]),
    (EngineCode::UnknownFilter, &[Code::SkippedRule]),
    (EngineCode::UnusedMacro, &[Code::UnusedMacro]),
    (EngineCode::UnusedList, &[Code::UnusedList]),
    (EngineCode::UnknownItem, &[Code::UnknownItem]),
    (EngineCode::DeprecatedItem, &[Code::Deprecated, Code::EnterEvents]),
    (EngineCode::AppendNoValues, &[Code::AppendNoValues]),
    (EngineCode::ExceptionNameNotUnique, &[Code::ExceptionNameNotUnique]),
    (EngineCode::InvalidMacroName, &[Code::InvalidName]),
    (EngineCode::InvalidListName, &[Code::InvalidName]),
    (EngineCode::CompileCondition, &[Code::NestedList, Code::FieldAsText, Code::PlainRegex, Code::InvalidRegex]),
    (EngineCode::UnknownKey, &[Code::UnknownKey, Code::DuplicateKey]),
];

/// The warnings of a name, which is ours or the engine's.
///
/// # Errors
/// What is wrong with the name, and near ones.
pub fn warnings_named(name: &str) -> Result<Vec<Code>, String> {
    if let Some((_, codes)) = WARNINGS.iter().find(|(engine, _)| engine.name() == name) {
        return Ok(codes.to_vec());
    }
    let of_engine = EngineCode::ALL.iter().any(|code| code.name() == name);
    match Code::ALL.iter().find(|code| code.name() == name) {
        Some(code) if code.severity() == Severity::Warning => return Ok(vec![*code]),
        Some(_) => return Err("an error, and only warnings can be silenced".to_owned()),
        None if of_engine => return Err("an error, and only warnings can be silenced".to_owned()),
        None => {}
    }
    let warnings = || Code::ALL.iter().filter(|code| code.severity() == Severity::Warning).map(|code| code.name());
    let near = names::nearest(name, warnings().chain(WARNINGS.iter().map(|(engine, _)| engine.name())));
    let words: Vec<&str> = warnings().filter(|known| shares_word(name, known)).collect();
    Err(match near {
        Some(near) => format!("no such warning; did you mean `{near}`?"),
        None if !words.is_empty() => format!("no such warning; near ones are {}", words.join(", ")),
        None => format!("no such warning; there are {}", warnings().collect::<Vec<_>>().join(", ")),
    })
}

fn shares_word(name: &str, known: &str) -> bool {
    let name = name.to_ascii_lowercase();
    known.split('-').any(|word| word.len() > 2 && name.split(['-', '_', ' ']).any(|part| part == word))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_warning_of_ours_is_one_of_the_engine_s() {
        for code in Code::ALL.iter().filter(|code| code.severity() == Severity::Warning) {
            let found = Diagnostic::new(*code, "f", 0..0, String::new(), None);
            let codes = WARNINGS.iter().find(|(engine, _)| *engine == engine_code(&found)).unwrap().1;
            assert!(codes.contains(code), "{}", code.name());
        }
    }

    #[test]
    fn warnings_have_two_names_and_errors_cannot_be_silenced() {
        assert_eq!(warnings_named("unused-macro").unwrap(), [Code::UnusedMacro]);
        assert_eq!(warnings_named("LOAD_UNKNOWN_KEY").unwrap(), [Code::UnknownKey, Code::DuplicateKey]);
        assert!(warnings_named("unknown-field").unwrap_err().contains("only warnings"));
        assert!(warnings_named("LOAD_ERR_VALIDATE").unwrap_err().contains("only warnings"));
        assert!(warnings_named("unused-macros").unwrap_err().contains("did you mean `unused-macro`"));
        assert!(warnings_named("all-unused-things").unwrap_err().contains("near ones are unused-macro, unused-list"));
        assert!(warnings_named("x").unwrap_err().contains("there are invalid-name, "));
    }
}
