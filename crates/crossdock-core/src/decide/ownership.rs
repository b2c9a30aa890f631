//! Whose a fact is: which group of which object it writes, and what becomes of it when its sender does not own that.
//! Rules: docs/concepts/domain.md 2.2 to 2.4. Here: the table of what each fact writes, the verdict, proposals and their decision. Not
//! here: the declaration (`ownership.rs`), comparing in shadow (`decide/shadow.rs`).
//! Invariant: what is set aside has no effect; what is adopted has the effect that its owner's own word would have had.

use crossdock_model::{
    AdjustmentReason, Digest, Effect, ExceptionId, ExceptionKind, ExceptionOpened, FacilityId, Fact, FactAdopted,
    FactSetAside, HubEvent, PoNumber, Resolution, Severity, ShipmentPurpose, SystemId, Timestamp,
};
use serde_json::{Value, json};

use super::{Ask, Question, admission, master, sequence, shadow};
use crate::ownership::{Act, Group, Otherwise};
use crate::partition::Submission;
use crate::{Draft, Entry, Policy, Refusal, State};

/// What a fact writes: a group of the attributes of an object, in one way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Write<'a> {
    pub(super) object: &'static str,
    pub(super) group: &'a str,
    pub(super) act: Act,
}

/// What each fact writes, in the words of the declaration.
pub(super) fn written_by(fact: &Fact) -> Option<Write<'static>> {
    let write = |object, group, act| Write { object, group, act };
    Some(match fact {
        Fact::OrderCaptured(_) => write("order", "capture", Act::Create),
        Fact::OrderRefunded(_) | Fact::OrderChangeRequested(_) => write("order", "capture", Act::Update),
        Fact::OrderPayment(_) => write("order", "payment", Act::Create),
        Fact::OrderCancelRequested(_) => write("order", "cancellation", Act::Create),
        Fact::Adjusted(m) if m.reason == AdjustmentReason::CycleCount => {
            write("movement", "physical-count", Act::Create)
        }
        Fact::Counted(_) => write("movement", "physical-count", Act::Create),
        Fact::Snapshot(_) => write("stock-snapshot", "books", Act::Create),
        Fact::Picked(_)
        | Fact::Packed(_)
        | Fact::ShortPicked(_)
        | Fact::Shipped(_)
        | Fact::Returned(_)
        | Fact::Adjusted(_)
        | Fact::ReturnedToSupplier(_)
        | Fact::Quarantined(_)
        | Fact::Released(_)
        | Fact::Damaged(_)
        | Fact::Scrapped(_)
        | Fact::TransferredOut(_)
        | Fact::TransferredIn(_) => write("movement", "stock-movement", Act::Create),
        Fact::Received(_) => write("receipt", "counted", Act::Create),
        Fact::QualityInspected(_) => write("quality", "verdict", Act::Create),
        Fact::InventoryValued(_) => write("inventory", "valuation", Act::Create),
        Fact::PoChangeRequested(_) => write("purchase-order", "commitment", Act::Update),
        Fact::Recommended(_) => write("recommendation", "proposal", Act::Create),
        Fact::ShipmentMilestone(_) => write("milestone", "outbound", Act::Create),
        Fact::FunctionalAck(_) | Fact::PoAcknowledged(_) | Fact::PoChangeAcknowledged(_) => {
            write("purchase-order", "acknowledgement", Act::Enrich)
        }
        Fact::ShipmentNotified(notice) if notice.purpose == ShipmentPurpose::Original => {
            write("ship-notice", "inbound-shipment", Act::Create)
        }
        Fact::ShipmentNotified(_) => write("ship-notice", "inbound-shipment", Act::Update),
        Fact::InvoiceReceived(_) => write("invoice", "claim", Act::Create),
        // Master data: each property belongs to a group of its own (`of_master`).
        Fact::ProductUpserted(_) | Fact::PriceUpserted(_) | Fact::CustomerUpserted(_) | Fact::SupplierUpserted(_) => {
            return None;
        }
        Fact::SyncCompleted(_) => write("sync", "completion", Act::Create),
    })
}

/// What becomes of a write.
pub(super) enum Right {
    /// It is the sender's to make.
    Owned,
    /// It is kept without effect.
    SetAside { object: &'static str, group: String, owner: String, effect: Effect },
}

impl Right {
    fn hardness(&self) -> u8 {
        match self {
            Self::Owned => 0,
            Self::SetAside { effect: Effect::Compared, .. } => 1,
            Self::SetAside { effect: Effect::Ignored, .. } => 2,
            Self::SetAside { effect: Effect::Proposed, .. } => 3,
        }
    }
}

/// Whether the sender may write what the fact writes, at the fact's own time.
pub(super) fn right(state: &State, policy: &Policy, submission: &Submission, now: Timestamp) -> Result<Right, Refusal> {
    let sender = &submission.system;
    let at = submission.source_time.unwrap_or(now);
    part(state, policy, sender, &submission.fact)?;
    if let Some((object, exists)) = master_record(state, &submission.fact) {
        return of_master(policy, submission, object, exists, at);
    }
    let Some(write) = written_by(&submission.fact) else { return Ok(Right::Owned) };
    match policy.ownership.group(write.object, write.group) {
        Some(group) => judge(group, write, sender, at),
        None => undeclared(policy, sender, &submission.fact).map(|()| Right::Owned),
    }
}

/// The kind of master record that a fact is a version of, and whether it is known already.
fn master_record(state: &State, fact: &Fact) -> Option<(&'static str, bool)> {
    match fact {
        Fact::ProductUpserted(e) => Some(("product", state.master.product(&e.product).is_some())),
        Fact::PriceUpserted(e) => {
            let key = (e.product.clone(), e.unit.clone(), e.currency.clone());
            Some(("price", state.master.prices.contains_key(&key)))
        }
        Fact::CustomerUpserted(e) => Some(("customer", state.master.customer(&e.customer_id).is_some())),
        Fact::SupplierUpserted(e) => Some(("supplier", state.master.supplier(&e.supplier_id).is_some())),
        _ => None,
    }
}

/// Of master data each property is a write of its own group: a message counts whole or not at all, so the hardest verdict is the
/// message's. Who may enrich a group writes it without asking whether the record is new.
fn of_master(
    policy: &Policy,
    submission: &Submission,
    object: &'static str,
    exists: bool,
    at: Timestamp,
) -> Result<Right, Refusal> {
    let data = submission.fact.to_data().unwrap_or_default();
    let fields = data.as_object().into_iter().flat_map(|map| map.keys());
    let mut verdict = Right::Owned;
    for field in fields.filter(|field| !master::NAMES_OF_A_VERSION.contains(&field.as_str())) {
        let Some((name, group)) = policy.ownership.group_of(object, field) else {
            undeclared(policy, &submission.system, &submission.fact)?;
            continue;
        };
        if group.may(&submission.system, Act::Enrich, at) {
            continue;
        }
        let write = Write { object, group: name, act: if exists { Act::Update } else { Act::Create } };
        let right = judge(group, write, &submission.system, at).map_err(|refusal| Refusal {
            pointer: format!("/data/{field}"),
            message: format!("`{field}`: {}", refusal.message),
            ..refusal
        })?;
        if right.hardness() > verdict.hardness() {
            verdict = right;
        }
    }
    Ok(verdict)
}

fn judge(group: &Group, write: Write<'_>, sender: &SystemId, at: Timestamp) -> Result<Right, Refusal> {
    if group.may(sender, write.act, at) {
        return Ok(Right::Owned);
    }
    let Write { object, group: name, act } = write;
    let owner = group.owner(at).to_owned();
    let effect = match group.otherwise {
        _ if group.may(sender, Act::Shadow, at) => Effect::Compared,
        Otherwise::Propose => Effect::Proposed,
        Otherwise::Ignore => Effect::Ignored,
        Otherwise::Reject => {
            let act = act.as_str();
            return Err(Refusal::not_owner(format!("{sender} may not {act} {object}/{name} at {at}: it is {owner}'s")));
        }
    };
    Ok(Right::SetAside { object, group: name.to_owned(), owner, effect })
}

/// Whoever plays a part speaks for that part only, whatever is declared: a WMS for its facility (2.4), a channel for its orders, a
/// supplier for its purchase orders.
fn part(state: &State, policy: &Policy, sender: &SystemId, fact: &Fact) -> Result<(), Refusal> {
    if let Some(facility) = fact.facility() {
        let Some(wms) = policy.wms_of(facility) else {
            return Err(Refusal::invalid("facility", "/data/facility", format!("no facility is called `{facility}`")));
        };
        let runs_another = wms != sender && policy.facilities.iter().any(|(_, other)| other == sender);
        return if runs_another { Err(not_of_facility(facility, wms, sender)) } else { Ok(()) };
    }
    match fact {
        Fact::OrderCaptured(order) if order.channel != *sender => {
            Err(Refusal::not_owner(format!("an order of channel `{}` is not {sender}'s to capture", order.channel)))
        }
        // A channel is paid for its own orders; whoever keeps the money for it says whose they are.
        Fact::OrderPayment(payment)
            if policy.storefronts.contains(sender)
                && payment.channel.as_ref().is_some_and(|channel| channel != sender) =>
        {
            Err(Refusal::not_owner(format!("{sender} is a channel, and speaks of payments of its own orders only")))
        }
        Fact::InvoiceReceived(invoice) if invoice.supplier != *sender => {
            Err(Refusal::not_owner(format!("an invoice of `{}` is not {sender}'s to send", invoice.supplier)))
        }
        Fact::InvoiceReceived(invoice) => owns_po(state, &invoice.po_number, sender),
        Fact::PoAcknowledged(ack) => owns_po(state, &ack.po_number, sender),
        Fact::ShipmentNotified(notice) => owns_po(state, &notice.po_number, sender),
        Fact::PoChangeAcknowledged(answer) => owns_po(state, &answer.po_number, sender),
        _ => Ok(()),
    }
}

/// Where nothing is declared, the usual owner is the one that plays the part (2.5).
fn undeclared(policy: &Policy, sender: &SystemId, fact: &Fact) -> Result<(), Refusal> {
    if let Some(facility) = fact.facility() {
        return match policy.wms_of(facility) {
            Some(wms) if wms != sender => Err(not_of_facility(facility, wms, sender)),
            _ => Ok(()),
        };
    }
    match fact {
        Fact::OrderPayment(payment) if payment.channel.as_ref().is_some_and(|channel| channel != sender) => {
            Err(Refusal::not_owner(format!("{sender} is not declared as the keeper of anybody's payments")))
        }
        Fact::Recommended(_) if policy.procurement.as_ref() != Some(sender) => {
            Err(Refusal::not_owner(format!("{sender} does not plan replenishment")))
        }
        Fact::InventoryValued(_) if policy.erp.as_ref() != Some(sender) => {
            Err(Refusal::not_owner(format!("{sender} does not keep the books, and cannot value stock")))
        }
        Fact::PoChangeRequested(_) if policy.erp.as_ref() != Some(sender) => {
            Err(Refusal::not_owner(format!("{sender} does not make purchase orders, and cannot change them")))
        }
        Fact::ProductUpserted(_) | Fact::PriceUpserted(_) | Fact::SupplierUpserted(_)
            if policy.erp.as_ref().is_some_and(|erp| erp != sender) =>
        {
            Err(Refusal::not_owner(format!("{sender} does not keep products, prices and suppliers")))
        }
        _ => Ok(()),
    }
}

fn not_of_facility(facility: &FacilityId, wms: &SystemId, sender: &SystemId) -> Refusal {
    Refusal::not_owner(format!("movements at {facility} are {wms}'s to report, not {sender}'s"))
}

/// A supplier speaks of its own orders. One that nobody knows is another question (an exception, later).
fn owns_po(state: &State, number: &PoNumber, sender: &SystemId) -> Result<(), Refusal> {
    match state.purchase_order(number) {
        Some(po) if po.po.supplier != *sender => {
            Err(Refusal::not_owner(format!("purchase order {number} is with {}, not with {sender}", po.po.supplier)))
        }
        _ => Ok(()),
    }
}

/// The fact as it is kept without effect.
pub(super) fn aside(policy: &Policy, submission: &Submission, right: Right, now: Timestamp) -> Option<FactSetAside> {
    let Right::SetAside { object, group, owner, effect } = right else { return None };
    Some(FactSetAside {
        system: submission.system.clone(),
        id: submission.id.clone(),
        source_time: submission.source_time.unwrap_or(now),
        source_sequence: admission::number_of(policy, submission),
        facility: submission.fact.facility().cloned(),
        event_type: submission.fact.event_type().to_owned(),
        data: submission.fact.to_data().unwrap_or_default(),
        object: object.to_owned(),
        group,
        owner,
        effect,
    })
}

/// What is set aside is numbered, compared or proposed.
pub(super) fn set_aside(ask: &Ask<'_>, fact: &FactSetAside) -> Vec<Draft> {
    let mut drafts = Vec::new();
    // Set aside or not, its number is one of the facility's.
    if fact.source_sequence.is_some()
        && let Some(Ok(said)) = Fact::from_data(&fact.event_type, fact.data.clone())
    {
        drafts.extend(sequence::seen(ask, &said));
    }
    match fact.effect {
        Effect::Ignored => {}
        Effect::Compared => drafts.extend(shadow::set_aside(ask, fact)),
        Effect::Proposed => drafts.extend(proposed(ask, fact)),
    }
    drafts
}

/// What is proposed waits for its owner, whole.
fn proposed(ask: &Ask<'_>, fact: &FactSetAside) -> Option<Draft> {
    let question = Question {
        kind: ExceptionKind::OwnershipProposal,
        about: format!("fact/{}/{}", fact.system, fact.id),
        what: format!(
            "{} sent {} and does not own {}/{}: {} does",
            fact.system, fact.event_type, fact.object, fact.group, fact.owner
        ),
        why: "it has no effect until its owner accepts it",
        owner: &fact.owner,
        severity: Severity::Medium,
        resolutions: &[Resolution::Approve, Resolution::Reject],
        details: json!({ "proposal": fact }),
    };
    ask.open(question)
}

/// Its owner accepted or refused a proposal.
pub(super) fn decided(
    ask: &Ask<'_>,
    exception_id: ExceptionId,
    opened: &ExceptionOpened,
    resolution: Resolution,
) -> Vec<Draft> {
    let proposal = opened.details.get("proposal").cloned().and_then(|p| serde_json::from_value(p).ok());
    let Some(proposal): Option<FactSetAside> = proposal.filter(|_| resolution == Resolution::Approve) else {
        return Vec::new();
    };
    let Some(Ok(fact)) = Fact::from_data(&proposal.event_type, proposal.data.clone()) else { return Vec::new() };
    let as_owner = as_of_owner(ask, &proposal, fact);
    let unit_factors = match admission::can_be(ask.state, ask.policy, &as_owner, ask.now) {
        Ok(factors) => factors,
        Err(refusal) => return ask.open(no_longer(&proposal, opened, &refusal)).into_iter().collect(),
    };
    let adopted = FactAdopted {
        exception_id,
        system: as_owner.system,
        proposed_by: proposal.system,
        id: proposal.id,
        source_time: proposal.source_time,
        event_type: proposal.event_type,
        data: proposal.data,
        unit_factors,
    };
    vec![HubEvent::FactAdopted(adopted).into()]
}

/// The proposal as if its owner had said it.
fn as_of_owner(ask: &Ask<'_>, proposal: &FactSetAside, fact: Fact) -> Submission {
    let context = ask.entry.context();
    Submission {
        system: speaker(ask.state, ask.policy, &proposal.system, &fact),
        id: proposal.id.clone(),
        fact,
        // It is known already, as a proposal: nobody asks for its keys again.
        digest: Digest([0; 32]),
        source_time: Some(proposal.source_time),
        correlation_id: None,
        causation_id: None,
        source_sequence: None,
        synthetic: context.synthetic,
        run_id: context.run_id,
        acknowledge: None,
    }
}

/// What could be when it was proposed cannot be any more: whoever accepted it is told why it has no effect.
fn no_longer(proposal: &FactSetAside, opened: &ExceptionOpened, refusal: &Refusal) -> Question<'static> {
    Question {
        kind: ExceptionKind::OwnershipProposal,
        about: opened.about.clone(),
        what: format!("what {} proposed was accepted, and cannot be any more: {refusal}", proposal.system),
        why: "something else has changed since: it has no effect",
        owner: "integration",
        severity: Severity::Medium,
        resolutions: &[Resolution::Ignore],
        details: json!({ "proposal": proposal }),
    }
}

/// As whose word an adopted fact counts: of the one that plays the part, where there is one.
fn speaker(state: &State, policy: &Policy, proposed_by: &SystemId, fact: &Fact) -> SystemId {
    let wms = fact.facility().and_then(|facility| policy.wms_of(facility));
    let channel = match fact {
        Fact::OrderCancelRequested(request) => state.order_by_id(&request.order_id).map(|order| &order.key.source),
        Fact::Recommended(_) => policy.procurement.as_ref(),
        _ => None,
    };
    wms.or(channel).unwrap_or(proposed_by).clone()
}

/// An adopted fact as an entry of its own: what `apply` and `decide` would have seen, had its owner said it.
pub(crate) fn as_said_by_owner(adopted: &FactAdopted, entry: &Entry) -> Option<Entry> {
    let fact = Fact::from_data(&adopted.event_type, Value::clone(&adopted.data))?.ok()?;
    let mut meta = entry.meta.clone();
    meta.system = adopted.system.clone();
    meta.source_time = adopted.source_time;
    let event = crossdock_model::Event::Fact(fact);
    let mut own = Entry { seq: entry.seq, meta, event, said: None, keys: Vec::new() };
    own.count(adopted.unit_factors.clone());
    Some(own)
}
