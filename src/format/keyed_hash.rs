//! A fast hash under a random key.
//!
//! What the recorder hashes (paths, arguments, addresses) comes from programs that may be hostile. Under a fixed hash
//! such a program could choose strings that collide and make the recorder's work quadratic; under a key that it does
//! not know it cannot. The standard library's keyed hash does the same at several times the cost, which is a quarter
//! of a block's encoding.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// Makes hashers of one random key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyedState {
    keys: [u64; 2],
}

impl Default for KeyedState {
    fn default() -> KeyedState {
        let random = RandomState::new();
        // Odd, so that neither key loses a factor of a product.
        KeyedState { keys: [random.hash_one(1u8) | 1, random.hash_one(2u8) | 1] }
    }
}

impl BuildHasher for KeyedState {
    type Hasher = KeyedHasher;

    #[inline]
    fn build_hasher(&self) -> KeyedHasher {
        KeyedHasher { state: self.keys[0], keys: self.keys }
    }
}

/// Folds 16 bytes at a time into its state by multiplication.
#[derive(Clone, Debug)]
pub(crate) struct KeyedHasher {
    state: u64,
    keys: [u64; 2],
}

/// The two halves of the product, one over the other.
#[inline]
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

impl KeyedHasher {
    #[inline]
    fn mix(&mut self, low: u64, high: u64) {
        self.state = fold(low ^ self.state, high ^ self.keys[1]) ^ self.state.rotate_left(23);
    }
}

impl Hasher for KeyedHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (chunks, rest) = bytes.as_chunks::<16>();
        let halves = |chunk: &[u8; 16]| {
            let all = u128::from_le_bytes(*chunk);
            (all as u64, (all >> 64) as u64)
        };
        for chunk in chunks {
            let (low, high) = halves(chunk);
            self.mix(low, high);
        }
        let mut last = [0; 16];
        last[..rest.len()].copy_from_slice(rest);
        let (low, high) = halves(&last);
        // The length tells a short end from one padded with zeros.
        self.mix(low, high ^ ((bytes.len() as u64) << 56) ^ bytes.len() as u64);
    }

    #[inline]
    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    #[inline]
    fn write_u16(&mut self, value: u16) {
        self.write_u64(u64::from(value));
    }

    #[inline]
    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    #[inline]
    fn write_u64(&mut self, value: u64) {
        self.state = fold(value ^ self.state, self.keys[1]);
    }

    #[inline]
    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        fold(self.state, self.keys[0])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn different_strings_have_different_hashes() {
        let state = KeyedState::default();
        let zeros = [0u8; 64];
        let mut texts: Vec<Vec<u8>> = (0..64).map(|length| zeros[..length].to_vec()).collect();
        texts.extend((0..20_000).map(|at| format!("/usr/include/header_{at}.h").into_bytes()));
        let hashes: HashSet<u64> = texts.iter().map(|text| state.hash_one(text.as_slice())).collect();
        assert_eq!(hashes.len(), texts.len());
        let numbers: HashSet<u64> = (0..100_000i64).map(|at| state.hash_one(at << 12)).collect();
        assert_eq!(numbers.len(), 100_000);
    }

    #[test]
    fn every_state_has_a_key_of_its_own() {
        assert_ne!(KeyedState::default().hash_one("same"), KeyedState::default().hash_one("same"));
    }
}
