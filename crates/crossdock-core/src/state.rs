//! The state of a partition: a fold of its ledger.
//! Here: what is in it and how readers look at it. Not here: how an entry changes it (`apply/`).
//! Invariant (I11): equal entries, equal state, whatever the process or the time.

use crossdock_model::{
    DeliveryId, ErpOrderNumber, ExceptionId, FacilityId, InvoiceNumber, OrderId, PoNumber, ProductId, SystemId,
    TrackingNumber,
};

use crate::delivery::Deliveries;
use crate::exceptions::Exceptions;
use crate::orders::Orders;
use crate::procurement::Procurement;
use crate::stock::Stock;
use crate::timers::Timers;
use crate::{
    Context, ExceptionState, InvoiceState, OrderKey, OrderState, PoState, Position, PositionKey, RecommendationState,
    Seq,
};

/// Everything that the hub knows of the open world.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub(crate) seq: Seq,
    pub(crate) stock: Stock,
    pub(crate) orders: Orders,
    pub(crate) procurement: Procurement,
    pub(crate) exceptions: Exceptions,
    pub(crate) deliveries: Deliveries,
    pub(crate) timers: Timers,
}

impl State {
    /// The last entry that is in it.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// A position, if anything was ever said of it.
    pub fn position(&self, product: &ProductId, facility: &FacilityId) -> Option<&Position> {
        self.stock.get(product, facility)
    }

    /// All positions, by product and facility.
    pub fn positions(&self) -> impl Iterator<Item = (&PositionKey, &Position)> {
        self.stock.iter()
    }

    /// An order by channel and number.
    pub fn order(&self, key: &OrderKey) -> Option<&OrderState> {
        self.orders.get(key)
    }

    /// An order by its number alone, the newest where two channels use the same.
    pub fn order_by_id(&self, id: &OrderId) -> Option<&OrderState> {
        self.orders.by_id(id)
    }

    /// An order by the ERP's number.
    pub fn order_by_erp_number(&self, number: &ErpOrderNumber) -> Option<&OrderState> {
        self.orders.by_erp_number(number)
    }

    /// All orders, by channel and number.
    pub fn orders(&self) -> impl Iterator<Item = &OrderState> {
        self.orders.iter()
    }

    /// A purchase order.
    pub fn purchase_order(&self, number: &PoNumber) -> Option<&PoState> {
        self.procurement.orders.get(number)
    }

    /// All purchase orders, by number.
    pub fn purchase_orders(&self) -> impl Iterator<Item = &PoState> {
        self.procurement.orders.values()
    }

    /// All recommendations, by number.
    pub fn recommendations(&self) -> impl Iterator<Item = &RecommendationState> {
        self.procurement.recommendations.values()
    }

    /// All invoices, by supplier and number.
    pub fn invoices(&self) -> impl Iterator<Item = &InvoiceState> {
        self.procurement.invoices.values()
    }

    /// An exception, open or decided.
    pub fn exception(&self, id: ExceptionId) -> Option<&ExceptionState> {
        self.exceptions.get(id)
    }

    /// All exceptions, open and decided, oldest first.
    pub fn exceptions(&self) -> impl Iterator<Item = &ExceptionState> {
        self.exceptions.iter()
    }

    /// What is owed to whom.
    pub fn deliveries(&self) -> &Deliveries {
        &self.deliveries
    }

    /// The connection of the order or purchase order that a tracking number belongs to.
    pub(crate) fn context_of_tracking(&self, number: &TrackingNumber) -> Option<&Context> {
        if let Some(order) = self.orders.by_tracking(number) {
            return Some(&order.context);
        }
        let po = self.procurement.by_tracking.get(number)?;
        self.purchase_order(po).map(|po| &po.context)
    }

    pub(crate) fn invoice(&self, supplier: &SystemId, number: &InvoiceNumber) -> Option<&InvoiceState> {
        self.procurement.invoices.get(&(supplier.clone(), number.clone()))
    }

    /// Whether a delivery is still owed.
    pub fn is_owed(&self, id: DeliveryId) -> bool {
        self.deliveries.get(id).is_some()
    }
}
