//! Records that found no room in a ring: what the kernel counts, told as what came since the last time.

use super::clock::ClockBase;
use super::descriptors::{CALL_LIMIT, descriptors};
use super::numbers::Arch;
use crate::format::Loss;
use crate::format::schema::EventKind;

/// `struct sr_loss` of bpf/wire.h as words: a count per call, exits of threads, first and last time.
pub(super) const LOSS_WORDS: usize = CALL_LIMIT + 3;
/// One processor's counters.
pub(super) type LossWords = [u64; LOSS_WORDS];

/// What was told so far.
#[derive(Default, Debug)]
pub(super) struct LossLedger {
    told: Vec<LossWords>,
}

impl LossLedger {
    /// Losses by processor and kind since the last call.
    pub(super) fn since_last(&mut self, counters: &[LossWords], clock: &ClockBase) -> Vec<Loss> {
        self.told.resize(counters.len().max(self.told.len()), [0; LOSS_WORDS]);
        let mut losses = Vec::new();
        for (cpu, (now, told)) in counters.iter().zip(&mut self.told).enumerate() {
            if now == told {
                continue;
            }
            let (_, [_, first_now, last_now]) = split(now);
            let (_, [_, _, last_told]) = split(told);
            // The kernel keeps the very first time only; later losses came after those told before.
            let first_ns = if last_told == 0 { first_now } else { last_told };
            let mut by_kind: Vec<(Option<EventKind>, u64)> = Vec::new();
            for (nr, (count, before)) in now.iter().zip(told.iter()).take(CALL_LIMIT + 1).enumerate() {
                let count = count.saturating_sub(*before);
                if count == 0 {
                    continue;
                }
                let kind = kind_of(nr);
                match by_kind.iter_mut().find(|(known, _)| *known == kind) {
                    Some((_, sum)) => *sum = sum.saturating_add(count),
                    None => by_kind.push((kind, count)),
                }
            }
            losses.extend(by_kind.into_iter().map(|(kind, count)| Loss {
                cpu: u16::try_from(cpu).unwrap_or(u16::MAX),
                kind,
                count,
                first_ts_ns: clock.wall_ns(first_ns),
                last_ts_ns: clock.wall_ns(last_now),
            }));
            *told = *now;
        }
        losses
    }
}

/// Counts by call; then exits, first and last time.
fn split(words: &LossWords) -> (&[u64], [u64; 3]) {
    match words.split_last_chunk::<3>() {
        Some((calls, rest)) => (calls, *rest),
        None => (&[], [0; 3]),
    }
}

/// The kind of the counter at `index`.
fn kind_of(index: usize) -> Option<EventKind> {
    if index == CALL_LIMIT {
        return Some(EventKind::PROCEXIT);
    }
    descriptors(Arch::NATIVE).get(index)?.as_ref().map(|descriptor| descriptor.kind)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const CLOCK: ClockBase = ClockBase { offset_ns: 1000, error_ns: 0, sampled_ns: 0 };

    fn number_of(name: &str) -> usize {
        let found = Arch::NATIVE.calls().iter().find(|(_, known)| *known == name);
        usize::from(found.unwrap().0)
    }

    #[test]
    fn losses_are_told_once_by_processor_and_kind() {
        let mut ledger = LossLedger::default();
        let mut counters = vec![[0; LOSS_WORDS]; 2];
        assert_eq!(ledger.since_last(&counters, &CLOCK), []);
        counters[1][number_of("openat")] = 3;
        counters[1][CALL_LIMIT] = 1;
        counters[1][CALL_LIMIT + 1] = 10;
        counters[1][CALL_LIMIT + 2] = 20;
        let openat = Loss { cpu: 1, kind: Some(EventKind::OPENAT), count: 3, first_ts_ns: 1010, last_ts_ns: 1020 };
        let exits = Loss { kind: Some(EventKind::PROCEXIT), count: 1, ..openat };
        assert_eq!(ledger.since_last(&counters, &CLOCK), [openat, exits]);
        assert_eq!(ledger.since_last(&counters, &CLOCK), []);
        counters[1][number_of("openat")] = 5;
        counters[1][CALL_LIMIT + 2] = 70;
        let later = Loss { count: 2, first_ts_ns: 1020, last_ts_ns: 1070, ..openat };
        assert_eq!(ledger.since_last(&counters, &CLOCK), [later]);
    }

    #[test]
    fn calls_without_an_event_of_their_own_are_one_sum() {
        let mut ledger = LossLedger::default();
        let mut counters = vec![[0; LOSS_WORDS]];
        counters[0][number_of("getpid")] = 1;
        counters[0][number_of("sched_yield")] = 2;
        let losses = ledger.since_last(&counters, &CLOCK);
        assert_eq!(losses.len(), 1);
        assert_eq!((losses[0].kind, losses[0].count), (Some(EventKind::SYSCALL), 3));
    }
}
