//! The stages of the demo, in their order; each adds what it proved.

use std::sync::Arc;
use std::time::Duration;

use crossdock_bench::BenchOptions;
use crossdock_mock::faults::Switches;
use crossdock_probe::ProbeOptions;
use crossdock_report::{Report, ResultVerdict, Verdict};
use crossdock_scenario::{RunInput, Runner, RunnerOptions, Scenario};
use crossdock_verify::TestOptions;
use reqwest::Method;
use serde_json::{Value, json};

use super::Demo;
use super::proof::counted;
use crate::commands::bench::run::{progress_bar, show};
use crate::exit::Failure;

/// How often the crash stage sends each of its orders, and how many there are.
const ORDERS: usize = 60;
/// How often dead letters are looked for and replayed, at most.
const ROUNDS: usize = 12;

pub(super) async fn all(demo: &mut Demo) -> Result<(), Failure> {
    contracts(demo);
    // Before the contract tests, which buy and ship the same reserved product in systems that are wired together.
    order_to_receipt(demo).await?;
    providers(demo).await?;
    broken_contract(demo).await?;
    order_to_ship(demo).await?;
    digits(demo).await?;
    crash(demo).await?;
    unreachable(demo).await?;
    short_receipt(demo).await?;
    bench(demo).await
}

fn contracts(demo: &mut Demo) {
    demo.say("contracts: are they valid, complete and of one meaning?");
    let findings = crossdock_contract::lint(&demo.landscape.folder().join("contracts"));
    let contracts = demo.landscape.contracts();
    let seen =
        format!("{} APIs, {} events, {} findings", contracts.apis().len(), contracts.events().len(), findings.len());
    demo.proofs.row("The contracts are valid, with one meaning a term", !findings.has_errors(), seen);
}

async fn test(demo: &Demo, options: &TestOptions) -> Result<Report, Failure> {
    let tested = crossdock_verify::test(&demo.landscape.contracts(), &demo.landscape.environment()?, options).await;
    tested.map_err(|error| Failure::chain("nothing could be tested", &error))
}

async fn providers(demo: &mut Demo) -> Result<(), Failure> {
    demo.say("contract test: does every system answer as its contract says?");
    let report = test(demo, &TestOptions::default()).await?;
    let (holds, seen) = (report.verdict == Verdict::Pass, counted(&report));
    demo.proofs.part("Every system keeps its contract", holds, seen, report);
    Ok(())
}

/// A required field of the ERP's answers gets another name: the test must say which.
async fn broken_contract(demo: &mut Demo) -> Result<(), Failure> {
    demo.say("contract test: is a broken contract found?");
    switch(demo, "erp", &json!([{ "fault": "erp-renames-order-number", "on": true }]))?;
    let options = TestOptions { systems: Some(vec!["erp".to_owned()]), generated: false, ..TestOptions::default() };
    let report = test(demo, &options).await?;
    switch(demo, "erp", &json!([{ "fault": "erp-renames-order-number", "on": false }]))?;
    let found = report
        .results
        .iter()
        .find(|r| r.verdict == ResultVerdict::Fail && r.rule.as_deref() == Some("response/schema"));
    let seen = found.map_or("nothing was found".to_owned(), |r| {
        let (operation, pointer) = (r.operation.as_deref().unwrap_or("?"), r.pointer.as_deref().unwrap_or(""));
        let message = r.message.as_deref().unwrap_or_default();
        format!("{operation} {pointer}: {}", message.strip_prefix("required: ").unwrap_or(message))
    });
    demo.proofs.row("A renamed response field is found", found.is_some(), seen);
    Ok(())
}

fn switch(demo: &Demo, system: &str, faults: &Value) -> Result<(), Failure> {
    let faults = faults.as_array().cloned().unwrap_or_default();
    let id = system.parse().map_err(|error| Failure::chain("the demo names a system", &error))?;
    match demo.landscape.mocks().switch(&id, &Switches { faults }) {
        Some(Ok(_)) => Ok(()),
        Some(Err(why)) => Err(Failure::new(format!("a fault of {system} cannot be switched: {why}"))),
        None => Err(Failure::new(format!("`{system}` does not run"))),
    }
}

/// Runs a scenario of the landscape once; a report of its steps.
async fn scenario(demo: &Demo, file: &str) -> Result<(bool, String), Failure> {
    let environment = demo.landscape.environment()?;
    let contracts = demo.landscape.contracts();
    let path = demo.landscape.folder().join("scenarios").join(file);
    let scenario = Scenario::load(&path, &contracts, Some(&environment))?;
    let runner = Runner::new(contracts, environment, RunnerOptions::default()).await;
    let runner = runner.map_err(|error| Failure::chain("the scenario cannot begin", &error))?;
    let run = runner.run(&scenario, RunInput::once()).await;
    let bad = run.steps.iter().find(|step| step.message.is_some());
    let seen = match bad {
        Some(step) => format!("{}: {}", step.name, step.message.as_deref().unwrap_or_default()),
        None => format!("{} steps, all as expected", run.steps.len()),
    };
    Ok((run.verdict == crossdock_scenario::RunVerdict::Pass, seen))
}

async fn order_to_ship(demo: &mut Demo) -> Result<(), Failure> {
    demo.say("one order: captured, allocated, booked, released, shipped, posted");
    let (holds, seen) = scenario(demo, "order-to-ship.yaml").await?;
    demo.proofs.row("An order is shipped, and posted to the ERP once", holds, seen);
    Ok(())
}

/// 64-bit ids and money are where JSON numbers go wrong.
async fn digits(demo: &mut Demo) -> Result<(), Failure> {
    demo.say("an order with an 18-digit number: is every digit kept?");
    let text = r#"{"orderId": 820982911946154508, "customerReference": "digits", "customerId": "C-2001", "currency": "USD",
        "lines": [{"lineNumber": 1, "product": "P-100", "quantity": "1", "unit": "EA", "unitPrice": "403.00", "lineTotal": "403.00"}],
        "total": "403.00"}"#;
    let body: Value = serde_json::from_str(text).map_err(|error| Failure::chain("the demo's order", &error))?;
    let (status, _) = demo.system("commerce", "/orders", &body, "demo-digits").await?;
    let path = "/process/v1/traces/820982911946154508";
    let traced = |trace: &Value| trace.to_string().contains("order.booked.v1");
    let (found, trace) = demo.ask_until(path, Duration::from_secs(5), traced).await?;
    let erp = demo.state("erp").to_string();
    let kept = |text: &str| text.contains("\"820982911946154508\"") && text.contains("\"403.00\"");
    let order = demo.hub(Method::GET, "/process/v1/orders/820982911946154508", None).await?.1.to_string();
    let holds =
        status == 201 && found && kept(&erp) && trace.to_string().contains("820982911946154508") && kept(&order);
    demo.proofs.row(
        "An 18-digit id and 403.00 keep every digit",
        holds,
        format!("820982911946154508: hub, trace and ERP {}", if holds { "agree" } else { "differ" }),
    );
    Ok(())
}

/// Every order is told twice, and the hub is killed twice meanwhile: each is there once.
async fn crash(demo: &mut Demo) -> Result<(), Failure> {
    demo.say("60 orders, each told twice, and the hub killed with kill -9 in the middle");
    switch(demo, "commerce", &json!([{ "fault": "commerce-tells-twice", "on": true }]))?;
    let mut created = 0;
    for n in 0..ORDERS {
        let body = json!({
            "customerReference": format!("crash-{n}"), "customerId": "C-2001",
            "lines": [{ "product": "BENCH-0002", "quantity": "1", "unit": "EA" }],
        });
        let (status, _) = demo.system("commerce", "/orders", &body, &format!("demo-crash-{n}")).await?;
        created += usize::from(status == 201);
        if n == ORDERS / 3 || n == 2 * ORDERS / 3 {
            demo.landscape.kill_hub().await?;
            demo.landscape.restart_hub().await?;
        }
    }
    switch(demo, "commerce", &json!([{ "fault": "commerce-tells-twice", "on": false }]))?;
    let mine = |list: &Value| -> Vec<String> {
        let orders =
            list.as_array().into_iter().flatten().chain(list.as_object().into_iter().flat_map(|map| map.values()));
        let reference = |order: &Value| order["customerReference"].as_str().map(ToOwned::to_owned);
        orders.filter_map(reference).filter(|reference| reference.starts_with("crash-")).collect()
    };
    let booked = |list: &Value| {
        let orders = list["orders"].as_array().into_iter().flatten();
        let crash = orders.filter(|o| o["customerReference"].as_str().is_some_and(|r| r.starts_with("crash-")));
        crash.filter(|o| o["status"] == "closed").count() == ORDERS
    };
    let (_, list) = demo.ask_until("/process/v1/orders", Duration::from_secs(12), booked).await?;
    let (hub, erp) = (mine(&list["orders"]), mine(&demo.state("erp")["orders"]));
    let once = |list: &[String]| list.iter().collect::<std::collections::BTreeSet<_>>().len();
    let holds =
        created == ORDERS && hub.len() == ORDERS && once(&hub) == ORDERS && erp.len() == ORDERS && once(&erp) == ORDERS;
    let twice = hub.len() - once(&hub) + erp.len() - once(&erp);
    let seen =
        format!("{created} orders told twice: {} in the hub, {} in the ERP, {twice} doubled", hub.len(), erp.len());
    demo.proofs.row("Killed twice by kill -9, it loses and doubles nothing", holds, seen);
    Ok(())
}

/// A target that cannot be reached: the order goes on, its own message waits, is given up visibly, and is replayed.
async fn unreachable(demo: &mut Demo) -> Result<(), Failure> {
    demo.say("the carrier cannot be reached: retried, given up visibly, replayed");
    let gone = json!([{ "fault": "demo-gone", "on": true, "outage": { "seen_as": "refused", "lasts": "20s" } }]);
    switch(demo, "carrier-swift", &gone)?;
    let (holds, _) = scenario(demo, "order-to-ship.yaml").await?;
    // Only what was meant for the carrier: whatever else was given up has another cause, and is not this stage's to replay.
    let of_carrier = |list: &Value| -> Vec<String> {
        let letters = list["deadLetters"].as_array().into_iter().flatten();
        let own = letters.filter(|letter| letter["target"] == "carrier-swift");
        own.filter_map(|letter| letter["id"].as_str().map(ToOwned::to_owned)).collect()
    };
    let dead = |list: &Value| !of_carrier(list).is_empty();
    let (found, _) = demo.ask_until("/process/v1/dead-letters", Duration::from_secs(9), dead).await?;
    // The carrier is back before anything is replayed: what comes too early would only be given up again.
    switch(demo, "carrier-swift", &json!([{ "fault": "demo-gone", "on": false }]))?;
    let none = |list: &Value| list["deadLetters"].is_array() && of_carrier(list).is_empty();
    let (mut healed, mut replayed) = (false, 0);
    // In rounds: what waited longest is given up first, and the rest may follow it while the breaker is still open.
    for _ in 0..ROUNDS {
        let (empty, list) = demo.ask_until("/process/v1/dead-letters", Duration::from_millis(1500), none).await?;
        healed = empty;
        if healed {
            break;
        }
        for id in of_carrier(&list) {
            let body = json!({ "by": "demo", "reason": "the carrier is back" });
            let path = format!("/process/v1/dead-letters/{id}/replay");
            let (status, _) = demo.hub(Method::POST, &path, Some(&body)).await?;
            replayed += usize::from((200..300).contains(&status));
        }
    }
    let shipped = if holds { "the order shipped" } else { "the order did not ship" };
    let end = if healed { "" } else { ", not all arrived" };
    let seen = format!("{shipped}; given up and replayed: {replayed}{end}");
    demo.proofs.row("An unreachable carrier holds nobody else up", holds && found && healed && replayed > 0, seen);
    Ok(())
}

async fn short_receipt(demo: &mut Demo) -> Result<(), Failure> {
    demo.say("a carton arrives two short: who is asked?");
    let (holds, seen) = scenario(demo, "short-receipt.yaml").await?;
    demo.proofs.row("A short receipt asks its owner, by a deadline", holds, seen);
    Ok(())
}

async fn order_to_receipt(demo: &mut Demo) -> Result<(), Failure> {
    demo.say("a synthetic transaction: order to receipt, invoice and three-way match");
    let environment = demo.landscape.environment()?;
    let contracts = demo.landscape.contracts();
    let path = demo.landscape.folder().join("scenarios/order-to-receipt.yaml");
    let scenario = Scenario::load(&path, &contracts, Some(&environment))?;
    let report = crossdock_probe::once(contracts, &environment, &scenario, ProbeOptions::default()).await;
    let steps = report.extra.get("steps").and_then(Value::as_array).map_or(0, Vec::len);
    let open = report.extra.get("residue").and_then(|residue| residue["open"].as_u64());
    let holds = report.verdict == Verdict::Pass && steps >= 12 && open == Some(0);
    let took = report.duration_ms;
    let seen = match report.results.iter().find(|r| r.verdict != ResultVerdict::Pass) {
        Some(bad) => format!("{}: {}", bad.name, bad.message.as_deref().unwrap_or_default()),
        None => {
            format!("{steps} steps in {took} ms, {} left open", open.map_or("unknown".to_owned(), |n| n.to_string()))
        }
    };
    demo.proofs.part("Capture to receipt to match, each step in time", holds, seen, report);
    Ok(())
}

async fn bench(demo: &mut Demo) -> Result<(), Failure> {
    demo.say("bench: how long does an order wait for its allocation?");
    let environment = demo.landscape.environment()?;
    let contracts = demo.landscape.contracts();
    let path = demo.landscape.folder().join("scenarios/order-allocation.yaml");
    let scenario = Arc::new(Scenario::load(&path, &contracts, Some(&environment))?);
    // A demo shares its machine with whatever else runs there: it tolerates a later generator, and says so.
    let options = BenchOptions {
        ramp: Some(Duration::from_secs(1)),
        hold: Some(Duration::from_secs(6)),
        late_tolerance: Some(Duration::from_millis(50)),
        repeat_invalid: 1,
        ..BenchOptions::default()
    };
    let bar = progress_bar();
    let progress = |progress| show(&bar, &progress);
    let measured = crossdock_bench::run(contracts, &environment, scenario, options, &progress).await;
    bar.finish_and_clear();
    let report = measured.map_err(|error| Failure::chain("the bench could not run", &error))?;
    let figure = |key: &str| report.extra.get("latency_us").and_then(|l| l[key].as_f64()).map_or(0.0, |us| us / 1000.0);
    let rate = report.extra.get("rate").and_then(|rate| rate["achieved_per_s"].as_f64()).unwrap_or_default();
    let seen = format!("{rate:.0} orders/s: p50 {:.0} ms, p99 {:.0} ms", figure("p50"), figure("p99"));
    demo.proofs.part("Allocation keeps its service level under load", report.verdict == Verdict::Pass, seen, report);
    Ok(())
}
