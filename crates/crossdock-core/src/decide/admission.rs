//! Whether a fact is taken: known already, the sender's to say, and possible.
//! Rules: docs/concepts/domain.md, "Systems and who owns what", "Procure to receive" (business keys), "Synthetic
//! transactions". A message that breaks its contract never comes here.

use std::collections::BTreeSet;

use crossdock_model::{
    Amount, BusinessKey, CorrelationId, ExceptionKind, ExceptionOpened, Fact, FactSetAside, KeyKind, MessageRejected,
    Meta, Order, OrderPayment, Quantity, Recommendation, Resolution, RunId, Severity, SystemId, Text, Timestamp,
    UnitFactor,
};
use jiff::SignedDuration;
use serde_json::json;

use super::{Question, master, opened, ownership, plausible, purchasing, synthetic, units};
use crate::partition::{Known, Submission};
use crate::{Context, Policy, Refusal, Seq, State};

/// How far a sender's clock may be ahead.
const MAX_AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// What becomes of a submission.
pub(crate) enum Verdict {
    /// Taken; its quantities count by these factors.
    Accept {
        context: Context,
        factors: Vec<UnitFactor>,
    },
    Duplicate {
        first: Seq,
    },
    /// Kept without effect: its sender does not own what it writes.
    SetAside {
        context: Context,
        fact: Box<FactSetAside>,
    },
    Refuse {
        refusal: Refusal,
        exception: Option<Box<ExceptionOpened>>,
    },
}

/// The keys that a submission claims: its transport id, and its business key where it has one.
pub(crate) fn keys_of(submission: &Submission) -> Vec<BusinessKey> {
    let transport = BusinessKey::new(KeyKind::Transport, submission.system.as_str(), submission.id.as_str());
    std::iter::once(transport).chain(submission.fact.business_key(&submission.system)).collect()
}

/// Decides on a submission that claims `keys`. `known` is what the key index and the newest entries say of them.
pub(crate) fn admit(
    state: &State,
    policy: &Policy,
    submission: &Submission,
    (keys, known): (&[BusinessKey], &Known),
    now: Timestamp,
) -> Verdict {
    for key in keys {
        if let Some((digest, first)) = known.keys.get(key) {
            if *digest == submission.digest {
                return Verdict::Duplicate { first: *first };
            }
            return reused(state, policy, submission, (key, *first), now);
        }
    }
    if let Err(refusal) = synthetic::may_begin(state, policy, submission, now) {
        return Verdict::Refuse { refusal, exception: None };
    }
    let right = match ownership::right(state, policy, submission, now) {
        Ok(right) => right,
        Err(refusal) => return Verdict::Refuse { refusal, exception: None },
    };
    let factors = match can_be(state, policy, submission, now) {
        Ok(factors) => factors,
        Err(refusal) => return Verdict::Refuse { refusal, exception: None },
    };
    let context = context_of(state, submission, state.seq + 1);
    match ownership::aside(policy, submission, right, now) {
        None => Verdict::Accept { context, factors },
        Some(fact) => Verdict::SetAside { context, fact: Box::new(fact) },
    }
}

/// The same id with other content is an exception, never a duplicate.
fn reused(
    state: &State,
    policy: &Policy,
    submission: &Submission,
    (key, first): (&BusinessKey, Seq),
    now: Timestamp,
) -> Verdict {
    let refusal = Refusal {
        status: 409,
        rule: "id-reused",
        pointer: if key.kind == KeyKind::Transport { "/id".to_owned() } else { "/data".to_owned() },
        message: format!("the {key} came before with other content (entry {first}); a new fact needs a new id"),
    };
    let about = format!("{}/{}/{}", key.kind.as_str(), key.owner, key.key);
    if state.exceptions.open_about(&about, ExceptionKind::IdReused).is_some() {
        return Verdict::Refuse { refusal, exception: None };
    }
    let question = Question {
        kind: ExceptionKind::IdReused,
        what: format!("{} sent the {key} again with other content", submission.system),
        about,
        why: "one of the two is wrong, and the hub cannot know which",
        owner: "integration",
        severity: Severity::High,
        resolutions: &[Resolution::Ignore, Resolution::Reject],
        details: json!({ "first": first, "digest": submission.digest.to_string() }),
    };
    Verdict::Refuse { refusal, exception: Some(Box::new(opened(policy, now, question))) }
}

/// Whether it can be taken, whoever says it, and by which factors it counts.
pub(super) fn can_be(
    state: &State,
    policy: &Policy,
    submission: &Submission,
    now: Timestamp,
) -> Result<Vec<UnitFactor>, Refusal> {
    plausible_input(state, policy, submission, now)?;
    let checks = [ordered_before_reported, possible, apart];
    checks.into_iter().try_for_each(|check| check(state, policy, submission))?;
    units::factors_of(state, &submission.fact, submission.source_time.unwrap_or(now))
}

/// Nothing that no system can mean.
fn plausible_input(state: &State, policy: &Policy, submission: &Submission, now: Timestamp) -> Result<(), Refusal> {
    plausible::times(policy, submission, now)?;
    plausible::currency(&submission.fact)?;
    plausible::something(&submission.fact)?;
    plausible::known(state, policy, submission, now)
}

/// A time in the far future is a defect of the sender's clock, and would be the newest for ever.
fn ordered_before_reported(_: &State, _: &Policy, submission: &Submission) -> Result<(), Refusal> {
    let (Some(time), Fact::OrderCaptured(order)) = (submission.source_time, &submission.fact) else { return Ok(()) };
    let limit = time.saturating_add(MAX_AHEAD).unwrap_or(Timestamp::MAX);
    if order.ordered_at > limit {
        return Err(Refusal::invalid(
            "order/time",
            "/data/orderedAt",
            format!("the order is from {}, more than a day after the event that reports it", order.ordered_at),
        ));
    }
    Ok(())
}

/// The document agrees with itself.
fn possible(state: &State, policy: &Policy, submission: &Submission) -> Result<(), Refusal> {
    match &submission.fact {
        Fact::OrderCaptured(order) => possible_order(order),
        Fact::OrderChangeRequested(change) => super::changes::possible(state, policy, &submission.system, change),
        Fact::OrderCancelRequested(cancel) => super::changes::possible_cancel(state, &submission.system, cancel),
        Fact::OrderPayment(payment) => possible_payment(payment),
        Fact::Recommended(r) => possible_recommendation(policy, r),
        Fact::TransferredOut(m) | Fact::TransferredIn(m) => possible_transfer(policy, m),
        Fact::InvoiceReceived(invoice) => purchasing::possible_invoice(invoice),
        Fact::PoChangeRequested(change) => purchasing::possible_change(change),
        Fact::ReturnedToSupplier(movement) => purchasing::possible_return(movement),
        Fact::InventoryValued(valued) => purchasing::possible_valuation(valued),
        Fact::ProductUpserted(product) => master::possible_product(state, product),
        Fact::PriceUpserted(price) => master::possible_price(price),
        Fact::SupplierUpserted(supplier) => master::possible_supplier(supplier),
        _ => Ok(()),
    }
}

/// Lines are numbered once, ask for something, and sum to the total at the currency's scale (I12).
fn possible_order(order: &Order) -> Result<(), Refusal> {
    let mut numbers = BTreeSet::new();
    let mut sum = Amount::ZERO;
    if order.lines.is_empty() {
        return Err(Refusal::invalid("order/lines", "/data/lines", "an order has at least one line"));
    }
    for (index, line) in order.lines.iter().enumerate() {
        let at = |field: &str| format!("/data/lines/{index}/{field}");
        if !numbers.insert(line.line_number) {
            let message = format!("line number {} is used twice", line.line_number);
            return Err(Refusal::invalid("order/lines", at("lineNumber"), message));
        }
        if line.quantity.is_zero() {
            return Err(Refusal::invalid("order/quantity", at("quantity"), "a line orders more than nothing"));
        }
        if line.serial.is_some() && line.quantity != Quantity::units(1) {
            let message = format!("one unit is named, and {} are ordered; a line has one serial number", line.quantity);
            return Err(Refusal::invalid("order/serial", at("serial"), message));
        }
        if line.unit_price.times(line.quantity).is_none_or(|total| total.decimal() != line.line_total.decimal()) {
            let message = format!("{} × {} is not {}", line.quantity, line.unit_price, line.line_total);
            return Err(Refusal::invalid("order/total", at("lineTotal"), message));
        }
        sum = sum
            .checked_add(line.line_total)
            .ok_or_else(|| Refusal::invalid("order/total", at("lineTotal"), "the amounts are too large to add up"))?;
    }
    if sum.decimal() != order.total.decimal() {
        let message = format!("the lines sum to {sum}, not to {}", order.total);
        return Err(Refusal::invalid("order/total", "/data/total", message));
    }
    Ok(())
}

/// A payment is of something; what is given back is said of the payment, not as another one below zero.
fn possible_payment(payment: &OrderPayment) -> Result<(), Refusal> {
    if payment.amount <= Amount::ZERO {
        let message = format!("{} {} is no payment; what is given back is `voided`", payment.amount, payment.currency);
        return Err(Refusal::invalid("payment/amount", "/data/amount", message));
    }
    Ok(())
}

fn possible_recommendation(policy: &Policy, r: &Recommendation) -> Result<(), Refusal> {
    if policy.wms_of(&r.facility).is_none() {
        let message = format!("no facility is called `{}`", r.facility);
        return Err(Refusal::invalid("facility", "/data/facility", message));
    }
    if policy.target(&r.supplier).is_none() {
        let message = format!("no supplier is called `{}`", r.supplier);
        return Err(Refusal::invalid("supplier", "/data/supplier", message));
    }
    let currencies = &policy.purchasing.currencies;
    if !currencies.is_empty() && !currencies.contains(&r.currency) {
        let message = format!("nothing is bought in {}, only in {currencies:?}", r.currency);
        return Err(Refusal::invalid("currency", "/data/currency", message));
    }
    if r.quantity.is_zero() {
        return Err(Refusal::invalid("recommendation/quantity", "/data/quantity", "it recommends nothing"));
    }
    Ok(())
}

/// A transfer goes from one facility to another (domain.md 4.11).
fn possible_transfer(policy: &Policy, movement: &crossdock_model::MovementTransferred) -> Result<(), Refusal> {
    let wrong = |message| Err(Refusal::invalid("transfer/counterpart", "/data/counterpart", message));
    if movement.counterpart == movement.facility {
        return wrong(format!("{} cannot transfer to itself; name the other facility", movement.facility));
    }
    if policy.wms_of(&movement.counterpart).is_none() {
        return wrong(format!("no facility is called `{}`", movement.counterpart));
    }
    Ok(())
}

/// Synthetic transactions use reserved products only, and nobody else uses those (I17).
fn apart(_: &State, policy: &Policy, submission: &Submission) -> Result<(), Refusal> {
    if !(begins_business(&submission.fact) || (submission.synthetic && moves_stock(&submission.fact))) {
        return Ok(());
    }
    for place in submission.fact.measured() {
        let (product, reserved) = (place.product, policy.is_reserved(place.product));
        if reserved && !submission.synthetic {
            let message = format!("`{product}` is reserved for synthetic transactions, and this one is not marked");
            return Err(Refusal::invalid("synthetic", units::pointer(place.line, "product"), message));
        }
        if !reserved && submission.synthetic {
            let message = format!(
                "a synthetic transaction uses products that start with `{}`, not `{product}`",
                policy.reserved_prefix
            );
            return Err(Refusal::invalid("synthetic", units::pointer(place.line, "product"), message));
        }
    }
    Ok(())
}

/// What others come to speak of later: marked or not, it says on which side all of it is.
fn begins_business(fact: &Fact) -> bool {
    matches!(fact, Fact::OrderCaptured(_) | Fact::Recommended(_))
}

/// A WMS seeds reserved stock without a mark; a marked movement of real stock would change real figures.
fn moves_stock(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Adjusted(_)
            | Fact::Counted(_)
            | Fact::Quarantined(_)
            | Fact::Released(_)
            | Fact::Damaged(_)
            | Fact::Scrapped(_)
            | Fact::TransferredOut(_)
            | Fact::TransferredIn(_)
            | Fact::ShortPicked(_)
            | Fact::Shipped(_)
            | Fact::Returned(_)
            | Fact::Received(_)
            | Fact::QualityInspected(_)
            | Fact::ReturnedToSupplier(_)
    )
}

/// The connection of a submission: that of the object it speaks of, else what the sender says, else one of its own.
pub(crate) fn context_of(state: &State, submission: &Submission, seq: Seq) -> Context {
    if let Some(context) = of_object(state, submission) {
        return context;
    }
    let said = submission.correlation_id.as_deref().and_then(|id| id.parse().ok());
    match said {
        Some(correlation_id) => {
            Context { correlation_id, synthetic: submission.synthetic, run_id: submission.run_id.clone() }
        }
        None => fresh_context(seq, submission.synthetic, submission.run_id.clone()),
    }
}

fn of_object(state: &State, submission: &Submission) -> Option<Context> {
    let order = |id| state.order_by_id(id).map(|order| order.context.clone());
    let po = |number| state.purchase_order(number).map(|po| po.context.clone());
    match &submission.fact {
        Fact::OrderChangeRequested(e) => order(&e.order_id),
        Fact::OrderCancelRequested(e) => order(&e.order_id),
        Fact::Picked(e) | Fact::Packed(e) => order(&e.order_id),
        Fact::OrderRefunded(e) => order(&e.order_id),
        Fact::OrderPayment(e) => {
            let key = super::paid_order(e, &submission.system);
            let early = || state.orders.early.get(&key).map(|early| &early.context);
            state.order(&key).map(|order| &order.context).or_else(early).cloned()
        }
        Fact::Returned(e) => order(&e.order_id),
        Fact::ShortPicked(e) => order(&e.order_id),
        Fact::Shipped(e) => order(&e.order_id),
        Fact::Received(e) => po(&e.po_number),
        Fact::PoAcknowledged(e) => po(&e.po_number),
        Fact::ShipmentNotified(e) => po(&e.po_number),
        Fact::InvoiceReceived(e) => po(&e.po_number),
        Fact::PoChangeRequested(e) => po(&e.po_number),
        Fact::PoChangeAcknowledged(e) => po(&e.po_number),
        Fact::QualityInspected(e) => po(&e.po_number),
        Fact::ReturnedToSupplier(e) => po(&e.po_number),
        Fact::ShipmentMilestone(e) => state.context_of_tracking(&e.tracking_number).cloned(),
        Fact::FunctionalAck(e) => {
            let key = (submission.system.clone(), e.group_control_number);
            state.procurement.groups.get(&key).and_then(po)
        }
        Fact::Quarantined(_)
        | Fact::Released(_)
        | Fact::Damaged(_)
        | Fact::Scrapped(_)
        | Fact::TransferredOut(_)
        | Fact::TransferredIn(_)
        | Fact::Snapshot(_)
        | Fact::OrderCaptured(_)
        | Fact::Adjusted(_)
        | Fact::Counted(_)
        | Fact::Recommended(_)
        | Fact::ProductUpserted(_)
        | Fact::PriceUpserted(_)
        | Fact::CustomerUpserted(_)
        | Fact::SupplierUpserted(_)
        | Fact::SyncCompleted(_)
        | Fact::InventoryValued(_) => None,
    }
}

/// A connection of its own, named after the place in the ledger: the same after every restart.
pub(crate) fn fresh_context(seq: Seq, synthetic: bool, run_id: Option<RunId>) -> Context {
    Context { correlation_id: CorrelationId::of_entry(seq), synthetic, run_id }
}

/// The circumstances of an accepted fact.
pub(crate) fn meta_of(policy: &Policy, submission: &Submission, context: &Context, now: Timestamp) -> Meta {
    Meta {
        id: submission.id.as_str().into(),
        system: submission.system.clone(),
        source_time: submission.source_time.unwrap_or(now),
        received_at: now,
        correlation_id: context.correlation_id.clone(),
        causation_id: submission.causation_id.as_deref().map(Text::from),
        source_sequence: number_of(policy, submission),
        synthetic: context.synthetic,
        run_id: context.run_id.clone(),
    }
}

/// The number of a fact. Of what happened at a facility it is one of the facility's own system: while another one still owns its
/// movements, the numbers of that one would look like gaps.
pub(super) fn number_of(policy: &Policy, submission: &Submission) -> Option<u64> {
    let runs = |facility| policy.wms_of(facility) == Some(&submission.system);
    submission.source_sequence.filter(|_| submission.fact.facility().is_none_or(runs))
}

/// The circumstances of an event of the hub; its id is set when it gets its place.
pub(crate) fn hub_meta(context: &Context, causation_id: Option<Text>, now: Timestamp) -> Meta {
    Meta {
        id: Text::default(),
        system: SystemId::HUB,
        source_time: now,
        received_at: now,
        correlation_id: context.correlation_id.clone(),
        causation_id,
        source_sequence: None,
        synthetic: context.synthetic,
        run_id: context.run_id.clone(),
    }
}

/// A refused submission, as it is kept.
pub(crate) fn rejection(submission: &Submission, refusal: &Refusal) -> MessageRejected {
    MessageRejected {
        system: submission.system.clone(),
        id: Some(submission.id.clone()),
        problem: json!({
            "title": "message refused",
            "status": refusal.status,
            "detail": refusal.message,
            "errors": [{ "pointer": refusal.pointer, "rule": refusal.rule, "message": refusal.message }],
        }),
        original: json!({ "type": submission.fact.event_type(), "data": submission.fact.to_data().unwrap_or_default() }),
    }
}
