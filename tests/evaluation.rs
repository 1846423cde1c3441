//! Every way of evaluating finds what the naive evaluator finds: on captures and conditions at random, over the sample
//! captures with the built-in and the upstream rules, with any number of threads and any size of blocks.

use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use sysreel::format::{Block, Reader};
use sysreel::replay::compile::{Program, Selection};
use sysreel::replay::eval::{AlertPrinter, BlockCost, BlockOptions, Match, evaluate_view};
use sysreel::replay::fields::{BlockView, CaptureFacts};
use sysreel::replay::output::{JsonPrinter, TextPrinter};
use sysreel::replay::rules::{
    Compiler, Priority, RuleFile, Severity, TypedRule, builtin_rules, parse_condition, parse_template,
};

use crate::falco_data::falco_data;
use crate::naive::{Found, What, all_matches, first_matches};
use crate::printed::{printed, printed_naively};
use crate::random_captures::{TEXTS, captures};

/// Fields with text, of every table.
const TEXT_FIELDS: &[&str] = &[
    "proc.name",
    "proc.exe",
    "proc.exepath",
    "proc.cmdline",
    "proc.args",
    "proc.cwd",
    "proc.pname",
    "proc.pcmdline",
    "proc.aname",
    "proc.aname[1]",
    "proc.aname[2]",
    "proc.aexepath",
    "proc.acmdline[1]",
    "proc.env",
    "proc.env[HOME]",
    "proc.aenv[A]",
    "proc.sname",
    "proc.pgid.name",
    "proc.vpgid.exe",
    "proc.exeline",
    "proc.stdin.name",
    "proc.stdin.type",
    "proc.args[1]",
    "fd.name",
    "fd.directory",
    "fd.filename",
    "fd.type",
    "fd.typechar",
    "fd.l4proto",
    "fd.containername",
    "fd.containerdirectory",
    "fd.uid",
    "fd.nameraw",
    "fd.sproto",
    "fs.path.name",
    "fs.path.nameraw",
    "fs.path.source",
    "fs.path.target",
    "evt.category",
    "evt.args",
    "evt.arg.flags",
    "evt.arg.name",
    "evt.arg.res",
    "evt.arg.uid",
    "evt.arg[0]",
    "evt.arg[1]",
    "evt.res",
    "evt.io_dir",
    "evt.time.s",
    "evt.abspath",
    "user.name",
    "user.loginname",
    "group.name",
    "container.id",
    "container.name",
    "container.image",
    "container.label.app",
    "container.labels",
    "k8s.pod.name",
    "thread.cap_effective",
    "fdlist.nums",
];

/// Text fields that transformers take: all but those of ancestors.
fn transformable() -> impl Strategy<Value = &'static str> {
    select(TEXT_FIELDS).prop_filter("no transformer takes ancestors", |field| {
        !field.starts_with("proc.a") || field.starts_with("proc.args")
    })
}

/// Fields with whole numbers that take small ones.
const NUMBER_FIELDS: &[&str] = &[
    "proc.pid",
    "proc.ppid",
    "proc.apid",
    "proc.apid[1]",
    "proc.sid",
    "proc.tty",
    "proc.cmdnargs",
    "proc.cmdlenargs",
    "proc.duration",
    "proc.loginshellid",
    "thread.tid",
    "fd.num",
    "fd.ino",
    "fd.dev.major",
    "evt.num",
    "evt.cpu",
    "evt.rawres",
    "evt.buflen",
    "evt.count",
    "evt.count.error",
    "evt.count.error.file",
    "user.uid",
    "user.loginuid",
    "group.gid",
    "evt.rawarg.flags",
    "evt.rawarg.size",
];

const BOOL_FIELDS: &[&str] = &[
    "evt.failed",
    "evt.is_io",
    "evt.is_io_read",
    "evt.is_open_read",
    "evt.is_open_write",
    "evt.is_open_exec",
    "evt.is_open_create",
    "evt.is_wait",
    "evt.is_syslog",
    "proc.is_exe_writable",
    "proc.is_exe_upper_layer",
    "proc.is_sid_leader",
    "thread.ismain",
    "fd.is_server",
    "fd.connected",
    "fd.name_changed",
    "container.privileged",
];

const EVENT_NAMES: &[&str] =
    &["openat", "execve", "connect", "close", "read", "getpid", "wait4", "rename", "poll", "dup2", "drop", "procexit"];

const TEXT_OPERATORS: &[&str] = &["=", "==", "!=", "contains", "icontains", "startswith", "endswith"];

/// A value in quotes.
fn quoted() -> impl Strategy<Value = String> {
    let part = select(TEXTS).prop_flat_map(|text| {
        let letters: Vec<char> = text.chars().collect();
        (0..=letters.len()).prop_flat_map(move |start| {
            let letters = letters.clone();
            (start..=letters.len()).prop_map(move |end| letters[start..end].iter().collect::<String>())
        })
    });
    let event = select(&["openat", "close", "getpid", "file", "SUCCESS", "ipv4", "tcp", "f", "<NA>"][..]);
    prop_oneof![4 => select(TEXTS).prop_map(str::to_owned), 2 => part, 1 => event.prop_map(str::to_owned)]
        .prop_map(|text| format!("\"{text}\""))
}

fn pattern() -> impl Strategy<Value = String> {
    let piece = prop_oneof![select(&["*", "?", "/", "etc", "a", "sh"][..]).prop_map(str::to_owned), "[a-z]{1,3}"];
    vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

/// What has a text as its value.
fn text_value() -> impl Strategy<Value = String> {
    let field = || select(TEXT_FIELDS).prop_map(str::to_owned);
    let wrapped = (select(&["tolower", "toupper", "basename", "b64"][..]), transformable())
        .prop_map(|(transformer, field)| format!("{transformer}({field})"));
    let one = || select(&["proc.name", "proc.exe", "fd.name", "container.id", "proc.cwd"][..]);
    let joined = (one(), one()).prop_map(|(first, second)| format!("join(\":\", ({first}, {second}))"));
    let glued = (one(), one()).prop_map(|(first, second)| format!("concat({first}, \"/\", toupper({second}))"));
    prop_oneof![12 => field(), 3 => wrapped, 1 => joined, 1 => glued]
}

/// A comparison.
fn test() -> impl Strategy<Value = String> {
    let number = || prop_oneof![4 => 0..6i64, 1 => Just(443), 1 => Just(1000)];
    let order = || select(&["=", "!=", "<", "<=", ">", ">="][..]);
    let several = select(&["oneof", "anyof", "allof"][..]);
    let shaped = select(&["glob", "iglob"][..]);
    let either_op = || select(&["=", "!="][..]);
    let ip = || select(&["10.0.0.1", "10.0.0.2", "192.168.1.1", "\"::1\"", "8.8.8.8"][..]);
    let net = select(&["10.0.0.0/8", "192.168.0.0/16", "10.0.0.2/32", "0.0.0.0/0", "\"::/0\""][..]);
    prop_oneof![
        10 => (text_value(), select(TEXT_OPERATORS), quoted()).prop_map(|(field, op, text)| format!("{field} {op} {text}")),
        2 => (text_value(), shaped, pattern()).prop_map(|(field, op, text)| format!("{field} {op} {text}")),
        1 => (text_value(), pattern()).prop_map(|(field, text)| {
            let pattern = text.replace('*', ".*").replace('?', ".");
            format!("{field} regex {pattern}")
        }),
        4 => (text_value(), vec(quoted(), 0..4)).prop_map(|(field, texts)| format!("{field} in ({})", texts.join(", "))),
        2 => (text_value(), vec(quoted(), 0..3)).prop_map(|(field, texts)| format!("{field} pmatch ({})", texts.join(", "))),
        1 => (text_value(), vec(pattern(), 0..3)).prop_map(|(field, texts)| format!("{field} pmatch ({})", texts.join(", "))),
        1 => (text_value(), vec(quoted(), 0..3)).prop_map(|(field, texts)| format!("{field} intersects ({})", texts.join(", "))),
        2 => (text_value(), select(TEXT_OPERATORS), several, vec(quoted(), 0..4))
            .prop_map(|(field, op, several, texts)| format!("{field} {op} {several} ({})", texts.join(", "))),
        2 => select(TEXT_FIELDS).prop_map(|field| format!("{field} exists")),
        4 => (select(NUMBER_FIELDS), order(), number()).prop_map(|(field, op, number)| format!("{field} {op} {number}")),
        1 => (select(NUMBER_FIELDS), vec(number(), 0..4)).prop_map(|(field, numbers)| {
            let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
            format!("{field} in ({})", numbers.join(", "))
        }),
        1 => (transformable(), order(), 0..12u64).prop_map(|(field, op, length)| format!("len({field}) {op} {length}")),
        1 => (order(), -3..3i64).prop_map(|(op, number)| format!("evt.rawres {op} {number}")),
        3 => (select(BOOL_FIELDS), either_op(), any::<bool>()).prop_map(|(field, op, truth)| format!("{field} {op} {truth}")),
        2 => (select(&["fd.ip", "fd.sip", "fd.cip", "fd.lip", "fd.rip"][..]), either_op(), ip())
            .prop_map(|(field, op, ip)| format!("{field} {op} {ip}")),
        1 => (select(&["fd.ip", "fd.sip"][..]), vec(ip(), 1..3)).prop_map(|(field, ips)| format!("{field} in ({})", ips.join(", "))),
        2 => (select(&["fd.net", "fd.snet", "fd.cnet"][..]), either_op(), net)
            .prop_map(|(field, op, net)| format!("{field} {op} {net}")),
        2 => (select(&["fd.port", "fd.sport", "fd.cport", "fd.lport"][..]), order(), select(&[0, 53, 80, 443, 40_000][..]))
            .prop_map(|(field, op, port)| format!("{field} {op} {port}")),
        2 => (select(FACING), select(TEXT_OPERATORS), select(FACING))
            .prop_map(|(left, op, right)| if right.contains('(') { format!("{left} {op} {right}") } else { format!("{left} {op} val({right})") }),
        1 => (order(), select(&["proc.vpid", "thread.tid", "proc.ppid", "evt.rawres"][..]))
            .prop_map(|(op, right)| format!("proc.pid {op} val({right})")),
        5 => (select(&["evt.type", "syscall.type"][..]), either_op(), select(EVENT_NAMES))
            .prop_map(|(field, op, name)| format!("{field} {op} {name}")),
        2 => vec(select(EVENT_NAMES), 1..4).prop_map(|names| format!("evt.type in ({})", names.join(", "))),
        1 => vec(quoted(), 1..3).prop_map(|texts| format!("getopt((proc.args), \"ac:o:x\") in ({})", texts.join(", "))),
        1 => quoted().prop_map(|text| format!("getopt((proc.args), \"ac:o:x\")[c] = {text}")),
    ]
}

/// Comparisons of one field with texts: many of them are answered in one pass, some only one by one.
fn tests_of_one_text() -> impl Strategy<Value = Vec<String>> {
    let test = || {
        let several = select(&["oneof", "anyof", "allof"][..]);
        prop_oneof![
            8 => (select(TEXT_OPERATORS), quoted()).prop_map(|(op, text)| format!("{op} {text}")),
            3 => vec(quoted(), 0..5).prop_map(|texts| format!("in ({})", texts.join(", "))),
            3 => vec(quoted(), 0..4).prop_map(|texts| format!("pmatch ({})", texts.join(", "))),
            1 => vec(pattern(), 0..3).prop_map(|texts| format!("pmatch ({})", texts.join(", "))),
            2 => (select(TEXT_OPERATORS), several, vec(quoted(), 0..4))
                .prop_map(|(op, several, texts)| format!("{op} {several} ({})", texts.join(", "))),
            1 => (select(&["glob", "iglob"][..]), pattern()).prop_map(|(op, text)| format!("{op} {text}")),
            1 => Just("exists".to_owned()),
        ]
    };
    let usual = select(&["fd.name", "fd.directory", "fd.filename", "proc.name", "proc.cmdline", "fs.path.name"][..]);
    let field = prop_oneof![
        3 => usual.prop_map(str::to_owned),
        3 => select(TEXT_FIELDS).prop_map(str::to_owned),
        1 => transformable().prop_map(|field| format!("tolower({field})")),
    ];
    (field, vec(test(), 8..16))
        .prop_map(|(field, tests)| tests.iter().map(|test| format!("{field} {test}")).collect::<Vec<_>>())
}

/// Fields that may be compared with each other.
const FACING: &[&str] =
    &["proc.name", "proc.pname", "proc.exe", "fd.name", "fs.path.name", "tolower(proc.name)", "evt.time.s"];

fn condition() -> impl Strategy<Value = String> {
    test().prop_recursive(4, 20, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" and "))),
            vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" or "))),
            inner.prop_map(|part| format!("not ({part})")),
        ]
    })
}

/// The conditions as rules. What is printed of each parses to the same.
fn rules(conditions: &[String]) -> Vec<TypedRule> {
    let output = parse_template("%evt.num %evt.type %proc.name %proc.pname %fd.name %container.id %user.name").unwrap();
    let rule = |(at, text): (usize, &String)| {
        let condition = parse_condition(text).unwrap_or_else(|problems| panic!("{text}: {problems:#?}"));
        let printed = condition.to_string();
        assert_eq!(parse_condition(&printed).as_ref(), Ok(&condition), "{text} is printed as {printed}");
        TypedRule {
            name: at.to_string(),
            desc: String::new(),
            condition,
            output: output.clone(),
            priority: Priority::Warning,
            tags: Vec::new(),
            source: "syscall".to_owned(),
            enabled: true,
        }
    };
    conditions.iter().enumerate().map(rule).collect()
}

fn found(program: &Program, block: &Block, all_matches: bool) -> Vec<Found> {
    let capture = CaptureFacts::default();
    let options = BlockOptions { all_matches, ..BlockOptions::default() };
    let (prospects, view) = (program.prospects(&block.header().containers), BlockView::new(block, &capture));
    let matches = evaluate_view(program, &prospects, &view, &options, &mut BlockCost::default()).unwrap();
    let what = |found: &Match| if found.is_event { What::Event } else { What::Loss(found.row as usize) };
    matches.iter().map(|found| (found.seq, what(found), found.rule.0 as usize)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn folded_and_unfolded_programs_find_what_the_naive_evaluator_finds(
        conditions in vec(condition(), 1..6),
        draft in captures(80),
    ) {
        let rules = rules(&conditions);
        let folded = Program::compile(&rules, &Selection::default());
        let unfolded = Program::compile_unfolded(&rules);
        for block in draft.build(10_000).blocks() {
            let (all, first) = (all_matches(&rules, &block), first_matches(&rules, &block));
            prop_assert_eq!(found(&unfolded, &block, true), all.clone(), "unfolded, all: {:#?}", conditions);
            prop_assert_eq!(found(&folded, &block, true), all, "folded, all: {:#?}", conditions);
            prop_assert_eq!(found(&unfolded, &block, false), first.clone(), "unfolded, first: {:#?}", conditions);
            prop_assert_eq!(found(&folded, &block, false), first, "folded, first: {:#?}", conditions);
        }
    }

    #[test]
    fn a_condition_of_one_comparison_finds_what_the_naive_evaluator_finds(
        conditions in vec(test(), 8),
        draft in captures(60),
    ) {
        let rules = rules(&conditions);
        let program = Program::compile(&rules, &Selection::default());
        for block in draft.build(10_000).blocks() {
            let expected = all_matches(&rules, &block);
            for (at, condition) in conditions.iter().enumerate() {
                let of_rule = |found: Vec<Found>| found.into_iter().filter(|found| found.2 == at).collect::<Vec<_>>();
                let found = of_rule(found(&program, &block, true));
                prop_assert_eq!(found, of_rule(expected.clone()), "{}", condition);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn comparisons_that_are_asked_together_find_what_the_naive_evaluator_finds(
        tests in tests_of_one_text(),
        guards in vec(prop_oneof![3 => Just(None), 1 => test().prop_map(Some)], 16),
        draft in captures(120),
    ) {
        let conditions: Vec<String> = tests.iter().zip(&guards).map(|(test, guard)| match guard {
            Some(guard) => format!("{guard} and not ({test})"),
            None => test.clone(),
        }).collect();
        let rules = rules(&conditions);
        let program = Program::compile(&rules, &Selection::default());
        for block in draft.build(10_000).blocks() {
            prop_assert_eq!(found(&program, &block, true), all_matches(&rules, &block), "all: {:#?}", conditions);
            prop_assert_eq!(found(&program, &block, false), first_matches(&rules, &block), "first: {:#?}", conditions);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn threads_and_sizes_of_blocks_do_not_show(
        conditions in vec(condition(), 1..5),
        draft in captures(200),
    ) {
        let rules = rules(&conditions);
        let folded = Program::compile(&rules, &Selection::default());
        for block_rows in [1, 7, 64, 65_536] {
            let file = draft.build(block_rows).finish();
            let reader = || Reader::from_bytes("random.reel", file.clone()).unwrap();
            let expected = printed_naively(reader(), &rules, &folded, &JsonPrinter::default());
            for (all, expected) in [false, true].into_iter().zip(&expected) {
                for threads in [1, 2, 3, 8] {
                    let found = printed(vec![reader()], &folded, &JsonPrinter::default(), threads, all);
                    prop_assert_eq!(&found, expected, "{} rows, {} threads: {:#?}", block_rows, threads, conditions);
                }
            }
        }
    }

    #[test]
    fn blocks_that_are_passed_over_for_their_containers_hold_no_match(
        conditions in vec(about_containers(), 1..4),
        draft in captures(60),
    ) {
        let rules = rules(&conditions);
        let program = Program::compile(&rules, &Selection::default());
        for block_rows in [1, 2, 5] {
            let file = draft.build(block_rows).finish();
            let reader = || Reader::from_bytes("random.reel", file.clone()).unwrap();
            let [_, expected] = printed_naively(reader(), &rules, &program, &JsonPrinter::default());
            let found = printed(vec![reader()], &program, &JsonPrinter::default(), 2, true);
            prop_assert_eq!(&found, &expected, "{} rows: {:#?}", block_rows, conditions);
        }
    }
}

/// A condition that depends on containers more than on anything else.
fn about_containers() -> impl Strategy<Value = String> {
    let ids = || select(&["host", "4f1c9e0b7d2a", "aaaaaaaaaaaa", "bbbbbbbbbbbb", "\"\""][..]);
    let named =
        select(&["container.name", "container.image", "container.full_id", "k8s.pod.name", "container.labels"][..]);
    let test = prop_oneof![
        4 => (select(&["=", "!=", "startswith", "contains"][..]), ids()).prop_map(|(op, id)| format!("container.id {op} {id}")),
        2 => vec(ids(), 1..3).prop_map(|ids| format!("container.id in ({})", ids.join(", "))),
        1 => ids().prop_map(|id| format!("toupper(container.id) = {}", id.to_uppercase())),
        2 => (named, select(TEXT_OPERATORS), quoted()).prop_map(|(field, op, text)| format!("{field} {op} {text}")),
        1 => any::<bool>().prop_map(|truth| format!("container.privileged = {truth}")),
        1 => Just("container.duration > 0".to_owned()),
        1 => Just("container.id = val(proc.name)".to_owned()),
        2 => select(&["evt.type = openat", "proc.name exists", "evt.type in (getpid, read, drop)"][..]).prop_map(str::to_owned),
    ];
    test.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" and "))),
            vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" or "))),
            inner.prop_map(|part| format!("not ({part})")),
        ]
    })
}

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-captures");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "reel")).collect()
}

/// Compares what is printed of all samples, each on its own and all in one; how many lines that is.
fn compare_over_samples(mut rules: Vec<TypedRule>) -> usize {
    rules.retain(|rule| rule.enabled && rule.source == "syscall");
    let program = Program::compile(&rules, &Selection::default());
    let unfolded = Program::compile_unfolded(&rules);
    let open = |path: &PathBuf| Reader::open(path).unwrap();
    let mut lines = 0;
    for printer in [&JsonPrinter::default() as &(dyn AlertPrinter + Sync), &TextPrinter { format: None }] {
        for path in samples() {
            let expected = printed_naively(open(&path), &rules, &program, printer);
            for (all, expected) in [false, true].into_iter().zip(&expected) {
                for threads in [1, 2, 3, 8] {
                    let found = printed(vec![open(&path)], &program, printer, threads, all);
                    assert_eq!(&found, expected, "{}, {threads} threads", path.display());
                }
                assert_eq!(&printed(vec![open(&path)], &unfolded, printer, 2, all), expected, "{}", path.display());
                lines += expected.lines().count();
            }
        }
        for all in [false, true] {
            let together = |threads| printed(samples().iter().map(open).collect(), &program, printer, threads, all);
            let expected = together(1);
            for threads in [2, 3, 8] {
                assert_eq!(together(threads), expected, "all samples, {threads} threads");
            }
        }
    }
    lines
}

#[test]
fn the_built_in_rules_find_in_the_samples_what_the_naive_evaluator_finds() {
    let mut compiler = Compiler::new();
    compiler.add_file(builtin_rules());
    assert!(compare_over_samples(compiler.build().0) > 0);
}

#[test]
fn the_upstream_rules_find_in_the_samples_what_the_naive_evaluator_finds() {
    let Some(folder) = falco_data("rules") else { return };
    let mut compiler = Compiler::new();
    for name in ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"] {
        compiler.add_file(RuleFile::new(name, std::fs::read_to_string(folder.join(name)).unwrap()));
    }
    let (mut rules, found) = compiler.build();
    assert!(found.iter().all(|found| found.severity != Severity::Error), "{found:#?}");
    rules.iter_mut().for_each(|rule| rule.enabled = true);
    assert!(compare_over_samples(rules) > 0);
}
