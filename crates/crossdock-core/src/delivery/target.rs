//! One target's queues: per key, oldest first; which heads may go; how much waits, is dead, is parked.
//! Invariant: `fresh` and `again` together hold exactly the head of each key that has no dead letter at its head.

use std::collections::{BTreeSet, VecDeque};

use crossdock_model::{DeliveryId, DeliveryPlanned, Ordering, Text, Timestamp, numbered};
use indexmap::map::Entry;

use crate::Seq;
use crate::index::Index;

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

/// What a target's queues hold (I10): nothing that is owed is out of sight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TargetCounts {
    /// Owed and not given up, parked ones among them.
    pub waiting: usize,
    /// Of them: behind a dead letter of the same key.
    pub parked: usize,
    /// Given up, with an owner.
    pub dead: usize,
    /// Synthetic messages that were kept here and never sent.
    pub sunk: u64,
}

/// The deliveries of one key, oldest first: there is one at least.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    pub(super) head: DeliveryId,
    /// Those behind it; most have none, and then nothing is kept.
    pub(super) behind: VecDeque<DeliveryId>,
}

impl Queue {
    pub(super) fn of(head: DeliveryId) -> Self {
        Self { head, behind: VecDeque::new() }
    }

    pub(super) fn len(&self) -> usize {
        1 + self.behind.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = DeliveryId> {
        std::iter::once(self.head).chain(self.behind.iter().copied())
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    pub(super) keys: Index<Text, Queue>,
    /// Deliveries that stand in no order, by their key: each is a queue of its own.
    pub(super) alone: BTreeSet<(Text, DeliveryId)>,
    /// Heads that were never tried.
    pub(super) fresh: BTreeSet<(Timestamp, DeliveryId)>,
    /// Heads that were: the retry budget is theirs.
    pub(super) again: BTreeSet<(Timestamp, DeliveryId)>,
    /// All that wait, by the time since which they do.
    pub(super) by_age: BTreeSet<(Timestamp, DeliveryId)>,
    pub(super) breaker: Breaker,
    pub(super) failures_in_a_row: u32,
    /// It asked for a pause: no call at all before.
    pub(super) held_until: Option<Timestamp>,
    /// The entry of its last success.
    pub(super) last_success: Seq,
    pub(super) counts: TargetCounts,
}

impl Target {
    pub(super) fn set_ready(&mut self, at: Timestamp, id: DeliveryId, tried: bool) {
        let heads = if tried { &mut self.again } else { &mut self.fresh };
        heads.insert((at, id));
    }

    /// True where it was ready.
    pub(super) fn unset_ready(&mut self, at: Timestamp, id: DeliveryId) -> bool {
        self.fresh.remove(&(at, id)) || self.again.remove(&(at, id))
    }

    pub(super) fn is_ready(&self, at: Timestamp, id: DeliveryId) -> bool {
        self.fresh.contains(&(at, id)) || self.again.contains(&(at, id))
    }

    /// Puts one behind all others of its key.
    pub(super) fn put_last(
        &mut self,
        plan: &DeliveryPlanned,
        id: DeliveryId,
        at: Timestamp,
        dead: &BTreeSet<DeliveryId>,
    ) {
        if plan.ordering == Ordering::Independent {
            self.alone.insert((plan.key.clone(), id));
        }
        match self.keys.entry(queue_key(plan, id)) {
            Entry::Occupied(mut queue) => {
                let queue = queue.get_mut();
                queue.behind.push_back(id);
                self.counts.parked += usize::from(dead.contains(&queue.head));
            }
            Entry::Vacant(place) => {
                place.insert(Queue::of(id));
                self.set_ready(at, id, false);
            }
        }
    }

    /// Puts one in the place of all that wait behind the head, which may be under way: only the newest matters. A head that was given
    /// up is replaced too: its news is old. It has an owner, who is told. Says which it replaced.
    pub(super) fn put_newest(
        &mut self,
        key: &Text,
        id: DeliveryId,
        at: Timestamp,
        dead: &BTreeSet<DeliveryId>,
    ) -> Replaced {
        let queue = match self.keys.entry(key.clone()) {
            Entry::Occupied(queue) => queue.into_mut(),
            Entry::Vacant(place) => {
                place.insert(Queue::of(id));
                self.set_ready(at, id, false);
                return Replaced::default();
            }
        };
        let waiting = queue.behind.pop_back();
        let more = if queue.behind.is_empty() { VecDeque::new() } else { std::mem::take(&mut queue.behind) };
        if !dead.contains(&queue.head) {
            queue.behind.push_back(id);
            return Replaced { head: None, waiting, more };
        }
        let head = std::mem::replace(&mut queue.head, id);
        self.counts.dead -= 1;
        self.counts.parked -= usize::from(waiting.is_some()) + more.len();
        self.set_ready(at, id, false);
        Replaced { head: Some(head), waiting, more }
    }

    /// Puts an edited message in the place of the dead one. What waits behind it waits for its place, not for its words.
    pub(super) fn put_in_place_of(&mut self, old: DeliveryId, plan: &DeliveryPlanned, id: DeliveryId, at: Timestamp) {
        if plan.ordering == Ordering::Independent {
            self.alone.remove(&(plan.key.clone(), old));
            self.alone.insert((plan.key.clone(), id));
        }
        let mut queue = self.keys.swap_remove(&queue_key(plan, old)).unwrap_or_else(|| Queue::of(id));
        queue.head = id;
        self.counts.parked -= queue.behind.len();
        self.counts.dead -= 1;
        self.keys.insert(queue_key(plan, id), queue);
        self.set_ready(at, id, false);
    }

    /// One more waits.
    pub(super) fn add_waiting(&mut self, since: Timestamp, id: DeliveryId) {
        self.by_age.insert((since, id));
        self.counts.waiting += 1;
    }

    /// One waits no more.
    pub(super) fn take_waiting(&mut self, since: Timestamp, id: DeliveryId) {
        if self.by_age.remove(&(since, id)) {
            self.counts.waiting -= 1;
        }
    }
}

/// Which deliveries of a key a newer one replaced.
#[derive(Default)]
pub(super) struct Replaced {
    /// The head: it had been given up.
    pub(super) head: Option<DeliveryId>,
    /// The one behind the head.
    pub(super) waiting: Option<DeliveryId>,
    /// Those between: only where their flow was an ordered one when they were planned.
    pub(super) more: VecDeque<DeliveryId>,
}

/// Deliveries without an order are each a queue of one.
pub(super) fn queue_key(plan: &DeliveryPlanned, id: DeliveryId) -> Text {
    match plan.ordering {
        Ordering::Independent => numbered(&[&plan.key, "#"], id.0),
        Ordering::InOrder | Ordering::NewestWins => plan.key.clone(),
    }
}
