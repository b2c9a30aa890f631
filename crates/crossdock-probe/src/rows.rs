//! A run as rows: its timed steps, its SLAs, the timeline across systems, and the results that are judged.
//! Here: the stable keys of `probe once`. Not here: running (`once`), charging (`attribution`).
//! Invariant: a row's time is the segment that its SLA covers, where one ends there; else the step's own.

use std::time::{Duration, Instant};

use crossdock_report::{ResultVerdict, TestResult};
use crossdock_scenario::{
    CleanupRun, Environment, Outcome, Residue, Run, Scenario, SlaRun, StepKind, StepRun, SyntheticMode,
};
use serde_json::{Map, Value, json};

/// `steps`: one row per call, await and poll.
pub(crate) fn steps(run: &Run, environment: &Environment) -> Value {
    let rows = run.steps.iter().filter(|step| is_timed(step)).map(|step| {
        let segment = segment(run, step);
        let (began, took) = span(run, step, segment.as_ref());
        let mut row = Map::new();
        row.insert("name".to_owned(), json!(&*step.name));
        row.insert("system".to_owned(), json!(step.system.as_deref()));
        row.insert("kind".to_owned(), json!(word(step.kind)));
        row.insert("started".to_owned(), json!(run.wall(began)));
        row.insert("duration_ms".to_owned(), json!(millis(took)));
        if let Some(sla) = &segment {
            row.insert("sla".to_owned(), json!(&*sla.id));
            row.insert("sla_ms".to_owned(), json!(millis(sla.allowed)));
        }
        let late = segment.as_ref().is_some_and(|sla| !sla.holds);
        let verdict = if step.outcome == Outcome::Passed && late { "fail" } else { verdict_word(step.outcome) };
        row.insert("verdict".to_owned(), json!(verdict));
        if let Some(mode) = step.system.as_deref().and_then(|system| environment.synthetic_mode(system)) {
            row.insert("synthetic".to_owned(), json!(mode_word(mode)));
        }
        if let Some(event) = &step.event {
            row.insert("event".to_owned(), json!(step.operation.as_deref()));
            row.insert("source_time".to_owned(), json!(event.source_time));
            if event.duplicates + event.repeats > 0 {
                row.insert("again".to_owned(), json!({"duplicates": event.duplicates, "repeats": event.repeats}));
            }
        }
        if let Some(message) = &step.message {
            row.insert("message".to_owned(), json!(message));
        }
        Value::Object(row)
    });
    rows.collect()
}

/// `slas`: what was measured between the marks.
pub(crate) fn slas(run: &Run) -> Value {
    let rows = run.steps.iter().filter_map(|step| step.sla.as_ref()).map(|sla| {
        json!({
            "name": &*sla.id,
            "target": format!("≤ {} ms", millis(sla.allowed)),
            "measured": sla.measured.map_or_else(|| "-".to_owned(), |measured| format!("{} ms", millis(measured))),
            "measured_ms": sla.measured.map(millis),
            "holds": sla.holds,
        })
    });
    rows.collect()
}

/// `timeline`: what each system did when, the clean-up last.
pub(crate) fn timeline(run: &Run) -> Value {
    let rows = run.steps.iter().filter(|step| is_timed(step)).map(|step| {
        let (began, took) = span(run, step, segment(run, step).as_ref());
        json!({
            "lane": step.system.as_deref().unwrap_or("run"),
            "at": run.wall(began),
            "duration_ms": took.as_secs_f64() * 1e3,
            "label": &*step.name,
            "kind": word(step.kind),
        })
    });
    rows.collect()
}

/// What is judged: each step, each SLA, each clean-up; steps that were not reached are skipped.
pub(crate) fn results(run: &Run, scenario: &Scenario) -> Vec<TestResult> {
    // What only prepares is told when it failed.
    let told = |step: &&StepRun| {
        is_timed(step) || matches!(step.kind, StepKind::Sla | StepKind::Expect) || step.outcome != Outcome::Passed
    };
    let mut results: Vec<TestResult> = run.steps.iter().filter(told).map(|step| result(step, scenario)).collect();
    for name in scenario.timed_steps() {
        if !run.steps.iter().any(|step| step.name == name && is_timed(step)) {
            results.push(TestResult::skipped(name.to_string(), "the run had ended before it"));
        }
    }
    results.extend(run.cleanup.iter().map(cleanup));
    results
}

fn result(step: &StepRun, scenario: &Scenario) -> TestResult {
    let verdict = match step.outcome {
        Outcome::Passed => ResultVerdict::Pass,
        Outcome::False | Outcome::Late | Outcome::Lost => ResultVerdict::Fail,
        Outcome::Error => ResultVerdict::Error,
    };
    let name = if step.kind == StepKind::Sla { format!("SLA {}", step.name) } else { step.name.to_string() };
    let mut result = TestResult::new(name, verdict).at(scenario.file(), step.line);
    if step.outcome != Outcome::Passed {
        result = result.rule(format!("step::{}", step.trouble.unwrap_or(step.outcome.word())));
    }
    result.system = step.system.as_deref().map(str::to_owned);
    result.operation = step.operation.as_deref().map(str::to_owned);
    result.message.clone_from(&step.message);
    result.evidence.clone_from(&step.evidence);
    result.reproduce.clone_from(&step.reproduce);
    result
}

pub(crate) fn cleanup(run: &CleanupRun) -> TestResult {
    let name = format!("{} is undone", run.step);
    let result = match &run.message {
        Some(message) if !run.clean => TestResult::fail(name, message.clone()).rule("cleanup"),
        _ => TestResult::pass(name),
    };
    result.system(run.system.clone()).operation(run.operation.clone())
}

/// Nothing stays open: one result per question.
pub(crate) fn residue(residue: &Residue) -> Vec<TestResult> {
    let results = residue.items.iter().map(|item| {
        let name = format!("nothing is left of the run in {}", item.operation);
        let message = item.message.clone().unwrap_or_default();
        let result = match item.open {
            Some(0) => TestResult::pass(name),
            Some(open) => TestResult::fail(name, format!("{open} open: {message}")).rule("residue"),
            None => TestResult::error(name, message).rule("residue"),
        };
        result.system(item.system.clone()).operation(item.operation.clone())
    });
    results.collect()
}

/// The SLA whose segment ends at this step; of several the shortest, because the others cover more than this step.
fn segment(run: &Run, step: &StepRun) -> Option<SlaRun> {
    let ending = run.steps.iter().filter_map(|known| known.sla.as_ref()).filter(|sla| sla.to_step == step.name);
    ending.filter(|sla| sla.measured.is_some()).min_by_key(|sla| sla.measured).cloned()
}

fn span(run: &Run, step: &StepRun, segment: Option<&SlaRun>) -> (Instant, Duration) {
    let covered = segment.and_then(|sla| run.steps.iter().find(|known| known.sla.as_ref() == Some(sla)));
    let measured = covered.unwrap_or(step);
    (measured.started, measured.done.saturating_duration_since(measured.started))
}

fn is_timed(step: &StepRun) -> bool {
    matches!(step.kind, StepKind::Call | StepKind::Await | StepKind::Poll)
}

fn word(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Arm => "arm",
        StepKind::Call => "call",
        StepKind::Await => "await",
        StepKind::Poll => "poll",
        StepKind::Pause => "pause",
        StepKind::Expect => "expect",
        StepKind::Sla => "sla",
        StepKind::Capture => "capture",
    }
}

fn verdict_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "pass",
        Outcome::False | Outcome::Late | Outcome::Lost => "fail",
        Outcome::Error => "error",
    }
}

fn mode_word(mode: SyntheticMode) -> &'static str {
    match mode {
        SyntheticMode::Real => "real",
        SyntheticMode::Sink => "sink",
        SyntheticMode::StandIn => "stand_in",
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
