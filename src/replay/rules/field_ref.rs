//! Names of fields with their arguments, as conditions and outputs write them -> [`FieldExpr`] and its type.

use super::ast::{Base, FieldArg, FieldExpr, FieldRef, Op, Span, Transformer};
use super::calls::resolve_call;
use super::diagnostic::Code;
use super::names;
use super::syntax::{RawBase, RawField, operator_name, transformer_name};
use crate::format::schema::{EventKind, ParamType};
use crate::replay::fields::{ArgRule, Field, FieldType, Source};

/// What is wrong with a field; the caller knows the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldProblem {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl FieldProblem {
    pub(super) fn new(code: Code, message: String) -> FieldProblem {
        FieldProblem { code, message, help: None }
    }

    pub(super) fn help(self, help: impl Into<String>) -> FieldProblem {
        FieldProblem { help: Some(help.into()), ..self }
    }

    fn did_you_mean(self, near: Option<&str>) -> FieldProblem {
        match near {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None => self,
        }
    }
}

/// What the values of a field expression are, as far as operators and operands care.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ValueClass {
    Text,
    Bytes,
    Bool,
    /// With the smallest and largest value.
    Int(i64, i64),
    Unsigned,
    Double,
    Ip,
    Net,
    Port,
}

impl ValueClass {
    /// For messages: "compared with ...".
    pub(super) fn describe(self) -> &'static str {
        match self {
            ValueClass::Text => "text",
            ValueClass::Bytes => "bytes",
            ValueClass::Bool => "`true` or `false`",
            ValueClass::Int(..) | ValueClass::Unsigned => "a whole number",
            ValueClass::Double => "a number",
            ValueClass::Ip => "an IP address",
            ValueClass::Net => "an IP network",
            ValueClass::Port => "a port number",
        }
    }

    /// Whether a field of this sort can be compared so.
    pub(super) fn takes(self, op: Op) -> bool {
        match op {
            Op::Exists | Op::Eq | Op::Ne | Op::In | Op::Intersects => true,
            Op::Lt | Op::Le | Op::Gt | Op::Ge => match self {
                ValueClass::Text
                | ValueClass::Int(..)
                | ValueClass::Unsigned
                | ValueClass::Double
                | ValueClass::Port => true,
                ValueClass::Bytes | ValueClass::Bool | ValueClass::Ip | ValueClass::Net => false,
            },
            Op::Contains | Op::StartsWith | Op::EndsWith => matches!(self, ValueClass::Text | ValueClass::Bytes),
            Op::IContains | Op::Glob | Op::IGlob | Op::Pmatch | Op::Regex => self == ValueClass::Text,
            Op::BContains | Op::BStartsWith => self == ValueClass::Bytes,
        }
    }
}

/// A field expression, what its values are, and whether it yields several.
#[derive(Clone, Debug)]
pub(super) struct TypedField {
    pub(super) expr: FieldExpr,
    pub(super) class: ValueClass,
    pub(super) is_list: bool,
}

impl TypedField {
    /// The problem with comparing this field so, if any.
    pub(super) fn check_operator(&self, op: Op) -> Result<(), FieldProblem> {
        let name = &self.expr;
        let problem = |message| Err(FieldProblem::new(Code::TypeMismatch, message));
        if self.is_list && !matches!(op, Op::In | Op::Intersects | Op::Exists) {
            let message = format!("`{}` cannot compare `{name}`, which is a list", operator_name(op));
            return problem(message).map_err(|problem: FieldProblem| problem.help("use `in` or `intersects`"));
        }
        if self.expr.plain_field().is_some_and(|field| field.field.name == "evt.around") && op != Op::Eq {
            return problem("`evt.around` is compared with `=` only".to_owned());
        }
        if self.class.takes(op) {
            return Ok(());
        }
        problem(format!("`{}` cannot compare `{name}`, which is {}", operator_name(op), self.class.describe()))
    }

    /// Whether the field can stand on the right-hand side, or have another field there.
    pub(super) fn can_face_field(&self) -> bool {
        self.class != ValueClass::Net && self.expr.single_field().is_none_or(|field| !is_compared_apart(field.field))
    }

    /// How the value is called in messages.
    pub(super) fn name(&self) -> String {
        match self.expr.plain_field() {
            Some(field) => field.field.name.to_owned(),
            None => self.expr.to_string(),
        }
    }
}

/// Whether the engine compares the field in a way of its own: with several values at once, or of a type that only the
/// event tells. Transformers and other fields cannot be put to it.
fn is_compared_apart(field: &Field) -> bool {
    const NAMES: &[&str] = &[
        "fd.ip",
        "fd.net",
        "fd.port",
        "fd.proto",
        "evt.rawarg",
        "evt.around",
        "proc.apid",
        "proc.aname",
        "proc.aexe",
        "proc.aexepath",
        "proc.acmdline",
        "proc.aargs",
        "proc.aenv",
        "fd.cip.name",
        "fd.sip.name",
        "fd.lip.name",
        "fd.rip.name",
    ];
    NAMES.contains(&field.name)
}

/// How a field's argument is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ArgStyle {
    /// `evt.arg[0]`, `evt.arg.flags`.
    Param,
    /// `proc.aname[2]`, a number.
    Index,
    /// `proc.aenv[2]`, `proc.aenv[HOME]`.
    IndexOrKey,
    /// `proc.env[HOME]`, `container.label.app`.
    Key,
    /// `evt.abspath.src`.
    PathRole,
    /// `evt.type.is.open`.
    EventType,
    /// `jevt.value[/objectRef/name]`, `ka.uri.param[command]`: a text in brackets.
    Path,
}

fn arg_style(field: &Field) -> ArgStyle {
    match field.name {
        "evt.arg" | "evt.rawarg" => ArgStyle::Param,
        "evt.abspath" => ArgStyle::PathRole,
        "evt.type.is" => ArgStyle::EventType,
        "proc.aenv" => ArgStyle::IndexOrKey,
        "proc.env" | "thread.cgroup" => ArgStyle::Key,
        "json.value" | "jevt.value" => ArgStyle::Path,
        "ka.uri.param" | "ka.req.binding.subject.has_name" | "ka.req.volume.hostpath" => ArgStyle::Path,
        name if name.ends_with(".label") => ArgStyle::Key,
        name if name.starts_with("container.mount") => ArgStyle::IndexOrKey,
        _ => ArgStyle::Index,
    }
}

/// Whether an argument can follow after a dot.
fn takes_dot(style: ArgStyle, field: &Field) -> bool {
    match style {
        ArgStyle::Param | ArgStyle::PathRole | ArgStyle::EventType => true,
        ArgStyle::Key => field.name != "proc.env",
        ArgStyle::Index | ArgStyle::IndexOrKey | ArgStyle::Path => false,
    }
}

/// The problem with a field that events of a rule's source do not have, if it is one.
pub(super) fn check_source(field: &Field, source: Source) -> Result<(), FieldProblem> {
    if field.sources.has(source) {
        return Ok(());
    }
    let others: Vec<&str> = field.sources.iter().map(Source::name).collect();
    let message = format!("events of `{}` have no field `{}`", source.name(), field.name);
    let problem = FieldProblem::new(Code::UnknownField, message);
    Err(problem.help(format!("it is one of `{}`: a rule says so with `source: {0}`", others.join("`, `"))))
}

/// Finds the fields of a value as it was written and checks its transformers. The problem comes with its place.
pub(super) fn resolve_value(raw: &RawField<'_>) -> Result<TypedField, (FieldProblem, Span)> {
    let here = |problem| (problem, raw.span.clone());
    let mut typed = match &raw.base {
        RawBase::Field { name, arg } => resolve_field(name, arg.as_deref()).map_err(here)?,
        RawBase::Call { function, args, selector } => resolve_call(*function, args, selector.as_ref(), &raw.span)?,
    };
    for (transformer, _) in &raw.transformers {
        apply_transformer(&mut typed, *transformer).map_err(here)?;
    }
    Ok(typed)
}

/// Finds a field by its name, which may end in a dotted argument, and the argument in brackets.
pub(super) fn resolve_field(name: &str, bracket: Option<&str>) -> Result<TypedField, FieldProblem> {
    let (field, dotted) = split_name(name)?;
    let style = arg_style(field);
    let written = match (dotted, bracket) {
        (Some(dotted), Some(_)) => {
            let message = format!("`{}` has an argument after a dot and one in brackets", field.name);
            return Err(FieldProblem::new(Code::FieldArgument, message).help(format!("leave out `.{dotted}`")));
        }
        (dotted, bracket) => dotted.or(bracket),
    };
    let arg = match written {
        None => {
            // `evt.abspath` alone is the path that the call is about.
            if field.arg == ArgRule::Required && style != ArgStyle::PathRole {
                return Err(missing_argument(field, style));
            }
            FieldArg::None
        }
        Some(_) if field.arg == ArgRule::None => {
            let message = format!("`{}` takes no argument", field.name);
            return Err(FieldProblem::new(Code::FieldArgument, message));
        }
        Some(text) => read_argument(field, style, text, dotted.is_some())?,
    };
    let class = value_class(field, &arg)?;
    let base = Base::Field(FieldRef { field, arg });
    Ok(TypedField { expr: FieldExpr { base, transformers: Vec::new() }, class, is_list: field.is_list })
}

/// The field that a name starts with, and the argument after a dot.
fn split_name(name: &str) -> Result<(&'static Field, Option<&str>), FieldProblem> {
    if let Some(field) = names::find_field(name) {
        return Ok((field, None));
    }
    for (dot, _) in name.rmatch_indices('.') {
        let (base, arg) = name.split_at(dot);
        if let Some(field) = names::find_field(base)
            && field.arg != ArgRule::None
        {
            let style = arg_style(field);
            let arg = arg.get(1..).unwrap_or("");
            if takes_dot(style, field) {
                return Ok((field, Some(arg)));
            }
            let problem = FieldProblem::new(Code::UnknownField, format!("there is no field `{name}`"));
            return Err(problem.help(format!("the argument of `{base}` stands in brackets: `{base}[{arg}]`")));
        }
    }
    let problem = FieldProblem::new(Code::UnknownField, format!("there is no field `{name}`"));
    Err(problem.did_you_mean(names::nearest_field(name)))
}

fn missing_argument(field: &Field, style: ArgStyle) -> FieldProblem {
    let name = field.name;
    let example = match style {
        ArgStyle::Param => format!("`{name}.flags` or `{name}[0]`"),
        ArgStyle::Index | ArgStyle::IndexOrKey => format!("`{name}[0]`"),
        ArgStyle::Key => format!("`{name}.app`"),
        ArgStyle::Path if name == "ka.req.volume.hostpath" => format!("`{name}[/etc*]`"),
        ArgStyle::Path if name.starts_with("ka.") => format!("`{name}[command]`"),
        ArgStyle::Path => format!("`{name}[/verb]`"),
        ArgStyle::PathRole => format!("`{name}.src`"),
        ArgStyle::EventType => format!("`{name}.open`"),
    };
    let message = format!("`{name}` needs an argument");
    FieldProblem::new(Code::FieldArgument, message).help(format!("write {example}"))
}

fn read_argument(field: &Field, style: ArgStyle, text: &str, is_dotted: bool) -> Result<FieldArg, FieldProblem> {
    let name = field.name;
    let wrong = |message: String| FieldProblem::new(Code::FieldArgument, message);
    let index = text.parse::<u32>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    match style {
        ArgStyle::Param if is_dotted => {
            if names::param_type(text).is_none() {
                // Falco takes this for an unknown field, which `skip-if-unknown-filter` allows.
                let message = format!("no event has a parameter `{text}`");
                let problem = FieldProblem::new(Code::UnknownField, message);
                return Err(problem.did_you_mean(names::nearest_param(text)));
            }
            Ok(FieldArg::Key(text.to_owned()))
        }
        ArgStyle::Param if name == "evt.rawarg" => {
            let problem = wrong("`evt.rawarg` takes the name of a parameter".to_owned());
            Err(problem.help("write it after a dot: `evt.rawarg.flags`"))
        }
        ArgStyle::Param | ArgStyle::Index => match index {
            Some(index) => Ok(FieldArg::Index(index)),
            None => Err(wrong(format!("the argument of `{name}` is a number, not `{text}`"))),
        },
        ArgStyle::IndexOrKey => Ok(index.map_or_else(|| FieldArg::Key(text.to_owned()), FieldArg::Index)),
        ArgStyle::Path if text.is_empty() => Err(wrong(format!("the argument of `{name}` is empty"))),
        ArgStyle::Key | ArgStyle::Path => Ok(FieldArg::Key(text.to_owned())),
        ArgStyle::PathRole => match text {
            "src" | "dst" => Ok(FieldArg::Key(text.to_owned())),
            _ => Err(wrong(format!("the argument of `{name}` is `src` or `dst`, not `{text}`"))),
        },
        ArgStyle::EventType => {
            if index.is_none() && EventKind::by_name(text).is_none() {
                let problem = wrong(format!("there is no event `{text}`"));
                return Err(problem.did_you_mean(names::nearest_event_name(text)));
            }
            Ok(index.map_or_else(|| FieldArg::Key(text.to_owned()), FieldArg::Index))
        }
    }
}

fn value_class(field: &Field, arg: &FieldArg) -> Result<ValueClass, FieldProblem> {
    Ok(match field.ty {
        FieldType::CharBuf => ValueClass::Text,
        FieldType::ByteBuf => ValueClass::Bytes,
        FieldType::Bool => ValueClass::Bool,
        FieldType::Int16 => ValueClass::Int(i16::MIN.into(), i16::MAX.into()),
        FieldType::Int32 => ValueClass::Int(i32::MIN.into(), i32::MAX.into()),
        FieldType::Int64 => ValueClass::Int(i64::MIN, i64::MAX),
        FieldType::Uint32 => ValueClass::Int(0, u32::MAX.into()),
        FieldType::Uint64 | FieldType::RelTime | FieldType::AbsTime => ValueClass::Unsigned,
        FieldType::Double => ValueClass::Double,
        FieldType::IpAddr => ValueClass::Ip,
        FieldType::IpNet => ValueClass::Net,
        FieldType::Port => ValueClass::Port,
        FieldType::Dynamic => {
            let param = match arg {
                FieldArg::Key(name) => names::param_type(name),
                FieldArg::Index(_) | FieldArg::None => None,
            };
            match param.and_then(param_class) {
                Some(class) => class,
                None => {
                    let message = format!("this parameter of `{}` cannot be compared", field.name);
                    return Err(FieldProblem::new(Code::TypeMismatch, message));
                }
            }
        }
    })
}

/// What a parameter's values are; `None` for those with structure.
fn param_class(ty: ParamType) -> Option<ValueClass> {
    Some(match ty {
        ParamType::Int8 => ValueClass::Int(i8::MIN.into(), i8::MAX.into()),
        ParamType::Int16 => ValueClass::Int(i16::MIN.into(), i16::MAX.into()),
        ParamType::Int32 | ParamType::Fd32 | ParamType::Pid32 => ValueClass::Int(i32::MIN.into(), i32::MAX.into()),
        ParamType::Int64 | ParamType::Errno | ParamType::Fd | ParamType::Pid => ValueClass::Int(i64::MIN, i64::MAX),
        ParamType::Uint8 | ParamType::Flags8 | ParamType::EnumFlags8 | ParamType::SigType => {
            ValueClass::Int(0, u8::MAX.into())
        }
        ParamType::Uint16 | ParamType::Flags16 | ParamType::EnumFlags16 | ParamType::SyscallId => {
            ValueClass::Int(0, u16::MAX.into())
        }
        ParamType::Uint32
        | ParamType::Flags32
        | ParamType::EnumFlags32
        | ParamType::Mode
        | ParamType::Uid
        | ParamType::Gid => ValueClass::Int(0, u32::MAX.into()),
        ParamType::Uint64 | ParamType::RelTime | ParamType::AbsTime => ValueClass::Unsigned,
        ParamType::Port => ValueClass::Port,
        ParamType::CharBuf | ParamType::FsPath | ParamType::FsRelPath => ValueClass::Text,
        ParamType::ByteBuf | ParamType::CharBufArray | ParamType::CharBufPairArray => ValueClass::Bytes,
        ParamType::SigSet => ValueClass::Int(0, u32::MAX.into()),
        ParamType::Ipv4Addr | ParamType::Ipv6Addr => ValueClass::Ip,
        ParamType::SockAddr | ParamType::SockTuple | ParamType::FdList | ParamType::Dyn => return None,
    })
}

fn apply_transformer(typed: &mut TypedField, transformer: Transformer) -> Result<(), FieldProblem> {
    let name = transformer_name(transformer);
    if let Some(field) = typed.expr.single_field()
        && is_compared_apart(field.field)
    {
        let message = format!("`{name}` cannot be applied to `{}`: the field takes no transformers", typed.name());
        return Err(FieldProblem::new(Code::TypeMismatch, message));
    }
    let fits = match transformer {
        Transformer::ToLower | Transformer::ToUpper | Transformer::Basename => typed.class == ValueClass::Text,
        Transformer::B64 => matches!(typed.class, ValueClass::Text | ValueClass::Bytes),
        Transformer::Len => typed.is_list || matches!(typed.class, ValueClass::Text | ValueClass::Bytes),
    };
    if !fits {
        let message = format!("`{name}` cannot be applied to `{}`, which is {}", typed.name(), typed.class.describe());
        return Err(FieldProblem::new(Code::TypeMismatch, message));
    }
    if transformer == Transformer::Len {
        (typed.class, typed.is_list) = (ValueClass::Unsigned, false);
    }
    typed.expr.transformers.push(transformer);
    Ok(())
}
