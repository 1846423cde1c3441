//! Everything that rules ask of one field's texts, answered in one pass over each text.
//!
//! Dozens of comparisons look at the name of a file, and nearly all of them are false. So those of one field with fixed
//! texts are merged, whatever rule they come from:
//!
//! ```text
//! = in          a table of whole texts, by their ends
//! startswith    a tree of beginnings, walked from the text's start
//! endswith      a tree of endings, walked from the text's end
//! pmatch        a tree of paths, walked past repeated slashes
//! contains      one search for all parts, where many texts lie one after the other even over all texts at once; each
//!               part is looked for only in the few texts where that finds one
//! ```
//!
//! The answer is the list of the comparisons that hold, mostly none.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, Input, Span, packed};
use memchr::memmem::Finder;
use rustc_hash::FxBuildHasher;

use super::prefix_tree::PrefixTree;

/// A question of a comparison with a fixed text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pattern<'p> {
    /// The text is this one.
    Whole(&'p [u8]),
    /// It begins so.
    Start(&'p [u8]),
    /// It ends so.
    End(&'p [u8]),
    /// This is somewhere in it.
    Part(&'p [u8]),
    /// It is this path or one below; without slashes at the ends, one between components, one component at least.
    Path(&'p [u8]),
}

/// Comparisons, merged. Each has a slot: its place among those of its field.
#[derive(Debug, Default)]
pub struct TextPatterns {
    whole: WholeTexts,
    starts: PrefixTree,
    /// Written backwards.
    ends: PrefixTree,
    paths: PrefixTree,
    parts: Parts,
}

impl TextPatterns {
    /// Merges patterns; a slot may have several, of which one must fit.
    pub(super) fn new<'p>(patterns: impl Iterator<Item = (u32, Pattern<'p>)>) -> TextPatterns {
        let mut whole = WholeTexts::default();
        let (mut starts, mut ends, mut paths, mut parts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (slot, pattern) in patterns {
            match pattern {
                Pattern::Whole(text) => whole.insert(text, slot),
                Pattern::Start(text) => starts.push((text.to_vec(), slot)),
                Pattern::End(text) => ends.push((text.iter().rev().copied().collect(), slot)),
                Pattern::Path(text) => paths.push((text.to_vec(), slot)),
                // What is nothing is everywhere.
                Pattern::Part([]) => starts.push((Vec::new(), slot)),
                Pattern::Part(text) => parts.push((text, slot)),
            }
        }
        TextPatterns {
            whole,
            starts: PrefixTree::new(starts),
            ends: PrefixTree::new(ends),
            paths: PrefixTree::new(paths),
            parts: Parts::new(&parts),
        }
    }

    /// Whether something is looked for anywhere in a text: then [`TextPatterns::texts_with_parts`] may save time.
    pub fn has_parts(&self) -> bool {
        !self.parts.each.is_empty()
    }

    /// Calls `each` with the numbers of those texts, among many joined ones that end at these places, that may have
    /// a part which some comparison looks for. The others have none.
    pub fn texts_with_parts(&self, joined: &[u8], ends: &[u32], each: impl FnMut(usize)) {
        self.parts.find_texts(joined, ends, each);
    }

    /// Puts the slots of the comparisons that hold for a text into `holding`, rising, each once. Where the text is known
    /// to have none of the parts, these are not looked for.
    pub fn find(&self, text: &[u8], may_have_parts: bool, holding: &mut Vec<u32>) {
        holding.clear();
        self.add(text, may_have_parts, holding);
        order(holding);
    }

    /// Adds the slots of the comparisons that hold for a text, in any order.
    pub(super) fn add(&self, text: &[u8], may_have_parts: bool, holding: &mut Vec<u32>) {
        if let Some(slots) = self.whole.get(text) {
            holding.extend_from_slice(slots);
        }
        self.starts.walk(text.iter().copied(), |slots, _| holding.extend_from_slice(slots));
        self.ends.walk(text.iter().rev().copied(), |slots, _| holding.extend_from_slice(slots));
        self.paths.walk(path_bytes(text), |slots, next| {
            // `/usr` is a path above `/usr/bin`, and not above `/usrx`.
            if matches!(next, None | Some(b'/')) {
                holding.extend_from_slice(slots);
            }
        });
        if may_have_parts && self.has_parts() {
            self.parts.find(text, holding);
        }
    }
}

/// Whole texts. They are looked up by how long they are and how they end, which tells nearly all texts apart; so a text
/// that is not there is seldom looked at as a whole.
#[derive(Debug, Default)]
struct WholeTexts {
    by_ending: HashMap<u64, Vec<WholeText>, FxBuildHasher>,
    /// The lengths of the texts, a bit for each; the last one stands for all from there on.
    lengths: u64,
}

/// A text with the slots of whoever asks for it.
#[derive(Debug)]
struct WholeText {
    text: Vec<u8>,
    slots: Vec<u32>,
}

impl WholeTexts {
    fn insert(&mut self, text: &[u8], slot: u32) {
        self.lengths |= length_bit(text);
        let alike = self.by_ending.entry(ending(text)).or_default();
        match alike.iter_mut().find(|known| known.text == text) {
            Some(known) => known.slots.push(slot),
            None => alike.push(WholeText { text: text.to_vec(), slots: vec![slot] }),
        }
    }

    #[inline]
    fn get(&self, text: &[u8]) -> Option<&[u32]> {
        if self.lengths & length_bit(text) == 0 {
            return None;
        }
        let alike = self.by_ending.get(&ending(text))?;
        alike.iter().find(|known| known.text == text).map(|known| known.slots.as_slice())
    }
}

/// The last eight bytes, or what there is, and the length.
#[inline]
fn ending(text: &[u8]) -> u64 {
    let last = match text.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last),
        None => text.iter().fold(0, |last, byte| last << 8 | u64::from(*byte)),
    };
    last ^ text.len() as u64
}

fn length_bit(text: &[u8]) -> u64 {
    1 << text.len().min(63)
}

/// Puts slots in their order, each once.
pub(super) fn order(slots: &mut Vec<u32>) {
    if slots.len() > 1 {
        slots.sort_unstable();
        slots.dedup();
    }
}

/// The bytes of a path without slashes before it, and with one where several follow each other.
fn path_bytes(text: &[u8]) -> impl Iterator<Item = u8> {
    let mut before = b'/';
    text.iter().copied().filter(move |byte| std::mem::replace(&mut before, *byte) != b'/' || *byte != b'/')
}

/// Texts that may be anywhere in another; none is empty.
#[derive(Debug, Default)]
struct Parts {
    each: Vec<(Finder<'static>, u32)>,
    /// Finds any of them; `None` if there are few, or too many for one search.
    any: Option<AhoCorasick>,
    /// Finds any of them in long texts, many bytes at a time; `None` if there are none, or too many for that.
    any_in_long: Option<packed::Searcher>,
}

/// So few parts are found sooner one by one than by one search, which looks at every byte.
const FEW_PARTS: usize = 5;

impl Parts {
    fn new(parts: &[(&[u8], u32)]) -> Parts {
        let texts = || parts.iter().map(|(part, _)| part);
        // File names are too short for the search to be worth preparing.
        let any = || AhoCorasick::builder().prefilter(false).build(texts()).ok();
        Parts {
            each: parts.iter().map(|(part, slot)| (Finder::new(part).into_owned(), *slot)).collect(),
            any: if parts.len() < FEW_PARTS { None } else { any() },
            any_in_long: packed::Searcher::new(texts()),
        }
    }

    fn find(&self, text: &[u8], holding: &mut Vec<u32>) {
        if self.any.as_ref().is_some_and(|any| !any.is_match(text)) {
            return;
        }
        holding.extend(self.each.iter().filter(|(part, _)| part.find(text).is_some()).map(|(_, slot)| *slot));
    }

    /// See [`TextPatterns::texts_with_parts`].
    fn find_texts(&self, joined: &[u8], ends: &[u32], mut each: impl FnMut(usize)) {
        let mut first = 0;
        let mut from = 0;
        while let Some(found) = self.find_in_long(joined, from) {
            let Some(rest) = ends.get(first..) else { return };
            let text = first + rest.partition_point(|end| *end as usize <= found);
            let Some(end) = ends.get(text) else { return };
            // Where the part goes on into the next text there was none before, and the next is searched from its start.
            each(text);
            (first, from) = (text + 1, *end as usize);
        }
    }

    /// Where the next part begins.
    fn find_in_long(&self, joined: &[u8], from: usize) -> Option<usize> {
        let span = Span { start: from, end: joined.len() };
        match (&self.any_in_long, &self.any) {
            (Some(any), _) => any.find_in(joined, span).map(|found| found.start()),
            (None, Some(any)) => any.find(Input::new(joined).span(span)).map(|found| found.start()),
            // Then every text may have one.
            (None, None) => (!self.each.is_empty() && from < joined.len()).then_some(from),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(patterns: &[Pattern<'_>], text: &str) -> Vec<u32> {
        let mut holding = vec![99];
        TextPatterns::new((0..).zip(patterns.iter().copied())).find(text.as_bytes(), true, &mut holding);
        holding
    }

    #[test]
    fn every_sort_of_pattern_is_found() {
        let patterns = [
            Pattern::Whole(b"/etc/passwd"),
            Pattern::Start(b"/etc"),
            Pattern::Start(b"/etc/"),
            Pattern::End(b"passwd"),
            Pattern::Part(b"tc/pa"),
            Pattern::Path(b"etc"),
            Pattern::Path(b"etc/pass"),
        ];
        assert_eq!(found(&patterns, "/etc/passwd"), [0, 1, 2, 3, 4, 5]);
        assert_eq!(found(&patterns, "//etc//pass//"), [5, 6]);
        assert_eq!(found(&patterns, "/etcetera"), [1]);
        assert!(found(&patterns, "").is_empty());
        assert!(found(&[], "/etc").is_empty());
    }

    #[test]
    fn a_slot_with_several_patterns_is_told_once() {
        let patterns =
            [(0, Pattern::Start(b"a")), (0, Pattern::End(b"a")), (0, Pattern::Part(b"a")), (1, Pattern::Part(b""))];
        let mut holding = Vec::new();
        TextPatterns::new(patterns.into_iter()).find(b"a", true, &mut holding);
        assert_eq!(holding, [0, 1]);
        TextPatterns::new(patterns.into_iter()).find(b"", true, &mut holding);
        assert_eq!(holding, [1]);
    }

    #[test]
    fn whole_texts_with_the_same_ending_are_told_apart() {
        let patterns = ["/etc/a/shadow-file", "/etc/b/shadow-file", "short", "shore", ""];
        let patterns: Vec<Pattern<'_>> = patterns.iter().map(|text| Pattern::Whole(text.as_bytes())).collect();
        assert_eq!(found(&patterns, "/etc/b/shadow-file"), [1]);
        assert_eq!(found(&patterns, "short"), [2]);
        assert_eq!(found(&patterns, ""), [4]);
        assert!(found(&patterns, "/etc/c/shadow-file").is_empty());
    }

    proptest! {
        #[test]
        fn merged_patterns_find_what_each_finds(
            texts in proptest::collection::vec("[ab/]{0,4}", 1..8),
            text in "[ab/]{0,8}",
        ) {
            let sorts = |text| [Pattern::Whole(text), Pattern::Start(text), Pattern::End(text), Pattern::Part(text)];
            let patterns: Vec<Pattern<'_>> = texts.iter().flat_map(|text| sorts(text.as_bytes())).collect();
            let holds = |pattern: &Pattern<'_>| match pattern {
                Pattern::Whole(part) => text.as_bytes() == *part,
                Pattern::Start(part) => text.as_bytes().starts_with(part),
                Pattern::End(part) => text.as_bytes().ends_with(part),
                Pattern::Part(part) | Pattern::Path(part) => memchr::memmem::find(text.as_bytes(), part).is_some(),
            };
            let expected: Vec<u32> =
                (0..).zip(&patterns).filter(|(_, pattern)| holds(pattern)).map(|(slot, _)| slot).collect();
            prop_assert_eq!(found(&patterns, &text), expected);
        }

        #[test]
        fn texts_with_parts_are_found_among_joined_ones(
            parts in proptest::collection::vec("[ab]{1,3}", 1..100),
            texts in proptest::collection::vec("[abc]{0,5}", 0..40),
        ) {
            let patterns = (0..).zip(parts.iter().map(|part| Pattern::Part(part.as_bytes())));
            let patterns = TextPatterns::new(patterns);
            let ends = texts.iter().scan(0, |end, text| {
                *end += text.len() as u32;
                Some(*end)
            });
            let mut found = Vec::new();
            patterns.texts_with_parts(texts.concat().as_bytes(), &ends.collect::<Vec<_>>(), |text| found.push(text));
            prop_assert!(found.is_sorted());
            for (at, text) in texts.iter().enumerate() {
                let has_part = parts.iter().any(|part| text.contains(part.as_str()));
                prop_assert!(!has_part || found.contains(&at), "{}", at);
                if !found.contains(&at) {
                    let (mut all, mut without) = (Vec::new(), Vec::new());
                    patterns.find(text.as_bytes(), true, &mut all);
                    patterns.find(text.as_bytes(), false, &mut without);
                    prop_assert_eq!(all, without);
                }
            }
        }
    }
}
