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

#[cfg(test)]
mod tests {
    use super::{Flow, Flows};
    use crossdock_model::{Text, Timestamp};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_flow_is_in_time_until_it_is_due_and_late_once() {
        let mut flows = Flows::new([(Flow::OrderToShip, 10_000)].into(), 2);
        let [a, b, c] = ["A", "B", "C"].map(Text::from);
        flows.begin(Flow::OrderToShip, &a, at(0));
        flows.begin(Flow::OrderToShip, &a, at(5)); // it began before
        flows.begin(Flow::ProcureToReceive, &b, at(0)); // nothing is declared of it
        assert_eq!(flows.late(at(10)), None, "due now is not late");
        assert_eq!(flows.end(Flow::OrderToShip, &a, at(10)), Some(true));
        assert_eq!(flows.end(Flow::OrderToShip, &a, at(10)), None);
        assert_eq!(flows.late(at(99)), None, "it ended");
        flows.begin(Flow::OrderToShip, &b, at(0));
        assert_eq!(flows.end(Flow::OrderToShip, &b, at(11)), Some(false));
        flows.begin(Flow::OrderToShip, &a, at(0));
        assert_eq!(flows.late(at(11)), Some((Flow::OrderToShip, at(10))));
        assert_eq!((flows.late(at(11)), flows.end(Flow::OrderToShip, &a, at(12))), (None, None), "counted already");
        assert_eq!(flows.forgotten(), 0);
        for (flow, begun) in [(&a, 1), (&b, 0), (&c, 2)] {
            flows.begin(Flow::OrderToShip, flow, at(begun));
        }
        assert_eq!(flows.forgotten(), 1, "there is room for two: the one that is due first is forgotten");
        assert_eq!(flows.end(Flow::OrderToShip, &b, at(3)), None);
        assert_eq!(flows.end(Flow::OrderToShip, &c, at(3)), Some(true));
    }
}
