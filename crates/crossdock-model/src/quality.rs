//! What becomes of received goods: the quality check, and goods that go back to their supplier.
//! Rule: docs/concepts/domain.md, "Procure to receive" (9.6, 9.7) and "What each fact changes" (4.5).

use serde::{Deserialize, Serialize};

use crate::{FacilityId, LineNumber, MovementId, PoNumber, ProductId, Quantity, Unit};

/// `quality.inspected.v1`: units that were rejected at the dock and held were looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QualityInspected {
    /// The WMS's number.
    pub movement_id: MovementId,
    /// Where.
    pub facility: FacilityId,
    /// The order that they came for.
    pub po_number: PoNumber,
    /// What.
    pub lines: Vec<InspectedLine>,
}

/// A line that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InspectedLine {
    /// The order's line.
    pub line_number: LineNumber,
    /// What.
    pub product: ProductId,
    /// The unit of both quantities.
    pub unit: Unit,
    /// Good after all: out of quarantine.
    pub released: Quantity,
    /// Not good: stays in quarantine until it is returned or scrapped.
    pub rejected: Quantity,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `movement.returned_to_supplier.v1`: received goods left for where they came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReturnedToSupplier {
    /// The WMS's number.
    pub movement_id: MovementId,
    /// From where.
    pub facility: FacilityId,
    /// The order that they came for.
    pub po_number: PoNumber,
    /// What.
    pub lines: Vec<SupplierReturnLine>,
}

/// A line that goes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SupplierReturnLine {
    /// The order's line.
    pub line_number: LineNumber,
    /// What.
    pub product: ProductId,
    /// How much.
    pub quantity: Quantity,
    /// Its unit.
    pub unit: Unit,
    /// Out of which bucket.
    pub from: Bucket,
    /// True: the supplier sends as much again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replace: bool,
}

/// A part of what is on hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// Good.
    Sellable,
    /// Held.
    Quarantined,
    /// Broken.
    Damaged,
}

/// `purchase_order.return_recorded.v1`: what went back was set against the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoReturnRecorded {
    /// The order.
    pub po_number: PoNumber,
    /// The WMS's number of the movement.
    pub movement_id: MovementId,
    /// Per line.
    pub lines: Vec<ReturnedLine>,
}

/// A line of a return, as the order takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReturnedLine {
    /// The order's line.
    pub line_number: LineNumber,
    /// What.
    pub product: ProductId,
    /// Went back.
    pub returned: Quantity,
    /// Of it: waited for the quality check.
    pub held: Quantity,
    /// Of it: comes again.
    pub to_replace: Quantity,
}

/// `purchase_order.quality_recorded.v1`: the verdict of a quality check was set against the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoQualityRecorded {
    /// The order.
    pub po_number: PoNumber,
    /// Per line.
    pub lines: Vec<QualityLine>,
}

/// A line of a verdict, as the order takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QualityLine {
    /// The order's line.
    pub line_number: LineNumber,
    /// What.
    pub product: ProductId,
    /// Good after all.
    pub released: Quantity,
    /// Not good.
    pub rejected: Quantity,
}
