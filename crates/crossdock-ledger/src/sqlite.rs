//! The ledger in one SQLite file: the embedded default.
//! Here: the single writer: opening, appending, snapshots. Not here: queries (`sqlite/queries.rs`), tables (`sqlite/schema.rs`).
//! Invariant: what `append` returned for survives `kill -9` and power loss (WAL, `synchronous=FULL`, one commit per batch).

mod queries;
mod schema;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior, params};

use crate::chain;
use crate::lock::WriterLock;
use crate::record::envelopes;
use crate::{BusinessKey, KeyHit, Ledger, LedgerError, LedgerReader, NewRecord, Record, Seq, Snapshot, Verification};

/// How long a statement waits for a foreign connection's write transaction before it gives up. Ours never hold one for long.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// The single writer of a ledger file.
#[derive(Debug)]
pub struct SqliteLedger {
    file: LedgerFile,
    _lock: WriterLock,
}

/// A reader of a ledger file; it needs no lock and keeps no writer waiting.
#[derive(Debug)]
pub struct SqliteReader {
    file: LedgerFile,
}

/// A connection that knows its path, so that every error can name the file.
#[derive(Debug)]
struct LedgerFile {
    path: PathBuf,
    connection: Connection,
}

impl SqliteLedger {
    /// Opens the ledger for writing; creates it, and the folder it is to stand in, when they are not there.
    ///
    /// # Errors
    /// [`LedgerError::InUse`] if another process writes it; [`LedgerError::NotALedger`] or [`LedgerError::NewerFormat`] if it is not
    /// ours to write; [`LedgerError::Corrupt`] if its end was cut off or altered (all of it is checked by reading, or by `verify`).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LedgerError> {
        let path = path.as_ref();
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|source| LedgerError::Io {
                doing: "create the folder",
                path: folder.to_path_buf(),
                source,
            })?;
        }
        let lock = WriterLock::take(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let file = LedgerFile::open(path, flags)?;
        schema::prepare(&file)?;
        file.check_tail()?;
        Ok(Self { file, _lock: lock })
    }

    /// The connection, for tests that damage the file or fill the disk.
    #[cfg(test)]
    pub(crate) fn raw(&self) -> &Connection {
        &self.file.connection
    }
}

/// A closed ledger is one file: what stands in the log beside it is moved in. SQLite itself does not do that while readers are open.
impl Drop for SqliteLedger {
    fn drop(&mut self) {
        let moved = self.file.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        // Nothing is lost if it fails: the log stays, and the next start reads it.
        match moved {
            Ok(false) => {}
            Ok(true) => tracing::debug!(path = %self.file.path.display(), "a reader keeps the log beside the ledger"),
            Err(error) => tracing::warn!(path = %self.file.path.display(), %error, "the log beside the ledger stays"),
        }
    }
}

impl SqliteReader {
    /// Opens an existing ledger for reading, also while a hub writes it.
    ///
    /// # Errors
    /// [`LedgerError::Io`] if there is no such file; otherwise as [`SqliteLedger::open`], without the lock.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LedgerError> {
        let path = path.as_ref();
        // SQLite's own message for a missing file is "unable to open database file", whatever the cause.
        std::fs::metadata(path).map_err(|source| LedgerError::Io {
            doing: "open",
            path: path.to_path_buf(),
            source,
        })?;
        let file = LedgerFile::open(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        schema::check(&file)?;
        Ok(Self { file })
    }
}

impl LedgerFile {
    fn open(path: &Path, flags: OpenFlags) -> Result<Self, LedgerError> {
        let failed = |source| named(path, "open", source);
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(BUSY_WAIT).map_err(failed)?;
        Ok(Self { path: path.to_path_buf(), connection })
    }

    fn failed(&self, doing: &'static str) -> impl Fn(rusqlite::Error) -> LedgerError + '_ {
        move |source| named(&self.path, doing, source)
    }

    fn append(&mut self, expected: Seq, batch: &[NewRecord]) -> Result<Seq, LedgerError> {
        let envelopes = envelopes(batch)?;
        let path = &self.path;
        let failed = |source| named(path, "append to", source);
        // Immediate: the head is read under the write lock, so nobody can append between the check and the write.
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let (actual, mut previous) = schema::head(&transaction).map_err(failed)?;
        if actual != expected {
            return Err(LedgerError::Fenced { expected, actual });
        }
        let mut head = expected;
        {
            let mut event = transaction.prepare(schema::INSERT_EVENT).map_err(failed)?;
            let mut key = transaction.prepare(schema::INSERT_KEY).map_err(failed)?;
            for (index, (record, envelope)) in batch.iter().zip(&envelopes).enumerate() {
                head += 1;
                let text = std::str::from_utf8(&record.event)
                    .map_err(|source| LedgerError::InvalidRecord { index, why: source.to_string() })?;
                let mut first = Vec::new();
                for entry in &record.keys {
                    let new = key
                        .execute(params![entry.kind, entry.source, entry.key, entry.digest, place(head)])
                        .map_err(failed)?;
                    if new == 1 {
                        first.push(entry);
                    }
                }
                let checksum = chain::checksum(&record.event);
                let keys_checksum = chain::keys_checksum(first);
                previous = chain::link(&previous, head, &checksum, &keys_checksum);
                event
                    .execute(params![
                        place(head),
                        envelope.event_type,
                        envelope.subject,
                        envelope.source,
                        envelope.id,
                        envelope.time,
                        envelope.received_at,
                        envelope.correlation_id,
                        text,
                        checksum,
                        keys_checksum,
                        previous,
                    ])
                    .map_err(failed)?;
            }
        }
        if head != expected {
            transaction.execute(schema::SET_HEAD, params![place(head), previous]).map_err(failed)?;
        }
        transaction.commit().map_err(failed)?;
        Ok(head)
    }
}

impl Ledger for SqliteLedger {
    fn append(&mut self, expected: Seq, batch: &[NewRecord]) -> Result<Seq, LedgerError> {
        self.file.append(expected, batch)
    }

    fn save_snapshot(&mut self, seq: Seq, state: &[u8]) -> Result<(), LedgerError> {
        let path = &self.file.path;
        let failed = |source| named(path, "keep a snapshot in", source);
        let transaction =
            self.file.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        transaction.execute("DELETE FROM snapshots", []).map_err(failed)?;
        transaction
            .execute(
                "INSERT INTO snapshots (seq, state, checksum) VALUES (?1, ?2, ?3)",
                params![place(seq), state, chain::checksum(state)],
            )
            .map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    fn latest_snapshot(&mut self) -> Result<Option<Snapshot>, LedgerError> {
        let row = self
            .file
            .connection
            .query_row("SELECT seq, state, checksum FROM snapshots ORDER BY seq DESC LIMIT 1", [], |row| {
                Ok((row.get::<_, i64>(0)? as Seq, row.get::<_, Vec<u8>>(1)?, row.get::<_, Vec<u8>>(2)?))
            })
            .optional()
            .map_err(self.file.failed("read the snapshot of"))?;
        // A damaged snapshot is only a slower start: the log has everything.
        Ok(row
            .filter(|(_, state, checksum)| chain::checksum(state)[..] == checksum[..])
            .map(|(seq, state, _)| Snapshot { seq, state }))
    }

    fn reader(&self) -> Result<Box<dyn LedgerReader>, LedgerError> {
        Ok(Box::new(SqliteReader::open(&self.file.path)?))
    }

    fn head(&mut self) -> Result<Seq, LedgerError> {
        self.file.head()
    }

    fn read(&mut self, from: Seq, limit: usize) -> Result<Vec<Record>, LedgerError> {
        self.file.read(from, limit)
    }

    fn lookup(&mut self, key: &BusinessKey) -> Result<Option<KeyHit>, LedgerError> {
        self.file.lookup(key)
    }

    fn newest(&mut self, kind: &str, source: &str) -> Result<Option<Record>, LedgerError> {
        self.file.newest(kind, source)
    }

    fn verify(&mut self) -> Result<Verification, LedgerError> {
        self.file.verify()
    }
}

impl LedgerReader for SqliteReader {
    fn head(&mut self) -> Result<Seq, LedgerError> {
        self.file.head()
    }

    fn read(&mut self, from: Seq, limit: usize) -> Result<Vec<Record>, LedgerError> {
        self.file.read(from, limit)
    }

    fn lookup(&mut self, key: &BusinessKey) -> Result<Option<KeyHit>, LedgerError> {
        self.file.lookup(key)
    }

    fn correlations_of(&mut self, id: &str) -> Result<Vec<String>, LedgerError> {
        self.file.correlations_of(id)
    }

    fn by_correlation(&mut self, correlation_id: &str, limit: usize) -> Result<Vec<Record>, LedgerError> {
        self.file.by_correlation(correlation_id, limit)
    }

    fn newest(&mut self, kind: &str, source: &str) -> Result<Option<Record>, LedgerError> {
        self.file.newest(kind, source)
    }

    fn verify(&mut self) -> Result<Verification, LedgerError> {
        self.file.verify()
    }
}

/// SQLite's integers are signed. No log reaches the end of them; a reader may ask for a place behind it.
fn place(seq: Seq) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// Gives the SQLite errors that an operator can do something about a name of their own.
fn named(path: &Path, doing: &'static str, source: rusqlite::Error) -> LedgerError {
    let path = path.to_path_buf();
    match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => LedgerError::DiskFull { path },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            LedgerError::Busy { path, waited_ms: BUSY_WAIT.as_millis() as u64 }
        }
        Some(ErrorCode::NotADatabase) => LedgerError::NotALedger { path, why: "it is no SQLite database".to_owned() },
        _ => LedgerError::Sqlite { doing, path, source },
    }
}
