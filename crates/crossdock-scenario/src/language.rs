//! The scenario file as people write it: one Rust type per word of the language.
//! Here: shape and the editor's words for it (`crossdock schema scenario`). Not here: what the words mean together
//! (`compile`) or what they do (`run`).
//! Invariant: these types only mirror the file; every check that needs a contract or another step is in `compile`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::spelling::{DurationText, RateText};

/// A scenario: what is done, what is awaited, what must hold. One file for tests, benches and probes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Crossdock scenario")]
pub struct ScenarioFile {
    /// Version of the language: 1.
    pub crossdock: u64,
    /// The scenario's name, in kebab-case.
    pub scenario: String,
    /// What it proves, in a sentence.
    #[serde(default)]
    pub description: Option<String>,
    /// Marks every message as synthetic, and says how a run is recognised in the systems.
    #[serde(default)]
    pub synthetic: Option<SyntheticSpec>,
    /// Constants, seen as `.vars.NAME`.
    #[serde(default)]
    pub vars: BTreeMap<String, Value>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// What may not stay open after a run: asked of the systems when the run is over.
    #[serde(default)]
    pub residue: Vec<ResidueSpec>,
    /// How the scenario is run as a benchmark.
    #[serde(default)]
    pub load: Option<LoadSpec>,
    /// How the scenario is run as a probe.
    #[serde(default)]
    pub probe: Option<ProbeSpec>,
}

/// How a synthetic run is recognised.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SyntheticSpec {
    /// Where the run's reference stands in the systems' objects.
    pub reference: ReferenceSpec,
}

/// The field and the prefix of a run's reference: `.run.reference` is the prefix and the run id.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferenceSpec {
    /// Name of the field that carries the reference.
    pub field: String,
    /// Its reserved prefix, for example `SYN-`.
    pub prefix: String,
}

/// One step: the word that names its kind comes first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Step {
    /// Registers for an event, before the act that causes it.
    Arm(ArmStep),
    /// Calls an operation of a system's contract.
    Call(CallStep),
    /// Waits for an armed event.
    Await(AwaitStep),
    /// Asks an operation until something is true.
    Poll(PollStep),
    /// Waits, because the scenario says so and for no other reason.
    Pause(PauseStep),
    /// Runs steps several times, one after the other.
    Repeat(RepeatStep),
    /// Runs branches at the same time; ends when all have ended.
    Parallel(ParallelStep),
    /// Holds something against the run: expressions over its context, or an SLA between two marks.
    Expect(ExpectStep),
    /// Names values of the run's context for later steps.
    Capture(CaptureStep),
}

/// Registers for an event, before the act that causes it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArmStep {
    /// A name for the event; `await` uses it.
    pub arm: String,
    /// An event source of the environment.
    pub from: String,
    /// The event's type, for example `order.accepted.v1`.
    pub event: String,
    /// Which of these events is ours.
    pub key: KeySpec,
    /// The system that must act for the event to come: the one that a delay is charged to.
    #[serde(default)]
    pub system: Option<String>,
}

/// A key in the event and its value in this run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeySpec {
    /// Expression over the event (a CloudEvent).
    pub of: ExprText,
    /// Template over the run's context.
    pub equals: Value,
}

/// Calls an operation of a system's contract.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallStep {
    /// The step's name.
    pub call: String,
    /// The system called.
    pub system: String,
    /// The `operationId` in the system's contract.
    pub operation: String,
    /// Path parameters.
    #[serde(default)]
    pub path: BTreeMap<String, Value>,
    /// Query parameters.
    #[serde(default)]
    pub query: BTreeMap<String, Value>,
    /// Request headers beside those that the runner sends.
    #[serde(default)]
    pub headers: BTreeMap<String, Value>,
    /// The request body; `${…}` in its strings are filled in.
    #[serde(default)]
    pub body: Option<Value>,
    /// The longest wait for the answer (default: the runner's, 10s).
    #[serde(default)]
    pub timeout: Option<DurationText>,
    /// What must be true of `{status, headers, body}`; by default the status is below 400.
    #[serde(default)]
    pub expect: Vec<ExprText>,
    /// Names for values of the answer, seen later as `.captured.NAME`.
    #[serde(default)]
    pub capture: BTreeMap<String, ExprText>,
    /// What undoes this call.
    #[serde(default)]
    pub cleanup: Option<CleanupSpec>,
}

/// What undoes a call: run on every exit, last in first out.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CleanupSpec {
    /// The system called (default: the step's).
    #[serde(default)]
    pub system: Option<String>,
    /// The `operationId` that undoes.
    pub operation: String,
    /// Path parameters.
    #[serde(default)]
    pub path: BTreeMap<String, Value>,
    /// Query parameters.
    #[serde(default)]
    pub query: BTreeMap<String, Value>,
    /// Request headers beside those that the runner sends.
    #[serde(default)]
    pub headers: BTreeMap<String, Value>,
    /// The request body.
    #[serde(default)]
    pub body: Option<Value>,
    /// True when nothing is left to undo; asked of each answer (default: the status is below 400).
    #[serde(default)]
    pub until: Option<ExprText>,
    /// The longest time to get there (default 30s).
    #[serde(default)]
    pub within: Option<DurationText>,
}

/// Waits for an armed event.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwaitStep {
    /// The name of the `arm` step.
    #[serde(rename = "await")]
    pub awaited: String,
    /// The longest wait, from the begin of this step.
    pub within: DurationText,
    /// What must be true of `{event, body}`: the CloudEvent, and its data.
    #[serde(default)]
    pub expect: Vec<ExprText>,
    /// Names for values of `{event, body}`, seen later as `.captured.NAME`.
    #[serde(default)]
    pub capture: BTreeMap<String, ExprText>,
}

/// Asks an operation until something is true.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PollStep {
    /// The step's name.
    pub poll: String,
    /// The system asked.
    pub system: String,
    /// The `operationId` in the system's contract.
    pub operation: String,
    /// Path parameters.
    #[serde(default)]
    pub path: BTreeMap<String, Value>,
    /// Query parameters.
    #[serde(default)]
    pub query: BTreeMap<String, Value>,
    /// Request headers beside those that the runner sends.
    #[serde(default)]
    pub headers: BTreeMap<String, Value>,
    /// True of the `{status, headers, body}` that is waited for.
    pub until: ExprText,
    /// The pauses between questions (default: from 100ms by 1.5 to 2s).
    #[serde(default)]
    pub every: Option<EverySpec>,
    /// The longest wait, from the begin of this step.
    pub within: DurationText,
    /// The longest wait for one answer (default: the runner's, 10s).
    #[serde(default)]
    pub timeout: Option<DurationText>,
    /// What must be true of the last answer, beside `until`.
    #[serde(default)]
    pub expect: Vec<ExprText>,
    /// Names for values of the last answer, seen later as `.captured.NAME`.
    #[serde(default)]
    pub capture: BTreeMap<String, ExprText>,
}

/// Growing pauses between the questions of a `poll`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EverySpec {
    /// The first pause.
    pub from: DurationText,
    /// Each pause is the last one times this; at least 1.
    #[serde(default)]
    pub factor: Option<serde_json::Number>,
    /// The longest pause.
    #[serde(default)]
    pub to: Option<DurationText>,
}

/// Waits, because the scenario says so.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseStep {
    /// How long.
    pub pause: DurationText,
}

/// Runs steps several times, one after the other. `.run.iteration` counts from 0.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RepeatStep {
    /// How many times; at most 10000.
    pub repeat: u64,
    /// The steps.
    pub steps: Vec<Step>,
}

/// Runs branches at the same time. A branch sees what came before; after the last branch has ended, all see all.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParallelStep {
    /// The branches.
    pub parallel: Vec<Branch>,
}

/// One branch of a `parallel` step.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// The branch's name.
    pub branch: String,
    /// Its steps, in order.
    pub steps: Vec<Step>,
}

/// Holds something against the run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectStep {
    /// Expressions over the run's context, or an SLA between two marks.
    pub expect: Expectation,
    /// A name in reports (default: the SLA, or the first expression).
    #[serde(default)]
    pub name: Option<String>,
}

/// What an `expect` step holds against the run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Expectation {
    /// Expressions over the run's context.
    Holds(Vec<ExprText>),
    /// An SLA between two marks.
    Sla(SlaSpec),
}

/// An SLA of `contracts/slas.yaml` between two marks of this run: `STEP.intended`, `STEP.started` or `STEP.done`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlaSpec {
    /// The SLA's id.
    pub sla: String,
    /// The mark where the time begins.
    pub from: String,
    /// The mark where it ends.
    pub to: String,
}

/// Names values of the run's context for later steps.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaptureStep {
    /// Names and expressions over the run's context.
    pub capture: BTreeMap<String, ExprText>,
}

/// Something that may not stay open after a run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResidueSpec {
    /// The system asked.
    pub system: String,
    /// The `operationId` that lists.
    pub operation: String,
    /// Path parameters.
    #[serde(default)]
    pub path: BTreeMap<String, Value>,
    /// Query parameters.
    #[serde(default)]
    pub query: BTreeMap<String, Value>,
    /// Expression over `{status, headers, body}`: the open ones, as a list or as their number.
    pub open: ExprText,
    /// How long to wait for it to become none (default 10s).
    #[serde(default)]
    pub within: Option<DurationText>,
}

/// How the scenario is run as a benchmark.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadSpec {
    /// When runs begin, whatever became of earlier ones (open model).
    pub arrivals: ArrivalsSpec,
    /// The most runs at a time; an arrival above it is counted as not started.
    pub in_flight_max: u64,
    /// The first part of the load, left out of the figures (default: the ramp).
    #[serde(default)]
    pub warm_up: Option<DurationText>,
    /// The pacer's own lateness (p99) above which the measurement is invalid (default: 2ms, or 2 % of the tightest SLA).
    #[serde(default)]
    pub lateness_max: Option<DurationText>,
    /// The longest wait for the last runs after the last arrival (default 30s).
    #[serde(default)]
    pub drain: Option<DurationText>,
}

/// When runs begin.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArrivalsSpec {
    /// The rate that is held.
    pub rate: RateText,
    /// How long the rate rises from zero.
    #[serde(default)]
    pub ramp: Option<DurationText>,
    /// How long the rate is held.
    pub hold: DurationText,
    /// How arrivals are spread (default: even).
    #[serde(default)]
    pub spread: Option<Spread>,
}

/// How arrivals are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// At equal distances.
    #[default]
    Even,
    /// As independent arrivals come: exponential distances.
    Poisson,
}

/// How the scenario is run as a probe.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbeSpec {
    /// The interval between runs.
    pub every: DurationText,
    /// The most that a run is moved by at random.
    #[serde(default)]
    pub jitter: Option<DurationText>,
    /// How a failure is confirmed.
    #[serde(default)]
    pub confirm: Option<ConfirmSpec>,
    /// When people are told.
    #[serde(default)]
    pub alert: Option<AlertSpec>,
    /// The objective that the runs count for.
    #[serde(default)]
    pub slo: Option<String>,
}

/// How a failure is confirmed. The failed try is always counted.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmSpec {
    /// How many further tries.
    pub tries: u64,
    /// After which time.
    pub after: DurationText,
}

/// Tells people when so many of the last so many runs failed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertSpec {
    /// Failing runs.
    pub failing: u64,
    /// Of the last runs.
    pub of: u64,
}

/// A jq expression as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExprText(pub String);

impl JsonSchema for ExprText {
    fn schema_name() -> Cow<'static, str> {
        "Expression".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "description": "A jq expression, for example `.status == 201`"})
    }
}

/// Chooses the kind by the word that is there. Written by hand: serde's `untagged` would buffer numbers into a form that
/// loses their literal, and would answer a mistake with "did not match any variant".
impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let has = |word: &str| value.get(word).is_some();
        // `expect` and `capture` also occur inside a call, an await and a poll: those are looked for first.
        if has("arm") {
            read(value).map(Self::Arm)
        } else if has("call") {
            read(value).map(Self::Call)
        } else if has("await") {
            read(value).map(Self::Await)
        } else if has("poll") {
            read(value).map(Self::Poll)
        } else if has("pause") {
            read(value).map(Self::Pause)
        } else if has("repeat") {
            read(value).map(Self::Repeat)
        } else if has("parallel") {
            read(value).map(Self::Parallel)
        } else if has("expect") {
            read(value).map(Self::Expect)
        } else if has("capture") {
            read(value).map(Self::Capture)
        } else {
            Err(D::Error::custom("a step is one of arm, call, await, poll, expect, capture, pause, repeat, parallel"))
        }
    }
}

impl<'de> Deserialize<'de> for Expectation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.is_array() { read(value).map(Self::Holds) } else { read(value).map(Self::Sla) }
    }
}

fn read<T: DeserializeOwned, E: serde::de::Error>(value: Value) -> Result<T, E> {
    serde_json::from_value(value).map_err(E::custom)
}
