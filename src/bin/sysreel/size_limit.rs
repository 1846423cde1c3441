//! `--max-size`: when to stop so that the file stays within its limit.

use sysreel::capture::recorder::RecorderStats;

/// Bytes per event that are assumed before any block is written. Few captures need more than half of it.
const ASSUMED_BYTES_PER_EVENT: u64 = 32;

/// What a block costs beside its events: header, its entry in the index, and columns that compress badly while there is
/// little in them.
const BLOCK_BYTES: u64 = 4608;

/// What to do about the size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// There is room.
    GoOn,
    /// The block in hand should be written, so that its true size is known.
    Measure,
    /// The file is as large as it may become.
    Full,
}

/// The limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SizeLimit {
    max_bytes: u64,
}

impl SizeLimit {
    /// A limit of so many bytes.
    pub(crate) fn new(max_bytes: u64) -> SizeLimit {
        SizeLimit { max_bytes }
    }

    /// Judges how far a recording is.
    pub(crate) fn judge(&self, stats: &RecorderStats) -> Verdict {
        let events_written = stats.events_written;
        let waiting = stats.events.saturating_sub(events_written);
        // a quarter more than so far: the next block may be of another sort
        let density = match stats.bytes_written.checked_div(events_written) {
            None => ASSUMED_BYTES_PER_EVENT,
            Some(density) => (density + 1).saturating_mul(5) / 4,
        };
        let sure = stats.finished_bytes;
        let expected = sure.saturating_add(BLOCK_BYTES).saturating_add(waiting.saturating_mul(density));
        if expected < self.max_bytes {
            Verdict::GoOn
        } else if waiting > 0 && sure.saturating_add(BLOCK_BYTES) < self.max_bytes - self.max_bytes / 50 {
            Verdict::Measure
        } else {
            Verdict::Full
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(max_bytes: u64, events: u64, bytes_written: u64, blocks: u64, events_written: u64) -> Verdict {
        let finished_bytes = bytes_written + 2048;
        let stats = RecorderStats { events, bytes_written, finished_bytes, blocks, events_written, lost: 0 };
        SizeLimit::new(max_bytes).judge(&stats)
    }

    #[test]
    fn far_from_the_limit_nothing_happens() {
        assert_eq!(judge(1 << 20, 1_000, 600, 0, 0), Verdict::GoOn);
    }

    #[test]
    fn a_guess_near_the_limit_is_checked_before_it_counts() {
        assert_eq!(judge(1 << 20, 40_000, 600, 0, 0), Verdict::Measure);
        // it was half of what was assumed
        assert_eq!(judge(1 << 20, 40_000, 300_000, 1, 40_000), Verdict::GoOn);
    }

    #[test]
    fn what_is_written_counts() {
        assert_eq!(judge(1 << 20, 200_000, 1 << 20, 4, 200_000), Verdict::Full);
        assert_eq!(judge(1000, 0, 600, 0, 0), Verdict::Full);
    }
}
