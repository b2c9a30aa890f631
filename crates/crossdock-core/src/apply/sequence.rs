//! What the running numbers of a facility change.

use crossdock_model::{
    ExceptionKind, ExceptionOpened, ExceptionResolved, Fact, FactSetAside, HoldBackEnded, Numbers, PositionChanged,
    SequenceGapFound,
};

use crate::about::About;
use crate::exceptions::BY_RULE;
use crate::{Due, Entry, State};

impl State {
    /// Every fact of a facility carries one number of it, whatever it reports.
    pub(super) fn see_sequence(&mut self, fact: &Fact, entry: &Entry) {
        if let Some(facility) = fact.facility() {
            self.stock.sequences.see(facility, entry.meta.source_sequence);
        }
    }

    /// A fact that was set aside has a number of its facility like any other.
    pub(super) fn see_number_of(&mut self, aside: &FactSetAside) {
        if let (Some(facility), Some(number)) = (&aside.facility, aside.source_sequence) {
            self.stock.sequences.see(facility, Some(number));
        }
    }

    pub(super) fn find_gap(&mut self, event: &SequenceGapFound) {
        self.stock.sequences.gap(&event.facility, event.missing, event.hold_back_until);
        if let Some(until) = self.stock.sequences.held_back(&event.facility) {
            self.timers.set(Due::HoldBack(event.facility.clone()), until);
        }
    }

    /// What rose meanwhile is published now.
    pub(super) fn end_hold_back(&mut self, event: &HoldBackEnded, entry: &Entry) {
        self.timers.clear(&Due::HoldBack(event.facility.clone()));
        self.settle_equal_snapshots(&self.stock.counted.unsettled_of(&event.facility));
        for product in self.stock.sequences.end(&event.facility) {
            self.stock.touch((&product, &event.facility), &entry.context());
        }
    }

    /// A rise of what storefronts are told waits while the facility is held back, and so does a figure below zero.
    pub(super) fn publish(&mut self, event: &PositionChanged) {
        // No more can wait for a count than is held: what was released, inspected or sent back was found (4.8.1).
        if let Some(pending) = self.counts.get(&event.product, &event.facility) {
            let found = pending.quantity.saturating_sub(event.quarantined.floored());
            self.counts.settle(&event.product, &event.facility, found);
        }
        let held_back = self.stock.sequences.held_back(&event.facility).is_some();
        let waits = self.stock.mark_published(event, held_back);
        if !held_back {
            self.settle_equal_snapshots(&self.stock.counted.unsettled_at(&event.facility, &event.product));
        }
        if held_back {
            self.stock.sequences.hold(&event.facility, &event.product, waits);
        }
    }

    /// A person says that the missing numbers will not come.
    pub(super) fn settle_gap(&mut self, opened: &ExceptionOpened, resolved: &ExceptionResolved) {
        if opened.kind != ExceptionKind::SequenceGap || resolved.by == BY_RULE {
            return;
        }
        let Some(About::Facility(facility)) = About::parse(&opened.about) else { return };
        let missing = opened.details.get("missing").cloned().unwrap_or_default();
        let missing: Vec<Numbers> = serde_json::from_value(missing).unwrap_or_default();
        self.stock.sequences.never_used(&facility, &missing);
    }
}
