//! A flow that is one run of a scenario.
//! Here: starting the run at its intended time, reading its steps as samples. Not here: what steps do (`crossdock-scenario`).
//! Invariant: service levels are measured from the steps' own marks, whether or not the scenario's `expect` called the single run
//! good: a bench holds percentiles, not single runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossdock_scenario::{
    Cancel, Mark, Moment, Outcome as StepOutcome, Run, RunInput, RunVerdict, Runner, Scenario, StepKind, StepRun,
};

use crate::engine::{Flow, Start};
use crate::sample::{FlowSample, Outcome, SlaSample, StepSample};

/// Two marks of a scenario whose distance is held to a service level.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) sla: String,
    pub(crate) from: Mark,
    pub(crate) to: Mark,
}

/// Runs a scenario, once per arrival.
pub(crate) struct ScenarioFlow {
    pub(crate) runner: Runner,
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) spans: Vec<Span>,
    pub(crate) cancel: Cancel,
}

impl Flow for ScenarioFlow {
    async fn run(&self, start: Start) -> FlowSample {
        let input = RunInput {
            judge_slas: false,
            cancel: self.cancel.clone(),
            ..RunInput::numbered(start.index, start.intended)
        };
        let run = self.runner.run(&self.scenario, input).await;
        sample(&run, &self.spans)
    }
}

/// What a run measured.
pub(crate) fn sample(run: &Run, spans: &[Span]) -> FlowSample {
    let timed = || run.steps.iter().filter(|step| is_timed(step.kind));
    let ended = timed().map(|step| step.done).max().unwrap_or(run.ended);
    FlowSample {
        outcome: outcome(run),
        latency: ended.saturating_duration_since(run.intended),
        service: ended.saturating_duration_since(run.started),
        steps: timed().map(step_sample).collect(),
        slas: spans.iter().map(|span| SlaSample { sla: span.sla.clone(), measured: measured(run, span) }).collect(),
    }
}

fn is_timed(kind: StepKind) -> bool {
    matches!(kind, StepKind::Call | StepKind::Await | StepKind::Poll)
}

/// How the run ended, the single run's own SLA verdicts left aside.
fn outcome(run: &Run) -> Outcome {
    if run.verdict == RunVerdict::Interrupted {
        return Outcome::Incomplete("interrupted".to_owned());
    }
    let wrong = |step: &&StepRun| step.outcome != StepOutcome::Passed && step.kind != StepKind::Sla;
    let Some(step) = run.steps.iter().find(wrong) else {
        return match run.verdict {
            RunVerdict::Error => Outcome::Unanswered("the run could not happen".to_owned()),
            _ => Outcome::Completed,
        };
    };
    let why = format!("{}: {}", step.name, trouble(step).unwrap_or_else(|| step.outcome.word().to_owned()));
    match step.outcome {
        StepOutcome::Error => Outcome::Unanswered(why),
        StepOutcome::Late | StepOutcome::Lost => Outcome::Incomplete(why),
        // A poll that never turned is what an event that never came is: the flow is not at its end.
        _ if step.kind == StepKind::Poll && step.turned.is_none() => Outcome::Incomplete(why),
        _ => Outcome::Failed(why),
    }
}

fn step_sample(step: &StepRun) -> StepSample {
    StepSample {
        name: step.name.to_string(),
        latency: step.response_time(),
        service: step.service_time(),
        error: trouble(step),
    }
}

/// What went wrong as a kind that can be counted: no ids, no times.
fn trouble(step: &StepRun) -> Option<String> {
    if step.outcome == StepOutcome::Passed {
        return None;
    }
    Some(match (step.trouble, step.status) {
        (Some(kind), _) => kind.to_owned(),
        (None, Some(status)) if status >= 400 => format!("status {status}"),
        _ => step.outcome.word().to_owned(),
    })
}

/// The time between two marks, if the run reached both. An event that came late was reached; one that did not come was not.
fn measured(run: &Run, span: &Span) -> Option<Duration> {
    let at = |mark: &Mark| -> Option<Instant> {
        // An `arm` and its `await` share a name; only the latter takes time.
        let step = run.steps.iter().rev().find(|step| step.name == mark.step && is_timed(step.kind))?;
        match mark.at {
            Moment::Intended => Some(step.intended),
            Moment::Started => Some(step.started),
            Moment::Done => matches!(step.outcome, StepOutcome::Passed | StepOutcome::Late).then_some(step.done),
        }
    };
    Some(at(&span.to)?.saturating_duration_since(at(&span.from)?))
}
