//! Control groups of a process, in the form in which events tell them.

use crate::format::row::Text;

/// The controllers that events tell of, in the kernel's order.
const TOLD: [&str; 8] = ["cpuset", "cpu", "cpuacct", "blkio", "memory", "devices", "freezer", "pids"];

/// Which controllers there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Controllers {
    is_there: [bool; TOLD.len()],
}

impl Controllers {
    /// From the text of `/proc/cgroups` and of the unified hierarchy's `cgroup.controllers`, either of which may lack
    /// some or be empty.
    pub(super) fn parse(table: &[u8], unified: &[u8]) -> Controllers {
        let mut controllers = Controllers::default();
        let mut add = |name: &[u8]| {
            let name = if name == b"io" { b"blkio" } else { name };
            for (told, is_there) in TOLD.iter().zip(&mut controllers.is_there) {
                *is_there |= told.as_bytes() == name;
            }
        };
        // `#subsys_name hierarchy num_cgroups enabled`
        for line in table.split(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\t1")) {
            add(line.split(|&byte| byte == b'\t').next().unwrap_or_default());
        }
        unified.split(u8::is_ascii_whitespace).for_each(add);
        controllers
    }

    /// `SUBSYSTEM=PATH` strings out of a process's `cgroup` file. A controller that no version 1 hierarchy has belongs
    /// to the unified one.
    pub(super) fn paths(&self, file: &[u8]) -> Text {
        let mut unified = None;
        let mut paths = [None; TOLD.len()];
        for line in file.split(|&byte| byte == b'\n') {
            let mut parts = line.splitn(3, |&byte| byte == b':');
            let (Some(number), Some(names), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
            // The kernel says so of a group that was removed while somebody is still in it.
            let path = path.strip_suffix(b" (deleted)").unwrap_or(path);
            if number == b"0" {
                unified = Some(path);
                continue;
            }
            for name in names.split(|&byte| byte == b',') {
                for (told, place) in TOLD.iter().zip(&mut paths) {
                    if told.as_bytes() == name {
                        *place = Some(path);
                    }
                }
            }
        }
        let mut text = Vec::with_capacity(256);
        for ((told, path), is_there) in TOLD.iter().zip(paths).zip(self.is_there) {
            if let Some(path) = path.or(unified.filter(|_| is_there)) {
                text.extend_from_slice(told.as_bytes());
                text.push(b'=');
                text.extend_from_slice(path);
                text.push(0);
            }
        }
        Text::from(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[u8] =
        b"#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t0\t9\t1\ncpu\t0\t9\t1\nblkio\t0\t9\t1\n\
        memory\t0\t9\t0\nnet_cls\t0\t9\t1\n";

    fn text(controllers: Controllers, file: &[u8]) -> String {
        String::from_utf8_lossy(&controllers.paths(file)).replace('\0', " ")
    }

    #[test]
    fn version_two_has_one_path_for_all_controllers() {
        let controllers = Controllers::parse(TABLE, b"");
        assert_eq!(text(controllers, b"0::/a.slice\n"), "cpuset=/a.slice cpu=/a.slice blkio=/a.slice ");
        let newer = Controllers::parse(b"", b"cpu io memory pids\n");
        assert_eq!(text(newer, b"0::/a (deleted)\n"), "cpu=/a blkio=/a memory=/a pids=/a ");
    }

    #[test]
    fn version_one_has_a_path_per_hierarchy() {
        let controllers = Controllers::parse(TABLE, b"");
        let file = b"4:memory:/m:x\n3:cpu,cpuacct:/c\n2:cpuset:/s\n1:name=systemd:/n\n";
        assert_eq!(text(controllers, file), "cpuset=/s cpu=/c cpuacct=/c memory=/m:x ");
    }

    #[test]
    fn in_a_hybrid_the_rest_is_in_the_unified_hierarchy() {
        let controllers = Controllers::parse(TABLE, b"pids");
        assert_eq!(text(controllers, b"1:cpuset:/v1\n0::/v2\n"), "cpuset=/v1 cpu=/v2 blkio=/v2 pids=/v2 ");
        assert_eq!(text(controllers, b""), "");
    }
}
