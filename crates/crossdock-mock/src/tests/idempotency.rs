//! Idempotency keys over the wire, and the table itself.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Caller, start};
use crate::idempotency::{KeyTable, Seen, fingerprint};
use crate::systems::{Answer, Body, Request};

fn order(quantity: &str) -> Value {
    json!({ "lines": [{ "product": "P-100", "quantity": quantity, "unit": "EA" }] })
}

#[tokio::test]
async fn one_key_one_effect() {
    let running = start(&["commerce"]).await;
    let commerce = Caller::of(&running, "commerce");
    let without = Caller::send(commerce.request("POST", "/orders").json(&order("1"))).await;
    assert_eq!((without.status, without.body["errors"][0]["rule"].clone()), (400, json!("header")));
    let first = commerce.post("/orders", "k-1", &order("1")).await;
    assert_eq!(first.status, 201, "{}", first.body);
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let again = commerce.post("/orders", "k-1", &order("1")).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let other = commerce.post("/orders", "k-1", &order("2")).await;
    assert_eq!((other.status, other.body["errors"][0]["rule"].clone()), (422, json!("idempotency-key")));
    let another_key = commerce.post("/orders", "k-2", &order("1")).await;
    assert_ne!(another_key.body["orderId"], first.body["orderId"]);
    running.shutdown().await;
}

#[tokio::test]
async fn a_key_in_flight_conflicts_until_its_answer_is_out() {
    let running = start(&["commerce"]).await;
    let commerce = Caller::of(&running, "commerce");
    let slow = json!({ "faults": [{ "fault": "slow", "on": true, "slow": { "by": "30s" } }] });
    assert_eq!(commerce.put("/_mock/faults", &slow).await.status, 200);
    // The first caller waits for its answer and then hangs up: its key is free again, and its effect stays.
    let first = commerce.request("POST", "/orders").header("idempotency-key", "k").json(&order("1"));
    let first = tokio::spawn(Caller::send(first.timeout(Duration::from_secs(60))));
    while commerce.get("/_mock/state").await.body["idempotencyKeys"] == json!(0) {}
    let quick = json!({ "faults": [{ "fault": "slow", "on": false }] });
    commerce.put("/_mock/faults", &quick).await;
    let second = commerce.post("/orders", "k", &order("1")).await;
    assert_eq!(second.status, 409, "{}", second.body);
    assert_eq!(second.headers["retry-after"], "1");
    first.abort();
    let third = loop {
        let answered = commerce.post("/orders", "k", &order("1")).await;
        if answered.status != 409 {
            break answered;
        }
    };
    assert_eq!((third.status, third.headers["idempotency-replayed"].to_str().unwrap()), (201, "true"));
    let state = commerce.get("/_mock/state").await.body;
    assert_eq!(state["orders"].as_object().unwrap().len(), 1);
    running.shutdown().await;
}

fn asked(body: &str) -> Request {
    Request {
        operation: "createOrder".into(),
        body: Body::Json(serde_json::from_str(body).unwrap()),
        ..Request::default()
    }
}

#[test]
fn a_fingerprint_sees_what_was_asked_for() {
    let same = |one: &str, other: &str| fingerprint(&asked(one)) == fingerprint(&asked(other));
    assert!(same(r#"{"a": 1, "b": [2, "x"]}"#, r#"{ "b": [2,"x"], "a": 1 }"#), "order of keys and white space");
    assert!(!same(r#"{"a": 820982911946154508}"#, r#"{"a": 820982911946154509}"#), "the last digit of a large number");
    assert!(!same(r#"{"a": "403.00"}"#, r#"{"a": "403.0"}"#), "scale");
    assert!(!same(r#"{"a": 1}"#, r#"{"a": "1"}"#), "type");
    assert!(!same(r#"{"a": ["b"], "c": []}"#, r#"{"a": [], "c": ["b"]}"#), "place");
}

#[test]
fn a_refusal_does_not_use_a_key_up() {
    let mut keys = KeyTable::default();
    assert_eq!(keys.begin("k", 1), Seen::Never);
    keys.commit("k", &Answer::conflict("insufficient-stock", "none left"));
    assert_eq!(keys.begin("k", 1), Seen::InFlight);
    keys.end("k");
    assert_eq!(keys.begin("k", 1), Seen::Never);
    keys.commit("k", &Answer::ok(json!({})));
    keys.end("k");
    assert_eq!(keys.begin("k", 1), Seen::Before(Answer::ok(json!({}))));
    assert_eq!(keys.begin("k", 2), Seen::OtherBody);
}
