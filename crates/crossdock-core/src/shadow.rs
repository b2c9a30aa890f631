//! The shadow comparison of a migration: what waits for the other side's word, and how the days came out.
//! Rule: docs/concepts/domain.md 2.3.3. Here: the notes and the counts. Not here: what is noted and when a window is over
//! (`decide/shadow.rs`).
//! Invariant: every move that was noted waits, or is counted once.

use std::collections::{BTreeMap, BTreeSet};

use crossdock_model::{
    Balance, FacilityId, ProductId, ShadowDiffered, ShadowNoted, ShadowOutcome, ShadowPlace, ShadowSide, SystemId,
    Timestamp,
};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::Seq;

/// How the movements of a day came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShadowCounts {
    /// Both sides said the same.
    pub matched: u64,
    /// Both said it, with other quantities.
    pub different: u64,
    /// Only the owner said it.
    pub missing: u64,
    /// Only the next owner said it.
    pub unexpected: u64,
}

/// One group of attributes that is to move to another owner.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    days: BTreeMap<Date, ShadowCounts>,
    waiting: BTreeMap<NoteId, Waiting>,
    by_content: BTreeMap<Content, BTreeSet<(Timestamp, NoteId)>>,
    by_deadline: BTreeSet<(Timestamp, NoteId)>,
}

/// A move of a note.
pub(crate) type NoteId = (Seq, usize);
/// What both sides have to name alike to mean the same movement; the quantity is compared.
type Content = (ProductId, FacilityId, String, ShadowSide);

/// A word that waits for the other side's.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) content: Content,
    pub(crate) quantity: Balance,
    pub(crate) at: Timestamp,
    not_before: Timestamp,
    not_after: Timestamp,
    until: Timestamp,
    system: SystemId,
    message: String,
}

impl Waiting {
    pub(crate) fn place(&self, id: NoteId) -> ShadowPlace {
        ShadowPlace {
            noted: id.0,
            index: id.1,
            system: self.system.clone(),
            id: self.message.clone(),
            quantity: self.quantity,
        }
    }
}

/// The day of a time, UTC.
pub(crate) fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

impl Comparison {
    /// How each day came out so far.
    pub fn days(&self) -> impl Iterator<Item = (Date, ShadowCounts)> {
        self.days.iter().map(|(day, counts)| (*day, *counts))
    }

    /// How many words wait for the other side's.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// When the first window is over.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.by_deadline.first().map(|(at, _)| *at)
    }

    /// Words whose window is over, the earliest first.
    pub(crate) fn over(&self, now: Timestamp) -> impl Iterator<Item = (NoteId, &Waiting)> {
        let over = self.by_deadline.iter().take_while(move |(until, _)| *until <= now);
        over.filter_map(|(_, id)| Some((*id, self.waiting.get(id)?)))
    }

    /// Words of the other side of the same movement, whatever their quantity.
    pub(crate) fn counterparts(&self, of: &Waiting) -> impl Iterator<Item = (NoteId, &Waiting)> {
        let (product, facility, kind, side) = of.content.clone();
        let others = self.by_content.get(&(product, facility, kind, side.other())).into_iter();
        let from = (of.not_before, (0, 0));
        let to = (of.not_after, (Seq::MAX, usize::MAX));
        others.flat_map(move |set| set.range(from..=to)).filter_map(|(_, id)| Some((*id, self.waiting.get(id)?)))
    }

    /// A word: it meets its counterpart, or waits for it.
    pub(crate) fn note(&mut self, seq: Seq, noted: &ShadowNoted) {
        for (index, one) in noted.moves.iter().enumerate() {
            let waiting = Waiting {
                content: (one.product.clone(), one.facility.clone(), one.kind.clone(), noted.side),
                quantity: one.quantity,
                at: noted.at,
                not_before: noted.not_before,
                not_after: noted.not_after,
                until: noted.until,
                system: noted.system.clone(),
                message: noted.id.clone(),
            };
            let same = self.counterparts(&waiting).find(|(_, other)| other.quantity == waiting.quantity);
            if let Some((other, at)) = same.map(|(id, other)| (id, other.at)) {
                self.forget(other);
                let of_owner = if noted.side == ShadowSide::Owner { noted.at } else { at };
                self.days.entry(day(of_owner)).or_default().matched += 1;
            } else {
                let id = (seq, index);
                self.by_content.entry(waiting.content.clone()).or_default().insert((waiting.at, id));
                self.by_deadline.insert((waiting.until, id));
                self.waiting.insert(id, waiting);
            }
        }
    }

    /// A window is over.
    pub(crate) fn settle(&mut self, differed: &ShadowDiffered) {
        for place in [&differed.owner, &differed.shadow].into_iter().flatten() {
            self.forget((place.noted, place.index));
        }
        let counts = self.days.entry(differed.day).or_default();
        match differed.outcome {
            ShadowOutcome::Different => counts.different += 1,
            ShadowOutcome::Missing => counts.missing += 1,
            ShadowOutcome::Unexpected => counts.unexpected += 1,
        }
    }

    fn forget(&mut self, id: NoteId) {
        let Some(waiting) = self.waiting.remove(&id) else { return };
        self.by_deadline.remove(&(waiting.until, id));
        if let Some(set) = self.by_content.get_mut(&waiting.content) {
            set.remove(&(waiting.at, id));
            if set.is_empty() {
                self.by_content.remove(&waiting.content);
            }
        }
    }
}
