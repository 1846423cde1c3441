//! What the text files of a thread say: `stat`, `status`, `limits`, `cmdline`.

use crate::format::row::Text;

/// Clock ticks per second in `stat`: the same on every architecture that is supported.
const TICKS_PER_SECOND: u64 = 100;

/// `comm` is at most that long; kernel threads print more.
const COMM_LEN: usize = 15;

/// A line of `stat`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) comm: Text,
    pub(super) ppid: i64,
    pub(super) pgid: i64,
    pub(super) sid: i64,
    pub(super) tty: u32,
    pub(super) pf_minor: u64,
    pub(super) pf_major: u64,
    /// Since the machine was started.
    pub(super) start_boot_ns: u64,
}

impl Stat {
    pub(super) fn parse(text: &[u8]) -> Option<Stat> {
        let open = text.iter().position(|&byte| byte == b'(')?;
        // The name may hold parentheses and spaces.
        let close = text.iter().rposition(|&byte| byte == b')')?;
        let comm = text.get(open + 1..close)?;
        let rest = std::str::from_utf8(text.get(close + 1..)?).ok()?;
        let mut fields = rest.split_ascii_whitespace();
        let mut next = |skipped: usize| fields.nth(skipped);
        Some(Stat {
            comm: Text::from(comm.get(..COMM_LEN).unwrap_or(comm)),
            ppid: next(1)?.parse().ok()?,
            pgid: next(0)?.parse().ok()?,
            sid: next(0)?.parse().ok()?,
            tty: next(0)?.parse::<i64>().ok()? as u32,
            pf_minor: next(2)?.parse().ok()?,
            pf_major: next(1)?.parse().ok()?,
            start_boot_ns: next(9)?.parse::<u64>().ok()?.saturating_mul(1_000_000_000 / TICKS_PER_SECOND),
        })
    }
}

/// What is used of `status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) pid: Option<i64>,
    /// Effective ids.
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Ids inside the innermost pid namespace; `None` before Linux 4.1.
    pub(super) vtid: Option<i64>,
    pub(super) vpid: Option<i64>,
    pub(super) vpgid: Option<i64>,
    pub(super) vsid: Option<i64>,
    /// The thread lives in a pid namespace below that of the file system.
    pub(super) is_nested: bool,
    pub(super) vm_size_kb: u64,
    pub(super) vm_rss_kb: u64,
    pub(super) vm_swap_kb: u64,
    pub(super) cap_inheritable: u64,
    pub(super) cap_permitted: u64,
    pub(super) cap_effective: u64,
}

impl Status {
    pub(super) fn parse(text: &[u8]) -> Status {
        let mut status = Status::default();
        for line in text.split(|&byte| byte == b'\n') {
            let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
            let (name, value) = line.split_at(colon);
            let Some(value) = value.get(1..).and_then(|value| std::str::from_utf8(value).ok()) else { continue };
            let mut words = value.split_ascii_whitespace();
            match name {
                b"Tgid" => status.pid = words.next().and_then(|word| word.parse().ok()),
                b"Uid" => status.uid = words.nth(1).and_then(|word| word.parse().ok()).unwrap_or(u32::MAX),
                b"Gid" => status.gid = words.nth(1).and_then(|word| word.parse().ok()).unwrap_or(u32::MAX),
                b"NStgid" => status.vpid = words.next_back().and_then(|word| word.parse().ok()),
                b"NSpid" => {
                    status.is_nested = words.clone().count() > 1;
                    status.vtid = words.next_back().and_then(|word| word.parse().ok());
                }
                b"NSpgid" => status.vpgid = words.next_back().and_then(|word| word.parse().ok()),
                b"NSsid" => status.vsid = words.next_back().and_then(|word| word.parse().ok()),
                b"VmSize" => status.vm_size_kb = number(words.next()),
                b"VmRSS" => status.vm_rss_kb = number(words.next()),
                b"VmSwap" => status.vm_swap_kb = number(words.next()),
                b"CapInh" => status.cap_inheritable = hexadecimal(words.next()),
                b"CapPrm" => status.cap_permitted = hexadecimal(words.next()),
                b"CapEff" => status.cap_effective = hexadecimal(words.next()),
                _ => {}
            }
        }
        status
    }
}

fn number(word: Option<&str>) -> u64 {
    word.and_then(|word| word.parse().ok()).unwrap_or(0)
}

fn hexadecimal(word: Option<&str>) -> u64 {
    word.and_then(|word| u64::from_str_radix(word, 16).ok()).unwrap_or(0)
}

/// The limit of open descriptors in `limits`: -1 when there is none or it is not known.
pub(super) fn fd_limit(limits: &[u8]) -> i64 {
    let line = limits.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(b"Max open files"));
    let soft = line.and_then(|line| std::str::from_utf8(line).ok()?.split_ascii_whitespace().next());
    soft.and_then(|soft| soft.parse().ok()).unwrap_or(-1)
}

/// The first argument, and the others, each with its NUL.
pub(super) fn split_arguments(cmdline: &[u8]) -> (Text, Text) {
    let exe = cmdline.split(|&byte| byte == 0).next().unwrap_or_default();
    (Text::from(exe), ended(cmdline.get(exe.len() + 1..).unwrap_or_default()))
}

/// Strings each ending in NUL, the last one too if it was cut off.
pub(super) fn ended(strings: &[u8]) -> Text {
    match strings.last() {
        None | Some(0) => Text::from(strings),
        Some(_) => Text::from([strings, b"\0"].concat()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_is_read_whatever_the_name_holds() {
        let line = b"42 (a) b (c) S 7 40 39 34817 42 4194304 11 12 13 14 0 0 0 0 20 0 1 0 513465 3133440 360 1\n";
        let stat = Stat::parse(line).unwrap();
        assert_eq!(&*stat.comm, b"a) b (c");
        assert_eq!((stat.ppid, stat.pgid, stat.sid, stat.tty), (7, 40, 39, 34817));
        assert_eq!((stat.pf_minor, stat.pf_major, stat.start_boot_ns), (11, 13, 5_134_650_000_000));
        assert_eq!(Stat::parse(b"42 (x) S 7"), None);
        assert_eq!(Stat::parse(b") ("), None);
    }

    #[test]
    fn the_last_number_is_that_of_the_innermost_namespace() {
        let text =
            b"Name:\tsh\nTgid:\t900\nUid:\t5\t6\t7\t8\nGid:\t1\t2\t3\t4\nNStgid:\t900\t12\t1\nNSpid:\t901\t13\t2\n\
            NSpgid:\t900\t12\t1\nNSsid:\t0\t0\t0\nVmSize:\t  3060 kB\nVmRSS:\t 1768 kB\nCapEff:\t000001fffeffffff\n";
        let status = Status::parse(text);
        assert_eq!((status.pid, status.uid, status.gid), (Some(900), 6, 2));
        assert_eq!((status.vtid, status.vpid, status.vpgid, status.vsid), (Some(2), Some(1), Some(1), Some(0)));
        assert!(status.is_nested);
        assert_eq!((status.vm_size_kb, status.vm_rss_kb, status.vm_swap_kb), (3060, 1768, 0));
        assert_eq!(status.cap_effective, 0x1ff_feff_ffff);
    }

    #[test]
    fn arguments_each_end_in_nul() {
        let (exe, args) = split_arguments(b"/bin/sh\0-c\0\0true\0");
        assert_eq!((&*exe, &*args), (&b"/bin/sh"[..], &b"-c\0\0true\0"[..]));
        let (exe, args) = split_arguments(b"nginx: worker");
        assert_eq!((&*exe, &*args), (&b"nginx: worker"[..], &b""[..]));
        assert_eq!(&*split_arguments(b"").0, b"");
        assert_eq!(&*split_arguments(b"a\0cut").1, b"cut\0");
    }

    #[test]
    fn the_soft_limit_counts() {
        let limits = b"Limit  Soft Limit  Hard Limit  Units\nMax open files            1024       4096       files\n";
        assert_eq!(fd_limit(limits), 1024);
        assert_eq!(fd_limit(b"Max open files            unlimited  unlimited  files\n"), -1);
        assert_eq!(fd_limit(b""), -1);
    }
}
