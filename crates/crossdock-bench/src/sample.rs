//! What one flow of a run measured, and the sums of all of them.
//! Here: the times of a flow and its steps, how it ended, the histograms they go into. Not here: running it (`engine`, `flow`),
//! judging it (`verdict`).
//! Invariant: a latency counts from the *intended* start, so waiting behind a slow system is part of it; service time counts from
//! the real one.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::latency::Latencies;

/// How a flow ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every step did what it should.
    Completed,
    /// An answer was wrong: an expectation of the scenario is false.
    Failed(String),
    /// What was waited for did not come within its time.
    Incomplete(String),
    /// No answer at all: refused, not resolved, timed out.
    Unanswered(String),
}

/// The times of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepSample {
    /// The step's name in the scenario.
    pub name: String,
    /// From its intended start to its end.
    pub latency: Duration,
    /// From its real start to its end.
    pub service: Duration,
    /// What went wrong, as a short kind that can be counted (`timeout`, `status 503`).
    pub error: Option<String>,
}

/// One measured value for an SLA of the scenario; `None`: the flow never came that far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlaSample {
    /// The SLA's id in `contracts/slas.yaml`.
    pub sla: String,
    /// The time between its two marks.
    pub measured: Option<Duration>,
}

/// One flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowSample {
    /// How it ended.
    pub outcome: Outcome,
    /// From the flow's intended start to the end of its last step (clean-up apart).
    pub latency: Duration,
    /// From its real start to the same end.
    pub service: Duration,
    /// Its steps, in order.
    pub steps: Vec<StepSample>,
    /// Its SLAs.
    pub slas: Vec<SlaSample>,
}

/// The sums of one step over all flows.
#[derive(Clone, Debug, Default)]
pub struct StepSums {
    /// Its place in the scenario, for reports.
    pub position: usize,
    /// From the intended start.
    pub latency: Latencies,
    /// From the real start.
    pub service: Latencies,
    /// Errors by kind.
    pub errors: BTreeMap<String, u64>,
}

/// The sums of a run. Warm-up flows are only in `warmed_up`.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    /// Arrivals that were due.
    pub due: u64,
    /// Flows that started.
    pub started: u64,
    /// Arrivals that found `in_flight_max` flows running and were left out.
    pub refused: u64,
    /// Flows that ended well.
    pub completed: u64,
    /// Flows with a false expectation.
    pub failed: u64,
    /// Flows that did not come to their end in time.
    pub incomplete: u64,
    /// Flows that got no answer.
    pub unanswered: u64,
    /// Flows before the measurement began.
    pub warmed_up: u64,
    /// How late the generator started each flow.
    pub late: Latencies,
    /// Flow latency from the intended start.
    pub latency: Latencies,
    /// Flow service time.
    pub service: Latencies,
    /// Each step, by name.
    pub steps: BTreeMap<String, StepSums>,
    /// Each SLA, by id.
    pub slas: BTreeMap<String, Latencies>,
    /// The first few reasons why flows did not end well, with their count.
    pub reasons: BTreeMap<String, u64>,
}

/// How many different reasons are kept; the rest is summed as "other". Reasons may hold ids, so they are not bounded by nature.
const REASONS_KEPT: usize = 20;

impl Sums {
    /// Adds one measured flow.
    pub fn add(&mut self, flow: FlowSample) {
        self.service.record(flow.service);
        let why = match flow.outcome {
            Outcome::Completed => {
                self.completed += 1;
                self.latency.record(flow.latency);
                None
            }
            Outcome::Failed(why) => {
                self.failed += 1;
                Some(why)
            }
            Outcome::Incomplete(why) => {
                self.incomplete += 1;
                Some(why)
            }
            Outcome::Unanswered(why) => {
                self.unanswered += 1;
                Some(why)
            }
        };
        if let Some(why) = why {
            self.latency.record_unfinished();
            count(&mut self.reasons, why);
        }
        for (position, step) in flow.steps.into_iter().enumerate() {
            let sums = self.steps.entry(step.name).or_default();
            sums.position = sums.position.max(position);
            sums.service.record(step.service);
            if let Some(error) = step.error {
                sums.latency.record_unfinished();
                count(&mut sums.errors, error);
            } else {
                sums.latency.record(step.latency);
            }
        }
        for sla in flow.slas {
            let measured = self.slas.entry(sla.sla).or_default();
            match sla.measured {
                Some(duration) => measured.record(duration),
                None => measured.record_unfinished(),
            }
        }
    }

    /// Flows that did not end well.
    pub fn not_completed(&self) -> u64 {
        self.failed + self.incomplete + self.unanswered
    }
}

fn count(counts: &mut BTreeMap<String, u64>, what: String) {
    let known = counts.len() < REASONS_KEPT || counts.contains_key(&what);
    *counts.entry(if known { what } else { "other".to_owned() }).or_default() += 1;
}
