//! Movements that change the condition of units on the shelf, transfers between facilities, and snapshots of the shelf.
//! Rules: docs/concepts/domain.md 4.5, 4.11, 4.12, 5.2.

use serde::{Deserialize, Serialize};

use crate::{Balance, Bucket, FacilityId, LotNumber, MovementId, ProductId, Quantity, Timestamp, TransferId, Unit};

/// `movement.quarantined.v1`, `movement.released.v1`, `movement.damaged.v1`, `movement.scrapped.v1`: units go from one bucket into
/// another, or out of the facility's books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MovementRegraded {
    /// The WMS's number.
    pub movement_id: MovementId,
    /// Where.
    pub facility: FacilityId,
    /// What.
    pub product: ProductId,
    /// Of which lot, where the facility keeps lots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotNumber>,
    /// How much.
    pub quantity: Quantity,
    /// Its unit.
    pub unit: Unit,
    /// In which bucket it was. Left out: sellable for what is quarantined or damaged, quarantined for what is released, damaged for
    /// what is scrapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Bucket>,
    /// Why, in the WMS's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What of a product goes from one facility to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransferLine {
    /// What.
    pub product: ProductId,
    /// How much.
    pub quantity: Quantity,
    /// Its unit.
    pub unit: Unit,
}

/// `movement.transferred_out.v1`, `movement.transferred_in.v1`: one leg of a transfer. Legs may come in any order, and in parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MovementTransferred {
    /// The WMS's number of the leg.
    pub movement_id: MovementId,
    /// Where the leg is: goods leave here, or arrive here.
    pub facility: FacilityId,
    /// The number that both legs carry.
    pub transfer_id: TransferId,
    /// The other facility: where goods go, or where they come from.
    pub counterpart: FacilityId,
    /// What.
    pub lines: Vec<TransferLine>,
}

/// What a WMS has on its books of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotLine {
    /// What.
    pub product: ProductId,
    /// Of which lot, where the line is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotNumber>,
    /// Physically there; a WMS may be below zero too.
    pub on_hand: Balance,
    /// Its unit.
    pub unit: Unit,
}

/// `stock.snapshot.v1`: what a WMS has on its books as of a time. It changes nothing: differences are asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StockSnapshot {
    /// The WMS's number of it.
    pub snapshot_id: MovementId,
    /// Where.
    pub facility: FacilityId,
    /// As of when, by the WMS's clock.
    pub as_of: Timestamp,
    /// What is said. A product that is not here is not spoken of.
    pub lines: Vec<SnapshotLine>,
}
