//! The fact door: `POST /system/v1/{system}/events` (contracts/apis/hub-system.yaml).
//! Here: from a request to answers, one a message. Not here: what a message must be (`admission.rs`), X12 (`x12.rs`).
//! Invariant: a message that was read ends as exactly one of accepted, duplicate, rejected; a busy hub takes nothing of it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use crossdock_core::{Answer, Refusal};
use crossdock_model::SystemId;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::admission::{self, Circumstances, Read, Refused};
use crate::engine::Busy;
use crate::http::App;
use crate::http::messages::{self, Media};
use crate::http::problem::{Broken, Problem};
use crate::http::x12;

/// Messages of one request that wait for the writer at a time. They are handed in together, so they share its commits.
const ABREAST: usize = 256;

/// What became of one message.
pub(crate) enum Ended {
    Accepted { seq: u64, correlation_id: String, without_effect: Option<crossdock_model::Effect> },
    Duplicate { first: Option<u64> },
    Rejected(Problem),
}

/// The handler.
pub(crate) async fn submit(
    State(app): State<Arc<App>>,
    Path(system): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    app.keys.admit(&system, &headers)?;
    let media = messages::media(&headers)?;
    let body = app.body(body, &headers).await?;
    let id: SystemId = system.parse().map_err(|_| Problem::not_found(format!("no system `{system}` is configured")))?;
    let around = circumstances(&headers);
    if media == Media::X12 {
        return x12::submit(&app, &id, &body, &around).await;
    }
    let messages = match messages::events(media, &headers, &body, app.config.limits.batch_events) {
        Ok(messages) => messages,
        Err(problem) => {
            // Unreadable, and kept all the same: somebody has to find out what the sender meant.
            let original = admission::kept_text(&String::from_utf8_lossy(&body));
            return Err(keep(&app, &id, Refused { id: None, problem, original }).await?);
        }
    };
    let single = media != Media::Batch;
    let ended: Vec<(String, Result<Ended, Problem>)> = stream::iter(messages)
        .map(|message| {
            let (app, id, around) = (&app, &id, &around);
            async move {
                let name = message.get("id").and_then(Value::as_str).unwrap_or("unknown").chars().take(128).collect();
                (name, one(app, id, message, around).await)
            }
        })
        .buffered(ABREAST)
        .collect()
        .await;
    let mut results = Vec::with_capacity(ended.len());
    let mut flow = None;
    for (name, ended) in ended {
        match ended {
            // Nothing was decided about this one; those before it are safe to send again: they are duplicates then.
            Err(busy) => return Err(busy),
            Ok(Ended::Rejected(problem)) if single => return Err(problem),
            Ok(ended) => {
                if let Ended::Accepted { correlation_id, .. } = &ended {
                    flow.get_or_insert_with(|| correlation_id.clone());
                }
                results.push(result(&name, &ended));
            }
        }
    }
    let mut response = (StatusCode::ACCEPTED, axum::Json(json!({"results": results}))).into_response();
    if let Some(id) = flow.and_then(|id| HeaderValue::from_str(&id).ok()) {
        response.headers_mut().insert("x-correlation-id", id);
    }
    Ok(response)
}

/// One message, to its end.
async fn one(app: &App, system: &SystemId, message: Value, around: &Circumstances) -> Result<Ended, Problem> {
    match admission::read(&app.contracts, system, message, around) {
        Read::Fact(submission, event) => {
            let answer = app.engine.admit(*submission, *event).await;
            ended(app, system, answer)
        }
        Read::Refused(refused) => Ok(Ended::Rejected(keep(app, system, *refused).await?)),
    }
}

/// What the writer answered, in the words of the door.
pub(crate) fn ended(app: &App, system: &SystemId, answer: Result<Answer, Busy>) -> Result<Ended, Problem> {
    let ended = match answer {
        Ok(Answer::Accepted { seq, correlation_id, without_effect }) => {
            Ended::Accepted { seq, correlation_id, without_effect }
        }
        // A replay is an operator's order, never the answer to a fact.
        Ok(Answer::Replayed { .. }) => Ended::Duplicate { first: None },
        Ok(Answer::Duplicate { first }) => Ended::Duplicate { first },
        Ok(Answer::Rejected(refusal)) => Ended::Rejected(refused(&refusal)),
        Ok(Answer::Unavailable) | Err(Busy::Stopped) => {
            return Err(Problem::unavailable("the ledger cannot be written now; nothing of this message was taken"));
        }
        Err(Busy::Full) => return Err(full(app)),
    };
    let word = match &ended {
        Ended::Accepted { .. } => "accepted",
        Ended::Duplicate { .. } => "duplicate",
        Ended::Rejected(_) => "rejected",
    };
    app.metrics.count("crossdock_facts_total", &[("system", system.as_str()), ("outcome", word)]);
    Ok(ended)
}

/// Keeps a refused message; what is to be answered comes back once it is durable.
pub(crate) async fn keep(app: &App, system: &SystemId, refused: Refused) -> Result<Problem, Problem> {
    match app.engine.reject(refused.rejected(system)).await {
        Ok(Answer::Accepted { .. } | Answer::Duplicate { .. } | Answer::Replayed { .. } | Answer::Rejected(_)) => {
            app.metrics.count("crossdock_facts_total", &[("system", system.as_str()), ("outcome", "rejected")]);
            Ok(refused.problem)
        }
        Ok(Answer::Unavailable) | Err(Busy::Stopped) => Err(Problem::unavailable("the ledger cannot be written now")),
        Err(Busy::Full) => Err(full(app)),
    }
}

fn full(app: &App) -> Problem {
    app.metrics.count("crossdock_busy_total", &[]);
    Problem::busy(format!("{} messages wait already; nothing of this one was taken", app.config.limits.admission_queue))
}

/// A refusal of the core as a problem.
pub(crate) fn refused(refusal: &Refusal) -> Problem {
    let mut problem = match refusal.status {
        403 => Problem::forbidden(refusal.message.clone()),
        404 => Problem::not_found(refusal.message.clone()),
        409 => Problem::conflict(refusal.message.clone()),
        429 => Problem::too_many(refusal.message.clone()),
        _ => Problem::unprocessable(refusal.message.clone()),
    };
    problem.errors = vec![Broken {
        pointer: refusal.pointer.clone(),
        rule: refusal.rule.to_owned(),
        message: refusal.message.clone(),
    }];
    problem
}

/// One entry of `results`.
pub(crate) fn result(id: &str, ended: &Ended) -> Value {
    match ended {
        Ended::Accepted { seq, correlation_id, without_effect } => {
            let mut result = json!({"id": id, "outcome": "accepted", "sequence": seq, "correlationId": correlation_id});
            if let (Some(effect), Some(map)) = (without_effect, result.as_object_mut()) {
                map.insert("withoutEffect".to_owned(), json!(effect));
            }
            result
        }
        Ended::Duplicate { first: Some(seq) } => json!({"id": id, "outcome": "duplicate", "sequence": seq}),
        Ended::Duplicate { first: None } => json!({"id": id, "outcome": "duplicate"}),
        Ended::Rejected(problem) => json!({"id": id, "outcome": "rejected", "problem": problem.to_json()}),
    }
}

fn circumstances(headers: &HeaderMap) -> Circumstances {
    let text = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        value.filter(|value| (1..=128).contains(&value.len())).map(str::to_owned)
    };
    Circumstances {
        correlation_id: text("x-correlation-id"),
        synthetic: text("x-synthetic").as_deref() == Some("true"),
        run_id: text("x-run-id"),
    }
}
