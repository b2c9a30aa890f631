//! The queues of all targets as a part of the state: what is planned, done, failed, given up, sent again.
//! Here: how each event changes them. Not here: what goes out now (`lanes.rs`), what an end means (`settle.rs`).
//! Invariant: a delivery is in exactly one queue from its plan to its end; only the head of a queue can be dead.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crossdock_model::{
    AttemptFailed, BreakerChanged, DeadLetterEdited, DeadLetterEscalated, DeadLetterOpened, DeadLetterReplayed,
    DeliveryId, DeliveryPlanned, DeliverySucceeded, Isolation, Ordering, SystemId, Text, Timestamp,
};

use super::target::{Breaker, Queue, Target, TargetCounts, queue_key};
use crate::exceptions::{Act, BY_RULE};
use crate::index::Index;
use crate::{Context, Entry, Seq};

/// Acts that are remembered of a delivery: a person who replays it for ever keeps the newest.
const MAX_ACTS: usize = 100;

/// A delivery that is not done.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its number.
    pub id: DeliveryId,
    /// What is owed.
    pub plan: Arc<DeliveryPlanned>,
    /// Its connection.
    pub context: Context,
    /// When it was planned or last replayed, by the hub's clock.
    pub planned_at: Timestamp,
    /// Attempts so far.
    pub attempts: u32,
    /// Of them, those that count against it.
    pub failures: u32,
    /// Not before.
    pub not_before: Timestamp,
    /// The entry that let it go: its plan, the end of the one before it, its replay. Until that is durable it stays.
    pub freed_by: Seq,
    /// Set where it was given up.
    pub dead: Option<Box<DeadLetter>>,
    /// Who did what about it, and when: the oldest first (domain.md 11.4).
    pub history: Vec<Act>,
}

/// Why and when a delivery was given up.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// As recorded.
    pub opened: DeadLetterOpened,
    /// By the hub's clock.
    pub at: Timestamp,
    /// The last level of escalation that was reached.
    pub level: u32,
}

/// How a delivery that is not done stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It goes out when its time, its target and the lanes allow it.
    Waiting,
    /// Another of its key is before it, on its way.
    Behind(DeliveryId),
    /// A dead letter of its key is before it (12.8).
    Parked(DeliveryId),
    /// It was given up, and somebody looks at it.
    Dead,
}

impl Delivery {
    fn act(&mut self, act: Act) {
        if self.history.len() == MAX_ACTS {
            self.history.remove(0);
        }
        self.history.push(act);
    }
}

/// Everything that is owed, and to whom.
#[derive(Clone, Debug, Default)]
pub struct Deliveries {
    by_id: Index<DeliveryId, Box<Delivery>>,
    targets: Index<SystemId, Target>,
    dead: BTreeSet<DeliveryId>,
    controls: BTreeMap<SystemId, u32>,
    /// Given up, and something newer took their place: the next event retires them.
    superseded: Vec<(DeliveryId, DeliveryId)>,
}

impl Deliveries {
    /// A delivery that is not done.
    pub fn get(&self, id: DeliveryId) -> Option<&Delivery> {
        self.by_id.get(&id).map(AsRef::as_ref)
    }

    /// All that are not done, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Delivery> {
        let mut all: Vec<&Delivery> = self.by_id.values().map(AsRef::as_ref).collect();
        all.sort_unstable_by_key(|delivery| delivery.id);
        all.into_iter()
    }

    /// Those that were given up, oldest first.
    pub fn dead_letters(&self) -> impl Iterator<Item = &Delivery> {
        self.dead.iter().filter_map(|id| self.get(*id))
    }

    /// How many were given up.
    pub fn dead_count(&self) -> usize {
        self.dead.len()
    }

    /// Systems to which something was ever owed, by name.
    pub fn targets(&self) -> impl Iterator<Item = &SystemId> {
        let mut systems: Vec<_> = self.targets.keys().collect();
        systems.sort_unstable();
        systems.into_iter()
    }

    /// A target's breaker.
    pub fn breaker(&self, target: &SystemId) -> &Breaker {
        self.targets.get(target).map_or(&Breaker::Closed, |t| &t.breaker)
    }

    /// Until when a target asked to be left alone, if it did.
    pub fn held_until(&self, target: &SystemId) -> Option<Timestamp> {
        self.targets.get(target)?.held_until
    }

    /// What a target's queues hold.
    pub fn counts(&self, target: &SystemId) -> TargetCounts {
        self.targets.get(target).map(|t| t.counts).unwrap_or_default()
    }

    /// How many deliveries wait for a target, dead letters left out.
    pub fn backlog(&self, target: &SystemId) -> usize {
        self.counts(target).waiting
    }

    /// Since when the oldest waiting delivery of a target waits.
    pub fn oldest(&self, target: &SystemId) -> Option<Timestamp> {
        self.targets.get(target)?.by_age.first().map(|(at, _)| *at)
    }

    /// How a delivery stands; `None` once it is done.
    pub fn standing(&self, id: DeliveryId) -> Option<Standing> {
        let delivery = self.by_id.get(&id)?;
        if delivery.dead.is_some() {
            return Some(Standing::Dead);
        }
        let queue = self.targets.get(&delivery.plan.target)?.keys.get(&queue_key(&delivery.plan, id))?;
        let head = self.by_id.get(&queue.head).filter(|head| head.id != id);
        Some(match head {
            None => Standing::Waiting,
            Some(head) if head.dead.is_some() => Standing::Parked(head.id),
            Some(head) => Standing::Behind(head.id),
        })
    }

    /// Whether something newer waits behind it, and only the newest matters.
    pub(super) fn has_newer(&self, delivery: &Delivery) -> bool {
        let queue = self.targets.get(&delivery.plan.target).and_then(|target| target.keys.get(&delivery.plan.key));
        delivery.plan.ordering == Ordering::NewestWins && queue.is_some_and(|queue| queue.len() > 1)
    }

    pub(super) fn target(&self, system: &SystemId) -> Option<&Target> {
        self.targets.get(system)
    }

    pub(super) fn failures_in_a_row(&self, target: &SystemId) -> u32 {
        self.targets.get(target).map_or(0, |t| t.failures_in_a_row)
    }

    /// The heads that wait since `before` or longer.
    pub(super) fn heads_since(&self, system: &SystemId, before: Timestamp) -> impl Iterator<Item = &Delivery> {
        let target = self.targets.get(system);
        let waiting = target.into_iter().flat_map(|t| &t.by_age).take_while(move |(since, _)| *since <= before);
        let all = waiting.filter_map(|(_, id)| self.get(*id));
        all.filter(move |d| target.is_some_and(|t| t.is_ready(d.not_before, d.id)))
    }

    /// The entry of a target's last success.
    pub(crate) fn last_success(&self, target: &SystemId) -> Seq {
        self.targets.get(target).map_or(0, |t| t.last_success)
    }

    /// Dead letters whose place something newer took, each with that.
    pub(crate) fn superseded(&self) -> &[(DeliveryId, DeliveryId)] {
        &self.superseded
    }

    /// Whether something of the same key is owed that would have to come after it.
    pub(crate) fn is_behind(&self, plan: &DeliveryPlanned) -> bool {
        let queued = self.targets.get(&plan.target).is_some_and(|target| target.keys.contains_key(&plan.key));
        plan.ordering != Ordering::Independent && queued
    }

    /// Whether something with this idempotency key is owed to a target under this key.
    pub(crate) fn owes(&self, plan: &DeliveryPlanned) -> bool {
        let Some(target) = self.targets.get(&plan.target) else { return false };
        let in_order = target.keys.get(&plan.key).into_iter().flat_map(Queue::iter);
        let alone = target.alone.range((plan.key.clone(), DeliveryId(0))..).take_while(|(key, _)| *key == plan.key);
        let mut ids = in_order.chain(alone.map(|(_, id)| *id));
        ids.any(|id| self.by_id.get(&id).is_some_and(|d| d.plan.idempotency_key == plan.idempotency_key))
    }

    /// Whether anything about an object is owed to anybody: what is owed about an object stands under its name.
    pub(crate) fn owes_about(&self, about: &Text) -> bool {
        self.targets.values().any(|target| {
            let alone = target.alone.range((about.clone(), DeliveryId(0))..).next();
            target.keys.contains_key(about) || alone.is_some_and(|(key, _)| key == about)
        })
    }

    /// Deliveries that are in no queue or in two, and heads that wait without being ready, or the reverse (I10).
    pub(crate) fn inconsistencies(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut queued = BTreeSet::new();
        for (system, target) in &self.targets {
            let (mut fresh, mut again) = (BTreeSet::new(), BTreeSet::new());
            let mut counted = TargetCounts { sunk: target.counts.sunk, ..TargetCounts::default() };
            for (key, queue) in &target.keys {
                let wrong = queue.iter().filter(|id| !queued.insert(*id) || !self.by_id.contains_key(id));
                found.extend(wrong.map(|id| format!("delivery {id} to {system} stands twice, or is gone, in {key}")));
                let Some(head) = self.by_id.get(&queue.head) else { continue };
                let alone = target.alone.contains(&(head.plan.key.clone(), head.id));
                if alone != (head.plan.ordering == Ordering::Independent) {
                    found.push(format!("delivery {} to {system} is not in the right list of {key}", head.id));
                }
                if head.dead.is_some() {
                    counted.dead += 1;
                    counted.parked += queue.behind.len();
                    counted.waiting += queue.behind.len();
                } else {
                    counted.waiting += queue.len();
                    let heads = if head.attempts == 0 { &mut fresh } else { &mut again };
                    heads.insert((head.not_before, head.id));
                }
                let behind = queue.behind.iter().filter_map(|id| self.by_id.get(id)).find(|d| d.dead.is_some());
                found
                    .extend(behind.map(|d| format!("delivery {} to {system} is dead and not the head of {key}", d.id)));
            }
            if (&fresh, &again) != (&target.fresh, &target.again) {
                found.push(format!("{system}: heads {fresh:?} {again:?}, ready {:?} {:?}", target.fresh, target.again));
            }
            if counted != target.counts || target.by_age.len() != counted.waiting {
                found.push(format!("{system}: {counted:?} are there, {:?} are counted", target.counts));
            }
        }
        let lost = self.by_id.keys().filter(|id| !queued.contains(id));
        found.extend(lost.map(|id| format!("delivery {id} is in no queue")));
        let dead = self.iter().filter(|d| d.dead.is_some()).map(|d| d.id);
        if !dead.eq(self.dead.iter().copied()) || !self.superseded.is_empty() {
            found.push("the list of dead letters is not the dead letters".to_owned());
        }
        found
    }

    /// The next interchange control number for a partner: one more than the last planned.
    pub(crate) fn next_control(&self, target: &SystemId) -> u32 {
        self.controls.get(target).copied().unwrap_or(0) + 1
    }

    pub(crate) fn plan(&mut self, entry: &Entry, plan: &Arc<DeliveryPlanned>) {
        let (id, at) = (DeliveryId(entry.seq), entry.meta.received_at);
        if let Some(edi) = &plan.edi {
            self.controls.insert(plan.meant_for().clone(), edi.interchange);
        }
        if plan.isolation.as_deref() == Some(&Isolation::Sink) {
            self.targets.entry(plan.target.clone()).or_default().counts.sunk += 1;
            return;
        }
        let target = self.targets.entry(plan.target.clone()).or_default();
        let delivery = Delivery {
            id,
            plan: Arc::clone(plan),
            context: entry.context(),
            planned_at: at,
            attempts: 0,
            failures: 0,
            not_before: at,
            freed_by: entry.seq,
            dead: None,
            history: Vec::new(),
        };
        target.add_waiting(at, id);
        match plan.ordering {
            Ordering::NewestWins => {
                let replaced = target.put_newest(&plan.key, id, at, &self.dead);
                self.superseded.extend(replaced.head.map(|head| (head, id)));
                for old in replaced.waiting.into_iter().chain(replaced.more) {
                    if let Some(old) = self.by_id.swap_remove(&old) {
                        target.take_waiting(old.planned_at, old.id);
                    }
                }
            }
            Ordering::InOrder | Ordering::Independent => {
                let dead_head = |old: &DeliveryId| {
                    let dead = self.by_id.get(old).filter(|d| d.dead.is_some());
                    dead.is_some_and(|d| d.plan.target == plan.target && d.plan.key == plan.key)
                };
                if let Some(old) = plan.replaces.filter(dead_head) {
                    target.put_in_place_of(old, plan, id, at);
                    self.superseded.push((old, id));
                } else {
                    target.put_last(plan, id, at, &self.dead);
                }
            }
        }
        self.by_id.insert(id, Box::new(delivery));
    }

    pub(crate) fn succeed(&mut self, event: &DeliverySucceeded, seq: Seq) {
        if let Some(target) = self.targets.get_mut(&event.target) {
            target.failures_in_a_row = 0;
            target.last_success = seq;
        }
        self.retire(event.delivery_id, seq);
    }

    /// Takes a delivery out; the next of its key may go.
    pub(crate) fn retire(&mut self, id: DeliveryId, seq: Seq) {
        let Some(delivery) = self.by_id.swap_remove(&id) else { return };
        let was_dead = self.dead.remove(&id);
        let replaced = self.superseded.iter().position(|(old, _)| *old == id);
        if let Some(index) = replaced {
            // Its place was taken when the newer one was planned.
            self.superseded.remove(index);
            return;
        }
        let Some(target) = self.targets.get_mut(&delivery.plan.target) else { return };
        target.unset_ready(delivery.not_before, id);
        target.take_waiting(delivery.planned_at, id);
        target.alone.remove(&(delivery.plan.key.clone(), id));
        let key = queue_key(&delivery.plan, id);
        let Some(queue) = target.keys.get_mut(&key) else { return };
        if was_dead {
            target.counts.dead -= 1;
            target.counts.parked -= queue.behind.len();
        }
        if queue.head != id {
            queue.behind.retain(|other| *other != id);
            return;
        }
        let Some(next) = queue.behind.pop_front() else {
            target.keys.swap_remove(&key);
            return;
        };
        queue.head = next;
        if let Some(next) = self.by_id.get_mut(&next) {
            next.freed_by = seq;
            let (at, id, tried) = (next.not_before, next.id, next.attempts > 0);
            target.set_ready(at, id, tried);
        }
    }

    pub(crate) fn fail(&mut self, event: &AttemptFailed) {
        let Some(delivery) = self.by_id.get_mut(&event.delivery_id) else { return };
        let Some(target) = self.targets.get_mut(&delivery.plan.target) else { return };
        delivery.attempts = event.attempt;
        if !event.target_down {
            delivery.failures += 1;
            target.failures_in_a_row += 1;
        }
        if target.unset_ready(delivery.not_before, delivery.id) {
            target.set_ready(event.retry_at, delivery.id, true);
        }
        delivery.not_before = event.retry_at;
        target.held_until = target.held_until.max(event.hold_until);
    }

    pub(crate) fn bury(&mut self, event: &DeadLetterOpened, at: Timestamp) {
        let Some(delivery) = self.by_id.get_mut(&event.delivery_id) else { return };
        delivery.attempts = event.attempts;
        delivery.dead = Some(Box::new(DeadLetter { opened: event.clone(), at, level: 0 }));
        delivery.act(Act::new(at, BY_RULE, format!("given up: {}", event.why)));
        self.dead.insert(event.delivery_id);
        // Those behind it stay parked: no head of this key is ready until it is replayed, edited or retired.
        let Some(target) = self.targets.get_mut(&delivery.plan.target) else { return };
        target.unset_ready(delivery.not_before, delivery.id);
        target.take_waiting(delivery.planned_at, delivery.id);
        target.counts.dead += 1;
        let behind = target.keys.get(&queue_key(&delivery.plan, delivery.id)).map_or(0, |queue| queue.behind.len());
        target.counts.parked += behind;
        target.held_until = target.held_until.max(event.hold_until);
    }

    pub(crate) fn replay(&mut self, event: &DeadLetterReplayed, at: Timestamp, seq: Seq) {
        let id = event.delivery_id;
        let Some(delivery) = self.by_id.get_mut(&id) else { return };
        if delivery.dead.take().is_none() {
            return;
        }
        self.dead.remove(&id);
        delivery.act(Act::new(at, &event.by, format!("sent again: {}", event.reason)));
        delivery.failures = 0;
        delivery.planned_at = at;
        delivery.not_before = at;
        delivery.freed_by = seq;
        let key = queue_key(&delivery.plan, id);
        let Some(target) = self.targets.get_mut(&delivery.plan.target) else { return };
        target.add_waiting(at, id);
        target.counts.dead -= 1;
        let queue = target.keys.get(&key);
        target.counts.parked -= queue.map_or(0, |queue| queue.behind.len());
        if queue.is_some_and(|queue| queue.head == id) {
            target.set_ready(at, id, delivery.attempts > 0);
        }
    }

    pub(crate) fn escalate(&mut self, event: &DeadLetterEscalated, at: Timestamp) {
        let Some(delivery) = self.by_id.get_mut(&event.delivery_id) else { return };
        if let Some(dead) = &mut delivery.dead {
            dead.level = event.level;
        }
        delivery.act(Act::new(at, BY_RULE, format!("escalated to {}: {}", event.to, event.why)));
    }

    pub(crate) fn edit(&mut self, event: &DeadLetterEdited, at: Timestamp) {
        if let Some(delivery) = self.by_id.get_mut(&event.delivery_id) {
            delivery.act(Act::new(at, &event.by, format!("edited: {}", event.reason)));
        }
    }

    pub(crate) fn open_breaker(&mut self, event: &BreakerChanged) {
        let target = self.targets.entry(event.target.clone()).or_default();
        let times = match target.breaker {
            Breaker::Open { times, .. } => times + 1,
            Breaker::Closed => 1,
        };
        if let Some(until) = event.retry_at {
            target.breaker = Breaker::Open { until, times, why: event.why.clone() };
        }
    }

    pub(crate) fn close_breaker(&mut self, target: &SystemId) {
        if let Some(target) = self.targets.get_mut(target) {
            target.breaker = Breaker::Closed;
            target.failures_in_a_row = 0;
        }
    }
}
