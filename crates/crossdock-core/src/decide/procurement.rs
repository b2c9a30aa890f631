//! Procure to receive: recommended → approved → ordered → sent → acknowledged → in transit → received.
//! Rule: docs/concepts/domain.md, "Procure to receive". The match of invoices stands in `matching`.

use std::collections::{BTreeMap, BTreeSet};

use crossdock_model::{
    ConfirmedLine, DeliveryPlanned, ExceptionKind, FunctionalAck, HubEvent, LineNumber, LineStatus, MovementReceived,
    PoAcknowledged, PoConfirmed, PoCreated, PoInTransit, PoLine, PoNumber, PoReceiptRecorded, PoSent, ProductId,
    Quantity, ReceiptLine, ReceivedLine, Recommendation, RecommendationApproved, RecommendationRefused, Resolution,
    Severity, ShipmentNotice, ShipmentPurpose,
};
use serde_json::{Value, json};

use super::{Ask, Question, allocation, matching, positions, routes};
use crate::about::About;
use crate::procurement::{PoState, PoStatus};
use crate::{Draft, RecommendationState};

/// Stale and second signals stop here; what is left is approved by rule up to a limit, above it by a person.
pub(super) fn recommended(ask: &Ask<'_>, r: &Recommendation) -> Vec<Draft> {
    let refuse = |reason: String| {
        let refused = RecommendationRefused { recommendation_id: r.recommendation_id.clone(), reason };
        vec![Draft::from(HubEvent::RecommendationRefused(refused))]
    };
    if let Some(twin) = ask.state.procurement.open_twin(r) {
        return refuse(format!(
            "recommendation {} is open for {} at {} in cycle {}",
            twin.recommendation.recommendation_id, r.product, r.facility, r.cycle
        ));
    }
    let (version, supply_version) =
        ask.state.position(&r.product, &r.facility).map_or((0, 0), |p| (p.version, p.supply_version));
    // Demand moves all the time and planning allows for it; supply that it did not know of makes its figure wrong.
    if r.position_version < supply_version || r.position_version > version {
        return refuse(format!(
            "it was computed from version {} of the position; supply changed in version {supply_version}, the newest is {version}",
            r.position_version
        ));
    }
    let value = r.unit_price.times(r.quantity);
    if value.is_some_and(|value| value <= ask.policy.approval_limit) {
        let by = format!("rule: up to {}", ask.policy.approval_limit);
        let approved = RecommendationApproved { recommendation_id: r.recommendation_id.clone(), by };
        return vec![HubEvent::RecommendationApproved(approved).into()];
    }
    let question = Question {
        kind: ExceptionKind::ApprovalNeeded,
        about: About::Recommendation(r.recommendation_id.clone()).to_string(),
        what: format!(
            "planning recommends {} {} of {} from {} at {}",
            r.quantity, r.unit, r.product, r.supplier, r.unit_price
        ),
        why: "its value is above the limit up to which a rule approves",
        owner: "procurement",
        severity: Severity::Medium,
        resolutions: &[Resolution::Approve, Resolution::Reject],
        details: json!({ "limit": ask.policy.approval_limit }),
    };
    ask.open(question).into_iter().collect()
}

/// A person decided a recommendation.
pub(super) fn decided(ask: &Ask<'_>, about: &str, resolution: Resolution) -> Vec<Draft> {
    let Some(About::Recommendation(recommendation_id)) = About::parse(about) else { return Vec::new() };
    let Some(state) = ask.state.procurement.recommendations.get(&recommendation_id) else { return Vec::new() };
    let by = "a person".to_owned();
    let event = if resolution == Resolution::Approve {
        HubEvent::RecommendationApproved(RecommendationApproved { recommendation_id, by })
    } else {
        HubEvent::RecommendationRefused(RecommendationRefused { recommendation_id, reason: format!("refused by {by}") })
    };
    vec![Draft::of(&state.context, event)]
}

pub(super) fn approved(ask: &Ask<'_>, event: &RecommendationApproved) -> Vec<Draft> {
    let Some(state) = ask.state.procurement.recommendations.get(&event.recommendation_id) else { return Vec::new() };
    let mut drafts = told(ask, state, json!({ "status": "approved" }));
    drafts.extend(routes::erp_purchase_order(ask, &state.recommendation, &state.context));
    drafts
}

pub(super) fn refused(ask: &Ask<'_>, event: &RecommendationRefused) -> Vec<Draft> {
    let Some(state) = ask.state.procurement.recommendations.get(&event.recommendation_id) else { return Vec::new() };
    told(ask, state, json!({ "status": "refused", "reason": event.reason }))
}

fn told(ask: &Ask<'_>, state: &RecommendationState, body: Value) -> Vec<Draft> {
    routes::recommendation_status(ask, &state.recommendation, &state.context, body).into_iter().collect()
}

/// The ERP answered `createPurchaseOrder`: now it is a commitment, with a number that is kept for ever.
pub(super) fn created_by_erp(ask: &Ask<'_>, plan: &DeliveryPlanned, response: &Value) -> Vec<Draft> {
    let Some(About::Recommendation(id)) = About::parse(&plan.about) else { return Vec::new() };
    let Some(state) = ask.state.procurement.recommendations.get(&id) else { return Vec::new() };
    let number = response.get("poNumber").and_then(Value::as_str).and_then(|n| n.parse::<PoNumber>().ok());
    let Some(po_number) = number else { return Vec::new() };
    if let Some(other) = ask.state.purchase_order(&po_number) {
        let mut draft = ask.open(Question {
            kind: ExceptionKind::IdReused,
            about: About::Recommendation(id.clone()).to_string(),
            what: format!(
                "the ERP answered recommendation {id} with purchase order {po_number}, which recommendation {} became",
                other.po.recommendation_id
            ),
            why: "a purchase order number is unique for ever: one of the two orders is missing in the ERP",
            owner: "procurement",
            severity: Severity::High,
            resolutions: &[Resolution::Ignore, Resolution::Reject],
            details: json!({ "poNumber": po_number }),
        });
        if let Some(draft) = &mut draft {
            draft.context = Some(state.context.clone());
        }
        return draft.into_iter().collect();
    }
    let r = &state.recommendation;
    let line = PoLine {
        line_number: 1,
        product: r.product.clone(),
        quantity: r.quantity,
        unit: r.unit.clone(),
        unit_price: r.unit_price,
    };
    let created = PoCreated {
        po_number,
        recommendation_id: id,
        supplier: r.supplier.clone(),
        facility: r.facility.clone(),
        currency: r.currency.clone(),
        total: r.unit_price.times(r.quantity).unwrap_or_default(),
        lines: vec![line],
    };
    vec![Draft::of(&state.context, HubEvent::PoCreated(created))]
}

pub(super) fn created(ask: &Ask<'_>, event: &PoCreated) -> Vec<Draft> {
    let Some(po) = ask.state.purchase_order(&event.po_number) else { return Vec::new() };
    let mut drafts = Vec::from_iter(routes::purchase_order_850(ask, event, &po.context));
    if let Some(state) = ask.state.procurement.recommendations.get(&event.recommendation_id) {
        drafts.extend(told(ask, state, json!({ "status": "ordered", "poNumber": event.po_number })));
    }
    drafts
}

/// The supplier's system took an interchange of ours: for an 850 the order is sent.
pub(super) fn sent(ask: &Ask<'_>, plan: &DeliveryPlanned) -> Vec<Draft> {
    let is_850 = plan.edi.as_ref().is_some_and(|edi| edi.set == "850");
    match About::parse(&plan.about) {
        Some(About::Po(number)) if is_850 => sent_once(ask, &number),
        _ => Vec::new(),
    }
}

/// `purchase_order.sent`, unless it was said: a supplier's answer may be faster than the answer to our call.
fn sent_once(ask: &Ask<'_>, number: &PoNumber) -> Vec<Draft> {
    let Some(po) = ask.state.purchase_order(number).filter(|po| !po.has_reached(PoStatus::Sent)) else {
        return Vec::new();
    };
    let group = po.group.unwrap_or(0);
    let sent = PoSent {
        po_number: number.clone(),
        supplier: po.po.supplier.clone(),
        interchange_control_number: group,
        group_control_number: group,
    };
    vec![Draft::of(&po.context, HubEvent::PoSent(sent))]
}

/// Tells the ERP how an order stands.
pub(super) fn status(ask: &Ask<'_>, number: &PoNumber) -> Vec<Draft> {
    ask.state.purchase_order(number).and_then(|po| routes::erp_po_status(ask, po)).into_iter().collect()
}

/// 997. Errors that the supplier's system found in our X12 are somebody's to look at.
pub(super) fn functional_ack(ask: &Ask<'_>, ack: &FunctionalAck) -> Vec<Draft> {
    let key = (ask.entry.meta.system.clone(), ack.group_control_number);
    let Some(number) = ask.state.procurement.groups.get(&key) else { return Vec::new() };
    let mut drafts = sent_once(ask, number);
    if ack.status != "A" {
        drafts.extend(ask.open(Question {
            kind: ExceptionKind::FunctionalAckErrors,
            about: About::Po(number.clone()).to_string(),
            what: format!("{} answered {} to the 850 of purchase order {number}", key.0, ack.status),
            why: "the supplier may not have the order as we mean it",
            owner: "integration",
            severity: if ack.status == "R" { Severity::High } else { Severity::Medium },
            resolutions: &[Resolution::Ignore],
            details: json!({ "group": ack.group_control_number, "errors": ack.errors }),
        }));
    }
    drafts
}

/// 855. What it promises is taken; where it is not what was ordered, a person decides, and on_order stays.
pub(super) fn acknowledged(ask: &Ask<'_>, ack: &PoAcknowledged) -> Vec<Draft> {
    let Some(po) = ask.state.purchase_order(&ack.po_number) else {
        return Vec::from_iter(unknown_po(ask, &ack.po_number, "acknowledges"));
    };
    let mut drafts = sent_once(ask, &ack.po_number);
    // The same 855 under new control numbers has no second effect (domain.md 9.3.2).
    if po.confirmed.as_ref() == Some(&ack.lines) {
        return drafts;
    }
    let confirmed = PoConfirmed { po_number: ack.po_number.clone(), lines: ack.lines.clone() };
    drafts.push(Draft::of(&po.context, HubEvent::PoConfirmed(confirmed)));
    let odd: Vec<String> = ack.lines.iter().filter_map(|line| differs(po, line)).collect();
    if !odd.is_empty() {
        drafts.extend(ask.open(Question {
            kind: ExceptionKind::AcknowledgementVariance,
            about: About::Po(ack.po_number.clone()).to_string(),
            what: odd.join("; "),
            why: "the supplier promises something else than was ordered",
            owner: "procurement",
            severity: Severity::Medium,
            resolutions: &[Resolution::Approve, Resolution::Reject],
            details: json!({ "lines": ack.lines }),
        }));
    }
    drafts
}

fn differs(po: &PoState, line: &ConfirmedLine) -> Option<String> {
    let Some(ordered) = po.line(line.line_number).map(|l| &l.ordered) else {
        return Some(format!("line {} was not ordered", line.line_number));
    };
    if line.quantity > ordered.quantity {
        return Some(format!(
            "line {}: {} confirmed above the ordered {}",
            line.line_number, line.quantity, ordered.quantity
        ));
    }
    if line.status != LineStatus::Accepted || line.quantity != ordered.quantity {
        let status = format!("{:?}", line.status).to_lowercase();
        return Some(format!("line {}: {status}, {} of {}", line.line_number, line.quantity, ordered.quantity));
    }
    match line.unit_price {
        Some(price) if price.decimal() != ordered.unit_price.decimal() => {
            Some(format!("line {}: price {price}, ordered at {}", line.line_number, ordered.unit_price))
        }
        _ => None,
    }
}

/// 856. Without an order, or for a closed one, it is an exception before it has an effect.
pub(super) fn notified(ask: &Ask<'_>, notice: &ShipmentNotice) -> Vec<Draft> {
    let Some(po) = ask.state.purchase_order(&notice.po_number) else {
        return Vec::from_iter(unknown_po(ask, &notice.po_number, "announces a shipment for"));
    };
    if !po.is_open() || notice.purpose != ShipmentPurpose::Original {
        let what = if po.is_open() {
            format!("{} changes or cancels ship notice {}", po.po.supplier, notice.asn_number)
        } else {
            format!("{} announces a shipment for the closed purchase order {}", po.po.supplier, notice.po_number)
        };
        return Vec::from_iter(ask.open(Question {
            kind: ExceptionKind::UnknownReference,
            about: About::Po(notice.po_number.clone()).to_string(),
            what,
            why: "nothing was moved by it; somebody has to say what is meant",
            owner: "procurement",
            severity: Severity::Medium,
            resolutions: &[Resolution::Ignore],
            details: json!({ "asnNumber": notice.asn_number }),
        }));
    }
    let mut drafts = sent_once(ask, &notice.po_number);
    let transit = PoInTransit {
        po_number: notice.po_number.clone(),
        asn_number: notice.asn_number.clone(),
        lines: notice.lines.clone(),
    };
    drafts.push(Draft::of(&po.context, HubEvent::PoInTransit(transit)));
    drafts.extend(above_order(ask, po, notice));
    // The facility and the carrier are told by the notice itself; the event carries what the order takes from it.
    drafts.extend(routes::inbound_shipment(ask, po, notice, &notice.lines));
    if let (Some(carrier), Some(number)) = (&notice.carrier, &notice.tracking_number) {
        let about = About::Po(notice.po_number.clone());
        drafts.extend(routes::tracking(ask, &po.context, carrier, number, about, "inbound"));
    }
    drafts
}

/// What a notice announces above what is still ordered moves nothing; somebody has to say what it is.
fn above_order(ask: &Ask<'_>, po: &PoState, notice: &ShipmentNotice) -> Option<Draft> {
    let before = ask.state.procurement.shipment(po, &notice.asn_number);
    let mut announced = BTreeMap::<LineNumber, Quantity>::new();
    for line in &notice.lines {
        *announced.entry(line.line_number).or_default() += line.quantity;
    }
    let mut parts = Vec::new();
    for (number, quantity) in announced {
        let line = po.line(number);
        // Before the order counts as sent, all of it is still to come.
        let open = line
            .map_or(Quantity::ZERO, |l| if po.has_reached(PoStatus::Sent) { l.on_order } else { l.ordered.quantity });
        let came = before.and_then(|s| s.lines.get(&number)).map_or(Quantity::ZERO, |l| l.received);
        let excess = quantity.saturating_sub(came).saturating_sub(open);
        if !excess.is_zero() {
            parts.push(format!("line {number}: {excess} above what is ordered and not on its way yet"));
        }
    }
    if parts.is_empty() {
        return None;
    }
    ask.open(Question {
        kind: ExceptionKind::AcknowledgementVariance,
        about: About::Po(notice.po_number.clone()).to_string(),
        what: format!("ship notice {} of {}: {}", notice.asn_number, po.po.supplier, parts.join("; ")),
        why: "the supplier sends more than was ordered; the excess is counted nowhere before it is received",
        owner: "procurement",
        severity: Severity::Medium,
        resolutions: &[Resolution::Approve, Resolution::Reject],
        details: json!({ "asnNumber": notice.asn_number, "lines": notice.lines }),
    })
}

pub(super) fn in_transit(ask: &Ask<'_>, event: &PoInTransit) -> Vec<Draft> {
    status(ask, &event.po_number)
}

fn unknown_po(ask: &Ask<'_>, number: &PoNumber, does: &str) -> Option<Draft> {
    ask.open(Question {
        kind: ExceptionKind::UnknownReference,
        about: About::Po(number.clone()).to_string(),
        what: format!("{} {does} purchase order {number}, which does not exist", ask.entry.meta.system),
        why: "nothing was moved by it; the number is wrong, or the order was made elsewhere",
        owner: "procurement",
        severity: Severity::High,
        resolutions: &[Resolution::Ignore],
        details: json!({ "event": ask.entry.meta.id }),
    })
}

/// Goods came in: what of it was announced, what is missing, what is too much.
pub(super) fn received(ask: &Ask<'_>, movement: &MovementReceived) -> Vec<Draft> {
    let Some(po) = ask.state.purchase_order(&movement.po_number) else {
        let mut drafts = Vec::from_iter(unknown_po(ask, &movement.po_number, "received goods for"));
        drafts.extend(served(ask, movement.lines.iter().map(|line| &line.product)));
        return drafts;
    };
    let shipment = ask.state.procurement.shipment(po, &movement.asn_number);
    let (last, mut taken) = (last_of_each(&movement.lines), BTreeMap::<LineNumber, Quantity>::new());
    let compare = |(index, line): (usize, &ReceivedLine)| {
        let came = line.accepted + line.rejected;
        let expected = shipment.and_then(|s| s.lines.get(&line.line_number));
        let before = taken.entry(line.line_number).or_default();
        let rest = expected.map_or(Quantity::ZERO, |l| l.announced.saturating_sub(l.received + *before));
        *before += came;
        let ends = movement.complete && expected.is_some() && last.get(&line.line_number) == Some(&index);
        ReceiptLine {
            line_number: line.line_number,
            product: line.product.clone(),
            accepted: line.accepted,
            rejected: line.rejected,
            short: if ends { rest.saturating_sub(came) } else { Quantity::ZERO },
            over: if expected.is_some() { came.saturating_sub(rest) } else { Quantity::ZERO },
        }
    };
    let recorded = PoReceiptRecorded {
        po_number: movement.po_number.clone(),
        asn_number: movement.asn_number.clone(),
        lines: movement.lines.iter().enumerate().map(compare).collect(),
        complete: movement.complete,
    };
    let mut drafts = vec![Draft::of(&po.context, HubEvent::PoReceiptRecorded(recorded))];
    for (index, line) in movement.lines.iter().enumerate() {
        let body = json!({
            "movementId": movement.movement_id, "kind": "receipt", "product": line.product,
            "facility": movement.facility, "quantity": line.accepted + line.rejected, "unit": line.unit,
            "sourceTime": ask.entry.meta.source_time.to_string(), "poNumber": movement.po_number,
        });
        let distinct = format!("{}/{}/{}", movement.facility, movement.movement_id, index + 1);
        drafts.extend(routes::posting(ask, &po.context, About::Po(movement.po_number.clone()), &body, distinct));
    }
    drafts
}

/// Where each line number stands last: what is short is known only then.
fn last_of_each(lines: &[ReceivedLine]) -> BTreeMap<LineNumber, usize> {
    lines.iter().enumerate().map(|(index, line)| (line.line_number, index)).collect()
}

/// The order took the receipt: discrepancies are asked, invoices that waited are matched, backorders are served.
pub(super) fn receipt_recorded(ask: &Ask<'_>, event: &PoReceiptRecorded) -> Vec<Draft> {
    let mut drafts = status(ask, &event.po_number);
    drafts.extend(discrepancy(ask, event));
    drafts.extend(matching::rematch(ask, &event.po_number));
    drafts.extend(served(ask, event.lines.iter().map(|line| &line.product)));
    drafts
}

/// Backorders are served once per product: two lines of one product are one stock.
fn served<'a>(ask: &Ask<'_>, products: impl Iterator<Item = &'a ProductId>) -> Vec<Draft> {
    let products: BTreeSet<_> = products.collect();
    products.into_iter().flat_map(|product| allocation::fill_backorders(ask, product)).collect()
}

/// What is decided is what was seen: a second discrepancy takes the place of the first and names both.
fn discrepancy(ask: &Ask<'_>, event: &PoReceiptRecorded) -> Vec<Draft> {
    let mut parts = Vec::new();
    for line in &event.lines {
        for (quantity, word) in [(line.short, "short"), (line.over, "over"), (line.rejected, "rejected")] {
            if !quantity.is_zero() {
                parts.push(format!("line {}: {quantity} of {} {word}", line.line_number, line.product));
            }
        }
    }
    if parts.is_empty() {
        return Vec::new();
    }
    let about = About::Po(event.po_number.clone()).to_string();
    let mut what = format!("purchase order {}, shipment {}: {}", event.po_number, event.asn_number, parts.join("; "));
    let po = ask.state.purchase_order(&event.po_number);
    let short = po.is_some_and(|po| po.lines.iter().any(|line| !line.short.is_zero()));
    let mut drafts = Vec::new();
    if let Some(open) = ask.state.exceptions.open_about(&about, ExceptionKind::ReceiptDiscrepancy) {
        what = format!("{}; {what}", open.opened.what);
        drafts.push(positions::closed_by_rule(open.id, "another receipt changed the figures"));
    }
    let question = Question {
        kind: ExceptionKind::ReceiptDiscrepancy,
        about,
        what,
        why: "what came in is not what the supplier announced",
        owner: "receiving",
        severity: Severity::Medium,
        resolutions: if short {
            &[Resolution::SendAgain, Resolution::GiveUp]
        } else {
            &[Resolution::Approve, Resolution::Ignore]
        },
        details: json!({ "asnNumber": event.asn_number, "lines": event.lines }),
    };
    drafts.push(Draft::from(HubEvent::ExceptionOpened(super::opened(ask.policy, ask.now, question))));
    drafts
}
