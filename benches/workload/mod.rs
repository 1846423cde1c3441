//! A made-up workload that looks like a build: on two processors, compilers are started one after the other, search
//! for headers, open, map and read them, write an object file and exit. The same events for the same seed.

use std::sync::Arc;

use sysreel::format::builder::{STORY_START_NS, StoryValue, text};
use sysreel::format::row::{Container, Event, FdRow, GroupRow, ThreadRow, UserRow, Value};
use sysreel::format::schema::EventKind;
use sysreel::format::{BlockBuilder, BlockOptions};

/// Events to push into blocks.
pub(crate) struct Workload {
    events: Vec<OwnedEvent>,
}

struct OwnedEvent {
    kind: EventKind,
    ts_ns: u64,
    cpu: u16,
    thread: Arc<ThreadRow>,
    fd: Option<Arc<FdRow>>,
    path: Option<Vec<u8>>,
    params: Vec<StoryValue>,
}

/// xorshift64*: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit
    }

    /// Small numbers are likely.
    fn popular(&mut self, limit: u64) -> u64 {
        let spread = self.below(limit) + 1;
        self.below(spread)
    }

    /// Time between two calls: a microsecond or so, with a long tail.
    fn pause_ns(&mut self) -> u64 {
        let scale = 1 << self.below(5);
        250 + self.below(400) * scale / 2 + if self.below(200) == 0 { self.below(200_000) } else { 0 }
    }
}

/// One compiler at work.
struct Process {
    row: Arc<ThreadRow>,
    cwd: String,
    heap: u64,
    maps: u64,
}

struct Story {
    dice: Dice,
    events: Vec<OwnedEvent>,
    now_ns: u64,
    cpu: u16,
}

impl Story {
    fn event(
        &mut self,
        kind: EventKind,
        process: &Process,
        fd: Option<&Arc<FdRow>>,
        path: Option<&str>,
        params: &[(&str, StoryValue)],
    ) {
        self.now_ns += self.dice.pause_ns();
        let info = kind.info().expect("the workload is made of kinds of the table");
        let mut values = vec![StoryValue::Null; info.params.len()];
        for (name, value) in params {
            values[info.param(name).expect("a parameter of the kind")] = value.clone();
        }
        self.events.push(OwnedEvent {
            kind,
            ts_ns: self.now_ns,
            cpu: self.cpu,
            thread: Arc::clone(&process.row),
            fd: fd.cloned(),
            path: path.map(|path| path.as_bytes().to_vec()),
            params: values,
        });
    }

    fn open(&mut self, process: &Process, num: i64, path: &str) -> Arc<FdRow> {
        let name = path.strip_prefix(process.cwd.as_str()).map_or(path, |rest| rest.trim_start_matches('/'));
        let ino = path.bytes().fold(7u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte))) % 5_000_000;
        let fd = Arc::new(FdRow {
            num,
            type_char: b'f',
            name: text(path),
            name_raw: text(name),
            open_flags: 4097,
            dev: 2049,
            ino,
            ..FdRow::default()
        });
        let params = [
            ("fd", num.into()),
            ("dirfd", StoryValue::Int(-100)),
            ("name", name.into()),
            ("flags", 4097.into()),
            ("mode", 0.into()),
            ("dev", 2049.into()),
            ("ino", StoryValue::Int(ino as i64)),
        ];
        self.event(EventKind::OPENAT, process, Some(&fd), Some(path), &params);
        fd
    }

    fn read_all(&mut self, process: &Process, fd: &Arc<FdRow>, size: u64) {
        let mut left = size;
        loop {
            let got = left.min(4096);
            let line = format!("#ifndef _H_{:x}\n#define _H_{:x} 1\n#include <bits/types.h>\n", fd.ino, fd.ino);
            let data = if got == 0 { StoryValue::Bytes(Vec::new()) } else { StoryValue::Bytes(line.into_bytes()) };
            let params =
                [("res", StoryValue::Int(got as i64)), ("data", data), ("fd", fd.num.into()), ("size", 4096.into())];
            self.event(EventKind::READ, process, Some(fd), None, &params);
            if got == 0 {
                break;
            }
            left -= got;
        }
    }

    fn map(&mut self, process: &mut Process, fd: Option<&Arc<FdRow>>, length: u64) {
        process.maps -= length.next_multiple_of(4096);
        let params = [
            ("res", StoryValue::Int(process.maps as i64)),
            ("addr", 0.into()),
            ("length", StoryValue::Int(length as i64)),
            ("prot", 1.into()),
            ("flags", 2.into()),
            ("fd", fd.map_or(-1, |fd| fd.num).into()),
            ("offset", 0.into()),
        ];
        self.event(EventKind::MMAP, process, fd, None, &params);
    }

    fn close(&mut self, process: &Process, fd: &Arc<FdRow>) {
        let params = [("res", 0.into()), ("fd", fd.num.into())];
        self.event(EventKind::CLOSE, process, Some(fd), None, &params);
    }

    fn compile(&mut self, process: &mut Process, unit: u64) {
        let row = Arc::clone(&process.row);
        let params = [
            ("res", 0.into()),
            ("exe", StoryValue::Bytes(row.exe.to_vec())),
            ("args", StoryValue::Bytes(row.args.to_vec())),
            ("tid", row.tid.into()),
            ("pid", row.pid.into()),
            ("cwd", StoryValue::Bytes(row.cwd.to_vec())),
            ("comm", StoryValue::Bytes(row.comm.to_vec())),
            ("env", StoryValue::Bytes(row.env.to_vec())),
            ("filename", "/usr/lib/gcc/x86_64-linux-gnu/12/cc1".into()),
        ];
        self.event(EventKind::EXECVE, process, None, Some("/usr/lib/gcc/x86_64-linux-gnu/12/cc1"), &params);
        for library in ["libc.so.6", "libm.so.6", "libz.so.1", "libmpfr.so.6", "libgmp.so.10"] {
            let fd = self.open(process, 3, &format!("/lib/x86_64-linux-gnu/{library}"));
            self.read_all(process, &fd, 832);
            for _ in 0..4 {
                self.map(process, Some(&fd), 150_000);
            }
            self.close(process, &fd);
        }
        let source = format!("{}/unit{unit}.c", process.cwd);
        let fd = self.open(process, 4, &source);
        let size = 2000 + self.dice.below(30_000);
        self.read_all(process, &fd, size);
        self.close(process, &fd);
        for _ in 0..40 + self.dice.below(60) {
            let header = self.dice.popular(1500);
            let path = format!("/usr/include/x86_64-linux-gnu/part{}/header_{header}.h", header % 37);
            for directory in 0..self.dice.below(3) {
                let missing = format!("{}/include{directory}/header_{header}.h", process.cwd);
                let params =
                    [("res", StoryValue::Int(-2)), ("dirfd", StoryValue::Int(-100)), ("path", missing.as_str().into())];
                self.event(EventKind::NEWFSTATAT, process, None, Some(&missing), &params);
            }
            let fd = self.open(process, 4, &path);
            self.read_all(process, &fd, 300 + header * 7 % 9000);
            self.close(process, &fd);
            if self.dice.below(3) == 0 {
                process.heap += 135_168;
                let params =
                    [("res", StoryValue::Int(process.heap as i64)), ("addr", StoryValue::Int(process.heap as i64))];
                self.event(EventKind::BRK, process, None, None, &params);
            }
        }
        let object =
            Arc::new(FdRow { num: 5, type_char: b'f', name: text(format!("/tmp/cc{unit}.s")), ..FdRow::default() });
        for at in 0..8 + self.dice.below(20) {
            let line =
                format!("\t.file \"unit{unit}.c\"\n\tmovq -{}(%rbp), %rax\n\tcall f{at}@PLT\n", self.dice.below(512));
            let params =
                [("res", 4096.into()), ("data", line.as_str().into()), ("fd", 5.into()), ("size", 4096.into())];
            self.event(EventKind::WRITE, process, Some(&object), None, &params);
        }
        self.event(EventKind::PROCEXIT, process, None, None, &[("status", 0.into())]);
    }
}

impl Workload {
    /// At least this many events.
    pub(crate) fn build(events: usize) -> Workload {
        let root = Arc::new(UserRow { uid: 0, name: text("root"), home: text("/root"), shell: text("/bin/bash") });
        let group = Arc::new(GroupRow { gid: 0, name: text("root") });
        let container = Arc::new(Container {
            id: text("3ad7b26ded6d"),
            full_id: text("3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"),
            ..Container::default()
        });
        let shell = Arc::new(ThreadRow {
            tid: 100,
            pid: 100,
            comm: text("make"),
            user: Some(Arc::clone(&root)),
            container: Some(Arc::clone(&container)),
            ..ThreadRow::default()
        });
        let env = text("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\0HOME=/root\0MAKELEVEL=1\0");
        let mut story = Story { dice: Dice(0x5eed), events: Vec::new(), now_ns: STORY_START_NS, cpu: 0 };
        let mut unit = 0;
        while story.events.len() < events {
            unit += 1;
            let cwd = format!("/srv/build/module{}", unit / 40);
            let tid = 1000 + unit as i64;
            let row = Arc::new(ThreadRow {
                tid,
                pid: tid,
                ppid: 100,
                vtid: tid,
                vpid: tid,
                parent: Some(Arc::clone(&shell)),
                comm: text("cc1"),
                exe: text("/usr/lib/gcc/x86_64-linux-gnu/12/cc1"),
                exepath: text("/usr/lib/gcc/x86_64-linux-gnu/12/cc1"),
                args: text(format!("-quiet\0unit{unit}.c\0-dumpbase\0unit{unit}\0-O2\0-o\0/tmp/cc{unit}.s\0")),
                env: Arc::clone(&env),
                cwd: text(&cwd),
                clone_ts_ns: story.now_ns,
                user: Some(Arc::clone(&root)),
                group: Some(Arc::clone(&group)),
                container: Some(Arc::clone(&container)),
                ..ThreadRow::default()
            });
            let maps = 0x7f00_0000_0000 + story.dice.below(1 << 28) * 4096;
            let heap = 0x5500_0000_0000 + story.dice.below(1 << 28) * 4096;
            story.cpu = (unit % 2) as u16;
            story.compile(&mut Process { row, cwd, heap, maps }, unit);
        }
        Workload { events: interleave(story.events) }
    }

    /// How many events there are.
    #[allow(dead_code, reason = "not every benchmark asks")]
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// The events in blocks of the usual size.
    #[allow(dead_code, reason = "not every benchmark asks")]
    pub(crate) fn blocks(&self) -> Vec<BlockBuilder> {
        let mut blocks = vec![BlockBuilder::new(BlockOptions::default())];
        self.each(|event| {
            if let Some(block) = blocks.last_mut() {
                block.push(event);
                if block.is_full() {
                    blocks.push(BlockBuilder::new(BlockOptions::default()));
                }
            }
        });
        blocks
    }

    /// Calls `each` with every event in order.
    pub(crate) fn each(&self, mut each: impl FnMut(&Event<'_>)) {
        let mut params = Vec::new();
        for (num, event) in (1u64..).zip(&self.events) {
            params.clear();
            params.extend(event.params.iter().map(|value| match value {
                StoryValue::Null => Value::Null,
                StoryValue::Int(value) => Value::Int(*value),
                StoryValue::Bytes(bytes) => Value::Bytes(bytes),
            }));
            each(&Event {
                num,
                ts_ns: event.ts_ns,
                cpu: event.cpu,
                fd: event.fd.as_ref(),
                path: event.path.as_deref(),
                ..Event::bare(event.kind, &event.thread, &params)
            });
        }
    }
}

/// Lets the two processors run at once: their events take turns in bursts.
fn interleave(events: Vec<OwnedEvent>) -> Vec<OwnedEvent> {
    let times: Vec<u64> = events.iter().map(|event| event.ts_ns).collect();
    let mut queues: [std::collections::VecDeque<OwnedEvent>; 2] = Default::default();
    for event in events {
        queues[usize::from(event.cpu)].push_back(event);
    }
    let mut dice = Dice(77);
    let mut mixed = Vec::with_capacity(times.len());
    while queues.iter().any(|queue| !queue.is_empty()) {
        for queue in &mut queues {
            let burst = queue.len().min(1 + dice.below(12) as usize);
            mixed.extend(queue.drain(..burst));
        }
    }
    for (event, ts_ns) in mixed.iter_mut().zip(times) {
        event.ts_ns = ts_ns;
    }
    mixed
}
