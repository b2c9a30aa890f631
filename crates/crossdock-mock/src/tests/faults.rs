//! Faults: switched over the admin API, seen over the wire, and the same under the same seed.

use serde_json::{Value, json};

use super::hub::{events, listening_hub};
use super::support::{Caller, id, start};
use crate::faults::{Fault, FaultFile, FaultTable, Strike, Switches};

async fn switch(caller: &Caller, faults: Value) {
    let answered = caller.put("/_mock/faults", &json!({ "faults": faults })).await;
    assert_eq!(answered.status, 200, "{}", answered.body);
}

fn order() -> Value {
    json!({
        "orderId": "SO-1", "channel": "commerce", "customerId": "C-1", "currency": "USD", "orderedAt": "2026-11-25T09:30:00Z",
        "shipTo": { "name": "A", "street": "B", "city": "C", "postalCode": "1", "country": "US" },
        "lines": [{ "lineNumber": 1, "product": "P-100", "quantity": "1", "unit": "EA", "unitPrice": "403.00", "lineTotal": "403.00" }],
        "total": "403.00",
    })
}

#[tokio::test]
async fn a_reset_after_the_commit_leaves_one_order_and_no_answer() {
    let running = start(&["erp"]).await;
    let erp = Caller::of(&running, "erp");
    switch(&erp, json!([{ "fault": "erp-resets-after-commit", "on": true }])).await;
    let request = erp.request("POST", "/orders").header("idempotency-key", "k").json(&order());
    let error = request.send().await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
    // Once only: the same key gets the first answer now.
    let again = erp.post("/orders", "k", &order()).await;
    assert_eq!((again.status, again.headers["idempotency-replayed"].to_str().unwrap()), (201, "true"));
    let found = erp.get("/orders?orderId=SO-1").await.body;
    assert_eq!(found["orders"].as_array().unwrap().len(), 1);
    switch(&erp, json!([{ "fault": "erp-resets-before-commit", "on": true }])).await;
    let request = erp.request("POST", "/orders").header("idempotency-key", "k-2").json(&order());
    assert!(request.send().await.is_err());
    let found = erp.get("/orders?orderId=SO-1").await.body;
    assert_eq!(found["orders"].as_array().unwrap().len(), 1);
    running.shutdown().await;
}

#[tokio::test]
async fn an_outage_refuses_connections_and_ends_by_itself() {
    let running = start(&["ap"]).await;
    let ap = Caller::of(&running, "ap");
    assert_eq!(ap.get("/invoices/INV-1").await.status, 404);
    switch(&ap, json!([{ "fault": "gone", "on": true, "outage": { "seen_as": "refused", "lasts": "150ms" } }])).await;
    // The switch's own answer may still be on its way out; then the kept connection is reset and new ones are refused.
    let mut refused = 0;
    loop {
        match ap.request("GET", "/invoices/INV-1").send().await {
            Err(error) => refused += u32::from(error.is_connect()),
            Ok(_) if refused > 0 => break,
            Ok(_) => {}
        }
    }
    assert_eq!(ap.get("/invoices/INV-1").await.status, 404);
    running.shutdown().await;
}

#[tokio::test]
async fn an_outage_that_is_switched_off_is_over_at_once() {
    let running = start(&["ap"]).await;
    let ap = Caller::of(&running, "ap");
    let of = |fault: Value| Switches { faults: vec![fault] };
    let gone = json!({ "fault": "gone", "on": true, "outage": { "seen_as": "refused", "lasts": "60m" } });
    running.switch(&id("ap"), &of(gone)).unwrap().unwrap();
    while ap.request("GET", "/invoices/INV-1").send().await.is_ok() {}
    running.switch(&id("ap"), &of(json!({ "fault": "gone", "on": false }))).unwrap().unwrap();
    while ap.request("GET", "/invoices/INV-1").send().await.is_err() {}
    running.shutdown().await;
}

#[tokio::test]
async fn errors_and_broken_contracts_are_answered_as_declared() {
    let running = start(&["erp"]).await;
    let erp = Caller::of(&running, "erp");
    switch(&erp, json!([{ "fault": "erp-busy", "on": true }])).await;
    let mut statuses = Vec::new();
    for _ in 0..20 {
        let answered = erp.get("/orders/ERP-9").await;
        if answered.status == 429 {
            assert_eq!(answered.headers["retry-after"], "1");
        }
        statuses.push(answered.status);
    }
    assert!(statuses.contains(&429) && statuses.contains(&404), "{statuses:?}");
    switch(&erp, json!([{ "fault": "erp-busy", "on": false }, { "fault": "erp-unavailable", "on": true }])).await;
    assert_eq!(erp.get("/orders/ERP-9").await.status, 503);
    switch(
        &erp,
        json!([{ "fault": "erp-unavailable", "on": false }, { "fault": "erp-renames-order-number", "on": true }]),
    )
    .await;
    let answered = erp.post("/orders", "k", &order()).await;
    assert_eq!((answered.status, answered.body.get("erpOrderNumber")), (201, None));
    assert!(answered.body["orderNumber"].is_string(), "{}", answered.body);
    for (wrong, words) in [
        (json!([{ "fault": "erp-bsy", "on": true }]), "did you mean `erp-busy`?"),
        (json!([{ "fault": "erp-busy" }]), "needs `on`"),
        (json!([{ "fault": "mine", "on": true, "outage": {}, "slow": { "by": "1ms" } }]), "seen_as"),
        (json!([{ "fault": "mine", "on": true, "error": { "status": 200 } }]), "no error"),
        (json!([{ "fault": "mine", "system": "ap", "on": true, "error": { "status": 500 } }]), "ask that system"),
    ] {
        let answered = erp.put("/_mock/faults", &json!({ "faults": wrong })).await;
        assert_eq!(answered.status, 422, "{}", answered.body);
        assert!(answered.body["detail"].as_str().unwrap().contains(words), "{}", answered.body);
    }
    running.shutdown().await;
}

#[tokio::test]
async fn events_can_be_told_twice() {
    let (address, heard) = listening_hub(Vec::new()).await;
    let running = start(&["commerce"]).await;
    running.set_hub(format!("http://{address}").parse().unwrap());
    let commerce = Caller::of(&running, "commerce");
    switch(&commerce, json!([{ "fault": "commerce-tells-twice", "on": true }])).await;
    let body = json!({ "lines": [{ "product": "P-100", "quantity": "1", "unit": "EA" }] });
    commerce.post("/orders", "k", &body).await;
    running.all_told().await;
    let told = events(&heard).remove("commerce").unwrap();
    assert_eq!((told.len(), &told[0]), (2, &told[1]));
    let journal = commerce.get("/_mock/journal").await.body;
    assert_eq!((journal["seen"].clone(), journal["entries"][0]["operation"].clone()), (json!(1), json!("createOrder")));
    assert_eq!(running.state(&id("commerce")).unwrap()["outbox"]["delivered"], 2);
    running.shutdown().await;
}

fn table(seed: u64) -> FaultTable {
    let fault = |value: Value| serde_json::from_value::<Fault>(value).unwrap();
    let faults = vec![
        fault(json!({ "fault": "a", "system": "erp", "on": true, "rate": 0.3, "error": { "status": 500 } })),
        fault(json!({ "fault": "b", "system": "erp", "on": true, "times": 2, "slow": { "by": "5ms" } })),
        fault(json!({ "fault": "c", "system": "ap", "on": true, "reset_after_commit": {} })),
    ];
    FaultTable::new("erp", &FaultFile { crossdock: 1, seed, faults })
}

#[test]
fn the_same_seed_gives_the_same_faults() {
    let strikes = |seed: u64| -> Vec<Strike> {
        let mut table = table(seed);
        (0..200).map(|_| table.strike("createOrder")).collect()
    };
    assert_eq!(strikes(1), strikes(1));
    assert_ne!(strikes(1), strikes(2));
    let struck = strikes(1);
    let errors = struck.iter().filter(|strike| strike.error.is_some()).count();
    assert!((40..80).contains(&errors), "{errors} of 200 at a rate of 0.3");
    assert_eq!(struck.iter().filter(|strike| !strike.slow.is_zero()).count(), 2);
    assert!(struck.iter().all(|strike| !strike.reset_after), "a fault of another system");
}
