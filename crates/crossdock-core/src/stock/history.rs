//! The movements of a position, by source time: what was there as of a time.
//! Rules: docs/concepts/domain.md 5.1, 5.2, I3. Here: what is physically there. Not here: what is allocated or on its way,
//! which is the hub's own and has no source time.
//!
//! Why: a snapshot or a count speaks of its own time, and movements come late. Kept is what is younger than the declared time and
//! than the last count (before it, the books were wrong by the variance). Older questions are answered with [`TooOld`].
//! Invariant: the sum of what is kept and of what is not (`before`) is the position.

use std::collections::VecDeque;
use std::ops::{Add, AddAssign, Sub};

use crossdock_model::{Balance, Timestamp};

use super::lots::LotIndex;

/// What is physically there, by its condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shelf {
    /// All of it.
    pub on_hand: Balance,
    /// Of it: held until somebody decides.
    pub quarantined: Balance,
    /// Of it: broken.
    pub damaged: Balance,
}

impl Shelf {
    /// On hand and good.
    pub fn sellable(&self) -> Balance {
        self.on_hand - self.quarantined - self.damaged
    }

    fn of(condition: Condition, quantity: Balance) -> Self {
        let mut shelf = Self { on_hand: quantity, ..Self::default() };
        match condition {
            Condition::Sellable => {}
            Condition::Quarantined => shelf.quarantined = quantity,
            Condition::Damaged => shelf.damaged = quantity,
        }
        shelf
    }
}

impl Add for Shelf {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            on_hand: self.on_hand + other.on_hand,
            quarantined: self.quarantined + other.quarantined,
            damaged: self.damaged + other.damaged,
        }
    }
}
impl AddAssign for Shelf {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}
impl Sub for Shelf {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self {
            on_hand: self.on_hand - other.on_hand,
            quarantined: self.quarantined - other.quarantined,
            damaged: self.damaged - other.damaged,
        }
    }
}

/// The question is about a time before which movements are not kept one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooOld {
    /// From here on it can be answered.
    pub since: Timestamp,
}

/// In which condition the units are that a movement adds or takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Sellable,
    Quarantined,
    Damaged,
}

/// One kept movement of units in one condition, compact: a hub keeps millions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moved {
    at: Timestamp,
    quantity: Balance,
    lot: LotIndex,
    condition: Condition,
}

/// What is promised of the memory of a movement.
const _: () = assert!(size_of::<Moved>() <= 64);

/// The kept movements of one position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    /// By source time; of one time, in the order in which they came.
    moves: VecDeque<Moved>,
    /// The sum of those that are not kept.
    before: Shelf,
    /// The source time of the newest that is not kept.
    since: Option<Timestamp>,
}

impl History {
    /// Adds what changed at a source time, wherever that is among the others.
    pub(super) fn record(&mut self, at: Timestamp, lot: LotIndex, change: Shelf) {
        let parts = [
            (Condition::Sellable, change.sellable()),
            (Condition::Quarantined, change.quarantined),
            (Condition::Damaged, change.damaged),
        ];
        for (condition, quantity) in parts {
            if quantity == Balance::ZERO {
                continue;
            }
            if self.since.is_some_and(|since| at < since) {
                self.before += Shelf::of(condition, quantity);
                continue;
            }
            let moved = Moved { at, quantity, lot, condition };
            if self.moves.back().is_none_or(|last| last.at <= at) {
                self.moves.push_back(moved);
            } else {
                let place = self.moves.partition_point(|other| other.at <= at);
                self.moves.insert(place, moved);
            }
        }
    }

    /// Keeps no movement before a time: questions as of it and later are answered.
    pub(super) fn forget_before(&mut self, time: Timestamp) {
        while let Some(first) = self.moves.front().filter(|first| first.at < time).copied() {
            self.moves.pop_front();
            self.before += Shelf::of(first.condition, first.quantity);
            self.since = self.since.max(Some(first.at));
        }
    }

    /// The sum of what moved after a time, of one lot or of all. Reads from the newest: questions are about the near past.
    pub(super) fn after(&self, time: Timestamp, lot: Option<LotIndex>) -> Result<Shelf, TooOld> {
        if let Some(since) = self.since.filter(|since| time < *since) {
            return Err(TooOld { since });
        }
        let newer = self.moves.iter().rev().take_while(|moved| moved.at > time);
        let of_lot = newer.filter(|moved| lot.is_none_or(|lot| lot == moved.lot));
        Ok(of_lot.fold(Shelf::default(), |sum, moved| sum + Shelf::of(moved.condition, moved.quantity)))
    }

    /// The running sum after each kept source time, oldest first, for the check (I3).
    pub(crate) fn sums(&self) -> impl Iterator<Item = (Timestamp, Shelf)> {
        self.moves.iter().scan(self.before, |sum, moved| {
            *sum += Shelf::of(moved.condition, moved.quantity);
            Some((moved.at, *sum))
        })
    }

    /// What all movements together make of the position.
    pub(crate) fn total(&self) -> Shelf {
        self.sums().last().map_or(self.before, |(_, sum)| sum)
    }
}
