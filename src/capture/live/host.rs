//! Whether this machine can be recorded, and what is missing if not: all of it at once, each with its remedy.
//!
//! Probe, then judge: [`Observed`] is what the machine says, [`judge`] what follows from it.

use std::fmt;
use std::fs;
use std::path::Path;

/// The kernel's own type information.
const BTF: &str = "/sys/kernel/btf/vmlinux";
/// The first kernel with a ring buffer and the boot-time clock for eBPF programs.
const OLDEST_KERNEL: (u32, u32) = (5, 8);

/// What a recording needs to know of the machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostFacts {
    /// The kernel's release, as `uname -r` prints it.
    pub release: String,
    /// Major and minor number of it.
    pub kernel: (u32, u32),
    /// One more than the highest processor number that the machine may ever have.
    pub cpus: u32,
    /// Bytes of a page of memory.
    pub page_bytes: u32,
}

/// One thing that recording needs and this machine or user lacks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Missing {
    /// The kernel is too old, or its release is not a number.
    Kernel {
        /// As `uname -r` prints it.
        release: String,
    },
    /// The kernel has no type information, or it cannot be read.
    Btf {
        /// Why not.
        reason: String,
    },
    /// A capability.
    Capability {
        /// Its name.
        name: &'static str,
        /// What it is needed for.
        purpose: &'static str,
    },
    /// The kernel is locked down and keeps its memory from programs.
    Lockdown,
    /// The numbers of processors cannot be read.
    Cpus {
        /// Why not.
        reason: String,
    },
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::Kernel { release } => write!(
                f,
                "kernel {release} is too old: recording needs {}.{} or newer",
                OLDEST_KERNEL.0, OLDEST_KERNEL.1
            ),
            Missing::Btf { reason } => write!(
                f,
                "no kernel type information ({BTF}: {reason}): run a kernel built with CONFIG_DEBUG_INFO_BTF, and in a \
                 container mount /sys"
            ),
            Missing::Capability { name, purpose } => {
                write!(f, "{name} is missing, {purpose}: run as root, or grant it with setcap or --cap-add")
            }
            Missing::Lockdown => write!(
                f,
                "the kernel is locked down for confidentiality: boot with lockdown=integrity or without lockdown"
            ),
            Missing::Cpus { reason } => {
                write!(f, "/sys/devices/system/cpu/possible: {reason}: mount /sys")
            }
        }
    }
}

/// Why this machine cannot be recorded: everything that is missing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostError {
    /// At least one thing.
    pub missing: Vec<Missing>,
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this machine cannot be recorded:")?;
        self.missing.iter().try_for_each(|missing| write!(f, "\n  {missing}"))
    }
}

impl std::error::Error for HostError {}

/// What the machine says, unjudged.
#[derive(Clone, Debug)]
struct Observed {
    release: String,
    btf: Result<(), String>,
    /// The effective set; `None` if it cannot be read.
    capabilities: Option<u64>,
    lockdown: String,
    cpus: Result<String, String>,
    page_bytes: u32,
}

/// Capabilities by number, with what each is for.
const CAPABILITIES: [(u32, &str, &str); 3] = [
    (39, "CAP_BPF", "needed to load programs into the kernel"),
    (38, "CAP_PERFMON", "needed for programs that read the kernel's memory"),
    (19, "CAP_SYS_PTRACE", "needed to read what /proc says of other users' processes"),
];

/// Looks at the machine and the rights of this process.
pub(super) fn probe() -> Result<HostFacts, HostError> {
    judge(&observe())
}

fn observe() -> Observed {
    let read = |path: &str| fs::read_to_string(path).map_err(|error| error.to_string());
    let status = read("/proc/self/status").unwrap_or_default();
    let capabilities = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    Observed {
        release: read("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
        btf: fs::File::open(Path::new(BTF)).map(|_| ()).map_err(|error| error.to_string()),
        capabilities: capabilities.and_then(|text| u64::from_str_radix(text.trim(), 16).ok()),
        lockdown: read("/sys/kernel/security/lockdown").unwrap_or_default(),
        cpus: read("/sys/devices/system/cpu/possible"),
        // SAFETY: sysconf takes no pointers and has no effect.
        page_bytes: u32::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096),
    }
}

fn judge(observed: &Observed) -> Result<HostFacts, HostError> {
    let mut missing = Vec::new();
    let kernel = parse_release(&observed.release);
    if kernel.is_none_or(|kernel| kernel < OLDEST_KERNEL) {
        missing.push(Missing::Kernel { release: observed.release.clone() });
    }
    if let Err(reason) = &observed.btf {
        missing.push(Missing::Btf { reason: reason.clone() });
    }
    if observed.lockdown.contains("[confidentiality]") {
        missing.push(Missing::Lockdown);
    }
    // What cannot be read is not held against the user: loading will tell.
    let held = observed.capabilities.unwrap_or(u64::MAX);
    for (number, name, purpose) in CAPABILITIES {
        if held >> number & 1 == 0 {
            missing.push(Missing::Capability { name, purpose });
        }
    }
    let cpus = observed.cpus.clone().and_then(|list| parse_cpus(&list).ok_or_else(|| format!("not a list: {list}")));
    match (kernel, cpus) {
        (Some(kernel), Ok(cpus)) if missing.is_empty() => {
            Ok(HostFacts { release: observed.release.clone(), kernel, cpus, page_bytes: observed.page_bytes })
        }
        (_, cpus) => {
            missing.extend(cpus.err().map(|reason| Missing::Cpus { reason }));
            Err(HostError { missing })
        }
    }
}

/// Major and minor of `6.1.0-13-cloud-amd64`.
fn parse_release(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// One more than the highest number in a list such as `0-3,8-11`.
fn parse_cpus(list: &str) -> Option<u32> {
    let numbers = list.trim().split([',', '-']).map(|number| number.parse::<u32>().ok());
    let highest = numbers.collect::<Option<Vec<_>>>()?.into_iter().max()?;
    // The kernel's own limit is 8192; a buffer is made for each.
    highest.checked_add(1).filter(|&cpus| cpus <= 8192)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn able() -> Observed {
        Observed {
            release: "6.1.0-13-cloud-amd64".to_owned(),
            btf: Ok(()),
            capabilities: Some(u64::MAX),
            lockdown: "[none] integrity confidentiality".to_owned(),
            cpus: Ok("0-3\n".to_owned()),
            page_bytes: 4096,
        }
    }

    #[test]
    fn an_able_host_is_described() {
        let facts = judge(&able()).unwrap();
        assert_eq!((facts.kernel, facts.cpus, facts.page_bytes), ((6, 1), 4, 4096));
    }

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let observed = Observed {
            release: "5.4.0".to_owned(),
            btf: Err("No such file or directory".to_owned()),
            capabilities: Some(1 << 38),
            lockdown: "none integrity [confidentiality]".to_owned(),
            ..able()
        };
        let text = judge(&observed).unwrap_err().to_string();
        for part in
            ["5.4.0 is too old", "5.8 or newer", "/sys/kernel/btf/vmlinux", "CAP_BPF", "CAP_SYS_PTRACE", "lockdown"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("CAP_PERFMON"));
    }

    #[test]
    fn a_later_major_number_is_newer_whatever_the_minor() {
        assert!(judge(&Observed { release: "6.0".to_owned(), ..able() }).is_ok());
        assert!(judge(&Observed { release: "5.8.0-rc1".to_owned(), ..able() }).is_ok());
        assert!(judge(&Observed { release: "6".to_owned(), ..able() }).is_err());
        assert!(judge(&Observed { release: String::new(), ..able() }).is_err());
    }

    #[test]
    fn processors_are_counted_by_the_highest_number() {
        assert_eq!(parse_cpus("0\n"), Some(1));
        assert_eq!(parse_cpus("0-1,4-7"), Some(8));
        assert_eq!(parse_cpus(""), None);
        assert_eq!(parse_cpus("0-9999999"), None);
    }
}
