//! What a facility could not find and has to count: of each position, how much of `quarantined` is held for that.
//! Not here: what is counted (a movement), what is asked of whom (`decide/short_pick.rs`).
//! Rule: docs/concepts/domain.md, 4.8.1. Invariant: never more than the position has in quarantine.

use std::collections::BTreeMap;

use crossdock_model::{ExceptionId, FacilityId, ProductId, Quantity};

use crate::PositionKey;

/// Units that wait for a count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pending {
    /// How many.
    pub(crate) quantity: Quantity,
    /// The exception that is open about them, with the figure that it names.
    pub(crate) open: Option<ExceptionId>,
    /// The figure that was asked about last: somebody who ignored it has seen it.
    pub(crate) asked: Quantity,
}

/// All positions that wait for a count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pending: BTreeMap<PositionKey, Pending>,
}

impl Counts {
    pub(crate) fn get(&self, product: &ProductId, facility: &FacilityId) -> Option<&Pending> {
        if self.pending.is_empty() {
            return None;
        }
        self.pending.get(&(product.clone(), facility.clone()))
    }

    pub(crate) fn hold(&mut self, product: &ProductId, facility: &FacilityId, quantity: Quantity) {
        self.pending.entry((product.clone(), facility.clone())).or_default().quantity += quantity;
    }

    /// Takes up to `quantity` out of what waits, and says how much that is.
    pub(crate) fn settle(&mut self, product: &ProductId, facility: &FacilityId, quantity: Quantity) -> Quantity {
        if self.pending.is_empty() {
            return Quantity::ZERO;
        }
        let key = (product.clone(), facility.clone());
        let Some(pending) = self.pending.get_mut(&key) else { return Quantity::ZERO };
        let settled = pending.quantity.min(quantity);
        pending.quantity = pending.quantity.saturating_sub(settled);
        self.forget_if_over(&key);
        settled
    }

    pub(crate) fn opened(&mut self, key: &PositionKey, id: ExceptionId) {
        if let Some(pending) = self.pending.get_mut(key) {
            pending.open = Some(id);
            pending.asked = pending.quantity;
        }
    }

    pub(crate) fn resolved(&mut self, key: &PositionKey) {
        if let Some(pending) = self.pending.get_mut(key) {
            pending.open = None;
        }
        self.forget_if_over(key);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PositionKey, &Pending)> {
        self.pending.iter()
    }

    fn forget_if_over(&mut self, key: &PositionKey) {
        if self.pending.get(key).is_some_and(|pending| pending.quantity.is_zero() && pending.open.is_none()) {
            self.pending.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;
    use crossdock_model::{ExceptionId, FacilityId, ProductId, Quantity};

    #[test]
    fn what_waits_for_a_count_is_there_until_it_is_settled_and_decided() {
        let (product, facility): (ProductId, FacilityId) = ("P-1".parse().unwrap(), "DC-EAST".parse().unwrap());
        let (key, units) = ((product.clone(), facility.clone()), Quantity::units);
        let mut counts = Counts::default();
        assert_eq!(counts.settle(&product, &facility, units(1)), Quantity::ZERO, "nothing waits");
        counts.hold(&product, &facility, units(2));
        counts.hold(&product, &facility, units(1));
        counts.opened(&key, ExceptionId(7));
        let pending = counts.get(&product, &facility).expect("it waits");
        assert_eq!((pending.quantity, pending.asked, pending.open), (units(3), units(3), Some(ExceptionId(7))));
        assert_eq!(counts.settle(&product, &facility, units(1)), units(1));
        assert_eq!(counts.settle(&product, &facility, units(5)), units(2), "no more than waits");
        assert!(counts.get(&product, &facility).is_some(), "somebody is still asked");
        counts.resolved(&key);
        assert!(counts.get(&product, &facility).is_none() && counts.iter().next().is_none());
        // Decided first, settled later.
        counts.hold(&product, &facility, units(1));
        counts.opened(&key, ExceptionId(9));
        counts.resolved(&key);
        assert_eq!(counts.get(&product, &facility).map(|pending| pending.open), Some(None));
        assert_eq!(counts.settle(&product, &facility, units(1)), units(1));
        assert!(counts.get(&product, &facility).is_none());
    }
}
