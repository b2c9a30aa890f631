//! How the lines of an order go out: consignments, each allocated, released and shipped on its own.
//! Rules: docs/concepts/domain.md, 8.4.2. Here: what is planned for which, and what of it a facility picks. Not here: the order to split
//! (`decide/splits.rs`).
//! Invariant: a split moves no goods and changes no figure of a line (I4). An order that nobody split keeps nothing here: all of it is the
//! first. Of a line that was split, what is planned and what is picked sum over its consignments to what the line says.

use std::collections::{BTreeMap, BTreeSet};

use crossdock_model::{FacilityId, Quantity};
use serde::{Deserialize, Serialize};

use crate::{LineState, OrderState, Shares};

/// A consignment of an order, from 1 on.
pub type ConsignmentNumber = u32;

/// The consignment that everything is in that nobody planned for another.
pub(crate) const FIRST: ConsignmentNumber = 1;

/// What of a line is in a consignment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consigned {
    /// Not told to be picked: reserved, or waiting for stock.
    pub planned: Quantity,
    /// What facilities were told to pick for it.
    pub released: Shares,
}

impl Consigned {
    fn is_empty(&self) -> bool {
        self.planned.is_zero() && self.released.total().is_zero()
    }
}

impl LineState {
    /// Open, and not told to be picked.
    fn to_plan(&self) -> Quantity {
        self.open().saturating_sub(self.released.total())
    }

    /// What of the line is in a consignment and was not told to be picked.
    pub fn planned_in(&self, number: ConsignmentNumber) -> Quantity {
        if self.consignments.is_empty() && number == FIRST {
            return self.to_plan();
        }
        self.consignments.get(&number).map(|consigned| consigned.planned).unwrap_or_default()
    }

    /// What of a consignment is reserved and was not told to be picked, by facility: the lower number has it first.
    pub(crate) fn reserved_in(&self, number: ConsignmentNumber) -> BTreeMap<FacilityId, Quantity> {
        let mut before: Quantity = (FIRST..number).map(|lower| self.planned_in(lower)).sum();
        let mut wanted = self.planned_in(number);
        let mut reserved = BTreeMap::new();
        for facility in self.allocated.facilities() {
            let there = self.unreleased(facility);
            let passed = there.min(before);
            before = before.saturating_sub(passed);
            let own = there.saturating_sub(passed).min(wanted);
            wanted = wanted.saturating_sub(own);
            if !own.is_zero() {
                reserved.insert(facility.clone(), own);
            }
        }
        reserved
    }

    /// What of a consignment waits for stock.
    pub(crate) fn waiting_in(&self, number: ConsignmentNumber) -> Quantity {
        let reserved: Quantity = self.reserved_in(number).values().copied().sum();
        self.planned_in(number).saturating_sub(reserved)
    }

    /// A facility is told to pick some of a consignment.
    pub(crate) fn release_in(&mut self, number: ConsignmentNumber, facility: &FacilityId, quantity: Quantity) {
        if let Some(consigned) = self.consignments.get_mut(&number) {
            let quantity = quantity.min(consigned.planned);
            consigned.planned = consigned.planned.saturating_sub(quantity);
            consigned.released.add(facility, quantity);
        }
    }

    /// From one consignment into another; what of it a facility picks stays where it is.
    pub(crate) fn consign(&mut self, from: ConsignmentNumber, to: ConsignmentNumber, quantity: Quantity) {
        if self.consignments.is_empty() {
            let all = Consigned { planned: self.to_plan(), released: self.released.clone() };
            self.consignments.insert(FIRST, all);
        }
        let Some(consigned) = self.consignments.get_mut(&from) else { return };
        let moved = quantity.min(consigned.planned);
        consigned.planned = consigned.planned.saturating_sub(moved);
        self.consignments.entry(to).or_default().planned += moved;
        self.tidy_consignments();
    }

    /// The line has changed: what was picked and is not any more is planned again, what is not open any more is planned for nobody, and
    /// what is new is in the first. What shipped or was given back is of the lowest number that is picked there; of what nobody picks
    /// the highest is given up first.
    pub(crate) fn fit_consignments(&mut self) {
        if self.consignments.is_empty() {
            return;
        }
        let freed = self.unpick();
        let to_plan = self.to_plan();
        let mut above = self.planned_in_all().saturating_sub(to_plan);
        let last_first: Vec<ConsignmentNumber> = self.consignments.keys().rev().copied().collect();
        for number in freed.into_iter().chain(last_first) {
            if let Some(consigned) = self.consignments.get_mut(&number) {
                let given_up = above.min(consigned.planned);
                above = above.saturating_sub(given_up);
                consigned.planned = consigned.planned.saturating_sub(given_up);
            }
        }
        let new = to_plan.saturating_sub(self.planned_in_all());
        if !new.is_zero() {
            self.consignments.entry(FIRST).or_default().planned += new;
        }
        self.tidy_consignments();
    }

    /// What is not picked any more, from the lowest consignment on, is planned; says of which.
    fn unpick(&mut self) -> Vec<ConsignmentNumber> {
        let mut freed = Vec::new();
        let told = self.consignments.values().flat_map(|consigned| consigned.released.facilities());
        for facility in told.cloned().collect::<BTreeSet<FacilityId>>() {
            let held = self.released.get(&facility);
            let mut above = self.picked_at(&facility).saturating_sub(held);
            for (number, consigned) in &mut self.consignments {
                let back = consigned.released.take(&facility, above);
                above = above.saturating_sub(back);
                consigned.planned += back;
                if !back.is_zero() {
                    freed.push(*number);
                }
            }
        }
        freed
    }

    fn planned_in_all(&self) -> Quantity {
        self.consignments.values().map(|consigned| consigned.planned).sum()
    }

    fn picked_at(&self, facility: &FacilityId) -> Quantity {
        self.consignments.values().map(|consigned| consigned.released.get(facility)).sum()
    }

    fn tidy_consignments(&mut self) {
        self.consignments.retain(|_, consigned| !consigned.is_empty());
        // What is all in the first again is not split.
        if self.consignments.keys().all(|number| *number == FIRST) {
            self.consignments.clear();
        }
    }

    /// Where the consignments do not sum to the line.
    pub(crate) fn consignments_that_cannot_be(&self) -> Option<String> {
        if self.consignments.is_empty() {
            return None;
        }
        let (planned, to_plan) = (self.planned_in_all(), self.to_plan());
        if planned != to_plan {
            return Some(format!("{planned} planned over its consignments, {to_plan} open and not released"));
        }
        let told = self.consignments.values().flat_map(|consigned| consigned.released.facilities());
        let mut all = told.chain(self.released.facilities());
        let odd = all.find(|facility| self.picked_at(facility) != self.released.get(facility))?;
        Some(format!("{} released to {odd} over its consignments", self.picked_at(odd)))
    }
}

impl OrderState {
    /// Its consignments that have something left; the first always.
    pub fn consignments(&self) -> BTreeSet<ConsignmentNumber> {
        let split = self.lines.iter().flat_map(|line| line.consignments.keys()).copied();
        std::iter::once(FIRST).chain(split).collect()
    }

    /// It was split, and there is more than one consignment.
    pub(crate) fn is_split(&self) -> bool {
        self.lines.iter().any(|line| !line.consignments.is_empty())
    }
}
