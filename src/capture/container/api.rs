//! The sockets on which Docker's daemon and Podman's service answer questions: the second source, after their files.
//!
//! A question is one HTTP request over a connection of its own, with a limit on its time and on the answer's length; no
//! library for it is worth its weight. A socket may be one on which systemd listens to start the daemon, so nothing is
//! asked that files have answered. containerd and CRI-O speak gRPC, which takes an HTTP/2 stack; their files hold
//! everything that the daemons could say, those of containerd its database included.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::details::RuntimeContainer;
use super::docker::inspect;

/// How long an answer may take. A daemon gives it in some milliseconds.
const PATIENCE: Duration = Duration::from_millis(500);

/// The longest answer that is read, in bytes. They have some 10 kilobytes.
const ANSWER_LIMIT: usize = 4 << 20;

/// How long a socket that did not answer is left alone.
const REST: Duration = Duration::from_secs(10);

/// Docker's socket, and the one of Podman's service for root; those of users are below `/run/user`.
const DEFAULT_SOCKETS: [&str; 2] = ["/run/docker.sock", "/run/podman/podman.sock"];

/// The usual sockets that are there.
pub(super) fn usual_sockets() -> Vec<PathBuf> {
    let users = std::fs::read_dir("/run/user").into_iter().flatten().flatten();
    let mut of_users: Vec<_> = users.map(|user| user.path().join("podman/podman.sock")).collect();
    of_users.sort();
    let all = DEFAULT_SOCKETS.into_iter().map(PathBuf::from).chain(of_users);
    all.filter(|socket| is_socket(socket)).collect()
}

/// Whether there is a socket at this path. Whether anybody listens is not tried.
pub(super) fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
}

/// Sockets that may be asked.
#[derive(Debug, Default)]
pub(super) struct Api {
    /// Each with the time until which it is left alone.
    sockets: Mutex<Vec<(PathBuf, Option<Instant>)>>,
}

impl Api {
    pub(super) fn new(sockets: &[PathBuf]) -> Api {
        Api { sockets: Mutex::new(sockets.iter().map(|socket| (socket.clone(), None)).collect()) }
    }

    /// Asks for a container by id or name: its full id and everything that is said of it by the first who knows it.
    pub(super) fn find(&self, wanted: &str) -> Option<(String, RuntimeContainer)> {
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        sockets.iter_mut().find_map(|(socket, rests_until)| {
            let now = Instant::now();
            if rests_until.is_some_and(|until| now < until) {
                return None;
            }
            match ask(socket, wanted, now + PATIENCE) {
                Ok(found) => found,
                Err(_) => {
                    *rests_until = Some(now + REST);
                    None
                }
            }
        })
    }
}

/// Asks one socket. An error says that it cannot be asked; that it does not know the container is none.
fn ask(socket: &Path, wanted: &str, deadline: Instant) -> io::Result<Option<(String, RuntimeContainer)>> {
    // Tells who answers, too.
    let version = get(socket, "/_ping", deadline)?;
    let runtime = if version.server.starts_with("Libpod") { "podman" } else { "docker" };
    let failed = std::cell::Cell::new(None);
    let body = |path: &str| match get(socket, path, deadline) {
        Ok(answer) => (answer.status == 200).then_some(answer.body),
        Err(error) => {
            failed.set(Some(error));
            None
        }
    };
    let found = inspect(runtime, wanted, &body);
    match failed.take() {
        Some(error) if found.is_none() => Err(error),
        Some(_) | None => Ok(found),
    }
}

/// An answer.
#[derive(Debug)]
struct Answer {
    status: u16,
    /// Which program answered.
    server: String,
    body: Vec<u8>,
}

/// One request. HTTP/1.0 has the daemon send the answer in one piece and end the connection.
fn get(socket: &Path, path: &str, deadline: Instant) -> io::Result<Answer> {
    let mut stream = UnixStream::connect(socket)?;
    let left = || match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(io::Error::from(io::ErrorKind::TimedOut)),
        left => Ok(Some(left)),
    };
    stream.set_write_timeout(left()?)?;
    stream
        .write_all(format!("GET {path} HTTP/1.0\r\nHost: localhost\r\nAccept: application/json\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        stream.set_read_timeout(left()?)?;
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => answer.extend_from_slice(piece.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if answer.len() > ANSWER_LIMIT {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the answer is too long"));
        }
    }
    Answer::parse(&answer).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "this is no answer of HTTP"))
}

impl Answer {
    fn parse(text: &[u8]) -> Option<Answer> {
        let end = text.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
        let (head, body) = text.split_at_checked(end)?;
        let head = std::str::from_utf8(head).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
        let mut server = String::new();
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("server") {
                value.trim().clone_into(&mut server);
            }
            // In pieces with their lengths between: no answer to a request of this version is sent so.
            if name.eq_ignore_ascii_case("transfer-encoding") {
                return None;
            }
        }
        Some(Answer { status, server, body: body.get(4..)?.to_vec() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use std::os::unix::net::UnixListener;

    use super::super::docker::tests::{ID, OTHER};
    use super::*;

    /// A socket on which these answers are given, each to one request; afterwards nobody answers.
    pub(in super::super) fn serve(path: &Path, answers: Vec<String>) -> std::thread::JoinHandle<Vec<String>> {
        let listener = UnixListener::bind(path).unwrap();
        std::thread::spawn(move || {
            let requests = answers.into_iter().map(|answer| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = vec![0; 4096];
                let read = stream.read(&mut request).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
                String::from_utf8_lossy(&request[..read]).lines().next().unwrap().to_owned()
            });
            requests.collect()
        })
    }

    pub(in super::super) fn answer(status: &str, body: &str) -> String {
        format!("HTTP/1.0 {status}\r\nServer: Libpod/5.4.0 (linux)\r\n\r\n{body}")
    }

    #[test]
    fn a_container_is_asked_for_on_the_first_socket_that_knows_it() {
        let folder = tempfile::tempdir().unwrap();
        let [none, docker, podman] = ["none", "docker", "podman"].map(|name| folder.path().join(name));
        let body =
            format!(r#"{{"Id": "{ID}", "Name": "web", "State": {{"Running": true, "Pid": 7}}, "HostConfig": {{}}}}"#);
        let first = serve(&docker, vec![answer("200 OK", "OK"), answer("404 Not Found", "{}")]);
        let second = serve(&podman, vec![answer("200 OK", "OK"), answer("200 OK", &body)]);
        let api = Api::new(&[none, docker, podman]);
        let (full_id, container) = api.find(ID).unwrap();
        assert_eq!(
            (full_id.as_str(), &*container.row.name, &*container.row.runtime),
            (ID, &b"web"[..], &b"podman"[..])
        );
        let asked = format!("GET /containers/{ID}/json HTTP/1.0");
        assert_eq!(first.join().unwrap(), ["GET /_ping HTTP/1.0", &asked]);
        assert_eq!(second.join().unwrap(), ["GET /_ping HTTP/1.0", &asked]);
        assert!(api.find(OTHER).is_none(), "nobody is left to answer");
    }

    #[test]
    fn a_socket_that_does_not_answer_is_left_alone_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docker");
        let listener = UnixListener::bind(&path).unwrap();
        let api = Api::new(&[path]);
        assert!(api.find(ID).is_none());
        assert!(api.find(ID).is_none());
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_ok(), "it was asked once");
        assert!(listener.accept().is_err(), "and not a second time");
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for text in [
            "",
            "HTTP/1.0 200 OK",
            "SSH-2.0\r\n\r\n",
            "HTTP/1.0 x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            assert!(Answer::parse(text.as_bytes()).is_none(), "{text}");
        }
        let plain = Answer::parse(b"HTTP/1.1 404 Not Found\r\n\r\nno").unwrap();
        assert_eq!((plain.status, plain.body.as_slice()), (404, &b"no"[..]));
    }
}
