//! Evaluation against a naive one, row by row; order, times, damage, losses.

mod language;
mod made_up;

use made_up::{KINDS, capture, cast, drafts};
use proptest::prelude::*;

use super::*;
use crate::format::builder::{CaptureBuilder, STORY_START_NS};
use crate::format::schema::{EventKind, EventSource};
use crate::format::{Block, Damage, Loss, Reader};
use crate::replay::compile::{Matcher, Program, RuleChoice, RuleId, Selection, SelectionStep, value_of};
use crate::replay::fields::{BlockView, CaptureFacts, EventRow, Purpose};
use crate::replay::rules::{Expr, Priority, Template, TypedRule, parse_condition, parse_template};

fn rule(name: &str, condition: Expr) -> TypedRule {
    TypedRule {
        name: name.to_owned(),
        desc: String::new(),
        condition,
        output: Template { parts: Vec::new() },
        priority: Priority::Warning,
        tags: Vec::new(),
        source: "syscall".to_owned(),
        enabled: true,
    }
}

fn parsed(condition: &str) -> Expr {
    parse_condition(condition).unwrap_or_else(|problems| panic!("{condition}: {problems:?}"))
}

fn rules(conditions: &[&str]) -> Vec<TypedRule> {
    conditions.iter().enumerate().map(|(at, condition)| rule(&at.to_string(), parsed(condition))).collect()
}

fn program(conditions: &[&str]) -> Program {
    Program::compile(&rules(conditions), &Selection::default())
}

/// What a condition says of one event, straight from its meaning.
fn holds(expr: &Expr, row: &EventRow<'_, '_>) -> bool {
    match expr {
        Expr::And(parts) => parts.iter().all(|part| holds(part, row)),
        Expr::Or(parts) => parts.iter().any(|part| holds(part, row)),
        Expr::Not(inner) => !holds(inner, row),
        Expr::Test(test) => {
            let matcher = Matcher::new(test);
            let value = value_of(&test.field, row, Purpose::Test).expect("the block is whole");
            match matcher.right_field() {
                Some(right) => {
                    matcher.holds_with(&value, &value_of(right, row, Purpose::Test).expect("the block is whole"))
                }
                None => matcher.holds(&value),
            }
        }
    }
}

/// All matches of a block as pairs of position and rule.
fn naive(rules: &[TypedRule], block: &Block) -> Vec<(u32, RuleId)> {
    let capture = CaptureFacts::default();
    let view = BlockView::new(block, &capture);
    let mut found = Vec::new();
    for &(kind, _) in block.kinds() {
        let table = block.table(kind).expect("the kind is in the block");
        for row in 0..table.rows() {
            let event = EventRow::new(&view, &table, row);
            let seq = table.seq().expect("the block is whole").get(row).expect("never null");
            for (id, rule) in (0..).map(RuleId).zip(rules) {
                if holds(&rule.condition, &event) {
                    found.push((u32::try_from(seq).expect("small"), id));
                }
            }
        }
    }
    found.sort_unstable();
    found
}

fn all_matches(program: &Program, block: &Block) -> Vec<(u32, RuleId)> {
    let capture = CaptureFacts::default();
    let options = BlockOptions { all_matches: true, ..BlockOptions::default() };
    let prospects = program.prospects(&block.header().containers);
    let found =
        evaluate_view(program, &prospects, &BlockView::new(block, &capture), &options, &mut BlockCost::default());
    let found = found.expect("the block is whole").into_iter();
    let mut found: Vec<_> = found.map(|found| (found.seq, found.rule)).collect();
    found.sort_unstable();
    found
}

/// Conditions of one comparison each, over every table and of every operator.
const TESTS: &[&str] = &[
    "evt.type = openat",
    "evt.type in (execve, connect, rename)",
    "evt.type != close",
    "evt.type = getpid",
    "evt.category = file",
    "evt.category = net",
    "evt.is_open_read = true",
    "evt.is_open_write = true",
    "evt.is_open_exec = true",
    "evt.is_open_create = true",
    "evt.failed = true",
    "evt.rawres < 0",
    "evt.rawres >= 3",
    "evt.res = ENOENT",
    "evt.arg.flags contains O_CREAT",
    "evt.arg.flags icontains o_trunc",
    "evt.arg.name startswith /etc",
    "evt.arg[4] exists",
    "evt.arg.uid = root",
    "evt.args contains passwd",
    "evt.is_io_read = true",
    "evt.buflen > 10",
    "evt.cpu = 1",
    "evt.dir = <",
    "fs.path.name pmatch (/etc, /usr/bin)",
    "fs.path.source endswith d",
    "fs.path.target glob /*/p*",
    "proc.name = bash",
    "proc.name in (sh, nginx)",
    "proc.name != cat",
    "proc.name startswith b",
    "proc.pname = nginx",
    "proc.pname exists",
    "proc.aname = nginx",
    "proc.aname[2] = init",
    "proc.aname != nginx",
    "proc.apid = 1",
    "proc.cmdline contains -c",
    "proc.args icontains ID",
    "proc.exepath startswith /usr",
    "proc.cwd = /root/",
    "proc.env[HOME] = /root",
    "proc.pid = val(proc.vpid)",
    "proc.name > val(proc.pname)",
    "fd.name endswith val(fd.filename)",
    "fs.path.name = val(fd.name)",
    "fs.path.name endswith val(fd.filename)",
    "concat(evt.type, proc.name) contains tb",
    "evt.rawres = val(fd.num)",
    "join(\"-\", (evt.type, evt.res, proc.name)) glob *-SUCCESS-[bc]*",
    "proc.name startswith anyof (b, n)",
    "proc.aname != allof (nginx, init)",
    "proc.aname = oneof (init, bash)",
    "fd.ip != allof (10.0.0.2, 10.0.0.9)",
    "fd.sport = oneof (443, 80)",
    "evt.type = anyof (openat, close)",
    "fd.name pmatch (/e*/s*, /tmp)",
    "fd.name regex '/[a-z]+/s.*'",
    "tolower(fs.path.name) endswith shadow",
    "len(fd.name) > 8",
    "concat(proc.name, \":\", user.name) = bash:root",
    "join(\"+\", (fd.num, proc.name, evt.cpu)) endswith bash+1",
    "join(\"+\", (fd.num, fd.typechar)) = 3+f",
    "getopt((concat(\"-\", proc.name)), \"b\") intersects (b)",
    "getopt((\"-n\", proc.name), \"n:\")[n] = cat",
    "proc.duration < 1000000",
    "proc.is_exe_writable = true",
    "proc.stdin.type = ipv4",
    "proc.tty = 0",
    "proc.sname = bash",
    "thread.ismain = true",
    "thread.cap_effective contains SYS_ADMIN",
    "user.uid = 0",
    "user.name = root",
    "user.loginuid = -1",
    "group.gid > 5",
    "container.id = host",
    "container.id != host",
    "container.image.repository = nginx",
    "container.privileged = true",
    "k8s.pod.name exists",
    "fd.num >= 0",
    "fd.num = 1",
    "fd.name = /etc/shadow",
    "fd.name startswith /etc",
    "fd.name contains shadow",
    "fd.name != /etc/shadow",
    "fd.directory = /etc",
    "fd.filename in (shadow, passwd)",
    "fd.typechar = f",
    "fd.type in (ipv4, ipv6)",
    "fd.ip = 10.0.0.2",
    "fd.ip != 10.0.0.2",
    "fd.net = 10.0.0.0/8",
    "fd.snet in (192.168.0.0/16, 10.0.0.0/8)",
    "fd.port = 443",
    "fd.sport in (80, 443)",
    "fd.l4proto = tcp",
    "fd.is_server = true",
    "fd.containername contains :",
    "fd.uid exists",
];

fn conditions() -> impl Strategy<Value = Expr> {
    let leaf = prop::sample::select(TESTS).prop_map(parsed);
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::Or),
            inner.prop_map(|inner| Expr::Not(Box::new(inner))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn sets_of_rows_find_what_a_look_at_every_row_finds(
        conditions in prop::collection::vec(conditions(), 1..5),
        drafts in drafts(),
    ) {
        let rules: Vec<_> = conditions.into_iter().map(|condition| rule("r", condition)).collect();
        let folded = Program::compile(&rules, &Selection::default());
        let unfolded = Program::compile_unfolded(&rules);
        for block in capture(&drafts).blocks() {
            let expected = naive(&rules, &block);
            prop_assert_eq!(&all_matches(&folded, &block), &expected);
            prop_assert_eq!(&all_matches(&unfolded, &block), &expected);
            let first = evaluate_block(&folded, &block).expect("the block is whole");
            prop_assert!(first.windows(2).all(|pair| pair[0].seq < pair[1].seq), "one match for an event");
            let mut events: Vec<_> = expected.iter().map(|(seq, _)| *seq).collect();
            events.dedup();
            prop_assert_eq!(first.iter().map(|found| found.seq).collect::<Vec<_>>(), events);
        }
    }
}

#[test]
fn every_comparison_alone_finds_what_a_look_at_every_row_finds() {
    let mut drafts = Vec::new();
    for at in 0..400usize {
        let seeds = (0..8).map(|seed| u8::try_from((at * 31 + seed * 17) % 256).expect("below 256")).collect();
        let (fd, path) = ((at % 9).checked_sub(1), (at % 8).checked_sub(1));
        let cpu = u16::try_from(at % 3).expect("small");
        drafts.push((at % KINDS.len(), at % 5, fd, path, (at % 5).checked_sub(1), seeds, cpu));
    }
    let block = capture(&drafts).blocks().remove(0);
    let mut silent = Vec::new();
    for condition in TESTS {
        let rules = rules(&[condition]);
        let expected = naive(&rules, &block);
        assert_eq!(all_matches(&program(&[condition]), &block), expected, "{condition}");
        if expected.is_empty() || expected.len() == 400 {
            silent.push(*condition);
        }
    }
    // These say the same of every event, and that is what they are for.
    assert_eq!(silent, ["evt.type = getpid", "evt.dir = <"], "every other test tells events apart");
}

#[test]
fn rules_are_tried_in_load_order_whether_they_name_event_types_or_not() {
    let program = program(&["proc.name = bash", "evt.type = close", "proc.name = bash and evt.type in (open, close)"]);
    let block = close_and_openat();
    let first: Vec<_> = evaluate_block(&program, &block).expect("whole").iter().map(|found| found.rule).collect();
    assert_eq!(first, [RuleId(0), RuleId(0)]);
    assert_eq!(all_orders(&program, &block), [RuleId(0), RuleId(1), RuleId(2), RuleId(0)]);
}

#[test]
fn rules_that_a_selection_switches_on_are_tried_after_those_that_were_on() {
    let mut rules = rules(&["evt.type = close", "proc.name = bash"]);
    rules[0].enabled = false;
    let everything = SelectionStep { enables: true, rules: RuleChoice::All };
    let program = Program::compile(&rules, &Selection::new([everything]));
    let block = close_and_openat();
    assert_eq!(program.rules().iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>(), ["0", "1"]);
    assert_eq!(all_orders(&program, &block), [RuleId(1), RuleId(0), RuleId(1)]);
}

fn close_and_openat() -> Block {
    let cast = cast();
    let mut capture = CaptureBuilder::new();
    capture.event(EventKind::CLOSE, &cast.threads[2]).happens();
    capture.event(EventKind::OPENAT, &cast.threads[2]).happens();
    capture.blocks().remove(0)
}

fn all_orders(program: &Program, block: &Block) -> Vec<RuleId> {
    let capture = CaptureFacts::default();
    let options = BlockOptions { all_matches: true, ..BlockOptions::default() };
    let prospects = program.prospects(&block.header().containers);
    let found =
        evaluate_view(program, &prospects, &BlockView::new(block, &capture), &options, &mut BlockCost::default());
    found.expect("whole").iter().map(|found| found.rule).collect()
}

fn program_of_getpid() -> Program {
    program(&["evt.type = getpid"])
}

#[test]
fn kinds_that_no_rule_asks_for_have_no_plan() {
    let program = program(&["evt.type in (execve, execveat) and proc.name = sh", "evt.is_open_write = true"]);
    assert!(program.wants(EventKind::EXECVE) && program.wants(EventKind::OPENAT));
    // Generic events say in each row which call they are, so they may be asked for.
    assert!(!program.wants(EventKind::READ) && program.wants(EventKind::SYSCALL));
    let program = program_of_getpid();
    let wanted: Vec<_> = crate::format::schema::EVENTS.iter().filter(|info| program.wants(info.kind)).collect();
    assert_eq!(wanted.iter().map(|info| info.kind).collect::<Vec<_>>(), [EventKind::SYSCALL]);
    assert!(wanted.iter().all(|info| info.source == EventSource::Syscall));
}

/// Prints times and rules, so that order and text are seen.
struct Lines;

impl AlertPrinter for Lines {
    fn for_block(&self) -> Box<dyn BlockPrinter + '_> {
        Box::new(Lines)
    }
}

impl BlockPrinter for Lines {
    fn print(&mut self, alert: &Alert<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage> {
        let since = alert.event.ts_ns()? - STORY_START_NS;
        out.extend_from_slice(format!("{since} {} {}\n", alert.rule.name, alert.lost_events).as_bytes());
        Ok(())
    }
}

fn run(readers: Vec<Reader>, program: &Program, options: &ReplayOptions) -> (String, ReplaySummary) {
    let mut out = Vec::new();
    let summary = replay(readers, program, options, &Lines, &mut out).expect("memory takes every write");
    (String::from_utf8(out).expect("text"), summary)
}

/// A capture of many small blocks; `step` sets captures apart in time.
fn busy(events: usize, step: u64) -> CaptureBuilder {
    let cast = cast();
    let mut capture = CaptureBuilder::new().block_rows(16);
    for at in 0..events {
        let kind = KINDS[at % KINDS.len()];
        let ts_ns = STORY_START_NS + (at as u64) * 1000 + step;
        capture.event(kind, &cast.threads[at % 5]).fd(&cast.fds[at % 8]).at_ns(ts_ns).happens();
    }
    capture
}

#[test]
fn any_number_of_threads_writes_the_same_bytes() {
    let program = program(&["proc.name = bash", "fd.name startswith /etc and evt.type != read"]);
    let options = |threads| ReplayOptions { threads, ..ReplayOptions::default() };
    let (one, summary) = run(vec![busy(1000, 0).reader()], &program, &options(1));
    assert_eq!(summary.events, 1000);
    assert_eq!(summary.alerts, one.lines().count() as u64);
    assert!(summary.alerts > 300 && summary.is_complete());
    for threads in [2, 8] {
        assert_eq!(run(vec![busy(1000, 0).reader()], &program, &options(threads)).0, one, "{threads} threads");
    }
    let many = || (0..5).map(|at| busy(200, at * 13).reader()).collect::<Vec<_>>();
    let (merged, _) = run(many(), &program, &options(1));
    let times: Vec<u64> =
        merged.lines().map(|line| line.split(' ').next().and_then(|ts| ts.parse().ok()).expect("a time")).collect();
    assert!(times.is_sorted() && times.len() > 300);
    for threads in [2, 8] {
        assert_eq!(run(many(), &program, &options(threads)).0, merged, "{threads} threads");
    }
}

#[test]
fn only_the_time_asked_for_is_looked_at() {
    let program = program(&["evt.type exists"]);
    let options = ReplayOptions {
        threads: 2,
        from_ns: Some(STORY_START_NS + 100_000),
        to_ns: Some(STORY_START_NS + 120_000),
        ..ReplayOptions::default()
    };
    let (lines, summary) = run(vec![busy(1000, 0).reader()], &program, &options);
    assert_eq!(lines.lines().count(), 21);
    assert!(summary.blocks_skipped > 50 && summary.blocks <= 3, "{summary:?}");
    assert_eq!(summary.events + summary.events_skipped, 1000);
}

#[test]
fn a_damaged_block_is_counted_and_the_rest_evaluated() {
    let program = program(&["evt.type exists"]);
    let whole = busy(160, 0).finish();
    let mut broken = whole.clone();
    let middle = broken.len() / 2;
    for byte in &mut broken[middle..middle + 8] {
        *byte ^= 0x55;
    }
    let reader = Reader::from_bytes("broken.reel", broken).expect("the header is whole");
    let (lines, summary) = run(vec![reader], &program, &ReplayOptions::default());
    assert!(summary.damaged >= 1 && !summary.is_complete(), "{summary:?}");
    assert_eq!(summary.damages.len() as u64, summary.damaged);
    let left = lines.lines().count();
    assert!((112..160).contains(&left), "{left} of 160 are left");
}

#[test]
fn lost_events_are_an_event_of_their_own_and_mark_the_alerts_of_their_block() {
    let cast = cast();
    let mut capture = CaptureBuilder::new();
    capture.event(EventKind::CLOSE, &cast.threads[2]).happens();
    capture.event(EventKind::CLOSE, &cast.threads[2]).happens();
    capture.loss(Loss {
        cpu: 3,
        kind: Some(EventKind::READ),
        count: 17,
        first_ts_ns: STORY_START_NS + 1500,
        last_ts_ns: STORY_START_NS + 1600,
    });
    capture.end_block();
    capture.event(EventKind::CLOSE, &cast.threads[2]).happens();
    let program = program(&["evt.type = drop", "evt.type = close"]);
    let (lines, summary) = run(vec![capture.reader()], &program, &ReplayOptions::default());
    assert_eq!(lines, "1000 1 17\n1500 0 17\n2000 1 17\n3000 1 0\n");
    assert_eq!(summary.lost_events, 17);
}

#[test]
fn a_loss_tells_what_was_lost() {
    let mut capture = CaptureBuilder::new();
    capture.event(EventKind::CLOSE, &cast().threads[2]).happens();
    let loss = Loss { cpu: 3, kind: None, count: 17, first_ts_ns: STORY_START_NS, last_ts_ns: STORY_START_NS };
    capture.loss(loss);
    let block = capture.blocks().remove(0);
    let facts = CaptureFacts::default();
    let view = BlockView::new(&block, &facts);
    let row = EventRow::lost(&view, &loss);
    let template = parse_template("%evt.type %evt.args %proc.name %evt.cpu %evt.arg.ratio").expect("known fields");
    let mut texts = Vec::new();
    for part in &template.parts {
        if let crate::replay::rules::TemplatePart::Field { expr, .. } = part {
            texts.push(value_of(expr, &row, Purpose::Print).expect("whole").to_text());
        }
    }
    assert_eq!(texts, ["drop", "lost=17 event=any cpu=3", "<NA>", "3", "<NA>"]);
}

#[test]
fn a_failing_writer_ends_the_replay() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let program = program(&["evt.type exists"]);
    let readers = vec![busy(1000, 0).reader()];
    struct Loud;
    impl AlertPrinter for Loud {
        fn for_block(&self) -> Box<dyn BlockPrinter + '_> {
            Box::new(Loud)
        }
    }
    impl BlockPrinter for Loud {
        fn print(&mut self, _: &Alert<'_, '_>, out: &mut Vec<u8>) -> Result<(), Damage> {
            out.push(b'\n');
            Ok(())
        }
    }
    match replay(readers, &program, &ReplayOptions::default(), &Loud, &mut Closed) {
        Err(ReplayError::Output(error)) => assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe),
        other => panic!("{other:?}"),
    }
}

#[test]
fn rule_costs_count_rows_and_matches() {
    let program = program(&["evt.type = close and proc.name = bash"]);
    let options = ReplayOptions { measures: true, ..ReplayOptions::default() };
    let (lines, summary) = run(vec![busy(600, 0).reader()], &program, &options);
    let [rule] = summary.by_rule.as_slice() else { panic!("one rule") };
    // Of 600 events 50 are closes, and 50 are generic ones that could be.
    assert_eq!(rule.cost.rows, 100);
    assert_eq!(rule.cost.matched, lines.lines().count() as u64);
    assert_eq!(rule.alerts, rule.cost.matched);
}
