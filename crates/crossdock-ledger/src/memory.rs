//! The ledger in memory: the model that the SQLite one is tested against, and the store of simulations and tests.
//! Invariant: the same answers as [`crate::SqliteLedger`] to the same calls.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::chain::{self, Link};
use crate::record::envelopes;
use crate::verify::{self, Walk};
use crate::{
    BusinessKey, Envelope, KeyHit, Ledger, LedgerError, LedgerReader, NewRecord, Record, Seq, Snapshot, Verification,
};

/// A ledger that ends with its process. Clones are views of the same log.
#[derive(Clone, Debug, Default)]
pub struct MemoryLedger {
    log: Arc<RwLock<Log>>,
}

#[derive(Debug, Default)]
struct Log {
    rows: Vec<Row>,
    keys: BTreeMap<(String, String, String), KeyHit>,
    snapshot: Option<Snapshot>,
}

#[derive(Debug)]
struct Row {
    event: Vec<u8>,
    envelope: Envelope,
    keys: Vec<BusinessKey>,
    link: Link,
}

impl MemoryLedger {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    fn view<T>(&self, look: impl FnOnce(&Log) -> T) -> T {
        // A reader that panicked has changed nothing.
        look(&self.log.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Log {
    fn head(&self) -> Seq {
        self.rows.len() as Seq
    }

    fn record(&self, index: usize) -> Record {
        Record { seq: index as Seq + 1, event: self.rows[index].event.clone() }
    }
}

impl Ledger for MemoryLedger {
    fn append(&mut self, expected: Seq, batch: &[NewRecord]) -> Result<Seq, LedgerError> {
        let envelopes = envelopes(batch)?;
        let mut log = self.log.write().unwrap_or_else(PoisonError::into_inner);
        let actual = log.head();
        if actual != expected {
            return Err(LedgerError::Fenced { expected, actual });
        }
        for (record, envelope) in batch.iter().zip(envelopes) {
            let seq = log.head() + 1;
            let mut first = Vec::new();
            for key in &record.keys {
                let place = (key.kind.clone(), key.source.clone(), key.key.clone());
                log.keys.entry(place).or_insert_with(|| {
                    first.push(key.clone());
                    KeyHit { seq, digest: key.digest.clone() }
                });
            }
            let previous = log.rows.last().map_or_else(chain::genesis, |row| row.link.chain);
            let (checksum, keys_checksum) = (chain::checksum(&record.event), chain::keys_checksum(&first));
            let link = Link { checksum, keys_checksum, chain: chain::link(&previous, seq, &checksum, &keys_checksum) };
            log.rows.push(Row { event: record.event.clone(), envelope, keys: first, link });
        }
        Ok(log.head())
    }

    fn save_snapshot(&mut self, seq: Seq, state: &[u8]) -> Result<(), LedgerError> {
        let mut log = self.log.write().unwrap_or_else(PoisonError::into_inner);
        log.snapshot = Some(Snapshot { seq, state: state.to_vec() });
        Ok(())
    }

    fn latest_snapshot(&mut self) -> Result<Option<Snapshot>, LedgerError> {
        Ok(self.view(|log| log.snapshot.clone()))
    }

    fn reader(&self) -> Result<Box<dyn LedgerReader>, LedgerError> {
        Ok(Box::new(self.clone()))
    }

    fn head(&mut self) -> Result<Seq, LedgerError> {
        LedgerReader::head(self)
    }

    fn read(&mut self, from: Seq, limit: usize) -> Result<Vec<Record>, LedgerError> {
        LedgerReader::read(self, from, limit)
    }

    fn lookup(&mut self, key: &BusinessKey) -> Result<Option<KeyHit>, LedgerError> {
        LedgerReader::lookup(self, key)
    }

    fn newest(&mut self, kind: &str, source: &str) -> Result<Option<Record>, LedgerError> {
        LedgerReader::newest(self, kind, source)
    }

    fn verify(&mut self) -> Result<Verification, LedgerError> {
        LedgerReader::verify(self)
    }
}

impl LedgerReader for MemoryLedger {
    fn head(&mut self) -> Result<Seq, LedgerError> {
        Ok(self.view(Log::head))
    }

    fn read(&mut self, from: Seq, limit: usize) -> Result<Vec<Record>, LedgerError> {
        Ok(self.view(|log| {
            let start = usize::try_from(from.max(1) - 1).unwrap_or(usize::MAX);
            (start..log.rows.len()).take(limit).map(|index| log.record(index)).collect()
        }))
    }

    fn lookup(&mut self, key: &BusinessKey) -> Result<Option<KeyHit>, LedgerError> {
        let place = (key.kind.clone(), key.source.clone(), key.key.clone());
        Ok(self.view(|log| log.keys.get(&place).cloned()))
    }

    fn newest(&mut self, kind: &str, source: &str) -> Result<Option<Record>, LedgerError> {
        Ok(self.view(|log| {
            let from = (kind.to_owned(), source.to_owned(), String::new());
            let of_it = log.keys.range(from..).take_while(|((k, s, _), _)| k == kind && s == source);
            of_it.map(|(_, hit)| hit.seq).max().map(|seq| log.record(usize::try_from(seq - 1).unwrap_or(usize::MAX)))
        }))
    }

    fn correlations_of(&mut self, id: &str) -> Result<Vec<String>, LedgerError> {
        Ok(self.view(|log| {
            let mut found: Vec<String> = Vec::new();
            for row in &log.rows {
                let envelope = &row.envelope;
                let bears = envelope.id == id
                    || envelope.subject.as_deref() == Some(id)
                    || envelope.correlation_id.as_deref() == Some(id)
                    || row.keys.iter().any(|key| key.key == id);
                if let (true, Some(correlation)) = (bears, &envelope.correlation_id)
                    && !found.contains(correlation)
                {
                    found.push(correlation.clone());
                }
            }
            found
        }))
    }

    fn by_correlation(&mut self, correlation_id: &str, limit: usize) -> Result<Vec<Record>, LedgerError> {
        Ok(self.view(|log| {
            let of_it = |index: &usize| log.rows[*index].envelope.correlation_id.as_deref() == Some(correlation_id);
            (0..log.rows.len()).filter(of_it).take(limit).map(|index| log.record(index)).collect()
        }))
    }

    fn verify(&mut self) -> Result<Verification, LedgerError> {
        Ok(self.view(|log| {
            let mut defects = Vec::new();
            let mut walk = Walk::after(0, chain::genesis());
            for (row, seq) in log.rows.iter().zip(1..) {
                walk.step(seq, &row.event, &row.link, &mut defects);
                verify::check_keys(seq, &row.keys, &row.link, &mut defects);
            }
            Verification { records: log.head(), head: log.head(), defects }
        }))
    }
}
