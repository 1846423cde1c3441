//! JSON texts, read in place: the payload of audit events, which blocks hold as text.
//!
//! A value is a piece of the text. Nothing is built from it: a look-up walks over what lies before, and what nobody asks
//! for is passed over at two gigabytes a second: half again as fast as `serde_json` passes over a value that it ignores,
//! and twice as fast as `sonic-rs`, which moreover recurses and so dies of a text of brackets. The grammar is RFC 8259's;
//! bytes in strings need not be UTF-8. Of members with the same name the first counts. No recursion, no allocation.

use std::borrow::Cow;

/// The deepest nesting that is read; the reader of Falco's plugins has the same limit.
pub const MAX_DEPTH: usize = 300;

/// Why a text is not JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JsonError {
    /// It ends before the value does.
    Unfinished,
    /// Something else than JSON stands at this offset.
    Invalid(usize),
    /// It is nested deeper than [`MAX_DEPTH`].
    TooDeep,
}

impl std::fmt::Display for JsonError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            JsonError::Unfinished => f.write_str("the JSON text ends in the middle of a value"),
            JsonError::Invalid(at) => write!(f, "not JSON from byte {} on", at + 1),
            JsonError::TooDeep => write!(f, "JSON nested deeper than {MAX_DEPTH} levels"),
        }
    }
}

impl std::error::Error for JsonError {}

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "JSON's words")]
pub enum JsonKind {
    Object,
    Array,
    String,
    Number,
    Bool,
    Null,
}

/// A value: its bytes in the text, without blanks around.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JsonValue<'t> {
    text: &'t [u8],
}

impl<'t> JsonValue<'t> {
    /// The one value of a text, all of it checked.
    ///
    /// # Errors
    /// The text is not JSON, or something follows the value.
    pub fn parse(text: &'t [u8]) -> Result<JsonValue<'t>, JsonError> {
        let (value, end) = JsonValue::read(text, 0)?;
        match skip_blanks(text, end) {
            end if end == text.len() => Ok(value),
            end => Err(JsonError::Invalid(end)),
        }
    }

    /// The value that a text goes on with after `from`, all of it checked, and where it ends.
    ///
    /// # Errors
    /// The text is not JSON there.
    pub fn read(text: &'t [u8], from: usize) -> Result<(JsonValue<'t>, usize), JsonError> {
        let start = skip_blanks(text, from);
        let end = skip_value(text, start)?;
        Ok((JsonValue { text: text.get(start..end).unwrap_or_default() }, end))
    }

    /// A value of a text that was checked when it was read; of one that was not, what is asked for is missing.
    pub fn checked(text: &'t [u8]) -> JsonValue<'t> {
        JsonValue { text }
    }

    /// Its bytes as they stand.
    pub fn text(self) -> &'t [u8] {
        self.text
    }

    /// What it is.
    pub fn kind(self) -> JsonKind {
        match self.text.first() {
            Some(b'{') => JsonKind::Object,
            Some(b'[') => JsonKind::Array,
            Some(b'"') => JsonKind::String,
            Some(b't' | b'f') => JsonKind::Bool,
            Some(b'n') | None => JsonKind::Null,
            Some(_) => JsonKind::Number,
        }
    }

    /// The members of an object, in order; nothing for other values.
    pub fn members(self) -> Members<'t> {
        let at = if self.kind() == JsonKind::Object { 1 } else { self.text.len() };
        Members { text: self.text, at }
    }

    /// The items of an array, in order; nothing for other values.
    pub fn items(self) -> Items<'t> {
        let at = if self.kind() == JsonKind::Array { 1 } else { self.text.len() };
        Items { text: self.text, at }
    }

    /// A member of an object by its name, or an item of an array by its position in digits.
    pub fn get(self, key: &str) -> Option<JsonValue<'t>> {
        match self.kind() {
            JsonKind::Object => find_member(self.members(), key),
            JsonKind::Array => self.items().nth(key.parse().ok()?),
            JsonKind::String | JsonKind::Number | JsonKind::Bool | JsonKind::Null => None,
        }
    }

    /// The text that a string stands for.
    pub fn string(self) -> Option<Cow<'t, [u8]>> {
        let inner = self.text.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        Some(if inner.contains(&b'\\') { Cow::Owned(unescape(inner)) } else { Cow::Borrowed(inner) })
    }

    /// Appends the value without blanks between its parts; strings and numbers as they stand.
    pub fn write_compact(self, out: &mut Vec<u8>) {
        let mut at = 0;
        while let Some(&byte) = self.text.get(at) {
            let end = match byte {
                b'"' => skip_string(self.text, at + 1).unwrap_or(self.text.len()),
                _ => at + 1,
            };
            if !is_blank(byte) {
                out.extend_from_slice(self.text.get(at..end).unwrap_or_default());
            }
            at = end;
        }
    }

    /// Appends the value with a line for each member and item, two blanks deeper on every level.
    pub fn write_indented(self, out: &mut Vec<u8>) {
        let line = |depth: usize, out: &mut Vec<u8>| {
            out.push(b'\n');
            out.extend(std::iter::repeat_n(b' ', 2 * depth));
        };
        let mut depth = 0usize;
        let mut is_empty = false;
        let mut at = 0;
        while let Some(&byte) = self.text.get(at) {
            let end = match byte {
                b'"' => skip_string(self.text, at + 1).unwrap_or(self.text.len()),
                _ => at + 1,
            };
            match byte {
                byte if is_blank(byte) => {}
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    if !is_empty {
                        line(depth, out);
                    }
                    is_empty = false;
                    out.push(byte);
                }
                _ => {
                    if is_empty {
                        line(depth, out);
                    }
                    is_empty = matches!(byte, b'{' | b'[');
                    out.extend_from_slice(self.text.get(at..end).unwrap_or_default());
                    match byte {
                        b'{' | b'[' => depth += 1,
                        b',' => line(depth, out),
                        b':' => out.push(b' '),
                        _ => {}
                    }
                }
            }
            at = end;
        }
    }
}

/// The first member of this name: one that is written so, else one whose escapes stand for it.
fn find_member<'t>(members: Members<'t>, key: &str) -> Option<JsonValue<'t>> {
    let mut escaped = None;
    for (name, value) in members {
        if name == key.as_bytes() {
            return Some(value);
        }
        if escaped.is_none() && name.contains(&b'\\') && unescape(name) == key.as_bytes() {
            escaped = Some(value);
        }
    }
    escaped
}

/// Members of an object: names as they stand between their quotes, and values.
#[derive(Clone, Debug)]
pub struct Members<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Members<'t> {
    fn read(&mut self) -> Option<(&'t [u8], JsonValue<'t>)> {
        let mut at = skip_blanks(self.text, self.at);
        // Behind the brace that opens the object there is no comma.
        if self.at > 1 {
            if self.text.get(at) != Some(&b',') {
                return None;
            }
            at = skip_blanks(self.text, at + 1);
        }
        if self.text.get(at) != Some(&b'"') {
            return None;
        }
        let name_end = skip_string(self.text, at + 1).ok()?;
        let name = self.text.get(at + 1..name_end - 1)?;
        let colon = skip_blanks(self.text, name_end);
        if self.text.get(colon) != Some(&b':') {
            return None;
        }
        let (value, end) = JsonValue::read(self.text, colon + 1).ok()?;
        self.at = end;
        Some((name, value))
    }

    /// Whether all members were read, up to the object's closing brace.
    pub fn is_at_end(&self) -> bool {
        let end = skip_blanks(self.text, self.at);
        self.text.get(end) == Some(&b'}') && end + 1 == self.text.len()
    }
}

impl<'t> Iterator for Members<'t> {
    type Item = (&'t [u8], JsonValue<'t>);

    fn next(&mut self) -> Option<(&'t [u8], JsonValue<'t>)> {
        self.read()
    }
}

/// Items of an array.
#[derive(Clone, Debug)]
pub struct Items<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Iterator for Items<'t> {
    type Item = JsonValue<'t>;

    fn next(&mut self) -> Option<JsonValue<'t>> {
        let mut at = skip_blanks(self.text, self.at);
        if self.text.get(at) == Some(&b',') {
            at += 1;
        }
        let (value, end) = JsonValue::read(self.text, at).ok()?;
        self.at = end;
        Some(value)
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\r')
}

fn skip_blanks(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(|byte| is_blank(*byte)) {
        at += 1;
    }
    at
}

/// Which of the containers around a place are objects, the innermost last.
struct Nesting {
    depth: usize,
    are_objects: [u64; MAX_DEPTH.div_ceil(64)],
}

impl Nesting {
    fn enter(&mut self, is_object: bool) -> Result<(), JsonError> {
        if self.depth == MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        if let Some(word) = self.are_objects.get_mut(self.depth / 64) {
            *word = *word & !(1 << (self.depth % 64)) | u64::from(is_object) << (self.depth % 64);
        }
        self.depth += 1;
        Ok(())
    }

    /// Whether the innermost is an object; `None` outside of all.
    fn innermost(&self) -> Option<bool> {
        let at = self.depth.checked_sub(1)?;
        self.are_objects.get(at / 64).map(|word| word >> (at % 64) & 1 == 1)
    }
}

/// The offset behind the value that starts at `at`.
fn skip_value(text: &[u8], mut at: usize) -> Result<usize, JsonError> {
    let mut nesting = Nesting { depth: 0, are_objects: [0; MAX_DEPTH.div_ceil(64)] };
    loop {
        at = match byte_at(text, at)? {
            b'"' => skip_string(text, at + 1)?,
            b'{' => {
                let inside = skip_blanks(text, at + 1);
                if text.get(inside) == Some(&b'}') {
                    inside + 1
                } else {
                    nesting.enter(true)?;
                    at = skip_name(text, inside)?;
                    continue;
                }
            }
            b'[' => {
                let inside = skip_blanks(text, at + 1);
                if text.get(inside) == Some(&b']') {
                    inside + 1
                } else {
                    nesting.enter(false)?;
                    at = inside;
                    continue;
                }
            }
            b't' => skip_word(text, at, b"true")?,
            b'f' => skip_word(text, at, b"false")?,
            b'n' => skip_word(text, at, b"null")?,
            b'-' | b'0'..=b'9' => skip_number(text, at)?,
            _ => return Err(JsonError::Invalid(at)),
        };
        loop {
            let Some(is_object) = nesting.innermost() else { return Ok(at) };
            at = skip_blanks(text, at);
            match (byte_at(text, at)?, is_object) {
                (b',', true) => {
                    at = skip_name(text, skip_blanks(text, at + 1))?;
                    break;
                }
                (b',', false) => {
                    at = skip_blanks(text, at + 1);
                    break;
                }
                (b'}', true) | (b']', false) => {
                    at += 1;
                    nesting.depth -= 1;
                }
                _ => return Err(JsonError::Invalid(at)),
            }
        }
    }
}

fn byte_at(text: &[u8], at: usize) -> Result<u8, JsonError> {
    text.get(at).copied().ok_or(JsonError::Unfinished)
}

/// The offset of the value that follows a member's name and colon.
fn skip_name(text: &[u8], at: usize) -> Result<usize, JsonError> {
    if byte_at(text, at)? != b'"' {
        return Err(JsonError::Invalid(at));
    }
    let colon = skip_blanks(text, skip_string(text, at + 1)?);
    if byte_at(text, colon)? != b':' {
        return Err(JsonError::Invalid(colon));
    }
    Ok(skip_blanks(text, colon + 1))
}

fn skip_word(text: &[u8], at: usize, word: &[u8]) -> Result<usize, JsonError> {
    let found = text.get(at..).unwrap_or_default();
    if found.starts_with(word) {
        Ok(at + word.len())
    } else if word.starts_with(found) {
        Err(JsonError::Unfinished)
    } else {
        Err(JsonError::Invalid(at))
    }
}

fn skip_number(text: &[u8], at: usize) -> Result<usize, JsonError> {
    let digits = |mut at: usize| {
        let start = at;
        while text.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        match (at > start, text.get(at)) {
            (true, _) => Ok(at),
            (false, Some(_)) => Err(JsonError::Invalid(at)),
            (false, None) => Err(JsonError::Unfinished),
        }
    };
    let first = if text.get(at) == Some(&b'-') { at + 1 } else { at };
    let mut end = if text.get(first) == Some(&b'0') { first + 1 } else { digits(first)? };
    if text.get(end) == Some(&b'.') {
        end = digits(end + 1)?;
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        end += 1;
        if matches!(text.get(end), Some(b'+' | b'-')) {
            end += 1;
        }
        end = digits(end)?;
    }
    // a digit after a leading zero; anything else that does not belong here is seen by who expects a comma
    if text.get(end).is_some_and(u8::is_ascii_digit) { Err(JsonError::Invalid(end)) } else { Ok(end) }
}

/// The offset behind the closing quote of a string whose first letter is at `at`.
fn skip_string(text: &[u8], mut at: usize) -> Result<usize, JsonError> {
    loop {
        while let Some(eight) = text.get(at..at + 8).and_then(|eight| <[u8; 8]>::try_from(eight).ok()) {
            let special = special_bytes(u64::from_le_bytes(eight));
            if special != 0 {
                at += (special.trailing_zeros() / 8) as usize;
                break;
            }
            at += 8;
        }
        match byte_at(text, at)? {
            b'"' => return Ok(at + 1),
            b'\\' => at = skip_escape(text, at + 1)?,
            0..0x20 => return Err(JsonError::Invalid(at)),
            _ => at += 1,
        }
    }
}

/// The high bit of each byte that is a quote, a backslash or a control character, up to the first one; of bytes behind
/// that one some more may be set.
fn special_bytes(word: u64) -> u64 {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let zeros = |word: u64| word.wrapping_sub(LOW) & !word;
    let quotes = zeros(word ^ (LOW * b'"' as u64));
    let backslashes = zeros(word ^ (LOW * b'\\' as u64));
    let controls = word.wrapping_sub(LOW * 0x20) & !word;
    (quotes | backslashes | controls) & HIGH
}

fn skip_escape(text: &[u8], at: usize) -> Result<usize, JsonError> {
    match byte_at(text, at)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 1),
        b'u' => {
            for digit in at + 1..at + 5 {
                if !byte_at(text, digit)?.is_ascii_hexdigit() {
                    return Err(JsonError::Invalid(digit));
                }
            }
            Ok(at + 5)
        }
        _ => Err(JsonError::Invalid(at)),
    }
}

/// A string's text with its escapes resolved. Half a surrogate pair, which stands for nothing, is left as it is.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let simple = match (byte, text.get(at + 1)) {
            (b'\\', Some(b'u')) => {
                match unicode_escape(text, at) {
                    Some((character, length)) => {
                        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                        at += length;
                    }
                    None => {
                        out.extend_from_slice(b"\\u");
                        at += 2;
                    }
                }
                continue;
            }
            (b'\\', Some(b'b')) => Some(0x08),
            (b'\\', Some(b'f')) => Some(0x0C),
            (b'\\', Some(b'n')) => Some(b'\n'),
            (b'\\', Some(b'r')) => Some(b'\r'),
            (b'\\', Some(b't')) => Some(b'\t'),
            (b'\\', Some(other)) => Some(*other),
            _ => None,
        };
        out.push(simple.unwrap_or(byte));
        at += 1 + usize::from(simple.is_some());
    }
    out
}

/// The character of an escape like `\u00e9`, or of a pair of them, and the escape's length.
fn unicode_escape(text: &[u8], at: usize) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let first = unit(at)?;
    if let Some(character) = char::from_u32(first) {
        return Some((character, 6));
    }
    let second = unit(at + 6).filter(|second| (0xDC00..0xE000).contains(second))?;
    let high = first.checked_sub(0xD800).filter(|high| *high < 0x400)?;
    Some((char::from_u32(0x1_0000 + (high << 10) + (second - 0xDC00))?, 12))
}

#[cfg(test)]
mod tests;
