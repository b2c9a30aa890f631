//! The queues: per target, and in it per key, oldest first.
//! Invariant: `ready` holds exactly the head of each key that has no dead letter at its head.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crossdock_model::{
    AttemptFailed, BreakerChanged, DeadLetterOpened, DeliveryId, DeliveryPlanned, DeliverySucceeded, Ordering,
    SystemId, Text, Timestamp,
};

use crate::{Context, Entry, Seq};

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
    pub dead: Option<DeadLetter>,
}

/// Why and when a delivery was given up.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// As recorded.
    pub opened: DeadLetterOpened,
    /// By the hub's clock.
    pub at: Timestamp,
}

/// Whether a target is called.
///
/// Why: a target that is down gains nothing from more calls, and messages must not be given up for its state.
/// Acts when it cannot be reached or refuses us, or after several failures in a row. Recovers by one trial call
/// after a growing pause. Ignores refusals of single messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Breaker {
    /// It is called; so many calls in a row failed.
    #[default]
    Closed,
    /// It is left alone until then; one trial follows. Opened so many times in a row, for this reason.
    Open {
        /// Next trial.
        until: Timestamp,
        /// In a row.
        times: u32,
        /// In plain words.
        why: String,
    },
}

#[derive(Clone, Debug, Default)]
struct Target {
    keys: BTreeMap<Text, VecDeque<DeliveryId>>,
    ready: BTreeSet<(Timestamp, DeliveryId)>,
    breaker: Breaker,
    failures_in_a_row: u32,
}

/// Everything that is owed, and to whom.
#[derive(Clone, Debug, Default)]
pub struct Deliveries {
    by_id: BTreeMap<DeliveryId, Delivery>,
    targets: BTreeMap<SystemId, Target>,
    controls: BTreeMap<SystemId, u32>,
}

impl Deliveries {
    /// A delivery that is not done.
    pub fn get(&self, id: DeliveryId) -> Option<&Delivery> {
        self.by_id.get(&id)
    }

    /// All that are not done, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Delivery> {
        self.by_id.values()
    }

    /// Those that were given up, oldest first.
    pub fn dead_letters(&self) -> impl Iterator<Item = &Delivery> {
        self.by_id.values().filter(|d| d.dead.is_some())
    }

    /// Systems to which something was ever owed.
    pub fn targets(&self) -> impl Iterator<Item = &SystemId> {
        self.targets.keys()
    }

    /// A target's breaker.
    pub fn breaker(&self, target: &SystemId) -> &Breaker {
        self.targets.get(target).map_or(&Breaker::Closed, |t| &t.breaker)
    }

    /// How many deliveries wait for a target, dead letters left out.
    pub fn backlog(&self, target: &SystemId) -> usize {
        let Some(target) = self.targets.get(target) else { return 0 };
        let queued: usize = target.keys.values().map(VecDeque::len).sum();
        let dead = target.keys.values().flatten().filter(|id| self.by_id.get(id).is_some_and(|d| d.dead.is_some()));
        queued - dead.count()
    }

    /// When the oldest waiting delivery of a target was planned.
    pub fn oldest(&self, target: &SystemId) -> Option<Timestamp> {
        let target = self.targets.get(target)?;
        let ids = target.keys.values().flatten().filter_map(|id| self.by_id.get(id));
        ids.filter(|d| d.dead.is_none()).map(|d| d.planned_at).min()
    }

    pub(super) fn failures_in_a_row(&self, target: &SystemId) -> u32 {
        self.targets.get(target).map_or(0, |t| t.failures_in_a_row)
    }

    /// The heads that may go out, the longest waiting first.
    pub(super) fn ready(&self, target: &SystemId) -> impl Iterator<Item = &Delivery> {
        let ready = self.targets.get(target).into_iter().flat_map(|t| &t.ready);
        ready.filter_map(|(_, id)| self.by_id.get(id))
    }

    /// Deliveries that are in no queue or in two, and heads that wait without being ready, or the reverse (I10).
    pub(crate) fn inconsistencies(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut queued = BTreeSet::new();
        for (system, target) in &self.targets {
            let mut heads = BTreeSet::new();
            for (key, queue) in &target.keys {
                let again = queue.iter().filter(|id| !queued.insert(**id) || !self.by_id.contains_key(id));
                found.extend(again.map(|id| format!("delivery {id} to {system} stands twice, or is gone, in {key}")));
                let head = queue.front().and_then(|id| self.by_id.get(id)).filter(|head| head.dead.is_none());
                heads.extend(head.map(|head| (head.not_before, head.id)));
            }
            if heads != target.ready {
                found.push(format!("{system}: the heads are {heads:?}, ready are {:?}", target.ready));
            }
        }
        let lost = self.by_id.keys().filter(|id| !queued.contains(id));
        found.extend(lost.map(|id| format!("delivery {id} is in no queue")));
        found
    }

    /// The first head that may go out only after `now`: no walk over those that wait for a free place.
    pub(super) fn next_after(&self, target: &SystemId, now: Timestamp) -> Option<Timestamp> {
        let ready = &self.targets.get(target)?.ready;
        let after = (std::ops::Bound::Excluded((now, DeliveryId(u64::MAX))), std::ops::Bound::Unbounded);
        ready.range(after).next().map(|(at, _)| *at)
    }

    /// The next interchange control number for a partner: one more than the last planned.
    pub(crate) fn next_control(&self, target: &SystemId) -> u32 {
        self.controls.get(target).copied().unwrap_or(0) + 1
    }

    pub(crate) fn plan(&mut self, entry: &Entry, plan: &Arc<DeliveryPlanned>) {
        let id = DeliveryId(entry.seq);
        if let Some(edi) = &plan.edi {
            self.controls.insert(plan.target.clone(), edi.interchange);
        }
        let delivery = Delivery {
            id,
            plan: Arc::clone(plan),
            context: entry.context(),
            planned_at: entry.meta.received_at,
            attempts: 0,
            failures: 0,
            not_before: entry.meta.received_at,
            freed_by: entry.seq,
            dead: None,
        };
        if plan.ordering == Ordering::NewestWins {
            self.replace_waiting(&plan.target, &plan.key);
        }
        self.by_id.insert(id, delivery);
        let target = self.targets.entry(plan.target.clone()).or_default();
        let queue = target.keys.entry(queue_key(plan, id)).or_default();
        queue.push_back(id);
        if queue.len() == 1 {
            target.ready.insert((entry.meta.received_at, id));
        }
    }

    /// Drops what still waits behind the head: the head may be under way, and only the newest matters.
    fn replace_waiting(&mut self, target: &SystemId, key: &str) {
        let Some(target) = self.targets.get_mut(target) else { return };
        let Some(queue) = target.keys.get_mut(key) else { return };
        // A head that was tried or given up is replaced too: its news is old.
        let keep_head = queue.front().and_then(|id| self.by_id.get(id)).is_some_and(|d| d.dead.is_none());
        let dropped: Vec<_> = queue.drain(usize::from(keep_head)..).collect();
        for id in dropped {
            self.by_id.remove(&id);
        }
        if queue.is_empty() {
            target.keys.remove(key);
        }
    }

    pub(crate) fn succeed(&mut self, event: &DeliverySucceeded, seq: Seq) {
        if let Some(target) = self.targets.get_mut(&event.target) {
            target.failures_in_a_row = 0;
        }
        self.retire(event.delivery_id, seq);
    }

    /// Takes a delivery out; the next of its key may go.
    pub(crate) fn retire(&mut self, id: DeliveryId, seq: Seq) {
        let Some(delivery) = self.by_id.remove(&id) else { return };
        let Some(target) = self.targets.get_mut(&delivery.plan.target) else { return };
        target.ready.remove(&(delivery.not_before, id));
        let key = queue_key(&delivery.plan, id);
        let Some(queue) = target.keys.get_mut(&key) else { return };
        queue.retain(|other| *other != id);
        match queue.front().and_then(|next| self.by_id.get_mut(next)) {
            Some(next) if next.dead.is_none() => {
                next.freed_by = seq;
                target.ready.insert((next.not_before, next.id));
            }
            Some(_) => {}
            None => {
                target.keys.remove(&key);
            }
        }
    }

    pub(crate) fn fail(&mut self, event: &AttemptFailed) {
        let Some(delivery) = self.by_id.get_mut(&event.delivery_id) else { return };
        let Some(target) = self.targets.get_mut(&delivery.plan.target) else { return };
        delivery.attempts = event.attempt;
        if !event.target_down {
            delivery.failures += 1;
        }
        target.failures_in_a_row += 1;
        if target.ready.remove(&(delivery.not_before, delivery.id)) {
            target.ready.insert((event.retry_at, delivery.id));
        }
        delivery.not_before = event.retry_at;
    }

    pub(crate) fn bury(&mut self, event: &DeadLetterOpened, at: Timestamp) {
        let Some(delivery) = self.by_id.get_mut(&event.delivery_id) else { return };
        delivery.attempts = event.attempts;
        delivery.dead = Some(DeadLetter { opened: event.clone(), at });
        // Those behind it stay parked: `ready` has no head for this key until it is replayed or retired.
        if let Some(target) = self.targets.get_mut(&delivery.plan.target) {
            target.ready.remove(&(delivery.not_before, delivery.id));
        }
    }

    pub(crate) fn replay(&mut self, id: DeliveryId, at: Timestamp, seq: Seq) {
        let Some(delivery) = self.by_id.get_mut(&id) else { return };
        if delivery.dead.take().is_none() {
            return;
        }
        delivery.failures = 0;
        delivery.planned_at = at;
        delivery.not_before = at;
        delivery.freed_by = seq;
        let key = queue_key(&delivery.plan, id);
        let Some(target) = self.targets.get_mut(&delivery.plan.target) else { return };
        if target.keys.get(&key).and_then(VecDeque::front) == Some(&id) {
            target.ready.insert((at, id));
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

/// Deliveries without an order are each a queue of one.
fn queue_key(plan: &DeliveryPlanned, id: DeliveryId) -> Text {
    match plan.ordering {
        Ordering::Independent => format!("{}#{id}", plan.key).into(),
        Ordering::InOrder | Ordering::NewestWins => plan.key.clone(),
    }
}
