//! After the receipt: the quality check of held units, and goods that go back to their supplier.
//! Rule: docs/concepts/domain.md, 9.6, 9.7 and 4.5. The movement itself is applied as the WMS said it.
//! Invariant: a return leaves accepted and rejected as they were counted, and a closed order still takes one.

use crossdock_model::{
    Bucket, HubEvent, PoQualityRecorded, PoReturnRecorded, QualityInspected, QualityLine, Quantity, ReturnedLine,
    ReturnedToSupplier,
};
use serde_json::json;

use super::questions;
use super::receipts::{discrepancy, served};
use crate::Draft;
use crate::about::About;
use crate::decide::{Ask, matching, routes};

/// Held units were looked at. The order takes a verdict on what it knows to be held; more is asked about.
pub(in crate::decide) fn inspected(ask: &Ask<'_>, inspected: &QualityInspected) -> Vec<Draft> {
    let mut drafts = served(ask, inspected.lines.iter().map(|line| &line.product));
    let Some(po) = ask.state.purchase_order(&inspected.po_number) else {
        let (number, of) = (&inspected.po_number, inspected.movement_id.as_str());
        drafts.extend(questions::unknown_po(ask, number, "inspected goods of", of));
        return drafts;
    };
    let (mut lines, mut parts) = (Vec::<QualityLine>::new(), Vec::new());
    for line in &inspected.lines {
        let done = lines.iter().filter(|l| l.line_number == line.line_number).map(|l| l.released + l.rejected).sum();
        let known = po.line_of(line.line_number, &line.product);
        let held = known.map_or(Quantity::ZERO, |known| known.held).saturating_sub(done);
        let released = line.released.min(held);
        let rejected = line.rejected.min(held.saturating_sub(released));
        let excess = (line.released + line.rejected).saturating_sub(released + rejected);
        if !excess.is_zero() {
            parts
                .push(format!("line {}: {excess} of {} inspected above what was held", line.line_number, line.product));
        }
        if known.is_some() {
            lines.push(QualityLine {
                line_number: line.line_number,
                product: line.product.clone(),
                released,
                rejected,
            });
        }
    }
    let recorded = PoQualityRecorded { po_number: inspected.po_number.clone(), lines };
    drafts.push(Draft::of(&po.context, HubEvent::PoQualityRecorded(recorded)));
    if !parts.is_empty() {
        let what = format!(
            "quality check {} of purchase order {}: {}",
            inspected.movement_id,
            inspected.po_number,
            parts.join("; ")
        );
        drafts.extend(discrepancy(ask, &inspected.po_number, what, json!({ "lines": inspected.lines })));
    }
    drafts
}

/// What is good after all is accepted: invoices that waited for it match.
pub(in crate::decide) fn quality_recorded(ask: &Ask<'_>, event: &PoQualityRecorded) -> Vec<Draft> {
    matching::rematch(ask, &event.po_number)
}

/// Goods went back. Each order takes it, also a closed one; what shall come again needs an open one.
pub(in crate::decide) fn returned(ask: &Ask<'_>, movement: &ReturnedToSupplier) -> Vec<Draft> {
    let number = &movement.po_number;
    let Some(po) = ask.state.purchase_order(number) else {
        return Vec::from_iter(questions::unknown_po(ask, number, "returned goods of", movement.movement_id.as_str()));
    };
    let (mut lines, mut parts) = (Vec::<ReturnedLine>::new(), Vec::new());
    for line in &movement.lines {
        let at = format!("line {}: {} of {}", line.line_number, line.quantity, line.product);
        let Some(known) = po.line_of(line.line_number, &line.product) else {
            parts.push(format!("{at} returned, which is not a line of it"));
            continue;
        };
        let earlier = || lines.iter().filter(|l| l.line_number == line.line_number);
        let gone = known.returned + earlier().map(|l| l.returned).sum();
        let held = known.held.saturating_sub(earlier().map(|l| l.held).sum());
        let came = known.accepted + known.rejected + known.over_received;
        if gone + line.quantity > came {
            parts.push(format!("{at} returned, {} of {came} are left", came.saturating_sub(gone)));
        }
        if line.replace && !po.is_open() {
            parts.push(format!("{at} shall be replaced, and the order is closed: it takes a new one"));
        }
        lines.push(ReturnedLine {
            line_number: line.line_number,
            product: line.product.clone(),
            returned: line.quantity,
            held: if line.from == Bucket::Quarantined { line.quantity.min(held) } else { Quantity::ZERO },
            to_replace: if line.replace && po.is_open() { line.quantity } else { Quantity::ZERO },
        });
    }
    let movement_id = movement.movement_id.clone();
    let recorded = PoReturnRecorded { po_number: number.clone(), movement_id, lines };
    let mut drafts = vec![Draft::of(&po.context, HubEvent::PoReturnRecorded(recorded))];
    if !parts.is_empty() {
        let what = format!("return {} of purchase order {number}: {}", movement.movement_id, parts.join("; "));
        drafts.extend(discrepancy(ask, number, what, json!({ "lines": movement.lines })));
    }
    for (index, line) in movement.lines.iter().enumerate() {
        let body = json!({
            "movementId": movement.movement_id, "kind": "return", "product": line.product,
            "facility": movement.facility, "quantity": line.quantity, "unit": line.unit,
            "sourceTime": ask.entry.meta.source_time.to_string(), "poNumber": number,
        });
        let distinct = format!("{}/{}/{}", movement.facility, movement.movement_id, index + 1);
        drafts.extend(routes::posting(ask, &po.context, About::Po(number.clone()), &body, distinct));
    }
    drafts
}

/// What comes again is with the supplier: an order that was settled waits for it.
pub(in crate::decide) fn return_recorded(ask: &Ask<'_>, event: &PoReturnRecorded) -> Vec<Draft> {
    matching::rematch(ask, &event.po_number)
}
