//! What the core measures, as it is shown: what is refused, and that every way to it has the same figures.

use serde_json::{Value, json};

use super::world::{World, order};
use crate::LedgerPlace;

#[tokio::test]
async fn questions_about_more_than_is_kept_are_refused() {
    let world = World::new().await;
    for path in ["windowMs=0", "windowMs=1h", "fromRecord=now", "synthetic=maybe", "window=1"] {
        let (status, problem) = world.try_get(&format!("/process/v1/signals?{path}")).await;
        assert_eq!(status, 400, "{path}: {problem}");
    }
    let nobody = world.client.get(world.url("/process/v1/signals")).send().await.unwrap();
    assert_eq!(nobody.status(), 401);
}

/// What does not depend on when it was asked.
fn figures(mut sheet: Value) -> Value {
    for changing in ["asOf", "windowMs", "head"] {
        assert!(sheet.as_object_mut().unwrap().remove(changing).is_some());
    }
    sheet.as_object_mut().unwrap().remove("fromRecord");
    // Open exceptions grow older.
    sheet["signals"].as_array_mut().unwrap().retain(|one| one["name"] != "reconciliation_effort");
    sheet
}

#[tokio::test]
async fn signals_are_a_fold_of_the_ledger_whoever_folds_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crossdock.db");
    let world = World::with(|config| config.ledger = LedgerPlace::File(path.clone())).await;
    world.stock("P-100", "2").await;
    for id in ["1", "2", "3"] {
        let mut event = order(id);
        event["time"] = jiff::Timestamp::now().to_string().into();
        world.submit("commerce", &event).await;
    }
    for id in ["1", "2"] {
        world.event("order.released.v1", |data| data["orderId"] == id).await;
    }
    // Between two looks at the same head nothing happened.
    let (live, anew) = loop {
        let before = world.get("/process/v1/signals").await["head"].clone();
        let live = world.get("/process/v1/signals").await;
        let anew = world.get("/process/v1/signals?fromRecord=1").await;
        if anew["head"] == before {
            break (figures(live), figures(anew));
        }
    };
    let level = |id: &str| live["slas"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap().clone();
    assert_eq!(
        (&level("order-allocation")["verdict"], &level("order-allocation")["count"]),
        (&json!("met"), &json!(3))
    );
    let backorders = live["signals"].as_array().unwrap().iter().find(|one| one["name"] == "backorder_rate").unwrap();
    assert_eq!(
        (&backorders["part"], &backorders["whole"], &backorders["ppm"]),
        (&json!("1"), &json!("3"), &json!(333_333))
    );
    let stock = world.get("/process/v1/signals?synthetic=true").await;
    assert_eq!(stock["signals"], json!([]), "real and synthetic stand apart");

    assert_eq!(anew, live, "folded anew from the log");
    let of_nobody = world.get("/process/v1/signals?runId=r-1").await;
    let counts: Vec<&Value> = of_nobody["slas"].as_array().unwrap().iter().map(|one| &one["count"]).collect();
    assert!(counts.iter().all(|count| **count == 0), "{of_nobody}");
    let metrics = world.client.get(world.url("/metrics")).bearer_auth("key-of-operator").send().await.unwrap();
    let text = metrics.text().await.unwrap();
    assert!(text.contains("crossdock_sla_met{sla=\"order-allocation\"} 1"), "{text}");
    assert!(text.contains("crossdock_signal_ratio{signal=\"backorder_rate\"} 0.333333"), "{text}");
    let page = world.client.get(world.url("/ops")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("<tr><td>order-allocation<td class=n>3<td>p95 "), "{page}");
    let world = world.restart().await;
    assert_eq!(figures(world.get("/process/v1/signals").await), live, "and by another process");
}
