//! Halves of a clone that wait for the other half.

use rustc_hash::FxHashMap;

use super::threads::median;

/// Kept at most; beyond it the older half is forgotten.
const PENDING_LIMIT: usize = 2048;

/// Values by the parent's process id and the number that its clone returned.
#[derive(Debug)]
pub(super) struct Pending<T>(FxHashMap<(i64, i64), (u64, T)>);

impl<T> Pending<T> {
    pub(super) fn new() -> Pending<T> {
        Pending(FxHashMap::default())
    }

    pub(super) fn insert(&mut self, key: (i64, i64), value: T, ts_ns: u64) {
        if self.0.len() >= PENDING_LIMIT {
            let middle = median(self.0.values().map(|(ts_ns, _)| *ts_ns));
            self.0.retain(|_, (ts_ns, _)| *ts_ns > middle);
        }
        self.0.insert(key, (ts_ns, value));
    }

    pub(super) fn take(&mut self, key: (i64, i64)) -> Option<T> {
        if self.0.is_empty() {
            return None;
        }
        self.0.remove(&key).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_is_found_once_and_the_oldest_are_forgotten() {
        let mut pending = Pending::new();
        for number in 0..10_000_i64 {
            pending.insert((1, number), number, number.unsigned_abs());
        }
        assert!(pending.0.len() <= PENDING_LIMIT);
        assert_eq!((pending.take((1, 9999)), pending.take((1, 9999)), pending.take((1, 0))), (Some(9999), None, None));
        for number in 0..10_000_i64 {
            pending.insert((2, number), number, 7);
        }
        assert!(pending.0.len() <= PENDING_LIMIT);
    }
}
