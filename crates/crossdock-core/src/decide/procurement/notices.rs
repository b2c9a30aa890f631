//! 856: what a supplier announces, replaces and cancels.
//! Rule: docs/concepts/domain.md, 4.3, 4.3.1 and 9.8.
//! Invariant: notices of one number never add up: an earlier one is undone before another takes its place.

use std::collections::BTreeMap;

use crossdock_model::{
    ExceptionKind, HubEvent, LineNumber, PoInTransit, PoNoticeUndone, Quantity, Resolution, Severity, ShipmentLine,
    ShipmentNotice, ShipmentPurpose,
};
use serde_json::json;

use super::orders::{sent_once, status};
use super::questions;
use crate::Draft;
use crate::about::About;
use crate::decide::{Ask, Question, matching, routes};
use crate::procurement::{Notice, PoState, ShipmentState};

/// Without an order, or for a closed one, it is an exception before it has an effect.
pub(in crate::decide) fn notified(ask: &Ask<'_>, notice: &ShipmentNotice) -> Vec<Draft> {
    let (number, asn) = (&notice.po_number, &notice.asn_number);
    let Some(po) = ask.state.purchase_order(number) else {
        return Vec::from_iter(questions::unknown_po(
            ask,
            number,
            &format!("sends ship notice {asn} for"),
            asn.as_str(),
        ));
    };
    if !po.is_open() {
        return Vec::from_iter(questions::closed_po(
            ask,
            number,
            &format!("sends ship notice {asn} for"),
            asn.as_str(),
        ));
    }
    let shipment = po.shipments.get(asn);
    let before = shipment.and_then(|shipment| shipment.notice.as_ref());
    if before.is_some_and(|before| says_nothing_new(before, notice)) {
        return Vec::new();
    }
    if before.is_some_and(|before| is_older(ask, before, notice)) {
        let what = format!("ship notice {asn} came after the one that took its place; nothing is undone by it");
        return Vec::from_iter(questions::odd(ask, number, what, asn.as_str()));
    }
    let mut drafts = sent_once(ask, number);
    if before.is_some() || notice.purpose == ShipmentPurpose::Cancel {
        drafts.push(undone(ask, po, shipment, notice));
    }
    let came = shipment.is_some_and(|shipment| shipment.lines.values().any(|line| !line.received.is_zero()));
    if came && notice.purpose == ShipmentPurpose::Cancel {
        let what = format!("{} cancels ship notice {asn}, of which goods came already", po.po.supplier);
        drafts.extend(questions::odd(ask, number, what, asn.as_str()));
    }
    if notice.purpose != ShipmentPurpose::Cancel {
        drafts.extend(announced(ask, po, shipment, notice));
    }
    // A facility that expects no more of it is not told to expect it.
    if shipment.is_none_or(|shipment| !shipment.complete) {
        drafts.extend(told(ask, po, before.is_some(), notice));
    }
    drafts
}

/// The same notice under new control numbers (9.3.2), whichever purpose it has.
fn says_nothing_new(before: &Notice, notice: &ShipmentNotice) -> bool {
    if notice.purpose == ShipmentPurpose::Cancel {
        return before.purpose == ShipmentPurpose::Cancel;
    }
    before.purpose == notice.purpose
        && before.lines == notice.lines
        && before.expected_at == notice.expected_at
        && before.tracking_number == notice.tracking_number
}

/// No notice moves backwards because of an older source time, and a first one never undoes what took its place (I8).
fn is_older(ask: &Ask<'_>, before: &Notice, notice: &ShipmentNotice) -> bool {
    notice.purpose == ShipmentPurpose::Original || before.at.is_some_and(|at| ask.entry.meta.source_time < at)
}

/// What the earlier notice moved goes back, as far as it is still on the way.
fn undone(ask: &Ask<'_>, po: &PoState, shipment: Option<&ShipmentState>, notice: &ShipmentNotice) -> Draft {
    let moved =
        shipment.into_iter().flat_map(|shipment| &shipment.lines).filter(|(_, line)| !line.in_transit.is_zero());
    let back = moved.filter_map(|(number, line)| {
        let ordered = po.line(*number)?;
        Some(ShipmentLine {
            line_number: *number,
            product: ordered.product.clone(),
            quantity: line.in_transit,
            unit: ordered.unit.clone(),
        })
    });
    let undone = PoNoticeUndone {
        po_number: notice.po_number.clone(),
        asn_number: notice.asn_number.clone(),
        purpose: notice.purpose,
        noticed_at: ask.entry.meta.source_time,
        lines: back.collect(),
    };
    Draft::of(&po.context, HubEvent::PoNoticeUndone(undone))
}

fn announced(ask: &Ask<'_>, po: &PoState, shipment: Option<&ShipmentState>, notice: &ShipmentNotice) -> Vec<Draft> {
    let transit = PoInTransit {
        po_number: notice.po_number.clone(),
        asn_number: notice.asn_number.clone(),
        lines: notice.lines.clone(),
        purpose: notice.purpose,
        noticed_at: Some(ask.entry.meta.source_time),
        expected_at: notice.expected_at,
        tracking_number: notice.tracking_number.clone(),
    };
    let mut drafts = vec![Draft::of(&po.context, HubEvent::PoInTransit(transit))];
    let parts = not_ordered(po, notice);
    if !parts.is_empty() {
        let what = format!("ship notice {} of {}: {}", notice.asn_number, po.po.supplier, parts.join("; "));
        drafts.extend(questions::odd(ask, &notice.po_number, what, notice.asn_number.as_str()));
    }
    let parts = above_order(po, shipment, notice);
    if !parts.is_empty() {
        drafts.extend(questions::instead_of(ask, notice.asn_number.as_str(), over_shipment(po, notice, &parts)));
    }
    if let Some(shipment) = shipment.filter(|shipment| shipment.complete) {
        drafts.extend(after_receipt(ask, po, shipment, notice));
    }
    drafts
}

/// Lines that the order does not have, a unit that it was not ordered in, another place than it was ordered for.
fn not_ordered(po: &PoState, notice: &ShipmentNotice) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(facility) = notice.facility.as_ref().filter(|facility| **facility != po.po.facility) {
        parts.push(format!("it goes to {facility}, ordered for {}", po.po.facility));
    }
    for line in &notice.lines {
        match po.line_of(line.line_number, &line.product) {
            None => parts.push(format!("line {} of {} was not ordered", line.line_number, line.product)),
            Some(ordered) if ordered.unit != line.unit => {
                parts.push(format!("line {}: in {}, ordered in {}", line.line_number, line.unit, ordered.unit));
            }
            Some(_) => {}
        }
    }
    parts
}

/// What a notice announces above what is still ordered moves nothing; somebody has to say what it is.
fn above_order(po: &PoState, shipment: Option<&ShipmentState>, notice: &ShipmentNotice) -> Vec<String> {
    let mut announced = BTreeMap::<LineNumber, Quantity>::new();
    for line in &notice.lines {
        *announced.entry(line.line_number).or_default() += line.quantity;
    }
    let mut parts = Vec::new();
    for (number, quantity) in announced {
        let Some(line) = po.line(number) else { continue };
        let earlier = shipment.and_then(|shipment| shipment.lines.get(&number)).copied().unwrap_or_default();
        // What the earlier notice of this number moved is undone before.
        let open = po.to_come(line) + earlier.in_transit;
        let excess = quantity.saturating_sub(earlier.received).saturating_sub(open);
        if !excess.is_zero() {
            parts.push(format!("line {number}: {excess} above what is ordered and not on its way yet"));
        }
    }
    parts
}

fn over_shipment<'a>(po: &PoState, notice: &ShipmentNotice, parts: &[String]) -> Question<'a> {
    Question {
        kind: ExceptionKind::OverShipment,
        about: About::Po(notice.po_number.clone()).to_string(),
        what: format!("ship notice {} of {}: {}", notice.asn_number, po.po.supplier, parts.join("; ")),
        why: "the supplier sends more than was ordered; the excess is counted nowhere before it is received",
        owner: "procurement",
        severity: Severity::Medium,
        resolutions: &[Resolution::Approve, Resolution::Reject],
        details: json!({ "asnNumber": notice.asn_number, "lines": notice.lines }),
    }
}

/// A notice after its receipt moves nothing; what it names and did not come is still with the supplier, and is asked about.
fn after_receipt(ask: &Ask<'_>, po: &PoState, shipment: &ShipmentState, notice: &ShipmentNotice) -> Option<Draft> {
    let came = |number: LineNumber| shipment.lines.get(&number).map_or(Quantity::ZERO, |line| line.received);
    let missing = notice.lines.iter().filter_map(|line| {
        let missing = line.quantity.saturating_sub(came(line.line_number));
        (!missing.is_zero())
            .then(|| format!("line {}: {missing} of {} announced and not received", line.line_number, line.product))
    });
    let parts: Vec<String> = missing.collect();
    if parts.is_empty() {
        return None;
    }
    let what =
        format!("ship notice {} of {} came after its receipt: {}", notice.asn_number, po.po.supplier, parts.join("; "));
    questions::odd(ask, &notice.po_number, what, notice.asn_number.as_str())
}

/// The facility and the carrier are told by the notice itself; the event carries what the order takes from it.
fn told(ask: &Ask<'_>, po: &PoState, known: bool, notice: &ShipmentNotice) -> Vec<Draft> {
    let cancelled = notice.purpose == ShipmentPurpose::Cancel;
    let mut drafts = Vec::new();
    if known {
        let lines: &[ShipmentLine] = if cancelled { &[] } else { &notice.lines };
        drafts.extend(routes::replaced_shipment(ask, po, notice, lines));
    } else if !cancelled {
        drafts.extend(routes::inbound_shipment(ask, po, notice, &notice.lines));
    }
    // A replaced notice may name the same parcel: the carrier is asked once.
    let parcel = notice.tracking_number.as_ref().filter(|number| !cancelled && !po.tracked.contains(*number));
    if let (Some(carrier), Some(tracking)) = (&notice.carrier, parcel) {
        let about = About::Po(notice.po_number.clone());
        drafts.extend(routes::tracking(ask, &po.context, carrier, tracking, about, "inbound"));
    }
    drafts
}

pub(in crate::decide) fn in_transit(ask: &Ask<'_>, event: &PoInTransit) -> Vec<Draft> {
    status(ask, &event.po_number)
}

/// What a receipt ended without may be no question any more: the supplier took it back.
pub(in crate::decide) fn notice_undone(ask: &Ask<'_>, event: &PoNoticeUndone) -> Vec<Draft> {
    let Some(po) = ask.state.purchase_order(&event.po_number) else { return Vec::new() };
    if po.lines.iter().any(|line| !line.short.is_zero()) {
        return Vec::new();
    }
    let about = About::Po(event.po_number.clone()).to_string();
    let asked = ask.state.exceptions.open_about(&about, ExceptionKind::ReceiptDiscrepancy);
    let asks_short = asked.is_some_and(|x| x.opened.resolutions.contains(&Resolution::SendAgain));
    let mut drafts = Vec::new();
    if asks_short {
        let reason = "the supplier took the ship notice back";
        drafts.extend(questions::no_longer(ask, &about, ExceptionKind::ReceiptDiscrepancy, reason));
    }
    drafts.extend(matching::rematch(ask, &event.po_number));
    drafts
}
