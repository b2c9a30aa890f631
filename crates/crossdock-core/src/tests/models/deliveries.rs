//! Delivery queues: which messages are under way, told from what the ledger says and nothing else.
//! Rules: docs/concepts/domain.md 12.1, 12.2, 12.7, 12.8, I10.
//! The model keeps plain lists. Of each key the oldest is under way, if it is not dead, its time has come, and its target is called at all.

use std::collections::{BTreeMap, BTreeSet};

use crossdock_model::{DeliveryId, Event, HubEvent, Ordering, SystemId, Text, Timestamp};
use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use serde_json::json;

use super::super::world::World;
use super::{FACILITIES, HISTORY, PRODUCTS, config, step};
use crate::Entry;

/// What people and targets do: what is owed because of it stands in the ledger.
#[derive(Clone, Debug, Default)]
struct Days {
    orders: usize,
    stocked: u32,
}

#[derive(Clone, Copy, Debug)]
enum How {
    Good,
    Refused,
    Broken,
    Locked,
    Unreachable,
    Silent,
}

#[derive(Clone, Debug)]
enum Act {
    Order { product: usize },
    Cancel { order: usize },
    Stock { product: usize, facility: usize },
    Answer { which: usize, how: How },
    Wait { ms: i64 },
    Replay { which: usize },
    Restart,
}

impl ReferenceStateMachine for Days {
    type State = Self;
    type Transition = Act;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Act> {
        let how = prop_oneof![
            6 => Just(How::Good),
            1 => Just(How::Refused),
            3 => Just(How::Broken),
            1 => Just(How::Locked),
            1 => Just(How::Unreachable),
            1 => Just(How::Silent),
        ];
        let orders = state.orders.max(1);
        prop_oneof![
            2 => (0..PRODUCTS.len()).prop_map(|product| Act::Order { product }),
            1 => (0..orders).prop_map(|order| Act::Cancel { order }),
            2 => (0..PRODUCTS.len(), 0..FACILITIES.len()).prop_map(|(product, facility)| Act::Stock { product, facility }),
            9 => (0_usize..64, how).prop_map(|(which, how)| Act::Answer { which, how }),
            3 => prop_oneof![1_i64..2_000, 10_000_i64..60_000].prop_map(|ms| Act::Wait { ms }),
            1 => (0_usize..8).prop_map(|which| Act::Replay { which }),
            1 => Just(Act::Restart),
        ]
        .boxed()
    }

    fn preconditions(state: &Self, act: &Act) -> bool {
        match act {
            Act::Cancel { order } => *order < state.orders,
            _ => true,
        }
    }

    fn apply(mut state: Self, act: &Act) -> Self {
        state.orders += usize::from(matches!(act, Act::Order { .. }));
        state.stocked += u32::from(matches!(act, Act::Stock { .. }));
        state
    }
}

#[derive(Clone, Debug)]
struct Owed {
    id: DeliveryId,
    key: Text,
    not_before: Timestamp,
    dead: bool,
}

/// The queues as the ledger tells them.
#[derive(Debug, Default)]
struct Queues {
    read: usize,
    by_target: BTreeMap<SystemId, Vec<Owed>>,
    closed_until: BTreeMap<SystemId, Timestamp>,
    succeeded: BTreeSet<DeliveryId>,
}

impl Queues {
    fn read(&mut self, entry: &Entry) {
        let Event::Hub(event) = &entry.event else { return };
        let at = entry.meta.received_at;
        match event {
            HubEvent::DeliveryPlanned(plan) => {
                let id = DeliveryId(entry.seq);
                let queue = self.by_target.entry(plan.target.clone()).or_default();
                let mut key = plan.key.clone();
                match plan.ordering {
                    Ordering::NewestWins => {
                        // Only the oldest may be under way; of the others only the newest matters. A dead one is old news: it
                        // stands aside until its owner is told.
                        let head =
                            queue.iter().find(|owed| owed.key == key).filter(|owed| !owed.dead).map(|owed| owed.id);
                        queue.retain(|owed| owed.key != key || owed.dead || Some(owed.id) == head);
                        for dead in queue.iter_mut().filter(|owed| owed.key == key && owed.dead) {
                            dead.key = format!("{key}#{}", dead.id).into();
                        }
                    }
                    Ordering::Independent => key = format!("{key}#{id}").into(),
                    Ordering::InOrder => {}
                }
                queue.push(Owed { id, key, not_before: at, dead: false });
            }
            HubEvent::DeliverySucceeded(e) => {
                assert!(self.succeeded.insert(e.delivery_id), "I10: {} succeeded twice", e.delivery_id);
                self.remove(&e.target, e.delivery_id);
            }
            HubEvent::DeliveryRetired(e) => self.remove(&e.target, e.delivery_id),
            HubEvent::AttemptFailed(e) => self.owed(e.delivery_id).not_before = e.retry_at,
            HubEvent::DeadLetterOpened(e) => self.owed(e.delivery_id).dead = true,
            HubEvent::DeadLetterReplayed(e) => {
                let owed = self.owed(e.delivery_id);
                (owed.dead, owed.not_before) = (false, at);
            }
            HubEvent::BreakerOpened(e) => {
                self.closed_until.insert(e.target.clone(), e.retry_at.expect("an open breaker says until when"));
            }
            HubEvent::BreakerClosed(e) => {
                self.closed_until.remove(&e.target);
            }
            _ => {}
        }
    }

    fn owed(&mut self, id: DeliveryId) -> &mut Owed {
        let mut all = self.by_target.values_mut().flatten();
        all.find(|owed| owed.id == id).unwrap_or_else(|| panic!("{id} is not owed"))
    }

    fn remove(&mut self, target: &SystemId, id: DeliveryId) {
        self.owed(id);
        self.by_target.entry(target.clone()).or_default().retain(|owed| owed.id != id);
    }

    /// The oldest of each key that is not dead and whose time has come.
    fn heads(queue: &[Owed], now: Timestamp) -> BTreeSet<DeliveryId> {
        let mut keys = BTreeSet::new();
        let first = queue.iter().filter(|owed| keys.insert(&owed.key));
        first.filter(|owed| !owed.dead && owed.not_before <= now).map(|owed| owed.id).collect()
    }
}

struct Core {
    world: World,
    queues: Queues,
}

impl Core {
    fn answer(&mut self, which: usize, how: How) {
        let sent = self.world.sent();
        let Some(attempt) = sent.get(which % sent.len().max(1)) else { return };
        let plan = &attempt.plan;
        let mut answer = json!({ "call": format!("{}.{}", plan.target, plan.operation), "problem": true });
        match how {
            How::Good => {
                answer["status"] = 200.into();
                answer["body"] = json!({ "erpOrderNumber": format!("E-{}", plan.key) });
            }
            How::Refused => answer["status"] = 422.into(),
            How::Broken => answer["status"] = 503.into(),
            How::Locked => answer["status"] = 401.into(),
            How::Unreachable => answer["lost"] = "refused".into(),
            How::Silent => answer["lost"] = "timeout".into(),
        }
        step(&mut self.world, &json!({ "answer": answer }));
    }
}

impl StateMachineTest for Core {
    type SystemUnderTest = Self;
    type Reference = Days;

    fn init_test(_: &Days) -> Self {
        Self { world: World::new(&json!({ "maxAttempts": 3 })), queues: Queues::default() }
    }

    fn apply(mut core: Self, days: &Days, act: Act) -> Self {
        match act {
            Act::Order { product } => {
                let order = json!({ "id": format!("O-{}", days.orders - 1), "lines": { PRODUCTS[product]: "1" } });
                step(&mut core.world, &json!({ "order": order }));
            }
            Act::Cancel { order } => {
                let data = json!({ "orderId": format!("O-{order}") });
                let fact = json!({ "system": "commerce", "type": "order.cancel_requested.v1", "data": data });
                step(&mut core.world, &json!({ "fact": fact }));
            }
            Act::Stock { product, facility } => {
                let data = json!({
                    "movementId": format!("M-{}", days.stocked), "facility": FACILITIES[facility],
                    "product": PRODUCTS[product], "quantity": "1", "unit": "EA", "reason": "other",
                });
                let system = super::super::world::wms(FACILITIES[facility]);
                let fact = json!({ "system": system, "type": "movement.adjusted.v1", "data": data });
                step(&mut core.world, &json!({ "fact": fact }));
            }
            Act::Answer { which, how } => core.answer(which, how),
            Act::Wait { ms } => step(&mut core.world, &json!({ "wait_ms": ms })),
            Act::Replay { which } => {
                let dead: Vec<_> = core.world.state().deliveries().dead_letters().map(|d| d.id.0).collect();
                if let Some(id) = dead.get(which % dead.len().max(1)) {
                    step(&mut core.world, &json!({ "replay": { "id": id } }));
                }
            }
            Act::Restart => core.world.restart(),
        }
        let unread: Vec<_> = core.world.ledger().skip(core.queues.read).cloned().collect();
        core.queues.read += unread.len();
        for entry in &unread {
            core.queues.read(entry);
        }
        core
    }

    fn check_invariants(core: &Self, _: &Days) {
        let now = core.world.now();
        let under_way: BTreeMap<_, _> =
            core.world.sent().into_iter().map(|attempt| (attempt.id, attempt.plan.target.clone())).collect();
        for (target, queue) in &core.queues.by_target {
            let mine: BTreeSet<_> = under_way.iter().filter(|(_, to)| *to == target).map(|(id, _)| *id).collect();
            let heads = Queues::heads(queue, now);
            match core.queues.closed_until.get(target) {
                // It is called: whatever may go is under way, and nothing else.
                None => assert_eq!(mine, heads, "under way to {target}"),
                // What was under way when it closed may still be.
                Some(until) if *until > now => {}
                // Its trial.
                Some(_) => assert!(!mine.is_empty() || heads.is_empty(), "nobody tries {target} again"),
            }
            let known: BTreeSet<_> = queue.iter().map(|owed| owed.id).collect();
            assert!(mine.is_subset(&known), "{mine:?} are under way to {target}, owed are {known:?}");
        }
        let owed: BTreeSet<_> = core.queues.by_target.values().flatten().map(|owed| owed.id).collect();
        let kept: BTreeSet<_> = core.world.state().deliveries().iter().map(|delivery| delivery.id).collect();
        assert_eq!(kept, owed, "nothing that is owed is lost, nothing else is kept");
    }
}

prop_state_machine! {
    #![proptest_config(config())]

    #[test]
    fn deliveries_go_out_in_order_and_none_is_lost(sequential HISTORY..(HISTORY + 1) => Core);
}
