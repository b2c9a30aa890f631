//! Figures of the last while: slots of equal length, the old ones dropped.
//! Invariant: there are never more slots than declared, whatever the times of the entries.

use std::collections::VecDeque;

use crossdock_model::Timestamp;

use super::sheet::Windows;

/// What slots hold, and how two of them become one.
pub(super) trait Merge: Default {
    fn merge(&mut self, other: &Self);
}

#[derive(Clone, Debug, Default)]
pub(super) struct Windowed<T> {
    /// By number of the slot since 1970, rising.
    slots: VecDeque<(i64, T)>,
}

impl<T: Merge> Windowed<T> {
    /// The slot of a time. What is older than the oldest that is kept counts there: it is late, not lost.
    pub(super) fn at(&mut self, windows: Windows, at: Timestamp) -> &mut T {
        let number = windows.slot_of(at);
        if self.slots.back().is_none_or(|(newest, _)| *newest < number) {
            self.slots.push_back((number, T::default()));
            let oldest = number - windows.kept();
            while self.slots.front().is_some_and(|(slot, _)| *slot <= oldest) {
                self.slots.pop_front();
            }
        }
        // A slot in which nothing was recorded is not there: the next later one takes what is late.
        let index = self.slots.partition_point(|(slot, _)| *slot < number).min(self.slots.len() - 1);
        &mut self.slots[index].1
    }

    /// All of the last so many milliseconds, in whole slots.
    pub(super) fn last(&self, windows: Windows, now: Timestamp, ms: i64) -> T {
        let newest = windows.slot_of(now);
        let oldest = newest - windows.slots_in(ms);
        let mut sum = T::default();
        for (_, slot) in self.slots.iter().filter(|(slot, _)| *slot > oldest && *slot <= newest) {
            sum.merge(slot);
        }
        sum
    }
}
