//! What a change of an order changes.
//! Rules: docs/concepts/domain.md, 8.9 and I4: a reduction counts as cancelled, an increase raises what is ordered.

use crossdock_model::{OrderChangePending, OrderChangeRefused, OrderChanged, OrderMoved, OrderSplit};

use crate::stock::Side;
use crate::{CancelState, Due, Entry, LineState, OrderKey, State};

impl State {
    pub(super) fn change_order(&mut self, event: &OrderChanged, entry: &Entry) {
        let key = OrderKey { source: event.source.clone(), id: event.order_id.clone() };
        let Some(order) = self.orders.get_mut(&key) else { return };
        let context = order.context.clone();
        let at = entry.meta.source_time;
        if let Some(request) = event.request {
            order.asked_back.remove(&request);
        }
        if let Some(address) = &event.ship_to {
            std::sync::Arc::make_mut(&mut order.order).ship_to = address.clone();
        }
        // It holds the goods, and picks nothing until it is told again.
        if let Some(facility) = &event.readdressed {
            for line in &mut order.lines {
                line.released.take(facility, line.released.get(facility));
            }
        }
        for line in &event.added {
            order.lines.push(LineState::new(line));
        }
        for raised in &event.raised {
            let Some(line) = order.line_mut(raised.line_number) else { continue };
            line.ordered += raised.quantity;
            line.backordered += raised.quantity;
            // A line that never waited gets its place to wait with the allocation that follows.
            if let Some(facility) = &line.waits_at {
                let place = (&line.product, facility);
                self.stock.change(place, &context, at, Side::Demand, |p| p.backordered += raised.quantity);
            }
        }
        for part in &event.cancelled {
            let Some(line) = order.line_mut(part.line_number) else { continue };
            let Some(facility) = &part.facility else {
                let dropped = part.quantity.min(line.backordered);
                line.backordered = line.backordered.saturating_sub(dropped);
                line.cancelled += dropped;
                if let Some(facility) = &line.waits_at {
                    let place = (&line.product, facility);
                    self.stock.change(place, &context, at, Side::Demand, |p| p.backordered -= dropped);
                }
                continue;
            };
            let freed = if event.request.is_some() {
                line.pick(facility, part.quantity)
            } else {
                line.give_back(facility, part.quantity)
            };
            line.cancelled += freed;
            self.stock.change((&line.product, facility), &context, at, Side::Demand, |p| p.allocated -= freed);
        }
        order.changed_before_booking |= order.erp_order_number.is_none();
        // Nothing of it is wanted, and nothing has left: that is a cancelled order.
        let nothing = |line: &LineState| line.open().is_zero() && line.shipped.is_zero();
        if order.lines.iter().all(nothing) {
            order.cancel = CancelState::Done;
            order.asked_back.clear();
            self.timers.clear(&Due::Payment(key.clone()));
        }
        self.orders.update_waiting(&key);
        self.look_at_order(&key, entry.meta.received_at);
    }

    /// What is moved waits where it is wanted from now on: its own allocation there follows.
    pub(super) fn move_line(&mut self, event: &OrderMoved, entry: &Entry) {
        let key = OrderKey { source: event.source.clone(), id: event.order_id.clone() };
        let Some(order) = self.orders.get_mut(&key) else { return };
        let (context, at) = (order.context.clone(), entry.meta.source_time);
        let Some(line) = order.line_mut(event.line_number) else { return };
        if let Some((facility, waited)) = line.waiting() {
            self.stock.change((&line.product, facility), &context, at, Side::Demand, |p| p.backordered -= waited);
        }
        for part in &event.freed {
            let freed = line.give_back(&part.facility, part.quantity);
            line.backordered += freed;
            self.stock.change((&line.product, &part.facility), &context, at, Side::Demand, |p| p.allocated -= freed);
        }
        line.waits_at = Some(event.to.clone());
        let waits = line.backordered;
        self.stock.change((&line.product, &event.to), &context, at, Side::Demand, |p| p.backordered += waits);
        self.orders.update_waiting(&key);
    }

    /// Only the plan is another one: no figure of a line changes (I4).
    pub(super) fn split_order(&mut self, event: &OrderSplit) {
        let key = OrderKey { source: event.source.clone(), id: event.order_id.clone() };
        let Some(order) = self.orders.get_mut(&key) else { return };
        for part in &event.lines {
            if let Some(line) = order.line_mut(part.line_number) {
                line.consign(event.from, event.to, part.quantity.min(line.planned_in(event.from)));
            }
        }
    }

    pub(super) fn ask_back(&mut self, event: &OrderChangePending, entry: &Entry) {
        let key = OrderKey { source: event.source.clone(), id: event.order_id.clone() };
        if let Some(order) = self.orders.get_mut(&key) {
            order.asked_back.insert(entry.seq, event.clone());
        }
    }

    pub(super) fn refuse_order_change(&mut self, event: &OrderChangeRefused) {
        let key = OrderKey { source: event.source.clone(), id: event.order_id.clone() };
        if let (Some(order), Some(request)) = (self.orders.get_mut(&key), event.request) {
            order.asked_back.remove(&request);
        }
    }
}
