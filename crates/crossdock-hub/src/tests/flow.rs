//! The straight path, duplicates, restarts, and what people read of it.

use serde_json::{Value, json};

use super::world::{World, order};
use crate::LedgerPlace;

const SHOP: &str = "820982911946154508";

#[tokio::test]
async fn an_order_reaches_every_system_with_every_digit() {
    let world = World::new().await;
    world.stock("P-100", "10").await;
    let (status, answer) = world.submit("commerce", &order(SHOP)).await;
    assert_eq!(status, 202, "{answer}");
    assert_eq!(answer["results"][0]["outcome"], "accepted");
    assert_eq!(answer["results"][0]["correlationId"], format!("flow-{SHOP}"));

    world.event("order.released.v1", |data| data["orderId"] == SHOP).await;
    let erp = world.targets["erp"].got("POST", "/orders");
    assert_eq!(erp.len(), 1);
    let sent: Value = serde_json::from_str(&erp[0].body).unwrap();
    assert_eq!((&sent["orderId"], &sent["total"]), (&json!(SHOP), &json!("403.00")));
    assert_eq!(world.targets["wms-east"].got("POST", "/allocations").len(), 1);
    assert_eq!(world.targets["wms-east"].got("POST", "/releases").len(), 1);

    let seen = world.get(&format!("/process/v1/orders/{SHOP}")).await;
    assert_eq!(seen["erpOrderNumber"], format!("SO-{SHOP}"));
    assert_eq!(world.get(&format!("/process/v1/orders/SO-{SHOP}")).await, seen);
    assert_eq!(world.get(&format!("/process/v1/orders/{SHOP}?source=commerce")).await, seen);
    assert_eq!(world.try_get(&format!("/process/v1/orders/{SHOP}?source=crm")).await.0, 404);
    let shop = world.get("/experience/v1/storefront/availability/P-100").await;
    assert_eq!((&shop["available"], &shop["facilities"][0]["available"]), (&json!("9"), &json!("9")));

    // By any id of any system.
    for id in [SHOP.to_owned(), format!("SO-{SHOP}"), format!("flow-{SHOP}"), format!("commerce-{SHOP}")] {
        let trace = world.get(&format!("/process/v1/traces/{id}")).await;
        assert_eq!(trace["correlationId"], format!("flow-{SHOP}"), "by {id}");
        assert_eq!(trace["events"][0]["data"]["total"], "403.00");
        let deliveries = trace["deliveries"].as_array().unwrap();
        assert!(
            deliveries.iter().any(|one| one["operation"] == "createOrder" && one["state"] == "succeeded"),
            "{trace}"
        );
        assert!(!trace["segments"].as_array().unwrap().is_empty());
    }
    assert_eq!(world.try_get("/process/v1/traces/unheard-of").await.0, 404);
}

#[tokio::test]
async fn unknown_properties_of_a_fact_are_kept() {
    let world = World::new().await;
    let mut event = order("1");
    event["data"]["loyaltyPoints"] = serde_json::from_str("12.500000000000000000001").unwrap();
    event["shopversion"] = "7.1".into();
    assert_eq!(world.submit("commerce", &event).await.0, 202);
    let kept = world.event("order.captured.v1", |_| true).await;
    assert_eq!(kept["data"]["loyaltyPoints"].to_string(), "12.500000000000000000001");
    assert_eq!(kept["shopversion"], "7.1");
}

#[tokio::test]
async fn a_duplicate_has_no_effect_and_a_reused_id_is_an_exception() {
    let world = World::new().await;
    world.stock("P-100", "10").await;
    assert_eq!(world.submit("commerce", &order("1")).await.1["results"][0]["outcome"], "accepted");
    assert_eq!(world.submit("commerce", &order("1")).await.1["results"][0]["outcome"], "duplicate");
    // The same order under a new transport id, its properties in another order.
    let mut again = order("1");
    again["id"] = "another-webhook".into();
    let data =
        again["data"].as_object().unwrap().iter().rev().map(|(key, value)| (key.clone(), value.clone())).collect();
    again["data"] = Value::Object(data);
    assert_eq!(world.submit("commerce", &again).await.1["results"][0]["outcome"], "duplicate");

    let mut other = order("1");
    other["data"]["customerId"] = "C-OTHER".into();
    let (status, problem) = world.submit("commerce", &other).await;
    assert_eq!((status, &problem["errors"][0]["rule"]), (409, &json!("id-reused")));
    let exceptions = world.get("/process/v1/exceptions?state=open").await;
    assert_eq!(exceptions["exceptions"][0]["kind"], "id_reused");

    world.event("order.released.v1", |_| true).await;
    assert_eq!(world.targets["erp"].got("POST", "/orders").len(), 1);
    assert_eq!(world.get("/process/v1/orders").await["orders"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn twenty_copies_at_once_have_one_effect() {
    let world = World::new().await;
    let event = order("1").to_string();
    let copies = (0..20).map(|_| world.send("commerce", "application/cloudevents+json", event.clone()));
    let answers = futures_util::future::join_all(copies).await;
    let accepted = answers.iter().filter(|(_, answer)| answer["results"][0]["outcome"] == "accepted").count();
    assert_eq!(accepted, 1, "{answers:?}");
}

#[tokio::test]
async fn a_restart_keeps_everything_and_repeats_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crossdock.db");
    let world = World::with(|config| config.ledger = LedgerPlace::File(path.clone())).await;
    world.stock("P-100", "10").await;
    world.submit("commerce", &order("1")).await;
    world.event("order.released.v1", |_| true).await;
    // This one is still owed to the ERP when the hub stops.
    world.targets["erp"].answers(|_| (503, json!({"title": "closed"})));
    world.submit("commerce", &order("2")).await;
    world.event("delivery.attempt_failed.v1", |data| data["operation"] == "createOrder").await;
    let before = world.get("/process/v1/positions").await;

    let world = world.restart().await;
    assert_eq!(world.get("/process/v1/positions").await, before);
    assert_eq!(world.submit("commerce", &order("1")).await.1["results"][0]["outcome"], "duplicate");
    world.targets["erp"].answers(|got| super::world::usual("erp", got));
    world.event("order.released.v1", |data| data["orderId"] == "2").await;
    let keys: std::collections::BTreeSet<String> =
        world.targets["erp"].got("POST", "/orders").into_iter().map(|got| got.key).collect();
    assert_eq!(keys.len(), 2, "one idempotency key an order, before and after: {keys:?}");
    world.hub.shutdown().await;
    assert!(crossdock_ledger::SqliteReader::open(&path).unwrap().verify().unwrap().is_intact());
}

use crossdock_ledger::LedgerReader as _;

#[tokio::test]
async fn a_recommendation_becomes_a_purchase_order_and_an_850() {
    let world = World::new().await;
    world.stock("P-100", "10").await;
    let mut event = super::world::CONTRACTS.event("replenishment.recommended.v1").unwrap().examples[0].value.clone();
    event["synthetic"] = false.into();
    event.as_object_mut().unwrap().remove("runid");
    let version = world.get("/process/v1/positions?product=P-100").await["positions"][0]["version"].clone();
    event["data"] = json!({
        "recommendationId": "R-1", "product": "P-100", "facility": "DC-EAST", "supplier": "supplier-acme", "quantity": "20",
        "unit": "EA", "unitPrice": "6.50", "currency": "USD", "cycle": "2026-W10", "positionVersion": version,
    });
    event["subject"] = "R-1".into();
    event["id"] = "rec-1".into();
    let (status, answer) = world.submit("procurement", &event).await;
    assert_eq!(status, 202, "{answer}");
    world.event("purchase_order.sent.v1", |_| true).await;
    let edi = world.targets["supplier-acme"].got("POST", "/edi");
    assert_eq!(edi.len(), 1);
    assert!(edi[0].body.starts_with("ISA*") && edi[0].body.contains("BEG*00*SA*PO-R-1"), "{}", edi[0].body);
    let po = world.get("/process/v1/purchase-orders/PO-R-1").await;
    assert_eq!((&po["status"], &po["lines"][0]["onOrder"]), (&json!("sent"), &json!("20")));
    assert_eq!(world.get("/process/v1/recommendations").await["recommendations"][0]["status"], "ordered");
}
