//! What a measurement remembers between its start and its end.
//! Invariant: never more than declared; the oldest go first, and are counted as forgotten.

use std::collections::{BTreeMap, VecDeque};

#[derive(Clone, Debug)]
pub(super) struct Marks<K, V> {
    most: usize,
    by_key: BTreeMap<K, V>,
    /// In the order in which they were set; one that is gone, or was set anew, stands here for nothing.
    order: VecDeque<K>,
    forgotten: u64,
}

impl<K: Ord + Clone, V> Marks<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), by_key: BTreeMap::new(), order: VecDeque::new(), forgotten: 0 }
    }

    pub(super) fn set(&mut self, key: K, value: V) {
        if self.by_key.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        while self.by_key.len() > self.most || self.order.len() > 2 * self.most {
            let Some(oldest) = self.order.pop_front() else { return };
            if self.by_key.len() > self.most {
                self.forgotten += u64::from(self.by_key.remove(&oldest).is_some());
            } else if self.by_key.contains_key(&oldest) {
                self.order.push_back(oldest);
            }
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.by_key.get(key)
    }

    pub(super) fn take(&mut self, key: &K) -> Option<V> {
        self.by_key.remove(key)
    }

    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::Marks;

    #[test]
    fn the_oldest_are_forgotten_and_counted() {
        let mut marks = Marks::new(2);
        (1..=3).for_each(|n| marks.set(n, n));
        assert_eq!((marks.get(&1), marks.get(&2), marks.get(&3), marks.forgotten()), (None, Some(&2), Some(&3), 1));
        assert_eq!(marks.take(&2), Some(2));
        for n in 0..100 {
            marks.set(n % 2 + 10, n);
            marks.take(&(n % 2 + 10));
        }
        assert_eq!((marks.get(&3), marks.forgotten(), marks.order.len() <= 4), (Some(&3), 1, true));
    }
}
