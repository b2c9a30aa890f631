//! Deliveries: what the hub owes a system, and how each attempt ended.
//! Rule: docs/concepts/domain.md, "Delivery rules".

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Body, Path, Severity, SystemId, Text, Timestamp};

/// A delivery's number: the ledger sequence of its plan, so that it is the same after every restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeliveryId(pub u64);

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How deliveries of one key stand to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ordering {
    /// One after the other; a dead letter parks those behind it.
    #[default]
    InOrder,
    /// Only the newest matters: a newer plan replaces one that still waits.
    NewestWins,
    /// No order; each for itself.
    Independent,
}

/// An X12 set to render when it is sent: its control numbers are fixed with the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EdiControl {
    /// `850` or `997`.
    pub set: String,
    /// ISA13.
    pub interchange: u32,
    /// GS06.
    pub group: u32,
}

/// `delivery.planned.v1`: the hub owes a system one call of one operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryPlanned {
    /// To whom.
    pub target: SystemId,
    /// The operation of its contract.
    pub operation: Text,
    /// Deliveries with the same key are kept in order per target.
    pub key: Text,
    /// How they are.
    #[serde(default)]
    pub ordering: Ordering,
    /// Sent with every attempt, so that a repeated one has one effect.
    pub idempotency_key: Text,
    /// Values of the path's parameters.
    #[serde(default, skip_serializing_if = "Path::is_empty")]
    pub path: Path,
    /// The JSON body; for an X12 set, what it is rendered from.
    pub body: Body,
    /// Set where the body travels as X12.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edi: Option<EdiControl>,
    /// The business object it is about, in the form `order/commerce/1001`, `po/4500000001`.
    pub about: Text,
    /// Set where the body is a list of things that the target may take one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<BulkItems>>,
    /// True where the target may have done it before it was planned: it is looked up first.
    #[serde(default, skip_serializing_if = "is_false")]
    pub maybe_done: bool,
    /// The dead letter whose place it takes: the same message, edited by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<DeliveryId>,
    /// The delivery that it repeats: from the log, with the same idempotency key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replays: Option<DeliveryId>,
    /// Where a synthetic message goes instead; absent: to its target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Box<Isolation>>,
}

impl DeliveryPlanned {
    /// The system that it is about, whoever stands in for it.
    pub fn meant_for(&self) -> &SystemId {
        match self.isolation.as_deref() {
            Some(Isolation::StandInFor(system)) => system,
            Some(Isolation::Sink) | None => &self.target,
        }
    }
}

/// The items of a bulk call, in the order of the list that the body holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkItems {
    /// JSON pointer to the list in the body.
    pub at: Text,
    /// The business key of each item.
    pub keys: Vec<Text>,
}

/// Where a synthetic message goes instead of its target (docs/concepts/domain.md, "Synthetic transactions").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Isolation {
    /// Nowhere: it is kept here, and nobody answers.
    Sink,
    /// To a simulator that stands in for this system.
    StandInFor(SystemId),
}

/// An item of a bulk call that the target did not take for certain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftItem {
    /// Its business key.
    pub key: Text,
    /// True where the answer does not say how it ended.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unknown: bool,
    /// What the target said of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// `delivery.succeeded.v1`: the target took it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliverySucceeded {
    /// Which.
    pub delivery_id: DeliveryId,
    /// To whom.
    pub target: SystemId,
    /// What was called.
    pub operation: Text,
    /// How many attempts it took.
    pub attempts: u32,
    /// The HTTP status.
    pub status: u16,
    /// What the target answered.
    #[serde(default)]
    pub response: Value,
    /// Of a bulk call: the items that it did not take. Each is planned anew, for itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<LeftItem>,
}

/// `delivery.attempt_failed.v1`: it will be tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptFailed {
    /// Which.
    pub delivery_id: DeliveryId,
    /// To whom.
    pub target: SystemId,
    /// What was called.
    pub operation: Text,
    /// From 1.
    pub attempt: u32,
    /// In plain words.
    pub why: String,
    /// True where the target may have acted on it.
    pub ambiguous: bool,
    /// True where it was the target's state (unreachable, locked out), not this message: not counted against it.
    #[serde(default)]
    pub target_down: bool,
    /// Not before.
    pub retry_at: Timestamp,
    /// Nothing at all to this target before: it asked for the pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_until: Option<Timestamp>,
}

/// `breaker.opened.v1`, `breaker.closed.v1`: a target's own state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BreakerChanged {
    /// Whose.
    pub target: SystemId,
    /// In plain words.
    pub why: String,
    /// When the next trial call goes out; absent when closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}

/// `dead_letter.opened.v1`: a delivery that was given up. The plan holds the full message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterOpened {
    /// Which.
    pub delivery_id: DeliveryId,
    /// To whom.
    pub target: SystemId,
    /// What was called.
    pub operation: Text,
    /// How many attempts were made.
    pub attempts: u32,
    /// In plain words.
    pub why: String,
    /// What the target answered, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The business object it is about.
    pub about: Text,
    /// Who has to look at it.
    pub owner: String,
    /// Until when.
    pub due: Timestamp,
    /// How bad.
    #[serde(default)]
    pub severity: Severity,
    /// Nothing at all to this target before: it asked for the pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_until: Option<Timestamp>,
}

/// `dead_letter.escalated.v1`: its deadline passed and nobody had looked at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterEscalated {
    /// Which.
    pub delivery_id: DeliveryId,
    /// To whom it could not be delivered.
    pub target: SystemId,
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

/// `dead_letter.edited.v1`: a person sends another message in its place. The plan that follows carries it, under a new key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterEdited {
    /// Which.
    pub delivery_id: DeliveryId,
    /// The new body.
    pub body: Body,
    /// The new values of the path's parameters, where they differ.
    #[serde(default, skip_serializing_if = "Path::is_empty")]
    pub path: Path,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// `dead_letter.replayed.v1`: a person sent it again, with the same idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterReplayed {
    /// Which.
    pub delivery_id: DeliveryId,
    /// Who.
    pub by: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// `delivery.retired.v1`: a delivery that nobody needs any more, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Retired {
    /// Which.
    pub delivery_id: DeliveryId,
    /// To whom.
    pub target: SystemId,
    /// Who retired it.
    pub by: String,
    /// Why.
    pub reason: String,
}
