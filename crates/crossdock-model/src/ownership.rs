//! Writes of systems that do not own what they write: kept whole, without effect until somebody says otherwise.
//! Rule: docs/concepts/domain.md 2.3.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ExceptionId, FacilityId, SystemId, Timestamp, UnitFactor};

/// Why a fact has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Another system owns it, and is asked.
    Proposed,
    /// Another system owns it, and nobody is asked.
    Ignored,
    /// It is compared with what the owner says.
    Compared,
}

/// `fact.set_aside.v1`: a fact that its sender does not own. Kept whole, not applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FactSetAside {
    /// Who sent it.
    pub system: SystemId,
    /// Its transport id.
    pub id: String,
    /// By the sender's clock.
    pub source_time: Timestamp,
    /// Its number, where it is one of its facility's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_sequence: Option<u64>,
    /// The facility at which it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facility: Option<FacilityId>,
    /// Its CloudEvents type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// What it says.
    pub data: Value,
    /// The business object that it writes.
    pub object: String,
    /// The group of attributes.
    pub group: String,
    /// Who owns the group at that time, as declared.
    pub owner: String,
    /// What becomes of it.
    pub effect: Effect,
}

/// `fact.adopted.v1`: the owner accepted what another system proposed. It has its effect from here on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FactAdopted {
    /// The exception by which it was decided.
    pub exception_id: ExceptionId,
    /// Who proposed it.
    pub proposed_by: SystemId,
    /// The system as whose word it counts.
    pub system: SystemId,
    /// Its transport id.
    pub id: String,
    /// By the proposer's clock.
    pub source_time: Timestamp,
    /// Its CloudEvents type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// What it says.
    pub data: Value,
    /// The factors by which its quantities count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unit_factors: Vec<UnitFactor>,
}
