//! What a file that is not a capture probably is, by its first bytes.

/// Completes "it ...".
pub(super) fn looks_like(start: &[u8]) -> &'static str {
    const KNOWN: &[(&[u8], &str)] = &[
        (b"\x1f\x8b", "is gzip-compressed; unpack it first (a .scap file may be packed so)"),
        (b"\x28\xb5\x2f\xfd", "is zstd-compressed; unpack it first"),
        (b"\xfd7zXZ\0", "is xz-compressed; unpack it first"),
        (b"BZh", "is bzip2-compressed; unpack it first"),
        (b"PK\x03\x04", "is a zip archive; unpack it first"),
        (b"\x0a\x0d\x0d\x0a", "looks like a .scap or pcapng file, which has to be imported"),
        (b"\xd4\xc3\xb2\xa1", "looks like a pcap file of network packets"),
        (b"\xa1\xb2\xc3\xd4", "looks like a pcap file of network packets"),
        (b"\x7fELF", "looks like an ELF program"),
        (b"#!", "looks like a script"),
        (b"\xff\xfe", "looks like UTF-16 text; an audit log is read as UTF-8: iconv -f UTF-16 -t UTF-8"),
        (b"\xfe\xff", "looks like UTF-16 text; an audit log is read as UTF-8: iconv -f UTF-16 -t UTF-8"),
        (b"{", "looks like JSON"),
        (b"[", "looks like JSON"),
        (b"%PDF", "looks like a PDF document"),
    ];
    if let Some((_, what)) = KNOWN.iter().find(|(magic, _)| start.starts_with(magic)) {
        return what;
    }
    if start.iter().all(|&byte| byte == 0) {
        return "begins with zeros";
    }
    let is_text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..);
    if start.iter().all(is_text)
        && std::str::from_utf8(start).map_or_else(|error| error.valid_up_to() + 4 > start.len(), |_| true)
    {
        return "looks like text; a Kubernetes audit log is JSON, and rule files go behind -r";
    }
    "does not begin as one"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_files_are_recognised() {
        assert!(looks_like(b"\x1f\x8b\x08\x00").contains("gzip"));
        assert!(looks_like(b"\x7fELF\x02").contains("ELF"));
        assert!(looks_like(b"\x0a\x0d\x0d\x0a\x1c\0\0\0").contains("scap"));
        assert!(looks_like(b"- rule: x\n").contains("text"));
        assert!(looks_like("größer".as_bytes()).contains("text"));
        assert_eq!(looks_like(b"\x01\x02\x03"), "does not begin as one");
    }
}
