//! YAML text -> documents as trees whose nodes know their bytes.
//!
//! Only what rule files need of YAML: scalars stay text, whatever they look like; aliases are copied in; merge keys
//! are ordinary keys. Depth and size are bounded, so that a file of a few bytes cannot become a tree of gigabytes.

use std::borrow::Cow;

use granit_parser::{Event, Parser, ScalarStyle};
use rustc_hash::FxHashMap;

use super::ast::Span;

/// The deepest nesting of a document; rule files need six levels. Also bounds recursion over the tree.
const DEPTH_LIMIT: usize = 64;
/// The most nodes of a file with its aliases copied in; the largest public rule files have some ten thousand.
const NODE_LIMIT: usize = 1 << 20;
/// The most bytes of scalars that aliases may copy.
const ALIAS_BYTE_LIMIT: usize = 16 << 20;

/// A value in a YAML document.
#[derive(Clone, Debug)]
pub(in crate::replay) struct Node<'i> {
    /// Bytes of the file.
    pub(in crate::replay) span: Span,
    pub(in crate::replay) value: Value<'i>,
}

#[derive(Clone, Debug)]
pub(in crate::replay) enum Value<'i> {
    Scalar(Scalar<'i>),
    Sequence(Vec<Node<'i>>),
    Mapping(Vec<(Node<'i>, Node<'i>)>),
}

#[derive(Clone, Debug)]
pub(in crate::replay) struct Scalar<'i> {
    /// The text after YAML's own escapes and folding.
    pub(in crate::replay) text: Cow<'i, str>,
    pub(in crate::replay) style: Style,
}

/// How a scalar was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::replay) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// `|` or `>`.
    Block,
}

impl<'i> Node<'i> {
    /// Nothing was written, or one of YAML's words for it.
    pub(in crate::replay) fn is_null(&self) -> bool {
        match &self.value {
            Value::Scalar(scalar) => {
                scalar.style == Style::Plain && matches!(&*scalar.text, "" | "~" | "null" | "Null" | "NULL")
            }
            Value::Sequence(_) | Value::Mapping(_) => false,
        }
    }

    pub(in crate::replay) fn as_scalar(&self) -> Option<&Scalar<'i>> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            Value::Sequence(_) | Value::Mapping(_) => None,
        }
    }

    /// Nodes, bytes of text, and depth of the tree below and with this node.
    fn measure(&self) -> (usize, usize, usize) {
        match &self.value {
            Value::Scalar(scalar) => (1, scalar.text.len(), 1),
            Value::Sequence(nodes) => measure_all(nodes.iter()),
            Value::Mapping(pairs) => measure_all(pairs.iter().flat_map(|(key, value)| [key, value])),
        }
    }
}

fn measure_all<'n, 'i: 'n>(nodes: impl Iterator<Item = &'n Node<'i>>) -> (usize, usize, usize) {
    nodes.map(Node::measure).fold((1, 0, 1), |(count, bytes, depth), (more, text, below)| {
        (count + more, bytes + text, depth.max(below + 1))
    })
}

/// Why the rest of a file could not be read.
#[derive(Debug)]
pub(in crate::replay) struct YamlError {
    pub(in crate::replay) span: Span,
    pub(in crate::replay) message: String,
    /// The innermost bracket or brace that is open there: often the one that was forgotten.
    pub(in crate::replay) open_bracket: Option<usize>,
}

/// Reads all documents of a text. With an error, what was complete before it is still returned.
pub(in crate::replay) fn parse_documents(text: &str) -> (Vec<Node<'_>>, Option<YamlError>) {
    let mut builder = TreeBuilder::default();
    let options = granit_parser::options! { emit_comments: false };
    for event in Parser::new_from_str_with_options(text, options) {
        let problem = match event {
            Ok((event, span)) => {
                let start = span.start.byte_offset().unwrap_or(0);
                let end = span.end.byte_offset().unwrap_or(start).max(start);
                builder.take(event, start..end).err().map(|message| (start..end, message))
            }
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(0).min(text.len());
                Some((at..at, error.info()))
            }
        };
        if let Some((span, message)) = problem {
            let open_bracket = builder
                .open
                .iter()
                .rev()
                .map(Frame::start)
                .find(|at| matches!(text.as_bytes().get(*at), Some(b'[' | b'{')));
            return (builder.salvage(), Some(YamlError { span, message, open_bracket }));
        }
    }
    (builder.documents, None)
}

/// A collection that is not complete yet, and its anchor (0: none).
enum Frame<'i> {
    Sequence { start: usize, anchor: usize, nodes: Vec<Node<'i>> },
    Mapping { start: usize, anchor: usize, pairs: Vec<(Node<'i>, Node<'i>)>, key: Option<Node<'i>> },
}

impl Frame<'_> {
    fn start(&self) -> usize {
        match self {
            Frame::Sequence { start, .. } | Frame::Mapping { start, .. } => *start,
        }
    }
}

#[derive(Default)]
struct TreeBuilder<'i> {
    documents: Vec<Node<'i>>,
    open: Vec<Frame<'i>>,
    anchors: FxHashMap<usize, Node<'i>>,
    nodes: usize,
    aliased_bytes: usize,
}

impl<'i> TreeBuilder<'i> {
    fn take(&mut self, event: Event<'i>, span: Span) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, _tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::SingleQuoted,
                    ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                self.count(1)?;
                self.complete(Node { span, value: Value::Scalar(Scalar { text, style }) }, anchor);
            }
            Event::SequenceStart(_, anchor, _) => {
                self.descend(Frame::Sequence { start: span.start, anchor, nodes: Vec::new() })?;
            }
            Event::MappingStart(_, anchor, _) => {
                self.descend(Frame::Mapping { start: span.start, anchor, pairs: Vec::new(), key: None })?;
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Frame::Sequence { start, anchor, nodes }) => {
                    let end = end_of(nodes.last(), &span, start);
                    self.complete(Node { span: start..end, value: Value::Sequence(nodes) }, anchor);
                }
                Some(Frame::Mapping { start, anchor, pairs, key: _ }) => {
                    let end = end_of(pairs.last().map(|(_, value)| value), &span, start);
                    self.complete(Node { span: start..end, value: Value::Mapping(pairs) }, anchor);
                }
                None => {}
            },
            Event::Alias(anchor) => {
                // An alias inside its own anchor has no node yet.
                let node = self.anchors.get(&anchor).ok_or("an alias cannot stand inside the node it names")?;
                let (count, bytes, depth) = node.measure();
                let node = Node { span, value: node.value.clone() };
                self.aliased_bytes = self.aliased_bytes.saturating_add(bytes);
                if self.aliased_bytes > ALIAS_BYTE_LIMIT {
                    return Err("the aliases of this file copy too much text".to_owned());
                }
                if self.open.len() + depth > DEPTH_LIMIT {
                    return Err(too_deep());
                }
                self.count(count)?;
                self.complete(node, 0);
            }
            Event::DocumentEnd => self.anchors.clear(),
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize) -> Result<(), String> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > NODE_LIMIT { Err("this file has too many values".to_owned()) } else { Ok(()) }
    }

    fn descend(&mut self, frame: Frame<'i>) -> Result<(), String> {
        self.count(1)?;
        if self.open.len() >= DEPTH_LIMIT {
            return Err(too_deep());
        }
        self.open.push(frame);
        Ok(())
    }

    fn complete(&mut self, node: Node<'i>, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            Some(Frame::Sequence { nodes, .. }) => nodes.push(node),
            Some(Frame::Mapping { pairs, key, .. }) => match key.take() {
                Some(name) => pairs.push((name, node)),
                None => *key = Some(node),
            },
            None => self.documents.push(node),
        }
    }

    /// The documents so far, with the items of the last one that are complete.
    fn salvage(mut self) -> Vec<Node<'i>> {
        if let Some(Frame::Sequence { start, nodes, .. }) = self.open.into_iter().next() {
            let end = nodes.last().map_or(start, |node| node.span.end);
            self.documents.push(Node { span: start..end, value: Value::Sequence(nodes) });
        }
        self.documents
    }
}

/// Where a collection ends: at its bracket, which a block has not, or with its last node.
fn end_of(last: Option<&Node<'_>>, end_event: &Span, start: usize) -> usize {
    match last {
        Some(node) if end_event.is_empty() => node.span.end,
        _ => end_event.end,
    }
    .max(start)
}

fn too_deep() -> String {
    format!("values are nested deeper than {DEPTH_LIMIT} levels")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn aliases_that_multiply_are_refused() {
        let mut text = "- &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (name, of) in [("b", "a"), ("c", "b"), ("d", "c"), ("e", "d"), ("f", "e"), ("g", "f"), ("h", "g")] {
            text += &format!("- &{name} [{}]\n", vec![format!("*{of}"); 10].join(", "));
        }
        let (documents, error) = parse_documents(&text);
        assert_eq!(error.unwrap().message, "this file has too many values");
        assert_eq!(documents.len(), 1);
    }

    #[test]
    fn nesting_is_bounded() {
        let (_, error) = parse_documents(&"[".repeat(100_000));
        assert!(error.is_some());
    }

    #[test]
    fn items_before_an_error_are_kept() {
        let (documents, error) = parse_documents("- a: 1\n- b: 2\n- c: [\n- d: 4\n");
        assert!(error.is_some());
        assert!(matches!(&documents[0].value, Value::Sequence(nodes) if nodes.len() == 2));
    }
}
