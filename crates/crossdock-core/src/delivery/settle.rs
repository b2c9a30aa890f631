//! Which events the end of an attempt makes.
//! Invariant: equal state, outcome, time and seed give equal events; the jitter is a function of them, not of chance.

use crossdock_model::{
    AttemptFailed, BreakerChanged, DeadLetterOpened, DeliveryId, DeliverySucceeded, HubEvent, LeftItem, Retired,
    Severity, SystemId, Timestamp,
};

use super::backoff::{backoff, jitter, later};
use super::verdict::{Again, Verdict, judge, left};
use super::{AttemptOutcome, Breaker, Deliveries, Delivery, Lanes};
use crate::exceptions::BY_RULE;
use crate::{Policy, TargetPolicy};

/// Dead letters that one failed trial may make: the rest follows with the next trial.
const MAX_BURIED_AT_ONCE: usize = 100;
/// Waiting heads that are looked at for it.
const MAX_LOOKED_AT: usize = 1000;
/// The longest pause that a target may ask for.
const MAX_PAUSE_MS: i64 = 3_600_000;

/// The events that the end of an attempt makes.
pub fn settle(
    deliveries: &Deliveries,
    policy: &Policy,
    lanes: &Lanes,
    (id, outcome): (DeliveryId, AttemptOutcome),
    now: Timestamp,
    seed: u64,
) -> Vec<HubEvent> {
    let Some(delivery) = deliveries.get(id) else { return Vec::new() };
    let defaults = TargetPolicy::default();
    let rules = policy.target(&delivery.plan.target).unwrap_or(&defaults);
    let end = End { deliveries, policy, rules, delivery, attempt: delivery.attempts + 1, now, seed };
    match judge(outcome, &delivery.plan.operation) {
        Verdict::Done { status, body, items } => {
            let left = delivery.plan.items.as_ref().zip(items).map(|(planned, ends)| left(&planned.keys, &ends));
            end.done(status, body, left.unwrap_or_default())
        }
        Verdict::Refused { status, why } => end.refused(status, why),
        Verdict::Again(again) => end.again(again),
        Verdict::Down { why } => end.down(&why, lanes),
    }
}

/// The end of one attempt, with all that is looked at.
struct End<'a> {
    deliveries: &'a Deliveries,
    policy: &'a Policy,
    rules: &'a TargetPolicy,
    delivery: &'a Delivery,
    attempt: u32,
    now: Timestamp,
    seed: u64,
}

impl End<'_> {
    fn target(&self) -> &SystemId {
        &self.delivery.plan.target
    }

    fn breaker(&self) -> &Breaker {
        self.deliveries.breaker(self.target())
    }

    /// Calls that were under way when it opened say nothing new when they fail: only a trial may make the pause longer.
    fn shut_until(&self) -> Option<Timestamp> {
        match self.breaker() {
            Breaker::Open { until, .. } if *until > self.now => Some(*until),
            _ => None,
        }
    }

    fn done(&self, status: u16, response: serde_json::Value, left: Vec<LeftItem>) -> Vec<HubEvent> {
        let plan = &self.delivery.plan;
        let succeeded = DeliverySucceeded {
            delivery_id: self.delivery.id,
            target: plan.target.clone(),
            operation: plan.operation.clone(),
            attempts: self.attempt,
            status,
            response,
            left,
        };
        let mut events = vec![HubEvent::DeliverySucceeded(succeeded)];
        events.extend(self.closed());
        events
    }

    fn refused(&self, status: u16, why: String) -> Vec<HubEvent> {
        let mut events = vec![self.bury(self.delivery, self.attempt, why, Some(status))];
        // It answered: the target itself is well.
        events.extend(self.closed());
        events
    }

    fn again(&self, Again { why, ambiguous, retry_after_ms, throttled }: Again) -> Vec<HubEvent> {
        let rules = self.rules;
        let failures = self.delivery.failures + u32::from(!throttled);
        let window = backoff(rules.retry_base_ms, rules.retry_cap_ms, failures.max(1));
        let jitter = jitter(self.seed, self.delivery.id, self.attempt, window);
        let asked = retry_after_ms.map(|ms| ms.clamp(0, MAX_PAUSE_MS));
        let retry_at = later(self.now, asked.unwrap_or(0).max(jitter));
        let hold_until = asked.filter(|ms| *ms > 0).map(|ms| later(self.now, ms));
        let mut events = Vec::new();
        if failures >= rules.max_attempts {
            let mut dead = self.bury(self.delivery, self.attempt, why.clone(), None);
            if let HubEvent::DeadLetterOpened(dead) = &mut dead {
                dead.hold_until = hold_until;
            }
            events.push(dead);
        } else {
            let mut failed = self.failed(why.clone(), retry_at);
            failed.ambiguous = ambiguous;
            failed.target_down = throttled;
            failed.hold_until = hold_until;
            events.push(HubEvent::AttemptFailed(failed));
        }
        let open = matches!(self.breaker(), Breaker::Open { .. });
        let too_many = self.deliveries.failures_in_a_row(self.target()) + 1 >= rules.breaker_failures;
        // A target that asks for a pause gets it; that is no failure, and a trial that hears it has its answer.
        if throttled {
            events.extend(self.closed());
        } else if self.shut_until().is_none() && (open || too_many) {
            events.push(self.opened(why).1);
        }
        events
    }

    fn down(&self, why: &str, lanes: &Lanes) -> Vec<HubEvent> {
        let (until, breaker) = if let Some(until) = self.shut_until() {
            (until, None)
        } else {
            let (until, event) = self.opened(why.to_owned());
            (until, Some(event))
        };
        let mut buried = Vec::new();
        if let Some(limit) = self.rules.give_up_after_ms {
            let before = self.now.saturating_sub(jiff::SignedDuration::from_millis(limit.max(0)));
            let overdue = self.deliveries.heads_since(self.target(), before.unwrap_or(Timestamp::MIN));
            // One that is under way may have its effect yet: its own end decides about it.
            let idle = overdue.take(MAX_LOOKED_AT).filter(|d| !lanes.is_under_way(d.id));
            for other in idle.take(MAX_BURIED_AT_ONCE) {
                let attempts = if other.id == self.delivery.id { self.attempt } else { other.attempts };
                let why = format!("waited {} s for a target that cannot be reached: {why}", limit / 1000);
                buried.push(self.bury(other, attempts, why, None));
            }
        }
        let own = self.delivery.id;
        let gave_up = buried.iter().any(|event| match event {
            HubEvent::DeadLetterOpened(e) => e.delivery_id == own,
            HubEvent::DeliveryRetired(e) => e.delivery_id == own,
            _ => false,
        });
        let mut events = Vec::new();
        if !gave_up {
            let mut failed = self.failed(why.to_owned(), until);
            failed.target_down = true;
            events.push(HubEvent::AttemptFailed(failed));
        }
        events.extend(buried);
        events.extend(breaker);
        events
    }

    fn failed(&self, why: String, retry_at: Timestamp) -> AttemptFailed {
        AttemptFailed {
            delivery_id: self.delivery.id,
            target: self.target().clone(),
            operation: self.delivery.plan.operation.clone(),
            attempt: self.attempt,
            why,
            ambiguous: false,
            target_down: false,
            retry_at,
            hold_until: None,
        }
    }

    fn bury(&self, d: &Delivery, attempts: u32, why: String, status: Option<u16>) -> HubEvent {
        if self.deliveries.has_newer(d) {
            // Nobody has to look at old news.
            return HubEvent::DeliveryRetired(Retired {
                delivery_id: d.id,
                target: d.plan.target.clone(),
                by: BY_RULE.to_owned(),
                reason: format!("a newer one waits behind it; {why}"),
            });
        }
        let severity = Severity::Medium;
        HubEvent::DeadLetterOpened(DeadLetterOpened {
            delivery_id: d.id,
            target: d.plan.target.clone(),
            operation: d.plan.operation.clone(),
            attempts,
            why,
            status,
            about: d.plan.about.clone(),
            owner: format!("integration/{}", d.plan.target),
            due: later(self.now, self.policy.due_ms(severity)),
            severity,
            hold_until: None,
        })
    }

    fn opened(&self, why: String) -> (Timestamp, HubEvent) {
        let times = match self.breaker() {
            Breaker::Open { times, .. } => times + 1,
            Breaker::Closed => 1,
        };
        // Half of the pause is certain, half is jitter: hubs that lost the same target do not come back as one.
        let pause = backoff(self.rules.breaker_base_ms, self.rules.breaker_cap_ms, times);
        let pause = pause / 2 + jitter(self.seed, DeliveryId(u64::from(times)), times, pause / 2);
        let until = later(self.now, pause);
        let target = self.target().clone();
        (until, HubEvent::BreakerOpened(BreakerChanged { target, why, retry_at: Some(until) }))
    }

    fn closed(&self) -> Option<HubEvent> {
        let open = matches!(self.breaker(), Breaker::Open { .. });
        let (target, why) = (self.target().clone(), "it answers again".to_owned());
        open.then_some(HubEvent::BreakerClosed(BreakerChanged { target, why, retry_at: None }))
    }
}
