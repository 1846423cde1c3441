//! The field catalogue: what a condition or an output may ask of an event.
//!
//! [`lookup`] finds a field by the name that rule files use; the row says its type and whether it takes an argument.
//! How a field's value is had from a block is in this room too (see the modules beside this one). Not here: conditions
//! (`replay::rules`), and any knowledge of how events were recorded.

mod access;
mod audit;
mod audit_text;
mod catalogue;
pub mod clock;
mod container;
mod descriptor;
mod event;
mod extract;
mod fd_list;
pub mod glob;
mod names;
mod param;
mod path;
pub mod posix_regex;
mod referent;
mod source;
mod tally;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod thread;
mod uri;
mod value;
mod view;

pub use access::{
    Absence, Access, AuditFact, ContainerFact, End, ErrorClass, EventFact, FdFact, FdListFact, GroupFact, ImagePart,
    Keys, MemoryFact, MountPart, PathRole, Reads, StdioFact, SubjectKind, TallyFact, ThreadFact, TimePart, TimeStyle,
    UserFact, Whose,
};
pub use catalogue::FIELDS;
pub(in crate::replay) use container::container_values;
pub use descriptor::NameSort;
pub(in crate::replay) use event::result_decides_paths;
pub use extract::{field_value, field_value_of_fd, field_value_of_kind, field_value_of_thread};
pub(in crate::replay) use param::may_lack_params;
pub(in crate::replay) use path::role_of_param;
pub(in crate::replay) use referent::recorded_path;
pub use source::{Source, Sources};
pub use value::{FieldValue, write_json_text, write_printable};
pub use view::{BlockView, CaptureFacts, EventRow};

/// A field of the catalogue. Fields are compared by identity of their name.
#[derive(Debug)]
pub struct Field {
    /// `proc.name`.
    pub name: &'static str,
    /// The type of its value.
    pub ty: FieldType,
    /// Whether it takes an argument (`proc.aname[2]`, `evt.arg.flags`).
    pub arg: ArgRule,
    /// Whether it yields a list of values.
    pub is_list: bool,
    /// The events that have it.
    pub sources: Sources,
    /// Where its value is had, and how.
    pub access: Access,
    /// What it is, in a sentence.
    pub about: &'static str,
}

impl PartialEq for Field {
    fn eq(&self, other: &Field) -> bool {
        self.name == other.name
    }
}

impl Eq for Field {}

impl std::hash::Hash for Field {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// The type of a field's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs, reason = "Falco's type names")]
pub enum FieldType {
    CharBuf,
    ByteBuf,
    Bool,
    Int16,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Double,
    /// Nanoseconds.
    RelTime,
    /// Nanoseconds since the epoch.
    AbsTime,
    IpAddr,
    IpNet,
    Port,
    /// The type of the parameter that the argument names.
    Dynamic,
}

impl FieldType {
    /// The type's name in Falco's field list: `charbuf`.
    pub const fn name(self) -> &'static str {
        match self {
            FieldType::CharBuf => "charbuf",
            FieldType::ByteBuf => "bytebuf",
            FieldType::Bool => "bool",
            FieldType::Int16 => "int16",
            FieldType::Int32 => "int32",
            FieldType::Int64 => "int64",
            FieldType::Uint32 => "uint32",
            FieldType::Uint64 => "uint64",
            FieldType::Double => "double",
            FieldType::RelTime => "reltime",
            FieldType::AbsTime => "abstime",
            FieldType::IpAddr => "ipaddr",
            FieldType::IpNet => "ipnet",
            FieldType::Port => "port",
            FieldType::Dynamic => "dynamic",
        }
    }
}

/// Whether a field takes an argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "said by the names")]
pub enum ArgRule {
    None,
    Optional,
    Required,
}

impl ArgRule {
    /// In one word.
    pub const fn name(self) -> &'static str {
        match self {
            ArgRule::None => "none",
            ArgRule::Optional => "optional",
            ArgRule::Required => "required",
        }
    }
}

/// Finds a field by name, without its argument.
pub fn lookup(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}

/// A field's argument, as an extraction takes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Argument<'a> {
    /// None given.
    None,
    /// A position.
    Index(u32),
    /// A name.
    Key(&'a str),
}

/// What a value is wanted for. A few fields differ: `fd.ip` matches either end of a connection and prints nothing;
/// `proc.aname` without an argument matches any ancestor and prints them all in one text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// To compare it.
    Test,
    /// To print it.
    Print,
}
