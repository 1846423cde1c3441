//! A recording that runs beside the test, for what happens while it does.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::binary::{Run, command};

/// A recording on its way.
pub(crate) struct Recording {
    child: Child,
}

impl Recording {
    /// Records with these options into `capture`, a file that is not there yet, and waits until it does.
    pub(crate) fn start(capture: &str, options: &[&str]) -> Recording {
        let child = command()
            .args(["record", "-o", capture])
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let started = Instant::now();
        while !Path::new(capture).exists() {
            assert!(started.elapsed() < patience(), "the recording did not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        // the file is opened when the programs are attached
        Recording { child }
    }

    /// The recorder's process.
    pub(crate) fn child(&self) -> &Child {
        &self.child
    }

    /// Ends it as Ctrl-C does, and waits for it.
    pub(crate) fn interrupt(self) -> Run {
        assert!(Command::new("kill").args(["-s", "INT", &self.child.id().to_string()]).status().unwrap().success());
        self.child.wait_with_output().unwrap().into()
    }
}

/// How long a recording may take to begin: SYSREEL_TEST_PATIENCE in seconds, which emulated machines need more of.
pub(crate) fn patience() -> Duration {
    let seconds = std::env::var("SYSREEL_TEST_PATIENCE").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(20))
}
