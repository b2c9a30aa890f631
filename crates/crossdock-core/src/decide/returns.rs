//! What a customer sent back, and what a channel refunded.
//! Rules: docs/concepts/domain.md, 4.13, 4.13.1, 8.10. Invariant: a return is taken as the facility says it, also after the order was
//! closed; a refund moves nothing.

use crossdock_model::{
    ExceptionKind, HubEvent, MovementReturned, OrderRefunded, OrderReturned, ProductId, Resolution, Severity,
};
use serde_json::json;

use super::allocation::fill_backorders;
use super::orders::unknown_order;
use super::{Ask, Question, routes};
use crate::about::About;
use crate::{Draft, OrderKey, OrderState};

pub(super) fn returned(ask: &Ask<'_>, movement: &MovementReturned) -> Vec<Draft> {
    let Some(order) = ask.state.order_by_id(&movement.order_id) else {
        return Vec::from_iter(unknown_order(ask, &movement.order_id));
    };
    let event = OrderReturned {
        source: order.key.source.clone(),
        order_id: order.key.id.clone(),
        facility: movement.facility.clone(),
        movement_id: movement.movement_id.clone(),
        lines: movement.lines.clone(),
        sellable: ask.policy.orders.returns_are_sellable,
    };
    let mut drafts = vec![Draft::of(&order.context, HubEvent::OrderReturned(event))];
    let back = movement.lines.iter().map(|line| (&line.product, line.quantity, &line.unit));
    let of = About::Order(order.key.clone());
    drafts.extend(routes::line_postings(ask, &order.context, &of, movement, "return", back));
    drafts
}

/// What came back is set against its order: more than had left is a question, and what may be sold goes to those who wait.
pub(super) fn recorded(ask: &Ask<'_>, event: &OrderReturned) -> Vec<Draft> {
    let key = OrderKey { source: event.source.clone(), id: event.order_id.clone() };
    let mut drafts: Vec<_> =
        ask.state.order(&key).and_then(|order| above_what_left(ask, order, event)).into_iter().collect();
    let mut products: Vec<&ProductId> = event.lines.iter().map(|line| &line.product).collect();
    products.sort();
    products.dedup();
    for product in products {
        drafts.extend(fill_backorders(ask, product));
    }
    drafts
}

fn above_what_left(ask: &Ask<'_>, order: &OrderState, event: &OrderReturned) -> Option<Draft> {
    let odd = event.lines.iter().find_map(|back| {
        let line = order.lines.iter().find(|line| line.number == back.line_number && line.product == back.product);
        let Some(line) = line else {
            return Some(format!("{} of {}, which it did not order", back.quantity, back.product));
        };
        let left = line.shipped + line.over_shipped;
        (line.returned > left).then(|| format!("{} of {} in all, where {left} had left", line.returned, back.product))
    })?;
    let question = Question {
        kind: ExceptionKind::ReturnDiscrepancy,
        about: About::Order(order.key.clone()).to_string(),
        what: format!("{} took back for order {} {odd}", event.facility, order.key.id),
        why: "the goods are on the shelf, and they are not, or not all, of this order: whose are they, and who is owed what?",
        owner: "orders",
        severity: Severity::Medium,
        resolutions: &[Resolution::Ignore],
        details: json!({ "movementId": event.movement_id, "lines": event.lines }),
    };
    let draft = ask.open_distinct(event.movement_id.to_string(), question);
    draft.map(|draft| Draft { context: Some(order.context.clone()), ..draft })
}

/// Nothing follows from a refund but the expectation; one of an order that nobody captured is asked about.
pub(super) fn refunded(ask: &Ask<'_>, refund: &OrderRefunded) -> Vec<Draft> {
    let key = OrderKey { source: ask.entry.meta.system.clone(), id: refund.order_id.clone() };
    match ask.state.order(&key) {
        Some(_) => Vec::new(),
        None => Vec::from_iter(unknown_order(ask, &refund.order_id)),
    }
}
