//! What was asked of a system, for people and tests.
//!
//! Invariant: bounded; the oldest entries go first.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::Serialize;

/// How many requests are kept.
const ENTRIES_KEPT: usize = 1_000;

/// One request. No body and no key is kept: the journal is read by people who may not see them.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    pub(crate) operation: String,
    pub(crate) path: String,
    pub(crate) status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) correlation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) idempotency_key: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) replayed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<&'static str>,
}

/// The last requests.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
    seen: u64,
}

impl Journal {
    pub(crate) fn note(&mut self, entry: Entry) {
        if self.entries.len() >= ENTRIES_KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
        self.seen += 1;
    }

    /// All entries, oldest first, and how many there have been in all.
    pub(crate) fn entries(&self) -> (Vec<Entry>, u64) {
        (self.entries.iter().cloned().collect(), self.seen)
    }
}
