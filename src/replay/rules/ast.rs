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
    /// How many of the values must fit, for operators that take one value (`startswith anyof (a, b)`).
    pub modifier: Option<Modifier>,
    /// With what; empty for `exists`; exactly one for all operators that take no list and have no modifier.
    pub values: Vec<Literal>,
}

/// How many of several values an operator must hold for. None of them holds for an empty list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Modifier {
    /// For exactly one.
    OneOf,
    /// For one at least.
    AnyOf,
    /// For each.
    AllOf,
}

/// A value that is asked of an event: a field or what a function makes of fields, with the transformers around it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldExpr {
    /// What the transformers are applied to.
    pub base: Base,
    /// Transformers from the inside out (`toupper(b64(x))` is `[b64, toupper]`).
    pub transformers: Vec<Transformer>,
}

/// The innermost part of a [`FieldExpr`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Base {
    /// `proc.aname[2]`.
    Field(FieldRef),
    /// `concat(proc.name, ":", proc.exe)`.
    Call(Call),
}

/// A field with its argument.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldRef {
    /// The catalogue's row.
    pub field: &'static Field,
    /// The argument.
    pub arg: FieldArg,
}

/// A function of several arguments; their number and types have been checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// Which.
    pub function: Function,
    /// What it is given.
    pub args: Vec<CallArg>,
    /// The option whose value is asked for: `getopt(...)[t]`.
    pub selector: Option<u8>,
}

/// A transformer of several arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Function {
    /// `join(separator, list)`: the list's values in one text.
    Join,
    /// `concat(a, b, ...)`: texts, one behind the other.
    Concat,
    /// `getopt(list, options)`: the short options in a command's arguments, and their values.
    GetOpt,
}

/// An argument of a [`Call`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CallArg {
    /// A value of the event.
    Value(FieldExpr),
    /// A text or number as written.
    Text(String),
    /// `(proc.name, "x")`; lists are not nested.
    List(Vec<CallArg>),
}

impl FieldExpr {
    /// A field without transformers.
    pub fn of(field: &'static Field, arg: FieldArg) -> FieldExpr {
        FieldExpr { base: Base::Field(FieldRef { field, arg }), transformers: Vec::new() }
    }

    /// The field, if there is exactly one and no function takes it; there may be transformers around it.
    pub fn single_field(&self) -> Option<&FieldRef> {
        match &self.base {
            Base::Field(field) => Some(field),
            Base::Call(_) => None,
        }
    }

    /// The field, if there is nothing around it.
    pub fn plain_field(&self) -> Option<&FieldRef> {
        self.single_field().filter(|_| self.transformers.is_empty())
    }

    /// All fields that the value is made of, in the order in which they are written.
    pub fn fields(&self) -> Vec<&FieldRef> {
        let mut fields = Vec::new();
        self.collect_fields(&mut fields);
        fields
    }

    fn collect_fields<'e>(&'e self, fields: &mut Vec<&'e FieldRef>) {
        match &self.base {
            Base::Field(field) => fields.push(field),
            Base::Call(call) => call.args.iter().for_each(|arg| arg.collect_fields(fields)),
        }
    }

    /// Whether there may be several values, all of which are looked at.
    pub fn is_list(&self) -> bool {
        let base = match &self.base {
            Base::Field(field) => field.field.is_list,
            Base::Call(call) => match call.function {
                Function::Join | Function::Concat => false,
                Function::GetOpt => call.selector.is_none(),
            },
        };
        base && !self.transformers.contains(&Transformer::Len)
    }
}

impl CallArg {
    fn collect_fields<'e>(&'e self, fields: &mut Vec<&'e FieldRef>) {
        match self {
            CallArg::Value(value) => value.collect_fields(fields),
            CallArg::Text(_) => {}
            CallArg::List(parts) => parts.iter().for_each(|part| part.collect_fields(fields)),
        }
    }
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
    /// `%proc.name`.
    Field {
        /// The field.
        expr: FieldExpr,
        /// As written, without the percent sign and the width: the key in `output_fields`.
        source: String,
        /// The number of bytes that the value is cut or filled up to: `%30proc.name`.
        width: Option<usize>,
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
