//! Counts and corrections: what was found on the shelf, and what the books became of it.
//! Rules: docs/concepts/domain.md 4.10, 5.6, 5.7.

use serde::{Deserialize, Serialize};

use crate::{Balance, FacilityId, LotNumber, MovementId, ProductId, Quantity, Timestamp, Unit};

/// `movement.counted.v1`: somebody counted. The figure is the truth as of the event's own time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MovementCounted {
    /// The WMS's number of the count.
    pub movement_id: MovementId,
    /// Where.
    pub facility: FacilityId,
    /// What.
    pub product: ProductId,
    /// Of which lot, where only that was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotNumber>,
    /// How much was there, in whatever condition.
    pub quantity: Quantity,
    /// Its unit.
    pub unit: Unit,
}

/// `stock.adjustment_held.v1`: an adjustment waits for a decision; it is not in the figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AdjustmentHeld {
    /// The WMS's number of it.
    pub movement_id: MovementId,
    /// Where.
    pub facility: FacilityId,
    /// What.
    pub product: ProductId,
    /// Of which lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotNumber>,
    /// The difference, signed.
    pub quantity: Balance,
    /// When, by the WMS's clock.
    pub at: Timestamp,
    /// Of what waited for a count, how much the adjustment had settled.
    #[serde(default, skip_serializing_if = "Quantity::is_zero_ref")]
    pub settled: Quantity,
}

/// What a correction follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionCause {
    /// A count: the books are what was counted, as of its time.
    Count,
    /// An adjustment that waited for a decision.
    Adjustment,
    /// A snapshot of the WMS.
    Snapshot,
}

/// `stock.corrected.v1`: the books follow the shelf, as of a source time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StockCorrected {
    /// Where.
    pub facility: FacilityId,
    /// What.
    pub product: ProductId,
    /// Of which lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotNumber>,
    /// By how much `on_hand` changes, signed.
    pub quantity: Balance,
    /// As of when, by the source's clock.
    pub at: Timestamp,
    /// Why.
    pub cause: CorrectionCause,
    /// The number of the count, adjustment or snapshot.
    pub reference: MovementId,
    /// Of a count: all that it corrected so far, this time included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variance: Option<Balance>,
}
