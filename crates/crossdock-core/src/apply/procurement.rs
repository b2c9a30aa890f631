//! What procurement events change, up to the goods: recommendations, orders, promises, changes, invoices.
//! Not here: announced and received goods (`inbound`).

use crossdock_model::{
    Amount, DeliveryPlanned, ExceptionKind, ExceptionOpened, FunctionalAck, Invoice, PoChangeRefused,
    PoChangeRequested, PoChanged, PoClosed, PoConfirmed, PoCreated, PoLine, PoReduced, PoSent, Quantity,
    Recommendation, RecommendationId, Resolution, ShipmentNotice, Timestamp,
};

use crate::about::About;
use crate::archive::names;
use crate::stock::Side;
use crate::{Entry, InvoiceState, PoLineState, PoState, PoStatus, RecommendationState, State};

impl State {
    pub(super) fn recommend(&mut self, recommendation: &Recommendation, entry: &Entry) {
        let state = RecommendationState {
            recommendation: recommendation.clone(),
            context: entry.context(),
            approved: None,
            po_number: None,
        };
        self.procurement.add_recommendation(state);
    }

    pub(super) fn decide_recommendation(&mut self, id: &RecommendationId, approved: bool, at: Timestamp) {
        if let Some(state) = self.procurement.recommendations.get_mut(id) {
            state.approved = Some(approved);
        }
        if !approved {
            self.closed.keep(names::recommendation(id), at);
        }
    }

    pub(super) fn create_po(&mut self, event: &PoCreated, entry: &Entry) {
        if let Some(recommendation) = self.procurement.recommendations.get_mut(&event.recommendation_id) {
            recommendation.po_number = Some(event.po_number.clone());
        }
        let state = PoState::new(event.clone(), entry.context(), entry.meta.source_time);
        self.procurement.orders.insert(event.po_number.clone(), state);
    }

    /// A planned 850 says which order is in which group, before anything is sent: a 997 may be faster than the answer.
    pub(super) fn remember_group(&mut self, plan: &DeliveryPlanned) {
        let Some(edi) = plan.edi.as_ref().filter(|edi| edi.set == "850") else { return };
        if let Some(About::Po(number)) = About::parse(&plan.about) {
            if let Some(po) = self.procurement.orders.get_mut(&number) {
                po.group = Some(edi.group);
            }
            self.procurement.groups.insert((plan.meant_for().clone(), edi.group), number);
        }
    }

    /// PO sent n: on_order +n.
    pub(super) fn send_po(&mut self, event: &PoSent, entry: &Entry) {
        let Some(po) = self.procurement.orders.get_mut(&event.po_number) else { return };
        po.reach(PoStatus::Sent, entry.meta.source_time);
        for line in &mut po.lines {
            let quantity = line.ordered.quantity;
            line.on_order += quantity;
            let place = (&line.product, &po.po.facility);
            self.stock.change(place, &po.context, entry.meta.source_time, Side::Supply, |p| p.on_order += quantity);
        }
    }

    pub(super) fn take_functional_ack(&mut self, ack: &FunctionalAck, entry: &Entry) {
        let key = (entry.meta.system.clone(), ack.group_control_number);
        let number = self.procurement.groups.get(&key).cloned();
        let po = number.and_then(|number| self.procurement.orders.get_mut(&number));
        if let Some(po) = po.filter(|_| ack.status != "R") {
            po.reach(PoStatus::FunctionallyAcknowledged, entry.meta.source_time);
        }
    }

    /// 855: on_order stays until a person accepts a reduction.
    pub(super) fn confirm_po(&mut self, event: &PoConfirmed, entry: &Entry) {
        if let Some(po) = self.procurement.orders.get_mut(&event.po_number) {
            po.reach(PoStatus::Confirmed, entry.meta.source_time);
            po.confirmed = Some(event.lines.clone());
            po.confirmed_at = event.acknowledged_at;
        }
    }

    /// A carrier's milestones belong to the order whose goods it carries.
    pub(super) fn remember_tracking(&mut self, notice: &ShipmentNotice) {
        let number =
            notice.tracking_number.as_ref().filter(|_| self.procurement.orders.contains_key(&notice.po_number));
        if let Some(number) = number {
            let carried = self.procurement.by_tracking.entry(number.clone()).or_default();
            if !carried.contains(&notice.po_number) {
                carried.push(notice.po_number.clone());
            }
            if let Some(po) = self.procurement.orders.get_mut(&notice.po_number) {
                po.parcels.insert(number.clone());
            }
        }
    }

    pub(super) fn close_po(&mut self, event: &PoClosed, entry: &Entry) {
        if let Some(po) = self.procurement.orders.get_mut(&event.po_number) {
            po.reach(PoStatus::Closed, entry.meta.source_time);
        }
        self.look_at_po(&event.po_number, entry.meta.received_at);
    }

    pub(super) fn take_invoice(&mut self, invoice: &Invoice, entry: &Entry) {
        let state = InvoiceState {
            invoice: invoice.clone(),
            context: entry.context(),
            matched: std::collections::BTreeMap::new(),
            result: None,
            decision: None,
        };
        self.procurement.add_invoice(state);
    }

    /// A person decided on a variance. That a rule closed the question decides nothing.
    pub(super) fn decide_invoice(&mut self, opened: &ExceptionOpened, resolution: Resolution) {
        if opened.kind != ExceptionKind::InvoiceVariance {
            return;
        }
        let Some(About::Invoice(supplier, number)) = About::parse(&opened.about) else { return };
        if let Some(invoice) = self.procurement.invoices.get_mut(&(supplier, number)) {
            invoice.decision = match resolution {
                Resolution::Approve => Some(true),
                Resolution::Reject => Some(false),
                _ => invoice.decision,
            };
        }
    }

    /// Less will come, and that is accepted: on_order −n, counted as cancelled (domain.md 4.2).
    pub(super) fn reduce_po(&mut self, event: &PoReduced, entry: &Entry) {
        let Some(po) = self.procurement.orders.get_mut(&event.po_number) else { return };
        for reduced in &event.lines {
            let Some(line) = po.lines.iter_mut().find(|l| l.number == reduced.line_number) else { continue };
            let less = reduced.quantity.min(line.on_order);
            line.on_order = line.on_order.saturating_sub(less);
            line.cancelled += less;
            let place = (&line.product, &po.po.facility);
            self.stock.change(place, &po.context, entry.meta.source_time, Side::Supply, |p| p.on_order -= less);
        }
    }

    pub(super) fn take_change(&mut self, change: &PoChangeRequested) {
        if let Some(po) = self.procurement.orders.get_mut(&change.po_number).filter(|po| po.is_open()) {
            po.change = Some(change.clone());
        }
    }

    pub(super) fn refuse_change(&mut self, event: &PoChangeRefused) {
        if let Some(po) = self.procurement.orders.get_mut(&event.po_number) {
            po.end_change(&event.change_id);
        }
    }

    /// Other lines: more goes to on_order, after what came in above the order already; less comes off on_order.
    pub(super) fn change_po(&mut self, event: &PoChanged, entry: &Entry) {
        let Some(po) = self.procurement.orders.get_mut(&event.po_number) else { return };
        let sent = po.has_reached(PoStatus::Sent);
        if let Some(change) = &event.change_id {
            let asked = po.change.take_if(|asked| asked.change_id == *change);
            po.needed_by = asked.and_then(|asked| asked.needed_by).or(po.needed_by.take());
            po.end_change(change);
        }
        for changed in &event.lines {
            if po.line(changed.line_number).is_none() {
                let none = PoLine { quantity: Quantity::ZERO, ..changed.clone() };
                po.lines.push(PoLineState::new(&none));
            }
            let Some(line) = po.lines.iter_mut().find(|l| l.number == changed.line_number) else { continue };
            let more = changed.quantity.saturating_sub(line.ordered.quantity);
            let less = line.ordered.quantity.saturating_sub(changed.quantity);
            line.ordered = changed.clone();
            if !sent {
                continue;
            }
            let came = more.min(line.over_received);
            line.over_received = line.over_received.saturating_sub(came);
            line.tolerated = line.tolerated.saturating_sub(came);
            line.accepted += came;
            let (more, less) = (more.saturating_sub(came), less.min(line.on_order));
            line.on_order = (line.on_order + more).saturating_sub(less);
            let place = (&line.product, &po.po.facility);
            self.stock.change(place, &po.context, entry.meta.source_time, Side::Supply, |position| {
                position.on_order += more;
                position.on_order -= less;
            });
        }
        let mut total = po.lines.iter().map(|l| l.ordered.unit_price.times(l.ordered.quantity));
        let total = total.try_fold(Amount::ZERO, |sum, line| sum.checked_add(line?));
        po.po.total = total.unwrap_or(po.po.total);
    }
}
