//! One target's queues: per key, oldest first; which heads may go; how much waits, is dead, is parked.
//! Invariant: `fresh` and `again` together hold exactly the head of each key that has no dead letter at its head.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crossdock_model::{DeliveryId, Text, Timestamp};

use crate::Seq;

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

#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    pub(super) keys: BTreeMap<Text, VecDeque<DeliveryId>>,
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
