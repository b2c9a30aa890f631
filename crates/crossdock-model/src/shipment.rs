//! Shipments: what a supplier announces (X12 856) and where a carrier saw it.

use serde::{Deserialize, Serialize};

use crate::{
    AsnNumber, FacilityId, LineNumber, PoNumber, ProductId, Quantity, SystemId, Timestamp, TrackingNumber, Unit,
};

/// A line of a shipment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShipmentLine {
    /// The order's line.
    pub line_number: LineNumber,
    /// What.
    pub product: ProductId,
    /// How much.
    pub quantity: Quantity,
    /// Its unit.
    pub unit: Unit,
}

/// `shipment.notified.v1`: an advance ship notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShipmentNotice {
    /// The supplier's number (BSN02).
    pub asn_number: AsnNumber,
    /// New, replacing or cancelling (BSN01 00, 05, 01).
    pub purpose: ShipmentPurpose,
    /// The order it fulfils (PRF01).
    pub po_number: PoNumber,
    /// Where to, where the notice says so (N1*ST).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facility: Option<FacilityId>,
    /// By the supplier's clock.
    pub shipped_at: Timestamp,
    /// When it should arrive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_at: Option<Timestamp>,
    /// The carrier's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<TrackingNumber>,
    /// Who carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<SystemId>,
    /// What.
    pub lines: Vec<ShipmentLine>,
}

/// What a ship notice does to an earlier one of the same number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentPurpose {
    /// BSN01 00: a new one.
    #[default]
    Original,
    /// BSN01 05: undo the earlier one, then take this.
    Replace,
    /// BSN01 01: undo the earlier one.
    Cancel,
}

impl ShipmentPurpose {
    /// True for a new one.
    pub fn is_original(&self) -> bool {
        *self == Self::Original
    }
}

/// `shipment.milestone.v1`: where a carrier saw a shipment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShipmentMilestone {
    /// The carrier's number.
    pub tracking_number: TrackingNumber,
    /// What happened.
    pub milestone: Milestone,
    /// By the carrier's clock.
    pub occurred_at: Timestamp,
    /// When the carrier expects to hand over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_at: Option<Timestamp>,
    /// The shipper's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// The steps of a shipment, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Milestone {
    /// With the carrier.
    PickedUp,
    /// On the way.
    InTransit,
    /// On the last vehicle.
    OutForDelivery,
    /// Handed over.
    Delivered,
}
