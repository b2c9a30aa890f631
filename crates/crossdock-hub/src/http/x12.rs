//! X12 at the fact door: one interchange file, one result a set, and the acknowledgement.
//! Here: from sets to submissions and back to an answer. Not here: reading X12 (`crossdock-connector`).
//! Invariant: a set that is refused touches nothing; the others of the file are taken.

use axum::Json;
use axum::response::{IntoResponse, Response};
use crossdock_connector::inbound::{self, InboundSet};
use crossdock_connector::outbound;
use crossdock_edi::{AckNumbers, EdiError, Strictness};
use crossdock_model::{CloudEvent, SystemId};
use http::StatusCode;
use serde_json::{Value, json};

use crate::admission::{self, Circumstances, Read, Refused};
use crate::clock;
use crate::http::App;
use crate::http::problem::{Broken, Problem};
use crate::http::system::{Ended, ended, keep, result};

/// The most places that one refusal names.
const NAMED: usize = 50;

/// What real senders get wrong without changing the meaning is tolerated, with a warning.
pub(crate) fn strictness() -> Strictness {
    Strictness::tolerant()
}

/// Takes an interchange file in.
pub(crate) async fn submit(
    app: &App,
    system: &SystemId,
    body: &[u8],
    around: &Circumstances,
) -> Result<Response, Problem> {
    // The answer in this response is for reading; the one that is delivered gets control numbers of its own.
    let numbers = AckNumbers { interchange_control: 1, at: clock::now() };
    let file = inbound::translate(body, system, &app.guides, &strictness(), &numbers);
    if file.sets.len() > app.config.limits.batch_events {
        let most = app.config.limits.batch_events;
        return Err(Problem::too_large(format!("{} sets in one file; {most} are the limit", file.sets.len())));
    }
    if file.sets.is_empty() || file.sets.iter().all(|set| set.facts.is_err()) && !file.refusals.is_empty() {
        return refuse_whole(app, system, body, &file).await;
    }
    let mut owed = (!file.acknowledgement.is_empty()).then(|| outbound::acknowledge_later(body));
    let mut results = Vec::with_capacity(file.sets.len());
    for set in &file.sets {
        results.push(one(app, system, set, around, &mut owed).await?);
    }
    let mut answer = json!({"results": results});
    if !file.acknowledgement.is_empty() {
        answer["acknowledgement"] = file.acknowledgement.into();
    }
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}

/// A file of which nothing could be taken.
async fn refuse_whole(app: &App, system: &SystemId, body: &[u8], file: &inbound::Inbound) -> Result<Response, Problem> {
    let errors = if file.refusals.is_empty() {
        file.sets.iter().filter_map(|set| set.facts.as_ref().err()).flatten().cloned().collect()
    } else {
        file.refusals.clone()
    };
    let problem = problem("the file", &errors);
    let original = admission::kept_text(&String::from_utf8_lossy(body));
    let problem = keep(app, system, Refused { id: None, problem, original }).await?;
    if file.acknowledgement.is_empty() {
        return Err(problem);
    }
    let mut document = problem.to_json();
    document["acknowledgement"] = file.acknowledgement.as_str().into();
    let content_type = [(http::header::CONTENT_TYPE, "application/problem+json")];
    Ok((problem.status, content_type, document.to_string()).into_response())
}

/// One set: all of its facts in order. The acknowledgement of the file is owed from its first accepted fact on.
async fn one(
    app: &App,
    system: &SystemId,
    set: &InboundSet,
    around: &Circumstances,
    owed: &mut Option<Value>,
) -> Result<Value, Problem> {
    let events = match &set.facts {
        Ok(events) => events,
        Err(errors) => {
            let problem = problem(&format!("set {}", set.set), errors);
            let original = json!({"set": set.set, "id": set.id});
            let problem = keep(app, system, Refused { id: Some(set.id.clone()), problem, original }).await?;
            return Ok(result(&set.id, &Ended::Rejected(problem)));
        }
    };
    let mut first = None;
    for event in events {
        let ended = fact(app, system, event, around, owed).await?;
        match ended {
            Ended::Rejected(_) => return Ok(result(&set.id, &ended)),
            ended => first = first.or(Some(ended)),
        }
    }
    Ok(first.map_or(Value::Null, |ended| result(&set.id, &ended)))
}

async fn fact(
    app: &App,
    system: &SystemId,
    event: &CloudEvent,
    around: &Circumstances,
    owed: &mut Option<Value>,
) -> Result<Ended, Problem> {
    match admission::read(&app.contracts, system, event.to_json(), around) {
        Read::Fact(mut submission, event) => {
            submission.acknowledge.clone_from(owed);
            let ended = ended(app, system, app.engine.admit(*submission, *event).await)?;
            if matches!(ended, Ended::Accepted { .. }) {
                *owed = None;
            }
            Ok(ended)
        }
        Read::Refused(refused) => Ok(Ended::Rejected(keep(app, system, *refused).await?)),
    }
}

/// A refusal that names segments, elements and bytes.
fn problem(what: &str, errors: &[EdiError]) -> Problem {
    let broken: Vec<Broken> = errors
        .iter()
        .take(NAMED)
        .map(|error| {
            let place = &error.place;
            let element = place.element.map_or_else(String::new, |element| format!("/{element:02}"));
            Broken {
                pointer: format!("/{}/{}{element}", place.segment, place.segment_id),
                rule: format!("x12-{}{}", error.code.segment().to_ascii_lowercase(), error.code.code()),
                message: format!("{} (segment {}, byte {})", error.message, place.segment, place.offset),
            }
        })
        .collect();
    let first = broken.first().map_or_else(|| "there is no interchange in it".to_owned(), |one| one.message.clone());
    let count = errors.len();
    let detail = format!("{what} has {count} error{}; first: {first}", if count == 1 { "" } else { "s" });
    Problem::unprocessable(detail).broken("contracts/edi", broken)
}
