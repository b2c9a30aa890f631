//! Procurement as the core keeps it: recommendations, purchase orders, invoices, and the ways in which they are looked for.
//! Not here: a purchase order itself, with its lines and shipments (`purchase_order`).
//! Invariant: whatever a message names is found by an index, never by a walk over all orders.

mod milestones;
mod purchase_order;

use std::collections::BTreeMap;

use crossdock_model::{
    Currency, FacilityId, Invoice, InvoiceMatched, InvoiceNumber, LineNumber, MatchResult, PoNumber, ProductId,
    Quantity, Recommendation, RecommendationId, SystemId, Text, TrackingNumber,
};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::Context;
use crate::archive::{PoDossier, names};

pub use milestones::{Reached, Watch};
pub use purchase_order::{Notice, PoLineState, PoState, PoStatus, ShipmentLineState, ShipmentState};

/// A recommendation and what became of it. Serialised in archive records: see `archive` before it is changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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

/// A supplier's invoice and its match so far. Serialised in archive records.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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

    /// An order with what is only there because of it.
    pub(crate) fn dossier(&self, po: &PoState) -> PoDossier {
        let number = &po.po.po_number;
        let recommendation = self.recommendations.get(&po.po.recommendation_id);
        PoDossier {
            order: po.clone(),
            invoices: self.invoices_of(number).cloned().collect(),
            recommendation: recommendation.filter(|one| one.po_number.as_ref() == Some(number)).cloned(),
            parcels: self.parcels_alone(po).map(|(parcel, carried)| (parcel.clone(), carried.clone())).collect(),
        }
    }

    /// Its parcels that carry nothing of another order in memory.
    fn parcels_alone<'a>(&'a self, po: &'a PoState) -> impl Iterator<Item = (&'a TrackingNumber, &'a Vec<PoNumber>)> {
        let carried = po.parcels.iter().filter_map(|parcel| self.by_tracking.get_key_value(parcel));
        carried.filter(|(_, carried)| {
            !carried.iter().any(|other| *other != po.po.po_number && self.orders.contains_key(other))
        })
    }

    /// The names that mean this order: by each of them a message finds it.
    pub(crate) fn names_of(&self, po: &PoState) -> Vec<Text> {
        let number = &po.po.po_number;
        let group = po.group.filter(|group| self.groups.get(&(po.po.supplier.clone(), *group)) == Some(number));
        let group = group.map(|group| names::group(&po.po.supplier, group));
        let parcels = self.parcels_alone(po).map(|(parcel, _)| names::inbound(parcel));
        let invoices =
            self.invoices_of(number).map(|one| names::invoice(&one.invoice.supplier, &one.invoice.invoice_number));
        let made_of = self.recommendations.get(&po.po.recommendation_id);
        let made_of = made_of.filter(|one| one.po_number.as_ref() == Some(number));
        let made_of = made_of.map(|one| names::recommendation(&one.recommendation.recommendation_id));
        group.into_iter().chain(made_of).chain(parcels).chain(invoices).collect()
    }

    /// Takes an order out, with all that leads to it and all that is only there because of it.
    pub(crate) fn take_out(&mut self, number: &PoNumber) {
        let Some(po) = self.orders.remove(number) else { return };
        let alone: Vec<_> = self.parcels_alone(&po).map(|(parcel, _)| parcel.clone()).collect();
        for parcel in alone {
            self.by_tracking.remove(&parcel);
        }
        if let Some(group) = po.group {
            let key = (po.po.supplier.clone(), group);
            if self.groups.get(&key) == Some(number) {
                self.groups.remove(&key);
            }
        }
        for key in self.invoices_of.remove(number).unwrap_or_default() {
            self.invoices.remove(&key);
        }
        let id = &po.po.recommendation_id;
        if self.recommendations.get(id).is_some_and(|one| one.po_number.as_ref() == Some(number)) {
            self.take_out_recommendation(id);
        }
    }

    /// Takes a recommendation out.
    pub(crate) fn take_out_recommendation(&mut self, id: &RecommendationId) {
        let Some(one) = self.recommendations.remove(id) else { return };
        let key = twin_key(&one.recommendation);
        if let Some(twins) = self.twins.get_mut(&key) {
            twins.retain(|twin| twin != id);
            if twins.is_empty() {
                self.twins.remove(&key);
            }
        }
    }

    /// Puts an order back, under those of its `names` that nothing newer has.
    pub(crate) fn put_back(&mut self, dossier: PoDossier, names: &[Text]) {
        let PoDossier { order, invoices, recommendation, parcels } = dossier;
        let number = order.po.po_number.clone();
        for (parcel, carried) in parcels.into_iter().filter(|(parcel, _)| names.contains(&names::inbound(parcel))) {
            self.by_tracking.entry(parcel).or_insert(carried);
        }
        if let Some(group) = order.group.filter(|group| names.contains(&names::group(&order.po.supplier, *group))) {
            self.groups.entry((order.po.supplier.clone(), group)).or_insert_with(|| number.clone());
        }
        for invoice in invoices {
            self.add_invoice(invoice);
        }
        if let Some(one) = recommendation {
            self.add_recommendation(one);
        }
        self.orders.insert(number, order);
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
