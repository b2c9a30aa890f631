#![doc = include_str!("../README.md")]
//!
//! Here: the trait, its records and errors. Not here: what the events mean (`crossdock-model`), who decides them (`crossdock-core`).
//! Invariant: a record that `append` returned for is never lost, changed or given another sequence number.

mod chain;
mod error;
mod lock;
mod memory;
mod record;
mod sqlite;
mod verify;

#[cfg(test)]
mod tests;

pub use error::LedgerError;
pub use memory::MemoryLedger;
pub use record::{BusinessKey, Envelope, KeyHit, NewRecord, Record, Seq, Snapshot};
pub use sqlite::{SqliteLedger, SqliteReader};
pub use verify::{Defect, Problem, Verification};

/// One partition's log, as its single writer sees it.
pub trait Ledger: Send {
    /// Appends all of `batch` behind `expected`, durably, or nothing at all. Returns the new head.
    ///
    /// `expected` is the head the caller decided from. It is the fence: a writer that was overtaken learns it here and has no effect.
    /// An empty batch appends nothing, and still checks the fence.
    ///
    /// # Errors
    /// [`LedgerError::Fenced`] if the head is another one; [`LedgerError::InvalidRecord`] if a record is no CloudEvent;
    /// [`LedgerError::DiskFull`], [`LedgerError::Busy`] and the rest as they say. After any error nothing of the batch is there.
    fn append(&mut self, expected: Seq, batch: &[NewRecord]) -> Result<Seq, LedgerError>;

    /// Keeps a state as of `seq`, so that a restart need not read from the first record. Replaces older snapshots.
    fn save_snapshot(&mut self, seq: Seq, state: &[u8]) -> Result<(), LedgerError>;

    /// The newest snapshot, if one was kept.
    fn latest_snapshot(&mut self) -> Result<Option<Snapshot>, LedgerError>;

    /// Another view of the same log for readers; it sees what is durable and never blocks the writer.
    fn reader(&self) -> Result<Box<dyn LedgerReader>, LedgerError>;

    /// The sequence number of the last record; 0 when there is none.
    fn head(&mut self) -> Result<Seq, LedgerError>;

    /// Up to `limit` records from `from` on (inclusive; the first record is 1), each checked against its checksum and the chain.
    fn read(&mut self, from: Seq, limit: usize) -> Result<Vec<Record>, LedgerError>;

    /// Where a business key was used first, and with what content.
    fn lookup(&mut self, key: &BusinessKey) -> Result<Option<KeyHit>, LedgerError>;

    /// The newest record that bears any key of this kind and source. Keys of one thing that comes again, each with a name of its own, are
    /// found so: the archive records of an object.
    fn newest(&mut self, kind: &str, source: &str) -> Result<Option<Record>, LedgerError>;

    /// Reads everything and reports every defect, not only the first.
    fn verify(&mut self) -> Result<Verification, LedgerError>;
}

/// What readers may ask while a writer appends.
pub trait LedgerReader: Send {
    /// The sequence number of the last durable record; 0 when there is none.
    fn head(&mut self) -> Result<Seq, LedgerError>;

    /// Up to `limit` records from `from` on (inclusive; the first record is 1), each checked against its checksum and the chain.
    fn read(&mut self, from: Seq, limit: usize) -> Result<Vec<Record>, LedgerError>;

    /// Where a business key was used first, and with what content.
    fn lookup(&mut self, key: &BusinessKey) -> Result<Option<KeyHit>, LedgerError>;

    /// The newest record that bears any key of this kind and source. Keys of one thing that comes again, each with a name of its own, are
    /// found so: the archive records of an object.
    fn newest(&mut self, kind: &str, source: &str) -> Result<Option<Record>, LedgerError>;

    /// The correlation ids of records that bear `id` as event id, subject, correlation id or business key of any kind.
    /// A trace starts here: people ask by the one id they have.
    fn correlations_of(&mut self, id: &str) -> Result<Vec<String>, LedgerError>;

    /// Up to `limit` records of one correlation id, oldest first.
    fn by_correlation(&mut self, correlation_id: &str, limit: usize) -> Result<Vec<Record>, LedgerError>;

    /// Reads everything and reports every defect, not only the first.
    fn verify(&mut self) -> Result<Verification, LedgerError>;
}
