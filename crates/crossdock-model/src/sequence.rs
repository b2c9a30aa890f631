//! The running numbers of a facility: what the hub says of a gap in them.
//! Rules: docs/concepts/domain.md 5.3, 5.4.

use serde::{Deserialize, Serialize};

use crate::{FacilityId, SystemId, Timestamp};

/// Running numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
}

/// `facility.sequence_gap_found.v1`: numbers of a facility were skipped; what they report is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SequenceGapFound {
    /// Whose numbers.
    pub facility: FacilityId,
    /// Which are missing.
    pub missing: Numbers,
    /// Until when counts, snapshots and rises of what is published of the facility wait at most.
    pub hold_back_until: Timestamp,
}

/// `facility.hold_back_ended.v1`: what waited for missing numbers goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HoldBackEnded {
    /// Where.
    pub facility: FacilityId,
    /// What is still missing; nothing, where the gap was filled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Numbers>,
}

/// `facility.resync_requested.v1`: the facility's system is to tell again what is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResyncRequested {
    /// Where.
    pub facility: FacilityId,
    /// Who is asked.
    pub system: SystemId,
    /// For which numbers.
    pub missing: Vec<Numbers>,
}
