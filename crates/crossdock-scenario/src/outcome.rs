//! What became of a run and of each of its steps.
//! Here: plain results, with instants for arithmetic and a wall clock for people. Not here: how they come about (`run`).
//! Invariant: a false expectation, a run that could not happen and an interruption are different values.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossdock_contract::slas::Cause;
use jiff::Timestamp;
use serde_json::Value;

/// One run of a scenario.
#[derive(Clone, Debug)]
pub struct Run {
    /// The scenario's name.
    pub scenario: Arc<str>,
    /// The run's id: `X-Run-Id` of every call.
    pub run_id: String,
    /// The id that the systems correlate by: `X-Correlation-Id` of every call.
    pub correlation_id: String,
    /// Which run of many this is, from 0.
    pub iteration: u64,
    /// When the schedule wanted it to begin.
    pub intended: Instant,
    /// When it began.
    pub started: Instant,
    /// When its steps were over, clean-up not included.
    pub ended: Instant,
    /// When it began, by the wall clock.
    pub started_at: Timestamp,
    /// What became of it.
    pub verdict: RunVerdict,
    /// Its steps, in the order in which they ended; steps that were not reached are not in it.
    pub steps: Vec<StepRun>,
    /// What was undone, in the order in which it was undone.
    pub cleanup: Vec<CleanupRun>,
    /// `{run, vars, captured}` at the end: what a residue check needs.
    pub context: Value,
}

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunVerdict {
    /// Everything held.
    Pass,
    /// Something expected was false.
    Fail,
    /// It could not happen: nobody answered.
    Error,
    /// Somebody wished it to stop.
    Interrupted,
}

/// What became of one step.
#[derive(Clone, Debug)]
pub struct StepRun {
    /// The step's name.
    pub name: Arc<str>,
    /// Its kind.
    pub kind: StepKind,
    /// The system called, or the one that had to act.
    pub system: Option<Arc<str>>,
    /// The operation called, or the type of the awaited event.
    pub operation: Option<Arc<str>>,
    /// Which round of a `repeat` it was in, from 0.
    pub round: u64,
    /// Its line in the scenario file.
    pub line: usize,
    /// When the schedule wanted it to begin: until the first call that is the run's own, then `started`.
    pub intended: Instant,
    /// When it began.
    pub started: Instant,
    /// When it was done; of an awaited event: when the event reached us.
    pub done: Instant,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, where it did not pass.
    pub message: Option<String>,
    /// What was seen beside what was expected, where it did not pass.
    pub evidence: Option<Value>,
    /// The status of the (last) answer.
    pub status: Option<u16>,
    /// The kind of trouble, where there was no answer: `refused`, `dns`, `tls`, `timeout`, `broken`, `too_large`.
    pub trouble: Option<&'static str>,
    /// How many calls it took; 0 for steps that call nothing.
    pub attempts: u32,
    /// A `poll`: between the last question answered "not yet" and the first answered "yes".
    pub turned: Option<(Instant, Instant)>,
    /// An `await`: the event's own clock, and what else came.
    pub event: Option<EventRun>,
    /// An SLA: what was measured.
    pub sla: Option<SlaRun>,
    /// A line for a shell that does the call again, where it did not pass.
    pub reproduce: Option<String>,
}

/// The kinds of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// `arm`
    Arm,
    /// `call`
    Call,
    /// `await`
    Await,
    /// `poll`
    Poll,
    /// `pause`
    Pause,
    /// `expect` of expressions
    Expect,
    /// `expect` of an SLA
    Sla,
    /// `capture`
    Capture,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All true.
    Passed,
    /// Something expected was false.
    False,
    /// The awaited event came after its time.
    Late,
    /// The awaited event did not come until the run was over, over a stream that was connected.
    Lost,
    /// It could not happen: no answer, or a stream that was down.
    Error,
}

/// An awaited event, with both clocks.
#[derive(Clone, Debug)]
pub struct EventRun {
    /// When it happened, by the clock of its source.
    pub source_time: Option<Timestamp>,
    /// When it reached us, by our clock.
    pub received: Option<Timestamp>,
    /// The estimate of (our clock − the sender's clock).
    pub clock_offset_ms: Option<i64>,
    /// How often the same event came again.
    pub duplicates: u32,
    /// How many other events had the same type and key.
    pub repeats: u32,
    /// How late it was, if it came after its time.
    pub late: Option<Duration>,
}

/// A measured SLA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlaRun {
    /// The SLA's id.
    pub id: Arc<str>,
    /// The step and moment where the time began, as written: `submit.intended`.
    pub from: Arc<str>,
    /// The step where it ended.
    pub to_step: Arc<str>,
    /// What was measured; `None` if a mark is missing.
    pub measured: Option<Duration>,
    /// What a single run is allowed: `max`, else the highest percentile.
    pub allowed: Duration,
    /// Whether it holds.
    pub holds: bool,
    /// Who is charged for an overrun.
    pub cause: Option<Cause>,
}

/// What became of one clean-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanupRun {
    /// The run whose traces it removes.
    pub run_id: String,
    /// The step that made it necessary.
    pub step: String,
    /// The system called.
    pub system: String,
    /// The operation called.
    pub operation: String,
    /// Whether nothing is left to undo.
    pub clean: bool,
    /// Why not, where something is left.
    pub message: Option<String>,
}

/// What stayed open after a run.
#[derive(Clone, Debug, Default)]
pub struct Residue {
    /// How many objects are open.
    pub open: u64,
    /// How many questions were answered.
    pub checked: u64,
    /// One entry per question.
    pub items: Vec<ResidueItem>,
}

/// The answer to one question about residue.
#[derive(Clone, Debug)]
pub struct ResidueItem {
    /// The system asked.
    pub system: String,
    /// The operation that lists.
    pub operation: String,
    /// How many are open; `None` if there was no usable answer.
    pub open: Option<u64>,
    /// What is open, or why there was no answer.
    pub message: Option<String>,
}

impl Run {
    /// An instant of this run by the wall clock.
    pub fn wall(&self, instant: Instant) -> Timestamp {
        let shifted = match instant.checked_duration_since(self.started) {
            Some(after) => self.started_at.checked_add(after),
            None => self.started_at.checked_sub(self.started.duration_since(instant)),
        };
        shifted.unwrap_or(self.started_at)
    }

    /// The last run of the step of this name.
    pub fn step(&self, name: &str) -> Option<&StepRun> {
        self.steps.iter().rev().find(|step| &*step.name == name)
    }

    /// The first step that did not pass.
    pub fn first_failure(&self) -> Option<&StepRun> {
        self.steps.iter().find(|step| step.outcome != Outcome::Passed)
    }
}

impl StepRun {
    /// The time it took, from its begin.
    pub fn service_time(&self) -> Duration {
        self.done.saturating_duration_since(self.started)
    }

    /// The time it took, from when the schedule wanted it to begin.
    pub fn response_time(&self) -> Duration {
        self.done.saturating_duration_since(self.intended)
    }
}

impl Outcome {
    /// The stable word for reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::False => "false",
            Self::Late => "late",
            Self::Lost => "lost",
            Self::Error => "error",
        }
    }
}

impl Residue {
    /// Whether every question was answered and nothing is open.
    pub fn is_clean(&self) -> bool {
        self.open == 0 && self.items.iter().all(|item| item.open.is_some())
    }
}
