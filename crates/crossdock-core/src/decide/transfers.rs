//! Transfers: what arrived above what left is asked.
//! Rules: docs/concepts/domain.md 4.11.1, I7.

use crossdock_model::{
    ExceptionKind, ExceptionOpened, FacilityId, HubEvent, MovementTransferred, Resolution, Severity,
};
use serde_json::json;

use super::positions::closed_by_rule;
use super::{Ask, Question, allocation};
use crate::Draft;

pub(super) fn left(ask: &Ask<'_>, movement: &MovementTransferred) -> Vec<Draft> {
    overrun(ask, movement, &movement.counterpart)
}

pub(super) fn arrived(ask: &Ask<'_>, movement: &MovementTransferred) -> Vec<Draft> {
    let mut drafts = overrun(ask, movement, &movement.facility);
    let mut products: Vec<_> = movement.lines.iter().map(|line| &line.product).collect();
    products.sort();
    products.dedup();
    drafts.extend(products.into_iter().flat_map(|product| allocation::fill_backorders(ask, product)));
    drafts
}

/// One exception a transfer, of exactly what is too much. It closes by itself when the leg that was late explains it.
fn overrun(ask: &Ask<'_>, movement: &MovementTransferred, to: &FacilityId) -> Vec<Draft> {
    let transfer = ask.state.stock.transfers.get(&movement.transfer_id, to);
    let lines = transfer.map(|transfer| &transfer.lines).into_iter().flatten();
    let over: Vec<_> = lines.map(|(p, legs)| (p, legs.overrun())).filter(|(_, over)| !over.is_zero()).collect();
    let about = format!("transfer/{}/{to}", movement.transfer_id);
    let open = ask.state.exceptions.open_about(&about, ExceptionKind::TransferOverrun);
    let details = json!({ "transferId": movement.transfer_id, "to": to,
        "over": over.iter().map(|(product, over)| json!({ "product": product, "quantity": over })).collect::<Vec<_>>() });
    if open.map(|x| &x.opened.details) == Some(&details) || (open.is_none() && over.is_empty()) {
        return Vec::new();
    }
    let mut drafts: Vec<_> = open.map(|x| closed_by_rule(x.id, "the figures changed")).into_iter().collect();
    if !over.is_empty() {
        let parts: Vec<_> = over.iter().map(|(product, over)| format!("{over} of {product}")).collect();
        let question = Question {
            kind: ExceptionKind::TransferOverrun,
            about,
            what: format!(
                "{} arrived at {to} with transfer {} above what left",
                parts.join(", "),
                movement.transfer_id
            ),
            why: "the leg that left is missing or wrong, or the goods belong elsewhere",
            owner: "inventory",
            severity: Severity::Medium,
            resolutions: &[Resolution::Ignore],
            details,
        };
        let opened: ExceptionOpened = super::opened(ask.policy, ask.now, question);
        drafts.push(Draft::from(HubEvent::ExceptionOpened(opened)));
    }
    drafts
}
