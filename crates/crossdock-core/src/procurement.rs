//! Procurement as the core keeps it: recommendations, purchase orders, announced shipments, invoices.
//! Invariant (I5): of each purchase order line, once sent,
//! ordered = on_order + in_transit + accepted + rejected + cancelled; over-receipt is apart.

use std::collections::BTreeMap;

use crossdock_model::{
    AsnNumber, ConfirmedLine, FacilityId, Invoice, InvoiceMatched, InvoiceNumber, LineNumber, MatchResult, PoCreated,
    PoLine, PoNumber, ProductId, Quantity, Recommendation, RecommendationId, SystemId, Timestamp, TrackingNumber, Unit,
};

use crate::Context;

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

/// How far a purchase order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PoStatus {
    /// The ERP committed.
    Created,
    /// The supplier's system has it.
    Sent,
    /// 997.
    FunctionallyAcknowledged,
    /// 855.
    Confirmed,
    /// 856.
    InTransit,
    /// Something came in.
    Received,
    /// Received and matched.
    Closed,
}

impl PoStatus {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Sent => "sent",
            Self::FunctionallyAcknowledged => "functionally_acknowledged",
            Self::Confirmed => "acknowledged",
            Self::InTransit => "in_transit",
            Self::Received => "received",
            Self::Closed => "closed",
        }
    }
}

/// A purchase order.
#[derive(Clone, Debug)]
pub struct PoState {
    /// As the ERP committed to it.
    pub po: PoCreated,
    /// Its connection.
    pub context: Context,
    /// How far it is; never moves backwards (I8).
    pub status: PoStatus,
    /// Its lines.
    pub lines: Vec<PoLineState>,
    /// What the supplier promised last: the same again says nothing new.
    pub confirmed: Option<Vec<ConfirmedLine>>,
    /// The control number of the group that carries its 850.
    pub group: Option<u32>,
    /// When each status was reached, by the clock of whoever caused it.
    pub milestones: Vec<(PoStatus, Timestamp)>,
}

/// A line of a purchase order, in base units.
#[derive(Clone, Debug)]
pub struct PoLineState {
    /// Its number.
    pub number: LineNumber,
    /// What.
    pub product: ProductId,
    /// The unit.
    pub unit: Unit,
    /// What was ordered, at which price.
    pub ordered: PoLine,
    /// With the supplier.
    pub on_order: Quantity,
    /// On the way.
    pub in_transit: Quantity,
    /// Came in good.
    pub accepted: Quantity,
    /// Came in bad.
    pub rejected: Quantity,
    /// Given up.
    pub cancelled: Quantity,
    /// Came in above what was ordered.
    pub over_received: Quantity,
    /// Of `in_transit`: announced, and the receipt ended without it; waits for a decision.
    pub short: Quantity,
    /// Billed and matched.
    pub matched: Quantity,
}

impl PoState {
    pub(crate) fn new(po: PoCreated, context: Context, at: Timestamp) -> Self {
        let lines = po
            .lines
            .iter()
            .map(|line| PoLineState {
                number: line.line_number,
                product: line.product.clone(),
                unit: line.unit.clone(),
                ordered: line.clone(),
                on_order: Quantity::ZERO,
                in_transit: Quantity::ZERO,
                accepted: Quantity::ZERO,
                rejected: Quantity::ZERO,
                cancelled: Quantity::ZERO,
                over_received: Quantity::ZERO,
                short: Quantity::ZERO,
                matched: Quantity::ZERO,
            })
            .collect();
        Self {
            po,
            context,
            status: PoStatus::Created,
            lines,
            group: None,
            confirmed: None,
            milestones: vec![(PoStatus::Created, at)],
        }
    }

    /// True once a status was reached, even if a later one came first: a 997 may overtake the answer to its 850.
    pub fn has_reached(&self, status: PoStatus) -> bool {
        self.milestones.iter().any(|(reached, _)| *reached == status)
    }

    pub(crate) fn reach(&mut self, status: PoStatus, at: Timestamp) {
        if !self.has_reached(status) {
            self.milestones.push((status, at));
        }
        self.status = self.status.max(status);
    }

    pub(crate) fn line(&self, number: LineNumber) -> Option<&PoLineState> {
        self.lines.iter().find(|line| line.number == number)
    }

    pub(crate) fn line_mut(&mut self, number: LineNumber) -> Option<&mut PoLineState> {
        self.lines.iter_mut().find(|line| line.number == number)
    }

    /// True while somebody still has to do something for it.
    pub fn is_open(&self) -> bool {
        self.status != PoStatus::Closed
    }

    /// Nothing is expected any more and everything that was accepted is matched.
    pub(crate) fn is_settled(&self) -> bool {
        self.status >= PoStatus::Received
            && self.lines.iter().all(|l| l.on_order.is_zero() && l.in_transit.is_zero() && l.matched >= l.accepted)
    }
}

/// A line of an announced shipment.
#[derive(Clone, Copy, Debug, Default)]
pub struct ShipmentLineState {
    /// Announced.
    pub announced: Quantity,
    /// Came.
    pub received: Quantity,
    /// On the way: announced and ordered, not come, not given up.
    pub in_transit: Quantity,
}

/// An announced shipment.
#[derive(Clone, Debug)]
pub struct ShipmentState {
    /// The order it fulfils.
    pub po_number: PoNumber,
    /// By line of the order.
    pub lines: BTreeMap<LineNumber, ShipmentLineState>,
    /// The carrier's number.
    pub tracking_number: Option<TrackingNumber>,
    /// The WMS expects no more of it.
    pub complete: bool,
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
}

/// All of it, with the ways in which it is looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Procurement {
    pub(crate) recommendations: BTreeMap<RecommendationId, RecommendationState>,
    pub(crate) orders: BTreeMap<PoNumber, PoState>,
    /// A number that a facility reports for another order than the notice named is another shipment.
    pub(crate) shipments: BTreeMap<(SystemId, AsnNumber, PoNumber), ShipmentState>,
    pub(crate) invoices: BTreeMap<(SystemId, InvoiceNumber), InvoiceState>,
    /// Which order went out in which group: a 997 names the group only.
    pub(crate) groups: BTreeMap<(SystemId, u32), PoNumber>,
    pub(crate) by_tracking: BTreeMap<TrackingNumber, PoNumber>,
    /// Invoices of an order, as they came: first come, first matched.
    invoices_of: BTreeMap<PoNumber, Vec<(SystemId, InvoiceNumber)>>,
    /// Recommendations for a product, a facility and a cycle.
    twins: BTreeMap<(ProductId, FacilityId, String), Vec<RecommendationId>>,
}

impl Procurement {
    /// The shipment that a facility means by a notice's number and the order's supplier.
    pub(crate) fn shipment(&self, po: &PoState, asn: &AsnNumber) -> Option<&ShipmentState> {
        self.shipments.get(&(po.po.supplier.clone(), asn.clone(), po.po.po_number.clone()))
    }

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
