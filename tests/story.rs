//! A made-up capture for the tests of the command line: a shell in an nginx container, a reader of /etc/shadow on the
//! host, and a container named httpd that writes to /etc/passwd.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use sysreel::format::Loss;
use sysreel::format::builder::{CaptureBuilder, STORY_START_NS, text};
use sysreel::format::row::{Container, ContainerRow, FdRow, ThreadRow, UserRow};
use sysreel::format::schema::EventKind;
use tempfile::TempDir;

/// A capture in a folder of its own, which goes away with it.
pub(crate) struct StoryFile {
    folder: TempDir,
    path: PathBuf,
}

impl StoryFile {
    /// The path, as an argument.
    pub(crate) fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// Another file in the folder, with this content.
    pub(crate) fn beside(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// What is in it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.path).unwrap()
    }
}

/// Writes a capture to disk.
pub(crate) fn on_disk(capture: CaptureBuilder) -> StoryFile {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("story.reel");
    std::fs::write(&path, capture.finish()).unwrap();
    StoryFile { folder, path }
}

fn container(name: &str, image: &str, id: &str) -> Arc<Container> {
    let (repository, tag) = image.split_once(':').unwrap();
    let details = ContainerRow {
        name: text(name),
        runtime: text("docker"),
        image: text(image),
        image_repository: text(repository),
        image_tag: text(tag),
        privileged: Some(false),
        ..ContainerRow::default()
    };
    Arc::new(Container {
        id: text(id),
        full_id: text(id.repeat(6)),
        details: OnceLock::from(details),
        ..Container::default()
    })
}

fn process(name: &str, pid: i64, parent: &Arc<ThreadRow>) -> ThreadRow {
    ThreadRow {
        tid: pid,
        pid,
        vtid: pid,
        vpid: pid,
        ppid: parent.pid,
        parent: Some(Arc::clone(parent)),
        comm: text(name),
        exe: text(name),
        exepath: text(format!("/usr/bin/{name}")),
        user: Some(Arc::new(UserRow { uid: 0, name: text("root"), ..UserRow::default() })),
        container: parent.container.clone(),
        ..ThreadRow::default()
    }
}

fn write_open(capture: &mut CaptureBuilder, thread: &Arc<ThreadRow>, path: &str, flags: i64) {
    let fd = Arc::new(FdRow { num: 3, type_char: b'f', name: text(path), ..FdRow::default() });
    let event = capture.event(EventKind::OPENAT, thread).after_ns(1_000_000_000).fd(&fd).path(path);
    event.param("fd", 3).param("dirfd", -100).param("name", path).param("flags", flags).happens();
}

/// The story: three blocks, an alert in each, and 10 seconds between the first and the last.
pub(crate) fn story() -> CaptureBuilder {
    let mut capture = CaptureBuilder::new();
    let init = Arc::new(ThreadRow { tid: 1, pid: 1, comm: text("init"), ..ThreadRow::default() });
    let shim = |name: &str, image: &str, id: &str| {
        let shim = Arc::new(process("containerd-shim", 50, &init));
        let mut sh = process("sh", 100, &shim);
        sh.container = Some(container(name, image, id));
        sh
    };

    let shell = Arc::new(ThreadRow { tty: 34_816, ..shim("web", "nginx:1.21", "3f1a2b4c5d6e") });
    capture.event(EventKind::EXECVE, &shell).at_ns(STORY_START_NS).param("res", 0).happens();
    let mkdir = Arc::new(process("mkdir", 101, &shell));
    let event = capture.event(EventKind::MKDIR, &mkdir).after_ns(1_500_000_000).path("/root/falco");
    event.param("res", 0).param("path", "falco").param("mode", 0o755).happens();
    capture.end_block();

    let cat = Arc::new(process("cat", 200, &init));
    write_open(&mut capture, &cat, "/etc/shadow", 1);
    capture.end_block();

    let httpd = Arc::new(shim("httpd", "httpd:2.4", "7a8b9c0d1e2f"));
    for _ in 0..7 {
        write_open(&mut capture, &httpd, "/tmp/scratch", 2);
    }
    write_open(&mut capture, &httpd, "/etc/passwd", 2 | 4);
    capture
}

/// The story with a loss of 42 events in its last block.
pub(crate) fn lossy_story() -> CaptureBuilder {
    let mut capture = story();
    capture.loss(Loss {
        cpu: 0,
        kind: Some(EventKind::OPENAT),
        count: 42,
        first_ts_ns: STORY_START_NS,
        last_ts_ns: STORY_START_NS + 5,
    });
    capture
}
