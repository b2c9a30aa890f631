//! All calls of a test run to one system, one after the other.
//! Here: patience with a busy system (429, Retry-After), and giving up on a silent one. Not here: what to say (`examples`,
//! `cases`), what the answer is worth (`judge`).
//! Invariant: a system that does not answer costs a bounded time, whatever the number of cases.
//!
//! Giving up exists because every case against a dead system would wait for its timeout. It acts when nothing was ever answered and
//! a call was refused, or twice unanswered; and after five calls in a row without an answer. It never recovers within a run: what
//! is left is reported as not done. It ignores bad answers.

use std::time::Duration;

use crossdock_scenario::Cancel;
use crossdock_scenario::caller::{Answer, CallFailure, CallRequest, Caller, FailureKind, Identity};

/// Longest obedience to one `Retry-After`, and how often it is obeyed for one call.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
const PATIENCE: u32 = 3;
/// Calls in a row without an answer after which nothing more is said.
const SILENCE: u32 = 5;

/// What came of a call.
pub(crate) enum Heard {
    /// An answer.
    Answer(Answer),
    /// None, or none that can be read.
    Failure(CallFailure),
    /// "Not now", again and again.
    Busy,
    /// It was not called: the system was given up, or the run is cancelled.
    NotCalled,
}

/// The calls to one system.
pub(crate) struct Conversation<'a> {
    caller: &'a Caller,
    system: &'a str,
    identity: Identity,
    cancel: Cancel,
    pub(crate) calls: u64,
    pub(crate) answered: u64,
    /// Whether anything at all came over a connection: an answer, or bytes that are none.
    spoke: bool,
    silent_in_row: u32,
    first_failure: Option<CallFailure>,
}

impl<'a> Conversation<'a> {
    pub(crate) fn new(caller: &'a Caller, system: &'a str, identity: Identity, cancel: Cancel) -> Self {
        Self {
            caller,
            system,
            identity,
            cancel,
            calls: 0,
            answered: 0,
            spoke: false,
            silent_in_row: 0,
            first_failure: None,
        }
    }

    pub(crate) fn caller(&self) -> &Caller {
        self.caller
    }

    /// A call of this run to this system.
    pub(crate) fn request(&self, method: &str, path: &str) -> CallRequest {
        let method = http::Method::from_bytes(method.as_bytes()).unwrap_or_default();
        let mut request = CallRequest::new(self.system, method, path);
        request.identity = Some(self.identity.clone());
        request
    }

    /// Why nothing can be said about this system, if nothing was ever heard of it.
    pub(crate) fn silence(&self) -> Option<&CallFailure> {
        if self.spoke { None } else { self.first_failure.as_ref() }
    }

    fn is_given_up(&self) -> bool {
        let refused = self
            .first_failure
            .as_ref()
            .is_some_and(|failure| matches!(failure.kind, FailureKind::Refused | FailureKind::Dns | FailureKind::Tls));
        let never = self.answered == 0 && (refused || self.silent_in_row >= 2);
        never || self.silent_in_row >= SILENCE || self.cancel.is_cancelled()
    }

    /// Calls, and calls again as long as the system asks for patience.
    pub(crate) async fn say(&mut self, request: &CallRequest) -> Heard {
        for _ in 0..=PATIENCE {
            if self.is_given_up() {
                return Heard::NotCalled;
            }
            self.calls += 1;
            let heard = tokio::select! {
                heard = self.caller.send(request) => heard,
                () = self.cancel.cancelled() => return Heard::NotCalled,
            };
            match heard {
                Ok(answer) => {
                    (self.spoke, self.silent_in_row) = (true, 0);
                    self.answered += 1;
                    match patience(&answer) {
                        None => return Heard::Answer(answer),
                        Some(wait) => tokio::time::sleep(wait).await,
                    }
                }
                Err(failure) => {
                    self.spoke |= failure.kind.is_finding();
                    self.silent_in_row += 1;
                    self.first_failure.get_or_insert_with(|| failure.clone());
                    return Heard::Failure(failure);
                }
            }
        }
        Heard::Busy
    }
}

/// How long the system asks to wait: 429 always, 503 where it says for how long.
fn patience(answer: &Answer) -> Option<Duration> {
    let after = answer.headers.get("retry-after").and_then(|value| value.to_str().ok());
    let seconds = after.and_then(|text| text.trim().parse::<u64>().ok()).map(Duration::from_secs);
    match answer.status {
        429 => Some(seconds.unwrap_or(Duration::from_secs(1)).min(LONGEST_WAIT)),
        503 => seconds.map(|wait| wait.min(LONGEST_WAIT)),
        _ => None,
    }
}
