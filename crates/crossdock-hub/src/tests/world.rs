//! A hub, the systems around it as one small server each, and a client. Not a simulator: each system answers what a test tells it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::response::IntoResponse;
use crossdock_contract::Contracts;
use http::StatusCode;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{Hub, HubConfig, RunningHub, SystemConfig, X12Identity};

pub(super) static CONTRACTS: LazyLock<Arc<Contracts>> = LazyLock::new(|| {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts");
    Arc::new(Contracts::load(&dir).unwrap())
});

/// How long a test waits for what has to happen: far above what it takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A call that a target got.
#[derive(Clone, Debug)]
pub(super) struct Got {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) key: String,
    pub(super) body: String,
}

/// What a target answers: from method and path to status and body.
type Behaviour = Box<dyn FnMut(&Got) -> (u16, Value) + Send>;

/// One system around the hub.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl Target {
    async fn start(id: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Self {
            address: listener.local_addr().unwrap(),
            got: Arc::default(),
            behaviour: Arc::new(Mutex::new(Box::new(move |got| usual(id, got)))),
        };
        let this = target.clone();
        let router = Router::new().fallback(move |request: Request| async move {
            let (parts, body) = request.into_parts();
            let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            let got = Got {
                method: parts.method.to_string(),
                path: parts.uri.path().to_owned(),
                key: parts
                    .headers
                    .get("idempotency-key")
                    .map(|key| key.to_str().unwrap().to_owned())
                    .unwrap_or_default(),
                body: String::from_utf8_lossy(&body).into_owned(),
            };
            let (status, answer) = (this.behaviour.lock().unwrap())(&got);
            this.got.lock().unwrap().push(got);
            let kind = if status < 400 { "application/json" } else { "application/problem+json" };
            (StatusCode::from_u16(status).unwrap(), [("content-type", kind)], answer.to_string()).into_response()
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        target
    }

    /// From now on it answers so.
    pub(super) fn answers(&self, behaviour: impl FnMut(&Got) -> (u16, Value) + Send + 'static) {
        *self.behaviour.lock().unwrap() = Box::new(behaviour);
    }

    /// The calls to an operation, by method and path.
    pub(super) fn got(&self, method: &str, path: &str) -> Vec<Got> {
        let all = self.got.lock().unwrap();
        all.iter().filter(|got| got.method == method && got.path == path).cloned().collect()
    }
}

/// What a well system answers.
pub(super) fn usual(id: &str, got: &Got) -> (u16, Value) {
    let body: Value = serde_json::from_str(&got.body).unwrap_or_default();
    match (id, got.method.as_str(), got.path.as_str()) {
        ("erp", "POST", "/orders") => {
            let order = body["orderId"].as_str().unwrap();
            (201, json!({"erpOrderNumber": format!("SO-{order}"), "orderId": order, "status": "open"}))
        }
        ("erp", "POST", "/purchase-orders") => {
            let from = body["recommendationId"].as_str().unwrap();
            (201, json!({"poNumber": format!("PO-{from}"), "recommendationId": from, "status": "open"}))
        }
        ("erp", "GET", "/orders") => (200, json!({"orders": []})),
        ("erp", "GET", "/purchase-orders") => (200, json!({"purchaseOrders": []})),
        ("erp", "GET", "/postings") => (200, json!({"postings": []})),
        (_, "GET", _) => (404, json!({"title": "not found", "status": 404})),
        (_, "POST", path) if path.ends_with("/cancel") => (200, json!({"status": "cancelled"})),
        (_, "POST", "/edi") => (202, json!({"received": true, "isaControlNumber": "000000001"})),
        (_, "POST", _) => (201, json!({"status": "ok"})),
        _ => (200, json!({"status": "ok"})),
    }
}

/// The hub and its surroundings.
pub(super) struct World {
    pub(super) hub: RunningHub,
    pub(super) config: HubConfig,
    pub(super) targets: BTreeMap<&'static str, Target>,
    pub(super) client: reqwest::Client,
}

/// The systems, with the contracts they keep.
const SYSTEMS: [(&str, &str); 8] = [
    ("commerce", "commerce"),
    ("erp", "erp"),
    ("wms-east", "wms"),
    ("wms-west", "wms"),
    ("procurement", "procurement"),
    ("supplier-acme", "supplier"),
    ("carrier-swift", "carrier"),
    ("ap", "ap"),
];

impl World {
    pub(super) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// A world whose configuration is changed before the start.
    pub(super) async fn with(change: impl FnOnce(&mut HubConfig)) -> Self {
        let mut config = HubConfig::in_memory();
        config.operator_key = Some(SecretString::from("key-of-operator"));
        config.delivery.retry_base = Duration::from_millis(5);
        config.delivery.retry_cap = Duration::from_millis(20);
        config.delivery.breaker_base = Duration::from_millis(10);
        config.delivery.breaker_cap = Duration::from_millis(20);
        let mut targets = BTreeMap::new();
        for (id, contract) in SYSTEMS {
            let target = Target::start(id).await;
            let mut system = SystemConfig::new(contract);
            system.url = Some(format!("http://{}", target.address));
            system.key = Some(SecretString::from(format!("key-of-{id}")));
            system.facility = match id {
                "wms-east" => Some("DC-EAST".to_owned()),
                "wms-west" => Some("DC-WEST".to_owned()),
                _ => None,
            };
            if contract == "supplier" {
                system.x12 = Some(X12Identity { qualifier: "ZZ".to_owned(), id: "ACME".to_owned() });
            }
            config.systems.insert(id.to_owned(), system);
            targets.insert(id, target);
        }
        change(&mut config);
        let hub = Hub::start(config.clone(), Arc::clone(&CONTRACTS)).await.unwrap();
        Self { hub, config, targets, client: reqwest::Client::new() }
    }

    /// Stops the hub and starts another one on the same ledger.
    pub(super) async fn restart(self) -> Self {
        self.hub.shutdown().await;
        let hub = Hub::start(self.config.clone(), Arc::clone(&CONTRACTS)).await.unwrap();
        Self { hub, ..self }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.hub.url())
    }

    /// Hands an event in by its system's door; the status and the answer.
    pub(super) async fn submit(&self, system: &str, event: &Value) -> (u16, Value) {
        self.send(system, "application/cloudevents+json", event.to_string()).await
    }

    pub(super) async fn send(&self, system: &str, kind: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let request = self.client.post(self.url(&format!("/system/v1/{system}/events")));
        let request = request.bearer_auth(format!("key-of-{system}")).header("content-type", kind).body(body);
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.try_get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub(super) async fn try_get(&self, path: &str) -> (u16, Value) {
        let response = self.client.get(self.url(path)).bearer_auth("key-of-operator").send().await.unwrap();
        (response.status().as_u16(), serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.client.post(self.url(path)).bearer_auth("key-of-operator");
        let response = request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
        (response.status().as_u16(), serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }

    /// A stream of events.
    pub(super) async fn follow(&self, query: &str) -> Follow {
        let request = self.client.get(self.url(&format!("/process/v1/events{query}"))).bearer_auth("key-of-operator");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        Follow { response, buffer: String::new() }
    }

    /// Waits until an event of this type whose data fits is in the log.
    pub(super) async fn event(&self, event_type: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let mut follow = self.follow(&format!("?from=0&type={event_type}")).await;
        loop {
            let (_, event) = follow.next().await;
            if fits(&event["data"]) {
                return event;
            }
        }
    }

    /// Puts stock on a shelf.
    pub(super) async fn stock(&self, product: &str, quantity: &str) {
        let event = adjusted(product, quantity);
        let (status, answer) = self.submit("wms-east", &event).await;
        assert_eq!(status, 202, "{answer}");
    }
}

/// A stream of events, as a client reads it.
pub(super) struct Follow {
    response: reqwest::Response,
    buffer: String,
}

impl Follow {
    /// The next event: its place and itself. Comments are passed over.
    pub(super) async fn next(&mut self) -> (u64, Value) {
        let frame = self.frame().await.expect("the stream goes on");
        let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
        let event: Value = serde_json::from_str(&field("data:")).unwrap();
        assert_eq!(event["type"].as_str().unwrap(), field("event:"));
        (field("id:").parse().unwrap(), event)
    }

    /// The next frame with an event in it; `None` when the stream has ended.
    pub(super) async fn frame(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let rest = self.buffer.split_off(end + 2);
                let frame = std::mem::replace(&mut self.buffer, rest);
                if frame.contains("data:") {
                    return Some(frame);
                }
                continue;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("an event in time");
            self.buffer.push_str(std::str::from_utf8(&chunk.unwrap()?).unwrap());
        }
    }
}

/// An order fact of the commerce system, for one piece of P-100.
pub(super) fn order(id: &str) -> Value {
    let example = &CONTRACTS.event("order.captured.v1").unwrap().examples.first().unwrap().value;
    let mut event = example.clone();
    event["id"] = format!("commerce-{id}").into();
    event["subject"] = id.into();
    event["correlationid"] = format!("flow-{id}").into();
    event["data"]["orderId"] = id.into();
    event["data"]["lines"] = json!([{"lineNumber": 1, "product": "P-100", "quantity": "1", "unit": "EA", "unitPrice": "403.00", "lineTotal": "403.00"}]);
    event["data"]["total"] = "403.00".into();
    event
}

fn adjusted(product: &str, quantity: &str) -> Value {
    json!({
        "specversion": "1.0", "id": format!("open-{product}"), "source": "/wms-east", "type": "movement.adjusted.v1",
        "subject": product, "time": "2026-03-02T08:00:00Z", "datacontenttype": "application/json",
        "data": {
            "movementId": format!("open-{product}"), "facility": "DC-EAST", "product": product,
            "quantity": quantity, "unit": "EA", "reason": "opening_balance",
        },
    })
}
