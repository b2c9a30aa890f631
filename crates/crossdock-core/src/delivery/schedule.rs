//! The schedule: which deliveries go out now, and which events the end of an attempt makes.
//! Invariant: equal state, outcome, time and seed give equal events; the jitter is a function of them, not of chance.

use std::collections::BTreeSet;
use std::sync::Arc;

use crossdock_model::{
    AttemptFailed, BreakerChanged, DeadLetterOpened, DeliveryId, DeliveryPlanned, DeliverySucceeded, HubEvent,
    SystemId, Timestamp,
};
use jiff::SignedDuration;

use super::verdict::{Verdict, judge};
use super::{AttemptOutcome, Breaker, Deliveries, Delivery};
use crate::{Context, Policy, Seq, TargetPolicy};

/// Dead letters that one failed trial may make: the rest follows with the next trial.
const MAX_BURIED_AT_ONCE: usize = 100;

/// One attempt to make.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Of which delivery.
    pub id: DeliveryId,
    /// From 1.
    pub number: u32,
    /// What is owed.
    pub plan: Arc<DeliveryPlanned>,
    /// Its connection.
    pub context: Context,
    /// True where an earlier attempt may have had its effect: look it up first where the target can.
    pub maybe_done: bool,
}

/// The attempts to make now. `in_flight`: those under way; `durable`: what is safely in the ledger.
pub fn due(
    deliveries: &Deliveries,
    policy: &Policy,
    in_flight: &BTreeSet<DeliveryId>,
    durable: Seq,
    restored: Seq,
    now: Timestamp,
) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    for target in deliveries.targets() {
        let Some(rules) = policy.target(target) else { continue };
        let room = match deliveries.breaker(target) {
            Breaker::Closed => rules.max_in_flight,
            Breaker::Open { until, .. } if *until <= now => 1,
            Breaker::Open { .. } => 0,
        };
        let mut busy = 0;
        let mut picked = Vec::new();
        for delivery in deliveries.ready(target) {
            if busy + picked.len() >= room || delivery.not_before > now {
                break;
            }
            if in_flight.contains(&delivery.id) {
                busy += 1;
            } else if delivery.freed_by <= durable {
                picked.push(attempt(delivery, restored));
            }
        }
        attempts.append(&mut picked);
    }
    attempts
}

fn attempt(delivery: &Delivery, restored: Seq) -> Attempt {
    Attempt {
        id: delivery.id,
        number: delivery.attempts + 1,
        plan: delivery.plan.clone(),
        context: delivery.context.clone(),
        // After a restart nobody knows what was under way.
        maybe_done: delivery.attempts > 0 || delivery.id.0 <= restored,
    }
}

/// When [`due`] may have something new, if nothing else happens.
pub fn wake_at(deliveries: &Deliveries, in_flight: &BTreeSet<DeliveryId>, now: Timestamp) -> Option<Timestamp> {
    let next = |target: &SystemId| match deliveries.breaker(target) {
        Breaker::Open { until, .. } => {
            let first = deliveries.ready(target).find(|d| !in_flight.contains(&d.id));
            first.map(|d| d.not_before.max(*until))
        }
        Breaker::Closed => deliveries.next_after(target, now),
    };
    deliveries.targets().filter_map(next).filter(|at| *at > now).min()
}

/// The events that the end of an attempt makes.
pub fn settle(
    deliveries: &Deliveries,
    policy: &Policy,
    in_flight: &BTreeSet<DeliveryId>,
    (id, outcome): (DeliveryId, AttemptOutcome),
    now: Timestamp,
    seed: u64,
) -> Vec<HubEvent> {
    let Some(delivery) = deliveries.get(id) else { return Vec::new() };
    let plan = &delivery.plan;
    let defaults = TargetPolicy::default();
    let rules = policy.target(&plan.target).unwrap_or(&defaults);
    let attempt = delivery.attempts + 1;
    let open = matches!(deliveries.breaker(&plan.target), Breaker::Open { .. });
    // Calls that were under way when it opened say nothing new when they fail: only a trial may make the pause longer.
    let shut = matches!(deliveries.breaker(&plan.target), Breaker::Open { until, .. } if *until > now);
    let mut events = Vec::new();
    match judge(outcome, &plan.operation) {
        Verdict::Done { status, body } => {
            events.push(HubEvent::DeliverySucceeded(DeliverySucceeded {
                delivery_id: id,
                target: plan.target.clone(),
                operation: plan.operation.clone(),
                attempts: attempt,
                status,
                response: body,
            }));
            if open {
                events.push(closed(&plan.target));
            }
        }
        Verdict::Refused { status, why } => {
            events.push(bury(delivery, attempt, why, Some(status), policy, now));
            // It answered: the target itself is well.
            if open {
                events.push(closed(&plan.target));
            }
        }
        Verdict::Again { why, ambiguous, retry_after_ms } => {
            let failures = delivery.failures + 1;
            let jitter = jitter(seed, id, attempt, backoff(rules.retry_base_ms, rules.retry_cap_ms, failures));
            let retry_at = later(now, retry_after_ms.unwrap_or(0).clamp(0, 3_600_000).max(jitter));
            if failures >= rules.max_attempts {
                events.push(bury(delivery, attempt, why.clone(), None, policy, now));
            } else {
                events.push(failed(delivery, attempt, why.clone(), ambiguous, false, retry_at));
            }
            if !shut && (open || deliveries.failures_in_a_row(&plan.target) + 1 >= rules.breaker_failures) {
                events.push(opened(deliveries, rules, &plan.target, why, now, seed).1);
            }
        }
        Verdict::Down { why } => {
            let (until, breaker) = match deliveries.breaker(&plan.target) {
                Breaker::Open { until, .. } if shut => (*until, None),
                _ => {
                    let (until, event) = opened(deliveries, rules, &plan.target, why.clone(), now, seed);
                    (until, Some(event))
                }
            };
            let mut buried = Vec::new();
            if let Some(limit) = rules.give_up_after_ms {
                // One that is under way may have its effect yet: its own end decides about it.
                let idle = deliveries.ready(&plan.target).filter(|d| !in_flight.contains(&d.id));
                let overdue = idle.filter(|d| later(d.planned_at, limit) <= now);
                for other in overdue.take(MAX_BURIED_AT_ONCE) {
                    let attempts = if other.id == id { attempt } else { other.attempts };
                    let why = format!("waited {} s for a target that cannot be reached: {why}", limit / 1000);
                    buried.push(bury(other, attempts, why, None, policy, now));
                }
            }
            let gave_up = buried.iter().any(|e| matches!(e, HubEvent::DeadLetterOpened(d) if d.delivery_id == id));
            if !gave_up {
                events.push(failed(delivery, attempt, why, false, true, until));
            }
            events.extend(buried);
            events.extend(breaker);
        }
    }
    events
}

fn failed(
    d: &Delivery,
    attempt: u32,
    why: String,
    ambiguous: bool,
    target_down: bool,
    retry_at: Timestamp,
) -> HubEvent {
    HubEvent::AttemptFailed(AttemptFailed {
        delivery_id: d.id,
        target: d.plan.target.clone(),
        operation: d.plan.operation.clone(),
        attempt,
        why,
        ambiguous,
        target_down,
        retry_at,
    })
}

fn bury(d: &Delivery, attempts: u32, why: String, status: Option<u16>, policy: &Policy, now: Timestamp) -> HubEvent {
    HubEvent::DeadLetterOpened(DeadLetterOpened {
        delivery_id: d.id,
        target: d.plan.target.clone(),
        operation: d.plan.operation.clone(),
        attempts,
        why,
        status,
        about: d.plan.about.clone(),
        owner: format!("integration/{}", d.plan.target),
        due: later(now, policy.decision_due_ms),
    })
}

fn opened(
    deliveries: &Deliveries,
    rules: &TargetPolicy,
    target: &SystemId,
    why: String,
    now: Timestamp,
    seed: u64,
) -> (Timestamp, HubEvent) {
    let times = match deliveries.breaker(target) {
        Breaker::Open { times, .. } => times + 1,
        Breaker::Closed => 1,
    };
    // Half of the pause is certain, half is jitter: hubs that lost the same target do not come back as one.
    let pause = backoff(rules.breaker_base_ms, rules.breaker_cap_ms, times);
    let pause = pause / 2 + jitter(seed, DeliveryId(u64::from(times)), times, pause / 2);
    let until = later(now, pause);
    (until, HubEvent::BreakerOpened(BreakerChanged { target: target.clone(), why, retry_at: Some(until) }))
}

fn closed(target: &SystemId) -> HubEvent {
    HubEvent::BreakerClosed(BreakerChanged {
        target: target.clone(),
        why: "it answers again".to_owned(),
        retry_at: None,
    })
}

fn later(now: Timestamp, ms: i64) -> Timestamp {
    now.saturating_add(SignedDuration::from_millis(ms.max(0))).unwrap_or(Timestamp::MAX)
}

/// `base`, doubled with each further time, up to `cap`.
fn backoff(base: i64, cap: i64, times: u32) -> i64 {
    let factor = 1_i64 << times.saturating_sub(1).min(20);
    base.saturating_mul(factor).min(cap).max(1)
}

/// Between 1 and `window`, by the seed: full jitter, the same for the same attempt.
fn jitter(seed: u64, id: DeliveryId, attempt: u32, window: i64) -> i64 {
    let mixed = splitmix(seed ^ splitmix(id.0 ^ (u64::from(attempt) << 40)));
    let window = u64::try_from(window.max(1)).unwrap_or(1);
    i64::try_from(mixed % window).unwrap_or(0) + 1
}

/// The output function of `SplitMix64`: one multiplication-and-shift chain, good enough to spread retries.
fn splitmix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
