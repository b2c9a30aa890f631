//! Purchase order lines: what is with the supplier, on its way, here, given up. Notices may be replaced and cancelled, receipts may be
//! early, short, over and rejected.
//! Rules: docs/concepts/domain.md 4.1, 4.3, 4.3.1, 4.4, 4.4.1, 4.4.2, I5.

use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use serde_json::json;

use super::super::world::{World, id};
use super::{HISTORY, config, step};
use crossdock_model::{ExceptionKind, Resolution};

/// Purchase orders of one history at most: each is worth some steps.
const ORDERS: usize = 16;
const NOTICES: usize = 3;

#[derive(Clone, Debug, Default)]
struct Shipment {
    /// The notice that holds: its purpose and how much it says.
    notice: Option<(&'static str, i64)>,
    announced: i64,
    received: i64,
    way: i64,
    short: i64,
    complete: bool,
}

#[derive(Clone, Debug, Default)]
struct Bought {
    ordered: i64,
    on_order: i64,
    accepted: i64,
    rejected: i64,
    cancelled: i64,
    over: i64,
    shipments: [Shipment; NOTICES],
}

impl Bought {
    fn way(&self) -> i64 {
        self.shipments.iter().map(|shipment| shipment.way).sum()
    }

    fn short(&self) -> i64 {
        self.shipments.iter().map(|shipment| shipment.short).sum()
    }

    /// What was moved for a notice goes back to the supplier.
    fn undo(&mut self, which: usize) {
        let shipment = &mut self.shipments[which];
        self.on_order += shipment.way;
        (shipment.way, shipment.announced, shipment.short) = (0, 0, 0);
    }

    /// What came before its notice was taken from the supplier's part already; after the end of its receipt nothing is on the way.
    fn announce(&mut self, which: usize, quantity: i64) {
        let shipment = &mut self.shipments[which];
        let to_come = if shipment.complete { 0 } else { (quantity - shipment.received).max(0) };
        let moved = to_come.min(self.on_order);
        shipment.announced = quantity;
        shipment.way += moved;
        self.on_order -= moved;
    }
}

#[derive(Clone, Debug, Default)]
struct Book {
    acts: u64,
    orders: Vec<Bought>,
}

#[derive(Clone, Debug)]
enum Act {
    Order { quantity: i64 },
    Notice { order: usize, which: usize, purpose: &'static str, quantity: i64 },
    Receipt { order: usize, which: usize, accepted: i64, rejected: i64, complete: bool },
    Settle { order: usize, again: bool },
    Restart,
}

impl ReferenceStateMachine for Book {
    type State = Self;
    type Transition = Act;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Act> {
        let order = (1_i64..60).prop_map(|quantity| Act::Order { quantity });
        if state.orders.is_empty() {
            return order.boxed();
        }
        let orders = state.orders.len();
        let purpose = prop_oneof![3 => Just("original"), 2 => Just("replace"), 1 => Just("cancel")];
        let notice = (0..orders, 0..NOTICES, purpose, 1_i64..16)
            .prop_map(|(order, which, purpose, quantity)| Act::Notice { order, which, purpose, quantity });
        let receipt = (0..orders, 0..NOTICES, 0_i64..9, 0_i64..3, any::<bool>()).prop_map(
            |(order, which, accepted, rejected, complete)| Act::Receipt { order, which, accepted, rejected, complete },
        );
        let settle = (0..orders, any::<bool>()).prop_map(|(order, again)| Act::Settle { order, again });
        prop_oneof![1 => order, 5 => notice, 4 => receipt, 2 => settle, 1 => Just(Act::Restart)].boxed()
    }

    /// Nothing happens to an order of which nothing is to come: it may be closed, which is another story.
    fn preconditions(state: &Self, act: &Act) -> bool {
        let expects = |order: &usize| state.orders.get(*order).filter(|order| order.on_order + order.way() > 0);
        match act {
            Act::Order { .. } => state.orders.len() < ORDERS,
            // The number of a first notice is used once.
            Act::Notice { order, which, purpose, .. } => {
                expects(order).is_some_and(|order| *purpose != "original" || order.shipments[*which].notice.is_none())
            }
            Act::Receipt { order, accepted, rejected, .. } => expects(order).is_some() && accepted + rejected > 0,
            Act::Settle { order, .. } => expects(order).is_some_and(|order| order.short() > 0),
            Act::Restart => true,
        }
    }

    fn apply(mut state: Self, act: &Act) -> Self {
        state.acts += 1;
        match act {
            Act::Order { quantity } => {
                state.orders.push(Bought { ordered: *quantity, on_order: *quantity, ..Bought::default() });
            }
            Act::Notice { order, which, purpose, quantity } => {
                let order = &mut state.orders[*order];
                let said = (*purpose, if *purpose == "cancel" { 0 } else { *quantity });
                let before = order.shipments[*which].notice.replace(said);
                if before == Some(said) {
                    return state;
                }
                if before.is_some() || *purpose == "cancel" {
                    order.undo(*which);
                }
                if *purpose != "cancel" {
                    order.announce(*which, *quantity);
                }
            }
            Act::Receipt { order, which, accepted, rejected, complete } => {
                let order = &mut state.orders[*order];
                let shipment = &mut order.shipments[*which];
                let came = accepted + rejected;
                let missing = (shipment.announced - shipment.received - came).max(0);
                let from_way = came.min(shipment.way);
                let from_order = (came - from_way).min(order.on_order);
                let over = came - from_way - from_order;
                // What is too much is taken off the good first.
                let over_good = over.min(*accepted);
                shipment.received += came;
                shipment.way -= from_way;
                shipment.complete |= complete;
                shipment.short = (shipment.short + if *complete { missing } else { 0 }).min(shipment.way);
                order.on_order -= from_order;
                order.accepted += accepted - over_good;
                order.rejected += rejected - (over - over_good);
                order.over += over;
            }
            Act::Settle { order, again } => {
                let order = &mut state.orders[*order];
                for shipment in &mut order.shipments {
                    let short = std::mem::take(&mut shipment.short);
                    shipment.way -= short;
                    *(if *again { &mut order.on_order } else { &mut order.cancelled }) += short;
                }
            }
            Act::Restart => {}
        }
        state
    }
}

struct Core {
    world: World,
}

impl StateMachineTest for Core {
    type SystemUnderTest = Self;
    type Reference = Book;

    fn init_test(_: &Book) -> Self {
        Self { world: World::new(&json!({ "receiptTolerancePercent": "0" })) }
    }

    fn apply(mut core: Self, book: &Book, act: Act) -> Self {
        // The supplier's clock moves on: a notice is never as old as the one before.
        step(&mut core.world, &json!({ "wait_ms": 1_000 }));
        let number = |order: usize| format!("PO-{order}");
        let asn = |order: usize, which: usize| format!("ASN-{order}-{which}");
        match act {
            Act::Order { quantity } => {
                let order = json!({ "number": number(book.orders.len() - 1), "quantity": quantity.to_string() });
                step(&mut core.world, &json!({ "po": order }));
            }
            Act::Notice { order, which, purpose, quantity } => {
                let mut notice = json!({
                    "po": number(order), "asn": asn(order, which), "purpose": purpose, "transport": format!("n-{}", book.acts),
                });
                if purpose != "cancel" {
                    notice["quantity"] = quantity.to_string().into();
                }
                step(&mut core.world, &json!({ "notice": notice }));
            }
            Act::Receipt { order, which, accepted, rejected, complete } => {
                let receipt = json!({
                    "po": number(order), "asn": asn(order, which), "movement": format!("RC-{}", book.acts),
                    "accepted": accepted.to_string(), "rejected": rejected.to_string(), "complete": complete,
                });
                step(&mut core.world, &json!({ "receipt": receipt }));
            }
            Act::Settle { order, again } => {
                let about = format!("po/{}", number(order));
                let asked = core.world.state().exceptions().find(|x| {
                    x.resolved.is_none()
                        && x.opened.about == about
                        && x.opened.kind == ExceptionKind::ReceiptDiscrepancy
                        && x.opened.resolutions.contains(&Resolution::SendAgain)
                });
                let asked =
                    asked.unwrap_or_else(|| panic!("nobody is asked what becomes of the short of {about}")).id.0;
                let resolution = if again { "send_again" } else { "give_up" };
                step(&mut core.world, &json!({ "resolve": { "id": asked, "resolution": resolution } }));
            }
            Act::Restart => core.world.restart(),
        }
        core
    }

    fn check_invariants(core: &Self, book: &Book) {
        let state = core.world.state();
        for (number, order) in book.orders.iter().enumerate() {
            let found = state.purchase_order(&id(&format!("PO-{number}"))).expect("it was created");
            let line = &found.lines[0];
            let figures = [
                line.on_order,
                line.in_transit,
                line.accepted,
                line.rejected,
                line.cancelled,
                line.over_received,
                line.short,
            ];
            let wanted = [
                order.on_order,
                order.way(),
                order.accepted,
                order.rejected,
                order.cancelled,
                order.over,
                order.short(),
            ];
            assert_eq!(
                figures.map(|n| n.to_string()),
                wanted.map(|n| n.to_string()),
                "on_order, in_transit, accepted, rejected, cancelled, over, short of PO-{number} ({})",
                order.ordered
            );
        }
    }
}

prop_state_machine! {
    #![proptest_config(config())]

    #[test]
    fn purchase_order_lines_lose_nothing(sequential HISTORY..(HISTORY + 1) => Core);
}
