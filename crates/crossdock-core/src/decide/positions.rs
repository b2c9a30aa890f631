//! What a changed position leads to: it is published, told to those who plan and sell, and held against its limits.

use crossdock_model::{
    Balance, ExceptionId, ExceptionKind, ExceptionResolved, HubEvent, PositionChanged, Quantity, Resolution, Severity,
};
use serde_json::json;

use super::routes;
use super::{Ask, Question};
use crate::exceptions::BY_RULE;
use crate::{Draft, Policy, PositionKey, State};

/// The next published version of a position.
pub(crate) fn position_changed(state: &State, policy: &Policy, key: &PositionKey) -> HubEvent {
    let mut position = state.position(&key.0, &key.1).cloned().unwrap_or_default();
    position.safety_stock = policy.safety_stock.get(&key.0).copied().unwrap_or(Quantity::ZERO);
    position.version += 1;
    HubEvent::PositionChanged(position.published(key))
}

/// A published position goes to storefronts and to planning; a shortage opens an exception, and closes it when it is over.
pub(super) fn published(ask: &Ask<'_>, position: &PositionChanged) -> Vec<Draft> {
    let mut drafts = routes::availability(ask, position);
    drafts.extend(routes::planning_position(ask, position));
    drafts.extend(shortage(ask, position));
    drafts
}

/// I2: allocated ≤ sellable, unless an exception is open for exactly the excess. Below zero is applied, never refused.
fn shortage(ask: &Ask<'_>, position: &PositionChanged) -> Vec<Draft> {
    let about = format!("position/{}/{}", position.facility, position.product);
    let excess = (position.sellable - position.allocated).shortfall();
    let open = ask.state.exceptions.open_about(&about, ExceptionKind::Shortage);
    // A person who ignored it has seen exactly this figure; another one is asked again.
    let asked = ask.state.exceptions.asked_about(&about, ExceptionKind::Shortage);
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
                position.allocated, position.product, position.facility, position.sellable
            ),
            about,
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
    }))
}
