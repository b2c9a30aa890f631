//! What a replay from a log position into one target sends again (docs/concepts/domain.md, 11.6).
//!
//! The state keeps nothing of what is done, so the driver reads the ledger: it hands every entry from a position to the head to a
//! [`ReplayScan`], page by page and beside the writer, then the scan to the partition with `Command::ReplayInto`. The partition
//! refuses a scan that ended before the target's last success; the driver reads on from [`ReplayScan::upto`] and tries again.
//!
//! Here: which plans had no effect, and would still have the one that was meant. Not here: reading, deciding (`decide/replays.rs`).
//! Invariant: what took place is never among them; nor is what something newer of the same key overtook.

use std::collections::BTreeMap;
use std::sync::Arc;

use crossdock_model::{DeliveryId, DeliveryPlanned, Event, HubEvent, Isolation, Ordering, SystemId, Text};

use crate::{Context, Entry, Seq};

/// Plans that one replay takes at most.
const MAX_PLANS: usize = 1000;

/// A look through the ledger for what one target never got.
#[derive(Clone, Debug)]
pub struct ReplayScan {
    target: SystemId,
    limit: usize,
    upto: Seq,
    /// Without an effect so far, oldest first.
    open: BTreeMap<DeliveryId, (Arc<DeliveryPlanned>, Context)>,
    /// Every plan since the first one, by number: the idempotency key and the key of its queue.
    keys: BTreeMap<DeliveryId, (Text, Text)>,
    /// The newest that took place, by the key of its queue.
    overtaken: BTreeMap<Text, DeliveryId>,
    done: usize,
    next: Option<Seq>,
}

impl ReplayScan {
    /// A look for what `target` did not get, for `limit` messages at most.
    pub fn new(target: SystemId, limit: usize) -> Self {
        Self {
            target,
            limit: limit.clamp(1, MAX_PLANS),
            upto: 0,
            open: BTreeMap::new(),
            keys: BTreeMap::new(),
            overtaken: BTreeMap::new(),
            done: 0,
            next: None,
        }
    }

    /// Takes the next entry of the ledger in.
    pub fn take(&mut self, entry: &Entry) {
        self.upto = entry.seq;
        match &entry.event {
            Event::Hub(HubEvent::DeliveryPlanned(plan)) if plan.target == self.target => self.planned(entry, plan),
            Event::Hub(HubEvent::DeliverySucceeded(done)) if done.target == self.target => self.took(done.delivery_id),
            _ => {}
        }
    }

    fn planned(&mut self, entry: &Entry, plan: &Arc<DeliveryPlanned>) {
        let id = DeliveryId(entry.seq);
        if plan.isolation.as_deref() == Some(&Isolation::Sink) {
            return;
        }
        if self.next.is_some() || self.open.len() == self.limit {
            self.next.get_or_insert(entry.seq);
            // Behind the limit only what may overtake those before it is of interest.
            if self.open.values().any(|(open, _)| open.key == plan.key) {
                self.keys.insert(id, (plan.idempotency_key.clone(), plan.key.clone()));
            }
            return;
        }
        // What takes a place stands for what it took it from.
        for older in [plan.replaces, plan.replays].into_iter().flatten() {
            self.open.remove(&older);
        }
        self.keys.insert(id, (plan.idempotency_key.clone(), plan.key.clone()));
        self.open.insert(id, (Arc::clone(plan), entry.context()));
    }

    fn took(&mut self, id: DeliveryId) {
        let Some((effect, queue)) = self.keys.get(&id).cloned() else { return };
        self.open.retain(|_, (plan, _)| plan.idempotency_key != effect);
        self.done += 1;
        let newest = self.overtaken.entry(queue).or_insert(id);
        *newest = id.max(*newest);
    }

    /// Into which target.
    pub fn target(&self) -> &SystemId {
        &self.target
    }

    /// The last entry that was taken in.
    pub fn upto(&self) -> Seq {
        self.upto
    }

    /// Where the next replay begins, if this one is full.
    pub fn next(&self) -> Option<Seq> {
        self.next
    }

    /// How many took place.
    pub fn done(&self) -> usize {
        self.done
    }

    /// What had no effect, oldest first.
    pub(crate) fn open(&self) -> impl Iterator<Item = (DeliveryId, &Arc<DeliveryPlanned>, &Context)> {
        self.open.iter().map(|(id, (plan, context))| (*id, plan, context))
    }

    /// Whether something newer of its key took place: after that, it would turn the target back.
    pub(crate) fn is_overtaken(&self, id: DeliveryId, plan: &DeliveryPlanned) -> bool {
        match plan.ordering {
            Ordering::Independent => false,
            // Where only the newest matters, what is not owed any more is old, or was given up by a person.
            Ordering::NewestWins => true,
            Ordering::InOrder => self.overtaken.get(&plan.key).is_some_and(|newest| *newest > id),
        }
    }
}
