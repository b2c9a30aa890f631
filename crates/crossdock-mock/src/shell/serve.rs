//! The way of a request through a system's door.
//!
//! In this order: head within limits, key, faults of the wire, body within limits, UTF-8, JSON, contract, idempotency key,
//! the system itself. Each refusal is a problem document that says what was wrong and where.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body as HttpBody, to_bytes};
use axum::extract::{RawPathParams, Request as HttpRequest};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use crossdock_contract::Violation;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, Uri};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::admin;
use super::door::{Grip, RECEIVE_TIME};
use super::journal::Entry;
use super::reply::{Problem, json_response};
use super::routes::{Route, RouteTable, Takes};
use super::station::{Outcome, Station, now};
use crate::faults::rename;
use crate::systems::answer::Answer;
use crate::systems::{Body, Context, Request};

/// The largest body taken.
const BODY_LIMIT: usize = 1 << 20;
/// The largest head taken, by the sum of its fields.
const HEAD_LIMIT: usize = 16 << 10;
/// The longest id in a header. Contracts are stricter; this holds where one is silent.
const ID_LIMIT: usize = 512;

/// Who may speak to a system.
#[derive(Clone)]
pub(crate) struct Keys {
    /// Keys that open this system.
    pub(crate) own: Vec<SecretString>,
    /// Keys of others: known, but not for this.
    pub(crate) others: Vec<SecretString>,
}

/// A system behind HTTP.
pub(crate) struct Served {
    pub(crate) station: Arc<Station>,
    pub(crate) keys: Keys,
}

/// The router of a system.
pub(crate) fn router(served: &Arc<Served>, table: RouteTable) -> Router {
    let mut by_path: BTreeMap<String, (MethodRouter, Vec<String>)> = BTreeMap::new();
    for route in table.routes {
        let Ok(filter) = MethodFilter::try_from(route.method.clone()) else { continue };
        let (path, method) = (route.path.clone(), route.method.to_string());
        let (served, route) = (Arc::clone(served), Arc::new(route));
        let handler = move |request: HttpRequest| answer(Arc::clone(&served), Arc::clone(&route), request);
        let (answered, methods) = by_path.remove(&path).unwrap_or_default();
        let methods = [methods, vec![method]].concat();
        by_path.insert(path, (answered.merge(on(filter, handler)), methods));
    }
    let mut router = Router::new();
    for (path, (methods, names)) in by_path {
        let allowed = names.join(", ");
        router = router.route(
            &path,
            methods.fallback(move |request: HttpRequest| async move {
                Problem::method_not_allowed(request.method().as_str(), &allowed).into_response()
            }),
        );
    }
    router.merge(admin::router(served)).fallback(|uri: Uri| async move {
        Problem::new(404, "no-such-path", format!("nothing is at {}", uri.path())).into_response()
    })
}

async fn answer(served: Arc<Served>, route: Arc<Route>, request: HttpRequest) -> Response {
    let (parts, body) = request.into_parts();
    let grip = parts.extensions.get::<Grip>().cloned().unwrap_or_default();
    let mut entry = Entry {
        at: now(),
        operation: route.operation.clone(),
        path: parts.uri.path().to_owned(),
        status: 0,
        correlation_id: None,
        idempotency_key: None,
        replayed: false,
        fault: None,
    };
    let response = match converse(&served, &route, &grip, parts, body, &mut entry).await {
        Ok(response) => response,
        Err(problem) => {
            if matches!(problem.answer.status, 413 | 431) {
                grip.linger();
            }
            problem.into_response()
        }
    };
    if route.operation != "getHealth" {
        entry.status = response.status().as_u16();
        served.station.note(entry);
    }
    response
}

async fn converse(
    served: &Arc<Served>,
    route: &Route,
    grip: &Grip,
    mut parts: Parts,
    body: HttpBody,
    entry: &mut Entry,
) -> Result<Response, Problem> {
    check_head(&parts.headers)?;
    if !route.open {
        authorize(&served.keys, &parts.headers)?;
    }
    let station = &served.station;
    let strike = station.strike(&route.operation);
    if strike.reset_before {
        entry.fault = Some("reset_before_commit");
        grip.reset();
        return Ok(Response::default());
    }
    if let Some((status, retry_after)) = strike.error {
        entry.fault = Some("error");
        let problem = Problem::new(status, "injected", "a fault that was switched on answers here");
        return Err(retry_after.into_iter().fold(problem, Problem::retry_after));
    }
    if route.operation == "getHealth" {
        return Ok(json_response(&Answer::ok(json!({ "status": "ok" })), false));
    }
    let path = path_of(&mut parts).await?;
    let query = query_of(&parts.uri)?;
    let context = context_of(&parts.headers)?;
    entry.correlation_id.clone_from(&context.correlation_id);
    let key = if route.keyed { header(&parts.headers, "idempotency-key")? } else { None };
    entry.idempotency_key.clone_from(&key);
    refuse(400, "bad-parameter", route, route.check_parameters(&path, &query, &parts.headers))?;
    let (media_type, body) = body_of(route, &parts.headers, body).await?;
    refuse(422, "contract-violation", route, route.check_body(&media_type, &body))?;
    if route.method != http::Method::GET && station.outbox.is_full() {
        return Err(Problem::new(503, "outbox-full", "too much waits for the hub already").retry_after(1));
    }
    let request = Request { operation: route.operation.clone(), path, query, context, body };
    // The guard ends the key's flight however this function is left, also when the caller hangs up while it waits.
    let outcome = station.handle(&request, key.as_deref());
    let guard = matches!(outcome, Outcome::Answered { .. })
        .then(|| key.map(|key| Flight { station: Arc::clone(station), key }))
        .flatten();
    let (mut answer, after, replayed) = match outcome {
        Outcome::Answered { answer, after } => (answer, after, false),
        Outcome::Replayed(answer) => (answer, Duration::ZERO, true),
        Outcome::InFlight => {
            let problem = Problem::new(
                409,
                "key-in-flight",
                "the first request with this Idempotency-Key is still being answered",
            );
            return Err(problem.retry_after(1));
        }
        Outcome::OtherBody => {
            let detail = "this Idempotency-Key was used for another request";
            return Err(Problem::new(422, "key-reused", detail).errors(vec![(
                String::new(),
                "idempotency-key".to_owned(),
                detail.to_owned(),
            )]));
        }
    };
    entry.replayed = replayed;
    let wait = after + strike.slow;
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    drop(guard);
    if strike.reset_after {
        entry.fault = Some("reset_after_commit");
        grip.reset();
    }
    if !answer.is_problem() {
        for (pointer, to) in &strike.rename {
            entry.fault = Some("rename_field");
            rename(&mut answer.body, pointer, to);
        }
    }
    Ok(json_response(&answer, replayed))
}

/// A key whose answer is not out yet.
struct Flight {
    station: Arc<Station>,
    key: String,
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.station.end(&self.key);
    }
}

fn check_head(headers: &HeaderMap) -> Result<(), Problem> {
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if size > HEAD_LIMIT {
        let detail = format!("the head has {size} bytes, {HEAD_LIMIT} are taken");
        return Err(Problem::new(431, "head-too-large", detail));
    }
    Ok(())
}

/// 401 without a known key, 403 with somebody else's.
pub(crate) fn authorize(keys: &Keys, headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let given = given.ok_or_else(Problem::unauthorized)?;
    // Every key is compared, and each in constant time: how long it takes says nothing about any of them.
    let any = |keys: &[SecretString]| {
        keys.iter().fold(false, |found, key| found | bool::from(key.expose_secret().as_bytes().ct_eq(given)))
    };
    match (any(&keys.own), any(&keys.others)) {
        (true, _) => Ok(()),
        (false, true) => Err(Problem::new(403, "forbidden", "this key belongs to another system")),
        (false, false) => Err(Problem::unauthorized()),
    }
}

/// A problem that names every violation of the contract, if there is one.
fn refuse(status: u16, rule: &str, route: &Route, violations: Vec<Violation>) -> Result<(), Problem> {
    let Some(first) = violations.first() else { return Ok(()) };
    let more = if violations.len() == 1 { String::new() } else { format!(" (and {} more)", violations.len() - 1) };
    let detail = format!("this is no {} by its contract: {first}{more}", route.operation);
    let errors = violations.into_iter().map(|found| (found.pointer, found.rule, found.message)).collect();
    Err(Problem::new(status, rule, detail).errors(errors))
}

fn context_of(headers: &HeaderMap) -> Result<Context, Problem> {
    Ok(Context {
        correlation_id: header(headers, "x-correlation-id")?,
        synthetic: header(headers, "x-synthetic")?.as_deref() == Some("true"),
        run_id: header(headers, "x-run-id")?,
    })
}

fn header(headers: &HeaderMap, name: &str) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    match value.to_str() {
        Ok(text) if !text.is_empty() && text.len() <= ID_LIMIT => Ok(Some(text.to_owned())),
        Ok(text) => {
            let detail = format!("{name} has {} characters, it needs 1 to {ID_LIMIT}", text.len());
            Err(Problem::new(400, "bad-header", detail))
        }
        Err(_) => Err(Problem::new(400, "bad-header", format!("{name} has characters that cannot be printed"))),
    }
}

async fn path_of(parts: &mut Parts) -> Result<BTreeMap<String, String>, Problem> {
    use axum::extract::FromRequestParts;
    match RawPathParams::from_request_parts(parts, &()).await {
        Ok(params) => Ok(params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()),
        Err(rejection) => Err(Problem::new(400, "bad-path", rejection.to_string())),
    }
}

fn query_of(uri: &Uri) -> Result<BTreeMap<String, String>, Problem> {
    use axum::extract::Query;
    match Query::<Vec<(String, String)>>::try_from_uri(uri) {
        Ok(Query(pairs)) => Ok(pairs.into_iter().collect()),
        Err(rejection) => Err(Problem::new(400, "bad-query", rejection.to_string())),
    }
}

/// The body and its media type.
async fn body_of(route: &Route, headers: &HeaderMap, body: HttpBody) -> Result<(String, Body), Problem> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if let Some(length) = announced.filter(|length| *length > BODY_LIMIT as u64) {
        return Err(Problem::new(
            413,
            "body-too-large",
            format!("the body has {length} bytes, {BODY_LIMIT} are taken"),
        ));
    }
    let Ok(received) = tokio::time::timeout(RECEIVE_TIME, to_bytes(body, BODY_LIMIT)).await else {
        let detail = format!("the body was not complete after {} s", RECEIVE_TIME.as_secs());
        return Err(Problem::new(408, "too-slow", detail));
    };
    let bytes = received.map_err(|error| {
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        let mut too_large = false;
        while let Some(error) = cause {
            too_large |= error.to_string().contains("length limit exceeded");
            cause = error.source();
        }
        if too_large {
            Problem::new(413, "body-too-large", format!("the body has more than {BODY_LIMIT} bytes"))
        } else {
            Problem::new(400, "body-cut-off", "the body ended before it was complete")
        }
    })?;
    if bytes.is_empty() {
        return match route.takes {
            Takes::Nothing | Takes::JsonIfAny => Ok((String::new(), Body::None)),
            Takes::Json | Takes::Other => {
                Err(Problem::new(400, "body-missing", format!("{} needs a body", route.operation)))
            }
        };
    }
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    if route.takes == Takes::Nothing {
        return Ok((String::new(), Body::None));
    }
    if !route.accepts(&media_type) {
        let detail = format!("{} takes {}, not `{media_type}`", route.operation, route.media_types());
        return Err(Problem::new(415, "media-type", detail));
    }
    if route.takes == Takes::Other {
        return Ok((media_type, Body::Bytes(bytes.to_vec())));
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        Problem::new(
            400,
            "not-utf8",
            format!("the body is not UTF-8: first wrong byte at offset {}", error.valid_up_to()),
        )
    })?;
    serde_json::from_str::<Value>(text)
        .map(|value| (media_type, Body::Json(value)))
        .map_err(|error| Problem::new(400, "not-json", format!("the body is not JSON: {error}")))
}
