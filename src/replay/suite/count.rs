//! How many alerts a test expects.

use std::fmt;

/// A number of alerts, or a range of numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Count {
    /// At least so many.
    pub least: u64,
    /// At most so many; `None` is any number.
    pub most: Option<u64>,
}

impl Count {
    /// None.
    pub const NONE: Count = Count { least: 0, most: Some(0) };
    /// One or more.
    pub const SOME: Count = Count { least: 1, most: None };
    /// What [`Count::parse`] takes, for messages.
    pub const FORMS: &str = "a number (3), a range (2..5, 1.., ..3) or a comparison (\">= 1\", \"< 4\")";

    /// Exactly so many.
    pub fn exactly(number: u64) -> Count {
        Count { least: number, most: Some(number) }
    }

    /// Reads `3`, `2..5`, `1..`, `..3`, `>= 1`, `> 0`, `<= 3`, `< 4`, `= 3`. `None` if it is none of these, or a range
    /// that no number is in.
    pub fn parse(text: &str) -> Option<Count> {
        let text = text.trim();
        let number = |text: &str| text.trim().parse::<u64>().ok();
        if let Some((least, most)) = text.split_once("..") {
            let most = most.strip_prefix('=').unwrap_or(most).trim();
            let (no_least, no_most) = (least.trim().is_empty(), most.is_empty());
            if no_least && no_most {
                return None;
            }
            let least = if no_least { 0 } else { number(least)? };
            let most = if no_most { None } else { Some(number(most)?) };
            return most.is_none_or(|most| least <= most).then_some(Count { least, most });
        }
        let (operator, rest) = text.split_at(text.len() - text.trim_start_matches(['<', '>', '=']).len());
        let number = number(rest)?;
        match operator {
            "" | "=" | "==" => Some(Count::exactly(number)),
            ">=" => Some(Count { least: number, most: None }),
            ">" => Some(Count { least: number.checked_add(1)?, most: None }),
            "<=" => Some(Count { least: 0, most: Some(number) }),
            "<" => Some(Count { least: 0, most: Some(number.checked_sub(1)?) }),
            _ => None,
        }
    }

    /// Whether a number is in the range.
    pub fn holds(self, number: u64) -> bool {
        self.least <= number && self.most.is_none_or(|most| number <= most)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (0, Some(0)) => f.write_str("none"),
            (least, Some(most)) if least == most => write!(f, "{least}"),
            (0, None) => f.write_str("any number"),
            (least, None) => write!(f, "at least {least}"),
            (0, Some(most)) => write!(f, "at most {most}"),
            (least, Some(most)) => write!(f, "{least} to {most}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_numbers_ranges_and_comparisons() {
        let range = |least, most| Some(Count { least, most });
        for (text, expected) in [
            ("3", range(3, Some(3))),
            (" = 3", range(3, Some(3))),
            ("0", range(0, Some(0))),
            ("2..5", range(2, Some(5))),
            ("2 ..= 5", range(2, Some(5))),
            ("1..", range(1, None)),
            ("..3", range(0, Some(3))),
            (">= 1", range(1, None)),
            (">0", range(1, None)),
            ("<=3", range(0, Some(3))),
            ("< 4", range(0, Some(3))),
            ("5..2", None),
            ("..", None),
            ("< 0", None),
            ("=> 1", None),
            ("some", None),
            ("-1", None),
            ("", None),
            ("> 18446744073709551615", None),
        ] {
            assert_eq!(Count::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn counts_are_told_in_words() {
        let told = |text: &str| Count::parse(text).map(|count| count.to_string());
        assert_eq!(told("0").as_deref(), Some("none"));
        assert_eq!(told("2").as_deref(), Some("2"));
        assert_eq!(told("> 1").as_deref(), Some("at least 2"));
        assert_eq!(told("..4").as_deref(), Some("at most 4"));
        assert_eq!(told("2..4").as_deref(), Some("2 to 4"));
    }
}
