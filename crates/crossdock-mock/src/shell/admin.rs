//! The admin API of a simulated system, under `/_mock/`: state, reset, faults, journal.
//!
//! It wants the same key as the system. It is no part of any contract.

use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request as HttpRequest;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::reply::{Problem, json_response};
use super::serve::{Served, authorize};
use super::station::Station;
use crate::faults::Switches;
use crate::systems::Answer;

/// The largest list of faults taken.
const BODY_LIMIT: usize = 64 << 10;

/// The admin routes.
pub(crate) fn router(served: &Arc<Served>) -> Router {
    let look = |look: fn(&Station) -> Value| {
        let served = Arc::clone(served);
        move |request: HttpRequest| {
            let served = Arc::clone(&served);
            async move { guarded(&served, &request, || Ok(look(&served.station))) }
        }
    };
    let switching = Arc::clone(served);
    Router::new()
        .route("/_mock/state", get(look(Station::state)))
        .route("/_mock/journal", get(look(Station::journal)))
        .route(
            "/_mock/reset",
            post(look(|station| {
                station.reset();
                json!({ "reset": true })
            })),
        )
        .route(
            "/_mock/faults",
            get(look(Station::fault_view)).put(move |request: HttpRequest| {
                let served = Arc::clone(&switching);
                async move { switch(&served, request).await }
            }),
        )
}

fn guarded(served: &Served, request: &HttpRequest, act: impl FnOnce() -> Result<Value, Problem>) -> Response {
    match authorize(&served.keys, request.headers()).and_then(|()| act()) {
        Ok(body) => json_response(&Answer::ok(body), false),
        Err(problem) => problem.into_response(),
    }
}

async fn switch(served: &Served, request: HttpRequest) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, BODY_LIMIT).await;
    guarded(served, &HttpRequest::from_parts(parts, axum::body::Body::empty()), || {
        let bytes = bytes.map_err(|_| Problem::new(413, "body-too-large", "that is no list of faults"))?;
        let switches: Switches = serde_json::from_slice(&bytes)
            .map_err(|error| Problem::new(400, "not-faults", format!("expected {{\"faults\": […]}}: {error}")))?;
        served.station.switch(&switches).map_err(|detail| Problem::new(422, "bad-fault", detail))
    })
}
