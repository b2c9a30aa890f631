//! Records, their keys, and the CloudEvents attributes that become readable columns.
//! Here: shapes and the one look into an event's JSON. Not here: storage.

use std::fmt;

use serde::Deserialize;

use crate::LedgerError;

/// A place in the log. The first record is 1; 0 is "before everything".
pub type Seq = u64;

/// A record as it stands in the log.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place.
    pub seq: Seq,
    /// The CloudEvent, as the JSON bytes that were appended: never reformatted, so foreign numbers keep their digits.
    pub event: Vec<u8>,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} {}", self.seq, String::from_utf8_lossy(&self.event))
    }
}

/// A record to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// The CloudEvent as JSON.
    pub event: Vec<u8>,
    /// By what it can be found again. A key that exists already keeps its first record: the writer asks before it decides.
    pub keys: Vec<BusinessKey>,
}

impl NewRecord {
    /// A record without keys.
    pub fn new(event: impl Into<Vec<u8>>) -> Self {
        Self { event: event.into(), keys: Vec::new() }
    }

    /// Adds a key.
    #[must_use]
    pub fn key(mut self, key: BusinessKey) -> Self {
        self.keys.push(key);
        self
    }
}

/// What makes a business message the same one, whatever transport id it arrives under: (source, order id), (partner, ASN number) …
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BusinessKey {
    /// What is named: `event`, `orderId`, `asnNumber` …
    pub kind: String,
    /// Whose name it is; two systems may use the same number.
    pub source: String,
    /// The name.
    pub key: String,
    /// The digest of the content, by which an equal repetition is told from a reused id. Not part of the identity.
    pub digest: String,
}

impl BusinessKey {
    /// A key without content, for looking up.
    pub fn new(kind: impl Into<String>, source: impl Into<String>, key: impl Into<String>) -> Self {
        Self { kind: kind.into(), source: source.into(), key: key.into(), digest: String::new() }
    }

    /// The same key with the digest of its content.
    #[must_use]
    pub fn with_digest(mut self, digest: impl Into<String>) -> Self {
        self.digest = digest.into();
        self
    }
}

/// Where a key was used first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHit {
    /// The record.
    pub seq: Seq,
    /// The digest of the content it had.
    pub digest: String,
}

/// A kept state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The last record that the state has in it.
    pub seq: Seq,
    /// The state, as the caller wrote it.
    pub state: Vec<u8>,
}

/// The CloudEvents attributes a record is listed by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Envelope {
    /// The event's own id.
    pub id: String,
    /// The event type, e.g. `order.captured.v1`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Who says so.
    pub source: String,
    /// What it is about.
    #[serde(default)]
    pub subject: Option<String>,
    /// The source's own time.
    #[serde(default)]
    pub time: Option<String>,
    /// The hub's time of receipt (extension `receivedat`).
    #[serde(default, rename = "receivedat")]
    pub received_at: Option<String>,
    /// What binds one flow together (extension `correlationid`).
    #[serde(default, rename = "correlationid")]
    pub correlation_id: Option<String>,
}

impl Envelope {
    /// Reads the attributes of a CloudEvent.
    ///
    /// # Errors
    /// Says what is missing, as `serde_json` puts it.
    pub fn of(event: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(event)
    }
}

/// Reads the envelopes of a batch before anything is written.
pub(crate) fn envelopes(batch: &[NewRecord]) -> Result<Vec<Envelope>, LedgerError> {
    batch
        .iter()
        .enumerate()
        .map(|(index, record)| {
            Envelope::of(&record.event).map_err(|source| LedgerError::InvalidRecord { index, why: source.to_string() })
        })
        .collect()
}
