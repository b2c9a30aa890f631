//! The steps that are messages: who says what of what stands in the state.

use crossdock_model::Fact;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::stocking::{Number, Stocking};
use super::super::world::{digest, id, wms};
use super::steps::Step;
use super::{PRODUCTS, Sim, buying};
use crate::partition::Known;
use crate::{Input, Partition, Submission};

impl Sim {
    /// The sender, type, transport id, mark and data of a step that is a message.
    pub(super) fn fact(&self, step: &Step) -> (String, &'static str, String, bool, Value) {
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
            Step::Return { number, east, line, quantity, found } => {
                let movement = format!("RT-{}", self.tickets);
                let mut row = json!({
                    "lineNumber": line, "quantity": quantity.to_string(), "unit": "EA", "product": self.product_of(*number, *line),
                });
                if let Some(found) = ["quarantined", "sellable", "damaged"].get(usize::from(*found)) {
                    row["disposition"] = (*found).into();
                }
                let data = json!({
                    "movementId": movement, "facility": facility(*east), "orderId": format!("O-{number}"), "lines": [row],
                });
                (wms(facility(*east)).into(), "movement.returned.v1", movement, false, data)
            }
            Step::Refund { number, line, quantity, restock } => {
                let refund = format!("RF-{}", self.tickets);
                let data = json!({
                    "orderId": format!("O-{number}"), "refundId": refund, "amount": "1.00", "currency": "USD",
                    "lines": [{ "lineNumber": line, "quantity": quantity.to_string(), "restock": restock }],
                });
                ("commerce".into(), "order.refunded.v1", refund, false, data)
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

    pub(super) fn stock(&mut self, stocking: &Stocking) {
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

    pub(super) fn submit(&mut self, system: &str, event_type: &str, transport: &str, synthetic: bool, data: &Value) {
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
}

fn money(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
