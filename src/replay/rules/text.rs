//! Texts inside rule files, and the way back from them to the file's bytes.
//!
//! A condition is a YAML scalar, or several (`append`), each written plain, quoted or as a block. It is parsed as the
//! text that YAML makes of it; only when something is wrong is the place of that text looked up in the file, by walking
//! scalar and file side by side.

use std::borrow::Cow;
use std::cell::RefCell;

use super::ast::Span;
use super::file::RuleFile;
use super::yaml::{Scalar, Style};

/// Position of a file in load order.
pub(super) type FileIndex = usize;

/// Bytes of a file.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub(super) struct Place {
    pub(super) file: FileIndex,
    pub(super) span: Span,
}

/// A text made of one or more scalars.
#[derive(Clone, Debug)]
pub(super) struct Text<'i> {
    value: Cow<'i, str>,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
struct Piece {
    /// Where the scalar's text starts in the whole.
    start: usize,
    place: Place,
    style: Style,
    waypoints: RefCell<Vec<Waypoint>>,
}

/// Bytes of text between two waypoints.
const WAYPOINT_STEP: usize = 64;

/// Where a letter that is no blank stands: of a long text, every place is looked up from the waypoint before it and not
/// from the start.
#[derive(Clone, Copy, Debug)]
struct Waypoint {
    text: usize,
    source: usize,
}

impl<'i> Text<'i> {
    pub(super) fn new(scalar: Scalar<'i>, place: Place) -> Text<'i> {
        let piece = Piece { start: 0, place, style: scalar.style, waypoints: RefCell::default() };
        Text { pieces: vec![piece], value: scalar.text }
    }

    pub(super) fn value(&self) -> &str {
        &self.value
    }

    /// The place of the first scalar.
    pub(super) fn place(&self) -> Place {
        self.pieces.first().map_or(Place { file: 0, span: 0..0 }, |piece| piece.place.clone())
    }

    /// Appends another text after a space.
    pub(super) fn append(&mut self, other: Text<'i>) {
        let value = self.value.to_mut();
        value.push(' ');
        let shift = value.len();
        value.push_str(&other.value);
        self.pieces.extend(other.pieces.into_iter().map(|piece| Piece { start: piece.start + shift, ..piece }));
    }

    /// Where bytes of this text stand in the files.
    pub(super) fn locate(&self, span: &Span, files: &[RuleFile]) -> Place {
        let at = self.pieces.partition_point(|piece| piece.start <= span.start).saturating_sub(1);
        let Some(piece) = self.pieces.get(at) else {
            return self.place();
        };
        let end = self.pieces.get(at + 1).map_or(self.value.len(), |next| next.start.saturating_sub(1));
        let whole = piece.place.span.clone();
        let source = files.get(piece.place.file).and_then(|file| file.text.get(whole.clone()));
        let (Some(source), Some(value)) = (source, self.value.get(piece.start..end)) else {
            return piece.place.clone();
        };
        let first = span.start.clamp(piece.start, end) - piece.start;
        let last = span.end.clamp(span.start, end).max(piece.start) - piece.start;
        let from = source_offset(source, piece, value, first);
        let to = match value.get(first..last).and_then(|part| part.char_indices().next_back()) {
            Some((before_last, letter)) => source_offset(source, piece, value, first + before_last) + letter.len_utf8(),
            None => from,
        };
        Place { file: piece.place.file, span: whole.start + from..(whole.start + to.max(from)).min(whole.end) }
    }
}

/// The offset in a scalar's source of an offset in its text.
fn source_offset(source: &str, piece: &Piece, text: &str, offset: usize) -> usize {
    let style = piece.style;
    let mut waypoints = piece.waypoints.borrow_mut();
    let passed = waypoints.partition_point(|waypoint| waypoint.text <= offset);
    let waypoint = passed.checked_sub(1).and_then(|at| waypoints.get(at)).copied();
    let is_quoted = matches!(style, Style::SingleQuoted | Style::DoubleQuoted);
    let from = waypoint.unwrap_or(Waypoint { text: 0, source: usize::from(is_quoted) });
    let mut source_chars = Cursor { text: source, at: from.source };
    let mut text_chars = Cursor { text, at: from.text };
    let mut next_waypoint = waypoints.last().map_or(0, |last| last.text) + WAYPOINT_STEP;
    loop {
        match text_chars.peek() {
            // Folding and indentation change white space only in length.
            Some(letter) if letter.is_ascii_whitespace() => {
                while text_chars.at < offset && text_chars.peek().is_some_and(|next| next.is_ascii_whitespace()) {
                    text_chars.next();
                }
                let there = text_chars.at >= offset;
                if there && text_chars.peek().is_some_and(|next| next.is_ascii_whitespace()) {
                    return source_chars.at;
                }
                source_chars.skip_space(style);
                if there {
                    return source_chars.at;
                }
            }
            Some(_) => {
                if text_chars.at >= next_waypoint {
                    waypoints.push(Waypoint { text: text_chars.at, source: source_chars.at });
                    next_waypoint = text_chars.at + WAYPOINT_STEP;
                }
                source_chars.skip_space(style);
                if text_chars.at >= offset {
                    return source_chars.at;
                }
                text_chars.next();
                source_chars.skip_letter(style);
            }
            None => return source_chars.at,
        }
    }
}

struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl Cursor<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn skip_space(&mut self, style: Style) {
        loop {
            let rest = self.rest().as_bytes();
            match (rest.first(), rest.get(1)) {
                (Some(b' ' | b'\t' | b'\n' | b'\r'), _) => self.at += 1,
                (Some(b'\\'), Some(b'n' | b't' | b'r' | b' ' | b'\n' | b'\r' | b'\t'))
                    if style == Style::DoubleQuoted =>
                {
                    self.at += 2;
                }
                _ => return,
            }
        }
    }

    /// Skips what stands for one letter of the text.
    fn skip_letter(&mut self, style: Style) {
        let rest = self.rest().as_bytes();
        let length = match (style, rest.first(), rest.get(1)) {
            (Style::SingleQuoted, Some(b'\''), Some(b'\'')) => 2,
            (Style::DoubleQuoted, Some(b'\\'), Some(b'x')) => 4,
            (Style::DoubleQuoted, Some(b'\\'), Some(b'u')) => 6,
            (Style::DoubleQuoted, Some(b'\\'), Some(b'U')) => 10,
            (Style::DoubleQuoted, Some(b'\\'), Some(_)) => 2,
            _ => self.peek().map_or(0, char::len_utf8),
        };
        self.at = (self.at + length).min(self.text.len());
        while !self.text.is_char_boundary(self.at) {
            self.at -= 1;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::yaml::{Value, parse_documents};
    use super::*;

    /// What the file has where a word of the scalar `c` stands.
    fn found(yaml: &str, word: &str) -> String {
        let (documents, error) = parse_documents(yaml);
        assert!(error.is_none());
        let Value::Mapping(pairs) = &documents[0].value else { panic!("a mapping") };
        let node = &pairs[0].1;
        let text = Text::new(node.as_scalar().unwrap().clone(), Place { file: 0, span: node.span.clone() });
        let start = text.value().find(word).unwrap();
        let files = [RuleFile::new("f", yaml)];
        let place = text.locate(&(start..start + word.len()), &files);
        files[0].text[place.span].to_owned()
    }

    #[test]
    fn words_are_found_in_every_style_of_scalar() {
        assert_eq!(found("c: é proc.name = sh", "sh"), "sh");
        assert_eq!(found("c: a\n   and\n   proc.name", "proc.name"), "proc.name");
        assert_eq!(found("c: >\n  é and\n    b and\n\n  wanted in (x)\n", "wanted"), "wanted");
        assert_eq!(found("c: |\n  a and\n    b and\n\n  wanted in (x)\n", "wanted"), "wanted");
        assert_eq!(found("c: 'it''s ''wanted'' now'", "wanted"), "wanted");
        assert_eq!(found(r#"c: "\x41 \"b\" \u00e9 \n wanted now""#, "wanted"), "wanted");
        assert_eq!(found("c: \"a\n   b \\\n   wanted\"", "wanted"), "wanted");
    }

    #[test]
    fn places_in_long_texts_are_found_in_any_order_from_the_waypoint_before() {
        let words: Vec<String> = (0..2000).map(|at| format!("w{at}é")).collect();
        let lines: Vec<String> = words.chunks(7).map(|words| words.join("  ")).collect();
        let (plain, block) = (lines.join("\n   "), lines.join("\n  "));
        for yaml in
            [format!("c: {plain}"), format!("c: >\n  {block}\n"), format!("c: '{plain}'"), format!("c: \"{plain}\"")]
        {
            let (documents, _) = parse_documents(&yaml);
            let Value::Mapping(pairs) = &documents[0].value else { panic!("a mapping") };
            let node = &pairs[0].1;
            let text = Text::new(node.as_scalar().unwrap().clone(), Place { file: 0, span: node.span.clone() });
            let files = [RuleFile::new("f", yaml.as_str())];
            for at in 0..words.len() {
                // forward, back and across
                let word = &words[at * 617 % words.len()];
                let start = text.value().find(word.as_str()).unwrap();
                let place = text.locate(&(start..start + word.len()), &files);
                assert_eq!(&yaml[place.span], word);
            }
            let known = text.pieces[0].waypoints.borrow();
            assert!(known.len() <= text.value().len() / WAYPOINT_STEP && known.is_sorted_by_key(|known| known.text));
            assert!(known.len() >= text.value().len() / (WAYPOINT_STEP + 20), "{}", known.len());
        }
    }

    #[test]
    fn a_place_in_an_appended_text_is_in_its_own_scalar() {
        let yaml = "[one two, \"three four\"]";
        let (documents, _) = parse_documents(yaml);
        let Value::Sequence(nodes) = &documents[0].value else { panic!("a sequence") };
        let mut texts = nodes
            .iter()
            .map(|node| Text::new(node.as_scalar().unwrap().clone(), Place { file: 0, span: node.span.clone() }));
        let mut text = texts.next().unwrap();
        text.append(texts.next().unwrap());
        assert_eq!(text.value(), "one two three four");
        let files = [RuleFile::new("f", yaml)];
        for word in ["one", "two", "three", "four"] {
            let start = text.value().find(word).unwrap();
            let place = text.locate(&(start..start + word.len()), &files);
            assert_eq!(&yaml[place.span], word);
        }
    }
}
