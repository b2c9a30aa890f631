//! Whole benches of a scenario against a small shop on loopback: an order is answered at once and allocated a little later, which
//! the shop tells on its event stream.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::routing::{get, post};
use crossdock_contract::Contracts;
use crossdock_report::Report;
use crossdock_scenario::{Cancel, Environment, Scenario};
use expect_test::{Expect, expect};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::broadcast;

use crate::run::{BenchError, BenchOptions, run};

/// How the shop behaves.
#[derive(Clone, Copy)]
struct Shop {
    status: u16,
    /// The wait before an order is answered, and the one before it is allocated; `None`: never.
    answers_after: Duration,
    allocates_after: Option<Duration>,
}

const GOOD: Shop =
    Shop { status: 201, answers_after: Duration::ZERO, allocates_after: Some(Duration::from_millis(20)) };

type Shared = (Shop, broadcast::Sender<String>);

async fn create(State((shop, events)): State<Shared>, Json(order): Json<Value>) -> (StatusCode, Json<Value>) {
    tokio::time::sleep(shop.answers_after).await;
    if let Some(after) = shop.allocates_after {
        let event = json!({
            "specversion": "1.0", "id": order["reference"], "source": "/shop", "type": "order.allocated.v1",
            "time": "2026-01-01T00:00:00Z", "data": {"reference": order["reference"]},
        });
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            events.send(event.to_string()).ok();
        });
    }
    (StatusCode::from_u16(shop.status).unwrap(), Json(json!({"orderId": "1"})))
}

async fn stream_events(
    State((_, events)): State<Shared>,
) -> Sse<impl futures_util::Stream<Item = Result<Event, Infallible>>> {
    let receiver = events.subscribe();
    Sse::new(stream::unfold(receiver, |mut receiver| async move {
        let text = receiver.recv().await.ok()?;
        Some((Ok(Event::default().event("order.allocated.v1").data(text)), receiver))
    }))
}

/// A shop on a port of its own; `None`: nobody is there, but the event stream is.
async fn open(shop: Option<Shop>) -> Environment {
    let (events, _) = broadcast::channel(10_000);
    let mut app = axum::Router::new().route("/events", get(stream_events));
    if shop.is_some() {
        app = app.route("/orders", post(create));
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = app.with_state((shop.unwrap_or(GOOD), events));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let at = if shop.is_some() { format!("http://{address}") } else { "http://127.0.0.1:1".to_owned() };
    let text = format!(
        "crossdock: 1\nclass: test\nsystems:\n  shop: {{url: \"{at}\"}}\nevents:\n  shop: {{sse: \"http://{address}/events\"}}\n"
    );
    let document =
        crossdock_diag::parse("test.yaml", &text, crossdock_diag::Syntax::Yaml, &crossdock_diag::Limits::default());
    Environment::from_document("test", &document.unwrap()).unwrap()
}

async fn bench(shop: Option<Shop>, scenario: &str, options: BenchOptions) -> Result<Report, BenchError> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/shop");
    let contracts = Arc::new(Contracts::load(&data.join("contracts")).unwrap());
    let environment = open(shop).await;
    let scenario = Scenario::load(&data.join(scenario), &contracts, Some(&environment)).unwrap();
    run(contracts, &environment, Arc::new(scenario), options, &|_| ()).await
}

/// Verdict, reason and results, with figures that differ from run to run made the same.
fn check(report: &Report, expected: &Expect) {
    let figure = crossdock_testkit::Redactor::none().rule(r"\d+\.\d ms", "FIGURE").rule(r"\d+ × ", "SOME × ");
    let mut text = format!("{} {:?}\n", report.verdict, report.reason);
    for result in &report.results {
        writeln!(text, "{} {}: {}", result.verdict.word(), result.name, result.message.as_deref().unwrap_or(""))
            .unwrap();
    }
    expected.assert_eq(&figure.apply(&text));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn levels_hold_measured_to_the_event_seen() {
    let report = bench(Some(GOOD), "allocation.yaml", BenchOptions::default()).await.unwrap();
    check(
        &report,
        &expect![[r"
        pass None
        pass generator: kept to the schedule: FIGURE late (p99), tolerated are FIGURE
        pass flows: 25 of 25 flows came to their end
        pass allocation p50: FIGURE, at most 4000 ms
        pass allocation p99: FIGURE, at most 5000 ms
    "]],
    );
    assert!(report.extra["latency_us"]["p50"].as_u64().unwrap() >= 20_000, "{}", report.extra["latency_us"]);
    assert_eq!(report.extra["scenario"]["warm_up"], 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_the_report() {
    let report = bench(Some(GOOD), "allocation.yaml", BenchOptions::default()).await.unwrap();
    let mut keys = String::new();
    for (key, value) in &report.extra {
        writeln!(keys, "{key}: {}", shape(value)).unwrap();
    }
    expect![[r"
        environment: text
        rate: {target_per_s, achieved_per_s}
        generator: {valid, late_us, cpu_s, late_tolerance_us, repeated, in_flight_max}
        scenario: {name, due, started, completed, failed, incomplete, not_started, warm_up}
        window_ms: number
        warm_up_ms: number
        latency_us: {p50, p90, p99, p999, max, mean, count}
        service_us: {p50, p90, p99, p999, max, mean, count}
        steps: [{name, latency_us, service_us, errors}]
        slas: [{name, target, measured, holds, unit, percentile, target_us}]
        reasons: {}
        curve: [{name, points}]
    "]]
    .assert_eq(&keys);
    let steps: Vec<&str> =
        report.extra["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(steps, ["submit", "allocated"]);
}

fn shape(value: &Value) -> String {
    match value {
        Value::Object(object) => format!("{{{}}}", object.keys().cloned().collect::<Vec<_>>().join(", ")),
        Value::Array(items) => format!("[{}]", items.first().map(shape).unwrap_or_default()),
        Value::Number(_) => "number".to_owned(),
        Value::String(_) => "text".to_owned(),
        other => other.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn level_that_is_missed_fails() {
    let report = bench(Some(GOOD), "strict.yaml", BenchOptions::default()).await.unwrap();
    check(
        &report,
        &expect![[r"
        fail None
        pass generator: kept to the schedule: FIGURE late (p99), tolerated are FIGURE
        pass flows: 25 of 25 flows came to their end
        fail strict p50: FIGURE, at most 5 ms
        pass strict p99: FIGURE, at most 5000 ms
    "]],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shop_that_answers_500_fails() {
    let report = bench(Some(Shop { status: 500, ..GOOD }), "allocation.yaml", BenchOptions::default()).await.unwrap();
    check(
        &report,
        &expect![[r"
        fail None
        pass generator: kept to the schedule: FIGURE late (p99), tolerated are FIGURE
        fail flows: 0 of 25 flows came to their end; SOME × submit: status 500
        fail allocation p50: too many flows never came that far, at most 4000 ms
        fail allocation p99: too many flows never came that far, at most 5000 ms
    "]],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_that_are_never_allocated_are_incomplete_and_fail() {
    let shop = Shop { allocates_after: None, ..GOOD };
    let report = bench(Some(shop), "allocation.yaml", BenchOptions::default()).await.unwrap();
    check(
        &report,
        &expect![[r"
        fail None
        pass generator: kept to the schedule: FIGURE late (p99), tolerated are FIGURE
        fail flows: 0 of 25 flows came to their end; SOME × allocated: lost
        fail allocation p50: too many flows never came that far, at most 4000 ms
        fail allocation p99: too many flows never came that far, at most 5000 ms
    "]],
    );
    assert_eq!(report.extra["scenario"]["incomplete"], 25);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_there_is_an_error_and_judges_nothing() {
    let report = bench(None, "allocation.yaml", BenchOptions::default()).await.unwrap();
    check(
        &report,
        &expect![[r#"
        error Some("no_answer")
        pass generator: kept to the schedule: FIGURE late (p99), tolerated are FIGURE
        error flows: 0 of 25 flows came to their end; SOME × submit: refused
        skipped allocation p50: too many flows never came that far, at most 4000 ms (not judged)
        skipped allocation p99: too many flows never came that far, at most 5000 ms (not judged)
    "#]],
    );
    assert_eq!(report.exit_code(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arrivals_that_cannot_start_make_it_invalid_and_it_is_repeated_once() {
    let shop = Shop { answers_after: Duration::from_millis(150), ..GOOD };
    let options = BenchOptions { in_flight_max: Some(1), repeat_invalid: 1, ..BenchOptions::default() };
    let report = bench(Some(shop), "allocation.yaml", options).await.unwrap();
    let results: Vec<&str> = report.results.iter().map(|result| result.verdict.word()).collect();
    assert_eq!(report.reason.as_deref(), Some("generator"));
    assert_eq!(report.exit_code(), 2);
    assert_eq!(results, ["error", "skipped", "skipped", "skipped"]);
    let message = report.results[0].message.clone().unwrap();
    assert!(message.starts_with("the measurement is invalid: only "), "{message}");
    assert!(message.contains("; repeated once because only "), "{message}");
    assert_eq!(report.extra["generator"]["repeated"], 1);
    assert_eq!(report.extra["slas"][0]["holds"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_run_is_no_judgement() {
    let cancel = Cancel::new();
    let options =
        BenchOptions { hold: Some(Duration::from_secs(3600)), cancel: cancel.clone(), ..BenchOptions::default() };
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/shop");
    let contracts = Arc::new(Contracts::load(&data.join("contracts")).unwrap());
    let environment = open(Some(GOOD)).await;
    let scenario = Scenario::load(&data.join("allocation.yaml"), &contracts, Some(&environment)).unwrap();
    let tell = |progress: crate::engine::Progress| {
        if progress.started > 10 {
            cancel.cancel();
        }
    };
    let report = run(contracts, &environment, Arc::new(scenario), options, &tell).await.unwrap();
    assert_eq!(report.reason.as_deref(), Some("interrupted"));
    assert_eq!(report.results[0].message.as_deref(), Some("stopped before the schedule ended"));
}

#[tokio::test]
async fn what_cannot_begin_says_why() {
    let error = bench(Some(GOOD), "no-load.yaml", BenchOptions::default()).await.unwrap_err();
    expect!["scenario `order-allocation` declares no `load`, so nothing says at which rate to run it"]
        .assert_eq(&error.to_string());
    let options = BenchOptions { rate_per_s: Some(-1.0), ..BenchOptions::default() };
    let error = bench(Some(GOOD), "allocation.yaml", options).await.unwrap_err();
    expect!["-1 is no rate to run at: it must be above zero and at most 100000 a second"].assert_eq(&error.to_string());
}
