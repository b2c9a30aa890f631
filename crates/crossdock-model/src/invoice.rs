//! Supplier invoices (X12 810) and what the three-way match says of them.

use serde::{Deserialize, Serialize};

use crate::{
    Amount, Currency, InvoiceNumber, LineNumber, PoNumber, ProductId, Quantity, RunId, SystemId, Timestamp, Unit,
};

/// `invoice.received.v1`, the body of the AP system's `createInvoice`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invoice {
    /// The supplier's number (BIG02).
    pub invoice_number: InvoiceNumber,
    /// The order it bills (BIG04).
    pub po_number: PoNumber,
    /// Whose.
    pub supplier: SystemId,
    /// By the supplier's clock (BIG01).
    pub invoiced_at: Timestamp,
    /// Of every amount.
    pub currency: Currency,
    /// What is billed.
    pub lines: Vec<InvoiceLine>,
    /// TDS01.
    pub total: Amount,
    /// True for a synthetic transaction.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub synthetic: bool,
    /// Its run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
}

/// A billed line (IT1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvoiceLine {
    /// The order's line.
    pub line_number: LineNumber,
    /// What.
    pub product: ProductId,
    /// How much.
    pub quantity: Quantity,
    /// Its unit.
    pub unit: Unit,
    /// Per unit.
    pub unit_price: Amount,
    /// Quantity times price.
    pub line_total: Amount,
}

/// `invoice.matched.v1`: order, receipt and invoice held side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvoiceMatched {
    /// The supplier's number.
    pub invoice_number: InvoiceNumber,
    /// Whose.
    pub supplier: SystemId,
    /// The order.
    pub po_number: PoNumber,
    /// The verdict over all lines.
    pub result: MatchResult,
    /// Per line: what this match added.
    pub lines: Vec<MatchLine>,
}

/// A line of a match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchLine {
    /// The order's line.
    pub line_number: LineNumber,
    /// Billed, received and ordered.
    pub matched: Quantity,
    /// Billed, and not received yet.
    pub unmatched: Quantity,
    /// Billed price less ordered price.
    pub price_variance: Amount,
}

/// What the match of an invoice came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchResult {
    /// Everything billed was received, at the ordered price.
    Matched,
    /// Some of it has not been received; it matches by itself when it is.
    Waiting,
    /// Another price or more than was ordered: a person decides.
    Variance,
}
