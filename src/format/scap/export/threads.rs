//! A thread's row as a list of threads has it.

use crate::format::row::{Text, ThreadRow};
use crate::format::scap::ScapThread;
use crate::format::schema::flags;

/// `CLONE_FILES` and `CLONE_THREAD`: what the further threads of a process were made with.
const FLAGS_OF_FURTHER_THREADS: u32 = 1 | 8192;

impl ScapThread {
    /// A thread as its row has it, with its effective user and group; whom the row refers to is left out.
    pub fn of_row(row: &ThreadRow, uid: u32, gid: u32) -> ScapThread {
        let has = |word| flags::EXECVE_FLAGS.value_of(word).is_some_and(|bit| row.exe_flags & bit != 0);
        let text = Text::clone;
        // the file has room for 4 TiB
        let size = |kb: u64| u32::try_from(kb).unwrap_or(u32::MAX);
        ScapThread {
            tid: row.tid,
            pid: row.pid,
            ptid: row.ppid,
            sid: row.sid,
            vpgid: row.vpgid,
            comm: text(&row.comm),
            exe: text(&row.exe),
            exepath: text(&row.exepath),
            args: text(&row.args),
            cwd: with_slash(&row.cwd),
            fdlimit: row.fdlimit,
            flags: if row.tid == row.pid { 0 } else { FLAGS_OF_FURTHER_THREADS },
            uid,
            gid,
            vm_size_kb: size(row.vm_size_kb),
            vm_rss_kb: size(row.vm_rss_kb),
            vm_swap_kb: size(row.vm_swap_kb),
            pf_major: row.pf_major,
            pf_minor: row.pf_minor,
            env: text(&row.env),
            vtid: row.vtid,
            vpid: row.vpid,
            cgroups: text(&row.cgroups),
            root: text(&row.root),
            pidns_init_start_ns: row.pidns_init_start_ns,
            tty: row.tty,
            loginuid: row.loginuid,
            exe_writable: has("EXE_WRITABLE"),
            cap_inheritable: row.cap_inheritable,
            cap_permitted: row.cap_permitted,
            cap_effective: row.cap_effective,
            exe_upper_layer: has("EXE_UPPER_LAYER"),
            exe_ino: row.exe_ino,
            exe_ino_ctime_ns: row.exe_ino_ctime_ns,
            exe_ino_mtime_ns: row.exe_ino_mtime_ns,
            exe_from_memfd: has("EXE_FROM_MEMFD"),
            exe_lower_layer: has("EXE_LOWER_LAYER"),
            pgid: row.pgid,
        }
    }
}

/// Falco's working directories end in a slash.
fn with_slash(path: &Text) -> Text {
    match path.last() {
        None | Some(b'/') => Text::clone(path),
        Some(_) => Text::from([path, &b"/"[..]].concat()),
    }
}
