//! What a short pick changes, and what a count settles of it.
//! Rules: docs/concepts/domain.md, 4.8 and 4.8.1.

use crossdock_model::{Balance, ExceptionId, ExceptionKind, ExceptionOpened, MovementShortPicked, ProductId, Quantity};

use crate::about::About;
use crate::decide::position_of;
use crate::stock::Side;
use crate::{Entry, PositionKey, State};

impl State {
    /// Short-picked n: allocated −n as far as the line holds an allocation there, which waits again; quarantined +n.
    ///
    /// All n are held, whatever the line held: the facility says that it cannot find them, so nobody may be promised them.
    pub(super) fn short_pick(&mut self, movement: &MovementShortPicked, entry: &Entry) {
        let context = entry.context();
        let at = entry.meta.source_time;
        let key = self.orders.by_id(&movement.order_id).map(|order| order.key.clone());
        for short in &movement.lines {
            let order = key.as_ref().and_then(|key| self.orders.get_mut(key));
            let line = order.and_then(|order| order.line_mut(short.line_number));
            let mut given_back = Quantity::ZERO;
            if let Some(line) = line.filter(|line| line.product == short.product) {
                given_back = line.pick(&movement.facility, short.quantity);
                line.backordered += given_back;
                // The promise was made here: until another facility takes it over, the demand is counted here.
                let waits_at = line.waits_at.get_or_insert_with(|| movement.facility.clone());
                if !given_back.is_zero() {
                    let place = (&short.product, &*waits_at);
                    self.stock.change(place, &context, at, Side::Demand, |p| p.backordered += given_back);
                }
            }
            let place = (&short.product, &movement.facility);
            self.stock.change(place, &context, at, Side::Demand, |position| {
                position.allocated -= given_back;
                position.quarantined += short.quantity;
            });
            self.counts.hold(&short.product, &movement.facility, short.quantity);
        }
        if let Some(key) = key {
            self.orders.update_waiting(&key);
        }
    }

    /// A count took `by` off the shelf: what was held for it is gone, and not held any more.
    pub(super) fn settle_count(
        &mut self,
        (product, facility): (&ProductId, &crossdock_model::FacilityId),
        by: Balance,
    ) -> Quantity {
        self.counts.settle(product, facility, by.shortfall())
    }

    pub(super) fn count_asked(&mut self, opened: &ExceptionOpened, id: ExceptionId) {
        self.mark_short(opened, true);
        if let Some(key) = pending_count(opened) {
            self.counts.opened(&key, id);
        }
    }

    pub(super) fn count_answered(&mut self, opened: &ExceptionOpened) {
        self.mark_short(opened, false);
        if let Some(key) = pending_count(opened) {
            self.counts.resolved(&key);
        }
    }

    fn mark_short(&mut self, opened: &ExceptionOpened, short: bool) {
        let order = (opened.kind == ExceptionKind::ShortPick).then(|| About::parse(&opened.about)).flatten();
        let Some(About::Order(key)) = order else { return };
        if let Some(order) = self.orders.get_mut(&key) {
            order.short = short;
        }
    }
}

fn pending_count(opened: &ExceptionOpened) -> Option<PositionKey> {
    (opened.kind == ExceptionKind::CountPending).then(|| position_of(&opened.about)).flatten()
}
