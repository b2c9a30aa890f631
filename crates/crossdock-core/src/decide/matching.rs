//! Three-way match: order, receipt and invoice lines, per quantity, first come first matched.
//! Here: the match, the variance it finds, the close of an order. Not here: reading an 810, paying.
//! Invariant (I14): matched ≤ accepted per line; a matched invoice quantity is never matched again.

use crossdock_model::{
    Amount, ExceptionKind, HubEvent, Invoice, InvoiceMatched, MatchLine, MatchResult, PoClosed, PoNumber, Quantity,
    Resolution, Severity,
};
use serde_json::json;

use super::{Ask, Question, procurement, routes};
use crate::Draft;
use crate::about::About;
use crate::procurement::{InvoiceState, PoState};

pub(super) fn invoiced(ask: &Ask<'_>, invoice: &Invoice) -> Vec<Draft> {
    let Some(state) = ask.state.invoice(&invoice.supplier, &invoice.invoice_number) else { return Vec::new() };
    let mut drafts = Vec::from_iter(routes::ap_invoice(ask, invoice, &state.context));
    match ask.state.purchase_order(&invoice.po_number) {
        Some(po) => drafts.extend(compare(po, state, &mut Taken::default())),
        None => drafts.extend(ask.open(Question {
            kind: ExceptionKind::UnknownReference,
            about: About::Invoice(invoice.supplier.clone(), invoice.invoice_number.clone()).to_string(),
            what: format!("{} bills purchase order {}, which does not exist", invoice.supplier, invoice.po_number),
            why: "nothing can be matched with it",
            owner: "accounts-payable",
            severity: Severity::High,
            resolutions: &[Resolution::Reject, Resolution::Ignore],
            details: json!({ "invoiceNumber": invoice.invoice_number }),
        })),
    }
    drafts
}

/// After a receipt, invoices that wait for it match by themselves, the oldest first.
pub(super) fn rematch(ask: &Ask<'_>, number: &PoNumber) -> Vec<Draft> {
    let Some(po) = ask.state.purchase_order(number) else { return Vec::new() };
    let mut taken = Taken::default();
    let waiting = ask.state.procurement.invoices_of(number).filter(|i| i.result == Some(MatchResult::Waiting));
    let mut drafts: Vec<_> = waiting.filter_map(|invoice| compare(po, invoice, &mut taken)).collect();
    if drafts.is_empty() {
        drafts.extend(close(ask, po));
    }
    drafts
}

/// What the matches of one decision took of each line already: they are not in the state yet.
#[derive(Default)]
struct Taken(std::collections::BTreeMap<u32, Quantity>);

/// Holds an invoice against its order as it stands. `None`: nothing changed since the last look.
fn compare(po: &PoState, invoice: &InvoiceState, taken: &mut Taken) -> Option<Draft> {
    // Two billed lines may bill one line of the order: what is matched of it fills the first, then the second.
    let mut done = invoice.matched.clone();
    let mut lines = Vec::new();
    let mut result = MatchResult::Matched;
    for billed in &invoice.invoice.lines {
        let matched_before = done.get(&billed.line_number).copied().unwrap_or_default().min(billed.quantity);
        if let Some(rest) = done.get_mut(&billed.line_number) {
            *rest = rest.saturating_sub(matched_before);
        }
        let open = billed.quantity.saturating_sub(matched_before);
        let Some(line) = po.line(billed.line_number) else {
            result = MatchResult::Variance;
            lines.push(MatchLine {
                line_number: billed.line_number,
                matched: Quantity::ZERO,
                unmatched: open,
                price_variance: Amount::ZERO,
            });
            continue;
        };
        let taken = taken.0.entry(billed.line_number).or_default();
        let received = line.accepted.saturating_sub(line.matched + *taken);
        let price_variance = billed.unit_price - line.ordered.unit_price;
        let matched = if price_variance.decimal().is_zero() { open.min(received) } else { Quantity::ZERO };
        *taken += matched;
        let unmatched = open.saturating_sub(matched);
        // What can still come: ordered and neither given up nor sent back, less what is matched.
        let wanted = line.ordered.quantity.saturating_sub(line.cancelled + line.rejected);
        let possible = wanted.saturating_sub(line.matched + *taken);
        if !price_variance.decimal().is_zero() || unmatched > possible {
            result = MatchResult::Variance;
        } else if !unmatched.is_zero() && result == MatchResult::Matched {
            result = MatchResult::Waiting;
        }
        lines.push(MatchLine { line_number: billed.line_number, matched, unmatched, price_variance });
    }
    let progress = lines.iter().any(|line| !line.matched.is_zero());
    if !progress && invoice.result == Some(result) {
        return None;
    }
    let matched = InvoiceMatched {
        invoice_number: invoice.invoice.invoice_number.clone(),
        supplier: invoice.invoice.supplier.clone(),
        po_number: invoice.invoice.po_number.clone(),
        result,
        lines,
    };
    Some(Draft::of(&invoice.context, HubEvent::InvoiceMatched(matched)))
}

/// AP is told a final verdict; a variance is somebody's to decide; an order that is settled closes.
pub(super) fn matched(ask: &Ask<'_>, event: &InvoiceMatched) -> Vec<Draft> {
    let Some(po) = ask.state.purchase_order(&event.po_number) else { return Vec::new() };
    let context = &po.context;
    let mut drafts = Vec::new();
    if event.result != MatchResult::Waiting {
        drafts.extend(routes::ap_match(ask, event, context));
    }
    if event.result == MatchResult::Variance {
        let odd = event.lines.iter().filter(|l| !l.unmatched.is_zero() || !l.price_variance.decimal().is_zero());
        let parts = odd.map(|l| {
            format!("line {}: {} not covered, price differs by {}", l.line_number, l.unmatched, l.price_variance)
        });
        drafts.extend(ask.open(Question {
            kind: ExceptionKind::InvoiceVariance,
            about: About::Invoice(event.supplier.clone(), event.invoice_number.clone()).to_string(),
            what: format!("invoice {}: {}", event.invoice_number, parts.collect::<Vec<_>>().join("; ")),
            why: "it bills more, or at another price, than was ordered and received",
            owner: "accounts-payable",
            severity: Severity::Medium,
            resolutions: &[Resolution::Approve, Resolution::Reject],
            details: json!({ "poNumber": event.po_number, "lines": event.lines }),
        }));
    }
    drafts.extend(close(ask, po));
    drafts
}

/// What did not come was sent again or given up: invoices look different now, and the order may be settled.
pub(super) fn discrepancy_decided(ask: &Ask<'_>, about: &str) -> Vec<Draft> {
    let Some(About::Po(number)) = About::parse(about) else { return Vec::new() };
    let mut drafts = rematch(ask, &number);
    drafts.extend(procurement::status(ask, &number));
    drafts
}

/// The last question about an order is answered: it may be settled.
pub(super) fn close_about(ask: &Ask<'_>, about: &str) -> Vec<Draft> {
    let Some(About::Po(number)) = About::parse(about) else { return Vec::new() };
    ask.state.purchase_order(&number).and_then(|po| close(ask, po)).into_iter().collect()
}

/// Received, matched and nothing asked about it: closed.
fn close(ask: &Ask<'_>, po: &PoState) -> Option<Draft> {
    let number = &po.po.po_number;
    let asked = ask.state.exceptions.any_open_about(&About::Po(number.clone()).to_string());
    if !po.is_open() || !po.is_settled() || asked {
        return None;
    }
    Some(Draft::of(&po.context, HubEvent::PoClosed(PoClosed { po_number: number.clone() })))
}
