//! Which names an input mentions that are not in memory.
//! Here: by which names each rule looks for what it needs. Not here: the look-up.
//! Invariant: an object that a rule would look for is named here, or nothing was ever known of it.

use crossdock_model::{
    DeliveryId, DeliveryPlanned, Fact, FactSetAside, OrderId, PoNumber, ProductId, SerialNumber, SystemId, Text,
    TrackingNumber,
};
use serde_json::Value;

use super::names;
use crate::about::About;
use crate::decide::paid_order;
use crate::delivery::AttemptOutcome;
use crate::partition::{Command, Input};
use crate::{OrderKey, Policy, State};

/// The names, each once.
pub(crate) fn missing(state: &State, policy: &Policy, input: &Input) -> Vec<Text> {
    let mut seeker = Seeker { state, found: Vec::new() };
    match input {
        Input::Admit { submission, .. } => {
            seeker.fact(&submission.fact, &speakers(policy, &submission.system));
        }
        Input::Command { command, .. } => seeker.command(policy, command),
        Input::Delivered { id, outcome } => seeker.answer(*id, outcome),
        _ => {}
    }
    seeker.found
}

/// As whose word it may count: a simulator's is that of the system that it stands in for.
fn speakers<'a>(policy: &'a Policy, system: &'a SystemId) -> Vec<&'a SystemId> {
    let stands_for = policy.synthetic.stand_ins.iter().filter(|(_, stand_in)| *stand_in == system);
    std::iter::once(system).chain(stands_for.map(|(of, _)| of)).collect()
}

struct Seeker<'a> {
    state: &'a State,
    found: Vec<Text>,
}

impl Seeker<'_> {
    fn add(&mut self, name: Text) {
        if !self.found.contains(&name) {
            self.found.push(name);
        }
    }

    fn order(&mut self, key: &OrderKey) {
        if self.state.order(key).is_none() {
            self.add(names::order(key));
        }
    }

    fn order_id(&mut self, id: &OrderId) {
        if self.state.order_by_id(id).is_none() {
            self.add(names::order_id(id));
        }
    }

    /// What a channel says of its own order, whose connection is that of the number.
    fn of_channel(&mut self, id: &OrderId, speakers: &[&SystemId]) {
        self.order_id(id);
        for source in speakers {
            // The usual case: no second look-up where the number means an order of that channel.
            if self.state.order_by_id(id).is_none_or(|order| order.key.source != **source) {
                self.order(&OrderKey { source: (*source).clone(), id: id.clone() });
            }
        }
    }

    fn unit(&mut self, product: &ProductId, serial: &SerialNumber) {
        if self.state.stock.serials.promised(product, serial).is_none() {
            self.add(names::unit(product, serial));
        }
    }

    fn parcel(&mut self, number: &TrackingNumber) {
        if self.state.orders.by_tracking(number).is_none() {
            self.add(names::parcel(number));
        }
    }

    fn po(&mut self, number: &PoNumber) {
        if self.state.purchase_order(number).is_none() {
            self.add(names::po(number));
        }
    }

    /// A parcel may carry goods of several orders, and some of them may have left.
    fn inbound(&mut self, number: &TrackingNumber) {
        match self.state.procurement.by_tracking.get(number) {
            Some(carried) => carried.iter().for_each(|po| self.po(po)),
            None => self.add(names::inbound(number)),
        }
    }

    fn group(&mut self, supplier: &SystemId, group: u32) {
        match self.state.procurement.groups.get(&(supplier.clone(), group)) {
            Some(number) => self.po(number),
            None => self.add(names::group(supplier, group)),
        }
    }

    fn fact(&mut self, fact: &Fact, speakers: &[&SystemId]) {
        match fact {
            Fact::OrderCaptured(order) => {
                for line in &order.lines {
                    line.serial.iter().for_each(|serial| self.unit(&line.product, serial));
                }
            }
            Fact::OrderCancelRequested(e) => self.of_channel(&e.order_id, speakers),
            Fact::OrderChangeRequested(e) => self.of_channel(&e.order_id, speakers),
            Fact::OrderRefunded(e) => self.of_channel(&e.order_id, speakers),
            Fact::OrderPayment(e) => speakers.iter().for_each(|system| self.order(&paid_order(e, system))),
            Fact::Picked(e) | Fact::Packed(e) => self.order_id(&e.order_id),
            Fact::Returned(e) => self.order_id(&e.order_id),
            Fact::ShortPicked(e) => self.order_id(&e.order_id),
            Fact::Shipped(e) => self.order_id(&e.order_id),
            Fact::ShipmentMilestone(e) => {
                self.parcel(&e.tracking_number);
                self.inbound(&e.tracking_number);
            }
            Fact::ShipmentNotified(e) => {
                self.po(&e.po_number);
                e.tracking_number.iter().for_each(|number| self.inbound(number));
            }
            Fact::FunctionalAck(e) => speakers.iter().for_each(|system| self.group(system, e.group_control_number)),
            Fact::Received(e) => self.po(&e.po_number),
            Fact::PoAcknowledged(e) => self.po(&e.po_number),
            Fact::InvoiceReceived(e) => self.po(&e.po_number),
            Fact::PoChangeRequested(e) => self.po(&e.po_number),
            Fact::PoChangeAcknowledged(e) => self.po(&e.po_number),
            Fact::QualityInspected(e) => self.po(&e.po_number),
            Fact::ReturnedToSupplier(e) => self.po(&e.po_number),
            Fact::Adjusted(_)
            | Fact::Counted(_)
            | Fact::Quarantined(_)
            | Fact::Released(_)
            | Fact::Damaged(_)
            | Fact::Scrapped(_)
            | Fact::TransferredOut(_)
            | Fact::TransferredIn(_)
            | Fact::Snapshot(_)
            | Fact::Recommended(_)
            | Fact::ProductUpserted(_)
            | Fact::PriceUpserted(_)
            | Fact::CustomerUpserted(_)
            | Fact::SupplierUpserted(_)
            | Fact::SyncCompleted(_)
            | Fact::InventoryValued(_) => {}
        }
    }

    /// The ERP may answer with the number of a purchase order that there is already.
    fn answer(&mut self, id: DeliveryId, outcome: &AttemptOutcome) {
        let creates = |plan: &DeliveryPlanned| plan.operation == "createPurchaseOrder";
        let AttemptOutcome::Answered { body, .. } = outcome else { return };
        if self.state.deliveries.get(id).is_some_and(|delivery| creates(&delivery.plan))
            && let Some(number) = body.get("poNumber").and_then(Value::as_str).and_then(|number| number.parse().ok())
        {
            self.po(&number);
        }
    }

    fn command(&mut self, policy: &Policy, command: &Command) {
        match command {
            Command::MoveLine { order, .. } => self.order(order),
            Command::ReplayInto { scan, .. } => {
                for (_, plan, _) in scan.open() {
                    self.about(&plan.about);
                }
            }
            Command::ResolveException { id, .. } => {
                // An accepted proposal is a fact that is said now.
                let proposal = self.state.exception(*id).and_then(|x| x.opened.details.get("proposal"));
                let proposal = proposal.and_then(|p| serde_json::from_value::<FactSetAside>(p.clone()).ok());
                let Some(proposal) = proposal else { return };
                if let Some(Ok(fact)) = Fact::from_data(&proposal.event_type, proposal.data) {
                    self.fact(&fact, &speakers(policy, &proposal.system));
                }
            }
            _ => {}
        }
    }

    fn about(&mut self, about: &str) {
        match About::parse(about) {
            Some(About::Order(key)) => self.order(&key),
            Some(About::Po(number)) => self.po(&number),
            Some(About::Invoice(supplier, number)) if self.state.invoice(&supplier, &number).is_none() => {
                self.add(names::invoice(&supplier, &number));
            }
            Some(About::Recommendation(id)) if !self.state.procurement.recommendations.contains_key(&id) => {
                self.add(names::recommendation(&id));
            }
            _ => {}
        }
    }
}
