//! Whole lives of objects in one step: shipped, received, billed, decided, left alone; and what is said of them afterwards.
//! Why: at random alone, hardly anything is ever over.

use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::world::{id, wms};
use super::Sim;
use super::driver::pick;
use super::steps::{How, Step, step};
use crate::Input;
use crate::partition::Command;

/// One such step.
#[derive(Clone, Debug)]
pub(super) enum Life {
    /// Every call is answered, and well.
    Settle,
    /// Everything that waits for a person is decided.
    Decide { how: u8 },
    /// All that is allocated to an order leaves.
    Ship { number: u8 },
    /// All of a purchase order comes in and is billed.
    Receive { po: u8 },
    /// An order of one single unit.
    Unit { number: u8, unit: u8 },
    /// Something is said of an order, late.
    Late { number: u8, kind: u8, quantity: u8 },
    /// Time goes by.
    Pass,
}

/// Steps of any kind, and lives between them.
pub(super) fn lives() -> impl Strategy<Value = Step> {
    let life = prop_oneof![
        3 => Just(Life::Settle),
        2 => any::<u8>().prop_map(|how| Life::Decide { how }),
        5 => (0..9_u8).prop_map(|number| Life::Ship { number }),
        3 => (0..4_u8).prop_map(|po| Life::Receive { po }),
        3 => (0..3_u8, 0..2_u8).prop_map(|(number, unit)| Life::Unit { number, unit }),
        5 => (0..9_u8, 0..5_u8, 0..3_u8).prop_map(|(number, kind, quantity)| Life::Late { number, kind, quantity }),
        3 => Just(Life::Pass),
    ];
    let order = (0..6_u8, prop::collection::vec((0..3_u8, 1..4_u8), 1..3)).prop_map(|(number, lines)| Step::Order {
        number,
        lines,
        transport: 0,
        wrong_total: false,
    });
    let recommend =
        (0..5_u8, 0..3_u8, any::<bool>(), 1..9_u8, 0..3_u8).prop_map(|(number, product, east, quantity, cycle)| {
            Step::Recommend { number, product, east, quantity, cycle, dear: false, stale: false }
        });
    prop_oneof![4 => step(), 4 => life.prop_map(Step::Life), 2 => order, 1 => recommend]
}

const AT: &str = "2026-03-01T10:00:00Z";

/// Orders of single units have names of their own.
fn order_name(number: u8) -> String {
    if number < 6 { format!("O-{number}") } else { format!("OU-{}", number - 6) }
}

impl Sim {
    pub(super) fn life(&mut self, life: &Life) {
        match life {
            Life::Settle => self.settle(),
            Life::Decide { how } => self.decide_all(*how),
            Life::Ship { number } => self.ship_all(*number),
            Life::Receive { po } => self.receive_all(*po),
            Life::Unit { number, unit } => self.order_unit(*number, *unit),
            Life::Late { number, kind, quantity } => self.say_late(*number, *kind, *quantity),
            Life::Pass => {
                self.now += SignedDuration::from_millis(1_500);
                self.feed(Input::Tick);
            }
        }
    }

    fn settle(&mut self) {
        for _ in 0..200 {
            if self.under_way.is_empty() {
                return;
            }
            self.deliver(0, How::Good);
        }
    }

    fn decide_all(&mut self, how: u8) {
        let open = self.partition.state().open_exceptions();
        let open: Vec<_> = open.map(|x| (x.id, x.opened.resolutions.clone())).collect();
        for (id, resolutions) in open {
            let Some(resolution) = pick(&resolutions, how) else { continue };
            let (by, reason) = ("ann".to_owned(), "looked".to_owned());
            self.command(Command::ResolveException { id, resolution: *resolution, by, reason, with: Value::Null });
        }
    }

    fn ship_all(&mut self, number: u8) {
        self.settle();
        let name = order_name(number);
        let Some(order) = self.partition.state().order_by_id(&id(&name)) else { return };
        let synthetic = order.context.synthetic;
        let parts = order.allocations().into_iter().map(|(facility, lines)| {
            let lines = lines.into_iter().map(|(line, quantity)| {
                json!({ "lineNumber": line.number, "product": line.product, "quantity": quantity, "unit": "EA" })
            });
            (facility, lines.collect::<Value>())
        });
        for (facility, lines) in parts.collect::<Vec<_>>() {
            let movement = format!("ALL-{name}-{}", self.tickets);
            let data = json!({
                "movementId": movement, "facility": facility, "orderId": name, "shipmentId": movement,
                "carrier": "carrier-swift", "trackingNumber": format!("ALL-{}", self.tickets % 4), "lines": lines,
            });
            self.submit(wms(facility.as_str()), "movement.shipped.v1", &movement, synthetic, &data);
        }
        self.settle();
    }

    fn receive_all(&mut self, which: u8) {
        self.settle();
        let Some(po) = self.partition.state().purchase_orders().nth(usize::from(which)) else { return };
        let (number, facility) = (po.po.po_number.to_string(), po.po.facility.clone());
        let lines = po.lines.iter().map(|line| {
            json!({
                "lineNumber": line.number, "product": line.product, "unit": "EA",
                "accepted": (line.on_order + line.in_transit).to_string(), "rejected": "0",
            })
        });
        let movement = format!("ALL-{number}-{}", self.tickets);
        let data = json!({
            "movementId": movement, "facility": facility, "asnNumber": format!("ALL-{number}"), "poNumber": number,
            "complete": true, "lines": lines.collect::<Value>(),
        });
        self.submit(wms(facility.as_str()), "movement.received.v1", &movement, false, &data);
        let Some(po) = self.partition.state().purchase_order(&id(&number)) else { return };
        let mut total = rust_decimal::Decimal::ZERO;
        let lines = po.lines.iter().map(|line| {
            let quantity = line.payable().saturating_sub(line.matched);
            let worth = line.ordered.unit_price.decimal() * quantity.decimal();
            total += worth;
            json!({
                "lineNumber": line.number, "product": line.product, "quantity": quantity, "unit": "EA",
                "unitPrice": line.ordered.unit_price, "lineTotal": worth.to_string(),
            })
        });
        let lines: Value = lines.collect();
        let invoice = format!("ALL-{number}-{}", self.tickets);
        let data = json!({
            "invoiceNumber": invoice, "poNumber": number, "supplier": "supplier-acme", "invoicedAt": AT,
            "currency": "USD", "lines": lines, "total": total.to_string(),
        });
        self.submit("supplier-acme", "invoice.received.v1", &invoice, false, &data);
        self.settle();
    }

    fn order_unit(&mut self, number: u8, unit: u8) {
        let name = order_name(number + 6);
        let data = json!({
            "orderId": name, "channel": "commerce", "customerId": "C-1", "currency": "USD", "orderedAt": AT,
            "lines": [{
                "lineNumber": 1, "product": "P-1", "quantity": "1", "unit": "EA", "unitPrice": "2.50",
                "lineTotal": "2.50", "serial": format!("U-{unit}"),
            }],
            "total": "2.50",
            "shipTo": { "name": "A", "street": "1 St", "city": "B", "postalCode": "1", "country": "US" },
        });
        self.submit("commerce", "order.captured.v1", &format!("{name}-{unit}"), false, &data);
    }

    fn say_late(&mut self, number: u8, kind: u8, quantity: u8) {
        let name = order_name(number);
        let order = self.partition.state().order_by_id(&id(&name));
        let product = order.map_or_else(|| "P-1".to_owned(), |order| order.lines[0].product.to_string());
        let parcel = order.and_then(|order| order.shipments.last()).map(|(_, _, parcel)| parcel.to_string());
        let transport = format!("late-{}", self.tickets);
        let line = json!({ "lineNumber": 1, "product": product, "quantity": quantity.to_string(), "unit": "EA" });
        let (system, event_type, data) = match kind {
            0 => {
                let data = json!({
                    "trackingNumber": parcel.unwrap_or_else(|| format!("T-{number}")), "occurredAt": AT,
                    "milestone": if quantity == 0 { "in_transit" } else { "delivered" },
                });
                ("carrier-swift", "shipment.milestone.v1", data)
            }
            1 => {
                let refunded = json!({ "lineNumber": 1, "quantity": quantity.to_string(), "restock": true });
                let data = json!({
                    "orderId": name, "refundId": transport, "refundedAt": AT, "currency": "USD", "amount": "2.50",
                    "lines": [refunded],
                });
                ("commerce", "order.refunded.v1", data)
            }
            2 => {
                let data = json!({
                    "movementId": transport, "facility": "DC-WEST", "orderId": name, "returnId": transport, "lines": [line],
                });
                ("wms-west", "movement.returned.v1", data)
            }
            3 => {
                let data = json!({
                    "movementId": transport, "facility": "DC-EAST", "orderId": name, "lines": [line],
                });
                ("wms-east", "movement.picked.v1", data)
            }
            _ => ("commerce", "order.cancel_requested.v1", json!({ "orderId": name })),
        };
        self.submit(system, event_type, &transport, false, &data);
    }
}
