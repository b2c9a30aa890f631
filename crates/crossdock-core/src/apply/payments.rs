//! What payments change: nothing of the goods, only how an order stands with its money.
//! Rules: docs/concepts/domain.md, 8.13.

use std::collections::btree_map::Entry as Slot;

use crossdock_model::{ExceptionKind, ExceptionOpened, OrderPayment, OrderPaymentChanged, PaymentStanding};

use crate::about::About;
use crate::decide::{PAYMENT, paid_order};
use crate::payments::{EarlyPayments, PaymentState, Payments};
use crate::{Due, Entry, OrderKey, OrderState, State};

impl State {
    /// Kept with its order, or for it, where it has not come yet.
    pub(super) fn take_payment(&mut self, payment: &OrderPayment, entry: &Entry) {
        let key = paid_order(payment, &entry.meta.system);
        let said = PaymentState {
            id: payment.payment_id.clone(),
            status: payment.status,
            amount: payment.amount,
            currency: payment.currency.clone(),
            occurred_at: payment.occurred_at,
            seq: entry.seq,
        };
        if let Some(order) = self.orders.get_mut(&key) {
            return order.payments.get_or_insert_default().take(said);
        }
        let early = match self.orders.early.entry(key) {
            Slot::Occupied(known) => known.into_mut(),
            Slot::Vacant(first) => {
                first.insert(EarlyPayments { context: entry.context(), payments: Payments::default() })
            }
        };
        early.payments.take(said);
    }

    /// Its order has come. What is synthetic is never joined with what is real (I17).
    pub(super) fn join_payments(&mut self, order: &mut OrderState) {
        if self.orders.early.is_empty() {
            return;
        }
        let Some(early) = self.orders.early.remove(&order.key) else { return };
        self.timers.clear(&Due::EarlyPayment(order.key.clone()));
        if early.context.synthetic == order.context.synthetic {
            order.payments = Some(Box::new(early.payments));
        }
    }

    pub(super) fn change_payment(&mut self, event: &OrderPaymentChanged, entry: &Entry) {
        let key = OrderKey { source: event.source.clone(), id: event.order_id.clone() };
        if matches!(event.standing, PaymentStanding::Early | PaymentStanding::Dropped) {
            if event.standing == PaymentStanding::Dropped {
                self.orders.early.remove(&key);
            }
            return self.time(Due::EarlyPayment(key), event);
        }
        let Some(order) = self.orders.get_mut(&key) else { return };
        let payments = order.payments.get_or_insert_default();
        payments.standing = Some(event.clone());
        if event.standing == PaymentStanding::Awaited {
            payments.waited = true;
        } else {
            payments.cleared.get_or_insert(entry.seq);
        }
        self.time(Due::Payment(key), event);
    }

    fn time(&mut self, due: Due, event: &OrderPaymentChanged) {
        match event.due {
            Some(at) => self.timers.set(due, at),
            None => self.timers.clear(&due),
        }
    }

    /// Somebody is asked: nobody waits for the deadline any more.
    pub(super) fn payment_asked(&mut self, opened: &ExceptionOpened) {
        let Some(About::Order(key)) = About::parse(&opened.about) else { return };
        match opened.kind {
            ExceptionKind::PaymentMissing => self.timers.clear(&Due::Payment(key)),
            ExceptionKind::UnknownReference if opened.distinct == PAYMENT => {
                self.timers.clear(&Due::EarlyPayment(key));
            }
            _ => {}
        }
    }

    /// Somebody decided about money without an order: it is not kept for one any more.
    pub(super) fn payment_decided(&mut self, opened: &ExceptionOpened) {
        if opened.kind == ExceptionKind::UnknownReference
            && opened.distinct == PAYMENT
            && let Some(About::Order(key)) = About::parse(&opened.about)
        {
            self.orders.early.remove(&key);
        }
    }
}
