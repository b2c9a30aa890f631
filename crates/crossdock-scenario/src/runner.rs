//! Runs scenarios: one runner per environment, any number of runs at a time.
//! Here: what all runs share, the life of one run (steps, then clean-up on every exit), recovery after a crash, residue.
//! Not here: what each step does (`steps`).
//! Invariant: a run ends with its clean-up done or with the reason why not, however its steps ended.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crossdock_contract::Contracts;
use jiff::Timestamp;
use serde_json::Value;

use crate::caller::{CallLimits, Caller, CallerError, Identity};
use crate::cancel::Cancel;
use crate::cleanup::Pending;
use crate::context;
use crate::environment::Environment;
use crate::events::{EventError, EventHub};
use crate::intent::{self, IntentError, IntentLog};
use crate::outcome::{CleanupRun, Outcome, Residue, ResidueItem, Run, RunVerdict, StepRun};
use crate::scenario::{Every, ResiduePlan, Scenario};
use crate::steps::Flow;

/// How a runner works.
#[derive(Clone, Debug, Default)]
pub struct RunnerOptions {
    /// Bounds of every call.
    pub limits: CallLimits,
    /// Where clean-ups are written down before they become necessary. Without it a crash leaves its traces.
    pub intent_log: Option<PathBuf>,
    /// The event sources to listen to; `None`: every one of the environment.
    pub event_sources: Option<Vec<String>>,
}

/// Why a runner cannot be made: the run could not happen.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// No caller.
    #[error(transparent)]
    Caller(#[from] CallerError),
    /// An event source cannot be listened to.
    #[error(transparent)]
    Events(#[from] EventError),
    /// The clean-up log cannot be used.
    #[error(transparent)]
    Intent(#[from] IntentError),
}

/// One run to make.
#[derive(Clone, Debug)]
pub struct RunInput {
    /// The run's id.
    pub run_id: String,
    /// The id that the systems correlate by; a UUID, so that it is also the trace id.
    pub correlation_id: String,
    /// Which run of many this is, from 0.
    pub iteration: u64,
    /// When the schedule wanted it to begin.
    pub intended: Instant,
    /// Whether an SLA that is missed makes the run fail. A bench only measures: it judges percentiles of many runs.
    pub judge_slas: bool,
    /// The wish to stop.
    pub cancel: Cancel,
}

impl RunInput {
    /// A run of its own, to begin now.
    pub fn once() -> Self {
        Self::numbered(0, Instant::now())
    }

    /// Run `iteration` of many, to begin at `intended`.
    pub fn numbered(iteration: u64, intended: Instant) -> Self {
        Self {
            run_id: uuid::Uuid::now_v7().simple().to_string(),
            correlation_id: uuid::Uuid::now_v7().to_string(),
            iteration,
            intended,
            judge_slas: true,
            cancel: Cancel::new(),
        }
    }
}

/// Runs scenarios in one environment. Cheap to clone; runs do not disturb each other.
#[derive(Clone, Debug)]
pub struct Runner {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) contracts: Arc<Contracts>,
    pub(crate) environment: Environment,
    pub(crate) caller: Caller,
    pub(crate) events: EventHub,
    pub(crate) log: Option<IntentLog>,
}

impl Runner {
    /// Reads the keys, listens to the event sources and opens the clean-up log.
    pub async fn new(
        contracts: Arc<Contracts>,
        environment: Environment,
        options: RunnerOptions,
    ) -> Result<Self, RunnerError> {
        let caller = Caller::new(&environment, options.limits)?;
        let log = options.intent_log.as_deref().map(IntentLog::open).transpose()?;
        let events = match &options.event_sources {
            None => EventHub::connect(&environment).await?,
            Some(ids) => {
                EventHub::connect_to(&environment, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await?
            }
        };
        Ok(Self { shared: Arc::new(Shared { contracts, environment, caller, events, log }) })
    }

    /// The contracts it works with.
    pub fn contracts(&self) -> &Contracts {
        &self.shared.contracts
    }

    /// The environment it works in.
    pub fn environment(&self) -> &Environment {
        &self.shared.environment
    }

    /// Its caller.
    pub fn caller(&self) -> &Caller {
        &self.shared.caller
    }

    /// Its events.
    pub fn events(&self) -> &EventHub {
        &self.shared.events
    }

    /// Runs a scenario once: steps until the first that is false, then the clean-up, whatever happened.
    pub async fn run(&self, scenario: &Scenario, input: RunInput) -> Run {
        let (started_at, started) = (Timestamp::now(), Instant::now());
        let mut context = context::begin(scenario, &input.run_id, &input.correlation_id, input.iteration);
        let flow = Flow::new(&self.shared, scenario, &input);
        // Dropping the steps drops a call in flight: the stack knows that it had begun.
        let interrupted = tokio::select! {
            biased;
            () = input.cancel.cancelled() => true,
            _ = flow.steps(&scenario.steps, &mut context) => false,
        };
        let ended = Instant::now();
        let cleanup = flow.stack.unwind(&self.shared.caller, self.shared.log.as_ref()).await;
        let steps = flow.finish();
        let verdict = verdict(&steps, &cleanup, interrupted, input.judge_slas);
        Run {
            scenario: Arc::clone(&scenario.name),
            run_id: input.run_id,
            correlation_id: input.correlation_id,
            iteration: input.iteration,
            intended: input.intended,
            started,
            ended,
            started_at,
            verdict,
            steps,
            cleanup,
            context: context::kept(&context),
        }
    }

    /// Undoes what a crashed process has left, by its clean-up log; what could not be undone stays in the log.
    pub async fn recover(&self, log: &Path) -> Result<Vec<CleanupRun>, RunnerError> {
        let open = intent::read_open(log)?;
        let writer = match &self.shared.log {
            Some(writer) => writer.clone(),
            None => IntentLog::open(log)?,
        };
        let mut runs = Vec::new();
        for entry in open {
            let (run_id, step) = (entry.begun.run_id.clone(), entry.begun.step.clone());
            let request = &entry.begun.cleanup.request;
            let (system, operation) = (request.system.clone(), request.operation.clone());
            match Pending::from_open(entry) {
                Ok(pending) => runs.push(pending.undo(&self.shared.caller, Some(&writer)).await),
                Err(error) => runs.push(CleanupRun {
                    run_id,
                    step,
                    system,
                    operation,
                    clean: false,
                    message: Some(error.to_string()),
                }),
            }
        }
        Ok(runs)
    }

    /// Asks the systems what of a run is still open, until nothing is or the time is over.
    pub async fn residue(&self, scenario: &Scenario, run: &Run) -> Residue {
        let identity = Identity {
            run_id: run.run_id.clone(),
            correlation_id: run.correlation_id.clone(),
            synthetic: scenario.synthetic.is_some(),
        };
        let asked = scenario.residue.iter().map(|plan| self.ask(plan, &run.context, &identity));
        let items = futures_util::future::join_all(asked).await;
        Residue {
            open: items.iter().filter_map(|item| item.open).sum(),
            checked: items.iter().filter(|item| item.open.is_some()).count() as u64,
            items,
        }
    }

    async fn ask(&self, plan: &ResiduePlan, context: &Value, identity: &Identity) -> ResidueItem {
        let (system, operation) = plan.request.names();
        let deadline = Instant::now() + plan.within;
        let every = Every::default();
        let mut pause = every.from;
        loop {
            let answer = match plan.request.fill(context, identity.clone(), String::new) {
                Ok(request) => self.shared.caller.send(&request).await.map_err(|failure| failure.message),
                Err(error) => Err(error.to_string()),
            };
            let (open, message) = match answer {
                Err(message) => (None, Some(message)),
                Ok(answer) => match plan.open.eval(&answer.view()) {
                    Ok(value) => match counted(&value) {
                        Some(0) => (Some(0), None),
                        Some(count) => (Some(count), Some(crate::cleanup::short(value.to_string().as_bytes()))),
                        None => (None, Some(format!("`{}` is neither a list nor a number: {value}", plan.open.text()))),
                    },
                    Err(error) => (None, Some(format!("answered {}: {error}", answer.status))),
                },
            };
            if open == Some(0) || Instant::now() + pause >= deadline {
                return ResidueItem { system: system.to_string(), operation: operation.to_string(), open, message };
            }
            tokio::time::sleep(pause).await;
            pause = every.after(pause);
        }
    }
}

/// The open ones: a list counts its items, a number is one already.
fn counted(value: &Value) -> Option<u64> {
    match value {
        Value::Array(items) => Some(items.len() as u64),
        Value::Number(number) => number.as_u64(),
        _ => None,
    }
}

fn verdict(steps: &[StepRun], cleanup: &[CleanupRun], interrupted: bool, judge_slas: bool) -> RunVerdict {
    if interrupted {
        return RunVerdict::Interrupted;
    }
    let counts = |step: &&StepRun| judge_slas || step.sla.is_none();
    let is = |wanted: &[Outcome]| steps.iter().filter(counts).any(|step| wanted.contains(&step.outcome));
    if is(&[Outcome::False, Outcome::Late, Outcome::Lost]) {
        RunVerdict::Fail
    } else if is(&[Outcome::Error]) {
        RunVerdict::Error
    } else if cleanup.iter().any(|run| !run.clean) {
        RunVerdict::Fail
    } else {
        RunVerdict::Pass
    }
}
