//! The last count of each position or lot, and the adjustments that wait for a decision.
//! Rules: docs/concepts/domain.md 4.10, 5.6, 5.7. Not here: whether a variance needs a decision (`decide/counts.rs`).
//!
//! A count stays after it was settled: a movement that happened before it and is told later changes the variance, never the figure.
//! Invariant: of a position or lot, only the newest count by source time is kept; an older one says nothing any more (I8).

use std::collections::{BTreeMap, BTreeSet};

use crossdock_model::{AdjustmentHeld, Balance, FacilityId, LotNumber, MovementId, ProductId, Quantity, Timestamp};

/// Who says what is on the shelf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CountKind {
    /// Somebody counted: that is the truth.
    Count,
    /// The books of the WMS: they may be wrong as ours.
    Snapshot,
}

/// What was counted: all of a product at a facility, or one lot of it; and how.
pub(crate) type CountKey = (FacilityId, ProductId, Option<LotNumber>, CountKind);

/// The newest count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    /// The WMS's number of it.
    pub(crate) reference: MovementId,
    /// What was there.
    pub(crate) counted: Balance,
    /// When, by the WMS's clock.
    pub(crate) at: Timestamp,
    /// What it corrected so far; `None` until it was taken.
    pub(crate) variance: Option<Balance>,
}

/// All counts and held adjustments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    counts: BTreeMap<CountKey, Count>,
    /// Counts whose variance is to be looked at: new ones, held ones, those that a late movement changed.
    unsettled: BTreeSet<CountKey>,
    held: BTreeMap<(FacilityId, MovementId), AdjustmentHeld>,
    /// Of what waited for a count, how much the last adjustment settled: it comes back if that is held.
    pub(crate) last_settled: Quantity,
}

impl Counted {
    pub(crate) fn get(&self, key: &CountKey) -> Option<&Count> {
        self.counts.get(key)
    }

    /// Takes a count note of; false if a newer one is known.
    pub(crate) fn count(&mut self, key: CountKey, count: Count) -> bool {
        if self.counts.get(&key).is_some_and(|known| known.at > count.at) {
            return false;
        }
        self.unsettled.insert(key.clone());
        self.counts.insert(key, count);
        true
    }

    /// The count corrected so much, all in all.
    pub(crate) fn settle(&mut self, key: &CountKey, variance: Balance) {
        self.unsettled.remove(key);
        if let Some(count) = self.counts.get_mut(key) {
            count.variance = Some(variance);
        }
    }

    /// The count is not believed: the books stay as they are.
    pub(crate) fn reject(&mut self, key: &CountKey) {
        self.unsettled.remove(key);
        self.counts.remove(key);
    }

    /// Something moved at a place as of a source time: what was counted since then has another variance.
    pub(super) fn moved(&mut self, facility: &FacilityId, product: &ProductId, at: Timestamp) {
        let first = (facility.clone(), product.clone(), None, CountKind::Count);
        let of_place = self.counts.range(first..).take_while(|((f, p, ..), _)| f == facility && p == product);
        let later = of_place.filter(|(_, count)| at <= count.at);
        self.unsettled.extend(later.map(|(key, _)| key.clone()));
    }

    /// What is to be looked at of a product at a facility.
    pub(crate) fn unsettled_at(&self, facility: &FacilityId, product: &ProductId) -> Vec<CountKey> {
        if self.unsettled.is_empty() {
            return Vec::new();
        }
        let first = (facility.clone(), product.clone(), None, CountKind::Count);
        self.unsettled.range(first..).take_while(|(f, p, ..)| f == facility && p == product).cloned().collect()
    }

    /// What is to be looked at of a facility.
    pub(crate) fn unsettled_of(&self, facility: &FacilityId) -> Vec<CountKey> {
        self.unsettled.iter().filter(|(f, ..)| f == facility).cloned().collect()
    }

    pub(crate) fn hold(&mut self, adjustment: AdjustmentHeld) {
        let key = (adjustment.facility.clone(), adjustment.movement_id.clone());
        self.held.insert(key, adjustment);
    }

    pub(crate) fn held(&self, facility: &FacilityId, id: &MovementId) -> Option<&AdjustmentHeld> {
        self.held.get(&(facility.clone(), id.clone()))
    }

    pub(crate) fn drop_held(&mut self, facility: &FacilityId, id: &MovementId) {
        self.held.remove(&(facility.clone(), id.clone()));
    }
}
