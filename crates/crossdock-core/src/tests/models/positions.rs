//! Positions: a shelf is the sum of what was put on it and taken from it, at every source time.
//! Rules: docs/concepts/domain.md 3.1, 3.2, 4.4, 4.10, 5.1, 5.2, 5.5, I1, I3.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use serde_json::json;

use super::super::world::{World, id, wms};
use super::{FACILITIES, HISTORY, PRODUCTS, config, step};

/// What one movement put on a shelf: when, how much, and how much of that is held.
#[derive(Clone, Copy, Debug)]
struct Put {
    at: i64,
    on_hand: i64,
    held: i64,
}

type Place = (usize, usize);

#[derive(Clone, Debug, Default)]
struct Shelves {
    now: i64,
    numbers: u64,
    puts: BTreeMap<Place, Vec<Put>>,
    last: Option<Movement>,
}

/// `late`: seconds ago, by the facility's clock.
#[derive(Clone, Debug)]
enum Movement {
    Adjusted { place: Place, quantity: i64, late: i64, number: u64 },
    Received { place: Place, accepted: u8, rejected: u8, late: i64, number: u64 },
}

#[derive(Clone, Debug)]
enum Act {
    Wait {
        seconds: i64,
    },
    Moves(Movement),
    /// The last one again, as it was.
    Repeated,
    /// The last one's number with other content.
    Reused {
        quantity: i64,
    },
    Restart,
}

impl Shelves {
    fn sum(&self, place: Place, until: i64) -> (i64, i64) {
        let puts = self.puts.get(&place).into_iter().flatten().filter(|put| put.at <= until);
        puts.fold((0, 0), |(on_hand, held), put| (on_hand + put.on_hand, held + put.held))
    }
}

impl ReferenceStateMachine for Shelves {
    type State = Self;
    type Transition = Act;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Act> {
        let number = state.numbers;
        let place = || (0..PRODUCTS.len(), 0..FACILITIES.len());
        let adjusted = (place(), -5_i64..10, 0_i64..900)
            .prop_map(move |(place, quantity, late)| Act::Moves(Movement::Adjusted { place, quantity, late, number }));
        let received = (place(), 0_u8..6, 0_u8..3, 0_i64..900).prop_map(move |(place, accepted, rejected, late)| {
            Act::Moves(Movement::Received { place, accepted, rejected, late, number })
        });
        prop_oneof![
            2 => (1_i64..1_200).prop_map(|seconds| Act::Wait { seconds }),
            6 => adjusted,
            3 => received,
            1 => Just(Act::Repeated),
            1 => (20_i64..30).prop_map(|quantity| Act::Reused { quantity }),
            1 => Just(Act::Restart),
        ]
        .boxed()
    }

    fn preconditions(state: &Self, act: &Act) -> bool {
        match act {
            Act::Repeated | Act::Reused { .. } => state.last.is_some(),
            Act::Moves(Movement::Adjusted { number, .. } | Movement::Received { number, .. }) => {
                *number == state.numbers
            }
            Act::Wait { .. } | Act::Restart => true,
        }
    }

    fn apply(mut state: Self, act: &Act) -> Self {
        match act {
            Act::Wait { seconds } => state.now += seconds,
            Act::Moves(movement) => {
                let (place, put) = match movement {
                    Movement::Adjusted { place, quantity, late, .. } => {
                        (*place, Put { at: state.now - late, on_hand: *quantity, held: 0 })
                    }
                    Movement::Received { place, accepted, rejected, late, .. } => {
                        let (accepted, held) = (i64::from(*accepted), i64::from(*rejected));
                        (*place, Put { at: state.now - late, on_hand: accepted + held, held })
                    }
                };
                state.puts.entry(place).or_default().push(put);
                state.numbers += 1;
                state.last = Some(movement.clone());
            }
            Act::Repeated | Act::Reused { .. } | Act::Restart => {}
        }
        state
    }
}

struct Core {
    world: World,
    /// When each movement was sent, so that a repetition says the same.
    sent_at: i64,
}

fn time(seconds: i64) -> crossdock_model::Timestamp {
    let start: crossdock_model::Timestamp = id("2026-03-01T10:00:00Z");
    start + jiff::SignedDuration::from_secs(seconds)
}

fn fact(movement: &Movement, sent_at: i64, other: Option<i64>) -> serde_json::Value {
    let (kind, place, at, data) = match movement {
        Movement::Adjusted { place: (product, facility), quantity, late, number } => {
            let quantity = other.unwrap_or(*quantity).to_string();
            let data = json!({
                "movementId": format!("M-{number}"), "facility": FACILITIES[*facility], "product": PRODUCTS[*product],
                "quantity": quantity, "unit": "EA", "reason": "other",
            });
            ("movement.adjusted.v1", *facility, sent_at - late, data)
        }
        Movement::Received { place: (product, facility), accepted, rejected, late, number } => {
            let accepted = other.unwrap_or(i64::from(*accepted)).to_string();
            let line = json!({
                "lineNumber": 1, "product": PRODUCTS[*product], "unit": "EA", "accepted": accepted,
                "rejected": rejected.to_string(),
            });
            let data = json!({
                "movementId": format!("M-{number}"), "facility": FACILITIES[*facility], "asnNumber": format!("ASN-{number}"),
                "poNumber": "PO-UNKNOWN", "complete": true, "lines": [line],
            });
            ("movement.received.v1", *facility, sent_at - late, data)
        }
    };
    json!({ "fact": { "system": wms(FACILITIES[place]), "type": kind, "at": time(at).to_string(), "data": data } })
}

impl StateMachineTest for Core {
    type SystemUnderTest = Self;
    type Reference = Shelves;

    fn init_test(_: &Shelves) -> Self {
        Self { world: World::new(&serde_json::Value::Null), sent_at: 0 }
    }

    fn apply(mut core: Self, shelves: &Shelves, act: Act) -> Self {
        let last = shelves.last.as_ref();
        match act {
            Act::Wait { seconds } => step(&mut core.world, &json!({ "wait_ms": seconds * 1_000 })),
            Act::Moves(movement) => {
                core.sent_at = shelves.now;
                step(&mut core.world, &fact(&movement, shelves.now, None));
            }
            Act::Repeated => step(&mut core.world, &fact(last.expect("one came"), core.sent_at, None)),
            Act::Reused { quantity } => {
                step(&mut core.world, &fact(last.expect("one came"), core.sent_at, Some(quantity)));
            }
            Act::Restart => core.world.restart(),
        }
        core
    }

    fn check_invariants(core: &Self, shelves: &Shelves) {
        for place @ (product, facility) in (0..PRODUCTS.len()).flat_map(|p| (0..FACILITIES.len()).map(move |f| (p, f)))
        {
            let (product, facility) = (id(PRODUCTS[product]), id(FACILITIES[facility]));
            let state = core.world.state();
            let found = state.position(&product, &facility).cloned().unwrap_or_default();
            let (on_hand, held) = shelves.sum(place, shelves.now);
            assert_eq!(found.on_hand.to_string(), on_hand.to_string(), "on_hand of {product} at {facility}");
            assert_eq!(found.quarantined.to_string(), held.to_string(), "quarantined of {product} at {facility}");
            assert_eq!(
                found.sellable().to_string(),
                (on_hand - held).to_string(),
                "sellable of {product} at {facility}"
            );
            for back in [1, 300, 2_000] {
                let asked = shelves.now - back;
                let there = state.position_as_of(&product, &facility, time(asked)).expect("48 hours are kept");
                let (on_hand, held) = shelves.sum(place, asked);
                let as_of = (there.on_hand.to_string(), there.quarantined.to_string());
                assert_eq!(as_of, (on_hand.to_string(), held.to_string()), "{product} at {facility}, {back} s ago");
            }
        }
    }
}

prop_state_machine! {
    #![proptest_config(config())]

    #[test]
    fn positions_are_the_sum_of_their_movements(sequential HISTORY..(HISTORY + 1) => Core);
}
