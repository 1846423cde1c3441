//! The words for types, print formats and categories, as Falco's schema spells them.

use super::{Category, ParamType, PrintFormat};

impl ParamType {
    /// The type's name in the schema: `fspath`.
    pub const fn name(self) -> &'static str {
        match self {
            ParamType::Int8 => "int8",
            ParamType::Int16 => "int16",
            ParamType::Int32 => "int32",
            ParamType::Int64 => "int64",
            ParamType::Uint8 => "uint8",
            ParamType::Uint16 => "uint16",
            ParamType::Uint32 => "uint32",
            ParamType::Uint64 => "uint64",
            ParamType::Errno => "errno",
            ParamType::Fd => "fd",
            ParamType::Fd32 => "fd32",
            ParamType::Pid => "pid",
            ParamType::Pid32 => "pid32",
            ParamType::Uid => "uid",
            ParamType::Gid => "gid",
            ParamType::Flags8 => "flags8",
            ParamType::Flags16 => "flags16",
            ParamType::Flags32 => "flags32",
            ParamType::EnumFlags8 => "enumflags8",
            ParamType::EnumFlags16 => "enumflags16",
            ParamType::EnumFlags32 => "enumflags32",
            ParamType::Mode => "mode",
            ParamType::SigType => "sigtype",
            ParamType::SigSet => "sigset",
            ParamType::Port => "port",
            ParamType::RelTime => "reltime",
            ParamType::AbsTime => "abstime",
            ParamType::SyscallId => "syscallid",
            ParamType::CharBuf => "charbuf",
            ParamType::FsPath => "fspath",
            ParamType::FsRelPath => "fsrelpath",
            ParamType::ByteBuf => "bytebuf",
            ParamType::SockAddr => "sockaddr",
            ParamType::SockTuple => "socktuple",
            ParamType::FdList => "fdlist",
            ParamType::Dyn => "dyn",
            ParamType::CharBufArray => "charbufarray",
            ParamType::CharBufPairArray => "charbuf_pair_array",
            ParamType::Ipv4Addr => "ipv4addr",
            ParamType::Ipv6Addr => "ipv6addr",
        }
    }
}

impl PrintFormat {
    /// The format's name in the schema: `hex`.
    pub const fn name(self) -> &'static str {
        match self {
            PrintFormat::Na => "na",
            PrintFormat::Dec => "dec",
            PrintFormat::Hex => "hex",
            PrintFormat::Oct => "oct",
        }
    }
}

impl Category {
    /// The category's name in the schema: `io_read`. (`evt.category` says `file` or `net` of these, by descriptor.)
    pub const fn name(self) -> &'static str {
        match self {
            Category::Unknown => "unknown",
            Category::Other => "other",
            Category::File => "file",
            Category::Net => "net",
            Category::Ipc => "ipc",
            Category::Memory => "memory",
            Category::Process => "process",
            Category::Sleep => "sleep",
            Category::System => "system",
            Category::Signal => "signal",
            Category::User => "user",
            Category::Time => "time",
            Category::IoRead => "io_read",
            Category::IoWrite => "io_write",
            Category::IoOther => "io_other",
        }
    }
}
