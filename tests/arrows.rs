//! The rooms know only the rooms they may know: reads every path that the sources name and checks its direction.

use std::fs;
use std::path::{Path, PathBuf};

/// Room, and the rooms it may name (its own is always allowed). Of several that fit, the longest counts.
const ARROWS: &[(&str, &[&str])] = &[
    ("format", &[]),
    ("capture", &["format"]),
    ("replay", &["format"]),
    ("replay::fields", &["format"]),
    ("replay::rules", &["format", "replay::fields"]),
    ("replay::compile", &["format", "replay::fields", "replay::rules"]),
    ("replay::eval", &["format", "replay::fields", "replay::rules", "replay::compile"]),
    ("replay::output", &["format", "replay::fields", "replay::rules", "replay::compile", "replay::eval"]),
    (
        "replay::suite",
        &["format", "replay::fields", "replay::rules", "replay::compile", "replay::eval", "replay::output"],
    ),
];

/// Crate, and the only module trees that may name it.
const CONFINED: &[(&str, &[&str])] = &[
    ("aya", &["capture::live"]),
    ("rayon", &["replay::eval"]),
    ("zstd", &["format::block", "format::envelope"]),
    ("flate2", &["format::envelope"]),
    ("granit_parser", &["replay::rules"]),
    ("annotate_snippets", &["replay::rules"]),
    ("bincode", &["format"]),
    ("strsim", &["format::near"]),
    ("clap", &["bin"]),
    ("anyhow", &["bin"]),
    ("comfy_table", &["bin"]),
    ("indicatif", &["bin"]),
];

#[test]
fn rooms_know_only_the_rooms_they_may_know() {
    let mut wrong = Vec::new();
    for source in sources(&manifest_dir().join("src")) {
        for path in &source.paths {
            if let Some(problem) = judge(&source.module, path) {
                wrong.push(format!("{}: `{}`: {problem}", source.file.display(), path.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that ARCHITECTURE.md does not have:\n{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_sources_finds_arrows_in_every_form() {
    let text = r#"
        //! crate::replay::comment
        use std::fmt;
        use crate::{format::{row::Event, schema}, capture::raw as other};
        pub(crate) use super::super::replay::eval;
        fn f() -> crate::replay::rules::Op { let x = "crate::capture::text"; rayon::join(a, b) }
        mod tests { use super::*; use super::super::sibling; }
    "#;
    let mut paths: Vec<String> =
        named_paths(text, &["format".into(), "writer".into()]).into_iter().map(|path| path.join("::")).collect();
    paths.sort();
    for expected in [
        "capture::raw",
        "format::row::Event",
        "format::schema",
        "replay::eval",
        "replay::rules::Op",
        "format::writer::*",
        "format::sibling",
        "extern::rayon::join",
        "extern::std::fmt",
    ] {
        assert!(paths.iter().any(|path| path == expected), "{expected} is missing from {paths:?}");
    }
    assert!(!paths.iter().any(|path| path.contains("comment") || path.contains("text")), "{paths:?}");
    let format: Vec<String> = vec!["format".into(), "writer".into()];
    assert!(judge(&format, &["replay".into(), "rules".into()]).is_some());
    assert!(judge(&format, &["format".into(), "row".into()]).is_none());
    let rules: Vec<String> = vec!["replay".into(), "rules".into(), "lexer".into()];
    assert!(judge(&rules, &["replay".into(), "fields".into()]).is_none());
    assert!(judge(&rules, &["replay".into(), "eval".into()]).is_some());
    assert!(judge(&rules, &["capture".into(), "raw".into()]).is_some());
    assert!(judge(&rules, &["extern".into(), "rayon".into()]).is_some());
}

struct Source {
    file: PathBuf,
    /// `["format", "block"]` for `src/format/block/mod.rs`; `["bin"]` for all of the binary.
    module: Vec<String>,
    paths: Vec<Vec<String>>,
}

fn manifest_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(root: &Path) -> Vec<Source> {
    let mut folders = vec![root.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a source folder") {
            let file = entry.expect("an entry of a source folder").path();
            if file.is_dir() {
                folders.push(file);
            } else if file.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&file).expect("a source file");
                let module = module_of(file.strip_prefix(root).expect("a file below src"));
                let paths = named_paths(&text, &module);
                found.push(Source { file, module, paths });
            }
        }
    }
    assert!(found.len() > 10, "only {} sources found", found.len());
    found
}

fn module_of(file: &Path) -> Vec<String> {
    let mut module: Vec<String> =
        file.with_extension("").components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    if module.first().is_some_and(|part| part == "bin") {
        return vec!["bin".to_owned()];
    }
    if module.last().is_some_and(|part| part == "mod" || part == "lib") {
        module.pop();
    }
    module
}

/// What is wrong with `module` naming `path`.
fn judge(module: &[String], path: &[String]) -> Option<String> {
    if path.first().is_some_and(|part| part == "extern") {
        let name = path.get(1)?;
        let (_, homes) = CONFINED.iter().find(|(confined, _)| confined == name)?;
        let at_home = homes.iter().any(|home| starts_with(module, home));
        return (!at_home).then(|| format!("only {} may name this crate", homes.join(", ")));
    }
    let from = room_of(module)?;
    let to = room_of(path)?;
    if from == to || to.starts_with(&format!("{from}::")) && from != "replay" {
        return None;
    }
    // a room's face (`replay/mod.rs`) only lists its parts
    if module == ["replay"] && starts_with(path, "replay") {
        return None;
    }
    let (_, allowed) = ARROWS.iter().find(|(room, _)| *room == from)?;
    // naming the parent room alone (`replay`) is naming nothing in it
    let fine = allowed.contains(&to) || (to == "replay" && starts_with(module, "replay"));
    (!fine).then(|| format!("{from} may not know {to}"))
}

fn room_of(path: &[String]) -> Option<&'static str> {
    ARROWS.iter().map(|(room, _)| *room).filter(|room| starts_with(path, room)).max_by_key(|room| room.len())
}

fn starts_with(path: &[String], prefix: &str) -> bool {
    let parts: Vec<&str> = prefix.split("::").collect();
    path.len() >= parts.len() && parts.iter().zip(path).all(|(part, name)| part == name)
}

/// Every path in a source that starts at `crate`, `sysreel`, `super` or `self`, from the crate's root; and the paths of
/// `use` lines and expressions that start at another crate, after `extern`.
fn named_paths(text: &str, module: &[String]) -> Vec<Vec<String>> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    let mut scope: Vec<String> = module.to_vec();
    // for every open brace, whether it opened a module
    let mut braces: Vec<bool> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "mod" if tokens.get(at + 2).is_some_and(|token| token == "{") => {
                scope.push(tokens[at + 1].clone());
                braces.push(true);
                at += 3;
                continue;
            }
            "{" => braces.push(false),
            "}" if braces.pop() == Some(true) => {
                scope.pop();
            }
            "use" => {
                at = use_tree(&tokens, at + 1, &mut Vec::new(), &scope, &mut found);
                continue;
            }
            word if is_word(word) && tokens.get(at + 1).is_some_and(|token| token == "::") => {
                let continues = at > 0 && tokens[at - 1] == "::";
                let mut path = vec![word.to_owned()];
                while tokens.get(at + 1).is_some_and(|token| token == "::") {
                    match tokens.get(at + 2) {
                        Some(next) if is_word(next) => path.push(next.clone()),
                        Some(_) | None => break,
                    }
                    at += 2;
                }
                if !continues {
                    found.extend(absolute(&path, &scope));
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Reads one tree of a `use` line from `at`; returns where it ends.
fn use_tree(
    tokens: &[String],
    mut at: usize,
    prefix: &mut Vec<String>,
    scope: &[String],
    found: &mut Vec<Vec<String>>,
) -> usize {
    let depth = prefix.len();
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    at = use_tree(tokens, at, prefix, scope, found);
                    if tokens.get(at).is_some_and(|token| token == ",") {
                        at += 1;
                    }
                }
                at += 1;
                break;
            }
            "::" => at += 1,
            "as" => at += 2,
            ";" | "," | "}" => {
                if prefix.len() > depth {
                    found.extend(absolute(prefix, scope));
                }
                break;
            }
            word => {
                prefix.push(word.to_owned());
                at += 1;
            }
        }
    }
    prefix.truncate(depth);
    at
}

/// The path from the crate's root; `extern::` before another crate's name.
fn absolute(path: &[String], scope: &[String]) -> Option<Vec<String>> {
    let (first, rest) = path.split_first()?;
    let mut full = match first.as_str() {
        "crate" if scope.first().is_some_and(|part| part == "bin") => return None,
        "crate" | "sysreel" => Vec::new(),
        "self" => scope.to_vec(),
        "super" => scope.get(..scope.len().checked_sub(1)?)?.to_vec(),
        name if name.starts_with(char::is_lowercase) => vec!["extern".to_owned(), name.to_owned()],
        _ => return None,
    };
    for part in rest {
        if part == "super" {
            full.pop();
        } else {
            full.push(part.clone());
        }
    }
    Some(full)
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Words, `::` and single signs, without comments, strings and character literals.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = string_length(rest) {
            length
        } else if first.is_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(rest[..length].to_owned());
            length
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[taken..];
    }
    tokens
}

/// The length of the string or character literal at the start, if there is one. A lifetime is none.
fn string_length(text: &str) -> Option<usize> {
    let (prefix, quoted) = match text.as_bytes() {
        [b'b', b'"' | b'\'', ..] | [b'c', b'"', ..] => (1, &text[1..]),
        [b'"' | b'\'', ..] => (0, text),
        [b'r', b'"' | b'#', ..] => return raw_string_length(text, 1),
        [b'b', b'r', b'"' | b'#', ..] => return raw_string_length(text, 2),
        _ => return None,
    };
    let quote = quoted.chars().next()?;
    if quote == '\'' {
        let mut chars = quoted.char_indices().skip(1);
        let (_, first) = chars.next()?;
        if first != '\\' {
            return match chars.next()? {
                (at, '\'') => Some(prefix + at + 1),
                _ => None,
            };
        }
    }
    let mut escaped = false;
    for (at, c) in quoted.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(prefix + at + 1),
            _ => {}
        }
    }
    Some(text.len())
}

fn raw_string_length(text: &str, prefix: usize) -> Option<usize> {
    let hashes = text[prefix..].len() - text[prefix..].trim_start_matches('#').len();
    if text.as_bytes().get(prefix + hashes) != Some(&b'"') {
        return None;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let body = prefix + hashes + 1;
    Some(text[body..].find(&end).map_or(text.len(), |at| body + at + end.len()))
}
