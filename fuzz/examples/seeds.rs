//! Writes what the fuzzer starts from: `corpus/TARGET/`, out of the project's own rules, tests and captures, and
//! `words/TARGET.dict`, the words of the language.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sysreel::replay::fields::FIELDS;
use sysreel::replay::rules::{Compiler, TemplatePart, builtin_rules};

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = here.join("..");
    let mut wrong_rules = files_in(&project.join("tests/data/rules"), "yaml");
    wrong_rules.sort();
    let mut rule_texts: Vec<String> =
        wrong_rules.iter().map(|path| fs::read_to_string(path).expect("a rule file is text")).collect();
    // the whole of the built-in rules is one seed for the reader; what changes well is short
    rule_texts.extend(items_of(&builtin_rules().text));
    let seeds = Seeds { folder: here.join("corpus") };
    rule_texts.iter().for_each(|text| seeds.add("rules", text.as_bytes()));

    let mut compiler = Compiler::new();
    compiler.add_file(builtin_rules());
    for rule in compiler.build().0 {
        seeds.add("condition", rule.condition.to_string().as_bytes());
        let output: String = rule.output.parts.iter().map(part_text).collect();
        seeds.add("output", output.as_bytes());
    }
    for text in &rule_texts {
        for condition in values_of(text, "condition:") {
            seeds.add("condition", condition.as_bytes());
        }
        for output in values_of(text, "output:") {
            seeds.add("output", output.as_bytes());
        }
    }
    seeds.add("output", b"time,container-id,USER:user.name,evt.arg[0]");

    let captures = files_in(&project.join("sample-captures"), "reel");
    let captures = captures.into_iter().chain(files_in(&project.join("tests/data"), "reel"));
    let captures = captures.map(|path| fs::read(path).expect("a capture can be read"));
    for file in captures.chain([sysreel_fuzz::long_capture()]) {
        seeds.add("reel", &[&[3], file.as_slice()].concat());
        seeds.add("reel", &[&[0], sysreel_fuzz::reel::inflated(&file).as_slice()].concat());
    }

    // one file with all codes, and many with a few, which change well
    for codes in (0..454).step_by(40).map(|first| first..first + 40).chain([0..460, 0..2]) {
        let file = [&[2], sysreel_fuzz::scap::small_file(codes).as_slice()].concat();
        seeds.add("scap", &file);
        seeds.add("import", &file);
    }

    for path in files_in(&project.join("sample-captures"), "json") {
        let log = fs::read_to_string(path).expect("an audit log is text");
        log.lines().for_each(|line| seeds.add("audit", line.as_bytes()));
        let events: Vec<&str> = log.lines().collect();
        seeds.add("audit", format!("{{\"kind\":\"EventList\",\"items\":[\n{}]}}", events.join(",\n")).as_bytes());
        seeds.add("audit", format!("[{}]\n{}", events.join(","), log).as_bytes());
    }

    let words = here.join("words");
    fs::create_dir_all(&words).expect("the folder can be made");
    for target in ["rules", "condition", "output"] {
        let dictionary: String = dictionary(target).iter().map(|word| entry(word)).collect();
        fs::write(words.join(format!("{target}.dict")), dictionary).expect("a file can be written");
    }
}

struct Seeds {
    folder: PathBuf,
}

impl Seeds {
    /// Named by content: running again adds nothing.
    fn add(&self, target: &str, bytes: &[u8]) {
        let folder = self.folder.join(target);
        fs::create_dir_all(&folder).expect("the folder can be made");
        let name = blake3::hash(bytes).to_hex();
        fs::write(folder.join(format!("seed-{}", &name[..16])), bytes).expect("a file can be written");
    }
}

fn files_in(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

/// The items of a rule file, each as a file.
fn items_of(text: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with("- ") || items.is_empty() {
            items.push(String::new());
        }
        if let Some(item) = items.last_mut() {
            item.push_str(line);
            item.push('\n');
        }
    }
    items
}

/// What stands on the lines of a key, without YAML's niceties.
fn values_of<'t>(text: &'t str, key: &str) -> Vec<&'t str> {
    text.lines().filter_map(|line| line.split_once(key).map(|(_, value)| value.trim())).collect()
}

fn part_text(part: &TemplatePart) -> String {
    match part {
        TemplatePart::Text(text) => text.clone(),
        TemplatePart::Field { source, .. } => format!("%{source}"),
    }
}

fn dictionary(target: &str) -> BTreeSet<String> {
    let fields = FIELDS.iter().map(|field| field.name.to_owned());
    let words: &[&str] = match target {
        "rules" => &[
            "- rule: ",
            "- macro: ",
            "- list: ",
            "condition: ",
            "output: ",
            "desc: ",
            "priority: ",
            "items: ",
            "tags: ",
            "append: true",
            "override:",
            "exceptions:",
            "name: ",
            "fields: ",
            "comps: ",
            "values: ",
            "enabled: false",
            "source: ",
            "required_engine_version: ",
            "required_plugin_versions:",
            "replace",
            "[[",
            "]]",
            "&a",
            "*a",
            "---\n",
            "\n#----\n",
            "|\n",
            ">-\n",
            "!!str ",
            "<<: ",
            "? ",
            "\"\\x41\"",
        ],
        "condition" => &[
            " and ",
            " or ",
            "not ",
            "(",
            ")",
            " in (",
            " = ",
            " == ",
            " != ",
            " <= ",
            " >= ",
            " contains ",
            " icontains ",
            " bcontains ",
            " startswith ",
            " bstartswith ",
            " endswith ",
            " intersects (",
            " pmatch (",
            " exists",
            " regex ",
            " glob ",
            " iglob ",
            "tolower(",
            "toupper(",
            "b64(",
            "basename(",
            "len(",
            "val(",
            "join(",
            "concat(",
            "getopt(",
            " oneof (",
            " anyof (",
            " allof (",
            "0x",
            "10.0.0.0/8",
            "::1/64",
            "\"\\\"\"",
        ],
        _ => &["%", "%%", "*%", "%container.info", "%user.info", "toupper(", ")", "[", "]", "time,", "USER:", "\\n"],
    };
    words.iter().map(|word| (*word).to_owned()).chain(fields).collect()
}

/// A line of libFuzzer's dictionary.
fn entry(word: &str) -> String {
    let escaped: String = word
        .bytes()
        .map(|byte| match byte {
            b'"' | b'\\' => format!("\\{}", char::from(byte)),
            b' '..=b'~' => char::from(byte).to_string(),
            _ => format!("\\x{byte:02X}"),
        })
        .collect();
    format!("\"{escaped}\"\n")
}
