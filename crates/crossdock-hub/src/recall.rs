//! Archived objects, found by name in the ledger's key index.
//! Here: under which keys an archive record stands, and which record a name means. Not here: which names an input mentions, and what
//! is put back (`crossdock-core`).
//! Invariant: of each name the newest record counts, and of each object too: a name that a newer object took means the newer one.

use crossdock_core::archive::{Archived, Recall};
use crossdock_ledger::{BusinessKey, LedgerError, Record};
use crossdock_model::{Event, HubEvent, ObjectArchived};

use crate::records::{self, RecordError};

/// The kind of the keys of archive records. Their source is the name; the key tells the records of one name apart.
const KIND: &str = "archived";

/// Why an archived object cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecallError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("the archive record {seq} cannot be read")]
    Record { seq: u64, source: RecordError },
}

/// The keys of an archive record: one for each name, its own among them.
pub(crate) fn keys(seq: u64, event: &ObjectArchived) -> impl Iterator<Item = BusinessKey> {
    let key =
        move |name: &crossdock_model::Text| BusinessKey::new(KIND, name.as_str(), format!("{}@{seq}", event.about));
    std::iter::once(&event.about).chain(&event.names).map(key)
}

/// What an index has of a name. `newest` asks it for the newest record that bears a key of a kind and source.
pub(crate) fn look_up(
    name: &str,
    mut newest: impl FnMut(&str, &str) -> Result<Option<Record>, LedgerError>,
) -> Result<Option<Recall>, RecallError> {
    let Some((_, meant)) = newest(KIND, name)?.as_ref().map(read).transpose()? else { return Ok(None) };
    let Some((seq, event)) = newest(KIND, &meant.about)?.as_ref().map(read).transpose()? else { return Ok(None) };
    let mut names = Vec::with_capacity(event.names.len());
    for name in &event.names {
        if newest(KIND, name)?.is_some_and(|record| record.seq == seq) {
            names.push(name.clone());
        }
    }
    Ok(Some(Recall { seq, event, names }))
}

/// What an archive record holds, for readers.
pub(crate) fn held(found: &Recall) -> Option<Archived> {
    Archived::read(found.event.kind, found.event.form, &found.event.state)
}

fn read(record: &Record) -> Result<(u64, std::sync::Arc<ObjectArchived>), RecallError> {
    let seq = record.seq;
    let unreadable = |source| RecallError::Record { seq, source };
    match records::entry(record).map_err(unreadable)?.event {
        Event::Hub(HubEvent::ObjectArchived(event)) => Ok((seq, event)),
        other => Err(unreadable(crossdock_model::EventError::UnknownType(other.event_type().to_owned()).into())),
    }
}
