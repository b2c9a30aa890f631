//! What the core promises, as cases: `tests/data/partition/*.yaml` (steps) with `*.events` (what the ledger then holds).
//! A new case is a new `.yaml`; `UPDATE_EXPECT=1` writes its `.events`: review it as you would code.
//! After every step the invariants are checked; at the end the ledger is folded anew and must give the same state.

mod random;
mod world;

use crossdock_testkit::Case;
use serde_json::Value;

use world::World;

#[test]
fn partition_cases() {
    for case in Case::files("tests/data/partition", "yaml") {
        let document = case.document().unwrap_or_else(|d| panic!("{}: {d:?}", case.name)).root.to_value();
        let mut world = World::new(document.get("policy").unwrap_or(&Value::Null));
        for step in document["steps"].as_array().expect("steps: a list") {
            world.step(step);
        }
        world.refold();
        case.golden("events", &world.text());
    }
}

#[test]
fn a_failed_append_answers_nobody_with_yes() {
    let mut world = World::new(&Value::Null);
    world.broken_ledger = true;
    world.step(&serde_json::json!({ "order": { "id": "1", "lines": { "P-1": "1" } } }));
    assert_eq!(world.text(), "answer 1: unavailable\n");
}

#[test]
fn a_restart_in_the_middle_changes_nothing_but_the_doubt() {
    let steps = [
        serde_json::json!({ "opening": { "facility": "DC-EAST", "product": "P-1", "quantity": "5" } }),
        serde_json::json!({ "order": { "id": "1", "lines": { "P-1": "2" } } }),
    ];
    let mut world = World::new(&Value::Null);
    for step in &steps {
        world.step(step);
    }
    let before: Vec<_> = world.sent();
    world.restart();
    let after: Vec<_> = world.sent();
    assert!(!before.is_empty());
    assert_eq!(
        before.iter().map(|a| (a.id, a.plan.idempotency_key.clone())).collect::<Vec<_>>(),
        after.iter().map(|a| (a.id, a.plan.idempotency_key.clone())).collect::<Vec<_>>(),
        "what was under way goes out again, with the same keys"
    );
    assert!(before.iter().all(|a| !a.maybe_done));
    assert!(after.iter().all(|a| a.maybe_done), "and it is looked up first, where the target can");
}
