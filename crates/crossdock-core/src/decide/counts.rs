//! Counts and adjustments: what is taken at once, and what waits for a decision.
//! Rules: docs/concepts/domain.md 4.10, 5.6, 5.7.
//! Invariant: a decision is about the variance that was seen; where that changes, it is asked again.

use crossdock_model::{
    AdjustmentHeld, AdjustmentReason, Balance, CorrectionCause, ExceptionKind, ExceptionOpened, FacilityId, HubEvent,
    MovementAdjusted, MovementCounted, MovementId, ProductId, Quantity, Resolution, Severity, StockCorrected,
};
use serde_json::{Value, json};

use super::positions::closed_by_rule;
use super::{Ask, Question, allocation, sequence};
use crate::about::About;
use crate::stock::{Count, CountKey, TooOld, count_key_of};
use crate::{Draft, ExceptionState};

/// An adjustment is in the figures already. One that needs a decision is taken out again before anything follows from it.
pub(super) fn adjusted(ask: &Ask<'_>, movement: &MovementAdjusted) -> Vec<Draft> {
    if let AdjustmentReason::Unknown(code) = &movement.reason {
        return vec![unknown_reason(ask, movement, code)];
    }
    let at = ask.entry.meta.source_time;
    let place = (&movement.product, &movement.facility);
    // Older than what is kept: then of what is there now.
    let there = ask.state.stock.as_of(place, movement.lot.as_ref(), at);
    let there = there.or_else(|_| ask.state.stock.as_of(place, movement.lot.as_ref(), ask.now));
    let books = there.map(|shelf| shelf.on_hand).unwrap_or_default() - movement.quantity;
    let counted = movement.reason == AdjustmentReason::CycleCount;
    if !counted || !is_material(ask, &movement.product, movement.quantity, books) {
        return allocation::fill_backorders(ask, &movement.product);
    }
    let held = AdjustmentHeld {
        movement_id: movement.movement_id.clone(),
        facility: movement.facility.clone(),
        product: movement.product.clone(),
        lot: movement.lot.clone(),
        quantity: movement.quantity,
        at,
        settled: ask.state.stock.counted.last_settled,
    };
    let question = Question {
        kind: ExceptionKind::CountVariance,
        about: About::Movement(movement.facility.clone(), movement.movement_id.clone()).to_string(),
        what: format!(
            "{} adjusts {}{} by {} after a count; the books say {books}",
            movement.facility,
            movement.product,
            of_lot(movement.lot.as_ref()),
            movement.quantity
        ),
        why: "the variance is above what is taken without a decision",
        owner: "inventory",
        severity: Severity::Medium,
        resolutions: &[Resolution::Approve, Resolution::Reject],
        details: json!({ "product": movement.product, "facility": movement.facility, "lot": movement.lot,
            "variance": movement.quantity, "books": books }),
    };
    let opened = super::opened(ask.policy, ask.now, question);
    vec![Draft::from(HubEvent::AdjustmentHeld(held)), Draft::from(HubEvent::ExceptionOpened(opened))]
}

fn unknown_reason(ask: &Ask<'_>, movement: &MovementAdjusted, code: &str) -> Draft {
    let question = Question {
        kind: ExceptionKind::UnknownReason,
        about: About::Movement(movement.facility.clone(), movement.movement_id.clone()).to_string(),
        what: format!(
            "{} adjusts {}{} by {} for the reason `{code}`, which nobody agreed on",
            movement.facility,
            movement.product,
            of_lot(movement.lot.as_ref()),
            movement.quantity
        ),
        why: "what the reason does to the stock is not known; nothing was changed by it",
        owner: "integration",
        severity: Severity::Medium,
        resolutions: &[Resolution::Approve, Resolution::Reject],
        details: json!({ "product": movement.product, "facility": movement.facility, "lot": movement.lot,
            "quantity": movement.quantity, "reason": code }),
    };
    Draft::from(HubEvent::ExceptionOpened(super::opened(ask.policy, ask.now, question)))
}

/// A count waits while numbers of its facility are missing (domain.md 5.3).
pub(super) fn counted(ask: &Ask<'_>, movement: &MovementCounted) -> Vec<Draft> {
    let key = (movement.facility.clone(), movement.product.clone(), movement.lot.clone());
    // One that is older than another count says nothing any more.
    let newest = ask.state.stock.counted.get(&key).is_some_and(|count| count.reference == movement.movement_id);
    if newest { compare(ask, &key) } else { Vec::new() }
}

/// What waited for missing numbers.
pub(super) fn released(ask: &Ask<'_>, facility: &FacilityId) -> Vec<Draft> {
    ask.state.stock.counted.unsettled_of(facility).iter().flat_map(|key| compare(ask, key)).collect()
}

/// Something moved at a place: a count of a later time has another variance.
pub(super) fn moved(ask: &Ask<'_>, product: &ProductId, facility: &FacilityId) -> Vec<Draft> {
    ask.state.stock.counted.unsettled_at(facility, product).iter().flat_map(|key| compare(ask, key)).collect()
}

/// What the books have above a count that was taken, until that is settled: nobody may be promised it.
pub(super) fn doubtful(ask: &Ask<'_>, product: &ProductId, facility: &FacilityId) -> Quantity {
    let unsettled = ask.state.stock.counted.unsettled_at(facility, product);
    let above = unsettled.iter().filter_map(|key| {
        let count = ask.state.stock.counted.get(key).filter(|count| count.variance.is_some())?;
        difference(ask, key, count).ok().map(|difference| difference.rest.shortfall())
    });
    above.sum()
}

/// Holds a count against the books as of its time: small differences are taken, material ones are asked.
fn compare(ask: &Ask<'_>, key: &CountKey) -> Vec<Draft> {
    let Some(count) = ask.state.stock.counted.get(key).filter(|_| !sequence::holds_back(ask, &key.0)) else {
        return Vec::new();
    };
    let open = open_about(ask, key);
    let difference = match difference(ask, key, count) {
        Ok(difference) => difference,
        Err(_) if open.is_some_and(|x| seen(&x.opened) == (Some(count.reference.clone()), None)) => return Vec::new(),
        Err(old) => return replaced(open, too_old(ask, key, count, old)),
    };
    if !is_material(ask, &key.1, difference.variance, difference.books) {
        let taken = Draft::from(HubEvent::StockCorrected(correction(key, count, &difference)));
        let closed = open.map(|x| closed_by_rule(x.id, "the variance is one that needs nobody"));
        return closed.into_iter().chain([taken]).collect();
    }
    if open.is_some_and(|x| seen(&x.opened) == (Some(count.reference.clone()), Some(difference.variance))) {
        return Vec::new();
    }
    replaced(open, variance(ask, key, count, &difference))
}

/// What a count says of the books as of its time.
struct Difference {
    /// What the books said without anything that the count corrected.
    books: Balance,
    /// What was counted, less that.
    variance: Balance,
    /// What of it is not in the books yet.
    rest: Balance,
}

fn difference(ask: &Ask<'_>, (facility, product, lot): &CountKey, count: &Count) -> Result<Difference, TooOld> {
    let there = ask.state.stock.as_of((product, facility), lot.as_ref(), count.at)?.on_hand;
    let rest = Balance::from(count.counted) - there;
    let taken = count.variance.unwrap_or_default();
    Ok(Difference { books: there - taken, variance: taken + rest, rest })
}

fn correction((facility, product, lot): &CountKey, count: &Count, difference: &Difference) -> StockCorrected {
    StockCorrected {
        facility: facility.clone(),
        product: product.clone(),
        lot: lot.clone(),
        quantity: difference.rest,
        at: count.at,
        cause: CorrectionCause::Count,
        reference: count.reference.clone(),
        variance: Some(difference.variance),
    }
}

fn is_material(ask: &Ask<'_>, product: &ProductId, variance: Balance, books: Balance) -> bool {
    ask.policy.variance.is_material(variance, books, ask.policy.unit_costs.get(product).copied())
}

fn about((facility, product, _): &CountKey) -> String {
    format!("position/{facility}/{product}")
}

fn distinct((_, _, lot): &CountKey) -> String {
    lot.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn open_about<'a>(ask: &Ask<'a>, key: &CountKey) -> Option<&'a ExceptionState> {
    ask.state.exceptions.open_distinct(&about(key), ExceptionKind::CountVariance, &distinct(key))
}

/// The count and the variance that an exception asks about.
fn seen(opened: &ExceptionOpened) -> (Option<MovementId>, Option<Balance>) {
    let text = |field: &str| opened.details.get(field).and_then(Value::as_str);
    (text("movementId").and_then(|id| id.parse().ok()), text("variance").and_then(|n| n.parse().ok()))
}

fn replaced(open: Option<&ExceptionState>, question: ExceptionOpened) -> Vec<Draft> {
    let closed = open.map(|x| closed_by_rule(x.id, "the variance changed"));
    closed.into_iter().chain([Draft::from(HubEvent::ExceptionOpened(question))]).collect()
}

fn variance(ask: &Ask<'_>, key: &CountKey, count: &Count, difference: &Difference) -> ExceptionOpened {
    let (facility, product, lot) = key;
    let question = Question {
        kind: ExceptionKind::CountVariance,
        about: about(key),
        what: format!(
            "{} of {product}{} were counted at {facility} at {}; the books say {}: a variance of {}",
            count.counted,
            of_lot(lot.as_ref()),
            count.at,
            difference.books,
            difference.variance
        ),
        why: "the variance is above what is taken without a decision; a decision is about this variance only",
        owner: "inventory",
        severity: Severity::Medium,
        resolutions: &[Resolution::Approve, Resolution::Reject],
        details: json!({ "movementId": count.reference, "product": product, "facility": facility, "lot": lot,
            "counted": count.counted, "books": difference.books, "variance": difference.variance }),
    };
    ExceptionOpened { distinct: distinct(key), ..super::opened(ask.policy, ask.now, question) }
}

fn too_old(ask: &Ask<'_>, key: &CountKey, count: &Count, old: TooOld) -> ExceptionOpened {
    let (facility, product, lot) = key;
    let question = Question {
        kind: ExceptionKind::CountVariance,
        about: about(key),
        what: format!(
            "{} of {product}{} were counted at {facility} at {}, which is before {}, from when on movements are kept",
            count.counted,
            of_lot(lot.as_ref()),
            count.at,
            old.since
        ),
        why: "the count cannot be held against the books of its time any more; count again",
        owner: "inventory",
        severity: Severity::Medium,
        resolutions: &[Resolution::Reject],
        details: json!({ "movementId": count.reference, "product": product, "facility": facility, "lot": lot,
            "counted": count.counted }),
    };
    ExceptionOpened { distinct: distinct(key), ..super::opened(ask.policy, ask.now, question) }
}

fn of_lot(lot: Option<&crossdock_model::LotNumber>) -> String {
    lot.map(|lot| format!(" (lot {lot})")).unwrap_or_default()
}

/// A person decided. What is approved is what was seen: nothing may have moved since, or it had been asked again.
pub(super) fn decided(ask: &Ask<'_>, opened: &ExceptionOpened, resolution: Resolution) -> Vec<Draft> {
    if resolution != Resolution::Approve {
        return Vec::new();
    }
    if let Some(About::Movement(facility, id)) = About::parse(&opened.about) {
        let held = ask.state.stock.counted.held(&facility, &id);
        return held.map(|held| Draft::from(HubEvent::StockCorrected(of_held(held)))).into_iter().collect();
    }
    let key = count_key_of(opened);
    let count = key.as_ref().and_then(|key| Some((key, ask.state.stock.counted.get(key)?)));
    let Some((key, count)) = count else { return Vec::new() };
    match difference(ask, key, count) {
        Ok(difference) if seen(opened) == (Some(count.reference.clone()), Some(difference.variance)) => {
            vec![Draft::from(HubEvent::StockCorrected(correction(key, count, &difference)))]
        }
        _ => compare(ask, key),
    }
}

fn of_held(held: &AdjustmentHeld) -> StockCorrected {
    StockCorrected {
        facility: held.facility.clone(),
        product: held.product.clone(),
        lot: held.lot.clone(),
        quantity: held.quantity,
        at: held.at,
        cause: CorrectionCause::Adjustment,
        reference: held.movement_id.clone(),
        variance: None,
    }
}

/// The books are what the shelf is: what rose serves who waits.
pub(super) fn corrected(ask: &Ask<'_>, event: &StockCorrected) -> Vec<Draft> {
    allocation::fill_backorders(ask, &event.product)
}
