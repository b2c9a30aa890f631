//! What the hub offers over HTTP.
//! Here: the routes and what every handler works with. Each path prefix has its own file and its own contract under
//! `contracts/apis/`.
//! Invariant: every answer that is not a success is a problem document, also for a path or method that does not exist.

pub(crate) mod auth;
mod measured;
pub(crate) mod messages;
mod operations;
mod ops;
mod parameters;
pub(crate) mod problem;
mod process;
mod questions;
mod replays;
pub(crate) mod server;
mod stream;
mod system;
mod trace;
pub(crate) mod x12;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use crossdock_contract::Contracts;
use crossdock_core::slas::Slas;
use crossdock_edi::Guide;
use http::HeaderMap;
use tokio::sync::{Semaphore, watch};
use tower_http::catch_panic::CatchPanicLayer;

use crate::archive::Archive;
use crate::config::HubConfig;
use crate::engine::{Busy, Engine};
use crate::feed::Feed;
use crate::http::auth::Keys;
use crate::http::problem::Problem;
use crate::metrics::Metrics;

/// What every handler works with.
pub(crate) struct App {
    pub(crate) config: Arc<HubConfig>,
    pub(crate) contracts: Arc<Contracts>,
    pub(crate) guides: Vec<Guide>,
    pub(crate) keys: Keys,
    pub(crate) engine: Engine,
    pub(crate) feed: Arc<Feed>,
    pub(crate) archive: Archive,
    pub(crate) metrics: Arc<Metrics>,
    /// Places for event streams.
    pub(crate) streams: Arc<Semaphore>,
    /// What is measured, empty: for figures of a part of the ledger.
    pub(crate) signals: Slas,
    /// The place for a replay that reads the ledger.
    pub(crate) replays: Semaphore,
    /// True once the hub stops: streams end.
    pub(crate) stop: watch::Sender<bool>,
}

/// All routes.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/system/v1/{system}/events", post(system::submit))
        .route("/process/v1/orders", get(process::orders))
        .route("/process/v1/orders/{order_id}", get(process::order))
        .route("/process/v1/orders/{order_id}/moves", post(process::move_line))
        .route("/process/v1/positions", get(process::positions))
        .route("/process/v1/positions/as-of", get(questions::as_of))
        .route("/process/v1/positions/available-to-promise", get(questions::to_promise))
        .route("/process/v1/expected-receipts", get(questions::expected))
        .route("/process/v1/received-not-invoiced", get(questions::not_invoiced))
        .route("/process/v1/synthetic", get(operations::synthetic))
        .route("/process/v1/synthetic/switch", post(operations::switch))
        .route("/process/v1/synthetic/runs", post(operations::open_run))
        .route("/process/v1/synthetic/runs/{run_id}/residue", get(operations::residue))
        .route("/process/v1/signals", get(measured::signals))
        .route("/process/v1/shadow-comparisons", get(operations::shadow))
        .route("/process/v1/purchase-orders", get(process::purchase_orders))
        .route("/process/v1/purchase-orders/{po_number}", get(process::purchase_order))
        .route("/process/v1/recommendations", get(process::recommendations))
        .route("/process/v1/exceptions", get(process::exceptions))
        .route("/process/v1/exceptions/{id}", get(process::exception))
        .route("/process/v1/exceptions/{id}/resolutions", post(process::resolve))
        .route("/process/v1/dead-letters", get(replays::dead_letters))
        .route("/process/v1/dead-letters/replays", post(replays::by_filter))
        .route("/process/v1/dead-letters/{id}/replay", post(replays::replay))
        .route("/process/v1/dead-letters/{id}/edits", post(replays::edit))
        .route("/process/v1/dead-letters/{id}/discard", post(replays::discard))
        .route("/process/v1/replays", post(replays::from_log))
        .route("/process/v1/events", get(process::events))
        .route("/process/v1/traces/{id}", get(trace::trace))
        .route("/experience/v1/storefront/availability/{product}", get(process::availability))
        .route("/health/live", get(ops::live))
        .route("/health/ready", get(ops::ready))
        .route("/ops", get(ops::page))
        .route("/metrics", get(ops::metrics))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), parameters::check))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), limit_headers))
        // A panic is our bug: one request fails with 500, the hub goes on.
        .layer(CatchPanicLayer::custom(|_| Problem::bug().into_response()))
        .with_state(app)
}

async fn no_such_path(request: Request) -> Problem {
    Problem::not_found(format!("there is nothing at {}", request.uri().path()))
}

async fn no_such_method(request: Request) -> Problem {
    Problem::method_not_allowed(format!("{} is not offered at {}", request.method(), request.uri().path()))
}

/// Refuses headers above the limit. Those above what is read at all never come here: `server.rs` answers them.
async fn limit_headers(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let limit = app.config.limits.header_bytes;
    let size: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let size = size + request.uri().to_string().len();
    if size > limit {
        return header_too_large(limit).into_response();
    }
    next.run(request).await
}

fn header_too_large(limit: usize) -> Problem {
    Problem::header_too_large(format!("the request line and headers have more than {limit} bytes"))
}

impl App {
    /// The whole body, if it is within the limit.
    pub(crate) async fn body(&self, body: Body, headers: &HeaderMap) -> Result<Bytes, Problem> {
        let limit = self.config.limits.body_bytes;
        let too_large = || Problem::too_large(format!("the body has more than {limit} bytes"));
        let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if declared.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let receive = self.config.limits.receive;
        let Ok(received) = tokio::time::timeout(receive, axum::body::to_bytes(body, limit)).await else {
            let detail = format!("the body was not complete after {} ms; nothing of it was taken", receive.as_millis());
            return Err(Problem::too_slow(detail));
        };
        received.map_err(|error| {
            let is_limit = std::error::Error::source(&error)
                .is_some_and(|source| source.to_string().contains("length limit exceeded"));
            if is_limit { too_large() } else { Problem::bad_request("the body broke off") }
        })
    }
}

impl From<Busy> for Problem {
    fn from(busy: Busy) -> Self {
        match busy {
            Busy::Full => Self::busy("as many messages wait as may wait; nothing of this one was taken"),
            Busy::Stopped => Self::unavailable("the hub stops"),
        }
    }
}
