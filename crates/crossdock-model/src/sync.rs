//! Scheduled synchronisations: how old what the hub knows of a feed may be.
//! Rule: docs/concepts/domain.md 7.1, "catalogue, unit of measure, price".

use serde::{Deserialize, Serialize};

use crate::{SystemId, Timestamp};

/// `sync.completed.v1`: a system has sent everything of a feed that had changed up to a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncCompleted {
    /// What was synchronised: `catalogue`, `prices` …
    pub feed: String,
    /// Up to which time, by the sender's clock, what it knows was sent.
    pub as_of: Timestamp,
    /// How many records were sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
}

/// `sync.recorded.v1`: a feed is fresh, and when it stops to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncRecorded {
    /// Whose feed.
    pub system: SystemId,
    /// Which.
    pub feed: String,
    /// Up to which time it is known.
    pub as_of: Timestamp,
    /// When it is too old.
    pub due: Timestamp,
}
