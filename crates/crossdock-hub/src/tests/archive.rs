//! What is over leaves memory, is still shown, and is found again by whatever name somebody uses.

use std::time::Duration;

use serde_json::{Value, json};

use super::world::{World, order};
use crate::LedgerPlace;

/// A world whose hub keeps what is over for a second.
async fn forgetful(path: &std::path::Path) -> World {
    World::with(|config| {
        config.ledger = LedgerPlace::File(path.to_path_buf());
        config.policy.keep_closed = Duration::from_secs(1);
    })
    .await
}

async fn shipped_and_closed(world: &World, id: &str) {
    world.stock("P-100", "10").await;
    assert_eq!(world.submit("commerce", &order(id)).await.0, 202);
    world.event("order.released.v1", |data| data["orderId"] == id).await;
    let shipped = json!({
        "movementId": format!("SH-{id}"), "facility": "DC-EAST", "orderId": id, "shipmentId": format!("S-{id}"),
        "carrier": "carrier-swift", "trackingNumber": format!("T-{id}"),
        "lines": [{"lineNumber": 1, "product": "P-100", "quantity": "1", "unit": "EA"}],
    });
    let (status, answer) = world.submit("wms-east", &fact("wms-east", "movement.shipped.v1", id, &shipped)).await;
    assert_eq!(status, 202, "{answer}");
    world.event("order.closed.v1", |data| data["orderId"] == id).await;
}

fn fact(system: &str, event_type: &str, id: &str, data: &Value) -> Value {
    json!({
        "specversion": "1.0", "id": format!("{event_type}-{id}"), "source": format!("/{system}"), "type": event_type,
        "subject": id, "time": "2026-03-02T08:00:00Z", "datacontenttype": "application/json", "data": data,
    })
}

#[tokio::test]
async fn an_order_that_left_memory_is_shown_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let world = forgetful(&folder.path().join("crossdock.db")).await;
    shipped_and_closed(&world, "1").await;
    let by = ["1", "SO-1", "1?source=commerce"];
    let before = world.get("/process/v1/orders/1").await;
    assert_eq!(before["status"], "closed");
    world.event("object.archived.v1", |data| data["about"] == "order/commerce/1").await;
    let world = world.restart().await;
    assert_eq!(world.get("/process/v1/orders").await["orders"], json!([]), "lists show what is in memory");
    for name in by {
        assert_eq!(world.get(&format!("/process/v1/orders/{name}")).await, before, "by {name}");
    }
    assert_eq!(world.try_get("/process/v1/orders/1?source=crm").await.0, 404);

    // The same order again brings nothing back; a return does, by the number that the facility knows.
    assert_eq!(world.submit("commerce", &order("1")).await.1["results"][0]["outcome"], "duplicate");
    let back = json!({
        "movementId": "RT-1", "facility": "DC-EAST", "orderId": "1",
        "lines": [{"lineNumber": 1, "product": "P-100", "quantity": "1", "unit": "EA"}],
    });
    let (status, answer) = world.submit("wms-east", &fact("wms-east", "movement.returned.v1", "1", &back)).await;
    assert_eq!((status, &answer["results"][0]["correlationId"]), (202, &json!("flow-1")), "{answer}");
    world.event("object.recalled.v1", |data| data["about"] == "order/commerce/1").await;
    world.event("order.returned.v1", |data| data["orderId"] == "1").await;
    assert_eq!(
        world.get("/process/v1/exceptions?state=open").await["exceptions"],
        json!([]),
        "nobody is asked whose it is"
    );
    world.hub.shutdown().await;
}
