//! What a customer sends back, and what a channel says of the money.
//! Invariant: only the facility's word moves stock; a refund is an expectation (docs/concepts/domain.md, 4.13.1).

use serde::{Deserialize, Serialize};

use crate::{
    Amount, Currency, FacilityId, LineNumber, LotNumber, Movement, MovementId, OrderId, ProductId, Quantity, SystemId,
    Unit,
};

/// `movement.returned.v1`: a facility accepted what a customer sent back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MovementReturned {
    /// The WMS's number.
    pub movement_id: MovementId,
    /// Where.
    pub facility: FacilityId,
    /// Of which order.
    pub order_id: OrderId,
    /// What.
    pub lines: Vec<CustomerReturnLine>,
}

/// A line that came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerReturnLine {
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
    /// What the facility found; by policy, where it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<Disposition>,
}

/// What becomes of a unit that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// Held until somebody has looked at it.
    Quarantined,
    /// As good as new.
    Sellable,
    /// Broken.
    Damaged,
}

impl Movement for MovementReturned {
    fn movement_id(&self) -> &MovementId {
        &self.movement_id
    }
    fn facility(&self) -> &FacilityId {
        &self.facility
    }
}

/// `order.returned.v1`: what came back is set against its order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderReturned {
    /// The channel.
    pub source: SystemId,
    /// The channel's number.
    pub order_id: OrderId,
    /// Where it is now.
    pub facility: FacilityId,
    /// The WMS's number of the movement.
    pub movement_id: MovementId,
    /// What.
    pub lines: Vec<CustomerReturnLine>,
    /// True where policy sells at once what the facility said nothing of.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sellable: bool,
}

/// `order.refunded.v1`: a channel gave money back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderRefunded {
    /// The channel's number of the order.
    pub order_id: OrderId,
    /// The channel's number of the refund.
    pub refund_id: String,
    /// How much.
    pub amount: Amount,
    /// In which currency.
    pub currency: Currency,
    /// For what, where it is for goods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<RefundedLine>,
}

/// A line that was refunded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundedLine {
    /// The order's line.
    pub line_number: LineNumber,
    /// How much.
    pub quantity: Quantity,
    /// Whether the channel expects it back on the shelf.
    #[serde(default)]
    pub restock: bool,
}
