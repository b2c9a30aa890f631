//! Bad input: what no system can mean, whoever says it, and what nobody has told the hub of.
//! Rules: docs/concepts/domain.md 1.3, 1.4, 14.7. Here: times, currencies, amounts of nothing, references to master data. Not here:
//! what a document has to agree with in itself (`admission`), units (`units`).
//! Invariant: each is a refusal with a rule, a place in the message and a plain sentence.

use crossdock_model::{Currency, CustomerId, Fact, MasterStatus, ProductId, SystemId, Timestamp};
use jiff::SignedDuration;

use super::units::pointer;
use crate::partition::Submission;
use crate::{Policy, Refusal, State};

/// A time in the far future is a defect of the sender's clock, and would be the newest for ever; one of years ago is one too.
pub(super) fn times(policy: &Policy, submission: &Submission, now: Timestamp) -> Result<(), Refusal> {
    let ahead = now.saturating_add(SignedDuration::from_millis(policy.master.ahead_ms)).unwrap_or(Timestamp::MAX);
    let past = now.saturating_sub(SignedDuration::from_millis(policy.master.past_ms)).unwrap_or(Timestamp::MIN);
    let said = match &submission.fact {
        Fact::OrderCaptured(order) => Some(("/data/orderedAt", order.ordered_at)),
        Fact::ShipmentNotified(notice) => Some(("/data/shippedAt", notice.shipped_at)),
        Fact::ShipmentMilestone(milestone) => Some(("/data/occurredAt", milestone.occurred_at)),
        Fact::InvoiceReceived(invoice) => Some(("/data/invoicedAt", invoice.invoiced_at)),
        Fact::OrderPayment(payment) => Some(("/data/occurredAt", payment.occurred_at)),
        Fact::SyncCompleted(sync) => Some(("/data/asOf", sync.as_of)),
        _ => None,
    };
    for (pointer, time) in submission.source_time.map(|time| ("/time", time)).into_iter().chain(said) {
        if time > ahead {
            let message = format!("{time} is more than {} ahead of {now}", span(policy.master.ahead_ms));
            return Err(Refusal::invalid("time/ahead", pointer, message));
        }
        if time < past {
            let message = format!("{time} is more than {} before {now}", span(policy.master.past_ms));
            return Err(Refusal::invalid("time/past", pointer, message));
        }
    }
    Ok(())
}

/// The bound in words: whole days where it is some.
fn span(ms: i64) -> String {
    let hours = ms / 3_600_000;
    if hours >= 48 { format!("{} days", hours / 24) } else { format!("{hours} hours") }
}

/// An ISO 4217 code, not just three letters (1.3).
pub(super) fn currency(fact: &Fact) -> Result<(), Refusal> {
    let said: Option<&Currency> = match fact {
        Fact::OrderCaptured(e) => Some(&e.currency),
        Fact::OrderPayment(e) => Some(&e.currency),
        Fact::Recommended(e) => Some(&e.currency),
        Fact::InvoiceReceived(e) => Some(&e.currency),
        Fact::PriceUpserted(e) => Some(&e.currency),
        Fact::SupplierUpserted(e) => e.currency.as_ref(),
        Fact::CustomerUpserted(e) => e.currency.as_ref(),
        _ => None,
    };
    match said.filter(|code| !code.is_money()) {
        Some(code) => {
            let message = format!("`{code}` is the ISO 4217 code of no currency in use");
            Err(Refusal::invalid("currency/unknown", "/data/currency", message))
        }
        None => Ok(()),
    }
}

/// A movement for an order moves something. Nothing accepted and nothing rejected is something to say of a receipt, and a count may
/// find what the books say.
pub(super) fn something(fact: &Fact) -> Result<(), Refusal> {
    let lines = match fact {
        Fact::Picked(m) | Fact::Packed(m) => &m.lines,
        Fact::ShortPicked(m) => &m.lines,
        Fact::Shipped(m) => &m.lines,
        _ => return Ok(()),
    };
    match lines.iter().position(|line| line.quantity.is_zero()) {
        Some(index) => {
            let pointer = format!("/data/lines/{index}/quantity");
            Err(Refusal::invalid("movement/quantity", pointer, "a line of a movement moves more than nothing"))
        }
        None => Ok(()),
    }
}

/// Products, customers, suppliers and carriers that the hub was told of. Where master data is strict, an unknown one is refused; one
/// that is blocked takes part in no new business, strict or not.
pub(super) fn known(state: &State, policy: &Policy, submission: &Submission, now: Timestamp) -> Result<(), Refusal> {
    let at = submission.source_time.unwrap_or(now);
    let strict = policy.master.strict;
    let fact = &submission.fact;
    let new_business = matches!(fact, Fact::OrderCaptured(_) | Fact::Recommended(_));
    if strict || (new_business && !state.master.has_no_products()) {
        for place in fact.measured() {
            let at_place = pointer(place.line, "product");
            if strict && !policy.is_reserved(place.product) && state.master.product(place.product).is_none() {
                return Err(unknown("product", at_place, place.product.as_str()));
            }
            if new_business && product_is_blocked(state, place.product, at) {
                return Err(blocked("product", at_place, place.product.as_str()));
            }
        }
    }
    match fact {
        Fact::OrderCaptured(order) => customer(state, strict && !submission.synthetic, &order.customer_id, at),
        Fact::Recommended(r) => supplier(state, strict && !submission.synthetic, &r.supplier, at),
        Fact::Shipped(m) if strict && policy.target(&m.carrier).is_none() => {
            Err(unknown("carrier", "/data/carrier".to_owned(), m.carrier.as_str()))
        }
        Fact::ShipmentNotified(n) => match n.facility.as_ref().filter(|facility| policy.wms_of(facility).is_none()) {
            Some(facility) => Err(unknown("facility", "/data/facility".to_owned(), facility.as_str())),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

fn product_is_blocked(state: &State, product: &ProductId, at: Timestamp) -> bool {
    let status = state.master.product(product).and_then(|versions| versions.value(at, |record| record.status));
    status == Some(MasterStatus::Blocked)
}

fn customer(state: &State, strict: bool, id: &CustomerId, at: Timestamp) -> Result<(), Refusal> {
    let pointer = || "/data/customerId".to_owned();
    match state.master.customer(id) {
        None if strict => Err(unknown("customer", pointer(), id.as_str())),
        Some(versions) if versions.value(at, |record| record.status) == Some(MasterStatus::Blocked) => {
            Err(blocked("customer", pointer(), id.as_str()))
        }
        _ => Ok(()),
    }
}

fn supplier(state: &State, strict: bool, id: &SystemId, at: Timestamp) -> Result<(), Refusal> {
    let pointer = || "/data/supplier".to_owned();
    match state.master.supplier(id) {
        None if strict => Err(unknown("supplier", pointer(), id.as_str())),
        Some(versions) if versions.value(at, |record| record.status) == Some(MasterStatus::Blocked) => {
            Err(blocked("supplier", pointer(), id.as_str()))
        }
        _ => Ok(()),
    }
}

fn unknown(what: &'static str, pointer: String, id: &str) -> Refusal {
    let rule = match what {
        "product" => "product/unknown",
        "customer" => "customer/unknown",
        "supplier" => "supplier/unknown",
        "carrier" => "carrier/unknown",
        _ => "facility",
    };
    let kept = matches!(what, "product" | "customer" | "supplier");
    let hint = if kept { ": its master data has not come" } else { "" };
    Refusal::invalid(rule, pointer, format!("no {what} is called `{id}`{hint}"))
}

fn blocked(what: &'static str, pointer: String, id: &str) -> Refusal {
    let rule = match what {
        "product" => "product/blocked",
        "customer" => "customer/blocked",
        _ => "supplier/blocked",
    };
    Refusal::invalid(rule, pointer, format!("the {what} `{id}` is blocked, and takes part in no new business"))
}
