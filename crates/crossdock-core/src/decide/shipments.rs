//! Goods that left for the customer, and where their carrier saw them.
//! Here: what a shipment is set against, and what of it contradicts itself. Not here: what it takes off the shelf (`apply/`).
//! Rules: docs/concepts/domain.md, 8.4, 8.8 and 4.9. Invariant: a late or repeated status tells nobody anything.

use crossdock_model::{
    ExceptionKind, Fact, HubEvent, Milestone, MovementLine, MovementShipped, OrderShipped, Quantity, Resolution,
    Severity, ShipmentLine, ShipmentMilestone, ShippedStatus,
};
use serde_json::{Value, json};

use super::orders::{close_if_complete, find, unknown_order};
use super::{Ask, Question, routes};
use crate::about::About;
use crate::{Draft, OrderState};

/// Goods left. The facility's word is applied whatever we know of the order.
pub(super) fn shipped(ask: &Ask<'_>, movement: &MovementShipped) -> Vec<Draft> {
    let Some(order) = ask.state.order_by_id(&movement.order_id) else {
        return Vec::from_iter(unknown_order(ask, &movement.order_id));
    };
    let line = |l: &MovementLine| ShipmentLine {
        line_number: l.line_number,
        product: l.product.clone(),
        quantity: l.quantity,
        unit: l.unit.clone(),
    };
    let event = OrderShipped {
        source: order.key.source.clone(),
        order_id: order.key.id.clone(),
        facility: movement.facility.clone(),
        shipment_id: movement.shipment_id.clone(),
        carrier: movement.carrier.clone(),
        tracking_number: movement.tracking_number.clone(),
        lines: movement.lines.iter().map(line).collect(),
        complete: order.lines.iter().all(|l| l.open().is_zero()),
    };
    let mut drafts = vec![Draft::of(&order.context, HubEvent::OrderShipped(event))];
    let moved = movement.lines.iter().map(|line| (&line.product, line.quantity, &line.unit));
    let of = About::Order(order.key.clone());
    drafts.extend(routes::line_postings(ask, &order.context, &of, movement, "shipment", moved));
    drafts.extend(not_of_the_order(ask, order, movement));
    drafts.extend(contradictions(ask, order, movement));
    drafts
}

/// One thing that cannot be true beside the others, and where it stands in the message.
struct Finding {
    pointer: String,
    found: String,
}

/// A short that nobody declared is found from the quantities: the line stays open for it, and somebody is asked.
fn contradictions(ask: &Ask<'_>, order: &OrderState, movement: &MovementShipped) -> Option<Draft> {
    // A document is held against itself in its own words: its figures are in the units that it was sent in.
    let said = match ask.entry.said {
        Some(Fact::Shipped(said)) => said,
        _ => movement,
    };
    let mut findings: Vec<_> = said.lines.iter().enumerate().flat_map(|(i, line)| of_line(i, line)).collect();
    findings.extend(of_total(said));
    findings.extend(movement.lines.iter().enumerate().filter_map(|(i, moved)| above(ask, order, i, moved)));
    if findings.is_empty() {
        return None;
    }
    let list = |f: &Finding| json!({ "pointer": f.pointer, "found": f.found });
    let details: Vec<Value> = findings.iter().map(list).collect();
    let texts: Vec<_> = findings.iter().map(|f| f.found.as_str()).collect();
    let question = Question {
        kind: ExceptionKind::ShipmentDiscrepancy,
        about: About::Order(order.key.clone()).to_string(),
        what: format!("shipment {} of order {}: {}", movement.shipment_id, order.key.id, texts.join("; ")),
        why: "what left is applied as the facility said it; what is missing stays open until it ships or somebody decides",
        owner: "orders",
        severity: Severity::Medium,
        resolutions: &[Resolution::Ignore],
        details: json!({ "movementId": movement.movement_id, "findings": details }),
    };
    let draft = ask.open_distinct(movement.movement_id.to_string(), question);
    draft.map(|draft| Draft { context: Some(order.context.clone()), ..draft })
}

/// A partial shipment is normal where the facility says that it is one (8.4).
fn of_line(index: usize, line: &MovementLine) -> Vec<Finding> {
    let at = |field: &str| format!("/data/lines/{index}/{field}");
    let Some(ordered) = line.ordered else { return Vec::new() };
    let (number, shipped) = (line.line_number, line.quantity);
    let short = ordered.saturating_sub(shipped);
    let mut findings = Vec::new();
    if !short.is_zero() {
        if line.status == Some(ShippedStatus::Complete) {
            let found =
                format!("line {number}: {shipped} of {ordered} left, {short} short, and the status says complete");
            findings.push(Finding { pointer: at("status"), found });
        }
        if line.difference.is_none() && line.status != Some(ShippedStatus::Partial) {
            let found = format!("line {number}: the difference is empty, where {ordered} less {shipped} is {short}");
            findings.push(Finding { pointer: at("difference"), found });
        }
    } else if line.status == Some(ShippedStatus::Partial) {
        let found = format!("line {number}: {shipped} of {ordered} left, and the status says partial");
        findings.push(Finding { pointer: at("status"), found });
    }
    if let Some(difference) = line.difference.filter(|difference| *difference != short) {
        let found = format!("line {number}: the difference says {difference}, {ordered} less {shipped} is {short}");
        findings.push(Finding { pointer: at("difference"), found });
    }
    findings
}

fn of_total(movement: &MovementShipped) -> Option<Finding> {
    let sum: Quantity = movement.lines.iter().map(|line| line.quantity).sum();
    let total = movement.total.filter(|total| *total != sum)?;
    Some(Finding {
        pointer: "/data/total".to_owned(),
        found: format!("the total says {total}, the lines sum to {sum}"),
    })
}

/// More left than the line asks for: counted apart (I4), and the customer gets what nobody ordered.
fn above(ask: &Ask<'_>, order: &OrderState, index: usize, moved: &MovementLine) -> Option<Finding> {
    let line = order.lines.iter().find(|line| line.number == moved.line_number && line.product == moved.product)?;
    let (_, above) = line.over_shipped_last.filter(|(seq, _)| *seq == ask.entry.seq)?;
    let found = format!("line {}: {above} left above what was open", line.number);
    Some(Finding { pointer: format!("/data/lines/{index}/quantity"), found })
}

/// What left is not what the order's line asks for: the stock moved, the order did not.
fn not_of_the_order(ask: &Ask<'_>, order: &OrderState, movement: &MovementShipped) -> Option<Draft> {
    let fits = |moved: &MovementLine| {
        order.lines.iter().any(|line| line.number == moved.line_number && line.product == moved.product)
    };
    let odd: Vec<_> = movement.lines.iter().filter(|moved| !fits(moved)).collect();
    let first = odd.first()?;
    let mut draft = ask.open(Question {
        kind: ExceptionKind::UnknownReference,
        about: About::Order(order.key.clone()).to_string(),
        what: format!(
            "{} shipped {} of {} for line {} of order {}, which asks for something else",
            movement.facility, first.quantity, first.product, first.line_number, order.key.id
        ),
        why: "the customer gets what was not ordered, and the line still waits",
        owner: "orders",
        severity: Severity::High,
        resolutions: &[Resolution::Ignore],
        details: json!({ "movementId": movement.movement_id, "lines": odd }),
    })?;
    draft.context = Some(order.context.clone());
    Some(draft)
}

pub(super) fn recorded(ask: &Ask<'_>, event: &OrderShipped) -> Vec<Draft> {
    let Some(order) = find(ask, &event.source, &event.order_id) else { return Vec::new() };
    let about = About::Order(order.key.clone());
    let mut drafts = Vec::from_iter(routes::order_status(ask, order, order.status().as_str()));
    // A second movement with the number of the first is in the same parcel, which the carrier was asked about.
    let parcels = order.shipments.iter().filter(|(_, _, number)| *number == event.tracking_number).count();
    if parcels == 1 {
        drafts.extend(routes::tracking(ask, &order.context, &event.carrier, &event.tracking_number, about, "outbound"));
    }
    drafts.extend(close_if_complete(order));
    drafts
}

/// An order is delivered when all that was ordered has left and each of its parcels is there.
pub(super) fn milestone(ask: &Ask<'_>, event: &ShipmentMilestone) -> Vec<Draft> {
    let Some(order) = ask.state.orders.by_tracking(&event.tracking_number) else { return Vec::new() };
    // Late or repeated: the parcel was there, or further on, already (I8).
    let news = order.milestones.get(&event.tracking_number).is_some_and(|(_, seq)| *seq == ask.entry.seq);
    if news && event.milestone == Milestone::Delivered && order.is_delivered() {
        Vec::from_iter(routes::order_status(ask, order, "delivered"))
    } else {
        Vec::new()
    }
}
