//! The inventory position as it is published.

use serde::{Deserialize, Serialize};

use crate::{Balance, FacilityId, ProductId, Quantity};

/// `position.changed.v1`: all buckets of a product at a facility, after what changed them.
///
/// Rule: docs/concepts/domain.md, "Inventory position". `on_hand = sellable + quarantined + damaged`;
/// `available = sellable + lots_below_zero − buckets_below_zero − allocated − safety_stock`, the true figure (commerce gets it
/// floored at 0).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PositionChanged {
    /// What.
    pub product: ProductId,
    /// Where.
    pub facility: FacilityId,
    /// Rises by one with every change.
    pub version: u64,
    /// Physically there.
    pub on_hand: Balance,
    /// There and good.
    pub sellable: Balance,
    /// There and held.
    pub quarantined: Balance,
    /// There and broken.
    pub damaged: Balance,
    /// Reserved for orders.
    pub allocated: Balance,
    /// Free to promise.
    pub available: Balance,
    /// How much the lots below zero lack together: it is missing from `sellable`, not from what the other lots have.
    #[serde(default, skip_serializing_if = "Quantity::is_zero_ref")]
    pub lots_below_zero: Quantity,
    /// How much `quarantined` and `damaged` are below zero together: it is in `sellable`, and may not be promised.
    #[serde(default, skip_serializing_if = "Quantity::is_zero_ref")]
    pub buckets_below_zero: Quantity,
    /// Kept back.
    pub safety_stock: Quantity,
    /// With the supplier.
    pub on_order: Balance,
    /// On the way here.
    pub in_transit: Balance,
    /// Demanded here and not allocated.
    pub backordered: Balance,
}
