//! The running numbers of each facility, what is missing of them, and what waits for it.
//! Rules: docs/concepts/domain.md 5.3, 5.4. Here: which numbers were seen. Not here: whether a facility has a sequence at all (policy):
//! of one that has none, skipped numbers mean nothing, and nothing is recorded as missing.
//!
//! Why a window: messages overtake each other all the time, and most gaps close within a second. A count compared with a position that
//! lacks a movement is wrong, and so is stock that is offered because a shipment is not known yet. It opens with a gap, ends when the
//! gap is filled or its time is over, and ignores movements themselves (deltas commute).
//! Invariant: a number is missing, or it was seen, or it is above all that were seen.

use std::collections::{BTreeMap, BTreeSet};

use crossdock_model::{FacilityId, Numbers, ProductId, Timestamp};

/// What the number of the last fact says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The next one; or none, or one from before the hub listened.
    #[default]
    InOrder,
    /// These were skipped.
    Skipped(Numbers),
    /// One that was missing.
    Late,
    /// Seen before, on another fact.
    Repeated,
}

/// The numbers of one facility.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sequence {
    /// The first that was seen: what is below it was before the hub listened.
    first: u64,
    /// Above all that were seen.
    next: u64,
    /// Missing, by the first of each range.
    missing: BTreeMap<u64, u64>,
    /// Set while what is not to be trusted waits.
    window: Option<Timestamp>,
    /// What rose meanwhile and was not published.
    held: BTreeSet<ProductId>,
    last: Seen,
}

impl Sequence {
    /// What is missing, the lowest first.
    pub(crate) fn missing(&self) -> Vec<Numbers> {
        self.missing.iter().map(|(from, to)| Numbers { from: *from, to: *to }).collect()
    }

    /// What the last fact's number said.
    pub(crate) fn last(&self) -> Seen {
        self.last
    }

    fn see(&mut self, number: u64) -> Seen {
        if self.next == 0 {
            self.first = number;
        }
        if number >= self.next {
            let skipped = Numbers { from: self.next, to: number.saturating_sub(1) };
            let in_order = self.next == 0 || number == self.next;
            self.next = number.saturating_add(1);
            return if in_order { Seen::InOrder } else { Seen::Skipped(skipped) };
        }
        if self.found(Numbers { from: number, to: number }) {
            Seen::Late
        } else if number < self.first {
            Seen::InOrder
        } else {
            Seen::Repeated
        }
    }

    /// Takes numbers out of what is missing; true if any was.
    fn found(&mut self, numbers: Numbers) -> bool {
        let mut any = false;
        // Ranges do not overlap: what reaches into the numbers begins before their end.
        let reached = self.missing.range(..=numbers.to).rev().take_while(|(_, to)| **to >= numbers.from);
        for (from, to) in reached.map(|(from, to)| (*from, *to)).collect::<Vec<_>>() {
            any = true;
            self.missing.remove(&from);
            if from < numbers.from {
                self.missing.insert(from, numbers.from - 1);
            }
            if to > numbers.to {
                self.missing.insert(numbers.to + 1, to);
            }
        }
        any
    }
}

/// The numbers of all facilities that number what they tell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sequences {
    by_facility: BTreeMap<FacilityId, Sequence>,
}

impl Sequences {
    pub(crate) fn of(&self, facility: &FacilityId) -> Option<&Sequence> {
        self.by_facility.get(facility)
    }

    /// Takes note of the number of a fact.
    pub(crate) fn see(&mut self, facility: &FacilityId, number: Option<u64>) {
        match (self.by_facility.get_mut(facility), number) {
            (Some(sequence), Some(number)) => sequence.last = sequence.see(number),
            (Some(sequence), None) => sequence.last = Seen::InOrder,
            (None, Some(number)) => {
                let mut sequence = Sequence::default();
                sequence.last = sequence.see(number);
                self.by_facility.insert(facility.clone(), sequence);
            }
            (None, None) => {}
        }
    }

    /// These are missing, and what is not to be trusted waits until then. The time of an open window stays: a source that loses
    /// a message every second must not hold back for ever.
    pub(crate) fn gap(&mut self, facility: &FacilityId, missing: Numbers, until: Timestamp) {
        let sequence = self.by_facility.entry(facility.clone()).or_default();
        sequence.missing.insert(missing.from, missing.to);
        sequence.window = sequence.window.or(Some(until));
    }

    /// Until when the facility is held back.
    pub(crate) fn held_back(&self, facility: &FacilityId) -> Option<Timestamp> {
        self.of(facility).and_then(|sequence| sequence.window)
    }

    /// Remembers or forgets that a product's rise was not published.
    pub(crate) fn hold(&mut self, facility: &FacilityId, product: &ProductId, waits: bool) {
        let Some(sequence) = self.by_facility.get_mut(facility) else { return };
        if waits {
            sequence.held.insert(product.clone());
        } else {
            sequence.held.remove(product);
        }
    }

    /// The window ends; what waited is handed out.
    pub(crate) fn end(&mut self, facility: &FacilityId) -> BTreeSet<ProductId> {
        let Some(sequence) = self.by_facility.get_mut(facility) else { return BTreeSet::new() };
        sequence.window = None;
        std::mem::take(&mut sequence.held)
    }

    /// Somebody said that these numbers were never used.
    pub(crate) fn never_used(&mut self, facility: &FacilityId, numbers: &[Numbers]) {
        let Some(sequence) = self.by_facility.get_mut(facility) else { return };
        for numbers in numbers {
            sequence.found(*numbers);
        }
    }

    /// What contradicts itself, for the check.
    pub(crate) fn inconsistencies(&self) -> impl Iterator<Item = String> {
        self.by_facility.iter().filter_map(|(facility, sequence)| {
            let mut end = None;
            let apart = sequence.missing.iter().all(|(from, to)| {
                let fits = from <= to && *to < sequence.next && end.is_none_or(|end| end < *from);
                end = Some(*to);
                fits
            });
            let held = sequence.window.is_some() || sequence.held.is_empty();
            (!apart || !held).then(|| format!("the numbers of {facility}: {sequence:?}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Numbers, Seen, Sequence};
    use std::fmt::Write as _;

    use expect_test::expect;

    fn check(numbers: &[u64], expected: &expect_test::Expect) {
        let mut sequence = Sequence::default();
        let mut text = String::new();
        for number in numbers {
            let seen = sequence.see(*number);
            if let Seen::Skipped(missing) = seen {
                sequence.missing.insert(missing.from, missing.to);
            }
            writeln!(text, "{number} {seen:?}, missing {:?}", sequence.missing).unwrap();
        }
        expected.assert_eq(&text);
    }

    #[test]
    fn a_gap_is_filled_from_both_ends_and_the_middle() {
        check(
            &[5, 6, 11, 9, 7, 10, 8, 12],
            &expect![[r"
            5 InOrder, missing {}
            6 InOrder, missing {}
            11 Skipped(Numbers { from: 7, to: 10 }), missing {7: 10}
            9 Late, missing {7: 8, 10: 10}
            7 Late, missing {8: 8, 10: 10}
            10 Late, missing {8: 8}
            8 Late, missing {}
            12 InOrder, missing {}
        "]],
        );
    }

    #[test]
    fn numbers_come_again_or_from_before() {
        check(
            &[5, 5, 4, 7, 5, 6, 6, u64::MAX, 8],
            &expect![[r"
            5 InOrder, missing {}
            5 Repeated, missing {}
            4 InOrder, missing {}
            7 Skipped(Numbers { from: 6, to: 6 }), missing {6: 6}
            5 Repeated, missing {6: 6}
            6 Late, missing {}
            6 Repeated, missing {}
            18446744073709551615 Skipped(Numbers { from: 8, to: 18446744073709551614 }), missing {8: 18446744073709551614}
            8 Late, missing {9: 18446744073709551614}
        "]],
        );
    }

    #[test]
    fn a_range_is_given_up() {
        let mut sequence = Sequence::default();
        sequence.missing.extend([(2, 4), (7, 9)]);
        assert!(sequence.found(Numbers { from: 3, to: 8 }));
        assert_eq!(sequence.missing(), [Numbers { from: 2, to: 2 }, Numbers { from: 9, to: 9 }]);
        assert!(!sequence.found(Numbers { from: 3, to: 8 }));
    }
}
