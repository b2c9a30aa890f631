//! What the milestones of a purchase order remember: who said what when, what was reached, and when to look next.
//! Invariant: the timer of an order stands at the first due time of what is neither reached nor told, and nowhere when it is closed.

use crossdock_model::{
    DeliverySucceeded, ExceptionKind, ExceptionOpened, Fact, HubEvent, Milestone, PoMilestone, PoNumber,
    ShipmentMilestone,
};

use crate::about::About;
use crate::exceptions::BY_RULE;
use crate::procurement::Reached;
use crate::{Due, Entry, State};

impl State {
    /// Whatever a system says of an order, what follows from it is reached then, by its clock and by ours.
    pub(super) fn hear_of_po(&mut self, fact: &Fact, entry: &Entry) {
        match fact {
            Fact::FunctionalAck(e) => {
                let key = (entry.meta.system.clone(), e.group_control_number);
                if let Some(number) = self.procurement.groups.get(&key).cloned() {
                    self.note_said(&number, entry);
                }
            }
            Fact::PoAcknowledged(e) => self.note_said(&e.po_number, entry),
            Fact::ShipmentNotified(e) => self.note_said(&e.po_number, entry),
            Fact::Received(e) => self.note_said(&e.po_number, entry),
            Fact::QualityInspected(e) => self.note_said(&e.po_number, entry),
            Fact::ReturnedToSupplier(e) => self.note_said(&e.po_number, entry),
            Fact::InvoiceReceived(e) => self.note_said(&e.po_number, entry),
            Fact::PoChangeAcknowledged(e) => self.note_said(&e.po_number, entry),
            Fact::ShipmentMilestone(e) => self.arrive(e, entry),
            _ => {}
        }
    }

    pub(super) fn note_said(&mut self, number: &PoNumber, entry: &Entry) {
        if let Some(po) = self.procurement.orders.get_mut(number) {
            po.watch.last = Some(Reached {
                source_time: entry.meta.source_time,
                received_at: entry.meta.received_at,
                by: entry.meta.system.clone(),
            });
        }
        self.look_at_po(number, entry.meta.received_at);
    }

    /// A carrier handed over what one of the order's shipments carries, or says when it will.
    fn arrive(&mut self, seen: &ShipmentMilestone, entry: &Entry) {
        let Some(numbers) = self.procurement.by_tracking.get(&seen.tracking_number).cloned() else { return };
        let delivered = seen.milestone == Milestone::Delivered;
        for number in numbers {
            if delivered {
                self.note_said(&number, entry);
            }
            let Some(po) = self.procurement.orders.get_mut(&number) else { continue };
            let carried = po.shipments.values_mut().filter(|shipment| {
                shipment.notice.as_ref().is_some_and(|n| n.tracking_number.as_ref() == Some(&seen.tracking_number))
            });
            for shipment in carried {
                shipment.arrived |= delivered;
                // An estimate that was made before the one that holds says nothing new (I8).
                let newer = shipment.estimated_from.is_none_or(|from| from <= seen.occurred_at);
                if let Some(estimated) = seen.estimated_at.filter(|_| newer) {
                    shipment.estimated = Some(estimated);
                    shipment.estimated_from = Some(seen.occurred_at);
                }
            }
            self.look_at_milestones(&number);
        }
    }

    /// The facility knows now what to expect.
    pub(super) fn facility_told(&mut self, done: &DeliverySucceeded, entry: &Entry) {
        if done.operation != "createInboundShipment" {
            return;
        }
        let about = self.deliveries.get(done.delivery_id).and_then(|delivery| About::parse(&delivery.plan.about));
        let Some(About::Po(number)) = about else { return };
        if let Some(po) = self.procurement.orders.get_mut(&number) {
            po.watch.facility_told = Some(entry.meta.received_at);
        }
    }

    /// What an event changed may have reached a milestone.
    pub(super) fn milestones_of(&mut self, event: &HubEvent, entry: &Entry) {
        match event {
            HubEvent::PoSent(e) => {
                if let Some(po) = self.procurement.orders.get_mut(&e.po_number) {
                    po.watch.due = e.milestones.iter().map(|due| (due.milestone, due.due)).collect();
                    if po.watch.last.is_none() {
                        self.note_said(&e.po_number, entry);
                    }
                }
                self.look_at_milestones(&e.po_number);
            }
            HubEvent::ExceptionOpened(e) if e.kind == ExceptionKind::MilestoneOverdue => self.told_overdue(e),
            _ => {
                if let Some(number) = crate::decide::order_of(event) {
                    self.look_at_milestones(number);
                }
            }
        }
    }

    /// What a person decides of an order may have reached a milestone, too.
    pub(super) fn decide_milestones(&mut self, opened: &ExceptionOpened, by: &str, entry: &Entry) {
        // What a rule closes, it closes because of what somebody said: that has its time already.
        if by == BY_RULE {
            return;
        }
        if let Some(About::Po(number)) = About::parse(&opened.about) {
            self.note_said(&number, entry);
            self.look_at_milestones(&number);
        }
    }

    fn told_overdue(&mut self, opened: &ExceptionOpened) {
        let Some(About::Po(number)) = About::parse(&opened.about) else { return };
        let named = opened.details.get("milestones").cloned();
        let named: Vec<PoMilestone> = named.and_then(|named| serde_json::from_value(named).ok()).unwrap_or_default();
        if let Some(po) = self.procurement.orders.get_mut(&number) {
            po.watch.told.extend(named);
        }
        self.look_at_milestones(&number);
    }

    pub(super) fn look_at_milestones(&mut self, number: &PoNumber) {
        self.expect_receipts(number);
        self.procurement.value_open_receipts(number);
        let Some(po) = self.procurement.orders.get_mut(number) else { return };
        po.note_milestones();
        if po.watch.due.is_empty() {
            return;
        }
        let next = po.watch.next().filter(|_| po.is_open());
        let due = Due::Milestone(number.clone());
        match next {
            Some(at) => self.timers.set(due, at),
            None => self.timers.clear(&due),
        }
    }
}
