//! Clean-up: what a run has done that must be undone, last in first out, on every exit.
//! Here: the stack of one run, its lines in the intent log, the undoing itself, the recovery after a crash.
//! Not here: the log's format (`intent`), whether something is still open afterwards (`residue`).
//! Invariant: whatever is on the stack was on disk first (where there is a log), and leaves both together.
//!
//! A call without a clear answer may have had its effect. Where its operation takes an `Idempotency-Key`, the same call is sent
//! again with the same key: the answer tells what is to be undone, whether it is the first effect or a replay.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossdock_contract::expr::{Expr, ExprError, Terms};
use serde_json::{Map, Value};

use crate::caller::{CallRequest, Caller, Identity};
use crate::intent::{Begun, CallText, CleanupText, IntentError, IntentLog, Line, Open};
use crate::outcome::CleanupRun;
use crate::request::RequestPlan;
use crate::scenario::Every;

/// What undoes a call, compiled.
#[derive(Clone, Debug)]
pub(crate) struct CleanupPlan {
    pub(crate) request: RequestPlan,
    pub(crate) until: Option<Expr>,
    pub(crate) within: Duration,
}

impl CleanupPlan {
    fn text(&self) -> CleanupText {
        CleanupText {
            request: self.request.text().clone(),
            until: self.until.as_ref().map(|until| until.text().to_owned()),
            within_ms: u64::try_from(self.within.as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn from_text(text: CleanupText) -> Result<Self, ExprError> {
        let (request, wrong) = RequestPlan::compile(text.request, &Terms::default());
        if let Some(first) = wrong.into_iter().next() {
            return Err(first.error);
        }
        let until = text.until.as_deref().map(Expr::parse).transpose()?;
        Ok(Self { request, until, within: Duration::from_millis(text.within_ms) })
    }
}

/// Something that will have to be undone.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    id: String,
    step: String,
    identity: Identity,
    plan: Arc<CleanupPlan>,
    call: CallText,
    captures: Vec<(Arc<str>, Expr)>,
    context: Value,
    /// Whether the call is known to have taken place, and `context` to hold what it captured.
    ready: bool,
}

/// The stack of one run.
#[derive(Debug, Default)]
pub(crate) struct CleanupStack(Mutex<Vec<Pending>>);

/// What a call is about to do that will have to be undone.
pub(crate) struct Intent<'a> {
    pub(crate) scenario: &'a str,
    pub(crate) step: &'a str,
    pub(crate) plan: &'a Arc<CleanupPlan>,
    pub(crate) call: &'a CallRequest,
    pub(crate) keyed: bool,
    pub(crate) captures: &'a [(Arc<str>, Expr)],
    pub(crate) context: &'a Value,
}

impl CleanupStack {
    /// Writes down that a call is about to be made; returns the id under which it is closed.
    pub(crate) async fn begin(&self, intent: Intent<'_>, log: Option<&IntentLog>) -> Result<String, IntentError> {
        let identity = intent.call.identity.clone().unwrap_or_else(|| Identity {
            run_id: String::new(),
            correlation_id: String::new(),
            synthetic: false,
        });
        let pending = Pending {
            id: uuid::Uuid::now_v7().simple().to_string(),
            step: intent.step.to_owned(),
            identity,
            plan: Arc::clone(intent.plan),
            call: CallText::of(intent.call, intent.keyed),
            captures: intent.captures.to_vec(),
            context: intent.context.clone(),
            ready: false,
        };
        let id = pending.id.clone();
        if let Some(log) = log {
            log.write(&Line::Begun(Box::new(pending.begun(intent.scenario)))).await?;
        }
        self.held().push(pending);
        Ok(id)
    }

    /// The call took place; `context` holds what it captured.
    pub(crate) async fn ready(&self, id: &str, context: &Value, log: Option<&IntentLog>) -> Result<(), IntentError> {
        {
            let mut stack = self.held();
            if let Some(pending) = stack.iter_mut().find(|pending| pending.id == id) {
                pending.ready = true;
                pending.context.clone_from(context);
            }
        }
        match log {
            Some(log) => log.write(&Line::Ready { id: id.to_owned(), context: context.clone() }).await,
            None => Ok(()),
        }
    }

    /// The call did not take place: nothing is to be undone.
    pub(crate) async fn withdraw(&self, id: &str, why: &str, log: Option<&IntentLog>) {
        self.held().retain(|pending| pending.id != id);
        close(log, id, why).await;
    }

    /// Undoes everything, last in first out.
    pub(crate) async fn unwind(&self, caller: &Caller, log: Option<&IntentLog>) -> Vec<CleanupRun> {
        let mut runs = Vec::new();
        loop {
            let next = self.held().pop();
            let Some(pending) = next else { return runs };
            runs.push(pending.undo(caller, log).await);
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Vec<Pending>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    fn begun(&self, scenario: &str) -> Begun {
        let captures: Map<String, Value> =
            self.captures.iter().map(|(name, expr)| (name.to_string(), Value::from(expr.text()))).collect();
        Begun {
            id: self.id.clone(),
            scenario: scenario.to_owned(),
            step: self.step.clone(),
            run_id: self.identity.run_id.clone(),
            correlation_id: self.identity.correlation_id.clone(),
            synthetic: self.identity.synthetic,
            call: self.call.clone(),
            captures,
            context: self.context.clone(),
            cleanup: self.plan.text(),
        }
    }

    /// From a line of the log, after a crash.
    pub(crate) fn from_open(open: Open) -> Result<Self, ExprError> {
        let begun = open.begun;
        let mut captures = Vec::new();
        for (name, text) in &begun.captures {
            captures.push((Arc::from(name.as_str()), Expr::parse(text.as_str().unwrap_or_default())?));
        }
        let ready = open.context.is_some();
        Ok(Self {
            id: begun.id,
            step: begun.step,
            identity: Identity {
                run_id: begun.run_id,
                correlation_id: begun.correlation_id,
                synthetic: begun.synthetic,
            },
            plan: Arc::new(CleanupPlan::from_text(begun.cleanup)?),
            call: begun.call,
            captures,
            context: open.context.unwrap_or(begun.context),
            ready,
        })
    }

    /// Undoes it and closes it in the log; what could not be undone stays open there.
    pub(crate) async fn undo(mut self, caller: &Caller, log: Option<&IntentLog>) -> CleanupRun {
        let (system, operation) = self.plan.request.names();
        let result = self.undone(caller).await;
        if let Ok(why) = &result {
            close(log, &self.id, why).await;
        }
        CleanupRun {
            run_id: self.identity.run_id.clone(),
            step: self.step.clone(),
            system: system.to_string(),
            operation: operation.to_string(),
            clean: result.is_ok(),
            message: result.err(),
        }
    }

    async fn undone(&mut self, caller: &Caller) -> Result<String, String> {
        if !self.ready && !self.learn(caller).await? {
            return Ok("the call was refused".to_owned());
        }
        let deadline = Instant::now() + self.plan.within;
        let every = Every::default();
        let mut pause = every.from;
        let mut attempt = 0_u32;
        loop {
            // A key per attempt: with the same one a system would replay its first answer for ever.
            let key = || format!("{}-cleanup-{}-{attempt}", self.identity.run_id, self.step);
            let mut request =
                self.plan.request.fill(&self.context, self.identity.clone(), key).map_err(|error| error.to_string())?;
            let left = deadline.saturating_duration_since(Instant::now());
            request.timeout = Some(request.timeout.unwrap_or(left).min(left).max(Duration::from_millis(100)));
            let seen = match caller.send(&request).await {
                Ok(answer) => {
                    let holds = match &self.plan.until {
                        Some(until) => until.holds(&answer.view()).unwrap_or(false),
                        None => answer.status < 400,
                    };
                    if holds {
                        return Ok(format!("{} answered {}", request.method, answer.status));
                    }
                    format!("{} {} answers {} {}", request.method, request.path, answer.status, short(&answer.body))
                }
                Err(failure) => failure.message,
            };
            if Instant::now() + pause >= deadline {
                let wanted = self.plan.until.as_ref().map_or("a status below 400", Expr::text);
                return Err(format!("not undone within {:?}: expected `{wanted}`; {seen}", self.plan.within));
            }
            tokio::time::sleep(pause).await;
            pause = every.after(pause);
            attempt += 1;
        }
    }

    /// Learns what an ambiguous call did: `false` if it was refused, so that nothing is to be undone.
    async fn learn(&mut self, caller: &Caller) -> Result<bool, String> {
        if !self.call.keyed {
            return Err(format!(
                "it is not known whether {} {} took place, and its operation takes no Idempotency-Key to ask with",
                self.call.method, self.call.path
            ));
        }
        let answer = caller.send(&self.call.request(self.identity.clone())).await.map_err(|failure| failure.message)?;
        match answer.status {
            ..400 => {}
            // The first one may still be at work.
            409 | 429 | 500.. => {
                return Err(format!(
                    "{} {} answers {}: what it did is still unknown",
                    self.call.method, self.call.path, answer.status
                ));
            }
            _ => return Ok(false),
        }
        let view = answer.view();
        for (name, expr) in &self.captures {
            let value = expr.eval(&view).map_err(|error| error.to_string())?;
            crate::context::set(&mut self.context, "captured", name, value);
        }
        self.ready = true;
        Ok(true)
    }
}

async fn close(log: Option<&IntentLog>, id: &str, why: &str) {
    if let Some(log) = log {
        // Not closing costs one needless clean-up at the next recovery, which is harmless.
        if let Err(error) = log.write(&Line::Closed { id: id.to_owned(), why: why.to_owned() }).await {
            tracing::warn!(%error, "a finished clean-up could not be closed in the log");
        }
    }
}

/// The beginning of a body, for messages.
pub(crate) fn short(body: &[u8]) -> String {
    const MOST: usize = 200;
    let text = String::from_utf8_lossy(body);
    let mut cut: String = text.chars().take(MOST).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}
