//! What a return changes; what a refund does not.
//! Rules: docs/concepts/domain.md, 4.13 and 4.13.1.

use crossdock_model::{Disposition, MovementReturned, OrderRefunded, OrderReturned, Quantity};

use crate::stock::Side;
use crate::{Entry, OrderKey, State};

impl State {
    /// Returned n: on_hand +n, held until somebody says otherwise, unless the facility has said so already.
    pub(super) fn take_return(&mut self, movement: &MovementReturned, entry: &Entry) {
        let context = entry.context();
        for line in &movement.lines {
            let place = (&line.product, &movement.facility);
            let at = entry.meta.source_time;
            self.stock.change_lot(place, line.lot.as_ref(), &context, at, Side::Supply, |position| {
                position.on_hand += line.quantity;
                match line.disposition {
                    None | Some(Disposition::Quarantined) => position.quarantined += line.quantity,
                    Some(Disposition::Damaged) => position.damaged += line.quantity,
                    Some(Disposition::Sellable) => {}
                }
            });
        }
    }

    /// Counted on the line, apart from what it asks for (I4); sold at once, where policy says so.
    pub(super) fn set_against_order(&mut self, event: &OrderReturned, entry: &Entry) {
        let key = OrderKey { source: event.source.clone(), id: event.order_id.clone() };
        let context = entry.context();
        for back in &event.lines {
            if event.sellable && back.disposition.is_none() {
                let place = (&back.product, &event.facility);
                let at = entry.meta.source_time;
                self.stock.change_lot(place, back.lot.as_ref(), &context, at, Side::Supply, |position| {
                    position.quarantined -= back.quantity;
                });
            }
            let line = self.orders.get_mut(&key).and_then(|order| order.line_mut(back.line_number));
            if let Some(line) = line.filter(|line| line.product == back.product) {
                line.returned += back.quantity;
                line.expected_back = line.expected_back.saturating_sub(back.quantity);
            }
        }
        self.look_at_order(&key, entry.meta.received_at);
    }

    /// A refund with "restock" is an expectation, never stock.
    pub(super) fn expect_back(&mut self, refund: &OrderRefunded, entry: &Entry) {
        let key = OrderKey { source: entry.meta.system.clone(), id: refund.order_id.clone() };
        let Some(order) = self.orders.get_mut(&key) else { return };
        for refunded in refund.lines.iter().filter(|line| line.restock && line.quantity > Quantity::ZERO) {
            if let Some(line) = order.line_mut(refunded.line_number) {
                line.expected_back += refunded.quantity;
            }
        }
        self.look_at_order(&key, entry.meta.received_at);
    }
}
