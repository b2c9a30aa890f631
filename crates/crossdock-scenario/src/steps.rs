//! What each step of a run does.
//! Here: the walk over the plan, calls, events, polls, expectations, captures, structured concurrency. Not here: clean-up
//! (`cleanup`), the life of a run (`runner`).
//! Invariant: a step ends with one [`StepRun`]; the walk stops at the first that did not pass, except for an SLA, which is a
//! verdict on time and leaves the flow as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossdock_contract::expr::Expr;
use serde_json::{Value, json};

use crate::caller::{Answer, CallFailure, CallRequest, FailureKind, Identity};
use crate::cleanup::{CleanupStack, Intent};
use crate::context;
use crate::events::{Armed, Key, Seen};
use crate::outcome::{EventRun, Outcome, SlaRun, StepKind, StepRun};
use crate::request::RequestPlan;
use crate::runner::{RunInput, Shared};
use crate::scenario::{Act, ArmPlan, AwaitPlan, CallPlan, Check, Mark, Moment, PollPlan, Scenario, SlaPlan, StepPlan};

/// One run under way.
pub(crate) struct Flow<'r> {
    shared: &'r Shared,
    scenario: &'r Scenario,
    input: &'r RunInput,
    pub(crate) stack: CleanupStack,
    records: Mutex<Vec<StepRun>>,
    armed: Mutex<BTreeMap<Arc<str>, Arc<Armed>>>,
    /// The systems that have answered in this run: their silence later is a finding, not an absence.
    heard: Mutex<BTreeSet<Arc<str>>>,
    /// Whether the first call has begun; until then steps are measured from the run's intended begin.
    called: Mutex<bool>,
}

/// Whether the walk goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Go,
    Stop,
}

/// What a step has found out about itself.
#[derive(Default)]
struct Finding {
    outcome: Option<Outcome>,
    message: Option<String>,
    evidence: Option<Value>,
}

impl Finding {
    fn of(outcome: Outcome, message: impl Into<String>) -> Self {
        Self { outcome: Some(outcome), message: Some(message.into()), evidence: None }
    }
}

impl<'r> Flow<'r> {
    pub(crate) fn new(shared: &'r Shared, scenario: &'r Scenario, input: &'r RunInput) -> Self {
        Self {
            shared,
            scenario,
            input,
            stack: CleanupStack::default(),
            records: Mutex::default(),
            armed: Mutex::default(),
            heard: Mutex::default(),
            called: Mutex::default(),
        }
    }

    /// The records, with what came for awaited events until now.
    pub(crate) fn finish(self) -> Vec<StepRun> {
        let armed = self.armed.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut records = self.records.into_inner().unwrap_or_else(PoisonError::into_inner);
        for record in records.iter_mut().filter(|record| record.kind == StepKind::Await) {
            let Some(sightings) = armed.get(&record.name).map(|armed| armed.sightings()) else { continue };
            let Some(event) = &mut record.event else { continue };
            event.duplicates = sightings.duplicates;
            event.repeats = sightings.repeats;
            if let (Outcome::Lost, Some(seen)) = (record.outcome, sightings.first) {
                record.outcome = Outcome::Late;
                event.late = Some(seen.at.saturating_duration_since(record.done));
                event.source_time = seen.source_time;
                event.received = Some(seen.received);
                record.message =
                    Some(format!("`{}` came {:?} after its time", record.name, event.late.unwrap_or_default()));
            }
        }
        records
    }

    /// Walks steps in order. Boxed, because steps contain steps.
    pub(crate) fn steps<'f>(
        &'f self,
        steps: &'f [StepPlan],
        context: &'f mut Value,
    ) -> Pin<Box<dyn Future<Output = Next> + Send + 'f>> {
        Box::pin(async move {
            for step in steps {
                if self.step(step, context).await == Next::Stop {
                    return Next::Stop;
                }
            }
            Next::Go
        })
    }

    async fn step(&self, step: &StepPlan, context: &mut Value) -> Next {
        match &step.act {
            Act::Arm(arm) => self.arm(step, arm, context),
            Act::Call(call) => self.call(step, call, context).await,
            Act::Await(awaited) => self.wait(step, awaited, context).await,
            Act::Poll(poll) => self.poll(step, poll, context).await,
            Act::Pause(pause) => {
                // What comes after a pause has no schedule of its own.
                *held(&self.called) = true;
                let mut record = self.record(step, StepKind::Pause, context);
                tokio::time::sleep(*pause).await;
                record.done = Instant::now();
                self.end(record, Finding::default())
            }
            Act::Repeat { times, steps } => {
                for round in 0..*times {
                    context::set(context, "run", "iteration", Value::from(round));
                    if self.steps(steps, context).await == Next::Stop {
                        return Next::Stop;
                    }
                }
                context::set(context, "run", "iteration", Value::from(0));
                Next::Go
            }
            Act::Parallel(branches) => self.parallel(branches, context).await,
            Act::Holds(checks) => {
                let record = self.record(step, StepKind::Expect, context);
                let finding = held_against(checks, context);
                self.end(record, finding)
            }
            Act::Sla(sla) => {
                self.sla(step, sla, context);
                Next::Go
            }
            Act::Capture(captures) => {
                let record = self.record(step, StepKind::Capture, context);
                let seen = context.clone();
                let finding = capture(captures, &seen, context);
                self.end(record, finding)
            }
        }
    }

    fn arm(&self, step: &StepPlan, arm: &ArmPlan, context: &Value) -> Next {
        let record = self.record(step, StepKind::Arm, context);
        let finding = match arm.equals.fill_text("the key", context) {
            Err(error) => Finding::of(Outcome::Error, error.to_string()),
            Ok(equals) => {
                let key = Key { event: Arc::clone(&arm.event), of: arm.of.clone(), equals };
                match self.shared.events.arm(&arm.source, &key) {
                    Ok(armed) => {
                        held(&self.armed).insert(Arc::clone(&step.name), Arc::new(armed));
                        Finding::default()
                    }
                    Err(error) => Finding::of(Outcome::Error, error.to_string()),
                }
            }
        };
        self.end(record, finding)
    }

    async fn call(&self, step: &StepPlan, plan: &CallPlan, context: &mut Value) -> Next {
        let mut record = self.record(step, StepKind::Call, context);
        address(&mut record, &plan.request);
        let request = match self.fill(step, &plan.request, context, record.round) {
            Ok(request) => request,
            Err(finding) => return self.end(record, finding),
        };
        let log = self.shared.log.as_ref();
        let mut undo = None;
        if let Some(cleanup) = &plan.cleanup {
            let intent = Intent {
                scenario: &self.scenario.name,
                step: &step.name,
                plan: cleanup,
                call: &request,
                keyed: plan.request.is_keyed(),
                captures: &plan.captures,
                context: &context::kept(context),
            };
            match self.stack.begin(intent, log).await {
                Ok(id) => undo = Some(id),
                Err(error) => return self.end(record, Finding::of(Outcome::Error, error.to_string())),
            }
        }
        self.begin_call(&mut record);
        record.attempts = 1;
        let answer = self.shared.caller.send(&request).await;
        record.done = Instant::now();
        let finding = match answer {
            Err(failure) => {
                if let Some(id) = undo.filter(|_| !failure.kind.is_ambiguous()) {
                    self.stack.withdraw(&id, &failure.message, log).await;
                }
                self.silence(&mut record, &failure)
            }
            Ok(answer) => {
                self.heard(&mut record, &answer);
                let view = answer.view();
                let mut finding =
                    if plan.checks.is_empty() { status_below_400(&view) } else { held_against(&plan.checks, &view) };
                let captured = capture(&plan.captures, &view, context);
                if finding.outcome.is_none() {
                    finding = captured;
                }
                if let Some(id) = undo {
                    match answer.status {
                        // 5xx: it may have taken place; the entry stays "begun" and the clean-up asks.
                        500.. => {}
                        400..500 => self.stack.withdraw(&id, &format!("refused with {}", answer.status), log).await,
                        _ => {
                            if let Err(error) = self.stack.ready(&id, &context::kept(context), log).await {
                                tracing::warn!(%error, "the clean-up log lags behind the run");
                            }
                        }
                    }
                }
                if step.kept {
                    context::set_step(context, &step.name, view);
                }
                finding
            }
        };
        self.end_call(record, finding, &request)
    }

    async fn wait(&self, step: &StepPlan, plan: &AwaitPlan, context: &mut Value) -> Next {
        let mut record = self.record(step, StepKind::Await, context);
        record.system.clone_from(&plan.system);
        record.operation = Some(Arc::clone(&plan.event));
        let Some(armed) = held(&self.armed).get(&step.name).cloned() else {
            return self.end(record, Finding::of(Outcome::Error, format!("`{}` is not armed", step.name)));
        };
        let gaps = armed.gaps();
        let seen = armed.wait_until(record.started + plan.within).await;
        let Some(seen) = seen else {
            record.done = Instant::now();
            record.event = Some(EventRun {
                source_time: None,
                received: None,
                clock_offset_ms: None,
                duplicates: 0,
                repeats: 0,
                late: None,
            });
            let finding = if armed.is_connected() && armed.gaps() == gaps {
                let evidence = json!({"expected": format!("{} within {:?}", plan.event, plan.within), "seen": "nothing with this key"});
                Finding {
                    outcome: Some(Outcome::Lost),
                    message: Some(format!("no `{}` with this run's key within {:?}", plan.event, plan.within)),
                    evidence: Some(evidence),
                }
            } else {
                Finding::of(
                    Outcome::Error,
                    format!("no `{}` within {:?}, and the event stream was lost meanwhile", plan.event, plan.within),
                )
            };
            return self.end(record, finding);
        };
        // It may have come before this step began; its time is when it came.
        record.done = seen.at;
        record.started = record.started.min(seen.at);
        record.intended = record.intended.min(record.started);
        record.event = Some(self.event_run(step, &seen));
        let view = json!({"event": &*seen.event, "body": seen.event.get("data").cloned().unwrap_or(Value::Null)});
        let mut finding = held_against(&plan.checks, &view);
        if finding.outcome.is_none() {
            finding = capture(&plan.captures, &view, context);
        }
        if step.kept {
            context::set_step(context, &step.name, view);
        }
        self.end(record, finding)
    }

    fn event_run(&self, step: &StepPlan, seen: &Seen) -> EventRun {
        let source = self.source_of(&step.name);
        EventRun {
            source_time: seen.source_time,
            received: Some(seen.received),
            clock_offset_ms: source.and_then(|source| self.shared.events.clock_offset_ms(&source)),
            duplicates: 0,
            repeats: 0,
            late: None,
        }
    }

    fn source_of(&self, name: &str) -> Option<Arc<str>> {
        fn find(steps: &[StepPlan], name: &str) -> Option<Arc<str>> {
            steps.iter().find_map(|step| match &step.act {
                Act::Arm(arm) if &*step.name == name => Some(Arc::clone(&arm.source)),
                Act::Repeat { steps, .. } => find(steps, name),
                Act::Parallel(branches) => branches.iter().find_map(|(_, steps)| find(steps, name)),
                _ => None,
            })
        }
        find(&self.scenario.steps, name)
    }

    async fn poll(&self, step: &StepPlan, plan: &PollPlan, context: &mut Value) -> Next {
        let mut record = self.record(step, StepKind::Poll, context);
        address(&mut record, &plan.request);
        self.begin_call(&mut record);
        let deadline = record.started + plan.within;
        let mut pause = plan.every.from;
        let mut last_false = record.started;
        loop {
            let mut request = match self.fill(step, &plan.request, context, u64::from(record.attempts)) {
                Ok(request) => request,
                Err(finding) => return self.end(record, finding),
            };
            let asked = Instant::now();
            let left = deadline.saturating_duration_since(asked).max(Duration::from_millis(50));
            request.timeout = Some(request.timeout.unwrap_or(left).min(left));
            record.attempts += 1;
            let answer = self.shared.caller.send(&request).await;
            record.done = Instant::now();
            let over = record.done + pause >= deadline;
            match answer {
                Ok(answer) => {
                    self.heard(&mut record, &answer);
                    let view = answer.view();
                    if plan.until.expr.holds(&view).unwrap_or(false) {
                        record.turned = Some((last_false, record.done));
                        let mut finding = held_against(&plan.checks, &view);
                        if finding.outcome.is_none() {
                            finding = capture(&plan.captures, &view, context);
                        }
                        if step.kept {
                            context::set_step(context, &step.name, view);
                        }
                        return self.end_call(record, finding, &request);
                    }
                    last_false = asked;
                    if over {
                        let mut finding = held_against(std::slice::from_ref(&plan.until), &view);
                        finding.message =
                            Some(format!("not within {:?}: {}", plan.within, finding.message.unwrap_or_default()));
                        return self.end_call(record, finding, &request);
                    }
                }
                Err(failure) if over || failure.kind == FailureKind::Unsendable => {
                    let finding = self.silence(&mut record, &failure);
                    return self.end_call(record, finding, &request);
                }
                Err(_) => {}
            }
            tokio::time::sleep(pause).await;
            pause = plan.every.after(pause);
        }
    }

    async fn parallel(&self, branches: &[(Arc<str>, Vec<StepPlan>)], context: &mut Value) -> Next {
        let mut contexts: Vec<Value> = branches.iter().map(|_| context.clone()).collect();
        let running = branches.iter().zip(&mut contexts).map(|((_, steps), context)| self.steps(steps, context));
        let ends = futures_util::future::join_all(running).await;
        for branch in contexts {
            context::merge(context, branch);
        }
        if ends.contains(&Next::Stop) { Next::Stop } else { Next::Go }
    }

    fn sla(&self, step: &StepPlan, plan: &SlaPlan, context: &Value) {
        let mut record = self.record(step, StepKind::Sla, context);
        let allowed = Duration::from_millis(plan.targets.single_ms().unwrap_or(u64::MAX));
        let (from, to) = (self.moment(&plan.from), self.moment(&plan.to));
        let measured = from.zip(to).map(|(from, to)| to.saturating_duration_since(from));
        if let (Some(from), Some(to)) = (from, to) {
            (record.intended, record.started, record.done) = (from, from, to.max(from));
        }
        if let Some(to) = held(&self.records).iter().rev().find(|known| known.name == plan.to.step) {
            record.system.clone_from(&to.system);
        }
        let holds = measured.is_some_and(|measured| measured <= allowed);
        record.sla = Some(SlaRun {
            id: Arc::clone(&plan.id),
            from: plan.from.to_string().into(),
            to_step: Arc::clone(&plan.to.step),
            measured,
            allowed,
            holds,
            cause: plan.cause,
        });
        let finding = match measured {
            _ if holds => Finding::default(),
            None => Finding::of(Outcome::Error, format!("`{}` or `{}` has no time in this run", plan.from, plan.to)),
            Some(measured) => Finding {
                outcome: Some(Outcome::False),
                message: Some(format!(
                    "`{}` took {measured:?} from {} to {}, and {allowed:?} are allowed",
                    plan.id, plan.from, plan.to
                )),
                evidence: Some(json!({"expected": {"at_most_ms": millis(allowed)}, "seen": {"ms": millis(measured)}})),
            },
        };
        self.end(record, finding);
    }

    fn moment(&self, mark: &Mark) -> Option<Instant> {
        held(&self.records).iter().rev().find(|record| record.name == mark.step && record.kind != StepKind::Arm).map(
            |record| match mark.at {
                Moment::Intended => record.intended,
                Moment::Started => record.started,
                Moment::Done => record.done,
            },
        )
    }

    fn record(&self, step: &StepPlan, kind: StepKind, context: &Value) -> StepRun {
        let now = Instant::now();
        let intended = if *held(&self.called) { now } else { self.input.intended.min(now) };
        StepRun {
            name: Arc::clone(&step.name),
            kind,
            system: None,
            operation: None,
            round: context.pointer("/run/iteration").and_then(Value::as_u64).unwrap_or(0),
            line: step.line,
            intended,
            started: now,
            done: now,
            outcome: Outcome::Passed,
            message: None,
            evidence: None,
            status: None,
            trouble: None,
            attempts: 0,
            turned: None,
            event: None,
            sla: None,
            reproduce: None,
        }
    }

    /// The call is about to leave: the time for building it and for the log is ours, and stays in `intended`.
    fn begin_call(&self, record: &mut StepRun) {
        record.started = Instant::now();
        let first = !std::mem::replace(&mut *held(&self.called), true);
        if !first {
            record.intended = record.started;
        }
    }

    fn fill(&self, step: &StepPlan, plan: &RequestPlan, context: &Value, round: u64) -> Result<CallRequest, Finding> {
        let identity = Identity {
            run_id: self.input.run_id.clone(),
            correlation_id: self.input.correlation_id.clone(),
            synthetic: self.scenario.synthetic.is_some(),
        };
        let key = || format!("{}-{}-{round}", self.input.run_id, step.name);
        plan.fill(context, identity, key)
            .map_err(|error| Finding::of(Outcome::Error, format!("the request cannot be filled in: {error}")))
    }

    fn heard(&self, record: &mut StepRun, answer: &Answer) {
        record.status = Some(answer.status);
        record.done = answer.done;
        if let Some(system) = &record.system {
            held(&self.heard).insert(Arc::clone(system));
        }
    }

    /// No answer: a run that could not happen, unless the system is known to be there.
    fn silence(&self, record: &mut StepRun, failure: &CallFailure) -> Finding {
        record.trouble = Some(failure.kind.word());
        let known = record.system.as_ref().is_some_and(|system| held(&self.heard).contains(system));
        let finding = failure.kind.is_finding() || (failure.kind == FailureKind::TimedOut && known);
        Finding::of(if finding { Outcome::False } else { Outcome::Error }, failure.message.clone())
    }

    fn end_call(&self, mut record: StepRun, finding: Finding, request: &CallRequest) -> Next {
        if finding.outcome.is_some() {
            record.reproduce = Some(self.shared.caller.curl(request));
        }
        self.end(record, finding)
    }

    fn end(&self, mut record: StepRun, finding: Finding) -> Next {
        let next = if finding.outcome.is_none() { Next::Go } else { Next::Stop };
        record.outcome = finding.outcome.unwrap_or(Outcome::Passed);
        record.message = finding.message;
        record.evidence = finding.evidence;
        held(&self.records).push(record);
        next
    }
}

/// Holds every check against what was seen; all that are false are told, each with what was seen beside what was expected.
fn held_against(checks: &[Check], seen: &Value) -> Finding {
    let mut messages = Vec::new();
    let mut evidence = Vec::new();
    for check in checks {
        let why = match check.expr.holds(seen) {
            Ok(true) => continue,
            Ok(false) => None,
            Err(error) => Some(error.to_string()),
        };
        let text = check.expr.text();
        let side = check.left.as_ref().and_then(|left| left.eval(seen).ok());
        let found = match (&why, &side) {
            (Some(why), _) => why.clone(),
            (None, Some(value)) => crate::cleanup::short(value.to_string().as_bytes()),
            (None, None) => "it is false".to_owned(),
        };
        messages.push(format!("expected `{text}`, saw {found}"));
        evidence.push(json!({"expected": text, "seen": side.or_else(|| why.map(Value::from))}));
    }
    if messages.is_empty() {
        return Finding::default();
    }
    Finding {
        outcome: Some(Outcome::False),
        message: Some(messages.join("; ")),
        evidence: Some(json!({"checks": evidence, "whole": shortened(seen)})),
    }
}

fn address(record: &mut StepRun, plan: &RequestPlan) {
    let (system, operation) = plan.names();
    (record.system, record.operation) = (Some(system), Some(operation));
}

fn status_below_400(view: &Value) -> Finding {
    let status = view.get("status").and_then(Value::as_u64).unwrap_or(0);
    if status < 400 {
        return Finding::default();
    }
    let body = view.get("body").map(ToString::to_string).unwrap_or_default();
    Finding {
        outcome: Some(Outcome::False),
        message: Some(format!("expected a status below 400, saw {status}: {}", crate::cleanup::short(body.as_bytes()))),
        evidence: Some(json!({"checks": [{"expected": ".status < 400", "seen": status}], "whole": shortened(view)})),
    }
}

/// Reports hold what fits on a screen.
fn shortened(seen: &Value) -> Value {
    const MOST: usize = 4000;
    let text = seen.to_string();
    if text.len() <= MOST { seen.clone() } else { Value::String(text.chars().take(MOST).collect()) }
}

/// A capture that finds nothing is a false expectation: later steps would go on with `null`.
fn capture(captures: &[(Arc<str>, Expr)], seen: &Value, context: &mut Value) -> Finding {
    let mut messages = Vec::new();
    for (name, expr) in captures {
        match expr.eval(seen) {
            Ok(Value::Null) => messages.push(format!("`{}` (captured as `{name}`) is not there", expr.text())),
            Ok(value) => context::set(context, "captured", name, value),
            Err(error) => messages.push(format!("`{}` (captured as `{name}`): {error}", expr.text())),
        }
    }
    if messages.is_empty() {
        return Finding::default();
    }
    Finding {
        outcome: Some(Outcome::False),
        message: Some(messages.join("; ")),
        evidence: Some(json!({"whole": shortened(seen)})),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let moment = match self.at {
            Moment::Intended => "intended",
            Moment::Started => "started",
            Moment::Done => "done",
        };
        write!(f, "{}.{moment}", self.step)
    }
}
