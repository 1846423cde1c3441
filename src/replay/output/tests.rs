//! Printed alerts, byte by byte.

use std::sync::Arc;

use super::*;
use crate::format::Loss;
use crate::format::builder::{CaptureBuilder, STORY_START_NS, text};
use crate::format::row::{Container, ContainerRow, FdRow, ThreadRow, UserRow};
use crate::format::schema::EventKind;
use crate::replay::compile::{Program, Selection};
use crate::replay::eval::{AlertPrinter, ReplayOptions, replay, replay_each};
use crate::replay::fields::{TimeStyle, clock};
use crate::replay::rules::{Priority, TypedRule, parse_condition};

/// Reads of /etc/shadow: one in a container, one on the host; lost events around the second.
fn capture() -> CaptureBuilder {
    let web = Container { id: text("4f1c9e0b7d2a"), full_id: text("4f1c9e0b7d2a83"), ..Container::default() };
    web.details.set(ContainerRow { name: text("web"), image: text("nginx:1.21"), ..ContainerRow::default() }).unwrap();
    let root = Arc::new(UserRow { uid: 0, name: text("root"), ..UserRow::default() });
    let cat = Arc::new(ThreadRow {
        tid: 42,
        pid: 42,
        comm: text("cat"),
        args: text("-e\0a,b\0"),
        user: Some(root),
        container: Some(Arc::new(web)),
        ..ThreadRow::default()
    });
    let bare = Arc::new(ThreadRow { tid: 43, pid: 43, comm: text("ev\"il\n"), ..ThreadRow::default() });
    let shadow = Arc::new(FdRow { num: 3, type_char: b'f', name: text("/etc/shadow"), ..FdRow::default() });
    let mut capture = CaptureBuilder::new();
    capture.event(EventKind::OPENAT, &cat).fd(&shadow).param("fd", 3).param("flags", 1).happens();
    capture.end_block();
    capture.event(EventKind::OPENAT, &bare).fd(&shadow).param("fd", 3).param("flags", 1).happens();
    capture.loss(Loss { cpu: 0, kind: None, count: 5, first_ts_ns: STORY_START_NS, last_ts_ns: STORY_START_NS });
    capture
}

fn program() -> Program {
    let rule = TypedRule {
        name: "Read shadow".to_owned(),
        desc: String::new(),
        condition: parse_condition("evt.type = openat and fd.name = /etc/shadow").unwrap(),
        output: parse_template("Shadow read | user=%user.name pid=%proc.pid command=%proc.cmdline").unwrap(),
        priority: Priority::Warning,
        tags: vec!["T1555".to_owned(), "host".to_owned()],
        source: "syscall".to_owned(),
        enabled: true,
    };
    Program::compile(&[rule], &Selection::default())
}

fn print(printer: &(dyn AlertPrinter + Sync)) -> String {
    let mut out = Vec::new();
    replay(vec![capture().reader()], &program(), &ReplayOptions::default(), printer, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The time of the first event plus microseconds, as it is printed here.
fn at(us: u64) -> String {
    let mut out = Vec::new();
    clock::write_time(TimeStyle::Clock, STORY_START_NS + us * 1000, &mut out);
    String::from_utf8(out).unwrap()
}

fn format(text: &str) -> Option<OutputFormat> {
    Some(OutputFormat::parse(text).unwrap_or_else(|problems| panic!("{problems:?}")))
}

#[test]
fn text_has_time_priority_and_message() {
    assert_eq!(
        print(&TextPrinter::default()),
        format!(
            "{}: Warning Shadow read | user=root pid=42 command=cat -e a,b\n\
             {}: Warning Shadow read | user=<NA> pid=43 command=ev\"il\u{FFFD}\n",
            at(1),
            at(2)
        )
    );
}

#[test]
fn a_format_with_percent_signs_is_the_whole_line() {
    let printer = TextPrinter { format: format("%evt.time %container.name %container.image.tag") };
    assert_eq!(print(&printer), format!("{} web \n{} host \n", at(1), at(2)));
}

#[test]
fn a_list_of_columns_prints_just_those_values() {
    let printer = TextPrinter { format: format("time,container-id,container-name,user") };
    assert_eq!(print(&printer), format!("{},4f1c9e0b7d2a,web,root\n{},host,host,<NA>\n", at(1), at(2)));
    let printer = TextPrinter { format: format("rule, priority ,WHAT:file,command,proc.aname[2],evt.arg.flags") };
    assert_eq!(
        print(&printer),
        "Read shadow,Warning,/etc/shadow,\"cat -e a,b\",<NA>,O_RDONLY\n\
         Read shadow,Warning,/etc/shadow,\"ev\"\"il\u{FFFD}\",<NA>,O_RDONLY\n"
    );
}

#[test]
fn json_has_the_keys_of_falco_in_its_order() {
    let lines = print(&JsonPrinter::default());
    let [first, second] = lines.lines().collect::<Vec<_>>()[..] else { panic!("two alerts") };
    assert_eq!(
        first,
        format!(
            "{{\"hostname\":\"story\",\"message\":\"Shadow read | user=root pid=42 command=cat -e a,b\",\
             \"output\":\"{}: Warning Shadow read | user=root pid=42 command=cat -e a,b\",\
             \"output_fields\":{{\"evt.time\":1767323045000001000,\"proc.cmdline\":\"cat -e a,b\",\"proc.pid\":42,\
             \"user.name\":\"root\"}},\"priority\":\"Warning\",\"rule\":\"Read shadow\",\"source\":\"syscall\",\
             \"tags\":[\"T1555\",\"host\"],\"time\":\"2026-01-02T03:04:05.000001000Z\"}}",
            at(1)
        )
    );
    let second: serde_json::Value = serde_json::from_str(second).unwrap();
    assert_eq!(second["lost_events"], 5);
    assert_eq!(second["output_fields"]["user.name"], serde_json::Value::Null);
    assert_eq!(second["output_fields"]["proc.cmdline"], "ev\"il\u{FFFD}");
}

#[test]
fn json_of_columns_has_their_names_for_keys() {
    let printer = JsonPrinter { format: format("time,USER:user,pid,evt.rawtime,container-name,k8s.pod.name") };
    assert_eq!(
        print(&printer),
        format!(
            "{{\"time\":\"{}\",\"USER\":\"root\",\"pid\":42,\"evt.rawtime\":1767323045000001000,\
             \"container-name\":\"web\",\"k8s.pod.name\":null}}\n\
             {{\"time\":\"{}\",\"USER\":null,\"pid\":43,\"evt.rawtime\":1767323045000002000,\
             \"container-name\":\"host\",\"k8s.pod.name\":null,\"lost_events\":5}}\n",
            at(1),
            at(2)
        )
    );
}

#[test]
fn csv_begins_with_the_headings() {
    let printer = CsvPrinter { columns: Columns::parse("evt.num,USER:user.name,command").unwrap() };
    assert_eq!(print(&printer), "evt.num,USER,command\n1,root,\"cat -e a,b\"\n2,<NA>,\"ev\"\"il\u{FFFD}\"\n");
}

#[test]
fn the_lists_that_are_used_when_none_is_given_are_valid() {
    for list in [Columns::ALERT_TABLE, Columns::ALERT_CSV, Columns::EVENTS] {
        let columns = Columns::parse(list).unwrap();
        assert_eq!(columns.headings().len(), list.split(',').count());
    }
}

#[test]
fn rows_for_a_table_are_texts() {
    let columns = Columns::parse("TIME:time,PRIORITY:priority,RULE:rule,CONTAINER:container-name,message").unwrap();
    let mut rows = Vec::new();
    let make = |alert: &crate::replay::eval::Alert<'_, '_>| columns.row(alert);
    replay_each(vec![capture().reader()], &program(), &ReplayOptions::default(), &make, &mut |row| {
        rows.push(row);
        Ok(())
    })
    .unwrap();
    assert_eq!(columns.headings(), ["TIME", "PRIORITY", "RULE", "CONTAINER", "message"]);
    assert_eq!(rows[0][1..], ["Warning", "Read shadow", "web", "Shadow read | user=root pid=42 command=cat -e a,b"]);
}

#[test]
fn events_are_lines_as_of_sysdig() {
    let mut out = Vec::new();
    let program = Program::of_events(None);
    replay(vec![capture().reader()], &program, &ReplayOptions::default(), &EventLinePrinter, &mut out).unwrap();
    let args = "fd=3(<f>/etc/shadow) dirfd=<NA> name=<NA> flags=1(O_RDONLY) mode=<NA> dev=<NA> ino=<NA>";
    assert_eq!(
        String::from_utf8(out).unwrap(),
        format!(
            "1 {} 0 cat (42) openat {args}\n\
             <NA> {} 0 <NA> (<NA>) drop lost=5 event=any cpu=0\n\
             2 {} 0 ev\"il\u{FFFD} (43) openat {args}\n",
            at(1),
            at(0),
            at(2)
        )
    );
}

#[test]
fn unknown_columns_are_all_reported_with_near_names() {
    let problems = OutputFormat::parse("time,contaner-id,X:proc.nmae,zzzzzz").unwrap_err();
    let found: Vec<_> = problems.iter().map(|problem| (problem.span.clone(), problem.help.as_deref())).collect();
    assert_eq!(
        found,
        [(5..16, Some("did you mean `container-id`?")), (19..28, Some("did you mean `proc.name`?")), (29..35, None),]
    );
    assert!(problems.iter().all(|problem| problem.file == FORMAT_FILE));
    let problems = OutputFormat::parse("%evt.time %proc.nmae").unwrap_err();
    assert!(problems.iter().all(|problem| problem.file == FORMAT_FILE));
    assert!(OutputFormat::parse("").is_err());
}

#[test]
fn a_width_cuts_and_fills_a_value() {
    assert_eq!(
        print(&TextPrinter { format: format("[%6proc.name][%2evt.type][%0user.name]") }),
        "[cat   ][op][root]\n[ev\"il ][op][<NA>]\n"
    );
    // A character is not cut in two.
    assert_eq!(
        print(&TextPrinter { format: format("[%7proc.name|%6proc.name]") }).lines().nth(1),
        Some("[ev\"il  |ev\"il ]")
    );
}

#[test]
fn transformers_and_functions_work_in_outputs_and_json_tells_their_fields() {
    let text = "*%toupper(proc.name) %join(\"+\", (proc.name, user.name, proc.pid)) %len(proc.name)%%";
    let printed = print(&TextPrinter { format: format(text) });
    assert_eq!(printed, "CAT cat+root+42 3%\nEV\"IL\u{FFFD} <NA> 6%\n");
    let json =
        print(&JsonPrinter { format: format("%toupper(proc.name) %concat(proc.name, \"x\", user.name) %evt.type") });
    let first = json.lines().next().unwrap();
    assert!(first.contains(r#""output_fields":{"evt.type":"openat","proc.name":"cat","user.name":"root"}"#), "{first}");
    assert!(first.contains(r#""output":"CAT catxroot openat""#), "{first}");
}

#[test]
fn a_quoted_argument_is_a_key_without_its_quotes() {
    let json = print(&JsonPrinter { format: format("%proc.env[\"HOME\"] %proc.env['a b']") });
    assert!(json.contains(r#""output_fields":{"proc.env[\"a b\"]":"","proc.env[HOME]":""}"#), "{json}");
}

#[test]
fn columns_can_be_functions_with_commas_and_colons() {
    let list = "P:concat(proc.name, \":,\", user.name),len(proc.name),concat(proc.name, \":\")";
    let printed = print(&CsvPrinter { columns: Columns::parse(list).unwrap() });
    assert_eq!(printed.lines().nth(1), Some("\"cat:,root\",3,cat:"), "{printed}");
}
