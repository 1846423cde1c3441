//! Values by thread or process number, of which few are asked for again and again.
//!
//! Following one event asks for its thread some ten times over. The places of numbers asked for lately lie in a small
//! table beside the map, so that all but the first question cost a comparison.

use std::cell::Cell;

use rustc_hash::FxHashMap;

/// Numbers whose places are remembered: a power of two. Threads that run at the same time have neighbouring numbers.
const RECENT: usize = 64;

/// No place.
const NOWHERE: u32 = u32::MAX;

/// Values by number.
#[derive(Debug)]
pub(super) struct ById<T> {
    places: FxHashMap<i64, u32>,
    slots: Vec<Option<(i64, T)>>,
    free: Vec<u32>,
    /// Numbers and their places, each where its lowest bits say.
    recent: Box<[Cell<(i64, u32)>; RECENT]>,
}

impl<T> Default for ById<T> {
    fn default() -> ById<T> {
        ById {
            places: FxHashMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            recent: Box::new([const { Cell::new((0, NOWHERE)) }; RECENT]),
        }
    }
}

impl<T> ById<T> {
    #[inline]
    fn recent(&self, id: i64) -> &Cell<(i64, u32)> {
        &self.recent[id.cast_unsigned() as usize % RECENT]
    }

    #[inline]
    fn place(&self, id: i64) -> Option<usize> {
        let (known, place) = self.recent(id).get();
        if known == id && place != NOWHERE { Some(place as usize) } else { self.look_up(id) }
    }

    #[cold]
    fn look_up(&self, id: i64) -> Option<usize> {
        let place = *self.places.get(&id)?;
        self.recent(id).set((id, place));
        Some(place as usize)
    }

    #[inline]
    pub(super) fn get(&self, id: &i64) -> Option<&T> {
        self.slots.get(self.place(*id)?)?.as_ref().map(|(_, value)| value)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: &i64) -> Option<&mut T> {
        let place = self.place(*id)?;
        self.slots.get_mut(place)?.as_mut().map(|(_, value)| value)
    }

    #[inline]
    pub(super) fn contains_key(&self, id: &i64) -> bool {
        self.place(*id).is_some()
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Puts a value in the place of the one with that number.
    pub(super) fn insert(&mut self, id: i64, value: T) {
        let slot = self.slot(id);
        *slot = Some((id, value));
    }

    /// The value with that number, which is made if there is none.
    pub(super) fn get_or_default(&mut self, id: i64) -> &mut T
    where
        T: Default,
    {
        &mut self.slot(id).get_or_insert_with(|| (id, T::default())).1
    }

    /// The slot of a number, which is empty if it has none yet.
    fn slot(&mut self, id: i64) -> &mut Option<(i64, T)> {
        let place = self.place(id).unwrap_or_else(|| {
            let place = self.free.pop().unwrap_or_else(|| {
                self.slots.push(None);
                u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 threads are kept")
            });
            self.places.insert(id, place);
            self.recent(id).set((id, place));
            place as usize
        });
        &mut self.slots[place]
    }

    pub(super) fn remove(&mut self, id: &i64) -> Option<T> {
        let place = self.places.remove(id)?;
        let recent = self.recent(*id);
        if recent.get().0 == *id {
            recent.set((0, NOWHERE));
        }
        self.free.push(place);
        self.slots.get_mut(place as usize)?.take().map(|(_, value)| value)
    }

    /// All numbers with their values, in no order that means anything; the same for the same history.
    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, &T)> {
        self.slots.iter().flatten().map(|(id, value)| (*id, value))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().flatten().map(|(_, value)| value)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.slots.iter_mut().flatten().map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_what_a_map_holds(steps in proptest::collection::vec((0u8..4, -3i64..200, any::<u16>()), 0..400)) {
            let (mut by_id, mut map) = (ById::default(), BTreeMap::new());
            for (step, id, value) in steps {
                match step {
                    0 => {
                        by_id.insert(id, value);
                        map.insert(id, value);
                    }
                    1 => prop_assert_eq!(by_id.remove(&id), map.remove(&id)),
                    2 => *by_id.get_or_default(id) ^= value,
                    _ => {
                        if let Some(known) = by_id.get_mut(&id) {
                            *known = value;
                        }
                    }
                }
                match step {
                    2 => *map.entry(id).or_default() ^= value,
                    3 => {
                        if let Some(known) = map.get_mut(&id) {
                            *known = value;
                        }
                    }
                    _ => {}
                }
                prop_assert_eq!(by_id.get(&id), map.get(&id));
                prop_assert_eq!((by_id.len(), by_id.contains_key(&id)), (map.len(), map.contains_key(&id)));
            }
            let all: BTreeMap<i64, u16> = by_id.iter().map(|(id, value)| (id, *value)).collect();
            prop_assert_eq!(all, map);
        }
    }
}
