//! A migration before its date: each movement of the owner is held against that of the system that is to own it.
//! Rule: docs/concepts/domain.md 2.3.3. Two words are of the same movement by their business content (product, facility, kind) within a
//! window of source time; numbers of movements are each system's own and prove nothing. Here: what is noted, and what a window that is
//! over means. Not here: the roles (`ownership.rs`), the notes (`shadow.rs`).
//! Invariant: what the next owner says has no effect but in the comparison.

use std::collections::BTreeSet;

use crossdock_model::{
    Balance, ExceptionKind, FacilityId, Fact, FactSetAside, HubEvent, ProductId, Resolution, Severity, ShadowDiffered,
    ShadowMove, ShadowNoted, ShadowOutcome, ShadowSide, SystemId, Timestamp,
};
use jiff::SignedDuration;
use serde_json::json;

use super::{Ask, Question, ownership, units};
use crate::Draft;
use crate::shadow::{Waiting, day};

/// Windows that are looked at when one is over; the rest is over at once again.
const AT_ONCE: usize = 256;

/// The owner said something that another system is to say from a date on.
pub(super) fn said_by_owner(ask: &Ask<'_>, fact: &Fact) -> Vec<Draft> {
    if !ask.policy.ownership.has_shadows() {
        return Vec::new();
    }
    let Some(write) = ownership::written_by(fact) else { return Vec::new() };
    let group = ask.policy.ownership.group(write.object, write.group);
    if !group.is_some_and(|group| group.is_shadowed(ask.entry.meta.source_time)) {
        return Vec::new();
    }
    let group = format!("{}/{}", write.object, write.group);
    let meta = ask.entry.meta;
    noted(ask, group, ShadowSide::Owner, (&meta.system, meta.id.as_str(), meta.source_time), fact)
}

/// The next owner said something, which was set aside.
pub(super) fn set_aside(ask: &Ask<'_>, aside: &FactSetAside) -> Vec<Draft> {
    let Some(Ok(said)) = Fact::from_data(&aside.event_type, aside.data.clone()) else { return Vec::new() };
    let factors = units::factors_of(ask.state, &said, aside.source_time).unwrap_or_default();
    let fact = said.in_base_units(&factors).unwrap_or(said);
    let group = format!("{}/{}", aside.object, aside.group);
    noted(ask, group, ShadowSide::Shadow, (&aside.system, &aside.id, aside.source_time), &fact)
}

fn noted(
    ask: &Ask<'_>,
    group: String,
    side: ShadowSide,
    (system, id, at): (&SystemId, &str, Timestamp),
    fact: &Fact,
) -> Vec<Draft> {
    let moves = moves(fact);
    if moves.is_empty() {
        return Vec::new();
    }
    let window = SignedDuration::from_millis(ask.policy.shadow_window_ms);
    let noted = ShadowNoted {
        group,
        side,
        system: system.clone(),
        id: id.to_owned(),
        at,
        not_before: at.saturating_sub(window).unwrap_or(Timestamp::MIN),
        not_after: at.saturating_add(window).unwrap_or(Timestamp::MAX),
        until: ask.now.saturating_add(window).unwrap_or(Timestamp::MAX),
        moves,
    };
    vec![HubEvent::ShadowNoted(noted).into()]
}

/// What a fact moves, in base units; a fact that moves nothing is not compared.
fn moves(fact: &Fact) -> Vec<ShadowMove> {
    let one = |facility: &FacilityId, kind: &str, product: &ProductId, quantity: Balance| ShadowMove {
        product: product.clone(),
        facility: facility.clone(),
        kind: kind.to_owned(),
        quantity,
    };
    match fact {
        Fact::Picked(m) => m.lines.iter().map(|l| one(&m.facility, "picked", &l.product, l.quantity.into())).collect(),
        Fact::Packed(m) => m.lines.iter().map(|l| one(&m.facility, "packed", &l.product, l.quantity.into())).collect(),
        Fact::Returned(m) => {
            m.lines.iter().map(|l| one(&m.facility, "returned", &l.product, l.quantity.into())).collect()
        }
        Fact::ShortPicked(m) => {
            m.lines.iter().map(|l| one(&m.facility, "short_picked", &l.product, l.quantity.into())).collect()
        }
        Fact::Shipped(m) => {
            m.lines.iter().map(|l| one(&m.facility, "shipped", &l.product, l.quantity.into())).collect()
        }
        Fact::Received(m) => {
            let came = |l: &crossdock_model::ReceivedLine| Balance::from(l.accepted) + l.rejected;
            m.lines.iter().map(|l| one(&m.facility, "received", &l.product, came(l))).collect()
        }
        Fact::Adjusted(m) => vec![one(&m.facility, "adjusted", &m.product, m.quantity)],
        Fact::Quarantined(m) => vec![one(&m.facility, "quarantined", &m.product, m.quantity.into())],
        Fact::Released(m) => vec![one(&m.facility, "released", &m.product, m.quantity.into())],
        Fact::Damaged(m) => vec![one(&m.facility, "damaged", &m.product, m.quantity.into())],
        Fact::Scrapped(m) => vec![one(&m.facility, "scrapped", &m.product, m.quantity.into())],
        Fact::TransferredOut(m) => {
            m.lines.iter().map(|l| one(&m.facility, "transferred_out", &l.product, l.quantity.into())).collect()
        }
        Fact::TransferredIn(m) => {
            m.lines.iter().map(|l| one(&m.facility, "transferred_in", &l.product, l.quantity.into())).collect()
        }
        Fact::ReturnedToSupplier(m) => {
            m.lines.iter().map(|l| one(&m.facility, "returned_to_supplier", &l.product, l.quantity.into())).collect()
        }
        Fact::Counted(m) => vec![one(&m.facility, "counted", &m.product, m.quantity.into())],
        _ => Vec::new(),
    }
}

/// Windows are over: each word that waited in them is different from the other side's, or alone.
pub(super) fn window_over(ask: &Ask<'_>, group: &str) -> Vec<Draft> {
    let Some(comparison) = ask.state.shadows.get(group) else { return Vec::new() };
    let mut settled = BTreeSet::new();
    let mut drafts = Vec::new();
    let mut asked = BTreeSet::new();
    for (id, waiting) in comparison.over(ask.now).take(AT_ONCE) {
        if !settled.insert(id) {
            continue;
        }
        let other = comparison.counterparts(waiting).find(|(other, _)| !settled.contains(other));
        settled.extend(other.map(|(other, _)| other));
        let (product, facility, kind, side) = waiting.content.clone();
        let here = Some(waiting.place(id));
        let there = other.map(|(id, other)| other.place(id));
        let of_owner = other.map(|(_, other)| other.at).filter(|_| side == ShadowSide::Shadow);
        let (owner, shadow) = if side == ShadowSide::Owner { (here, there) } else { (there, here) };
        let differed = ShadowDiffered {
            group: group.to_owned(),
            day: day(of_owner.unwrap_or(waiting.at)),
            outcome: match (&owner, &shadow) {
                (Some(_), Some(_)) => ShadowOutcome::Different,
                (Some(_), None) => ShadowOutcome::Missing,
                (None, _) => ShadowOutcome::Unexpected,
            },
            product,
            facility,
            kind,
            owner,
            shadow,
        };
        let question = question(&differed, waiting);
        // A day with many differences is one question: its figures stand in the comparison.
        let first = asked.insert(differed.day);
        drafts.push(HubEvent::ShadowDiffered(differed).into());
        drafts.extend(ask.open(question).filter(|_| first));
    }
    drafts
}

fn question(differed: &ShadowDiffered, waiting: &Waiting) -> Question<'static> {
    let ShadowDiffered { group, day, product, facility, kind, owner, shadow, .. } = differed;
    let said = match (owner, shadow) {
        (Some(owner), Some(shadow)) => {
            format!("{} says {}, {} says {}", owner.system, owner.quantity, shadow.system, shadow.quantity)
        }
        (Some(owner), None) => format!("{} says {}, and nobody in shadow", owner.system, owner.quantity),
        (None, Some(shadow)) => format!("{} says {} in shadow, and the owner nothing", shadow.system, shadow.quantity),
        (None, None) => String::new(),
    };
    Question {
        kind: ExceptionKind::ShadowDifference,
        about: format!("shadow/{group}/{day}"),
        what: format!("{kind} {product} at {facility} at {}: {said}", waiting.at),
        why: "before the roles change both systems have to say the same",
        owner: "integration",
        severity: Severity::Low,
        resolutions: &[Resolution::Ignore],
        details: json!({ "first": differed }),
    }
}
