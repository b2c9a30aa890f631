//! What a scenario may not do in an environment.
//! Here: the rules of synthetic transactions, each with its place in the scenario. Not here: mistakes of the file itself
//! (`Scenario::load`).
//! Invariant: a transaction that breaks a rule is not started: nothing of it has been sent.

use std::collections::BTreeSet;

use crossdock_contract::Contracts;
use crossdock_contract::catalog;
use crossdock_report::TestResult;
use crossdock_scenario::{Awaited, Class, Environment, Scenario, SyntheticMode};

/// Everything that a scenario does wrong in an environment, as results that could not be judged.
///
/// `scheduled`: it is to run on its own schedule, so the schedule is held against it too.
pub fn lint(scenario: &Scenario, contracts: &Contracts, environment: &Environment, scheduled: bool) -> Vec<TestResult> {
    let mut found = sinks(scenario, contracts, environment);
    if environment.class() == Class::Production {
        found.extend(production(scenario, environment));
    }
    if scheduled {
        found.extend(schedule(scenario));
    }
    found
}

/// What a sink has swallowed, nobody will answer.
fn sinks(scenario: &Scenario, contracts: &Contracts, environment: &Environment) -> Vec<TestResult> {
    let is_sink = |system: &str| environment.synthetic_mode(system) == Some(SyntheticMode::Sink);
    let mut found = Vec::new();
    if scenario.synthetic().is_none() {
        return found;
    }
    for awaited in scenario.awaited() {
        for system in actors(&awaited, contracts, environment).into_iter().filter(|system| is_sink(system)) {
            let message = format!(
                "`{}` waits for `{}`, which `{system}` must cause; in environment `{}` it keeps synthetic messages unanswered",
                awaited.step,
                awaited.event,
                environment.name()
            );
            found.push(
                TestResult::error("nothing is awaited from a sink", message)
                    .rule("probe::await_on_sink")
                    .system(system)
                    .at(scenario.file(), awaited.line),
            );
        }
    }
    found
}

/// The systems that must act for an event to come: the one that the scenario names, else the only one that emits it.
fn actors(awaited: &Awaited, contracts: &Contracts, environment: &Environment) -> BTreeSet<String> {
    if let Some(system) = &awaited.system {
        return BTreeSet::from([system.to_string()]);
    }
    let emitters = contracts.catalog().events.iter().filter(|entry| *entry.id == *awaited.event);
    let patterns: Vec<&String> = emitters.flat_map(|entry| &entry.implemented_by).collect();
    let known = environment.systems().keys();
    let actors: BTreeSet<String> =
        known.filter(|system| patterns.iter().any(|pattern| catalog::matches(pattern, system))).cloned().collect();
    if actors.len() == 1 { actors } else { BTreeSet::new() }
}

fn production(scenario: &Scenario, environment: &Environment) -> Vec<TestResult> {
    let mut found = Vec::new();
    let mut refuse = |rule: &str, system: Option<&str>, message: String| {
        let result =
            TestResult::error("the transaction may run in production", message).rule(rule).at(scenario.file(), 1);
        found.push(match system {
            Some(system) => result.system(system),
            None => result,
        });
    };
    if scenario.synthetic().is_none() {
        let message = format!(
            "environment `{}` is production, and the scenario does not mark its messages: declare `synthetic:`",
            environment.name()
        );
        refuse("probe::not_synthetic", None, message);
    }
    // A synthetic fact reaches systems that the scenario never calls, so every system of the environment is asked for.
    for (id, system) in environment.systems() {
        match environment.synthetic_mode(id) {
            None => {
                let message = format!(
                    "what `{id}` makes of synthetic messages is not declared: write `synthetic: {{{id}: real | sink | stand_in}}` in environment `{}`",
                    environment.name()
                );
                refuse("probe::mode_undeclared", Some(id), message);
            }
            Some(SyntheticMode::Real) if system.financial => {
                let message = format!(
                    "`{id}` keeps real books: in production it takes synthetic messages as `sink` or `stand_in` only"
                );
                refuse("probe::real_financials", Some(id), message);
            }
            Some(_) => {}
        }
    }
    found
}

/// A run that may take longer than the interval would overlap the next one.
fn schedule(scenario: &Scenario) -> Vec<TestResult> {
    let Some(probe) = scenario.probe_plan() else {
        let message = "the scenario declares no `probe:`, so nothing says how often to run it".to_owned();
        return vec![
            TestResult::error("the schedule can be kept", message).rule("probe::no_schedule").at(scenario.file(), 1),
        ];
    };
    let longest = scenario.longest();
    if longest <= probe.every {
        return Vec::new();
    }
    let message = format!(
        "by its own time-outs a run may take {longest:?}, and one begins every {:?}: a longer `every`, or shorter `within`",
        probe.every
    );
    vec![TestResult::error("the schedule can be kept", message).rule("probe::overrun").at(scenario.file(), 1)]
}
