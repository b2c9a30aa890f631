//! What the delay of a milestone is made of: segments with their allowance, time, overrun, and one cause each.
//! Rule: docs/concepts/domain.md, "Attribution". A pure function over the times that the state keeps of a purchase order: the
//! source's own and ours. Not here: when a delay is asked about (`decide/milestones`).
//! Invariant (I16): the overruns sum to the delay, whatever the clocks say.

use std::collections::BTreeMap;

use crossdock_model::{AttributedSegment, Attribution, Cause, PoMilestone, PoNumber, Timestamp};

use crate::procurement::{PoState, PoStatus, Reached};
use crate::{Policy, State};

/// What the delay of the last milestone that a purchase order reached, and that was due at a time, is made of.
pub fn attribution(state: &State, policy: &Policy, number: &PoNumber) -> Option<Attribution> {
    let po = state.purchase_order(number)?;
    let last = po.watch.due.keys().rev().find(|milestone| po.watch.reached.contains_key(milestone))?;
    attribution_of(po, *last, policy.purchasing.clock_uncertainty_ms)
}

/// The same for a milestone that was reached.
pub fn attribution_of(po: &PoState, milestone: PoMilestone, uncertainty_ms: i64) -> Option<Attribution> {
    let reached = po.watch.reached.get(&milestone)?;
    attribute(po, milestone, reached, uncertainty_ms)
}

/// The same for one that is waited for, as if it were reached now: who holds it at the moment.
pub(crate) fn attribution_until(po: &PoState, milestone: PoMilestone, now: Timestamp, ms: i64) -> Option<Attribution> {
    let by = po.po.supplier.clone();
    attribute(po, milestone, &Reached { source_time: now, received_at: now, by }, ms)
}

fn attribute(po: &PoState, milestone: PoMilestone, reached: &Reached, uncertainty_ms: i64) -> Option<Attribution> {
    let due = *po.watch.due.get(&milestone)?;
    let (_, created) = *po.milestones.iter().find(|(status, _)| *status == PoStatus::Created)?;
    let mut way = Way { po, segments: Vec::new(), at: created, planned: created, uncertainty_ms };
    for (step, planned) in po.watch.due.range(..milestone) {
        if let Some(passed) = po.watch.reached.get(step) {
            way.to(*step, *planned, passed.source_time);
        }
    }
    way.to(milestone, due, reached.source_time);
    // What the source knew and we did not is nobody's time but ours.
    way.segment(milestone, Cause::Integration, reached.received_at, 0);
    let segments = way.segments;
    let mut causes = BTreeMap::<Cause, i64>::new();
    for segment in &segments {
        *causes.entry(segment.cause).or_default() += segment.overrun_ms;
    }
    let (headline, uncertain) = headline(&segments, &causes, uncertainty_ms)?;
    let delay_ms = between(due, reached.received_at);
    Some(Attribution { milestone, due, reached: reached.received_at, delay_ms, segments, causes, headline, uncertain })
}

/// The cause with the largest sum, the earlier of equals; and whether the clocks are too unsure to say so (10.4, 10.5).
fn headline(
    segments: &[AttributedSegment],
    causes: &BTreeMap<Cause, i64>,
    uncertainty_ms: i64,
) -> Option<(Cause, bool)> {
    let mut ranked: Vec<(i64, Cause)> = Vec::new();
    for segment in segments {
        if !ranked.iter().any(|(_, cause)| *cause == segment.cause) {
            ranked.push((causes.get(&segment.cause).copied().unwrap_or_default(), segment.cause));
        }
    }
    // A stable sort: of equals, the one that came first stays first.
    ranked.sort_by_key(|(sum, _)| std::cmp::Reverse(*sum));
    let (largest, cause) = *ranked.first()?;
    let next = ranked.get(1).map_or(0, |(sum, _)| *sum);
    Some((cause, largest.saturating_sub(next) < uncertainty_ms))
}

/// The way of an order, from its creation on.
struct Way<'a> {
    po: &'a PoState,
    segments: Vec<AttributedSegment>,
    /// How far it was, by the clock of whoever was there.
    at: Timestamp,
    /// How far it should have been.
    planned: Timestamp,
    uncertainty_ms: i64,
}

impl Way<'_> {
    /// The way to the next milestone, with its allowance.
    fn to(&mut self, milestone: PoMilestone, planned: Timestamp, until: Timestamp) {
        let allowance = between(self.planned, planned);
        self.planned = planned;
        // A facility cannot receive what it was not told to expect: until then it is our time, not its.
        let told = self.po.watch.facility_told.filter(|told| *told > self.at && *told < until);
        if let (PoMilestone::Receipt, Some(told)) = (milestone, told) {
            self.segment(milestone, Cause::Integration, told, 0);
        }
        self.segment(milestone, milestone.cause(), until, allowance);
    }

    fn segment(&mut self, to: PoMilestone, cause: Cause, until: Timestamp, allowance_ms: i64) {
        let overrun_ms = between(self.at, until) - allowance_ms;
        if overrun_ms == 0 && allowance_ms == 0 {
            self.at = until;
            return;
        }
        self.segments.push(AttributedSegment {
            to,
            cause,
            held_by: self.held_by(cause),
            from: self.at,
            until,
            allowance_ms,
            overrun_ms,
            uncertain: overrun_ms.abs() < self.uncertainty_ms,
        });
        self.at = until;
    }

    fn held_by(&self, cause: Cause) -> String {
        let po = &self.po.po;
        match cause {
            Cause::SupplierResponse | Cause::Invoice => po.supplier.to_string(),
            Cause::Transport => "the carrier".to_owned(),
            Cause::Receiving | Cause::Quality => po.facility.to_string(),
            Cause::Integration => "the hub".to_owned(),
        }
    }
}

/// Milliseconds from one time to another. Each time is cut to its millisecond first, so that parts sum to their whole.
fn between(from: Timestamp, until: Timestamp) -> i64 {
    until.as_millisecond() - from.as_millisecond()
}

#[cfg(test)]
mod tests {
    use crossdock_model::{PoCreated, PoMilestone, Timestamp};
    use proptest::prelude::*;
    use serde_json::json;

    use super::attribution_of;
    use crate::procurement::{PoState, Reached};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn order() -> PoState {
        let created: PoCreated = serde_json::from_value(json!({
            "poNumber": "PO-1", "recommendationId": "R-1", "supplier": "supplier-acme", "facility": "DC-EAST",
            "currency": "USD", "lines": [], "total": "0.00",
        }))
        .unwrap();
        PoState::new(created, crate::decide::fresh_context(1, false, None), at(0))
    }

    proptest! {
        /// I16, whatever was watched, whatever was reached, whatever the clocks said.
        #[test]
        fn the_overruns_sum_to_the_delay(
            due in prop::collection::btree_map(0..7_usize, 0..500_000_i64, 1..7),
            reached in prop::collection::btree_map(0..7_usize, (-100_000..500_000_i64, 0..500_000_i64), 1..7),
            told in prop::option::of(-10_000..500_000_i64),
            uncertainty in 0..100_000_i64,
        ) {
            let mut po = order();
            po.watch.due = due.iter().map(|(i, s)| (PoMilestone::ALL[*i], at(*s))).collect();
            let by = po.po.supplier.clone();
            po.watch.reached = reached
                .iter()
                .map(|(i, (source, received))| {
                    let times = Reached { source_time: at(*source), received_at: at(*received), by: by.clone() };
                    (PoMilestone::ALL[*i], times)
                })
                .collect();
            po.watch.facility_told = told.map(at);
            for milestone in PoMilestone::ALL {
                let Some(made_of) = attribution_of(&po, milestone, uncertainty) else { continue };
                let sum: i64 = made_of.segments.iter().map(|segment| segment.overrun_ms).sum();
                prop_assert_eq!(sum, made_of.delay_ms);
                prop_assert_eq!(made_of.causes.values().sum::<i64>(), made_of.delay_ms);
                prop_assert!(made_of.causes.values().all(|sum| *sum <= made_of.causes[&made_of.headline]));
            }
        }
    }
}
