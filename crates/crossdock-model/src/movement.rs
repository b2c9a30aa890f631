//! Movements: what a WMS says happened to stock.
//! Invariant: a movement carries non-negative quantities; only an adjustment has a sign, because it is a difference.

use serde::{Deserialize, Serialize};

use crate::{
    AsnNumber, Balance, FacilityId, LineNumber, LotNumber, MovementId, OrderId, PoNumber, ProductId, Quantity,
    ShipmentId, SystemId, TrackingNumber, Unit,
};

/// What every movement has.
pub trait Movement {
    /// The WMS's own number of it.
    fn movement_id(&self) -> &MovementId;
    /// Where.
    fn facility(&self) -> &FacilityId;
}

/// A line of a movement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MovementLine {
    /// The order's line.
    pub line_number: LineNumber,
    /// What.
    pub product: ProductId,
    /// How much.
    pub quantity: Quantity,
    /// Its unit.
    pub unit: Unit,
    /// Of which lot, where the facility keeps lots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotNumber>,
    /// Of a shipment: how much the facility was asked for, where it says so (X12 945, W1202).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered: Option<Quantity>,
    /// Of a shipment: by how much it is short, where it says so (W1204).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<Quantity>,
    /// Of a shipment: whether more will come, where it says so (W1201).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ShippedStatus>,
}

/// What a facility says of a shipped line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShippedStatus {
    /// All that was asked for has left.
    Complete,
    /// Some of it has.
    Partial,
}

/// `movement.picked.v1`, `movement.packed.v1`: sub-states of an allocation; nothing leaves the shelf for the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MovementStaged {
    /// The WMS's number.
    pub movement_id: MovementId,
    /// Where.
    pub facility: FacilityId,
    /// For which order.
    pub order_id: OrderId,
    /// What.
    pub lines: Vec<MovementLine>,
}

/// `movement.short_picked.v1`: the WMS's own word that no more will come. A first partial pick is not one.
///
/// Rule: docs/concepts/domain.md, 4.8.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MovementShortPicked {
    /// The WMS's number.
    pub movement_id: MovementId,
    /// Where.
    pub facility: FacilityId,
    /// For which order.
    pub order_id: OrderId,
    /// What was not found where it should have been.
    pub lines: Vec<MovementLine>,
}

/// `movement.shipped.v1`: goods left for the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MovementShipped {
    /// The WMS's number.
    pub movement_id: MovementId,
    /// From where.
    pub facility: FacilityId,
    /// For which order.
    pub order_id: OrderId,
    /// The WMS's number of the shipment.
    pub shipment_id: ShipmentId,
    /// Who carries it.
    pub carrier: SystemId,
    /// The carrier's number.
    pub tracking_number: TrackingNumber,
    /// What.
    pub lines: Vec<MovementLine>,
    /// Units over all lines, where it says so (W0301).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Quantity>,
}

/// `movement.received.v1`: goods of a ship notice arrived and were looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MovementReceived {
    /// The WMS's number.
    pub movement_id: MovementId,
    /// Where.
    pub facility: FacilityId,
    /// The supplier's ship notice.
    pub asn_number: AsnNumber,
    /// The order it fulfils.
    pub po_number: PoNumber,
    /// True when the WMS expects no more of this shipment.
    pub complete: bool,
    /// What.
    pub lines: Vec<ReceivedLine>,
}

/// A received line: accepted and rejected together are what came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedLine {
    /// The purchase order's line.
    pub line_number: LineNumber,
    /// What.
    pub product: ProductId,
    /// The unit of both quantities.
    pub unit: Unit,
    /// Good.
    pub accepted: Quantity,
    /// Not good: held until somebody decides.
    pub rejected: Quantity,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reject_reason: Option<String>,
    /// Of which lot, where the facility keeps lots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotNumber>,
}

/// `movement.adjusted.v1`: the books follow the shelf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MovementAdjusted {
    /// The WMS's number.
    pub movement_id: MovementId,
    /// Where.
    pub facility: FacilityId,
    /// What.
    pub product: ProductId,
    /// The difference, signed.
    pub quantity: Balance,
    /// Its unit.
    pub unit: Unit,
    /// Why.
    pub reason: AdjustmentReason,
    /// Of which lot, where the facility keeps lots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotNumber>,
}

/// Why stock was adjusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum AdjustmentReason {
    /// The first balance of a facility that joins.
    OpeningBalance,
    /// A count found another figure.
    CycleCount,
    /// Broken.
    Damage,
    /// Anything else.
    Other,
    /// A code that nobody agreed on: what it would do is asked, not guessed.
    Unknown(String),
}

impl From<String> for AdjustmentReason {
    fn from(code: String) -> Self {
        match code.as_str() {
            "opening_balance" => Self::OpeningBalance,
            "cycle_count" => Self::CycleCount,
            "damage" => Self::Damage,
            "other" => Self::Other,
            _ => Self::Unknown(code),
        }
    }
}

impl From<AdjustmentReason> for String {
    fn from(reason: AdjustmentReason) -> Self {
        match reason {
            AdjustmentReason::OpeningBalance => "opening_balance".to_owned(),
            AdjustmentReason::CycleCount => "cycle_count".to_owned(),
            AdjustmentReason::Damage => "damage".to_owned(),
            AdjustmentReason::Other => "other".to_owned(),
            AdjustmentReason::Unknown(code) => code,
        }
    }
}

macro_rules! movements {
    ($($name:ident),*) => {$(
        impl Movement for $name {
            fn movement_id(&self) -> &MovementId {
                &self.movement_id
            }
            fn facility(&self) -> &FacilityId {
                &self.facility
            }
        }
    )*};
}
movements!(MovementStaged, MovementShortPicked, MovementShipped, MovementReceived, MovementAdjusted);
