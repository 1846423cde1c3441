//! Where a capture goes: checked before anything starts, opened when something is to be written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use crate::named_output::NamedOutput;
use crate::source::is_standard;

/// Where a capture goes.
#[derive(Debug)]
pub(crate) enum Destination {
    /// Standard output, as it was when the program started.
    Stdout(OwnedFd),
    /// A file.
    File {
        /// Its path.
        path: PathBuf,
        /// Whether it may be overwritten.
        force: bool,
    },
}

impl Destination {
    /// Checks what `-o` says, without touching anything.
    pub(crate) fn check(path: &Path, force: bool) -> anyhow::Result<Destination> {
        let name = path.display();
        if is_standard(path) {
            if io::IsTerminal::is_terminal(&io::stdout()) {
                return Err(anyhow!(
                    "a capture is no text: send standard output to a file or a program, not a terminal"
                ));
            }
            let stdout = io::stdout().as_fd().try_clone_to_owned().context("standard output is closed")?;
            return Ok(Destination::Stdout(stdout));
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => return Err(anyhow!("{name}: this is a folder; give a file")),
            Ok(metadata) if metadata.is_file() && !force => {
                return Err(anyhow!("{name}: the file exists; --force writes over it"));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
                    return Err(anyhow!("{name}: there is no folder {}", folder.display()));
                }
            }
            Err(error) => return Err(error).with_context(|| format!("{name}: cannot look at it")),
        }
        Ok(Destination::File { path: path.to_owned(), force })
    }

    /// Opens it for writing. A file that must not be overwritten is made anew, even if it appeared since the check.
    pub(crate) fn open(&self) -> anyhow::Result<Box<dyn Write + Send>> {
        match self {
            Destination::Stdout(stdout) => Ok(Box::new(NamedOutput::new(self.name(), File::from(stdout.try_clone()?)))),
            Destination::File { path, force } => {
                let is_special = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
                let mut options = OpenOptions::new();
                options.write(true);
                if *force {
                    options.create(true).truncate(true);
                } else if !is_special {
                    options.create_new(true);
                }
                let file: File = options.open(path).with_context(|| format!("{}: cannot create it", path.display()))?;
                Ok(Box::new(NamedOutput::new(self.name(), file)))
            }
        }
    }

    #[cfg(feature = "record")]
    /// Before a command starts: if the capture goes to standard output, what the command prints there must not get
    /// into it and goes to standard error.
    pub(crate) fn divert_command_output(&self) -> io::Result<()> {
        match self {
            Destination::File { .. } => Ok(()),
            Destination::Stdout(_) => {
                // SAFETY: dup2 takes two numbers and no pointers; the capture's writer has a descriptor of its own.
                match unsafe { libc::dup2(libc::STDERR_FILENO, libc::STDOUT_FILENO) } {
                    -1 => Err(io::Error::last_os_error()),
                    _ => Ok(()),
                }
            }
        }
    }

    /// For messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Destination::Stdout(_) => "standard output".to_owned(),
            Destination::File { path, .. } => path.display().to_string(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_exists_is_kept_unless_forced() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.reel");
        assert!(Destination::check(&file, false).unwrap().open().is_ok());
        assert!(Destination::check(&file, false).is_err());
        assert!(Destination::check(&file, true).unwrap().open().is_ok());
        assert!(Destination::check(folder.path(), true).is_err());
        assert!(Destination::check(&folder.path().join("none/a.reel"), true).is_err());
    }

    #[test]
    fn a_file_that_appears_after_the_check_is_kept_too() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.reel");
        let destination = Destination::check(&file, false).unwrap();
        fs::write(&file, "precious").unwrap();
        assert!(destination.open().is_err());
        assert_eq!(fs::read(&file).unwrap(), b"precious");
    }
}
