//! What the hub reads of a state, and what no output shows: counts that are kept so that nobody walks, work that is not left over.
//! Not here: what a case can show (`tests/data/decide`).

use serde_json::{Value, json};

use super::world::{World, id};
use crate::OrderStatus;

fn world(steps: &[Value]) -> World {
    let mut world = World::new(&Value::Null);
    for step in steps {
        world.step(step);
    }
    world
}

fn order(number: &str, quantity: &str) -> Value {
    json!({ "order": { "id": number, "lines": { "P-1": quantity } } })
}

fn booked(number: &str) -> Value {
    json!({ "answer": { "call": "erp.createOrder", "status": 201, "body": { "erpOrderNumber": number } } })
}

#[test]
fn an_order_is_found_by_the_number_of_the_erp() {
    let world = world(&[order("A", "1"), booked("E-1"), order("B", "1")]);
    let found = world.state().order_by_erp_number(&id("E-1"));
    assert_eq!(found.map(|order| order.key.id.to_string()), Some("A".to_owned()));
    assert!(world.state().order_by_erp_number(&id("E-2")).is_none());
}

#[test]
fn what_waits_for_people_is_counted_as_it_is_listed() {
    let mut world = world(&[
        json!({ "shipped": { "order": "NOBODY", "facility": "DC-EAST", "lines": { "P-1": "1" } } }),
        order("A", "1"),
        json!({ "answer": { "call": "commerce.updateOrderStatus", "status": 422, "problem": true } }),
    ]);
    let state = world.state();
    let open: Vec<_> = state.open_exceptions().map(|x| x.id.0).collect();
    assert_eq!((open.len(), state.open_exception_count()), (2, 2), "an unknown order, and a position below zero");
    assert!(open.is_sorted(), "the oldest first: {open:?}");
    let dead: Vec<_> = state.deliveries().dead_letters().map(|letter| letter.id.0).collect();
    assert_eq!((dead.len(), state.deliveries().dead_count()), (1, 1));
    world.step(&json!({ "resolve": { "id": open[0], "resolution": "ignore" } }));
    world.step(&json!({ "discard": { "id": dead[0], "reason": "nobody needs it" } }));
    assert_eq!(world.state().open_exception_count(), 1);
    assert_eq!(world.state().exceptions().count(), 2, "what was decided is kept");
    assert_eq!(world.state().deliveries().dead_count(), 0);
}

#[test]
fn an_order_says_how_it_stands_in_one_word() {
    let mut world = world(&[json!({ "opening": { "facility": "DC-EAST", "product": "P-1", "quantity": "3" } })]);
    let mut words = Vec::new();
    let mut stands = |world: &World, number: &str| {
        let status = world.state().order_by_id(&id(number)).expect("an order").status();
        words.push(status);
        status
    };
    world.step(&order("A", "2"));
    assert_eq!(stands(&world, "A"), OrderStatus::Allocated);
    world.step(&order("B", "2"));
    assert_eq!(stands(&world, "B"), OrderStatus::PartiallyAllocated);
    world.step(&order("C", "1"));
    assert_eq!(stands(&world, "C"), OrderStatus::Backordered);
    world.step(&booked("E-1"));
    world.step(&json!({ "answer": { "call": "wms-east.createAllocation", "status": 201 } }));
    world.step(&json!({ "answer": { "call": "wms-east.createRelease", "status": 201 } }));
    assert_eq!(stands(&world, "A"), OrderStatus::Released);
    let shipped = |n: u8| {
        json!({ "fact": { "system": "wms-east", "type": "movement.shipped.v1", "data": {
            "movementId": format!("SH-{n}"), "facility": "DC-EAST", "orderId": "A", "shipmentId": format!("S-{n}"),
            "carrier": "carrier-swift", "trackingNumber": format!("T-{n}"),
            "lines": [{ "lineNumber": 1, "product": "P-1", "quantity": "1", "unit": "EA" }],
        }}})
    };
    world.step(&shipped(1));
    assert_eq!(stands(&world, "A"), OrderStatus::PartiallyShipped);
    world.step(
        &json!({ "fact": { "system": "commerce", "type": "order.cancel_requested.v1", "data": { "orderId": "C" } } }),
    );
    assert_eq!(stands(&world, "C"), OrderStatus::Cancelled);
    let a = world.state().order_by_id(&id("A")).expect("an order");
    assert!(a.is_open() && !a.is_delivered());
    let distinct: std::collections::BTreeSet<_> = words.iter().map(|status| status.as_str()).collect();
    assert_eq!(distinct.len(), words.len(), "each has a word of its own: {distinct:?}");
}

/// A snapshot line that agrees is not looked at again with every movement: a facility has as many as it has products.
#[test]
fn a_snapshot_that_agrees_leaves_no_work() {
    let snapshot = |on_hand: &str| {
        json!({ "fact": { "system": "wms-east", "type": "stock.snapshot.v1", "data": {
            "snapshotId": "N-1", "facility": "DC-EAST", "asOf": "2026-03-01T10:00:05Z",
            "lines": [{ "product": "P-1", "onHand": on_hand, "unit": "EA" }],
        }}})
    };
    let opening = json!({ "opening": { "facility": "DC-EAST", "product": "P-1", "quantity": "10" } });
    let work = |on_hand: &str| {
        let world = world(&[opening.clone(), json!({ "wait_ms": 10_000 }), snapshot(on_hand)]);
        (world.state().stock.counted.unsettled_of(&id("DC-EAST")).len(), world.state().open_exception_count())
    };
    assert_eq!(work("10"), (0, 0));
    assert_eq!(work("8").1, 1, "one that does not is asked about");
}

#[test]
fn a_run_that_cleaned_up_has_left_nothing() {
    let mut world = world(&[
        json!({ "opening": { "facility": "DC-EAST", "product": "SYN-1", "quantity": "5" } }),
        json!({ "order": { "id": "A", "lines": { "SYN-1": "1" }, "synthetic": true, "run": "R-1" } }),
    ]);
    assert_eq!(world.state().synthetic_open(), 1);
    assert!(!world.state().residue(&id("R-1")).is_empty());
    assert!(world.state().residue(&id("R-2")).is_empty(), "that is another's");
    world.step(&json!({ "fact": { "system": "commerce", "synthetic": true, "run": "R-1", "type": "order.cancel_requested.v1", "data": { "orderId": "A" } } }));
    for system in ["erp", "wms-east", "commerce", "procurement"] {
        world.step(&json!({ "answers": system }));
    }
    assert_eq!(world.state().synthetic_open(), 0);
    assert!(world.state().residue(&id("R-1")).is_empty(), "{:?}", world.state().residue(&id("R-1")));
}

#[test]
fn what_a_run_bought_is_left_until_it_is_closed() {
    let recommended = |number: &str, price: &str| {
        json!({ "fact": { "system": "procurement", "synthetic": true, "run": "R-1", "type": "replenishment.recommended.v1", "data": {
            "recommendationId": number, "product": "SYN-1", "facility": "DC-EAST", "supplier": "supplier-acme",
            "quantity": "1", "unit": "EA", "unitPrice": price, "currency": "USD", "cycle": number, "positionVersion": 0,
        }}})
    };
    let world = world(&[
        recommended("R-1", "1.00"),
        json!({ "answer": { "call": "erp.createPurchaseOrder", "status": 201, "body": { "poNumber": "PO-1" } } }),
        recommended("R-2", "90000.00"),
    ]);
    let state = world.state();
    let numbers: Vec<_> = state.recommendations().map(|one| one.recommendation.recommendation_id.to_string()).collect();
    assert_eq!(numbers, ["R-1", "R-2"]);
    let left = state.residue(&id("R-1"));
    assert_eq!(left.purchase_orders, [id("PO-1")]);
    assert_eq!(left.recommendations, [id("R-2")], "the one that is an order already does not wait");
    assert_eq!(left.exceptions.len(), 1, "the approval of the other");
}

#[test]
fn a_synthetic_transaction_is_open_until_its_end() {
    let mut world = world(&[
        json!({ "opening": { "facility": "DC-EAST", "product": "SYN-1", "quantity": "5" } }),
        json!({ "order": { "id": "A", "lines": { "SYN-1": "1" }, "synthetic": true, "run": "R-1" } }),
        booked("E-1"),
    ]);
    assert_eq!(world.state().synthetic_open(), 1);
    world.step(&json!({ "shipped": { "order": "A", "facility": "DC-EAST", "lines": { "SYN-1": "1" }, "synthetic": true, "run": "R-1" } }));
    assert!(!world.state().order_by_id(&id("A")).expect("an order").is_open(), "it is closed");
    assert_eq!(world.state().synthetic_open(), 0);
    let recommended = json!({ "fact": { "system": "procurement", "synthetic": true, "run": "R-1", "type": "replenishment.recommended.v1", "data": {
        "recommendationId": "R-1", "product": "SYN-1", "facility": "DC-EAST", "supplier": "supplier-acme",
        "quantity": "1", "unit": "EA", "unitPrice": "90000.00", "currency": "USD", "cycle": "1", "positionVersion": 2,
    }}});
    world.step(&recommended);
    assert_eq!(world.state().synthetic_open(), 1);
    let asked = world.state().open_exceptions().last().expect("an approval").id.0;
    world.step(&json!({ "resolve": { "id": asked, "resolution": "reject" } }));
    assert_eq!(world.state().synthetic_open(), 0);
}

#[test]
fn two_questions_of_one_kind_about_one_order_are_two() {
    let returned = |number: &str, quantity: &str| {
        json!({ "fact": { "system": "wms-east", "type": "movement.returned.v1", "data": {
            "movementId": number, "facility": "DC-EAST", "orderId": "A",
            "lines": [{ "lineNumber": 1, "product": "P-1", "quantity": quantity, "unit": "EA" }],
        }}})
    };
    let mut world = world(&[
        json!({ "opening": { "facility": "DC-EAST", "product": "P-1", "quantity": "5" } }),
        order("A", "2"),
        booked("E-1"),
        json!({ "shipped": { "order": "A", "facility": "DC-EAST", "lines": { "P-1": "2" } } }),
        returned("RT-1", "3"),
        returned("RT-2", "1"),
    ]);
    let open: Vec<_> = world.state().open_exceptions().map(|x| x.id.0).collect();
    assert_eq!((open.len(), world.state().open_exception_count()), (2, 2), "each return is asked about for itself");
    world.step(&json!({ "resolve": { "id": open[0], "resolution": "ignore" } }));
    let left: Vec<_> = world.state().open_exceptions().map(|x| x.id.0).collect();
    assert_eq!(left, open[1..], "the other one waits");
}
