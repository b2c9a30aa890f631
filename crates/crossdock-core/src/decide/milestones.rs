//! Milestones that were not reached in time: asked once, and closed by themselves.
//! Rule: docs/concepts/domain.md, 10.1 and 11.2.
//! Why: a purchase order that nobody answers sends no message, so only time can tell. When: at the due time that was declared when
//! the order was sent. How it ends: the milestone is reached, or the order is closed. What it ignores: an order without due times.

use crossdock_model::{ExceptionKind, HubEvent, MilestoneDue, PoMilestone, PoNumber, Resolution, Severity, Timestamp};
use jiff::SignedDuration;
use serde_json::json;

use super::procurement::questions;
use super::{Ask, Question};
use crate::about::About;
use crate::attribution::attribution_until;
use crate::procurement::PoState;
use crate::{Draft, Policy};

/// When each milestone is due, for an order that was created at `created`: the allowances add up.
pub(super) fn plan(policy: &Policy, created: Timestamp) -> Vec<MilestoneDue> {
    let mut due = created;
    let allowances = policy.purchasing.allowances_ms.iter();
    allowances
        .map(|(milestone, ms)| {
            due = due.saturating_add(SignedDuration::from_millis(*ms)).unwrap_or(Timestamp::MAX);
            MilestoneDue { milestone: *milestone, due }
        })
        .collect()
}

/// The time of a milestone has come. What is overdue already and still asked is named again, so that one question stands.
pub(super) fn overdue(ask: &Ask<'_>, number: &PoNumber) -> Vec<Draft> {
    let Some(po) = ask.state.purchase_order(number) else { return Vec::new() };
    let open = ask.state.exceptions.open_about(&About::Po(number.clone()).to_string(), ExceptionKind::MilestoneOverdue);
    let asked = |milestone: &PoMilestone| po.watch.told.contains(milestone) && open.is_none();
    let late: Vec<_> = po.watch.overdue(ask.now).filter(|(milestone, _)| !asked(milestone)).collect();
    questions::instead(ask, question(ask, po, &late)).into_iter().map(|draft| draft.within(&po.context)).collect()
}

/// Something was reached: what is not overdue any more is not asked any more.
pub(super) fn reached(ask: &Ask<'_>, number: &PoNumber) -> Vec<Draft> {
    let Some(po) = ask.state.purchase_order(number).filter(|po| !po.watch.told.is_empty()) else { return Vec::new() };
    let about = About::Po(number.clone()).to_string();
    let Some(open) = ask.state.exceptions.open_about(&about, ExceptionKind::MilestoneOverdue) else {
        return Vec::new();
    };
    let named: Vec<PoMilestone> =
        open.opened.details.get("milestones").and_then(|m| serde_json::from_value(m.clone()).ok()).unwrap_or_default();
    let late: Vec<_> = po.watch.overdue(ask.now).filter(|(milestone, _)| named.contains(milestone)).collect();
    if late.is_empty() || !po.is_open() {
        return Vec::from_iter(questions::no_longer(ask, &about, ExceptionKind::MilestoneOverdue, "it was reached"));
    }
    if late.len() == named.len() {
        return Vec::new();
    }
    questions::instead(ask, question(ask, po, &late))
}

fn question<'a>(ask: &Ask<'_>, po: &PoState, late: &[(PoMilestone, Timestamp)]) -> Question<'a> {
    let parts = late.iter().map(|(milestone, due)| format!("{} was due at {due}", milestone.as_str()));
    let uncertainty = ask.policy.purchasing.clock_uncertainty_ms;
    let last = late.last().and_then(|(milestone, _)| attribution_until(po, *milestone, ask.now, uncertainty));
    Question {
        kind: ExceptionKind::MilestoneOverdue,
        about: About::Po(po.po.po_number.clone()).to_string(),
        what: format!("purchase order {}: {}", po.po.po_number, parts.collect::<Vec<_>>().join("; ")),
        why: "nobody said that it was reached; the goods may come late, or a message was lost",
        owner: "procurement",
        severity: Severity::Medium,
        resolutions: &[Resolution::Ignore],
        details: json!({ "milestones": late.iter().map(|(milestone, _)| milestone).collect::<Vec<_>>(), "attribution": last }),
    }
}

/// The order that an event changed, if it may have reached a milestone by it.
pub(crate) fn order_of(event: &HubEvent) -> Option<&PoNumber> {
    match event {
        HubEvent::PoConfirmed(e) => Some(&e.po_number),
        HubEvent::PoInTransit(e) => Some(&e.po_number),
        HubEvent::PoReceiptRecorded(e) => Some(&e.po_number),
        HubEvent::PoNoticeUndone(e) => Some(&e.po_number),
        HubEvent::PoReduced(e) => Some(&e.po_number),
        HubEvent::PoChanged(e) => Some(&e.po_number),
        HubEvent::PoQualityRecorded(e) => Some(&e.po_number),
        HubEvent::PoReturnRecorded(e) => Some(&e.po_number),
        HubEvent::InvoiceMatched(e) => Some(&e.po_number),
        HubEvent::PoClosed(e) => Some(&e.po_number),
        _ => None,
    }
}
