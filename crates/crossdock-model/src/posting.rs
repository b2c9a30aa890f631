//! What the ERP says of its books: the value of stock, and what was received and not invoiced.
//! Rule: docs/concepts/domain.md 5.8. A posting itself is a delivery (`createPosting`).

use serde::{Deserialize, Serialize};

use crate::{Amount, Balance, Currency, FacilityId, ProductId, SystemId, Timestamp, Unit};

/// `inventory.valued.v1`: the ERP's books as of a time. It changes nothing: it is held against ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryValued {
    /// The ERP's number of it.
    pub valuation_id: String,
    /// As of when, by the ERP's clock.
    pub as_of: Timestamp,
    /// Of every amount.
    pub currency: Currency,
    /// What is valued. A product that is not here is not spoken of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<ValuedLine>,
    /// What was received and not invoiced, of every supplier that has something open; left out, it is not spoken of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_not_invoiced: Option<Vec<OpenReceipts>>,
}

/// What a product at a facility is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValuedLine {
    /// What.
    pub product: ProductId,
    /// Where.
    pub facility: FacilityId,
    /// How much, in base units; books may be below zero.
    pub quantity: Balance,
    /// The base unit.
    pub unit: Unit,
    /// Of one base unit.
    pub unit_cost: Amount,
    /// Quantity times cost.
    pub value: Amount,
}

/// What of a supplier was received and not invoiced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenReceipts {
    /// Whose.
    pub supplier: SystemId,
    /// How much.
    pub amount: Amount,
}
