//! Targets that refuse, fail or are not there; people who replay and decide.

use std::time::Duration;

use serde_json::{Value, json};

use super::world::{World, order, usual};

#[tokio::test]
async fn a_failing_target_is_retried_then_a_dead_letter_then_replayed() {
    let world = World::with(|config| config.delivery.max_attempts = 3).await;
    world.stock("P-100", "10").await;
    world.targets["erp"]
        .answers(|got| if got.method == "GET" { usual("erp", got) } else { (500, json!({"detail": "disk full"})) });
    world.submit("commerce", &order("1")).await;
    let opened = world.event("dead_letter.opened.v1", |data| data["operation"] == "createOrder").await;
    assert!(opened["data"]["why"].as_str().unwrap().contains("disk full"), "{opened}");
    // The others did not notice.
    world.event("delivery.succeeded.v1", |data| data["operation"] == "createAllocation").await;

    let letters = world.get("/process/v1/dead-letters").await;
    let letter = &letters["deadLetters"][0];
    assert_eq!((&letter["target"], &letter["attempts"], &letter["state"]), (&json!("erp"), &json!(3), &json!("open")));
    assert_eq!(letter["original"]["body"]["orderId"], "1");
    let id = letter["id"].as_str().unwrap();

    world.targets["erp"].answers(|got| usual("erp", got));
    let (status, answer) = world.post(&format!("/process/v1/dead-letters/{id}/replay"), &Value::Null).await;
    assert_eq!((status, &answer["state"]), (202, &json!("replayed")), "{answer}");
    world.event("order.booked.v1", |data| data["orderId"] == "1").await;
    let keys: std::collections::BTreeSet<_> =
        world.targets["erp"].got("POST", "/orders").into_iter().map(|got| got.key).collect();
    assert_eq!(keys.len(), 1);
    assert_eq!(world.get("/process/v1/dead-letters").await["deadLetters"], json!([]));
    assert_eq!(world.post(&format!("/process/v1/dead-letters/{id}/replay"), &Value::Null).await.0, 404);
    assert_eq!(world.post("/process/v1/dead-letters/nonsense/replay", &Value::Null).await.0, 400);
}

#[tokio::test]
async fn a_target_that_is_not_there_parks_its_queue_and_is_given_up_in_the_end() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let world = World::with(|config| {
        config.systems.get_mut("erp").unwrap().url = Some(format!("http://{address}"));
        config.delivery.give_up_after = Some(Duration::from_millis(60));
    })
    .await;
    world.stock("P-100", "10").await;
    world.submit("commerce", &order("1")).await;
    world.event("breaker.opened.v1", |data| data["target"] == "erp").await;
    let opened = world.event("dead_letter.opened.v1", |data| data["target"] == "erp").await;
    assert!(opened["data"]["why"].as_str().unwrap().contains("cannot be reached"), "{opened}");
    // Allocation went on without it.
    assert_eq!(world.get("/process/v1/orders/1").await["status"], "allocated");
}

#[tokio::test]
async fn a_refused_message_is_a_dead_letter_at_once() {
    let world = World::new().await;
    world.stock("P-100", "10").await;
    world.targets["erp"].answers(|_| (422, json!({"title": "unknown customer", "detail": "no customer C-2001"})));
    world.submit("commerce", &order("1")).await;
    let opened = world.event("dead_letter.opened.v1", |_| true).await;
    assert_eq!((&opened["data"]["status"], &opened["data"]["attempts"]), (&json!(422), &json!(1)));
}

#[tokio::test]
async fn an_ambiguous_create_is_looked_up_and_adopted() {
    let world = World::with(|config| config.delivery.timeout = Duration::from_millis(150)).await;
    world.stock("P-100", "10").await;
    // The ERP commits and then answers too late; the look-up finds the order.
    world.targets["erp"].answers(|got| match got.method.as_str() {
        "POST" => {
            std::thread::sleep(Duration::from_millis(400));
            (201, json!({"erpOrderNumber": "SO-LATE"}))
        }
        _ => (200, json!({"orders": [{"orderId": "1", "erpOrderNumber": "SO-LATE", "status": "open"}]})),
    });
    world.submit("commerce", &order("1")).await;
    let booked = world.event("order.booked.v1", |_| true).await;
    assert_eq!(booked["data"]["erpOrderNumber"], "SO-LATE");
    assert_eq!(world.targets["erp"].got("POST", "/orders").len(), 1);
}

#[tokio::test]
async fn an_exception_is_decided_once() {
    let world = World::new().await;
    world.submit("commerce", &order("1")).await;
    let mut other = order("1");
    other["data"]["customerId"] = "C-OTHER".into();
    world.submit("commerce", &other).await;
    let list = world.get("/process/v1/exceptions?state=open").await;
    let id = list["exceptions"][0]["exceptionId"].as_str().unwrap().to_owned();
    let path = format!("/process/v1/exceptions/{id}/resolutions");

    let (status, problem) = world.post(&path, &json!({"resolution": "substitute", "reason": "x", "by": "j.doe"})).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/resolution")));
    let (status, problem) = world.post(&path, &json!({"resolution": "ignore"})).await;
    assert_eq!(status, 422, "{problem}");
    let decision = json!({"resolution": "ignore", "reason": "a test order", "by": "j.doe"});
    let (status, decided) = world.post(&path, &decision).await;
    assert_eq!((status, &decided["state"], &decided["by"]), (200, &json!("resolved"), &json!("j.doe")), "{decided}");
    assert_eq!(world.post(&path, &decision).await, (200, decided));
    let (status, _) = world.post(&path, &json!({"resolution": "reject", "reason": "no", "by": "a.other"})).await;
    assert_eq!(status, 409);
    assert_eq!(world.get("/process/v1/exceptions?state=open").await["exceptions"], json!([]));
    assert_eq!(world.try_get("/process/v1/exceptions/exc-999").await.0, 404);
}

#[tokio::test]
async fn a_writer_that_dies_of_a_defect_takes_the_hub_with_it() {
    let world = World::new().await;
    assert_eq!(world.try_get("/health/ready").await.0, 200);
    let asked = world.hub.app.engine.ask(|_, _| panic!("a defect")).await;
    assert!(asked.is_err());
    world.hub.died().await;
    assert_eq!(world.try_get("/health/ready").await.0, 503, "nobody is told that facts are taken");
    assert_eq!(world.submit("commerce", &order("1")).await.0, 503);
}
