//! The eBPF object that is embedded in the binary; `build.rs` says where it comes from.

/// The object for this architecture, as an ELF file.
pub(super) static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/sysreel.bpf.o"));

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    //! The object's own type information against the Rust side of bpf/wire.h.

    use std::collections::BTreeMap;
    use std::ops::Range;

    use super::OBJECT;
    use crate::capture::live::losses::LOSS_WORDS;
    use crate::capture::live::wire::{LAYOUT, blob_id, desc_flag, fetch};

    fn word(bytes: &[u8], at: usize) -> usize {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()).try_into().unwrap()
    }

    fn long(bytes: &[u8], at: usize) -> usize {
        u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()).try_into().unwrap()
    }

    fn name(strings: &[u8], at: usize) -> String {
        let end = strings[at..].iter().position(|&byte| byte == 0).unwrap();
        String::from_utf8(strings[at..at + end].to_vec()).unwrap()
    }

    /// Contents of a section of a 64-bit ELF file.
    fn section<'o>(object: &'o [u8], wanted: &str) -> &'o [u8] {
        let (table, count) = (long(object, 0x28), usize::from(u16::from_le_bytes([object[0x3c], object[0x3d]])));
        let names = usize::from(u16::from_le_bytes([object[0x3e], object[0x3f]]));
        let range = |index: usize| -> Range<usize> {
            let header = table + index * 64;
            long(object, header + 0x18)..long(object, header + 0x18) + long(object, header + 0x20)
        };
        let names = &object[range(names)];
        let index = (0..count).find(|index| name(names, word(object, table + index * 64)) == wanted).unwrap();
        &object[range(index)]
    }

    /// One type of a BTF section.
    #[derive(Debug)]
    enum Type {
        Sized(usize),
        Array { element: usize, count: usize },
        Alias(usize),
        Struct { size: usize, members: Vec<(String, usize, usize)> },
        Other,
    }

    struct Types {
        types: Vec<Type>,
        structs: BTreeMap<String, usize>,
    }

    impl Types {
        /// As the format is defined in the kernel's Documentation/bpf/btf.rst.
        fn parse(btf: &[u8]) -> Types {
            let header = word(btf, 4);
            let types = &btf[header + word(btf, 8)..][..word(btf, 12)];
            let strings = &btf[header + word(btf, 16)..][..word(btf, 20)];
            let mut parsed = Types { types: vec![Type::Other], structs: BTreeMap::new() };
            let mut at = 0;
            while at < types.len() {
                let (type_name, info, size) =
                    (name(strings, word(types, at)), word(types, at + 4), word(types, at + 8));
                let (kind, count) = (info >> 24 & 0x1f, info & 0xffff);
                at += 12;
                let (parsed_type, extra) = match kind {
                    1 => (Type::Sized(size), 4),
                    2 => (Type::Sized(8), 0),
                    3 => (Type::Array { element: word(types, at), count: word(types, at + 8) }, 12),
                    4 | 5 => {
                        let member = |i: usize| {
                            let at = at + i * 12;
                            (name(strings, word(types, at)), word(types, at + 4), word(types, at + 8) / 8)
                        };
                        (Type::Struct { size, members: (0..count).map(member).collect() }, count * 12)
                    }
                    6 => (Type::Sized(size), count * 8),
                    8..=11 => (Type::Alias(size), 0),
                    13 => (Type::Other, count * 8),
                    14 => (Type::Other, 4),
                    15 => (Type::Other, count * 12),
                    _ => (Type::Other, 0),
                };
                if kind == 4 {
                    parsed.structs.insert(type_name, parsed.types.len());
                }
                parsed.types.push(parsed_type);
                at += extra;
            }
            parsed
        }

        fn size(&self, id: usize) -> usize {
            match &self.types[id] {
                Type::Sized(size) | Type::Struct { size, .. } => *size,
                Type::Array { element, count } => self.size(*element) * count,
                Type::Alias(id) => self.size(*id),
                Type::Other => panic!("a type without a size"),
            }
        }
    }

    #[test]
    fn the_objects_structs_are_those_of_the_rust_side() {
        let types = Types::parse(section(OBJECT, ".BTF"));
        for layout in LAYOUT {
            let id = *types.structs.get(layout.name).unwrap_or_else(|| panic!("no struct {}", layout.name));
            let Type::Struct { size, members } = &types.types[id] else { panic!("{} is no struct", layout.name) };
            assert_eq!(*size, layout.size, "{}", layout.name);
            let members: Vec<_> =
                members.iter().map(|(name, id, offset)| (name.as_str(), *offset, types.size(*id))).collect();
            assert_eq!(members, layout.members, "{}", layout.name);
        }
        assert_eq!(types.size(types.structs["sr_loss"]), LOSS_WORDS * 8);
    }

    /// Numbers that bpf/wire.h gives to names, enumerators and macros alike.
    fn numbers() -> BTreeMap<&'static str, u64> {
        let lines = include_str!("../../../bpf/wire.h").lines();
        let number = |line: &'static str| {
            let line = line.trim();
            let (name, value) = match line.strip_prefix("#define ") {
                Some(macro_line) => macro_line.split_once(char::is_whitespace)?,
                None => line.split_once(" = ")?,
            };
            let digits = value.trim().split(|c: char| !c.is_ascii_digit()).next()?;
            Some((name, digits.parse().ok()?))
        };
        lines.filter_map(number).collect()
    }

    #[test]
    fn the_headers_numbers_are_those_of_the_rust_side() {
        let numbers = numbers();
        let blobs = [
            ("TASK", blob_id::TASK),
            ("ARGV", blob_id::ARGV),
            ("ENVP", blob_id::ENVP),
            ("CGROUPS", blob_id::CGROUPS),
            ("EXEPATH", blob_id::EXEPATH),
            ("CWD", blob_id::CWD),
            ("FILE", blob_id::FILE),
            ("SOCK", blob_id::SOCK),
            ("SOCK_PATH", blob_id::SOCK_PATH),
            ("FILENAME", blob_id::FILENAME),
            ("CHILD", blob_id::CHILD),
            ("VM", blob_id::VM),
            ("FILE_PATH", blob_id::FILE_PATH),
        ];
        for (name, number) in blobs {
            assert_eq!(numbers[format!("SR_BLOB_{name}").as_str()], u64::from(number), "{name}");
        }
        let flags = [
            ("WANTED", desc_flag::WANTED),
            ("TASK", desc_flag::TASK),
            ("FILE_RET", desc_flag::FILE_RET),
            ("FILE_ARG0", desc_flag::FILE_ARG0),
            ("SOCK_RET", desc_flag::SOCK_RET),
            ("SOCK_ARG0", desc_flag::SOCK_ARG0),
            ("ENTER", desc_flag::ENTER),
            ("SECURITY", desc_flag::SECURITY),
            ("CLONE", desc_flag::CLONE),
            ("EXEC", desc_flag::EXEC),
            ("PROT_EXEC", desc_flag::PROT_EXEC),
            ("VM", desc_flag::VM),
            ("PATH_RET", desc_flag::PATH_RET),
        ];
        for (name, number) in flags {
            assert_eq!(numbers[format!("SR_DESC_{name}").as_str()], u64::from(number), "{name}");
        }
        let fetches = [
            ("NONE", fetch::NONE),
            ("STR", fetch::STR),
            ("BUF", fetch::BUF),
            ("BUF_RET", fetch::BUF_RET),
            ("SOCKADDR", fetch::SOCKADDR),
            ("SOCKADDR_OUT", fetch::SOCKADDR_OUT),
            ("IOVEC", fetch::IOVEC),
            ("IOVEC_RET", fetch::IOVEC_RET),
            ("MSGHDR", fetch::MSGHDR),
            ("MSGHDR_RET", fetch::MSGHDR_RET),
            ("FIXED", fetch::FIXED),
            ("FD_PAIR", fetch::FD_PAIR),
            ("ITEMS8", fetch::ITEMS8),
            ("MMSGHDR", fetch::MMSGHDR),
        ];
        for (name, number) in fetches {
            assert_eq!(numbers[format!("SR_FETCH_{name}").as_str()], u64::from(number), "{name}");
        }
    }
}
