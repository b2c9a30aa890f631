//! Inbound shipments: what was announced and what arrived.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::job::Line;
use crate::declaration::{Amount, WmsReceipt};
use crate::systems::Context;

/// An announced shipment.
pub(super) struct Inbound {
    pub(super) po_number: String,
    pub(super) supplier: Option<String>,
    pub(super) expected_at: Option<String>,
    pub(super) received: bool,
    pub(super) lines: Vec<InboundLine>,
    pub(super) context: Context,
}

/// A line of an announced shipment.
pub(super) struct InboundLine {
    pub(super) announced: Line,
    pub(super) accepted: Decimal,
    pub(super) rejected: Decimal,
}

impl InboundLine {
    pub(super) fn expected(announced: Line) -> Self {
        Self { announced, accepted: Decimal::ZERO, rejected: Decimal::ZERO }
    }

    /// What is counted at the gate: as announced, but for the declared rule of the product and a fault.
    pub(super) fn arrive(&mut self, rule: Option<&WmsReceipt>, short_by_fault: Decimal) {
        let amount = |value: Option<Amount>| value.map_or(Decimal::ZERO, Amount::decimal);
        let (short, over, damaged) =
            rule.map_or_else(Default::default, |rule| (amount(rule.short), amount(rule.over), amount(rule.damaged)));
        let arrived = (self.announced.quantity - short - short_by_fault).max(Decimal::ZERO) + over;
        self.rejected = damaged.min(arrived);
        self.accepted = arrived - self.rejected;
    }

    /// The line as the receipt tells it.
    pub(super) fn received(&self) -> Value {
        let mut line = json!({
            "lineNumber": self.announced.line_number,
            "product": self.announced.product,
            "unit": self.announced.unit,
            "accepted": self.accepted.to_string(),
            "rejected": self.rejected.to_string(),
        });
        if self.rejected > Decimal::ZERO {
            line["rejectReason"] = json!("damaged");
        }
        line
    }
}

impl Inbound {
    pub(super) fn view(&self, asn: &str) -> Value {
        let lines: Vec<Value> = self
            .lines
            .iter()
            .map(|line| {
                json!({
                    "lineNumber": line.announced.line_number,
                    "product": line.announced.product,
                    "quantity": line.announced.quantity.to_string(),
                    "unit": line.announced.unit,
                    "accepted": line.accepted.to_string(),
                    "rejected": line.rejected.to_string(),
                })
            })
            .collect();
        let mut view = Map::new();
        view.insert("asnNumber".into(), json!(asn));
        view.insert("poNumber".into(), json!(self.po_number));
        if let Some(supplier) = &self.supplier {
            view.insert("supplier".into(), json!(supplier));
        }
        if let Some(expected_at) = &self.expected_at {
            view.insert("expectedAt".into(), json!(expected_at));
        }
        view.insert("status".into(), json!(if self.received { "received" } else { "expected" }));
        view.insert("lines".into(), Value::Array(lines));
        Value::Object(view)
    }
}
