//! A slab of reference-counted values that several threads share: descriptor tables and working directories.

/// The number of a shared value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SharedId(u32);

/// Values with a use count; a value is dropped when nobody uses it any more.
#[derive(Debug)]
pub(super) struct SharedSlab<T> {
    slots: Vec<Option<(u32, T)>>,
    free: Vec<u32>,
}

impl<T> SharedSlab<T> {
    pub(super) const fn new() -> SharedSlab<T> {
        SharedSlab { slots: Vec::new(), free: Vec::new() }
    }

    /// Keeps `value`, used once.
    pub(super) fn add(&mut self, value: T) -> SharedId {
        if let Some(at) = self.free.pop()
            && let Some(slot) = self.slots.get_mut(at as usize)
        {
            *slot = Some((1, value));
            return SharedId(at);
        }
        let at = u32::try_from(self.slots.len()).expect("fewer than 2^32 threads are kept");
        self.slots.push(Some((1, value)));
        SharedId(at)
    }

    /// One more user.
    pub(super) fn retain(&mut self, id: SharedId) -> SharedId {
        if let Some(Some((users, _))) = self.slots.get_mut(id.0 as usize) {
            *users += 1;
        }
        id
    }

    /// One user less.
    pub(super) fn release(&mut self, id: SharedId) {
        if let Some(slot) = self.slots.get_mut(id.0 as usize)
            && let Some((users, _)) = slot
        {
            *users -= 1;
            if *users == 0 {
                *slot = None;
                self.free.push(id.0);
            }
        }
    }

    pub(super) fn users(&self, id: SharedId) -> u32 {
        self.slots.get(id.0 as usize).and_then(Option::as_ref).map_or(0, |(users, _)| *users)
    }

    pub(super) fn get(&self, id: SharedId) -> Option<&T> {
        self.slots.get(id.0 as usize).and_then(Option::as_ref).map(|(_, value)| value)
    }

    pub(super) fn get_mut(&mut self, id: SharedId) -> Option<&mut T> {
        self.slots.get_mut(id.0 as usize).and_then(Option::as_mut).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_lives_as_long_as_its_users_and_its_place_is_used_again() {
        let mut slab = SharedSlab::new();
        let first = slab.add("first");
        slab.retain(first);
        slab.release(first);
        assert_eq!((slab.get(first), slab.users(first)), (Some(&"first"), 1));
        slab.release(first);
        assert_eq!(slab.get(first), None);
        assert_eq!(slab.add("second"), first);
    }
}
