//! The tables of a ledger file, made once and recognised again.
//! Here: names that people read in any SQLite tool. Changing one is a new format with a reader for the old one.

use rusqlite::{Connection, OptionalExtension};

use super::LedgerFile;
use crate::chain::{self, Hash};
use crate::{LedgerError, Seq};

/// The version of the tables and of the hashed bytes.
const FORMAT: i64 = 1;
/// "XDCK": so that `file` and we can tell a ledger from somebody's other database.
const APPLICATION_ID: i64 = 0x5844_434b;

const TABLES: &str = "
CREATE TABLE events (
    seq            INTEGER PRIMARY KEY,
    type           TEXT NOT NULL,
    subject        TEXT,
    source         TEXT NOT NULL,
    event_id       TEXT NOT NULL,
    time           TEXT,
    received_at    TEXT,
    correlation_id TEXT,
    record         TEXT NOT NULL,
    checksum       BLOB NOT NULL,
    keys_checksum  BLOB NOT NULL,
    chain          BLOB NOT NULL
) STRICT;
CREATE INDEX events_by_correlation ON events (correlation_id, seq);
CREATE INDEX events_by_subject ON events (subject);
CREATE INDEX events_by_event_id ON events (event_id);
CREATE TABLE keys (
    kind   TEXT NOT NULL,
    source TEXT NOT NULL,
    key    TEXT NOT NULL,
    digest TEXT NOT NULL,
    seq    INTEGER NOT NULL,
    PRIMARY KEY (kind, source, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX keys_by_key ON keys (key);
CREATE INDEX keys_by_seq ON keys (seq);
CREATE TABLE snapshots (seq INTEGER PRIMARY KEY, state BLOB NOT NULL, checksum BLOB NOT NULL) STRICT;
CREATE TABLE ledger (one INTEGER PRIMARY KEY CHECK (one = 1), head INTEGER NOT NULL, chain BLOB NOT NULL) STRICT;
";

pub(super) const INSERT_EVENT: &str = "INSERT INTO events
    (seq, type, subject, source, event_id, time, received_at, correlation_id, record, checksum, keys_checksum, chain)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
/// A key that exists keeps its first record.
pub(super) const INSERT_KEY: &str =
    "INSERT INTO keys (kind, source, key, digest, seq) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
pub(super) const SET_HEAD: &str = "UPDATE ledger SET head = ?1, chain = ?2 WHERE one = 1";

/// Makes the tables of a new file, or checks those of an old one; sets how it is written.
pub(super) fn prepare(file: &LedgerFile) -> Result<(), LedgerError> {
    let failed = file.failed("prepare");
    let connection = &file.connection;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(&failed)?;
    if tables == 0 {
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).map_err(&failed)?;
        // One transaction: a crash here leaves an empty database, not half a ledger.
        let script = format!(
            "BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT};
             INSERT INTO ledger (one, head, chain) VALUES (1, 0, x'{}'); COMMIT;",
            hex(&chain::genesis())
        );
        connection.execute_batch(&script).map_err(&failed)?;
    } else {
        check(file)?;
    }
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;").map_err(&failed)
}

/// Refuses a file that is not a ledger, or a newer one.
pub(super) fn check(file: &LedgerFile) -> Result<(), LedgerError> {
    let failed = file.failed("read");
    let pragma = |name: &str| file.connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    if pragma("application_id").map_err(&failed)? != APPLICATION_ID {
        return Err(LedgerError::NotALedger {
            path: file.path.clone(),
            why: "it is another program's SQLite database".to_owned(),
        });
    }
    let found = pragma("user_version").map_err(&failed)?;
    if found > FORMAT {
        return Err(LedgerError::NewerFormat { path: file.path.clone(), found, known: FORMAT });
    }
    Ok(())
}

/// The declared head and the chain at it.
pub(super) fn head(connection: &Connection) -> rusqlite::Result<(Seq, Hash)> {
    let row = connection
        .query_row("SELECT head, chain FROM ledger WHERE one = 1", [], |row| {
            Ok((row.get::<_, i64>(0)? as Seq, row.get(1)?))
        })
        .optional()?;
    Ok(row.unwrap_or_else(|| (0, chain::genesis())))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        if write!(text, "{byte:02x}").is_err() {
            text.clear();
        }
        text
    })
}
