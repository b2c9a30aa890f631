//! What leaves memory when it is over, and what comes back.
//! Rule: docs/concepts/domain.md, "What is over leaves memory".
//! Invariant: `state` is everything that the fold knew of the object, in the form that `form` names: put back, it is as if it had
//! never left. A form is never changed: a new one gets a new number, and the old ones stay readable.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Text;

/// What kind of object an archive record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArchivedKind {
    /// An order.
    Order,
    /// A purchase order, with its invoices and the recommendation that it was made of.
    PurchaseOrder,
    /// A recommendation that became no purchase order.
    Recommendation,
    /// A decided exception.
    Exception,
}

/// `object.archived.v1`: it is over, nothing of it is open, and it leaves memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectArchived {
    /// Its name, `order/commerce/1001`.
    pub about: Text,
    /// What it is.
    pub kind: ArchivedKind,
    /// By what later facts find it: `order-id/1001`, `tracking/1Z…`. Only names that meant it, and no other, when it left.
    pub names: Vec<Text>,
    /// The form of `state`.
    pub form: u32,
    /// All that is known of it.
    pub state: Value,
}

/// `object.recalled.v1`: something was said of an archived object, and it is back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRecalled {
    /// Its name.
    pub about: Text,
    /// What it is.
    pub kind: ArchivedKind,
    /// The entry that took it out.
    pub archived: u64,
    /// Names that nothing newer has taken meanwhile.
    pub names: Vec<Text>,
    /// The form of `state`.
    pub form: u32,
    /// All that was known of it.
    pub state: Value,
}

/// `object.archive_postponed.v1`: its time has come, and something of it is still open. It is looked at again when as much time has gone by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArchivePostponed {
    /// Its name.
    pub about: Text,
    /// What is open, in plain words.
    pub why: String,
}
