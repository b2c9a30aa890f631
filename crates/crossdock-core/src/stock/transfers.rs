//! Transfers between facilities: what left, what arrived, what is still on the way.
//! Rules: docs/concepts/domain.md 4.11, 4.11.1, I7.
//! Invariant: what is on the way of a transfer is what left less what arrived, and never below zero; it is in `in_transit` of the
//! destination. A transfer of which both legs are equal is forgotten.

use std::collections::BTreeMap;

use crossdock_model::{Balance, FacilityId, ProductId, Quantity, TransferId};

/// What left and what arrived of a product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Legs {
    /// Left the one facility.
    pub out: Quantity,
    /// Arrived at the other.
    pub arrived: Quantity,
}

impl Legs {
    /// On the way.
    pub fn remainder(&self) -> Quantity {
        self.out.saturating_sub(self.arrived)
    }

    /// Arrived above what left.
    pub fn overrun(&self) -> Quantity {
        self.arrived.saturating_sub(self.out)
    }
}

/// A transfer to a facility.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transfer {
    /// By product.
    pub lines: BTreeMap<ProductId, Legs>,
}

/// All transfers whose legs differ, by number and destination: one that arrives elsewhere is on its way, and another one too many.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transfers {
    open: BTreeMap<(TransferId, FacilityId), Transfer>,
}

impl Transfers {
    pub(crate) fn get(&self, id: &TransferId, to: &FacilityId) -> Option<&Transfer> {
        self.open.get(&(id.clone(), to.clone()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&(TransferId, FacilityId), &Transfer)> {
        self.open.iter()
    }

    /// Adds to a leg; answers by how much more is on the way.
    pub(crate) fn add(
        &mut self,
        (id, to): (&TransferId, &FacilityId),
        product: &ProductId,
        add: impl FnOnce(&mut Legs),
    ) -> Balance {
        let transfer = self.open.entry((id.clone(), to.clone())).or_default();
        let legs = transfer.lines.entry(product.clone()).or_default();
        let before = legs.remainder();
        add(legs);
        Balance::from(legs.remainder()) - before
    }

    /// Forgets a transfer whose legs are equal.
    pub(crate) fn forget_if_equal(&mut self, id: &TransferId, to: &FacilityId) {
        let key = (id.clone(), to.clone());
        if self.open.get(&key).is_some_and(|transfer| transfer.lines.values().all(|legs| legs.out == legs.arrived)) {
            self.open.remove(&key);
        }
    }
}
