//! A shop on loopback that keeps its contract (it validates by it), but for one planted defect.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use crossdock_contract::Contracts;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    None,
    RenamedField,
    WrongStatus,
    WrongContentType,
    NoEtag,
    BrokenJson,
    AcceptsInvalid,
    ForgetsAuth,
    CrashesOnMissing,
    GetHangs,
    AllHangs,
    NoKeyNeeded,
    ForgetsKeys,
    IgnoresBodyOfKey,
    FindsUnknown,
    LosesOrders,
    RefusesMinimal,
    AlwaysBusy,
    OtherKey,
    Resets,
    Garbage,
    Down,
}

pub(super) const KEY: &str = "the-key-of-the-shop";

#[derive(Default)]
struct Kept {
    orders: BTreeMap<String, Value>,
    answers: BTreeMap<String, (Value, Value)>,
    pub(super) log: Vec<String>,
}

#[derive(Clone)]
pub(super) struct Shop {
    defect: Defect,
    contracts: Arc<Contracts>,
    kept: Arc<Mutex<Kept>>,
}

pub(super) fn contracts() -> Arc<Contracts> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/shop");
    Arc::new(Contracts::load(&folder).unwrap())
}

impl Shop {
    /// Opens it and returns its base URL.
    pub(super) async fn open(defect: Defect) -> (Self, String) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shop = Self { defect, contracts: contracts(), kept: Arc::default() };
        match defect {
            Defect::Down => drop(listener),
            Defect::Resets | Defect::Garbage => {
                tokio::spawn(async move {
                    while let Ok((mut stream, _)) = listener.accept().await {
                        let mut asked = [0; 1024];
                        assert!(stream.read(&mut asked).await.is_ok_and(|read| read > 0), "nothing was asked");
                        if defect == Defect::Garbage {
                            stream.write_all(b"\x00\x01 not HTTP at all\r\n\r\n").await.ok();
                        }
                    }
                });
            }
            _ => {
                let app = axum::Router::new().fallback(answer).with_state(shop.clone());
                tokio::spawn(async move { axum::serve(listener, app).await });
            }
        }
        (shop, url)
    }

    /// Every order that is still open.
    pub(super) fn open_orders(&self) -> usize {
        self.kept.lock().unwrap().orders.values().filter(|order| order["status"] == "open").count()
    }

    /// Method, path and identity of every call.
    pub(super) fn log(&self) -> Vec<String> {
        self.kept.lock().unwrap().log.clone()
    }

    fn handle(&self, method: &str, path: &str, headers: &HeaderMap, body: &[u8]) -> Response<Body> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let mut kept = self.kept.lock().unwrap();
        kept.log.push(format!("{method} {path} synthetic={} run={}", text("x-synthetic"), text("x-run-id")));
        if self.defect == Defect::AlwaysBusy {
            let mut busy = problem(429);
            busy.headers_mut().insert("retry-after", "0".parse().unwrap());
            return busy;
        }
        if path == "/health" {
            return plain(200, &json!({"status": "ok"}));
        }
        let key = if self.defect == Defect::OtherKey { "another key" } else { KEY };
        if self.defect != Defect::ForgetsAuth && text("authorization") != format!("Bearer {key}") {
            return problem(401);
        }
        let Some((operation, values)) = self.contracts.api("shop").and_then(|api| api.route(method, path)) else {
            return problem(404);
        };
        let id = values.get("orderId").cloned().unwrap_or_default();
        let sent: Value =
            if body.is_empty() { Value::Null } else { serde_json::from_slice(body).unwrap_or(json!("?")) };
        let breaks = !operation.check_request(&text("content-type"), &sent).is_empty() || sent == "?";
        if breaks && method != "GET" && self.defect != Defect::AcceptsInvalid {
            let missing = sent.is_object() && sent.get("product").is_none();
            return problem(if self.defect == Defect::CrashesOnMissing && missing { 500 } else { 422 });
        }
        match operation.id.as_str() {
            "createOrder" => self.create(&mut kept, &text("idempotency-key"), &sent),
            "findOrders" => plain(200, &json!({"orders": kept.orders.values().collect::<Vec<_>>()})),
            "getOrder" | "cancelOrder" => {
                let unknown = json!({"orderId": id, "status": "open"});
                if operation.id == "cancelOrder"
                    && let Some(order) = kept.orders.get_mut(&id)
                {
                    order["status"] = json!("cancelled");
                }
                let order =
                    kept.orders.get(&id).filter(|_| self.defect != Defect::LosesOrders || operation.id != "getOrder");
                match order {
                    Some(order) => with_etag(plain(200, order), self.defect != Defect::NoEtag),
                    None if self.defect == Defect::FindsUnknown => with_etag(plain(200, &unknown), true),
                    None => problem(404),
                }
            }
            _ => problem(404),
        }
    }

    fn create(&self, kept: &mut Kept, key: &str, sent: &Value) -> Response<Body> {
        if key.is_empty() && self.defect != Defect::NoKeyNeeded {
            return problem(400);
        }
        if self.defect == Defect::RefusesMinimal && sent.get("note").is_none() {
            return problem(400);
        }
        let known = kept.answers.get(key).filter(|_| self.defect != Defect::ForgetsKeys);
        let order = match known {
            Some((first, _)) if first != sent && self.defect != Defect::IgnoresBodyOfKey => return problem(422),
            Some((_, order)) => order.clone(),
            None => {
                let id = format!("O-{}", kept.orders.len() + 1);
                let order =
                    json!({"orderId": id, "status": "open", "quantity": sent["quantity"].as_str().unwrap_or("1")});
                kept.orders.insert(id, order.clone());
                kept.answers.insert(key.to_owned(), (sent.clone(), order.clone()));
                order
            }
        };
        match self.defect {
            Defect::RenamedField => plain(201, &json!({"orderID": order["orderId"], "status": "open"})),
            Defect::WrongStatus => plain(200, &order),
            Defect::WrongContentType => with_type(plain(201, &order), "text/html"),
            Defect::BrokenJson => {
                let mut broken = plain(201, &order);
                *broken.body_mut() = Body::from("{\"orderId\": ");
                broken
            }
            _ => plain(201, &order),
        }
    }
}

async fn answer(State(shop): State<Shop>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let reads_one = method == Method::GET && uri.path().starts_with("/orders/");
    if shop.defect == Defect::AllHangs || shop.defect == Defect::GetHangs && reads_one {
        std::future::pending::<()>().await;
    }
    shop.handle(method.as_str(), uri.path(), &headers, &body)
}

fn plain(status: u16, body: &Value) -> Response<Body> {
    let builder = Response::builder().status(status).header("content-type", "application/json");
    builder.body(Body::from(body.to_string())).unwrap()
}

fn problem(status: u16) -> Response<Body> {
    with_type(plain(status, &json!({"title": "no", "status": status})), "application/problem+json")
}

fn with_type(mut response: Response<Body>, content_type: &str) -> Response<Body> {
    response.headers_mut().insert("content-type", content_type.parse().unwrap());
    response
}

fn with_etag(mut response: Response<Body>, there: bool) -> Response<Body> {
    if there {
        response.headers_mut().insert("etag", "\"1\"".parse().unwrap());
    }
    response
}
