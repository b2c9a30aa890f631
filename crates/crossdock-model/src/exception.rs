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
    /// What was counted, or is to be adjusted, differs from the books by more than needs nobody.
    CountVariance,
    /// An adjustment for a reason that nobody agreed on.
    UnknownReason,
    /// The books of a facility's system are not ours, as of its snapshot.
    SnapshotDifference,
    /// A lot is below zero.
    LotBelowZero,
    /// A bucket of a position is below zero.
    BucketBelowZero,
    /// More of a transfer arrived than left.
    TransferOverrun,
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
    /// A system wrote what another one owns: the owner decides.
    OwnershipProposal,
    /// Before a migration the next owner does not say what the owner says.
    ShadowDifference,
    /// A feed of master data was not brought up to date in time.
    SyncOverdue,
    /// Running numbers of a facility did not come in time.
    SequenceGap,
    /// A running number of a facility came twice, on different facts.
    SequenceRepeated,
    /// A shipment contradicts itself or the order: less than it says, or more than was asked for.
    ShipmentDiscrepancy,
    /// A change of an order came after the facility had gone on.
    ChangeTooLate,
    /// More came back than had left.
    ReturnDiscrepancy,
    /// An order waits for its payment for too long, or lost it.
    PaymentMissing,
    /// The supplier announces more than was ordered.
    OverShipment,
    /// A change of a purchase order was refused, or is not possible any more.
    ChangeVariance,
    /// A milestone of a purchase order was not reached in time.
    MilestoneOverdue,
    /// The ERP values stock at other figures than ours.
    ValuationDifference,
    /// A payment is not what its order asks for: too much, in another currency, or of an order that is over.
    PaymentVariance,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Look when there is time.
    Low,
    /// Look today.
    #[default]
    Medium,
    /// Look now.
    High,
}

/// What may be answered. Each exception names those that are allowed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Look at the message again: what it missed is there now.
    Retry,
    /// Send another message in its place, under a new key.
    EditAndReplay,
    /// Do what was proposed.
    Approve,
    /// Do not.
    Reject,
    /// Take another product in its place.
    Substitute,
    /// What it is about is not wanted any more.
    Cancel,
    /// The supplier sends the missing quantity again.
    SendAgain,
    /// The missing quantity is given up and counted as cancelled.
    GiveUp,
    /// Nothing to do, with a reason.
    Ignore,
}

impl Resolution {
    /// True where somebody may ask later why it was decided so: a reason is part of the decision.
    pub fn needs_reason(self) -> bool {
        match self {
            Self::Retry | Self::Approve | Self::SendAgain => false,
            Self::EditAndReplay | Self::Reject | Self::Substitute | Self::Cancel | Self::GiveUp | Self::Ignore => true,
        }
    }

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::EditAndReplay => "edit_and_replay",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Substitute => "substitute",
            Self::Cancel => "cancel",
            Self::SendAgain => "send_again",
            Self::GiveUp => "give_up",
            Self::Ignore => "ignore",
        }
    }
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
    /// What makes it another question than one of its kind about the same object; empty where there is one at most.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub distinct: String,
    /// The place in the ledger of the message that led to it, which stands there whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<u64>,
}

/// `exception.escalated.v1`: a deadline passed and nobody had decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExceptionEscalated {
    /// Which.
    pub exception_id: ExceptionId,
    /// From 1. Each level is reached once.
    pub level: u32,
    /// The role that is asked now, beside its owner.
    pub to: String,
    /// In plain words.
    pub why: String,
    /// When the next level is reached, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
}

/// `remediation.stopped.v1`: a declared rule would decide, and has decided as often as it may. A person decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemediationStopped {
    /// Of which exception.
    pub exception_id: ExceptionId,
    /// The rule's name.
    pub rule: String,
    /// Which cap was reached, in plain words.
    pub why: String,
}

/// `exception.resolved.v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExceptionResolved {
    /// Which.
    pub exception_id: ExceptionId,
    /// How.
    pub resolution: Resolution,
    /// Who; `rule` where it closed by itself, `rule/NAME` where a declared rule decided.
    pub by: String,
    /// Why.
    pub reason: String,
    /// What the decision carries beside its word: a substitute, an edited message.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub with: Value,
}
