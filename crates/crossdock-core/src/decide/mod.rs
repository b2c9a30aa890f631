//! What follows from an entry. One entry in, the events that follow out; the partition records them and asks again.
//! Here: which entry goes to which area. Areas: `admission` (is a fact taken; `purchasing` for its documents), `orders`,
//! `allocation`, `cancel`, `shipments`, `short_pick`,
//! `procurement`, `matching`, `positions`, `routes` (what is owed to whom).
//! Invariant: nothing here changes the state; equal state, entry and time give equal events.

mod admission;
mod allocation;
mod archive;
mod cancel;
mod changes;
mod commands;
mod counts;
mod escalation;
mod finance;
mod lots;
mod master;
mod matching;
mod milestones;
mod moves;
mod orders;
mod ownership;
mod payments;
mod plausible;
mod positions;
mod procurement;
mod purchasing;
mod remediation;
mod replays;
mod returns;
mod routes;
mod sequence;
mod serials;
mod shadow;
mod shipments;
mod short_pick;
mod splits;
mod sync;
mod synthetic;
mod transfers;
mod units;

pub(crate) use admission::{Verdict, admit, context_of, fresh_context, hub_meta, keys_of, meta_of, rejection};
pub(crate) use archive::its_time_is_over;
pub(crate) use commands::{Carried, command};
pub(crate) use milestones::order_of;
pub(crate) use ownership::as_said_by_owner;
pub(crate) use payments::{PAYMENT, paid_order};
pub(crate) use positions::position_changed;
pub(crate) use routes::Release;
pub(crate) use short_pick::position_of;
pub(crate) use synthetic::{acknowledgement, stood_in};

use crossdock_model::{
    DeliveryPlanned, Event, ExceptionKind, ExceptionOpened, Fact, HubEvent, Meta, Resolution, Severity, Timestamp,
};
use jiff::SignedDuration;
use serde_json::Value;

use crate::{Context, Draft, Due, Entry, Policy, Seq, State};

/// The events that follow from `entry`, which is in `state` already.
///
/// `now` is hub time and only sets due times.
pub fn decide(state: &State, policy: &Policy, entry: &Entry, now: Timestamp) -> Vec<Draft> {
    // Whether a number is missing is known before anything is done with what the fact reports.
    let mut drafts = match &entry.event {
        Event::Fact(fact) => sequence::seen(&Ask { state, policy, entry: Cause::of(entry), now }, fact),
        Event::Hub(_) => Vec::new(),
    };
    drafts.extend(follows(state, policy, entry, now));
    let ask = Ask { state, policy, entry: Cause::of(entry), now };
    if let Event::Fact(fact) = &entry.event {
        drafts.extend(shadow::said_by_owner(&ask, fact));
    }
    match &entry.event {
        Event::Hub(event) => {
            drafts.extend(order_of(event).into_iter().flat_map(|po| milestones::reached(&ask, po)));
            if let HubEvent::StockCorrected(correction) = event {
                drafts.extend(finance::corrected(&ask, correction));
            }
        }
        Event::Fact(Fact::ShipmentMilestone(seen)) => {
            let carried = state.procurement.by_tracking.get(&seen.tracking_number).into_iter().flatten();
            drafts.extend(carried.flat_map(|po| milestones::reached(&ask, po)));
        }
        Event::Fact(fact) => {
            let posted = finance::of_fact(&ask, fact, &drafts);
            drafts.extend(posted);
        }
    }
    drafts
}

fn follows(state: &State, policy: &Policy, entry: &Entry, now: Timestamp) -> Vec<Draft> {
    let ask = Ask { state, policy, entry: Cause::of(entry), now };
    match &entry.event {
        Event::Fact(fact) => match fact {
            Fact::OrderCaptured(order) => orders::captured(&ask, order),
            Fact::OrderCancelRequested(request) => cancel::requested(&ask, request),
            Fact::OrderChangeRequested(change) => changes::requested(&ask, change),
            Fact::Picked(m) | Fact::Packed(m) => orders::staged(&ask, m),
            Fact::OrderRefunded(refund) => returns::refunded(&ask, refund),
            Fact::OrderPayment(payment) => payments::said(&ask, payment),
            Fact::Returned(m) => returns::returned(&ask, m),
            Fact::ShortPicked(m) => short_pick::short_picked(&ask, m),
            Fact::Shipped(m) => shipments::shipped(&ask, m),
            Fact::ShipmentMilestone(m) => shipments::milestone(&ask, m),
            Fact::Adjusted(m) => counts::adjusted(&ask, m),
            Fact::Counted(m) => counts::counted(&ask, m),
            Fact::Snapshot(s) => counts::snapshot(&ask, s),
            Fact::Released(m) => allocation::fill_backorders(&ask, &m.product),
            // What the books say of it is asked, and what left them is posted, by `finance`.
            Fact::Quarantined(_) | Fact::Damaged(_) | Fact::Scrapped(_) | Fact::InventoryValued(_) => Vec::new(),
            Fact::TransferredOut(m) => transfers::left(&ask, m),
            Fact::TransferredIn(m) => transfers::arrived(&ask, m),
            Fact::Received(m) => procurement::received(&ask, m),
            Fact::Recommended(r) => procurement::recommended(&ask, r),
            Fact::FunctionalAck(ack) => procurement::functional_ack(&ask, ack),
            Fact::PoAcknowledged(ack) => procurement::acknowledged(&ask, ack),
            Fact::ShipmentNotified(notice) => procurement::notified(&ask, notice),
            Fact::ProductUpserted(product) => {
                let versions = state.master.product(&product.product);
                master::changed(&ask, ("product", product.product.to_string()), product, versions)
            }
            Fact::PriceUpserted(price) => {
                let key = (price.product.clone(), price.unit.clone(), price.currency.clone());
                let name = format!("{}/{}/{}", price.product, price.unit, price.currency);
                master::changed(&ask, ("price", name), price, state.master.prices.get(&key))
            }
            Fact::CustomerUpserted(customer) => {
                let versions = state.master.customer(&customer.customer_id);
                master::changed(&ask, ("customer", customer.customer_id.to_string()), customer, versions)
            }
            Fact::SupplierUpserted(supplier) => {
                let versions = state.master.supplier(&supplier.supplier_id);
                master::changed(&ask, ("supplier", supplier.supplier_id.to_string()), supplier, versions)
            }
            Fact::SyncCompleted(completed) => sync::completed(&ask, completed),
            Fact::InvoiceReceived(invoice) => matching::invoiced(&ask, invoice),
            Fact::PoChangeRequested(change) => procurement::change_requested(&ask, change),
            Fact::PoChangeAcknowledged(answer) => procurement::change_acknowledged(&ask, answer),
            Fact::QualityInspected(inspected) => procurement::inspected(&ask, inspected),
            Fact::ReturnedToSupplier(movement) => procurement::returned(&ask, movement),
        },
        Event::Hub(event) => match event {
            HubEvent::OrderAccepted(e) => orders::accepted(&ask, e),
            HubEvent::OrderAllocated(e) => orders::allocated(&ask, e),
            HubEvent::OrderBooked(e) => orders::booked(&ask, e),
            HubEvent::OrderReleased(e) => orders::released(&ask, e),
            HubEvent::OrderShipped(e) => shipments::recorded(&ask, e),
            HubEvent::OrderCancelled(e) => cancel::cancelled(&ask, e),
            HubEvent::OrderPaymentChanged(e) => payments::changed(&ask, e),
            HubEvent::OrderReturned(e) => returns::recorded(&ask, e),
            HubEvent::OrderChanged(e) => changes::changed(&ask, e),
            HubEvent::OrderChangePending(e) => changes::asked(&ask, e),
            HubEvent::OrderSplit(e) => splits::split(&ask, e),
            HubEvent::OrderMoved(e) => moves::moved(&ask, e),
            HubEvent::OrderChangeRefused(e) => changes::too_late(&ask, e),
            HubEvent::RecommendationApproved(e) => procurement::approved(&ask, e),
            HubEvent::RecommendationRefused(e) => procurement::refused(&ask, e),
            HubEvent::PoCreated(e) => procurement::created(&ask, e),
            HubEvent::PoSent(e) => procurement::status(&ask, &e.po_number),
            HubEvent::PoConfirmed(e) => procurement::confirmed(&ask, e),
            HubEvent::PoNoticeUndone(e) => procurement::notice_undone(&ask, e),
            HubEvent::PoReduced(e) => procurement::reduced(&ask, e),
            HubEvent::PoChanged(e) => procurement::changed(&ask, e),
            HubEvent::PoQualityRecorded(e) => procurement::quality_recorded(&ask, e),
            HubEvent::PoReturnRecorded(e) => procurement::return_recorded(&ask, e),
            HubEvent::PoInTransit(e) => procurement::in_transit(&ask, e),
            HubEvent::PoReceiptRecorded(e) => procurement::receipt_recorded(&ask, e),
            HubEvent::PoClosed(e) => procurement::status(&ask, &e.po_number),
            HubEvent::InvoiceMatched(e) => matching::matched(&ask, e),
            HubEvent::StockCorrected(e) => counts::corrected(&ask, e),
            HubEvent::HoldBackEnded(e) => counts::released(&ask, &e.facility),
            HubEvent::PositionChanged(e) => positions::published(&ask, e),
            HubEvent::ExceptionOpened(e) => exception_opened(&ask, e),
            HubEvent::FactSetAside(e) => ownership::set_aside(&ask, e),
            HubEvent::FactAdopted(e) => {
                as_said_by_owner(e, entry).map(|own| decide(state, policy, &own, now)).unwrap_or_default()
            }
            HubEvent::DeliveryPlanned(_) => replays::superseded(&ask),
            HubEvent::DeadLetterEdited(e) => replays::edited(&ask, e),
            HubEvent::ExceptionResolved(e) => resolved(&ask, e.exception_id, e.resolution),
            _ => Vec::new(),
        },
    }
}

/// The events that follow from a time that has come. They clear the timer or set it anew, and carry the connection of their
/// object; deliveries follow from them, not from here: an idempotency key is made of the place of the event that it follows from.
///
/// An empty answer is a defect: the timer stays set, and nobody looks at it again before the restart.
pub(crate) fn due(state: &State, policy: &Policy, due: &Due, now: Timestamp) -> Vec<Draft> {
    let seq = state.seq + 1;
    let meta = hub_meta(&fresh_context(seq, false, None), None, now);
    let ask = Ask { state, policy, entry: Cause { seq, meta: &meta, said: None }, now };
    match due {
        Due::Shadow(group) => shadow::window_over(&ask, group),
        Due::SyncOverdue(system, feed) => sync::overdue(&ask, system, feed),
        Due::Escalate(id) => escalation::exception(&ask, *id),
        Due::Milestone(number) => milestones::overdue(&ask, number),
        Due::HoldBack(facility) => sequence::window_over(&ask, facility),
        Due::Payment(key) => payments::overdue(&ask, key),
        Due::EarlyPayment(key) => payments::unclaimed(&ask, key),
        Due::EscalateLetter(id) => escalation::dead_letter(&ask, *id),
    }
}

/// The events that follow from the end of a delivery. The plan is given: a done delivery is no longer in the state.
pub(crate) fn after_delivery(
    state: &State,
    policy: &Policy,
    plan: &DeliveryPlanned,
    entry: &Entry,
    now: Timestamp,
) -> Vec<Draft> {
    let ask = Ask { state, policy, entry: Cause::of(entry), now };
    match &entry.event {
        Event::Hub(HubEvent::DeliverySucceeded(done)) if !done.left.is_empty() => replays::left(&ask, plan, &done.left),
        Event::Hub(HubEvent::DeliverySucceeded(done)) => match plan.operation.as_str() {
            "createOrder" => orders::booked_by_erp(&ask, plan, &done.response),
            "createRelease" => orders::released_by_wms(&ask, plan),
            "cancelRelease" if done.status == 409 => cancel::refused_by_wms(&ask, plan, &done.response),
            "cancelRelease" => cancel::confirmed(&ask, plan),
            "createPurchaseOrder" => procurement::created_by_erp(&ask, plan, &done.response),
            "sendInterchange" => procurement::sent(&ask, plan),
            _ => Vec::new(),
        },
        Event::Hub(HubEvent::BreakerOpened(e)) => orders::target_down(&ask, &e.target),
        _ => Vec::new(),
    }
}

fn exception_opened(ask: &Ask<'_>, event: &ExceptionOpened) -> Vec<Draft> {
    let mut drafts = match event.kind {
        ExceptionKind::CancelTooLate => cancel::goes_on(ask, &event.about),
        _ => Vec::new(),
    };
    drafts.extend(remediation::opened(ask, event));
    drafts
}

fn resolved(ask: &Ask<'_>, id: crossdock_model::ExceptionId, resolution: Resolution) -> Vec<Draft> {
    let Some(exception) = ask.state.exceptions.get(id) else { return Vec::new() };
    match exception.opened.kind {
        ExceptionKind::CountVariance | ExceptionKind::UnknownReason | ExceptionKind::SnapshotDifference => {
            counts::decided(ask, &exception.opened, resolution)
        }
        ExceptionKind::OwnershipProposal => ownership::decided(ask, id, &exception.opened, resolution),
        ExceptionKind::ApprovalNeeded => procurement::decided(ask, exception, resolution),
        ExceptionKind::InvoiceVariance => matching::variance_decided(ask, &exception.opened.about),
        ExceptionKind::AcknowledgementVariance => {
            let opened = &exception.opened;
            let mut drafts = procurement::variance_decided(ask, id, &opened.details, &opened.about, resolution);
            if drafts.is_empty() {
                drafts.extend(matching::close_about(ask, &opened.about));
            }
            drafts
        }
        ExceptionKind::ShortPick if resolution == Resolution::Cancel => {
            changes::give_up_short(ask, &exception.opened.about)
        }
        ExceptionKind::ShortPick if resolution == Resolution::Substitute => {
            let with = exception.resolved.as_ref().map(|(resolved, _)| &resolved.with);
            with.map(|with| changes::substitute_short(ask, &exception.opened, with)).unwrap_or_default()
        }
        ExceptionKind::PaymentMissing => {
            let by = exception.resolved.as_ref().map_or("", |(resolved, _)| resolved.by.as_str());
            payments::decided(ask, &exception.opened, resolution, by)
        }
        ExceptionKind::ReceiptDiscrepancy => matching::discrepancy_decided(ask, &exception.opened.about),
        _ => matching::close_about(ask, &exception.opened.about),
    }
}

/// What every rule looks at.
pub(crate) struct Ask<'a> {
    pub(crate) state: &'a State,
    pub(crate) policy: &'a Policy,
    pub(crate) entry: Cause<'a>,
    pub(crate) now: Timestamp,
}

/// What is decided about: an entry, or a time that has come.
#[derive(Clone, Copy)]
pub(crate) struct Cause<'a> {
    /// The entry's place; of a time that has come, the place of the first event that follows from it.
    pub(crate) seq: Seq,
    /// Its circumstances.
    pub(crate) meta: &'a Meta,
    /// Of a fact that counts in base units, and was not said so: what its sender said.
    pub(crate) said: Option<&'a Fact>,
}

impl<'a> Cause<'a> {
    fn of(entry: &'a Entry) -> Self {
        Self { seq: entry.seq, meta: &entry.meta, said: entry.said.as_ref().map(|said| &said.fact) }
    }

    /// Its connection.
    pub(crate) fn context(&self) -> Context {
        Context::of(self.meta)
    }
}

/// An exception to open: what differs from kind to kind.
pub(crate) struct Question<'a> {
    pub(crate) kind: ExceptionKind,
    pub(crate) about: String,
    pub(crate) what: String,
    pub(crate) why: &'a str,
    pub(crate) owner: &'a str,
    pub(crate) severity: Severity,
    pub(crate) resolutions: &'a [Resolution],
    pub(crate) details: Value,
}

impl Ask<'_> {
    /// Opens an exception, unless one of its kind is open about the same object.
    pub(crate) fn open(&self, question: Question<'_>) -> Option<Draft> {
        self.open_distinct(String::new(), question)
    }

    /// Opens one of several exceptions of a kind about the same object: they differ by `distinct` (a movement, a line, a
    /// document). A cause that repeats itself has the same key, and opens nothing while the first waits.
    pub(crate) fn open_distinct(&self, distinct: String, question: Question<'_>) -> Option<Draft> {
        if self.state.exceptions.open_distinct(&question.about, question.kind, &distinct).is_some() {
            return None;
        }
        let opened = ExceptionOpened { distinct, ..opened(self.policy, self.now, question) };
        Some(Draft::from(HubEvent::ExceptionOpened(opened)))
    }
}

pub(crate) fn opened(policy: &Policy, now: Timestamp, question: Question<'_>) -> ExceptionOpened {
    ExceptionOpened {
        kind: question.kind,
        about: question.about,
        what: question.what,
        why: question.why.to_owned(),
        owner: question.owner.to_owned(),
        severity: question.severity,
        due: now
            .saturating_add(SignedDuration::from_millis(policy.due_ms(question.severity)))
            .unwrap_or(Timestamp::MAX),
        resolutions: question.resolutions.to_vec(),
        details: question.details,
        distinct: String::new(),
        original: None,
    }
}
