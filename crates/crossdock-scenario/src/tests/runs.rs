//! Runs against the shop: what holds, what is false, what could not happen, and what is undone in each case.

use std::time::Duration;

use expect_test::{Expect, expect};

use super::shop::Shop;
use crate::{Cancel, Outcome, Run, RunInput, RunVerdict, RunnerOptions};

const ORDER: &str = r#"
  - arm: accepted
    from: shop
    event: order.accepted.v1
    key: {of: .correlationid, equals: "${.run.correlation_id}"}
  - call: submit
    system: shop
    operation: createOrder
    body: {product: "${.vars.product}", quantity: "2"}
    expect:
      - .status == 201
      - .body.total == "403"
    capture: {order: .body.orderId}
    cleanup:
      operation: cancelOrder
      path: {orderId: "${.captured.order}"}
      until: .body.status == "cancelled"
"#;

async fn run(shop: &Shop, text: &str) -> Run {
    let runner = shop.runner(RunnerOptions::default()).await;
    runner.run(&shop.scenario(text), RunInput::once()).await
}

fn order(product: &str, more: &str) -> String {
    format!(
        "synthetic: {{reference: {{field: reference, prefix: \"SYN-\"}}}}\nvars: {{product: {product}}}\nsteps:{ORDER}{more}"
    )
}

/// Each step with its outcome, then the clean-up and the verdict; ports and times are left out.
fn told(shop: &Shop, run: &Run) -> String {
    let mut lines: Vec<String> = run
        .steps
        .iter()
        .map(|step| {
            let message = step
                .message
                .as_deref()
                .map(|message| format!(": {}", message.replace(&shop.url, "http://shop")))
                .unwrap_or_default();
            format!("{} {}{message}", step.name, step.outcome.word())
        })
        .collect();
    lines.extend(
        run.cleanup.iter().map(|run| {
            format!("cleanup of {}: {}", run.step, run.message.clone().unwrap_or_else(|| "clean".to_owned()))
        }),
    );
    lines.push(format!("{:?}", run.verdict));
    lines.join("\n") + "\n"
}

async fn check(product: &str, more: &str, expected: Expect) -> (Shop, Run) {
    let shop = Shop::open().await;
    let run = run(&shop, &order(product, more)).await;
    expected.assert_eq(&told(&shop, &run));
    (shop, run)
}

const AWAIT: &str =
    "  - await: accepted\n    within: 20s\n    expect:\n      - .body.orderId != null\n      - .event.id == \"e-1\"\n";

#[tokio::test]
async fn an_event_that_comes_before_its_await_is_not_missed() {
    let sla = "  - expect: {sla: accept, from: submit.intended, to: accepted.done}\n";
    let (shop, run) = check(
        "FAST",
        &format!("{AWAIT}{sla}"),
        expect![[r"
            accepted passed
            submit passed
            accepted passed
            accept passed
            cleanup of submit: clean
            Pass
        "]],
    )
    .await;
    assert_eq!(shop.lines(), ["POST /orders", "POST /orders/o-1/cancel", "POST /orders/o-1/cancel"]);
    let header = |name: &str| shop.headers("POST /orders", name).remove(0);
    assert_eq!(header("x-run-id"), run.run_id);
    assert_eq!(header("x-correlation-id"), run.correlation_id);
    assert_eq!(header("x-synthetic"), "true");
    assert_eq!(header("idempotency-key"), format!("{}-submit-0", run.run_id));
    assert!(header("traceparent").contains(&run.correlation_id.replace('-', "")));
    let keys = shop.headers("POST /orders/o-1/cancel", "idempotency-key");
    assert_ne!(keys[0], keys[1], "with one key the first answer would come again");
    let accepted = run.step("accepted").unwrap();
    assert!(accepted.started <= accepted.done && accepted.event.as_ref().unwrap().source_time.is_some());
    assert_eq!(run.step("accept").unwrap().sla.as_ref().unwrap().measured, Some(accepted.done - run.intended));
}

#[tokio::test]
async fn the_index_is_empty_after_a_run() {
    let shop = Shop::open().await;
    let runner = shop.runner(RunnerOptions::default()).await;
    let scenario = shop.scenario(&order("FAST", AWAIT));
    let runs = (0..20).map(|number| runner.run(&scenario, RunInput::numbered(number, std::time::Instant::now())));
    let runs = futures_util::future::join_all(runs).await;
    assert!(runs.iter().all(|run| run.verdict == RunVerdict::Pass));
    assert_eq!(runner.events().armed(), 0);
}

#[tokio::test]
async fn duplicates_and_repeats_are_counted_apart() {
    let (_, run) = check(
        "TWICE",
        // The poll gives the copies the time to come.
        &format!("{AWAIT}  - {{poll: done, system: shop, operation: getOrder, path: {{orderId: \"${{.captured.order}}\"}}, until: .body.status == \"done\", within: 20s}}\n"),
        expect![[r"
            accepted passed
            submit passed
            accepted passed
            done passed
            cleanup of submit: clean
            Pass
        "]],
    )
    .await;
    let event = run.steps[2].event.clone().unwrap();
    assert_eq!((event.duplicates, event.repeats), (1, 1));
    let poll = run.step("done").unwrap();
    let (last_false, first_true) = poll.turned.unwrap();
    assert!(poll.attempts == 3 && last_false < first_true && first_true == poll.done);
}

#[tokio::test]
async fn an_event_that_does_not_come_is_lost() {
    check(
        "SILENT",
        "  - await: accepted\n    within: 20ms\n",
        expect![[r"
            accepted passed
            submit passed
            accepted lost: no `order.accepted.v1` with this run's key within 20ms
            cleanup of submit: clean
            Fail
        "]],
    )
    .await;
}

#[tokio::test]
async fn an_event_that_comes_after_its_time_is_late() {
    let shop = Shop::open().await;
    let run = run(&shop, &order("LATE", "  - await: accepted\n    within: 20ms\n")).await;
    let accepted = run.steps.last().unwrap();
    assert_eq!((accepted.outcome, run.verdict), (Outcome::Late, RunVerdict::Fail));
    assert!(accepted.event.as_ref().unwrap().late.is_some());
}

#[tokio::test]
async fn false_expectations_show_what_was_seen() {
    let more = "  - call: again\n    system: shop\n    operation: getOrder\n    path: {orderId: \"${.captured.order}\"}\n    expect:\n      - .status == 404\n      - .body.status == \"done\" or .body.status == \"closed\"\n      - (.body.lines | length) == 1\n";
    let (_, run) = check(
        "QUIET",
        more,
        expect![[r#"
            accepted passed
            submit passed
            again false: expected `.status == 404`, saw 200; expected `.body.status == "done" or .body.status == "closed"`, saw it is false; expected `(.body.lines | length) == 1`, saw 0
            cleanup of submit: clean
            Fail
        "#]],
    )
    .await;
    assert!(run.step("again").unwrap().reproduce.as_ref().unwrap().starts_with("curl "));
}

#[tokio::test]
async fn a_refused_order_leaves_nothing_to_undo() {
    check(
        "REFUSED",
        "",
        expect![[r#"
            accepted passed
            submit false: expected `.status == 201`, saw 422; expected `.body.total == "403"`, saw null
            Fail
        "#]],
    )
    .await;
}

#[tokio::test]
async fn without_expectations_a_status_above_400_is_false_and_a_capture_must_find_something() {
    let shop = Shop::open().await;
    let steps = "steps:\n  - {call: none, system: shop, operation: getOrder, path: {orderId: nobody}}\n";
    let nothing = "steps:\n  - {call: found, system: shop, operation: findOrders, query: {state: open}, capture: {first: '.body.orders[0]'}}\n";
    let (one, two) = (run(&shop, steps).await, run(&shop, nothing).await);
    expect![[r#"
        none false: expected a status below 400, saw 404: "none"
        Fail
    "#]]
    .assert_eq(&told(&shop, &one));
    expect![[r"
        found false: `.body.orders[0]` (captured as `first`) is not there
        Fail
    "]]
    .assert_eq(&told(&shop, &two));
}

#[tokio::test]
async fn an_ambiguous_call_is_asked_again_with_its_key_and_undone() {
    for (product, verdict) in [("BROKEN", RunVerdict::Fail), ("MUTE", RunVerdict::Error)] {
        let shop = Shop::open().await;
        // Only the mute one waits for its timeout.
        let timeout = if product == "MUTE" { "200ms" } else { "20s" };
        let text = order(product, "").replace("    expect:\n", &format!("    timeout: {timeout}\n    expect:\n"));
        let run = run(&shop, &text).await;
        assert_eq!(run.verdict, verdict, "{product}: {}", told(&shop, &run));
        assert!(run.cleanup[0].clean, "{product}: {:?}", run.cleanup);
        assert_eq!(shop.statuses(), ["cancelled"], "{product}");
        let keys = shop.headers("POST /orders", "idempotency-key");
        assert_eq!(keys[0], keys[1], "{product}: the same call with the same key");
    }
}

#[tokio::test]
async fn what_cannot_be_undone_fails_the_run() {
    let shop = Shop::open().await;
    let text = order("STUCK", "").replace("      until:", "      within: 1s\n      until:");
    let run = run(&shop, &text).await;
    assert_eq!(run.verdict, RunVerdict::Fail);
    let message = run.cleanup[0].message.clone().unwrap();
    expect![[r#"not undone within 1s: expected `.body.status == "cancelled"`; POST /orders/o-1/cancel answers 200 {"orderId":"o-1","status":"new"}"#]]
        .assert_eq(&message);
}

#[tokio::test]
async fn nobody_there_is_not_a_false_expectation() {
    let shop = Shop::open().await;
    // The port was free a moment ago, and nobody listens on it.
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let environment = shop.environment().with_urls([("shop".to_owned(), format!("http://{nobody}"))]);
    let contracts = std::sync::Arc::new(super::language::contracts());
    let without_events = RunnerOptions { event_sources: Some(Vec::new()), ..RunnerOptions::default() };
    let runner = crate::Runner::new(contracts.clone(), environment.clone(), without_events).await.unwrap();
    let scenario = shop.scenario("steps:\n  - {call: read, system: shop, operation: getOrder, path: {orderId: x}}\n");
    let run = runner.run(&scenario, RunInput::once()).await;
    assert_eq!((run.verdict, run.steps[0].trouble), (RunVerdict::Error, Some("refused")));
    let error = crate::Runner::new(
        contracts,
        environment,
        RunnerOptions { limits: crate::caller::CallLimits::default(), ..RunnerOptions::default() },
    );
    let error = tokio::time::timeout(Duration::from_secs(30), error).await.unwrap().unwrap_err();
    assert!(error.to_string().starts_with("event source `shop` cannot be listened to at http://127.0.0.1"), "{error}");
}

#[tokio::test]
async fn an_interrupted_run_is_cleaned_up() {
    let shop = Shop::open().await;
    let runner = shop.runner(RunnerOptions::default()).await;
    let scenario = shop.scenario(&order("QUIET", "  - pause: 1h\n"));
    let cancel = Cancel::new();
    let input = RunInput { cancel: cancel.clone(), ..RunInput::once() };
    let mut orders = shop.orders.subscribe();
    let interrupt = async {
        orders.wait_for(|count| *count == 1).await.unwrap();
        cancel.cancel();
    };
    let (run, ()) = tokio::join!(runner.run(&scenario, input), interrupt);
    assert_eq!(run.verdict, RunVerdict::Interrupted);
    assert_eq!(shop.statuses(), ["cancelled"]);
}

#[tokio::test]
async fn a_missed_sla_fails_the_run_and_not_the_flow() {
    let shop = Shop::open().await;
    let text =
        order("FAST", &format!("  - expect: {{sla: impossible, from: submit.intended, to: submit.done}}\n{AWAIT}"));
    let runner = shop.runner(RunnerOptions::default()).await;
    let scenario = shop.scenario(&text);
    let judged = runner.run(&scenario, RunInput::once()).await;
    assert_eq!((judged.verdict, judged.steps.last().unwrap().outcome), (RunVerdict::Fail, Outcome::Passed));
    let measured = runner.run(&scenario, RunInput { judge_slas: false, ..RunInput::once() }).await;
    assert_eq!(measured.verdict, RunVerdict::Pass);
}

#[tokio::test]
async fn branches_run_together_and_rounds_have_keys_of_their_own() {
    let shop = Shop::open().await;
    let text = "steps:
  - repeat: 3
    steps:
      - call: submit
        system: shop
        operation: createOrder
        body: {product: P, quantity: \"1\"}
        capture: {order: .body.orderId}
  - parallel:
      - branch: a
        steps:
          - {call: a, system: shop, operation: getOrder, path: {orderId: o-1}, capture: {one: .body.orderId}}
      - branch: b
        steps:
          - {call: b, system: shop, operation: getOrder, path: {orderId: \"${.captured.order}\"}, capture: {other: .body.orderId}}
  - expect:
      - .captured.one == \"o-1\" and .captured.other == \"o-3\"
      - .b.body.orderId == \"o-3\"
  - capture: {both: .captured.one + .captured.other}
";
    let run = run(&shop, text).await;
    assert_eq!(run.verdict, RunVerdict::Pass, "{}", told(&shop, &run));
    assert_eq!(run.context["captured"]["both"], "o-1o-3");
    let mut keys = shop.headers("POST /orders", "idempotency-key");
    keys.dedup();
    assert_eq!(keys.len(), 3);
}

#[tokio::test]
async fn a_lost_stream_is_resumed_from_the_last_event() {
    let shop = Shop::open().await;
    let runner = shop.runner(RunnerOptions::default()).await;
    let key = |value: &str| crate::events::Key {
        event: "order.accepted.v1".into(),
        of: crossdock_contract::expr::Expr::parse(".correlationid").unwrap(),
        equals: value.to_owned(),
    };
    let soon = || std::time::Instant::now() + Duration::from_secs(20);
    let first = runner.events().arm("shop", &key("first")).unwrap();
    let second = runner.events().arm("shop", &key("second")).unwrap();
    shop.emit("e-1", "o-1", "first");
    assert!(first.wait_until(soon()).await.is_some());
    shop.cut();
    shop.emit("e-2", "o-2", "second");
    assert!(second.wait_until(soon()).await.is_some());
    assert_eq!((first.sightings().duplicates, second.gaps()), (0, 1));
    let mut opened = shop.opened.subscribe();
    opened.wait_for(|opened| *opened == 2).await.unwrap();
}

#[tokio::test]
async fn residue_is_counted() {
    let shop = Shop::open().await;
    let runner = shop.runner(RunnerOptions::default()).await;
    let scenario = shop.scenario("steps:\n  - {call: submit, system: shop, operation: createOrder, body: {product: P, quantity: \"1\"}}\nresidue:\n  - {system: shop, operation: findOrders, query: {state: open, runId: \"${.run.id}\"}, open: .body.orders, within: 50ms}\n");
    let run = runner.run(&scenario, RunInput::once()).await;
    let residue = runner.residue(&scenario, &run).await;
    assert_eq!((residue.open, residue.checked, residue.is_clean()), (1, 1, false));
    assert_eq!(residue.items[0].message.as_deref(), Some(r#"["o-1"]"#));
}
