//! What the core promises, as cases: `tests/data/decide/<area>/*.yaml`, one file a case.
//! `given` leads to a state, `when` is what happens then, `then` is what the ledger holds of it and what was answered.
//! A new case is a new file with an empty `then`; `UPDATE_EXPECT=1` writes it: review it as you would code.
//! After every step the invariants are checked; at the end the ledger is folded anew and must give the same state.

mod bulk;
mod buying;
mod index;
mod ledgers;
mod models;
mod random;
mod readers;
mod rules;
mod stocking;
mod twin;
mod world;

use crossdock_testkit::Case;
use serde_json::Value;

use world::World;

const CASES: &str = "tests/data/decide";
/// Words that a case may have; another one is a slip of the pen that would show nothing.
const WORDS: [&str; 6] = ["rules", "policy", "show", "given", "when", "then"];

#[test]
fn decide_cases() {
    let mut failed = Vec::new();
    for case in Case::tree(CASES, "yaml") {
        // Every case runs, whatever became of the one before: a change of a rule is seen whole.
        if std::panic::catch_unwind(|| run(&case)).is_err() {
            failed.push(case.name);
        }
    }
    assert!(failed.is_empty(), "{} cases differ: {failed:#?}", failed.len());
}

fn run(case: &Case) {
    let document = case.document().unwrap_or_else(|d| panic!("{}: {d:?}", case.name)).root.to_value();
    let words = document.as_object().expect("a case is an object").keys();
    let odd: Vec<_> = words.filter(|word| !WORDS.contains(&word.as_str())).collect();
    assert!(odd.is_empty(), "{}: a case has {WORDS:?}, not {odd:?}", case.name);
    let mut world = World::new(document.get("policy").unwrap_or(&Value::Null));
    world.show_everything = document.get("show").is_some_and(|show| show == "all");
    for step in document.get("given").and_then(Value::as_array).into_iter().flatten() {
        world.step(step);
    }
    world.forget_text();
    for step in document["when"].as_array().unwrap_or_else(|| panic!("{}: when: a list of steps", case.name)) {
        world.step(step);
    }
    world.refold();
    case.golden_block("then", &world.text());
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
