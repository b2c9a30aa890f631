//! How an order stands, in one line and one for each of its lines.

use std::fmt::Write as _;

use crossdock_model::LineQuantity;
use serde_json::Value;

use super::World;
use crate::{DestinationRule, OrderPolicy, PaymentRule, Split};

/// `policy: {orders: {…}}`, in the words of the type.
pub(super) fn policy(said: &Value) -> OrderPolicy {
    let flag = |name: &str| said[name].as_bool();
    let usual = OrderPolicy::default();
    let rule = |rule: &Value| DestinationRule {
        country: rule["country"].as_str().unwrap().to_owned(),
        region: rule["region"].as_str().map(ToOwned::to_owned),
        facilities: rule["facilities"].as_array().unwrap().iter().map(|f| super::id(f.as_str().unwrap())).collect(),
    };
    OrderPolicy {
        destinations: said["destinations"].as_array().into_iter().flatten().map(rule).collect(),
        most_stock_first: flag("mostStockFirst").unwrap_or(usual.most_stock_first),
        one_facility_if_possible: flag("oneFacilityIfPossible").unwrap_or(usual.one_facility_if_possible),
        max_facilities: said["maxFacilities"].as_u64().map(|n| usize::try_from(n).unwrap()),
        split: match said["split"].as_str() {
            Some("whole_lines") => Split::WholeLines,
            Some("whole_orders") => Split::WholeOrders,
            _ => Split::Parts,
        },
        release_while_erp_is_down: flag("releaseWhileErpIsDown").unwrap_or(false),
        returns_are_sellable: flag("returnsAreSellable").unwrap_or(false),
        payment: said["payment"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(c, rule)| (super::id(c), payment(rule)))
            .collect(),
        early_payment_ms: said["earlyPaymentMs"].as_i64().unwrap_or(usual.early_payment_ms),
    }
}

/// `{1: "2", 2: "1"}`: a quantity of each line.
pub(super) fn quantities(said: &Value) -> Vec<LineQuantity> {
    let quantity = |(line, quantity): (&String, &Value)| LineQuantity {
        line_number: line.parse().expect("a line number"),
        quantity: super::id(quantity.as_str().expect("a quantity")),
    };
    said.as_object().into_iter().flatten().map(quantity).collect()
}

/// `{holds: booking, counts: captured, dueMs: 60000}`.
fn payment(said: &Value) -> PaymentRule {
    PaymentRule {
        holds: serde_json::from_value(said["holds"].clone()).expect("holds"),
        counts: serde_json::from_value(said["counts"].clone()).expect("counts"),
        due_ms: said["dueMs"].as_i64().unwrap_or(60_000),
    }
}

impl World {
    /// `look: {order: A}`.
    pub(super) fn look_at_order(&mut self, id: &Value) {
        let id = super::id(id.as_str().expect("an order"));
        let Some(order) = self.partition.state().order_by_id(&id) else {
            return self.say(&format!("order {id}: not in memory"));
        };
        let mut text = format!("order {}: {}\n", order.key.id, order.status().as_str());
        for line in &order.lines {
            writeln!(
                text,
                "  line {} of {}: ordered {}, allocated {:?}, released {:?}, shipped {}, backordered {}, cancelled {}, over {}, returned {}, expected back {}",
                line.number,
                line.product,
                line.ordered,
                line.allocated,
                line.released,
                line.shipped,
                line.backordered,
                line.cancelled,
                line.over_shipped,
                line.returned,
                line.expected_back,
            )
            .unwrap();
        }
        for number in order.consignments().into_iter().filter(|_| order.is_split()) {
            for line in &order.lines {
                let picked = line.consignments.get(&number).map(|one| &one.released);
                let (planned, reserved) = (line.planned_in(number), line.reserved_in(number));
                let picked = picked.filter(|picked| !picked.total().is_zero());
                writeln!(
                    text,
                    "  consignment {number}: line {}: {planned}, reserved {reserved:?}, picked {picked:?}",
                    line.number
                )
                .unwrap();
            }
        }
        for payment in order.payments.iter().flat_map(|payments| &payments.received) {
            let (status, amount, currency) = (payment.status.as_str(), payment.amount, &payment.currency);
            writeln!(text, "  payment {}: {amount} {currency} {status}", payment.id).unwrap();
        }
        self.text.push_str(&text);
    }
}
