//! What rule files mean, shown by the conditions that come out of them.
#![allow(clippy::unwrap_used)]

use super::*;

fn compile(text: &str) -> Vec<TypedRule> {
    let mut compiler = Compiler::new();
    compiler.add_file(RuleFile::new("rules.yaml", text));
    let (rules, found) = compiler.build();
    let errors: Vec<&Diagnostic> = found.iter().filter(|found| found.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    rules
}

/// The condition of the last rule of some items and `- rule` with this condition.
fn meaning(items: &str, condition: &str) -> String {
    let rule = format!("- rule: R\n  desc: d\n  condition: {condition}\n  output: o\n  priority: info\n");
    compile(&format!("{items}\n{rule}")).last().unwrap().condition.to_string()
}

#[test]
fn and_binds_stronger_than_or_and_not_strongest() {
    let printed = |text: &str| parse_condition(text).unwrap().to_string();
    assert_eq!(
        printed("evt.type=open or evt.type=close and not fd.num>3 or not (fd.num=1)"),
        "evt.type = open or (evt.type = close and not fd.num > 3) or not fd.num = 1"
    );
    assert_eq!(printed("not not fd.num=1"), "fd.num = 1");
    assert_eq!(printed("(fd.num=1 and(fd.num=2))and fd.num=3"), "fd.num = 1 and fd.num = 2 and fd.num = 3");
}

#[test]
fn words_keep_what_they_are() {
    let expr = parse_condition(r#"proc.cmdline contains "a \"b\" \\c" and proc.name = 007 and fd.num = 0x10"#).unwrap();
    let Expr::And(parts) = expr else { panic!("an `and`") };
    let values: Vec<Literal> = parts
        .into_iter()
        .map(|part| match part {
            Expr::Test(mut test) => test.values.remove(0),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(values, [Literal::Text(br#"a "b" \c"#.to_vec()), Literal::Text(b"007".to_vec()), Literal::Int(16)]);
}

#[test]
fn numbers_are_decimal_or_hexadecimal_and_wrap_below_zero() {
    let value = |text: &str| match parse_condition(text).unwrap() {
        Expr::Test(mut test) => test.values.remove(0),
        other => panic!("{other}"),
    };
    assert_eq!(value("user.uid = -1"), Literal::Int(4_294_967_295));
    assert_eq!(value("user.loginuid = -1"), Literal::Int(-1));
    assert_eq!(value("evt.num != -1"), Literal::Int(-1));
    assert_eq!(value("fd.num < 0x1F"), value("fd.num < 31"));
    assert_eq!(value("fd.sport = \"\""), Literal::Int(0));
    assert!(parse_condition("user.uid = -4294967297").is_err());
    assert!(parse_condition("fd.sport = -1").is_err());
    assert!(parse_condition("fd.num = 1.5").is_err());
}

#[test]
fn lists_are_put_in_place() {
    let lists = "- list: a\n  items: [x, two words]\n- list: b\n  items: [a, y]\n- list: none\n  items: []";
    assert_eq!(meaning(lists, "evt.type = open and proc.name in (b, z)"), {
        "evt.type = open and proc.name in (x, \"two words\", y, z)"
    });
    assert_eq!(meaning(lists, "evt.type = open and proc.name in (none, z)"), "evt.type = open and proc.name in (z)");
    assert_eq!(meaning(lists, "evt.type = open and proc.name in (none)"), "evt.type = open and proc.name in ()");
    // In quotes it is no name.
    assert_eq!(meaning(lists, "evt.type = open and proc.name in (\"b\")"), "evt.type = open and proc.name in (b)");
}

#[test]
fn modifiers_take_lists_and_stand_in_exceptions() {
    let lists = "- list: a\n  items: [kube-, etcd-]";
    assert_eq!(meaning(lists, "evt.type = open and proc.name startswith anyof (a, \"x y\")"), {
        "evt.type = open and proc.name startswith anyof (kube-, etcd-, \"x y\")"
    });
    assert_eq!(meaning(lists, "evt.type = open and not proc.name != oneof (a)"), {
        "evt.type = open and not proc.name != oneof (kube-, etcd-)"
    });
    let excepting = |exception: &str| {
        let rule = "- rule: R\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: info\n  exceptions:\n";
        compile(&format!("{lists}\n{rule}    - {{name: e, {exception}}}")).last().unwrap().condition.to_string()
    };
    assert_eq!(excepting("fields: proc.name, comps: startswith anyof, values: [a, b c]"), {
        "evt.type = open and not proc.name startswith anyof (kube-, etcd-, \"b c\")"
    });
    assert_eq!(excepting("fields: [proc.name, fd.name], comps: [contains   allof, =], values: [[[x, y], /z]]"), {
        "evt.type = open and not (proc.name contains allof (x, y) and fd.name = /z)"
    });
    assert_eq!(excepting("fields: ['tolower(proc.name)'], comps: [endswith oneof], values: [[sh]]"), {
        "evt.type = open and not tolower(proc.name) endswith oneof (sh)"
    });
}

#[test]
fn functions_are_printed_as_they_were_written() {
    for text in [
        "join(\"-\", (proc.name, \"a b\", concat(proc.exe, \"12\"))) = x",
        "toupper(getopt((\"-n\", proc.name), \"n:\")[n]) startswith oneof (a, \"\")",
        "proc.name = concat(proc.pname, \"'\")",
        "len(join(\"\", ())) < 3",
    ] {
        assert_eq!(parse_condition(text).unwrap().to_string(), text);
    }
    // Numbers are texts there.
    assert_eq!(
        parse_condition("concat( proc.name ,0x1f ) = x").unwrap().to_string(),
        "concat(proc.name, \"0x1f\") = x"
    );
}

#[test]
fn a_list_sees_lists_before_its_last_change_and_later_ones_when_it_is_used() {
    let later = "- list: a\n  items: [b]\n- list: b\n  items: [y]";
    assert_eq!(meaning(later, "evt.type = open and proc.name in (a)"), "evt.type = open and proc.name in (y)");
    let two_levels = "- list: a\n  items: [x]\n- list: b\n  items: [a]\n- list: c\n  items: [b]";
    assert_eq!(meaning(two_levels, "evt.type = open and proc.name in (c)"), "evt.type = open and proc.name in (a)");
}

#[test]
fn append_and_redefinition_keep_the_place_of_the_first() {
    let items = "\
- macro: m
  condition: evt.type = open
- macro: m
  condition: or evt.type = close
  override: {condition: append}
- list: l
  items: [a]
- list: l
  items: [b]
  append: true
- list: replaced
  items: [c]
- list: replaced
  items: [d]";
    assert_eq!(
        meaning(items, "m and proc.name in (l, replaced)"),
        "(evt.type = open or evt.type = close) and proc.name in (a, b, d)"
    );
}

#[test]
fn a_macro_sees_what_stands_before_its_last_change() {
    let items = "\
- macro: first
  condition: evt.type = open
- macro: second
  condition: evt.type = close
- macro: first
  condition: or second
  append: true";
    assert_eq!(meaning(items, "first"), "evt.type = open or evt.type = close");
}

#[test]
fn an_appended_condition_is_text_behind_the_first() {
    let rules = compile(
        "\
- rule: R
  desc: d
  condition: evt.type = open or evt.type = close
  output: o
  priority: ERROR
  tags: [b, a]
- rule: R
  condition: and fd.num = 3
  tags: [c, a]
  output: (%fd.num)
  priority: info
  override:
    condition: append
    tags: append
    output: append
    priority: replace
- rule: S
  desc: d
  condition: evt.type = open
  output: o
  priority: debug
- rule: S
  enabled: false
",
    );
    assert_eq!(rules[0].condition.to_string(), "evt.type = open or (evt.type = close and fd.num = 3)");
    assert_eq!(rules[0].tags, ["a", "b", "c"]);
    assert_eq!(rules[0].priority, Priority::Informational);
    assert_eq!(rules[0].output.parts.len(), 3);
    assert!(rules[0].enabled && !rules[1].enabled);
}

#[test]
fn exceptions_are_joined_with_and_not() {
    let rules = compile(
        "\
- list: editors
  items: [vi, ed]
- rule: R
  desc: d
  condition: evt.type = open or evt.type = close
  output: o
  priority: Error
  exceptions:
    - name: tuples
      fields: [proc.name, fd.name]
      comps: [in, startswith]
      values:
        - [editors, /tmp/a b]
        - [[cat, dog], /x]
        - [\"(cow)\", /y]
    - name: plain
      fields: proc.name
      values: [two words, editors]
    - name: equal
      fields: [proc.name, fd.num]
      values:
        - [a, 3]
    - name: later
      fields: [proc.pname]
- rule: R
  exceptions:
    - name: later
      values: [[sh]]
  override: {exceptions: append}
",
    );
    assert_eq!(
        rules[0].condition.to_string(),
        "(evt.type = open or evt.type = close) \
         and not ((proc.name in (vi, ed) and fd.name startswith \"/tmp/a b\") \
         or (proc.name in (cat, dog) and fd.name startswith /x) or (proc.name in (cow) and fd.name startswith /y)) \
         and not proc.name in (\"two words\", vi, ed) \
         and not (proc.name = a and fd.num = 3) \
         and not proc.pname = sh"
    );
}

#[test]
fn outputs_take_the_longest_field() {
    let source = |text: &str| -> Vec<String> {
        let parts = parse_template(text).unwrap().parts;
        parts
            .into_iter()
            .map(|part| match part {
                TemplatePart::Text(text) => format!("'{text}'"),
                TemplatePart::Field { expr, source, .. } => format!("{source}={expr}"),
            })
            .collect()
    };
    assert_eq!(
        source("*%proc.names, %evt.arg.flags. %evt.time.s%proc.aname[2][x] %%"),
        [
            "proc.name=proc.name",
            "'s, '",
            "evt.arg.flags=evt.arg.flags",
            "'. '",
            "evt.time.s=evt.time.s",
            "proc.aname[2]=proc.aname[2]",
            "'[x] %'"
        ]
    );
    assert_eq!(source("%toupper(proc.name)!"), ["toupper(proc.name)=toupper(proc.name)", "'!'"]);
    assert_eq!(source("%container.info at end"), ["' at end'"]);
    assert_eq!(
        source("%container.label.app.kubernetes.io/name,"),
        ["container.label.app.kubernetes.io/name=container.label[app.kubernetes.io/name]", "','"]
    );
}

#[test]
fn several_files_and_documents_are_read_in_order() {
    let mut compiler = Compiler::new();
    compiler.add_file(RuleFile::new("one", "- macro: m\n  condition: evt.type = open\n---\n- list: l\n  items: [a]\n"));
    compiler.add_file(RuleFile::new(
        "two",
        "- rule: R\n  desc: d\n  condition: m and proc.name in (l)\n  output: o\n  priority: Error\n",
    ));
    let (rules, found) = compiler.build();
    assert_eq!(found, []);
    assert_eq!(rules[0].condition.to_string(), "evt.type = open and proc.name in (a)");
}
