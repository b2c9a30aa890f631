//! What a change of condition, a leg of a transfer and a snapshot change.
//! Rules: docs/concepts/domain.md 4.5, 4.11, 4.12.

use crossdock_model::{Balance, Bucket, ExceptionKind, MovementRegraded, MovementTransferred, StockSnapshot};

use crate::stock::{Count, CountKey, CountKind, Legs, Position, Side};
use crate::{Entry, State};

/// Where units go that change their condition.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    Bucket(Bucket),
    /// Out of the books.
    Nowhere,
}

impl State {
    /// Between sellable and a bucket, or out of one: on_hand changes only by what is scrapped.
    pub(super) fn regrade(&mut self, movement: &MovementRegraded, to: To, entry: &Entry) {
        let from = movement.from.unwrap_or(match to {
            To::Bucket(Bucket::Sellable) => Bucket::Quarantined,
            To::Bucket(_) => Bucket::Sellable,
            To::Nowhere => Bucket::Damaged,
        });
        let (place, at) = ((&movement.product, &movement.facility), entry.meta.source_time);
        let quantity = Balance::from(movement.quantity);
        self.stock.change_lot(place, movement.lot.as_ref(), &entry.context(), at, Side::Supply, |position| {
            add(position, from, -quantity);
            if let To::Bucket(to) = to {
                add(position, to, quantity);
            }
        });
        // What was not found in a pick is released by this, and waits for no count any more (4.8.1).
        if to == To::Bucket(Bucket::Sellable) && from == Bucket::Quarantined {
            self.counts.settle(place.0, place.1, movement.quantity);
        }
    }

    /// Out n: on_hand −n, in_transit of the destination +n, as far as it did not arrive before.
    pub(super) fn transfer_out(&mut self, movement: &MovementTransferred, entry: &Entry) {
        self.transfer(movement, (&movement.counterpart, -1), entry);
    }

    /// In n: on_hand +n, in_transit −n, as far as it is known to have left.
    pub(super) fn transfer_in(&mut self, movement: &MovementTransferred, entry: &Entry) {
        self.transfer(movement, (&movement.facility, 1), entry);
    }

    fn transfer(
        &mut self,
        movement: &MovementTransferred,
        (to, sign): (&crossdock_model::FacilityId, i8),
        entry: &Entry,
    ) {
        let (context, at) = (entry.context(), entry.meta.source_time);
        for line in &movement.lines {
            let more = self.stock.transfers.add((&movement.transfer_id, to), &line.product, |legs: &mut Legs| {
                let leg = if sign < 0 { &mut legs.out } else { &mut legs.arrived };
                *leg += line.quantity;
            });
            let by = if sign < 0 { -Balance::from(line.quantity) } else { Balance::from(line.quantity) };
            self.stock.change((&line.product, &movement.facility), &context, at, Side::Supply, |p| p.on_hand += by);
            if more != Balance::ZERO {
                self.stock.change((&line.product, to), &context, at, Side::Supply, |p| p.in_transit += more);
            }
        }
        self.stock.transfers.forget_if_equal(&movement.transfer_id, to);
    }

    /// What a snapshot says is kept, because a late movement may contradict it; it changes nothing.
    pub(super) fn take_snapshot(&mut self, snapshot: &StockSnapshot) {
        for line in &snapshot.lines {
            let key = (snapshot.facility.clone(), line.product.clone(), line.lot.clone(), CountKind::Snapshot);
            let count = Count {
                reference: snapshot.snapshot_id.clone(),
                counted: line.on_hand,
                at: snapshot.as_of,
                variance: None,
            };
            self.stock.count(key.clone(), count);
            if self.stock.sequences.held_back(&snapshot.facility).is_none() {
                self.settle_equal_snapshots(&[key]);
            }
        }
    }

    /// A snapshot line that says what the books say needs nobody, and is looked at no more before something moves.
    pub(super) fn settle_equal_snapshots(&mut self, keys: &[CountKey]) {
        for key in keys.iter().filter(|key| key.3 == CountKind::Snapshot) {
            let Some(count) = self.stock.counted.get(key) else { continue };
            let there = self.stock.as_of((&key.1, &key.0), key.2.as_ref(), count.at);
            let equal = there.is_ok_and(|shelf| shelf.on_hand == count.counted);
            let taken = count.variance.unwrap_or_default();
            let about = format!("position/{}/{}", key.0, key.1);
            let lot = key.2.as_ref().map(ToString::to_string).unwrap_or_default();
            let open = self.exceptions.open_distinct(&about, ExceptionKind::SnapshotDifference, &lot);
            if equal && open.is_none() {
                self.stock.counted.settle(key, taken);
            }
        }
    }
}

fn add(position: &mut Position, bucket: Bucket, quantity: Balance) {
    position.on_hand += quantity;
    match bucket {
        Bucket::Sellable => {}
        Bucket::Quarantined => position.quarantined += quantity,
        Bucket::Damaged => position.damaged += quantity,
    }
}
