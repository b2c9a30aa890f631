//! A small shop on a free port of loopback: orders, cancellation, and a stream of events that can be cut.
//! What it does with an order follows from the product, so that a test reads in one place.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::language;
use crate::{Environment, Runner, RunnerOptions, Scenario};

pub(super) const KEY: &str = "shop-key";

#[derive(Clone)]
pub(super) struct Shop {
    pub(super) url: String,
    pub(super) inner: Arc<Mutex<Inner>>,
    /// How many events there are; streams wait for it to grow.
    count: watch::Sender<usize>,
    /// Raised to cut every open stream.
    cuts: watch::Sender<u32>,
    /// How many streams were opened.
    pub(super) opened: watch::Sender<u32>,
    /// How many orders there are.
    pub(super) orders: watch::Sender<usize>,
}

#[derive(Default)]
pub(super) struct Inner {
    pub(super) requests: Vec<(String, HeaderMap)>,
    pub(super) orders: BTreeMap<String, Order>,
    keys: BTreeMap<String, String>,
    events: Vec<Value>,
}

#[derive(Clone, Default)]
pub(super) struct Order {
    pub(super) product: String,
    pub(super) status: &'static str,
    pub(super) read: u32,
}

impl Shop {
    pub(super) async fn open() -> Self {
        let shop = Self {
            url: String::new(),
            inner: Arc::default(),
            count: watch::Sender::new(0),
            cuts: watch::Sender::new(0),
            opened: watch::Sender::new(0),
            orders: watch::Sender::new(0),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/orders", post(create).get(find))
            .route("/orders/{id}", get(read))
            .route("/orders/{id}/cancel", post(cancel))
            .route("/events", get(stream))
            .with_state(shop.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, ..shop }
    }

    pub(super) fn environment(&self) -> Environment {
        language::environment()
            .with_urls([("shop".to_owned(), self.url.clone())])
            .with_bearers([("shop".to_owned(), SecretString::from(KEY.to_owned()))])
    }

    pub(super) async fn runner(&self, options: RunnerOptions) -> Runner {
        Runner::new(Arc::new(language::contracts()), self.environment(), options).await.unwrap()
    }

    pub(super) fn scenario(&self, text: &str) -> Scenario {
        let document = language::document(&format!("crossdock: 1\nscenario: test\n{text}"));
        Scenario::from_document(&document, &language::contracts(), Some(&self.environment()))
            .unwrap_or_else(|found| panic!("{}", crossdock_diag::render(found.as_slice(), false)))
    }

    pub(super) fn emit(&self, id: &str, order: &str, correlation: &str) {
        let event = json!({"specversion": "1.0", "id": id, "source": "/shop", "type": "order.accepted.v1", "time": "2026-01-01T00:00:00Z",
            "correlationid": correlation, "data": {"orderId": order}});
        self.inner.lock().unwrap().events.push(event);
        self.count.send_modify(|count| *count += 1);
    }

    pub(super) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// The request lines so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.inner.lock().unwrap().requests.iter().map(|(line, _)| line.clone()).collect()
    }

    /// The values of a header over all requests whose line begins so.
    pub(super) fn headers(&self, line: &str, name: &str) -> Vec<String> {
        let inner = self.inner.lock().unwrap();
        inner
            .requests
            .iter()
            .filter(|(known, _)| known.starts_with(line))
            .map(|(_, headers)| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned())
            .collect()
    }

    pub(super) fn statuses(&self) -> Vec<&'static str> {
        self.inner.lock().unwrap().orders.values().map(|order| order.status).collect()
    }
}

async fn create(State(shop): State<Shop>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).map_or(String::new(), |value| value.to_str().unwrap().to_owned());
    shop.inner.lock().unwrap().requests.push(("POST /orders".to_owned(), headers.clone()));
    if header("authorization") != format!("Bearer {KEY}") {
        return (StatusCode::UNAUTHORIZED, "no").into_response();
    }
    let order: Value = serde_json::from_slice(&body).unwrap();
    let product = order["product"].as_str().unwrap().to_owned();
    if product == "REFUSED" {
        return (StatusCode::UNPROCESSABLE_ENTITY, r#"{"title":"we do not sell that"}"#).into_response();
    }
    let (id, again) = {
        let mut inner = shop.inner.lock().unwrap();
        let known = inner.keys.get(&header("idempotency-key")).cloned();
        let next = format!("o-{}", inner.orders.len() + 1);
        let id = known.clone().unwrap_or(next);
        if known.is_none() {
            inner.keys.insert(header("idempotency-key"), id.clone());
            inner.orders.insert(id.clone(), Order { product: product.clone(), status: "new", read: 0 });
        }
        (id, known.is_some())
    };
    let correlation = header("x-correlation-id");
    match product.as_str() {
        // The event is on its way before the answer.
        "FAST" => shop.emit("e-1", &id, &correlation),
        "TWICE" => {
            shop.emit("e-1", &id, &correlation);
            shop.emit("e-1", &id, &correlation);
            shop.emit("e-2", &id, &correlation);
        }
        _ => {}
    }
    shop.orders.send_modify(|count| *count = shop.inner.lock().unwrap().orders.len());
    match product.as_str() {
        "MUTE" if !again => std::future::pending().await,
        "BROKEN" if !again => (StatusCode::INTERNAL_SERVER_ERROR, "oops").into_response(),
        _ => (
            StatusCode::CREATED,
            axum::Json(json!({"orderId": id, "number": 820_982_911_946_154_508_u64, "total": "403.00"})),
        )
            .into_response(),
    }
}

async fn read(State(shop): State<Shop>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    let mut inner = shop.inner.lock().unwrap();
    inner.requests.push((format!("GET /orders/{id}"), headers));
    let Some(order) = inner.orders.get_mut(&id) else { return (StatusCode::NOT_FOUND, "none").into_response() };
    order.read += 1;
    let status = if order.read > 2 { "done" } else { order.status };
    axum::Json(json!({"orderId": id, "status": status})).into_response()
}

async fn find(State(shop): State<Shop>, headers: HeaderMap, Query(_): Query<BTreeMap<String, String>>) -> Response {
    let mut inner = shop.inner.lock().unwrap();
    inner.requests.push(("GET /orders".to_owned(), headers));
    let open: Vec<&String> =
        inner.orders.iter().filter(|(_, order)| order.status != "cancelled").map(|(id, _)| id).collect();
    axum::Json(json!({"orders": open})).into_response()
}

/// The first time it is only requested; with the same key the first answer would come again.
async fn cancel(State(shop): State<Shop>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    let (status, product, correlation) = {
        let mut inner = shop.inner.lock().unwrap();
        inner.requests.push((format!("POST /orders/{id}/cancel"), headers.clone()));
        let Some(order) = inner.orders.get_mut(&id) else { return (StatusCode::NOT_FOUND, "none").into_response() };
        order.status = if order.status == "new" && order.product != "STUCK" { "cancel_requested" } else { "cancelled" };
        if order.product == "STUCK" {
            order.status = "new";
        }
        let correlation = headers.get("x-correlation-id").map_or("", |value| value.to_str().unwrap()).to_owned();
        (order.status, order.product.clone(), correlation)
    };
    if product == "LATE" {
        shop.emit("e-late", &id, &correlation);
    }
    axum::Json(json!({"orderId": id, "status": status})).into_response()
}

async fn stream(State(shop): State<Shop>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let from = match query.get("from").map(String::as_str) {
        Some("now") | None => shop.inner.lock().unwrap().events.len(),
        Some(id) => id.parse().unwrap(),
    };
    let mut cuts = shop.cuts.subscribe();
    cuts.borrow_and_update();
    shop.opened.send_modify(|opened| *opened += 1);
    let count = shop.count.subscribe();
    let events =
        futures_util::stream::unfold((from, count, cuts, shop), |(next, mut count, mut cuts, shop)| async move {
            let more = tokio::select! {
                biased;
                _ = cuts.changed() => false,
                grown = count.wait_for(|count| *count > next) => grown.is_ok(),
            };
            if !more {
                return None;
            }
            let event = shop.inner.lock().unwrap().events[next].clone();
            let text = format!("id: {}\ndata: {event}\n\n", next + 1);
            Some((Ok::<_, std::convert::Infallible>(text), (next + 1, count, cuts, shop)))
        });
    ([("content-type", "text/event-stream")], Body::from_stream(events)).into_response()
}
