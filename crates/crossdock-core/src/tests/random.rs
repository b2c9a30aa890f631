//! The partition under random inputs: what senders, targets, people, time and crashes may do to it, in any order.
//! Here: the steps, a driver with a ledger and targets of its own, and what has to hold after each step and at the end.
//! Not here: single rules (`tests/data/decide`): a failure found here becomes a small case there.
//!
//! `PROPTEST_CASES` runs more of them; a failure is shrunk and printed with its steps.

mod buying;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crossdock_model::{
    BusinessKey, DeliveryId, Digest, Event, ExceptionId, Fact, HubEvent, Ordering, Path, PoNumber, Timestamp,
};
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Value, json};

use super::stocking::{Number, Stocking, stocking};
use super::world::{digest, id, policy, wms};
use crate::delivery::{Attempt, AttemptOutcome, ReplayScan, Standing};
use crate::partition::{Command, Known, ReplayFilter};
use crate::{
    Answer, CancelState, Entry, Input, OrderKey, Output, Partition, PoStatus, Policy, Seq, Submission, invariants,
};

const PRODUCTS: [&str; 4] = ["P-1", "P-2", "P-3", "SYN-1"];
/// Entries that one input may lead to: more would be a decision that feeds itself.
const MAX_OUTPUTS: usize = 20_000;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Stock(Stocking),
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
enum How {
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

fn how() -> impl Strategy<Value = How> {
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

fn step() -> impl Strategy<Value = Step> {
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

/// A call that had its effect at its target.
struct Effect {
    operation: String,
    path: Path,
    body: Value,
    answer: (u16, Value),
}

struct Sim {
    partition: Partition,
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
    fn new() -> Self {
        let policy = Arc::new(policy(&json!({
            "receiptTolerancePercent": "10", "acceptReductionPercent": "5", "priceTolerancePercent": "1",
            "allowancesMs": { "sent": 5_000, "supplier_ack": 20_000, "ship_notice": 20_000, "receipt": 30_000, "invoice": 30_000 },
            "giveUpAfterMs": 40_000,
            "ownership": { "movement/physical-count": {
                "otherwise": "propose", "grants": [{ "system": "wms-*", "may": ["create"] }],
            }},
            "sequences": ["DC-EAST"], "variance": { "quantity": "3" }, "historyMs": 60_000,
        })));
        Self {
            partition: Partition::new(Arc::clone(&policy), 7),
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

    fn durable(&self) -> Seq {
        self.ledger.last().map_or(0, |entry| entry.seq)
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Deliver { which, how } => self.deliver(*which, *how),
            Step::Wait { ms } => {
                self.now += SignedDuration::from_millis(i64::from(*ms));
                self.feed(Input::Tick);
            }
            Step::Replay { which } => {
                let dead: Vec<_> = self.partition.state().deliveries().dead_letters().map(|d| d.id).collect();
                if let Some(id) = pick(&dead, *which) {
                    let command = Command::ReplayDeadLetter { id: *id, by: "ann".into(), reason: "again".into() };
                    self.command(command);
                }
            }
            Step::Resolve { which, how } => {
                let open = self.partition.state().exceptions().filter(|x| x.resolved.is_none());
                let open: Vec<_> = open.map(|x| (x.id, x.opened.resolutions.clone())).collect();
                if let Some((id, resolutions)) = pick(&open, *which) {
                    let Some(resolution) = pick(resolutions, *how) else { return };
                    let (id, resolution): (ExceptionId, _) = (*id, *resolution);
                    let command = Command::ResolveException {
                        id,
                        resolution,
                        by: "ann".into(),
                        reason: "looked".into(),
                        with: Value::Null,
                    };
                    self.command(command);
                }
            }
            Step::Edit { .. } | Step::Discard { .. } | Step::ReplayAll { .. } | Step::ReplayInto { .. } => {
                self.order(step);
            }
            Step::Slow => self.slow = true,
            Step::Durable => {
                self.slow = false;
                self.finish_append(true);
            }
            Step::Crash { appended, effects } => self.crash(*appended, *effects),
            Step::Stock(stocking) => self.stock(stocking),
            fact => {
                let (system, event_type, transport, synthetic, data) = self.fact(fact);
                self.submit(&system, event_type, &transport, synthetic, &data);
            }
        }
        self.check();
    }

    /// What a person orders about deliveries.
    fn order(&mut self, step: &Step) {
        let (by, reason) = ("ann".to_owned(), "again".to_owned());
        let dead: Vec<_> = self.partition.state().deliveries().dead_letters().map(|d| (d.id, d.plan.clone())).collect();
        let command = match step {
            Step::Edit { which } => pick(&dead, *which).map(|(id, plan)| {
                let mut body = plan.body.to_json();
                body["edited"] = self.tickets.into();
                Command::EditDeadLetter { id: *id, body, path: crossdock_model::Path::default(), by, reason }
            }),
            Step::Discard { which } => {
                pick(&dead, *which).map(|(id, _)| Command::DiscardDeadLetter { id: *id, by, reason })
            }
            Step::ReplayAll { limit } => {
                let filter = ReplayFilter { limit: usize::from(*limit), ..ReplayFilter::default() };
                Some(Command::Replay { filter, by, reason })
            }
            Step::ReplayInto { target, from, behind } => {
                let targets: Vec<_> = self.partition.state().deliveries().targets().cloned().collect();
                pick(&targets, *target).map(|target| {
                    let mut scan = ReplayScan::new(target.clone(), 5);
                    let read = self.ledger.len().saturating_sub(usize::from(*behind));
                    self.ledger[..read].iter().skip(usize::from(*from)).for_each(|entry| scan.take(entry));
                    Command::ReplayInto { scan: Box::new(scan), by, reason }
                })
            }
            _ => None,
        };
        if let Some(command) = command {
            self.command(command);
        }
    }

    /// The sender, type, transport id, mark and data of a step that is a message.
    fn fact(&self, step: &Step) -> (String, &'static str, String, bool, Value) {
        let facility = |east: bool| if east { "DC-EAST" } else { "DC-WEST" };
        let at = "2026-03-01T10:00:00Z";
        match step {
            Step::Adjust { east, product, quantity } => {
                let movement = format!("ADJ-{}", self.tickets);
                let data = json!({
                    "movementId": movement, "facility": facility(*east), "product": PRODUCTS[usize::from(*product)],
                    "quantity": quantity.to_string(), "unit": "EA", "reason": "cycle_count",
                });
                (wms(facility(*east)).into(), "movement.adjusted.v1", movement, false, data)
            }
            Step::Product { product, version, case, indivisible } => {
                let data = json!({
                    "product": PRODUCTS[usize::from(*product)], "version": version, "baseUnit": "EA",
                    "units": [{ "unit": "CS", "factor": case.to_string(), "indivisible": indivisible }],
                });
                ("erp".into(), "product.upserted.v1", format!("p-{}", self.tickets), false, data)
            }
            Step::Propose { east, product, quantity, cases } => {
                let movement = format!("ERP-{}", self.tickets);
                let data = json!({
                    "movementId": movement, "facility": facility(*east), "product": PRODUCTS[usize::from(*product)],
                    "quantity": quantity.to_string(), "unit": if *cases { "CS" } else { "EA" }, "reason": "cycle_count",
                });
                ("erp".into(), "movement.adjusted.v1", movement, false, data)
            }
            Step::Order { number, lines, transport, wrong_total } => {
                // One reserved product makes the whole order synthetic, as a probe's order is.
                let synthetic = lines.first().is_some_and(|(product, _)| *product == 3);
                let rows = lines.iter().enumerate().map(|(i, (product, quantity))| {
                    let product = if synthetic { "SYN-1" } else { PRODUCTS[usize::from(*product)] };
                    json!({
                        "lineNumber": i + 1, "product": product, "quantity": quantity.to_string(),
                        // Every third order is in cases, of whatever size they are then.
                        "unit": if number % 3 == 2 { "CS" } else { "EA" },
                        "unitPrice": "2.50", "lineTotal": money(u32::from(*quantity) * 250),
                    })
                });
                let total = lines.iter().map(|(_, quantity)| u32::from(*quantity) * 250).sum::<u32>();
                let data = json!({
                    "orderId": format!("O-{number}"), "channel": "commerce", "customerId": "C-1", "currency": "USD",
                    "orderedAt": at, "lines": rows.collect::<Vec<_>>(),
                    "total": money(total + u32::from(*wrong_total)),
                    "shipTo": { "name": "A", "street": "1 St", "city": "B", "postalCode": "1", "country": "US" },
                });
                ("commerce".into(), "order.captured.v1", format!("o-{number}-{transport}"), synthetic, data)
            }
            Step::Cancel { number } => {
                let data = json!({ "orderId": format!("O-{number}") });
                ("commerce".into(), "order.cancel_requested.v1", format!("c-{}", self.tickets), false, data)
            }
            Step::Ship { number, east, lines, movement } => {
                let rows = lines.iter().map(|(line, product, quantity)| {
                    let order = self.partition.state().order_by_id(&id(&format!("O-{number}")));
                    let ordered = order.and_then(|o| o.lines.iter().find(|l| l.number == u32::from(*line)));
                    let own = ordered.filter(|_| *product > 0).map(|l| l.product.to_string());
                    json!({
                        "lineNumber": line, "quantity": quantity.to_string(), "unit": "EA",
                        "product": own.unwrap_or_else(|| PRODUCTS[usize::from(*product)].to_owned()),
                    })
                });
                let data = json!({
                    "movementId": format!("SH-{movement}"), "facility": facility(*east), "orderId": format!("O-{number}"),
                    "shipmentId": format!("S-{movement}"), "carrier": "carrier-swift",
                    "trackingNumber": format!("T-{movement}"), "lines": rows.collect::<Vec<_>>(),
                });
                (wms(facility(*east)).into(), "movement.shipped.v1", format!("s-{}", self.tickets), false, data)
            }
            Step::Change { number, line, quantity, moved } => {
                let product = self.product_of(*number, *line);
                let mut data = json!({
                    "orderId": format!("O-{number}"),
                    "lines": [{
                        "lineNumber": line, "quantity": quantity.to_string(), "product": product, "unit": "EA",
                        "unitPrice": "2.50",
                    }],
                });
                if *moved {
                    data["shipTo"] = json!({
                        "name": "A", "street": format!("{} St", self.tickets), "city": "C", "postalCode": "1", "country": "US",
                    });
                }
                ("commerce".into(), "order.change_requested.v1", format!("ch-{}", self.tickets), false, data)
            }
            Step::CancelLine { number, line, quantity } => {
                let mut cancelled = json!({ "lineNumber": line });
                if *quantity > 0 {
                    cancelled["quantity"] = quantity.to_string().into();
                }
                let data = json!({ "orderId": format!("O-{number}"), "lines": [cancelled] });
                ("commerce".into(), "order.cancel_requested.v1", format!("cl-{}", self.tickets), false, data)
            }
            Step::ShortPick { number, east, line, quantity } => {
                let movement = format!("SP-{}", self.tickets);
                let data = json!({
                    "movementId": movement, "facility": facility(*east), "orderId": format!("O-{number}"),
                    "lines": [{
                        "lineNumber": line, "quantity": quantity.to_string(), "unit": "EA",
                        "product": self.product_of(*number, *line),
                    }],
                });
                (wms(facility(*east)).into(), "movement.short_picked.v1", movement, false, data)
            }
            Step::Recommend { number, product, east, quantity, cycle, dear, stale } => {
                let product = PRODUCTS[usize::from(*product)];
                let position = self.partition.state().position(&id(product), &id(facility(*east)));
                let version = position.map_or(0, |p| p.version);
                let data = json!({
                    "recommendationId": format!("R-{number}"), "product": product, "facility": facility(*east),
                    "supplier": "supplier-acme", "quantity": quantity.to_string(), "unit": "EA",
                    "unitPrice": if *dear { "90000.00" } else { "1.00" }, "currency": "USD", "cycle": cycle.to_string(),
                    "positionVersion": if *stale { version + 1 } else { version },
                });
                let transport = format!("r-{}", self.tickets);
                ("procurement".into(), "replenishment.recommended.v1", transport, product == "SYN-1", data)
            }
            Step::Functional { po, status } => {
                let data = json!({
                    "groupControlNumber": u32::from(*po) + 1, "status": (["A", "E", "R"][usize::from(*status)]),
                });
                let transport = format!("f-{}", self.tickets);
                ("supplier-acme".into(), "purchase_order.functionally_acknowledged.v1", transport, false, data)
            }
            Step::Confirm { po, quantity } => {
                let (number, product) = self.po(*po);
                let data = json!({
                    "poNumber": number, "acknowledgedAt": at,
                    "lines": [{ "lineNumber": 1, "product": product, "status": "accepted", "quantity": quantity.to_string(), "unit": "EA" }],
                });
                let transport = format!("a-{}", self.tickets);
                ("supplier-acme".into(), "purchase_order.acknowledged.v1", transport, false, data)
            }
            Step::Notice { po, number, quantity, transport, replace } => {
                let (po, product) = self.po(*po);
                let data = json!({
                    "asnNumber": format!("ASN-{number}"), "purpose": if *replace { "replace" } else { "original" },
                    "poNumber": po, "shippedAt": at, "trackingNumber": format!("IN-{number}"), "carrier": "carrier-swift",
                    "lines": [{ "lineNumber": 1, "product": product, "quantity": quantity.to_string(), "unit": "EA" }],
                });
                ("supplier-acme".into(), "shipment.notified.v1", format!("n-{number}-{transport}"), false, data)
            }
            Step::Buy { po, kind, n, tag } => {
                let (number, product) = self.po(*po);
                let (system, event_type, data) = buying::message(*kind, *n, *tag, &number, &product);
                (system.into(), event_type, format!("b-{}", self.tickets), false, data)
            }
            Step::Receive { po, notice, movement, lines, complete, east } => {
                let (number, product) = self.po(*po);
                let rows = lines.iter().map(|(rejected, accepted)| {
                    json!({
                        "lineNumber": 1, "product": product, "unit": "EA", "accepted": accepted.to_string(),
                        "rejected": rejected.to_string(),
                    })
                });
                let data = json!({
                    "movementId": format!("RC-{movement}"), "facility": facility(*east), "asnNumber": format!("ASN-{notice}"),
                    "poNumber": number, "complete": complete, "lines": rows.collect::<Vec<_>>(),
                });
                (wms(facility(*east)).into(), "movement.received.v1", format!("rc-{}", self.tickets), false, data)
            }
            Step::Invoice { po, number, lines, dear, transport } => {
                let (po, product) = self.po(*po);
                let (price, cents) = if *dear { ("1.50", 150) } else { ("1.00", 100) };
                let rows = lines.iter().map(|quantity| {
                    json!({
                        "lineNumber": 1, "product": product, "quantity": quantity.to_string(), "unit": "EA",
                        "unitPrice": price, "lineTotal": money(u32::from(*quantity) * cents),
                    })
                });
                let total = lines.iter().map(|quantity| u32::from(*quantity) * cents).sum::<u32>();
                let data = json!({
                    "invoiceNumber": format!("INV-{number}"), "poNumber": po, "supplier": "supplier-acme",
                    "invoicedAt": at, "currency": "USD", "lines": rows.collect::<Vec<_>>(), "total": money(total),
                });
                ("supplier-acme".into(), "invoice.received.v1", format!("i-{number}-{transport}"), false, data)
            }
            other => unreachable!("{other:?} is no message"),
        }
    }

    /// What a line of an order asks for; something else, where there is no such line.
    fn product_of(&self, number: u8, line: u8) -> String {
        let order = self.partition.state().order_by_id(&id(&format!("O-{number}")));
        let ordered = order.and_then(|o| o.lines.iter().find(|l| l.number == u32::from(line)));
        ordered.map_or_else(|| PRODUCTS[0].to_owned(), |l| l.product.to_string())
    }

    /// A purchase order that stands, and its product; one that does not, where there are not so many.
    fn po(&self, which: u8) -> (String, String) {
        let po = self.partition.state().purchase_orders().nth(usize::from(which));
        po.map_or(("PO-NONE".into(), "P-1".into()), |po| (po.po.po_number.to_string(), po.lines[0].product.to_string()))
    }

    fn stock(&mut self, stocking: &Stocking) {
        let at = self.now - SignedDuration::from_secs(i64::from(stocking.ago));
        let (system, event_type, data) = stocking.message(self.tickets, &at.to_string());
        let number = (stocking.facility() == "DC-EAST").then(|| match stocking.number {
            Number::Late if !self.left_out.is_empty() => self.left_out.remove(0),
            Number::Again => self.number.max(1),
            Number::Skips => {
                self.left_out.push(self.number + 1);
                self.number += 2;
                self.number
            }
            Number::Next | Number::Late => {
                self.number += 1;
                self.number
            }
        });
        let mut submission = self.submission(system, event_type, &format!("st-{}", self.tickets), false, &data);
        submission.source_time = Some(at);
        submission.source_sequence = number;
        self.admit(submission);
    }

    fn submit(&mut self, system: &str, event_type: &str, transport: &str, synthetic: bool, data: &Value) {
        let submission = self.submission(system, event_type, transport, synthetic, data);
        self.admit(submission);
    }

    fn submission(&self, system: &str, event_type: &str, transport: &str, synthetic: bool, data: &Value) -> Submission {
        let fact = Fact::from_data(event_type, data.clone()).expect("a fact").expect("well-formed data");
        Submission {
            system: id(system),
            id: transport.to_owned(),
            fact,
            digest: digest(data),
            source_time: Some(self.now),
            correlation_id: None,
            causation_id: None,
            source_sequence: None,
            synthetic,
            run_id: None,
            acknowledge: event_type.starts_with("shipment").then(|| json!({ "ack": transport })),
        }
    }

    fn admit(&mut self, submission: Submission) {
        let keys = Partition::keys_of(&submission).into_iter();
        let known = Known { keys: keys.filter_map(|key| Some((key.clone(), *self.index.get(&key)?))).collect() };
        let ticket = self.ticket();
        self.feed(Input::Admit { ticket, submission: Box::new(submission), known });
    }

    fn command(&mut self, command: Command) {
        let ticket = self.ticket();
        self.feed(Input::Command { ticket, command });
    }

    fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.open_tickets.insert(self.tickets);
        self.tickets
    }

    fn feed(&mut self, input: Input) {
        self.partition.handle(input, self.now);
        self.drain();
    }

    fn drain(&mut self) {
        for _ in 0..MAX_OUTPUTS {
            let Some(output) = self.partition.next_output(self.now) else { return };
            match output {
                Output::Append { expected, entries } => {
                    assert_eq!(expected, self.durable(), "appends follow the head");
                    assert!(self.appending.replace(entries).is_none(), "one append at a time");
                    if !self.slow {
                        self.finish_append(false);
                    }
                }
                Output::Answer { ticket, answer } => self.answered(ticket, &answer),
                Output::Send(attempt) => self.sent(*attempt),
                Output::Publish { entries } => {
                    assert!(entries.iter().all(|e| e.seq <= self.durable()), "published before it is durable");
                }
            }
        }
        panic!("the partition never comes to rest");
    }

    fn finish_append(&mut self, drain: bool) {
        let Some(entries) = self.appending.take() else { return };
        self.keep(entries);
        self.partition.handle(Input::Appended { upto: self.durable() }, self.now);
        if drain {
            self.drain();
        }
    }

    fn keep(&mut self, entries: Vec<Arc<Entry>>) {
        for entry in entries {
            for (key, digest) in &entry.keys {
                self.index.entry(key.clone()).or_insert((*digest, entry.seq));
            }
            self.ledger.push(entry);
        }
    }

    fn answered(&mut self, ticket: u64, answer: &Answer) {
        assert!(self.open_tickets.remove(&ticket), "ticket {ticket} is answered once");
        let durable = self.durable();
        match answer {
            Answer::Accepted { seq, .. } => assert!(*seq <= durable, "answered before {seq} is durable"),
            Answer::Duplicate { first } => {
                assert!(first.is_none_or(|seq| seq <= durable), "a duplicate of nothing durable");
            }
            Answer::Rejected(_) | Answer::Replayed { .. } => {}
            Answer::Unavailable => panic!("nothing failed"),
        }
    }

    fn sent(&mut self, attempt: Attempt) {
        assert!(attempt.id.0 <= self.durable(), "sent before it is durable");
        let plan = &attempt.plan;
        if plan.ordering != Ordering::Independent {
            let twin = self.under_way.iter().find(|a| a.plan.target == plan.target && a.plan.key == plan.key);
            assert!(twin.is_none(), "two of one key under way: {:?} and {attempt:?}", twin.map(|a| a.id));
        }
        if plan.ordering == Ordering::NewestWins {
            let last = self.newest.insert((plan.target.to_string(), plan.key.to_string()), attempt.id);
            assert!(last <= Some(attempt.id), "{last:?} was sent before the older {}", attempt.id);
        }
        self.under_way.push(attempt);
    }

    fn deliver(&mut self, which: u8, how: How) {
        if self.under_way.is_empty() {
            return;
        }
        let attempt = self.under_way.remove(usize::from(which) % self.under_way.len());
        let problem = |status: u16, retry_after_ms| AttemptOutcome::Answered {
            status,
            problem: true,
            retry_after_ms,
            body: json!({ "detail": "no" }),
        };
        let known = self.effects.contains_key(&effect_key(&attempt));
        let outcome = match how {
            How::TooLate if attempt.plan.operation == "cancelRelease" && !known => problem(409, None),
            // Whoever took a call never refuses its repetition.
            How::Refused if !known => problem(422, None),
            How::Good | How::TooLate | How::Refused => {
                let (status, body) = self.effect(&attempt);
                AttemptOutcome::Answered { status, problem: false, retry_after_ms: None, body }
            }
            How::Locked => problem(401, None),
            How::Broken => problem(503, None),
            How::Busy => problem(429, Some(700)),
            How::Unreachable => AttemptOutcome::NotSent { why: "refused".into() },
            How::TimeoutBefore => AttemptOutcome::Ambiguous { why: "timeout".into() },
            How::TimeoutAfter => {
                self.effect(&attempt);
                AttemptOutcome::Ambiguous { why: "timeout".into() }
            }
        };
        self.feed(Input::Delivered { id: attempt.id, outcome });
    }

    /// A target that honours keys: the first call has its effect, each further one gets the first answer.
    fn effect(&mut self, attempt: &Attempt) -> (u16, Value) {
        let plan = &attempt.plan;
        let number = self.effects.len();
        let made = || Effect {
            operation: plan.operation.to_string(),
            path: plan.path.clone(),
            body: plan.body.to_json(),
            answer: match plan.operation.as_str() {
                "createOrder" => (201, json!({ "erpOrderNumber": format!("E-{number}") })),
                "createPurchaseOrder" => (201, json!({ "poNumber": format!("PO-{number}") })),
                _ => (200, Value::Null),
            },
        };
        let effect = self.effects.entry(effect_key(attempt)).or_insert_with(made);
        assert_eq!(
            (effect.operation.as_str(), &effect.path, &effect.body),
            (plan.operation.as_str(), &plan.path, &plan.body.to_json()),
            "one key says two things: {}",
            plan.idempotency_key
        );
        effect.answer.clone()
    }

    fn crash(&mut self, appended: bool, effects: u8) {
        if let Some(entries) = self.appending.take().filter(|_| appended) {
            self.keep(entries);
        }
        for (i, attempt) in std::mem::take(&mut self.under_way).into_iter().enumerate() {
            if effects >> (i % 8) & 1 == 1 {
                self.effect(&attempt);
            }
        }
        self.slow = false;
        self.open_tickets.clear();
        self.statuses.clear();
        self.cancelled.clear();
        self.closed.clear();
        self.partition = Partition::new(Arc::clone(&self.policy), 8);
        for entry in &self.ledger {
            self.partition.restore(entry);
        }
        self.feed(Input::Tick);
    }

    fn check(&mut self) {
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
    }

    /// All targets are well again and everybody is patient: nothing may stay open but what somebody has to decide.
    fn end(&mut self) {
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

fn effect_key(attempt: &Attempt) -> (String, String) {
    (attempt.plan.target.to_string(), attempt.plan.idempotency_key.to_string())
}

fn pick<T>(list: &[T], which: u8) -> Option<&T> {
    if list.is_empty() { None } else { list.get(usize::from(which) % list.len()) }
}

fn money(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn run(steps: &[Step]) {
    let mut sim = Sim::new();
    for (east, product) in [(true, 0), (true, 1), (false, 0), (false, 2)] {
        sim.step(&Step::Adjust { east, product, quantity: 6 });
    }
    for step in steps {
        sim.step(step);
    }
    sim.end();
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how many cases, and from which seed, is asked of the environment")]
fn any_order_of_things_keeps_the_invariants() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(150);
    let seed = std::env::var("PROPTEST_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(20_260_301);
    let config = Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: Config::default().max_shrink_iters.min(4_000),
        failure_persistence: None,
        ..Config::default()
    };
    proptest!(config, |(steps in prop::collection::vec(step(), 1..70))| run(&steps));
}
