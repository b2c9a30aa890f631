//! What announced, received, inspected and returned goods change: of their order, and of the position.
//! Invariant (I5): each move takes from one part of a line and gives to another; the sum stays.

use crossdock_model::{
    Balance, Bucket, ExceptionKind, ExceptionOpened, LineNumber, PoInTransit, PoNoticeUndone, PoQualityRecorded,
    PoReceiptRecorded, PoReturnRecorded, QualityInspected, Quantity, Resolution, ReturnedToSupplier,
};

use crate::about::About;
use crate::procurement::Notice;
use crate::stock::Side;
use crate::{Entry, PoStatus, State};

impl State {
    /// ASN n: on_order −n, in_transit +n.
    pub(super) fn announce(&mut self, event: &PoInTransit, entry: &Entry) {
        let Some(po) = self.procurement.orders.get_mut(&event.po_number) else { return };
        po.reach(PoStatus::InTransit, entry.meta.source_time);
        let shipment = po.shipments.entry(event.asn_number.clone()).or_default();
        shipment.notice = Some(Notice {
            purpose: event.purpose,
            at: event.noticed_at,
            expected_at: event.expected_at,
            tracking_number: event.tracking_number.clone(),
            lines: event.lines.clone(),
        });
        po.tracked.extend(event.tracking_number.clone());
        for line in &event.lines {
            let announced = shipment.lines.entry(line.line_number).or_default();
            // What came before its notice was taken from on_order already: the notice moves only the rest, and nothing
            // where the receipt has ended (domain.md 4.3.1).
            let early = announced.received.saturating_sub(announced.announced);
            announced.announced += line.quantity;
            let rest = if shipment.complete { Quantity::ZERO } else { line.quantity.saturating_sub(early) };
            let Some(state) = po.lines.iter_mut().find(|l| l.number == line.line_number) else { continue };
            let moved = rest.min(state.on_order);
            state.on_order = state.on_order.saturating_sub(moved);
            state.in_transit += moved;
            announced.in_transit += moved;
            if moved.is_zero() {
                continue;
            }
            let place = (&state.product, &po.po.facility);
            self.stock.change(place, &po.context, entry.meta.source_time, Side::Supply, |position| {
                position.on_order -= moved;
                position.in_transit += moved;
            });
        }
    }

    /// A notice that is replaced or cancelled is undone first: what of it is still on the way is with the supplier again.
    pub(super) fn undo_notice(&mut self, event: &PoNoticeUndone, entry: &Entry) {
        let Some(po) = self.procurement.orders.get_mut(&event.po_number) else { return };
        let shipment = po.shipments.entry(event.asn_number.clone()).or_default();
        shipment.notice = Some(Notice {
            purpose: event.purpose,
            at: Some(event.noticed_at),
            expected_at: None,
            tracking_number: None,
            lines: Vec::new(),
        });
        let mut undone = Vec::new();
        for (number, line) in &mut shipment.lines {
            undone.push((*number, std::mem::take(&mut line.in_transit)));
            line.announced = Quantity::ZERO;
            line.short = Quantity::ZERO;
        }
        for (number, back) in undone {
            po.recount_short(number);
            let Some(state) = po.lines.iter_mut().find(|l| l.number == number) else { continue };
            state.in_transit = state.in_transit.saturating_sub(back);
            state.on_order += back;
            if back.is_zero() {
                continue;
            }
            let place = (&state.product, &po.po.facility);
            self.stock.change(place, &po.context, entry.meta.source_time, Side::Supply, |position| {
                position.in_transit -= back;
                position.on_order += back;
            });
        }
    }

    /// The order's side of a receipt: from in_transit, then from on_order, the rest is over-receipt.
    pub(super) fn record_receipt(&mut self, event: &PoReceiptRecorded, entry: &Entry) {
        let Some(po) = self.procurement.orders.get_mut(&event.po_number) else { return };
        po.reach(PoStatus::Received, entry.meta.source_time);
        let shipment = po.shipments.entry(event.asn_number.clone()).or_default();
        shipment.complete |= event.complete;
        for line in &event.lines {
            let announced = shipment.lines.entry(line.line_number).or_default();
            let Some(state) = po.lines.iter_mut().find(|l| l.number == line.line_number) else { continue };
            let taken = state.receive(announced, line.accepted, line.rejected, line.tolerated);
            // What was announced above the order was never in transit: nobody can send it again or give it up.
            announced.short = (announced.short + line.short).min(announced.in_transit);
            let place = (&state.product, &po.po.facility);
            self.stock.change(place, &po.context, entry.meta.source_time, Side::Supply, |position| {
                position.in_transit -= taken.from_transit;
                position.on_order -= taken.from_order;
            });
        }
        for line in &event.lines {
            po.recount_short(line.line_number);
        }
    }

    /// Inspected, of it n good: quarantined −n. The order's side is decided.
    pub(super) fn inspect(&mut self, inspected: &QualityInspected, entry: &Entry) {
        let context = entry.context();
        for line in &inspected.lines {
            let place = (&line.product, &inspected.facility);
            self.stock.change(place, &context, entry.meta.source_time, Side::Supply, |position| {
                position.quarantined -= line.released;
            });
        }
    }

    /// The order's side of a quality check: what is good after all was accepted.
    pub(super) fn record_quality(&mut self, event: &PoQualityRecorded) {
        let Some(po) = self.procurement.orders.get_mut(&event.po_number) else { return };
        for verdict in &event.lines {
            let Some(line) = po.line_mut(verdict.line_number) else { continue };
            line.held = line.held.saturating_sub(verdict.released + verdict.rejected);
            // What came above the order is apart, good or bad.
            let released = verdict.released.min(line.rejected);
            line.rejected = line.rejected.saturating_sub(released);
            line.accepted += released;
        }
    }

    /// Returned to the supplier n: on_hand −n, out of its bucket (domain.md 4.5).
    pub(super) fn return_to_supplier(&mut self, movement: &ReturnedToSupplier, entry: &Entry) {
        let context = entry.context();
        for line in &movement.lines {
            let place = (&line.product, &movement.facility);
            self.stock.change(place, &context, entry.meta.source_time, Side::Supply, |position| {
                let from: Option<&mut Balance> = match line.from {
                    Bucket::Sellable => None,
                    Bucket::Quarantined => Some(&mut position.quarantined),
                    Bucket::Damaged => Some(&mut position.damaged),
                };
                if let Some(bucket) = from {
                    *bucket -= line.quantity;
                }
                position.on_hand -= line.quantity;
            });
        }
    }

    /// The order's side of a return: accepted and rejected stay as counted; what comes again is with the supplier.
    pub(super) fn record_return(&mut self, event: &PoReturnRecorded, entry: &Entry) {
        let Some(po) = self.procurement.orders.get_mut(&event.po_number) else { return };
        for back in &event.lines {
            let Some(line) = po.lines.iter_mut().find(|l| l.number == back.line_number) else { continue };
            line.returned += back.returned;
            line.held = line.held.saturating_sub(back.held);
            line.to_replace += back.to_replace;
            line.on_order += back.to_replace;
            let place = (&line.product, &po.po.facility);
            self.stock
                .change(place, &po.context, entry.meta.source_time, Side::Supply, |p| p.on_order += back.to_replace);
        }
    }

    /// A decided discrepancy: what did not come is sent again (to on_order) or given up (cancelled).
    pub(super) fn settle_exception(&mut self, opened: &ExceptionOpened, resolution: Resolution, entry: &Entry) {
        let decided = matches!(resolution, Resolution::SendAgain | Resolution::GiveUp);
        if opened.kind != ExceptionKind::ReceiptDiscrepancy || !decided {
            return;
        }
        let Some(About::Po(number)) = About::parse(&opened.about) else { return };
        let Some(po) = self.procurement.orders.get_mut(&number) else { return };
        let mut settled: Vec<(LineNumber, Quantity)> = Vec::new();
        for shipment in po.shipments.values_mut() {
            for (line, announced) in &mut shipment.lines {
                let short = std::mem::take(&mut announced.short);
                announced.in_transit = announced.in_transit.saturating_sub(short);
                settled.push((*line, short));
            }
        }
        let again = resolution == Resolution::SendAgain;
        for (number, short) in settled.into_iter().filter(|(_, short)| !short.is_zero()) {
            let Some(line) = po.lines.iter_mut().find(|l| l.number == number) else { continue };
            line.short = line.short.saturating_sub(short);
            line.in_transit = line.in_transit.saturating_sub(short);
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
