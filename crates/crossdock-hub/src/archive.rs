//! The ledger as the async side reads it.
//! Here: a few readers, used on the blocking pool. Not here: the writer (`engine.rs`).

use std::sync::{Arc, Mutex, PoisonError};

use crossdock_core::archive::Archived;
use crossdock_ledger::{LedgerError, LedgerReader, Record};
use crossdock_model::Text;

use crate::recall::{self, RecallError};

/// Readers of one ledger. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Archive {
    readers: Arc<Vec<Mutex<Box<dyn LedgerReader>>>>,
}

/// How many queries can read at a time. Tail readers are served from memory; this is for history and traces.
pub(crate) const READERS: usize = 2;

/// Why the archive could not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("the read was cut off")]
    CutOff,
}

impl Archive {
    pub(crate) fn new(readers: Vec<Box<dyn LedgerReader>>) -> Self {
        Self { readers: Arc::new(readers.into_iter().map(Mutex::new).collect()) }
    }

    /// Runs `query` with a reader that is free, or the first one that becomes so.
    async fn ask<T, Q>(&self, query: Q) -> Result<T, ArchiveError>
    where
        T: Send + 'static,
        Q: FnOnce(&mut dyn LedgerReader) -> Result<T, LedgerError> + Send + 'static,
    {
        let readers = Arc::clone(&self.readers);
        let work = move || {
            let free = readers.iter().find_map(|reader| reader.try_lock().ok());
            // A reader whose query panicked holds no state that could be half written.
            let mut reader = match (free, readers.first()) {
                (Some(reader), _) => reader,
                (None, Some(first)) => first.lock().unwrap_or_else(PoisonError::into_inner),
                (None, None) => return Err(ArchiveError::CutOff),
            };
            Ok(query(reader.as_mut())?)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| ArchiveError::CutOff)?
    }

    /// Up to `limit` records from `from` on.
    pub(crate) async fn read(&self, from: u64, limit: usize) -> Result<Vec<Record>, ArchiveError> {
        self.ask(move |reader| reader.read(from, limit)).await
    }

    /// The first of these names that an archived object has, and what is known of it.
    pub(crate) async fn archived(&self, names: Vec<Text>) -> Result<Option<Archived>, ArchiveError> {
        self.ask(move |reader| {
            for name in names {
                match recall::look_up(&name, |kind, source| reader.newest(kind, source)) {
                    Ok(Some(found)) => return Ok(recall::held(&found)),
                    Ok(None) => {}
                    Err(RecallError::Ledger(error)) => return Err(error),
                    Err(error) => tracing::error!(%error, "an archived object cannot be shown"),
                }
            }
            Ok(None)
        })
        .await
    }

    /// The records of every flow that `id` belongs to, with the flows' correlation ids.
    pub(crate) async fn trace(&self, id: String, limit: usize) -> Result<(Vec<String>, Vec<Record>), ArchiveError> {
        self.ask(move |reader| {
            let correlations = reader.correlations_of(&id)?;
            let mut records = Vec::new();
            for correlation in &correlations {
                records.extend(reader.by_correlation(correlation, limit)?);
            }
            records.sort_by_key(|record| record.seq);
            records.truncate(limit);
            Ok((correlations, records))
        })
        .await
    }
}
