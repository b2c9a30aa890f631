//! Changes of an order after it was sent: the buyer's (860), the supplier's answer (865), and what is agreed.
//! Rule: docs/concepts/domain.md, 9.5. Not here: the X12 documents.
//! Invariant: nothing moves before the change is accepted; what has left the supplier is never taken back by one.

use crossdock_model::{
    ExceptionKind, HubEvent, PoChangeAcknowledged, PoChangeRefused, PoChangeRequested, PoChanged, PoLine, PoReduced,
    Resolution, Severity,
};
use serde_json::json;

use super::orders::status;
use super::questions;
use crate::Draft;
use crate::about::About;
use crate::decide::{Ask, Question, matching};
use crate::procurement::PoState;

/// The change waits for the supplier. What cannot be is asked at once, while there is time to talk.
pub(in crate::decide) fn change_requested(ask: &Ask<'_>, change: &PoChangeRequested) -> Vec<Draft> {
    let Some(po) = ask.state.purchase_order(&change.po_number) else {
        return Vec::from_iter(questions::unknown_po(ask, &change.po_number, "changes", &change.change_id));
    };
    if !po.is_open() {
        return Vec::from_iter(questions::closed_po(ask, &change.po_number, "changes", &change.change_id));
    }
    let parts = impossible(po, &change.lines);
    if parts.is_empty() {
        return Vec::new();
    }
    let what = format!("change {} of purchase order {}: {}", change.change_id, change.po_number, parts.join("; "));
    questions::instead_of(
        ask,
        &change.change_id,
        variance(po, what, "what has left the supplier cannot be taken back by a change of the order"),
    )
}

/// Accepted, it is looked at again: the supplier may have shipped what it takes back.
pub(in crate::decide) fn change_acknowledged(ask: &Ask<'_>, answer: &PoChangeAcknowledged) -> Vec<Draft> {
    let number = &answer.po_number;
    let Some(po) = ask.state.purchase_order(number) else {
        return Vec::from_iter(questions::unknown_po(ask, number, "answers a change of", &answer.change_id));
    };
    let pending = po.change.as_ref().filter(|change| change.change_id == answer.change_id);
    let Some(change) = pending else {
        if po.ended_changes.contains(&answer.change_id) {
            return Vec::new();
        }
        let system = &ask.entry.meta.system;
        let what = format!("{system} answers change {}, which does not wait", answer.change_id);
        return Vec::from_iter(questions::odd(ask, number, what, &answer.change_id));
    };
    let refused = |reason: String| {
        let refused =
            PoChangeRefused { po_number: number.clone(), change_id: change.change_id.clone(), reason: reason.clone() };
        let mut drafts = vec![Draft::of(&po.context, HubEvent::PoChangeRefused(refused))];
        let what = format!("change {} of purchase order {number}: {reason}", change.change_id);
        let why = "the order stays as it was; the buyer expects another one";
        drafts.extend(questions::instead_of(ask, &change.change_id, variance(po, what, why)));
        drafts
    };
    if !answer.accepted {
        let reason = answer.reason.as_deref().unwrap_or("no reason given");
        return refused(format!("{} refuses it ({reason})", po.po.supplier));
    }
    let parts = impossible(po, &change.lines);
    if !po.is_open() || !parts.is_empty() {
        return refused(format!("accepted, and not possible: {}", parts.join("; ")));
    }
    let changed = PoChanged {
        po_number: number.clone(),
        change_id: Some(change.change_id.clone()),
        lines: change.lines.clone(),
        by: ask.entry.meta.system.to_string(),
    };
    vec![Draft::of(&po.context, HubEvent::PoChanged(changed))]
}

/// Other lines, other prices: invoices look different now, and the order may be settled.
pub(in crate::decide) fn changed(ask: &Ask<'_>, event: &PoChanged) -> Vec<Draft> {
    let mut drafts = status(ask, &event.po_number);
    drafts.extend(matching::rematch(ask, &event.po_number));
    drafts
}

/// Less will come: what was billed for it matches nothing any more, and the order may be settled.
pub(in crate::decide) fn reduced(ask: &Ask<'_>, event: &PoReduced) -> Vec<Draft> {
    let mut drafts = status(ask, &event.po_number);
    drafts.extend(matching::rematch(ask, &event.po_number));
    drafts
}

/// What of a change cannot be, in words.
fn impossible(po: &PoState, lines: &[PoLine]) -> Vec<String> {
    let mut parts = Vec::new();
    for wanted in lines {
        let number = wanted.line_number;
        let Some(line) = po.line(number) else { continue };
        if line.product != wanted.product || line.unit != wanted.unit {
            let (was, unit) = (&line.product, &line.unit);
            parts.push(format!("line {number} is {was} in {unit}, not {} in {}", wanted.product, wanted.unit));
            continue;
        }
        let less = line.ordered.quantity.saturating_sub(wanted.quantity);
        let open = po.to_come(line);
        if less > open {
            parts.push(format!("line {number}: {less} less, and {open} are still with the supplier"));
        }
    }
    parts
}

fn variance<'a>(po: &PoState, what: String, why: &'a str) -> Question<'a> {
    Question {
        kind: ExceptionKind::ChangeVariance,
        about: About::Po(po.po.po_number.clone()).to_string(),
        what,
        why,
        owner: "procurement",
        severity: Severity::Medium,
        resolutions: &[Resolution::Ignore],
        details: json!({ "change": po.change }),
    }
}
