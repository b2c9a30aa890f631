//! A purchase order on its way to the supplier: created in the ERP, sent as an 850, read by the supplier's system (997).
//! Not here: what the supplier answers (`acknowledgements`), what it ships (`notices`).
//! Invariant: an order counts as sent once, whichever sign of it comes first.

use crossdock_model::{
    DeliveryPlanned, ExceptionKind, FunctionalAck, HubEvent, PoCreated, PoLine, PoNumber, PoSent, Resolution, Severity,
};
use serde_json::{Value, json};

use super::recommendations::told;
use crate::Draft;
use crate::about::About;
use crate::decide::{Ask, Question, milestones, routes};
use crate::procurement::PoStatus;

/// The ERP answered `createPurchaseOrder`: now it is a commitment, with a number that is kept for ever.
pub(in crate::decide) fn created_by_erp(ask: &Ask<'_>, plan: &DeliveryPlanned, response: &Value) -> Vec<Draft> {
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

pub(in crate::decide) fn created(ask: &Ask<'_>, event: &PoCreated) -> Vec<Draft> {
    let Some(po) = ask.state.purchase_order(&event.po_number) else { return Vec::new() };
    let mut drafts = Vec::from_iter(routes::purchase_order_850(ask, event, &po.context));
    if let Some(state) = ask.state.procurement.recommendations.get(&event.recommendation_id) {
        drafts.extend(told(ask, state, json!({ "status": "ordered", "poNumber": event.po_number })));
    }
    drafts
}

/// The supplier's system took an interchange of ours: for an 850 the order is sent.
pub(in crate::decide) fn sent(ask: &Ask<'_>, plan: &DeliveryPlanned) -> Vec<Draft> {
    let is_850 = plan.edi.as_ref().is_some_and(|edi| edi.set == "850");
    match About::parse(&plan.about) {
        Some(About::Po(number)) if is_850 => sent_once(ask, &number),
        _ => Vec::new(),
    }
}

/// `purchase_order.sent`, unless it was said: a supplier's answer may be faster than the answer to our call.
pub(super) fn sent_once(ask: &Ask<'_>, number: &PoNumber) -> Vec<Draft> {
    let Some(po) = ask.state.purchase_order(number).filter(|po| !po.has_reached(PoStatus::Sent)) else {
        return Vec::new();
    };
    let group = po.group.unwrap_or(0);
    let created = po.milestones.first().map_or(ask.now, |(_, at)| *at);
    let sent = PoSent {
        po_number: number.clone(),
        supplier: po.po.supplier.clone(),
        interchange_control_number: group,
        group_control_number: group,
        milestones: milestones::plan(ask.policy, created),
    };
    vec![Draft::of(&po.context, HubEvent::PoSent(sent))]
}

/// Tells the ERP how an order stands.
pub(in crate::decide) fn status(ask: &Ask<'_>, number: &PoNumber) -> Vec<Draft> {
    ask.state.purchase_order(number).and_then(|po| routes::erp_po_status(ask, po)).into_iter().collect()
}

/// 997. Errors that the supplier's system found in our X12 are somebody's to look at.
pub(in crate::decide) fn functional_ack(ask: &Ask<'_>, ack: &FunctionalAck) -> Vec<Draft> {
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
