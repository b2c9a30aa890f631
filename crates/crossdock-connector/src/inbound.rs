//! X12 that came in, as facts and an acknowledgement.
//! Here: one interchange file → a CloudEvent for each fact in it, and the TA1/997 that its sender is owed. Not here: the segments
//! (`crossdock-edi`), whether a fact is taken (the core).
//! Invariant: a set is either all facts or all errors, and the acknowledgement says which.

use crossdock_edi::documents::Document;
use crossdock_edi::{AckNumbers, EdiError, File, Guide, GuideChoice, Interchange, Set, Strictness, Usage};
use crossdock_model::{CloudEvent, Fact, SystemId, Timestamp};

/// A file that came in.
#[derive(Clone, Debug, PartialEq)]
pub struct Inbound {
    /// Its sets, in order.
    pub sets: Vec<InboundSet>,
    /// What refuses the file, an interchange or a group as a whole.
    pub refusals: Vec<EdiError>,
    /// What the sender is owed: TA1 and 997, as text. Empty where nothing is.
    pub acknowledgement: String,
}

/// One set of it.
#[derive(Clone, Debug, PartialEq)]
pub struct InboundSet {
    /// Its transport id: interchange, group and set control number.
    pub id: String,
    /// Which set it is: `855`.
    pub set: String,
    /// Its facts, or all that is wrong with it.
    pub facts: Result<Vec<CloudEvent>, Vec<EdiError>>,
}

/// Reads a file of `partner`, who was told from others by their key: what the ISA says of its sender is not trusted.
pub fn translate(
    bytes: &[u8],
    partner: &SystemId,
    guides: &[Guide],
    strictness: &Strictness,
    numbers: &AckNumbers,
) -> Inbound {
    let mut file = crossdock_edi::read(bytes, strictness);
    let choice = if guides.is_empty() { GuideChoice::Base } else { GuideChoice::Guides(guides) };
    crossdock_edi::apply_guides(&mut file, choice, strictness);
    refuse_unreadable(&mut file, partner);
    let acks = crossdock_edi::acknowledge(&file, numbers);
    let mut inbound =
        Inbound { sets: Vec::new(), refusals: refusing(&file.findings), acknowledgement: acks.interchange };
    for interchange in &file.interchanges {
        inbound.refusals.extend(refusing(&interchange.findings));
        for group in &interchange.groups {
            inbound.refusals.extend(refusing(&group.findings));
            for set in &group.sets {
                let id = format!(
                    "x12-{}-{}-{}",
                    interchange.control_number().trim(),
                    group.control_number(),
                    set.control_number()
                );
                let above = if interchange.is_refused() { &interchange.findings } else { &group.findings };
                let facts = if interchange.is_refused() || group.is_refused() {
                    Err(refusing(above))
                } else if set.is_refused() {
                    Err(refusing(&set.findings))
                } else {
                    events(interchange, set, partner, &id, numbers.at)
                };
                inbound.sets.push(InboundSet { id, set: set.id().to_owned(), facts });
            }
        }
    }
    inbound
}

/// A set that its guide allows and that still cannot be understood, or is nothing to send to us, is refused in the acknowledgement too.
fn refuse_unreadable(file: &mut File<'_>, partner: &SystemId) {
    let mut found = Vec::new();
    for (i, interchange) in file.interchanges.iter().enumerate() {
        for (g, group) in interchange.groups.iter().enumerate() {
            for (s, set) in group.sets.iter().enumerate() {
                if set.is_refused() {
                    continue;
                }
                match Document::read(interchange, set, partner) {
                    Err(errors) => found.push((i, g, s, errors)),
                    // Nobody orders from us in this landscape.
                    Ok(Document::PurchaseOrder(_)) => found.push((i, g, s, vec![unsupported(set, partner)])),
                    Ok(_) => {}
                }
            }
        }
    }
    for (i, g, s, errors) in found {
        let group = file.interchanges.get_mut(i).and_then(|interchange| interchange.groups.get_mut(g));
        if let Some(set) = group.and_then(|group| group.sets.get_mut(s)) {
            set.findings.extend(errors);
        }
    }
}

fn unsupported(set: &Set<'_>, partner: &SystemId) -> EdiError {
    let message = format!("a set {} is nothing that {partner} may send here", set.id());
    let code = crossdock_edi::Code::Set(crossdock_edi::SetCode::Unsupported);
    EdiError::refused(code, set.place(0, Some(1)), message)
}

fn events(
    interchange: &Interchange<'_>,
    set: &Set<'_>,
    partner: &SystemId,
    id: &str,
    received: Timestamp,
) -> Result<Vec<CloudEvent>, Vec<EdiError>> {
    let document = Document::read(interchange, set, partner)?;
    let run_id = document.run_id().map(ToString::to_string);
    let facts: Vec<(Fact, Option<String>, Timestamp)> = match document {
        Document::PoAck(ack) => {
            let fact = ack.acknowledged;
            vec![(Fact::PoAcknowledged(fact.clone()), Some(fact.po_number.to_string()), fact.acknowledged_at)]
        }
        Document::ShipNotice(notice) => notice
            .notices()
            .into_iter()
            .map(|one| (Fact::ShipmentNotified(one.clone()), Some(one.asn_number.to_string()), one.shipped_at))
            .collect(),
        Document::Invoice(document) => {
            let fact = document.invoice;
            vec![(Fact::InvoiceReceived(fact.clone()), Some(fact.invoice_number.to_string()), fact.invoiced_at)]
        }
        // Which order the group was about, the core remembers.
        Document::FunctionalAck(ack) => vec![(Fact::FunctionalAck(ack.fact(None)), None, received)],
        Document::PurchaseOrder(_) => return Err(vec![unsupported(set, partner)]),
    };
    if facts.is_empty() {
        return Err(vec![unsupported(set, partner)]);
    }
    let synthetic = interchange.usage() == Usage::Test;
    let mut events = Vec::with_capacity(facts.len());
    for (index, (fact, subject, time)) in facts.into_iter().enumerate() {
        // A payload of ours has text keys, so this cannot fail; if it did, the set would be refused, not lost.
        let data = fact.to_data().map_err(|error| {
            let code = crossdock_edi::Code::Set(crossdock_edi::SetCode::SegmentsInError);
            vec![EdiError::refused(code, set.place(0, None), error.to_string())]
        })?;
        let id = if index == 0 { id.to_owned() } else { format!("{id}-{}", index + 1) };
        let mut event = CloudEvent::new(id, format!("/{partner}"), fact.event_type(), data);
        event.subject = subject;
        event.time = Some(time);
        event.synthetic = synthetic;
        event.run_id.clone_from(&run_id);
        events.push(event);
    }
    Ok(events)
}

fn refusing(findings: &[EdiError]) -> Vec<EdiError> {
    findings.iter().filter(|finding| finding.is_refusal()).cloned().collect()
}
