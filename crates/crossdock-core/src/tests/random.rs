//! The partition under random inputs: what senders, targets, people, time and crashes may do to it, in any order.
//! Here: the simulated world. What may happen (`steps.rs`), what it says (`messages.rs`), how it takes place (`driver.rs`), and what
//! has to hold (`checks.rs`) are below. Not here: single rules (`tests/data/decide`): a failure found here becomes a small case there.
//!
//! `PROPTEST_CASES` runs more of them; a failure is shrunk and printed with its steps.

mod buying;
mod checks;
mod driver;
mod lives;
mod messages;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crossdock_model::{BusinessKey, DeliveryId, Digest, Path, PoNumber, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Value, json};

use super::twin::{Moved, Pair};
use super::world::{id, policy};
use crate::delivery::Attempt;
use crate::{Entry, OrderKey, PoStatus, Policy, Seq};
use steps::Step;

const PRODUCTS: [&str; 4] = ["P-1", "P-2", "P-3", "SYN-1"];
/// Entries that one input may lead to: more would be a decision that feeds itself.
const MAX_OUTPUTS: usize = 20_000;

/// A call that had its effect at its target.
struct Effect {
    operation: String,
    path: Path,
    body: Value,
    answer: (u16, Value),
}

struct Sim {
    partition: Pair,
    policy: Arc<Policy>,
    ledger: Vec<Arc<Entry>>,
    index: BTreeMap<BusinessKey, (Digest, Seq)>,
    slow: bool,
    appending: Option<Vec<Arc<Entry>>>,
    under_way: Vec<Attempt>,
    effects: BTreeMap<(String, String), Effect>,
    /// Per target and key of a newest-wins queue: the last delivery that went out.
    newest: BTreeMap<(String, String), DeliveryId>,
    open_tickets: BTreeSet<u64>,
    statuses: BTreeMap<PoNumber, PoStatus>,
    cancelled: BTreeSet<OrderKey>,
    closed: BTreeSet<OrderKey>,
    tickets: u64,
    /// The last number of the facility that has numbers, and those that it left out.
    number: u64,
    left_out: Vec<u64>,
    now: Timestamp,
    broken: Vec<String>,
}

impl Sim {
    /// `orders`: what is declared of them.
    fn new(orders: &Value, with_twin: bool) -> Self {
        let mut policy = policy(&json!({
            "receiptTolerancePercent": "10", "acceptReductionPercent": "5", "priceTolerancePercent": "1",
            "allowancesMs": { "sent": 5_000, "supplier_ack": 20_000, "ship_notice": 20_000, "receipt": 30_000, "invoice": 30_000 },
            "giveUpAfterMs": 40_000,
            "ownership": { "movement/physical-count": {
                "otherwise": "propose", "grants": [{ "system": "wms-*", "may": ["create"] }],
            }},
            "orders": orders, "sequences": ["DC-EAST"], "variance": { "quantity": "3" }, "historyMs": 60_000,
        }));
        policy.keep_closed_ms = None;
        let policy = Arc::new(policy);
        let partition = if with_twin { Pair::with_twin(&policy, 7) } else { Pair::alone(&policy, 7) };
        Self {
            partition,
            policy,
            ledger: Vec::new(),
            index: BTreeMap::new(),
            slow: false,
            appending: None,
            under_way: Vec::new(),
            effects: BTreeMap::new(),
            newest: BTreeMap::new(),
            open_tickets: BTreeSet::new(),
            statuses: BTreeMap::new(),
            cancelled: BTreeSet::new(),
            closed: BTreeSet::new(),
            tickets: 0,
            number: 0,
            left_out: Vec::new(),
            now: id("2026-03-01T10:00:00Z"),
            broken: Vec::new(),
        }
    }
}

fn run(orders: &Value, steps: &[Step], with_twin: bool) -> Moved {
    let mut sim = Sim::new(orders, with_twin);
    for (east, product) in [(true, 0), (true, 1), (false, 0), (false, 2)] {
        sim.step(&Step::Adjust { east, product, quantity: 6 });
    }
    for step in steps {
        sim.step(step);
    }
    sim.end();
    sim.partition.end()
}

/// How many cases, and from which seed.
#[expect(clippy::disallowed_methods, reason = "it is asked of the environment")]
fn config(usual: u32) -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(usual);
    let seed = std::env::var("PROPTEST_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(20_260_301);
    Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: Config::default().max_shrink_iters.min(4_000),
        failure_persistence: None,
        ..Config::default()
    }
}

#[test]
fn any_order_of_things_keeps_the_invariants() {
    proptest!(config(150), |(orders in steps::declared(), steps in prop::collection::vec(steps::step(), 1..70))| {
        run(&orders, &steps, false);
    });
}

#[test]
fn what_left_memory_is_as_if_it_had_never_left() {
    let moved = std::cell::Cell::new(Moved::default());
    proptest!(config(120), |(orders in steps::declared(), steps in prop::collection::vec(lives::lives(), 1..120))| {
        moved.set(moved.get() + run(&orders, &steps, true));
    });
    let moved = moved.get();
    assert!(moved.archived > 50 && moved.recalled > 10 && moved.postponed > 5, "too little happened: {moved:?}");
}
