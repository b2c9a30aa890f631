//! What is owed to whom: each route makes one delivery by the contract of its target.
//! Here: operation, key, order, idempotency key and body. Not here: when it is owed (the areas), how it is sent.
//! Invariant: an idempotency key is made of business keys, never of time or place, so that it is the same for ever.

use std::sync::Arc;

use crossdock_model::{
    Address, AllocatedLine, Balance, Body, CancelledPart, DeliveryPlanned, EdiControl, ErpOrderNumber, FacilityId,
    HubEvent, Invoice, InvoiceMatched, LineNumber, Movement, OrderId, Ordering, Path, PoCreated, PositionChanged,
    ProductId, Quantity, Recommendation, Render, ShipmentLine, ShipmentNotice, SystemId, Text, Timestamp,
    TrackingNumber, Unit, joined, numbered,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Ask, synthetic};
use crate::about::About;
use crate::consignments::{ConsignmentNumber, FIRST};
use crate::{Context, Draft, LineState, OrderState, PoState, State};

/// A delivery in the making.
struct Route<'a> {
    target: &'a SystemId,
    operation: &'static str,
    about: About,
    /// What makes this call this one, beside operation and object.
    distinct: Text,
    body: Body,
}

impl Route<'_> {
    fn plan(self) -> DeliveryPlanned {
        let key = self.about.text();
        let between = if self.distinct.is_empty() { "" } else { ":" };
        let idempotency_key = joined(&[self.operation, ":", &key, between, &self.distinct]);
        DeliveryPlanned {
            target: self.target.clone(),
            operation: Text::new_static(self.operation),
            idempotency_key,
            about: key.clone(),
            key,
            ordering: Ordering::InOrder,
            path: Path::default(),
            body: self.body,
            edi: None,
            items: None,
            maybe_done: false,
            replaces: None,
            replays: None,
            isolation: None,
        }
    }
}

/// Only systems that the policy knows as targets are owed anything.
fn owed(ask: &Ask<'_>, context: &Context, plan: DeliveryPlanned) -> Option<Draft> {
    let plan = synthetic::isolated(ask.state, ask.policy, context, plan)?;
    Some(Draft::of(context, HubEvent::DeliveryPlanned(Arc::new(plan))))
}

/// A system, if a call to it would go anywhere: asked first where the body costs something.
fn called<'a>(ask: &Ask<'_>, context: &Context, system: Option<&'a SystemId>) -> Option<&'a SystemId> {
    system.filter(|system| synthetic::is_called(ask, context, system))
}

/// The parts of a body; what belongs to a synthetic transaction says so in its document.
fn marked(parts: impl Render + 'static, context: &Context) -> Body {
    if !context.synthetic {
        return Body::of(parts);
    }
    let mut body = parts.render();
    if let Some(map) = body.as_object_mut() {
        map.insert("synthetic".to_owned(), true.into());
        if let Some(run) = &context.run_id {
            map.insert("runId".to_owned(), run.as_str().into());
        }
    }
    body.into()
}

fn with_path(mut plan: DeliveryPlanned, name: &'static str, value: &impl AsRef<str>) -> DeliveryPlanned {
    plan.path.insert(Text::new_static(name), Text::from(value.as_ref()));
    plan
}

// Orders

/// An object as its source sent it, shared with the state.
struct Whole<T>(Arc<T>);

impl<T: Serialize> Serialize for Whole<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

pub(super) fn erp_order(ask: &Ask<'_>, order: &OrderState) -> Option<Draft> {
    let route = Route {
        target: called(ask, &order.context, ask.policy.erp.as_ref())?,
        operation: "createOrder",
        about: About::Order(order.key.clone()),
        distinct: Text::default(),
        body: marked(Whole(Arc::clone(&order.order)), &order.context),
    };
    owed(ask, &order.context, route.plan())
}

pub(super) fn erp_cancel(ask: &Ask<'_>, order: &OrderState) -> Option<Draft> {
    let number = order.erp_order_number.as_ref()?;
    let route = Route {
        target: ask.policy.erp.as_ref()?,
        operation: "cancelOrder",
        about: About::Order(order.key.clone()),
        distinct: Text::default(),
        body: json!({ "reason": "cancelled by the channel" }).into(),
    };
    owed(ask, &order.context, with_path(route.plan(), "erpOrderNumber", number))
}

/// A line, as facilities are told of it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireLine {
    pub(crate) line_number: LineNumber,
    product: ProductId,
    pub(crate) quantity: Quantity,
    unit: Unit,
}

impl From<&AllocatedLine> for WireLine {
    fn from(line: &AllocatedLine) -> Self {
        let (product, unit) = (line.product.clone(), line.unit.clone());
        Self { line_number: line.line_number, product, quantity: line.quantity, unit }
    }
}

impl From<&CancelledPart> for WireLine {
    fn from(part: &CancelledPart) -> Self {
        let (product, unit) = (part.product.clone(), part.unit.clone());
        Self { line_number: part.line_number, product, quantity: part.quantity, unit }
    }
}

/// What a facility holds of an order and was not told to pick.
pub(super) fn unreleased_at(order: &OrderState, at: &FacilityId) -> Vec<WireLine> {
    let line = |line: &LineState| {
        let quantity = line.unreleased(at);
        let (product, unit) = (line.product.clone(), line.unit.clone());
        (!quantity.is_zero()).then_some(WireLine { line_number: line.number, product, quantity, unit })
    };
    order.lines.iter().filter_map(line).collect()
}

/// The same of one of its consignments.
pub(super) fn unreleased_in(order: &OrderState, at: &FacilityId, number: ConsignmentNumber) -> Vec<WireLine> {
    let line = |line: &LineState| {
        let quantity = line.reserved_in(number).get(at).copied()?;
        let (product, unit) = (line.product.clone(), line.unit.clone());
        Some(WireLine { line_number: line.number, product, quantity, unit })
    };
    order.lines.iter().filter_map(line).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Allocation {
    order_id: OrderId,
    facility: FacilityId,
    lines: Vec<WireLine>,
}

pub(super) fn allocation(
    ask: &Ask<'_>,
    order: &OrderState,
    at: &FacilityId,
    lines: &[&AllocatedLine],
) -> Option<Draft> {
    let target = called(ask, &order.context, ask.policy.wms_of(at))?;
    let lines = lines.iter().copied().map(WireLine::from).collect();
    let body = Allocation { order_id: order.key.id.clone(), facility: at.clone(), lines };
    let route = Route {
        target,
        operation: "createAllocation",
        about: About::Order(order.key.clone()),
        // A backorder that is served later is another allocation of the same order: the ledger place tells them apart.
        // One WMS may run two facilities: each is told for itself.
        distinct: numbered(&[at.as_str(), "/"], ask.entry.seq),
        body: marked(body, &order.context),
    };
    owed(ask, &order.context, route.plan())
}

/// What a facility is told to pick. The fold reads it back: from the moment it is planned, the facility was asked.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Release {
    order_id: OrderId,
    pub(crate) facility: FacilityId,
    ship_to: Address,
    pub(crate) lines: Vec<WireLine>,
    /// Which consignment of a split order; nothing of the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) consignment: Option<ConsignmentNumber>,
}

/// Tells a facility to pick; nothing, where there is nothing to pick.
pub(super) fn release(
    ask: &Ask<'_>,
    order: &OrderState,
    at: &FacilityId,
    lines: Vec<WireLine>,
    consignment: ConsignmentNumber,
) -> Option<Draft> {
    if lines.is_empty() {
        return None;
    }
    let target = called(ask, &order.context, ask.policy.wms_of(at))?;
    let ship_to = order.order.ship_to.clone();
    // Two consignments may be released at once: each by a key of its own.
    let distinct = match consignment {
        FIRST => numbered(&[at.as_str(), "/"], ask.entry.seq),
        _ => format!("{at}/{}/{consignment}", ask.entry.seq).into(),
    };
    let consignment = (consignment != FIRST).then_some(consignment);
    let body = Release { order_id: order.key.id.clone(), facility: at.clone(), ship_to, lines, consignment };
    let route = Route {
        target,
        operation: "createRelease",
        about: About::Order(order.key.clone()),
        distinct,
        body: marked(body, &order.context),
    };
    owed(ask, &order.context, route.plan())
}

pub(super) fn cancel_at(ask: &Ask<'_>, order: &OrderState, at: &FacilityId, operation: &'static str) -> Option<Draft> {
    let route = Route {
        target: ask.policy.wms_of(at)?,
        operation,
        about: About::Order(order.key.clone()),
        // Asked again after a refusal, it is another question: the first answer must not answer it.
        distinct: numbered(&[at.as_str(), "/"], ask.entry.seq),
        body: json!({ "reason": "cancelled by the channel" }).into(),
    };
    owed(ask, &order.context, with_path(route.plan(), "orderId", &order.key.id))
}

/// Asks for a part of an order back. `request` names the question, so that its answer ends it.
pub(super) fn give_back_at(
    ask: &Ask<'_>,
    order: &OrderState,
    at: &FacilityId,
    operation: &'static str,
    lines: &[WireLine],
    request: Option<u64>,
) -> Option<Draft> {
    let mut body = json!({ "reason": "changed by the channel", "lines": lines });
    if let Some(request) = request {
        body["requestId"] = request.to_string().into();
    }
    let route = Route {
        target: ask.policy.wms_of(at)?,
        operation,
        about: About::Order(order.key.clone()),
        distinct: numbered(&[at.as_str(), "/"], ask.entry.seq),
        body: body.into(),
    };
    owed(ask, &order.context, with_path(route.plan(), "orderId", &order.key.id))
}

/// Tells the ERP what the order is now; nothing, while it has not given its number.
pub(super) fn erp_change(ask: &Ask<'_>, order: &OrderState) -> Option<Draft> {
    let number = order.erp_order_number.as_ref()?;
    let (lines, total) = order.as_wanted()?;
    let route = Route {
        target: ask.policy.erp.as_ref()?,
        operation: "updateOrder",
        about: About::Order(order.key.clone()),
        distinct: numbered(&[""], ask.entry.seq),
        body: json!({ "lines": lines, "total": total, "shipTo": order.order.ship_to }).into(),
    };
    owed(ask, &order.context, with_path(route.plan(), "erpOrderNumber", number))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderNews {
    status: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    erp_order_number: Option<ErpOrderNumber>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tracking_numbers: Vec<TrackingNumber>,
}

/// Tells the channel how its order stands.
pub(super) fn order_status(ask: &Ask<'_>, order: &OrderState, status: &str) -> Option<Draft> {
    let target = called(ask, &order.context, Some(&order.key.source))?;
    let body = OrderNews {
        status: Text::from(status),
        erp_order_number: order.erp_order_number.clone(),
        tracking_numbers: order.shipments.iter().map(|(_, _, tracking)| tracking.clone()).collect(),
    };
    let route = Route {
        target,
        operation: "updateOrderStatus",
        about: About::Order(order.key.clone()),
        distinct: numbered(&[""], ask.entry.seq),
        body: Body::of(body),
    };
    owed(ask, &order.context, with_path(route.plan(), "orderId", &order.key.id))
}

/// Whether anybody keeps the books.
pub(super) fn is_posted(ask: &Ask<'_>, context: &Context) -> bool {
    !context.synthetic && called(ask, context, ask.policy.erp.as_ref()).is_some()
}

/// A movement becomes a posting; a synthetic one never does (docs/concepts/domain.md, "Synthetic transactions").
pub(super) fn posting(ask: &Ask<'_>, context: &Context, about: About, body: &Value, distinct: String) -> Option<Draft> {
    if context.synthetic {
        return None;
    }
    let target = called(ask, context, ask.policy.erp.as_ref())?;
    let route =
        Route { target, operation: "createPosting", about, distinct: distinct.into(), body: body.clone().into() };
    owed(ask, context, route.plan())
}

/// The postings of a movement, one a line, with the number of what it is of.
pub(super) fn line_postings<'a>(
    ask: &Ask<'_>,
    context: &Context,
    of: &About,
    movement: &impl Movement,
    kind: &str,
    lines: impl Iterator<Item = (&'a ProductId, Quantity, &'a Unit)>,
) -> Vec<Draft> {
    if !is_posted(ask, context) {
        return Vec::new();
    }
    let (id, facility) = (movement.movement_id(), movement.facility());
    let post = |(index, (product, quantity, unit)): (usize, (&ProductId, Quantity, &Unit))| {
        let mut body = json!({
            "movementId": id, "kind": kind, "product": product, "facility": facility, "quantity": quantity,
            "unit": unit, "sourceTime": ask.entry.meta.source_time.to_string(),
        });
        match of {
            About::Order(key) => body["orderId"] = json!(key.id),
            About::Po(number) => body["poNumber"] = json!(number),
            _ => {}
        }
        posting(ask, context, of.clone(), &body, format!("{facility}/{id}/{}", index + 1))
    };
    lines.enumerate().filter_map(post).collect()
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
    let route = Route {
        target: carrier,
        operation: "createTracking",
        about,
        distinct: Text::from(number.as_str()),
        body: body.into(),
    };
    owed(ask, context, route.plan())
}

// Positions

/// What a storefront may promise: never below zero, and only the newest matters (I13).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Availability {
    facility: FacilityId,
    available: Quantity,
    version: u64,
    as_of: Timestamp,
}

/// What planning computes from: all buckets, with the version that a recommendation has to name.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Planning {
    position: Figures,
    position_version: u64,
    as_of: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    on_hand: Balance,
    allocated: Balance,
    available: Balance,
    on_order: Balance,
    in_transit: Balance,
    backordered: Balance,
}

/// Every storefront is told what it may promise. `about`: the position.
pub(super) fn availability(ask: &Ask<'_>, position: &PositionChanged, about: &Text) -> Vec<Draft> {
    if ask.policy.storefronts.is_empty() {
        return Vec::new();
    }
    let (facility, product) = (&position.facility, &position.product);
    let key = joined(&["availability/", facility.as_str(), "/", product.as_str()]);
    let available = position.available.floored();
    let (version, as_of) = (position.version, as_of(ask, position));
    let body = Body::of(Availability { facility: facility.clone(), available, version, as_of });
    let told = |storefront: &SystemId| {
        let plan = newest(storefront, "updateAvailability", (about, &key), position.version, &body);
        owed(ask, &ask.entry.context(), with_path(plan, "product", product))
    };
    ask.policy.storefronts.iter().filter_map(told).collect()
}

/// Planning is told all buckets. `about`: the position.
pub(super) fn planning_position(ask: &Ask<'_>, position: &PositionChanged, about: &Text) -> Option<Draft> {
    let context = ask.entry.context();
    let planning = called(ask, &context, ask.policy.procurement.as_ref())?;
    let figures = Figures {
        on_hand: position.on_hand,
        allocated: position.allocated,
        available: position.available,
        on_order: position.on_order,
        in_transit: position.in_transit,
        backordered: position.backordered,
    };
    let (position_version, as_of) = (position.version, as_of(ask, position));
    let body = Body::of(Planning { position: figures, position_version, as_of });
    let plan = newest(planning, "updatePosition", (about, about), position.version, &body);
    let plan = with_path(with_path(plan, "facility", &position.facility), "product", &position.product);
    owed(ask, &context, plan)
}

/// A call whose newest version is the only one that matters.
fn newest(
    target: &SystemId,
    operation: &'static str,
    (about, key): (&Text, &Text),
    version: u64,
    body: &Body,
) -> DeliveryPlanned {
    DeliveryPlanned {
        target: target.clone(),
        operation: Text::new_static(operation),
        idempotency_key: joined(&[operation, ":", key, ":", itoa::Buffer::new().format(version)]),
        about: about.clone(),
        key: key.clone(),
        ordering: Ordering::NewestWins,
        path: Path::default(),
        body: body.clone(),
        edi: None,
        items: None,
        maybe_done: false,
        replaces: None,
        replays: None,
        isolation: None,
    }
}

fn as_of(ask: &Ask<'_>, position: &PositionChanged) -> Timestamp {
    ask.state.position(&position.product, &position.facility).map_or(ask.now, |p| p.as_of)
}

// Procurement

pub(super) fn erp_purchase_order(ask: &Ask<'_>, r: &Recommendation, context: &Context) -> Option<Draft> {
    let mut body = json!({
        "recommendationId": r.recommendation_id, "supplier": r.supplier, "facility": r.facility,
        "currency": r.currency,
        "lines": [{ "lineNumber": 1, "product": r.product, "quantity": r.quantity, "unit": r.unit, "unitPrice": r.unit_price }],
    });
    if let (Some(map), Some(date)) = (body.as_object_mut(), &r.needed_by) {
        map.insert("requestedDate".to_owned(), date.as_str().into());
    }
    let route = Route {
        target: ask.policy.erp.as_ref()?,
        operation: "createPurchaseOrder",
        about: About::Recommendation(r.recommendation_id.clone()),
        distinct: Text::default(),
        body: marked(body, context),
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
    let distinct = numbered(&[""], ask.entry.seq);
    let route = Route { target: planning, operation: "updateRecommendation", about, distinct, body: body.into() };
    owed(ask, context, with_path(route.plan(), "recommendationId", &r.recommendation_id))
}

/// The 850. Its control numbers are fixed here, so that every attempt carries the same.
pub(super) fn purchase_order_850(ask: &Ask<'_>, po: &PoCreated, context: &Context) -> Option<Draft> {
    let route = Route {
        target: &po.supplier,
        operation: "sendInterchange",
        about: About::Po(po.po_number.clone()),
        distinct: Text::new_static("850"),
        body: marked(po.clone(), context),
    };
    let control = ask.state.deliveries.next_control(&po.supplier);
    let plan = DeliveryPlanned {
        edi: Some(EdiControl { set: "850".to_owned(), interchange: control, group: control }),
        ..route.plan()
    };
    owed(ask, context, plan)
}

/// The 997 for an interchange that a supplier sent.
pub(super) fn functional_ack(state: &State, supplier: &SystemId, ack: Value, transport_id: &str) -> DeliveryPlanned {
    let control = state.deliveries.next_control(supplier);
    DeliveryPlanned {
        target: supplier.clone(),
        operation: Text::new_static("sendInterchange"),
        key: format!("997/{transport_id}").into(),
        ordering: Ordering::Independent,
        idempotency_key: format!("sendInterchange:997:{transport_id}").into(),
        path: Path::default(),
        body: ack.into(),
        edi: Some(EdiControl { set: "997".to_owned(), interchange: control, group: control }),
        items: None,
        maybe_done: false,
        replaces: None,
        replays: None,
        isolation: None,
        about: format!("interchange/{supplier}/{transport_id}").into(),
    }
}

/// What the supplier promised, for the ERP that made the order.
pub(super) fn erp_po_confirmed(ask: &Ask<'_>, po: &PoState) -> Option<Draft> {
    let mut body = json!({ "status": po.status.as_str(), "confirmed": po.confirmed });
    if let (Some(map), Some(at)) = (body.as_object_mut(), po.confirmed_at) {
        map.insert("acknowledgedAt".to_owned(), at.to_string().into());
    }
    erp_po(ask, po, body)
}

pub(super) fn erp_po_status(ask: &Ask<'_>, po: &PoState) -> Option<Draft> {
    erp_po(ask, po, json!({ "status": po.status.as_str() }))
}

fn erp_po(ask: &Ask<'_>, po: &PoState, body: Value) -> Option<Draft> {
    let route = Route {
        target: ask.policy.erp.as_ref()?,
        operation: "updatePurchaseOrderStatus",
        about: About::Po(po.po.po_number.clone()),
        distinct: numbered(&[""], ask.entry.seq),
        body: body.into(),
    };
    owed(ask, &po.context, with_path(route.plan(), "poNumber", &po.po.po_number))
}

/// A shipment, as the facility that will receive it is told of it.
fn announcement(po: &PoState, notice: &ShipmentNotice, lines: &[ShipmentLine]) -> Body {
    let mut body = json!({
        "asnNumber": notice.asn_number, "poNumber": po.po.po_number, "supplier": po.po.supplier,
        "facility": po.po.facility, "lines": lines,
    });
    if let (Some(map), Some(at)) = (body.as_object_mut(), notice.expected_at) {
        map.insert("expectedAt".to_owned(), at.to_string().into());
    }
    marked(body, &po.context)
}

/// Announces a shipment to the facility that will receive it.
pub(super) fn inbound_shipment(
    ask: &Ask<'_>,
    po: &PoState,
    notice: &ShipmentNotice,
    lines: &[ShipmentLine],
) -> Option<Draft> {
    let route = Route {
        target: ask.policy.wms_of(&po.po.facility)?,
        operation: "createInboundShipment",
        about: About::Po(po.po.po_number.clone()),
        distinct: Text::from(notice.asn_number.as_str()),
        body: announcement(po, notice, lines),
    };
    owed(ask, &po.context, route.plan())
}

/// Another notice took the place of the one that was announced; without lines: nothing of it comes.
pub(super) fn replaced_shipment(
    ask: &Ask<'_>,
    po: &PoState,
    notice: &ShipmentNotice,
    lines: &[ShipmentLine],
) -> Option<Draft> {
    let route = Route {
        target: ask.policy.wms_of(&po.po.facility)?,
        operation: "replaceInboundShipment",
        about: About::Po(po.po.po_number.clone()),
        // A notice may be replaced more than once: the ledger place tells them apart.
        distinct: numbered(&[notice.asn_number.as_str(), "/"], ask.entry.seq),
        body: announcement(po, notice, lines),
    };
    owed(ask, &po.context, with_path(route.plan(), "asnNumber", &notice.asn_number))
}

pub(super) fn ap_invoice(ask: &Ask<'_>, invoice: &Invoice, context: &Context) -> Option<Draft> {
    let route = Route {
        target: ask.policy.ap.as_ref()?,
        operation: "createInvoice",
        about: About::Invoice(invoice.supplier.clone(), invoice.invoice_number.clone()),
        distinct: Text::default(),
        body: marked(invoice.clone(), context),
    };
    owed(ask, context, route.plan())
}

pub(super) fn ap_match(
    ask: &Ask<'_>,
    matched: &InvoiceMatched,
    context: &Context,
    reason: Option<&str>,
) -> Option<Draft> {
    // The contract has the two verdicts after which something is done: paid, or looked at.
    let mut body = json!({ "result": matched.result, "lines": matched.lines });
    if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
        body["reason"] = reason.chars().take(512).collect::<String>().into();
    }
    let route = Route {
        target: ask.policy.ap.as_ref()?,
        operation: "updateMatch",
        about: About::Invoice(matched.supplier.clone(), matched.invoice_number.clone()),
        distinct: numbered(&[""], ask.entry.seq),
        body: body.into(),
    };
    owed(ask, context, with_path(route.plan(), "invoiceNumber", &matched.invoice_number))
}
