//! The books: which movements become postings, and how the ERP's own figures compare with ours.
//! Rule: docs/concepts/domain.md 5.8. Receipts and shipments post where they are decided (`procurement/receipts`, `shipments`), and
//! so do returns to suppliers. Not here: what an invoice matches.
//! Invariant: a posting follows an effect, never a request: what waits for a decision is not posted. Nothing synthetic is (16.3).

use crossdock_model::{
    AdjustmentReason, Amount, Balance, CorrectionCause, ExceptionKind, FacilityId, Fact, HubEvent, InventoryValued,
    MovementAdjusted, MovementId, MovementTransferred, ProductId, Resolution, Severity, StockCorrected, Timestamp,
    Unit, ValuedLine,
};
use rust_decimal::Decimal;
use serde_json::json;

use super::procurement::questions;
use super::{Ask, Question, routes};
use crate::Draft;
use crate::about::About;

/// A movement of one product, as it is posted.
struct Posted<'a> {
    kind: &'a str,
    movement: (&'a FacilityId, &'a MovementId),
    product: &'a ProductId,
    quantity: Balance,
    unit: &'a str,
    at: Timestamp,
    /// Which of the effects of its movement: one that is corrected later has more than one.
    distinct: String,
}

/// The postings of a fact. `drafts` are what follows from it: an adjustment that waits has had no effect.
pub(super) fn of_fact(ask: &Ask<'_>, fact: &Fact, drafts: &[Draft]) -> Vec<Draft> {
    match fact {
        Fact::Adjusted(m) => Vec::from_iter(adjusted(ask, m, drafts)),
        Fact::Scrapped(m) => {
            let posted = Posted {
                kind: "scrap",
                movement: (&m.facility, &m.movement_id),
                product: &m.product,
                quantity: Balance::from(m.quantity),
                unit: m.unit.as_str(),
                at: ask.entry.meta.source_time,
                distinct: String::new(),
            };
            Vec::from_iter(post(ask, posted))
        }
        Fact::TransferredOut(m) => transferred(ask, m, "transfer_out"),
        Fact::TransferredIn(m) => transferred(ask, m, "transfer_in"),
        Fact::InventoryValued(valued) => compared(ask, valued),
        _ => Vec::new(),
    }
}

fn adjusted(ask: &Ask<'_>, m: &MovementAdjusted, drafts: &[Draft]) -> Option<Draft> {
    // The ERP has the first balance of a facility from where the facility has it.
    let known = !matches!(m.reason, AdjustmentReason::OpeningBalance | AdjustmentReason::Unknown(_));
    let waits = drafts.iter().any(|draft| matches!(draft.event, HubEvent::AdjustmentHeld(_)));
    let posted = Posted {
        kind: "adjustment",
        movement: (&m.facility, &m.movement_id),
        product: &m.product,
        quantity: m.quantity,
        unit: m.unit.as_str(),
        at: ask.entry.meta.source_time,
        distinct: String::new(),
    };
    if known && !waits { post(ask, posted) } else { None }
}

/// Each leg is a posting of its facility's books.
fn transferred(ask: &Ask<'_>, m: &MovementTransferred, kind: &str) -> Vec<Draft> {
    let lines = m.lines.iter().enumerate();
    let posted = lines.filter_map(|(index, line)| {
        let posted = Posted {
            kind,
            movement: (&m.facility, &m.movement_id),
            product: &line.product,
            quantity: Balance::from(line.quantity),
            unit: line.unit.as_str(),
            at: ask.entry.meta.source_time,
            distinct: (index + 1).to_string(),
        };
        post(ask, posted)
    });
    posted.collect()
}

/// What a count corrected, or an adjustment that was approved.
pub(super) fn corrected(ask: &Ask<'_>, event: &StockCorrected) -> Option<Draft> {
    let versions = ask.state.master.product(&event.product);
    let base = versions.and_then(|versions| versions.value(event.at, |record| record.base_unit.as_ref()));
    let first = event.cause == CorrectionCause::Adjustment;
    let posted = Posted {
        kind: "adjustment",
        movement: (&event.facility, &event.reference),
        product: &event.product,
        quantity: event.quantity,
        unit: base.map_or("EA", Unit::as_str),
        at: event.at,
        // A late movement changes what a count corrects: each correction is another posting.
        distinct: if first { String::new() } else { ask.entry.seq.to_string() },
    };
    post(ask, posted)
}

fn post(ask: &Ask<'_>, posted: Posted<'_>) -> Option<Draft> {
    let (facility, movement) = posted.movement;
    if posted.quantity == Balance::ZERO || ask.policy.is_reserved(posted.product) {
        return None;
    }
    let context = ask.entry.context();
    if !routes::is_posted(ask, &context) {
        return None;
    }
    let body = json!({
        "movementId": movement, "kind": posted.kind, "product": posted.product, "facility": facility,
        "quantity": posted.quantity, "unit": posted.unit, "sourceTime": posted.at.to_string(),
    });
    let about = About::Movement(facility.clone(), movement.clone());
    routes::posting(ask, &context, about, &body, posted.distinct)
}

/// The ERP's figures beside ours. While something waits to be posted they cannot agree: then nothing is said.
fn compared(ask: &Ask<'_>, valued: &InventoryValued) -> Vec<Draft> {
    if ask.policy.erp.as_ref().is_some_and(|erp| ask.state.deliveries.backlog(erp) > 0) {
        return Vec::new();
    }
    let mut drafts: Vec<Draft> = valued.lines.iter().flat_map(|line| stock(ask, valued, line)).collect();
    if let Some(theirs) = &valued.received_not_invoiced {
        let mut amounts: std::collections::BTreeMap<_, Decimal> = std::collections::BTreeMap::new();
        for open in theirs {
            *amounts.entry(open.supplier.clone()).or_default() += open.amount.decimal();
        }
        let ours = ask.state.procurement.received_not_invoiced.iter();
        for ((supplier, _), _) in ours.filter(|((_, currency), _)| *currency == valued.currency) {
            amounts.entry(supplier.clone()).or_default();
        }
        for (supplier, theirs) in amounts {
            let ours = ask.state.procurement.received_not_invoiced.get(&(supplier.clone(), valued.currency.clone()));
            let ours = ours.copied().unwrap_or_default();
            let what = format!(
                "{supplier}: the ERP has {} {} received and not invoiced, we have {}",
                Amount::from(theirs),
                valued.currency,
                Amount::from(ours)
            );
            let difference = theirs - ours;
            let details = json!({ "valuation": valued.valuation_id, "difference": Amount::from(difference) });
            drafts.extend(asked(ask, format!("supplier/{supplier}"), (difference.is_zero(), what, details)));
        }
    }
    drafts
}

fn stock(ask: &Ask<'_>, valued: &InventoryValued, line: &ValuedLine) -> Vec<Draft> {
    // Older than what is kept: nothing can be said of it.
    let Ok(ours) = ask.state.stock.as_of((&line.product, &line.facility), None, valued.as_of) else {
        return Vec::new();
    };
    let difference = line.quantity - ours.on_hand;
    let worth = difference.decimal().checked_mul(line.unit_cost.decimal()).unwrap_or_default();
    let what = format!(
        "the ERP values {} of {} at {} as of {}, we have {}: {difference}, worth {} {}",
        line.quantity,
        line.product,
        line.facility,
        valued.as_of,
        ours.on_hand,
        Amount::from(worth),
        valued.currency
    );
    let details = json!({ "valuation": valued.valuation_id, "difference": difference, "value": Amount::from(worth) });
    let about = format!("position/{}/{}", line.facility, line.product);
    asked(ask, about, (difference == Balance::ZERO, what, details))
}

/// Asked with the newest figures, and closed by the valuation that agrees.
fn asked(ask: &Ask<'_>, about: String, (agrees, what, details): (bool, String, serde_json::Value)) -> Vec<Draft> {
    let kind = ExceptionKind::ValuationDifference;
    if agrees {
        return Vec::from_iter(questions::no_longer(ask, &about, kind, "the books agree now"));
    }
    let open = ask.state.exceptions.open_about(&about, kind);
    if open.is_some_and(|x| x.opened.details.get("difference") == details.get("difference")) {
        return Vec::new();
    }
    let question = Question {
        kind,
        about,
        what,
        why: "one of the two books lacks a movement, or has one twice",
        owner: "finance",
        severity: Severity::Medium,
        resolutions: &[Resolution::Ignore],
        details,
    };
    questions::instead(ask, question)
}
