//! What a person does about a dead letter, and replays of many: what is refused first.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::world::{World, order, usual};

/// A world in which the ERP refuses every order; the ids of the dead letters of these orders, in order.
async fn refusing(orders: &[&str]) -> (World, Vec<String>) {
    let world = World::new().await;
    world.stock("P-100", "50").await;
    world.targets["erp"].answers(|got| match got.method.as_str() {
        "GET" => usual("erp", got),
        _ => (422, json!({"title": "unknown customer", "detail": "no customer C-2001"})),
    });
    for id in orders {
        world.submit("commerce", &order(id)).await;
        let about = format!("order/commerce/{id}");
        world.event("dead_letter.opened.v1", |data| data["about"] == about.as_str()).await;
    }
    let letters = world.get("/process/v1/dead-letters").await;
    let ids = letters["deadLetters"].as_array().unwrap().iter();
    let ids: Vec<String> = ids.map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), orders.len(), "{letters}");
    (world, ids)
}

/// Status, pointer and rule of the first thing that is wrong.
async fn refused(world: &World, path: &str, body: &Value) -> (u16, String, String) {
    let (status, problem) = world.post(path, body).await;
    let first = &problem["errors"][0];
    let text = |key: &str| first[key].as_str().unwrap_or_default().to_owned();
    (status, text("pointer"), text("rule"))
}

fn is(status: u16, pointer: &str, rule: &str) -> (u16, String, String) {
    (status, pointer.to_owned(), rule.to_owned())
}

#[tokio::test]
async fn an_edited_message_takes_the_place_of_the_dead_letter() {
    let (world, ids) = refusing(&["1"]).await;
    let path = format!("/process/v1/dead-letters/{}/edits", ids[0]);
    let letters = world.get("/process/v1/dead-letters").await;
    let old = letters["deadLetters"][0]["original"]["body"].clone();
    let edited = |change: &dyn Fn(&mut Value)| {
        let mut body = old.clone();
        change(&mut body);
        json!({"body": body, "by": "j.doe", "reason": "renamed"})
    };
    let renamed = edited(&|body| body["customerId"] = "C-2002".into());

    let mut unsigned = renamed.clone();
    unsigned.as_object_mut().unwrap().remove("by");
    assert_eq!(refused(&world, &path, &unsigned).await, is(422, "/by", "required"));
    let mut ghost = renamed.clone();
    ghost["by"] = "rule/edits".into();
    assert_eq!(refused(&world, &path, &ghost).await, is(422, "/by", "command/by"));
    let mut elsewhere = renamed.clone();
    elsewhere["path"] = json!({"orderId": "2"});
    assert_eq!(refused(&world, &path, &elsewhere).await, is(422, "/path/orderId", "edit/path"));
    // What a person writes keeps the contract of the target too.
    let broken = edited(&|body| body["total"] = json!(403));
    assert_eq!(refused(&world, &path, &broken).await, is(422, "/body/total", "type"));
    assert_eq!(refused(&world, &path, &edited(&|_| ())).await, is(422, "/body", "edit/unchanged"));
    let nobody = world.client.post(world.url(&path)).bearer_auth("key-of-erp").body(renamed.to_string());
    assert_eq!(nobody.send().await.unwrap().status(), 403);
    assert_eq!(world.post("/process/v1/dead-letters/d-1/edits", &renamed).await.0, 404);
    assert_eq!(world.targets["erp"].got("POST", "/orders").len(), 1, "nothing of all that was sent");

    world.targets["erp"].answers(|got| usual("erp", got));
    let (status, answer) = world.post(&path, &renamed).await;
    assert_eq!((status, &answer["state"]), (202, &json!("edited")), "{answer}");
    world.event("order.booked.v1", |data| data["orderId"] == "1").await;
    let got = world.targets["erp"].got("POST", "/orders");
    let customers: Vec<Value> =
        got.iter().map(|one| serde_json::from_str::<Value>(&one.body).unwrap()["customerId"].clone()).collect();
    assert_eq!(customers, [old["customerId"].clone(), json!("C-2002")]);
    assert_ne!(got[0].key, got[1].key, "another content is another effect");
    let trace = world.get("/process/v1/traces/1").await;
    let newer = trace["deliveries"].as_array().unwrap().iter().find(|one| one["id"] == answer["replacedBy"]);
    assert_eq!(newer.unwrap()["state"], "succeeded", "{answer} {trace}");
    assert_eq!(world.post(&path, &renamed).await.0, 404, "it is no dead letter any more");
}

#[tokio::test]
async fn a_dead_letter_is_discarded_with_a_reason() {
    let (world, ids) = refusing(&["1"]).await;
    let path = format!("/process/v1/dead-letters/{}/discard", ids[0]);
    assert_eq!(refused(&world, &path, &json!({"by": "j.doe"})).await, is(422, "/reason", "required"));
    assert_eq!(
        refused(&world, &path, &json!({"by": "j.doe", "reason": " "})).await,
        is(422, "/reason", "command/reason")
    );
    let order = json!({"by": "j.doe", "reason": "booked by hand"});
    let (status, answer) = world.post(&path, &order).await;
    assert_eq!((status, &answer["state"]), (200, &json!("discarded")), "{answer}");
    let kept = world.event("delivery.retired.v1", |data| data["by"] == "j.doe").await;
    assert_eq!(kept["data"]["reason"], "booked by hand");
    assert_eq!(world.get("/process/v1/dead-letters").await["deadLetters"], json!([]));
    assert_eq!(world.post(&path, &order).await.0, 404);
}

#[tokio::test]
async fn dead_letters_are_replayed_by_filter_and_what_is_left_is_said() {
    let (world, ids) = refusing(&["1", "2", "3"]).await;
    let path = "/process/v1/dead-letters/replays";
    let with = |more: Value| {
        let mut body = json!({"by": "j.doe", "reason": "the customer is known now"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (more, pointer, rule) in [
        (json!({"targt": "erp"}), "/targt", "additionalProperties"),
        (json!({"status": 4220}), "/status", "maximum"),
        (json!({"limit": 1001}), "/limit", "maximum"),
        (json!({"ids": ["exc-1"]}), "/ids/0", "pattern"),
        (json!({"ids": []}), "/ids", "minItems"),
        (json!({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}), "/from", "replay/range"),
    ] {
        let body = with(more);
        assert_eq!(refused(&world, path, &body).await, is(422, pointer, rule), "{body}");
    }
    assert_eq!(world.post(path, &json!({"target": "erp"})).await.0, 422);

    let none = json!({"sent": 0, "left": 0, "done": 0, "waiting": 0, "overtaken": 0});
    for more in [json!({"target": "ap"}), json!({"status": 500}), json!({"about": "po/"}), json!({"runId": "r-1"})] {
        assert_eq!(world.post(path, &with(more)).await, (202, none.clone()));
    }
    world.targets["erp"].answers(|got| usual("erp", got));
    let wanted = json!({"target": "erp", "operation": "createOrder", "status": 422, "about": "order/", "limit": 2});
    let (status, answer) = world.post(path, &with(wanted)).await;
    assert_eq!((status, &answer["sent"], &answer["left"]), (202, &json!(2), &json!(1)), "{answer}");
    let (_, answer) = world.post(path, &with(json!({"ids": [ids[2]]}))).await;
    assert_eq!((&answer["sent"], &answer["left"]), (&json!(1), &json!(0)), "{answer}");
    for id in ["1", "2", "3"] {
        world.event("order.booked.v1", |data| data["orderId"] == id).await;
    }
    let keys: BTreeSet<String> = world.targets["erp"].got("POST", "/orders").into_iter().map(|got| got.key).collect();
    assert_eq!(keys.len(), 3, "each under its first key");
}

#[tokio::test]
async fn from_the_log_a_target_gets_what_it_never_got_and_nothing_twice() {
    let (world, ids) = refusing(&["1"]).await;
    let path = "/process/v1/replays";
    let with = |target: &str, from: u64, limit: u64| json!({"target": target, "from": from, "limit": limit, "by": "j.doe", "reason": "restored from last night"});
    assert_eq!(refused(&world, path, &with("epr", 1, 10)).await, is(422, "/target", "meaning"));
    assert_eq!(refused(&world, path, &with("erp", 1 << 40, 10)).await, is(422, "/from", "meaning"));
    assert_eq!(refused(&world, path, &with("erp", 0, 10)).await, is(422, "/from", "minimum"));
    assert_eq!(refused(&world, path, &with("carrier-swift", 1, 10)).await, is(404, "", "unknown"));
    let place = world.hub.app.replays.try_acquire().unwrap();
    assert_eq!(world.post(path, &with("erp", 1, 10)).await.0, 503, "one at a time");
    drop(place);

    // One was given up, others took place.
    let discard = format!("/process/v1/dead-letters/{}/discard", ids[0]);
    world.post(&discard, &json!({"by": "j.doe", "reason": "by mistake"})).await;
    world.targets["erp"].answers(|got| usual("erp", got));
    for id in ["2", "3"] {
        world.submit("commerce", &order(id)).await;
        world.event("order.booked.v1", |data| data["orderId"] == id).await;
    }
    let before = world.targets["erp"].got("POST", "/orders").len();
    let (status, answer) = world.post(path, &with("erp", 1, 10)).await;
    assert_eq!((status, &answer["sent"]), (202, &json!(1)), "{answer}");
    assert!(answer["done"].as_u64().unwrap() >= 2 && answer.get("next").is_none(), "{answer}");
    world.event("order.booked.v1", |data| data["orderId"] == "1").await;
    let got = world.targets["erp"].got("POST", "/orders");
    assert_eq!(got.len(), before + 1);
    assert_eq!(got[0].key, got[before].key, "with its first idempotency key");
    let (_, again) = world.post(path, &with("erp", 1, 10)).await;
    assert_eq!(again["sent"], 0, "{again}");
}
