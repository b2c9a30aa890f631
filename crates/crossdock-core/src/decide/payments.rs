//! Payment before create: orders of channels that declare it are not booked, or not picked, before they are paid.
//! Rules: docs/concepts/domain.md, 8.13. Here: how an order stands with its money, money without an order, and what is asked. Not
//! here: giving money back (the channel's own doing).
//! Invariant: what is held was never told to the ERP or a facility; a payment that is lost later holds what is not told yet.

use crossdock_model::{
    Amount, ExceptionKind, ExceptionOpened, HubEvent, OrderPayment, OrderPaymentChanged, PaymentCounts, PaymentHolds,
    PaymentId, PaymentStanding, Quantity, Resolution, Severity, SystemId, Timestamp,
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::positions::closed_by_rule;
use super::{Ask, Question, cancel, opened, orders, routes};
use crate::about::About;
use crate::orders::CancelState;
use crate::payments::{PaymentState, Payments};
use crate::{Draft, Due, LineState, OrderKey, OrderState, OrderStatus};

/// What distinguishes the question about money without an order from others about an unknown order.
pub(crate) const PAYMENT: &str = "payment";
/// The same of money that is too much.
const ABOVE: &str = "above the total";

/// The order that a payment is of.
pub(crate) fn paid_order(payment: &OrderPayment, sender: &SystemId) -> OrderKey {
    OrderKey { source: payment.channel.as_ref().unwrap_or(sender).clone(), id: payment.order_id.clone() }
}

/// Somebody says how a payment stands.
pub(super) fn said(ask: &Ask<'_>, payment: &OrderPayment) -> Vec<Draft> {
    let key = paid_order(payment, &ask.entry.meta.system);
    let Some(order) = ask.state.order(&key) else { return before_order(ask, key, &payment.payment_id) };
    let Some(payments) = order.payments.as_deref() else { return Vec::new() };
    // Late, repeated, or of an order that nobody waits to be paid.
    if payments.standing.is_none() || !payments.is_news(&payment.payment_id, ask.entry.seq) {
        return Vec::new();
    }
    let why = format!("payment {} is {}", payment.payment_id, payment.status.as_str());
    let mut drafts = Vec::new();
    if order.cancel != CancelState::Done {
        drafts.extend(stands(ask, order, &why, is_under_way(order)));
    }
    drafts.extend(variances(ask, order, Some(&payment.payment_id)));
    drafts
}

/// Events overtake each other: money is kept for its order, and asked about when that does not come in time.
fn before_order(ask: &Ask<'_>, key: OrderKey, id: &PaymentId) -> Vec<Draft> {
    let Some(early) = ask.state.orders.early.get(&key).filter(|early| early.payments.is_news(id, ask.entry.seq)) else {
        return Vec::new();
    };
    let about = About::Order(key.clone()).to_string();
    if let Some(open) = ask.state.exceptions.open_distinct(&about, ExceptionKind::UnknownReference, PAYMENT) {
        let gone = !early.payments.any_money();
        return if gone { vec![closed_by_rule(open.id, "nothing of the money is left")] } else { Vec::new() };
    }
    if ask.state.timers.at(&Due::EarlyPayment(key.clone())).is_some() {
        return Vec::new();
    }
    let due = after(ask.now, ask.policy.orders.early_payment_ms);
    let why = format!("payment {id} came before its order");
    vec![Draft::of(&early.context, of_no_order(key, PaymentStanding::Early, Some(due), why))]
}

fn of_no_order(key: OrderKey, standing: PaymentStanding, due: Option<Timestamp>, why: String) -> HubEvent {
    HubEvent::OrderPaymentChanged(OrderPaymentChanged {
        source: key.source,
        order_id: key.id,
        standing,
        paid: Amount::ZERO,
        total: Amount::ZERO,
        holds: None,
        counts: None,
        due,
        why,
    })
}

/// The order of early money did not come in time.
pub(super) fn unclaimed(ask: &Ask<'_>, key: &OrderKey) -> Vec<Draft> {
    let early = ask.state.orders.early.get(key);
    let Some(early) = early.filter(|early| early.payments.any_money()) else {
        let why = "the order did not come, and nothing of the money is left".to_owned();
        return vec![Draft::from(of_no_order(key.clone(), PaymentStanding::Dropped, None, why))];
    };
    let question = Question {
        kind: ExceptionKind::UnknownReference,
        about: About::Order(key.clone()).to_string(),
        what: format!("{} for order {} of {}, which nobody captured", list(&early.payments), key.id, key.source),
        why: "a customer paid for what is not there: the order is lost on its way, or the number is wrong",
        owner: "orders",
        severity: Severity::High,
        resolutions: &[Resolution::Ignore],
        details: json!({ "orderId": key.id, "source": key.source, "payments": details(&early.payments) }),
    };
    let opened = ExceptionOpened { distinct: PAYMENT.to_owned(), ..opened(ask.policy, ask.now, question) };
    vec![Draft::of(&early.context, HubEvent::ExceptionOpened(opened))]
}

/// How an order that is accepted stands with its payment; `None`, where its channel declares nothing.
pub(super) fn at_acceptance(ask: &Ask<'_>, order: &OrderState) -> Option<OrderPaymentChanged> {
    let rule = ask.policy.orders.payment.get(&order.key.source)?;
    let nothing = Payments::default();
    let payments = order.payments.as_deref().unwrap_or(&nothing);
    let paid = payments.paid(&order.order.currency, rule.counts);
    let covered = paid >= order.order.total;
    Some(OrderPaymentChanged {
        source: order.key.source.clone(),
        order_id: order.key.id.clone(),
        standing: if covered { PaymentStanding::Paid } else { PaymentStanding::Awaited },
        paid,
        total: order.order.total,
        holds: Some(rule.holds),
        counts: Some(rule.counts),
        due: (!covered).then(|| after(ask.now, rule.due_ms)),
        why: if covered { "it was paid before it came".to_owned() } else { "its channel declares it".to_owned() },
    })
}

/// What early money asked is no question any more; what it is not as the order wants it is one.
pub(super) fn joined(ask: &Ask<'_>, order: &OrderState) -> Vec<Draft> {
    if order.payments.is_none() {
        return Vec::new();
    }
    let about = About::Order(order.key.clone()).to_string();
    let open = ask.state.exceptions.open_distinct(&about, ExceptionKind::UnknownReference, PAYMENT);
    let mut drafts: Vec<_> = open.map(|open| closed_by_rule(open.id, "the order came")).into_iter().collect();
    if ask.policy.orders.payment.contains_key(&order.key.source) {
        drafts.extend(variances(ask, order, None));
    }
    drafts
}

/// The order was changed: it may be paid now, or not any more.
pub(super) fn order_changed(ask: &Ask<'_>, order: &OrderState) -> Vec<Draft> {
    stands(ask, order, "the order was changed", false)
}

/// How the order stands now. `ask_at_once`: what is lost is asked about, because goods may leave for nothing.
fn stands(ask: &Ask<'_>, order: &OrderState, why: &str, ask_at_once: bool) -> Vec<Draft> {
    let Some((payments, before)) = required(order) else { return Vec::new() };
    let counts = before.counts.unwrap_or(PaymentCounts::Captured);
    let (paid, total) = (payments.paid(&order.order.currency, counts), to_pay(order));
    let now = |standing, due| {
        let event = OrderPaymentChanged { standing, paid, total, due, why: why.to_owned(), ..before.clone() };
        Draft::of(&order.context, HubEvent::OrderPaymentChanged(event))
    };
    match (before.standing, paid >= total) {
        (PaymentStanding::Awaited, true) => {
            let mut drafts = vec![now(PaymentStanding::Paid, None)];
            drafts.extend(no_longer(ask, order, "it is paid"));
            drafts
        }
        (PaymentStanding::Awaited, false) => {
            let due = ask.state.timers.at(&Due::Payment(order.key.clone()));
            let mut drafts = vec![now(PaymentStanding::Awaited, due)];
            if paid != before.paid && asked(ask, order).is_some() {
                drafts.extend(no_longer(ask, order, "the figures changed"));
                drafts.push(missing(ask, order, paid, total));
            }
            drafts
        }
        (PaymentStanding::Paid, false) if ask_at_once => {
            vec![now(PaymentStanding::Awaited, None), missing(ask, order, paid, total)]
        }
        (PaymentStanding::Paid, false) => {
            let rule = ask.policy.orders.payment.get(&order.key.source);
            let due = after(ask.now, rule.map_or(ask.policy.decision_due_ms, |rule| rule.due_ms));
            vec![now(PaymentStanding::Awaited, Some(due))]
        }
        _ => Vec::new(),
    }
}

/// It stands otherwise: what was held goes on.
pub(super) fn changed(ask: &Ask<'_>, event: &OrderPaymentChanged) -> Vec<Draft> {
    let Some(order) = orders::find(ask, &event.source, &event.order_id) else { return Vec::new() };
    let Some(payments) = order.payments.as_deref().filter(|_| order.cancel == CancelState::None) else {
        return Vec::new();
    };
    let mut drafts = Vec::new();
    if !matches!(event.standing, PaymentStanding::Paid | PaymentStanding::Waived) {
        // What was paid and is not any more, the channel learns: it waits again.
        if payments.cleared.is_some() && order.status() == OrderStatus::AwaitingPayment {
            drafts.extend(routes::order_status(ask, order, order.status().as_str()));
        }
        return drafts;
    }
    let first = payments.cleared == Some(ask.entry.seq);
    if first && event.holds == Some(PaymentHolds::Booking) {
        drafts.extend(routes::erp_order(ask, order));
    }
    drafts.extend(orders::release_all(ask, order));
    if payments.waited {
        drafts.extend(routes::order_status(ask, order, order.status().as_str()));
    }
    drafts
}

/// The payment did not come in time.
pub(super) fn overdue(ask: &Ask<'_>, key: &OrderKey) -> Vec<Draft> {
    let Some(order) = ask.state.order(key) else { return Vec::new() };
    let Some((_, stands)) = required(order) else { return Vec::new() };
    if asked(ask, order).is_some() {
        // Asked already: the timer is cleared, and the question stays.
        let again = OrderPaymentChanged { due: None, ..stands.clone() };
        return vec![Draft::of(&order.context, HubEvent::OrderPaymentChanged(again))];
    }
    vec![missing(ask, order, stands.paid, stands.total)]
}

/// Somebody decided about a payment that is missing: the order goes on without, or not at all; else it waits on.
pub(super) fn decided(ask: &Ask<'_>, opened: &ExceptionOpened, resolution: Resolution, by: &str) -> Vec<Draft> {
    let Some(About::Order(key)) = About::parse(&opened.about) else { return Vec::new() };
    let Some(order) = ask.state.order(&key) else { return Vec::new() };
    let Some((_, stands)) = required(order).filter(|(payments, _)| payments.is_awaited()) else { return Vec::new() };
    match resolution {
        Resolution::Approve => {
            let why = format!("{by} lets it go on without");
            let event = OrderPaymentChanged { standing: PaymentStanding::Waived, due: None, why, ..stands.clone() };
            vec![Draft::of(&order.context, HubEvent::OrderPaymentChanged(event))]
        }
        Resolution::Cancel => {
            let mut drafts = cancel::whole(ask, order);
            // The channel did not ask for it, and does not know that something is to be given back.
            let payments = order.payments.iter().flat_map(|payments| &payments.received);
            drafts.extend(payments.flat_map(|payment| variance(ask, order, payment, true)));
            drafts
        }
        _ => Vec::new(),
    }
}

/// Nobody has to pay for what is cancelled.
pub(super) fn order_over(ask: &Ask<'_>, order: &OrderState) -> Option<Draft> {
    order.payments.as_ref()?;
    no_longer(ask, order, "the order is cancelled")
}

fn required(order: &OrderState) -> Option<(&Payments, &OrderPaymentChanged)> {
    let payments = order.payments.as_deref()?;
    Some((payments, payments.standing.as_ref()?))
}

/// What the order comes to as it is wanted now; as it was captured, where that is no exact amount.
fn to_pay(order: &OrderState) -> Amount {
    order.as_wanted().map_or(order.order.total, |(_, total)| total)
}

fn is_under_way(order: &OrderState) -> bool {
    order.lines.iter().any(|line| !line.released.total().is_zero() || !line.shipped.is_zero())
}

fn asked<'a>(ask: &Ask<'a>, order: &OrderState) -> Option<&'a crate::ExceptionState> {
    ask.state.exceptions.open_about(&About::Order(order.key.clone()).to_string(), ExceptionKind::PaymentMissing)
}

fn no_longer(ask: &Ask<'_>, order: &OrderState, reason: &str) -> Option<Draft> {
    asked(ask, order).map(|open| closed_by_rule(open.id, reason).within(&order.context))
}

fn missing(ask: &Ask<'_>, order: &OrderState, paid: Amount, total: Amount) -> Draft {
    let nothing = Payments::default();
    let payments = order.payments.as_deref().unwrap_or(&nothing);
    let left = order.lines.iter().map(LineState::open).sum::<Quantity>().is_zero();
    let figures = format!("{paid} of {total} {} are there", order.order.currency);
    let (what, why, severity, resolutions): (_, _, _, &[Resolution]) = if left {
        let why = "the customer has the goods, and the money is gone";
        (
            format!("order {} has left, and lost its payment: {figures}", order.key.id),
            why,
            Severity::High,
            &[Resolution::Ignore],
        )
    } else if is_under_way(order) {
        let why = "goods leave for nothing: cancelled, facilities are asked to give back what has not left";
        let offered = &[Resolution::Cancel, Resolution::Approve, Resolution::Ignore];
        (format!("order {} is under way, and lost its payment: {figures}", order.key.id), why, Severity::High, offered)
    } else {
        let why = "it holds its stock, and nobody picks it: it waits on, goes on without (approve), or is cancelled";
        let offered = &[Resolution::Cancel, Resolution::Approve, Resolution::Ignore];
        (format!("order {} waits for its payment: {figures}", order.key.id), why, Severity::Medium, offered)
    };
    let question = Question {
        kind: ExceptionKind::PaymentMissing,
        about: About::Order(order.key.clone()).to_string(),
        what,
        why,
        owner: "orders",
        severity,
        resolutions,
        details: json!({
            "paid": paid, "total": total, "currency": order.order.currency, "payments": details(payments),
        }),
    };
    Draft::of(&order.context, HubEvent::ExceptionOpened(opened(ask.policy, ask.now, question)))
}

/// What of the money is not as the order wants it; of one payment, or of all.
fn variances(ask: &Ask<'_>, order: &OrderState, of: Option<&PaymentId>) -> Vec<Draft> {
    let Some(payments) = order.payments.as_deref() else { return Vec::new() };
    let over = order.cancel == CancelState::Done;
    let looked_at = payments.received.iter().filter(|payment| of.is_none_or(|id| payment.id == *id));
    let mut drafts: Vec<_> = looked_at.flat_map(|payment| variance(ask, order, payment, over)).collect();
    if !over {
        drafts.extend(above(ask, order, payments));
    }
    drafts
}

fn variance(ask: &Ask<'_>, order: &OrderState, payment: &PaymentState, cancelled: bool) -> Vec<Draft> {
    let (id, currency) = (&order.key.id, &order.order.currency);
    let odd = if !payment.is_money() {
        None
    } else if cancelled {
        Some((format!("for order {id}, which is cancelled"), "nothing is sent for it: it is to be given back"))
    } else if payment.currency != *currency {
        let what = format!("for order {id}, which is in {currency}");
        Some((what, "it does not count: nobody here knows what it is worth in the order's currency"))
    } else {
        None
    };
    let (details, what) = (details_of(payment), named(payment));
    let odd = odd.map(|(of, why)| (format!("{what} {of}"), why, details));
    asked_of_money(ask, order, payment.id.as_str(), odd)
}

/// Paid twice, or too much: the order goes on, and somebody gives back what is above.
fn above(ask: &Ask<'_>, order: &OrderState, payments: &Payments) -> Vec<Draft> {
    let counts = payments.standing.as_ref().and_then(|stands| stands.counts);
    let declared = ask.policy.orders.payment.get(&order.key.source).map(|rule| rule.counts);
    let Some(counts) = counts.or(declared) else { return Vec::new() };
    let paid = payments.paid(&order.order.currency, counts);
    // What was cancelled after it was paid is the channel's to refund, and not paid too much.
    let total = to_pay(order).max(order.order.total);
    let odd = (paid > total).then(|| {
        let above = Amount::from(paid.decimal() - total.decimal());
        let currency = &order.order.currency;
        let what = format!("order {} comes to {total} {currency}, and {paid} are paid: {above} too much", order.key.id);
        (what, "it goes on; what is above is the customer's", json!({ "paid": paid, "total": total, "above": above }))
    });
    asked_of_money(ask, order, ABOVE, odd)
}

/// Asked once with the same figures, whatever became of it; closed when it is not so any more.
fn asked_of_money(ask: &Ask<'_>, order: &OrderState, distinct: &str, odd: Option<(String, &str, Value)>) -> Vec<Draft> {
    let about = About::Order(order.key.clone()).to_string();
    let kind = ExceptionKind::PaymentVariance;
    let close = |reason| {
        let open = ask.state.exceptions.open_distinct(&about, kind, distinct);
        open.map(|open| closed_by_rule(open.id, reason).within(&order.context))
    };
    let Some((what, why, details)) = odd else { return Vec::from_iter(close("it is not so any more")) };
    if ask.state.exceptions.asked_distinct(&about, kind, distinct).is_some_and(|x| x.opened.details == details) {
        return Vec::new();
    }
    let mut drafts = Vec::from_iter(close("the figures changed"));
    let question = Question {
        kind,
        about: about.clone(),
        what,
        why,
        owner: "orders",
        severity: Severity::Medium,
        resolutions: &[Resolution::Ignore],
        details,
    };
    let opened = ExceptionOpened { distinct: distinct.to_owned(), ..opened(ask.policy, ask.now, question) };
    drafts.push(Draft::of(&order.context, HubEvent::ExceptionOpened(opened)));
    drafts
}

fn named(payment: &PaymentState) -> String {
    format!("payment {} of {} {}", payment.id, payment.amount, payment.currency)
}

fn list(payments: &Payments) -> String {
    payments.received.iter().filter(|payment| payment.is_money()).map(named).collect::<Vec<_>>().join(", ")
}

fn details(payments: &Payments) -> Value {
    payments.received.iter().map(details_of).collect()
}

fn details_of(payment: &PaymentState) -> Value {
    json!({
        "paymentId": payment.id, "status": payment.status, "amount": payment.amount, "currency": payment.currency,
    })
}

fn after(now: Timestamp, ms: i64) -> Timestamp {
    now.saturating_add(SignedDuration::from_millis(ms)).unwrap_or(Timestamp::MAX)
}
