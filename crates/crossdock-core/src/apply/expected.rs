//! What is expected of a purchase order after each of its events, and when.
//! Rule: docs/concepts/domain.md 3.10. Not here: what may be promised because of it (`state.rs`).

use crossdock_model::{HubEvent, PoNumber};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::about::About;
use crate::{PoLineState, PoState, State};

impl State {
    /// Says anew what is expected of the order that an event is about.
    pub(super) fn expect_after(&mut self, event: &HubEvent) {
        let number = match event {
            HubEvent::PoSent(e) => Some(e.po_number.clone()),
            HubEvent::PoConfirmed(e) => Some(e.po_number.clone()),
            HubEvent::PoInTransit(e) => Some(e.po_number.clone()),
            HubEvent::PoReceiptRecorded(e) => Some(e.po_number.clone()),
            HubEvent::PoNoticeUndone(e) => Some(e.po_number.clone()),
            HubEvent::PoReduced(e) => Some(e.po_number.clone()),
            HubEvent::PoChanged(e) => Some(e.po_number.clone()),
            HubEvent::PoReturnRecorded(e) => Some(e.po_number.clone()),
            HubEvent::PoClosed(e) => Some(e.po_number.clone()),
            HubEvent::ExceptionResolved(e) => {
                self.exceptions.get(e.exception_id).and_then(|x| match About::parse(&x.opened.about) {
                    Some(About::Po(number)) => Some(number),
                    _ => None,
                })
            }
            _ => None,
        };
        if let Some(number) = number {
            self.expect(&number);
        }
    }

    /// The open parts of each line: what is with the supplier for the date of its promise, else of the demand; what is on its way for the
    /// day on which its shipment is expected. What nobody gave a date for is not expected.
    fn expect(&mut self, number: &PoNumber) {
        let Some(po) = self.procurement.orders.get(number) else { return };
        let recommendation = self.procurement.recommendations.get(&po.po.recommendation_id);
        let needed_by =
            recommendation.and_then(|r| r.recommendation.needed_by.as_deref()).and_then(|by| by.parse().ok());
        for line in &po.lines {
            let promised = promised(po, line).or(needed_by);
            let with_supplier = promised.map(|date| (date, line.on_order));
            let on_the_way = po.shipments.values().filter_map(|shipment| {
                let part = shipment.lines.get(&line.number)?;
                let expected_at = shipment.notice.as_ref().and_then(|notice| notice.expected_at);
                let date = expected_at.map(|at| at.to_zoned(TimeZone::UTC).date()).or(promised)?;
                // What the receipt ended without waits for a decision, not for a date.
                Some((date, part.in_transit.saturating_sub(part.short)))
            });
            let place = (&line.product, &po.po.facility);
            self.stock.expected.set(place, (number, line.number), with_supplier.into_iter().chain(on_the_way));
        }
    }
}

/// The date of the 855, where it names one for the line.
fn promised(po: &PoState, line: &PoLineState) -> Option<Date> {
    let lines = po.confirmed.iter().flatten();
    let dated = lines.filter(|confirmed| confirmed.line_number == line.number).filter_map(|c| c.date.as_deref());
    dated.filter_map(|date| date.parse().ok()).next_back()
}
