//! The lots of a position, below the product's total.
//! Rule: docs/concepts/domain.md 3.11. Not here: the total, which counts what has no lot as well (`position.rs`).
//! Invariant: `below_zero` is the sum of what each named lot lacks, after every change.

use crossdock_model::{LotNumber, Quantity};

use super::history::Shelf;

/// A lot's place in its position: 0 for what has no lot. Small, because every kept movement has one.
pub(super) type LotIndex = u16;

/// All lots of a position. A lot keeps its place for ever, because movements name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lots {
    lots: Vec<(LotNumber, Shelf)>,
    below_zero: Quantity,
}

impl Lots {
    /// The lot's place; a new lot gets one. Lots beyond 65,535 share the last place: the total stays exact.
    pub(super) fn index(&mut self, lot: Option<&LotNumber>) -> LotIndex {
        let Some(lot) = lot else { return 0 };
        if let Some(index) = self.find(lot) {
            return index;
        }
        if self.lots.len() < usize::from(LotIndex::MAX) {
            self.lots.push((lot.clone(), Shelf::default()));
        }
        LotIndex::try_from(self.lots.len()).unwrap_or(LotIndex::MAX)
    }

    /// The place of a lot that is known. The newest lots move most.
    pub(super) fn find(&self, lot: &LotNumber) -> Option<LotIndex> {
        let place = self.lots.iter().rposition(|(known, _)| known == lot)?;
        LotIndex::try_from(place + 1).ok()
    }

    pub(super) fn change(&mut self, index: LotIndex, by: Shelf) {
        let Some((_, kept)) = usize::from(index).checked_sub(1).and_then(|place| self.lots.get_mut(place)) else {
            return;
        };
        self.below_zero = self.below_zero.saturating_sub(kept.sellable().shortfall());
        *kept += by;
        self.below_zero += kept.sellable().shortfall();
    }

    pub(super) fn shelf(&self, index: LotIndex) -> Shelf {
        let place = usize::from(index).checked_sub(1);
        place.and_then(|place| self.lots.get(place)).map(|(_, shelf)| *shelf).unwrap_or_default()
    }

    pub(super) fn below_zero(&self) -> Quantity {
        self.below_zero
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&LotNumber, Shelf)> {
        self.lots.iter().map(|(lot, shelf)| (lot, *shelf))
    }
}
