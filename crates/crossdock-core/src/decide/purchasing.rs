//! Whether a document of buying agrees with itself: invoices, changes of orders, returns to suppliers.
//! Not here: whether it agrees with what is ordered and received, which is a question for a person, never a refusal.
//! Invariant: each refusal names the rule, the place in the document, and what would be right.

use std::collections::BTreeSet;

use crossdock_model::{Amount, InventoryValued, Invoice, PoChangeRequested, ReturnedToSupplier};

use crate::Refusal;

/// Lines sum to the total (I12), and money is owed, not given back.
pub(super) fn possible_invoice(invoice: &Invoice) -> Result<(), Refusal> {
    let credit = |pointer: String| {
        let message = format!(
            "invoice {} bills less than nothing: a credit note is not an invoice, and is not taken here; send it to accounts payable",
            invoice.invoice_number
        );
        Err(Refusal::invalid("invoice/credit-note", pointer, message))
    };
    if invoice.total.decimal().is_sign_negative() && !invoice.total.decimal().is_zero() {
        return credit("/data/total".to_owned());
    }
    let mut sum = Amount::ZERO;
    for (index, line) in invoice.lines.iter().enumerate() {
        let at = |field: &str| format!("/data/lines/{index}/{field}");
        if line.unit_price.decimal().is_sign_negative() && !line.unit_price.decimal().is_zero() {
            return credit(at("unitPrice"));
        }
        if line.unit_price.times(line.quantity).is_none_or(|total| total.decimal() != line.line_total.decimal()) {
            let message = format!("{} × {} is not {}", line.quantity, line.unit_price, line.line_total);
            return Err(Refusal::invalid("invoice/total", at("lineTotal"), message));
        }
        sum = sum
            .checked_add(line.line_total)
            .ok_or_else(|| Refusal::invalid("invoice/total", at("lineTotal"), "the amounts are too large to add up"))?;
    }
    if sum.decimal() != invoice.total.decimal() {
        let message = format!("the lines sum to {sum}, not to {}", invoice.total);
        return Err(Refusal::invalid("invoice/total", "/data/total", message));
    }
    Ok(())
}

/// A change names each line once.
pub(super) fn possible_change(change: &PoChangeRequested) -> Result<(), Refusal> {
    if change.change_id.is_empty() {
        return Err(Refusal::invalid("change/id", "/data/changeId", "a change has a number of its own"));
    }
    if change.lines.is_empty() {
        return Err(Refusal::invalid("change/lines", "/data/lines", "it changes no line"));
    }
    let mut numbers = BTreeSet::new();
    for (index, line) in change.lines.iter().enumerate() {
        if !numbers.insert(line.line_number) {
            let message = format!("line number {} is used twice", line.line_number);
            return Err(Refusal::invalid("change/lines", format!("/data/lines/{index}/lineNumber"), message));
        }
    }
    Ok(())
}

/// Each value is its quantity times its cost (I12).
pub(super) fn possible_valuation(valued: &InventoryValued) -> Result<(), Refusal> {
    for (index, line) in valued.lines.iter().enumerate() {
        let worth = line.quantity.decimal().checked_mul(line.unit_cost.decimal());
        if worth.is_none_or(|worth| worth != line.value.decimal()) {
            let message = format!("{} × {} is not {}", line.quantity, line.unit_cost, line.value);
            return Err(Refusal::invalid("valuation/value", format!("/data/lines/{index}/value"), message));
        }
    }
    Ok(())
}

/// A return moves something.
pub(super) fn possible_return(movement: &ReturnedToSupplier) -> Result<(), Refusal> {
    match movement.lines.iter().position(|line| line.quantity.is_zero()) {
        Some(index) => {
            let pointer = format!("/data/lines/{index}/quantity");
            Err(Refusal::invalid("return/quantity", pointer, "a returned line is more than nothing"))
        }
        None => Ok(()),
    }
}
