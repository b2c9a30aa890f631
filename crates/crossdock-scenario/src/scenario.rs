//! A scenario, checked and ready to run any number of times.
//! Here: the plan that `compile` makes of a file: names resolved, expressions and templates parsed, durations read.
//! Not here: the file's words (`language`), the checks (`compile`), the running (`run`).
//! Invariant: nothing in a plan has to be parsed again; a run only evaluates.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crossdock_contract::Contracts;
use crossdock_contract::expr::Expr;
use crossdock_contract::slas::{Cause, Targets};
use crossdock_diag::{Diagnostics, Document, Limits};
use serde_json::Value;

use crate::environment::Environment;
pub use crate::language::Spread;
use crate::request::{RequestPlan, ValuePlan};

/// A scenario, checked and ready to run.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub(crate) name: Arc<str>,
    pub(crate) file: String,
    pub(crate) description: Option<String>,
    pub(crate) synthetic: Option<Synthetic>,
    pub(crate) vars: Vec<(String, ValuePlan)>,
    pub(crate) steps: Vec<StepPlan>,
    pub(crate) residue: Vec<ResiduePlan>,
    pub(crate) load: Option<Load>,
    pub(crate) probe: Option<Probe>,
    pub(crate) warnings: Diagnostics,
}

/// How a synthetic run is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synthetic {
    /// Name of the field that carries the reference.
    pub field: String,
    /// Its reserved prefix.
    pub prefix: String,
}

/// How the scenario is run as a benchmark.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// The rate that is held, per second.
    pub rate_per_s: f64,
    /// How long the rate rises from zero.
    pub ramp: Duration,
    /// How long the rate is held.
    pub hold: Duration,
    /// How arrivals are spread.
    pub spread: Spread,
    /// The most runs at a time.
    pub in_flight_max: usize,
    /// The first part of the load, left out of the figures.
    pub warm_up: Duration,
    /// The pacer's lateness (p99) above which the measurement is invalid, where declared.
    pub lateness_max: Option<Duration>,
    /// The longest wait for the last runs after the last arrival.
    pub drain: Duration,
}

/// How the scenario is run as a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The interval between runs.
    pub every: Duration,
    /// The most that a run is moved by at random.
    pub jitter: Duration,
    /// How many further tries confirm a failure, and after which time.
    pub confirm: Option<(u32, Duration)>,
    /// Tells people when so many of the last so many runs failed.
    pub alert: Option<(u32, u32)>,
    /// The objective that the runs count for.
    pub slo: Option<String>,
}

/// One step of a plan.
#[derive(Clone, Debug)]
pub(crate) struct StepPlan {
    pub(crate) name: Arc<str>,
    pub(crate) line: usize,
    /// Whether a later expression reads this step by its name, so that its answer is kept.
    pub(crate) kept: bool,
    pub(crate) act: Act,
}

#[derive(Clone, Debug)]
pub(crate) enum Act {
    Arm(ArmPlan),
    Call(Box<CallPlan>),
    Await(AwaitPlan),
    Poll(Box<PollPlan>),
    Pause(Duration),
    Repeat { times: u64, steps: Vec<StepPlan> },
    Parallel(Vec<(Arc<str>, Vec<StepPlan>)>),
    Holds(Vec<Check>),
    Sla(SlaPlan),
    Capture(Vec<(Arc<str>, Expr)>),
}

#[derive(Clone, Debug)]
pub(crate) struct ArmPlan {
    pub(crate) source: Arc<str>,
    pub(crate) event: Arc<str>,
    pub(crate) of: Expr,
    pub(crate) equals: ValuePlan,
}

#[derive(Clone, Debug)]
pub(crate) struct CallPlan {
    pub(crate) request: RequestPlan,
    pub(crate) checks: Vec<Check>,
    pub(crate) captures: Vec<(Arc<str>, Expr)>,
    pub(crate) cleanup: Option<Arc<crate::cleanup::CleanupPlan>>,
}

#[derive(Clone, Debug)]
pub(crate) struct AwaitPlan {
    /// The system that must act for the event to come.
    pub(crate) system: Option<Arc<str>>,
    pub(crate) event: Arc<str>,
    pub(crate) within: Duration,
    pub(crate) checks: Vec<Check>,
    pub(crate) captures: Vec<(Arc<str>, Expr)>,
}

#[derive(Clone, Debug)]
pub(crate) struct PollPlan {
    pub(crate) request: RequestPlan,
    pub(crate) until: Check,
    pub(crate) every: Every,
    pub(crate) within: Duration,
    pub(crate) checks: Vec<Check>,
    pub(crate) captures: Vec<(Arc<str>, Expr)>,
}

/// Growing pauses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Every {
    pub(crate) from: Duration,
    pub(crate) factor: f64,
    pub(crate) to: Duration,
}

impl Default for Every {
    fn default() -> Self {
        Self { from: Duration::from_millis(100), factor: 1.5, to: Duration::from_secs(2) }
    }
}

impl Every {
    /// The pause after this one.
    pub(crate) fn after(&self, pause: Duration) -> Duration {
        pause.mul_f64(self.factor).min(self.to)
    }
}

/// One expectation: the expression, and its left side where it is a comparison, to show what was seen.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) expr: Expr,
    pub(crate) left: Option<Expr>,
}

/// An SLA held against a run: between which marks, and what it allows.
#[derive(Clone, Debug)]
pub struct SlaPlan {
    /// The SLA's id.
    pub id: Arc<str>,
    /// Where the time begins.
    pub from: Mark,
    /// Where it ends.
    pub to: Mark,
    /// What is allowed.
    pub targets: Targets,
    /// Who is charged for an overrun.
    pub cause: Option<Cause>,
}

/// A moment of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The step.
    pub step: Arc<str>,
    /// Which moment of it.
    pub at: Moment,
}

/// The moments of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// When the schedule wanted it to begin.
    Intended,
    /// When it began.
    Started,
    /// When it was done; of an awaited event: when the event reached us.
    Done,
}

/// Something that may not stay open.
#[derive(Clone, Debug)]
pub(crate) struct ResiduePlan {
    pub(crate) request: RequestPlan,
    pub(crate) open: Expr,
    pub(crate) within: Duration,
}

impl Scenario {
    /// Reads and checks a scenario file against the contracts and, where one is given, an environment.
    ///
    /// All mistakes of the file are reported at once. Without an environment, systems are looked up in the contracts only, and
    /// event sources are not checked.
    pub fn load(path: &Path, contracts: &Contracts, environment: Option<&Environment>) -> Result<Self, Diagnostics> {
        let document = crossdock_diag::read(path, &Limits::default())?;
        Self::from_document(&document, contracts, environment)
    }

    /// Checks a scenario that has been read.
    pub fn from_document(
        document: &Document,
        contracts: &Contracts,
        environment: Option<&Environment>,
    ) -> Result<Self, Diagnostics> {
        crate::compile::scenario(document, contracts, environment)
    }

    /// The scenario's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file it was read from, as the file was named.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What it proves, in a sentence.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// How a synthetic run is recognised; `None` if the scenario's messages are not marked as synthetic.
    pub fn synthetic(&self) -> Option<&Synthetic> {
        self.synthetic.as_ref()
    }

    /// How it is run as a benchmark.
    pub fn load_plan(&self) -> Option<&Load> {
        self.load.as_ref()
    }

    /// How it is run as a probe.
    pub fn probe_plan(&self) -> Option<&Probe> {
        self.probe.as_ref()
    }

    /// What is worth knowing about the file although it can be run.
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }

    /// The SLAs it holds, in the order of the file.
    pub fn slas(&self) -> Vec<&SlaPlan> {
        let mut found = Vec::new();
        each(&self.steps, &mut |step| {
            if let Act::Sla(sla) = &step.act {
                found.push(sla);
            }
        });
        found
    }

    /// The names of the steps that take time (call, await, poll), in the order of the file.
    pub fn timed_steps(&self) -> Vec<Arc<str>> {
        let mut found = Vec::new();
        each(&self.steps, &mut |step| {
            if matches!(step.act, Act::Call(_) | Act::Await(_) | Act::Poll(_)) {
                found.push(Arc::clone(&step.name));
            }
        });
        found
    }

    /// The systems that it calls, clean-up and residue included.
    pub fn systems(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        each(&self.steps, &mut |step| match &step.act {
            Act::Call(call) => {
                found.insert(call.request.system().to_owned());
                if let Some(cleanup) = &call.cleanup {
                    found.insert(cleanup.request.system().to_owned());
                }
            }
            Act::Poll(poll) => {
                found.insert(poll.request.system().to_owned());
            }
            _ => {}
        });
        found.extend(self.residue.iter().map(|residue| residue.request.system().to_owned()));
        found
    }

    /// The event sources that it listens to.
    pub fn event_sources(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        each(&self.steps, &mut |step| {
            if let Act::Arm(arm) = &step.act {
                found.insert(arm.source.to_string());
            }
        });
        found
    }

    /// What it awaits: the step, the event's type, and the system declared to cause it.
    pub fn awaited(&self) -> Vec<Awaited> {
        let mut found = Vec::new();
        each(&self.steps, &mut |step| {
            if let Act::Await(awaited) = &step.act {
                found.push(Awaited {
                    step: Arc::clone(&step.name),
                    line: step.line,
                    event: Arc::clone(&awaited.event),
                    system: awaited.system.clone(),
                });
            }
        });
        found
    }

    /// The longest that a run may take by its own words: every wait and pause to its end.
    pub fn longest(&self) -> Duration {
        longest(&self.steps)
    }
}

/// An awaited event of a scenario.
#[derive(Clone, Debug)]
pub struct Awaited {
    /// The step.
    pub step: Arc<str>,
    /// Its line in the file.
    pub line: usize,
    /// The event's type.
    pub event: Arc<str>,
    /// The system that must act for it, where the scenario says so.
    pub system: Option<Arc<str>>,
}

fn each<'p>(steps: &'p [StepPlan], visit: &mut impl FnMut(&'p StepPlan)) {
    for step in steps {
        visit(step);
        match &step.act {
            Act::Repeat { steps, .. } => each(steps, visit),
            Act::Parallel(branches) => {
                for (_, steps) in branches {
                    each(steps, visit);
                }
            }
            _ => {}
        }
    }
}

fn longest(steps: &[StepPlan]) -> Duration {
    let of = |step: &StepPlan| match &step.act {
        Act::Call(call) => call.request.timeout().unwrap_or(Duration::from_secs(10)),
        Act::Await(awaited) => awaited.within,
        Act::Poll(poll) => poll.within,
        Act::Pause(pause) => *pause,
        Act::Repeat { times, steps } => longest(steps).saturating_mul(u32::try_from(*times).unwrap_or(u32::MAX)),
        Act::Parallel(branches) => branches.iter().map(|(_, steps)| longest(steps)).max().unwrap_or_default(),
        Act::Arm(_) | Act::Holds(_) | Act::Sla(_) | Act::Capture(_) => Duration::ZERO,
    };
    steps.iter().map(of).fold(Duration::ZERO, Duration::saturating_add)
}

/// The templates of a value, for checks.
pub(crate) fn is_template(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("${"))
}
