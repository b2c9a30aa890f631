//! What is asked as of a time or for a date, moved lines, synthetic transactions: what is refused first.

use serde_json::json;

use super::world::{CONTRACTS, World, order};

async fn ordered(world: &World) {
    let mut event = CONTRACTS.event("replenishment.recommended.v1").unwrap().examples[0].value.clone();
    event["synthetic"] = false.into();
    event.as_object_mut().unwrap().remove("runid");
    let version = world.get("/process/v1/positions?product=P-100").await["positions"][0]["version"].clone();
    event["data"] = json!({
        "recommendationId": "R-1", "product": "P-100", "facility": "DC-EAST", "supplier": "supplier-acme", "quantity": "20",
        "unit": "EA", "unitPrice": "6.50", "currency": "USD", "cycle": "2026-W10", "positionVersion": version,
        "neededBy": "2026-12-15",
    });
    event["subject"] = "R-1".into();
    event["id"] = "rec-1".into();
    let (status, answer) = world.submit("procurement", &event).await;
    assert_eq!(status, 202, "{answer}");
    world.event("purchase_order.sent.v1", |_| true).await;
}

#[tokio::test]
async fn questions_that_cannot_be_answered_are_refused() {
    let world = World::new().await;
    world.stock("P-100", "10").await;
    let nothing = json!({"group": "movement/stock-movement", "waiting": 0, "days": []});
    assert_eq!(world.get("/process/v1/shadow-comparisons?group=movement/stock-movement").await, nothing);
    for (path, status) in [
        ("/process/v1/positions/as-of?product=P-100&facility=DC-EAST", 400),
        ("/process/v1/positions/as-of?product=P-100&facility=DC-EAST&time=yesterday", 400),
        ("/process/v1/positions/as-of?product=P-999&facility=DC-EAST&time=2026-03-02T09:00:00Z", 404),
        ("/process/v1/positions/available-to-promise?product=P-100&facility=DC-EAST&date=2026-13-01", 400),
        ("/process/v1/positions/available-to-promise?product=P-100&facility=DC-NORTH&date=2026-12-01", 404),
        ("/process/v1/shadow-comparisons", 400),
        ("/process/v1/shadow-comparisons?group=movement", 400),
    ] {
        let (got, problem) = world.try_get(path).await;
        assert_eq!(got, status, "{path}: {problem}");
    }
}

#[tokio::test]
async fn what_was_there_and_what_may_be_promised() {
    let world = World::new().await;
    world.stock("P-100", "10").await;
    world.submit("commerce", &order("1")).await;
    world.event("order.released.v1", |_| true).await;
    let at = |time: &str| format!("/process/v1/positions/as-of?product=P-100&facility=DC-EAST&time={time}");
    let (before, after) =
        (world.try_get(&at("2026-03-02T07:00:00Z")).await, world.try_get(&at("2026-03-02T09:00:00Z")).await);
    // Before its first movement there was nothing, or it is not known any more; never a wrong figure.
    assert!(before.0 == 409 || before.1["onHand"] == "0", "{before:?}");
    assert!(after.0 == 409 || after.1["onHand"] == "10", "{after:?}");
    let now = world.get(&at("2026-11-30T00:00:00Z")).await;
    assert_eq!((&now["onHand"], &now["sellable"]), (&json!("10"), &json!("10")), "an allocation moves nothing");

    ordered(&world).await;
    let path = "/process/v1/positions/available-to-promise?product=P-100&facility=DC-EAST&date=2027-12-31";
    let promise = world.get(path).await;
    let expected = world.get("/process/v1/expected-receipts?product=P-100").await;
    let sum: i64 = expected["expectedReceipts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["quantity"].as_str().unwrap().parse::<i64>().unwrap())
        .sum();
    assert_eq!(sum, 20, "{expected}");
    assert_eq!((&promise["available"], &promise["expected"]), (&json!("9"), &json!(sum.to_string())), "{expected}");
    assert_eq!(promise["availableToPromise"], json!((9 + sum).to_string()));
    assert_eq!(world.get("/process/v1/expected-receipts?product=P-999").await["expectedReceipts"], json!([]));
    assert_eq!(world.get("/process/v1/received-not-invoiced").await["receivedNotInvoiced"], json!([]));
}

#[tokio::test]
async fn a_trace_says_what_a_delay_is_made_of() {
    let world = World::with(|config| {
        let none = std::time::Duration::ZERO;
        config.purchasing.allowances.insert(crossdock_model::PoMilestone::Sent, none);
    })
    .await;
    world.stock("P-100", "10").await;
    ordered(&world).await;
    let trace = world.get("/process/v1/traces/PO-R-1").await;
    let made_of = &trace["attributions"][0];
    assert_eq!((&made_of["poNumber"], &made_of["milestone"]), (&json!("PO-R-1"), &json!("sent")), "{trace}");
    let segments = made_of["segments"].as_array().unwrap();
    let sum: i64 = segments.iter().map(|one| one["overrunMs"].as_i64().unwrap()).sum();
    assert_eq!(made_of["delayMs"], sum, "I16: the overruns sum to the delay: {made_of}");
    // Less than the clocks are sure of.
    assert_eq!((&made_of["headline"], &made_of["uncertain"]), (&json!("integration"), &json!(true)), "{made_of}");
    let of_order = world.get("/process/v1/traces/open-P-100").await;
    assert_eq!(of_order["attributions"], json!([]));
}

#[tokio::test]
async fn a_line_is_moved_by_a_person() {
    let world = World::new().await;
    // It waits where there is nothing; west has it.
    world.submit("commerce", &order("1")).await;
    world.event("order.allocated.v1", |_| true).await;
    let path = "/process/v1/orders/1/moves";
    let to =
        |facility: &str, line: u64| json!({"lineNumber": line, "to": facility, "by": "j.doe", "reason": "flooded"});
    for (body, status, pointer) in [
        (json!({"lineNumber": 1, "to": "DC-WEST"}), 422, "/by"),
        (to("DC-NORTH", 1), 422, "/to"),
        (to("DC-WEST", 7), 422, "/line"),
    ] {
        let (got, problem) = world.post(path, &body).await;
        assert_eq!((got, &problem["errors"][0]["pointer"]), (status, &json!(pointer)), "{problem}");
    }
    assert_eq!(world.post("/process/v1/orders/99/moves", &to("DC-WEST", 1)).await.0, 404);
    assert_eq!(world.post("/process/v1/orders/1/moves?source=crm", &to("DC-WEST", 1)).await.0, 404);
    let (status, answer) = world.post(path, &to("DC-WEST", 1)).await;
    assert_eq!((status, &answer["lines"][0]["backordered"]), (200, &json!("1")), "{answer}");
    let moved = world.event("order.moved.v1", |_| true).await;
    assert_eq!((&moved["data"]["to"], &moved["data"]["by"]), (&json!("DC-WEST"), &json!("j.doe")));
    assert_eq!(world.post(path, &to("DC-WEST", 1)).await.0, 409, "it waits there already");
}

#[tokio::test]
async fn synthetic_transactions_are_stopped_opened_and_looked_after() {
    let world = World::new().await;
    assert_eq!(world.get("/process/v1/synthetic").await, json!({"stopped": false, "open": 0}));
    let runs = "/process/v1/synthetic/runs";
    for (targets, pointer) in [
        (json!({"epr": "sink"}), "/targets/epr"),
        (json!({"erp": "stand_in"}), "/targets/erp"),
        (json!({"erp": "void"}), "/targets/erp"),
    ] {
        let (status, problem) = world.post(runs, &json!({"runId": "r-1", "targets": targets, "by": "probe"})).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{problem}");
    }
    let opened = json!({"runId": "r-1", "targets": {"erp": "sink"}, "by": "probe"});
    assert_eq!(world.post(runs, &opened).await, (200, opened));

    let mut event = order("9");
    event["synthetic"] = true.into();
    event["runid"] = "r-1".into();
    event["data"]["lines"][0]["product"] = "SYN-0001".into();
    let (status, answer) = world.submit("commerce", &event).await;
    assert_eq!(status, 202, "{answer}");
    let left = world.get(&format!("{runs}/r-1/residue")).await;
    assert_eq!(left["orders"], json!(["commerce/9"]), "{left}");
    assert_eq!(world.get(&format!("{runs}/r-2/residue")).await["open"], 0);
    world.event("order.accepted.v1", |_| true).await;
    assert!(world.targets["erp"].got("POST", "/orders").is_empty(), "the ERP is a sink for this run");

    let switch = "/process/v1/synthetic/switch";
    assert_eq!(world.post(switch, &json!({"stop": true, "by": "j.doe"})).await.0, 422);
    assert_eq!(world.post(switch, &json!({"stop": false, "by": "j.doe", "reason": "x"})).await.0, 409);
    let (status, standing) = world.post(switch, &json!({"stop": true, "by": "j.doe", "reason": "inventory day"})).await;
    assert_eq!((status, &standing["stopped"], &standing["by"]), (200, &json!(true), &json!("j.doe")));
    event["id"] = "commerce-10".into();
    event["data"]["orderId"] = "10".into();
    event["subject"] = "10".into();
    let (status, problem) = world.submit("commerce", &event).await;
    assert_eq!((status, &problem["errors"][0]["rule"]), (403, &json!("synthetic/stopped")));
}

#[tokio::test]
async fn a_used_up_budget_says_when_to_come_back() {
    let world = World::with(|config| config.declared.synthetic.open = Some(0)).await;
    let mut event = order("9");
    event["synthetic"] = true.into();
    event["runid"] = "r-1".into();
    event["data"]["lines"][0]["product"] = "SYN-0001".into();
    let (status, problem) = world.submit("commerce", &event).await;
    assert_eq!((status, &problem["errors"][0]["rule"]), (429, &json!("synthetic/open")), "{problem}");
}
