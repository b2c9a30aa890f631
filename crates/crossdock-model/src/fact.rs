//! Facts: what the systems report. One line a type.
//! Invariant: a fact is applied as it was said; what follows from it is a [`crate::HubEvent`].

use std::sync::Arc;

use serde_json::Value;

use crate::{
    BusinessKey, FacilityId, FunctionalAck, Invoice, KeyKind, MovementAdjusted, MovementCounted, MovementReceived,
    MovementShipped, MovementShortPicked, MovementStaged, Order, OrderCancelRequested, OrderChangeRequested,
    PoAcknowledged, Recommendation, ShipmentMilestone, ShipmentNotice, ShipmentPurpose, SystemId,
};
use crate::{CustomerUpserted, PriceUpserted, ProductUpserted, SupplierUpserted, SyncCompleted};
use crate::{InventoryValued, PoChangeAcknowledged, PoChangeRequested, QualityInspected, ReturnedToSupplier};
use crate::{MovementRegraded, MovementTransferred, StockSnapshot};
use crate::{MovementReturned, OrderPayment, OrderRefunded};

/// A payload, or a shared one: what the state keeps whole is not copied.
macro_rules! held {
    ($payload:ident) => { $payload };
    ($payload:ident $shared:ident) => { $shared<$payload> };
}

macro_rules! facts {
    ($($(#[$doc:meta])* $variant:ident($payload:ident $(in $shared:ident)?) = $type:literal,)*) => {
        /// A fact that a system reports, by the type of its CloudEvent.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Fact {
            $($(#[$doc])* $variant(held!($payload $($shared)?)),)*
        }

        impl Fact {
            /// Every type, in the order of this file.
            pub const TYPES: &'static [&'static str] = &[$($type,)*];

            /// The CloudEvents type.
            pub fn event_type(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $type,)*
                }
            }

            /// Reads the `data` of an event of `event_type`. `None`: not a fact.
            ///
            /// # Errors
            /// `data` does not have the type's shape.
            pub fn from_data(event_type: &str, data: Value) -> Option<Result<Self, serde_json::Error>> {
                match event_type {
                    $($type => Some(serde_json::from_value::<$payload>(data).map(|payload| Self::$variant(payload.into()))),)*
                    _ => None,
                }
            }

            /// The `data` of its CloudEvent.
            ///
            /// # Errors
            /// None in practice: every payload has text keys.
            pub fn to_data(&self) -> Result<Value, serde_json::Error> {
                match self {
                    $(Self::$variant(payload) => serde_json::to_value::<&$payload>(payload),)*
                }
            }
        }
    };
}

facts! {
    /// An order was captured by a channel.
    OrderCaptured(Order in Arc) = "order.captured.v1",
    /// A channel asks to cancel.
    OrderCancelRequested(OrderCancelRequested) = "order.cancel_requested.v1",
    /// A channel asks for something else.
    OrderChangeRequested(OrderChangeRequested) = "order.change_requested.v1",
    /// A channel gave money back.
    OrderRefunded(OrderRefunded) = "order.refunded.v1",
    /// A payment of an order, which may come before it.
    OrderPayment(OrderPayment) = "order.payment.v1",
    /// A facility took back what a customer sent.
    Returned(MovementReturned) = "movement.returned.v1",
    /// Goods were picked.
    Picked(MovementStaged) = "movement.picked.v1",
    /// Goods were not found.
    ShortPicked(MovementShortPicked) = "movement.short_picked.v1",
    /// Goods were packed.
    Packed(MovementStaged) = "movement.packed.v1",
    /// Goods left for a customer.
    Shipped(MovementShipped) = "movement.shipped.v1",
    /// Goods of a supplier came in.
    Received(MovementReceived) = "movement.received.v1",
    /// A balance was corrected.
    Adjusted(MovementAdjusted) = "movement.adjusted.v1",
    /// Somebody counted.
    Counted(MovementCounted) = "movement.counted.v1",
    /// Units are held.
    Quarantined(MovementRegraded) = "movement.quarantined.v1",
    /// Held units are good.
    Released(MovementRegraded) = "movement.released.v1",
    /// Units broke.
    Damaged(MovementRegraded) = "movement.damaged.v1",
    /// Units were thrown away.
    Scrapped(MovementRegraded) = "movement.scrapped.v1",
    /// Goods left for another facility.
    TransferredOut(MovementTransferred) = "movement.transferred_out.v1",
    /// Goods of another facility came in.
    TransferredIn(MovementTransferred) = "movement.transferred_in.v1",
    /// What a WMS has on its books.
    Snapshot(StockSnapshot) = "stock.snapshot.v1",
    /// Planning proposes to buy.
    Recommended(Recommendation) = "replenishment.recommended.v1",
    /// A carrier saw a shipment.
    ShipmentMilestone(ShipmentMilestone) = "shipment.milestone.v1",
    /// X12 997: a supplier's system read our group.
    FunctionalAck(FunctionalAck) = "purchase_order.functionally_acknowledged.v1",
    /// X12 855: a supplier answered an order.
    PoAcknowledged(PoAcknowledged) = "purchase_order.acknowledged.v1",
    /// X12 856: a supplier announced a shipment.
    ShipmentNotified(ShipmentNotice) = "shipment.notified.v1",
    /// X12 810: a supplier billed.
    InvoiceReceived(Invoice) = "invoice.received.v1",
    /// The buyer wants a purchase order changed (X12 860).
    PoChangeRequested(PoChangeRequested) = "purchase_order.change_requested.v1",
    /// The supplier answered a change (X12 865).
    PoChangeAcknowledged(PoChangeAcknowledged) = "purchase_order.change_acknowledged.v1",
    /// Held units were looked at.
    QualityInspected(QualityInspected) = "quality.inspected.v1",
    /// The ERP valued stock, and what was received and not invoiced.
    InventoryValued(InventoryValued) = "inventory.valued.v1",
    /// Goods went back to their supplier.
    ReturnedToSupplier(ReturnedToSupplier) = "movement.returned_to_supplier.v1",
    /// A version of a product.
    ProductUpserted(ProductUpserted) = "product.upserted.v1",
    /// A version of a price.
    PriceUpserted(PriceUpserted) = "price.upserted.v1",
    /// A version of a customer.
    CustomerUpserted(CustomerUpserted) = "customer.upserted.v1",
    /// A version of a supplier.
    SupplierUpserted(SupplierUpserted) = "supplier.upserted.v1",
    /// A feed was brought up to date.
    SyncCompleted(SyncCompleted) = "sync.completed.v1",
}

impl Fact {
    /// The facility whose system reports it as its own doing: it is that system's to say, and carries a number of its sequence.
    pub fn facility(&self) -> Option<&FacilityId> {
        Some(match self {
            Self::Picked(m) | Self::Packed(m) => &m.facility,
            Self::ShortPicked(m) => &m.facility,
            Self::Returned(m) => &m.facility,
            Self::Shipped(m) => &m.facility,
            Self::Received(m) => &m.facility,
            Self::Adjusted(m) => &m.facility,
            Self::QualityInspected(m) => &m.facility,
            Self::ReturnedToSupplier(m) => &m.facility,
            Self::Counted(m) => &m.facility,
            Self::Quarantined(m) | Self::Released(m) | Self::Damaged(m) | Self::Scrapped(m) => &m.facility,
            Self::TransferredOut(m) | Self::TransferredIn(m) => &m.facility,
            Self::Snapshot(s) => &s.facility,
            _ => return None,
        })
    }

    /// The number by which the fact is unique for ever at the system that reports it, where it has one.
    ///
    /// Rule: docs/concepts/domain.md, "Procure to receive", business keys.
    pub fn business_key(&self, system: &SystemId) -> Option<BusinessKey> {
        if let Some(key) = self.master_version() {
            return Some(BusinessKey::new(KeyKind::MasterVersion, system.as_str(), key));
        }
        let (kind, key) = match self {
            Self::OrderCaptured(order) => (KeyKind::Order, order.order_id.as_str()),
            Self::Picked(m) | Self::Packed(m) => (KeyKind::Movement, m.movement_id.as_str()),
            Self::Returned(m) => (KeyKind::Movement, m.movement_id.as_str()),
            Self::ShortPicked(m) => (KeyKind::Movement, m.movement_id.as_str()),
            Self::Shipped(m) => (KeyKind::Movement, m.movement_id.as_str()),
            Self::Received(m) => (KeyKind::Movement, m.movement_id.as_str()),
            Self::Adjusted(m) => (KeyKind::Movement, m.movement_id.as_str()),
            Self::Counted(m) => (KeyKind::Movement, m.movement_id.as_str()),
            Self::Quarantined(m) | Self::Released(m) | Self::Damaged(m) | Self::Scrapped(m) => {
                (KeyKind::Movement, m.movement_id.as_str())
            }
            Self::TransferredOut(m) | Self::TransferredIn(m) => (KeyKind::Movement, m.movement_id.as_str()),
            Self::Snapshot(s) => (KeyKind::Movement, s.snapshot_id.as_str()),
            Self::Recommended(r) => (KeyKind::Recommendation, r.recommendation_id.as_str()),
            Self::QualityInspected(m) => (KeyKind::Movement, m.movement_id.as_str()),
            Self::ReturnedToSupplier(m) => (KeyKind::Movement, m.movement_id.as_str()),
            Self::InvoiceReceived(invoice) => (KeyKind::Invoice, invoice.invoice_number.as_str()),
            // One notice may carry goods of several orders: each of them is a fact of its own.
            Self::ShipmentNotified(n) if n.purpose == ShipmentPurpose::Original => {
                let key = pair(n.asn_number.as_str(), n.po_number.as_str());
                return Some(BusinessKey::new(KeyKind::ShipNotice, system.as_str(), key));
            }
            // Each step of a payment is a fact of its own.
            Self::OrderPayment(p) => {
                let key = pair(p.payment_id.as_str(), p.status.as_str());
                return Some(BusinessKey::new(KeyKind::Payment, system.as_str(), key));
            }
            Self::PoChangeRequested(c) => {
                let key = pair(&c.change_id, c.po_number.as_str());
                return Some(BusinessKey::new(KeyKind::PoChange, system.as_str(), key));
            }
            _ => return None,
        };
        Some(BusinessKey::new(kind, system.as_str(), key))
    }

    /// The version of master data that it is: `product/P-100@3`.
    fn master_version(&self) -> Option<String> {
        match self {
            Self::ProductUpserted(e) => Some(format!("product/{}@{}", e.product, e.version)),
            Self::PriceUpserted(e) => Some(format!("price/{}/{}/{}@{}", e.currency, e.unit, e.product, e.version)),
            Self::CustomerUpserted(e) => Some(format!("customer/{}@{}", e.customer_id, e.version)),
            Self::SupplierUpserted(e) => Some(format!("supplier/{}@{}", e.supplier_id, e.version)),
            _ => None,
        }
    }
}

/// Two numbers as one key; a slash in the first cannot be taken for the one between them.
fn pair(first: &str, second: &str) -> String {
    format!("{}/{second}", first.replace('%', "%25").replace('/', "%2F"))
}
