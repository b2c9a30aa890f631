//! Procurement as the core keeps it: recommendations, purchase orders, invoices, and the ways in which they are looked for.
//! Not here: a purchase order itself, with its lines and shipments (`purchase_order`).
//! Invariant: whatever a message names is found by an index, never by a walk over all orders.

mod milestones;
mod purchase_order;

use std::collections::BTreeMap;

use crossdock_model::{
    Currency, FacilityId, Invoice, InvoiceMatched, InvoiceNumber, LineNumber, MatchResult, PoNumber, ProductId,
    Quantity, Recommendation, RecommendationId, SystemId, TrackingNumber,
};

use rust_decimal::Decimal;

use crate::Context;

pub use milestones::{Reached, Watch};
pub use purchase_order::{Notice, PoLineState, PoState, PoStatus, ShipmentLineState, ShipmentState};

/// A recommendation and what became of it.
#[derive(Clone, Debug)]
pub struct RecommendationState {
    /// As planning sent it.
    pub recommendation: Recommendation,
    /// Its connection.
    pub context: Context,
    /// `Some(true)` approved, `Some(false)` refused, `None` waits for a person.
    pub approved: Option<bool>,
    /// The order it became.
    pub po_number: Option<PoNumber>,
}

impl RecommendationState {
    /// True while it may still become an order, or its order is not closed (the caller knows the order).
    pub fn is_waiting(&self) -> bool {
        self.approved != Some(false) && self.po_number.is_none()
    }
}

/// A supplier's invoice and its match so far.
#[derive(Clone, Debug)]
pub struct InvoiceState {
    /// As billed.
    pub invoice: Invoice,
    /// Its connection.
    pub context: Context,
    /// What of each line is matched.
    pub matched: BTreeMap<LineNumber, Quantity>,
    /// The last verdict.
    pub result: Option<MatchResult>,
    /// What a person said of its variance: pay it, or do not.
    pub decision: Option<bool>,
}

impl InvoiceState {
    /// True while it may still match.
    pub(crate) fn is_open(&self) -> bool {
        self.decision != Some(false) && self.result != Some(MatchResult::Matched)
    }
}

/// All of it, with the ways in which it is looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Procurement {
    pub(crate) recommendations: BTreeMap<RecommendationId, RecommendationState>,
    pub(crate) orders: BTreeMap<PoNumber, PoState>,
    pub(crate) invoices: BTreeMap<(SystemId, InvoiceNumber), InvoiceState>,
    /// Which order went out in which group: a 997 names the group only.
    pub(crate) groups: BTreeMap<(SystemId, u32), PoNumber>,
    /// One parcel may carry goods of several orders.
    pub(crate) by_tracking: BTreeMap<TrackingNumber, Vec<PoNumber>>,
    /// What of each supplier was received and not invoiced (5.8); synthetic orders are not in it (I17).
    pub(crate) received_not_invoiced: BTreeMap<(SystemId, Currency), Decimal>,
    /// Invoices of an order, as they came: first come, first matched.
    invoices_of: BTreeMap<PoNumber, Vec<(SystemId, InvoiceNumber)>>,
    /// Recommendations for a product, a facility and a cycle.
    twins: BTreeMap<(ProductId, FacilityId, String), Vec<RecommendationId>>,
}

impl Procurement {
    /// The recommendation that is still open for the same product, facility and cycle (I15).
    pub(crate) fn open_twin(&self, of: &Recommendation) -> Option<&RecommendationState> {
        let twins = self.twins.get(&twin_key(of)).into_iter().flatten();
        twins
            .filter_map(|id| self.recommendations.get(id))
            .find(|other| other.recommendation.recommendation_id != of.recommendation_id && self.is_open(other))
    }

    /// True while a recommendation waits, or the order that it became is open.
    pub(crate) fn is_open(&self, one: &RecommendationState) -> bool {
        let order = one.po_number.as_ref().and_then(|number| self.orders.get(number));
        one.is_waiting() || order.is_some_and(PoState::is_open)
    }

    pub(crate) fn add_recommendation(&mut self, state: RecommendationState) {
        let id = state.recommendation.recommendation_id.clone();
        self.twins.entry(twin_key(&state.recommendation)).or_default().push(id.clone());
        self.recommendations.insert(id, state);
    }

    pub(crate) fn add_invoice(&mut self, state: InvoiceState) {
        let key = (state.invoice.supplier.clone(), state.invoice.invoice_number.clone());
        self.invoices_of.entry(state.invoice.po_number.clone()).or_default().push(key.clone());
        self.invoices.insert(key, state);
    }

    /// The invoices of an order, as they came.
    pub(crate) fn invoices_of(&self, po: &PoNumber) -> impl Iterator<Item = &InvoiceState> {
        self.invoices_of.get(po).into_iter().flatten().filter_map(|key| self.invoices.get(key))
    }

    /// Takes what an order has open into the sum of its supplier.
    pub(crate) fn value_open_receipts(&mut self, number: &PoNumber) {
        let Some(po) = self.orders.get_mut(number).filter(|po| !po.context.synthetic) else { return };
        let (before, now) = (po.open_receipts, po.received_not_invoiced().decimal());
        if before == now {
            return;
        }
        po.open_receipts = now;
        let key = (po.po.supplier.clone(), po.po.currency.clone());
        // A supplier with nothing open stays: the ERP may still have something of it.
        *self.received_not_invoiced.entry(key).or_default() += now - before;
    }

    pub(crate) fn record_match(&mut self, matched: &InvoiceMatched) {
        if let Some(invoice) = self.invoices.get_mut(&(matched.supplier.clone(), matched.invoice_number.clone())) {
            invoice.result = Some(matched.result);
            for line in &matched.lines {
                *invoice.matched.entry(line.line_number).or_default() += line.matched;
            }
        }
        if let Some(po) = self.orders.get_mut(&matched.po_number) {
            for line in &matched.lines {
                if let Some(state) = po.line_mut(line.line_number) {
                    state.matched += line.matched;
                }
            }
        }
    }
}

fn twin_key(of: &Recommendation) -> (ProductId, FacilityId, String) {
    (of.product.clone(), of.facility.clone(), of.cycle.clone())
}
