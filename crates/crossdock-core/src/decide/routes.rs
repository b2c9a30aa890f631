//! What is owed to whom: each route makes one delivery by the contract of its target.
//! Here: operation, key, order, idempotency key and body. Not here: when it is owed (the areas), how it is sent.
//! Invariant: an idempotency key is made of business keys, never of time or place, so that it is the same for ever.

use std::collections::BTreeMap;

use crossdock_model::{
    AllocatedLine, DeliveryPlanned, EdiControl, FacilityId, HubEvent, Invoice, InvoiceMatched, Ordering, PoCreated,
    PositionChanged, Recommendation, ShipmentLine, ShipmentNotice, SystemId, TrackingNumber,
};
use serde_json::{Value, json};

use super::Ask;
use crate::about::About;
use crate::{Context, Draft, OrderState, PoState, State};

/// A delivery in the making.
struct Route<'a> {
    target: &'a SystemId,
    operation: &'a str,
    about: About,
    /// What makes this call this one, beside operation and object.
    distinct: String,
    body: Value,
}

impl Route<'_> {
    fn plan(self) -> DeliveryPlanned {
        let key = self.about.to_string();
        let distinct = if self.distinct.is_empty() { String::new() } else { format!(":{}", self.distinct) };
        DeliveryPlanned {
            target: self.target.clone(),
            operation: self.operation.to_owned(),
            idempotency_key: format!("{}:{key}{distinct}", self.operation),
            about: key.clone(),
            key,
            ordering: Ordering::InOrder,
            path: BTreeMap::new(),
            body: self.body,
            edi: None,
        }
    }
}

/// Only systems that the policy knows as targets are owed anything.
fn owed(ask: &Ask<'_>, context: &Context, plan: DeliveryPlanned) -> Option<Draft> {
    ask.policy.target(&plan.target)?;
    Some(Draft::of(context, HubEvent::DeliveryPlanned(plan)))
}

fn marked(mut body: Value, context: &Context) -> Value {
    if let (true, Some(map)) = (context.synthetic, body.as_object_mut()) {
        map.insert("synthetic".to_owned(), true.into());
        if let Some(run) = &context.run_id {
            map.insert("runId".to_owned(), run.as_str().into());
        }
    }
    body
}

fn with_path(mut plan: DeliveryPlanned, name: &str, value: &impl ToString) -> DeliveryPlanned {
    plan.path.insert(name.to_owned(), value.to_string());
    plan
}

// Orders

pub(super) fn erp_order(ask: &Ask<'_>, order: &OrderState) -> Option<Draft> {
    let body = serde_json::to_value(&order.order).unwrap_or_default();
    let route = Route {
        target: ask.policy.erp.as_ref()?,
        operation: "createOrder",
        about: About::Order(order.key.clone()),
        distinct: String::new(),
        body: marked(body, &order.context),
    };
    owed(ask, &order.context, route.plan())
}

pub(super) fn erp_cancel(ask: &Ask<'_>, order: &OrderState) -> Option<Draft> {
    let number = order.erp_order_number.as_ref()?;
    let route = Route {
        target: ask.policy.erp.as_ref()?,
        operation: "cancelOrder",
        about: About::Order(order.key.clone()),
        distinct: String::new(),
        body: json!({ "reason": "cancelled by the channel" }),
    };
    owed(ask, &order.context, with_path(route.plan(), "erpOrderNumber", number))
}

fn lines_at(lines: &[&AllocatedLine]) -> Vec<Value> {
    lines
        .iter()
        .map(|l| json!({ "lineNumber": l.line_number, "product": l.product, "quantity": l.quantity, "unit": l.unit }))
        .collect()
}

pub(super) fn allocation(
    ask: &Ask<'_>,
    order: &OrderState,
    at: &FacilityId,
    lines: &[&AllocatedLine],
) -> Option<Draft> {
    let body = json!({ "orderId": order.key.id, "facility": at, "lines": lines_at(lines) });
    let route = Route {
        target: ask.policy.wms_of(at)?,
        operation: "createAllocation",
        about: About::Order(order.key.clone()),
        // A backorder that is served later is another allocation of the same order: the ledger place tells them apart.
        // One WMS may run two facilities: each is told for itself.
        distinct: format!("{at}/{}", ask.entry.seq),
        body: marked(body, &order.context),
    };
    owed(ask, &order.context, route.plan())
}

pub(super) fn release(ask: &Ask<'_>, order: &OrderState, at: &FacilityId, lines: &[Value]) -> Option<Draft> {
    let body = json!({
        "orderId": order.key.id, "facility": at, "shipTo": order.order.ship_to, "lines": lines,
    });
    let route = Route {
        target: ask.policy.wms_of(at)?,
        operation: "createRelease",
        about: About::Order(order.key.clone()),
        distinct: format!("{at}/{}", ask.entry.seq),
        body: marked(body, &order.context),
    };
    owed(ask, &order.context, route.plan())
}

pub(super) fn cancel_at(ask: &Ask<'_>, order: &OrderState, at: &FacilityId, operation: &str) -> Option<Draft> {
    let route = Route {
        target: ask.policy.wms_of(at)?,
        operation,
        about: About::Order(order.key.clone()),
        // Asked again after a refusal, it is another question: the first answer must not answer it.
        distinct: format!("{at}/{}", ask.entry.seq),
        body: json!({ "reason": "cancelled by the channel" }),
    };
    owed(ask, &order.context, with_path(route.plan(), "orderId", &order.key.id))
}

/// Tells the channel how its order stands.
pub(super) fn order_status(ask: &Ask<'_>, order: &OrderState, status: &str) -> Option<Draft> {
    let mut body = json!({ "status": status });
    if let (Some(map), Some(number)) = (body.as_object_mut(), &order.erp_order_number) {
        map.insert("erpOrderNumber".to_owned(), number.as_str().into());
    }
    if !order.shipments.is_empty() {
        body["trackingNumbers"] = order.shipments.iter().map(|(_, _, tracking)| tracking.to_string()).collect();
    }
    let route = Route {
        target: &order.key.source,
        operation: "updateOrderStatus",
        about: About::Order(order.key.clone()),
        distinct: ask.entry.seq.to_string(),
        body,
    };
    owed(ask, &order.context, with_path(route.plan(), "orderId", &order.key.id))
}

/// A movement becomes a posting; a synthetic one never does (docs/concepts/domain.md, "Synthetic transactions").
pub(super) fn posting(ask: &Ask<'_>, context: &Context, about: About, body: &Value, distinct: String) -> Option<Draft> {
    if context.synthetic {
        return None;
    }
    let erp = ask.policy.erp.as_ref()?;
    let route = Route { target: erp, operation: "createPosting", about, distinct, body: body.clone() };
    owed(ask, context, route.plan())
}

pub(super) fn tracking(
    ask: &Ask<'_>,
    context: &Context,
    carrier: &SystemId,
    number: &TrackingNumber,
    about: About,
    direction: &str,
) -> Option<Draft> {
    let body = json!({ "trackingNumber": number, "reference": about.to_string(), "direction": direction });
    let route = Route { target: carrier, operation: "createTracking", about, distinct: number.to_string(), body };
    owed(ask, context, route.plan())
}

// Positions

/// What a storefront may promise: never below zero, and only the newest matters (I13).
pub(super) fn availability(ask: &Ask<'_>, position: &PositionChanged) -> Vec<Draft> {
    let body = json!({
        "facility": position.facility, "available": position.available.floored(),
        "version": position.version, "asOf": as_of(ask, position),
    });
    let newest = |target: &SystemId| {
        let key = format!("availability/{}/{}", position.facility, position.product);
        let plan = DeliveryPlanned {
            target: target.clone(),
            operation: "updateAvailability".to_owned(),
            idempotency_key: format!("updateAvailability:{key}:{}", position.version),
            about: format!("position/{}/{}", position.facility, position.product),
            key,
            ordering: Ordering::NewestWins,
            path: BTreeMap::from([("product".to_owned(), position.product.to_string())]),
            body: body.clone(),
            edi: None,
        };
        owed(ask, &ask.entry.context(), plan)
    };
    ask.policy.storefronts.iter().filter_map(newest).collect()
}

/// What planning computes from: all buckets, with the version that a recommendation has to name.
pub(super) fn planning_position(ask: &Ask<'_>, position: &PositionChanged) -> Option<Draft> {
    let key = format!("position/{}/{}", position.facility, position.product);
    let plan = DeliveryPlanned {
        target: ask.policy.procurement.clone()?,
        operation: "updatePosition".to_owned(),
        idempotency_key: format!("updatePosition:{key}:{}", position.version),
        about: key.clone(),
        key,
        ordering: Ordering::NewestWins,
        path: BTreeMap::from([
            ("facility".to_owned(), position.facility.to_string()),
            ("product".to_owned(), position.product.to_string()),
        ]),
        body: json!({
            "position": {
                "onHand": position.on_hand, "allocated": position.allocated, "available": position.available,
                "onOrder": position.on_order, "inTransit": position.in_transit, "backordered": position.backordered,
            },
            "positionVersion": position.version, "asOf": as_of(ask, position),
        }),
        edi: None,
    };
    owed(ask, &ask.entry.context(), plan)
}

fn as_of(ask: &Ask<'_>, position: &PositionChanged) -> String {
    let kept = ask.state.position(&position.product, &position.facility);
    kept.map_or(ask.now, |p| p.as_of).to_string()
}

// Procurement

pub(super) fn erp_purchase_order(ask: &Ask<'_>, r: &Recommendation, context: &Context) -> Option<Draft> {
    let body = json!({
        "recommendationId": r.recommendation_id, "supplier": r.supplier, "facility": r.facility,
        "currency": r.currency,
        "lines": [{ "lineNumber": 1, "product": r.product, "quantity": r.quantity, "unit": r.unit, "unitPrice": r.unit_price }],
    });
    let mut body = marked(body, context);
    if let (Some(map), Some(date)) = (body.as_object_mut(), &r.needed_by) {
        map.insert("requestedDate".to_owned(), date.as_str().into());
    }
    let route = Route {
        target: ask.policy.erp.as_ref()?,
        operation: "createPurchaseOrder",
        about: About::Recommendation(r.recommendation_id.clone()),
        distinct: String::new(),
        body,
    };
    owed(ask, context, route.plan())
}

/// Tells planning what became of its recommendation.
pub(super) fn recommendation_status(
    ask: &Ask<'_>,
    r: &Recommendation,
    context: &Context,
    body: Value,
) -> Option<Draft> {
    let about = About::Recommendation(r.recommendation_id.clone());
    let planning = ask.policy.procurement.as_ref()?;
    let distinct = ask.entry.seq.to_string();
    let route = Route { target: planning, operation: "updateRecommendation", about, distinct, body };
    owed(ask, context, with_path(route.plan(), "recommendationId", &r.recommendation_id))
}

/// The 850. Its control numbers are fixed here, so that every attempt carries the same.
pub(super) fn purchase_order_850(ask: &Ask<'_>, po: &PoCreated, context: &Context) -> Option<Draft> {
    let body = serde_json::to_value(po).unwrap_or_default();
    let route = Route {
        target: &po.supplier,
        operation: "sendInterchange",
        about: About::Po(po.po_number.clone()),
        distinct: "850".to_owned(),
        body: marked(body, context),
    };
    let control = ask.state.deliveries.next_control(&po.supplier);
    let plan = DeliveryPlanned {
        edi: Some(EdiControl { set: "850".to_owned(), interchange: control, group: control }),
        ..route.plan()
    };
    owed(ask, context, plan)
}

/// The 997 for an interchange that a supplier sent.
pub(crate) fn functional_ack(state: &State, supplier: &SystemId, ack: Value, transport_id: &str) -> HubEvent {
    let control = state.deliveries.next_control(supplier);
    HubEvent::DeliveryPlanned(DeliveryPlanned {
        target: supplier.clone(),
        operation: "sendInterchange".to_owned(),
        key: format!("997/{transport_id}"),
        ordering: Ordering::Independent,
        idempotency_key: format!("sendInterchange:997:{transport_id}"),
        path: BTreeMap::new(),
        body: ack,
        edi: Some(EdiControl { set: "997".to_owned(), interchange: control, group: control }),
        about: format!("interchange/{supplier}/{transport_id}"),
    })
}

pub(super) fn erp_po_status(ask: &Ask<'_>, po: &PoState) -> Option<Draft> {
    let route = Route {
        target: ask.policy.erp.as_ref()?,
        operation: "updatePurchaseOrderStatus",
        about: About::Po(po.po.po_number.clone()),
        distinct: ask.entry.seq.to_string(),
        body: json!({ "status": po.status.as_str() }),
    };
    owed(ask, &po.context, with_path(route.plan(), "poNumber", &po.po.po_number))
}

/// Announces a shipment to the facility that will receive it.
pub(super) fn inbound_shipment(
    ask: &Ask<'_>,
    po: &PoState,
    notice: &ShipmentNotice,
    lines: &[ShipmentLine],
) -> Option<Draft> {
    let mut body = json!({
        "asnNumber": notice.asn_number, "poNumber": po.po.po_number, "supplier": po.po.supplier,
        "facility": po.po.facility, "lines": lines,
    });
    if let (Some(map), Some(at)) = (body.as_object_mut(), notice.expected_at) {
        map.insert("expectedAt".to_owned(), at.to_string().into());
    }
    let route = Route {
        target: ask.policy.wms_of(&po.po.facility)?,
        operation: "createInboundShipment",
        about: About::Po(po.po.po_number.clone()),
        distinct: notice.asn_number.to_string(),
        body: marked(body, &po.context),
    };
    owed(ask, &po.context, route.plan())
}

pub(super) fn ap_invoice(ask: &Ask<'_>, invoice: &Invoice, context: &Context) -> Option<Draft> {
    let route = Route {
        target: ask.policy.ap.as_ref()?,
        operation: "createInvoice",
        about: About::Invoice(invoice.supplier.clone(), invoice.invoice_number.clone()),
        distinct: String::new(),
        body: marked(serde_json::to_value(invoice).unwrap_or_default(), context),
    };
    owed(ask, context, route.plan())
}

pub(super) fn ap_match(ask: &Ask<'_>, matched: &InvoiceMatched, context: &Context) -> Option<Draft> {
    let route = Route {
        target: ask.policy.ap.as_ref()?,
        operation: "updateMatch",
        about: About::Invoice(matched.supplier.clone(), matched.invoice_number.clone()),
        distinct: ask.entry.seq.to_string(),
        body: json!({ "result": matched.result, "lines": matched.lines }),
    };
    owed(ask, context, with_path(route.plan(), "invoiceNumber", &matched.invoice_number))
}
