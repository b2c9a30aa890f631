//! The state as the process and experience APIs show it.
//! Here: one function an object, by contracts/objects/. Not here: HTTP, what is in the state.

use crossdock_core::delivery::Delivery;
use crossdock_core::{
    Context, ExceptionState, InvoiceState, LineState, OrderState, Payments, PoState, Position, PositionKey,
    RecommendationState,
};
use crossdock_model::Quantity;
use serde_json::{Map, Value, json};

/// `process-order.json`.
pub(crate) fn order(order: &OrderState) -> Value {
    let lines: Vec<Value> = order
        .lines
        .iter()
        .map(|line| {
            let mut shown = json!({
                "lineNumber": line.number, "product": line.product, "unit": line.unit, "ordered": line.ordered,
                "allocated": line.allocated_total(), "shipped": line.shipped, "backordered": line.backordered,
                "cancelled": line.cancelled,
                "allocations": line.allocated.iter()
                    .map(|(facility, quantity)| json!({"facility": facility, "quantity": quantity})).collect::<Vec<_>>(),
            });
            if !line.consignments.is_empty() {
                shown["consignments"] = consignments(line);
            }
            shown
        })
        .collect();
    let facilities: std::collections::BTreeSet<String> = order
        .lines
        .iter()
        .flat_map(|line| line.allocated.facilities())
        .chain(order.shipments.iter().map(|(facility, _, _)| facility))
        .map(ToString::to_string)
        .collect();
    let trackings: Vec<&_> = order.shipments.iter().map(|(_, _, tracking)| tracking).collect();
    let mut view = object(json!({
        "orderId": order.key.id, "source": order.key.source, "status": order.status().as_str(),
        "facilities": facilities, "currency": order.order.currency, "total": order.order.total, "lines": lines,
        "trackingNumbers": trackings, "orderedAt": order.order.ordered_at,
    }));
    if let Some(payments) = order.payments.as_deref() {
        view.insert("payment".to_owned(), payment(payments));
    }
    put(&mut view, "erpOrderNumber", order.erp_order_number.as_ref());
    put(&mut view, "customerReference", order.order.customer_reference.as_ref());
    with_context(view, &order.context)
}

/// What of a line that was split is in which consignment.
fn consignments(line: &LineState) -> Value {
    let others = line.consignments.iter().map(|(number, consigned)| {
        json!({ "consignment": number, "planned": consigned.planned, "released": consigned.released.total() })
    });
    others.collect()
}

/// How an order stands with its money; without a standing, where nobody waits for it.
fn payment(payments: &Payments) -> Value {
    let received: Vec<Value> = payments
        .received
        .iter()
        .map(|one| {
            json!({
                "paymentId": one.id, "status": one.status, "amount": one.amount, "currency": one.currency,
                "occurredAt": one.occurred_at,
            })
        })
        .collect();
    let mut view = object(json!({ "received": received }));
    if let Some(stands) = &payments.standing {
        view.insert("standing".to_owned(), json!(stands.standing));
        view.insert("paid".to_owned(), json!(stands.paid));
        view.insert("total".to_owned(), json!(stands.total));
        put(&mut view, "due", stands.due.as_ref());
    }
    Value::Object(view)
}

/// `process-purchase-order.json`.
pub(crate) fn purchase_order<'a>(po: &PoState, invoices: impl Iterator<Item = &'a InvoiceState>) -> Value {
    let invoices: Vec<&InvoiceState> = invoices.collect();
    let lines: Vec<Value> = po
        .lines
        .iter()
        .map(|line| {
            let billed = invoices.iter().flat_map(|invoice| &invoice.invoice.lines);
            let total: Quantity =
                billed.filter(|billed| billed.line_number == line.number).map(|billed| billed.quantity).sum();
            json!({
                "lineNumber": line.number, "product": line.product, "unit": line.unit, "ordered": line.ordered.quantity,
                "onOrder": line.on_order, "inTransit": line.in_transit, "accepted": line.accepted,
                "rejected": line.rejected, "cancelled": line.cancelled, "short": line.short,
                "overReceived": line.over_received, "invoiced": total, "matched": line.matched, "held": line.held,
                "returned": line.returned, "toReplace": line.to_replace, "tolerated": line.tolerated,
            })
        })
        .collect();
    let numbers: Vec<&_> = invoices.iter().map(|invoice| &invoice.invoice.invoice_number).collect();
    let milestones: Vec<Value> =
        po.milestones.iter().map(|(status, at)| json!({"status": status.as_str(), "at": at})).collect();
    let mut view = object(json!({
        "poNumber": po.po.po_number, "recommendationId": po.po.recommendation_id, "supplier": po.po.supplier,
        "facility": po.po.facility, "status": po.status.as_str(), "currency": po.po.currency, "total": po.po.total,
        "lines": lines, "invoiceNumbers": numbers, "milestones": milestones,
    }));
    if let Some((_, at)) = po.milestones.last() {
        view.insert("updatedAt".to_owned(), json!(at));
    }
    with_context(view, &po.context)
}

/// `recommendation-state.json`.
pub(crate) fn recommendation(one: &RecommendationState) -> Value {
    let mut view = object(json!(one.recommendation));
    let status = match (one.approved, &one.po_number) {
        (_, Some(_)) => "ordered",
        (Some(true), None) => "approved",
        (Some(false), None) => "refused",
        (None, None) => "open",
    };
    view.insert("status".to_owned(), status.into());
    put(&mut view, "poNumber", one.po_number.as_ref());
    with_context(view, &one.context)
}

/// `position.json`.
pub(crate) fn position(key: &PositionKey, position: &Position) -> Value {
    let mut view = object(json!(position.published(key)));
    view.insert("asOf".to_owned(), json!(position.as_of));
    view.into()
}

/// `exception.json`.
pub(crate) fn exception(one: &ExceptionState) -> Value {
    let opened = &one.opened;
    let mut view = object(json!({
        "exceptionId": format!("exc-{}", one.id), "kind": opened.kind, "what": opened.what, "why": opened.why,
        "state": if one.resolved.is_some() { "resolved" } else { "open" },
        "owner": opened.owner, "severity": opened.severity, "due": opened.due, "resolutions": opened.resolutions,
        "subject": opened.about.rsplit('/').next().unwrap_or(&opened.about), "about": opened.about,
        "openedAt": one.opened_at,
    }));
    view.insert("level".to_owned(), one.level.into());
    let acts = one.history.iter().map(|act| json!({"at": act.at, "by": act.by, "what": act.what}));
    view.insert("history".to_owned(), acts.collect());
    if opened.details.is_object() {
        view.insert("details".to_owned(), opened.details.clone());
    }
    if let Some((resolved, at)) = &one.resolved {
        view.insert("resolution".to_owned(), json!(resolved.resolution));
        view.insert("reason".to_owned(), resolved.reason.clone().into());
        view.insert("by".to_owned(), resolved.by.clone().into());
        view.insert("resolvedAt".to_owned(), json!(at));
    }
    with_context(view, &one.context)
}

/// `dead-letter.json`. `None` for a delivery that is not one.
pub(crate) fn dead_letter(delivery: &Delivery) -> Option<Value> {
    let dead = delivery.dead.as_ref()?;
    let mut view = letter(delivery, &dead.opened.why);
    view.insert("openedAt".to_owned(), json!(dead.at));
    view.insert("owner".to_owned(), dead.opened.owner.clone().into());
    view.insert("due".to_owned(), json!(dead.opened.due));
    view.insert("severity".to_owned(), json!(dead.opened.severity));
    view.insert("level".to_owned(), dead.level.into());
    let acts = delivery.history.iter().map(|act| json!({"at": act.at, "by": act.by, "what": act.what}));
    view.insert("history".to_owned(), acts.collect());
    if let Some(status) = dead.opened.status {
        view.insert("status".to_owned(), status.into());
    }
    Some(with_context(view, &delivery.context))
}

fn letter(delivery: &Delivery, why: &str) -> Map<String, Value> {
    let plan = &delivery.plan;
    object(json!({
        "id": delivery_id(delivery), "state": "open", "target": plan.target, "operation": plan.operation,
        "what": format!("{} of {} was not taken by {}", plan.operation, plan.about, plan.target),
        "why": why, "attempts": delivery.attempts,
        "subject": plan.about.rsplit('/').next().unwrap_or(&plan.about), "about": plan.about,
        "original": {"path": plan.path, "body": plan.body},
    }))
}

/// A delivery's id on the wire.
fn delivery_id(delivery: &Delivery) -> String {
    format!("d-{}", delivery.id)
}

fn with_context(mut view: Map<String, Value>, context: &Context) -> Value {
    view.insert("correlationId".to_owned(), json!(context.correlation_id));
    if context.synthetic {
        view.insert("synthetic".to_owned(), true.into());
    }
    put(&mut view, "runId", context.run_id.as_ref());
    view.into()
}

fn put(view: &mut Map<String, Value>, key: &str, value: Option<&impl serde::Serialize>) {
    if let Some(value) = value {
        view.insert(key.to_owned(), json!(value));
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
