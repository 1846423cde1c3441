//! Bit-packing: numbers of equal width, the lowest bit first.

/// How many bits the number needs.
pub(super) fn width(value: u64) -> u32 {
    64 - value.leading_zeros()
}

/// How many bytes `count` numbers of `width` bits take; `None` beyond what memory can hold.
pub(super) fn packed_len(count: usize, width: u32) -> Option<usize> {
    count.checked_mul(width as usize).map(|bits| bits.div_ceil(8))
}

/// Appends the numbers, each of at most `width` bits.
pub(super) fn pack_bits(values: impl ExactSizeIterator<Item = u64>, width: u32, out: &mut Vec<u8>) {
    out.reserve(packed_len(values.len(), width).unwrap_or(0));
    let mut held = 0u64;
    let mut bits = 0;
    for value in values {
        held |= value << bits;
        bits += width;
        if bits >= 64 {
            out.extend_from_slice(&held.to_le_bytes());
            bits -= 64;
            // What of the value had no room; nothing, where it had (a shift by all of its bits is none).
            held = if bits == 0 { 0 } else { value >> (width - bits) };
        }
    }
    out.extend_from_slice(&held.to_le_bytes()[..bits.div_ceil(8) as usize]);
}

/// Calls `each` with `count` numbers of `width` bits (at most 64). Missing bytes read as zero.
pub(super) fn unpack_bits(bytes: &[u8], count: usize, width: u32, mut each: impl FnMut(u64)) {
    if width == 0 {
        (0..count).for_each(|_| each(0));
        return;
    }
    let mask = u64::MAX >> (64 - width.min(64));
    let mut bit = 0usize;
    for _ in 0..count {
        let at = bit / 8;
        let shift = bit % 8;
        let value = match bytes.get(at..at + 16) {
            // One load covers 64 bits at any shift.
            Some(window) => {
                let mut word = [0; 16];
                word.copy_from_slice(window);
                (u128::from_le_bytes(word) >> shift) as u64
            }
            None => {
                let mut word = [0; 16];
                let rest = bytes.get(at..).unwrap_or(&[]);
                word[..rest.len()].copy_from_slice(rest);
                (u128::from_le_bytes(word) >> shift) as u64
            }
        };
        each(value & mask);
        bit += width as usize;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_of_any_width_come_back(values: Vec<u64>, width in 1u32..=64) {
            let values: Vec<u64> = values.into_iter().map(|value| value >> (64 - width)).collect();
            let mut bytes = Vec::new();
            pack_bits(values.iter().copied(), width, &mut bytes);
            prop_assert_eq!(Some(bytes.len()), packed_len(values.len(), width));
            let mut back = Vec::new();
            unpack_bits(&bytes, values.len(), width, |value| back.push(value));
            prop_assert_eq!(back, values);
        }
    }
}
