//! Order to ship: captured → allocated → booked → released → shipped → closed.
//! Not here: which facility serves it (`allocation`), `cancel`, `shipments`, `short_pick`.
//! Rule: docs/concepts/domain.md, "Order to ship".

use std::collections::{BTreeMap, BTreeSet};

use crossdock_model::{
    AllocatedLine, DeliveryPlanned, ErpOrderNumber, ExceptionKind, FacilityId, HubEvent, MovementStaged, Order,
    OrderAccepted, OrderAllocated, OrderBooked, OrderClosed, OrderId, OrderReleased, PaymentHolds, Resolution,
    Severity, SystemId,
};
use serde_json::{Value, json};

use super::allocation::allocate;
use super::routes::Release;
use super::{Ask, Question, payments, routes, short_pick};
use crate::about::About;
use crate::consignments::FIRST;
use crate::delivery::Breaker;
use crate::orders::CancelState;
use crate::{Draft, OrderKey, OrderState};

pub(super) fn captured(ask: &Ask<'_>, order: &Order) -> Vec<Draft> {
    vec![
        HubEvent::OrderAccepted(OrderAccepted {
            source: ask.entry.meta.system.clone(),
            order_id: order.order_id.clone(),
            customer_reference: order.customer_reference.clone(),
        })
        .into(),
    ]
}

/// Accepted: the ERP is owed the order, and stock is reserved at once; neither waits for the other. What waits for its payment holds its
/// stock (8.13).
pub(super) fn accepted(ask: &Ask<'_>, event: &OrderAccepted) -> Vec<Draft> {
    let Some(order) = find(ask, &event.source, &event.order_id) else { return Vec::new() };
    let payment = payments::at_acceptance(ask, order);
    let mut drafts = payments::joined(ask, order);
    if payment.as_ref().is_none_or(|payment| payment.holds == Some(PaymentHolds::Release)) {
        drafts.extend(routes::erp_order(ask, order));
    }
    let payment = payment.map(|payment| Draft::of(&order.context, HubEvent::OrderPaymentChanged(payment)));
    drafts.extend(payment);
    drafts.push(Draft::of(&order.context, HubEvent::OrderAllocated(allocate(ask, order))));
    drafts
}

/// Each facility learns what it holds for the order; the channel learns how the order stands.
pub(super) fn allocated(ask: &Ask<'_>, event: &OrderAllocated) -> Vec<Draft> {
    let Some(order) = find(ask, &event.source, &event.order_id) else { return Vec::new() };
    let mut by_facility: BTreeMap<&FacilityId, Vec<&AllocatedLine>> = BTreeMap::new();
    for line in &event.lines {
        by_facility.entry(&line.facility).or_default().push(line);
    }
    let mut drafts = Vec::new();
    for (facility, lines) in &by_facility {
        drafts.extend(routes::allocation(ask, order, facility, lines));
    }
    drafts.extend(routes::order_status(ask, order, order.status().as_str()));
    drafts.extend(short_pick::settled(ask, order));
    // A backorder that is served after the rest was released goes out on its own.
    if may_release(ask, order) {
        for (facility, lines) in by_facility {
            if order.is_split() {
                drafts.extend(release_at(ask, order, facility));
                continue;
            }
            let lines: Vec<_> = lines.into_iter().map(routes::WireLine::from).collect();
            drafts.extend(routes::release(ask, order, facility, lines, FIRST));
        }
    }
    drafts
}

/// By default a facility picks what the ERP has booked; by declared policy it does not wait for that, or waits for the payment too.
pub(super) fn may_release(ask: &Ask<'_>, order: &OrderState) -> bool {
    let booked = order.erp_order_number.is_some() || ask.policy.erp.is_none();
    let goes_on =
        ask.policy.release_before_booking || (ask.policy.orders.release_while_erp_is_down && erp_is_down(ask));
    (booked || goes_on) && order.cancel == CancelState::None && !order.awaits_payment()
}

/// Its breaker is open: nothing reaches it, and its queue waits.
fn erp_is_down(ask: &Ask<'_>) -> bool {
    let erp = ask.policy.erp.as_ref();
    erp.is_some_and(|erp| matches!(ask.state.deliveries.breaker(erp), Breaker::Open { .. }))
}

/// A target cannot be reached. Where it is the ERP and policy says so, what waits for its number is released without (8.5).
pub(super) fn target_down(ask: &Ask<'_>, target: &SystemId) -> Vec<Draft> {
    if ask.policy.erp.as_ref() != Some(target) || !ask.policy.orders.release_while_erp_is_down {
        return Vec::new();
    }
    ask.state.orders.unbooked().flat_map(|order| release_all(ask, order)).collect()
}

/// The ERP answered `createOrder`.
pub(super) fn booked_by_erp(_: &Ask<'_>, plan: &DeliveryPlanned, response: &Value) -> Vec<Draft> {
    let Some(About::Order(key)) = About::parse(&plan.about) else { return Vec::new() };
    let number = response.get("erpOrderNumber").and_then(Value::as_str).and_then(|n| n.parse::<ErpOrderNumber>().ok());
    let Some(erp_order_number) = number else { return Vec::new() };
    vec![HubEvent::OrderBooked(OrderBooked { source: key.source, order_id: key.id, erp_order_number }).into()]
}

pub(super) fn booked(ask: &Ask<'_>, event: &OrderBooked) -> Vec<Draft> {
    let Some(order) = find(ask, &event.source, &event.order_id) else { return Vec::new() };
    if order.cancel == CancelState::Done {
        return Vec::from_iter(routes::erp_cancel(ask, order));
    }
    let mut drafts = Vec::new();
    if order.changed_before_booking {
        drafts.extend(routes::erp_change(ask, order));
    }
    drafts.extend(release_all(ask, order));
    drafts.extend(close_if_complete(order));
    drafts
}

/// Each facility is told to pick what it holds and was not told yet.
pub(super) fn release_all(ask: &Ask<'_>, order: &OrderState) -> Vec<Draft> {
    if !may_release(ask, order) {
        return Vec::new();
    }
    let facilities: BTreeSet<_> = order.lines.iter().flat_map(|line| line.allocated.facilities()).collect();
    facilities.into_iter().flat_map(|facility| release_at(ask, order, facility)).collect()
}

/// A facility is told to pick what it holds and was not told yet: each consignment by a call of its own, so that it ships on its own.
pub(super) fn release_at(ask: &Ask<'_>, order: &OrderState, facility: &FacilityId) -> Vec<Draft> {
    if !order.is_split() {
        return Vec::from_iter(routes::release(ask, order, facility, routes::unreleased_at(order, facility), FIRST));
    }
    let release = |number| {
        let lines = routes::unreleased_in(order, facility, number);
        routes::release(ask, order, facility, lines, number)
    };
    order.consignments().into_iter().filter_map(release).collect()
}

/// A WMS took a release.
pub(super) fn released_by_wms(_: &Ask<'_>, plan: &DeliveryPlanned) -> Vec<Draft> {
    let Some(About::Order(key)) = About::parse(&plan.about) else { return Vec::new() };
    let Some(release) = plan.body.parts::<Release>() else { return Vec::new() };
    let facility = release.facility.clone();
    vec![HubEvent::OrderReleased(OrderReleased { source: key.source, order_id: key.id, facility }).into()]
}

pub(super) fn released(ask: &Ask<'_>, event: &OrderReleased) -> Vec<Draft> {
    let Some(order) = find(ask, &event.source, &event.order_id) else { return Vec::new() };
    // The goods may have left before the answer to the release came back: then there is no news in it.
    if order.shipments.is_empty() {
        Vec::from_iter(routes::order_status(ask, order, order.status().as_str()))
    } else {
        Vec::new()
    }
}

pub(super) fn staged(ask: &Ask<'_>, movement: &MovementStaged) -> Vec<Draft> {
    if ask.state.order_by_id(&movement.order_id).is_some() {
        return Vec::new();
    }
    Vec::from_iter(unknown_order(ask, &movement.order_id))
}

/// A fact speaks of an order that nobody captured: a movement, or what a channel asks.
pub(super) fn unknown_order(ask: &Ask<'_>, id: &OrderId) -> Option<Draft> {
    let sender = &ask.entry.meta.system;
    let moves = ask.policy.facilities.iter().any(|(_, wms)| wms == sender);
    let (what, why) = if moves {
        ("reports a movement", "stock moved without an order: the order is missing, or the number is wrong")
    } else {
        ("asks for something", "nothing can be done for it: the order is missing, or the number is wrong")
    };
    ask.open(Question {
        kind: ExceptionKind::UnknownReference,
        about: format!("order/{sender}/{id}"),
        what: format!("{sender} {what} for order {id}, which nobody captured"),
        why,
        owner: "orders",
        severity: Severity::High,
        resolutions: &[Resolution::Ignore],
        details: json!({ "orderId": id, "event": ask.entry.meta.id }),
    })
}

/// All left and the ERP knows: nothing is left to do.
pub(super) fn close_if_complete(order: &OrderState) -> Option<Draft> {
    let complete = !order.shipments.is_empty() && order.lines.iter().all(|l| l.open().is_zero());
    if !complete || order.closed || order.erp_order_number.is_none() {
        return None;
    }
    let closed = OrderClosed { source: order.key.source.clone(), order_id: order.key.id.clone() };
    Some(Draft::of(&order.context, HubEvent::OrderClosed(closed)))
}

pub(super) fn find<'a>(ask: &Ask<'a>, source: &SystemId, id: &OrderId) -> Option<&'a OrderState> {
    ask.state.order(&OrderKey { source: source.clone(), id: id.clone() })
}
