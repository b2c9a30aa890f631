//! Receipts: what came in, held against what was announced and what is ordered.
//! Rule: docs/concepts/domain.md, 4.4, 9.6 and 9.9. The movement itself is applied as the WMS said it.
//! Invariant: the tolerance of a line is one over all its receipts.

use std::collections::{BTreeMap, BTreeSet};

use crossdock_model::{
    ExceptionKind, HubEvent, LineNumber, MovementReceived, PoReceiptRecorded, ProductId, Quantity, ReceiptLine,
    ReceivedLine, Resolution, Severity,
};
use serde_json::{Value, json};

use super::orders::{sent_once, status};
use super::questions;
use crate::Draft;
use crate::about::About;
use crate::decide::{Ask, Question, allocation, matching, routes};
use crate::procurement::{PoLineState, PoState, PoStatus, ShipmentState};
use crate::purchasing::percent_of;

/// Goods came in: what of it was announced, what is missing, what is too much.
pub(in crate::decide) fn received(ask: &Ask<'_>, movement: &MovementReceived) -> Vec<Draft> {
    let Some(po) = ask.state.purchase_order(&movement.po_number) else {
        let (does, of) = (format!("received {} for", movement.movement_id), movement.movement_id.as_str());
        let mut drafts = Vec::from_iter(questions::unknown_po(ask, &movement.po_number, &does, of));
        drafts.extend(served(ask, movement.lines.iter().map(|line| &line.product)));
        return drafts;
    };
    // Goods that come in were ordered, whatever became of the answer to the 850.
    let mut drafts = sent_once(ask, &movement.po_number);
    let (known, odd): (Vec<&ReceivedLine>, Vec<&ReceivedLine>) =
        movement.lines.iter().partition(|line| po.line_of(line.line_number, &line.product).is_some());
    let recorded = PoReceiptRecorded {
        po_number: movement.po_number.clone(),
        asn_number: movement.asn_number.clone(),
        lines: compared(ask, po, movement, &known),
        complete: movement.complete,
    };
    drafts.push(Draft::of(&po.context, HubEvent::PoReceiptRecorded(recorded)));
    if !odd.is_empty() {
        let parts = odd.iter().map(|line| {
            let came = line.accepted + line.rejected;
            format!(
                "{came} of {} for line {}, which is not a line of purchase order {}",
                line.product, line.line_number, po.po.po_number
            )
        });
        let what = format!("{} received {}", movement.facility, parts.collect::<Vec<_>>().join("; "));
        drafts.extend(questions::odd(ask, &movement.po_number, what, movement.movement_id.as_str()));
        drafts.extend(served(ask, odd.iter().map(|line| &line.product)));
    }
    let received = movement.lines.iter().map(|line| (&line.product, line.accepted + line.rejected, &line.unit));
    let of = About::Po(movement.po_number.clone());
    drafts.extend(routes::line_postings(ask, &po.context, &of, movement, "receipt", received));
    drafts
}

/// Each line beside its announcement and its order. Several may be of one line: each finds what the ones before left.
fn compared(ask: &Ask<'_>, po: &PoState, movement: &MovementReceived, lines: &[&ReceivedLine]) -> Vec<ReceiptLine> {
    let mut order: BTreeMap<LineNumber, PoLineState> = BTreeMap::new();
    let mut shipment = po.shipments.get(&movement.asn_number).cloned().unwrap_or_default();
    let last = last_of_each(lines);
    // What was agreed with the supplier counts before what is declared for all.
    let agreed = ask.state.master.receipt_tolerance_percent(&po.po.supplier, ask.entry.meta.source_time);
    let percent = agreed.map_or(ask.policy.purchasing.receipt_tolerance_percent, Quantity::decimal);
    let mut compared = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(state) = po.line(line.line_number) else { continue };
        let state = order.entry(line.line_number).or_insert_with(|| {
            let mut state = state.clone();
            state.on_order = if po.has_reached(PoStatus::Sent) { state.on_order } else { state.ordered.quantity };
            state
        });
        let ends = movement.complete && last.get(&line.line_number) == Some(&index);
        compared.push(compare(state, &mut shipment, line, percent_of(state.ordered.quantity, percent), ends));
    }
    compared
}

fn compare(
    state: &mut PoLineState,
    shipment: &mut ShipmentState,
    line: &ReceivedLine,
    tolerance: Quantity,
    ends: bool,
) -> ReceiptLine {
    let came = line.accepted + line.rejected;
    let announced = shipment.lines.entry(line.line_number).or_default();
    let is_announced = !announced.announced.is_zero();
    let rest = announced.announced.saturating_sub(announced.received);
    let taken = state.receive(announced, line.accepted, line.rejected, Quantity::ZERO);
    let tolerated = taken.over_accepted.min(tolerance.saturating_sub(state.tolerated));
    state.tolerated += tolerated;
    let above_notice = if is_announced { came.saturating_sub(rest) } else { Quantity::ZERO };
    ReceiptLine {
        line_number: line.line_number,
        product: line.product.clone(),
        accepted: line.accepted,
        rejected: line.rejected,
        short: if ends && is_announced { rest.saturating_sub(came) } else { Quantity::ZERO },
        over: above_notice.max(taken.over),
        tolerated,
    }
}

/// Where each line number stands last: what is short is known only then.
fn last_of_each(lines: &[&ReceivedLine]) -> BTreeMap<LineNumber, usize> {
    lines.iter().enumerate().map(|(index, line)| (line.line_number, index)).collect()
}

/// The order took the receipt: discrepancies are asked, invoices that waited are matched, backorders are served.
pub(in crate::decide) fn receipt_recorded(ask: &Ask<'_>, event: &PoReceiptRecorded) -> Vec<Draft> {
    let mut drafts = status(ask, &event.po_number);
    let mut parts = Vec::new();
    for line in &event.lines {
        let over = line.over.saturating_sub(line.tolerated);
        for (quantity, word) in [(line.short, "short"), (over, "over"), (line.rejected, "rejected")] {
            if !quantity.is_zero() {
                parts.push(format!("line {}: {quantity} of {} {word}", line.line_number, line.product));
            }
        }
    }
    if !parts.is_empty() {
        let what = format!("purchase order {}, shipment {}: {}", event.po_number, event.asn_number, parts.join("; "));
        let details = json!({ "asnNumber": event.asn_number, "lines": event.lines });
        drafts.extend(discrepancy(ask, &event.po_number, what, details));
    }
    drafts.extend(matching::rematch(ask, &event.po_number));
    drafts.extend(served(ask, event.lines.iter().map(|line| &line.product)));
    drafts
}

/// Backorders are served once per product: two lines of one product are one stock.
pub(super) fn served<'a>(ask: &Ask<'_>, products: impl Iterator<Item = &'a ProductId>) -> Vec<Draft> {
    let products: BTreeSet<_> = products.collect();
    products.into_iter().flat_map(|product| allocation::fill_backorders(ask, product)).collect()
}

/// What is decided is what was seen: a second discrepancy takes the place of the first and names both.
pub(super) fn discrepancy(
    ask: &Ask<'_>,
    number: &crossdock_model::PoNumber,
    what: String,
    details: Value,
) -> Vec<Draft> {
    let short = ask.state.purchase_order(number).is_some_and(|po| po.lines.iter().any(|line| !line.short.is_zero()));
    let question = Question {
        kind: ExceptionKind::ReceiptDiscrepancy,
        about: About::Po(number.clone()).to_string(),
        what,
        why: "what came in is not what the supplier announced",
        owner: "receiving",
        severity: Severity::Medium,
        resolutions: if short {
            &[Resolution::SendAgain, Resolution::GiveUp]
        } else {
            &[Resolution::Approve, Resolution::Ignore]
        },
        details,
    };
    questions::both(ask, question)
}
