//! Exceptions: business decisions that wait for a person.
//! Rule: docs/concepts/domain.md, "Exceptions and dead letters". A dead letter is technical and stands in `delivery`.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Timestamp;

/// An exception's number: the ledger sequence at which it opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExceptionId(pub u64);

impl fmt::Display for ExceptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What kind of decision waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionKind {
    /// Less, more or worse than announced came in.
    ReceiptDiscrepancy,
    /// A known id came with other content.
    IdReused,
    /// More is allocated than is sellable, or a balance fell below zero.
    Shortage,
    /// A fact speaks of something that the hub does not know.
    UnknownReference,
    /// The supplier changed or refused a line.
    AcknowledgementVariance,
    /// The supplier's system found errors in our X12.
    FunctionalAckErrors,
    /// Billed price or quantity is not the ordered or received one.
    InvoiceVariance,
    /// A recommendation is above the limit and waits for a person.
    ApprovalNeeded,
    /// A cancel came after the goods had left.
    CancelTooLate,
    /// A facility did not find what it should have: held until it has counted.
    CountPending,
    /// A short pick that no other facility can cover.
    ShortPick,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Look when there is time.
    Low,
    /// Look today.
    Medium,
    /// Look now.
    High,
}

/// What a person may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Do what was proposed.
    Approve,
    /// Do not.
    Reject,
    /// The supplier sends the missing quantity again.
    SendAgain,
    /// The missing quantity is given up and counted as cancelled.
    GiveUp,
    /// Nothing to do, with a reason.
    Ignore,
}

/// `exception.opened.v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExceptionOpened {
    /// The kind of decision.
    pub kind: ExceptionKind,
    /// The business object, in the form `po/4500000001`, `order/commerce/1001`.
    pub about: String,
    /// What happened, in one sentence.
    pub what: String,
    /// Why that needs a person.
    pub why: String,
    /// The role that decides.
    pub owner: String,
    /// How bad.
    pub severity: Severity,
    /// Until when.
    pub due: Timestamp,
    /// The answers allowed.
    pub resolutions: Vec<Resolution>,
    /// The figures it is about.
    #[serde(default)]
    pub details: Value,
}

/// `exception.resolved.v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExceptionResolved {
    /// Which.
    pub exception_id: ExceptionId,
    /// How.
    pub resolution: Resolution,
    /// Who; `rule` where it closed by itself.
    pub by: String,
    /// Why.
    pub reason: String,
}
