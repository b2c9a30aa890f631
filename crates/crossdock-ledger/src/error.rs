//! What a ledger can refuse or fail at.
//! Here: one variant per thing that a caller or an operator does something else about. `Display` never repeats the source.

use std::path::PathBuf;

use crate::{Defect, Seq};

/// Why an operation had no effect.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Somebody else has appended: this writer decided from an old head.
    #[error("the ledger's head is {actual}, this writer expected {expected}: another writer has appended")]
    Fenced {
        /// The head the caller knew.
        expected: Seq,
        /// The head there is.
        actual: Seq,
    },
    /// Another process has the file open for writing.
    #[error("the ledger {} is in use by another process (it holds {})", path.display(), lock.display())]
    InUse {
        /// The ledger.
        path: PathBuf,
        /// The lock file that says so.
        lock: PathBuf,
    },
    /// A foreign SQLite connection holds a write transaction for longer than we wait.
    #[error("the ledger {} is locked by another SQLite connection; waited {waited_ms} ms", path.display())]
    Busy {
        /// The ledger.
        path: PathBuf,
        /// How long we waited.
        waited_ms: u64,
    },
    /// No room for the batch; nothing of it was kept.
    #[error("no space left for the ledger {}", path.display())]
    DiskFull {
        /// The ledger.
        path: PathBuf,
    },
    /// A record, or the place where one should be, is not what was written.
    #[error("ledger record {}: {}", .0.seq, .0.problem)]
    Corrupt(Defect),
    /// The file is something else.
    #[error("{} is not a Crossdock ledger: {why}", path.display())]
    NotALedger {
        /// The file.
        path: PathBuf,
        /// How we know.
        why: String,
    },
    /// A newer version of the program wrote the file.
    #[error("the ledger {} has format {found}; this version reads up to {known}", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// A record of the batch is no CloudEvent.
    #[error("record {index} of the batch is not a CloudEvent: {why}")]
    InvalidRecord {
        /// Its place in the batch, from 0.
        index: usize,
        /// What is wrong.
        why: String,
    },
    /// The file, its folder or its lock could not be used.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Anything else SQLite says.
    #[error("SQLite failed to {doing} {}", path.display())]
    Sqlite {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: rusqlite::Error,
    },
}
