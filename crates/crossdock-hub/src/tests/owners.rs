//! What the hub reads of ownership and master data, through its doors and its ledger.

use serde_json::{Value, json};

use super::world::{CONTRACTS, World, order};
use crate::LedgerPlace;

#[tokio::test]
async fn what_is_ordered_in_cases_counts_in_pieces_before_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crossdock.db");
    let world = World::with(|config| config.ledger = LedgerPlace::File(path.clone())).await;
    world.stock("P-100", "30").await;
    let product = CONTRACTS.event("product.upserted.v1").unwrap().examples[0].value.clone();
    assert_eq!(product["data"]["units"], json!([{"unit": "CS", "factor": "12"}]));
    let (status, answer) = world.submit("erp", &product).await;
    assert_eq!(status, 202, "{answer}");

    let mut event = order("1");
    event["data"]["lines"] = json!([{"lineNumber": 1, "product": "P-100", "quantity": "2", "unit": "CS", "unitPrice": "403.00", "lineTotal": "806.00"}]);
    event["data"]["total"] = "806.00".into();
    // A sender's own factors are not read.
    event["unitfactors"] = "[]".into();
    let (status, answer) = world.submit("commerce", &event).await;
    assert_eq!(status, 202, "{answer}");
    let kept = world.event("order.captured.v1", |_| true).await;
    assert_eq!(kept["data"]["lines"][0]["unit"], "CS", "kept as it was said");
    let factors: Value = serde_json::from_str(kept["unitfactors"].as_str().unwrap()).unwrap();
    assert_eq!((&factors[0]["factor"], &factors[0]["version"]), (&json!("12"), &json!(3)));
    world.event("order.released.v1", |_| true).await;
    let sent: Value = serde_json::from_str(&world.targets["erp"].got("POST", "/orders")[0].body).unwrap();
    assert_eq!((&sent["lines"][0]["quantity"], &sent["lines"][0]["unit"]), (&json!("2"), &json!("CS")));
    let before = world.get("/process/v1/positions").await;
    assert_eq!(before["positions"][0]["allocated"], "24");

    let world = world.restart().await;
    assert_eq!(world.get("/process/v1/positions").await, before);
    assert_eq!(world.submit("erp", &product).await.1["results"][0]["outcome"], "duplicate");
}

#[tokio::test]
async fn a_count_of_the_erp_is_proposed_to_the_facility() {
    let world = World::new().await;
    world.stock("P-100", "10").await;
    let event = json!({
        "specversion": "1.0", "id": "erp-1", "source": "/erp", "type": "movement.adjusted.v1", "subject": "P-100",
        "time": "2026-03-02T08:00:00Z", "datacontenttype": "application/json",
        "data": {
            "movementId": "E-1", "facility": "DC-EAST", "product": "P-100", "quantity": "-2", "unit": "EA",
            "reason": "cycle_count",
        },
    });
    let (status, answer) = world.submit("erp", &event).await;
    assert_eq!((status, &answer["results"][0]["outcome"]), (202, &json!("accepted")), "{answer}");
    assert_eq!(answer["results"][0]["withoutEffect"], "proposed");
    assert_eq!(world.get("/process/v1/positions").await["positions"][0]["onHand"], "10");
    let open = world.get("/process/v1/exceptions?state=open").await;
    assert_eq!(open["exceptions"][0]["kind"], "ownership_proposal");
    let id = open["exceptions"][0]["exceptionId"].as_str().unwrap();
    let decision = json!({"resolution": "approve", "reason": "we counted again", "by": "j.doe"});
    let (status, answer) = world.post(&format!("/process/v1/exceptions/{id}/resolutions"), &decision).await;
    assert_eq!(status, 200, "{answer}");
    world.event("fact.adopted.v1", |data| data["proposedBy"] == "erp" && data["system"] == "wms-east").await;
    assert_eq!(world.get("/process/v1/positions").await["positions"][0]["onHand"], "8");
}

#[tokio::test]
async fn what_another_owns_is_refused_with_its_owner() {
    let world = World::new().await;
    let mut product = CONTRACTS.event("product.upserted.v1").unwrap().examples[0].value.clone();
    product["source"] = "/commerce".into();
    let (status, problem) = world.submit("commerce", &product).await;
    assert_eq!((status, &problem["errors"][0]["rule"]), (403, &json!("ownership")));
    assert_eq!(problem["errors"][0]["pointer"], "/data/baseUnit", "{problem}");
}
