//! What counts, adjustments and the decisions about them change.
//! Rules: docs/concepts/domain.md 4.10, 5.6, 5.7.

use crossdock_model::{
    AdjustmentHeld, AdjustmentReason, Balance, CorrectionCause, ExceptionKind, ExceptionOpened, ExceptionResolved,
    MovementAdjusted, MovementCounted, Quantity, Resolution, StockCorrected,
};

use crate::about::About;
use crate::exceptions::BY_RULE;
use crate::stock::{Count, CountKind, Side, count_key_of};
use crate::{Entry, State};

impl State {
    /// Adjusted ±n: on_hand ±n, unless nobody knows what the reason means.
    pub(super) fn adjust(&mut self, movement: &MovementAdjusted, entry: &Entry) {
        if let AdjustmentReason::Unknown(_) = movement.reason {
            return self.stock.counted.hold(held(movement, entry));
        }
        let settles = movement.reason == AdjustmentReason::CycleCount;
        self.correct(&held(movement, entry), settles, entry);
    }

    fn correct(&mut self, by: &AdjustmentHeld, settles: bool, entry: &Entry) {
        let place = (&by.product, &by.facility);
        // What was not found in a pick is held until this: it is gone now, and held no more (4.8.1).
        let settled = if settles { self.settle_count(place, by.quantity) } else { Quantity::ZERO };
        self.stock.counted.last_settled = settled;
        self.stock.change_lot(place, by.lot.as_ref(), &entry.context(), by.at, Side::Supply, |p| {
            p.on_hand += by.quantity;
            p.quarantined -= settled;
        });
    }

    /// Undoes an adjustment of the same input: it waits for a decision.
    pub(super) fn hold_adjustment(&mut self, event: &AdjustmentHeld, entry: &Entry) {
        let place = (&event.product, &event.facility);
        self.stock.change_lot(place, event.lot.as_ref(), &entry.context(), event.at, Side::Supply, |p| {
            p.on_hand -= event.quantity;
            p.quarantined += event.settled;
        });
        if !event.settled.is_zero() {
            self.counts.hold(&event.product, &event.facility, event.settled);
        }
        self.stock.counted.hold(event.clone());
    }

    pub(super) fn count(&mut self, movement: &MovementCounted, entry: &Entry) {
        let key = (movement.facility.clone(), movement.product.clone(), movement.lot.clone(), CountKind::Count);
        let count = Count {
            reference: movement.movement_id.clone(),
            counted: movement.quantity.into(),
            at: entry.meta.source_time,
            variance: None,
        };
        self.stock.count(key, count);
    }

    pub(super) fn correct_stock(&mut self, event: &StockCorrected, entry: &Entry) {
        let place = (&event.product, &event.facility);
        match event.cause {
            CorrectionCause::Adjustment => {
                let waited = self.stock.counted.held(&event.facility, &event.reference).cloned();
                self.stock.counted.drop_held(&event.facility, &event.reference);
                if let Some(waited) = waited {
                    self.correct(&waited, true, entry);
                }
            }
            CorrectionCause::Count | CorrectionCause::Snapshot => {
                let context = entry.context();
                self.stock.change_lot(place, event.lot.as_ref(), &context, event.at, Side::Supply, |p| {
                    p.on_hand += event.quantity;
                });
                let counted = event.cause == CorrectionCause::Count;
                let kind = if counted { CountKind::Count } else { CountKind::Snapshot };
                let key = (event.facility.clone(), event.product.clone(), event.lot.clone(), kind);
                self.stock.settle_count(&key, event.at, event.variance.unwrap_or(event.quantity));
            }
        }
    }

    /// A count or an adjustment that a person does not believe has no effect.
    pub(super) fn settle_variance(&mut self, opened: &ExceptionOpened, resolved: &ExceptionResolved) {
        let unbelieved = match opened.kind {
            ExceptionKind::CountVariance | ExceptionKind::UnknownReason => resolved.resolution == Resolution::Reject,
            ExceptionKind::SnapshotDifference => resolved.resolution == Resolution::Ignore && resolved.by != BY_RULE,
            _ => false,
        };
        if !unbelieved {
            return;
        }
        if let Some(About::Movement(facility, id)) = About::parse(&opened.about) {
            self.stock.counted.drop_held(&facility, &id);
        } else if let Some(key) = count_key_of(opened) {
            self.stock.counted.reject(&key);
        }
    }
}

fn held(movement: &MovementAdjusted, entry: &Entry) -> AdjustmentHeld {
    let quantity: Balance = movement.quantity;
    AdjustmentHeld {
        movement_id: movement.movement_id.clone(),
        facility: movement.facility.clone(),
        product: movement.product.clone(),
        lot: movement.lot.clone(),
        quantity,
        at: entry.meta.source_time,
        settled: Quantity::ZERO,
    }
}
