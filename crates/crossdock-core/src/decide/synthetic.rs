//! Synthetic transactions: whether one may begin, and where its messages go (docs/concepts/domain.md, 16).
//! Here: the budget, the switch, the isolation of a delivery, who stands in for whom. Not here: reserved names (`admission.rs`),
//! counting (`crate::synthetic`).
//! Invariant (I17): what is not marked is never touched; what is marked is never posted.

use std::sync::Arc;

use crossdock_model::{
    Amount, Currency, DeliveryPlanned, Fact, HubEvent, Isolation, SyntheticRunOpened, SyntheticSwitched,
    SyntheticTarget, SystemId, Timestamp,
};
use jiff::SignedDuration;

use super::Ask;
use super::admission::fresh_context;
use super::commands::{Carried, settled, who, why};
use crate::partition::Submission;
use crate::synthetic::MAX_BEGUN;
use crate::{Context, Policy, Refusal, State};

/// A call to a system, as this connection has it: to the system, to its stand-in, or kept here. `None`: nobody to call.
pub(super) fn isolated(
    state: &State,
    policy: &Policy,
    context: &Context,
    mut plan: DeliveryPlanned,
) -> Option<DeliveryPlanned> {
    match target_of(state, policy, context, &plan.target) {
        SyntheticTarget::Real => return policy.target(&plan.target).map(|_| plan),
        SyntheticTarget::Sink => plan.isolation = Some(Box::new(Isolation::Sink)),
        SyntheticTarget::StandIn => {
            let known = policy.synthetic.stand_ins.get(&plan.target).filter(|system| policy.target(system).is_some());
            let isolation = match known {
                Some(stand_in) => Isolation::StandInFor(std::mem::replace(&mut plan.target, stand_in.clone())),
                // Nobody stands in: it must not reach the system by mistake.
                None => Isolation::Sink,
            };
            plan.isolation = Some(Box::new(isolation));
        }
    }
    Some(plan)
}

/// Whether a call to a system would go anywhere: asked before its body is made.
pub(super) fn is_called(ask: &Ask<'_>, context: &Context, system: &SystemId) -> bool {
    target_of(ask.state, ask.policy, context, system) != SyntheticTarget::Real || ask.policy.target(system).is_some()
}

/// What the run declared, else what is declared for all runs, else the system itself.
fn target_of(state: &State, policy: &Policy, context: &Context, system: &SystemId) -> SyntheticTarget {
    if !context.synthetic {
        return SyntheticTarget::Real;
    }
    let of_run = context.run_id.as_ref().and_then(|run| state.synthetic.declared(run, system));
    of_run.or_else(|| policy.synthetic.targets.get(system).copied()).unwrap_or_default()
}

/// A fact of a simulator is the fact of the system that it stands in for, in synthetic transactions and nowhere else.
pub(crate) fn stood_in(state: &State, policy: &Policy, submission: &Submission) -> Result<Option<Submission>, Refusal> {
    let mut pairs = policy.synthetic.stand_ins.iter();
    let Some((system, stand_in)) = pairs.find(|(_, stand_in)| **stand_in == submission.system) else { return Ok(None) };
    let spoken = Submission { system: system.clone(), ..submission.clone() };
    let context = super::context_of(state, &spoken, state.seq + 1);
    if !context.synthetic {
        return Err(Refusal::not_owner(format!("{stand_in} stands in for {system} in synthetic transactions only")));
    }
    if target_of(state, policy, &context, system) != SyntheticTarget::StandIn {
        let run = context.run_id.map_or_else(|| "this one".to_owned(), |run| format!("run {run}"));
        return Err(Refusal::not_owner(format!("{stand_in} does not stand in for {system} in {run}")));
    }
    Ok(Some(spoken))
}

/// What begins is bounded; what goes on is not, so that everything can be cleaned up.
pub(super) fn may_begin(
    state: &State,
    policy: &Policy,
    submission: &Submission,
    now: Timestamp,
) -> Result<(), Refusal> {
    if !submission.synthetic {
        return Ok(());
    }
    let (currency, worth) = match &submission.fact {
        Fact::OrderCaptured(order) => (&order.currency, Some(order.total)),
        Fact::Recommended(r) => (&r.currency, r.unit_price.times(r.quantity)),
        _ => return Ok(()),
    };
    if let Some((switched, at)) = state.synthetic.stopped() {
        let message = format!("{} stopped synthetic transactions at {at}: {}", switched.by, switched.reason);
        return Err(refusal(403, "synthetic/stopped", message));
    }
    within(state, policy, currency, worth, now)
}

fn within(
    state: &State,
    policy: &Policy,
    currency: &Currency,
    worth: Option<Amount>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let budget = &policy.synthetic.budget;
    let open = state.synthetic.open_count();
    if let Some(most) = budget.open.filter(|most| open >= *most) {
        let message = format!("{open} synthetic transactions are open, and {most} may be; clean up first");
        return Err(refusal(429, "synthetic/open", message));
    }
    let window = SignedDuration::from_millis(budget.window_ms.max(0));
    let since = now.checked_sub(window).unwrap_or(Timestamp::MIN);
    let (begun, spent) = state.synthetic.begun_since(since, currency);
    let seconds = budget.window_ms / 1000;
    if let Some(most) = budget.begun.map(|most| most.min(MAX_BEGUN)).filter(|most| begun >= *most) {
        let message = format!("{begun} synthetic transactions began within {seconds} s, and {most} may");
        return Err(refusal(429, "synthetic/rate", message));
    }
    if budget.money.is_empty() {
        return Ok(());
    }
    let most = budget.money.get(currency).copied().unwrap_or(Amount::ZERO);
    let sum = worth.and_then(|worth| spent.checked_add(worth));
    if sum.is_none_or(|sum| sum > most) {
        let worth = worth.unwrap_or_default();
        let message = format!(
            "synthetic transactions of {seconds} s are worth {spent} {currency} and {most} at most; this one adds {worth}"
        );
        return Err(refusal(403, "synthetic/money", message));
    }
    Ok(())
}

fn refusal(status: u16, rule: &'static str, message: String) -> Refusal {
    Refusal { status, rule, pointer: "/synthetic".to_owned(), message }
}

/// A run says before its first message where its messages go; said again, the last word counts.
pub(super) fn open_run(state: &State, policy: &Policy, opened: &SyntheticRunOpened) -> Result<Carried, Refusal> {
    who(&opened.by)?;
    for (system, target) in &opened.targets {
        let at = format!("/targets/{system}");
        if policy.target(system).is_none() {
            return Err(Refusal::invalid("synthetic/target", at, format!("no system that is called is `{system}`")));
        }
        if *target == SyntheticTarget::StandIn && !policy.synthetic.stand_ins.contains_key(system) {
            let message = format!("no simulator stands in for `{system}`");
            return Err(Refusal::invalid("synthetic/stand-in", at, message));
        }
    }
    let context = fresh_context(state.seq + 1, true, Some(opened.run_id.clone()));
    Ok(Carried { events: vec![(context, HubEvent::SyntheticRunOpened(opened.clone()))], replayed: None })
}

/// The kill switch.
pub(super) fn switch(state: &State, stop: bool, by: &str, reason: &str) -> Result<Carried, Refusal> {
    who(by)?;
    why(reason, if stop { "a stop" } else { "going on" })?;
    if state.synthetic.stopped().is_some() == stop {
        let message = if stop { "they are stopped already" } else { "they are not stopped" };
        return Err(settled(message.to_owned()));
    }
    let switched = SyntheticSwitched { by: by.to_owned(), reason: reason.to_owned() };
    let event = if stop { HubEvent::SyntheticStopped(switched) } else { HubEvent::SyntheticResumed(switched) };
    Ok(Carried { events: vec![(fresh_context(state.seq + 1, true, None), event)], replayed: None })
}

/// The functional acknowledgement of an interchange, where its sender can be called.
pub(crate) fn acknowledgement(
    state: &State,
    policy: &Policy,
    context: &Context,
    submission: &Submission,
) -> Option<HubEvent> {
    let ack = submission.acknowledge.clone()?;
    let plan = super::routes::functional_ack(state, &submission.system, ack, &submission.id);
    isolated(state, policy, context, plan).map(|plan| HubEvent::DeliveryPlanned(Arc::new(plan)))
}
