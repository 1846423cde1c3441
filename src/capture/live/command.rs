//! A command that is started but waits, so that a recording can be set on it before its first instruction.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread::JoinHandle;

/// Why a command does not run.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// There is nothing to run.
    #[error("no command given")]
    Empty,
    /// It was not found in `PATH`, or the kernel refused to run it.
    #[error("cannot run {}: {source}", program.display())]
    Exec {
        /// As it was given.
        program: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The process in which it would run could not be made.
    #[error("cannot start a process: {0}")]
    Spawn(#[source] io::Error),
    /// The process is gone, and how it ended is not known.
    #[error("cannot wait for the command: {0}")]
    Wait(#[source] io::Error),
}

impl CommandError {
    /// The status that a shell gives for it: 127 if the command was not found, else 126.
    pub fn exit_code(&self) -> u8 {
        match self {
            CommandError::Exec { source, .. } if source.kind() == io::ErrorKind::NotFound => 127,
            CommandError::Empty | CommandError::Exec { .. } | CommandError::Spawn(_) | CommandError::Wait(_) => 126,
        }
    }
}

/// A process that will run a command as soon as it is released. Dropped before that, it ends without having run it.
#[derive(Debug)]
pub struct HeldCommand {
    program: PathBuf,
    pid: u32,
    gate: Option<File>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The thread waits until the child has replaced its image, which it does once it is released.
    Starting(JoinHandle<io::Result<Child>>),
    Running(Child),
    Ended(ExitStatus),
    Lost,
}

impl HeldCommand {
    /// Makes the process. `argv` is the command and its arguments; a command without a slash is looked up in `PATH`
    /// now, so that the only thing left to the new process is one execve.
    pub fn spawn<S: AsRef<OsStr>>(argv: &[S]) -> Result<HeldCommand, CommandError> {
        let (program, args) = argv.split_first().ok_or(CommandError::Empty)?;
        let program = program.as_ref();
        let found = find_program(program, std::env::var_os("PATH").as_deref())
            .map_err(|source| CommandError::Exec { program: PathBuf::from(program), source })?;
        let (mut pid_reader, pid_writer) = pipe().map_err(CommandError::Spawn)?;
        let (gate_reader, gate) = pipe().map_err(CommandError::Spawn)?;
        let child_fds = ChildFds {
            pid_writer: pid_writer.as_raw_fd(),
            gate_reader: gate_reader.as_raw_fd(),
            gate: gate.as_raw_fd(),
        };
        let mut command = Command::new(found);
        command.arg0(program).args(args);
        // SAFETY: the closure only calls getpid, write, close and read, all of them async-signal-safe.
        unsafe { command.pre_exec(move || child_fds.wait_for_release()) };
        // `Command::spawn` returns when the new image is in place, and that waits for the release.
        let thread = std::thread::Builder::new()
            .name("held-command".to_owned())
            .spawn(move || {
                let child = command.spawn();
                drop((pid_writer, gate_reader));
                child
            })
            .map_err(CommandError::Spawn)?;
        let mut pid = [0; 4];
        let told = pid_reader.read_exact(&mut pid);
        let held = HeldCommand {
            program: PathBuf::from(program),
            pid: u32::from_ne_bytes(pid),
            gate: Some(gate),
            state: State::Starting(thread),
        };
        match told {
            Ok(()) => Ok(held),
            // The child ended before it could say its number: the thread knows why.
            Err(error) => match held.finish_start() {
                Err(reason) => Err(reason),
                Ok(_) => Err(CommandError::Spawn(error)),
            },
        }
    }

    /// The process; its execve does not change the number.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Lets the command run. Returns when its image is in place, or with the reason why it cannot run.
    pub fn release(&mut self) -> Result<(), CommandError> {
        if let Some(mut gate) = self.gate.take() {
            // A failure means that the process is gone: the thread knows how.
            let _ = gate.write_all(&[1]);
        }
        self.join()
    }

    /// Sends a signal to the process, if it has not ended.
    pub fn signal(&self, signal: i32) {
        match self.state {
            State::Starting(_) | State::Running(_) => {
                let Ok(pid) = libc::pid_t::try_from(self.pid) else { return };
                // SAFETY: kill takes no pointers; the process is ours and not yet waited for, so the number is its own.
                unsafe { libc::kill(pid, signal) };
            }
            State::Ended(_) | State::Lost => {}
        }
    }

    /// How the command ended, if it has.
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>, CommandError> {
        self.join()?;
        if let State::Running(child) = &mut self.state
            && let Some(status) = child.try_wait().map_err(CommandError::Wait)?
        {
            self.state = State::Ended(status);
        }
        match self.state {
            State::Ended(status) => Ok(Some(status)),
            State::Starting(_) | State::Running(_) | State::Lost => Ok(None),
        }
    }

    /// Waits until the command has ended.
    pub fn wait(&mut self) -> Result<ExitStatus, CommandError> {
        self.join()?;
        if let State::Running(child) = &mut self.state {
            self.state = State::Ended(child.wait().map_err(CommandError::Wait)?);
        }
        match self.state {
            State::Ended(status) => Ok(status),
            State::Starting(_) | State::Running(_) | State::Lost => {
                Err(CommandError::Wait(io::Error::other("it was not started")))
            }
        }
    }

    /// Takes the outcome of the start, once the command was released.
    fn join(&mut self) -> Result<(), CommandError> {
        if self.gate.is_some() || !matches!(self.state, State::Starting(_)) {
            return Ok(());
        }
        let State::Starting(thread) = std::mem::replace(&mut self.state, State::Lost) else { return Ok(()) };
        let child = thread.join().map_err(|_| CommandError::Spawn(io::Error::other("the starting thread failed")))?;
        let child = child.map_err(|source| CommandError::Exec { program: self.program.clone(), source })?;
        self.state = State::Running(child);
        Ok(())
    }

    fn finish_start(mut self) -> Result<(), CommandError> {
        self.gate = None;
        self.join()
    }
}

impl Drop for HeldCommand {
    fn drop(&mut self) {
        // Without the gate a child that still waits gives up; then its thread ends.
        if self.gate.take().is_some() {
            let _ = self.join();
        }
    }
}

/// What the new process needs of the two pipes.
#[derive(Clone, Copy)]
struct ChildFds {
    pid_writer: RawFd,
    gate_reader: RawFd,
    gate: RawFd,
}

impl ChildFds {
    /// Runs in the new process: says its number, then waits for one byte. No byte means that it is not wanted.
    fn wait_for_release(self) -> io::Result<()> {
        // SAFETY: getpid has no arguments; the pointers are to live local arrays of the given lengths; the descriptors
        // are copies that this process owns and nothing else in it uses.
        unsafe {
            let pid = libc::getpid().to_ne_bytes();
            if libc::write(self.pid_writer, pid.as_ptr().cast(), pid.len()) != 4 {
                return Err(io::Error::last_os_error());
            }
            // Its own copy of the gate would keep the pipe open after the recorder has closed it.
            libc::close(self.gate);
            let mut byte = [0_u8; 1];
            loop {
                match libc::read(self.gate_reader, byte.as_mut_ptr().cast(), 1) {
                    1 => return Ok(()),
                    0 => return Err(io::Error::from_raw_os_error(libc::ECANCELED)),
                    _ if *libc::__errno_location() == libc::EINTR => {}
                    _ => return Err(io::Error::last_os_error()),
                }
            }
        }
    }
}

/// A pipe whose ends close at execve: reader, writer.
fn pipe() -> io::Result<(File, File)> {
    let mut fds = [0; 2];
    // SAFETY: `fds` is an array of two ints that lives through the call.
    if unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made both descriptors for us alone.
    let [reader, writer] = fds.map(|fd| File::from(unsafe { OwnedFd::from_raw_fd(fd) }));
    Ok((reader, writer))
}

/// The file that a command means, as execvp(3) looks it up: the first executable file in `PATH`.
fn find_program(program: &OsStr, path: Option<&OsStr>) -> io::Result<PathBuf> {
    if program.as_encoded_bytes().contains(&b'/') {
        return Ok(PathBuf::from(program));
    }
    let default = OsString::from("/bin:/usr/bin");
    let mut error = io::Error::from_raw_os_error(libc::ENOENT);
    for folder in std::env::split_paths(path.unwrap_or(&default)) {
        let candidate = if folder.as_os_str().is_empty() { Path::new(".").join(program) } else { folder.join(program) };
        match candidate.metadata() {
            Ok(file) if file.is_file() && file.permissions().mode() & 0o111 != 0 => return Ok(candidate),
            Ok(file) if file.is_file() => error = io::Error::from_raw_os_error(libc::EACCES),
            Ok(_) | Err(_) => {}
        }
    }
    Err(error)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_held_command_runs_only_when_released() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let script = format!("echo x > {}; exit 7", mark.display());
        let mut held = HeldCommand::spawn(&["sh", "-c", &script]).unwrap();
        assert!(Path::new(&format!("/proc/{}", held.pid())).exists());
        assert!(!mark.exists());
        assert!(held.try_wait().unwrap().is_none());
        held.release().unwrap();
        assert_eq!(held.wait().unwrap().code(), Some(7));
        assert!(mark.exists());
        assert_eq!(held.try_wait().unwrap().unwrap().code(), Some(7));
    }

    #[test]
    fn a_command_dropped_before_its_release_never_runs() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let held = HeldCommand::spawn(&["touch", mark.to_str().unwrap()]).unwrap();
        let pid = held.pid();
        drop(held);
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
        assert!(!mark.exists());
    }

    #[test]
    fn what_cannot_run_is_told_as_a_shell_tells_it() {
        let error = HeldCommand::spawn(&["no-such-command-anywhere"]).unwrap_err();
        assert_eq!(error.exit_code(), 127);
        assert!(error.to_string().starts_with("cannot run no-such-command-anywhere: No such file"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plain");
        std::fs::write(&file, "x").unwrap();
        let mut held = HeldCommand::spawn(&[&file]).unwrap();
        assert_eq!(held.release().unwrap_err().exit_code(), 126);
        let mut held = HeldCommand::spawn(&[folder.path().join("absent")]).unwrap();
        assert_eq!(held.release().unwrap_err().exit_code(), 127);
        assert_eq!(HeldCommand::spawn::<&str>(&[]).unwrap_err().exit_code(), 126);
    }

    #[test]
    fn a_signal_reaches_the_command() {
        use std::os::unix::process::ExitStatusExt;
        let mut held = HeldCommand::spawn(&["sleep", "60"]).unwrap();
        held.release().unwrap();
        held.signal(libc::SIGTERM);
        assert_eq!(held.wait().unwrap().signal(), Some(libc::SIGTERM));
    }
}
