//! What may happen, and how often. Not here: what each step says (`messages.rs`) and does (`driver.rs`).

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::stocking::{Stocking, stocking};
use super::lives::Life;

/// One thing that happens.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Stock(Stocking),
    /// A whole life in one step: see `lives`.
    Life(Life),
    Adjust {
        east: bool,
        product: u8,
        quantity: i8,
    },
    /// A version of a product, with a case of its own size.
    Product {
        product: u8,
        version: u8,
        case: u8,
        indivisible: bool,
    },
    /// The ERP counts what a WMS owns: its owner is asked.
    Propose {
        east: bool,
        product: u8,
        quantity: i8,
        cases: bool,
    },
    Order {
        number: u8,
        lines: Vec<(u8, u8)>,
        transport: u8,
        wrong_total: bool,
    },
    Cancel {
        number: u8,
    },
    Ship {
        number: u8,
        east: bool,
        lines: Vec<(u8, u8, u8)>,
        movement: u8,
    },
    Change {
        number: u8,
        line: u8,
        quantity: u8,
        moved: bool,
    },
    CancelLine {
        number: u8,
        line: u8,
        quantity: u8,
    },
    ShortPick {
        number: u8,
        east: bool,
        line: u8,
        quantity: u8,
    },
    /// A customer's goods come back, as the facility found them.
    Return {
        number: u8,
        east: bool,
        line: u8,
        quantity: u8,
        found: u8,
    },
    Refund {
        number: u8,
        line: u8,
        quantity: u8,
        restock: bool,
    },
    /// A person moves what is not released of a line to another facility.
    MoveLine {
        number: u8,
        line: u8,
        east: bool,
    },
    Recommend {
        number: u8,
        product: u8,
        east: bool,
        quantity: u8,
        cycle: u8,
        dear: bool,
        stale: bool,
    },
    Functional {
        po: u8,
        status: u8,
    },
    Confirm {
        po: u8,
        quantity: u8,
    },
    Notice {
        po: u8,
        number: u8,
        quantity: u8,
        transport: u8,
        replace: bool,
    },
    /// What buyers, suppliers and inspectors may say besides: see `buying`.
    Buy {
        po: u8,
        kind: u8,
        n: u8,
        tag: u8,
    },
    Receive {
        po: u8,
        notice: u8,
        movement: u8,
        lines: Vec<(u8, u8)>,
        complete: bool,
        east: bool,
    },
    Invoice {
        po: u8,
        number: u8,
        lines: Vec<u8>,
        dear: bool,
        transport: u8,
    },
    Deliver {
        which: u8,
        how: How,
    },
    Wait {
        ms: u16,
    },
    Replay {
        which: u8,
    },
    Resolve {
        which: u8,
        how: u8,
    },
    Edit {
        which: u8,
    },
    Discard {
        which: u8,
    },
    ReplayAll {
        limit: u8,
    },
    /// The log was read up to so many entries before its head.
    ReplayInto {
        target: u8,
        from: u8,
        behind: u8,
    },
    /// From now on appends take their time; the next one ends the wait.
    Slow,
    Durable,
    /// What was being appended may have become durable; what was under way may have had its effect.
    Crash {
        appended: bool,
        effects: u8,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum How {
    Good,
    Refused,
    Locked,
    Broken,
    Busy,
    Unreachable,
    TimeoutBefore,
    TimeoutAfter,
    TooLate,
}

pub(super) fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        12 => Just(How::Good),
        1 => Just(How::Refused),
        1 => Just(How::Locked),
        1 => Just(How::Broken),
        1 => Just(How::Busy),
        1 => Just(How::Unreachable),
        1 => Just(How::TimeoutBefore),
        1 => Just(How::TimeoutAfter),
        2 => Just(How::TooLate),
    ]
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let line = || (0..3_u8, 0..7_u8);
    prop_oneof![
        3 => (any::<bool>(), 0..3_u8, -3..9_i8).prop_map(|(east, product, quantity)| Step::Adjust { east, product, quantity }),
        2 => (0..3_u8, 1..5_u8, 2..5_u8, any::<bool>())
            .prop_map(|(product, version, case, indivisible)| Step::Product { product, version, case, indivisible }),
        1 => (any::<bool>(), 0..3_u8, -3..9_i8, any::<bool>())
            .prop_map(|(east, product, quantity, cases)| Step::Propose { east, product, quantity, cases }),
        8 => stocking().prop_map(Step::Stock),
        6 => (0..6_u8, prop::collection::vec((0..4_u8, 0..7_u8), 1..4), 0..2_u8, prop::bool::weighted(0.05))
            .prop_map(|(number, lines, transport, wrong_total)| Step::Order { number, lines, transport, wrong_total }),
        2 => (0..7_u8).prop_map(|number| Step::Cancel { number }),
        4 => (0..7_u8, any::<bool>(), prop::collection::vec((1..4_u8, 0..3_u8, 0..8_u8), 1..3), 0..6_u8)
            .prop_map(|(number, east, lines, movement)| Step::Ship { number, east, lines, movement }),
        3 => (0..7_u8, 1..5_u8, 0..8_u8, prop::bool::weighted(0.2))
            .prop_map(|(number, line, quantity, moved)| Step::Change { number, line, quantity, moved }),
        2 => (0..7_u8, 1..4_u8, 0..5_u8).prop_map(|(number, line, quantity)| Step::CancelLine { number, line, quantity }),
        2 => (0..7_u8, any::<bool>(), 1..4_u8, 0..8_u8)
            .prop_map(|(number, east, line, quantity)| Step::ShortPick { number, east, line, quantity }),
        2 => (0..7_u8, any::<bool>(), 1..4_u8, 0..5_u8, 0..4_u8)
            .prop_map(|(number, east, line, quantity, found)| Step::Return { number, east, line, quantity, found }),
        1 => (0..7_u8, 1..4_u8, 1..5_u8, any::<bool>())
            .prop_map(|(number, line, quantity, restock)| Step::Refund { number, line, quantity, restock }),
        1 => (0..7_u8, 1..4_u8, any::<bool>()).prop_map(|(number, line, east)| Step::MoveLine { number, line, east }),
        4 => (0..5_u8, 0..4_u8, any::<bool>(), 0..12_u8, 0..2_u8, prop::bool::weighted(0.2), prop::bool::weighted(0.1))
            .prop_map(|(number, product, east, quantity, cycle, dear, stale)| Step::Recommend { number, product, east, quantity, cycle, dear, stale }),
        1 => (0..4_u8, 0..3_u8).prop_map(|(po, status)| Step::Functional { po, status }),
        2 => (0..4_u8, 0..14_u8).prop_map(|(po, quantity)| Step::Confirm { po, quantity }),
        4 => (0..4_u8, 0..4_u8, 0..14_u8, 0..2_u8, prop::bool::weighted(0.1))
            .prop_map(|(po, number, quantity, transport, replace)| Step::Notice { po, number, quantity, transport, replace }),
        6 => (0..4_u8, 0..14_u8, 0..14_u8, 0..3_u8).prop_map(|(po, kind, n, tag)| Step::Buy { po, kind, n, tag }),
        5 => (0..4_u8, 0..4_u8, 0..8_u8, prop::collection::vec(line(), 1..3), any::<bool>(), any::<bool>())
            .prop_map(|(po, notice, movement, lines, complete, east)| Step::Receive { po, notice, movement, lines, complete, east }),
        3 => (0..4_u8, 0..5_u8, prop::collection::vec(0..9_u8, 1..3), prop::bool::weighted(0.2), 0..2_u8)
            .prop_map(|(po, number, lines, dear, transport)| Step::Invoice { po, number, lines, dear, transport }),
        30 => (any::<u8>(), how()).prop_map(|(which, how)| Step::Deliver { which, how }),
        4 => prop_oneof![0..500_u16, 0..60_000_u16].prop_map(|ms| Step::Wait { ms }),
        2 => any::<u8>().prop_map(|which| Step::Replay { which }),
        1 => any::<u8>().prop_map(|which| Step::Edit { which }),
        1 => any::<u8>().prop_map(|which| Step::Discard { which }),
        1 => (0..4_u8).prop_map(|limit| Step::ReplayAll { limit }),
        2 => (any::<u8>(), 0..20_u8, prop_oneof![3 => Just(0_u8), 1 => 0..20_u8])
            .prop_map(|(target, from, behind)| Step::ReplayInto { target, from, behind }),
        3 => (any::<u8>(), any::<u8>()).prop_map(|(which, how)| Step::Resolve { which, how }),
        2 => Just(Step::Slow),
        2 => Just(Step::Durable),
        2 => (any::<bool>(), any::<u8>()).prop_map(|(appended, effects)| Step::Crash { appended, effects }),
    ]
}

/// What is declared of orders, in the words of a case: nothing as often as anything.
pub(super) fn declared() -> impl Strategy<Value = Value> {
    let split = prop::sample::select(vec!["parts", "whole_lines", "whole_orders"]);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let any = (split, flags, prop::option::of(1..3_u8), any::<bool>());
    let declared = any.prop_map(|(split, (most, one, early, sellable), facilities, by_destination)| {
        let mut orders = json!({
            "split": split, "mostStockFirst": most, "oneFacilityIfPossible": one, "releaseWhileErpIsDown": early,
            "returnsAreSellable": sellable,
        });
        if let Some(most) = facilities {
            orders["maxFacilities"] = most.into();
        }
        if by_destination {
            orders["destinations"] = json!([{ "country": "US", "facilities": ["DC-WEST", "DC-EAST"] }]);
        }
        orders
    });
    prop_oneof![Just(Value::Null), declared]
}
