//! Alerts and events in every form, ranges, priorities, summaries and exit statuses.

use std::sync::{Arc, OnceLock};

use serde_json::Value;
use sysreel::format::Shortfall;
use sysreel::format::builder::{CaptureBuilder, STORY_START_NS, text};
use sysreel::format::row::{Container, ContainerRow, ThreadRow};
use sysreel::format::schema::EventKind;

use crate::binary::{Run, run, run_with_input};
use crate::story::{lossy_story, on_disk, story};

/// What `replay` prints of the story with these further arguments.
fn replayed(arguments: &[&str]) -> Run {
    let file = on_disk(story());
    run(&[&["replay", file.path()], arguments].concat())
}

/// The rules of the alerts.
fn rules(arguments: &[&str]) -> Vec<String> {
    let run = replayed(&[&["--format", "rule"], arguments].concat());
    run.stdout.lines().map(str::to_owned).collect()
}

const SHELL: &str = "Terminal shell in a container";
const SHADOW: &str = "Sensitive file read by an untrusted program";
const PASSWD: &str = "Write below /etc";

#[test]
fn text_alerts_are_time_priority_and_message() {
    let run = replayed(&[]);
    insta::assert_snapshot!(run.stdout, @r"
    03:04:05.000000000: Notice A shell with a terminal was started in a container | user=root uid=0 command=sh parent=containerd-shim terminal=34816 container=web container_id=3f1a2b4c5d6e image=nginx:1.21 namespace=<NA> pod=<NA>
    03:04:07.500000000: Warning A sensitive file was read by an untrusted program | file=/etc/shadow user=root uid=0 command=cat parent=init ancestor=<NA> container=host container_id=host image=: namespace=<NA> pod=<NA>
    03:04:15.500000000: Error A file below /etc was changed | file=/etc/passwd to=<NA> user=root uid=0 command=sh parent=containerd-shim ancestor=init container=httpd container_id=7a8b9c0d1e2f image=httpd:2.4 namespace=<NA> pod=<NA>
    ");
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_list_of_columns_makes_a_line_of_values_per_alert_and_nothing_else() {
    let run = replayed(&["--format", "time,container-id,container-name,user"]);
    insta::assert_snapshot!(run.stdout, @r"
    03:04:05.000000000,3f1a2b4c5d6e,web,root
    03:04:07.500000000,host,host,root
    03:04:15.500000000,7a8b9c0d1e2f,httpd,root
    ");
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_text_with_fields_is_filled_in_per_alert() {
    let run = replayed(&["--format", "%proc.name in %container.name opened %fd.name"]);
    insta::assert_snapshot!(run.stdout, @r"
    sh in web opened <NA>
    cat in host opened /etc/shadow
    sh in httpd opened /etc/passwd
    ");
}

#[test]
fn csv_has_a_heading_and_the_same_columns() {
    let run = replayed(&["-o", "csv", "--format", "time,rule,WHO:user.name,file"]);
    insta::assert_snapshot!(run.stdout, @r"
    time,rule,WHO,file
    03:04:05.000000000,Terminal shell in a container,root,<NA>
    03:04:07.500000000,Sensitive file read by an untrusted program,root,/etc/shadow
    03:04:15.500000000,Write below /etc,root,/etc/passwd
    ");
}

#[test]
fn a_table_without_a_terminal_has_a_line_per_alert() {
    let run = replayed(&["-o", "table", "--format", "TIME:time,CONTAINER:container-name,RULE:rule"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            " TIME                CONTAINER  RULE",
            " 03:04:05.000000000  web        Terminal shell in a container",
            " 03:04:07.500000000  host       Sensitive file read by an untrusted program",
            " 03:04:15.500000000  httpd      Write below /etc",
        ]
    );
}

#[test]
fn a_table_fits_the_width_it_is_given() {
    let file = on_disk(story());
    let output =
        crate::binary::command().args(["replay", file.path(), "-o", "table"]).env("COLUMNS", "90").output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.lines().count() > 10, "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 90), "{table}");
}

#[test]
fn json_alerts_have_the_keys_that_falco_gives_them() {
    let run = replayed(&["-o", "json"]);
    let alerts: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(alerts.len(), 3);
    for alert in &alerts {
        let keys: Vec<&String> = alert.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            ["hostname", "message", "output", "output_fields", "priority", "rule", "source", "tags", "time"]
        );
    }
    let shadow = &alerts[1];
    assert_eq!(shadow["rule"], SHADOW);
    assert_eq!(shadow["priority"], "Warning");
    assert_eq!(shadow["time"], "2026-01-02T03:04:07.500000000Z");
    assert_eq!(shadow["hostname"], "story");
    assert_eq!(shadow["output_fields"]["fd.name"], "/etc/shadow");
    assert_eq!(shadow["output_fields"]["proc.aname[2]"], Value::Null);
}

#[test]
fn json_with_columns_has_the_names_as_given_and_null_for_what_is_missing() {
    let run = replayed(&["-o", "json", "--format", "container-name,PATH:fd.name,pid"]);
    insta::assert_snapshot!(run.stdout, @r#"
    {"container-name":"web","PATH":null,"pid":100}
    {"container-name":"host","PATH":"/etc/shadow","pid":200}
    {"container-name":"httpd","PATH":"/etc/passwd","pid":100}
    "#);
}

#[test]
fn a_text_with_fields_makes_no_columns() {
    for form in ["csv", "table"] {
        let run = replayed(&["-o", form, "--format", "%proc.name"]);
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
        assert!(run.stderr.contains("give --format a list"), "{}", run.stderr);
    }
}

#[test]
fn a_time_range_limits_what_is_evaluated() {
    assert_eq!(rules(&[]), [SHELL, SHADOW, PASSWD]);
    assert_eq!(rules(&["--from", "+1s"]), [SHADOW, PASSWD]);
    assert_eq!(rules(&["--from", "03:04:06", "--to", "03:04:10"]), [SHADOW]);
    assert_eq!(rules(&["--to", "2026-01-02T03:04:07Z"]), [SHELL]);
    assert_eq!(rules(&["--from", "+1h"]), [""; 0]);
    let run = replayed(&["--from", "+5s", "--to", "+1s"]);
    assert_eq!(run.status, Some(2));
    assert!(run.stderr.contains("--from is after --to"), "{}", run.stderr);
}

#[test]
fn a_priority_limits_rules_and_decides_the_exit_status() {
    assert_eq!(rules(&["--min-priority", "warning"]), [SHADOW, PASSWD]);
    assert_eq!(replayed(&["--fail-on", "critical"]).status, Some(0));
    assert_eq!(replayed(&["--fail-on", "error"]).status, Some(1));
    assert_eq!(replayed(&["--fail-on", "info"]).status, Some(1));
    assert_eq!(replayed(&["--fail-on", "loud"]).status, Some(2));
}

#[test]
fn several_captures_are_one_in_order_of_time() {
    let (first, second) = (on_disk(story()), on_disk(story()));
    let run = run(&["replay", first.path(), second.path(), "--format", "time,rule"]);
    let times: Vec<&str> = run.stdout.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(times.len(), 6);
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn the_number_of_threads_does_not_show() {
    let file = on_disk(story());
    let printed = |threads: &str, form: &str| run(&["replay", file.path(), "-o", form, "-j", threads]).stdout;
    for form in ["text", "json", "csv", "table"] {
        assert_eq!(printed("1", form), printed("2", form));
        assert_eq!(printed("1", form), printed("8", form));
    }
}

#[test]
fn a_capture_comes_from_standard_input_too() {
    let file = on_disk(story());
    let piped = run_with_input(&["replay", "-"], &file.bytes());
    assert_eq!(piped.stdout, run(&["replay", file.path()]).stdout);
    assert_eq!(piped.status, Some(0));
}

#[test]
fn the_summary_counts_alerts_events_and_blocks() {
    let run = replayed(&["--summary"]);
    assert!(run.stdout.lines().count() == 3, "{}", run.stdout);
    let (figures, took) = run.stderr.split_once("took").unwrap();
    assert!(took.contains("events/s"), "{took}");
    insta::assert_snapshot!(figures, @r"

     ALERTS  PRIORITY  RULE
          1  Error     Write below /etc
          1  Warning   Sensitive file read by an untrusted program
          1  Notice    Terminal shell in a container
    alerts    3 (1 error, 1 warning, 1 notice)
    events    11 read, 0 passed over; 3 blocks read, 0 passed over
    from      2026-01-02 03:04:05.000000000 +00:00
    to        2026-01-02 03:04:15.500000000 +00:00 (10.5 s)
    drops     none
    ");
}

#[test]
fn losses_are_in_the_summary_in_json_and_in_info() {
    let file = on_disk(lossy_story());
    let summary = run(&["replay", file.path(), "--summary"]).stderr;
    assert!(summary.contains("drops     42 events were lost while recording"), "{summary}");
    let alerts = run(&["replay", file.path(), "-o", "json"]).stdout;
    let losses: Vec<Value> =
        alerts.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["lost_events"].clone()).collect();
    // the fourth alert is about the loss itself
    let lost = Value::from(42);
    assert_eq!(losses, [Value::Null, Value::Null, lost.clone(), lost], "only the block that lost events says so");
    let info = run(&["info", file.path()]).stdout;
    assert!(info.contains("drops      42"), "{info}");
    let info: Value = serde_json::from_str(&run(&["info", file.path(), "-o", "json"]).stdout).unwrap();
    assert_eq!((&info["lost"], &info["losses"][0]["kind"]), (&Value::from(42), &Value::from("openat")));
}

#[test]
fn what_events_lack_is_in_info() {
    let mut capture = story();
    capture.shortfall(Shortfall::TruncatedArgument);
    capture.shortfall(Shortfall::TruncatedArgument);
    capture.shortfall(Shortfall::UnreadablePointer);
    let file = on_disk(capture);
    let info = run(&["info", file.path()]).stdout;
    assert!(info.contains("lacking    an argument was longer than what is recorded of one, 2 times\n"), "{info}");
    assert!(info.contains("lacking    memory that an argument points to could not be read, once\n"), "{info}");
    let info: Value = serde_json::from_str(&run(&["info", file.path(), "-o", "json"]).stdout).unwrap();
    assert_eq!(info["shortfalls"], serde_json::json!({"truncated_argument": 2, "unreadable_pointer": 1}));
}

#[test]
fn events_are_lines_as_sysdig_has_them() {
    let file = on_disk(story());
    let run = run(&["events", file.path(), "evt.type=mkdir or fd.name=/etc/shadow"]);
    insta::assert_snapshot!(run.stdout, @r"
    2 03:04:06.500000000 0 mkdir (101) mkdir res=0 path=falco(/root/falco) mode=1ED
    3 03:04:07.500000000 0 cat (200) openat fd=3(<f>/etc/shadow) dirfd=-100(AT_FDCWD) name=/etc/shadow flags=1(O_RDONLY) mode=<NA> dev=<NA> ino=<NA>
    ");
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
}

#[test]
fn events_take_the_same_forms() {
    let file = on_disk(story());
    let printed = |arguments: &[&str]| run(&[&["events", file.path()], arguments].concat()).stdout;
    assert_eq!(printed(&[]).lines().count(), 11);
    assert_eq!(printed(&["-o", "csv", "--format", "evt.num,evt.type"]).lines().count(), 12);
    assert_eq!(printed(&["proc.name=cat", "-o", "json", "--format", "evt.num"]), "{\"evt.num\":3}\n");
    assert_eq!(printed(&["proc.name=cat", "--format", "time,file"]), "03:04:07.500000000,/etc/shadow\n");
    assert_eq!(printed(&["--from", "+10s", "--format", "file"]), "/etc/passwd\n");
}

#[test]
fn info_tells_of_kinds_and_containers() {
    let file = on_disk(story());
    let run = run(&["info", file.path(), "--verify"]);
    let (counts, chain) = run.stdout.split_once("chain end").unwrap();
    let counts: Vec<&str> = counts.lines().skip_while(|line| !line.starts_with("events")).collect();
    assert!(
        counts[0].starts_with("events     11 in 3 blocks, ") && counts[0].ends_with(" bytes per event"),
        "{counts:?}"
    );
    insta::assert_snapshot!(counts[1..].join("\n"), @r"
    from       2026-01-02 03:04:05.000000000 +00:00
    to         2026-01-02 03:04:15.500000000 +00:00 (10.5 s)
    drops      none
    end        complete
    verify     intact
    ");
    insta::assert_snapshot!(chain.split_once("\n\n").unwrap().1, @r"
     EVENTS  KIND
          9  openat
          1  execve
          1  mkdir

     CONTAINER     NAME   IMAGE       POD  EVENTS  FIRST                                 LAST
     3f1a2b4c5d6e  web    nginx:1.21            2  2026-01-02 03:04:05.000000000 +00:00  2026-01-02 03:04:06.500000000 +00:00
     7a8b9c0d1e2f  httpd  httpd:2.4             8  2026-01-02 03:04:08.500000000 +00:00  2026-01-02 03:04:15.500000000 +00:00
    ");
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
}

#[test]
fn containers_and_pods_are_in_info_with_their_first_and_last_events() {
    let mut capture = CaptureBuilder::new();
    let (uid, main, side) = ("6f0b8d1c-52a7-4f5e-9c43-7d1e0a9b2c84", "3f1a2b4c5d6e", "7a8b9c0d1e2f");
    let shell = |id: &str, name: &str, run: u32| {
        let pod = ContainerRow {
            name: text(name),
            image: text("nginx:1.21"),
            pod_name: text("web-0"),
            pod_namespace: text("shop"),
            pod_uid: text(uid),
            ..ContainerRow::default()
        };
        let (id, full_id) = (text(id), text(id.repeat(6)));
        let container = Container { id, full_id, run, details: OnceLock::from(pod), ..Container::default() };
        let (container, comm) = (Some(Arc::new(container)), text("sh"));
        Arc::new(ThreadRow { tid: 7, pid: 7, comm, container, ..ThreadRow::default() })
    };
    // started again within a block
    for (thread, after_s) in [(shell(main, "main", 0), 0), (shell(side, "side", 0), 1), (shell(main, "main", 1), 2)] {
        let event = capture.event(EventKind::EXECVE, &thread).at_ns(STORY_START_NS + after_s * 1_000_000_000);
        event.param("res", 0).happens();
    }
    let file = on_disk(capture);
    let info = run(&["info", file.path()]).stdout.replace("\n ", "\n");
    insta::assert_snapshot!(&info[info.find("CONTAINER ").unwrap()..], @r"
    CONTAINER     NAME  IMAGE       POD         EVENTS  FIRST                                 LAST
    3f1a2b4c5d6e  main  nginx:1.21  shop/web-0       2  2026-01-02 03:04:05.000000000 +00:00  2026-01-02 03:04:07.000000000 +00:00
    7a8b9c0d1e2f  side  nginx:1.21  shop/web-0       1  2026-01-02 03:04:06.000000000 +00:00  2026-01-02 03:04:06.000000000 +00:00

    POD         UID                                   CONTAINERS  EVENTS  FIRST                                 LAST
    shop/web-0  6f0b8d1c-52a7-4f5e-9c43-7d1e0a9b2c84           2       3  2026-01-02 03:04:05.000000000 +00:00  2026-01-02 03:04:07.000000000 +00:00
    ");
    let info: Value = serde_json::from_str(&run(&["info", file.path(), "-o", "json"]).stdout).unwrap();
    let pod = serde_json::json!([{
        "name": "web-0", "namespace": "shop", "uid": uid, "containers": [main, side], "events": 3,
        "first_ns": STORY_START_NS, "last_ns": STORY_START_NS + 2_000_000_000 }]);
    assert_eq!(info["pods"], pod);
    let container = &info["containers"][0];
    assert_eq!((&container["pod_namespace"], &container["events"]), (&"shop".into(), &2.into()));
}
