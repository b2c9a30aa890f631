//! Counts and adjustments: what is taken at once, and what waits for a decision.
//! Rules: docs/concepts/domain.md 4.10, 5.6, 5.7.
//! Invariant: a decision is about the variance that was seen; where that changes, it is asked again.

use std::collections::BTreeSet;

use crossdock_model::{
    AdjustmentHeld, AdjustmentReason, Balance, CorrectionCause, ExceptionKind, ExceptionOpened, FacilityId, HubEvent,
    MovementAdjusted, MovementCounted, MovementId, ProductId, Quantity, Resolution, Severity, SnapshotLine,
    StockCorrected, StockSnapshot,
};
use serde_json::{Value, json};

use super::positions::closed_by_rule;
use super::{Ask, Question, allocation, sequence};
use crate::about::About;
use crate::stock::{Count, CountKey, CountKind, TooOld, count_key_of};
use crate::{Draft, ExceptionState};

/// An adjustment is in the figures already. One that needs a decision is taken out again before anything follows from it.
pub(super) fn adjusted(ask: &Ask<'_>, movement: &MovementAdjusted) -> Vec<Draft> {
    if let AdjustmentReason::Unknown(code) = &movement.reason {
        return vec![unknown_reason(ask, movement, code)];
    }
    let at = ask.entry.meta.source_time;
    let books = || {
        let place = (&movement.product, &movement.facility);
        // Older than what is kept: then of what is there now.
        let there = ask.state.stock.as_of(place, movement.lot.as_ref(), at);
        let there = there.or_else(|_| ask.state.stock.as_of(place, movement.lot.as_ref(), ask.now));
        there.map(|shelf| shelf.on_hand).unwrap_or_default() - movement.quantity
    };
    let material = movement.reason == AdjustmentReason::CycleCount
        && is_material(ask, &movement.product, movement.quantity, books());
    if !material {
        return allocation::fill_backorders(ask, &movement.product);
    }
    let books = books();
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
    let key = (movement.facility.clone(), movement.product.clone(), movement.lot.clone(), CountKind::Count);
    // One that is older than another count says nothing any more.
    let newest = ask.state.stock.counted.get(&key).is_some_and(|count| count.reference == movement.movement_id);
    if newest { compare(ask, &key) } else { Vec::new() }
}

/// A snapshot changes nothing: what differs is asked, position by position.
pub(super) fn snapshot(ask: &Ask<'_>, snapshot: &StockSnapshot) -> Vec<Draft> {
    let key =
        |line: &SnapshotLine| (snapshot.facility.clone(), line.product.clone(), line.lot.clone(), CountKind::Snapshot);
    // The last line of a position holds, and an older snapshot says nothing any more.
    let keys: BTreeSet<_> = snapshot.lines.iter().map(key).collect();
    let newest =
        |key: &&CountKey| ask.state.stock.counted.get(key).is_some_and(|count| count.reference == snapshot.snapshot_id);
    keys.iter().filter(newest).flat_map(|key| compare(ask, key)).collect()
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
        let taken = |count: &&Count| key.3 == CountKind::Count && count.variance.is_some();
        let count = ask.state.stock.counted.get(key).filter(taken)?;
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
        // What is older than a count or than what is kept contradicts nothing that can still be looked at.
        Err(_) if key.3 == CountKind::Snapshot => {
            return open.map(|x| closed_by_rule(x.id, "its time is not kept any more")).into_iter().collect();
        }
        Err(old) => return replaced(open, too_old(ask, key, count, old)),
    };
    if key.3 == CountKind::Snapshot && counted_since(ask, key, count) {
        return open.map(|x| closed_by_rule(x.id, "it was counted since")).into_iter().collect();
    }
    if key.3 == CountKind::Snapshot && difference.rest == Balance::ZERO {
        return open.map(|x| closed_by_rule(x.id, "the books agree")).into_iter().collect();
    }
    let taken = key.3 == CountKind::Count && !is_material(ask, &key.1, difference.variance, difference.books);
    if taken {
        let taken = Draft::from(HubEvent::StockCorrected(correction(key, count, &difference)));
        let closed = open.map(|x| closed_by_rule(x.id, "the variance is one that needs nobody"));
        return closed.into_iter().chain([taken]).collect();
    }
    if open.is_some_and(|x| seen(&x.opened) == (Some(count.reference.clone()), Some(difference.variance))) {
        return Vec::new();
    }
    replaced(open, variance(ask, key, count, &difference))
}

/// A count that was taken holds: books of an earlier time contradict nothing any more.
fn counted_since(ask: &Ask<'_>, (facility, product, lot, _): &CountKey, snapshot: &Count) -> bool {
    let key = (facility.clone(), product.clone(), lot.clone(), CountKind::Count);
    ask.state.stock.counted.get(&key).is_some_and(|count| count.variance.is_some() && count.at >= snapshot.at)
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

fn difference(ask: &Ask<'_>, (facility, product, lot, kind): &CountKey, count: &Count) -> Result<Difference, TooOld> {
    let there = ask.state.stock.as_of((product, facility), lot.as_ref(), count.at)?.on_hand;
    let rest = count.counted - there;
    // Of a count the whole variance is material or not; of two books only what differs now.
    let taken = if *kind == CountKind::Count { count.variance.unwrap_or_default() } else { Balance::ZERO };
    Ok(Difference { books: there - taken, variance: taken + rest, rest })
}

fn correction((facility, product, lot, kind): &CountKey, count: &Count, difference: &Difference) -> StockCorrected {
    StockCorrected {
        facility: facility.clone(),
        product: product.clone(),
        lot: lot.clone(),
        quantity: difference.rest,
        at: count.at,
        cause: match kind {
            CountKind::Count => CorrectionCause::Count,
            CountKind::Snapshot => CorrectionCause::Snapshot,
        },
        reference: count.reference.clone(),
        variance: Some(difference.variance),
    }
}

fn is_material(ask: &Ask<'_>, product: &ProductId, variance: Balance, books: Balance) -> bool {
    ask.policy.variance.is_material(variance, books, ask.policy.unit_costs.get(product).copied())
}

fn about((facility, product, ..): &CountKey) -> String {
    format!("position/{facility}/{product}")
}

fn distinct((_, _, lot, _): &CountKey) -> String {
    lot.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn kind_of((.., kind): &CountKey) -> ExceptionKind {
    match kind {
        CountKind::Count => ExceptionKind::CountVariance,
        CountKind::Snapshot => ExceptionKind::SnapshotDifference,
    }
}

fn open_about<'a>(ask: &Ask<'a>, key: &CountKey) -> Option<&'a ExceptionState> {
    ask.state.exceptions.open_distinct(&about(key), kind_of(key), &distinct(key))
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
    let (facility, product, lot, kind) = key;
    let (of_lot, books, variance) = (of_lot(lot.as_ref()), difference.books, difference.variance);
    let question = Question {
        kind: kind_of(key),
        about: about(key),
        what: match kind {
            CountKind::Count => format!(
                "{} of {product}{of_lot} were counted at {facility} at {}; the books say {books}: a variance of {variance}",
                count.counted, count.at
            ),
            CountKind::Snapshot => format!(
                "{facility} has {} of {product}{of_lot} on its books as of {}, the hub {books}: a difference of {variance}",
                count.counted, count.at
            ),
        },
        why: match kind {
            CountKind::Count => {
                "the variance is above what is taken without a decision; a decision is about this variance only"
            }
            CountKind::Snapshot => "one of the two books lacks something or has it twice; nothing is overwritten",
        },
        owner: "inventory",
        severity: Severity::Medium,
        resolutions: match kind {
            CountKind::Count => &[Resolution::Approve, Resolution::Reject],
            CountKind::Snapshot => &[Resolution::Approve, Resolution::Ignore],
        },
        details: json!({ "movementId": count.reference, "product": product, "facility": facility, "lot": lot,
            "counted": count.counted, "books": books, "variance": variance }),
    };
    ExceptionOpened { distinct: distinct(key), ..super::opened(ask.policy, ask.now, question) }
}

fn too_old(ask: &Ask<'_>, key: &CountKey, count: &Count, old: TooOld) -> ExceptionOpened {
    let (facility, product, lot, _) = key;
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
