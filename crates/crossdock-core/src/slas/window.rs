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
        // The newest is none that is earlier, so there is one.
        let index = self.slots.partition_point(|(slot, _)| *slot < number);
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

#[cfg(test)]
mod tests {
    use super::Windowed;
    use crate::slas::Windows;
    use crossdock_model::Timestamp;

    const WINDOWS: Windows = Windows { slot_ms: 1_000, slots: 3 };

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    /// One in each of these milliseconds.
    fn counted(times: &[i64]) -> Windowed<u64> {
        let mut counts = Windowed::<u64>::default();
        for time in times {
            *counts.at(WINDOWS, at(*time)) += 1;
        }
        counts
    }

    #[test]
    fn the_last_while_is_whole_slots_up_to_now() {
        let counts = counted(&[9_000, 10_000, 10_999, 11_000]);
        let last = |now, ms| counts.last(WINDOWS, at(now), ms);
        assert_eq!([last(11_000, 1), last(11_999, 1_000), last(11_000, 1_001), last(11_000, 3_000)], [1, 1, 3, 4]);
        assert_eq!(last(11_000, 1_000_000), 4, "no more than is kept");
        assert_eq!(last(10_500, 1_000), 2, "what comes later is not in it");
        assert_eq!(last(13_000, 2_000), 0);
    }

    #[test]
    fn old_slots_are_dropped_and_what_is_late_counts_in_the_oldest() {
        let mut counts = counted(&[9_000, 10_000, 11_000, 12_000]);
        assert_eq!(counts.slots.iter().map(|(slot, _)| *slot).collect::<Vec<_>>(), [10, 11, 12]);
        *counts.at(WINDOWS, at(1_000)) += 1;
        *counts.at(WINDOWS, at(11_500)) += 1;
        assert_eq!(counts.slots.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [2, 2, 1]);
        *counts.at(WINDOWS, at(14_000)) += 1;
        *counts.at(WINDOWS, at(13_000)) += 1;
        assert_eq!(counts.slots.iter().copied().collect::<Vec<_>>(), [(12, 1), (14, 2)], "the next later one takes it");
    }
}
