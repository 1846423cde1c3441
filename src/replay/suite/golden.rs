//! Golden files: the alerts of a test as lines, and how they differ from those of another day.

/// How alerts stand in a golden file; the file's name says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GoldenForm {
    /// A line of text each, times in UTC.
    Text,
    /// A JSON object each.
    Json,
}

/// A line that is in one of two files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change<'l> {
    /// It was expected and is not there.
    Gone(&'l str),
    /// It is there and was not expected.
    New(&'l str),
}

/// Above so many pairs of lines, changes are no longer lined up with each other.
const PAIRS_LIMIT: usize = 4_000_000;

impl GoldenForm {
    /// The form of a file of this name: JSON for `.json` and `.jsonl`, else text.
    pub fn of_file(path: &str) -> GoldenForm {
        let lower = path.to_ascii_lowercase();
        if lower.ends_with(".json") || lower.ends_with(".jsonl") { GoldenForm::Json } else { GoldenForm::Text }
    }
}

/// What must be taken from the expected lines and added to them to get those that were found: as few lines as possible,
/// in order. Of very many lines that differ, all are told as gone and new.
pub fn compare_lines<'l>(expected: &[&'l str], found: &[&'l str]) -> Vec<Change<'l>> {
    let same_start = expected.iter().zip(found).take_while(|(left, right)| left == right).count();
    let (expected, found) = (&expected[same_start..], &found[same_start..]);
    let same_end = expected.iter().rev().zip(found.iter().rev()).take_while(|(left, right)| left == right).count();
    let (expected, found) = (&expected[..expected.len() - same_end], &found[..found.len() - same_end]);
    let width = found.len() + 1;
    if expected.len().saturating_mul(width) > PAIRS_LIMIT {
        let gone = expected.iter().map(|line| Change::Gone(line));
        return gone.chain(found.iter().map(|line| Change::New(line))).collect();
    }
    // how many lines the rests from here on have in common
    let mut common = vec![0u32; (expected.len() + 1) * width];
    for (row, left) in expected.iter().enumerate().rev() {
        for (column, right) in found.iter().enumerate().rev() {
            let at = row * width + column;
            common[at] =
                if left == right { common[at + width + 1] + 1 } else { common[at + width].max(common[at + 1]) };
        }
    }
    let mut changes = Vec::new();
    let (mut row, mut column) = (0, 0);
    loop {
        match (expected.get(row), found.get(column)) {
            (Some(left), Some(right)) if left == right => (row, column) = (row + 1, column + 1),
            (Some(_), Some(right)) if common[row * width + column + 1] > common[(row + 1) * width + column] => {
                changes.push(Change::New(right));
                column += 1;
            }
            (Some(left), _) => {
                changes.push(Change::Gone(left));
                row += 1;
            }
            (None, Some(right)) => {
                changes.push(Change::New(right));
                column += 1;
            }
            (None, None) => return changes,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::*;

    fn told(expected: &str, found: &str) -> String {
        let lines = |text: &'static str| text.split_terminator(' ').collect::<Vec<_>>();
        let (expected, found) = (expected.to_owned().leak(), found.to_owned().leak());
        let changes = compare_lines(&lines(expected), &lines(found));
        let told = changes.iter().map(|change| match change {
            Change::Gone(line) => format!("-{line}"),
            Change::New(line) => format!("+{line}"),
        });
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn only_what_changed_is_told() {
        assert_eq!(told("a b c", "a b c"), "");
        assert_eq!(told("a b c", "a x c"), "-b +x");
        assert_eq!(told("a b c d", "a c d e"), "-b +e");
        assert_eq!(told("", "a"), "+a");
        assert_eq!(told("a", ""), "-a");
        assert_eq!(told("a a b", "b a"), "-a -a +a");
    }

    #[test]
    fn very_many_differences_are_told_without_lining_them_up() {
        let expected = vec!["a"; 3000];
        let found = vec!["b"; 3000];
        let changes = compare_lines(&expected, &found);
        assert_eq!(changes.len(), 6000);
    }

    proptest! {
        #[test]
        fn taking_and_adding_what_is_told_gives_the_other_lines(
            expected in proptest::collection::vec("[abc]", 0..12),
            found in proptest::collection::vec("[abc]", 0..12),
        ) {
            let left: Vec<&str> = expected.iter().map(String::as_str).collect();
            let right: Vec<&str> = found.iter().map(String::as_str).collect();
            let changes = compare_lines(&left, &right);
            let mut lines = left.clone();
            for change in &changes {
                match change {
                    Change::Gone(line) => {
                        let at = lines.iter().position(|other| other == line);
                        lines.remove(at.expect("a line that is gone was expected"));
                    }
                    Change::New(line) => lines.push(line),
                }
            }
            lines.sort_unstable();
            let mut sorted = right.clone();
            sorted.sort_unstable();
            prop_assert_eq!(lines, sorted);
        }
    }
}
