//! From a scenario file to a plan: every check that needs a contract, an environment or another step.
//! Here: the walk over the file and what each step needs. Not here: shape (`crossdock_diag::decode`), expressions and their
//! names (`names`), calls and their contracts (`calls`), load and probe (`schedule`).
//! Invariant: all mistakes of a file are found in one pass, each with its place; a mistake never hides another.

mod calls;
mod names;
mod partial;
mod schedule;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crossdock_contract::Contracts;
use crossdock_contract::expr::{Expr, Terms};
use crossdock_diag::{Diagnostic, Diagnostics, Document, Severity, Span, did_you_mean, list_of, offset_in_file};
use serde_json::Value;

use crate::environment::Environment;
use crate::language::{
    ArmStep, AwaitStep, CallStep, EverySpec, ExpectStep, Expectation, ExprText, PollStep, ScenarioFile, SlaSpec, Step,
};
use crate::request::ValuePlan;
use crate::scenario::{
    Act, ArmPlan, AwaitPlan, CallPlan, Every, Mark, Moment, PollPlan, ResiduePlan, Scenario, SlaPlan, StepPlan,
    Synthetic,
};
use crate::spelling::DurationText;

use names::{Scope, See};

const MOST_REPEATS: u64 = 10_000;
const DEFAULT_WITHIN: Duration = Duration::from_secs(30);
const RESIDUE_WITHIN: Duration = Duration::from_secs(10);

pub(crate) fn scenario(
    document: &Document,
    contracts: &Contracts,
    environment: Option<&Environment>,
) -> Result<Scenario, Diagnostics> {
    let (file, excused, misshapen) = match crossdock_diag::decode::<ScenarioFile>(document) {
        Ok(file) => (file, Scope::default(), Diagnostics::default()),
        Err(found) => {
            let (file, excused) = partial::read(document);
            (file, excused, found)
        }
    };
    let mut compiler = Compiler {
        document,
        contracts,
        environment,
        terms: contracts.terms(),
        vars: file.vars.keys().cloned().collect(),
        later: BTreeMap::new(),
        taken: BTreeMap::new(),
        arms: BTreeMap::new(),
        read: BTreeSet::new(),
        read_all: false,
        found: misshapen,
    };
    let plan = compiler.file(&file, excused);
    let (errors, warnings): (Vec<Diagnostic>, Vec<Diagnostic>) =
        compiler.found.into_iter().partition(|found| found.severity == Severity::Error);
    if errors.is_empty() {
        Ok(Scenario { warnings: warnings.into(), ..plan })
    } else {
        Err(errors.into_iter().chain(warnings).collect())
    }
}

struct Compiler<'c> {
    document: &'c Document,
    contracts: &'c Contracts,
    environment: Option<&'c Environment>,
    terms: &'c Terms,
    vars: BTreeSet<String>,
    /// Names that exist somewhere in the file, and the line where: to say "later" instead of "unknown".
    later: BTreeMap<String, usize>,
    /// Step names and their first line.
    taken: BTreeMap<String, usize>,
    /// Armed events: the event type and the system that must act.
    arms: BTreeMap<String, (Arc<str>, Option<Arc<str>>)>,
    /// Steps that some expression reads.
    read: BTreeSet<String>,
    read_all: bool,
    found: Diagnostics,
}

impl Compiler<'_> {
    /// `scope`: the names that exist before the first step; none, unless a part of the file could not be read.
    fn file(&mut self, file: &ScenarioFile, mut scope: Scope) -> Scenario {
        if file.crossdock != 1 {
            self.error(
                "scenario::version",
                "/crossdock",
                format!("version {} of the language is not known", file.crossdock),
                "write `crossdock: 1`",
            );
        }
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if file.scenario.is_empty() || !file.scenario.chars().all(kebab) {
            self.error(
                "scenario::name",
                "/scenario",
                format!("`{}` is not a name", file.scenario),
                "write it in kebab-case: `order-to-ship`",
            );
        }
        self.announce(&file.steps, "/steps");
        let vars = self.vars(&file.vars);
        let mut steps = self.steps(&file.steps, "/steps", &mut scope);
        let residue = file.residue.iter().enumerate().map(|(index, spec)| {
            let at = format!("/residue/{index}");
            let call = calls::Parts {
                system: &spec.system,
                operation: &spec.operation,
                path: &spec.path,
                query: &spec.query,
                headers: &BTreeMap::new(),
                body: None,
                timeout: None,
            };
            let request = self.request(&call, &at, &scope);
            let open = self.expr(&spec.open, &format!("{at}/open"), See::Answer);
            let within = self.duration(spec.within.as_ref(), &format!("{at}/within"), RESIDUE_WITHIN);
            request.zip(open).map(|(request, open)| ResiduePlan { request, open, within })
        });
        let residue = residue.collect::<Vec<_>>().into_iter().flatten().collect();
        keep(&mut steps, &self.read, self.read_all);
        Scenario {
            name: file.scenario.as_str().into(),
            file: self.document.file.name.clone(),
            description: file.description.clone(),
            synthetic: file
                .synthetic
                .as_ref()
                .map(|spec| Synthetic { field: spec.reference.field.clone(), prefix: spec.reference.prefix.clone() }),
            vars,
            steps,
            residue,
            load: file.load.as_ref().map(|load| self.load(load)),
            probe: file.probe.as_ref().map(|probe| self.probe(probe)),
            warnings: Diagnostics::default(),
        }
    }

    fn vars(&mut self, vars: &BTreeMap<String, Value>) -> Vec<(String, ValuePlan)> {
        let mut plans = Vec::new();
        for (name, value) in vars {
            let at = format!("/vars/{name}");
            let plan = self.value(value, &at);
            self.value_names(&plan, &at, See::Run);
            plans.push((name.clone(), plan));
        }
        plans
    }

    /// Notes where every name is, so that a use before its step can be told from a wrong name.
    fn announce(&mut self, steps: &[Step], at: &str) {
        for (index, step) in steps.iter().enumerate() {
            let here = format!("{at}/{index}");
            let line = self.line(&here);
            let (name, captures) = match step {
                Step::Call(call) => (Some(&call.call), Some(&call.capture)),
                Step::Poll(poll) => (Some(&poll.poll), Some(&poll.capture)),
                Step::Await(awaited) => (Some(&awaited.awaited), Some(&awaited.capture)),
                Step::Capture(capture) => (None, Some(&capture.capture)),
                Step::Repeat(repeat) => {
                    self.announce(&repeat.steps, &format!("{here}/steps"));
                    (None, None)
                }
                Step::Parallel(parallel) => {
                    for (number, branch) in parallel.parallel.iter().enumerate() {
                        self.announce(&branch.steps, &format!("{here}/parallel/{number}/steps"));
                    }
                    (None, None)
                }
                Step::Arm(_) | Step::Pause(_) | Step::Expect(_) => (None, None),
            };
            if let Some(name) = name {
                self.later.entry(name.clone()).or_insert(line);
            }
            for capture in captures.into_iter().flat_map(BTreeMap::keys) {
                self.later.entry(format!("captured.{capture}")).or_insert(line);
            }
        }
    }

    fn steps(&mut self, steps: &[Step], at: &str, scope: &mut Scope) -> Vec<StepPlan> {
        if steps.is_empty() {
            self.error("scenario::no_steps", at, "there are no steps".to_owned(), "write at least one step");
        }
        // A step with a mistake has no plan; the walk goes on with its names, so that they are not reported as unknown too.
        steps.iter().enumerate().filter_map(|(index, step)| self.step(step, &format!("{at}/{index}"), scope)).collect()
    }

    fn step(&mut self, step: &Step, at: &str, scope: &mut Scope) -> Option<StepPlan> {
        let line = self.line(at);
        let plan = |name: &str, act: Act| StepPlan { name: name.into(), line, kept: false, act };
        Some(match step {
            Step::Arm(arm) => plan(&arm.arm, Act::Arm(self.arm(arm, at, scope)?)),
            Step::Call(call) => plan(&call.call, Act::Call(Box::new(self.call(call, at, scope)?))),
            Step::Await(awaited) => plan(&awaited.awaited, Act::Await(self.wait(awaited, at, scope)?)),
            Step::Poll(poll) => plan(&poll.poll, Act::Poll(Box::new(self.poll(poll, at, scope)?))),
            Step::Pause(pause) => {
                plan("pause", Act::Pause(self.duration(Some(&pause.pause), &format!("{at}/pause"), Duration::ZERO)))
            }
            Step::Repeat(repeat) => {
                if repeat.repeat == 0 || repeat.repeat > MOST_REPEATS {
                    self.error(
                        "scenario::repeat",
                        &format!("{at}/repeat"),
                        format!("{} repetitions", repeat.repeat),
                        "repeat from 1 to 10000 times",
                    );
                }
                let steps = self.steps(&repeat.steps, &format!("{at}/steps"), scope);
                plan("repeat", Act::Repeat { times: repeat.repeat.min(MOST_REPEATS), steps })
            }
            Step::Parallel(parallel) => {
                if parallel.parallel.is_empty() {
                    self.error(
                        "scenario::no_steps",
                        &format!("{at}/parallel"),
                        "there are no branches".to_owned(),
                        "write at least one branch",
                    );
                }
                let before = scope.clone();
                let mut branches = Vec::new();
                let mut names = BTreeSet::new();
                for (index, branch) in parallel.parallel.iter().enumerate() {
                    let here = format!("{at}/parallel/{index}");
                    if !names.insert(&branch.branch) {
                        self.error(
                            "scenario::name_taken",
                            &format!("{here}/branch"),
                            format!("there is a branch `{}` already", branch.branch),
                            "give each branch its own name",
                        );
                    }
                    let mut inside = before.clone();
                    let steps = self.steps(&branch.steps, &format!("{here}/steps"), &mut inside);
                    scope.join(inside);
                    branches.push((Arc::from(branch.branch.as_str()), steps));
                }
                plan("parallel", Act::Parallel(branches))
            }
            Step::Expect(expect) => self.expect(expect, at, line, scope)?,
            Step::Capture(capture) => {
                let captures = self.captures(&capture.capture, at, See::Context(scope));
                scope.captured.extend(capture.capture.keys().cloned());
                plan("capture", Act::Capture(captures))
            }
        })
    }

    fn arm(&mut self, arm: &ArmStep, at: &str, scope: &mut Scope) -> Option<ArmPlan> {
        self.take_name(&arm.arm, &format!("{at}/arm"));
        if let Some(environment) = self.environment
            && !environment.events().contains_key(&arm.from)
        {
            let known = environment.events().keys().map(String::as_str);
            let help =
                suggestion(&arm.from, known, &format!("environment `{}` has no event source", environment.name()));
            self.error(
                "scenario::unknown_event_source",
                &format!("{at}/from"),
                format!("`{}` is not an event source of environment `{}`", arm.from, environment.name()),
                &help,
            );
        }
        if self.contracts.event(&arm.event).is_none() {
            let events = self.contracts.events();
            let help = suggestion(&arm.event, events.keys().map(String::as_str), "the contracts have no events");
            self.error(
                "scenario::unknown_event",
                &format!("{at}/event"),
                format!("no contract has an event `{}`", arm.event),
                &help,
            );
        }
        if let Some(system) = &arm.system {
            self.known_system(system, &format!("{at}/system"));
        }
        let of = self.expr(&arm.key.of, &format!("{at}/key/of"), See::Event);
        let equals = self.value(&arm.key.equals, &format!("{at}/key/equals"));
        self.value_names(&equals, &format!("{at}/key/equals"), See::Context(scope));
        let event: Arc<str> = arm.event.as_str().into();
        self.arms.insert(arm.arm.clone(), (Arc::clone(&event), arm.system.as_deref().map(Arc::from)));
        scope.armed.insert(arm.arm.clone());
        Some(ArmPlan { source: arm.from.as_str().into(), event, of: of?, equals })
    }

    fn call(&mut self, call: &CallStep, at: &str, scope: &mut Scope) -> Option<CallPlan> {
        self.take_name(&call.call, &format!("{at}/call"));
        let parts = calls::Parts {
            system: &call.system,
            operation: &call.operation,
            path: &call.path,
            query: &call.query,
            headers: &call.headers,
            body: call.body.as_ref(),
            timeout: call.timeout.as_ref(),
        };
        let request = self.request(&parts, at, scope);
        let checks = self.checks(&call.expect, &format!("{at}/expect"), See::Answer);
        let captures = self.captures(&call.capture, at, See::Answer);
        // The clean-up reads what this call captures, and nothing that comes later.
        scope.captured.extend(call.capture.keys().cloned());
        let cleanup =
            call.cleanup.as_ref().map(|cleanup| self.cleanup(cleanup, &call.system, &format!("{at}/cleanup"), scope));
        scope.steps.insert(call.call.clone());
        let cleanup = match cleanup {
            Some(plan) => Some(Arc::new(plan?)),
            None => None,
        };
        Some(CallPlan { request: request?, checks, captures, cleanup })
    }

    fn wait(&mut self, awaited: &AwaitStep, at: &str, scope: &mut Scope) -> Option<AwaitPlan> {
        let name = &awaited.awaited;
        if !scope.armed.contains(name) {
            let help = if self.arms.contains_key(name) {
                "it is armed in another branch; arm it in this one, or before the `parallel`".to_owned()
            } else {
                suggestion(
                    name,
                    scope.armed.iter().map(String::as_str),
                    "write an `arm` step before the call that causes the event",
                )
            };
            self.error(
                "scenario::not_armed",
                &format!("{at}/await"),
                format!("`{name}` is not armed before this step"),
                &help,
            );
        } else if !scope.steps.insert(name.clone()) {
            self.error(
                "scenario::name_taken",
                &format!("{at}/await"),
                format!("`{name}` has been awaited already"),
                "arm a second event under another name",
            );
        }
        let within = self.duration(Some(&awaited.within), &format!("{at}/within"), DEFAULT_WITHIN);
        let checks = self.checks(&awaited.expect, &format!("{at}/expect"), See::Awaited);
        let captures = self.captures(&awaited.capture, at, See::Awaited);
        scope.captured.extend(awaited.capture.keys().cloned());
        scope.steps.insert(name.clone());
        let (event, system) = self.arms.get(name)?.clone();
        Some(AwaitPlan { system, event, within, checks, captures })
    }

    fn poll(&mut self, poll: &PollStep, at: &str, scope: &mut Scope) -> Option<PollPlan> {
        self.take_name(&poll.poll, &format!("{at}/poll"));
        let parts = calls::Parts {
            system: &poll.system,
            operation: &poll.operation,
            path: &poll.path,
            query: &poll.query,
            headers: &poll.headers,
            body: None,
            timeout: poll.timeout.as_ref(),
        };
        let request = self.request(&parts, at, scope);
        let until = self.check(&poll.until, &format!("{at}/until"), See::Answer);
        let every = poll.every.as_ref().map_or_else(Every::default, |every| self.every(every, &format!("{at}/every")));
        let within = self.duration(Some(&poll.within), &format!("{at}/within"), DEFAULT_WITHIN);
        let checks = self.checks(&poll.expect, &format!("{at}/expect"), See::Answer);
        let captures = self.captures(&poll.capture, at, See::Answer);
        scope.captured.extend(poll.capture.keys().cloned());
        scope.steps.insert(poll.poll.clone());
        Some(PollPlan { request: request?, until: until?, every, within, checks, captures })
    }

    fn every(&mut self, spec: &EverySpec, at: &str) -> Every {
        let from = self.duration(Some(&spec.from), &format!("{at}/from"), Every::default().from);
        let to = self.duration(spec.to.as_ref(), &format!("{at}/to"), Every::default().to.max(from));
        let factor = spec.factor.as_ref().and_then(serde_json::Number::as_f64).unwrap_or(1.5);
        if !(1.0..=100.0).contains(&factor) {
            self.error(
                "scenario::factor",
                &format!("{at}/factor"),
                format!("a factor of {factor}"),
                "pauses grow: write a factor from 1 to 100",
            );
        }
        if to < from {
            self.error(
                "scenario::every",
                &format!("{at}/to"),
                "the longest pause is shorter than the first".to_owned(),
                "write a `to` that is at least `from`",
            );
        }
        if from.is_zero() {
            self.error(
                "scenario::every",
                &format!("{at}/from"),
                "a pause of nothing".to_owned(),
                "write at least `1ms`",
            );
        }
        Every { from: from.max(Duration::from_millis(1)), factor: factor.clamp(1.0, 100.0), to: to.max(from) }
    }

    fn expect(&mut self, expect: &ExpectStep, at: &str, line: usize, scope: &Scope) -> Option<StepPlan> {
        let here = format!("{at}/expect");
        let (name, act) = match &expect.expect {
            Expectation::Holds(list) => {
                if list.is_empty() {
                    self.error(
                        "scenario::no_expectation",
                        &here,
                        "nothing is expected".to_owned(),
                        "write at least one expression",
                    );
                }
                let checks = self.checks(list, &here, See::Context(scope));
                (list.first().map_or("expect", |first| first.0.as_str()), Act::Holds(checks))
            }
            Expectation::Sla(spec) => (spec.sla.as_str(), Act::Sla(self.sla(spec, &here, scope)?)),
        };
        Some(StepPlan { name: expect.name.as_deref().unwrap_or(name).into(), line, kept: false, act })
    }

    fn sla(&mut self, spec: &SlaSpec, at: &str, scope: &Scope) -> Option<SlaPlan> {
        let from = self.mark(&spec.from, &format!("{at}/from"), scope);
        let to = self.mark(&spec.to, &format!("{at}/to"), scope);
        let slas = self.contracts.slas();
        let Some(sla) = slas.get(&spec.sla) else {
            let help = suggestion(&spec.sla, slas.ids(), "the contracts have no SLAs");
            self.error(
                "scenario::unknown_sla",
                &format!("{at}/sla"),
                format!("`{}` is not an SLA of the contracts", spec.sla),
                &help,
            );
            return None;
        };
        Some(SlaPlan {
            id: sla.id.as_str().into(),
            from: from?,
            to: to?,
            targets: sla.targets.clone(),
            cause: sla.cause,
        })
    }

    fn mark(&mut self, text: &str, at: &str, scope: &Scope) -> Option<Mark> {
        let (step, moment) = text.rsplit_once('.').unwrap_or((text, ""));
        let at_moment = match moment {
            "intended" => Some(Moment::Intended),
            "started" => Some(Moment::Started),
            "done" => Some(Moment::Done),
            _ => None,
        };
        if at_moment.is_none() {
            let help = match did_you_mean(moment, ["intended", "started", "done"]) {
                Some(near) => format!("did you mean `{step}.{near}`?"),
                None => "a mark is STEP.intended, STEP.started or STEP.done".to_owned(),
            };
            self.error("scenario::mark", at, format!("`{text}` is not a mark"), &help);
        }
        if !scope.steps.contains(step) {
            let help = self.later.get(step).map_or_else(
                || suggestion(step, scope.steps.iter().map(String::as_str), "no call, await or poll comes before"),
                |line| format!("`{step}` is in line {line}; write the expectation after it"),
            );
            self.error(
                "scenario::unknown_step",
                at,
                format!("no call, await or poll `{step}` comes before this step"),
                &help,
            );
            return None;
        }
        Some(Mark { step: step.into(), at: at_moment? })
    }

    fn captures(&mut self, captures: &BTreeMap<String, ExprText>, at: &str, see: See<'_>) -> Vec<(Arc<str>, Expr)> {
        let mut plans = Vec::new();
        for (name, text) in captures {
            let here = format!("{at}/capture/{name}");
            self.is_name(name, &here);
            if let Some(expr) = self.expr(text, &here, see) {
                plans.push((Arc::from(name.as_str()), expr));
            }
        }
        plans
    }

    fn take_name(&mut self, name: &str, at: &str) {
        self.is_name(name, at);
        let line = self.line(at);
        if ["run", "vars", "captured"].contains(&name) {
            self.error(
                "scenario::name_taken",
                at,
                format!("`{name}` has a meaning of its own in expressions"),
                "give the step another name",
            );
        } else if let Some(first) = self.taken.get(name) {
            let help = format!("`{name}` is the step in line {first}; give each step its own name");
            self.error("scenario::name_taken", at, format!("there is a step `{name}` already"), &help);
        } else {
            self.taken.insert(name.to_owned(), line);
        }
    }

    fn is_name(&mut self, name: &str, at: &str) {
        let good = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !good {
            let better: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            let help = format!("expressions read it as `.NAME`, so it has letters, digits and `_` only: `{better}`");
            self.error("scenario::name", at, format!("`{name}` is not a name"), &help);
        }
    }

    fn duration(&mut self, text: Option<&DurationText>, at: &str, default: Duration) -> Duration {
        let Some(text) = text else { return default };
        text.parse().unwrap_or_else(|error| {
            self.error("scenario::duration", at, error.to_string(), error.help);
            default
        })
    }

    fn line(&self, at: &str) -> usize {
        self.document.file.line_col(self.document.root.nearest(at).span.start).0
    }

    fn error(&mut self, code: &'static str, at: &str, message: String, help: &str) {
        let span = self.document.root.nearest(at).head();
        self.push(code, span, message, help);
    }

    fn push(&mut self, code: &'static str, span: Span, message: String, help: &str) {
        let found = Diagnostic::error(code, message).at(&self.document.file, span, "");
        self.found.push(if help.is_empty() { found } else { found.help(help) });
    }

    /// The place of a part of a text value.
    fn inside(&self, at: &str, offset: usize, len: usize) -> Span {
        let node = self.document.root.nearest(at);
        Span::new(
            offset_in_file(&self.document.file, node, offset),
            offset_in_file(&self.document.file, node, offset + len),
        )
    }
}

fn keep(steps: &mut [StepPlan], read: &BTreeSet<String>, all: bool) {
    for step in steps {
        step.kept = all || read.contains(&*step.name);
        match &mut step.act {
            Act::Repeat { steps, .. } => keep(steps, read, all),
            Act::Parallel(branches) => branches.iter_mut().for_each(|(_, steps)| keep(steps, read, all)),
            _ => {}
        }
    }
}

/// "did you mean `x`?", or what there is, or what to do where there is nothing.
fn suggestion<'a>(word: &str, known: impl Iterator<Item = &'a str>, none: &str) -> String {
    let known: Vec<&str> = known.collect();
    match did_you_mean(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => none.to_owned(),
        None => format!("there are {}", list_of(known, 8)),
    }
}
