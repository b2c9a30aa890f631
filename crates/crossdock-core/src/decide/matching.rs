//! Three-way match: order, receipt and invoice lines, per quantity, first come first matched.
//! Here: the match, the variance it finds, the close of an order. Not here: reading an 810, paying.
//! Invariant (I14): matched ≤ accepted, with what the receipt tolerance lets in, per line; a matched invoice quantity is never matched again.

use crossdock_model::{
    Amount, ExceptionKind, HubEvent, Invoice, InvoiceLine, InvoiceMatched, MatchLine, MatchResult, PoClosed, PoNumber,
    Quantity, Resolution, Severity,
};
use serde_json::json;

use super::procurement::questions;
use super::{Ask, Question, milestones, procurement, routes};
use crate::about::About;
use crate::procurement::{InvoiceState, PoState};
use crate::purchasing::{percent_of, within};
use crate::{Draft, Purchasing};

pub(super) fn invoiced(ask: &Ask<'_>, invoice: &Invoice) -> Vec<Draft> {
    let Some(state) = ask.state.invoice(&invoice.supplier, &invoice.invoice_number) else { return Vec::new() };
    let mut drafts = Vec::from_iter(routes::ap_invoice(ask, invoice, &state.context));
    match ask.state.purchase_order(&invoice.po_number) {
        Some(po) => drafts.extend(compare(po, state, &ask.policy.purchasing, &mut Taken::default())),
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

/// After what changes the order, invoices that are not decided match by themselves, the oldest first.
pub(super) fn rematch(ask: &Ask<'_>, number: &PoNumber) -> Vec<Draft> {
    let Some(po) = ask.state.purchase_order(number) else { return Vec::new() };
    let mut taken = Taken::default();
    let waiting = ask.state.procurement.invoices_of(number).filter(|invoice| invoice.is_open());
    let mut drafts: Vec<_> =
        waiting.filter_map(|invoice| compare(po, invoice, &ask.policy.purchasing, &mut taken)).collect();
    if drafts.is_empty() {
        drafts.extend(close(ask, po));
    }
    drafts
}

/// What the matches of one decision took of each line already: they are not in the state yet.
#[derive(Default)]
struct Taken(std::collections::BTreeMap<u32, Quantity>);

/// Holds an invoice against its order as it stands. `None`: nothing changed since the last look.
fn compare(po: &PoState, invoice: &InvoiceState, policy: &Purchasing, taken: &mut Taken) -> Option<Draft> {
    // Two billed lines may bill one line of the order: what is matched of it fills the first, then the second.
    let mut done = invoice.matched.clone();
    let mut lines = Vec::new();
    let mut result = MatchResult::Matched;
    for billed in &invoice.invoice.lines {
        let before = done.get(&billed.line_number).copied().unwrap_or_default().min(billed.quantity);
        if let Some(rest) = done.get_mut(&billed.line_number) {
            *rest = rest.saturating_sub(before);
        }
        let open = billed.quantity.saturating_sub(before);
        let (line, verdict) = compare_line(po, invoice, billed, policy, (open, taken));
        result = worse(result, verdict);
        lines.push(line);
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

fn compare_line(
    po: &PoState,
    invoice: &InvoiceState,
    billed: &InvoiceLine,
    policy: &Purchasing,
    (open, taken): (Quantity, &mut Taken),
) -> (MatchLine, MatchResult) {
    let nothing = |unmatched, price_variance| {
        let (line_number, matched) = (billed.line_number, Quantity::ZERO);
        (MatchLine { line_number, matched, unmatched, price_variance }, MatchResult::Variance)
    };
    let line = po.line_of(billed.line_number, &billed.product).filter(|line| line.unit == billed.unit);
    let Some(line) = line.filter(|_| invoice.invoice.currency == po.po.currency) else {
        return nothing(open, Amount::ZERO);
    };
    let approved = invoice.decision == Some(true);
    let price_variance = billed.unit_price - line.ordered.unit_price;
    let (ordered_at, billed_at) = (line.ordered.unit_price.decimal(), billed.unit_price.decimal());
    if !approved && !within(ordered_at, billed_at, policy.price_tolerance_percent) {
        return nothing(open, price_variance);
    }
    let taken = taken.0.entry(billed.line_number).or_default();
    let matched = open.min(line.payable().saturating_sub(line.matched + *taken));
    *taken += matched;
    let unmatched = open.saturating_sub(matched);
    // What can still be matched: what came good, and what is still to come.
    let wanted = line.payable() + po.to_come(line) + line.in_transit;
    let possible = wanted.saturating_sub(line.matched + *taken);
    // What is billed above it never matches (I14): a question, unless it is approved or small.
    let excess = unmatched.saturating_sub(possible);
    let small = excess <= percent_of(billed.quantity, policy.invoice_tolerance_percent);
    let result = if !excess.is_zero() && !approved && !small {
        MatchResult::Variance
    } else if unmatched > excess {
        MatchResult::Waiting
    } else {
        MatchResult::Matched
    };
    (MatchLine { line_number: billed.line_number, matched, unmatched, price_variance }, result)
}

/// The verdict over all lines is that of the worst one.
fn worse(one: MatchResult, other: MatchResult) -> MatchResult {
    let rank = |result| match result {
        MatchResult::Matched => 0,
        MatchResult::Waiting => 1,
        MatchResult::Variance => 2,
    };
    if rank(other) > rank(one) { other } else { one }
}

/// AP is told a final verdict; a variance is somebody's to decide; an order that is settled closes.
pub(super) fn matched(ask: &Ask<'_>, event: &InvoiceMatched) -> Vec<Draft> {
    let Some(po) = ask.state.purchase_order(&event.po_number) else { return Vec::new() };
    let about = About::Invoice(event.supplier.clone(), event.invoice_number.clone()).to_string();
    let odd = event.lines.iter().filter(|l| !l.unmatched.is_zero() || !l.price_variance.decimal().is_zero());
    let parts: Vec<_> = odd
        .map(|l| format!("line {}: {} not covered, price differs by {}", l.line_number, l.unmatched, l.price_variance))
        .collect();
    let mut drafts = Vec::new();
    match event.result {
        MatchResult::Waiting => {}
        MatchResult::Matched => drafts.extend(routes::ap_match(ask, event, &po.context, None)),
        MatchResult::Variance => drafts.extend(routes::ap_match(ask, event, &po.context, Some(&parts.join("; ")))),
    }
    if event.result == MatchResult::Variance {
        drafts.extend(questions::instead(ask, variance(ask, po, event, about, &parts)));
    } else {
        let reason = "it agrees now with the order and its receipts";
        drafts.extend(questions::no_longer(ask, &about, ExceptionKind::InvoiceVariance, reason));
    }
    drafts.extend(close(ask, po));
    drafts
}

fn variance<'a>(ask: &Ask<'_>, po: &PoState, event: &InvoiceMatched, about: String, parts: &[String]) -> Question<'a> {
    let mut what = format!("invoice {}: {}", event.invoice_number, parts.join("; "));
    let billed = ask.state.invoice(&event.supplier, &event.invoice_number).map(|invoice| &invoice.invoice.currency);
    if let Some(billed) = billed.filter(|billed| **billed != po.po.currency) {
        what = format!("{what}; it bills in {billed}, the order is in {}", po.po.currency);
    }
    if !po.is_open() {
        what = format!("{what}; purchase order {} is closed", po.po.po_number);
    }
    Question {
        kind: ExceptionKind::InvoiceVariance,
        about,
        what,
        why: "it bills more, or at another price, than was ordered and received",
        owner: "accounts-payable",
        severity: Severity::Medium,
        resolutions: &[Resolution::Approve, Resolution::Reject],
        details: json!({ "poNumber": event.po_number, "lines": event.lines }),
    }
}

/// Approved, the invoice matches at its own price, and what nobody received is left out; rejected, it never matches.
pub(super) fn variance_decided(ask: &Ask<'_>, about: &str) -> Vec<Draft> {
    let Some(About::Invoice(supplier, number)) = About::parse(about) else { return Vec::new() };
    let Some(invoice) = ask.state.invoice(&supplier, &number).filter(|invoice| invoice.decision == Some(true)) else {
        return Vec::new();
    };
    let po = ask.state.purchase_order(&invoice.invoice.po_number);
    po.and_then(|po| compare(po, invoice, &ask.policy.purchasing, &mut Taken::default())).into_iter().collect()
}

/// What did not come was sent again or given up: invoices look different now, and the order may be settled.
pub(super) fn discrepancy_decided(ask: &Ask<'_>, about: &str) -> Vec<Draft> {
    let Some(About::Po(number)) = About::parse(about) else { return Vec::new() };
    let mut drafts = rematch(ask, &number);
    drafts.extend(milestones::reached(ask, &number));
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
