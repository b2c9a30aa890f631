//! Folds one entry into the state. Cannot refuse: what is in the ledger has happened.
//! Here: which entry goes to which part. Not here: what follows from it (`decide/`).

mod archive;
mod changes;
mod counted;
mod counts;
mod expected;
mod inbound;
mod master;
mod milestones;
mod movements;
mod orders;
mod payments;
mod procurement;
mod regraded;
mod returns;
mod sequence;
mod shadow;

use crossdock_model::{Bucket, Event, ExceptionId, ExceptionKind, Fact, HubEvent};

use regraded::To;

use crate::decide::as_said_by_owner;
use crate::exceptions::{Act, BY_RULE};
use crate::{Due, Entry, ExceptionState, State};

impl State {
    /// Takes one entry in. Entries come in the order of the ledger, each once.
    pub fn apply(&mut self, entry: &Entry) {
        self.seq = entry.seq;
        self.stock.now = entry.meta.received_at;
        match &entry.event {
            Event::Fact(fact) => self.apply_fact(fact, entry),
            Event::Hub(event) => self.apply_hub_event(event, entry),
        }
        if entry.meta.synthetic {
            self.observe_synthetic(entry);
        }
    }

    fn apply_fact(&mut self, fact: &Fact, entry: &Entry) {
        self.hear_of_po(fact, entry);
        self.see_sequence(fact, entry);
        match fact {
            Fact::OrderCaptured(order) => self.capture(order, entry),
            Fact::Shipped(movement) => self.ship(movement, entry),
            Fact::OrderRefunded(refund) => self.expect_back(refund, entry),
            Fact::OrderPayment(payment) => self.take_payment(payment, entry),
            Fact::Returned(movement) => self.take_return(movement, entry),
            Fact::ShortPicked(movement) => self.short_pick(movement, entry),
            Fact::Received(movement) => self.receive(movement, entry),
            Fact::Adjusted(movement) => self.adjust(movement, entry),
            Fact::Counted(movement) => self.count(movement, entry),
            Fact::Quarantined(movement) => self.regrade(movement, To::Bucket(Bucket::Quarantined), entry),
            Fact::Released(movement) => self.regrade(movement, To::Bucket(Bucket::Sellable), entry),
            Fact::Damaged(movement) => self.regrade(movement, To::Bucket(Bucket::Damaged), entry),
            Fact::Scrapped(movement) => self.regrade(movement, To::Nowhere, entry),
            Fact::TransferredOut(movement) => self.transfer_out(movement, entry),
            Fact::TransferredIn(movement) => self.transfer_in(movement, entry),
            Fact::Snapshot(snapshot) => self.take_snapshot(snapshot),
            Fact::Recommended(recommendation) => self.recommend(recommendation, entry),
            Fact::InvoiceReceived(invoice) => self.take_invoice(invoice, entry),
            Fact::ProductUpserted(product) => self.keep_product(product, entry),
            Fact::PriceUpserted(price) => self.keep_price(price, entry),
            Fact::CustomerUpserted(customer) => self.keep_customer(customer, entry),
            Fact::SupplierUpserted(supplier) => self.keep_supplier(supplier, entry),
            Fact::FunctionalAck(ack) => self.take_functional_ack(ack, entry),
            Fact::PoChangeRequested(change) => self.take_change(change),
            Fact::QualityInspected(inspected) => self.inspect(inspected, entry),
            Fact::ReturnedToSupplier(movement) => self.return_to_supplier(movement, entry),
            // Sub-states, requests and notices: what they change is decided, and the decision is applied.
            Fact::OrderCancelRequested(_)
            | Fact::Picked(_)
            | Fact::Packed(_)
            | Fact::PoAcknowledged(_)
            | Fact::SyncCompleted(_)
            | Fact::OrderChangeRequested(_)
            | Fact::PoChangeAcknowledged(_)
            | Fact::InventoryValued(_) => {}
            Fact::ShipmentMilestone(m) => self.orders.reach(&m.tracking_number, m.milestone, entry.seq),
            // What it moves is decided; the carrier's number is known from here on.
            Fact::ShipmentNotified(notice) => self.remember_tracking(notice),
        }
    }

    fn apply_hub_event(&mut self, event: &HubEvent, entry: &Entry) {
        self.apply_to_orders(event, entry);
        self.milestones_of(event, entry);
    }

    fn apply_to_orders(&mut self, event: &HubEvent, entry: &Entry) {
        match event {
            HubEvent::OrderAllocated(e) => self.allocate(e, entry),
            HubEvent::OrderBooked(e) => self.book(e),
            HubEvent::OrderReleased(e) => self.release(e),
            HubEvent::OrderShipped(e) => self.add_shipment(e),
            HubEvent::OrderCancelPending(e) => self.cancel_pending(e),
            HubEvent::OrderCancelled(e) => self.cancel(e, entry),
            HubEvent::OrderReturned(e) => self.set_against_order(e, entry),
            HubEvent::OrderChanged(e) => self.change_order(e, entry),
            HubEvent::OrderChangePending(e) => self.ask_back(e, entry),
            HubEvent::OrderMoved(e) => self.move_line(e, entry),
            HubEvent::OrderSplit(e) => self.split_order(e),
            HubEvent::OrderChangeRefused(e) => self.refuse_order_change(e),
            HubEvent::OrderPaymentChanged(e) => self.change_payment(e, entry),
            HubEvent::OrderClosed(e) => self.close_order(e, entry),
            HubEvent::PositionChanged(e) => self.publish(e),
            HubEvent::AdjustmentHeld(e) => self.hold_adjustment(e, entry),
            HubEvent::StockCorrected(e) => self.correct_stock(e, entry),
            HubEvent::SequenceGapFound(e) => self.find_gap(e),
            HubEvent::HoldBackEnded(e) => self.end_hold_back(e, entry),
            HubEvent::RecommendationApproved(e) => {
                self.decide_recommendation(&e.recommendation_id, true, entry.meta.received_at);
            }
            HubEvent::RecommendationRefused(e) => {
                self.decide_recommendation(&e.recommendation_id, false, entry.meta.received_at);
            }
            HubEvent::PoCreated(e) => self.create_po(e, entry),
            HubEvent::PoSent(e) => self.send_po(e, entry),
            HubEvent::PoConfirmed(e) => self.confirm_po(e, entry),
            HubEvent::PoInTransit(e) => self.announce(e, entry),
            HubEvent::PoReceiptRecorded(e) => self.record_receipt(e, entry),
            HubEvent::PoNoticeUndone(e) => self.undo_notice(e, entry),
            HubEvent::PoReduced(e) => self.reduce_po(e, entry),
            HubEvent::PoChanged(e) => self.change_po(e, entry),
            HubEvent::PoChangeRefused(e) => self.refuse_change(e),
            HubEvent::PoQualityRecorded(e) => self.record_quality(e),
            HubEvent::PoReturnRecorded(e) => self.record_return(e, entry),
            HubEvent::PoClosed(e) => self.close_po(e, entry),
            HubEvent::InvoiceMatched(e) => self.procurement.record_match(e),
            HubEvent::ExceptionOpened(e) => {
                if e.kind == ExceptionKind::CancelTooLate {
                    self.keep_after_all(&e.about);
                }
                if e.kind == ExceptionKind::SyncOverdue {
                    self.stop_waiting_for_sync(e);
                }
                self.payment_asked(e);
                self.count_asked(e, ExceptionId(entry.seq));
                self.exceptions.open(ExceptionState {
                    id: ExceptionId(entry.seq),
                    context: entry.context(),
                    opened_at: entry.meta.received_at,
                    opened: e.clone(),
                    resolved: None,
                    level: 0,
                    history: vec![Act::new(entry.meta.received_at, BY_RULE, "opened")],
                });
                self.timers.set(Due::Escalate(ExceptionId(entry.seq)), e.due);
            }
            HubEvent::ExceptionResolved(e) => {
                self.timers.clear(&Due::Escalate(e.exception_id));
                let about = self.exceptions.resolve(e, entry.meta.received_at).map(|x| x.opened.clone());
                if let Some(opened) = about {
                    self.count_answered(&opened);
                    self.payment_decided(&opened);
                    self.settle_exception(&opened, e.resolution, entry);
                    self.settle_gap(&opened, e);
                    self.decide_invoice(&opened, e.resolution);
                    self.settle_variance(&opened, e);
                    self.decide_milestones(&opened, &e.by, entry);
                }
            }
            HubEvent::ExceptionEscalated(e) => {
                self.exceptions.escalate(e, entry.meta.received_at);
                let due = Due::Escalate(e.exception_id);
                match e.next {
                    Some(at) => self.timers.set(due, at),
                    None => self.timers.clear(&due),
                }
            }
            HubEvent::RemediationStopped(e) => self.exceptions.stop_remediation(e, entry.meta.received_at),
            HubEvent::DeliveryPlanned(plan) => {
                self.remember_group(plan);
                self.deliveries.plan(entry, plan);
                self.request_release(plan);
            }
            HubEvent::DeliverySucceeded(e) => {
                self.facility_told(e, entry);
                self.deliveries.succeed(e, entry.seq);
            }
            HubEvent::AttemptFailed(e) => self.deliveries.fail(e),
            HubEvent::DeliveryRetired(e) => {
                self.timers.clear(&Due::EscalateLetter(e.delivery_id));
                self.deliveries.retire(e.delivery_id, entry.seq);
            }
            HubEvent::DeadLetterOpened(e) => {
                self.timers.set(Due::EscalateLetter(e.delivery_id), e.due);
                self.deliveries.bury(e, entry.meta.received_at);
            }
            HubEvent::DeadLetterReplayed(e) => {
                self.timers.clear(&Due::EscalateLetter(e.delivery_id));
                self.deliveries.replay(e, entry.meta.received_at, entry.seq);
            }
            HubEvent::DeadLetterEscalated(e) => {
                self.deliveries.escalate(e, entry.meta.received_at);
                let due = Due::EscalateLetter(e.delivery_id);
                match e.next {
                    Some(at) => self.timers.set(due, at),
                    None => self.timers.clear(&due),
                }
            }
            HubEvent::DeadLetterEdited(e) => self.deliveries.edit(e, entry.meta.received_at),
            HubEvent::BreakerOpened(e) => self.deliveries.open_breaker(e),
            HubEvent::BreakerClosed(e) => self.deliveries.close_breaker(&e.target),
            HubEvent::FactSetAside(e) => self.see_number_of(e),
            HubEvent::ShadowNoted(e) => self.note_shadow(e, entry),
            HubEvent::ShadowDiffered(e) => self.settle_shadow(e),
            HubEvent::SyncRecorded(e) => self.record_sync(e),
            HubEvent::FactAdopted(e) => {
                if let Some(own) = as_said_by_owner(e, entry)
                    && let Event::Fact(fact) = &own.event
                {
                    self.apply_fact(fact, &own);
                }
            }
            HubEvent::ObjectArchived(e) => self.archive(e),
            HubEvent::ObjectRecalled(e) => self.recall(e, entry),
            HubEvent::ArchivePostponed(e) => self.postpone_archive(e, entry),
            HubEvent::OrderAccepted(_)
            | HubEvent::SyntheticRunOpened(_)
            | HubEvent::SyntheticStopped(_)
            | HubEvent::SyntheticResumed(_)
            | HubEvent::ResyncRequested(_)
            | HubEvent::MessageRejected(_)
            | HubEvent::MasterChanged(_) => {}
        }
    }
}
