//! The lanes: per target, which deliveries go out now. What is under way, the rate limit, the retry budget.
//! Here: what a restart forgets. Not here: the queues (state), what the end of an attempt means (`settle.rs`).
//! Invariant: equal state, calls and times give equal attempts; a lane is looked at when something of its target changed or its
//! time has come, and then in its own heads only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crossdock_model::{DeliveryId, DeliveryPlanned, Event, HubEvent, SystemId, Timestamp};

use super::backoff::later;
use super::target::Target;
use super::{Breaker, Deliveries, Delivery};
use crate::{Context, Entry, Policy, RateLimit, RetryBudget, Seq, TargetPolicy};

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

/// What goes out now, and when to look again.
#[derive(Debug, Default)]
pub struct Lanes {
    by_target: BTreeMap<SystemId, Lane>,
    under_way: BTreeMap<DeliveryId, SystemId>,
    /// Something of theirs changed since they were looked at.
    stirred: Vec<SystemId>,
    /// When to look though nothing changed.
    wakes: BTreeSet<(Timestamp, SystemId)>,
    /// After a restart every target is looked at once.
    started: bool,
}

#[derive(Debug)]
struct Lane {
    busy: usize,
    wake: Option<Timestamp>,
    rate: Pace,
    retries: Tokens,
}

/// What all visits of one look share.
struct Look<'a> {
    deliveries: &'a Deliveries,
    durable: Seq,
    restored: Seq,
    now: Timestamp,
}

impl Lanes {
    /// Notes that an entry is durable: what it frees may go.
    pub fn stir(&mut self, deliveries: &Deliveries, entry: &Entry) {
        let Event::Hub(event) = &entry.event else { return };
        let target = match event {
            HubEvent::DeliveryPlanned(e) => Some(&e.target),
            HubEvent::DeliverySucceeded(e) => Some(&e.target),
            HubEvent::AttemptFailed(e) => Some(&e.target),
            HubEvent::DeliveryRetired(e) => Some(&e.target),
            HubEvent::DeadLetterOpened(e) => Some(&e.target),
            HubEvent::BreakerOpened(e) | HubEvent::BreakerClosed(e) => Some(&e.target),
            HubEvent::DeadLetterReplayed(e) => deliveries.get(e.delivery_id).map(|d| &d.plan.target),
            _ => None,
        };
        if let Some(target) = target {
            self.look_at(target);
        }
    }

    /// An attempt ended: its place is free.
    pub fn end(&mut self, id: DeliveryId) {
        let Some(target) = self.under_way.remove(&id) else { return };
        if let Some(lane) = self.by_target.get_mut(&target) {
            lane.busy -= 1;
        }
        self.look_at(&target);
    }

    /// There are a few targets, and many entries a target.
    fn look_at(&mut self, target: &SystemId) {
        if !self.stirred.contains(target) {
            self.stirred.push(target.clone());
        }
    }

    /// Whether an attempt of it is under way.
    pub fn is_under_way(&self, id: DeliveryId) -> bool {
        self.under_way.contains_key(&id)
    }

    /// The attempts to make now. `durable`: what is safely in the ledger; `restored`: what may have been sent before a restart.
    pub fn due(
        &mut self,
        deliveries: &Deliveries,
        policy: &Policy,
        (durable, restored): (Seq, Seq),
        now: Timestamp,
    ) -> Vec<Attempt> {
        if !self.started {
            self.started = true;
            self.stirred.extend(deliveries.targets().cloned());
        }
        while self.wakes.first().is_some_and(|(at, _)| *at <= now) {
            self.stirred.extend(self.wakes.pop_first().map(|(_, target)| target));
        }
        let look = Look { deliveries, durable, restored, now };
        let mut attempts = Vec::new();
        let mut stirred = std::mem::take(&mut self.stirred);
        stirred.sort_unstable();
        stirred.dedup();
        for system in stirred {
            let (Some(rules), Some(target)) = (policy.target(&system), deliveries.target(&system)) else { continue };
            let lane = self.by_target.entry(system.clone()).or_insert_with(|| Lane::new(rules, now));
            if let Some(at) = lane.wake.take() {
                self.wakes.remove(&(at, system.clone()));
            }
            let picked = lane.visit(&look, target, rules, &self.under_way);
            self.under_way.extend(picked.iter().map(|attempt| (attempt.id, system.clone())));
            lane.busy += picked.len();
            attempts.extend(picked);
            self.wakes.extend(lane.wake.map(|at| (at, system)));
        }
        attempts
    }

    /// When [`Lanes::due`] may have something new, if nothing else happens.
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.wakes.first().map(|(at, _)| *at)
    }
}

impl Lane {
    fn new(rules: &TargetPolicy, now: Timestamp) -> Self {
        Self { busy: 0, wake: None, rate: Pace::default(), retries: Tokens::full(&rules.retry_budget, now) }
    }

    fn visit(
        &mut self,
        look: &Look<'_>,
        target: &Target,
        rules: &TargetPolicy,
        under_way: &BTreeMap<DeliveryId, SystemId>,
    ) -> Vec<Attempt> {
        let (now, mut picked) = (look.now, Vec::new());
        let not_yet = [target.held_until, pause(&target.breaker)].into_iter().flatten().max().filter(|at| *at > now);
        if not_yet.is_some() {
            if !(target.fresh.is_empty() && target.again.is_empty()) {
                self.wake = not_yet;
            }
            return picked;
        }
        let trial = matches!(target.breaker, Breaker::Open { .. });
        let room = if trial { 1 } else { rules.max_in_flight };
        if self.busy >= room {
            return picked;
        }
        // A plan that is not durable yet stirs the lane when it is: those behind it are younger.
        let planned = target.fresh.iter().take_while(|(_, id)| id.0 <= look.durable);
        let ready = |(_, id): &&(Timestamp, DeliveryId)| {
            !under_way.contains_key(id) && look.deliveries.get(*id).is_some_and(|d| d.freed_by <= look.durable)
        };
        let (mut fresh, mut again) = (planned.filter(ready).peekable(), target.again.iter().filter(ready).peekable());
        let mut wake = None;
        let mut sooner = |at: Timestamp| wake = Some(wake.map_or(at, |other: Timestamp| other.min(at)));
        let mut retries = true;
        while self.busy + picked.len() < room {
            // A retry that the budget holds back lets the first tries pass: they earn what it needs.
            let retry = if retries { again.peek() } else { None };
            let (first, tried) = match (fresh.peek(), retry) {
                (Some(first), Some(retry)) if retry <= first => (**retry, true),
                (Some(first), _) => (**first, false),
                (None, Some(retry)) => (**retry, true),
                (None, None) => break,
            };
            let (at, id) = first;
            if at > now {
                sooner(at);
                break;
            }
            if tried
                && !trial
                && let Err(at) = self.retries.take(&rules.retry_budget, now)
            {
                at.into_iter().for_each(&mut sooner);
                retries = false;
                continue;
            }
            if let Err(at) = self.rate.take(rules.rate.as_ref(), now) {
                if tried && !trial {
                    self.retries.give_back();
                }
                sooner(at);
                break;
            }
            if tried {
                again.next()
            } else {
                fresh.next()
            };
            if !tried {
                self.retries.earn(&rules.retry_budget);
            }
            picked.extend(look.deliveries.get(id).map(|delivery| attempt(delivery, look.restored)));
        }
        self.wake = wake;
        picked
    }
}

fn pause(breaker: &Breaker) -> Option<Timestamp> {
    match breaker {
        Breaker::Open { until, .. } => Some(*until),
        Breaker::Closed => None,
    }
}

fn attempt(delivery: &Delivery, restored: Seq) -> Attempt {
    Attempt {
        id: delivery.id,
        number: delivery.attempts + 1,
        plan: Arc::clone(&delivery.plan),
        context: delivery.context.clone(),
        // After a restart nobody knows what was under way.
        maybe_done: delivery.attempts > 0 || delivery.id.0 <= restored || delivery.plan.maybe_done,
    }
}

/// The rate limit (12.4): so many calls in a time, so many of them at once.
///
/// Why: a target says how fast it may be called, and a hub that catches up after an outage would not know. Acts on every call, the
/// first tries too; whoever is held back goes when the next place is free. Ignores what a target asks of its own (`held_until`).
#[derive(Debug, Default)]
struct Pace {
    /// When the calls made so far are paid for, in microseconds of the hub's clock.
    paid_us: i64,
}

impl Pace {
    fn take(&mut self, limit: Option<&RateLimit>, now: Timestamp) -> Result<(), Timestamp> {
        let Some(limit) = limit else { return Ok(()) };
        let each = (limit.per_ms.max(1).saturating_mul(1000) / i64::from(limit.calls.max(1))).max(1);
        let burst = each.saturating_mul(i64::from(limit.burst.max(1)) - 1);
        let now_us = now.as_microsecond();
        if self.paid_us.saturating_sub(now_us) > burst {
            let at = self.paid_us.saturating_sub(burst);
            // Up to the millisecond: a driver's clock has no finer one.
            return Err(Timestamp::from_millisecond((at + 999).div_euclid(1000)).unwrap_or(Timestamp::MAX));
        }
        self.paid_us = self.paid_us.max(now_us).saturating_add(each);
        Ok(())
    }
}

/// The retry budget (12.3): retries are a share of first tries, beside a trickle and a reserve.
///
/// Why: when a target falters, every message is tried again, and the retries alone keep it down. Acts on retries only. Recovers
/// with first tries and with time. Ignores the trial of an open breaker.
#[derive(Debug)]
struct Tokens {
    /// In thousandths of a retry.
    milli: i64,
    at: Timestamp,
}

const ONE: i64 = 1000;

impl Tokens {
    fn full(budget: &RetryBudget, now: Timestamp) -> Self {
        Self { milli: i64::from(budget.reserve) * ONE, at: now }
    }

    fn take(&mut self, budget: &RetryBudget, now: Timestamp) -> Result<(), Option<Timestamp>> {
        let rate = i64::from(budget.per_second);
        let passed = now.duration_since(self.at).as_millis().clamp(0, 3_600_000);
        let passed = i64::try_from(passed).unwrap_or(0);
        let most = (i64::from(budget.reserve) * ONE).max(ONE);
        self.milli = (self.milli + passed * rate).min(most);
        self.at = self.at.max(now);
        if self.milli >= ONE {
            self.milli -= ONE;
            return Ok(());
        }
        if rate == 0 {
            return Err(None);
        }
        Err(Some(later(now, (ONE - self.milli + rate - 1).div_euclid(rate))))
    }

    fn give_back(&mut self) {
        self.milli += ONE;
    }

    fn earn(&mut self, budget: &RetryBudget) {
        let most = (i64::from(budget.reserve) * ONE).max(ONE);
        self.milli = (self.milli + i64::from(budget.percent) * ONE / 100).min(most);
    }
}
