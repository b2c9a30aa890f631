//! What has to hold after each step, and when all targets are well again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crossdock_model::{DeliveryId, Event, HubEvent, Ordering};

use super::Sim;
use super::steps::How;
use crate::delivery::Standing;
use crate::{CancelState, Entry, Input, Partition, invariants};

impl Sim {
    pub(super) fn check(&mut self) {
        let state = self.partition.state();
        self.broken.extend(invariants::check(state).into_iter().map(|v| format!("{}: {}", v.invariant, v.found)));
        for po in state.purchase_orders() {
            let before = self.statuses.insert(po.po.po_number.clone(), po.status);
            if before > Some(po.status) {
                self.broken.push(format!("I8: PO {} fell from {before:?} to {:?}", po.po.po_number, po.status));
            }
        }
        for order in state.orders() {
            let was_closed = self.closed.contains(&order.key) && !order.closed;
            let was_cancelled = self.cancelled.contains(&order.key) && order.cancel != CancelState::Done;
            if was_closed || was_cancelled {
                self.broken.push(format!("I8: order {} came back", order.key));
            }
            if order.closed {
                self.closed.insert(order.key.clone());
            }
            if order.cancel == CancelState::Done {
                self.cancelled.insert(order.key.clone());
            }
        }
        assert!(self.broken.is_empty(), "{:#?}\n{}", self.broken, self.log());
        self.partition.check();
    }

    /// All targets are well again and everybody is patient: nothing may stay open but what somebody has to decide.
    pub(super) fn end(&mut self) {
        self.slow = false;
        self.finish_append(true);
        for _ in 0..2_000 {
            if self.under_way.is_empty() {
                let Some(at) = self.partition.wake_at(self.now) else { break };
                self.now = at;
                self.feed(Input::Tick);
            }
            self.deliver(0, How::Good);
        }
        self.check();
        assert!(self.open_tickets.is_empty(), "nobody waits for ever: {:?}", self.open_tickets);
        self.every_plan_ends_once();
        self.published_versions_rise();
        let mut twin = Partition::new(Arc::clone(&self.policy), 9);
        for entry in &self.ledger {
            twin.restore(entry);
        }
        assert_eq!(format!("{:?}", twin.state()), format!("{:?}", self.partition.state()), "I11");
    }

    /// I10: done, dead, parked behind a dead one, or replaced by a newer one; and no two plans share a key.
    fn every_plan_ends_once(&self) {
        let deliveries = self.partition.state().deliveries();
        let mut ended: BTreeMap<DeliveryId, u32> = BTreeMap::new();
        let mut retired = BTreeSet::new();
        let mut effects = BTreeSet::new();
        let mut key_of = BTreeMap::new();
        let mut keys = BTreeSet::new();
        let mut newer: BTreeMap<(String, String), DeliveryId> = BTreeMap::new();
        for entry in &self.ledger {
            match &entry.event {
                Event::Hub(HubEvent::DeliverySucceeded(e)) => {
                    *ended.entry(e.delivery_id).or_default() += 1;
                    let key: &(String, crossdock_model::Text) = &key_of[&e.delivery_id];
                    assert!(effects.insert(key.clone()), "{key:?} took place twice:\n{}", self.log());
                }
                Event::Hub(HubEvent::DeliveryRetired(e)) => {
                    retired.insert(e.delivery_id);
                }
                Event::Hub(HubEvent::DeliveryPlanned(plan)) => {
                    let target = plan.target.to_string();
                    let key = (target.clone(), plan.idempotency_key.clone());
                    key_of.insert(DeliveryId(entry.seq), key.clone());
                    assert!(keys.insert(key) || plan.replays.is_some(), "{} twice", plan.idempotency_key);
                    if plan.ordering == Ordering::NewestWins {
                        newer.insert((target, plan.key.to_string()), DeliveryId(entry.seq));
                    }
                    let posting = plan.operation == "createPosting";
                    assert!(!(posting && entry.meta.synthetic), "I17: a synthetic posting at {}", entry.seq);
                }
                _ => {}
            }
        }
        for entry in &self.ledger {
            let Event::Hub(HubEvent::DeliveryPlanned(plan)) = &entry.event else { continue };
            let id = DeliveryId(entry.seq);
            let queue = (plan.target.to_string(), plan.key.to_string());
            let done = ended.get(&id).copied().unwrap_or(0);
            assert!(done <= 1, "delivery {id} ended {done} times");
            match deliveries.get(id) {
                Some(_) if done > 0 => panic!("delivery {id} is done and owed"),
                Some(_) => {
                    let standing = deliveries.standing(id);
                    let explained = matches!(standing, Some(Standing::Dead | Standing::Parked(_)));
                    assert!(explained, "delivery {id} waits for nothing ({standing:?}):\n{}", self.log());
                }
                None if done == 0 && !retired.contains(&id) => {
                    let replaced = plan.ordering == Ordering::NewestWins && newer.get(&queue) > Some(&id);
                    assert!(replaced, "delivery {id} was lost:\n{}", self.log());
                }
                None => {}
            }
        }
    }

    /// I13, in the order in which it was decided. The order in which it is sent is checked when it is.
    fn published_versions_rise(&self) {
        let mut versions: BTreeMap<(String, String), u64> = BTreeMap::new();
        for entry in &self.ledger {
            let Event::Hub(HubEvent::DeliveryPlanned(plan)) = &entry.event else { continue };
            if plan.operation == "updateAvailability" {
                let body = plan.body.to_json();
                let version = body["version"].as_u64().expect("a version");
                let last = versions.insert((plan.target.to_string(), plan.key.to_string()), version);
                assert!(last < Some(version) || plan.replaces.is_some(), "I13: version {version} after {last:?}");
                assert!(!body["available"].as_str().expect("a quantity").starts_with('-'), "I13: below zero");
            }
        }
    }

    fn log(&self) -> String {
        let line = |entry: &Arc<Entry>| match &entry.event {
            Event::Fact(fact) => format!("{} FACT {}", entry.seq, fact.to_data().unwrap_or_default()),
            Event::Hub(event) => {
                format!("{}   {} {}", entry.seq, event.event_type(), event.to_data().unwrap_or_default())
            }
        };
        self.ledger.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
