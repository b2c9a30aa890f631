//! Changes of a purchase order after it was sent: the buyer's (X12 860) and the supplier's answer to it (865).
//! Invariant: nothing moves before the change is accepted (docs/concepts/domain.md, 9.5).

use serde::{Deserialize, Serialize};

use crate::{PoLine, PoNumber, Timestamp};

/// `purchase_order.change_requested.v1`: the ERP wants an order changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoChangeRequested {
    /// The ERP's number of the change: unique for its order.
    pub change_id: String,
    /// The order.
    pub po_number: PoNumber,
    /// By the ERP's clock.
    pub requested_at: Timestamp,
    /// The lines that change, as they shall be: a quantity of nothing takes the line away, a new number adds one.
    pub lines: Vec<PoLine>,
    /// When the goods are wanted now: a date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_by: Option<String>,
}

/// `purchase_order.change_acknowledged.v1`: the supplier's answer to a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoChangeAcknowledged {
    /// The order.
    pub po_number: PoNumber,
    /// The change that it answers.
    pub change_id: String,
    /// By the supplier's clock.
    pub acknowledged_at: Timestamp,
    /// Yes or no: a change is taken whole.
    pub accepted: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `purchase_order.change_refused.v1`: a change ends without an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoChangeRefused {
    /// The order.
    pub po_number: PoNumber,
    /// The change.
    pub change_id: String,
    /// Why: the supplier's word, or what is not possible any more.
    pub reason: String,
}
