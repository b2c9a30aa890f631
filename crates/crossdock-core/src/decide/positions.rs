//! What a changed position leads to: it is published, told to those who plan and sell, and held against its limits.

use crossdock_model::{
    Balance, ExceptionId, ExceptionKind, ExceptionResolved, FacilityId, HubEvent, PositionChanged, ProductId, Quantity,
    Resolution, Severity, Text, joined,
};
use serde_json::json;

use super::{Ask, Question, counts, lots, routes, short_pick};
use crate::exceptions::BY_RULE;
use crate::{Draft, Policy, Position, PositionKey, State};

/// The next published version of a position.
pub(crate) fn position_changed(state: &State, policy: &Policy, key: &PositionKey) -> HubEvent {
    let nothing = Position::default();
    let position = state.position(&key.0, &key.1).unwrap_or(&nothing);
    let published = position.published_as(key, position.version + 1, safety_stock(policy, &key.0));
    HubEvent::PositionChanged(published)
}

/// How a position is named where something is about it.
fn about(position: &PositionChanged) -> Text {
    joined(&["position/", position.facility.as_str(), "/", position.product.as_str()])
}

fn safety_stock(policy: &Policy, product: &ProductId) -> Quantity {
    policy.safety_stock.get(product).copied().unwrap_or(Quantity::ZERO)
}

/// What may be allocated now. The declared safety stock counts, not the published one: a position that was never published, or
/// whose safety stock was raised since, would be oversold.
pub(super) fn free(ask: &Ask<'_>, product: &ProductId, facility: &FacilityId) -> Quantity {
    let position = ask.state.position(product, facility);
    let free = position.map(|p| p.available_above(safety_stock(ask.policy, product)).floored()).unwrap_or_default();
    free.saturating_sub(counts::doubtful(ask, product, facility))
}

/// A published position goes to storefronts and to planning; a shortage opens an exception, and closes it when it is over.
pub(super) fn published(ask: &Ask<'_>, position: &PositionChanged) -> Vec<Draft> {
    let held_back = ask.state.stock.sequences.held_back(&position.facility).is_some();
    let about = about(position);
    let mut drafts = Vec::new();
    // While the facility is held back, storefronts are not told of a rise, and nobody of a figure below zero (domain.md 5.3).
    if !held_back || told(ask, position) == position.available.floored() {
        drafts.extend(routes::availability(ask, position, &about));
    }
    if !held_back || !position.available.is_negative() {
        drafts.extend(routes::planning_position(ask, position, &about));
    }
    drafts.extend(shortage(ask, position, &about));
    drafts.extend(lots::below_zero(ask, position));
    drafts.extend(counts::moved(ask, &position.product, &position.facility));
    drafts.extend(short_pick::count(ask, position));
    drafts
}

/// What storefronts were told last, this time included.
fn told(ask: &Ask<'_>, position: &PositionChanged) -> Quantity {
    ask.state.position(&position.product, &position.facility).map(|p| p.told).unwrap_or_default()
}

/// I2: allocated ≤ sellable, unless an exception is open for exactly the excess. Below zero is applied, never refused.
fn shortage(ask: &Ask<'_>, position: &PositionChanged, about: &str) -> Vec<Draft> {
    let may_be_allocated = position.sellable + position.lots_below_zero - position.buckets_below_zero;
    let excess = (may_be_allocated - position.allocated).shortfall();
    if excess.is_zero() && !ask.state.exceptions.any_open_of(ExceptionKind::Shortage) {
        return Vec::new();
    }
    let open = ask.state.exceptions.open_about(about, ExceptionKind::Shortage);
    // A person who ignored it has seen exactly this figure; another one is asked again.
    let asked = ask.state.exceptions.asked_about(about, ExceptionKind::Shortage);
    let seen = asked.and_then(|x| x.opened.details.get("excess")?.as_str()?.parse::<Quantity>().ok());
    if seen == Some(excess) || (open.is_none() && excess.is_zero()) {
        return Vec::new();
    }
    let mut drafts = Vec::new();
    if let Some(open) = open {
        drafts.push(closed_by_rule(open.id, "the figures changed"));
    }
    if !excess.is_zero() {
        let question = Question {
            kind: ExceptionKind::Shortage,
            what: format!(
                "{} of {} at {} are allocated, {} are sellable: {excess} too many",
                position.allocated, position.product, position.facility, may_be_allocated
            ),
            about: about.to_owned(),
            why: "orders were promised what the facility does not have",
            owner: "inventory",
            severity: if position.on_hand < Balance::ZERO { Severity::High } else { Severity::Medium },
            resolutions: &[Resolution::Ignore],
            details: json!({ "excess": excess, "product": position.product, "facility": position.facility }),
        };
        let opened = super::opened(ask.policy, ask.now, question);
        drafts.push(Draft::from(HubEvent::ExceptionOpened(opened)));
    }
    drafts
}

pub(super) fn closed_by_rule(exception_id: ExceptionId, reason: &str) -> Draft {
    Draft::from(HubEvent::ExceptionResolved(ExceptionResolved {
        exception_id,
        resolution: Resolution::Ignore,
        by: BY_RULE.to_owned(),
        reason: reason.to_owned(),
        with: serde_json::Value::Null,
    }))
}
