//! Cancelling an order: by the hub before release, by the WMS's leave after it.
//! Rules: docs/concepts/domain.md, 8.6, 8.7 and I6.

use crossdock_model::{
    AllocatedLine, DeliveryPlanned, ExceptionKind, FacilityId, HubEvent, OrderCancelRequested, OrderCancelled,
    OrderClosed, Resolution, Severity,
};
use serde_json::Value;

use super::allocation::fill_backorders;
use super::orders::{close_if_complete, find, unknown_order};
use super::{Ask, Question, changes, payments, routes, short_pick};
use crate::about::About;
use crate::orders::{CancelState, ReleaseState};
use crate::{Draft, OrderKey, OrderState};

/// Before release the hub cancels by itself; after it, the WMS is asked and keeps the allocation until it answers.
pub(super) fn requested(ask: &Ask<'_>, request: &OrderCancelRequested) -> Vec<Draft> {
    let id = &request.order_id;
    if !request.lines.is_empty() {
        return changes::lines_cancelled(ask, id, &request.lines);
    }
    let key = OrderKey { source: ask.entry.meta.system.clone(), id: id.clone() };
    match ask.state.order(&key) {
        Some(order) => whole(ask, order),
        None => Vec::from_iter(unknown_order(ask, id)),
    }
}

/// All that has not left, whoever asks.
pub(super) fn whole(ask: &Ask<'_>, order: &OrderState) -> Vec<Draft> {
    if !order.is_open() || order.cancel != CancelState::None {
        return Vec::new();
    }
    if order.lines.iter().all(|l| l.open().is_zero()) {
        return Vec::from_iter(too_late(ask, order, "everything has left"));
    }
    if order.releases.is_empty() {
        return vec![Draft::of(&order.context, HubEvent::OrderCancelled(cancellation(order, |_| true)))];
    }
    let pending = OrderClosed { source: order.key.source.clone(), order_id: order.key.id.clone() };
    let mut drafts = vec![Draft::of(&order.context, HubEvent::OrderCancelPending(pending))];
    for (facility, state) in &order.releases {
        if matches!(state, ReleaseState::Requested | ReleaseState::Released) {
            drafts.extend(routes::cancel_at(ask, order, facility, "cancelRelease"));
        }
    }
    drafts
}

fn cancellation(order: &OrderState, at: impl Fn(&FacilityId) -> bool) -> OrderCancelled {
    let freed = order.allocations().into_iter().filter(|(facility, _)| at(facility)).flat_map(|(facility, held)| {
        held.into_iter().map(move |(line, quantity)| AllocatedLine {
            line_number: line.number,
            product: line.product.clone(),
            facility: facility.clone(),
            quantity,
            unit: line.unit.clone(),
        })
    });
    OrderCancelled { source: order.key.source.clone(), order_id: order.key.id.clone(), freed: freed.collect() }
}

/// The WMS confirmed a cancel.
pub(super) fn confirmed(ask: &Ask<'_>, plan: &DeliveryPlanned) -> Vec<Draft> {
    if let Some(drafts) = changes::answered(ask, plan, None) {
        return drafts;
    }
    let Some(About::Order(key)) = About::parse(&plan.about) else { return Vec::new() };
    let Some(order) = ask.state.order(&key).filter(|order| order.cancel != CancelState::Done) else {
        return Vec::new();
    };
    if order.lines.iter().all(|l| l.open().is_zero()) {
        return Vec::from_iter(too_late(ask, order, "everything has left"));
    }
    // A facility speaks for what it holds. What nobody was asked to pick is the hub's to free.
    let frees = |facility: &FacilityId| {
        ask.policy.wms_of(facility) == Some(plan.meant_for()) || !order.releases.contains_key(facility)
    };
    vec![Draft::of(&order.context, HubEvent::OrderCancelled(cancellation(order, frees)))]
}

/// The WMS answered that the goods are gone.
pub(super) fn refused_by_wms(ask: &Ask<'_>, plan: &DeliveryPlanned, answer: &Value) -> Vec<Draft> {
    if let Some(drafts) = changes::answered(ask, plan, Some(answer)) {
        return drafts;
    }
    let Some(About::Order(key)) = About::parse(&plan.about) else { return Vec::new() };
    let why = answer.get("detail").and_then(Value::as_str).unwrap_or("the facility has shipped it");
    ask.state.order(&key).and_then(|order| too_late(ask, order, why)).into_iter().collect()
}

/// The order goes on: what of it waits takes its turn again.
pub(super) fn goes_on(ask: &Ask<'_>, about: &str) -> Vec<Draft> {
    let Some(About::Order(key)) = About::parse(about) else { return Vec::new() };
    let Some(order) = ask.state.order(&key) else { return Vec::new() };
    let waits = order.lines.iter().filter(|line| !line.backordered.is_zero()).map(|line| &line.product);
    let products: std::collections::BTreeSet<_> = waits.collect();
    let mut drafts: Vec<_> = products.into_iter().flat_map(|product| fill_backorders(ask, product)).collect();
    drafts.extend(close_if_complete(order));
    drafts
}

fn too_late(ask: &Ask<'_>, order: &OrderState, why: &str) -> Option<Draft> {
    // Each answer is one of its own: the order goes on with it, and must not stay asked for ever.
    let distinct = if order.cancel == CancelState::Pending { ask.entry.seq.to_string() } else { String::new() };
    let mut draft = ask.open_distinct(
        distinct,
        Question {
            kind: ExceptionKind::CancelTooLate,
            about: About::Order(order.key.clone()).to_string(),
            what: format!("order {} cannot be cancelled any more: {why}", order.key.id),
            why: "the customer gets goods that were cancelled; a return can be offered",
            owner: "orders",
            severity: Severity::Medium,
            resolutions: &[Resolution::Ignore],
            details: Value::Null,
        },
    )?;
    draft.context = Some(order.context.clone());
    Some(draft)
}

/// Whoever knows of the order learns that it is gone; the freed units go to those who wait (I6).
pub(super) fn cancelled(ask: &Ask<'_>, event: &OrderCancelled) -> Vec<Draft> {
    let Some(order) = find(ask, &event.source, &event.order_id) else { return Vec::new() };
    let over = order.cancel == CancelState::Done;
    let mut drafts = Vec::new();
    if over {
        drafts.extend(routes::erp_cancel(ask, order));
    }
    drafts.extend(short_pick::settled(ask, order));
    drafts.extend(over.then(|| payments::order_over(ask, order)).flatten());
    let mut facilities: Vec<_> = event.freed.iter().map(|line| &line.facility).collect();
    facilities.sort();
    facilities.dedup();
    for facility in facilities {
        if !order.releases.contains_key(facility) {
            drafts.extend(routes::cancel_at(ask, order, facility, "cancelAllocation"));
        }
    }
    if over {
        drafts.extend(routes::order_status(ask, order, "cancelled"));
    } else {
        drafts.extend(close_if_complete(order));
    }
    let mut products: Vec<_> = event.freed.iter().map(|line| &line.product).collect();
    products.sort();
    products.dedup();
    for product in products {
        drafts.extend(fill_backorders(ask, product));
    }
    drafts
}
