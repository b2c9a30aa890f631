//! What a system has yet to do, in order of time.
//!
//! Invariant: two tasks of the same instant come out in the order in which they were put in.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

/// Tasks by due time.
#[derive(Clone, Debug)]
pub struct Agenda<T> {
    tasks: BTreeMap<(Timestamp, u64), T>,
    entered: u64,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self { tasks: BTreeMap::new(), entered: 0 }
    }
}

impl<T> Agenda<T> {
    /// Puts `task` in for `delay` after `from`.
    pub fn after(&mut self, from: Timestamp, delay: Duration, task: T) {
        let due = from.checked_add(delay).unwrap_or(Timestamp::MAX);
        self.entered += 1;
        self.tasks.insert((due, self.entered), task);
    }

    /// When the first task is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.tasks.keys().next().map(|(due, _)| *due)
    }

    /// Takes the first task out if it is due, with the instant at which it happens: its due time, not the time at which
    /// somebody looked. A busy machine makes a simulated system late, but does not change what it says.
    pub fn pop_due(&mut self, now: Timestamp) -> Option<(Timestamp, T)> {
        let entry = self.tasks.first_entry()?;
        let (due, _) = *entry.key();
        (due <= now).then(|| (due, entry.remove()))
    }

    /// How many tasks are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }
}
