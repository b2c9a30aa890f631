//! Master data: what changed, for whoever audits it.
//! Rule: docs/concepts/domain.md 7.1, "catalogue, unit of measure, price".

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::SystemId;

/// `master.changed.v1`: what a new version of a master record changed, field by field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MasterChanged {
    /// The kind of record: `product`, `price`, `customer`, `supplier`.
    pub object: String,
    /// Its key.
    pub key: String,
    /// Who changed it.
    pub system: SystemId,
    /// The new version, by the sender's count.
    pub version: u64,
    /// The version before it, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<u64>,
    /// From which day it counts; at once where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// What changed.
    pub changes: Vec<FieldChange>,
}

/// A field with its old and its new value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// Its name on the wire.
    pub field: String,
    /// What it was; absent where nothing was said before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// What it is; absent where nothing is said any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}
