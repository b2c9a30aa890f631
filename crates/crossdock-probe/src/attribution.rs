//! Which segment of a failing transaction is to be charged, and with what.
//! Why: "the transaction failed" wakes somebody up; "the supplier's 855 came 4 s late" wakes the right one.
//! When it acts: on a step that did not pass, else on missed SLAs. What it ignores: delays below the clock tolerance, which it
//! calls `uncertain`.
//! Invariant: the same run always gives the same answer; exactly one cause is named.

use std::collections::BTreeMap;
use std::time::Duration;

use crossdock_contract::slas::Cause;
use crossdock_scenario::{Environment, Outcome, Run, Scenario, StepKind, StepRun};
use serde::Serialize;

/// The charged segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attribution {
    /// The segment: the SLA's id where one covers it, else "from → to" in step names.
    pub segment: String,
    /// The system that had to act.
    pub system: String,
    /// `supplier_response`, `transport`, `receiving`, `quality`, `invoice`, `integration`, or `uncertain`.
    pub cause: String,
    /// How much later than allowed; of what never came: until the run gave up.
    pub late_ms: u64,
}

/// Charges a failing run; `None` if nothing failed.
pub fn attribute(run: &Run, scenario: &Scenario, environment: &Environment) -> Option<Attribution> {
    let broken = run.steps.iter().find(|step| step.outcome != Outcome::Passed && step.kind != StepKind::Sla);
    match broken {
        Some(step) => Some(of_step(step, run, scenario)),
        None => of_slas(run, environment),
    }
}

/// A flow that stopped is charged to the step at which it stopped.
fn of_step(step: &StepRun, run: &Run, scenario: &Scenario) -> Attribution {
    let sla = scenario.slas().into_iter().filter(|sla| sla.to.step == step.name).find(|sla| sla.cause.is_some());
    let before =
        run.steps.iter().take_while(|known| !std::ptr::eq(*known, step)).filter(|known| is_timed(known)).last();
    let segment = match (&sla, before) {
        (Some(sla), _) => sla.id.to_string(),
        (None, Some(before)) => format!("{} → {}", before.name, step.name),
        (None, None) => step.name.to_string(),
    };
    let allowed = sla.as_ref().and_then(|sla| sla.targets.single_ms()).map(Duration::from_millis);
    let began = sla.as_ref().and_then(|sla| run.step(&sla.from.step)).map_or(step.started, |from| from.done);
    let late = match step.outcome {
        Outcome::Late => step.event.as_ref().and_then(|event| event.late).unwrap_or_default(),
        Outcome::Lost => run.ended.saturating_duration_since(began).saturating_sub(allowed.unwrap_or_default()),
        Outcome::False | Outcome::Error | Outcome::Passed => Duration::ZERO,
    };
    Attribution {
        segment,
        system: system_of(step),
        cause: sla.and_then(|sla| sla.cause).map_or_else(|| "integration".to_owned(), word),
        late_ms: millis(late),
    }
}

/// The cause with the largest sum of overruns; of equal ones the earlier. Its largest overrun names segment and system.
fn of_slas(run: &Run, environment: &Environment) -> Option<Attribution> {
    let missed: Vec<Overrun<'_>> = run.steps.iter().filter_map(overrun).collect();
    let charged: Vec<&Overrun<'_>> = missed.iter().filter(|overrun| overrun.cause.is_some()).collect();
    if charged.is_empty() {
        // Only a whole flow was late: its slowest segment, measured by what it was allowed.
        let whole = missed.iter().max_by_key(|overrun| overrun.late)?;
        let slowest = slowest(run);
        return Some(Attribution {
            segment: slowest.as_ref().map_or_else(|| whole.id.to_owned(), |(segment, ..)| segment.clone()),
            system: slowest.as_ref().map_or_else(|| system_of(whole.step), |(_, system, _)| system.clone()),
            cause: certain(whole.late, environment, slowest.and_then(|(.., cause)| cause)),
            late_ms: millis(whole.late),
        });
    }
    let mut sums: BTreeMap<usize, Duration> = BTreeMap::new();
    let first_of = |cause: Option<Cause>| charged.iter().position(|overrun| overrun.cause == cause).unwrap_or_default();
    for overrun in &charged {
        *sums.entry(first_of(overrun.cause)).or_default() += overrun.late;
    }
    // By position, so that the earlier cause wins a tie.
    let (first, sum) = sums.into_iter().fold(None, |best: Option<(usize, Duration)>, (position, sum)| match best {
        Some((_, largest)) if largest >= sum => best,
        _ => Some((position, sum)),
    })?;
    let cause = charged[first].cause;
    let headline = charged.iter().filter(|overrun| overrun.cause == cause).max_by_key(|overrun| overrun.late)?;
    Some(Attribution {
        segment: headline.id.to_owned(),
        system: system_of(headline.step),
        cause: certain(sum, environment, cause),
        late_ms: millis(headline.late),
    })
}

struct Overrun<'r> {
    id: &'r str,
    step: &'r StepRun,
    cause: Option<Cause>,
    late: Duration,
}

fn overrun(step: &StepRun) -> Option<Overrun<'_>> {
    let sla = step.sla.as_ref().filter(|sla| !sla.holds)?;
    let late = sla.measured?.saturating_sub(sla.allowed);
    Some(Overrun { id: &sla.id, step, cause: sla.cause, late })
}

/// The segment that used most of its allowance.
fn slowest(run: &Run) -> Option<(String, String, Option<Cause>)> {
    let share = |step: &&StepRun| {
        let sla = step.sla.as_ref()?;
        sla.cause?;
        let allowed = sla.allowed.as_secs_f64().max(1e-3);
        Some((sla.measured?.as_secs_f64() / allowed * 1e6) as u64)
    };
    let step = run.steps.iter().filter(|step| share(step).is_some()).max_by_key(share)?;
    let sla = step.sla.as_ref()?;
    Some((sla.id.to_string(), system_of(step), sla.cause))
}

fn certain(late: Duration, environment: &Environment, cause: Option<Cause>) -> String {
    if late <= environment.clock_tolerance() {
        "uncertain".to_owned()
    } else {
        cause.map_or_else(|| "integration".to_owned(), word)
    }
}

fn is_timed(step: &StepRun) -> bool {
    matches!(step.kind, StepKind::Call | StepKind::Await | StepKind::Poll)
}

fn system_of(step: &StepRun) -> String {
    step.system.as_deref().unwrap_or("unknown").to_owned()
}

fn word(cause: Cause) -> String {
    match cause {
        Cause::Integration => "integration",
        Cause::SupplierResponse => "supplier_response",
        Cause::Transport => "transport",
        Cause::Receiving => "receiving",
        Cause::Quality => "quality",
        Cause::Invoice => "invoice",
    }
    .to_owned()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
