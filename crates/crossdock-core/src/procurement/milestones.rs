//! The milestones of a purchase order: when each is due, when it was reached, and which delay was told.
//! Here: what counts as reached. Not here: asking about what is overdue (`decide/milestones`), what a delay is made of
//! (`attribution`).
//! Invariant: a milestone is reached once, and never taken back (I8); one that is reached implies those before it.

use std::collections::{BTreeMap, BTreeSet};

use crossdock_model::{PoMilestone, ShipmentPurpose, SystemId, Timestamp};

use serde::{Deserialize, Serialize};

use super::{Notice, PoState, PoStatus};

/// When something happened, by the clock of whoever did it and by ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reached {
    /// By the source's clock.
    pub source_time: Timestamp,
    /// By the hub's.
    pub received_at: Timestamp,
    /// Who said so.
    pub by: SystemId,
}

/// What is watched of an order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Watch {
    /// When each milestone is due; one that is not here is not watched.
    pub due: BTreeMap<PoMilestone, Timestamp>,
    /// Those that were reached.
    pub reached: BTreeMap<PoMilestone, Reached>,
    /// Those that were overdue, and somebody was asked.
    pub(crate) told: BTreeSet<PoMilestone>,
    /// When the facility knew what to expect, for the last shipment.
    pub(crate) facility_told: Option<Timestamp>,
    /// The last that anybody said of the order: what follows from it is reached then.
    pub(crate) last: Option<Reached>,
}

impl Watch {
    /// The milestones that are overdue at `now` and not reached.
    pub(crate) fn overdue(&self, now: Timestamp) -> impl Iterator<Item = (PoMilestone, Timestamp)> {
        let due = self.due.iter().map(|(milestone, due)| (*milestone, *due));
        due.filter(move |(milestone, due)| *due <= now && !self.reached.contains_key(milestone))
    }

    /// When to look next: the first due time of what is neither reached nor told.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        let open = self.due.iter().filter(|(m, _)| !self.reached.contains_key(m) && !self.told.contains(m));
        open.map(|(_, due)| *due).min()
    }
}

impl PoState {
    /// Notes what is reached now, at the time of what was said last.
    pub(crate) fn note_milestones(&mut self) {
        let Some(last) = self.watch.last.clone() else { return };
        let Some(furthest) = PoMilestone::ALL.into_iter().filter(|milestone| self.is_at(*milestone)).max() else {
            return;
        };
        for milestone in PoMilestone::ALL.into_iter().filter(|milestone| *milestone <= furthest) {
            self.watch.reached.entry(milestone).or_insert_with(|| last.clone());
        }
    }

    fn is_at(&self, milestone: PoMilestone) -> bool {
        let came = || self.lines.iter().any(|line| !(line.accepted + line.rejected).is_zero());
        let announced = || {
            let none_waits = self.lines.iter().all(|line| line.on_order.is_zero());
            none_waits && self.has_reached(PoStatus::Sent) && (came() || !self.shipments.is_empty())
        };
        let received = || came() && announced() && self.lines.iter().all(|line| line.in_transit <= line.short);
        match milestone {
            PoMilestone::Sent => self.has_reached(PoStatus::Sent),
            PoMilestone::SupplierAck => self.has_reached(PoStatus::Confirmed),
            PoMilestone::ShipNotice => announced(),
            PoMilestone::Arrival => {
                let holds = |notice: &Notice| notice.purpose != ShipmentPurpose::Cancel;
                let mut noticed = self.shipments.values().filter(|s| s.notice.as_ref().is_some_and(holds));
                announced() && !self.shipments.is_empty() && noticed.all(|shipment| shipment.arrived)
            }
            PoMilestone::Receipt => received(),
            PoMilestone::Quality => received() && self.lines.iter().all(|line| line.held.is_zero()),
            PoMilestone::Invoice => {
                received() && self.lines.iter().all(|line| line.held.is_zero() && line.matched >= line.payable())
            }
        }
    }
}
