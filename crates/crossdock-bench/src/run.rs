//! One bench: a scenario, its load, its service levels; driven, judged, and driven once more where the generator was at fault.
//! Here: what the scenario declares and what the caller overrides, the repetition. Not here: driving (`engine`), judging
//! (`verdict`), the words and keys of the report (`report`).
//! Invariant: a repetition is told, and the figures are those of the last run alone.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossdock_contract::Contracts;
use crossdock_report::Report;
use crossdock_scenario::{Cancel, Environment, Load, Runner, RunnerOptions, Scenario, Spread};
use jiff::Timestamp;

use crate::engine::{Measured, Plan, ProgressFn, drive};
use crate::flow::{ScenarioFlow, Span};
use crate::report::{self, Told};
use crate::schedule::{Schedule, Spacing};
use crate::verdict::{Judgement, Level, judge};

/// What the caller wants otherwise than the scenario declares. The default changes nothing.
#[derive(Clone, Debug, Default)]
pub struct BenchOptions {
    /// Another rate, in arrivals a second.
    pub rate_per_s: Option<f64>,
    /// Another time to reach the rate.
    pub ramp: Option<Duration>,
    /// Another time to hold it.
    pub hold: Option<Duration>,
    /// Another part of the load to leave out of the figures.
    pub warm_up: Option<Duration>,
    /// Another bound on flows at one time.
    pub in_flight_max: Option<u64>,
    /// Lateness (p99) of the generator that is tolerated, instead of max(2 ms, 2 % of the tightest service level).
    pub late_tolerance: Option<Duration>,
    /// How often an invalid run is done again (default: not).
    pub repeat_invalid: u32,
    /// Share of the flows that may end badly, 0 to 1 (default: none).
    pub failures_allowed: f64,
    /// Start of the random arrivals of a Poisson schedule.
    pub seed: u64,
    /// How the runs call.
    pub runner: RunnerOptions,
    /// Ends the run early when it is cancelled.
    pub cancel: Cancel,
}

/// Why a bench could not begin.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The scenario declares no load.
    #[error("scenario `{scenario}` declares no `load`, so nothing says at which rate to run it")]
    NoLoad {
        /// The scenario.
        scenario: String,
    },
    /// The rate is no rate.
    #[error("{rate} is no rate to run at: it must be above zero and at most {RATE_MAX} a second")]
    Rate {
        /// What was asked for.
        rate: f64,
    },
    /// The runner could not be set up: a key, an event source.
    #[error("the scenario cannot be run in environment `{environment}`")]
    Runner {
        /// The environment.
        environment: String,
        /// Why.
        #[source]
        source: crossdock_scenario::RunnerError,
    },
}

/// Highest rate that is tried: beyond it the pacer's own work is what would be measured.
const RATE_MAX: f64 = 100_000.0;
/// Wait for the last flows beyond their own longest time, for answers under way.
const DRAIN_SLACK: Duration = Duration::from_secs(5);

/// Runs a scenario as a benchmark and reports what was measured and concluded.
///
/// # Errors
/// If nothing could be run. A run that was measured but is worth nothing is a report with the verdict `error`.
pub async fn run(
    contracts: Arc<Contracts>,
    environment: &Environment,
    scenario: Arc<Scenario>,
    options: BenchOptions,
    progress: ProgressFn<'_>,
) -> Result<Report, BenchError> {
    let (started, began) = (Timestamp::now(), Instant::now());
    let plan = plan(&scenario, &options)?;
    let levels = levels(&contracts, &scenario);
    let spans = scenario
        .slas()
        .into_iter()
        .map(|sla| Span { sla: sla.id.to_string(), from: sla.from.clone(), to: sla.to.clone() })
        .collect();
    let mut runner_options = options.runner.clone();
    // A source that this scenario does not listen to need not be there.
    runner_options.event_sources.get_or_insert_with(|| scenario.event_sources().into_iter().collect());
    let runner = Runner::new(contracts, environment.clone(), runner_options)
        .await
        .map_err(|source| BenchError::Runner { environment: environment.name().to_owned(), source })?;
    let asked = runner.clone();
    let flow =
        Arc::new(ScenarioFlow { runner, scenario: Arc::clone(&scenario), spans, cancel: options.cancel.clone() });
    let mut rejected: Vec<Judgement> = Vec::new();
    loop {
        let before = asked.measured_from().await;
        let measured = drive_until_cancelled(&flow, &plan, &options.cancel, progress).await;
        let judged =
            judge(&measured, &levels, options.late_tolerance.or_else(|| declared(&scenario)), options.failures_allowed);
        let again = !judged.is_valid() && !measured.stopped && rejected.len() < options.repeat_invalid as usize;
        if again {
            rejected.push(judged);
            continue;
        }
        let signals = match &before {
            Some(at) => Some(asked.signals_since(*at, scenario.synthetic().is_some(), None).await),
            None => None,
        };
        return Ok(report::report(&Told {
            signals: signals.as_ref(),
            started,
            took: began.elapsed(),
            environment: environment.name(),
            scenario: &scenario,
            plan: &plan,
            levels: &levels,
            measured: &measured,
            judged: &judged,
            rejected: &rejected,
        }));
    }
}

fn declared(scenario: &Scenario) -> Option<Duration> {
    scenario.load_plan().and_then(|load| load.lateness_max)
}

/// Stops the pacer when the caller cancels; the runs themselves see the wish too, and clean up.
async fn drive_until_cancelled(
    flow: &Arc<ScenarioFlow>,
    plan: &Plan,
    cancel: &Cancel,
    progress: ProgressFn<'_>,
) -> Measured {
    let stop = Arc::new(AtomicBool::new(cancel.is_cancelled()));
    let watch = async {
        cancel.cancelled().await;
        stop.store(true, Ordering::Relaxed);
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        measured = drive(Arc::clone(flow), plan, Arc::clone(&stop), progress) => measured,
        never = watch => match never {},
    }
}

/// The schedule and the bounds: what the scenario declares, changed by what the caller wants.
fn plan(scenario: &Scenario, options: &BenchOptions) -> Result<Plan, BenchError> {
    let load = scenario.load_plan().ok_or_else(|| BenchError::NoLoad { scenario: scenario.name().to_owned() })?;
    let rate = options.rate_per_s.unwrap_or(load.rate_per_s);
    if !(rate > 0.0 && rate <= RATE_MAX) {
        return Err(BenchError::Rate { rate });
    }
    let ramp = options.ramp.unwrap_or(load.ramp);
    let hold = options.hold.unwrap_or(load.hold);
    let spacing = match load.spread {
        Spread::Even => Spacing::Even,
        Spread::Poisson => Spacing::Poisson { seed: options.seed },
    };
    Ok(Plan {
        schedule: Schedule::ramp(0.0, rate, ramp).and(rate, rate, hold).spaced(spacing),
        warm_up: options.warm_up.unwrap_or_else(|| warm_up(load, options)),
        in_flight_max: options.in_flight_max.unwrap_or(load.in_flight_max as u64),
        drain: load.drain.max(scenario.longest().saturating_add(DRAIN_SLACK)),
    })
}

/// A declared warm-up stays; one that is only the ramp follows the ramp that is run.
fn warm_up(load: &Load, options: &BenchOptions) -> Duration {
    match options.ramp {
        Some(ramp) if load.warm_up == load.ramp => ramp,
        _ => load.warm_up,
    }
}

/// What the run is held to: the SLAs that the scenario expects between its marks, and the one that is named as the scenario, which
/// is held by the whole flow.
fn levels(contracts: &Contracts, scenario: &Scenario) -> Vec<Level> {
    let mut seen = BTreeSet::new();
    let mut levels: Vec<Level> = scenario
        .slas()
        .into_iter()
        .filter(|sla| seen.insert(sla.id.to_string()))
        .map(|sla| Level { id: sla.id.to_string(), bounds: sla.targets.percentiles(), whole_flow: false })
        .collect();
    if let Some(sla) = contracts.slas().get(scenario.name()).filter(|sla| !seen.contains(&sla.id)) {
        levels.push(Level { id: sla.id.clone(), bounds: sla.targets.percentiles(), whole_flow: true });
    }
    levels
}
