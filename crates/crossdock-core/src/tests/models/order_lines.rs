//! Order lines: what is reserved where, what waits, what left, by the plainest rules that keep the promises.
//! Rules: docs/concepts/domain.md 4.6, 4.8, 4.8.2, 4.9, 8.2, 8.3, 8.7, I2, I4, I6.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use serde_json::{Value, json};

use super::super::world::{World, id, wms};
use super::{FACILITIES, HISTORY, PRODUCTS, config, step};
use crate::OrderKey;

#[derive(Clone, Debug)]
struct Line {
    product: usize,
    ordered: i64,
    /// By facility.
    held: [i64; 2],
    waits: i64,
    shipped: i64,
    above: i64,
    cancelled: i64,
}

#[derive(Clone, Debug, Default)]
struct Book {
    movements: u64,
    /// By product and facility: what is there and good.
    sellable: BTreeMap<(usize, usize), i64>,
    /// Oldest first.
    orders: Vec<Vec<Line>>,
}

#[derive(Clone, Debug)]
enum Act {
    Stock {
        product: usize,
        facility: usize,
        quantity: i64,
    },
    /// By product.
    Order {
        lines: Vec<(usize, i64)>,
    },
    Cancel {
        order: usize,
    },
    Ship {
        order: usize,
        line: usize,
        facility: usize,
        quantity: i64,
    },
    ShortPick {
        order: usize,
        line: usize,
        facility: usize,
        quantity: i64,
    },
}

impl Book {
    /// Free at a facility: never more than nothing where too much is reserved.
    fn free(&self, product: usize, facility: usize) -> i64 {
        let held = self.orders.iter().flatten().filter(|line| line.product == product).map(|line| line.held[facility]);
        let there = self.sellable.get(&(product, facility)).copied().unwrap_or(0);
        (there - held.sum::<i64>()).max(0)
    }

    /// Reserves for one order: at one facility if one has it all, else wherever there is some. True if anything was reserved.
    fn reserve(&mut self, order: usize, wants: &[(usize, i64)], but: Option<usize>) -> bool {
        let asked: Vec<usize> = (0..FACILITIES.len()).filter(|f| Some(*f) != but).collect();
        let wanted = |book: &Self, product: usize| -> i64 {
            wants.iter().filter(|(line, _)| book.orders[order][*line].product == product).map(|(_, n)| n).sum()
        };
        let whole = asked.iter().copied().find(|f| {
            wants.iter().all(|(line, _)| {
                let product = self.orders[order][*line].product;
                self.free(product, *f) >= wanted(self, product)
            })
        });
        let mut any = false;
        for (line, wanted) in wants {
            let mut missing = *wanted;
            for facility in whole.map_or_else(|| asked.clone(), |f| vec![f]) {
                let taken = missing.min(self.free(self.orders[order][*line].product, facility));
                let line = &mut self.orders[order][*line];
                line.held[facility] += taken;
                line.waits -= taken;
                missing -= taken;
                any |= taken > 0;
            }
        }
        any
    }

    /// Who waits for a product is served from what is free now, the oldest first; who cannot be served at all ends it.
    fn serve(&mut self, product: usize) {
        for order in 0..self.orders.len() {
            let lines = self.orders[order].iter().enumerate();
            let wants: Vec<_> =
                lines.filter(|(_, l)| l.product == product && l.waits > 0).map(|(i, l)| (i, l.waits)).collect();
            if !wants.is_empty() && !self.reserve(order, &wants, None) {
                break;
            }
        }
    }

    fn is_open(&self, order: usize) -> bool {
        self.orders[order].iter().any(|line| line.held.iter().sum::<i64>() + line.waits > 0)
    }
}

impl ReferenceStateMachine for Book {
    type State = Self;
    type Transition = Act;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Act> {
        let place = || (0..PRODUCTS.len(), 0..FACILITIES.len());
        let stock = (place(), -4_i64..12)
            .prop_filter("a difference", |(_, quantity)| *quantity != 0)
            .prop_map(|((product, facility), quantity)| Act::Stock { product, facility, quantity });
        let order = prop::collection::vec((0..PRODUCTS.len(), 1_i64..7), 1..4).prop_map(|lines| Act::Order { lines });
        if state.orders.is_empty() {
            return prop_oneof![stock, order].boxed();
        }
        let orders = state.orders.len();
        let moved = || (0..orders, 0_usize..3, 0..FACILITIES.len(), 1_i64..6);
        prop_oneof![
            3 => stock,
            4 => order,
            1 => (0..orders).prop_map(|order| Act::Cancel { order }),
            3 => moved().prop_map(|(order, line, facility, quantity)| Act::Ship { order, line, facility, quantity }),
            1 => moved().prop_map(|(order, line, facility, quantity)| Act::ShortPick { order, line, facility, quantity }),
        ]
        .boxed()
    }

    fn preconditions(state: &Self, act: &Act) -> bool {
        match act {
            Act::Stock { .. } | Act::Order { .. } => true,
            Act::Cancel { order } => *order < state.orders.len() && state.is_open(*order),
            Act::Ship { order, line, .. } => state.orders.get(*order).is_some_and(|lines| *line < lines.len()),
            Act::ShortPick { order, line, facility, quantity } => {
                let lines = state.orders.get(*order);
                lines.and_then(|lines| lines.get(*line)).is_some_and(|line| line.held[*facility] >= *quantity)
            }
        }
    }

    fn apply(mut state: Self, act: &Act) -> Self {
        match act {
            Act::Stock { product, facility, quantity } => {
                *state.sellable.entry((*product, *facility)).or_default() += quantity;
                state.serve(*product);
            }
            Act::Order { lines } => {
                let line = |(product, ordered): &(usize, i64)| Line {
                    product: *product,
                    ordered: *ordered,
                    held: [0, 0],
                    waits: *ordered,
                    shipped: 0,
                    above: 0,
                    cancelled: 0,
                };
                state.orders.push(lines.iter().map(line).collect());
                let wants: Vec<_> = lines.iter().map(|(_, ordered)| *ordered).enumerate().collect();
                state.reserve(state.orders.len() - 1, &wants, None);
            }
            Act::Cancel { order } => {
                for line in &mut state.orders[*order] {
                    line.cancelled += line.waits + line.held.iter().sum::<i64>();
                    (line.waits, line.held) = (0, [0, 0]);
                }
                (0..PRODUCTS.len()).for_each(|product| state.serve(product));
            }
            Act::Ship { order, line, facility, quantity } => {
                let line = &mut state.orders[*order][*line];
                let held = line.held[*facility].min(*quantity);
                let waited = line.waits.min(quantity - held);
                line.held[*facility] -= held;
                line.waits -= waited;
                line.shipped += held + waited;
                line.above += quantity - held - waited;
                let product = line.product;
                *state.sellable.entry((product, *facility)).or_default() -= quantity;
            }
            Act::ShortPick { order, line, facility, quantity } => {
                let short = &mut state.orders[*order][*line];
                short.held[*facility] -= quantity;
                short.waits += quantity;
                let product = short.product;
                *state.sellable.entry((product, *facility)).or_default() -= quantity;
                state.reserve(*order, &[(*line, *quantity)], Some(*facility));
            }
        }
        state.movements += 1;
        state
    }
}

struct Core {
    world: World,
}

fn line(number: usize, product: usize, quantity: i64) -> Value {
    json!({ "lineNumber": number + 1, "product": PRODUCTS[product], "quantity": quantity.to_string(), "unit": "EA" })
}

impl StateMachineTest for Core {
    type SystemUnderTest = Self;
    type Reference = Book;

    fn init_test(_: &Book) -> Self {
        Self { world: World::new(&Value::Null) }
    }

    fn apply(mut core: Self, book: &Book, act: Act) -> Self {
        let movement = format!("M-{}", book.movements);
        let (system, kind, data) = match act {
            Act::Stock { product, facility, quantity } => {
                let data = json!({
                    "movementId": movement, "facility": FACILITIES[facility], "product": PRODUCTS[product],
                    "quantity": quantity.to_string(), "unit": "EA", "reason": "other",
                });
                (wms(FACILITIES[facility]), "movement.adjusted.v1", data)
            }
            Act::Order { lines } => {
                let lines = lines.iter().enumerate().map(|(i, (product, quantity))| {
                    let mut line = line(i, *product, *quantity);
                    line["unitPrice"] = "1.00".into();
                    line["lineTotal"] = format!("{quantity}.00").into();
                    line
                });
                let lines: Vec<Value> = lines.collect();
                let quantities = book.orders.last().expect("it was captured").iter().map(|line| line.ordered);
                let data = json!({
                    "orderId": format!("O-{}", book.orders.len() - 1), "channel": "commerce", "customerId": "C-1",
                    "currency": "USD", "orderedAt": "2026-03-01T09:59:59Z", "lines": lines,
                    "total": format!("{}.00", quantities.sum::<i64>()),
                    "shipTo": { "name": "A", "street": "1 St", "city": "B", "postalCode": "1", "country": "US" },
                });
                ("commerce", "order.captured.v1", data)
            }
            Act::Cancel { order } => {
                ("commerce", "order.cancel_requested.v1", json!({ "orderId": format!("O-{order}") }))
            }
            Act::Ship { order, line: number, facility, quantity } => {
                let product = book.orders[order][number].product;
                let data = json!({
                    "movementId": movement, "facility": FACILITIES[facility], "orderId": format!("O-{order}"),
                    "shipmentId": format!("S-{movement}"), "carrier": "carrier-swift",
                    "trackingNumber": format!("T-{movement}"), "lines": [line(number, product, quantity)],
                });
                (wms(FACILITIES[facility]), "movement.shipped.v1", data)
            }
            Act::ShortPick { order, line: number, facility, quantity } => {
                let product = book.orders[order][number].product;
                let data = json!({
                    "movementId": movement, "facility": FACILITIES[facility], "orderId": format!("O-{order}"),
                    "lines": [line(number, product, quantity)],
                });
                (wms(FACILITIES[facility]), "movement.short_picked.v1", data)
            }
        };
        step(&mut core.world, &json!({ "fact": { "system": system, "type": kind, "data": data } }));
        core
    }

    fn check_invariants(core: &Self, book: &Book) {
        let state = core.world.state();
        for (number, lines) in book.orders.iter().enumerate() {
            let key = OrderKey { source: id("commerce"), id: id(&format!("O-{number}")) };
            let found = state.order(&key).expect("it was captured");
            for (line, wanted) in found.lines.iter().zip(lines) {
                let held = FACILITIES.map(|facility| {
                    let held = line.allocated.iter().find(|(at, _)| at.as_str() == facility);
                    held.map_or("0".to_owned(), |(_, quantity)| quantity.to_string())
                });
                let figures =
                    [line.backordered, line.shipped, line.over_shipped, line.cancelled].map(|n| n.to_string());
                assert_eq!(held, wanted.held.map(|n| n.to_string()), "held for O-{number} line {}", line.number);
                let wanted = [wanted.waits, wanted.shipped, wanted.above, wanted.cancelled].map(|n| n.to_string());
                assert_eq!(figures, wanted, "waits, shipped, above, cancelled of O-{number} line {}", line.number);
            }
        }
        for ((product, facility), sellable) in &book.sellable {
            let found = state.position(&id(PRODUCTS[*product]), &id(FACILITIES[*facility])).expect("it moved");
            assert_eq!(found.sellable().to_string(), sellable.to_string(), "sellable of {product} at {facility}");
        }
    }
}

prop_state_machine! {
    #![proptest_config(config())]

    #[test]
    fn order_lines_are_served_as_promised(sequential HISTORY..(HISTORY + 1) => Core);
}
