//! Conditions as trees, after names are resolved and types are checked.

use crate::replay::fields::Field;

/// Byte range in a source text.
pub type Span = std::ops::Range<usize>;

/// A condition. `And` and `Or` hold two or more parts.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// All of these, left to right.
    And(Vec<Expr>),
    /// Any of these, left to right.
    Or(Vec<Expr>),
    /// The opposite. A test of a missing value is false, so its `not` is true, as in Falco.
    Not(Box<Expr>),
    /// One comparison.
    Test(Test),
}

/// One comparison: `proc.name in (sh, bash)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// What is compared.
    pub field: FieldExpr,
    /// How.
    pub op: Op,
    /// With what; empty for `exists`; exactly one for all operators that take no list.
    pub values: Vec<Literal>,
}

/// A field with its argument and the transformers around it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldExpr {
    /// The catalogue's row.
    pub field: &'static Field,
    /// The argument.
    pub arg: FieldArg,
    /// Transformers from the inside out (`toupper(b64(x))` is `[b64, toupper]`). None before the whole language is in.
    pub transformers: Vec<Transformer>,
}

/// A transformer of a field's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, reason = "Falco's names")]
pub enum Transformer {
    ToLower,
    ToUpper,
    B64,
    Basename,
    Len,
    Storage,
}

/// A field's argument.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FieldArg {
    /// None given.
    None,
    /// `[2]`.
    Index(u32),
    /// `[name]` or `.name`.
    Key(String),
}

/// A comparison operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, reason = "Falco's operators")]
pub enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Contains,
    IContains,
    BContains,
    StartsWith,
    BStartsWith,
    EndsWith,
    In,
    Intersects,
    Pmatch,
    Exists,
    Glob,
    IGlob,
    Regex,
}

/// A value on the right-hand side, already of the field's type.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// Text or bytes.
    Text(Vec<u8>),
    /// A number, a time in nanoseconds, a port; unsigned 64-bit values by their bits.
    Int(i64),
    /// For `double` fields.
    Double(f64),
    /// `true` or `false`.
    Bool(bool),
    /// An address.
    Ip(std::net::IpAddr),
    /// A network: base address and prefix length.
    Net(std::net::IpAddr, u8),
    /// A field: `val(proc.pname)`.
    Field(Box<FieldExpr>),
}

/// An output text with fields in it, parsed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    /// Parts in order.
    pub parts: Vec<TemplatePart>,
}

/// A part of an output text.
#[derive(Clone, Debug, PartialEq)]
pub enum TemplatePart {
    /// Text as it stands.
    Text(String),
    /// `%proc.name`; `source` is what stood after the percent sign, the key in `output_fields`.
    Field {
        /// The field.
        expr: FieldExpr,
        /// As written.
        source: String,
    },
}

/// A rule that can be evaluated: everything resolved and typed.
#[derive(Clone, Debug)]
pub struct TypedRule {
    /// Name.
    pub name: String,
    /// Description.
    pub desc: String,
    /// Condition with all macros and lists in place.
    pub condition: Expr,
    /// Output.
    pub output: Template,
    /// Priority.
    pub priority: Priority,
    /// Tags, sorted as Falco prints them.
    pub tags: Vec<String>,
    /// Event source: `syscall` or `k8s_audit`.
    pub source: String,
    /// Whether the rule is evaluated.
    pub enabled: bool,
}

/// How bad an alert is; the smaller, the worse.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
#[allow(missing_docs, reason = "Falco's priorities")]
pub enum Priority {
    Emergency,
    Alert,
    Critical,
    Error,
    Warning,
    Notice,
    Informational,
    Debug,
}

impl Priority {
    /// The name in text alerts and in JSON (`Informational`).
    pub const fn name(self) -> &'static str {
        match self {
            Priority::Emergency => "Emergency",
            Priority::Alert => "Alert",
            Priority::Critical => "Critical",
            Priority::Error => "Error",
            Priority::Warning => "Warning",
            Priority::Notice => "Notice",
            Priority::Informational => "Informational",
            Priority::Debug => "Debug",
        }
    }

    /// All, the worst first.
    pub const ALL: [Priority; 8] = [
        Priority::Emergency,
        Priority::Alert,
        Priority::Critical,
        Priority::Error,
        Priority::Warning,
        Priority::Notice,
        Priority::Informational,
        Priority::Debug,
    ];

    /// Reads a priority as Falco does: any case, `info` and `informational` alike.
    pub fn parse(text: &str) -> Option<Priority> {
        if text.eq_ignore_ascii_case("info") {
            return Some(Priority::Informational);
        }
        Priority::ALL.into_iter().find(|priority| priority.name().eq_ignore_ascii_case(text))
    }
}
