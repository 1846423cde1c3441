//! Texts as a tree, to find those that another text begins with in one walk.

use std::ops::Range;

/// Texts, each with the slots of whoever asks for it. Where texts begin alike they share a path of the tree, and bytes
/// in a row without a branch are one node. What nodes are made of lies in a few lists, one behind the other: a walk
/// touches little memory.
#[derive(Debug, Default)]
pub(super) struct PrefixTree {
    /// The root is the first; the children of a node follow each other.
    nodes: Vec<TreeNode>,
    /// The byte that leads to each node.
    leads: Vec<u8>,
    labels: Vec<u8>,
    slots: Vec<u32>,
}

#[derive(Debug, Default)]
struct TreeNode {
    /// What must follow the byte that led here: a part of `labels`.
    label: Range<usize>,
    /// Who asks for the text that ends here: a part of `slots`.
    slots: Range<usize>,
    /// Numbers of nodes.
    children: Range<usize>,
}

impl PrefixTree {
    /// A tree of texts with their slots.
    pub(super) fn new(mut texts: Vec<(Vec<u8>, u32)>) -> PrefixTree {
        texts.sort();
        let mut tree = PrefixTree { nodes: vec![TreeNode::default()], leads: vec![0], ..PrefixTree::default() };
        // A node, the texts below it, and how many of their bytes lie above.
        let mut waiting = vec![(0, texts.as_slice(), 0)];
        while let Some((at, below, above)) = waiting.pop() {
            let label = shared_start(below, above);
            let depth = above + label.len();
            let ending = below.iter().take_while(|(text, _)| text.len() == depth).count();
            let (ending, longer) = below.split_at(ending);
            let next = |(text, _): &(Vec<u8>, u32)| text.get(depth).copied().unwrap_or_default();
            let children = tree.nodes.len();
            for branch in longer.chunk_by(|one, other| next(one) == next(other)) {
                waiting.push((tree.nodes.len(), branch, depth + 1));
                tree.leads.push(branch.first().map_or(0, next));
                tree.nodes.push(TreeNode::default());
            }
            let node = TreeNode {
                label: put(&mut tree.labels, label),
                slots: put(&mut tree.slots, ending.iter().map(|(_, slot)| *slot)),
                children: children..tree.nodes.len(),
            };
            if let Some(slot) = tree.nodes.get_mut(at) {
                *slot = node;
            }
        }
        tree
    }

    /// Whether there are no texts in it.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Calls `each` for every text of the tree with which `bytes` begin: with its slots and the byte behind it.
    #[inline]
    pub(super) fn walk(&self, mut bytes: impl Iterator<Item = u8>, mut each: impl FnMut(&[u32], Option<u8>)) {
        if self.is_empty() {
            return;
        }
        let mut node = self.nodes.first();
        while let Some(TreeNode { label, slots, children }) = node {
            for wanted in self.labels.get(label.clone()).unwrap_or_default() {
                if bytes.next() != Some(*wanted) {
                    return;
                }
            }
            let next = bytes.next();
            if !slots.is_empty() {
                each(self.slots.get(slots.clone()).unwrap_or_default(), next);
            }
            let Some(next) = next else { return };
            let leads = self.leads.get(children.clone()).unwrap_or_default();
            let child = leads.iter().position(|lead| *lead == next);
            node = child.and_then(|child| self.nodes.get(children.start + child));
        }
    }
}

/// Puts something behind a list; where it lies there.
fn put<T>(list: &mut Vec<T>, more: impl IntoIterator<Item = T>) -> Range<usize> {
    let start = list.len();
    list.extend(more);
    start..list.len()
}

/// What all of the texts have in common behind the first `above` bytes.
fn shared_start(texts: &[(Vec<u8>, u32)], above: usize) -> Vec<u8> {
    let rest = |text: Option<&(Vec<u8>, u32)>| text.and_then(|(text, _)| text.get(above..).map(<[u8]>::to_vec));
    // They are sorted: what the first and the last share, all share.
    let (Some(mut first), Some(last)) = (rest(texts.first()), rest(texts.last())) else { return Vec::new() };
    let shared = first.iter().zip(&last).take_while(|(one, other)| one == other).count();
    first.truncate(shared);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(texts: &[&str], text: &str) -> Vec<(u32, Option<u8>)> {
        let slots = (0..).zip(texts).map(|(slot, text)| (text.as_bytes().to_vec(), slot)).collect();
        let mut found = Vec::new();
        PrefixTree::new(slots).walk(text.bytes(), |slots, next| found.extend(slots.iter().map(|slot| (*slot, next))));
        found
    }

    #[test]
    fn all_texts_that_another_begins_with_are_found_shortest_first() {
        let texts = ["/etc", "/etc/ssh", "/usr", "/e", "/etc", "/etc/sss", "/etcetera"];
        assert_eq!(found(&texts, "/etc/ssh/x"), [(3, Some(b't')), (0, Some(b'/')), (4, Some(b'/')), (1, Some(b'/'))]);
        assert_eq!(found(&texts, "/usr"), [(2, None)]);
        assert_eq!(found(&texts, "/us"), []);
        assert_eq!(found(&texts, ""), []);
        assert_eq!(found(&texts, "x/etc"), []);
    }

    #[test]
    fn the_empty_text_is_the_start_of_every_text() {
        assert_eq!(found(&["", "a"], ""), [(0, None)]);
        assert_eq!(found(&["", "a"], "a"), [(0, Some(b'a')), (1, None)]);
        assert_eq!(found(&[""], "b"), [(0, Some(b'b'))]);
        assert_eq!(found(&[], "b"), []);
    }
}
