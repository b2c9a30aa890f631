//! What procurement events change.

use crossdock_model::{
    DeliveryPlanned, ExceptionKind, ExceptionOpened, FunctionalAck, Invoice, PoClosed, PoConfirmed, PoCreated,
    PoInTransit, PoReceiptRecorded, PoSent, Quantity, Recommendation, RecommendationId, Resolution, ShipmentNotice,
};

use crate::about::About;
use crate::stock::Side;
use crate::{Entry, InvoiceState, PoState, PoStatus, RecommendationState, ShipmentState, State};

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

    pub(super) fn decide_recommendation(&mut self, id: &RecommendationId, approved: bool) {
        if let Some(state) = self.procurement.recommendations.get_mut(id) {
            state.approved = Some(approved);
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
            self.procurement.groups.insert((plan.target.clone(), edi.group), number);
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
        }
    }

    /// A carrier's milestones belong to the order whose goods it carries.
    pub(super) fn remember_tracking(&mut self, notice: &ShipmentNotice) {
        let number =
            notice.tracking_number.as_ref().filter(|_| self.procurement.orders.contains_key(&notice.po_number));
        if let Some(number) = number {
            self.procurement.by_tracking.entry(number.clone()).or_insert_with(|| notice.po_number.clone());
        }
    }

    /// ASN n: on_order −n, in_transit +n.
    pub(super) fn announce(&mut self, event: &PoInTransit, entry: &Entry) {
        let Some(po) = self.procurement.orders.get_mut(&event.po_number) else { return };
        po.reach(PoStatus::InTransit, entry.meta.source_time);
        let key = (po.po.supplier.clone(), event.asn_number.clone(), event.po_number.clone());
        let shipment = self.procurement.shipments.entry(key).or_insert_with(|| ShipmentState {
            po_number: event.po_number.clone(),
            lines: std::collections::BTreeMap::new(),
            tracking_number: None,
            complete: false,
        });
        for line in &event.lines {
            let announced = shipment.lines.entry(line.line_number).or_default();
            // What came before its notice was taken from on_order already: the notice moves only the rest.
            let early = announced.received.saturating_sub(announced.announced);
            announced.announced += line.quantity;
            let rest = line.quantity.saturating_sub(early);
            let Some(state) = po.lines.iter_mut().find(|l| l.number == line.line_number) else { continue };
            let moved = rest.min(state.on_order);
            state.on_order = state.on_order.saturating_sub(moved);
            state.in_transit += moved;
            announced.in_transit += moved;
            let place = (&state.product, &po.po.facility);
            self.stock.change(place, &po.context, entry.meta.source_time, Side::Supply, |position| {
                position.on_order -= moved;
                position.in_transit += moved;
            });
        }
    }

    /// The order's side of a receipt: from in_transit, then from on_order, the rest is over-receipt.
    pub(super) fn record_receipt(&mut self, event: &PoReceiptRecorded, entry: &Entry) {
        let Some(po) = self.procurement.orders.get_mut(&event.po_number) else { return };
        po.reach(PoStatus::Received, entry.meta.source_time);
        let key = (po.po.supplier.clone(), event.asn_number.clone(), event.po_number.clone());
        let shipment = self.procurement.shipments.entry(key).or_insert_with(|| ShipmentState {
            po_number: event.po_number.clone(),
            lines: std::collections::BTreeMap::new(),
            tracking_number: None,
            complete: false,
        });
        shipment.complete |= event.complete;
        for line in &event.lines {
            let came = line.accepted + line.rejected;
            let announced = shipment.lines.entry(line.line_number).or_default();
            announced.received += came;
            let Some(state) = po.lines.iter_mut().find(|l| l.number == line.line_number) else { continue };
            // Of its own shipment: what another one carries is still on the way (domain.md 4.4.1).
            let from_transit = came.min(announced.in_transit).min(state.in_transit);
            announced.in_transit = announced.in_transit.saturating_sub(from_transit);
            let from_order = came.saturating_sub(from_transit).min(state.on_order);
            let over = came.saturating_sub(from_transit + from_order);
            state.in_transit = state.in_transit.saturating_sub(from_transit);
            state.on_order = state.on_order.saturating_sub(from_order);
            // Over-receipt comes off what was accepted first: the order counts what it asked for.
            let accepted_over = over.min(line.accepted);
            state.accepted += line.accepted.saturating_sub(accepted_over);
            state.rejected += line.rejected.saturating_sub(over.saturating_sub(accepted_over));
            state.over_received += over;
            // What was announced above the order was never in transit: nobody can send it again or give it up.
            state.short = (state.short + line.short).min(state.in_transit);
            let place = (&state.product, &po.po.facility);
            self.stock.change(place, &po.context, entry.meta.source_time, Side::Supply, |position| {
                position.in_transit -= from_transit;
                position.on_order -= from_order;
            });
        }
    }

    pub(super) fn close_po(&mut self, event: &PoClosed, entry: &Entry) {
        if let Some(po) = self.procurement.orders.get_mut(&event.po_number) {
            po.reach(PoStatus::Closed, entry.meta.source_time);
        }
    }

    pub(super) fn take_invoice(&mut self, invoice: &Invoice, entry: &Entry) {
        let state = InvoiceState {
            invoice: invoice.clone(),
            context: entry.context(),
            matched: std::collections::BTreeMap::new(),
            result: None,
        };
        self.procurement.add_invoice(state);
    }

    /// A decided discrepancy: what did not come is sent again (to on_order) or given up (cancelled).
    pub(super) fn settle_exception(&mut self, opened: &ExceptionOpened, resolution: Resolution, entry: &Entry) {
        let decided = matches!(resolution, Resolution::SendAgain | Resolution::GiveUp);
        if opened.kind != ExceptionKind::ReceiptDiscrepancy || !decided {
            return;
        }
        let Some(About::Po(number)) = About::parse(&opened.about) else { return };
        let Some(po) = self.procurement.orders.get_mut(&number) else { return };
        for line in &mut po.lines {
            let short = std::mem::replace(&mut line.short, Quantity::ZERO).min(line.in_transit);
            if short.is_zero() {
                continue;
            }
            line.in_transit = line.in_transit.saturating_sub(short);
            let mut left = short;
            let of_po = self.procurement.shipments.values_mut().filter(|s| s.po_number == number && s.complete);
            for announced in of_po.filter_map(|s| s.lines.get_mut(&line.number)) {
                let from = left.min(announced.in_transit);
                announced.in_transit = announced.in_transit.saturating_sub(from);
                left = left.saturating_sub(from);
            }
            let again = resolution == Resolution::SendAgain;
            if again {
                line.on_order += short;
            } else {
                line.cancelled += short;
            }
            let place = (&line.product, &po.po.facility);
            self.stock.change(place, &po.context, entry.meta.source_time, Side::Supply, |position| {
                position.in_transit -= short;
                if again {
                    position.on_order += short;
                }
            });
        }
    }
}
