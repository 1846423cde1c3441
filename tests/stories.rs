//! The situations that people learn this field with, each recorded as a sample capture: every alert has every field that
//! its readers ask for. Rules are the built-in ones, those of a user's beside the captures, and Falco's own.

use std::path::Path;

use serde_json::Value;

use crate::binary::run;
use crate::falco_data::falco_data;

/// What a reader asks for, whatever the rule prints.
const ORIGIN: &str =
    "container.name,container.image.repository,container.image.tag,k8s.ns.name,k8s.pod.name,user.name,proc.name";

fn sample(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-captures").join(name).to_str().unwrap().to_owned()
}

/// Falco's rule files, as options; `None` where they are absent.
fn falco_rules(names: &[&str]) -> Option<Vec<String>> {
    let folder = falco_data("rules")?;
    Some(names.iter().flat_map(|name| ["-r".to_owned(), folder.join(name).to_str().unwrap().to_owned()]).collect())
}

fn replay(capture: &str, rules: &[String], options: &[&str]) -> String {
    let mut arguments = vec!["replay".to_owned(), sample(capture)];
    arguments.extend(rules.iter().cloned());
    arguments.extend(options.iter().map(|option| (*option).to_owned()));
    let run = run(&arguments);
    assert_eq!(run.status, Some(0), "{arguments:?}: {}", run.stderr);
    run.stdout
}

/// Holds the alerts of a rule, at least one, to where they are from (the values of [`ORIGIN`]), and their text to
/// `says`, its beginning; the texts.
fn texts(capture: &str, rules: &[String], rule: &str, origin: &str, says: &str) -> Vec<String> {
    let lines = replay(capture, rules, &["--format", &format!("rule,{ORIGIN}")]);
    let expected = format!("{rule},{origin}");
    let of_rule: Vec<_> = lines.lines().filter(|line| line.starts_with(&format!("{rule},"))).collect();
    assert!(!of_rule.is_empty(), "{rule} is missing:\n{lines}");
    of_rule.iter().for_each(|line| assert_eq!(*line, expected));
    let texts = replay(capture, rules, &["-o", "json", "--format", "rule,message"]);
    let texts = texts.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let texts = texts.filter(|alert| alert["rule"] == rule).map(|alert| alert["message"].as_str().unwrap().to_owned());
    let texts: Vec<_> = texts.collect();
    texts.iter().for_each(|text| assert!(text.starts_with(says), "{text}"));
    texts
}

/// The same, of alerts that are to print no missing value.
fn whole_texts(capture: &str, rules: &[String], rule: &str, origin: &str, says: &str) -> Vec<String> {
    let texts = texts(capture, rules, rule, origin, says);
    texts.iter().for_each(|text| assert!(!text.contains("<NA>"), "{text}"));
    texts
}

/// A rule file beside the captures.
fn rules_of_a_user(file: &str) -> Vec<String> {
    vec!["-r".to_owned(), sample(file)]
}

const NGINX: &str = "nginx,docker.io/library/nginx,1.21,default,nginx,root";
const HTTPD: &str = "httpd,docker.io/library/httpd,2.4,default,httpd,root";
const BUSYBOX: &str = "busybox,docker.io/library/busybox,1.36,default,busybox,root";

#[test]
fn a_shell_opened_by_kubectl_exec_is_told_with_image_tag_and_pod() {
    let (capture, origin) = ("shell-in-pod.reel", &format!("{NGINX},sh"));
    let says = "A shell with a terminal was started in a container";
    whole_texts(capture, &[], "Terminal shell in a container", origin, says);
    let Some(rules) = falco_rules(&["falco_rules.yaml"]) else { return };
    let says = "A shell was spawned in a container with an attached terminal";
    whole_texts(capture, &rules, "Terminal shell in container", origin, says);
}

#[test]
fn a_rule_of_four_lines_and_a_macro_sees_mkdir_in_that_shell() {
    let texts = whole_texts(
        "shell-in-pod.reel",
        &rules_of_a_user("mkdir-in-container.yaml"),
        "Folder made in a container",
        &format!("{NGINX},mkdir"),
        "A folder was made (command=mkdir falco path=/falco user=root",
    );
    assert_eq!(texts.len(), 1);
}

#[test]
fn one_command_gives_the_log_of_a_pods_package_management_or_changed_passwd() {
    for (capture, name, rule, count) in [
        ("package-management-in-nginx-pod.reel", "nginx", "Package management in a container", 1),
        ("httpd-pod-modifies-passwd.reel", "httpd", "Write below /etc", 3),
    ] {
        let log = replay(capture, &[], &["--format", "time,container-id,container-name,user"]);
        assert_eq!(log.lines().count(), count, "{log}");
        let line = format!(r"^\d\d:\d\d:\d\d\.\d{{9}},[0-9a-f]{{12}},{name},root$");
        let line = regex::Regex::new(&line).unwrap();
        log.lines().for_each(|found| assert!(line.is_match(found), "{found}"));
        let rules = replay(capture, &[], &["--format", "rule"]);
        assert!(rules.lines().all(|found| found == rule), "{rules}");
    }
    let Some(rules) = falco_rules(&["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"])
    else {
        return;
    };
    let (rule, origin) = ("Launch Package Management Process in Container", &format!("{NGINX},apt-get"));
    let says = "Package management process launched in container";
    whole_texts("package-management-in-nginx-pod.reel", &rules, rule, origin, says);
    let log = replay("httpd-pod-modifies-passwd.reel", &rules, &["--format", &format!("rule,file,{ORIGIN}")]);
    assert!(log.contains(&format!("Write below etc,/etc/passwd,{HTTPD},sh\n")), "{log}");
}

#[test]
fn a_file_that_vi_writes_below_the_root_is_told_with_its_path() {
    let (capture, origin) = ("vi-in-busybox.reel", &format!("{BUSYBOX},vi"));
    let says = "Something was made directly below the root directory | file=/hoge.sh";
    texts(capture, &[], "Write in the root directory", origin, says);
    let Some(rules) = falco_rules(&["falco_rules.yaml", "falco-sandbox_rules.yaml"]) else { return };
    let says = "File below / or /root opened for writing | file=/hoge.sh";
    whole_texts(capture, &rules, "Write below root", origin, says);
}

#[test]
fn kubectl_in_a_container_and_its_connection_to_the_api_server_are_told() {
    let capture = "kubectl-in-pod.reel";
    let origin = &"deployer,registry.example.com/ci/deployer,2.1,ci,deploy,root,kubectl";
    let says = "A client of the cluster was started in a container | user=root command=kubectl get secrets";
    whole_texts(capture, &[], "Kubernetes or container client in a container", origin, says);
    let rule = "Connection to the Kubernetes API server from a container";
    let found = whole_texts(capture, &[], rule, origin, "A container connected to the Kubernetes API server");
    found.iter().for_each(|text| assert!(text.contains("->10.96.0.1:443 user=root"), "{text}"));
    let Some(mut rules) = falco_rules(&["falco_rules.yaml"]) else { return };
    // Falco asks the cluster's name server, which a capture cannot; the address is the user's to say
    let folder = tempfile::tempdir().unwrap();
    let address = folder.path().join("api-server.yaml");
    std::fs::write(&address, "- macro: k8s_api_server\n  condition: (fd.sip = 10.96.0.1)\n").unwrap();
    rules.extend(["-r".to_owned(), address.to_str().unwrap().to_owned()]);
    let says = "Unexpected connection to K8s API Server from container";
    whole_texts(capture, &rules, "Contact K8S API Server From Container", origin, says);
}

#[test]
fn attempts_to_change_namespaces_from_a_container_are_told() {
    let capture = "amicontained.reel";
    let origin = "amicontained,registry.example.com/tools/amicontained,0.4,tools,amicontained,root,amicontained";
    let arguments = ["events", &sample(capture), "evt.type in (setns, unshare) and proc.name = amicontained"];
    let attempts = run(&[&arguments[..], &["--format", &format!("evt.type,evt.res,{ORIGIN}")]].concat());
    let of_type = |kind: &str| attempts.stdout.lines().filter(|line| line.starts_with(kind)).count();
    assert_eq!((of_type("setns"), of_type("unshare")), (6, 2), "{}", attempts.stdout);
    assert!(attempts.stdout.lines().all(|line| line.ends_with(origin)), "{}", attempts.stdout);
    let says = "A program changed its namespace | event=unshare";
    whole_texts(capture, &[], "Namespace changed by an unexpected program", origin, says);
    let Some(rules) = falco_rules(&["falco_rules.yaml", "falco-incubating_rules.yaml"]) else { return };
    let says = "Namespace change (setns) by unexpected program";
    let found = whole_texts(capture, &rules, "Change thread namespace", origin, says);
    assert_eq!(found.len(), 6, "those that failed are attempts too");
}

#[test]
fn a_read_outside_of_a_web_applications_folder_is_told() {
    let origin = "web,registry.example.com/shop/web,4.2,shop,web,root,cat";
    let says =
        "A file outside of /opt/app was read (file=/etc/passwd command=cat /opt/app/../../etc/passwd parent=serve";
    let rule = "Web application reads outside of its folder";
    let rules = rules_of_a_user("web-reads-outside.rules.yaml");
    let found = whole_texts("web-reads-outside.reel", &rules, rule, origin, says);
    assert_eq!(found.len(), 1, "what it may send is no alert");
}

#[test]
fn a_cleared_log_a_mounted_folder_and_a_privileged_container_are_told() {
    let origin = &format!("{NGINX},sh");
    texts("logs-cleared.reel", &[], "Log file cleared", origin, "A log file was cleared | file=/var/log/auth.log");

    let capture = "pods-with-the-nodes-powers.reel";
    let image = "busybox,docker.io/library/busybox,1.36,tools";
    let (backup, debugger) = (&format!("{image},backup,root,sleep"), &format!("{image},debugger,root,sleep"));
    let says = "A container with a sensitive folder of its node was started | mounts=/etc:/host/etc:";
    whole_texts(capture, &[], "Container with a sensitive folder of its node started", backup, says);
    let says = "A privileged container was started | user=root command=sleep 36002";
    whole_texts(capture, &[], "Privileged container started", debugger, says);

    let files = ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"];
    let Some(rules) = falco_rules(&files) else { return };
    let says = "Log files were tampered | file=/var/log/auth.log";
    whole_texts("logs-cleared.reel", &rules, "Clear Log Activities", origin, says);
    // Falco's rule holds for every container without such a mount, too: what is missing is in no list
    let told = replay(capture, &rules, &["--format", &format!("rule,{ORIGIN},message")]);
    let says = "Container with sensitive mount started | mounts=/etc:/host/etc::true:rprivate";
    assert!(told.contains(&format!("Launch Sensitive Mount Container,{backup},{says}")), "{told}");
    whole_texts(capture, &rules, "Launch Privileged Container", debugger, "Privileged container started");
}

#[test]
fn lost_events_are_told_and_alerts_around_them_say_so() {
    let capture = "lost-events.reel";
    let info = run(&["info", &sample(capture), "-o", "json", "--verify"]);
    let info: Value = serde_json::from_str(&info.stdout).unwrap();
    let lost = info["lost"].as_u64().unwrap();
    assert!(lost > 0 && info["verify"] == "intact", "{info}");
    let told = replay(capture, &[], &[]);
    assert!(told.contains("Events were lost while recording"), "{told}");
    let alerts = replay(capture, &[], &["-o", "json"]);
    let alerts: Vec<Value> = alerts.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let shadow = alerts.iter().find(|alert| alert["rule"] == "Sensitive file read by an untrusted program").unwrap();
    let around = shadow["lost_events"].as_u64().unwrap();
    assert!((1..=lost).contains(&around), "{shadow}");
    assert_eq!(shadow["output_fields"]["k8s.pod.name"], "busybox");
}

#[test]
fn a_config_map_with_a_key_is_told_from_the_audit_log() {
    let capture = "configmap-with-credential.json";
    let says = "K8s configmap with private credential";
    let of = |rules: &[String]| replay(capture, rules, &[]).lines().filter(|line| line.contains(says)).count();
    assert_eq!(of(&[]), 1);
    let Some(rules) = falco_rules(&["k8s_audit_rules.yaml"]) else { return };
    let found = replay(capture, &rules, &[]);
    let line = found.lines().find(|line| line.contains(says)).unwrap();
    assert!(line.contains("user=kubernetes-admin verb=create resource=configmaps configmap=backup-settings"), "{line}");
    assert!(!line.contains("<NA>"), "{line}");
}
