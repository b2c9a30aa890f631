//! A bulk answer: what was taken is done, what was not goes for itself (docs/concepts/domain.md 14.3).

use std::collections::BTreeMap;
use std::sync::Arc;

use crossdock_model::{BulkItems, DeliveryId, DeliveryPlanned, Event, HubEvent, Ordering, Path, Text};
use serde_json::{Value, json};

use super::world::{id, policy};
use crate::delivery::{AttemptOutcome, ItemEnd, Lanes, settle};
use crate::{Context, Entry, Policy, State, decide};

const NOW: &str = "2026-03-01T10:00:00Z";

fn apply(state: &mut State, event: HubEvent) -> Entry {
    let context = Context { correlation_id: id("cor-1"), synthetic: false, run_id: None };
    let meta = decide::hub_meta(&context, None, id(NOW));
    let entry = Entry { seq: state.seq() + 1, meta, ..entry(event) };
    state.apply(&entry);
    entry
}

fn entry(event: HubEvent) -> Entry {
    let context = Context { correlation_id: id("cor-1"), synthetic: false, run_id: None };
    let meta = decide::hub_meta(&context, None, id(NOW));
    Entry { seq: 0, meta, event: Event::Hub(event), keys: Vec::new(), said: None }
}

/// Four prices in one call.
fn bulk() -> DeliveryPlanned {
    let keys: Vec<Text> = ["price/A", "price/B", "price/C", "price/D"].map(Text::from).to_vec();
    DeliveryPlanned {
        target: id("commerce"),
        operation: "updatePrices".into(),
        key: "prices".into(),
        ordering: Ordering::NewestWins,
        idempotency_key: "updatePrices:7".into(),
        path: Path::default(),
        body: json!({ "currency": "USD", "prices": [{"p": "A"}, {"p": "B"}, {"p": "C"}, {"p": "D"}] }).into(),
        edi: None,
        about: "prices/7".into(),
        items: Some(Box::new(BulkItems { at: "/prices".into(), keys })),
        maybe_done: false,
        replaces: None,
        replays: None,
        isolation: None,
    }
}

/// The plans that follow from an answer, as their key, idempotency key, body and whether each is looked up first.
fn left_after(outcome: AttemptOutcome) -> Vec<Value> {
    let (mut state, policy): (State, Policy) = (State::default(), policy(&Value::Null));
    let plan = Arc::new(bulk());
    apply(&mut state, HubEvent::DeliveryPlanned(Arc::clone(&plan)));
    let events = settle(state.deliveries(), &policy, &Lanes::default(), (DeliveryId(1), outcome), id(NOW), 7);
    let [event] = events.try_into().expect("one end");
    let entry = apply(&mut state, event);
    let mut found = Vec::new();
    for draft in decide::after_delivery(&state, &policy, &plan, &entry, id(NOW)) {
        let HubEvent::DeliveryPlanned(plan) = &draft.event else { panic!("{draft:?}") };
        found.push(json!([plan.key, plan.idempotency_key, plan.body, plan.maybe_done]));
        // The call of one item, in the order of its own key, whatever the order of the whole.
        let items = plan.items.as_deref().map(|items| (items.at.to_string(), items.keys.clone()));
        assert_eq!(items, Some(("/prices".to_owned(), vec![plan.key.clone()])));
        assert_eq!((&plan.about, plan.ordering), (&plan.key, Ordering::InOrder));
        assert_eq!((plan.target.as_str(), plan.operation.as_str()), ("commerce", "updatePrices"));
        apply(&mut state, draft.event);
    }
    assert_eq!(state.deliveries().counts(&id("commerce")).waiting, found.len());
    assert!(crate::invariants::check(&state).is_empty());
    found
}

fn ends(ends: &[(&str, ItemEnd)]) -> AttemptOutcome {
    let items: BTreeMap<Text, ItemEnd> = ends.iter().map(|(key, end)| (Text::from(*key), end.clone())).collect();
    AttemptOutcome::Items { status: 207, body: Value::Null, items }
}

#[test]
fn what_a_bulk_answer_did_not_take_goes_for_itself() {
    let failed = ItemEnd::Failed { why: "unknown product".to_owned() };
    let found = left_after(ends(&[("price/A", ItemEnd::Done), ("price/B", failed), ("price/C", ItemEnd::Unknown)]));
    let body = |product: &str| json!({ "currency": "USD", "prices": [{ "p": product }] });
    let wanted = [
        json!(["price/B", "updatePrices:7:price/B", body("B"), false]),
        json!(["price/C", "updatePrices:7:price/C", body("C"), true]),
        // The answer does not speak of it: it may be done.
        json!(["price/D", "updatePrices:7:price/D", body("D"), true]),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn a_plain_yes_to_a_bulk_call_is_a_yes_to_all() {
    let plain = AttemptOutcome::Answered { status: 200, problem: false, retry_after_ms: None, body: Value::Null };
    assert!(left_after(plain).is_empty());
    let all = ["price/A", "price/B", "price/C", "price/D"].map(|key| (key, ItemEnd::Done));
    assert!(left_after(ends(&all)).is_empty());
}
