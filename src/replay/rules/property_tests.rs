//! What holds for every text: nothing panics, and what is printed parses to the same.
#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// Words and letters that mean something to the parsers, in any order.
fn scrambled(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    let word = prop_oneof![4 => select(words).prop_map(str::to_owned), 1 => "\\PC{0,4}", 1 => "[ \n\t\"'\\\\]{1,3}"];
    vec((word, select(&["", " ", "\n  "][..])), 0..24)
        .prop_map(|words| words.into_iter().map(|(word, between)| word + between).collect())
}

const CONDITION_WORDS: &[&str] = &[
    "and",
    "or",
    "not",
    "(",
    ")",
    "in",
    "=",
    "!=",
    "<",
    ">=",
    "contains",
    "exists",
    "pmatch",
    "proc.name",
    "fd.sip",
    "fd.snet",
    "evt.type",
    "evt.arg.flags",
    "evt.arg[0]",
    "proc.aname[2]",
    "tolower(",
    "val(",
    "len(",
    "join(",
    "concat(",
    "getopt(",
    "anyof",
    "oneof (",
    "open",
    "0x1f",
    "-5",
    "1.5e+3",
    ",",
    "\"a b\"",
    "'c'",
    "10.0.0.0/8",
    "true",
    "[",
    "]",
    "my_macro",
    "%",
    "*",
];

const TEMPLATE_WORDS: &[&str] = &[
    "%",
    "%%",
    "%proc.name",
    "%evt.arg.flags",
    "%evt.arg[0]",
    "%proc.aname[",
    "]",
    "%toupper(",
    "%join(\"-\", (",
    "%30",
    "%concat(",
    ",",
    "proc.name",
    ")",
    "%container.info",
    "%container.label.app",
    ".",
    "[",
    "*",
    "é",
    "%evt.abspath.src",
    "%evt.type.is.open",
];

const FILE_WORDS: &[&str] = &[
    "- ",
    "rule:",
    "macro:",
    "list:",
    "condition:",
    "output:",
    "desc:",
    "priority:",
    "items:",
    "append: true",
    "override:",
    "exceptions:",
    "name:",
    "fields:",
    "comps:",
    "values:",
    "\n",
    "\n  ",
    "\n    ",
    "[",
    "]",
    "{",
    "}",
    ",",
    ">\n    ",
    "|\n    ",
    "\"",
    "'",
    "&a",
    "*a",
    "---\n",
    "#",
    "evt.type = open",
    "enabled: false",
    "a",
    "Error",
    "!!str",
    "tags:",
    "source:",
    "? ",
    ": ",
    "required_engine_version:",
    "<<:",
];

/// A comparison that is right, of every sort of field.
fn comparison() -> impl Strategy<Value = String> {
    let quoted = "[^\"\\\\\u{0}]{0,12}".prop_map(|text| format!("\"{text}\""));
    let escaped = select(&[r#""a\"b""#, r#"'it\'s'"#, r#""tab\there""#, r#""back\\slash""#, "bare/word-1.2", "''"][..]);
    let word = prop_oneof![quoted, escaped.prop_map(str::to_owned), "[a-z/][a-z0-9._/-]{0,8}"];
    let text_field = select(
        &[
            "proc.name",
            "fd.name",
            "proc.aname[2]",
            "proc.env[HOME]",
            "evt.arg.flags",
            "evt.arg[0]",
            "tolower(proc.name)",
            "container.label[a/b]",
            "toupper(b64(proc.exe))",
            "concat(proc.name, \":\", 12, tolower(fd.name))",
            "basename(join('a\\'b', (proc.name, fd.num, \"x\", concat(\"\", user.name))))",
            "getopt((\"-n\", proc.name), \"n:\")[n]",
            "join(\"\", ())",
        ][..],
    );
    let text_op = select(&["=", "!=", "contains", "icontains", "startswith", "endswith", "glob", "iglob", "regex"][..]);
    let list_op = select(&["in", "intersects", "pmatch"][..]);
    prop_oneof![
        (text_field.clone(), text_op.clone(), word.clone())
            .prop_map(|(field, op, word)| format!("{field} {op} {word}")),
        (text_field.clone(), text_op, select(&["oneof", "anyof", "allof"][..]), vec(word.clone(), 0..4))
            .prop_map(|(field, op, modifier, words)| format!("{field} {op} {modifier} ({})", words.join(", "))),
        (text_field.clone(), list_op, vec(word, 0..4))
            .prop_map(|(field, op, words)| format!("{field} {op} ({})", words.join(", "))),
        text_field.prop_map(|field| format!("{field} exists")),
        any::<i64>().prop_map(|number| format!("fd.num >= {number}")),
        any::<u64>().prop_map(|number| format!("evt.num = {number}")),
        any::<u32>().prop_map(|number| format!("evt.rawarg.flags = 0x{number:x}")),
        any::<u32>().prop_map(|number| format!("evt.rawarg.mode in ({number}, 0X{number:X})")),
        select(&["open", "openat", "procexit"][..])
            .prop_map(|name| format!("evt.type in ({name}, execve) or evt.type.is.{name} = 1")),
        (0..99u32).prop_map(|at| format!("proc.args[{at}] startswith - and proc.aexepath[{at}] exists")),
        any::<u64>().prop_map(|number| format!("len(proc.name) != {number}")),
        any::<u16>().prop_map(|port| format!("fd.sport < {port}")),
        any::<std::net::IpAddr>().prop_map(|address| format!("fd.sip = \"{address}\"")),
        (any::<std::net::Ipv4Addr>(), 0u8..=32)
            .prop_map(|(address, length)| format!("fd.snet in ({address}/{length})")),
        (any::<std::net::Ipv6Addr>(), 0u8..=128).prop_map(|(address, bits)| format!("fd.net != \"{address}/{bits}\"")),
        any::<bool>().prop_map(|value| format!("evt.is_open_write = {value}")),
        (-1e9f64..1e9).prop_map(|number| format!("thread.cpu > {number}")),
        "[0-9a-f]{2}".prop_map(|hex| format!("evt.buffer bcontains {hex}")),
        Just("proc.name = val(proc.pname)".to_owned()),
        Just("proc.name = tolower(proc.pname)".to_owned()),
        Just("proc.name in concat(proc.pname, \"x\")".to_owned()),
        Just("getopt((\"-a\", fd.name), \"a:b\") intersects (a, b)".to_owned()),
        Just("len(getopt((fd.types), \"ab\")) < 0x3".to_owned()),
        Just("evt.buffer bcontains anyof (00, cafe)".to_owned()),
        Just("fd.num != allof (1, -2, 0x3)".to_owned()),
        Just("evt.num = oneof (18446744073709551615)".to_owned()),
        Just("evt.abspath.src startswith /etc".to_owned()),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    comparison().prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" and "))),
            vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" or\n "))),
            inner.clone().prop_map(|part| format!("not {part}")),
            (inner.clone(), inner).prop_map(|(left, right)| format!("({left} and not({right}))")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_condition_that_is_printed_parses_to_the_same(text in condition()) {
        let expr = parse_condition(&text);
        prop_assert!(expr.is_ok(), "{text}: {expr:?}");
        let expr = expr.unwrap();
        let printed = expr.to_string();
        prop_assert_eq!(parse_condition(&printed), Ok(expr), "{}", printed);
    }

    #[test]
    fn no_condition_panics(text in scrambled(CONDITION_WORDS)) {
        if let Err(found) = parse_condition(&text) {
            prop_assert!(!found.is_empty());
            let files = [RuleFile::new(RuleFile::CONDITION, text)];
            prop_assert!(!diagnostic::render(&found, &files, true).is_empty());
        }
    }

    #[test]
    fn no_template_panics(text in scrambled(TEMPLATE_WORDS)) {
        if let Err(found) = parse_template(&text) {
            let files = [RuleFile::new(RuleFile::TEMPLATE, text)];
            prop_assert!(!diagnostic::render(&found, &files, false).is_empty());
        }
    }

    #[test]
    fn no_file_panics(text in scrambled(FILE_WORDS), condition in scrambled(CONDITION_WORDS)) {
        let rule = format!("- rule: x\n  desc: y\n  priority: Error\n  output: >\n   {text}\n  condition: |\n   {condition}\n");
        for text in [text, rule] {
            let files = [RuleFile::new("a", text.clone()), RuleFile::new("b", text)];
            let mut compiler = Compiler::new();
            files.iter().for_each(|file| compiler.add_file(file.clone()));
            let (_, found) = compiler.build();
            diagnostic::render(&found, &files, false);
            for diagnostic in found {
                let file = files.iter().find(|file| file.name == diagnostic.file).unwrap();
                prop_assert!(diagnostic.span.end <= file.text.len() && diagnostic.span.start <= diagnostic.span.end);
            }
        }
    }
}

#[test]
fn hostile_sizes_are_refused_quickly() {
    for text in [
        "(".repeat(1_000_000),
        "not ".repeat(1_000_000),
        "tolower(".repeat(100_000),
        format!("{}evt.type = open", "not (".repeat(10_000)),
        format!("proc.name in ({}", "a, ".repeat(100_000)),
        "a".repeat(1_000_000),
    ] {
        assert!(parse_condition(&text).is_err());
    }
    let chain: String =
        (1..5_000).map(|at| format!("- macro: m{at}\n  condition: m{} or evt.type = open\n", at - 1)).collect();
    let deep: String =
        (1..5_000).map(|at| format!("- macro: m{at}\n  condition: not (m{} and evt.type = open)\n", at - 1)).collect();
    let backwards: String = (0..5_000)
        .map(|at| format!("- macro: m{at}\n  condition: evt.type = open\n"))
        .chain((0..4_999).map(|at| format!("- macro: m{at}\n  condition: not (m{} and evt.type = open)\n", at + 1)))
        .collect();
    for text in [chain, deep, backwards] {
        let mut compiler = Compiler::new();
        let rule = "- rule: r\n  desc: d\n  condition: m0 and m4999\n  output: o\n  priority: Error\n";
        compiler.add_file(RuleFile::new("f", format!("- macro: m0\n  condition: evt.type = open\n{text}{rule}")));
        let (rules, found) = compiler.build();
        assert!(rules.is_empty() && found.iter().any(|found| found.severity == Severity::Error));
    }
}
