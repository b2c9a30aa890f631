//! Inventory positions: the buckets of a product at a facility.
//! Here: the buckets, their formulas, which of them are touched. Not here: which fact moves which bucket (`state.rs`).
//! Invariant: `sellable` and `available` are computed, never kept, so their formulas cannot be broken (I1).

use std::collections::BTreeMap;

use crossdock_model::{Balance, FacilityId, PositionChanged, ProductId, Quantity, Timestamp};

use crate::Context;

/// A product at a facility.
pub type PositionKey = (ProductId, FacilityId);

/// The buckets of one position, in base units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Physically there.
    pub on_hand: Balance,
    /// Of it: held until somebody decides.
    pub quarantined: Balance,
    /// Of it: broken.
    pub damaged: Balance,
    /// Reserved for orders.
    pub allocated: Balance,
    /// With the supplier.
    pub on_order: Balance,
    /// On the way here.
    pub in_transit: Balance,
    /// Demanded and not allocated.
    pub backordered: Balance,
    /// Kept back.
    pub safety_stock: Quantity,
    /// Rises by one with every published change.
    pub version: u64,
    /// The version at which supply (on order, in transit, received) last changed: an older recommendation is stale.
    pub supply_version: u64,
    /// The newest source time of what changed it.
    pub as_of: Timestamp,
}

impl Position {
    /// On hand and good.
    pub fn sellable(&self) -> Balance {
        self.on_hand - self.quarantined - self.damaged
    }

    /// Free to promise; the true figure, which may be negative.
    pub fn available(&self) -> Balance {
        self.sellable() - self.allocated - self.safety_stock
    }

    /// The position as it is published.
    pub fn published(&self, key: &PositionKey) -> PositionChanged {
        PositionChanged {
            product: key.0.clone(),
            facility: key.1.clone(),
            version: self.version,
            on_hand: self.on_hand,
            sellable: self.sellable(),
            quarantined: self.quarantined,
            damaged: self.damaged,
            allocated: self.allocated,
            available: self.available(),
            safety_stock: self.safety_stock,
            on_order: self.on_order,
            in_transit: self.in_transit,
            backordered: self.backordered,
        }
    }
}

/// All positions, and which of them changed since they were last published.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stock {
    positions: BTreeMap<PositionKey, Position>,
    touched: BTreeMap<PositionKey, Context>,
}

/// Which side of a position a change is on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Demand,
    Supply,
}

impl Stock {
    pub(crate) fn get(&self, product: &ProductId, facility: &FacilityId) -> Option<&Position> {
        self.positions.get(&(product.clone(), facility.clone()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PositionKey, &Position)> {
        self.positions.iter()
    }

    /// Changes a position; it will be published.
    pub(crate) fn change(
        &mut self,
        (product, facility): (&ProductId, &FacilityId),
        context: &Context,
        at: Timestamp,
        side: Side,
        change: impl FnOnce(&mut Position),
    ) {
        let key = (product.clone(), facility.clone());
        let position = self.positions.entry(key.clone()).or_default();
        change(position);
        position.as_of = position.as_of.max(at);
        if side == Side::Supply {
            position.supply_version = position.version + 1;
        }
        self.touched.insert(key, context.clone());
    }

    pub(crate) fn next_touched(&self) -> Option<(&PositionKey, &Context)> {
        self.touched.iter().next()
    }

    pub(crate) fn mark_published(&mut self, published: &PositionChanged) {
        let key = (published.product.clone(), published.facility.clone());
        self.touched.remove(&key);
        if let Some(position) = self.positions.get_mut(&key) {
            position.version = published.version;
            position.safety_stock = published.safety_stock;
        }
    }
}
