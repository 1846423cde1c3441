//! A parameter as Falco lays it down.

use crate::format::row::Value;
use crate::format::schema::ParamType;

/// Appends a parameter's bytes. What is not known has none.
pub(super) fn put_param(ty: ParamType, value: Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Null => {}
        Value::Int(number) => out.extend_from_slice(number.to_le_bytes().get(..width_of(ty)).unwrap_or_default()),
        Value::Bytes(bytes) => {
            out.extend_from_slice(bytes);
            if ends_in_nul(ty) {
                out.push(0);
            }
        }
    }
}

/// Bytes of a number of this type.
const fn width_of(ty: ParamType) -> usize {
    use ParamType::{
        AbsTime, ByteBuf, CharBuf, CharBufArray, CharBufPairArray, Dyn, EnumFlags8, EnumFlags16, EnumFlags32, Errno,
        Fd, Fd32, FdList, Flags8, Flags16, Flags32, FsPath, FsRelPath, Gid, Int8, Int16, Int32, Int64, Ipv4Addr,
        Ipv6Addr, Mode, Pid, Pid32, Port, RelTime, SigSet, SigType, SockAddr, SockTuple, SyscallId, Uid, Uint8, Uint16,
        Uint32, Uint64,
    };
    match ty {
        Int8 | Uint8 | Flags8 | EnumFlags8 | SigType => 1,
        Int16 | Uint16 | Flags16 | EnumFlags16 | Port | SyscallId => 2,
        Int32 | Uint32 | Fd32 | Pid32 | Uid | Gid | Flags32 | EnumFlags32 | Mode | SigSet => 4,
        Int64 | Uint64 | Errno | Fd | Pid | RelTime | AbsTime => 8,
        // no numbers
        CharBuf | FsPath | FsRelPath | ByteBuf | SockAddr | SockTuple | FdList | Dyn | CharBufArray
        | CharBufPairArray | Ipv4Addr | Ipv6Addr => 0,
    }
}

/// Whether values of this type are texts that end in NUL.
const fn ends_in_nul(ty: ParamType) -> bool {
    matches!(ty, ParamType::CharBuf | ParamType::FsPath | ParamType::FsRelPath)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_type_s_width_and_texts_their_nul() {
        let bytes = |ty, value| {
            let mut out = Vec::new();
            put_param(ty, value, &mut out);
            out
        };
        assert_eq!(bytes(ParamType::Errno, Value::Int(-2)), (-2i64).to_le_bytes());
        assert_eq!(bytes(ParamType::Uid, Value::Int(i64::from(u32::MAX))), [0xff; 4]);
        assert_eq!(bytes(ParamType::Port, Value::Int(443)), [0xbb, 1]);
        assert_eq!(bytes(ParamType::FsPath, Value::Bytes(b"/a")), b"/a\0");
        assert_eq!(bytes(ParamType::CharBuf, Value::Bytes(b"")), b"\0");
        assert_eq!(bytes(ParamType::ByteBuf, Value::Bytes(b"a\0b\0")), b"a\0b\0");
        assert_eq!(bytes(ParamType::CharBuf, Value::Null), b"");
    }
}
