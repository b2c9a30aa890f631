//! Whole transactions: the report that a pipeline sees, whatever happens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use crossdock_report::{Report, Verdict};
use expect_test::expect;
use serde_json::{Value, json};

use super::{SYNTHETIC, contracts, environment, scenario};
use crate::{ProbeOptions, once};

/// Orders by run, and whether they are open.
type Orders = Arc<Mutex<BTreeMap<String, bool>>>;

/// A shop whose clean-up works, or only says so.
async fn shop(honest: bool) -> (String, Orders) {
    let orders = Orders::default();
    let create = |State(orders): State<Orders>, headers: HeaderMap| async move {
        let run = headers["x-run-id"].to_str().unwrap().to_owned();
        assert_eq!(headers["x-synthetic"], "true");
        orders.lock().unwrap().insert(run.clone(), true);
        (StatusCode::CREATED, Json(json!({"orderId": run})))
    };
    let find = |State(orders): State<Orders>, Query(query): Query<BTreeMap<String, String>>| async move {
        let orders = orders.lock().unwrap();
        let open: Vec<&String> =
            orders.iter().filter(|(run, open)| **open && query.get("runId") == Some(run)).map(|(run, _)| run).collect();
        Json(json!({"orders": open}))
    };
    let cancel = move |State(orders): State<Orders>, Path(id): Path<String>| async move {
        orders.lock().unwrap().insert(id, !honest);
        Json(json!({"status": "cancelled"}))
    };
    let router = Router::new()
        .route("/orders", post(create).merge(get(find)))
        .route("/orders/{id}/cancel", post(cancel))
        .with_state(orders.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, orders)
}

const STEPS: &str = r#"steps:
  - call: submit
    system: shop
    operation: createOrder
    body: {reference: "${.run.reference}"}
    expect:
      - .status == 201
    capture: {order: .body.orderId}
    cleanup:
      operation: cancelOrder
      path: {orderId: "${.captured.order}"}
      until: .body.status == "cancelled"
  - expect: {sla: order, from: submit.intended, to: submit.done}
  - {call: found, system: shop, operation: findOrders, query: {runId: "${.run.id}"}, expect: [EXPECTED]}
  - {call: again, system: shop, operation: findOrders}
residue:
  - {system: shop, operation: findOrders, query: {runId: "${.run.id}"}, open: .body.orders, within: 100ms}
"#;

async fn probe(url: &str, expected: &str) -> Report {
    let world =
        environment(&format!("class: test\nsystems: {{shop: {{url: \"{url}\"}}}}\nsynthetic: {{shop: stand_in}}\n"));
    let scenario = scenario(&format!("{SYNTHETIC}{}", STEPS.replace("EXPECTED", expected)));
    once(contracts(), &world, &scenario, ProbeOptions::default()).await
}

fn told(report: &Report) -> String {
    let lines = report.results.iter().map(|result| {
        let message = result.message.as_deref().map(|message| format!(": {message}")).unwrap_or_default();
        format!("{:?} {}{message}\n", result.verdict, result.name)
    });
    lines.chain([format!("{:?} {:?}\n", report.verdict, report.reason)]).collect()
}

#[tokio::test]
async fn a_transaction_that_holds() {
    let (url, orders) = shop(true).await;
    let report = probe(&url, "(.body.orders | length) == 1").await;
    expect![[r"
        Pass submit
        Pass SLA order
        Pass found
        Pass again
        Pass submit is undone
        Pass nothing is left of the run in findOrders
        Pass None
    "]]
    .assert_eq(&told(&report));
    let run_id = report.extra["run_id"].as_str().unwrap();
    assert_eq!(orders.lock().unwrap().get(run_id), Some(&false));
    assert_eq!(report.extra["residue"], json!({"open": 0, "checked": 1}));
    assert!(!report.extra.contains_key("attribution"));
    let mut step = report.extra["steps"][0].clone();
    for changing in ["started", "duration_ms"] {
        assert!(step.as_object_mut().unwrap().remove(changing).is_some(), "{changing}");
    }
    let stable = json!({"name": "submit", "system": "shop", "kind": "call", "sla": "order", "sla_ms": 20000, "verdict": "pass", "synthetic": "stand_in"});
    assert_eq!(step, stable);
}

#[tokio::test]
async fn a_false_expectation_is_charged_and_cleaned_up() {
    let (url, orders) = shop(true).await;
    let report = probe(&url, "(.body.orders | length) == 2").await;
    expect![[r"
        Pass submit
        Pass SLA order
        Fail found: expected `(.body.orders | length) == 2`, saw 1
        Skipped again: the run had ended before it
        Pass submit is undone
        Pass nothing is left of the run in findOrders
        Fail None
    "]]
    .assert_eq(&told(&report));
    assert_eq!(
        report.extra["attribution"],
        json!({"segment": "submit → found", "system": "shop", "cause": "integration", "late_ms": 0})
    );
    assert!(orders.lock().unwrap().values().all(|open| !open));
    assert_eq!(report.exit_code(), 1);
}

#[tokio::test]
async fn residue_fails_a_run_whose_steps_all_passed() {
    let (url, _) = shop(false).await;
    let report = probe(&url, ".status == 200").await;
    let run_id = report.extra["run_id"].as_str().unwrap();
    let last = report.results.last().unwrap();
    assert_eq!(last.message.as_deref(), Some(&*format!("1 open: [\"{run_id}\"]")));
    assert_eq!((report.verdict, &report.extra["residue"]), (Verdict::Fail, &json!({"open": 1, "checked": 1})));
}

#[tokio::test]
async fn nobody_there_could_not_run() {
    // The port was free a moment ago, and nobody listens on it.
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let report = probe(&format!("http://{nobody}"), ".status == 200").await;
    assert_eq!((report.verdict, report.exit_code()), (Verdict::Error, 2));
    assert_eq!(report.results[0].rule.as_deref(), Some("step::refused"));
}

#[tokio::test]
async fn what_is_refused_has_sent_nothing() {
    let (url, orders) = shop(true).await;
    let world = environment(&format!("class: production\nsystems: {{shop: {{url: \"{url}\"}}}}\n"));
    let report =
        once(contracts(), &world, &scenario(&STEPS.replace("EXPECTED", ".status == 200")), ProbeOptions::default())
            .await;
    assert_eq!((report.exit_code(), report.reason.as_deref()), (2, Some("refused")));
    assert!(orders.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_missing_key_is_named() {
    let world = environment(
        "class: test\nsystems: {shop: {url: \"http://127.0.0.1:1\", auth: {bearer: {env: CROSSDOCK_TEST_NO_SUCH_KEY}}}}\n",
    );
    let report = once(
        contracts(),
        &world,
        &scenario(&format!("{SYNTHETIC}{}", STEPS.replace("EXPECTED", ".status == 200"))),
        ProbeOptions::default(),
    )
    .await;
    let message: &Value = &json!(report.results[0].message);
    assert_eq!(message, "the environment variable `CROSSDOCK_TEST_NO_SUCH_KEY` (key of `shop`) is not set");
    assert_eq!(report.exit_code(), 2);
}
