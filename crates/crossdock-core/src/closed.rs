//! What is over and still in memory, and since when nothing was said of it.
//! Here: the order in which it may go. Not here: whether it may (`decide/archive.rs`).
//! Invariant: every order that is over and in memory is here, once. `apply` alone changes it, and it knows no policy: how long
//! something is kept may be declared anew at any start.

use std::collections::{BTreeMap, BTreeSet};

use crossdock_model::{Text, Timestamp};

/// All of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Closed {
    by_time: BTreeSet<(Timestamp, Text)>,
    since: BTreeMap<Text, Timestamp>,
}

impl Closed {
    /// An object is over, or something was said of it again: its time begins anew.
    pub(crate) fn keep(&mut self, about: Text, since: Timestamp) {
        self.forget(&about);
        self.by_time.insert((since, about.clone()));
        self.since.insert(about, since);
    }

    /// It left, or is not over any more.
    pub(crate) fn forget(&mut self, about: &Text) {
        if let Some((about, since)) = self.since.remove_entry(about) {
            self.by_time.remove(&(since, about));
        }
    }

    /// Those of which nothing was said since `before`, the oldest first.
    pub(crate) fn until(&self, before: Timestamp) -> impl Iterator<Item = &Text> {
        self.by_time.iter().take_while(move |(since, _)| *since <= before).map(|(_, about)| about)
    }

    /// Since when the oldest waits.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        self.by_time.first().map(|(since, _)| *since)
    }
}
