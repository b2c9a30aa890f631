//! Inventory positions: all of them, and which were touched.
//! Here: the collection, the history beside each change. Not here: which fact moves which bucket (`apply/`).
//! Invariant: whoever changes what is physically there, the movement is in the position's history (I3).

mod counted;
mod expected;
mod history;
mod lots;
mod position;
mod sequence;
mod serials;
mod transfers;

use std::collections::BTreeMap;

use crossdock_model::{
    Balance, ExceptionKind, ExceptionOpened, FacilityId, LotNumber, PositionChanged, ProductId, Timestamp,
};
use jiff::SignedDuration;

pub(crate) use counted::{Count, CountKey, CountKind, Counted};
pub(crate) use expected::Expected;
pub use expected::ExpectedReceipt;
pub use history::{Shelf, TooOld};
pub use position::Position;
pub(crate) use sequence::{Seen, Sequence, Sequences};
pub(crate) use serials::Serials;
pub(crate) use transfers::Transfers;
pub use transfers::{Legs, Transfer};

use crate::Context;
use crate::index::{Index, Place};

/// A product at a facility.
pub type PositionKey = (ProductId, FacilityId);

/// All positions, and which of them changed since they were last published.
#[derive(Clone, Debug)]
pub(crate) struct Stock {
    positions: Index<PositionKey, Position>,
    touched: BTreeMap<PositionKey, Context>,
    /// What is to be received, and when.
    pub(crate) expected: Expected,
    /// Who was promised which single unit.
    pub(crate) serials: Serials,
    /// What is on its way between facilities.
    pub(crate) transfers: Transfers,
    /// What was counted, and what waits for a decision.
    pub(crate) counted: Counted,
    /// The running numbers of the facilities.
    pub(crate) sequences: Sequences,
    /// For how long movements are kept one by one.
    keep: SignedDuration,
    /// The hub's time of the entry that is being folded.
    pub(crate) now: Timestamp,
}

impl Default for Stock {
    fn default() -> Self {
        Self {
            positions: Index::default(),
            touched: BTreeMap::new(),
            expected: Expected::default(),
            serials: Serials::default(),
            transfers: Transfers::default(),
            counted: Counted::default(),
            sequences: Sequences::default(),
            keep: SignedDuration::from_hours(48),
            now: Timestamp::UNIX_EPOCH,
        }
    }
}

/// Which side of a position a change is on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Demand,
    Supply,
}

impl Stock {
    pub(crate) fn get(&self, product: &ProductId, facility: &FacilityId) -> Option<&Position> {
        self.positions.get(&Place(product, facility))
    }

    #[cfg(debug_assertions)]
    pub(crate) fn len(&self) -> usize {
        self.positions.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PositionKey, &Position)> {
        self.positions.iter()
    }

    /// How long movements are kept one by one: what is older counts in the sum only.
    pub(crate) fn keep_for(&mut self, keep: SignedDuration) {
        self.keep = keep;
    }

    /// Changes a position; it will be published. What changes of the shelf is kept as a movement of the source time `at`.
    pub(crate) fn change(
        &mut self,
        place: (&ProductId, &FacilityId),
        context: &Context,
        at: Timestamp,
        side: Side,
        change: impl FnOnce(&mut Position),
    ) {
        self.change_lot(place, None, context, at, side, change);
    }

    /// Changes a position, and of one lot what changes of the shelf.
    pub(crate) fn change_lot(
        &mut self,
        (product, facility): (&ProductId, &FacilityId),
        lot: Option<&LotNumber>,
        context: &Context,
        at: Timestamp,
        side: Side,
        change: impl FnOnce(&mut Position),
    ) {
        let key = (product.clone(), facility.clone());
        let horizon = self.now.saturating_sub(self.keep).unwrap_or(Timestamp::MIN);
        let index = self
            .positions
            .get_index_of(&key)
            .unwrap_or_else(|| self.positions.insert_full(key.clone(), Position::default()).0);
        let position = &mut self.positions[index];
        let before = position.shelf();
        change(position);
        let moved = position.shelf() - before;
        if moved != Shelf::default() {
            let index = position.lots.index(lot);
            position.lots.change(index, moved);
            position.history.forget_before(horizon);
            position.history.record(at, index, moved);
            if position.counted_at.is_some_and(|counted| at <= counted) {
                self.counted.moved(facility, product, at);
            }
        }
        position.as_of = position.as_of.max(at);
        if side == Side::Supply {
            position.supply_version = position.version + 1;
        }
        self.touched.insert(key, context.clone());
    }

    /// Takes note of a count; an older one than is known says nothing any more.
    pub(crate) fn count(&mut self, key: CountKey, count: Count) {
        let position = self.positions.entry((key.1.clone(), key.0.clone())).or_default();
        position.counted_at = position.counted_at.max(Some(count.at));
        self.counted.count(key, count);
    }

    /// The books are what was counted: before it they were wrong by the variance, and are asked about no more.
    pub(crate) fn settle_count(&mut self, key: &CountKey, at: Timestamp, variance: Balance) {
        self.counted.settle(key, variance);
        let position = self.positions.get_mut(&Place(&key.1, &key.0));
        if let Some(position) = position.filter(|_| key.2.is_none() && key.3 == CountKind::Count) {
            position.history.forget_before(at);
        }
    }

    /// What was physically there as of a source time: all of it, or of one lot.
    pub(crate) fn as_of(
        &self,
        (product, facility): (&ProductId, &FacilityId),
        lot: Option<&LotNumber>,
        time: Timestamp,
    ) -> Result<Shelf, TooOld> {
        let Some(position) = self.get(product, facility) else { return Ok(Shelf::default()) };
        let Some(lot) = lot else { return Ok(position.shelf() - position.history.after(time, None)?) };
        let Some(index) = position.lots.find(lot) else { return Ok(Shelf::default()) };
        Ok(position.lots.shelf(index) - position.history.after(time, Some(index))?)
    }

    pub(crate) fn next_touched(&self) -> Option<(&PositionKey, &Context)> {
        self.touched.iter().next()
    }

    /// The position will be published, though nothing of it changed.
    pub(crate) fn touch(&mut self, (product, facility): (&ProductId, &FacilityId), context: &Context) {
        self.touched.insert((product.clone(), facility.clone()), context.clone());
    }

    /// Takes note of what is published; true if some of it waits, because the facility is held back (domain.md 5.3).
    pub(crate) fn mark_published(&mut self, published: &PositionChanged, held_back: bool) -> bool {
        let key = (published.product.clone(), published.facility.clone());
        self.touched.remove(&key);
        let Some(position) = self.positions.get_mut(&key) else { return false };
        position.version = published.version;
        position.safety_stock = published.safety_stock;
        let shown = published.available.floored();
        let rises = held_back && shown > position.told;
        if !rises {
            position.told = shown;
        }
        rises || (held_back && published.available.is_negative())
    }
}

/// The count or snapshot line that an exception is about.
pub(crate) fn count_key_of(opened: &ExceptionOpened) -> Option<CountKey> {
    let text = |field: &str| opened.details.get(field)?.as_str();
    let lot = text("lot").and_then(|lot| lot.parse().ok());
    let kind = match opened.kind {
        ExceptionKind::SnapshotDifference => CountKind::Snapshot,
        _ => CountKind::Count,
    };
    Some((text("facility")?.parse().ok()?, text("product")?.parse().ok()?, lot, kind))
}
