//! What order events change.

use std::sync::Arc;

use crossdock_model::{
    DeliveryPlanned, Fact, Order, OrderAllocated, OrderBooked, OrderCancelled, OrderClosed, OrderReleased,
    OrderShipped, Quantity,
};

use crate::about::About;
use crate::consignments::FIRST;
use crate::decide::Release;
use crate::stock::Side;
use crate::{CancelState, Due, Entry, OrderKey, OrderState, ReleaseState, State};

impl State {
    pub(super) fn capture(&mut self, order: &Arc<Order>, entry: &Entry) {
        let key = OrderKey { source: entry.meta.system.clone(), id: order.order_id.clone() };
        let mut state = OrderState::new(key, Arc::clone(order), entry.context(), entry.seq, entry.meta.source_time);
        if let Some(said) = entry.said.as_deref()
            && let Fact::OrderCaptured(as_captured) = &said.fact
        {
            state.was_captured_as(as_captured, &said.factors);
        }
        self.join_payments(&mut state);
        self.orders.insert(state);
    }

    /// Allocated rises at the facility, the line's backorder falls by as much.
    pub(super) fn allocate(&mut self, event: &OrderAllocated, entry: &Entry) {
        let key = OrderKey { source: event.source.clone(), id: event.order_id.clone() };
        let Some(order) = self.orders.get_mut(&key) else { return };
        let context = order.context.clone();
        let at = entry.meta.source_time;
        for line in &event.lines {
            if let Some(state) = order.line_mut(line.line_number) {
                state.allocated.add(&line.facility, line.quantity);
                if let Some(waits_at) = &state.waits_at {
                    let place = (&line.product, waits_at);
                    self.stock.change(place, &context, at, Side::Demand, |p| p.backordered -= line.quantity);
                }
                state.backordered = state.backordered.saturating_sub(line.quantity);
                if let Some(serial) = &state.serial {
                    self.stock.serials.promise(&line.product, serial, (&key, line.line_number));
                }
            }
            let place = (&line.product, &line.facility);
            self.stock.change(place, &context, at, Side::Demand, |p| p.allocated += line.quantity);
        }
        for line in &event.backordered {
            let Some(state) = order.line_mut(line.line_number).filter(|state| state.waits_at.is_none()) else {
                continue;
            };
            state.waits_at.clone_from(&line.facility);
            if let Some((facility, quantity)) = state.waiting() {
                let place = (&line.product, facility);
                self.stock.change(place, &context, at, Side::Demand, |p| p.backordered += quantity);
            }
        }
        self.orders.update_waiting(&key);
    }

    pub(super) fn book(&mut self, event: &OrderBooked) {
        let key = OrderKey { source: event.source.clone(), id: event.order_id.clone() };
        self.orders.book(&key, &event.erp_order_number);
    }

    /// A planned `createRelease` is a request to the facility from the moment it is durable.
    pub(super) fn request_release(&mut self, plan: &DeliveryPlanned) {
        if plan.operation != "createRelease" {
            return;
        }
        let Some(About::Order(key)) = About::parse(&plan.about) else { return };
        let Some(release) = plan.body.parts::<Release>() else { return };
        let (Some(order), facility) = (self.orders.get_mut(&key), &release.facility) else { return };
        for told in &release.lines {
            let Some(line) = order.line_mut(told.line_number) else { continue };
            let quantity = told.quantity.min(line.unreleased(facility));
            line.released.add(facility, quantity);
            line.release_in(release.consignment.unwrap_or(FIRST), facility, quantity);
        }
        order.releases.entry(facility.clone()).or_insert(ReleaseState::Requested);
    }

    pub(super) fn release(&mut self, event: &OrderReleased) {
        let key = OrderKey { source: event.source.clone(), id: event.order_id.clone() };
        if let Some(order) = self.orders.get_mut(&key) {
            order.releases.insert(event.facility.clone(), ReleaseState::Released);
        }
    }

    pub(super) fn add_shipment(&mut self, event: &OrderShipped) {
        let key = OrderKey { source: event.source.clone(), id: event.order_id.clone() };
        let shipment = (event.facility.clone(), event.shipment_id.clone(), event.tracking_number.clone());
        self.orders.add_shipment(&key, shipment);
    }

    pub(super) fn cancel_pending(&mut self, event: &OrderClosed) {
        let key = OrderKey { source: event.source.clone(), id: event.order_id.clone() };
        if let Some(order) = self.orders.get_mut(&key) {
            order.cancel = CancelState::Pending;
        }
    }

    /// What is freed is cancelled, and so is all that waited (I6). The order is over when it holds nothing more: what another
    /// facility has not given back is kept until it answers.
    pub(super) fn cancel(&mut self, event: &OrderCancelled, entry: &Entry) {
        let key = OrderKey { source: event.source.clone(), id: event.order_id.clone() };
        let Some(order) = self.orders.get_mut(&key) else { return };
        let context = order.context.clone();
        for freed in &event.freed {
            let Some(line) = order.line_mut(freed.line_number) else { continue };
            let held = line.allocated.get(&freed.facility);
            let quantity = line.give_back(&freed.facility, held);
            line.cancelled += quantity;
            let place = (&line.product, &freed.facility);
            self.stock.change(place, &context, entry.meta.source_time, Side::Demand, |p| p.allocated -= quantity);
        }
        for line in &mut order.lines {
            let dropped = std::mem::replace(&mut line.backordered, Quantity::ZERO);
            line.cancelled += dropped;
            if let Some(facility) = line.waits_at.as_ref().filter(|_| !dropped.is_zero()) {
                let place = (&line.product, facility);
                self.stock.change(place, &context, entry.meta.source_time, Side::Demand, |p| p.backordered -= dropped);
            }
        }
        if order.lines.iter().all(|line| line.open().is_zero()) {
            order.cancel = CancelState::Done;
            order.asked_back.clear();
            self.timers.clear(&Due::Payment(key.clone()));
        }
        self.orders.update_waiting(&key);
        self.look_at_order(&key, entry.meta.received_at);
    }

    /// The goods had left when the cancel came: the order goes on as if nobody had asked.
    pub(super) fn keep_after_all(&mut self, about: &str) {
        let Some(About::Order(key)) = About::parse(about) else { return };
        if let Some(order) = self.orders.get_mut(&key).filter(|order| order.cancel == CancelState::Pending) {
            order.cancel = CancelState::None;
        }
    }

    pub(super) fn close_order(&mut self, event: &OrderClosed, entry: &Entry) {
        let key = OrderKey { source: event.source.clone(), id: event.order_id.clone() };
        if let Some(order) = self.orders.get_mut(&key) {
            order.closed = true;
        }
        self.look_at_order(&key, entry.meta.received_at);
    }
}
