//! From the kernel's boot-time clock to the wall clock.
//!
//! Records carry `CLOCK_BOOTTIME`, which never steps. One base, sampled when the recording starts, turns it into
//! nanoseconds since the epoch; it is kept for the whole recording, so that a stepped wall clock cannot reorder events.

/// The distance between the two clocks, and when it was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct ClockBase {
    /// `CLOCK_REALTIME` minus `CLOCK_BOOTTIME`, nanoseconds: when the machine was booted, since the epoch.
    pub offset_ns: i64,
    /// Uncertainty of the offset, nanoseconds: how long the best sample took.
    pub error_ns: u64,
    /// `CLOCK_REALTIME` at that moment, nanoseconds since the epoch.
    pub sampled_ns: u64,
}

impl ClockBase {
    /// Nanoseconds since the epoch of a boot-time stamp. Out-of-range values end at the ends of the range.
    pub fn wall_ns(&self, boot_ns: u64) -> u64 {
        boot_ns.saturating_add_signed(self.offset_ns)
    }

    /// Reads the wall clock between two readings of the boot clock, many times, and keeps the shortest such round: the
    /// shorter it was, the less can have come between. `None` if the system has no such clocks.
    #[cfg(feature = "record")]
    pub fn sample() -> Option<ClockBase> {
        // One round takes about 60 ns; the rare slow one (interrupt, migration) is beaten by a neighbour.
        const ROUNDS: usize = 64;
        let mut best: Option<ClockBase> = None;
        for _ in 0..ROUNDS {
            let before = read_clock(libc::CLOCK_BOOTTIME)?;
            let wall = read_clock(libc::CLOCK_REALTIME)?;
            let after = read_clock(libc::CLOCK_BOOTTIME)?;
            let error_ns = u64::try_from(after.checked_sub(before)?).ok()?;
            let middle = before.checked_add(after.checked_sub(before)? / 2)?;
            if best.is_none_or(|best| error_ns < best.error_ns) {
                let offset_ns = wall.checked_sub(middle)?;
                best = Some(ClockBase { offset_ns, error_ns, sampled_ns: u64::try_from(wall).ok()? });
            }
        }
        best
    }
}

/// `CLOCK_BOOTTIME` now, the clock of the records' stamps.
#[cfg(feature = "record")]
pub(super) fn boot_ns() -> Option<u64> {
    u64::try_from(read_clock(libc::CLOCK_BOOTTIME)?).ok()
}

/// A clock's reading in nanoseconds.
#[cfg(feature = "record")]
fn read_clock(clock: libc::clockid_t) -> Option<i64> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec that lives through the call.
    let status = unsafe { libc::clock_gettime(clock, &raw mut time) };
    if status != 0 {
        return None;
    }
    time.tv_sec.checked_mul(1_000_000_000)?.checked_add(time.tv_nsec)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_stamp_becomes_wall_time() {
        let base = ClockBase { offset_ns: 1_700_000_000_000_000_000, error_ns: 0, sampled_ns: 0 };
        assert_eq!(base.wall_ns(226_869_495), 1_700_000_000_226_869_495);
        let base = ClockBase { offset_ns: -5, ..base };
        assert_eq!(base.wall_ns(3), 0);
        assert_eq!(ClockBase { offset_ns: 9, ..base }.wall_ns(u64::MAX), u64::MAX);
    }

    #[cfg(feature = "record")]
    #[test]
    fn the_sampled_base_agrees_with_the_wall_clock() {
        let base = ClockBase::sample().unwrap();
        let boot = u64::try_from(read_clock(libc::CLOCK_BOOTTIME).unwrap()).unwrap();
        let wall = u64::try_from(read_clock(libc::CLOCK_REALTIME).unwrap()).unwrap();
        assert!(base.wall_ns(boot).abs_diff(wall) < 1_000_000_000);
    }
}
