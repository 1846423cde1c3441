//! A runtime's daemon with a folder of its own, both of which end with the test.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A daemon that runs.
pub(crate) struct Daemon {
    folder: TempDir,
    child: Child,
}

impl Daemon {
    /// Starts it and waits until it answers. `arguments` and `answers` are given the folder in which it keeps its files.
    pub(crate) fn start(
        program: &str,
        arguments: impl FnOnce(&Path) -> Vec<String>,
        answers: impl Fn(&Path) -> bool,
    ) -> Daemon {
        let folder = TempDir::new().unwrap();
        let log_path = folder.path().join("log");
        let log = std::fs::File::create(&log_path).unwrap();
        let child = Command::new(program)
            .args(arguments(folder.path()))
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{program} is to be installed: {error}"));
        let daemon = Daemon { folder, child };
        let started = Instant::now();
        while !answers(daemon.folder()) {
            if started.elapsed() > Duration::from_secs(60) {
                panic!("{program} does not answer:\n{}", std::fs::read_to_string(log_path).unwrap());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        daemon
    }

    /// Where it keeps its files; tests may put theirs there.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path in its folder.
    pub(crate) fn path(&self, name: &str) -> String {
        path_in(self.folder(), name)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// A path as an argument.
pub(crate) fn path_in(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

/// Runs a client of a daemon's.
pub(crate) fn client(program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program} is to be installed: {error}"))
}

/// What a client's run gave on standard output; it must have succeeded.
pub(crate) fn output_of_success(output: Output, arguments: &[&str]) -> String {
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
