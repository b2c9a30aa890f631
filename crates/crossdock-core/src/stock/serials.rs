//! Single units that an order line was promised.
//! Rule: docs/concepts/domain.md 3.11. Here: who was promised a unit last. Not here: whether it still holds it: the line itself says so
//! (`decide/serials.rs`), so that nothing has to be taken back here when it is shipped or cancelled.
//! Invariant: a unit has one name here at most.

use std::collections::BTreeMap;

use crossdock_model::{LineNumber, ProductId, SerialNumber};

use crate::OrderKey;

/// Who was promised which unit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Serials {
    promised: BTreeMap<(ProductId, SerialNumber), (OrderKey, LineNumber)>,
}

impl Serials {
    pub(crate) fn promise(&mut self, product: &ProductId, serial: &SerialNumber, to: (&OrderKey, LineNumber)) {
        self.promised.insert((product.clone(), serial.clone()), (to.0.clone(), to.1));
    }

    /// Forgets a unit, if it was promised to this order.
    pub(crate) fn forget(&mut self, product: &ProductId, serial: &SerialNumber, order: &OrderKey) {
        let name = (product.clone(), serial.clone());
        if self.promised.get(&name).is_some_and(|(key, _)| key == order) {
            self.promised.remove(&name);
        }
    }

    pub(crate) fn promised(&self, product: &ProductId, serial: &SerialNumber) -> Option<&(OrderKey, LineNumber)> {
        self.promised.get(&(product.clone(), serial.clone()))
    }
}
