//! What conditions say of events with known values: every operator for every type, every transformer, and missing values.

use std::sync::Arc;

use super::{all_matches, program};
use crate::format::Block;
use crate::format::builder::{CaptureBuilder, STORY_START_NS, text};
use crate::format::row::{FdRow, ThreadRow, UserRow, fd_flags};
use crate::format::schema::EventKind;

/// A file opened by `Bash`, whose parent is `nginx`.
const OPENED: usize = 0;
/// A connection from 10.0.0.1:40000 to 10.0.0.2:443.
const CONNECTED: usize = 1;
/// A connection from 2001:db8::1 to 2001:db8::2, port 80.
const CONNECTED6: usize = 2;
/// `00 ca fe ba be 41` was read.
const READ: usize = 3;
/// A call about no descriptor, by a thread of which nothing is known.
const BARE: usize = 4;

fn block() -> Block {
    let root = Arc::new(UserRow { uid: 0, name: text("root"), ..UserRow::default() });
    let nginx = Arc::new(ThreadRow {
        tid: 20,
        pid: 20,
        comm: text("nginx"),
        exe: text("bash"),
        exepath: text("/usr/sbin/nginx"),
        ..ThreadRow::default()
    });
    let bash = Arc::new(ThreadRow {
        tid: 30,
        pid: 30,
        vpid: 30,
        ppid: 20,
        parent: Some(nginx),
        comm: text("Bash"),
        exe: text("aGVsbG8="),
        exepath: text("/usr/bin/Bash"),
        args: text("-c\0id \"x\"\0"),
        env: text("HOME=/root\0"),
        cwd: text("/root"),
        tty: 34816,
        clone_ts_ns: STORY_START_NS,
        user: Some(root),
        ..ThreadRow::default()
    });
    let bare = Arc::new(ThreadRow { tid: 99, pid: 99, ..ThreadRow::default() });
    let file = Arc::new(FdRow { num: 3, type_char: b'f', name: text("/etc/ssh/Key.PEM"), ..FdRow::default() });
    let socket = |num, letter, client: &[u8], server: &[u8], port| {
        Arc::new(FdRow {
            num,
            type_char: letter,
            name: text("a socket"),
            l4proto: 1,
            role: 1,
            client_ip: text(client),
            client_port: 40_000,
            server_ip: text(server),
            server_port: port,
            flags: fd_flags::CONNECTED,
            ..FdRow::default()
        })
    };
    let v6 = |last| [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
    let v4 = socket(4, b'4', &[10, 0, 0, 1], &[10, 0, 0, 2], 443);
    let v6 = socket(5, b'6', &v6(1), &v6(2), 80);
    let mut capture = CaptureBuilder::new();
    capture
        .event(EventKind::OPENAT, &bash)
        .cpu(1)
        .fd(&file)
        .path("/etc/ssh/Key.PEM")
        .param("fd", 3)
        .param("name", "Key.PEM")
        .param("flags", 1)
        .happens();
    capture.event(EventKind::CONNECT, &bash).fd(&v4).param("res", 0).happens();
    capture.event(EventKind::CONNECT, &bash).fd(&v6).param("res", -2).happens();
    capture
        .event(EventKind::READ, &bash)
        .fd(&file)
        .param("res", 6)
        .param("data", b"\x00\xca\xfe\xba\xbeA".as_slice())
        .happens();
    capture.event(EventKind::GETCWD, &bare).happens();
    capture.blocks().remove(0)
}

/// Checks conditions on one event; each is also asked with `not` in front.
fn check(event: usize, cases: &[(&str, bool)]) {
    let block = block();
    for (condition, expected) in cases {
        let positions = |condition: &str| -> Vec<u32> {
            all_matches(&program(&[condition]), &block).into_iter().map(|(seq, _)| seq).collect()
        };
        let holds = |condition: &str| positions(condition).contains(&u32::try_from(event).expect("few events"));
        assert_eq!(holds(condition), *expected, "{condition} on event {event}");
        assert_eq!(holds(&format!("not ({condition})")), !expected, "not ({condition}) on event {event}");
    }
}

#[test]
fn texts_take_every_operator_but_those_for_bytes() {
    check(
        OPENED,
        &[
            ("fd.name = /etc/ssh/Key.PEM", true),
            ("fd.name == '/etc/ssh/Key.PEM'", true),
            ("fd.name = /etc/ssh/key.pem", false),
            ("fd.name != \"\"", true),
            ("fd.name != /etc/ssh/Key.PEM", false),
            ("proc.name < 5", false),
            ("proc.name > 5", true),
            ("proc.name <= 5", false),
            ("proc.name >= 0x5", true),
            ("fd.name contains ssh", true),
            ("fd.name contains SSH", false),
            ("fd.name contains \"\"", true),
            ("fd.name icontains KEY.pem", true),
            ("fd.name startswith /etc/", true),
            ("fd.name startswith etc", false),
            ("fd.name endswith .PEM", true),
            ("fd.name endswith .pem", false),
            ("fd.name in (/etc/passwd, /etc/ssh/Key.PEM)", true),
            ("fd.name in (/etc/passwd)", false),
            ("fd.name in ()", false),
            ("fd.name intersects (/etc/ssh/Key.PEM)", true),
            ("fd.name pmatch (/usr, /etc/)", true),
            ("fd.name pmatch (/etc/ss)", false),
            ("fd.name pmatch (/*/ssh)", true),
            ("fd.name pmatch (/*/*.PEM)", false),
            ("fd.name pmatch ()", false),
            ("fd.name exists", true),
            ("fd.name glob /etc/*", true),
            ("fd.name glob /etc/*.pem", false),
            ("fd.name iglob /ETC/*.pem", true),
            ("fd.name glob '/etc/ssh/[[:upper:]]*'", true),
            ("fd.name regex '/etc/[a-z]+/.*'", true),
            ("fd.name regex etc", false),
            // What the engine cannot read matches nothing.
            ("fd.name regex '/etc/\\\\w+/.*'", false),
        ],
    );
}

#[test]
fn numbers_are_equal_ordered_and_among_others() {
    check(
        OPENED,
        &[
            ("fd.num = 3", true),
            ("fd.num = 0x3", true),
            ("fd.num = +3", true),
            ("fd.num != -3", true),
            ("fd.num < 4", true),
            ("fd.num <= 3", true),
            ("fd.num > 3", false),
            ("fd.num >= 0X03", true),
            ("fd.num in (1, 2, 3)", true),
            ("fd.num in (1, 2)", false),
            ("fd.num intersects (3)", true),
            ("fd.num exists", true),
            ("evt.cpu = 1", true),
            ("proc.tty = 34816", true),
            ("proc.tty > 18446744", false),
            ("user.uid = 0", true),
            ("evt.rawtime > 1000", true),
            ("evt.num in (18446744073709551615)", false),
            ("proc.duration >= 0", true),
        ],
    );
    check(CONNECTED6, &[("evt.rawres < 0", true), ("evt.rawres = -2", true), ("evt.rawarg.res < 0", true)]);
}

#[test]
fn truths_are_equal_or_not() {
    check(
        OPENED,
        &[
            ("evt.is_open_read = true", true),
            ("evt.is_open_read != false", true),
            ("evt.is_open_read = false", false),
            ("evt.is_open_read in (true, false)", true),
            ("evt.is_open_write intersects (true)", false),
            ("evt.is_open_write exists", true),
        ],
    );
}

#[test]
fn addresses_networks_and_ports_of_both_versions() {
    check(
        CONNECTED,
        &[
            ("fd.sip = 10.0.0.2", true),
            ("fd.sip = 10.0.0.1", false),
            ("fd.sip != 10.0.0.1", true),
            ("fd.sip = '2001:db8::2'", false),
            ("fd.sip != '2001:db8::2'", true),
            ("fd.sip in (10.0.0.1, 10.0.0.2)", true),
            ("fd.cip intersects (10.0.0.1)", true),
            ("fd.snet = 10.0.0.0/8", true),
            ("fd.snet != 10.0.0.0/8", false),
            ("fd.snet in (192.168.0.0/16, 10.0.0.2/32)", true),
            ("fd.snet = '2001:db8::/32'", false),
            ("fd.sport = 443", true),
            ("fd.sport = 0x1bb", true),
            ("fd.sport = \"\"", false),
            ("fd.sport < 1024", true),
            ("fd.sport in (80, 443)", true),
            // Either end may be equal, and both must differ.
            ("fd.ip = 10.0.0.1", true),
            ("fd.ip = 10.0.0.3", false),
            ("fd.ip != 10.0.0.1", false),
            ("fd.ip != 10.0.0.3", true),
            ("fd.net = 10.0.0.2/32", true),
            ("fd.port = 40000", true),
            ("fd.port != 443", false),
        ],
    );
    check(
        CONNECTED6,
        &[
            ("fd.sip = '2001:db8::2'", true),
            ("fd.sip = 2001:db8:0:0::2", true),
            ("fd.sip = 10.0.0.2", false),
            ("fd.snet in ('2001:db8::/32')", true),
            ("fd.snet = 0.0.0.0/0", false),
            ("fd.ip in ('2001:db8::1', 10.0.0.1)", true),
        ],
    );
}

#[test]
fn bytes_are_compared_as_text_and_in_hexadecimal_digits() {
    check(
        READ,
        &[
            ("evt.buffer bcontains cafebabe", true),
            ("evt.buffer bcontains CAFEBABE", true),
            ("evt.buffer bcontains beef", false),
            ("evt.buffer bstartswith 00ca", true),
            ("evt.buffer bstartswith cafe", false),
            ("evt.buffer contains A", true),
            ("evt.buffer endswith A", true),
            ("evt.buffer startswith A", false),
            ("evt.buffer bcontains anyof (beef, babe)", true),
            ("evt.buffer bcontains allof (beef, babe)", false),
            ("evt.buffer bstartswith oneof (00, 00ca)", false),
            ("len(evt.buffer) = 6", true),
        ],
    );
}

#[test]
fn modifiers_count_the_values_that_fit() {
    check(
        OPENED,
        &[
            ("proc.name = oneof (Bash, sh)", true),
            ("proc.name = oneof (Bash, Bash)", false),
            ("proc.name = oneof (sh)", false),
            ("proc.name = anyof (sh, Bash, Bash)", true),
            ("proc.name = anyof (sh, zsh)", false),
            ("proc.name = allof (Bash, Bash)", true),
            ("proc.name = allof (Bash, sh)", false),
            ("proc.name != oneof (Bash, sh)", true),
            ("proc.name != oneof (zsh, sh)", false),
            ("proc.name != anyof (Bash, sh)", true),
            ("proc.name != anyof (Bash)", false),
            ("proc.name != allof (zsh, sh)", true),
            ("proc.name != allof (Bash, sh)", false),
            ("proc.name contains oneof (Ba, as)", false),
            ("proc.name contains anyof (Ba, as)", true),
            ("proc.name contains allof (Ba, as)", true),
            ("proc.name icontains oneof (BA, X)", true),
            ("proc.name startswith anyof (zs, Ba)", true),
            ("proc.name startswith allof (B, Bas)", true),
            ("proc.name endswith oneof (sh, h)", false),
            ("proc.name glob anyof (z*, B?sh)", true),
            ("proc.name iglob allof (b*, *H)", true),
            ("proc.name regex oneof (B.*, .*h)", false),
            ("proc.name regex anyof (x.*, .*h)", true),
            ("fd.num = anyof (1, 3)", true),
            ("fd.num != allof (1, 2)", true),
            ("fd.num = oneof (3, 0x3)", false),
            ("tolower(proc.name) = anyof (bash, sh)", true),
            ("evt.type = anyof (open, openat)", true),
            ("evt.type != allof (open, openat)", false),
            // Of an empty list no value fits, and there are not all of them either.
            ("proc.name = anyof ()", false),
            ("proc.name = allof ()", false),
            ("proc.name != allof ()", false),
            ("proc.name != oneof ()", false),
            // Without a list it is a word.
            ("proc.name = anyof", false),
            ("proc.name != oneof and fd.num = 3", true),
            // Each value may be another ancestor's.
            ("proc.aname = oneof (nginx, init)", true),
        ],
    );
    check(
        CONNECTED,
        &[
            ("fd.ip = anyof (10.0.0.9, 10.0.0.2)", true),
            ("fd.ip = allof (10.0.0.1, 10.0.0.2)", true),
            ("fd.ip = oneof (10.0.0.1, 10.0.0.2)", false),
            ("fd.ip != allof (10.0.0.8, 10.0.0.9)", true),
            ("fd.ip != allof (10.0.0.8, 10.0.0.1)", false),
            ("fd.snet = anyof (192.168.0.0/16, 10.0.0.0/8)", true),
            ("fd.sport = anyof (80, 443)", true),
        ],
    );
    check(BARE, &[("fd.name != allof (a)", false), ("fd.name = anyof (a)", false), ("fd.num != oneof (1)", false)]);
}

#[test]
fn transformers_change_what_is_compared() {
    check(
        OPENED,
        &[
            ("tolower(proc.name) = bash", true),
            ("toupper(proc.name) = BASH", true),
            ("tolower(toupper(proc.name)) = bash", true),
            ("b64(proc.exe) = hello", true),
            ("toupper(b64(proc.exe)) in (HELLO)", true),
            ("b64(proc.name) startswith x", false),
            ("basename(proc.exepath) = Bash", true),
            ("basename(proc.cwd) = \"\"", true),
            ("tolower(basename(proc.exepath)) startswith ba", true),
            ("len(proc.name) = 4", true),
            ("len(proc.name) > 4", false),
            ("len(basename(proc.exepath)) in (1, 4)", true),
            ("tolower( proc.name ) = bash", true),
            ("toupper(proc.name) exists", true),
            ("basename(proc.env[HOME]) = root", true),
            ("tolower(evt.arg.flags) contains o_rdonly", true),
            // What is no base64 has no value.
            ("b64(fd.name) exists", false),
        ],
    );
    // What is missing stays missing.
    check(
        BARE,
        &[
            ("tolower(fd.name) exists", false),
            ("tolower(fd.name) != x", false),
            ("len(fd.name) >= 0", false),
            ("basename(fd.name) = \"\"", false),
            ("b64(fd.name) = \"\"", false),
        ],
    );
}

#[test]
fn functions_make_one_value_of_several() {
    check(
        OPENED,
        &[
            ("concat(proc.name, \":\", proc.pname) = Bash:nginx", true),
            ("concat(\"a\", \"b\", \"c\") = abc", true),
            ("concat(proc.name, 12) = Bash12", true),
            ("concat(toupper(proc.name), concat(\"-\", user.name)) = BASH-root", true),
            ("tolower(concat(proc.name, fd.typechar)) startswith bashf", true),
            ("len(concat(proc.name, proc.pname)) = 9", true),
            ("b64(concat(\"YWFh\", \"YmJi\")) = aaabbb", true),
            ("concat(proc.name, fd.filename) in (BashKey.PEM)", true),
            ("join(\"-\", (proc.name, \"x\", proc.pname)) = Bash-x-nginx", true),
            ("join(\"-\", (fd.num, user.uid, evt.is_open_read)) = 3-0-true", true),
            ("join(\",\", (\"a\")) = a", true),
            ("join(\",\", ()) = \"\"", true),
            ("join(proc.name, (\"1\", \"2\")) = 1Bash2", true),
            ("join(\"-\", (\"a\", join(\"+\", (\"b\", proc.name)))) = a-b+Bash", true),
            ("toupper(join(\"->\", (proc.pname, proc.name))) = NGINX->BASH", true),
            ("getopt((\"-n\", \"-t\", \"x\", \"-q\"), \"nt:\") in (n, t, x, \"?\")", true),
            ("getopt((\"-n\", \"-t\", \"x\"), \"nt:\") in (n, t)", false),
            ("getopt((\"-nt\", \"x\", \"-z\"), \"nt:\") intersects (x)", true),
            ("getopt((\"-tvalue\"), \"t:\") intersects (value)", true),
            ("getopt((\"--name\", \"-n\", \"word\", \"-t\"), \"nt\") in (n)", true),
            ("getopt((\"-n\", \"--\", \"-t\"), \"nt\") intersects (t)", false),
            ("getopt((\"-t\", \"a\", \"-t\", \"b\"), \"t:\")[t] = b", true),
            ("getopt((\"-t\"), \"t:\")[t] = \"\"", true),
            ("getopt((\"-n\"), \"nt:\")[t] exists", false),
            ("getopt((\"-n\"), \"nt:\")[n] = n", true),
            ("len(getopt((\"-n\", \"-t\", \"x\"), \"nt:\")) = 3", true),
            ("getopt((\"-n\", proc.name), \"n:\")[n] = Bash", true),
        ],
    );
    check(
        BARE,
        &[
            ("concat(fd.name, \"x\") exists", false),
            ("concat(\"x\", \"y\") = xy", true),
            ("join(\"-\", (\"a\", fd.name)) exists", false),
            ("join(fd.name, (\"a\")) exists", false),
        ],
    );
}

#[test]
fn fields_are_compared_with_fields() {
    check(
        OPENED,
        &[
            ("proc.pid = val(proc.vpid)", true),
            ("proc.pid != val(proc.ppid)", true),
            ("proc.pid > val(proc.ppid)", true),
            ("proc.name = val(proc.pname)", false),
            ("tolower(proc.name) = val(proc.pexe)", true),
            ("tolower(proc.name) = tolower(proc.pexe)", true),
            ("proc.exepath endswith val(proc.name)", true),
            ("proc.exepath contains val( proc.name )", true),
            ("proc.exepath startswith val(proc.name)", false),
            ("proc.name in val(proc.pname)", false),
            ("proc.exepath icontains toupper(proc.name)", true),
            ("fd.name glob val(fs.path.name)", true),
            ("fd.name = val(fs.path.name)", true),
            ("proc.exepath = concat(\"/usr/bin/\", proc.name)", true),
            ("len(proc.name) < len(proc.exepath)", true),
            ("proc.env[HOME] = val(proc.cwd)", false),
            // Of two tables and of the event.
            ("fs.path.name = val(fd.name)", true),
            ("fd.filename != val(proc.name)", true),
        ],
    );
    check(
        CONNECTED,
        &[("fd.sip = val(fd.cip)", false), ("fd.sip != val(fd.cip)", true), ("fd.sip = val(fd.rip)", true)],
    );
    check(BARE, &[("fd.name = val(fd.nameraw)", false), ("fd.name != val(proc.name)", false)]);
}

#[test]
fn a_missing_value_fits_nothing_and_its_opposite_everything() {
    for field in ["fd.name", "fd.filename", "fd.type"] {
        for rest in
            ["= x", "!= x", "contains \"\"", "startswith \"\"", "in (x)", "pmatch (/)", "glob *", "regex .*", "exists"]
        {
            check(BARE, &[(&format!("{field} {rest}"), false)]);
        }
    }
    for rest in ["= 1", "!= 1", "< 1", ">= -1", "in (1)", "exists"] {
        check(BARE, &[(&format!("fd.num {rest}"), false)]);
    }
    check(BARE, &[("fd.sip != 1.1.1.1", false), ("fd.ip != 1.1.1.1", false), ("fd.snet != 1.1.1.0/24", false)]);
    // A list that was not recorded has no values, not none of them.
    check(OPENED, &[("fd.types exists", false), ("fd.types in (file)", false), ("len(fd.types) = 0", false)]);
}
