//! What is expected of each line of a purchase order, and when: said anew after everything that changes it.
//! Rule: docs/concepts/domain.md 3.10. Here: where a date comes from. Not here: what may be promised by it (`stock/expected`).
//! Invariant: what has no date is not expected; of a closed order nothing is.

use crossdock_model::{LineStatus, PoMilestone, PoNumber, Quantity, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::procurement::{PoLineState, PoState};
use crate::{PoStatus, State};

impl State {
    /// Says anew what is expected of each line of an order.
    pub(super) fn expect_receipts(&mut self, number: &PoNumber) {
        let Some(po) = self.procurement.orders.get(number).filter(|po| po.has_reached(PoStatus::Sent)) else { return };
        let recommendation = self.procurement.recommendations.get(&po.po.recommendation_id);
        let needed = recommendation.and_then(|one| one.recommendation.needed_by.as_deref());
        let ordered_for = po.needed_by.as_deref().or(needed).and_then(|date| date.parse::<Date>().ok());
        for line in &po.lines {
            let parts = if po.is_open() { parts(po, line, ordered_for) } else { Vec::new() };
            self.stock.expected.set((&line.product, &po.po.facility), (number, line.number), parts);
        }
    }
}

/// What is on the way, by its own date; what is with the supplier, by the last promise.
fn parts(po: &PoState, line: &PoLineState, ordered_for: Option<Date>) -> Vec<(Date, Quantity)> {
    // Without a word of the supplier: the day it was ordered for, else the day on which its arrival is due.
    let usual = ordered_for.or_else(|| po.watch.due.get(&PoMilestone::Arrival).map(|due| day(*due)));
    let promises = promises(po, line, usual);
    let mut parts: Vec<(Date, Quantity)> = Vec::new();
    for shipment in po.shipments.values() {
        let Some(carried) = shipment.lines.get(&line.number) else { continue };
        let said = shipment.notice.as_ref().and_then(|notice| notice.expected_at);
        let first = promises.first().and_then(|(date, _)| *date).or(usual);
        // The carrier knows better than the supplier, the supplier better than the order. What is short will not come.
        if let Some(date) = shipment.estimated.or(said).map(day).or(first) {
            parts.push((date, carried.in_transit.saturating_sub(carried.short)));
        }
    }
    // What was promised first was shipped first: what is left is the end of the promise.
    let mut left = line.on_order;
    for (date, promised) in promises.iter().rev() {
        let part = left.min(*promised);
        left = left.saturating_sub(part);
        if let Some(date) = date {
            parts.push((*date, part));
        }
    }
    // What is neither promised nor given up yet may come on the day for which it was ordered.
    if let Some(date) = usual.filter(|_| promises.is_empty()) {
        parts.push((date, left));
    }
    parts.retain(|(_, quantity)| !quantity.is_zero());
    parts.sort_unstable();
    parts
}

/// The dated parts of the last 855, the earliest first. What it rejects, and what it takes back, is not expected.
fn promises(po: &PoState, line: &PoLineState, usual: Option<Date>) -> Vec<(Option<Date>, Quantity)> {
    let answers = po.confirmed.iter().flatten().filter(|answer| answer.line_number == line.number);
    let comes = answers.filter(|answer| answer.status != LineStatus::Rejected && answer.unit == line.unit);
    let mut promises: Vec<(Option<Date>, Quantity)> = comes
        .map(|answer| (answer.date.as_deref().and_then(|date| date.parse().ok()).or(usual), answer.quantity))
        .collect();
    promises.sort_by_key(|(date, _)| *date);
    promises
}

fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}
