//! The names under which an archived object is found: what messages call it.
//! Invariant: a name is made of ids of the sources alone, the same for ever; two objects that share one are told apart by the object
//! that it meant last.

use crate::OrderKey;
use crossdock_model::{
    ErpOrderNumber, InvoiceNumber, OrderId, PoNumber, ProductId, RecommendationId, SerialNumber, SystemId, Text,
    TrackingNumber,
};

/// An order by channel and number: its own name.
pub fn order(key: &OrderKey) -> Text {
    Text::from(format!("order/{key}"))
}

/// An order by its number alone, as facilities know it.
pub fn order_id(id: &OrderId) -> Text {
    Text::from(format!("order-id/{id}"))
}

/// An order by the ERP's number.
pub fn erp_order(number: &ErpOrderNumber) -> Text {
    Text::from(format!("erp-order/{number}"))
}

/// An order by one of its parcels.
pub fn parcel(number: &TrackingNumber) -> Text {
    Text::from(format!("parcel/{number}"))
}

/// The order that a single unit was promised to last.
pub fn unit(product: &ProductId, serial: &SerialNumber) -> Text {
    Text::from(format!("unit/{product}/{serial}"))
}

/// A purchase order: its own name.
pub fn po(number: &PoNumber) -> Text {
    Text::from(format!("po/{number}"))
}

/// The purchase orders whose goods a parcel carries.
pub fn inbound(number: &TrackingNumber) -> Text {
    Text::from(format!("inbound/{number}"))
}

/// The purchase order that went out in a group.
pub fn group(supplier: &SystemId, group: u32) -> Text {
    Text::from(format!("group/{supplier}/{group}"))
}

/// The purchase order that an invoice bills.
pub fn invoice(supplier: &SystemId, number: &InvoiceNumber) -> Text {
    Text::from(format!("invoice/{supplier}/{number}"))
}

/// A recommendation: its own name.
pub fn recommendation(id: &RecommendationId) -> Text {
    Text::from(format!("recommendation/{id}"))
}
