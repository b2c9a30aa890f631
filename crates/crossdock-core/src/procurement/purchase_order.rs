//! A purchase order: its lines, the shipments that were announced for it, and how quantities move between their parts.
//! Not here: which event moves what (`apply/procurement`), what is asked about it (`decide/procurement`).
//! Invariant (I5): of each line, once sent,
//! ordered + to_replace = on_order + in_transit + accepted + rejected + cancelled; over-receipt is apart.

use std::collections::{BTreeMap, BTreeSet};

use crossdock_model::{
    Amount, AsnNumber, ConfirmedLine, LineNumber, PoChangeRequested, PoCreated, PoLine, ProductId, Quantity,
    ShipmentLine, ShipmentPurpose, Timestamp, TrackingNumber, Unit,
};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Watch;
use crate::Context;

/// How far a purchase order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// A purchase order. Serialised in archive records: see `archive` before it is changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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
    /// When it did, by its clock: an older promise says nothing new either (I8).
    pub confirmed_at: Option<Timestamp>,
    /// A change that waits for the supplier's answer: nothing moves before it (9.5).
    pub change: Option<PoChangeRequested>,
    /// Changes that ended, with an effect or without: the same answer again says nothing new.
    pub ended_changes: BTreeSet<String>,
    /// What was announced for it, and what came. The supplier's number of a notice is one for its orders together.
    pub shipments: BTreeMap<AsnNumber, ShipmentState>,
    /// Parcels that were announced for it.
    #[serde(default)]
    pub(crate) parcels: BTreeSet<TrackingNumber>,
    /// Parcels that the carrier was asked to tell of.
    pub(crate) tracked: BTreeSet<TrackingNumber>,
    /// The control number of the group that carries its 850.
    pub group: Option<u32>,
    /// When each status was reached, by the clock of whoever caused it.
    pub milestones: Vec<(PoStatus, Timestamp)>,
    /// When its milestones are due and were reached.
    pub watch: Watch,
    /// When the goods are wanted, since the last change that said so.
    pub needed_by: Option<String>,
    /// What of it was received and not invoiced, as it stands in the sum of the supplier.
    pub(crate) open_receipts: Decimal,
}

/// A line of a purchase order, in base units.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoLineState {
    /// Its number.
    pub number: LineNumber,
    /// What.
    pub product: ProductId,
    /// The unit.
    pub unit: Unit,
    /// What is ordered now, at which price.
    pub ordered: PoLine,
    /// With the supplier.
    pub on_order: Quantity,
    /// On the way.
    pub in_transit: Quantity,
    /// Came in good.
    pub accepted: Quantity,
    /// Came in bad.
    pub rejected: Quantity,
    /// Of what came in bad: waits for the quality check.
    pub held: Quantity,
    /// Given up.
    pub cancelled: Quantity,
    /// Came in above what was ordered.
    pub over_received: Quantity,
    /// Of it: good, and within the tolerance of the line. Kept and paid.
    pub tolerated: Quantity,
    /// Of `in_transit`: announced, and the receipt ended without it; waits for a decision.
    pub short: Quantity,
    /// Went back to the supplier.
    pub returned: Quantity,
    /// Of it: the supplier sends as much again.
    pub to_replace: Quantity,
    /// Billed and matched.
    pub matched: Quantity,
}

/// Where a receipt was taken from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) from_transit: Quantity,
    pub(crate) from_order: Quantity,
    /// Above what was ordered.
    pub(crate) over: Quantity,
    /// Of it: good.
    pub(crate) over_accepted: Quantity,
}

impl PoLineState {
    pub(crate) fn new(line: &PoLine) -> Self {
        Self {
            number: line.line_number,
            product: line.product.clone(),
            unit: line.unit.clone(),
            ordered: line.clone(),
            on_order: Quantity::ZERO,
            in_transit: Quantity::ZERO,
            accepted: Quantity::ZERO,
            rejected: Quantity::ZERO,
            held: Quantity::ZERO,
            cancelled: Quantity::ZERO,
            over_received: Quantity::ZERO,
            tolerated: Quantity::ZERO,
            short: Quantity::ZERO,
            returned: Quantity::ZERO,
            to_replace: Quantity::ZERO,
            matched: Quantity::ZERO,
        }
    }

    /// What may be billed: accepted, with what the tolerance lets in above the order (I14).
    pub fn payable(&self) -> Quantity {
        self.accepted + self.tolerated
    }

    /// What left the supplier, or was looked at here: no change of the order takes it back.
    pub fn moved(&self) -> Quantity {
        self.in_transit + self.accepted + self.rejected
    }

    /// Takes what came: from its own shipment's in_transit first, then from on_order; the rest is over-receipt (4.4.1).
    pub(crate) fn receive(
        &mut self,
        announced: &mut ShipmentLineState,
        accepted: Quantity,
        rejected: Quantity,
        tolerated: Quantity,
    ) -> Taken {
        let came = accepted + rejected;
        announced.received += came;
        // Of its own shipment: what another one carries is still on the way.
        let from_transit = came.min(announced.in_transit).min(self.in_transit);
        let from_order = came.saturating_sub(from_transit).min(self.on_order);
        let over = came.saturating_sub(from_transit + from_order);
        announced.in_transit = announced.in_transit.saturating_sub(from_transit);
        self.in_transit = self.in_transit.saturating_sub(from_transit);
        self.on_order = self.on_order.saturating_sub(from_order);
        // Over-receipt comes off what was accepted first: the order counts what it asked for.
        let over_accepted = over.min(accepted);
        self.accepted += accepted.saturating_sub(over_accepted);
        self.rejected += rejected.saturating_sub(over.saturating_sub(over_accepted));
        self.held += rejected;
        self.over_received += over;
        self.tolerated += tolerated;
        Taken { from_transit, from_order, over, over_accepted }
    }
}

impl PoState {
    pub(crate) fn new(po: PoCreated, context: Context, at: Timestamp) -> Self {
        Self {
            lines: po.lines.iter().map(PoLineState::new).collect(),
            po,
            context,
            status: PoStatus::Created,
            confirmed: None,
            confirmed_at: None,
            change: None,
            ended_changes: BTreeSet::new(),
            shipments: BTreeMap::new(),
            parcels: BTreeSet::new(),
            tracked: BTreeSet::new(),
            group: None,
            milestones: vec![(PoStatus::Created, at)],
            watch: Watch::default(),
            needed_by: None,
            open_receipts: Decimal::ZERO,
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

    /// The line that a document means: its number, and the same product.
    pub(crate) fn line_of(&self, number: LineNumber, product: &ProductId) -> Option<&PoLineState> {
        self.line(number).filter(|line| line.product == *product)
    }

    /// With the supplier, as if the order were sent: a supplier's document may be faster than the answer to our call.
    pub(crate) fn to_come(&self, line: &PoLineState) -> Quantity {
        if self.has_reached(PoStatus::Sent) { line.on_order } else { line.ordered.quantity }
    }

    /// Of a line: what receipts ended without, over all shipments.
    pub(crate) fn recount_short(&mut self, number: LineNumber) {
        let of_shipments = self.shipments.values().filter_map(|shipment| shipment.lines.get(&number));
        let short = of_shipments.map(|line| line.short).sum();
        if let Some(line) = self.line_mut(number) {
            line.short = short;
        }
    }

    pub(crate) fn end_change(&mut self, change_id: &str) {
        self.ended_changes.insert(change_id.to_owned());
        if self.change.as_ref().is_some_and(|change| change.change_id == change_id) {
            self.change = None;
        }
    }

    /// What was received and may be billed, and is not matched yet, at the ordered price (5.8).
    pub fn received_not_invoiced(&self) -> Amount {
        let open = self.lines.iter().map(|line| {
            let quantity = line.payable().saturating_sub(line.matched);
            line.ordered.unit_price.times(quantity).map_or(Decimal::ZERO, Amount::decimal)
        });
        Amount::from(open.sum::<Decimal>())
    }

    /// True while somebody still has to do something for it.
    pub fn is_open(&self) -> bool {
        self.status != PoStatus::Closed
    }

    /// Nothing is expected any more and everything that was accepted is matched.
    pub(crate) fn is_settled(&self) -> bool {
        let nothing_wanted = self.has_reached(PoStatus::Sent)
            && self.lines.iter().all(|l| l.cancelled >= l.ordered.quantity && l.over_received.is_zero());
        (self.status >= PoStatus::Received || nothing_wanted)
            && self.change.is_none()
            && self.lines.iter().all(|l| l.on_order.is_zero() && l.in_transit.is_zero() && l.matched >= l.payable())
    }
}

/// A line of an announced shipment.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShipmentLineState {
    /// Announced.
    pub announced: Quantity,
    /// Came.
    pub received: Quantity,
    /// On the way: announced and ordered, not come, not given up.
    pub in_transit: Quantity,
    /// Of it: the receipt ended without it; waits for a decision.
    pub short: Quantity,
}

/// The ship notice that holds for a shipment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// A new one, one that took the place of another, or cancelled.
    pub purpose: ShipmentPurpose,
    /// By the supplier's clock: an older one never takes its place (I8).
    pub at: Option<Timestamp>,
    /// When it should arrive.
    pub expected_at: Option<Timestamp>,
    /// The carrier's number.
    pub tracking_number: Option<TrackingNumber>,
    /// What it says.
    pub lines: Vec<ShipmentLine>,
}

/// An announced shipment.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShipmentState {
    /// The notice that holds; none, where goods came before it.
    pub notice: Option<Notice>,
    /// By line of the order.
    pub lines: BTreeMap<LineNumber, ShipmentLineState>,
    /// The WMS expects no more of it.
    pub complete: bool,
    /// The carrier handed it over.
    pub arrived: bool,
    /// When the carrier expects to hand it over …
    pub estimated: Option<Timestamp>,
    /// … and as of when it says so.
    pub estimated_from: Option<Timestamp>,
}
