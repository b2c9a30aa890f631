//! Steps of procurement in a case: short words for messages whose other fields do not matter to it.
//! Here: `po`, `confirm`, `notice`, `receipt`, `bill`, and the question `attribution`. Where another field matters, a case says the whole message as `fact`.

use serde_json::{Value, json};

use super::world::{World, id, wms};
use crate::{Purchasing, attribution, attribution_of};

const AT: &str = "2026-03-01T10:00:00Z";

/// What a case declares about buying, under `policy`.
pub(super) fn purchasing(overrides: &Value) -> Purchasing {
    let percent = |key: &str| overrides[key].as_str().map_or(Purchasing::default().receipt_tolerance_percent, id);
    let currencies = overrides["currencies"].as_array().into_iter().flatten();
    Purchasing {
        receipt_tolerance_percent: percent("receiptTolerancePercent"),
        accept_reduction_percent: percent("acceptReductionPercent"),
        price_tolerance_percent: percent("priceTolerancePercent"),
        invoice_tolerance_percent: percent("invoiceTolerancePercent"),
        allowances_ms: serde_json::from_value(overrides.get("allowancesMs").cloned().unwrap_or(json!({}))).unwrap(),
        clock_uncertainty_ms: overrides["clockUncertaintyMs"].as_i64().unwrap_or(0),
        currencies: currencies.map(|text| id(text.as_str().unwrap())).collect(),
    }
}

impl World {
    /// Takes a step if it is one of these.
    pub(super) fn buying(&mut self, kind: &str, body: &Value) -> bool {
        match kind {
            "po" => self.po(body),
            "confirm" => {
                let lines = body.get("lines").cloned().unwrap_or_else(|| json!([confirmed(body)]));
                let data = json!({ "poNumber": text(body, "po", "PO-1"), "acknowledgedAt": text(body, "at", AT), "lines": lines });
                self.submit("supplier-acme", "purchase_order.acknowledged.v1", body, &data);
            }
            "notice" => {
                let lines = body.get("lines").cloned().unwrap_or_else(|| match body.get("quantity") {
                    Some(quantity) => json!([line(body, quantity)]),
                    None => json!([]),
                });
                let mut data = json!({
                    "asnNumber": text(body, "asn", "ASN-1"), "purpose": text(body, "purpose", "original"),
                    "poNumber": text(body, "po", "PO-1"), "shippedAt": AT, "lines": lines,
                });
                for name in ["expectedAt", "trackingNumber", "carrier", "facility"] {
                    if let Some(value) = body.get(name) {
                        data[name] = value.clone();
                    }
                }
                self.submit(&text(body, "supplier", "supplier-acme"), "shipment.notified.v1", body, &data);
            }
            "receipt" => {
                let facility = text(body, "facility", "DC-EAST");
                let row = json!({
                    "lineNumber": body.get("line").cloned().unwrap_or(json!(1)), "product": text(body, "product", "P-1"),
                    "unit": "EA", "accepted": text(body, "accepted", "0"), "rejected": text(body, "rejected", "0"),
                });
                let data = json!({
                    "movementId": text(body, "movement", "RC-1"), "facility": facility, "asnNumber": text(body, "asn", "ASN-1"),
                    "poNumber": text(body, "po", "PO-1"), "complete": body.get("complete").cloned().unwrap_or(json!(false)),
                    "lines": body.get("lines").cloned().unwrap_or_else(|| json!([row])),
                });
                self.submit(wms(&facility), "movement.received.v1", body, &data);
            }
            "bill" => self.bill(body),
            "attribution" => self.attribution(body),
            "answers" => self.answers(body.as_str().unwrap()),
            _ => return false,
        }
        true
    }

    /// Recommended, approved, created and sent: the order that a case begins with.
    fn po(&mut self, body: &Value) {
        let (number, product) = (text(body, "number", "PO-1"), text(body, "product", "P-1"));
        let facility = text(body, "facility", "DC-EAST");
        let version = self.position_version(&product, &facility);
        let mut data = json!({
            "recommendationId": format!("R-{number}"), "product": product, "facility": facility,
            "supplier": "supplier-acme", "quantity": body["quantity"], "unit": "EA",
            "unitPrice": text(body, "price", "1.00"), "currency": "USD", "cycle": number, "positionVersion": version,
        });
        if let Some(date) = body.get("neededBy") {
            data["neededBy"] = date.clone();
        }
        self.submit("procurement", "replenishment.recommended.v1", body, &data);
        self.answer(&json!({ "call": "procurement.updateRecommendation", "status": 200 }));
        self.answer(&json!({ "call": "erp.createPurchaseOrder", "status": 201, "body": { "poNumber": number } }));
        if body.get("sent") != Some(&json!(false)) {
            self.answer(&json!({ "call": "supplier-acme.sendInterchange", "status": 202 }));
            self.answer(&json!({ "call": "procurement.updateRecommendation", "status": 200 }));
        }
    }

    /// A system answers whatever waits for it, and whatever follows from that.
    fn answers(&mut self, system: &str) {
        while let Some(call) = self.calls_to(system).first() {
            self.answer(&json!({ "call": call, "status": 200 }));
        }
    }

    /// What the delay of the last milestone that an order reached is made of.
    fn attribution(&mut self, body: &Value) {
        let partition = self.partition();
        let (state, policy) = (partition.state(), partition.policy());
        let found = match body["milestone"].as_str() {
            Some(_) => {
                let milestone = serde_json::from_value(body["milestone"].clone()).unwrap();
                let po = state.purchase_order(&id(&text(body, "po", "PO-1"))).unwrap();
                attribution_of(po, milestone, policy.purchasing.clock_uncertainty_ms)
            }
            None => attribution(state, policy, &id(&text(body, "po", "PO-1"))),
        };
        let Some(made_of) = found else { return self.say("attribution: nothing that was due is reached") };
        let unsure = if made_of.uncertain { ", uncertain" } else { "" };
        self.say(&format!(
            "attribution of {}: {} s late, {:?}{unsure}",
            made_of.milestone.as_str(),
            seconds(made_of.delay_ms),
            made_of.headline
        ));
        for segment in &made_of.segments {
            let unsure = if segment.uncertain { ", uncertain" } else { "" };
            let took = segment.overrun_ms + segment.allowance_ms;
            self.say(&format!(
                "  to {}: {:?} ({}), took {} s of {}, overrun {}{unsure}",
                segment.to.as_str(),
                segment.cause,
                segment.held_by,
                seconds(took),
                seconds(segment.allowance_ms),
                seconds(segment.overrun_ms)
            ));
        }
        self.say(&format!("  sums: {:?}", made_of.causes));
    }

    fn bill(&mut self, body: &Value) {
        let price = text(body, "price", "1.00");
        let row = |line: &Value| {
            let price = text(line, "price", &price);
            let (quantity, unit): (rust_decimal::Decimal, rust_decimal::Decimal) =
                (text(line, "quantity", "0").parse().unwrap(), price.parse().unwrap());
            let total = quantity * unit;
            let row = json!({
                "lineNumber": line.get("line").cloned().unwrap_or(json!(1)), "product": text(line, "product", "P-1"),
                "quantity": text(line, "quantity", "0"), "unit": "EA", "unitPrice": price, "lineTotal": total.to_string(),
            });
            (row, total)
        };
        let lines = body.get("lines").and_then(Value::as_array).cloned().unwrap_or_else(|| vec![body.clone()]);
        let (rows, totals): (Vec<Value>, Vec<rust_decimal::Decimal>) = lines.iter().map(row).unzip();
        let total: rust_decimal::Decimal = totals.iter().sum();
        let data = json!({
            "invoiceNumber": text(body, "number", "INV-1"), "poNumber": text(body, "po", "PO-1"), "supplier": "supplier-acme",
            "invoicedAt": AT, "currency": text(body, "currency", "USD"), "lines": rows,
            "total": text(body, "total", &total.to_string()),
        });
        self.submit("supplier-acme", "invoice.received.v1", body, &data);
    }
}

fn seconds(ms: i64) -> String {
    rust_decimal::Decimal::new(ms, 3).normalize().to_string()
}

fn text(body: &Value, key: &str, usual: &str) -> String {
    body.get(key).and_then(Value::as_str).unwrap_or(usual).to_owned()
}

fn line(body: &Value, quantity: &Value) -> Value {
    json!({
        "lineNumber": body.get("line").cloned().unwrap_or(json!(1)), "product": text(body, "product", "P-1"),
        "quantity": quantity, "unit": text(body, "unit", "EA"),
    })
}

fn confirmed(body: &Value) -> Value {
    let mut line = line(body, &body["quantity"]);
    line["status"] = text(body, "status", "accepted").into();
    for name in ["unitPrice", "date"] {
        if let Some(value) = body.get(name) {
            line[name] = value.clone();
        }
    }
    line
}
