//! Flows that are on their way, and until when they should have ended (docs/concepts/domain.md 13.2, process completion rate).
//! Acts at the end of a flow, and when a flow is due that has not ended. Ignores flows of which no due time is declared.

use std::collections::{BTreeMap, BTreeSet};

use crossdock_model::{Text, Timestamp};
use jiff::SignedDuration;

use super::Flow;

#[derive(Clone, Debug)]
pub(super) struct Flows {
    /// How long each may take, in milliseconds.
    pub(super) allowed: BTreeMap<Flow, i64>,
    most: usize,
    open: BTreeMap<(Flow, Text), Timestamp>,
    by_due: BTreeSet<(Timestamp, Flow, Text)>,
    forgotten: u64,
}

impl Flows {
    pub(super) fn new(allowed: BTreeMap<Flow, i64>, most: usize) -> Self {
        Self { allowed, most: most.max(1), open: BTreeMap::new(), by_due: BTreeSet::new(), forgotten: 0 }
    }

    pub(super) fn begin(&mut self, flow: Flow, id: &Text, at: Timestamp) {
        let Some(ms) = self.allowed.get(&flow) else { return };
        let due = at.saturating_add(SignedDuration::from_millis(*ms)).unwrap_or(Timestamp::MAX);
        if self.open.contains_key(&(flow, id.clone())) {
            return;
        }
        if self.open.len() == self.most {
            self.forgotten += u64::from(self.take_first().is_some());
        }
        self.open.insert((flow, id.clone()), due);
        self.by_due.insert((due, flow, id.clone()));
    }

    /// True where it ended before it was due; `None` where it was late and is counted already, or is not known.
    pub(super) fn end(&mut self, flow: Flow, id: &Text, at: Timestamp) -> Option<bool> {
        let due = self.open.remove(&(flow, id.clone()))?;
        self.by_due.remove(&(due, flow, id.clone()));
        Some(at <= due)
    }

    /// A flow that is late, each once.
    pub(super) fn late(&mut self, now: Timestamp) -> Option<(Flow, Timestamp)> {
        self.by_due.first().filter(|(due, _, _)| *due < now)?;
        self.take_first()
    }

    fn take_first(&mut self) -> Option<(Flow, Timestamp)> {
        let (due, flow, id) = self.by_due.pop_first()?;
        self.open.remove(&(flow, id));
        Some((flow, due))
    }

    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }
}
