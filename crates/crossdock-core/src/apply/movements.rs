//! What movements change: the table of docs/concepts/domain.md, "What each fact changes".
//! Invariant: a movement is applied as the WMS said it, even below zero; the WMS owns what is on its shelves.

use crossdock_model::{MovementReceived, MovementShipped, Quantity};

use crate::stock::Side;
use crate::{Entry, State};

impl State {
    /// Shipped n: on_hand −n, allocated −n as far as the line holds an allocation there.
    pub(super) fn ship(&mut self, movement: &MovementShipped, entry: &Entry) {
        let context = entry.context();
        let key = self.orders.by_id(&movement.order_id).map(|order| order.key.clone());
        for moved in &movement.lines {
            let mut from_allocation = Quantity::ZERO;
            let order = key.as_ref().and_then(|key| self.orders.get_mut(key));
            // Another product than the line's leaves the shelf, not the order.
            let line = order.and_then(|order| order.line_mut(moved.line_number));
            if let Some(line) = line.filter(|line| line.product == moved.product) {
                from_allocation = line.pick(&movement.facility, moved.quantity);
                // What left without an allocation was waiting for stock, or was never ordered.
                let above = moved.quantity.saturating_sub(from_allocation);
                let from_backorder = above.min(line.backordered);
                line.backordered = line.backordered.saturating_sub(from_backorder);
                if let Some(facility) = line.waits_at.as_ref().filter(|_| !from_backorder.is_zero()) {
                    let place = (&moved.product, facility);
                    let at = entry.meta.source_time;
                    self.stock.change(place, &context, at, Side::Demand, |p| p.backordered -= from_backorder);
                }
                line.shipped += from_allocation + from_backorder;
                let over = above.saturating_sub(from_backorder);
                if !over.is_zero() {
                    line.over_shipped += over;
                    line.over_shipped_last = Some((entry.seq, over));
                }
            }
            let place = (&moved.product, &movement.facility);
            self.stock.change_lot(
                place,
                moved.lot.as_ref(),
                &context,
                entry.meta.source_time,
                Side::Demand,
                |position| {
                    position.on_hand -= moved.quantity;
                    position.allocated -= from_allocation;
                },
            );
        }
        if let Some(key) = key {
            self.orders.update_waiting(&key);
        }
    }

    /// Received q = accepted a + rejected r: on_hand +q, r into quarantined. What it does to the order is decided.
    pub(super) fn receive(&mut self, movement: &MovementReceived, entry: &Entry) {
        let context = entry.context();
        for line in &movement.lines {
            let place = (&line.product, &movement.facility);
            self.stock.change_lot(
                place,
                line.lot.as_ref(),
                &context,
                entry.meta.source_time,
                Side::Supply,
                |position| {
                    position.on_hand += line.accepted + line.rejected;
                    position.quarantined += line.rejected;
                },
            );
        }
    }
}
