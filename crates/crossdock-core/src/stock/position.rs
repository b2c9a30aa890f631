//! One inventory position: the buckets of a product at a facility, and the formulas over them.
//! Here: the buckets, what may be allocated, what is published. Not here: which fact moves which bucket (`apply/`).
//! Invariant: `sellable`, `allocatable` and `available` are computed, never kept, so their formulas cannot be broken (I1).

use crossdock_model::{Balance, LotNumber, PositionChanged, Quantity, Timestamp};

use super::PositionKey;
use super::history::{History, Shelf};
use super::lots::Lots;

/// What is promised of the memory of a position, with what it is found by.
const _: () = assert!(size_of::<Position>() + size_of::<PositionKey>() <= 448);

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
    /// Kept back, as it was last published. What may be allocated is decided by what is declared (`decide/positions.rs`).
    pub safety_stock: Quantity,
    /// Rises by one with every published change.
    pub version: u64,
    /// The version at which supply (on order, in transit, received) last changed: an older recommendation is stale.
    pub supply_version: u64,
    /// The newest source time of what changed it.
    pub as_of: Timestamp,
    /// What storefronts were told last.
    pub(crate) told: Quantity,
    /// The time of the newest count of it or of a lot.
    pub(super) counted_at: Option<Timestamp>,
    pub(super) lots: Lots,
    pub(super) history: History,
}

impl Position {
    /// On hand and good.
    pub fn sellable(&self) -> Balance {
        self.on_hand - self.quarantined - self.damaged
    }

    /// How much the lots below zero lack together: what no other lot has to make good (domain.md 3.11).
    pub fn lots_below_zero(&self) -> Quantity {
        self.lots.below_zero()
    }

    /// How much quarantined and damaged are below zero together: a release that overtook what it releases makes nothing sellable
    /// (domain.md 3.14).
    pub fn buckets_below_zero(&self) -> Quantity {
        self.quarantined.shortfall() + self.damaged.shortfall()
    }

    /// What may be allocated at most: sellable, where a lot or a bucket below zero contributes 0 (domain.md 3.11, 3.14).
    pub fn allocatable(&self) -> Balance {
        self.sellable() + self.lots_below_zero() - self.buckets_below_zero()
    }

    /// Free to promise; the true figure, which may be negative.
    pub fn available(&self) -> Balance {
        self.available_above(self.safety_stock)
    }

    /// Free to promise when so much is kept back.
    pub(crate) fn available_above(&self, safety_stock: Quantity) -> Balance {
        self.allocatable() - self.allocated - safety_stock
    }

    /// How much more is allocated than may be (I2).
    pub(crate) fn overallocated(&self) -> Quantity {
        (self.allocatable() - self.allocated).shortfall()
    }

    /// What is physically there.
    pub fn shelf(&self) -> Shelf {
        Shelf { on_hand: self.on_hand, quarantined: self.quarantined, damaged: self.damaged }
    }

    /// Its lots, where they are kept, each with what is physically there of it.
    pub fn lots(&self) -> impl Iterator<Item = (&LotNumber, Shelf)> {
        self.lots.iter()
    }

    /// The movements that are kept of it.
    pub(crate) fn history(&self) -> &History {
        &self.history
    }

    /// The position as it was last published, with its figures of now.
    pub fn published(&self, key: &PositionKey) -> PositionChanged {
        self.published_as(key, self.version, self.safety_stock)
    }

    /// The position as it is published with `version`, when so much is kept back.
    pub(crate) fn published_as(&self, key: &PositionKey, version: u64, safety_stock: Quantity) -> PositionChanged {
        PositionChanged {
            product: key.0.clone(),
            facility: key.1.clone(),
            version,
            on_hand: self.on_hand,
            sellable: self.sellable(),
            quarantined: self.quarantined,
            damaged: self.damaged,
            allocated: self.allocated,
            available: self.available_above(safety_stock),
            safety_stock,
            lots_below_zero: self.lots_below_zero(),
            buckets_below_zero: self.buckets_below_zero(),
            on_order: self.on_order,
            in_transit: self.in_transit,
            backordered: self.backordered,
        }
    }
}
