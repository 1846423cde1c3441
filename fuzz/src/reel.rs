//! Captures as bytes: made consistent again after a change, and without compression. The layout is documented in
//! `src/format`: an attacker can write hashes as well as anybody.

const PREAMBLE_LEN: usize = 16;
const HEAD_LEN: usize = 128;
const MARKER: [u8; 8] = *b"\xf7frame\xb2\x0d";
const END_MARKER: [u8; 8] = *b"\xf7reel\xb2\x0d\x0a";

/// A frame's place in a file.
struct Frame {
    start: usize,
    record: std::ops::Range<usize>,
    body: std::ops::Range<usize>,
}

/// The whole frames from the file's start on.
fn frames(file: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut at = PREAMBLE_LEN;
    while let Some(head) = file.get(at..at + HEAD_LEN) {
        if head[..8] != MARKER {
            break;
        }
        let length = |from: usize| u32::from_le_bytes([head[from], head[from + 1], head[from + 2], head[from + 3]]);
        let record = at + HEAD_LEN..at + HEAD_LEN + length(16) as usize;
        let body = record.end..record.end + length(20) as usize;
        if body.end > file.len() {
            break;
        }
        let next = body.end;
        frames.push(Frame { start: at, record, body });
        at = next;
    }
    frames
}

/// Writes every hash anew, so that only what the bytes say is looked at and not whether they are what was written.
pub fn heal(file: &mut [u8]) {
    let Some(preamble) = file.get(..PREAMBLE_LEN) else { return };
    let mut link = blake3::hash(preamble);
    for frame in frames(file) {
        let record = blake3::hash(&file[frame.record]);
        let body = blake3::hash(&file[frame.body]);
        let head = &mut file[frame.start..frame.start + HEAD_LEN];
        head[24..56].copy_from_slice(record.as_bytes());
        head[56..88].copy_from_slice(body.as_bytes());
        head[88..120].copy_from_slice(link.as_bytes());
        let check = blake3::hash(&head[..120]);
        head[120..].copy_from_slice(&check.as_bytes()[..8]);
        link = blake3::hash(head);
    }
    if file.ends_with(&END_MARKER) && file.len() >= 24 {
        let at = file.len() - 24;
        let check = blake3::hash(&file[at..at + 8]);
        file[at + 8..at + 16].copy_from_slice(&check.as_bytes()[..8]);
    }
}

/// The same capture without index, its blocks' directories and pages inflated: then a changed byte is a changed number,
/// length or text, where a changed byte of compressed data is an error of the decompressor's and nothing more.
pub fn inflated(file: &[u8]) -> Vec<u8> {
    let mut out = file[..PREAMBLE_LEN].to_vec();
    for frame in frames(file) {
        let sort = file[frame.start + 8];
        if sort == b'I' {
            continue;
        }
        let mut head = file[frame.start..frame.start + HEAD_LEN].to_vec();
        let body = &file[frame.body];
        let plain = if sort == b'B' { inflated_body(body).unwrap_or_else(|| body.to_vec()) } else { body.to_vec() };
        head[20..24].copy_from_slice(&u32::try_from(plain.len()).expect("a seed is small").to_le_bytes());
        out.extend(head);
        out.extend(&file[frame.record]);
        out.extend(plain);
    }
    heal(&mut out);
    out
}

/// body = length directory length page column*; directory and page are streams.
fn inflated_body(body: &[u8]) -> Option<Vec<u8>> {
    let mut rest = body;
    let mut out = Vec::new();
    for _ in 0..2 {
        let length = take_varint(&mut rest)?;
        let (mut stream, after) = rest.split_at_checked(length)?;
        rest = after;
        let mark = take_varint(&mut stream)?;
        let bytes = if mark & 1 == 0 {
            stream.get(..mark / 2)?.to_vec()
        } else {
            let stored = take_varint(&mut stream)?;
            zstd::bulk::decompress(stream.get(..stored)?, mark / 2).ok()?
        };
        let mut plain = Vec::new();
        put_varint(&mut plain, bytes.len() * 2);
        plain.extend(bytes);
        put_varint(&mut out, plain.len());
        out.extend(plain);
    }
    out.extend(rest);
    Some(out)
}

fn take_varint(rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0usize;
    for shift in (0..63).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn put_varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
