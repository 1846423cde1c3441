//! `sysreel fields` and `sysreel events --list`.

use serde_json::Value;

use crate::binary::run;
use crate::falco_data::falco_data;

fn printed(arguments: &[&str]) -> String {
    let run = run(arguments);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    run.stdout
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&printed(arguments)).unwrap()
}

#[test]
fn fields_are_narrowed_by_parts_of_names_and_by_patterns() {
    insta::assert_snapshot!(printed(&["fields", "proc.aname", "fd.s?p*", "fdusage"]), @r#"
    FIELD         TYPE     ARGUMENT  LIST  WHAT IT IS
    proc.aname    charbuf  optional        proc.name of an ancestor, or of any.
    proc.fdusage  double                   Open descriptors, percent of those allowed.
    fd.sip        ipaddr                   Address of the server.
    fd.sip.name   charbuf                  Host name of the server. (No value: needs the living machine.)
    "#);
}

#[test]
fn fields_are_listed_as_markdown() {
    insta::assert_snapshot!(printed(&["fields", "fd.type", "container.label", "-o", "markdown"]), @r#"
    | Field | Type | Argument | List | What it is |
    | --- | --- | --- | --- | --- |
    | `fd.type` | charbuf | | | Type in words: file, directory, ipv4, ipv6, unix, pipe, event and so on. |
    | `fd.typechar` | charbuf | | | Type in one letter. |
    | `fd.types` | charbuf | optional | list | Types of all descriptors of the process. |
    | `container.label` | charbuf | required | | One label of the container, by name. |
    | `container.labels` | charbuf | | | All labels of the container as name:value. |
    "#);
}

#[test]
fn a_field_in_json_says_all_that_is_known_of_it() {
    insta::assert_snapshot!(printed(&["fields", "fd.types", "fd.dev.minor", "-o", "json"]), @r#"
    [
      {
        "about": "Minor device number of the file.",
        "argument": "none",
        "list": false,
        "name": "fd.dev.minor",
        "no_value": null,
        "sources": [
          "syscall"
        ],
        "type": "int32"
      },
      {
        "about": "Types of all descriptors of the process.",
        "argument": "optional",
        "list": true,
        "name": "fd.types",
        "no_value": null,
        "sources": [
          "syscall"
        ],
        "type": "charbuf"
      }
    ]
    "#);
}

#[test]
fn a_pattern_that_fits_no_field_is_told() {
    let run = run(&["fields", "proc.name", "bogus", "nope*"]);
    assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
    insta::assert_snapshot!(run.stderr, @r#"
    sysreel: no field has a name with `bogus` in it
    sysreel: no field has a name with `nope*` in it
    "#);
}

#[test]
fn every_field_of_the_engine_is_listed_with_its_type_and_argument() {
    let Some(path) = falco_data("schema/fields.tsv") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let listed = json(&["fields", "-o", "json"]);
    let mut compared = 0;
    for line in text.lines().skip(1) {
        let [source, _class, name, ty, argument, list] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line:?}: six columns are wanted");
        };
        compared += 1;
        let row = listed.as_array().unwrap().iter().find(|row| row["name"] == name);
        let row = row.unwrap_or_else(|| panic!("{name} is not listed"));
        let argument = argument.split(' ').next().filter(|rule| !rule.is_empty()).unwrap_or("none");
        assert_eq!((&row["type"], &row["argument"]), (&ty.into(), &argument.into()), "{name}");
        assert_eq!(row["list"], !list.is_empty(), "{name}");
        assert!(row["sources"].as_array().unwrap().contains(&source.into()), "{name} is of {source}");
    }
    assert!(compared > 330, "{compared} fields");
}

#[test]
fn every_field_has_a_sentence_of_its_own() {
    for row in json(&["fields", "-o", "json"]).as_array().unwrap() {
        let about = row["about"].as_str().unwrap();
        assert!(about.ends_with('.') && about.len() > 5, "{row}");
    }
}

#[test]
fn kinds_of_event_are_listed_with_their_parameters() {
    insta::assert_snapshot!(printed(&["events", "--list", "?lose", "mkdir"]), @r#"
    NUMBER  EVENT    CATEGORY  PARAMETER  TYPE       WORDS
    5       close    io_other  res        errno
                               fd         fd
    277     mkdir    file      res        errno
                               path       fspath
                               mode       uint32
    305     mkdirat  file      res        errno
                               dirfd      fd
                               path       fsrelpath
                               mode       uint32
    "#);
    insta::assert_snapshot!(printed(&["events", "--list", "shutdown", "-o", "markdown"]), @r#"
    | Number | Event | Category | Parameter | Type | Words |
    | --- | --- | --- | --- | --- | --- |
    | 37 | `shutdown` | net | `res` | errno | |
    | | | | `fd` | fd | |
    | | | | `how` | enumflags8 | SHUT_UNKNOWN SHUT_RDWR SHUT_WR SHUT_RD |
    "#);
}

#[test]
fn a_kind_of_event_in_json_has_the_words_of_its_flags() {
    insta::assert_snapshot!(printed(&["events", "--list", "shutdown", "-o", "json"]), @r#"
    [
      {
        "category": "net",
        "name": "shutdown",
        "number": 37,
        "parameters": [
          {
            "format": "dec",
            "name": "res",
            "type": "errno",
            "words": []
          },
          {
            "format": "dec",
            "name": "fd",
            "type": "fd",
            "words": []
          },
          {
            "format": "hex",
            "name": "how",
            "type": "enumflags8",
            "words": [
              {
                "name": "SHUT_UNKNOWN",
                "value": 65535
              },
              {
                "name": "SHUT_RDWR",
                "value": 2
              },
              {
                "name": "SHUT_WR",
                "value": 1
              },
              {
                "name": "SHUT_RD",
                "value": 0
              }
            ]
          }
        ]
      }
    ]
    "#);
}

#[test]
fn calls_without_a_kind_of_their_own_are_the_words_of_the_generic_event() {
    let listed = json(&["events", "--list", "syscall", "-o", "json"]);
    let words: Vec<&str> = listed[0]["parameters"][0]["words"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word["name"].as_str().unwrap())
        .collect();
    assert!(words.contains(&"getpid") && words.contains(&"wait4"), "{words:?}");
    assert!(!words.contains(&"openat") && !words.contains(&"execve"), "{words:?}");
}

#[test]
fn every_exit_event_of_the_schema_is_listed_with_its_parameters() {
    let Some(path) = falco_data("schema/events.json") else { return };
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let listed = json(&["events", "--list", "-o", "json"]);
    let mut compared = 0;
    for kind in listed.as_array().unwrap() {
        let wanted = schema["events"].as_array().unwrap().iter().find(|event| event["id"] == kind["number"]).unwrap();
        assert_eq!((&kind["name"], &kind["category"]), (&wanted["name"], &wanted["category"]));
        let wanted = wanted["params"].as_array().unwrap();
        let params = kind["parameters"].as_array().unwrap();
        assert_eq!(params.len(), wanted.len(), "{kind}");
        for (param, wanted) in params.iter().zip(wanted) {
            for (key, schemas) in [("name", "name"), ("type", "type"), ("format", "fmt")] {
                assert_eq!(param[key], wanted[schemas], "{} of {}", param["name"], kind["name"]);
            }
            if let Some(table) = wanted["values"].as_str() {
                let words: Vec<Value> = schema["flag_tables"][table].as_array().unwrap().clone();
                let found = param["words"].as_array().unwrap().iter();
                let found: Vec<Value> =
                    found.map(|word| Value::from(vec![word["name"].clone(), word["value"].clone()])).collect();
                assert_eq!(found, words, "{} of {}", param["name"], kind["name"]);
            }
        }
        compared += 1;
    }
    assert!(compared > 150, "{compared} kinds");
}

#[test]
fn a_list_of_kinds_takes_no_form_of_events_and_the_reverse() {
    for (arguments, told) in [
        (&["events", "--list", "-o", "csv"][..], "table, json or markdown"),
        (&["events", "x.reel", "-o", "markdown"], "text, table, json or csv"),
        (&["events", "--list", "--format", "time"], "cannot be used with"),
        (&["events", "--list", "no_such_kind"], "no event has a name with `no_such_kind` in it"),
        (&["events"], "<CAPTURE>"),
    ] {
        let run = run(arguments);
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(run.stderr.contains(told), "{arguments:?}: {}", run.stderr);
    }
}
