//! `contract test`: every API that the systems of an environment provide, held to its contract.
//! Here: which systems, in what order, side by side; the report. Not here: the cases (`examples`, `cases`), the rules (`judge`).
//! Invariant: systems are tested side by side and never wait for one another; the report has them in the environment's order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossdock_contract::Contracts;
use crossdock_contract::api::Operation;
use crossdock_report::{Report, TestResult, Verdict};
use crossdock_scenario::caller::{CallLimits, Caller, CallerError, Identity};
use crossdock_scenario::{Cancel, Class, Environment, RunInput};
use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::conversation::Conversation;
use crate::findings::Findings;
use crate::traces::{Reserved, Traces};
use crate::trial::{self, Trial};
use crate::{cases, examples};

/// How a test goes about it.
#[derive(Clone, Debug)]
pub struct TestOptions {
    /// Only these systems (default: every one of the environment that provides an API).
    pub systems: Option<Vec<String>>,
    /// Whether cases are generated from the contract, beside the declared examples.
    pub generated: bool,
    /// Most invalid bodies of one operation.
    pub cases_per_operation: usize,
    /// Which invalid bodies, where there are more.
    pub seed: u64,
    /// Whether documents that are not JSON (X12 interchanges) are sent: they start an exchange with other systems.
    pub documents: bool,
    /// The run's id, in every message of it (default: a new one).
    pub run_id: Option<String>,
    /// Systems tested at the same time.
    pub parallel: usize,
    /// Bounds of every call.
    pub limits: CallLimits,
    /// The wish to stop.
    pub cancel: Cancel,
}

impl Default for TestOptions {
    fn default() -> Self {
        Self {
            systems: None,
            generated: true,
            cases_per_operation: 12,
            seed: 0,
            documents: false,
            run_id: None,
            parallel: 8,
            limits: CallLimits { timeout: Duration::from_secs(5), ..CallLimits::default() },
            cancel: Cancel::new(),
        }
    }
}

/// Why nothing could be tested.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// A system that was asked for is not there.
    #[error("environment `{environment}` has no system `{system}` with an API in the contracts; it has {known}")]
    UnknownSystem {
        /// The system.
        system: String,
        /// The environment.
        environment: String,
        /// Those that could be tested.
        known: String,
    },
    /// Nothing is there.
    #[error("no system of environment `{environment}` provides an API of the contracts")]
    NoSystem {
        /// The environment.
        environment: String,
    },
    /// The calls could not be set up.
    #[error("the systems of environment `{environment}` cannot be called")]
    Caller {
        /// The environment.
        environment: String,
        /// Why.
        #[source]
        source: CallerError,
    },
}

/// Tests the systems of an environment against their contracts.
///
/// # Errors
/// If nothing could be tried. A system that does not answer is in the report.
pub async fn test(
    contracts: &Arc<Contracts>,
    environment: &Environment,
    options: &TestOptions,
) -> Result<Report, TestError> {
    let (started, began) = (Timestamp::now(), Instant::now());
    let systems = systems(contracts, environment, options)?;
    let caller = Caller::new(environment, options.limits.clone())
        .map_err(|source| TestError::Caller { environment: environment.name().to_owned(), source })?;
    let run = RunInput::once();
    let run_id = options.run_id.clone().unwrap_or(run.run_id);
    let identity = Identity { run_id: run_id.clone(), correlation_id: run.correlation_id, synthetic: true };
    let reserved = Reserved::of(contracts);
    let tested: Vec<Tested> = stream::iter(&systems)
        .map(|system| {
            let test = SystemTest {
                contracts,
                reserved: &reserved,
                options,
                may_change: environment.class() != Class::Production,
                system,
            };
            test.run(&caller, identity.clone())
        })
        .buffered(options.parallel.max(1))
        .collect()
        .await;
    let mut report = Report::new("contract test");
    report.set("environment", environment.name());
    report.set("run_id", run_id);
    report.set("seed", options.seed);
    report.set("systems", tested.iter().map(|tested| &tested.summary).collect::<Vec<_>>());
    for result in tested.into_iter().flat_map(|tested| tested.results) {
        report.push(result);
    }
    let report = report.finish(started, began.elapsed());
    Ok(if options.cancel.is_cancelled() { report.with_verdict(Verdict::Error, "interrupted") } else { report })
}

fn systems(contracts: &Contracts, environment: &Environment, options: &TestOptions) -> Result<Vec<String>, TestError> {
    let all: Vec<String> = environment.systems().keys().filter(|id| contracts.api_of(id).is_some()).cloned().collect();
    let Some(wanted) = &options.systems else {
        return if all.is_empty() {
            Err(TestError::NoSystem { environment: environment.name().to_owned() })
        } else {
            Ok(all)
        };
    };
    match wanted.iter().find(|system| !all.contains(system)) {
        Some(system) => Err(TestError::UnknownSystem {
            system: system.clone(),
            environment: environment.name().to_owned(),
            known: all.join(", "),
        }),
        None => Ok(wanted.clone()),
    }
}

/// One system to be tested.
struct SystemTest<'a> {
    contracts: &'a Contracts,
    reserved: &'a Reserved,
    options: &'a TestOptions,
    may_change: bool,
    system: &'a str,
}

/// What came of it.
struct Tested {
    results: Vec<TestResult>,
    summary: Value,
}

impl SystemTest<'_> {
    async fn run(self, caller: &Caller, identity: Identity) -> Tested {
        let mut traces = Traces::new(&identity.run_id, self.system);
        let mut findings = Findings::new(self.system);
        let mut talk = Conversation::new(caller, self.system, identity, self.options.cancel.clone());
        let (mut operations, mut apis, mut undone, mut left) = (0, Vec::new(), 0, 0);
        for api in self.contracts.apis_of(self.system) {
            apis.push(api.id.clone());
            operations += api.operations.len();
            let mut trial = Trial {
                api,
                reserved: self.reserved,
                options: self.options,
                may_change: self.may_change,
                talk: &mut talk,
                traces: &mut traces,
                findings: &mut findings,
            };
            self.operations(&mut trial).await;
            let (done, open) = trial.undo().await;
            undone += done;
            left += open;
        }
        let results = match talk.silence() {
            Some(failure) => Findings::silent(self.system, &failure.message, failure.kind.word(), operations),
            None => findings.into_results(),
        };
        let summary = json!({
            "system": self.system, "apis": apis, "operations": operations,
            "calls": talk.calls, "answered": talk.answered, "undone": undone, "left": left,
        });
        Tested { results, summary }
    }

    /// Examples first, so that something is there; then what must be refused; at the end what ends things.
    async fn operations(&self, trial: &mut Trial<'_, '_>) {
        let mut operations: Vec<&Operation> = trial.api.operations.iter().collect();
        operations.sort_by_key(|operation| trial::stage(operation));
        let (endings, others): (Vec<&Operation>, Vec<&Operation>) =
            operations.iter().partition(|operation| trial::stage(operation) == trial::LAST);
        for operation in others {
            examples::run(trial, operation).await;
        }
        if self.options.generated {
            for operation in &operations {
                cases::run(trial, operation).await;
            }
        }
        for operation in endings {
            examples::run(trial, operation).await;
        }
    }
}
