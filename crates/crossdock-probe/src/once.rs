//! One synthetic transaction and its report: the CI smoke after a deploy.
//! Here: admission, the run, residue, the report. Not here: schedules and history.
//! Invariant: every way to end has a report; a transaction that may not run has sent nothing.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crossdock_contract::Contracts;
use crossdock_report::{Report, TestResult, Verdict};
use crossdock_scenario::{
    Cancel, Class, Environment, Residue, RunInput, RunVerdict, Runner, RunnerOptions, Scenario, SyntheticMode,
};
use jiff::Timestamp;
use serde_json::json;

use crate::{admission, attribution, rows};

/// How the transaction is made.
#[derive(Clone, Debug, Default)]
pub struct ProbeOptions {
    /// How the run calls, and where its clean-ups are written down.
    pub runner: RunnerOptions,
    /// A clean-up log of a crashed run, undone first.
    pub recover: Option<PathBuf>,
    /// The wish to stop.
    pub cancel: Cancel,
}

/// Runs a scenario once and reports it.
pub async fn once(
    contracts: Arc<Contracts>,
    environment: &Environment,
    scenario: &Scenario,
    options: ProbeOptions,
) -> Report {
    let (started, began) = (Timestamp::now(), Instant::now());
    let mut report = Report::new("probe once");
    report.set("scenario", scenario.name());
    report.set("environment", environment.name());
    let refused = admission::lint(scenario, &contracts, environment, false);
    if !refused.is_empty() {
        for result in refused {
            report.push(result);
        }
        return report.finish(started, began.elapsed()).with_verdict(Verdict::Error, "refused");
    }
    let mut how = options.runner;
    // A source that this scenario does not listen to need not be there.
    how.event_sources.get_or_insert_with(|| scenario.event_sources().into_iter().collect());
    let runner = match Runner::new(contracts, environment.clone(), how).await {
        Ok(runner) => runner,
        Err(error) => {
            report.push(TestResult::error("the transaction can begin", chain(&error)).rule("probe::not_started"));
            return report.finish(started, began.elapsed());
        }
    };
    if let Some(log) = &options.recover {
        match runner.recover(log).await {
            Ok(runs) => {
                for run in &runs {
                    report.push(rows::cleanup(run));
                }
            }
            Err(error) => {
                let result = TestResult::error("what a crashed run has left is undone", chain(&error)).rule("cleanup");
                report.push(result);
            }
        }
    }
    let input = RunInput { cancel: options.cancel, ..RunInput::once() };
    if let Some(result) = told_the_hub(&runner, scenario, &input.run_id).await {
        report.push(result);
        return report.finish(started, began.elapsed()).with_verdict(Verdict::Error, "refused");
    }
    let measured = runner.measured_from().await;
    let run = runner.run(scenario, input).await;
    let residue = match run.verdict {
        // Somebody waits for the process to end.
        RunVerdict::Interrupted => Residue::default(),
        _ => runner.residue(scenario, &run).await,
    };
    report.set("run_id", &run.run_id);
    report.set("correlation_id", &run.correlation_id);
    report.set("steps", rows::steps(&run, environment));
    report.set("slas", rows::slas(&run));
    report.set("timeline", rows::timeline(&run));
    if let Some(at) = measured.filter(|_| run.verdict != RunVerdict::Interrupted) {
        let sheet = runner.signals_since(at, scenario.synthetic().is_some(), Some(&run.run_id)).await;
        report.set("signals", sheet.unwrap_or_else(|why| json!({"unavailable": why})));
    }
    if let Some(charged) = attribution::attribute(&run, scenario, environment) {
        report.set("attribution", charged);
    }
    report.set("residue", json!({"open": residue.open, "checked": residue.checked}));
    for result in rows::results(&run, scenario).into_iter().chain(rows::residue(&residue)) {
        report.push(result);
    }
    let report = report.finish(started, began.elapsed());
    if run.verdict == RunVerdict::Interrupted {
        return report.with_verdict(Verdict::Error, "interrupted");
    }
    report
}

/// What keeps a synthetic transaction from beginning: the switch, or a hub that cannot send its messages where they must go.
///
/// Sinks are told to the hub everywhere. That a simulator stands in is told in production only: elsewhere the systems may be
/// simulators themselves.
async fn told_the_hub(runner: &Runner, scenario: &Scenario, run_id: &str) -> Option<TestResult> {
    scenario.synthetic()?;
    if let Some(who) = runner.stopped().await {
        return Some(TestResult::error("synthetic transactions may begin", who).rule("probe::stopped"));
    }
    let environment = runner.environment();
    let production = environment.class() == Class::Production;
    let word = |mode: SyntheticMode| match mode {
        SyntheticMode::Sink => Some("sink"),
        SyntheticMode::StandIn => production.then_some("stand_in"),
        SyntheticMode::Real => None,
    };
    let modes =
        environment.systems().keys().filter_map(|id| Some((id.clone(), word(environment.synthetic_mode(id)?)?)));
    let targets: BTreeMap<String, &str> = modes.collect();
    if targets.is_empty() {
        return None;
    }
    let why = runner.open_run(run_id, &targets).await?.err()?;
    Some(TestResult::error("the hub sends the run's messages where they may go", why).rule("probe::not_isolated"))
}

/// An error with its causes, outermost first.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
