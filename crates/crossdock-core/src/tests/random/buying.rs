//! What buyers, suppliers and inspectors may say of a purchase order, in any order and as often as they like.

use serde_json::{Value, json};

const AT: &str = "2026-03-01T10:00:00Z";

/// The sender, type and data of a message about line 1 of an order. `tag` makes few numbers, so that some come twice.
pub(super) fn message(kind: u8, n: u8, tag: u8, po: &str, product: &str) -> (&'static str, &'static str, Value) {
    let line = json!({ "lineNumber": 1, "product": product, "quantity": n.to_string(), "unit": "EA" });
    match kind {
        0 | 1 => {
            let (released, rejected) = if kind == 0 { (n, 0) } else { (n / 2, n - n / 2) };
            let lines = json!([{
                "lineNumber": 1, "product": product, "unit": "EA", "released": released.to_string(),
                "rejected": rejected.to_string(),
            }]);
            let data =
                json!({ "movementId": format!("QC-{tag}"), "facility": "DC-EAST", "poNumber": po, "lines": lines });
            ("wms-east", "quality.inspected.v1", data)
        }
        2 | 3 => {
            let mut back = line;
            back["from"] = (if kind == 2 { "sellable" } else { "quarantined" }).into();
            back["replace"] = n.is_multiple_of(2).into();
            let data = json!({ "movementId": format!("RT-{kind}-{n}"), "facility": "DC-EAST", "poNumber": po, "lines": [back] });
            ("wms-east", "movement.returned_to_supplier.v1", data)
        }
        4 | 5 => {
            let mut changed = line;
            changed["unitPrice"] = (if kind == 4 { "1.00" } else { "1.50" }).into();
            let lines = json!([changed]);
            let data = json!({ "changeId": format!("C-{tag}"), "poNumber": po, "requestedAt": AT, "lines": lines });
            ("erp", "purchase_order.change_requested.v1", data)
        }
        6 | 7 => {
            let data =
                json!({ "poNumber": po, "changeId": format!("C-{tag}"), "acknowledgedAt": AT, "accepted": kind == 6 });
            ("supplier-acme", "purchase_order.change_acknowledged.v1", data)
        }
        8 | 9 => {
            let (purpose, lines) = if kind == 8 { ("cancel", json!([])) } else { ("replace", json!([line])) };
            let data = json!({
                "asnNumber": format!("ASN-{tag}"), "purpose": purpose, "poNumber": po, "shippedAt": AT,
                "trackingNumber": format!("IN-{tag}"), "carrier": "carrier-swift", "expectedAt": "2026-03-03T10:00:00Z",
                "lines": lines,
            });
            ("supplier-acme", "shipment.notified.v1", data)
        }
        10 => {
            let data = json!({
                "trackingNumber": format!("IN-{tag}"), "milestone": if n.is_multiple_of(2) { "delivered" } else { "in_transit" },
                "occurredAt": AT, "estimatedAt": "2026-03-04T10:00:00Z",
            });
            ("carrier-swift", "shipment.milestone.v1", data)
        }
        _ => {
            let status = ["accepted", "changed", "backordered", "rejected"][usize::from(n % 4)];
            let mut answer = line;
            answer["status"] = status.into();
            answer["unitPrice"] = (if tag == 0 { "1.10" } else { "1.00" }).into();
            answer["date"] = "2026-03-05".into();
            let data = json!({ "poNumber": po, "acknowledgedAt": AT, "lines": [answer] });
            ("supplier-acme", "purchase_order.acknowledged.v1", data)
        }
    }
}
