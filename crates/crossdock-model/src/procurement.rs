//! Procurement: from a recommendation to a closed purchase order.

use serde::{Deserialize, Serialize};

use crate::{
    Amount, AsnNumber, Currency, FacilityId, LineNumber, MilestoneDue, PoNumber, ProductId, Quantity, RecommendationId,
    RunId, ShipmentLine, ShipmentPurpose, SystemId, Timestamp, TrackingNumber, Unit,
};

/// `replenishment.recommended.v1`: planning proposes to buy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recommendation {
    /// Planning's number.
    pub recommendation_id: RecommendationId,
    /// What.
    pub product: ProductId,
    /// For where.
    pub facility: FacilityId,
    /// From whom.
    pub supplier: SystemId,
    /// How much.
    pub quantity: Quantity,
    /// Its unit.
    pub unit: Unit,
    /// Agreed price per unit.
    pub unit_price: Amount,
    /// Of the price.
    pub currency: Currency,
    /// The planning cycle: one open recommendation per product, facility and cycle.
    pub cycle: String,
    /// The version of the position it was computed from.
    pub position_version: u64,
    /// When the goods are wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_by: Option<String>,
    /// True for a synthetic transaction.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub synthetic: bool,
    /// Its run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
}

/// `recommendation.approved.v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecommendationApproved {
    /// Planning's number.
    pub recommendation_id: RecommendationId,
    /// The rule or the person that approved.
    pub by: String,
}

/// `recommendation.refused.v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecommendationRefused {
    /// Planning's number.
    pub recommendation_id: RecommendationId,
    /// Why: stale, duplicate, …
    pub reason: String,
}

/// A line of a purchase order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoLine {
    /// From 1.
    pub line_number: LineNumber,
    /// What.
    pub product: ProductId,
    /// How much.
    pub quantity: Quantity,
    /// Its unit.
    pub unit: Unit,
    /// Per unit.
    pub unit_price: Amount,
}

/// `purchase_order.created.v1`: the ERP committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoCreated {
    /// The ERP's number.
    pub po_number: PoNumber,
    /// What it came from.
    pub recommendation_id: RecommendationId,
    /// From whom.
    pub supplier: SystemId,
    /// Where to.
    pub facility: FacilityId,
    /// Of every amount.
    pub currency: Currency,
    /// What.
    pub lines: Vec<PoLine>,
    /// Sum of the lines.
    pub total: Amount,
}

/// `purchase_order.sent.v1`: the supplier's system took the 850.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoSent {
    /// The order.
    pub po_number: PoNumber,
    /// To whom.
    pub supplier: SystemId,
    /// ISA13 of the interchange.
    pub interchange_control_number: u32,
    /// GS06 of its group: the 997 names it.
    pub group_control_number: u32,
    /// When its milestones are due, as declared now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub milestones: Vec<MilestoneDue>,
}

/// `purchase_order.functionally_acknowledged.v1`: a 997 for one group of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionalAck {
    /// The order in that group, where the sender's text or our record tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub po_number: Option<PoNumber>,
    /// AK102.
    pub group_control_number: u32,
    /// AK901: A accepted, E with errors, P partly, R refused.
    pub status: String,
    /// AK3/AK4 in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
}

/// `purchase_order.acknowledged.v1`: an 855.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoAcknowledged {
    /// The order.
    pub po_number: PoNumber,
    /// By the supplier's clock.
    pub acknowledged_at: Timestamp,
    /// Per line.
    pub lines: Vec<ConfirmedLine>,
}

/// What a supplier promised for a line (ACK).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfirmedLine {
    /// The order's line.
    pub line_number: LineNumber,
    /// What.
    pub product: ProductId,
    /// Taken as ordered or not (ACK01).
    pub status: LineStatus,
    /// How much is promised (ACK02).
    pub quantity: Quantity,
    /// Its unit.
    pub unit: Unit,
    /// At which price, where said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Amount>,
    /// For when, where said: a date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}

/// A supplier's answer to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineStatus {
    /// As ordered.
    Accepted,
    /// With another quantity, price or date.
    Changed,
    /// Later.
    Backordered,
    /// Not at all.
    Rejected,
}

/// `purchase_order.confirmed.v1`: the hub took an 855 for the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoConfirmed {
    /// The order.
    pub po_number: PoNumber,
    /// What was promised.
    pub lines: Vec<ConfirmedLine>,
    /// By the supplier's clock: an older promise never takes the place of a newer one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_at: Option<Timestamp>,
}

/// `purchase_order.reduced.v1`: less than ordered will come, and that is accepted. It is counted as cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoReduced {
    /// The order.
    pub po_number: PoNumber,
    /// Per line, how much less.
    pub lines: Vec<ReducedLine>,
    /// The rule or the person that accepted.
    pub by: String,
}

/// What of a line will not come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReducedLine {
    /// The order's line.
    pub line_number: LineNumber,
    /// What.
    pub product: ProductId,
    /// How much less.
    pub quantity: Quantity,
}

/// `purchase_order.changed.v1`: buyer and supplier agree on other lines (860 and 865, or an 855 above the order that was accepted).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoChanged {
    /// The order.
    pub po_number: PoNumber,
    /// The buyer's number of the change, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_id: Option<String>,
    /// The lines that changed, as they are now: a quantity of nothing takes the line away.
    pub lines: Vec<PoLine>,
    /// Who agreed.
    pub by: String,
}

/// `purchase_order.in_transit.v1`: the hub took an 856 for the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoInTransit {
    /// The order.
    pub po_number: PoNumber,
    /// The notice.
    pub asn_number: AsnNumber,
    /// What is on the way.
    pub lines: Vec<ShipmentLine>,
    /// Whether the notice is a new one, or took the place of an earlier one of its number.
    #[serde(default, skip_serializing_if = "ShipmentPurpose::is_original")]
    pub purpose: ShipmentPurpose,
    /// By the supplier's clock: an older notice never takes the place of a newer one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noticed_at: Option<Timestamp>,
    /// When it should arrive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_at: Option<Timestamp>,
    /// The carrier's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<TrackingNumber>,
}

/// `purchase_order.notice_undone.v1`: a ship notice was replaced or cancelled. What it had moved is with the supplier again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoNoticeUndone {
    /// The order.
    pub po_number: PoNumber,
    /// The notice.
    pub asn_number: AsnNumber,
    /// Whether another one takes its place.
    pub purpose: ShipmentPurpose,
    /// By the supplier's clock.
    pub noticed_at: Timestamp,
    /// What goes back from in_transit to on_order.
    pub lines: Vec<ShipmentLine>,
}

/// `purchase_order.receipt_recorded.v1`: goods were set against the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoReceiptRecorded {
    /// The order.
    pub po_number: PoNumber,
    /// The notice.
    pub asn_number: AsnNumber,
    /// Per line.
    pub lines: Vec<ReceiptLine>,
    /// True when the WMS expects no more of the notice.
    pub complete: bool,
}

/// A received line beside what was announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptLine {
    /// The order's line.
    pub line_number: LineNumber,
    /// What.
    pub product: ProductId,
    /// Good.
    pub accepted: Quantity,
    /// Held.
    pub rejected: Quantity,
    /// Announced and not come, once the receipt is complete.
    pub short: Quantity,
    /// Come and not announced.
    pub over: Quantity,
    /// Come above what was ordered, and within the tolerance of the line: kept and paid.
    #[serde(default, skip_serializing_if = "Quantity::is_zero_ref")]
    pub tolerated: Quantity,
}

/// `purchase_order.closed.v1`: received and matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoClosed {
    /// The order.
    pub po_number: PoNumber,
}
