//! Regular expressions as the engine takes them: RE2 in POSIX mode, fitted to the whole value.
//!
//! The syntax is that of `egrep` with Unicode and `\x41`-like escapes. What Perl and Rust know beside that (`\d`, `\b`,
//! `(?i)`, `(?:...)`) is refused by the engine, and so here; what means something else to Rust's `regex` (`[a&&b]`,
//! `x{,3}`, a lone brace) is rewritten.

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

/// The most repetitions that may be asked for, as in RE2.
const REPEAT_LIMIT: u32 = 1000;

/// The deepest nesting of groups.
const DEPTH_LIMIT: usize = 100;

/// The names of classes: `[[:alpha:]]`.
const CLASSES: &[&str] = &[
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// What is wrong with an expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegexProblem {
    /// Bytes of the expression.
    pub span: Range<usize>,
    /// What, without a full stop.
    pub message: String,
    /// What could be written instead.
    pub help: Option<String>,
}

impl RegexProblem {
    fn new(span: Range<usize>, message: impl Into<String>) -> RegexProblem {
        RegexProblem { span, message: message.into(), help: None }
    }

    fn help(self, help: impl Into<String>) -> RegexProblem {
        RegexProblem { help: Some(help.into()), ..self }
    }
}

/// Prepares an expression. It fits values as a whole.
///
/// # Errors
/// The first thing in it that the engine does not take, or that it is too large.
pub fn compile(pattern: &str) -> Result<Regex, RegexProblem> {
    let mut reader = Reader { pattern, at: 0, out: String::with_capacity(pattern.len() + 16) };
    reader.read()?;
    RegexBuilder::new(&format!(r"\A(?:{})\z", reader.out)).build().map_err(|error| {
        let message = match error {
            regex::Error::CompiledTooBig(_) => "this expression is too large",
            _ => "this is no regular expression",
        };
        RegexProblem::new(0..pattern.len(), message)
    })
}

/// Reads an expression and writes it in Rust's syntax.
struct Reader<'p> {
    pattern: &'p str,
    at: usize,
    out: String,
}

/// What a repetition would be about.
#[derive(Clone, Copy)]
struct Atom {
    /// Where it begins in what is written.
    start: usize,
    /// How many repetitions it has already.
    repeated: usize,
}

impl<'p> Reader<'p> {
    fn rest(&self) -> &'p str {
        self.pattern.get(self.at..).unwrap_or("")
    }

    fn read(&mut self) -> Result<(), RegexProblem> {
        // Where groups begin, in the expression and in what is written.
        let mut open: Vec<(usize, usize)> = Vec::new();
        let mut atom: Option<Atom> = None;
        while let Some(letter) = self.rest().chars().next() {
            let start = self.at;
            let mut begun = Some(Atom { start: self.out.len(), repeated: 0 });
            self.at += letter.len_utf8();
            match letter {
                '(' => {
                    if self.rest().starts_with('?') {
                        let end = self.at + 1 + self.rest().chars().nth(1).map_or(0, char::len_utf8);
                        let problem = RegexProblem::new(start..end, "groups with `(?` are not known to the engine");
                        return Err(problem.help("write `(...)`; for either case, `tolower(FIELD) regex` or `[aA]`"));
                    }
                    open.push((start, self.out.len()));
                    if open.len() > DEPTH_LIMIT {
                        let message = format!("groups are nested deeper than {DEPTH_LIMIT} levels");
                        return Err(RegexProblem::new(start..self.at, message));
                    }
                    self.out.push('(');
                    begun = None;
                }
                ')' => {
                    let Some((_, begin)) = open.pop() else {
                        return Err(RegexProblem::new(start..self.at, "this parenthesis closes nothing"));
                    };
                    self.out.push(')');
                    begun = Some(Atom { start: begin, repeated: 0 });
                }
                '|' => {
                    self.out.push('|');
                    begun = None;
                }
                // In POSIX mode these are about lines, not the whole text.
                '^' => self.out.push_str("(?m:^)"),
                '$' => self.out.push_str("(?m:$)"),
                '*' | '+' | '?' => begun = Some(self.repeat(atom, start, letter.encode_utf8(&mut [0; 4]))?),
                '{' => match self.counts()? {
                    Some(counts) => {
                        begun = Some(self.repeat(atom, counts.start, self.pattern.get(counts).unwrap_or(""))?);
                    }
                    // No repetition: a letter like any other.
                    None => push_literal(&mut self.out, letter),
                },
                '[' => self.read_class(start)?,
                '\\' => {
                    let escaped = self.read_escape(start)?;
                    push_literal(&mut self.out, escaped);
                }
                '.' => self.out.push('.'),
                letter => push_literal(&mut self.out, letter),
            }
            atom = begun;
        }
        match open.pop() {
            Some((start, _)) => Err(RegexProblem::new(start..start + 1, "this parenthesis is not closed")),
            None => Ok(()),
        }
    }

    /// Writes a repetition of what stands before. Behind another one it is about all of it (`a*?` is `(a*)?`); Rust would
    /// take the second for a word about the first.
    fn repeat(&mut self, atom: Option<Atom>, start: usize, repetition: &str) -> Result<Atom, RegexProblem> {
        let span = start..self.at;
        let Some(atom) = atom else {
            return Err(RegexProblem::new(span, format!("there is nothing that `{repetition}` could repeat")));
        };
        if atom.repeated >= DEPTH_LIMIT {
            return Err(RegexProblem::new(span, "this is repeated too often"));
        }
        if atom.repeated > 0 {
            self.out.insert_str(atom.start, "(?:");
            self.out.push(')');
        }
        self.out.push_str(repetition);
        Ok(Atom { repeated: atom.repeated + 1, ..atom })
    }

    /// The range of `{2,5}` if that is what stands at the brace before the place; it is then passed over.
    fn counts(&mut self) -> Result<Option<Range<usize>>, RegexProblem> {
        let start = self.at - 1;
        let Some(end) = self.rest().find('}') else { return Ok(None) };
        let inner = self.rest().get(..end).unwrap_or("");
        let (least, most) = inner.split_once(',').unwrap_or((inner, inner));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(least) || !(most.is_empty() || is_number(most)) {
            return Ok(None);
        }
        self.at += end + 1;
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number <= REPEAT_LIMIT);
        let span = start..self.at;
        match (number(least), if most.is_empty() { Some(REPEAT_LIMIT) } else { number(most) }) {
            (Some(least), Some(most)) if least <= most => Ok(Some(span)),
            (Some(_), Some(_)) => Err(RegexProblem::new(span, "the first number is larger than the second")),
            _ => Err(RegexProblem::new(span, format!("something is repeated {REPEAT_LIMIT} times at most"))),
        }
    }

    /// What stands behind a backslash, as the letter it means.
    fn read_escape(&mut self, start: usize) -> Result<char, RegexProblem> {
        let Some(letter) = self.rest().chars().next() else {
            return Err(RegexProblem::new(start..self.at, "nothing follows this backslash"));
        };
        self.at += letter.len_utf8();
        let span = start..self.at;
        match letter {
            'a' => Ok('\u{7}'),
            'f' => Ok('\u{c}'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'v' => Ok('\u{b}'),
            'x' => self.read_hex(start),
            '0'..='7' => self.read_octal(start, letter),
            '8' | '9' => Err(RegexProblem::new(span, "the engine cannot refer back to groups")),
            'd' => Err(unknown_class(span, "[0-9]")),
            'D' => Err(unknown_class(span, "[^0-9]")),
            's' => Err(unknown_class(span, "[[:space:]]")),
            'S' => Err(unknown_class(span, "[^[:space:]]")),
            'w' => Err(unknown_class(span, "[[:word:]]")),
            'W' => Err(unknown_class(span, "[^[:word:]]")),
            letter if letter.is_ascii_alphanumeric() => {
                Err(RegexProblem::new(span, format!("the engine does not know `\\{letter}`")))
            }
            letter if letter.is_ascii() && letter != '_' => Ok(letter),
            letter => Err(RegexProblem::new(span, format!("`{letter}` needs no backslash, and the engine refuses it"))),
        }
    }

    /// `\x41` or `\x{1F600}`.
    fn read_hex(&mut self, start: usize) -> Result<char, RegexProblem> {
        let digits = match self.rest().strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((digits, _)) => {
                self.at += digits.len() + 2;
                digits
            }
            None => {
                let digits = self.rest().get(..2).unwrap_or("");
                self.at += digits.len();
                digits
            }
        };
        let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let letter = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex).and_then(char::from_u32);
        letter.ok_or_else(|| {
            let end = self.at.min(self.pattern.len());
            RegexProblem::new(start..end, "this is no character in hexadecimal digits").help("write it as `\\x41`")
        })
    }

    /// `\101`: a digit from 1 on stands for a character only if another one follows.
    fn read_octal(&mut self, start: usize, first: char) -> Result<char, RegexProblem> {
        let more = self.rest().bytes().take(2).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
        if first != '0' && more == 0 {
            return Err(RegexProblem::new(start..self.at, "the engine cannot refer back to groups"));
        }
        self.at += more;
        let digits = self.pattern.get(start + 1..self.at).unwrap_or("");
        let letter = u32::from_str_radix(digits, 8).ok().and_then(char::from_u32);
        letter.ok_or_else(|| RegexProblem::new(start..self.at, "this is no character in octal digits"))
    }

    /// A class in brackets, whose first bracket has been taken.
    fn read_class(&mut self, start: usize) -> Result<(), RegexProblem> {
        let unclosed = || RegexProblem::new(start..start + 1, "this bracket is not closed");
        self.out.push('[');
        if self.rest().starts_with('^') {
            self.at += 1;
            self.out.push('^');
        }
        let mut is_first = true;
        loop {
            let Some(letter) = self.rest().chars().next() else { return Err(unclosed()) };
            if letter == ']' && !is_first {
                self.at += 1;
                self.out.push(']');
                return Ok(());
            }
            if self.rest().starts_with("[:") {
                let Some(end) = self.rest().find(":]") else { return Err(unclosed()) };
                let named = self.rest().get(2..end).unwrap_or("");
                let span = self.at..self.at + end + 2;
                if !CLASSES.contains(&named.strip_prefix('^').unwrap_or(named)) {
                    let problem = RegexProblem::new(span, format!("there is no class `{named}`"));
                    return Err(problem.help("[:alpha:], [:digit:], [:alnum:], [:space:] and their like"));
                }
                self.at = span.end;
                self.out.push_str(&format!("[:{named}:]"));
                is_first = false;
                continue;
            }
            let low_at = self.at;
            if letter == '-' && !is_first && !self.rest().starts_with("-]") {
                let problem = RegexProblem::new(low_at..low_at + 1, "`-` stands first or last in brackets");
                return Err(problem.help("write `\\-`"));
            }
            let low = self.class_letter()?;
            let has_range = self.rest().starts_with('-') && !self.rest().starts_with("-]") && self.rest().len() > 1;
            let high = if has_range {
                self.at += 1;
                self.class_letter()?
            } else {
                low
            };
            if high < low {
                return Err(RegexProblem::new(low_at..self.at, "this range ends before it begins"));
            }
            push_literal(&mut self.out, low);
            if high != low {
                self.out.push('-');
                push_literal(&mut self.out, high);
            }
            is_first = false;
        }
    }

    fn class_letter(&mut self) -> Result<char, RegexProblem> {
        let start = self.at;
        match self.rest().chars().next() {
            Some('\\') => {
                self.at += 1;
                self.read_escape(start)
            }
            Some(letter) => {
                self.at += letter.len_utf8();
                Ok(letter)
            }
            None => Err(RegexProblem::new(start..start, "this bracket is not closed")),
        }
    }
}

fn unknown_class(span: Range<usize>, instead: &str) -> RegexProblem {
    RegexProblem::new(span, "the engine knows no classes of letters with a backslash")
        .help(format!("write `{instead}`"))
}

/// Appends a letter that means itself, in brackets and outside. (Not all punctuation may be escaped: `\<` is the start
/// of a word.)
fn push_literal(out: &mut String, letter: char) {
    let means_something = matches!(
        letter,
        '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' | '#' | '&' | '-' | '~'
    );
    if means_something {
        out.push('\\');
    }
    out.push(letter);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, text: &str) -> bool {
        compile(pattern).unwrap_or_else(|problem| panic!("{pattern}: {problem:?}")).is_match(text.as_bytes())
    }

    #[test]
    fn an_expression_fits_a_value_as_a_whole() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("bash", "bash", true),
            ("bash", "/bin/bash", false),
            (".*bash", "/bin/bash", true),
            ("^python[23]\\.[0-9]+$", "python3.11", true),
            ("^python[23]\\.[0-9]+$", "python3x11", false),
            ("a|b", "b", true),
            ("a|b", "ab", false),
            ("(a|)b", "b", true),
            ("[a-z]*/proc/[0-9]+/cmdline", "/proc/1/cmdline", true),
            ("a{2,3}", "aaa", true),
            ("a{2}", "aaa", false),
            ("a{2,}", "aaaaa", true),
            ("a**", "aaa", true),
            ("a+?", "", true),
            ("a+?b", "aab", true),
            ("a*?", "aa", true),
            ("(a{2}?)b", "b", true),
            ("(a{2}?)b", "ab", false),
            ("a+*", "", true),
            ("(ab)+", "abab", true),
            (".", "\n", false),
            ("[^a]", "\n", true),
            ("a$\n^b", "a\nb", true),
            ("é", "é", true),
            ("\\x41\\x{42}\\101\\t", "ABA\t", true),
            ("[[:alpha:]]+", "abc", true),
            ("[[:^alpha:]_]+", "12_", true),
            ("[]a]+", "]a", true),
            ("[^]a]", "b", true),
            ("[a-]+", "a-", true),
            ("\\/usr\\-x", "/usr-x", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text:?}");
        }
    }

    #[test]
    fn letters_that_mean_something_to_rust_alone_are_letters() {
        for (pattern, text, expected) in [
            ("[a&&b]+", "a&b", true),
            ("[x~~y]+", "~xy", true),
            ("[[a]+", "[a", true),
            ("a{,3}", "a{,3}", true),
            ("a{b", "a{b", true),
            ("}", "}", true),
            ("a#b c", "a#b c", true),
            ("<&>~@", "<&>~@", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern}");
        }
    }

    #[test]
    fn what_the_engine_refuses_is_refused_with_its_place() {
        for (pattern, span) in [
            ("a\\d", 1..3),
            ("[\\w]", 1..3),
            ("\\bfoo", 0..2),
            ("(?i)foo", 0..3),
            ("(?:a)", 0..3),
            ("(a", 0..1),
            ("a)", 1..2),
            ("[a", 0..1),
            ("[", 0..1),
            ("[]", 0..1),
            ("*a", 0..1),
            ("a|+", 2..3),
            ("(*a)", 1..2),
            ("a{1001}", 1..7),
            ("a{3,2}", 1..6),
            ("{2}", 0..3),
            ("[b-a]", 1..4),
            ("[[:foo:]]", 1..8),
            ("a\\", 1..2),
            ("(a)\\1", 3..5),
            ("\\pL", 0..2),
            ("\\xZZ", 0..4),
            ("[a-c-e]", 4..5),
            ("[a--c]", 1..4),
        ] {
            let problem = compile(pattern).expect_err(pattern);
            assert_eq!(problem.span, span, "{pattern}: {problem:?}");
        }
        let nested = "(((((a{100}){100}){100}){100}){100})";
        assert_eq!(compile(nested).expect_err("it is large").message, "this expression is too large");
        assert!(compile(&"(".repeat(100_000)).is_err());
    }
}
