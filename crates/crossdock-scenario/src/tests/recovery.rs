//! After a crash: what the log says is undone, whatever moment it came at.

use std::future::Future;
use std::path::Path;

use super::shop::Shop;
use crate::{RunInput, RunnerOptions};
use crossdock_testkit::Scratch;

const STEPS: &str = r#"steps:
  - call: submit
    system: shop
    operation: createOrder
    body: {product: PRODUCT, quantity: "2"}
    capture: {order: .body.orderId}
    cleanup:
      operation: cancelOrder
      path: {orderId: "${.captured.order}"}
      until: .body.status == "cancelled"
  - {poll: never, system: shop, operation: getOrder, path: {orderId: "${.captured.order}"}, until: .body.status == "never", within: 1h}
"#;

/// Runs until `moment`, and drops everything there, as a crash does.
async fn crash(shop: &Shop, product: &str, log: &Path, moment: impl Future<Output = ()>) {
    let runner = shop.runner(RunnerOptions { intent_log: Some(log.to_owned()), ..RunnerOptions::default() }).await;
    let scenario = shop.scenario(&STEPS.replace("PRODUCT", product));
    tokio::select! {
        _ = runner.run(&scenario, RunInput::once()) => panic!("the run should not end by itself"),
        () = moment => {}
    }
}

async fn recovered(shop: &Shop, log: &Path) -> Vec<crate::CleanupRun> {
    shop.runner(RunnerOptions::default()).await.recover(log).await.unwrap()
}

#[tokio::test]
async fn an_order_that_was_answered_is_undone() {
    let (shop, scratch) = (Shop::open().await, Scratch::new());
    let log = scratch.path().join("cleanup.jsonl");
    let mut polled = shop.orders.subscribe();
    let watched = shop.clone();
    let moment = async move {
        polled.wait_for(|count| *count == 1).await.unwrap();
        // The poll has begun: the answer is in the log.
        while !watched.lines().iter().any(|line| line.starts_with("GET /orders/o-1")) {
            tokio::task::yield_now().await;
        }
    };
    crash(&shop, "P", &log, moment).await;
    let runs = recovered(&shop, &log).await;
    assert!(runs.len() == 1 && runs[0].clean, "{runs:?}");
    assert_eq!(shop.statuses(), ["cancelled"]);
    assert_eq!(shop.lines().iter().filter(|line| *line == "POST /orders").count(), 1);
    assert!(recovered(&shop, &log).await.is_empty(), "a second recovery finds nothing");
}

#[tokio::test]
async fn an_order_whose_answer_never_came_is_learnt_and_undone() {
    let (shop, scratch) = (Shop::open().await, Scratch::new());
    let log = scratch.path().join("cleanup.jsonl");
    let mut orders = shop.orders.subscribe();
    crash(&shop, "MUTE", &log, async move {
        orders.wait_for(|count| *count == 1).await.unwrap();
    })
    .await;
    // The crash tore the last line that was being written.
    let mut text = std::fs::read_to_string(&log).unwrap();
    text.push_str(r#"{"begun":{"id":"to"#);
    std::fs::write(&log, text).unwrap();
    let runs = recovered(&shop, &log).await;
    assert!(runs.len() == 1 && runs[0].clean, "{runs:?}");
    assert_eq!(shop.statuses(), ["cancelled"]);
    assert!(recovered(&shop, &log).await.is_empty());
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_left_alone() {
    let (shop, scratch) = (Shop::open().await, Scratch::new());
    let log = scratch.write("cleanup.jsonl", "{\"something\": 1}\n");
    let error = shop.runner(RunnerOptions::default()).await.recover(&log).await.unwrap_err();
    assert!(error.to_string().starts_with("line 1 of the clean-up log"), "{error}");
}
