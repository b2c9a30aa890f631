//! Timers: what the partition has to look at when a time has come, though nobody sends a message.
//! Here: which are set, and which are due. Not here: what falls due and what it leads to (the areas; `decide::due`).
//! Invariant: `apply` alone sets and clears them, so that a restart sets the same ones. The events that follow from a due timer
//! clear it or set it anew; a timer of one kind and object is set once at most.

use std::collections::{BTreeMap, BTreeSet};

use crossdock_model::{DeliveryId, ExceptionId, FacilityId, PoNumber, SystemId, Timestamp};

use crate::OrderKey;

/// What falls due: one variant a kind, with the object that it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// The hold-back window of a facility with a gap in its sequence ends (docs/concepts/domain.md 5.3).
    HoldBack(FacilityId),
    /// A window of a shadow comparison is over.
    Shadow(String),
    /// A feed of a system is too old.
    SyncOverdue(SystemId, String),
    /// An exception passes its deadline, or the next level of its escalation.
    Escalate(ExceptionId),
    /// The same of a dead letter.
    EscalateLetter(DeliveryId),
    /// A milestone of a purchase order is due.
    Milestone(PoNumber),
    /// An order has waited for its payment for as long as declared.
    Payment(OrderKey),
    /// Money has waited for its order for as long as declared.
    EarlyPayment(OrderKey),
}

/// All timers that are set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timers {
    by_time: BTreeSet<(Timestamp, Due)>,
    by_due: BTreeMap<Due, Timestamp>,
}

impl Timers {
    /// Sets a timer; one that was set for the same is replaced.
    pub(crate) fn set(&mut self, due: Due, at: Timestamp) {
        self.clear(&due);
        self.by_time.insert((at, due.clone()));
        self.by_due.insert(due, at);
    }

    /// Clears a timer; nothing, if it is not set.
    pub(crate) fn clear(&mut self, due: &Due) {
        if let Some((due, at)) = self.by_due.remove_entry(due) {
            self.by_time.remove(&(at, due));
        }
    }
}

impl Timers {
    /// For when a timer is set.
    pub(crate) fn at(&self, due: &Due) -> Option<Timestamp> {
        self.by_due.get(due).copied()
    }

    /// What is due, the earliest first.
    pub(crate) fn due(&self, now: Timestamp) -> impl Iterator<Item = &(Timestamp, Due)> {
        self.by_time.iter().take_while(move |(at, _)| *at <= now)
    }

    /// The first time after `now` for which a timer is set.
    pub(crate) fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        self.by_time.iter().map(|(at, _)| *at).find(|at| *at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::{Due, Timers};
    use crossdock_model::{ExceptionId, Timestamp};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_timer_is_set_once_and_found_when_it_is_due() {
        let mut timers = Timers::default();
        let (first, second) = (Due::Escalate(ExceptionId(1)), Due::Escalate(ExceptionId(2)));
        timers.set(first.clone(), at(10));
        timers.set(second.clone(), at(5));
        timers.set(first.clone(), at(20));
        assert_eq!(timers.due(at(4)).count(), 0);
        assert_eq!(timers.due(at(20)).cloned().collect::<Vec<_>>(), [(at(5), second.clone()), (at(20), first.clone())]);
        assert_eq!(timers.next_after(at(5)), Some(at(20)));
        timers.clear(&second);
        timers.clear(&second);
        assert_eq!((timers.at(&second), timers.at(&first)), (None, Some(at(20))));
        assert_eq!(timers.due(at(20)).count(), 1);
    }
}
