//! A facility did not find what it should have: other facilities take over what they can, the rest waits.
//! Rules: docs/concepts/domain.md, 4.8, 4.8.1, 4.8.2.
//! Invariant: `available` never rises by a short pick; what was not found stays held until it was counted.

use crossdock_model::{
    ExceptionKind, FacilityId, HubEvent, MovementShortPicked, PositionChanged, Quantity, Resolution, Severity,
};
use serde_json::json;

use super::allocation::{Free, Want, allocated, plan, waiting};
use super::orders::unknown_order;
use super::positions::closed_by_rule;
use super::{Ask, Question};
use crate::about::About;
use crate::orders::CancelState;
use crate::{Draft, OrderState, PositionKey};

/// The short is in the state already: what was not found waits again. The promise was made to the customer, not to the building.
pub(super) fn short_picked(ask: &Ask<'_>, movement: &MovementShortPicked) -> Vec<Draft> {
    let Some(order) = ask.state.order_by_id(&movement.order_id) else {
        return Vec::from_iter(unknown_order(ask, &movement.order_id));
    };
    // Who asked to cancel is not served meanwhile; the cancel drops what waits.
    if order.cancel != CancelState::None {
        return Vec::new();
    }
    let wants: Vec<_> = order
        .lines
        .iter()
        .filter_map(|line| {
            let short = movement.lines.iter().filter(|s| s.line_number == line.number && s.product == line.product);
            let quantity = short.map(|s| s.quantity).sum::<Quantity>().min(line.backordered);
            (!quantity.is_zero()).then_some(Want { line, quantity })
        })
        .collect();
    if wants.is_empty() {
        return Vec::new();
    }
    let lines = plan(ask, &mut Free::new(ask), order, &wants, Some(&movement.facility), &[]);
    let backordered = waiting(ask, order, &wants, &lines);
    let uncovered = (!backordered.is_empty()).then(|| nobody_covers(ask, order, &movement.facility, &backordered));
    let event = allocated(order, lines, backordered);
    let mut drafts = vec![Draft::of(&order.context, HubEvent::OrderAllocated(event))];
    drafts.extend(uncovered.flatten());
    drafts
}

fn nobody_covers(
    ask: &Ask<'_>,
    order: &OrderState,
    at: &FacilityId,
    missing: &[crossdock_model::BackorderedLine],
) -> Option<Draft> {
    let sum: Quantity = missing.iter().map(|line| line.quantity).sum();
    let products: Vec<_> = missing.iter().map(|line| line.product.as_str()).collect();
    let mut draft = ask.open(Question {
        kind: ExceptionKind::ShortPick,
        about: About::Order(order.key.clone()).to_string(),
        what: format!(
            "{at} did not find {sum} of {} for order {}, and no other facility can cover them",
            products.join(", "),
            order.key.id
        ),
        why: "the customer was promised what is not there: it waits for new stock, unless somebody decides otherwise",
        owner: "orders",
        severity: Severity::Medium,
        resolutions: &[Resolution::Substitute, Resolution::Cancel, Resolution::Ignore],
        details: json!({ "facility": at, "lines": missing }),
    })?;
    draft.context = Some(order.context.clone());
    Some(draft)
}

/// What was short is covered, or not wanted any more: nobody has to look.
pub(super) fn settled(ask: &Ask<'_>, order: &OrderState) -> Option<Draft> {
    let waits = order.is_open() && order.lines.iter().any(|line| !line.backordered.is_zero());
    if !order.short || waits {
        return None;
    }
    let about = About::Order(order.key.clone()).to_string();
    let open = ask.state.exceptions.open_about(&about, ExceptionKind::ShortPick)?;
    let mut draft = closed_by_rule(open.id, "nothing of the order waits any more");
    draft.context = Some(order.context.clone());
    Some(draft)
}

/// Whoever runs the facility is asked to count, about the whole that is held there; a new figure is a new question.
pub(super) fn count(ask: &Ask<'_>, position: &PositionChanged) -> Vec<Draft> {
    let Some(pending) = ask.state.counts.get(&position.product, &position.facility) else { return Vec::new() };
    if pending.quantity == pending.asked {
        return Vec::new();
    }
    let settled = if pending.quantity.is_zero() { "it was counted" } else { "the figures changed" };
    let mut drafts: Vec<_> = pending.open.map(|id| closed_by_rule(id, settled)).into_iter().collect();
    if !pending.quantity.is_zero() {
        let question = Question {
            kind: ExceptionKind::CountPending,
            about: format!("position/{}/{}", position.facility, position.product),
            what: format!(
                "{} of {} were not found at {}: they are held until somebody has counted",
                pending.quantity, position.product, position.facility
            ),
            why: "nobody knows whether they are there: only the facility's adjustment or release says so",
            owner: "inventory",
            severity: Severity::Medium,
            resolutions: &[Resolution::Ignore],
            details: json!({ "quantity": pending.quantity, "product": position.product, "facility": position.facility }),
        };
        drafts.push(Draft::from(HubEvent::ExceptionOpened(super::opened(ask.policy, ask.now, question))));
    }
    drafts
}

/// The position that `position/FACILITY/PRODUCT` means.
pub(crate) fn position_of(about: &str) -> Option<PositionKey> {
    let (facility, product) = about.strip_prefix("position/")?.split_once('/')?;
    Some((product.parse().ok()?, facility.parse().ok()?))
}
