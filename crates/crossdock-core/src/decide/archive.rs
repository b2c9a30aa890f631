//! What is over and may leave memory.
//! Rule: docs/concepts/domain.md, 18. Why: memory follows open work. When: its time in memory is over. What keeps it: anything of it
//! that is open; then it is looked at again when as much time has gone by, so that nothing is looked at all the time.
//! Invariant: what goes can be put back exactly, and whatever may still be said of it names it (`archive::missing`).

use std::sync::Arc;

use crossdock_model::{ArchivePostponed, ArchivedKind, HubEvent, ObjectArchived, Text};
use serde_json::Value;

use super::admission::fresh_context;
use crate::about::About;
use crate::archive::{FORM, names};
use crate::{Draft, Due, InvoiceState, OrderState, PoLineState, PoState, State};

/// What becomes of an object whose time in memory is over: it goes, or stays for what is open.
pub(crate) fn its_time_is_over(state: &State, about: &Text) -> Draft {
    let decided = match About::parse(about) {
        Some(About::Order(key)) => state.order(&key).map(|order| {
            let record = open_of_order(state, order).map_or_else(|| Ok(order_record(state, order)), Err);
            (&order.context, record)
        }),
        Some(About::Po(number)) => state.purchase_order(&number).map(|po| {
            let record = open_of_po(state, po).map_or_else(|| Ok(po_record(state, po)), Err);
            (&po.context, record)
        }),
        Some(About::Recommendation(id)) => state.procurement.recommendations.get(&id).map(|one| {
            let waits = (one.approved != Some(false)).then_some(NOT_DONE);
            let record = || {
                let form = serde_json::to_value(one).ok()?;
                Some((ArchivedKind::Recommendation, Vec::new(), form))
            };
            let open = waits.or_else(|| asked_or_owed(state, about));
            (&one.context, open.map_or_else(|| Ok(record()), Err))
        }),
        _ => None,
    };
    let postponed =
        |why: &str| HubEvent::ArchivePostponed(ArchivePostponed { about: about.clone(), why: why.to_owned() });
    match decided {
        Some((context, Ok(Some((kind, names, form))))) => {
            let event = ObjectArchived { about: about.clone(), kind, names, form: FORM, state: form };
            Draft::of(context, HubEvent::ObjectArchived(Arc::new(event)))
        }
        Some((context, Ok(None))) => Draft::of(context, postponed("it cannot be written down")),
        Some((context, Err(why))) => Draft::of(context, postponed(why)),
        None => Draft::of(&fresh_context(state.seq + 1, false, None), postponed("it is not in memory")),
    }
}

type Record = (ArchivedKind, Vec<Text>, Value);

fn order_record(state: &State, order: &OrderState) -> Option<Record> {
    let mut names = state.orders.names_of(order);
    let units = order.lines.iter().filter_map(|line| Some((line, line.serial.as_ref()?)));
    let own = units.filter(|(line, serial)| {
        let promised = state.stock.serials.promised(&line.product, serial);
        promised.is_some_and(|(key, number)| (key, *number) == (&order.key, line.number))
    });
    names.extend(own.map(|(line, serial)| names::unit(&line.product, serial)));
    Some((ArchivedKind::Order, names, serde_json::to_value(order).ok()?))
}

fn po_record(state: &State, po: &PoState) -> Option<Record> {
    let form = serde_json::to_value(state.procurement.dossier(po)).ok()?;
    Some((ArchivedKind::PurchaseOrder, state.procurement.names_of(po), form))
}

const NOT_DONE: &str = "something of it is not done";

/// Whether anybody is asked about an object, or owed a message.
fn asked_or_owed(state: &State, about: &Text) -> Option<&'static str> {
    if state.exceptions.any_open_about(about) {
        return Some("an exception about it is open");
    }
    state.deliveries.owes_about(about).then_some("a message about it is owed")
}

/// What of a purchase order, its invoices and its recommendation is open, if anything is.
fn open_of_po(state: &State, po: &PoState) -> Option<&'static str> {
    let number = &po.po.po_number;
    let moves = |line: &PoLineState| {
        [line.on_order, line.in_transit, line.short, line.held].into_iter().any(|quantity| !quantity.is_zero())
    };
    let unpaid = !po.received_not_invoiced().decimal().is_zero() || !po.open_receipts.is_zero();
    let mut invoices = state.procurement.invoices_of(number);
    if po.is_open()
        || po.change.is_some()
        || unpaid
        || po.lines.iter().any(moves)
        || invoices.any(InvoiceState::is_open)
    {
        return Some(NOT_DONE);
    }
    let invoices = state.procurement.invoices_of(number).map(|one| &one.invoice);
    let invoices = invoices.map(|invoice| names::invoice(&invoice.supplier, &invoice.invoice_number));
    let made_of = names::recommendation(&po.po.recommendation_id);
    [names::po(number), made_of].into_iter().chain(invoices).find_map(|about| asked_or_owed(state, &about))
}

/// What of an order is open, if anything is.
fn open_of_order(state: &State, order: &OrderState) -> Option<&'static str> {
    let about = names::order(&order.key);
    if order.awaits_payment() || state.timers.at(&Due::Payment(order.key.clone())).is_some() {
        return Some("it waits for its payment");
    }
    if order.is_open() || order.lines.iter().any(|line| !line.open().is_zero()) || !order.asked_back.is_empty() {
        return Some(NOT_DONE);
    }
    if let Some(open) = asked_or_owed(state, &about) {
        return Some(open);
    }
    // Who waits for a unit asks, whenever stock comes, whether it has left already.
    let waited_for = |line: &crate::LineState| {
        let waiting = line.serial.iter().flat_map(|_| state.orders.waiting_for(&line.product));
        waiting.flat_map(|other| &other.lines).any(|other| other.serial == line.serial && !other.backordered.is_zero())
    };
    if order.lines.iter().any(waited_for) {
        return Some("another order waits for a unit that it was promised");
    }
    None
}
