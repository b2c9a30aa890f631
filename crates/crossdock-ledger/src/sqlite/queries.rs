//! Reading a ledger file: by place, by key, by correlation; and all of it, looking for defects.
//! Invariant: nothing read here is handed out unchecked against its checksum.

use rusqlite::{OptionalExtension, Row, params};

use super::{LedgerFile, place, schema};
use crate::chain::{self, Hash, Link};
use crate::verify::{self, Walk};
use crate::{BusinessKey, Defect, Envelope, KeyHit, LedgerError, Problem, Record, Seq, Verification};

/// How many records `verify` holds at a time.
const VERIFY_PAGE: usize = 1000;
const COLUMNS: &str = "seq, record, checksum, keys_checksum, chain";

/// A row, with everything that may be damaged kept as bytes until it is checked.
struct Stored {
    seq: Seq,
    event: Vec<u8>,
    checksum: Vec<u8>,
    keys_checksum: Vec<u8>,
    chain: Vec<u8>,
}

impl Stored {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let bytes = |index| Ok::<_, rusqlite::Error>(row.get_ref(index)?.as_bytes()?.to_vec());
        Ok(Self {
            seq: row.get::<_, i64>(0)? as Seq,
            event: bytes(1)?,
            checksum: bytes(2)?,
            keys_checksum: bytes(3)?,
            chain: bytes(4)?,
        })
    }

    /// The record, if it is as it was written.
    fn checked(self) -> Result<Record, LedgerError> {
        if chain::checksum(&self.event)[..] == self.checksum[..] {
            Ok(Record { seq: self.seq, event: self.event })
        } else {
            Err(LedgerError::Corrupt(Defect { seq: self.seq, problem: Problem::Altered }))
        }
    }

    fn link(&self) -> Result<Link, Defect> {
        let hash = |bytes: &[u8], name: &str| {
            Hash::try_from(bytes).map_err(|_| Defect {
                seq: self.seq,
                problem: Problem::Torn(format!("{name} has {} bytes, not 32", bytes.len())),
            })
        };
        Ok(Link {
            checksum: hash(&self.checksum, "checksum")?,
            keys_checksum: hash(&self.keys_checksum, "keys_checksum")?,
            chain: hash(&self.chain, "chain")?,
        })
    }
}

impl LedgerFile {
    pub(super) fn head(&self) -> Result<Seq, LedgerError> {
        Ok(schema::head(&self.connection).map_err(self.failed("read the head of"))?.0)
    }

    pub(super) fn read(&self, from: Seq, limit: usize) -> Result<Vec<Record>, LedgerError> {
        let from = from.max(1);
        let previous = self.chain_at(from - 1)?;
        let rows = self.rows(from, limit)?;
        let Some(previous) = previous else {
            // The record before is gone, or `from` lies behind the head and there is nothing to read.
            return rows.first().map_or(Ok(Vec::new()), |_| Err(LedgerError::Corrupt(removed(from - 1))));
        };
        let mut walk = Walk::after(from - 1, previous);
        let mut defects = Vec::new();
        let mut records = Vec::with_capacity(rows.len());
        for row in rows {
            let link = row.link().map_err(LedgerError::Corrupt)?;
            walk.step(row.seq, &row.event, &link, &mut defects);
            if let Some(defect) = defects.pop() {
                return Err(LedgerError::Corrupt(defect));
            }
            records.push(Record { seq: row.seq, event: row.event });
        }
        Ok(records)
    }

    /// The chain value at a record; of 0 it is the genesis.
    fn chain_at(&self, seq: Seq) -> Result<Option<Hash>, LedgerError> {
        if seq == 0 {
            return Ok(Some(chain::genesis()));
        }
        self.connection
            .query_row("SELECT chain FROM events WHERE seq = ?1", [place(seq)], |row| row.get(0))
            .optional()
            .map_err(self.failed("read"))
    }

    fn rows(&self, from: Seq, limit: usize) -> Result<Vec<Stored>, LedgerError> {
        let failed = self.failed("read");
        let sql = format!("SELECT {COLUMNS} FROM events WHERE seq >= ?1 ORDER BY seq LIMIT ?2");
        let mut statement = self.connection.prepare(&sql).map_err(&failed)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        statement.query_map(params![place(from), limit], Stored::of).and_then(Iterator::collect).map_err(&failed)
    }

    pub(super) fn lookup(&self, key: &BusinessKey) -> Result<Option<KeyHit>, LedgerError> {
        self.connection
            .query_row(
                "SELECT seq, digest FROM keys WHERE kind = ?1 AND source = ?2 AND key = ?3",
                params![key.kind, key.source, key.key],
                |row| Ok(KeyHit { seq: row.get::<_, i64>(0)? as Seq, digest: row.get(1)? }),
            )
            .optional()
            .map_err(self.failed("look up a key in"))
    }

    pub(super) fn newest(&self, kind: &str, source: &str) -> Result<Option<Record>, LedgerError> {
        let failed = self.failed("look up a name in");
        // A range of the primary key of `keys`: few rows, one for each time that the thing came.
        let sql =
            "SELECT e.seq, e.record, e.checksum, e.keys_checksum, e.chain FROM keys k JOIN events e ON e.seq = k.seq
            WHERE k.kind = ?1 AND k.source = ?2 ORDER BY k.seq DESC LIMIT 1";
        let mut statement = self.connection.prepare(sql).map_err(&failed)?;
        let row = statement.query_row(params![kind, source], Stored::of).optional().map_err(&failed)?;
        row.map(Stored::checked).transpose()
    }

    pub(super) fn correlations_of(&self, id: &str) -> Result<Vec<String>, LedgerError> {
        let failed = self.failed("trace in");
        // UNION ALL of indexed searches: an OR over columns would scan the table.
        let sql = "SELECT correlation_id, min(seq) FROM (
                SELECT correlation_id, seq FROM events WHERE correlation_id = ?1
                UNION ALL SELECT correlation_id, seq FROM events WHERE subject = ?1
                UNION ALL SELECT correlation_id, seq FROM events WHERE event_id = ?1
                UNION ALL SELECT e.correlation_id, e.seq FROM keys k JOIN events e ON e.seq = k.seq WHERE k.key = ?1
            ) WHERE correlation_id IS NOT NULL GROUP BY correlation_id ORDER BY 2";
        let mut statement = self.connection.prepare(sql).map_err(&failed)?;
        statement.query_map([id], |row| row.get(0)).and_then(Iterator::collect).map_err(&failed)
    }

    pub(super) fn by_correlation(&self, correlation_id: &str, limit: usize) -> Result<Vec<Record>, LedgerError> {
        let failed = self.failed("trace in");
        let sql = format!("SELECT {COLUMNS} FROM events WHERE correlation_id = ?1 ORDER BY seq LIMIT ?2");
        let mut statement = self.connection.prepare(&sql).map_err(&failed)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<Stored> = statement
            .query_map(params![correlation_id, limit], Stored::of)
            .and_then(Iterator::collect)
            .map_err(&failed)?;
        rows.into_iter().map(Stored::checked).collect()
    }

    /// The cheap check of every start: the last record is the declared head, unaltered. A cut-off or torn tail shows here.
    pub(super) fn check_tail(&self) -> Result<(), LedgerError> {
        let failed = self.failed("check the end of");
        let (head, chain) = schema::head(&self.connection).map_err(&failed)?;
        let last: Option<i64> =
            self.connection.query_row("SELECT max(seq) FROM events", [], |row| row.get(0)).map_err(&failed)?;
        let last = last.unwrap_or(0) as Seq;
        if last < head {
            return Err(LedgerError::Corrupt(removed(last + 1)));
        }
        if last > head {
            return Err(LedgerError::Corrupt(Defect { seq: head + 1, problem: Problem::BeyondHead }));
        }
        if head > 0 {
            self.read(head, 1)?;
            if self.chain_at(head)? != Some(chain) {
                return Err(LedgerError::Corrupt(Defect { seq: head, problem: Problem::Replaced }));
            }
        }
        Ok(())
    }

    pub(super) fn verify(&self) -> Result<Verification, LedgerError> {
        let head = self.head()?;
        let mut found = Verification { head, ..Verification::default() };
        let mut walk = Walk::after(0, chain::genesis());
        let mut from = 1;
        loop {
            let page = self.rows(from, VERIFY_PAGE)?;
            let Some(last) = page.last() else { break };
            from = last.seq + 1;
            for row in &page {
                found.records += 1;
                if row.seq > head {
                    found.defects.push(Defect { seq: row.seq, problem: Problem::BeyondHead });
                }
                match row.link() {
                    Ok(link) => {
                        walk.step(row.seq, &row.event, &link, &mut found.defects);
                        verify::check_keys(row.seq, &self.keys_of(row.seq)?, &link, &mut found.defects);
                    }
                    Err(defect) => found.defects.push(defect),
                }
                self.check_columns(row, &mut found.defects)?;
            }
        }
        walk.finish(head, &mut found.defects);
        Ok(found)
    }

    fn keys_of(&self, seq: Seq) -> Result<Vec<BusinessKey>, LedgerError> {
        let failed = self.failed("verify");
        let mut statement =
            self.connection.prepare("SELECT kind, source, key, digest FROM keys WHERE seq = ?1").map_err(&failed)?;
        let key = |row: &Row<'_>| {
            Ok(BusinessKey { kind: row.get(0)?, source: row.get(1)?, key: row.get(2)?, digest: row.get(3)? })
        };
        statement.query_map([place(seq)], key).and_then(Iterator::collect).map_err(&failed)
    }

    /// The readable columns are a convenience; one that lies about its record is worse than none.
    fn check_columns(&self, row: &Stored, defects: &mut Vec<Defect>) -> Result<(), LedgerError> {
        let event = match Envelope::of(&row.event) {
            Ok(event) => event,
            Err(error) => {
                defects.push(Defect { seq: row.seq, problem: Problem::Torn(error.to_string()) });
                return Ok(());
            }
        };
        let sql =
            "SELECT type, subject, source, event_id, time, received_at, correlation_id FROM events WHERE seq = ?1";
        let columns: [Option<String>; 7] = self
            .connection
            .query_row(sql, [place(row.seq)], |row| {
                Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?])
            })
            .map_err(self.failed("verify"))?;
        let written = [
            ("type", Some(event.event_type)),
            ("subject", event.subject),
            ("source", Some(event.source)),
            ("event_id", Some(event.id)),
            ("time", event.time),
            ("received_at", event.received_at),
            ("correlation_id", event.correlation_id),
        ];
        for ((name, value), column) in written.into_iter().zip(columns) {
            if value != column {
                defects.push(Defect { seq: row.seq, problem: Problem::ColumnDiffers(name) });
            }
        }
        Ok(())
    }
}

fn removed(seq: Seq) -> Defect {
    Defect { seq, problem: Problem::Removed }
}
