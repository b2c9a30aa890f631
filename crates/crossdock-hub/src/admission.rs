//! From a message to a submission: everything that can be said of it without the state.
//! Here: the envelope, the sender, the contract of its type. Runs on the async side, in parallel. Not here: what the state knows
//! (ownership of objects, duplicates): the core decides that in the writer.
//! Invariant: what reaches the writer keeps its contract; what does not is kept as a rejection and named by pointer and rule.

use crossdock_contract::Contracts;
use crossdock_core::Submission;
use crossdock_model::{CloudEvent, Event, MessageRejected, Meta, SystemId};
use serde_json::Value;

use crate::clock;
use crate::http::problem::{Broken, Problem};
use crate::records;

/// The most of a refused message that is kept.
const KEPT_BYTES: usize = 64 << 10;
/// The most places that one refusal names.
const NAMED: usize = 50;

/// What the request around a message says, for messages that do not say it themselves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Circumstances {
    pub(crate) correlation_id: Option<String>,
    pub(crate) synthetic: bool,
    pub(crate) run_id: Option<String>,
}

/// A message that was read.
pub(crate) enum Read {
    /// A fact: what is decided about, and the event as it was sent.
    Fact(Box<Submission>, Box<CloudEvent>),
    /// None: the problem to answer, and what is kept of the message.
    Refused(Box<Refused>),
}

/// A message that is refused.
pub(crate) struct Refused {
    /// The transport id, where it could be read.
    pub(crate) id: Option<String>,
    /// What is answered.
    pub(crate) problem: Problem,
    /// What was sent.
    pub(crate) original: Value,
}

/// Reads one message of a system.
pub(crate) fn read(contracts: &Contracts, system: &SystemId, message: Value, around: &Circumstances) -> Read {
    let id = message.get("id").and_then(Value::as_str).map(|id| id.chars().take(512).collect());
    match checked(contracts, system, &message, around) {
        Ok((submission, event)) => Read::Fact(Box::new(submission), Box::new(event)),
        Err(problem) => Read::Refused(Box::new(Refused { id, problem, original: kept(message) })),
    }
}

impl Refused {
    /// The form in which it is kept.
    pub(crate) fn rejected(&self, system: &SystemId) -> MessageRejected {
        MessageRejected {
            system: system.clone(),
            id: self.id.clone(),
            problem: self.problem.to_json(),
            original: self.original.clone(),
        }
    }
}

/// What is kept of a refused message: all of it, up to a bound.
pub(crate) fn kept(message: Value) -> Value {
    let text = message.to_string();
    if text.len() <= KEPT_BYTES { message } else { kept_text(&text) }
}

/// A text, cut at the bound.
pub(crate) fn kept_text(text: &str) -> Value {
    let mut end = text.len().min(KEPT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().into()
}

fn checked(
    contracts: &Contracts,
    system: &SystemId,
    message: &Value,
    around: &Circumstances,
) -> Result<(Submission, CloudEvent), Problem> {
    let mut event = CloudEvent::from_json(message.clone())
        .map_err(|error| refuse("objects/cloudevent.json", &error.pointer(), "cloudevent", &error.to_string()))?;
    let source = format!("/{system}");
    if event.source != source {
        let detail = format!("`{system}` speaks for `{source}`, not for `{}`", event.source);
        let mut problem = refuse("objects/cloudevent.json", "/source", "ownership", &detail);
        problem.status = http::StatusCode::FORBIDDEN;
        return Err(problem);
    }
    let Some(contract) = contracts.event(&event.event_type) else {
        let hint = crossdock_diag::did_you_mean(&event.event_type, contracts.events().keys().map(String::as_str));
        let hint = hint.map_or_else(String::new, |hit| format!("; did you mean `{hit}`?"));
        let detail = format!("no contract describes events of type `{}`{hint}", event.event_type);
        return Err(refuse("events", "/type", "event-type", &detail));
    };
    let violations = contract.check(message);
    if let Some(first) = violations.first() {
        let detail = format!(
            "`{}` is broken in {} place{}; first {}: {}",
            event.event_type,
            violations.len(),
            if violations.len() == 1 { "" } else { "s" },
            if first.pointer.is_empty() { "the message" } else { &first.pointer },
            first.message
        );
        let broken = violations.iter().take(NAMED).map(|one| Broken {
            pointer: one.pointer.clone(),
            rule: one.rule.clone(),
            message: one.message.clone(),
        });
        return Err(Problem::unprocessable(detail).broken(format!("contracts/{}", contract.file), broken.collect()));
    }
    fill(&mut event, around);
    let wrong = |pointer: &str, why: String| refuse(&contract.file, pointer, "shape", &why);
    let fact = match Event::from_data(&event.event_type, event.data.clone()) {
        Ok(Event::Fact(fact)) => fact,
        Ok(Event::Hub(_)) => {
            let detail = format!("`{}` is the hub's own to say", event.event_type);
            let mut problem = refuse(&contract.file, "/type", "ownership", &detail);
            problem.status = http::StatusCode::FORBIDDEN;
            return Err(problem);
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            return Err(wrong("/data", cause.unwrap_or_else(|| error.to_string())));
        }
    };
    let meta = Meta::from_cloud_event(&event, clock::now()).map_err(|error| wrong("", error.to_string()))?;
    let submission = Submission {
        system: system.clone(),
        id: event.id.clone(),
        digest: records::digest(&event.event_type, &event.data),
        fact,
        source_time: event.time,
        correlation_id: event.correlation_id.clone(),
        causation_id: meta.causation_id.map(String::from),
        source_sequence: meta.source_sequence,
        synthetic: meta.synthetic,
        run_id: meta.run_id,
        acknowledge: None,
    };
    Ok((submission, event))
}

/// What the message leaves open is taken from the request; what it says itself wins.
fn fill(event: &mut CloudEvent, around: &Circumstances) {
    if event.correlation_id.is_none() {
        event.correlation_id.clone_from(&around.correlation_id);
    }
    if event.run_id.is_none() {
        event.run_id.clone_from(&around.run_id);
    }
    event.synthetic |= around.synthetic;
}

fn refuse(contract: &str, pointer: &str, rule: &str, message: &str) -> Problem {
    let broken = Broken { pointer: pointer.to_owned(), rule: rule.to_owned(), message: message.to_owned() };
    Problem::unprocessable(message).broken(format!("contracts/{contract}"), vec![broken])
}
