//! Between the core's entries and the ledger's records.
//! Here: the JSON that is kept, and the keys by which it is found again. Not here: writing it (`engine.rs`).
//! Invariant: a fact is kept as its sender wrote it: unknown properties and every digit included.

use std::collections::BTreeMap;

use crossdock_core::Entry;
use crossdock_ledger::{BusinessKey, NewRecord, Record};
use crossdock_model::{CloudEvent, Digest, Event, HubEvent};
use serde_json::Value;
use sha2::Digest as _;

use crate::recall;

/// Properties whose value is a name under which people look for the flow.
const NAMES: [&str; 10] = [
    "orderId",
    "erpOrderNumber",
    "poNumber",
    "recommendationId",
    "asnNumber",
    "invoiceNumber",
    "shipmentId",
    "trackingNumber",
    "movementId",
    "postingNumber",
];

/// Which fact: system, transport id and fingerprint. The id alone would not do: a refused message and its corrected repetition have the
/// same, and may wait for the same commit.
pub(crate) type OriginalKey = (String, String, Digest);
/// Facts on their way to the ledger, as they were sent.
pub(crate) type Originals = BTreeMap<OriginalKey, CloudEvent>;

/// Why a kept record cannot be read, or an entry not be kept.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The bytes are no JSON.
    #[error("not JSON")]
    Json(#[from] serde_json::Error),
    /// The JSON is no event of this version.
    #[error("{0}")]
    Event(#[from] crossdock_model::EventError),
}

/// The record of an entry.
pub(crate) fn record(entry: &Entry, originals: &mut Originals) -> Result<NewRecord, RecordError> {
    let mut event = entry.to_cloud_event()?;
    if matches!(entry.event, Event::Fact(_)) {
        // The typed fact knows what the hub understands; the sender may have said more.
        let digest = entry.keys.first().map(|(_, digest)| *digest);
        let key = digest.map(|digest| (entry.meta.system.to_string(), entry.meta.id.to_string(), digest));
        if let Some(original) = key.and_then(|key| originals.remove(&key)) {
            event.data = original.data;
            event.extensions = original.extensions;
            event.subject = original.subject.or(event.subject);
        }
    }
    if let Event::Hub(HubEvent::FactSetAside(aside)) = &entry.event {
        let digest = entry.keys.first().map(|(_, digest)| *digest);
        let key = digest.map(|digest| (aside.system.to_string(), aside.id.clone(), digest));
        if let (Some(original), Some(data)) = (key.and_then(|key| originals.remove(&key)), event.data.as_object_mut()) {
            data.insert("data".to_owned(), original.data);
        }
    }
    let mut keys: Vec<BusinessKey> =
        entry.keys.iter().map(|(key, digest)| ledger_key(key).with_digest(digest.to_string())).collect();
    keys.extend(names(&event));
    if let Event::Hub(HubEvent::ObjectArchived(archived)) = &entry.event {
        keys.extend(recall::keys(entry.seq, archived));
    }
    let mut record = NewRecord::new(serde_json::to_vec(&event.to_json())?);
    record.keys = keys;
    Ok(record)
}

/// The entry of a record.
pub(crate) fn entry(record: &Record) -> Result<Entry, RecordError> {
    let event =
        CloudEvent::from_json(serde_json::from_slice(&record.event)?).map_err(crossdock_model::EventError::from)?;
    Ok(Entry::from_cloud_event(record.seq, event)?)
}

/// A business key as the ledger's index knows it.
pub(crate) fn ledger_key(key: &crossdock_model::BusinessKey) -> BusinessKey {
    BusinessKey::new(key.kind.as_str(), key.owner.clone(), key.key.clone())
}

/// The fingerprint of a content: SHA-256 of its JSON with sorted keys. Numbers are taken as they are written: 403.00 is not 403.
pub(crate) fn digest(event_type: &str, data: &Value) -> Digest {
    let mut text = String::with_capacity(256);
    text.push_str(event_type);
    text.push('\n');
    canonical(data, &mut text);
    Digest(sha2::Sha256::digest(text.as_bytes()).into())
}

/// The fingerprint that the index kept as text.
pub(crate) fn parse_digest(text: &str) -> Option<Digest> {
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(Digest(bytes))
}

fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut sorted: Vec<(&String, &Value)> = map.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (key, value) in sorted {
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                canonical(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(list) => {
            out.push('[');
            for value in list {
                canonical(value, out);
                out.push(',');
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// The names in an event's data, and in the answer that a delivery got. The first record that bears a name keeps it.
fn names(event: &CloudEvent) -> Vec<BusinessKey> {
    let answer = event.data.get("response").unwrap_or(&Value::Null);
    let mut found = Vec::new();
    for data in [&event.data, answer] {
        for name in NAMES {
            if let Some(value) = data.get(name).and_then(Value::as_str)
                && (1..=256).contains(&value.len())
            {
                found.push(BusinessKey::new(name, event.source.clone(), value));
            }
        }
    }
    if let Some(run) = &event.run_id {
        found.push(BusinessKey::new("runId", "", run.clone()));
    }
    found
}
