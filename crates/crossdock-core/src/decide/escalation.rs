//! Deadlines: who is asked when nobody has decided in time (docs/concepts/domain.md, 11.4).
//! Here: the next level of an exception or a dead letter. Not here: the first deadline (`opened` in `decide/mod.rs`, `delivery`).
//! Acts at the deadline, then at each declared level, once a level; the last one is the end of it. A decision ends it at any time.
//! Ignores severity: a shorter deadline for what is urgent is declared (`Policy::due_by_severity_ms`).

use crossdock_model::{DeadLetterEscalated, DeliveryId, ExceptionEscalated, ExceptionId, HubEvent, Timestamp};
use jiff::SignedDuration;

use super::Ask;
use crate::{Draft, EscalationLevel};

pub(super) fn exception(ask: &Ask<'_>, id: ExceptionId) -> Vec<Draft> {
    let Some(state) = ask.state.exceptions.get(id).filter(|state| state.resolved.is_none()) else { return Vec::new() };
    let step = next(&ask.policy.escalation, state.level, &state.opened.owner, state.opened.due);
    let event = ExceptionEscalated { exception_id: id, level: step.level, to: step.to, why: step.why, next: step.next };
    vec![Draft::of(&state.context, HubEvent::ExceptionEscalated(event))]
}

pub(super) fn dead_letter(ask: &Ask<'_>, id: DeliveryId) -> Vec<Draft> {
    let Some(delivery) = ask.state.deliveries.get(id) else { return Vec::new() };
    let Some(dead) = &delivery.dead else { return Vec::new() };
    let step = next(&ask.policy.escalation, dead.level, &dead.opened.owner, dead.opened.due);
    let target = delivery.plan.target.clone();
    let event =
        DeadLetterEscalated { delivery_id: id, target, level: step.level, to: step.to, why: step.why, next: step.next };
    vec![Draft::of(&delivery.context, HubEvent::DeadLetterEscalated(event))]
}

/// A level that is reached.
struct Step {
    level: u32,
    to: String,
    why: String,
    next: Option<Timestamp>,
}

/// The level behind `reached`. Where none is declared, the owner is reminded at the deadline: it never passes unsaid.
fn next(levels: &[EscalationLevel], reached: u32, owner: &str, due: Timestamp) -> Step {
    let at = |level: u32| usize::try_from(level).ok().and_then(|level| levels.get(level));
    let time = |level: &EscalationLevel| {
        due.saturating_add(SignedDuration::from_millis(level.after_ms.max(0))).unwrap_or(Timestamp::MAX)
    };
    let (to, late_ms) = match at(reached) {
        Some(level) if reached > 0 => (level.to.clone(), level.after_ms),
        Some(first) => (first.to.clone(), 0),
        None => (owner.to_owned(), 0),
    };
    let why = if late_ms > 0 {
        format!("nobody has decided {} s after the deadline", late_ms / 1000)
    } else {
        "nobody has decided before the deadline".to_owned()
    };
    Step { level: reached + 1, to, why, next: at(reached + 1).map(time) }
}
