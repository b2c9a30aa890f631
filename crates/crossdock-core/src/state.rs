//! The state of a partition: a fold of its ledger.
//! Here: what is in it and how readers look at it. Not here: how an entry changes it (`apply/`).
//! Invariant (I11): equal entries, equal state, whatever the process or the time.

use std::collections::BTreeMap;

use std::fmt::{self, Write as _};

use crossdock_model::{
    Amount, Balance, Currency, ErpOrderNumber, ExceptionId, FacilityId, InvoiceNumber, OrderId, PoNumber, ProductId,
    Quantity, SystemId, Timestamp, TrackingNumber, TransferId,
};
use jiff::civil::Date;

use crate::closed::Closed;
use crate::counts::Counts;
use crate::delivery::Deliveries;
use crate::exceptions::Exceptions;
use crate::master::Master;
use crate::orders::Orders;
use crate::procurement::Procurement;
use crate::shadow::Comparison;
use crate::stock::Stock;
use crate::synthetic::Synthetic;
use crate::timers::Timers;
use crate::{
    Context, ExceptionState, ExpectedReceipt, InvoiceState, OrderKey, OrderState, PoState, Position, PositionKey,
    RecommendationState, Seq, Shelf, TooOld, Transfer,
};

/// Everything that the hub knows of the open world.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub(crate) seq: Seq,
    pub(crate) stock: Stock,
    pub(crate) counts: Counts,
    pub(crate) orders: Orders,
    pub(crate) procurement: Procurement,
    pub(crate) exceptions: Exceptions,
    pub(crate) deliveries: Deliveries,
    pub(crate) timers: Timers,
    pub(crate) closed: Closed,
    pub(crate) synthetic: Synthetic,
    pub(crate) master: Master,
    pub(crate) shadows: BTreeMap<String, Comparison>,
}

impl State {
    /// How many orders, positions and purchase orders it has.
    #[cfg(debug_assertions)]
    pub(crate) fn objects(&self) -> usize {
        self.orders.len() + self.stock.len() + self.procurement.orders.len()
    }

    /// A fingerprint of all of it: equal entries give equal digests, in every run and process of one version (I11).
    ///
    /// It walks the whole state: for a comparison now and then, not for every entry.
    pub fn digest(&self) -> u64 {
        let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
        // Writing into a number cannot fail.
        if write!(hash, "{self:?}").is_err() {
            return 0;
        }
        hash.0
    }

    /// The last entry that is in it.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// A position, if anything was ever said of it.
    pub fn position(&self, product: &ProductId, facility: &FacilityId) -> Option<&Position> {
        self.stock.get(product, facility)
    }

    /// What was physically there as of a source time, in the order of source time, whenever it was told (domain.md 5.2).
    ///
    /// # Errors
    /// The time is before those of which movements are kept.
    pub fn position_as_of(&self, product: &ProductId, facility: &FacilityId, time: Timestamp) -> Result<Shelf, TooOld> {
        self.stock.as_of((product, facility), None, time)
    }

    /// Transfers between facilities whose legs differ, each with its number and destination (I7).
    pub fn transfers(&self) -> impl Iterator<Item = (&TransferId, &FacilityId, &Transfer)> {
        self.stock.transfers.iter().map(|((id, to), transfer)| (id, to, transfer))
    }

    /// What may be promised for a date: available, what is expected until then, less what is demanded until then and waits
    /// (domain.md 3.10). Signed, as `available` is.
    pub fn available_to_promise(&self, product: &ProductId, facility: &FacilityId, date: Date) -> Balance {
        let available = self.position(product, facility).map(Position::available).unwrap_or_default();
        let expected = self.expected_receipts(product, facility).filter(|receipt| receipt.date <= date);
        let expected: Quantity = expected.map(|receipt| receipt.quantity).sum();
        // Who named no date wants it now.
        let wanted = self.orders.waiting_for(product).filter(|order| {
            let by = order.order.requested_date.as_deref().and_then(|by| by.parse::<Date>().ok());
            by.is_none_or(|by| by <= date)
        });
        let waits = wanted.flat_map(|order| &order.lines).filter(|line| line.product == *product);
        let here = waits.filter_map(|line| line.waiting()).filter(|(at, _)| *at == facility);
        available + expected - here.map(|(_, quantity)| quantity).sum::<Quantity>()
    }

    /// What is to be received of a product at a facility, and when, by purchase order and line.
    pub fn expected_receipts(
        &self,
        product: &ProductId,
        facility: &FacilityId,
    ) -> impl Iterator<Item = ExpectedReceipt> {
        self.stock.expected.at(product, facility)
    }

    /// All positions, as they were first said of.
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

    /// All orders, as they came.
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

    /// What was received and not invoiced, by supplier and currency (domain.md 5.8). Synthetic orders are not in it.
    pub fn received_not_invoiced(&self) -> impl Iterator<Item = (&SystemId, &Currency, Amount)> {
        let sums = self.procurement.received_not_invoiced.iter().filter(|(_, sum)| !sum.is_zero());
        sums.map(|((supplier, currency), sum)| (supplier, currency, Amount::from(*sum)))
    }

    /// All recommendations, by number.
    pub fn recommendations(&self) -> impl Iterator<Item = &RecommendationState> {
        self.procurement.recommendations.values()
    }

    /// All invoices, by supplier and number.
    pub fn invoices(&self) -> impl Iterator<Item = &InvoiceState> {
        self.procurement.invoices.values()
    }

    /// The invoices of a purchase order, as they came.
    pub fn invoices_of(&self, po: &PoNumber) -> impl Iterator<Item = &InvoiceState> {
        self.procurement.invoices_of(po)
    }

    /// An exception, open or decided.
    pub fn exception(&self, id: ExceptionId) -> Option<&ExceptionState> {
        self.exceptions.get(id)
    }

    /// All exceptions, open and decided, oldest first.
    pub fn exceptions(&self) -> impl Iterator<Item = &ExceptionState> {
        self.exceptions.iter()
    }

    /// Those that wait, oldest first.
    pub fn open_exceptions(&self) -> impl Iterator<Item = &ExceptionState> {
        self.exceptions.waiting()
    }

    /// How many exceptions wait: no walk over those that are decided.
    pub fn open_exception_count(&self) -> usize {
        self.exceptions.open_count()
    }

    /// The shadow comparison of a group, `movement/stock-movement`, if there was anything to compare.
    pub fn shadow(&self, group: &str) -> Option<&Comparison> {
        self.shadows.get(group)
    }

    /// Products and the rest of what their owners keep.
    pub fn master(&self) -> &Master {
        &self.master
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
        let po = self.procurement.by_tracking.get(number)?.first()?;
        self.purchase_order(po).map(|po| &po.context)
    }

    pub(crate) fn invoice(&self, supplier: &SystemId, number: &InvoiceNumber) -> Option<&InvoiceState> {
        self.procurement.invoices.get(&(supplier.clone(), number.clone()))
    }
}

/// FNV-1a, 64 bits, over what is written.
struct Fnv(u64);

impl fmt::Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}
